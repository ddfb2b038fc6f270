//! The static check of calls: what a function is applied to, its arguments, and what it gives.
//!
//! Invariant: the parser has checked the number of arguments. Deliberately absent: the functions'
//! work.

use super::Checker;
use crate::ast::{Id, Node};
use crate::functions::{Builtin, Gives, Takes, Wants};
use crate::shape::{Class, Shape, Ty};
use crate::value::Value;

impl Checker<'_> {
    pub(super) fn call(&self, id: Id, function: &Builtin, args: &[Id], input: Shape, this: &Shape) -> Shape {
        self.takes(id, function, &input);
        let item = input.clone().some(false);
        let within = if function.lambda { &item } else { this };
        let mut argument = Shape::unknown();
        for (n, &arg) in args.iter().enumerate() {
            // `sort(-key)` means descending, whatever the key's type.
            let shape = match self.program.node(arg) {
                Node::Sign { of, .. } if function.name == "sort" => self.shape(*of, within),
                Node::Type(ty) => self.named(arg, ty),
                _ => self.shape(arg, within),
            };
            let wants = function.wants.get(n).or(function.wants.last()).copied().unwrap_or(Wants::Any);
            self.wants(arg, function, wants, &shape);
            if n == 0 {
                argument = shape;
            }
        }
        self.gives(function, args, input, argument)
    }

    fn gives(&self, function: &Builtin, args: &[Id], input: Shape, argument: Shape) -> Shape {
        let (ordered, many) = (input.ordered, input.many);
        match function.gives {
            Gives::Input => match function.name {
                "sort" => Shape { ordered: true, ..input },
                "take" if self.is_one(args) => input.some(false),
                _ => input,
            },
            Gives::Item => input.some(false),
            Gives::Truth => Shape::system("Boolean"),
            Gives::Integer => Shape::system("Integer"),
            Gives::Decimal => Shape::system("Decimal"),
            Gives::Text => Shape::system("String"),
            Gives::Texts => Shape::system("String").some(true),
            Gives::System(name) => Shape::system(name),
            Gives::Argument => {
                let many = many || argument.many || function.name == "repeat";
                Shape { ordered: argument.ordered && ordered, many, ..argument }
            }
            Gives::Both => input.or(argument),
            Gives::Named => Shape { ordered, many, ..argument },
            Gives::Members => Shape { types: None, ordered: false, many: true },
            Gives::Anything => {
                let model = |name| self.definitions.type_id(name).map(Shape::model);
                match function.name {
                    "extension" => model("Extension").unwrap_or_else(Shape::unknown).some(true),
                    "elementDefinition" => {
                        model("ElementDefinition").unwrap_or_else(Shape::unknown).some(many)
                    }
                    "type" => Shape::system("TypeInfo").some(many),
                    "resolve" => Shape { types: None, ordered, many },
                    _ => Shape { types: None, ordered, many: false },
                }
            }
        }
    }

    /// Is the first argument the literal 1?
    fn is_one(&self, args: &[Id]) -> bool {
        let first = args.first().map(|&id| self.program.node(id));
        matches!(first, Some(Node::Literal(Value::Integer(0 | 1))))
    }

    /// What the function is applied to.
    fn takes(&self, id: Id, function: &Builtin, input: &Shape) {
        let wanted: &[Class] = match function.takes {
            Takes::Text => &[Class::Text],
            Takes::Number => &[Class::Number, Class::Quantity],
            Takes::Truth => &[Class::Truth],
            Takes::Any | Takes::One | Takes::Ordered => &[],
        };
        if function.takes == Takes::Ordered && !input.ordered {
            let message = format!("{}() of a collection whose order has no meaning", function.name);
            self.report(id, message);
        }
        if !wanted.is_empty() && !input.may_be(self.definitions, wanted) {
            let message =
                format!("{}() cannot be applied to {}", function.name, input.words(self.definitions));
            self.report(id, message);
        }
        if matches!(function.takes, Takes::One | Takes::Text | Takes::Number) {
            self.need_one(id, input, &format!("{}()", function.name));
        }
    }

    /// What an argument must be.
    fn wants(&self, arg: Id, function: &Builtin, wants: Wants, shape: &Shape) {
        let (wanted, words): (&[Class], _) = match wants {
            Wants::Text => (&[Class::Text], "a String"),
            Wants::Whole => (&[Class::Number], "an Integer"),
            Wants::Number => (&[Class::Number, Class::Quantity], "a number"),
            Wants::Truth if function.name == "iif" => (&[Class::Truth], "a Boolean"),
            Wants::Truth => {
                return self.need_truth(arg, shape, &format!("the criterion of {}()", function.name));
            }
            Wants::One => (&[], ""),
            Wants::Any => return,
        };
        let decimal = wants == Wants::Whole && shape.types.as_deref() == Some(&[Ty::System("Decimal")]);
        if decimal || (!wanted.is_empty() && !shape.may_be(self.definitions, wanted)) {
            let is = shape.words(self.definitions);
            self.report(arg, format!("an argument of {}() must be {words}, this is {is}", function.name));
        }
        self.need_one(arg, shape, &format!("an argument of {}()", function.name));
    }
}
