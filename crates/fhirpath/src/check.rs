//! The static check: names and types of an expression against definitions, without a resource.
//!
//! Invariant: what is reported is wrong for every resource that the definitions allow, and in strict
//! mode what is wrong for some; where types are not known, nothing is reported. Recursion is bounded as
//! in evaluation. Deliberately absent: values; a code that no value set has shows at evaluation.

use crate::ast::{Id, Node, Op, Program, TypeName};
use crate::error::TypeProblem;
use crate::model::is_system;
use crate::shape::{Class, Shape, Ty, applicable, result};
use fhir::definitions::TypeKind;
use fhir::{Definitions, Key, TypeId};
use std::cell::RefCell;

mod calls;

/// Checks a whole program.
pub(crate) fn program(
    program: &Program,
    definitions: &Definitions,
    focus: TypeId,
    variables: &[(&str, TypeId)],
    strict: Option<&[&str]>,
) -> Vec<TypeProblem> {
    let start = Shape::model(focus);
    let problems = RefCell::default();
    let checker = Checker { program, definitions, variables, strict, focus: start.clone(), problems };
    checker.shape(program.root, &start);
    let mut problems = checker.problems.into_inner();
    problems.sort_by_key(|p| p.offset);
    problems.dedup();
    problems
}

struct Checker<'a> {
    program: &'a Program,
    definitions: &'a Definitions,
    variables: &'a [(&'a str, TypeId)],
    /// In strict mode, the functions that the host adds.
    strict: Option<&'a [&'a str]>,
    /// `%context`
    focus: Shape,
    problems: RefCell<Vec<TypeProblem>>,
}

impl Checker<'_> {
    fn report(&self, id: Id, message: String) {
        self.report_at(self.program.offset(id), message);
    }

    fn report_at(&self, place: u32, message: String) {
        self.problems.borrow_mut().push(TypeProblem { offset: place as usize, message });
    }

    /// In strict mode: one item is needed here.
    fn need_one(&self, id: Id, shape: &Shape, what: &str) {
        if self.strict.is_some() && shape.many {
            self.report(id, format!("{what} needs one item, and there may be several"));
        }
    }

    /// In strict mode: a condition is needed here.
    fn need_truth(&self, id: Id, shape: &Shape, what: &str) {
        if self.strict.is_some() && !shape.may_be(self.definitions, &[Class::Truth]) {
            let words = shape.words(self.definitions);
            self.report(id, format!("{what} must be a Boolean, this is {words}"));
        }
        self.need_one(id, shape, what);
    }

    /// The shape of an expression within `this`.
    fn shape(&self, id: Id, this: &Shape) -> Shape {
        let mut spine = Vec::new();
        let mut at = id;
        while let Some(left) = crate::eval::left_of(self.program.node(at)) {
            spine.push(at);
            at = left;
        }
        let mut shape = self.leaf(at, this);
        while let Some(id) = spine.pop() {
            shape = self.apply(id, shape, this);
        }
        shape
    }

    fn leaf(&self, id: Id, this: &Shape) -> Shape {
        match self.program.node(id) {
            Node::Literal(value) => Shape::of_value(value),
            Node::This => this.clone(),
            Node::Index => Shape::system("Integer"),
            Node::Variable(name) => self.variable(id, name),
            Node::Path { names, places, head, .. } => self.start(names, places, *head, this),
            Node::Sign { of, .. } => {
                let shape = self.shape(*of, this);
                if !shape.may_be(self.definitions, &[Class::Number, Class::Quantity]) {
                    self.report(id, format!("{} has no sign", shape.words(self.definitions)));
                }
                self.need_one(id, &shape, "a sign");
                shape.some(false)
            }
            Node::Call { function, args, .. } => self.call(id, function, args, this.clone(), this),
            Node::Host { name, args, .. } => self.host(id, name, args, this),
            _ => Shape::unknown(),
        }
    }

    /// A function that the language does not have.
    fn host(&self, id: Id, name: &str, args: &[Id], this: &Shape) -> Shape {
        for &arg in args {
            self.shape(arg, this);
        }
        if self.strict.is_some_and(|known| !known.contains(&name)) {
            self.report(id, format!("no function {name}()"));
        }
        Shape::unknown()
    }

    fn apply(&self, id: Id, input: Shape, this: &Shape) -> Shape {
        match self.program.node(id) {
            Node::Path { names, places, .. } => self.walk(input, names, places),
            Node::Call { function, args, .. } => self.call(id, function, args, input, this),
            Node::Host { name, args, .. } => self.host(id, name, args, this),
            Node::Test { ty, cast, .. } => {
                let named = self.named(id, ty);
                self.need_one(id, &input, if *cast { "`as`" } else { "`is`" });
                if *cast { named } else { Shape::system("Boolean") }
            }
            Node::At { index, .. } => {
                let index_shape = self.shape(*index, this);
                if !index_shape.may_be(self.definitions, &[Class::Number]) {
                    self.report(*index, "an index must be an Integer".to_string());
                }
                if !input.ordered {
                    self.report(id, "an index into a collection whose order has no meaning".to_string());
                }
                self.need_one(*index, &index_shape, "an index");
                input.some(false)
            }
            Node::Binary { op, left, right: at } => {
                let right = self.shape(*at, this);
                self.operands(*op, (*left, &input), (*at, &right));
                if !applicable(*op, &input, &right, self.definitions) {
                    let words = |s: &Shape| s.words(self.definitions);
                    let message =
                        format!("{} is not defined for {} and {}", name(*op), words(&input), words(&right));
                    self.report(id, message);
                    return Shape::unknown();
                }
                result(*op, input, right, self.definitions)
            }
            _ => Shape::unknown(),
        }
    }

    /// What an operator asks of the number of its operands' items.
    fn operands(&self, op: Op, (id, left): (Id, &Shape), (at, right): (Id, &Shape)) {
        match op {
            Op::And | Op::Or | Op::Xor | Op::Implies => {
                self.need_truth(id, left, "an operand of a Boolean operator");
                self.need_truth(at, right, "an operand of a Boolean operator");
            }
            Op::Union => {}
            Op::In => self.need_one(id, left, "what is looked for with `in`"),
            Op::Contains => self.need_one(at, right, "what is looked for with `contains`"),
            // Whole collections are compared; with one value that is hardly what is meant.
            Op::Equal | Op::NotEqual | Op::Equivalent | Op::NotEquivalent => {
                if !right.many && right.types.is_some() {
                    self.need_one(id, left, "a comparison with one item");
                } else if !left.many && left.types.is_some() {
                    self.need_one(at, right, "a comparison with one item");
                }
            }
            _ => {
                self.need_one(id, left, name(op));
                self.need_one(at, right, name(op));
            }
        }
    }

    fn variable(&self, id: Id, name: &str) -> Shape {
        if let Some((_, ty)) = self.variables.iter().find(|(n, _)| *n == name) {
            return Shape::model(*ty);
        }
        match name {
            "context" => self.focus.clone(),
            "resource" | "rootResource" => match self.focus.types.as_deref() {
                Some([Ty::Model(ty)]) if self.definitions.is_resource(*ty) && name == "resource" => {
                    self.focus.clone()
                }
                _ => Shape::unknown(),
            },
            "sct" | "loinc" | "ucum" => Shape::system("String"),
            _ if name.starts_with("vs-") || name.starts_with("ext-") => Shape::system("String"),
            _ => {
                self.report(id, format!("no variable %{name}"));
                Shape::unknown()
            }
        }
    }

    /// A path with nothing before it: its first name may be a variable or the focus' type.
    fn start(&self, names: &[Key], places: &[u32], head: bool, this: &Shape) -> Shape {
        let Some((first, rest)) = names.split_first() else { return Shape::unknown() };
        let after = places.get(1..).unwrap_or_default();
        if head && let Some((_, ty)) = self.variables.iter().find(|(n, _)| *n == first.name()) {
            return self.walk(Shape::model(*ty), rest, after);
        }
        let capital = first.name().starts_with(|c: char| c.is_ascii_uppercase());
        if let (true, true, Some(named)) = (head, capital, self.definitions.type_id(first.name())) {
            let Some(types) = &this.types else { return self.walk(Shape::model(named), rest, after) };
            let related = |ty: &Ty| match ty {
                Ty::Model(ty) => self.definitions.is_a(*ty, named) || self.definitions.is_a(named, *ty),
                Ty::System(_) => false,
            };
            if types.iter().any(related) {
                // On an abstract type the name decides, on a concrete one the type itself.
                let narrowed = types.iter().copied().map(|ty| match ty {
                    Ty::Model(ty) if self.definitions.is_a(named, ty) => Ty::Model(named),
                    ty => ty,
                });
                let shape = Shape { types: Some(narrowed.collect()), ..this.clone() };
                return self.walk(shape, rest, after);
            }
        }
        self.walk(this.clone(), names, places)
    }

    fn walk(&self, from: Shape, names: &[Key], places: &[u32]) -> Shape {
        names.iter().zip(places).fold(from, |shape, (name, place)| self.member(*place, shape, name.name()))
    }

    fn member(&self, place: u32, from: Shape, name: &str) -> Shape {
        let Some(types) = &from.types else { return from };
        let mut many = from.many;
        let (mut found, mut out, mut open) = (types.is_empty(), Vec::new(), false);
        for ty in types {
            match ty {
                Ty::System(system) => {
                    let has = matches!((*system, name), ("TypeInfo", "name" | "namespace"))
                        || matches!((*system, name), ("Quantity", "value" | "unit" | "code"));
                    found |= has;
                    open |= has;
                }
                Ty::Model(ty) => match self.definitions.element(*ty, name) {
                    Some(element) => {
                        found = true;
                        many |= element.repeats();
                        let foreign = self.definitions.kind(*ty) == Some(TypeKind::Logical);
                        if element.choice && *element.name != *name && !foreign {
                            self.report_at(
                                place,
                                format!("{name} is written {} here, whatever its type", element.name),
                            );
                        }
                        open |= element.types.is_empty();
                        out.extend(element.types.iter().map(|t| Ty::Model(*t)));
                    }
                    None if self.some_kind_has(*ty, name) => {
                        found = true;
                        open = true;
                    }
                    None => {}
                },
            }
        }
        if !found {
            self.report_at(place, format!("no element {name} in {}", from.words(self.definitions)));
        }
        Shape { types: (found && !open).then_some(out), ordered: from.ordered, many }
    }

    /// Of an abstract type: does any of its specialisations have the element?
    fn some_kind_has(&self, ty: TypeId, name: &str) -> bool {
        self.definitions.is_abstract(ty)
            && self
                .definitions
                .types()
                .any(|t| self.definitions.is_a(t, ty) && self.definitions.element(t, name).is_some())
    }

    /// The type that `is`, `as` and `ofType` name.
    fn named(&self, id: Id, ty: &TypeName) -> Shape {
        let system = ty.namespace.as_deref() == Some("System");
        let known = match ty.namespace.as_deref() {
            None | Some("FHIR") => self.definitions.type_id(&ty.name),
            _ => None,
        };
        match known {
            Some(known) => Shape::model(known),
            None => {
                if !system && !is_system(&ty.name) {
                    self.report(id, format!("no type {}", ty.name));
                }
                Shape::unknown()
            }
        }
    }
}

fn name(op: Op) -> &'static str {
    match op {
        Op::Plus => "+",
        Op::Minus => "-",
        Op::Times => "*",
        Op::Divide => "/",
        Op::Div => "div",
        Op::Mod => "mod",
        Op::Concatenate => "&",
        Op::Less => "<",
        Op::LessOrEqual => "<=",
        Op::Greater => ">",
        Op::GreaterOrEqual => ">=",
        _ => "this operator",
    }
}
