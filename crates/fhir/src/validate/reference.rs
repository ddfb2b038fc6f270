//! References: do they lead to something, and is it of an allowed type or profile?
//!
//! Invariant: each reference costs one look-up; whether a resource conforms to a profile is asked
//! once per document. Deliberately absent: fetching what is not in the document.

use super::Run;
use super::bundle::Lead;
use super::value::some;
use crate::definitions::Element;
use crate::finding::Severity;
use crate::profile::Rule;
use crate::tree::{NodeId, TypeId};

impl<'a> Run<'a> {
    /// Checks a Reference against its element's targets and those of the layers.
    pub(super) fn reference(&mut self, node: NodeId, element: Option<&'a Element>, layers: &[&'a Rule]) {
        let Some(literal) = self.tree.child(node, "reference") else {
            return self.logical_type(node, element);
        };
        let Some(text) = self.tree.text(literal) else { return };
        if self.policy.rest && !self.layers_only && self.names_no_type(text) {
            let what = "is the address of a resource of a type that R4 does not have";
            return self.error("reference", node, what.into());
        }
        let lead = self.lead(node, text);
        let target = match lead {
            Lead::To(target) | Lead::Several(target) => Some(target),
            Lead::Beside | Lead::Nowhere => None,
        };
        if !self.layers_only && !self.led(node, text, lead) {
            return;
        }
        let base = element.map(|e| e.targets.as_slice()).filter(|_| !self.layers_only);
        let reference = self.own.types.reference;
        let types = layers.iter().flat_map(|r| &r.types).filter(|t| t.ty == reference);
        let own = types.map(|t| t.targets.as_slice());
        for targets in base.into_iter().chain(own).filter(|t| !t.is_empty()) {
            // One complaint a reference: the profile's is seldom more than the base's again.
            if !self.one_target(node, text, target, targets) {
                return;
            }
        }
    }

    /// Judges where a reference leads to. False when it was found wrong.
    fn led(&mut self, node: NodeId, text: &str, lead: Lead) -> bool {
        let (severity, what) = match lead {
            Lead::To(target) => {
                self.link(node, target);
                return self.named_rightly(node, text, target);
            }
            Lead::Several(target) => {
                self.link(node, target);
                (Severity::Error, "several entries have the address that this leads to; name the version")
            }
            Lead::Beside => {
                let severity = if self.must_lead(node) { Severity::Error } else { Severity::Warning };
                let what = "an entry has this type and id, but its fullUrl is not where this leads to (bundle.html §2.36.4.1)";
                (severity, what)
            }
            Lead::Nowhere => match self.must_resolve(node, text) {
                None => return true,
                Some(severity) => (
                    severity,
                    "points at nothing in this document; add the resource or correct the reference",
                ),
            },
        };
        self.tell("reference", severity, node, what.into());
        severity != Severity::Error
    }

    /// Does what the reference says of its target's type agree with the target?
    fn named_rightly(&mut self, node: NodeId, text: &str, target: NodeId) -> bool {
        let definitions = &self.own.definitions;
        let is = self.tree.type_of(target);
        let stated = self.tree.child_text(node, "type").and_then(|t| definitions.type_id(t));
        let wrong = [self.type_in(text), stated].into_iter().flatten().find(|&t| !definitions.is_a(is, t));
        if let Some(named) = wrong.filter(|_| is != TypeId::NONE) {
            let (named, is) = (definitions.type_name(named), definitions.type_name(is));
            self.error("reference", node, format!("says that it leads to a {named}, but leads to a {is}"));
        }
        wrong.is_none()
    }

    /// How bad it is when the reference leads nowhere: `#id` must be contained; UUIDs and OIDs can
    /// only be found in the Bundle, which a message, document or transaction must have complete.
    fn must_resolve(&self, node: NodeId, text: &str) -> Option<Severity> {
        if text.starts_with('#') {
            return self.container(node).map(|_| Severity::Error);
        }
        let own = text.starts_with("urn:");
        let bundle = self.bundle(node);
        match own && bundle.is_bundle() {
            _ if self.policy.complete || self.must_lead(node) => Some(Severity::Error),
            true if bundle.is_closed() => Some(Severity::Error),
            true => Some(Severity::Warning),
            false => None,
        }
    }

    /// Must what the reference leads to be in the Bundle? What a Composition is made of (documents.html
    /// §3.3.1) and the focus of a message (messaging.html §2.4.3) must.
    fn must_lead(&self, node: NodeId) -> bool {
        let name = self.tree.name(node);
        let bundle = self.bundle(node);
        let part = match bundle.kind() {
            "document" => !matches!(name, "targetReference" | "valueReference"),
            "message" => name == "focus",
            _ => false,
        };
        part && self.container(node) == bundle.first()
    }

    /// False when the reference was found wrong.
    fn one_target(
        &mut self,
        node: NodeId,
        text: &str,
        target: Option<NodeId>,
        targets: &'a [Box<str>],
    ) -> bool {
        let verdict = match target {
            Some(found) => self.among(found, targets),
            None => self.by_text(text, targets),
        };
        match (verdict, target) {
            (Some(true), _) | (None, None) => return true,
            (None, Some(_)) => {
                let what = "the target's conformance could not be decided here";
                self.unsure("reference", node, what);
                return true;
            }
            (Some(false), _) => {}
        }
        let names: Vec<&str> = targets.iter().map(|t| t.rsplit('/').next().unwrap_or(t)).collect();
        let names = names.join(", ");
        let what = match target.map(|t| self.own.definitions.type_name(self.tree.type_of(t))) {
            Some(found) => format!("points at a {found} that is none of what is allowed here: {names}"),
            None => format!("names another type than what is allowed here: {names}"),
        };
        self.error("reference", node, what);
        false
    }

    fn among(&mut self, node: NodeId, targets: &'a [Box<str>]) -> Option<bool> {
        some(targets.iter().map(|url| self.is_target(node, url)))
    }

    /// Is the resource of this type, or does it conform to this profile?
    pub(super) fn is_target(&mut self, node: NodeId, url: &'a str) -> Option<bool> {
        let own = self.own;
        if let Some(profile) = own.find(url) {
            return self.conforms(node, profile);
        }
        let ty = own.definitions.type_id(url)?;
        Some(own.definitions.is_a(self.tree.type_of(node), ty))
    }

    /// Judges an outside reference by the type that its text names, if it names one.
    fn by_text(&self, text: &str, targets: &[Box<str>]) -> Option<bool> {
        let named = self.type_in(text)?;
        self.allows(named, targets)
    }

    fn allows(&self, named: TypeId, targets: &[Box<str>]) -> Option<bool> {
        let definitions = &self.own.definitions;
        let mut verdict = Some(false);
        for url in targets {
            let ty = self.own.find(url).map(|p| p.ty).or_else(|| definitions.type_id(url));
            match ty {
                Some(t) if definitions.is_a(named, t) => return Some(true),
                Some(_) => {}
                None => verdict = None,
            }
        }
        verdict
    }

    /// Is it an address that ends in a name like a type's and an id, but the name is no type of resource?
    fn names_no_type(&self, text: &str) -> bool {
        let text = text.split("/_history/").next().unwrap_or(text);
        let name = text.rsplit('/').nth(1).unwrap_or_default();
        text.starts_with("http")
            && name.starts_with(|c: char| c.is_ascii_uppercase())
            && name.bytes().all(|b| b.is_ascii_alphabetic())
            && self.type_in(text).is_none()
    }

    /// The resource type in `Type/id`, perhaps behind a server's address.
    pub(super) fn type_in(&self, text: &str) -> Option<TypeId> {
        let text = text.split("/_history/").next().unwrap_or(text);
        let mut parts = text.rsplit('/');
        let (_, name) = (parts.next()?, parts.next()?);
        self.own.definitions.type_id(name).filter(|&t| self.own.definitions.is_resource(t))
    }

    /// A reference by identifier may still name its type (references.html §2.3.0.5).
    fn logical_type(&mut self, node: NodeId, element: Option<&'a Element>) {
        let named = self.tree.child_text(node, "type").and_then(|t| self.own.definitions.type_id(t));
        let (Some(named), Some(element)) = (named, element.filter(|_| !self.layers_only)) else { return };
        if !element.targets.is_empty() && self.allows(named, &element.targets) == Some(false) {
            self.error("reference", node, "names a type that is not allowed here".into());
        }
    }

    /// The resource that a Reference points at, inside this document.
    pub(super) fn resolve(&self, node: NodeId) -> Option<NodeId> {
        match self.lead(node, self.tree.child_text(node, "reference")?) {
            Lead::To(target) | Lead::Several(target) => Some(target),
            Lead::Beside | Lead::Nowhere => None,
        }
    }

    fn lead(&self, node: NodeId, text: &str) -> Lead {
        match text.strip_prefix('#') {
            Some(id) => self.contained(node, id).map_or(Lead::Nowhere, Lead::To),
            None => self.lead_out(node, text),
        }
    }

    /// `#id` in the resource that contains the node; `#` alone is that resource.
    fn contained(&self, node: NodeId, id: &str) -> Option<NodeId> {
        let outer = self.container(node)?;
        if id.is_empty() {
            return Some(outer);
        }
        self.bundle(outer).contained(outer, id)
    }

    /// The nearest resource around the node that is not itself contained.
    pub(super) fn container(&self, node: NodeId) -> Option<NodeId> {
        let is = |n: &NodeId| {
            self.own.definitions.is_resource(self.tree.type_of(*n)) && self.tree.name(*n) != "contained"
        };
        std::iter::successors(Some(node), |n| self.tree.parent(*n)).find(is)
    }
}
