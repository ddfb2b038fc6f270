//! Documents: every entry hangs together with the Composition.
//!
//! Invariant: linear in the size of the document. Deliberately absent: whether a link is allowed, which
//! references are asked where they stand.

use super::Run;
use crate::tree::NodeId;
use std::collections::{HashMap, HashSet};

impl Run<'_> {
    /// Notes that the resource around `node` refers to `target`, where the document asks for it.
    pub(super) fn link(&mut self, node: NodeId, target: NodeId) {
        let (bundle, index) = self.bundles.around(self.tree, node);
        if index.kind() == "document"
            && let (Some(from), Some(to)) = (self.container(node), self.container(target))
            && from != bundle
        {
            self.links.entry(bundle).or_default().push((from, to));
        }
    }

    /// Tells of entries that no link joins to the Composition, in either direction (documents.html
    /// §3.3.1: nothing else is in a document).
    pub(super) fn unlinked(&mut self, bundle: NodeId, entries: &[NodeId]) {
        let Some(first) = self.bundle(bundle).first() else { return };
        self.link_addresses(bundle);
        let mut beside: HashMap<NodeId, Vec<NodeId>> = HashMap::new();
        for (from, to) in self.links.remove(&bundle).unwrap_or_default() {
            beside.entry(from).or_default().push(to);
            beside.entry(to).or_default().push(from);
        }
        let mut reached = HashSet::from([first]);
        let mut open = vec![first];
        while let Some(resource) = open.pop() {
            for &next in beside.get(&resource).into_iter().flatten() {
                if reached.insert(next) {
                    open.push(next);
                }
            }
        }
        for (i, &entry) in entries.iter().enumerate() {
            let resource = self.tree.child(entry, "resource");
            if resource.is_some_and(|r| !reached.contains(&r)) {
                let what = "nothing in the document links this entry with the Composition; refer to it or leave it out";
                self.error_at_entry(entry, i, what.into());
            }
        }
    }

    fn link_addresses(&mut self, bundle: NodeId) {
        let mut nodes = vec![bundle];
        while let Some(node) = nodes.pop() {
            if node != bundle && self.tree.type_of(node) == self.own.types.bundle {
                // Its addresses are its own.
                continue;
            }
            nodes.extend(self.tree.children(node));
            let points = self.own.types.pointing.contains(&self.tree.type_of(node));
            let text = self.tree.text(node).filter(|_| points);
            if let Some(target) = text.and_then(|text| self.bundle(bundle).at_url(text)) {
                self.link(node, target);
            }
        }
    }
}
