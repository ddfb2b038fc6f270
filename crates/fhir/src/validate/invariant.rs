//! Invariants: which are asked at a node, and what is told of the answer.
//!
//! Invariant: what the walk knows by itself is not asked. Deliberately absent: evaluation.

use super::{Holds, Run};
use crate::definitions::{Element, Invariant, Quick};
use crate::finding::Severity;
use crate::profile::Rule;
use crate::tree::{NodeId, TypeId};

impl<'a> Run<'a> {
    pub(super) fn invariants(
        &mut self,
        node: NodeId,
        ty: TypeId,
        element: Option<&'a Element>,
        layers: &[&'a Rule],
    ) {
        let Some(holds) = self.holds else { return };
        let definitions = &self.own.definitions;
        if !self.layers_only {
            let stated = element.map(|e| e.invariants.as_slice()).unwrap_or_default();
            let of_type = definitions.asks(ty).then(|| definitions.invariants(ty)).into_iter().flatten();
            for invariant in of_type.chain(stated) {
                self.invariant(node, invariant, holds);
            }
        }
        for rule in layers {
            for invariant in &rule.invariants {
                self.invariant(node, invariant, holds);
            }
        }
    }

    pub(super) fn invariant(&mut self, node: NodeId, invariant: &Invariant, holds: &Holds<'_>) {
        if self.plain(node, invariant.quick) {
            return;
        }
        let severity = if invariant.error { Severity::Error } else { Severity::Warning };
        let held = match invariant.quick {
            Quick::ContainedInUse => Some(self.contained_in_use(node)),
            _ => holds(invariant, self.tree.at(node)),
        };
        match held {
            Some(true) => {}
            Some(false) => {
                let what = format!("the rule {} does not hold: {}", invariant.key, invariant.expression);
                self.tell("invariant", severity, node, what);
            }
            None => {
                let what = format!("the rule {} could not be evaluated here", invariant.key);
                match invariant.error {
                    true => self.unsure("invariant", node, &what),
                    false => self.unsure_of_advice("invariant", node, &what),
                }
            }
        }
    }

    /// Does the invariant certainly hold, or is it checked elsewhere?
    pub(super) fn plain(&self, node: NodeId, quick: Quick) -> bool {
        match quick {
            Quick::Ask | Quick::ContainedInUse => false,
            Quick::ByHand => true,
            Quick::Without(name) => self.tree.child(node, name).is_none(),
            Quick::With(name) => self.tree.child(node, name).is_some(),
            Quick::Unlike(name, part) => self
                .tree
                .child(node, name)
                .is_none_or(|c| self.tree.text(c).is_some_and(|t| !t.contains(part))),
        }
    }
}
