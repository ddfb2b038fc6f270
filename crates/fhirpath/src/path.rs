//! Path steps: from an item along element names.
//!
//! Invariant: results come in document order; JSON's `null` without extensions and empty arrays are
//! no items. Recursion is as deep as the path has names in a row, and paths longer than the limit
//! are walked name by name. Deliberately absent: anything that allocates per name.

use crate::error::ended;
use crate::eval::{Machine, Operand, hand_on};
use crate::value::{Coll, Item, Next, Sink, Value};
use fhir::{Key, Kind, NodeId, NodeRef};

/// How many names are followed by recursion.
pub(crate) const RUN: usize = 24;

/// A node is wide when its children lie further apart than this.
const WIDE: u32 = 256;

/// So many single elements of wide nodes are kept in mind in one evaluation.
const MOST_SINGLE: usize = 16;

/// Does the node stand for an item at all?
#[inline]
pub(crate) fn present(node: NodeRef<'_>) -> bool {
    match node.kind() {
        Kind::Null => node.children().next().is_some(),
        Kind::Empty => false,
        _ => true,
    }
}

impl<'t> Machine<'_, 't> {
    /// Hands on what the names lead to from `item`.
    #[inline]
    pub(crate) fn along(&self, item: &Value<'t>, names: &[Key], sink: Sink<'_, 't>) -> Next {
        match item {
            Value::Node(node) if names.len() <= RUN => {
                self.descend(*node, names, &mut |found| sink(Item::Owned(Value::Node(found))))
            }
            Value::Node(_) => self.long_way(item, names, sink),
            _ => self.part(item, names, sink),
        }
    }

    fn long_way(&self, item: &Value<'t>, names: &[Key], sink: Sink<'_, 't>) -> Next {
        let mut found = self.copies(std::slice::from_ref(item))?;
        for run in names.chunks(RUN) {
            let mut next = Coll::new();
            for item in &found {
                ended(self.along(item, run, &mut |item| {
                    next.push(self.kept(item)?);
                    Ok(())
                }))?;
            }
            found = next;
        }
        hand_on(Operand::Own(found), sink)
    }

    /// Hands to `found` what at most [`RUN`] names lead to.
    pub(crate) fn descend(
        &self,
        node: NodeRef<'t>,
        names: &[Key],
        found: &mut impl FnMut(NodeRef<'t>) -> Next,
    ) -> Next {
        let Some((name, rest)) = names.split_first() else {
            self.tell(node);
            return found(node);
        };
        let mut hit = false;
        if node.tree.spread(node.id) > WIDE
            && let Some(only) = self.only(node, name)
        {
            if let Some(id) = only {
                hit = true;
                self.arrive(node.tree.at(id), rest, found)?;
            }
        } else {
            for id in node.tree.named(node.id, name) {
                hit = true;
                self.arrive(node.tree.at(id), rest, found)?;
            }
        }
        if !hit && let Some(choices) = self.scope.model.choices(node, name) {
            for child in choices {
                self.arrive(child, rest, found)?;
            }
        }
        Ok(())
    }

    /// The one child of a wide node with this name, or that there is none; looked for once. `None`: there
    /// are several, or too many such questions to keep.
    #[cold]
    fn only(&self, node: NodeRef<'t>, name: &Key) -> Option<Option<NodeId>> {
        let same = |n: &NodeRef<'t>| n.id == node.id && std::ptr::eq(n.tree, node.tree);
        let mut known = self.single.borrow_mut();
        if let Some((_, _, only)) = known.iter().find(|(n, key, _)| same(n) && key == name) {
            return Some(*only);
        }
        let mut all = node.tree.named(node.id, name);
        let only = all.next();
        if all.next().is_some() || known.len() >= MOST_SINGLE {
            return None;
        }
        known.push((node, name.clone(), only));
        Some(only)
    }

    #[inline]
    fn arrive(&self, child: NodeRef<'t>, rest: &[Key], found: &mut impl FnMut(NodeRef<'t>) -> Next) -> Next {
        self.step(1)?;
        match present(child) {
            true if rest.is_empty() => {
                self.tell(child);
                found(child)
            }
            true => self.descend(child, rest, found),
            false => Ok(()),
        }
    }

    /// Members of values that are no nodes.
    fn part(&self, item: &Value<'t>, names: &[Key], sink: Sink<'_, 't>) -> Next {
        let Some((name, rest)) = names.split_first() else {
            return sink(Item::Borrowed(item));
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
        if rest.is_empty() { sink(Item::Owned(found)) } else { Ok(()) }
    }
}
