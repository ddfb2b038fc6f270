//! Places in HL7's own words: `PID-3[2].4.2`.
//!
//! Invariant: what a map's trace calls an element is told by its number in the message that was read. Deliberately
//! absent: places in messages that were built.

use super::{Hl7v2, Holds, OTHER};
use crate::{model::Finding, rulebook::check::place};
use fhir::{NodeId, Tree};

impl Hl7v2 {
    /// Findings whose places are paths of elements are told by segment, field and component. The root is no place.
    pub fn tell_places<'f>(&self, findings: impl IntoIterator<Item = &'f mut Finding>, tree: &Tree) {
        for finding in findings {
            let path = finding.place.path.as_deref().unwrap_or_default();
            if path.starts_with('/') || path.starts_with(super::ROOT) {
                let node = place::node(tree, path);
                finding.place.path = Some(self.place(tree, node));
            }
        }
    }

    /// The place of a node.
    pub fn place(&self, tree: &Tree, node: NodeId) -> String {
        let mut chain = vec![node];
        while let Some(above) = chain.last().and_then(|n| tree.parent(*n)) {
            chain.push(above);
        }
        chain.reverse();
        // Segments may stand below one another; what is below the last of them are fields and their parts.
        let is_segment = |n: &NodeId| tree.name(*n) == OTHER || self.segments.contains_key(tree.name(*n));
        let Some(at) = chain.iter().skip(1).rposition(is_segment) else { return "the message".into() };
        let mut rest = chain.into_iter().skip(at + 1);
        let Some(segment) = rest.next() else { return "the message".into() };
        let mut out = self.segment_place(tree, segment);
        let mut group = self.segments.get(tree.name(segment));
        let mut above = segment;
        for (depth, node) in rest.enumerate() {
            let name = tree.name(node);
            let part = group.and_then(|g| g.parts.iter().find(|p| p.name == name));
            let number = part.map(|p| p.number).or_else(|| name.get(1..)?.parse().ok());
            let Some(number) = number else { break };
            out.push_str(&format!("{}{number}", if depth == 0 { '-' } else { '.' }));
            let key = fhir::Key::new(name);
            let nth = tree.named(above, &key).position(|n| n == node).unwrap_or(0);
            if depth == 0 && nth > 0 {
                out.push_str(&format!("[{}]", nth + 1));
            }
            above = node;
            group = match part.map(|p| &p.holds) {
                Some(Holds::Parts(ty)) => self.types.get(ty),
                _ => None,
            };
        }
        out
    }

    /// The segment's name, and which of that name it is where it is not the first.
    fn segment_place(&self, tree: &Tree, segment: NodeId) -> String {
        let called = |node: NodeId| match tree.name(node) {
            OTHER => tree.child_text(node, "name").unwrap_or(OTHER).to_string(),
            name => name.to_string(),
        };
        let (name, start) = (called(segment), tree.span(segment).start);
        let (mut open, mut before) = (vec![tree.root()], 0);
        while let Some(node) = open.pop() {
            for child in tree.children(node) {
                let is_segment = tree.name(child) == OTHER || self.segments.contains_key(tree.name(child));
                if is_segment {
                    before += u32::from(called(child) == name && tree.span(child).start < start);
                    open.push(child);
                }
            }
        }
        if before == 0 { name } else { format!("{name}[{}]", before + 1) }
    }
}
