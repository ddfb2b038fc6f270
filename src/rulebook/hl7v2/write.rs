//! Tree → bytes.
//!
//! Invariant: what is written is read back as the same tree; no text becomes a delimiter, because the builder escapes
//! every one. The tree names the character set (MSH-18) and has its segments in the order in which they shall stand.
//! Deliberately absent: segments that no map wrote.

use super::{Hl7v2, Holds, OTHER, Part, Unread, time};
use fhir::{Kind, NodeId, Tree};
use hl7v2::{Builder, Charset, Delimiters, Draft};

/// Segments may own segments so deep.
const DEEPEST: usize = 4;

impl Hl7v2 {
    /// Writes a message, in UTF-8 unless the tree names another set.
    ///
    /// # Errors
    /// All that cannot be written: characters that the set does not have, elements that the model does not.
    pub fn write(&self, tree: &Tree) -> Result<Vec<u8>, Vec<Unread>> {
        let named = tree.child(tree.root(), "MSH").and_then(|msh| tree.child_text(msh, "characterSets"));
        let charset = named.map_or(Some(Charset::Utf8), Charset::named);
        let Some(charset) = charset else {
            return Err(vec![unwritten("MSH-18", "names a character set that is not written here")]);
        };
        let mut builder = Builder::new(Delimiters::default(), charset);
        let mut found = Vec::new();
        for child in tree.children(tree.root()) {
            self.put(tree, child, &mut builder, &mut found, DEEPEST);
        }
        if !found.is_empty() {
            return Err(found);
        }
        builder.finish().map_err(|faults| faults.into_iter().map(Unread::from).collect())
    }

    fn put(&self, tree: &Tree, node: NodeId, to: &mut Builder, found: &mut Vec<Unread>, depth: usize) {
        let own = tree.name(node);
        let name = if own == OTHER { tree.child_text(node, "name").unwrap_or_default() } else { own };
        let (Some(group), Some(letters)) = (self.segments.get(own), name.as_bytes().first_chunk::<3>())
        else {
            return found.push(unwritten("the message", "a segment that the model does not have"));
        };
        let mut draft = Draft::new(letters);
        let mut owned = Vec::new();
        let mut last = (0, 0);
        for child in tree.children(node) {
            let called = tree.name(child);
            if let Some(part) = group.named(called) {
                let repetition = if last.0 == part.number { last.1 + 1 } else { 1 };
                last = (part.number, repetition);
                self.value(tree, child, part, (part.number, repetition), &mut draft);
            } else if group.owns.iter().any(|o| o == called) {
                owned.push(child);
            } else if own != OTHER || called != "name" {
                found.push(unwritten(name, "an element that the model does not have"));
            }
        }
        to.add(draft);
        if depth > 0 {
            owned.into_iter().for_each(|child| self.put(tree, child, to, found, depth - 1));
        }
    }

    /// A field, with its components and their parts.
    fn value(&self, tree: &Tree, node: NodeId, part: &Part, at: (u32, u32), draft: &mut Draft) {
        let (field, repetition) = at;
        if tree.kind(node) == Kind::Null {
            draft.null(field);
            return;
        }
        for (component, inner, part) in self.below(tree, node, part) {
            for (sub, leaf, part) in self.below(tree, inner, part) {
                draft.set(field, repetition, component, sub, text(tree, leaf, part));
            }
        }
    }

    /// The numbered parts of a node; what has none is its own first.
    fn below<'a>(&'a self, tree: &Tree, node: NodeId, part: &'a Part) -> Vec<(u32, NodeId, &'a Part)> {
        let Holds::Parts(ty) = &part.holds else { return vec![(1, node, part)] };
        let Some(group) = self.parts(ty) else { return Vec::new() };
        let named = |child| {
            let part = group.named(tree.name(child))?;
            Some((part.number, child, part))
        };
        tree.children(node).filter_map(named).collect()
    }
}

fn text(tree: &Tree, node: NodeId, part: &Part) -> String {
    let text = tree.text(node).unwrap_or_default();
    match part.holds {
        Holds::Moment | Holds::Day => time::to_hl7(text),
        Holds::Text | Holds::Parts(_) => text.to_string(),
    }
}

fn unwritten(place: &str, what: &str) -> Unread {
    Unread {
        code: "unwritten",
        place: place.to_string(),
        span: 0..0,
        message: format!("{what}; mend the map that made it"),
    }
}
