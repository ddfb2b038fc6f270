//! The walk: one node, its value, its children, its invariants.
//!
//! Invariant: no node is looked at twice for the same layer. Deliberately absent: what children and
//! values are held to (siblings of this file).

use super::{DEEPEST, Layers, Run, markup};
use crate::definitions::Element;
use crate::finding::Severity;
use crate::primitive;
use crate::profile::Rule;
use crate::tree::{Kind, NodeId, TypeId};

impl<'a> Run<'a> {
    /// Checks one node: `element` is what its parent's type says of it, `layers` what profiles say.
    pub(super) fn node(
        &mut self,
        node: NodeId,
        ty: TypeId,
        element: Option<&'a Element>,
        mut layers: Layers<'a>,
    ) {
        if self.layers_only && layers.is_empty() {
            return;
        }
        self.add_profiles(node, ty, &mut layers);
        let definitions = &self.own.definitions;
        let (before, doubts) = (self.findings.len(), self.doubts);
        if definitions.is_primitive(ty) {
            if !self.primitive(node, ty, &layers) {
                return;
            }
        } else if !self.object(node, ty) {
            return;
        }
        self.values(node, ty, element, &layers);
        let leaf = definitions.is_primitive(ty)
            && self.tree.children(node).next().is_none()
            && layers.iter().all(|rule| rule.children.is_empty());
        if leaf {
            // Nothing below it, and nothing asked for there: most nodes of a document.
        } else if self.path.len() < DEEPEST {
            self.children(node, ty, &layers);
        } else if self.tree.children(node).next().is_some() {
            self.error(
                "depth",
                node,
                format!("nested deeper than {DEEPEST} elements; not looked at further"),
            );
        }
        if ty == self.own.types.reference {
            match self.layers_only {
                true => self.reference(node, element, &layers),
                false => self.later.push((node, element, layers.clone())),
            }
        }
        // An invariant over a node with wrong structure would only repeat the cause.
        if self.sound(before) {
            self.invariants(node, ty, element, &layers);
        }
        if !self.layers_only {
            self.words(node, ty);
        }
        if !self.layers_only && definitions.is_resource(ty) {
            self.remember(node, &layers, (before, doubts));
        }
    }

    /// Is there no error since `before` at this node or at a child of it?
    fn sound(&self, before: usize) -> bool {
        let near = self.depths[before..].iter().map(|&depth| depth <= self.path.len() + 1);
        !self.findings[before..].iter().zip(near).any(|(f, near)| near && f.severity == Severity::Error)
    }

    /// The shape and format of a primitive. False when there is no value to look at further.
    pub(super) fn primitive(&mut self, node: NodeId, ty: TypeId, layers: &[&'a Rule]) -> bool {
        let tree = self.tree;
        let name = self.own.definitions.type_name(ty);
        let kind = tree.kind(node);
        let Some(text) = tree.text(node).filter(|_| !matches!(kind, Kind::Object | Kind::Empty | Kind::Null))
        else {
            let known_by_children = kind == Kind::Null && tree.children(node).next().is_some();
            if !known_by_children && !self.layers_only {
                let what = format!(
                    "expected a value of type {name}, found {}; leave the element out if it has none",
                    word(kind)
                );
                self.error("type", node, what);
            }
            if known_by_children {
                self.valueless(node, layers);
            }
            return known_by_children;
        };
        let longest = layers.iter().filter_map(|r| r.max_length).min();
        if let Some(most) = longest.filter(|&m| text.chars().count() > m as usize) {
            let what =
                format!("the text has {} characters, more than the {most} allowed", text.chars().count());
            self.error("max-length", node, what);
        }
        if self.layers_only {
            return true;
        }
        if !primitive::fits_kind(name, kind) {
            let want = word(self.own.definitions.json_kind(ty));
            self.error("type", node, format!("a {name} is written as {want}, found {}", word(kind)));
            return false;
        }
        if let Err(remedy) = primitive::check(name, text) {
            let what = format!("not a {name} ({} characters): {remedy}", text.chars().count());
            self.error("primitive-format", node, what);
            return false;
        }
        if self.own.types.texts.contains(&ty) && markup::seems(text) {
            let what = "the text looks as if it had markup in it; write plain text (security.html §6.1.6)";
            self.tell("markup", self.policy.markup, node, what.into());
        }
        true
    }

    /// An element that has extensions instead of a value.
    fn valueless(&mut self, node: NodeId, layers: &[&'a Rule]) {
        for alternatives in layers.iter().filter_map(|r| r.valued.as_ref()) {
            let mut own = self.tree.at(node).all("extension").filter_map(|e| e.child_text("url"));
            if !own.any(|url| alternatives.iter().any(|a| **a == *url)) {
                let what = match alternatives.as_slice() {
                    [] => "the profile demands a value here; extensions alone do not do",
                    _ => "the profile demands a value here, or an extension that says why there is none",
                };
                self.error("cardinality", node, what.into());
            }
        }
    }

    /// The shape of a node that has elements of its own. False when there is nothing to look into.
    pub(super) fn object(&mut self, node: NodeId, ty: TypeId) -> bool {
        let kind = self.tree.kind(node);
        let name = self.own.definitions.type_name(ty);
        if kind != Kind::Object {
            let found = if kind == Kind::Empty { "an empty array" } else { word(kind) };
            self.error("type", node, format!("expected an object ({name}), found {found}"));
            return false;
        }
        if self.tree.children(node).next().is_none() {
            self.error("empty", node, "the element is empty; leave it out or give it content (ele-1)".into());
            return false;
        }
        if ty == self.own.types.extension && !self.layers_only {
            let has_value = self.tree.children(node).any(|c| self.tree.name(c).starts_with("value"));
            let has_parts = self.tree.child(node, "extension").is_some();
            if has_value == has_parts {
                let what = "an extension has either a value or extensions of its own, not both and not neither (ext-1)";
                self.error("invariant", node, what.into());
            }
        }
        true
    }
}

/// A JSON kind in words.
fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Object => "an object",
        Kind::String => "a string",
        Kind::Number => "a number",
        Kind::Boolean => "true or false",
        Kind::Null => "null",
        Kind::Empty => "an empty array",
    }
}
