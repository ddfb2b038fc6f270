//! Validation of a resource (or a foreign document) against its type and profiles.
//!
//! One walk from the root down. At every node the base type's definition is checked, and beside it
//! every profile rule that applies there (`layers`): rules of the profile asked for, of profiles
//! that types and `meta.profile` name, and of the slices that the node falls into.
//!
//! Codes of findings: `type` (JSON shape or type), `unknown-element`, `cardinality`, `empty`,
//! `primitive-format`, `max-length`, `fixed`, `pattern`, `slice`, `binding`, `code`, `display`,
//! `reference`, `profile`, `extension`, `invariant`, `bundle`, `attachment`, `questionnaire`, `measure`, `definition`, `markup`,
//! `depth`, `too-many`.
//!
//! Invariants: all findings at once, ordered by place; no value of the document in any of them; what
//! cannot be checked here is told as such, never passed in silence. Deliberately absent: the
//! evaluation of FHIRPath (the caller plugs an engine in) and repairing anything.

mod attachment;
mod bundle;
mod bundles;
mod cause;
mod children;
mod conforms;
mod contained;
mod cql;
mod definition;
mod discriminator;
mod entries;
mod extension;
mod invariant;
mod links;
mod markup;
mod measure;
mod order;
mod policy;
mod profiles;
mod questionnaire;
mod reference;
mod slice;
mod tell;
mod value;
mod walk;
mod words;

use crate::definitions::{Element, Invariant};
use crate::finding::{Finding, Severity};
use crate::profile::{Profiles, Rule};
use crate::tree::{NodeId, NodeRef, Tree, TypeId};
use conforms::Question;
pub use policy::Policy;
use smallvec::SmallVec;
use std::collections::HashMap;

/// The rules that apply at a node: seldom more than four.
type Layers<'a> = SmallVec<[&'a Rule; 4]>;

/// A few nodes, without allocation.
type Nodes = SmallVec<[NodeId; 4]>;

/// Decides an invariant at a node: true, false, or `None` where the engine cannot tell.
pub type Holds<'a> = dyn Fn(&Invariant, NodeRef<'_>) -> Option<bool> + 'a;

/// Errors beyond this many are not collected, and neither are other findings; the last one says so.
const MOST_FINDINGS: usize = 1000;
/// Deeper nodes are not looked at; the readers' limits are stricter.
const DEEPEST: usize = 200;

/// References are followed this far at once when asking whether a target conforms to a profile.
const LONGEST_CHAIN: usize = 16;

impl Profiles {
    /// Validates an annotated tree against a profile (by canonical URL) or a type (by name or URL),
    /// without evaluating invariants in FHIRPath.
    pub fn validate(&self, tree: &Tree, profile: &str) -> Vec<Finding> {
        self.run(tree, profile, &Policy::default(), None)
    }

    /// As [`Profiles::validate`], and asks `holds` about every invariant of the types and profiles.
    /// Where it answers `None` the finding is `not_checkable`.
    pub fn validate_with(&self, tree: &Tree, profile: &str, holds: &Holds<'_>) -> Vec<Finding> {
        self.run(tree, profile, &Policy::default(), Some(holds))
    }

    /// As [`Profiles::validate_with`], where the caller decides what R4 leaves to it.
    pub fn validate_by(
        &self,
        tree: &Tree,
        profile: &str,
        policy: &Policy,
        holds: &Holds<'_>,
    ) -> Vec<Finding> {
        self.run(tree, profile, policy, Some(holds))
    }

    fn run<'a>(
        &'a self,
        tree: &'a Tree,
        url: &str,
        policy: &'a Policy,
        holds: Option<&'a Holds<'a>>,
    ) -> Vec<Finding> {
        let mut run = Run {
            own: self,
            tree,
            policy,
            holds,
            findings: Vec::new(),
            depths: Vec::new(),
            below: 0,
            path: Vec::new(),
            bundles: bundles::Bundles::of(self, tree),
            memo: HashMap::new(),
            later: Vec::new(),
            links: HashMap::new(),
            layers_only: false,
            placed: true,
            doubts: 0,
            open: conforms::Open::default(),
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
    policy: &'a Policy,
    holds: Option<&'a Holds<'a>>,
    findings: Vec<Finding>,
    /// How deep the walk was at each finding.
    depths: Vec<usize>,
    /// How many of them are below an error.
    below: usize,
    /// From the root to the node being checked, with the index where it is in a list.
    path: Vec<(NodeId, Option<u32>)>,
    bundles: bundles::Bundles<'a>,
    /// Does a resource conform to a profile? Asked by references, answered once.
    memo: HashMap<Question, Option<bool>>,
    /// References, looked at when the walk has judged what they may point at.
    later: Vec<(NodeId, Option<&'a Element>, Layers<'a>)>,
    /// Which resource refers to which, by the document that they are in.
    links: HashMap<NodeId, Vec<(NodeId, NodeId)>>,
    /// Check the layers alone: the base is checked at the node's own place.
    layers_only: bool,
    /// Do findings need their places?
    placed: bool,
    /// How often something that might have been an error could not be checked.
    doubts: usize,
    /// The questions of conformance that are open.
    open: conforms::Open<'a>,
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
            None if ty == TypeId::NONE => {
                let what = "the document's own type is not known; set resourceType to an R4 resource";
                self.error("type", root, what.into());
            }
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
            for bundle in self.bundles.places(self.tree) {
                entries::check(self, bundle);
            }
        }
    }
}
