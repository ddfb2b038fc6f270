//! Path steps: from an item along element names.
//!
//! Invariant: results come in document order; JSON's `null` without extensions and empty arrays are
//! no items. Recursion is as deep as the path has names in a row, and paths longer than the limit
//! are walked name by name. Deliberately absent: anything that allocates per name.

use crate::error::EvalError;
use crate::eval::Machine;
use crate::value::{Coll, Value};
use fhir::{Key, Kind, NodeRef};

/// How many names are followed by recursion.
pub(crate) const RUN: usize = 24;

/// Does the node stand for an item at all?
pub(crate) fn present(node: NodeRef<'_>) -> bool {
    match node.kind() {
        Kind::Null => node.children().next().is_some(),
        Kind::Empty => false,
        _ => true,
    }
}

impl<'t> Machine<'_, 't> {
    /// Appends to `out` what the names lead to from `item`.
    pub(crate) fn walk(&self, item: &Value<'t>, names: &[Key], out: &mut Coll<'t>) -> Result<(), EvalError> {
        if names.len() > RUN {
            let (run, rest) = names.split_at(RUN);
            let mut middle = Coll::new();
            self.walk(item, run, &mut middle)?;
            let mut rest = rest;
            while !rest.is_empty() {
                let (run, after) = rest.split_at(rest.len().min(RUN));
                let mut next = Coll::new();
                for item in &middle {
                    self.walk(item, run, &mut next)?;
                }
                (middle, rest) = (next, after);
            }
            out.extend(middle);
            return Ok(());
        }
        match item {
            Value::Node(node) => self.descend(*node, names, &mut |found| out.push(Value::Node(found))),
            _ => self.part(item, names, out),
        }
    }

    /// Hands to `found` what at most [`RUN`] names lead to. Generic so that a path on its own can
    /// fill its result without a detour.
    pub(crate) fn descend(
        &self,
        node: NodeRef<'t>,
        names: &[Key],
        found: &mut impl FnMut(NodeRef<'t>),
    ) -> Result<(), EvalError> {
        let Some((name, rest)) = names.split_first() else {
            found(node);
            return Ok(());
        };
        let mut hit = false;
        for id in node.tree.named(node.id, name) {
            hit = true;
            self.arrive(node.tree.at(id), rest, found)?;
        }
        if !hit && let Some(choices) = self.scope.model.choices(node, name) {
            for child in choices {
                self.arrive(child, rest, found)?;
            }
        }
        Ok(())
    }

    fn arrive(
        &self,
        child: NodeRef<'t>,
        rest: &[Key],
        found: &mut impl FnMut(NodeRef<'t>),
    ) -> Result<(), EvalError> {
        self.step(1)?;
        if !present(child) {
            return Ok(());
        }
        if rest.is_empty() {
            found(child);
            return Ok(());
        }
        self.descend(child, rest, found)
    }

    /// Members of values that are no nodes.
    fn part(&self, item: &Value<'t>, names: &[Key], out: &mut Coll<'t>) -> Result<(), EvalError> {
        let Some((name, rest)) = names.split_first() else {
            out.push(item.clone());
            return Ok(());
        };
        let found = match (item, name.name()) {
            (Value::Type(t), "name") => Value::from(t.name),
            (Value::Type(t), "namespace") => Value::from(t.namespace),
            (Value::Quantity(q), "value") => Value::Decimal(q.value),
            (Value::Quantity(q), "unit") => Value::owned(q.unit.text().to_string()),
            (Value::Quantity(q), "code") => Value::owned(q.unit.code().to_string()),
            _ => return Ok(()),
        };
        self.step(1)?;
        if rest.is_empty() {
            out.push(found);
        }
        Ok(())
    }
}
