//! The last walk over a result: nothing empty stays, everything stands in its model's order.
//!
//! Invariant: FHIR allows no element without content; neither does a result. Deliberately absent:
//! validation.

use super::Run;
use fhir::{Kind, NodeId};

impl Run<'_, '_> {
    pub(super) fn finish(&mut self) {
        let built = std::mem::take(&mut self.built);
        for &(id, _) in built.iter().skip(1).rev() {
            let hollow = matches!(self.tree.kind(id), Kind::Object | Kind::Null);
            if hollow && self.tree.children(id).next().is_none() {
                self.tree.remove(id);
            } else if hollow && self.plan.definitions.is_primitive(self.tree.type_of(id)) {
                // An id or extensions, and no value.
                self.tree.set_kind(id, Kind::Null);
            }
        }
        for &(id, _) in &built {
            self.sort(id, &built);
        }
    }

    fn sort(&mut self, id: NodeId, built: &[(NodeId, u32)]) {
        let definitions = &self.plan.definitions;
        let ty = self.tree.type_of(id);
        let rank = |tree: &fhir::Tree, child: NodeId| match built.binary_search_by_key(&child, |b| b.0) {
            Ok(index) => built[index].1,
            Err(_) => definitions.order(ty, tree.name(child)).saturating_mul(4),
        };
        let mut last = 0;
        let sorted = self.tree.children(id).all(|c| {
            let next = rank(&self.tree, c);
            let fine = next >= last;
            last = next;
            fine
        });
        if !sorted {
            self.tree.sort_children(id, rank);
        }
    }
}
