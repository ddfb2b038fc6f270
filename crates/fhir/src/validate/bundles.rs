//! Bundles inside other resources: each has its own addresses and its own rules.
//!
//! Invariant: a node belongs to the nearest Bundle around it; every node is indexed once, however deep
//! Bundles nest. Deliberately absent: what an index finds (`bundle`).

use super::Run;
use super::bundle::{Index, Lead, full_url};
use crate::profile::Profiles;
use crate::tree::{NodeId, Tree};
use std::collections::BTreeMap;

/// The indexes of the document's root and of every Bundle below it.
pub(super) struct Bundles<'a> {
    root: Index<'a>,
    inner: BTreeMap<NodeId, Index<'a>>,
}

impl<'a> Bundles<'a> {
    pub(super) fn of(own: &Profiles, tree: &'a Tree) -> Bundles<'a> {
        let mut open = Vec::new();
        let mut root = Index::of(own, tree, tree.root(), &mut open);
        let mut inner = BTreeMap::new();
        while let Some(bundle) = open.pop() {
            let index = Index::of(own, tree, bundle, &mut open);
            // Among parameters, what lies in a Bundle is found by its type and id, too.
            root.add_below(&index);
            inner.insert(bundle, index);
        }
        Bundles { root, inner }
    }

    /// The root and the Bundles below it.
    pub(super) fn places(&self, tree: &Tree) -> Vec<NodeId> {
        std::iter::once(tree.root()).chain(self.inner.keys().copied()).collect()
    }

    /// The nearest Bundle around the node, or the node itself; else the root.
    pub(super) fn around(&self, tree: &Tree, node: NodeId) -> (NodeId, &Index<'a>) {
        let up = std::iter::successors(Some(node).filter(|_| !self.inner.is_empty()), |&n| tree.parent(n));
        up.into_iter()
            .find_map(|n| self.inner.get(&n).map(|index| (n, index)))
            .unwrap_or((tree.root(), &self.root))
    }
}

impl<'a> Run<'a> {
    /// The index of the nearest Bundle around the node.
    pub(super) fn bundle(&self, node: NodeId) -> &Index<'a> {
        self.bundles.around(self.tree, node).1
    }

    /// Where the text, standing at the node, leads to: in its own Bundle, or else by its full address in
    /// one around that.
    pub(super) fn lead_out(&self, node: NodeId, text: &str) -> Lead {
        let (mut at, index) = self.bundles.around(self.tree, node);
        let first = index.lead(self, node, text);
        let addressed = || self.container(node).and_then(|c| full_url(self.tree, c)).is_some();
        let full = first == Lead::Nowhere && (text.contains(':') || addressed());
        while let Some(parent) = self.tree.parent(at).filter(|_| first == Lead::Nowhere) {
            let (next, index) = self.bundles.around(self.tree, parent);
            if full || !index.is_bundle() {
                match index.lead(self, node, text) {
                    Lead::Nowhere | Lead::Beside => {}
                    found => return found,
                }
            }
            at = next;
        }
        first
    }
}
