//! Extensions: is the definition known, and may the extension stand where it does?
//!
//! Invariant: an extension whose definition is not here is always told of, as badly as the caller's
//! policy says. Deliberately absent: its content, which the walk checks by type and definition.

use super::{Layers, Run, profiles::add};
use crate::finding::Severity;
use crate::profile::{Context, Profile, Rule};
use crate::tree::NodeId;

impl<'a> Run<'a> {
    /// Finds the definition of the extension at `node`, and judges whether it may stand there.
    pub(super) fn extension(&mut self, node: NodeId, layers: &mut Layers<'a>) {
        let (tree, own) = (self.tree, self.own);
        let Some(url) = tree.child_text(node, "url") else { return };
        let found = own.find(url);
        if let Some(profile) = found {
            add(layers, &profile.root);
        }
        if self.layers_only {
            return;
        }
        match found {
            Some(profile) => self.known_extension(node, profile),
            None if url.contains(':') => self.unknown_extension(node, url),
            None => self.part(node, url),
        }
    }

    fn known_extension(&mut self, node: NodeId, profile: &'a Profile) {
        let modifies = self.tree.name(node) == "modifierExtension";
        match (profile.modifier, modifies) {
            (true, false) => {
                let what = "the extension modifies what it stands in; write it as a modifierExtension";
                self.error("extension", node, what.into());
            }
            (false, true) => {
                let what = "the extension modifies nothing; write it as a plain extension";
                self.error("extension", node, what.into());
            }
            _ => {}
        }
        let Some(parent) = self.tree.parent(node) else { return };
        let verdict = profile.contexts.iter().try_fold(Some(false), |so_far, context| {
            match self.stands_in(parent, context) {
                Some(true) => Err(()),
                None => Ok(None),
                Some(false) => Ok(so_far),
            }
        });
        match verdict {
            Ok(Some(false)) if !profile.contexts.is_empty() => {
                let what = "the extension may not stand here; its definition names other elements";
                self.error("extension", node, what.into());
            }
            Ok(None) => {
                let what = "whether the extension may stand here could not be evaluated here";
                self.unsure("extension", node, what);
            }
            _ => {}
        }
        let Some(holds) = self.holds else { return };
        for invariant in &profile.context_invariants {
            self.invariant(parent, invariant, holds);
        }
    }

    /// Is the node what the context of an extension names? `None`: cannot tell.
    fn stands_in(&self, node: NodeId, context: &Context) -> Option<bool> {
        match context {
            Context::Element(path) => Some(self.is_element(node, path)),
            Context::Extension(url) => {
                let is = self.tree.type_of(node) == self.own.types.extension;
                Some(is && self.tree.child_text(node, "url") == Some(url))
            }
            Context::Query(invariant) => self.holds?(invariant, self.tree.at(node)),
            Context::Unknown => None,
        }
    }

    /// Is the node the element or the type that the path names: `Patient.name`, `HumanName`, `Element`?
    fn is_element(&self, node: NodeId, path: &str) -> bool {
        let (tree, definitions) = (self.tree, &self.own.definitions);
        // `Element` is every element, and a resource is written as one.
        if path == "Element" {
            return true;
        }
        let (mut at, mut rest) = (node, path.trim_end_matches("[x]"));
        loop {
            if definitions.type_id(rest).is_some_and(|t| definitions.is_a(tree.type_of(at), t)) {
                return true;
            }
            let Some((above, last)) = rest.rsplit_once('.') else { return false };
            let called = definitions.element_of(tree, at).is_some_and(|e| *e.name == *last);
            match tree.parent(at).filter(|_| called) {
                Some(parent) => (at, rest) = (parent, above.trim_end_matches("[x]")),
                None => return false,
            }
        }
    }

    fn unknown_extension(&mut self, node: NodeId, url: &str) {
        let modifier = self.tree.name(node) == "modifierExtension";
        let severity = (self.policy.unknown_extension)(url, modifier);
        let what = match severity {
            Severity::Error => "the extension's definition is not loaded here, so it may not be used",
            _ => "the extension's definition is not loaded here; its content was checked by type only",
        };
        self.keep("extension", severity, node, what.into(), severity != Severity::Error);
    }

    /// An extension without an absolute URL is a part of the one around it, which must define it.
    fn part(&mut self, node: NodeId, url: &str) {
        let (tree, own) = (self.tree, self.own);
        let around = tree.parent(node).filter(|&p| tree.type_of(p) == own.types.extension);
        let Some(around) = around else {
            let what = "the url of an extension must be absolute, unless it is part of another extension";
            return self.error("extension", node, what.into());
        };
        let definition = tree.child_text(around, "url").and_then(|outer| own.find(outer));
        let Some(definition) = definition.filter(|p| p.ty == own.types.extension) else { return };
        let Some(slicing) = definition.root.child("extension").and_then(|e| e.slicing.as_ref()) else {
            return;
        };
        let named = |rule: &Rule| {
            let fixed = rule.child("url").and_then(|u| u.fixed.as_ref());
            fixed.is_none_or(|f| f.text(f.root()) == Some(url))
        };
        if !slicing.slices.iter().any(|(_, rule)| named(rule)) {
            let what = "the extension around it defines no part of this url";
            self.error("extension", node, what.into());
        }
    }
}
