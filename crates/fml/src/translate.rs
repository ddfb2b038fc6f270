//! Concept maps as tables, and looking codes up in them.
//!
//! The closest relation wins, in the order of [`Equivalence`]'s rank; among equals the target whose
//! dependencies were given, then the one written first. Invariants: a code without a usable target is
//! a fault unless `unmapped` of its group says otherwise; `unmatched` and `disjoint` are no
//! translation, and no `unmapped` undoes them; a target that depends on a property counts only where
//! the property was given with that value. Deliberately absent: versions of code systems, hierarchies.

mod resource;
mod text;

use crate::ast::Equivalence;
use crate::diagnostic::{Diagnostic, Source};
use crate::fault::Cause;
use fhir::Tree;
use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::sync::Arc;

pub(crate) use resource::{concepts, equivalence, equivalence_word, resource, table};
pub(crate) use text::embedded;

/// A concept map.
#[derive(Debug, Default)]
pub(crate) struct Table {
    pub url: String,
    pub groups: Vec<TableGroup>,
}

#[derive(Debug, Default)]
pub(crate) struct TableGroup {
    pub source: Option<String>,
    pub target: Option<String>,
    pub codes: HashMap<String, Vec<Target>>,
    pub unmapped: Unmapped,
}

#[derive(Debug, Default)]
pub(crate) enum Unmapped {
    #[default]
    Fault,
    Provided,
    Fixed(String, Option<String>),
    Other(String),
}

#[derive(Debug)]
pub(crate) struct Target {
    pub code: String,
    pub display: Option<String>,
    pub equivalence: Equivalence,
    pub depends: Vec<Product>,
    pub products: Vec<Product>,
}

/// A value of another element: what a translation depends on, or what it brings besides its code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Product {
    /// The element, as the concept map names it.
    pub property: String,
    /// The code system of the value, where it is a code.
    pub system: Option<String>,
    /// The value.
    pub value: String,
    /// Its display.
    pub display: Option<String>,
}

/// What is to be translated.
#[derive(Clone, Copy, Default, Debug)]
pub struct Query<'a> {
    /// The code.
    pub code: &'a str,
    /// Its code system; nothing asks all groups.
    pub system: Option<&'a str>,
    /// The code system wanted; nothing takes any.
    pub target: Option<&'a str>,
    /// Values of other elements: property, system, value.
    pub properties: &'a [(&'a str, Option<&'a str>, &'a str)],
}

/// What a code was translated to, and what led there.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Translation {
    /// The code's system, where the concept map names it.
    pub system: Option<String>,
    /// The code.
    pub code: String,
    /// Its display, where the concept map has one.
    pub display: Option<String>,
    /// How the target relates to the source; nothing for an answer of `unmapped`.
    pub equivalence: Option<Equivalence>,
    /// The concept map that answered: the one asked, or one that it sends unmapped codes to.
    pub map: String,
    /// The group of that concept map, from 0.
    pub group: usize,
    /// Values for other elements.
    pub products: Vec<Product>,
}

/// Why there is no translation. No values of messages.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TranslateFault {
    /// `unknown-concept-map`, `unmapped-code` or `concept-depends`.
    pub code: &'static str,
    /// What happened.
    pub message: String,
}

impl fmt::Display for TranslateFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for TranslateFault {}

/// Concept maps by address, to be asked without a map.
#[derive(Default)]
pub struct Translator {
    pub(crate) tables: BTreeMap<String, Arc<Table>>,
}

impl Translator {
    /// Without concept maps.
    pub fn new() -> Translator {
        Translator::default()
    }

    /// Takes in a ConceptMap resource (R4, or R5's relationships) and returns its address.
    pub fn add(&mut self, file: &str, tree: &Tree) -> Result<String, Vec<Diagnostic>> {
        let table = resource(file, tree)?;
        let url = table.url.clone();
        if self.tables.contains_key(&url) {
            let source = Source::new(file, tree.source());
            let message = "the library already has a concept map with this address";
            return Err(vec![source.error(Default::default(), "concept-map-twice", message)]);
        }
        self.tables.insert(url.clone(), Arc::new(table));
        Ok(url)
    }

    /// The addresses of the concept maps.
    pub fn urls(&self) -> impl Iterator<Item = &str> {
        self.tables.keys().map(String::as_str)
    }

    /// The closest translation of a code by the concept map of this address.
    pub fn translate(&self, url: &str, query: &Query<'_>) -> Result<Translation, TranslateFault> {
        let mut all = self.all(url, query)?;
        Ok(all.swap_remove(0))
    }

    /// All translations, the closest first; there is at least one.
    pub fn all(&self, url: &str, query: &Query<'_>) -> Result<Vec<Translation>, TranslateFault> {
        let Some(table) = self.tables.get(url) else {
            let message = format!("there is no concept map `{url}`");
            return Err(TranslateFault { code: "unknown-concept-map", message });
        };
        let fault = |cause: Cause| TranslateFault { code: cause.code, message: cause.message };
        table.all(query, &self.tables).map_err(fault)
    }
}

impl fmt::Debug for Translator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Translator with {} concept maps", self.tables.len())
    }
}

/// How often one table may send to another before it is taken for a circle.
pub(crate) const FURTHEST: usize = 8;

impl Table {
    /// The closest translation.
    pub fn translate(
        &self,
        query: &Query<'_>,
        tables: &BTreeMap<String, Arc<Table>>,
    ) -> Result<Translation, Cause> {
        self.all(query, tables).map(|mut all| all.swap_remove(0))
    }

    /// All translations, the closest first.
    fn all(
        &self,
        query: &Query<'_>,
        tables: &BTreeMap<String, Arc<Table>>,
    ) -> Result<Vec<Translation>, Cause> {
        let mut table = self;
        for _ in 0..FURTHEST {
            match table.step(query)? {
                Step::Found(all) => return Ok(all),
                Step::Ask(url) => {
                    let missing = || Cause::new("unmapped-code", "the next concept map is not there");
                    table = tables.get(url).ok_or_else(missing)?;
                }
            }
        }
        Err(Cause::new("unmapped-code", "the concept maps send from one to another without end"))
    }

    fn step<'s>(&'s self, query: &Query<'_>) -> Result<Step<'s>, Cause> {
        let asked = |has: &Option<String>, wanted: Option<&str>| {
            has.as_deref().zip(wanted).is_none_or(|(has, wanted)| has == wanted)
        };
        let groups = || {
            let all = self.groups.iter().enumerate();
            all.filter(|(_, g)| asked(&g.source, query.system) && asked(&g.target, query.target))
        };
        let mut found: Vec<(u8, usize, Translation)> = Vec::new();
        let (mut denied, mut missing) = (false, Vec::new());
        for (index, group) in groups() {
            for target in group.codes.get(query.code).map(Vec::as_slice).unwrap_or_default() {
                match target.applies(query) {
                    Applies::Yes if rank(target.equivalence) >= NO_MATCH => denied = true,
                    Applies::Yes => {
                        let key = (rank(target.equivalence), usize::MAX - target.depends.len());
                        found.push((key.0, key.1, self.translation(index, group, target)));
                    }
                    Applies::No => {}
                    Applies::Missing(property) => missing.push(property),
                }
            }
        }
        if !found.is_empty() {
            found.sort_by_key(|f| (f.0, f.1));
            return Ok(Step::Found(found.into_iter().map(|f| f.2).collect()));
        }
        if let Some(property) = missing.first() {
            let message = format!("the code's translation depends on `{property}`, which was not given");
            return Err(Cause::new("concept-depends", message));
        }
        if denied {
            let message = "the concept map says that the code has no translation";
            return Err(Cause::new("unmapped-code", message));
        }
        let Some((index, group)) = groups().find(|(_, g)| !matches!(g.unmapped, Unmapped::Fault)) else {
            return Err(Cause::new("unmapped-code", "the concept map has no translation for the code"));
        };
        let mut answer = Translation { map: self.url.clone(), group: index, ..Translation::default() };
        match &group.unmapped {
            Unmapped::Other(url) => return Ok(Step::Ask(url)),
            Unmapped::Fixed(code, display) => {
                (answer.code, answer.display) = (code.clone(), display.clone());
                answer.system = group.target.clone();
            }
            Unmapped::Provided | Unmapped::Fault => {
                answer.code = query.code.to_string();
                answer.system = query.system.map(str::to_string).or_else(|| group.source.clone());
            }
        }
        Ok(Step::Found(vec![answer]))
    }

    fn translation(&self, index: usize, group: &TableGroup, target: &Target) -> Translation {
        Translation {
            system: group.target.clone(),
            code: target.code.clone(),
            display: target.display.clone(),
            equivalence: Some(target.equivalence),
            map: self.url.clone(),
            group: index,
            products: target.products.clone(),
        }
    }

    /// The addresses of the tables that this one sends unmapped codes to.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().filter_map(|g| match &g.unmapped {
            Unmapped::Other(url) => Some(url.as_str()),
            _ => None,
        })
    }

    /// The properties that targets depend on.
    pub fn properties(&self) -> impl Iterator<Item = &str> {
        let targets = self.groups.iter().flat_map(|g| g.codes.values().flatten());
        targets.flat_map(|t| t.depends.iter().map(|d| d.property.as_str()))
    }

    /// The properties that targets bring values for.
    pub fn products(&self) -> impl Iterator<Item = &str> {
        let targets = self.groups.iter().flat_map(|g| g.codes.values().flatten());
        targets.flat_map(|t| t.products.iter().map(|p| p.property.as_str()))
    }

    /// The group of these systems; without target system, the first of this source.
    fn group(&mut self, source: Option<String>, target: Option<String>) -> &mut TableGroup {
        let same = |g: &TableGroup| g.source == source && (g.target == target || target.is_none());
        let index = self.groups.iter().position(same).unwrap_or_else(|| {
            self.groups.push(TableGroup { source, target, ..TableGroup::default() });
            self.groups.len() - 1
        });
        &mut self.groups[index]
    }
}

enum Step<'s> {
    Found(Vec<Translation>),
    Ask(&'s str),
}

enum Applies<'s> {
    Yes,
    No,
    Missing(&'s str),
}

impl Target {
    /// Does everything hold that the target depends on?
    fn applies(&self, query: &Query<'_>) -> Applies<'_> {
        let mut missing = None;
        for wanted in &self.depends {
            let given = query.properties.iter().filter(|p| p.0 == wanted.property);
            let (mut any, mut holds) = (false, false);
            for (_, system, value) in given {
                any = true;
                let systems = wanted.system.as_deref().zip(*system);
                holds |= *value == wanted.value && systems.is_none_or(|(a, b)| a == b);
            }
            match (any, holds) {
                (true, false) => return Applies::No,
                (false, _) => missing = missing.or(Some(wanted.property.as_str())),
                _ => {}
            }
        }
        missing.map_or(Applies::Yes, Applies::Missing)
    }
}

/// The address of another concept map; `#id` stands beside this one in the same map.
fn address(own: &str, other: &str) -> String {
    match (other.strip_prefix('#'), own.split_once('#')) {
        (Some(id), Some((map, _))) => format!("{map}#{id}"),
        _ => other.to_string(),
    }
}

const NO_MATCH: u8 = 8;

/// Closest first.
fn rank(equivalence: Equivalence) -> u8 {
    match equivalence {
        Equivalence::Equal => 0,
        Equivalence::Equivalent => 1,
        Equivalence::RelatedTo => 2,
        Equivalence::Wider => 3,
        Equivalence::Subsumes => 4,
        Equivalence::Narrower => 5,
        Equivalence::Specializes => 6,
        Equivalence::Inexact => 7,
        Equivalence::Unmatched | Equivalence::Disjoint => NO_MATCH,
    }
}
