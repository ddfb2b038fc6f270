//! Causes: of what did not fit, what came nearest, and what it lacks.
//!
//! Invariant: a bounded number of candidates is looked at, and none of their values is told. Deliberately
//! absent: causes of causes.

use super::{Layers, Run};
use crate::finding::Severity;
use crate::profile::Rule;
use crate::tree::NodeId;

/// At most this many candidates are compared; where there are more, the first are.
const MOST_CANDIDATES: usize = 8;

impl<'a> Run<'a> {
    /// The node that breaks the rule least: its place, and its first fault.
    pub(super) fn nearest_node(
        &mut self,
        nodes: &[(NodeId, Option<u32>)],
        rule: &'a Rule,
    ) -> Option<(String, String)> {
        let mut nearest: Option<(usize, String, String)> = None;
        for &(node, index) in nodes.iter().take(MOST_CANDIDATES) {
            self.path.push((node, index));
            if let Some((n, cause)) = self.faults(node, rule)
                && nearest.as_ref().is_none_or(|(least, ..)| n < *least)
            {
                nearest = Some((n, format!("`{}`", self.place(node)), cause));
            }
            self.path.pop();
        }
        nearest.map(|(_, place, cause)| (place, cause))
    }

    /// The rule that the node breaks least: its name, and the first fault.
    pub(super) fn nearest_rule<'n>(
        &mut self,
        node: NodeId,
        rules: impl Iterator<Item = (&'n str, &'a Rule)>,
    ) -> Option<(&'n str, String)> {
        let compared: Vec<_> =
            rules.take(MOST_CANDIDATES).map(|(name, rule)| (name, self.faults(node, rule))).collect();
        let (name, (_, cause)) =
            compared.into_iter().filter_map(|(name, f)| Some((name, f?))).min_by_key(|(_, (n, _))| *n)?;
        Some((name, cause))
    }

    /// How many faults the node, which the walk is at, has by the rule, and the first in words. `None`: no fault that can be
    /// told.
    fn faults(&mut self, node: NodeId, rule: &'a Rule) -> Option<(usize, String)> {
        if self.layers_only {
            // Nothing of it would be shown.
            return None;
        }
        let ty = self.tree.type_of(node);
        let wrong_type =
            !rule.types.is_empty() && !rule.types.iter().any(|t| self.own.definitions.is_a(ty, t.ty));
        if wrong_type {
            return Some((usize::MAX, format!("it is a {}", self.own.definitions.type_name(ty))));
        }
        let mut layers = Layers::new();
        layers.push(rule);
        let named = rule.types.iter().flat_map(|t| &t.profiles).filter_map(|url| self.own.find(url));
        layers.extend(named.map(|p| &p.root));
        let found = self.apart(true, |run| run.node(node, ty, None, layers));
        let errors = || found.iter().filter(|f| f.severity == Severity::Error);
        let first = errors().next()?;
        Some((errors().count(), format!("[{}] {}: {}", first.code, first.place, first.message)))
    }
}
