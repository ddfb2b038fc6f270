//! The values that expressions are about: nodes of a tree, and the language's own simple values.
//!
//! Invariant: a node stays a node until an operator needs its simple value, so that paths can go on
//! from it and results can say where they stand. Deliberately absent: collections inside values;
//! FHIRPath has none.

use crate::decimal::Decimal;
use crate::error::Stop;
use crate::moment::{Date, DateTime, Time};
use crate::quantity::Quantity;
use fhir::NodeRef;
use smallvec::SmallVec;
use std::borrow::Cow;

/// One item of a collection.
#[derive(Clone, PartialEq, Debug)]
pub enum Value<'t> {
    /// An element of a tree.
    Node(NodeRef<'t>),
    /// `true`, `false`
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// A number with decimals.
    Decimal(Decimal),
    /// A text.
    String(Cow<'t, str>),
    /// A date, perhaps partial.
    Date(Date),
    /// A date with time, perhaps partial.
    DateTime(DateTime),
    /// A time of day, perhaps partial.
    Time(Time),
    /// A number with a unit.
    Quantity(Box<Quantity>),
    /// A type, as `type()` gives it.
    Type(Box<TypeInfo<'t>>),
}

/// What `type()` tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TypeInfo<'t> {
    /// `System` or `FHIR`.
    pub namespace: &'static str,
    /// `Integer`, `Patient`, `code` …
    pub name: &'t str,
}

/// A collection while it is worked on: the usual few items need no allocation.
pub(crate) type Coll<'t> = SmallVec<[Value<'t>; 2]>;

/// An item on its way: borrowed where it stays somewhere, else owned.
pub(crate) type Item<'v, 't> = Cow<'v, Value<'t>>;

/// Whether items may go on coming.
pub(crate) type Next = Result<(), Stop>;

/// Whoever takes items.
pub(crate) type Sink<'s, 't> = &'s mut (dyn FnMut(Item<'_, 't>) -> Next + 's);

impl<'t> Value<'t> {
    /// The node, if it is one.
    pub fn node(&self) -> Option<NodeRef<'t>> {
        match self {
            Value::Node(node) => Some(*node),
            _ => None,
        }
    }

    /// The value as text, as `toString()` and an output would write it: a node's primitive value as
    /// it stands in its tree; nothing for a node without one.
    pub fn text(&self) -> Option<Cow<'t, str>> {
        Some(match self {
            Value::Node(node) => Cow::Borrowed(node.text()?),
            Value::Boolean(b) => Cow::Borrowed(if *b { "true" } else { "false" }),
            Value::Integer(n) => n.to_string().into(),
            Value::Decimal(d) => d.to_string().into(),
            Value::String(s) => s.clone(),
            Value::Date(d) => d.to_string().into(),
            Value::DateTime(d) => d.to_string().into(),
            Value::Time(t) => t.to_string().into(),
            Value::Quantity(q) => q.to_string().into(),
            Value::Type(t) => format!("{}.{}", t.namespace, t.name).into(),
        })
    }

    /// The name of the language's own type; nothing for a node.
    pub fn system_type(&self) -> Option<&'static str> {
        Some(match self {
            Value::Node(_) => return None,
            Value::Boolean(_) => "Boolean",
            Value::Integer(_) => "Integer",
            Value::Decimal(_) => "Decimal",
            Value::String(_) => "String",
            Value::Date(_) => "Date",
            Value::DateTime(_) => "DateTime",
            Value::Time(_) => "Time",
            Value::Quantity(_) => "Quantity",
            Value::Type(_) => "TypeInfo",
        })
    }

    /// The same value, free of any tree. A node becomes its text; nothing if it has none.
    pub fn detached(&self) -> Option<Value<'static>> {
        Some(match self {
            Value::Node(node) => Value::String(node.text()?.to_string().into()),
            Value::Boolean(b) => Value::Boolean(*b),
            Value::Integer(n) => Value::Integer(*n),
            Value::Decimal(d) => Value::Decimal(*d),
            Value::String(s) => Value::String(s.to_string().into()),
            Value::Date(d) => Value::Date(*d),
            Value::DateTime(d) => Value::DateTime(*d),
            Value::Time(t) => Value::Time(*t),
            Value::Quantity(q) => Value::Quantity(q.clone()),
            Value::Type(_) => return None,
        })
    }

    pub(crate) fn owned(text: String) -> Value<'t> {
        Value::String(Cow::Owned(text))
    }
}

impl<'t> From<NodeRef<'t>> for Value<'t> {
    fn from(node: NodeRef<'t>) -> Value<'t> {
        Value::Node(node)
    }
}

impl<'t> From<&'t str> for Value<'t> {
    fn from(text: &'t str) -> Value<'t> {
        Value::String(Cow::Borrowed(text))
    }
}

/// How many bytes a copy of the value takes besides itself: only texts that own theirs take any.
pub(crate) fn weight(value: &Value<'_>) -> usize {
    match value {
        Value::String(Cow::Owned(text)) => text.len(),
        _ => 0,
    }
}
