//! A value on its way from source to target.
//!
//! Invariant: a node of the source stays a node until it is written, so that its extensions and its
//! type are not lost. Deliberately absent: collections; several values are several `Made`.

use crate::plan::Primitives;
use fhir::{Kind, NodeId, NodeRef, Tree, TypeId};
use fhirpath::Value;
use std::borrow::Cow;
use std::rc::Rc;

#[derive(Clone, Debug)]
pub(super) enum Made<'t> {
    /// An element of the source.
    Node(NodeRef<'t>),
    /// A primitive value of a type.
    Text(Cow<'t, str>, TypeId),
    /// A data type made by a transform: the root of a small tree.
    Parts(Rc<Tree>, TypeId),
    /// An element of the result.
    Target(NodeId),
}

impl<'t> Made<'t> {
    pub fn owned(text: String, ty: TypeId) -> Made<'t> {
        Made::Text(Cow::Owned(text), ty)
    }

    /// The primitive value. Nothing for an element of the result, which only the run can read.
    pub fn text(&self) -> Option<Cow<'t, str>> {
        match self {
            Made::Node(node) => node.text().map(Cow::Borrowed),
            Made::Text(text, _) => Some(text.clone()),
            Made::Parts(..) | Made::Target(_) => None,
        }
    }

    /// What an expression takes it for.
    pub fn value(&self, types: &Primitives) -> Option<Value<'t>> {
        match self {
            Made::Node(node) => Some(Value::Node(*node)),
            Made::Text(text, ty) => Some(typed(text.clone(), *ty, types)),
            Made::Parts(..) | Made::Target(_) => None,
        }
    }

    /// What an expression gave.
    pub fn of(value: Value<'t>, types: &Primitives) -> Option<Made<'t>> {
        let ty = match &value {
            Value::Node(node) => return Some(Made::Node(*node)),
            Value::Quantity(quantity) => return Some(quantity_parts(quantity)),
            Value::Boolean(_) => types.boolean,
            Value::Integer(_) => types.integer,
            Value::Decimal(_) => types.decimal,
            Value::Date(_) => types.date,
            Value::DateTime(_) => types.date_time,
            Value::Time(_) => types.time,
            Value::String(_) | Value::Type(_) => types.string,
        };
        Some(Made::Text(value.text()?, ty))
    }
}

fn typed<'t>(text: Cow<'t, str>, ty: TypeId, types: &Primitives) -> Value<'t> {
    let parsed = match ty {
        ty if ty == types.boolean => match &*text {
            "true" => Some(Value::Boolean(true)),
            "false" => Some(Value::Boolean(false)),
            _ => None,
        },
        ty if ty == types.integer => text.parse().ok().map(Value::Integer),
        ty if ty == types.decimal => fhirpath::Decimal::parse(&text).map(Value::Decimal),
        ty if ty == types.date => fhirpath::Date::parse(&text).map(Value::Date),
        ty if ty == types.date_time => fhirpath::DateTime::parse(&text).map(Value::DateTime),
        ty if ty == types.time => fhirpath::Time::parse(&text).map(Value::Time),
        _ => None,
    };
    parsed.unwrap_or(Value::String(text))
}

fn quantity_parts<'t>(quantity: &fhirpath::Quantity) -> Made<'t> {
    let mut tree = Tree::new("Quantity");
    let root = tree.root();
    let value = tree.add(root, "value", false);
    tree.set(value, Kind::Number, &quantity.value.to_string());
    tree.add_text(root, "unit", false, quantity.unit.text());
    if !matches!(quantity.unit, fhirpath::Unit::Foreign(_)) {
        tree.add_text(root, "system", false, "http://unitsofmeasure.org");
        tree.add_text(root, "code", false, quantity.unit.code());
    }
    Made::Parts(Rc::new(tree), TypeId::NONE)
}
