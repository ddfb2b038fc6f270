//! Profiles: StructureDefinitions that constrain, compiled into rules once, at load.
//!
//! A profile's rules are its own differential laid over those of the profile it is derived from;
//! what the base type itself demands stays in the definitions and is checked beside them. The two
//! together say what a snapshot says.
//!
//! Invariant: a profile that is loaded is whole: its base is known and every path exists. Deliberately
//! absent: files and network (the caller brings trees), and the writing of snapshots.

mod build;
mod canonical;
mod context;
mod limit;
mod rule;

pub(crate) use canonical::condition;
use canonical::{CANONICALS, Canonical};
pub(crate) use context::Context;
pub(crate) use rule::{How, Rule, Slicing, Step, TypeRule, steps};

use crate::definitions::logical::fault;
use crate::definitions::{Definitions, Invariant};
use crate::finding::Finding;
use crate::names::NameMap;
use crate::terms::unversioned;
use crate::tree::{NodeRef, Tree, TypeId};
use std::collections::HashMap;

/// One profile, compiled.
#[derive(Debug)]
pub(crate) struct Profile {
    pub(crate) ty: TypeId,
    pub(crate) root: Rule,
    /// Where an extension may stand; empty: anywhere.
    pub(crate) contexts: Vec<Context>,
    /// What must hold of the element that an extension stands in.
    pub(crate) context_invariants: Vec<Invariant>,
    /// Is it an extension that modifies what it stands in?
    pub(crate) modifier: bool,
}

/// The definitions together with the profiles and value sets loaded on top of them.
#[derive(Debug)]
pub struct Profiles {
    pub(crate) definitions: Definitions,
    profiles: NameMap<Profile>,
    invariants: Vec<Invariant>,
    pub(crate) types: Types,
    /// Resources that instances name and are judged by, by URL: questionnaires and measures.
    canonicals: NameMap<Canonical>,
}

/// Types that validation treats specially, looked up once.
#[derive(Debug)]
pub(crate) struct Types {
    pub(crate) resource: TypeId,
    pub(crate) extension: TypeId,
    pub(crate) reference: TypeId,
    pub(crate) bundle: TypeId,
    pub(crate) coding: TypeId,
    pub(crate) concept: TypeId,
    pub(crate) quantity: TypeId,
    /// The kinds of text that may point at a contained resource as `#id`.
    pub(crate) pointing: [TypeId; 3],
    pub(crate) attachment: TypeId,
    /// The primitive types that may be bound to a value set, and what derives from them.
    pub(crate) coded: [TypeId; 2],
    /// The types of text that people read.
    pub(crate) texts: [TypeId; 2],
}

impl Profiles {
    /// Compiles StructureDefinitions that constrain, and takes in ValueSets and CodeSystems and
    /// logical models, and the questionnaires and measures that answers and reports name; other resources are passed over. The order of the trees does not matter.
    ///
    /// # Errors
    /// Findings with code `definition`, each with the profile's URL before its place: a base that is
    /// not loaded, a path that does not exist, an unknown type. Then nothing is loaded.
    pub fn load(definitions: &Definitions, trees: &[Tree]) -> Result<Profiles, Vec<Finding>> {
        let mut definitions = definitions.clone();
        let kind = |t: &&Tree, name: &str| t.child_text(t.root(), "resourceType") == Some(name);
        let mut faults = Vec::new();
        for tree in trees.iter().filter(|t| kind(t, "CodeSystem")) {
            definitions.terms_mut().add_code_system(tree);
        }
        for tree in trees.iter().filter(|t| kind(t, "ValueSet")) {
            definitions.terms_mut().add_value_set(tree);
        }
        let mut canonicals = NameMap::default();
        for tree in trees.iter().filter(|t| CANONICALS.iter().any(|name| kind(t, name))) {
            let Some(url) = tree.child_text(tree.root(), "url") else { continue };
            let contained = tree.at(tree.root()).all("contained");
            for set in contained.filter(|c| c.child_text("resourceType") == Some("ValueSet")) {
                let id = set.child_text("id").unwrap_or_default();
                definitions.terms_mut().add_value_set_as(set, &format!("{url}#{id}"));
            }
            canonicals.insert(url.into(), Canonical::of(tree));
        }
        let structures: Vec<&Tree> = trees.iter().filter(|t| kind(t, "StructureDefinition")).collect();
        let (constraints, own): (Vec<&Tree>, Vec<&Tree>) =
            structures.into_iter().partition(|t| constrains(&definitions, t.at(t.root())));
        if let Err(mut more) = definitions.load_types(&own) {
            faults.append(&mut more);
        }
        let types = Types::of(&definitions);
        let mut all =
            Profiles { definitions, profiles: NameMap::default(), invariants: Vec::new(), types, canonicals };
        all.add_quantities();
        all.compile(&constraints, &mut faults);
        all.number();
        if faults.is_empty() { Ok(all) } else { Err(faults) }
    }

    /// The definitions, with logical models and value sets that were loaded.
    pub fn definitions(&self) -> &Definitions {
        &self.definitions
    }

    /// Every invariant of the types and profiles, and every condition of a questionnaire, once, each at the place that is its `number`.
    pub fn invariants(&self) -> &[Invariant] {
        &self.invariants
    }

    /// Numbers the invariants: the same rule has the same number wherever it is stated.
    fn number(&mut self) {
        let mut known: HashMap<(Box<str>, Box<str>), u32> = HashMap::new();
        let mut all = Vec::new();
        let mut give = |invariant: &mut Invariant| {
            let key = (invariant.key.clone(), invariant.expression.clone());
            invariant.number = *known.entry(key).or_insert(all.len() as u32);
            if invariant.number as usize == all.len() {
                all.push(invariant.clone());
            }
        };
        self.definitions.all_invariants_mut().for_each(&mut give);
        self.profiles.values_mut().for_each(|p| p.seal(&mut give));
        self.canonicals.values_mut().flat_map(|c| c.conditions.values_mut()).for_each(&mut give);
        self.invariants = all;
    }

    /// Is a profile with this canonical URL loaded?
    pub fn knows(&self, url: &str) -> bool {
        self.find(url).is_some()
    }

    /// The URLs of the profiles loaded, sorted.
    pub fn urls(&self) -> Vec<&str> {
        let mut urls: Vec<&str> = self.profiles.keys().map(|u| &**u).collect();
        urls.sort_unstable();
        urls
    }

    /// The resource of this type that the canonical address means, if it is loaded in that version.
    pub(crate) fn canonical(&self, kind: &str, url: &str) -> Option<NodeRef<'_>> {
        let tree = &self.canonicals.get(unversioned(url))?.tree;
        let root = tree.at(tree.root());
        let version = url.split_once('|').map(|(_, version)| version);
        let same = version.is_none() || version == root.child_text("version");
        (same && root.child_text("resourceType") == Some(kind)).then_some(root)
    }

    /// The condition in FHIRPath on which the item of a questionnaire that is loaded is asked.
    pub(crate) fn condition(&self, questionnaire: &str, item: NodeRef<'_>) -> Option<&Invariant> {
        let own = self.canonicals.get(questionnaire).filter(|c| std::ptr::eq(&c.tree, item.tree))?;
        own.conditions.get(&item.id)
    }

    pub(crate) fn find(&self, url: &str) -> Option<&Profile> {
        self.profiles.get(unversioned(url))
    }

    /// Compiles in rounds: each profile after the one it is derived from.
    fn compile(&mut self, trees: &[&Tree], faults: &mut Vec<Finding>) {
        let mut waiting: Vec<NodeRef<'_>> = trees.iter().map(|t| t.at(t.root())).collect();
        loop {
            let before = waiting.len();
            let mut later = Vec::new();
            for root in waiting {
                let url = root.child_text("url").unwrap_or_default();
                match self.start(root) {
                    None => later.push(root),
                    Some((ty, rule)) => {
                        let rule = build::differential(&self.definitions, root, ty, rule, faults);
                        self.profiles.insert(url.into(), Profile::of(root, ty, rule));
                    }
                }
            }
            waiting = later;
            if waiting.is_empty() || waiting.len() == before {
                break;
            }
        }
        for root in waiting {
            faults.push(fault(root, "its baseDefinition or type is not known; load the definition it names"));
        }
    }

    /// What loading the profile at `root` would tell of its elements; `None` where its base is not loaded.
    pub(crate) fn faults_of(&self, root: NodeRef<'_>) -> Option<Vec<Finding>> {
        let (ty, rule) = self.start(root)?;
        let mut faults = Vec::new();
        build::differential(&self.definitions, root, ty, rule, &mut faults);
        Some(faults)
    }

    /// Where a profile's rules start from: its base's rules, or none for a type.
    fn start(&self, root: NodeRef<'_>) -> Option<(TypeId, Rule)> {
        let base = unversioned(root.child_text("baseDefinition")?);
        if let Some(profile) = self.profiles.get(base) {
            return Some((profile.ty, profile.root.clone()));
        }
        let ty = self.definitions.type_id(base)?;
        Some((ty, Rule::default()))
    }

    /// The two profiles of Quantity that R4's own elements name; both forbid the comparator
    /// (datatypes.html §2.24.0.10).
    fn add_quantities(&mut self) {
        for name in ["SimpleQuantity", "MoneyQuantity"] {
            let url = format!("http://hl7.org/fhir/StructureDefinition/{name}");
            let mut root = Rule::default();
            root.child_mut("comparator").max = Some(Some(0));
            let ty = self.types.quantity;
            self.profiles.insert(url.as_str().into(), Profile::plain(ty, root));
        }
    }
}

/// Does the StructureDefinition constrain a type? Some say that they specialise one and give it no name
/// of its own; taken at their word they would take the place of the type itself.
fn constrains(definitions: &Definitions, root: NodeRef<'_>) -> bool {
    let named = root.child_text("type").filter(|_| root.child_text("kind") != Some("logical"));
    let known = named.and_then(|name| definitions.type_id(name));
    let itself = known.is_some() && root.child_text("url").and_then(|url| definitions.type_id(url)) == known;
    root.child_text("derivation") == Some("constraint") || (known.is_some() && !itself)
}

impl Types {
    fn of(definitions: &Definitions) -> Types {
        let id = |name| definitions.type_id(name).unwrap_or(TypeId::NONE);
        Types {
            resource: id("Resource"),
            extension: id("Extension"),
            reference: id("Reference"),
            bundle: id("Bundle"),
            coding: id("Coding"),
            concept: id("CodeableConcept"),
            quantity: id("Quantity"),
            pointing: [id("canonical"), id("uri"), id("url")],
            attachment: id("Attachment"),
            coded: [id("string"), id("uri")],
            texts: [id("string"), id("markdown")],
        }
    }
}
