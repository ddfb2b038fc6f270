//! What the definitions say about nodes: which simple value a node has, which type, which choices.
//!
//! Invariant: the only place that asks [`Definitions`] during evaluation. A node without a type (a
//! foreign document, or no definitions) is taken as its text shows it: strings are strings, numbers
//! integers or decimals. Deliberately absent: guessing a choice or a date without a definition.

use crate::ast::TypeName;
use crate::decimal::Decimal;
use crate::error::{Fail, Reason, fail};
use crate::moment::{Date, DateTime, Time};
use crate::quantity::{Quantity, Unit};
use crate::value::{Item, TypeInfo, Value};
use fhir::primitive::Simple;
use fhir::{Definitions, Key, Kind, NodeRef, TypeId};
use std::borrow::Cow;

/// The names of the language's own types.
const SYSTEM: [&str; 9] =
    ["Boolean", "String", "Integer", "Decimal", "Date", "DateTime", "Time", "Quantity", "Any"];

/// Is this one of the language's own types?
pub(crate) fn is_system(name: &str) -> bool {
    SYSTEM.contains(&name)
}

/// Definitions as evaluation asks them. Free to make: callers make a scope per question.
#[derive(Clone, Copy)]
pub(crate) struct Model<'t> {
    definitions: Option<&'t Definitions>,
}

impl<'t> Model<'t> {
    pub(crate) fn new(definitions: Option<&'t Definitions>) -> Model<'t> {
        Model { definitions }
    }

    pub(crate) fn definitions(&self) -> Option<&'t Definitions> {
        self.definitions
    }

    /// The simple value of an item; a complex node stays what it is.
    #[inline]
    pub(crate) fn simple<'v>(&self, value: &'v Value<'t>) -> Item<'v, 't> {
        match value {
            Value::Node(node) => match self.node_value(*node) {
                Some(simple) => Cow::Owned(simple),
                None => Cow::Borrowed(value),
            },
            _ => Cow::Borrowed(value),
        }
    }

    /// The text of a node that is known to be a string of some kind.
    #[inline]
    pub(crate) fn string(&self, node: NodeRef<'t>) -> Option<&'t str> {
        let simple = self.definitions?.simple(node.type_of());
        node.text().filter(|_| simple == Some(Simple::String))
    }

    /// The simple value of a node. A text that is no value of its type counts as a string.
    pub(crate) fn node_value(&self, node: NodeRef<'t>) -> Option<Value<'t>> {
        let Some(text) = node.text() else { return self.quantity_of(node) };
        let known = self.simple_type(node, text).and_then(|simple| match simple {
            Simple::String | Simple::Quantity => None,
            Simple::Boolean => boolean(text).map(Value::Boolean),
            Simple::Integer => text.parse().ok().map(Value::Integer),
            Simple::Decimal => Decimal::parse(text).map(Value::Decimal),
            Simple::Date => Date::parse(text).map(Value::Date),
            Simple::DateTime => DateTime::parse(text).map(Value::DateTime),
            Simple::Time => Time::parse(text).map(Value::Time),
        });
        Some(known.unwrap_or(Value::String(Cow::Borrowed(text))))
    }

    fn simple_type(&self, node: NodeRef<'t>, text: &str) -> Option<Simple> {
        if let Some(simple) = self.definitions.and_then(|d| d.simple(node.type_of())) {
            return Some(simple);
        }
        match node.kind() {
            Kind::Boolean => Some(Simple::Boolean),
            Kind::Number if text.contains(['.', 'e', 'E']) => Some(Simple::Decimal),
            Kind::Number => Some(Simple::Integer),
            _ => None,
        }
    }

    /// The language's quantity of a FHIR Quantity. One with a comparator is none: it is a range.
    fn quantity_of(&self, node: NodeRef<'t>) -> Option<Value<'t>> {
        let quantity = self.definitions?.simple(node.type_of()) == Some(Simple::Quantity);
        if !quantity || node.child("comparator").is_some() {
            return None;
        }
        let value = Decimal::parse(node.child_text("value")?)?;
        let part = |name| node.child_text(name);
        let unit = Unit::of_fhir(part("system"), part("code"), part("unit"));
        Some(Value::Quantity(Box::new(Quantity { value, unit })))
    }

    /// Is the node an instance of the type of this name? Answers for `Patient.name` on a Patient.
    pub(crate) fn is_named(&self, node: NodeRef<'t>, key: &Key) -> bool {
        if node.tree.is_named(node.id, key) && node.tree.parent(node.id).is_none() {
            return true;
        }
        let ty = node.type_of();
        match self.definitions {
            Some(definitions) if ty != TypeId::NONE => {
                definitions.type_name(ty) == key.name()
                    || definitions.type_id(key.name()).is_some_and(|wanted| definitions.is_a(ty, wanted))
            }
            _ => node.child_text("resourceType") == Some(key.name()),
        }
    }

    /// The children that are the choice element of this name (`value` finds `valueQuantity`).
    pub(crate) fn choices(
        &self,
        node: NodeRef<'t>,
        key: &Key,
    ) -> Option<impl Iterator<Item = NodeRef<'t>> + use<'t>> {
        self.definitions?.chosen(node, key)
    }

    /// Is the item of this type? Unknown types are an error where anyone could know them.
    pub(crate) fn is_type(&self, value: &Value<'t>, wanted: &TypeName, exact: bool) -> Result<bool, Fail> {
        let name = &*wanted.name;
        let unknown = || fail(Reason::UnknownType(wanted.name.to_string()));
        match wanted.namespace.as_deref() {
            Some("System") => return Ok(value.system_type() == Some(name)),
            Some("FHIR") | None => {}
            Some(_) => return Err(unknown()),
        }
        let Value::Node(node) = value else {
            let known = is_system(name) || self.definitions.is_none_or(|d| wanted.find(d).is_some());
            return if known {
                Ok(wanted.namespace.is_none() && value.system_type() == Some(name))
            } else {
                Err(unknown())
            };
        };
        let ty = node.type_of();
        match self.definitions {
            Some(definitions) => match wanted.find(definitions) {
                Some(id) if exact && definitions.is_primitive(id) => Ok(ty == id),
                Some(id) => Ok(ty != TypeId::NONE && definitions.is_a(ty, id)),
                None if is_system(name) => Ok(ty == TypeId::NONE && self.untyped_is(*node, name)),
                None => Err(unknown()),
            },
            None => Ok(self.untyped_is(*node, name)),
        }
    }

    /// May the item be taken for one of the type, as the operator `as` asks? A primitive of FHIR's also for
    /// what it converts to by itself (FHIR R4 fhirpath.html §2.9.1.1): rules write `value as String`.
    pub(crate) fn casts(&self, value: &Value<'t>, wanted: &TypeName) -> Result<bool, Fail> {
        let converts = |node: &NodeRef<'t>| {
            wanted.namespace.is_none()
                && is_system(&wanted.name)
                && self.definitions.is_some_and(|d| wanted.find(d).is_none())
                && self.node_value(*node).is_some_and(|v| v.system_type() == Some(&*wanted.name))
        };
        Ok(self.is_type(value, wanted, true)? || value.node().as_ref().is_some_and(converts))
    }

    fn untyped_is(&self, node: NodeRef<'t>, name: &str) -> bool {
        node.child_text("resourceType") == Some(name)
            || self.node_value(node).is_some_and(|v| v.system_type() == Some(name))
    }

    /// What `type()` tells of an item.
    pub(crate) fn type_info(&self, value: &Value<'t>) -> Option<TypeInfo<'t>> {
        if let Some(name) = value.system_type() {
            return Some(TypeInfo { namespace: "System", name });
        }
        let node = value.node()?;
        let ty = node.type_of();
        if let Some(definitions) = self.definitions.filter(|_| ty != TypeId::NONE) {
            return Some(TypeInfo { namespace: "FHIR", name: definitions.type_name(ty) });
        }
        if let Some(name) = node.child_text("resourceType") {
            return Some(TypeInfo { namespace: "FHIR", name });
        }
        let name = self.node_value(node)?.system_type()?;
        Some(TypeInfo { namespace: "System", name })
    }

    /// Is the node a resource?
    pub(crate) fn is_resource(&self, node: NodeRef<'t>) -> bool {
        let ty = node.type_of();
        // Of a typed node the type tells: ExampleScenario.instance has an element `resourceType` too.
        match self.definitions.filter(|_| ty != TypeId::NONE) {
            Some(definitions) => definitions.is_resource(ty),
            None => node.child("resourceType").is_some(),
        }
    }

    /// The resource that a node is part of; for one outside all resources, its tree's root.
    pub(crate) fn resource_of(&self, node: NodeRef<'t>) -> NodeRef<'t> {
        let mut at = node;
        while !self.is_resource(at) {
            match at.tree.parent(at.id) {
                Some(parent) => at = at.tree.at(parent),
                None => break,
            }
        }
        at
    }

    /// The resource that contains this one in `contained`, or itself.
    pub(crate) fn root_of(&self, resource: NodeRef<'t>) -> NodeRef<'t> {
        match resource.tree.parent(resource.id) {
            Some(parent) if resource.name() == "contained" => self.resource_of(resource.tree.at(parent)),
            _ => resource,
        }
    }

    /// A collection as a truth value: FHIRPath's singleton evaluation.
    pub(crate) fn truth(&self, items: &[Value<'t>]) -> Result<Option<bool>, Fail> {
        match items {
            [] => Ok(None),
            [Value::Boolean(b)] => Ok(Some(*b)),
            [one] => Ok(Some(match &*self.simple(one) {
                Value::Boolean(b) => *b,
                _ => true,
            })),
            _ => Err(fail(Reason::Several)),
        }
    }
}

fn boolean(text: &str) -> Option<bool> {
    match text {
        "true" => Some(true),
        "false" => Some(false),
        _ => None,
    }
}
