//! Contained resources: each must be referred to by what contains it, or refer to it (dom-3,
//! references.html §2.3.0.5.2).
//!
//! Invariant: one pass over the resource whatever it contains; asked in FHIRPath, the rule looks
//! through the whole resource again for each contained one. Deliberately absent: whether `#id` leads
//! anywhere, which the references' own check tells.

use super::Run;
use crate::tree::{Key, NodeId};
use std::collections::HashSet;

impl Run<'_> {
    /// Is all that the resource contains of use to it?
    pub(super) fn contained_in_use(&self, resource: NodeId) -> bool {
        let tree = self.tree;
        let key = Key::new("contained");
        let mut contained = tree.named(resource, &key).peekable();
        if contained.peek().is_none() {
            return true;
        }
        let named: HashSet<&str> = self.local(resource).collect();
        contained.all(|inner| {
            tree.child_text(inner, "id").is_some_and(|id| named.contains(id))
                || self.local(inner).any(str::is_empty)
        })
    }

    /// The ids of all `#id` below the node, in references and in elements of the kinds that point.
    fn local(&self, node: NodeId) -> impl Iterator<Item = &str> {
        let (tree, types) = (self.tree, &self.own.types);
        let mut open = vec![node];
        std::iter::from_fn(move || {
            let next = open.pop()?;
            open.extend(tree.children(next));
            Some(next)
        })
        .filter(move |&n| tree.name(n) == "reference" || types.pointing.contains(&tree.type_of(n)))
        .filter_map(move |n| tree.text(n)?.strip_prefix('#'))
    }
}
