//! What is known about a collection without a resource: the types its items may have, whether its
//! order means anything, and whether the definitions allow several items.
//!
//! Invariant: a shape never claims to know more than it does; unknown types allow everything.
//! Deliberately absent: exact cardinalities, which only an instance has.

use crate::ast::Op;
use crate::value::Value;
use fhir::definitions::TypeKind;
use fhir::primitive::Simple;
use fhir::{Definitions, TypeId};

/// A possible type of an item.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Ty {
    Model(TypeId),
    System(&'static str),
}

/// What the static check knows about a collection.
#[derive(Clone, PartialEq, Debug)]
pub(crate) struct Shape {
    /// `None`: anything.
    pub types: Option<Vec<Ty>>,
    pub ordered: bool,
    /// May there be several, as far as the definitions tell?
    pub many: bool,
}

/// Groups of simple types that operators do not tell apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    Truth,
    Number,
    Text,
    Date,
    Time,
    Quantity,
    Other,
}

impl Shape {
    pub(crate) fn unknown() -> Shape {
        Shape { types: None, ordered: true, many: false }
    }

    pub(crate) fn system(name: &'static str) -> Shape {
        Shape { types: Some(vec![Ty::System(name)]), ordered: true, many: false }
    }

    pub(crate) fn model(ty: TypeId) -> Shape {
        if ty == TypeId::NONE {
            return Shape::unknown();
        }
        Shape { types: Some(vec![Ty::Model(ty)]), ordered: true, many: false }
    }

    pub(crate) fn of_value(value: &Value<'_>) -> Shape {
        value.system_type().map_or_else(Shape::unknown, Shape::system)
    }

    /// The same, with this number of items.
    pub(crate) fn some(self, many: bool) -> Shape {
        Shape { many, ..self }
    }

    /// Either of two, or both.
    pub(crate) fn or(self, other: Shape) -> Shape {
        let types = match (self.types, other.types) {
            (Some(mut a), Some(b)) => {
                a.extend(b);
                a.dedup();
                Some(a)
            }
            _ => None,
        };
        Shape { types, ordered: self.ordered && other.ordered, many: true }
    }

    /// The classes of its types; nothing if it may be anything.
    pub(crate) fn classes(&self, definitions: &Definitions) -> Option<Vec<Class>> {
        let class = |ty: &Ty| match ty {
            Ty::System(name) => class_of_system(name),
            Ty::Model(id) => class_of_model(definitions, *id),
        };
        let classes: Vec<Option<Class>> = self.types.as_ref()?.iter().map(class).collect();
        // A type that any other may stand in for allows every class.
        classes.into_iter().collect()
    }

    /// Could it be of this class?
    pub(crate) fn may_be(&self, definitions: &Definitions, wanted: &[Class]) -> bool {
        match self.classes(definitions) {
            Some(classes) => classes.is_empty() || classes.iter().any(|c| wanted.contains(c)),
            None => true,
        }
    }

    /// The types as words, for messages.
    pub(crate) fn words(&self, definitions: &Definitions) -> String {
        let name = |ty: &Ty| match ty {
            Ty::System(name) => (*name).to_string(),
            Ty::Model(id) => definitions.type_name(*id).to_string(),
        };
        let names: Vec<String> = self.types.iter().flatten().take(4).map(name).collect();
        names.join(" or ")
    }
}

fn class_of_system(name: &str) -> Option<Class> {
    Some(match name {
        "Boolean" => Class::Truth,
        "Integer" | "Decimal" => Class::Number,
        "String" => Class::Text,
        "Date" | "DateTime" => Class::Date,
        "Time" => Class::Time,
        "Quantity" => Class::Quantity,
        _ => Class::Other,
    })
}

fn class_of_model(definitions: &Definitions, id: TypeId) -> Option<Class> {
    if let Some(simple) = definitions.simple(id) {
        return Some(match simple {
            Simple::Boolean => Class::Truth,
            Simple::Integer | Simple::Decimal => Class::Number,
            Simple::String => Class::Text,
            Simple::Date | Simple::DateTime => Class::Date,
            Simple::Time => Class::Time,
            Simple::Quantity => Class::Quantity,
        });
    }
    if definitions.is_abstract(id) || definitions.kind(id) == Some(TypeKind::Logical) {
        return None;
    }
    Some(Class::Other)
}

/// Can the operator be applied to these two classes?
fn fits(op: Op, a: Class, b: Class) -> bool {
    use Class as C;
    let numeric = |c: Class| matches!(c, C::Number | C::Quantity);
    match op {
        Op::Plus | Op::Minus => {
            (numeric(a) && numeric(b))
                || (op == Op::Plus && (a, b) == (C::Text, C::Text))
                || (matches!(a, C::Date | C::Time) && b == C::Quantity)
        }
        Op::Times | Op::Divide => numeric(a) && numeric(b),
        Op::Div | Op::Mod => (a, b) == (C::Number, C::Number),
        Op::Less | Op::LessOrEqual | Op::Greater | Op::GreaterOrEqual => {
            (numeric(a) && numeric(b)) || (a == b && matches!(a, C::Text | C::Date | C::Time))
        }
        Op::Concatenate => (a, b) == (C::Text, C::Text),
        _ => true,
    }
}

/// Is there any pair of classes that the operator can be applied to?
pub(crate) fn applicable(op: Op, left: &Shape, right: &Shape, definitions: &Definitions) -> bool {
    match (left.classes(definitions), right.classes(definitions)) {
        (Some(a), Some(b)) if !a.is_empty() && !b.is_empty() => {
            a.iter().any(|a| b.iter().any(|b| fits(op, *a, *b)))
        }
        _ => true,
    }
}

/// What the operator gives.
pub(crate) fn result(op: Op, left: Shape, right: Shape, definitions: &Definitions) -> Shape {
    use Class as C;
    match op {
        Op::Union => left.or(right),
        Op::Concatenate => Shape::system("String"),
        Op::Div => Shape::system("Integer"),
        Op::Plus | Op::Minus | Op::Times | Op::Divide | Op::Mod => {
            let one = |shape: &Shape| match shape.classes(definitions).as_deref() {
                Some([one]) => Some(*one),
                _ => None,
            };
            match (one(&left), one(&right)) {
                (Some(C::Text), Some(C::Text)) => Shape::system("String"),
                (Some(C::Quantity), _) | (Some(C::Number), Some(C::Quantity)) => Shape::system("Quantity"),
                (Some(C::Number), Some(C::Number)) => {
                    let integer = Some(vec![Ty::System("Integer")]);
                    let whole = op != Op::Divide && left.types == integer && right.types == integer;
                    Shape::system(if whole { "Integer" } else { "Decimal" })
                }
                (Some(C::Date | C::Time), _) => left,
                _ => Shape::unknown(),
            }
        }
        _ => Shape::system("Boolean"),
    }
}
