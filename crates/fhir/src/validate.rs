//! Validation of a resource (or a foreign document) against its type and profiles.
//!
//! One walk from the root down. At every node the base type's definition is checked, and beside it
//! every profile rule that applies there (`layers`): rules of the profile asked for, of profiles
//! that types and `meta.profile` name, and of the slices that the node falls into.
//!
//! Codes of findings: `type` (JSON shape or type), `unknown-element`, `cardinality`, `empty`,
//! `primitive-format`, `max-length`, `fixed`, `pattern`, `slice`, `binding`, `reference`, `profile`,
//! `extension`, `invariant`, `bundle`, `depth`, `too-many`.
//!
//! Invariants: all findings at once, ordered by place; no value of the document in any of them; what
//! cannot be checked here is told as such, never passed in silence. Deliberately absent: the
//! evaluation of FHIRPath (the caller plugs an engine in) and repairing anything.

mod bundle;
mod children;
mod reference;
mod slice;
mod value;

use crate::definitions::{Element, Invariant, Quick};
use crate::finding::{Finding, Severity, shown};
use crate::profile::{Profile, Profiles, Rule};
use crate::terms::unversioned;
use crate::tree::{Kind, NodeId, NodeRef, Span, Tree, TypeId};
use crate::{primitive, terms};
use smallvec::{SmallVec, smallvec};
use std::collections::HashMap;

/// The rules that apply at a node: seldom more than four.
type Layers<'a> = SmallVec<[&'a Rule; 4]>;

/// A few nodes, without allocation.
type Nodes = SmallVec<[NodeId; 4]>;

/// Decides an invariant at a node: true, false, or `None` where the engine cannot tell.
pub type Holds<'a> = dyn Fn(&Invariant, NodeRef<'_>) -> Option<bool> + 'a;

/// Findings beyond this many are not collected; the last one says so.
const MOST_FINDINGS: usize = 1000;
/// Deeper nodes are not looked at; the readers' limits are stricter.
const DEEPEST: usize = 200;

/// References are followed this far when asking whether a target conforms to a profile.
const LONGEST_CHAIN: u32 = 16;

impl Profiles {
    /// Validates an annotated tree against a profile (by canonical URL) or a type (by name or URL),
    /// without evaluating invariants in FHIRPath.
    pub fn validate(&self, tree: &Tree, profile: &str) -> Vec<Finding> {
        self.run(tree, profile, None)
    }

    /// As [`Profiles::validate`], and asks `holds` about every invariant of the types and profiles.
    /// Where it answers `None` the finding is `not_checkable`.
    pub fn validate_with(&self, tree: &Tree, profile: &str, holds: &Holds<'_>) -> Vec<Finding> {
        self.run(tree, profile, Some(holds))
    }

    fn run<'a>(&'a self, tree: &'a Tree, url: &str, holds: Option<&'a Holds<'a>>) -> Vec<Finding> {
        let mut run = Run {
            own: self,
            tree,
            holds,
            findings: Vec::new(),
            path: Vec::new(),
            bundle: bundle::Index::of(self, tree),
            memo: HashMap::new(),
            later: Vec::new(),
            layers_only: false,
            asking: 0,
        };
        run.start(url);
        let mut findings = run.findings;
        findings.sort_by_key(|f| (f.span.start, f.severity));
        let mut seen = std::collections::HashSet::new();
        findings.retain(|f| seen.insert((f.code, f.place.clone(), f.message.clone())));
        findings
    }
}

/// One validation under way.
struct Run<'a> {
    own: &'a Profiles,
    tree: &'a Tree,
    holds: Option<&'a Holds<'a>>,
    findings: Vec<Finding>,
    /// From the root to the node being checked, with the index where it is in a list.
    path: Vec<(NodeId, Option<u32>)>,
    bundle: bundle::Index<'a>,
    /// Does a resource conform to a profile? Asked by references, answered once.
    memo: HashMap<(NodeId, RuleId), bool>,
    /// References, looked at when the walk has judged what they may point at.
    later: Vec<(NodeId, Option<&'a Element>, Layers<'a>)>,
    /// Check the layers alone: the base is checked at the node's own place.
    layers_only: bool,
    /// How many questions of conformance are being answered inside each other.
    asking: u32,
}

impl<'a> Run<'a> {
    fn start(&mut self, url: &str) {
        let root = self.tree.root();
        let ty = self.tree.type_of(root);
        self.path.push((root, None));
        let own = self.own;
        let mut layers = Layers::new();
        let expected = match own.find(url) {
            Some(profile) => {
                layers.push(&profile.root);
                Some(profile.ty)
            }
            None => own.definitions.type_id(url),
        };
        match expected {
            None => {
                let what =
                    "the profile or type to validate against is not loaded here; load it or correct its name";
                self.keep("profile", Severity::Error, root, what.into(), true);
            }
            Some(e) if ty == TypeId::NONE => {
                let what = format!(
                    "expected a {}, but the document's own type is not known",
                    own.definitions.type_name(e)
                );
                self.error("type", root, what);
            }
            Some(e) if !own.definitions.is_a(ty, e) => {
                let (want, is) = (own.definitions.type_name(e), own.definitions.type_name(ty));
                self.error("type", root, format!("expected a {want}, found a {is}"));
            }
            _ => {}
        }
        if ty != TypeId::NONE {
            self.node(root, ty, None, layers);
            for (node, element, layers) in std::mem::take(&mut self.later) {
                self.reference(node, element, &layers);
            }
            bundle::check(self);
        }
    }

    /// Checks one node: `element` is what its parent's type says of it, `layers` what profiles say.
    fn node(&mut self, node: NodeId, ty: TypeId, element: Option<&'a Element>, mut layers: Layers<'a>) {
        if self.layers_only && layers.is_empty() {
            return;
        }
        self.add_profiles(node, ty, &mut layers);
        let definitions = &self.own.definitions;
        let before = self.findings.len();
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
        let sound = !self.findings[before..].iter().any(|f| f.severity == Severity::Error);
        if sound {
            self.invariants(node, ty, element, &layers);
        }
        if !self.layers_only && definitions.is_resource(ty) {
            self.remember(node, &layers, before);
        }
    }

    /// A resource without error conforms to all that was asked of it: a reference to it need not ask
    /// again. What is wrong in what it refers to itself is told there.
    fn remember(&mut self, node: NodeId, layers: &Layers<'a>, before: usize) {
        if !self.findings[before..].iter().any(|f| f.severity == Severity::Error) {
            self.memo.extend(layers.iter().map(|rule| ((node, id_of(rule)), true)));
        }
    }

    /// Adds the rules of profiles that the node itself names: an extension's URL, `meta.profile`.
    fn add_profiles(&mut self, node: NodeId, ty: TypeId, layers: &mut Layers<'a>) {
        let (tree, own) = (self.tree, self.own);
        if ty == own.types.extension {
            let Some(url) = tree.child_text(node, "url") else { return };
            match own.find(url) {
                Some(profile) => add(layers, &profile.root),
                None if url.contains(':') && !self.layers_only => self.unknown_extension(node),
                None => {}
            }
        } else if own.definitions.is_resource(ty) && !self.layers_only {
            let Some(meta) = tree.child(node, "meta") else { return };
            for claim in tree.at(meta).all("profile") {
                let Some(url) = claim.text() else { continue };
                match own.find(url) {
                    Some(profile) if own.definitions.is_a(ty, profile.ty) => add(layers, &profile.root),
                    Some(_) => {
                        self.error("profile", claim.id, "meta.profile names a profile of another type".into())
                    }
                    None if own.definitions.type_id(url) == Some(ty) => {}
                    None => self.unsure(
                        "profile",
                        claim.id,
                        "meta.profile names a profile that is not loaded here",
                    ),
                }
            }
        }
    }

    fn unknown_extension(&mut self, node: NodeId) {
        let modifier = self.tree.name(node) == "modifierExtension";
        let severity = if modifier { Severity::Warning } else { Severity::Information };
        let what = "the extension's definition is not loaded here; its content was checked by type only";
        self.keep("extension", severity, node, what.into(), true);
    }

    /// The shape and format of a primitive. False when there is no value to look at further.
    fn primitive(&mut self, node: NodeId, ty: TypeId, layers: &[&'a Rule]) -> bool {
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
        true
    }

    /// The shape of a node that has elements of its own. False when there is nothing to look into.
    fn object(&mut self, node: NodeId, ty: TypeId) -> bool {
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

    fn invariants(&mut self, node: NodeId, ty: TypeId, element: Option<&'a Element>, layers: &[&'a Rule]) {
        let Some(holds) = self.holds else { return };
        let definitions = &self.own.definitions;
        if !self.layers_only {
            let stated = element.map(|e| e.invariants.as_slice()).unwrap_or_default();
            let of_type = definitions.asks(ty).then(|| definitions.invariants(ty)).into_iter().flatten();
            for invariant in of_type.chain(stated) {
                self.invariant(node, invariant, holds);
            }
        }
        for rule in layers {
            for invariant in &rule.invariants {
                self.invariant(node, invariant, holds);
            }
        }
    }

    fn invariant(&mut self, node: NodeId, invariant: &Invariant, holds: &Holds<'_>) {
        if self.plain(node, invariant.quick) {
            return;
        }
        let severity = if invariant.error { Severity::Error } else { Severity::Warning };
        match holds(invariant, self.tree.at(node)) {
            Some(true) => {}
            Some(false) => {
                let what = format!("the rule {} does not hold: {}", invariant.key, invariant.expression);
                self.tell("invariant", severity, node, what);
            }
            None => self.unsure(
                "invariant",
                node,
                &format!("the rule {} could not be evaluated here", invariant.key),
            ),
        }
    }

    /// Does the invariant certainly hold, or is it checked elsewhere?
    fn plain(&self, node: NodeId, quick: Quick) -> bool {
        match quick {
            Quick::Ask => false,
            Quick::ByHand => true,
            Quick::Without(name) => self.tree.child(node, name).is_none(),
            Quick::With(name) => self.tree.child(node, name).is_some(),
            Quick::Unlike(name, part) => self
                .tree
                .child(node, name)
                .is_none_or(|c| self.tree.text(c).is_some_and(|t| !t.contains(part))),
        }
    }

    // ---- findings ----

    fn tell(&mut self, code: &'static str, severity: Severity, node: NodeId, message: String) {
        self.keep(code, severity, node, message, false);
    }

    fn error(&mut self, code: &'static str, node: NodeId, message: String) {
        self.tell(code, Severity::Error, node, message);
    }

    /// Records what could not be checked.
    fn unsure(&mut self, code: &'static str, node: NodeId, message: &str) {
        self.keep(code, Severity::Information, node, message.to_string(), true);
    }

    fn keep(
        &mut self,
        code: &'static str,
        severity: Severity,
        node: NodeId,
        message: String,
        not_checkable: bool,
    ) {
        if self.findings.len() < MOST_FINDINGS {
            // A finding that is only counted needs no place, which may cost a walk over siblings.
            let place = if self.layers_only { String::new() } else { self.place(node) };
            let span = self.tree.span(node);
            self.findings.push(Finding { code, severity, place, span, message, not_checkable });
        } else if self.findings.len() == MOST_FINDINGS {
            let message = format!("more than {MOST_FINDINGS} findings; the rest is not shown");
            let span = Span { start: u32::MAX, end: u32::MAX };
            self.findings.push(Finding::error("too-many", String::new(), span, message));
        }
    }

    /// The node's path: from the walk where the node is on it or just below, else from the tree.
    fn place(&self, node: NodeId) -> String {
        let on = self.path.iter().rposition(|(n, _)| *n == node);
        let Some(last) = on else {
            return crate::finding::place(self.tree, node);
        };
        let mut out = String::new();
        for (n, index) in &self.path[..=last] {
            if !out.is_empty() {
                out.push('.');
            }
            out.push_str(shown(self.tree.name(*n)));
            if let Some(i) = index {
                out.push_str(&format!("[{i}]"));
            }
        }
        out
    }

    /// Runs a check without keeping its findings, on the layers alone: are there no errors?
    fn quietly(&mut self, check: impl FnOnce(&mut Self)) -> bool {
        let kept = std::mem::take(&mut self.findings);
        let was = std::mem::replace(&mut self.layers_only, true);
        check(self);
        self.layers_only = was;
        let found = std::mem::replace(&mut self.findings, kept);
        !found.iter().any(|f| f.severity == Severity::Error)
    }

    /// Does the node conform to the profile, as far as the profile goes beyond its type? `None`:
    /// at the end of a chain of references too long to follow.
    fn conforms(&mut self, node: NodeId, profile: &'a Profile) -> Option<bool> {
        let key = (node, id_of(&profile.root));
        if let Some(&known) = self.memo.get(&key) {
            return Some(known);
        }
        if self.asking >= LONGEST_CHAIN {
            return None;
        }
        // Resources that refer to each other: while one is being asked about, it conforms.
        self.memo.insert(key, true);
        self.asking += 1;
        let ty = self.tree.type_of(node);
        let good = self.own.definitions.is_a(ty, profile.ty)
            && self.quietly(|run| run.node(node, ty, None, smallvec![&profile.root]));
        self.asking -= 1;
        self.memo.insert(key, good);
        Some(good)
    }

    /// Is the code in the value set? `None`: not decidable here.
    fn in_set(&self, set: &str, system: Option<&str>, code: &str) -> Option<bool> {
        let known: &terms::Terms = self.own.definitions.terms();
        known.contains(unversioned(set), system, code)
    }
}

/// A rule, by where it stands: profiles do not move while a document is validated.
type RuleId = usize;

fn id_of(rule: &Rule) -> RuleId {
    std::ptr::from_ref(rule).addr()
}

/// Adds a layer once.
fn add<'a>(layers: &mut Layers<'a>, rule: &'a Rule) {
    if !layers.iter().any(|r| std::ptr::eq(*r, rule)) {
        layers.push(rule);
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
