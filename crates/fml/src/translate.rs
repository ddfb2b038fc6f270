//! Concept maps as tables: embedded ones and ConceptMap resources, and looking codes up in them.
//!
//! Invariants: a code without a usable target is a fault unless the table's group says otherwise;
//! `unmatched` and `disjoint` are no translation; where several targets fit, the closest relation
//! wins, and among equals the one written first. Deliberately absent: `dependsOn` and `product`: a
//! target that has one is kept out, and a code that has only such targets is a fault of its own.

use crate::ast::{self, Equivalence, Name};
use crate::diagnostic::{Diagnostic, Source};
use crate::fault::Cause;
use crate::parse::place;
use fhir::{NodeRef, Tree};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// A concept map.
#[derive(Debug, Default)]
pub(crate) struct Table {
    groups: Vec<TableGroup>,
}

#[derive(Debug, Default)]
struct TableGroup {
    source: Option<String>,
    target: Option<String>,
    codes: HashMap<String, Vec<Target>>,
    unmapped: Unmapped,
}

#[derive(Debug, Default)]
enum Unmapped {
    #[default]
    Fault,
    Provided,
    Fixed(String, Option<String>),
    Other(String),
}

#[derive(Debug)]
struct Target {
    code: String,
    display: Option<String>,
    equivalence: Equivalence,
    conditional: bool,
}

/// What a code was translated to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Coding {
    pub system: Option<String>,
    pub code: String,
    pub display: Option<String>,
}

/// How often one table may send to another before it is taken for a circle.
const FURTHEST: usize = 8;

impl Table {
    /// The translation of a code; `None` as system means any.
    pub fn translate(
        &self,
        system: Option<&str>,
        code: &str,
        tables: &BTreeMap<String, Arc<Table>>,
    ) -> Result<Coding, Cause> {
        self.step(system, code, tables, 0)
    }

    fn step(
        &self,
        system: Option<&str>,
        code: &str,
        tables: &BTreeMap<String, Arc<Table>>,
        far: usize,
    ) -> Result<Coding, Cause> {
        let of_system = |g: &&TableGroup| match (system, &g.source) {
            (Some(asked), Some(has)) => asked == has,
            _ => true,
        };
        let mut conditional = false;
        for group in self.groups.iter().filter(of_system) {
            let Some(targets) = group.codes.get(code) else { continue };
            conditional |= targets.iter().any(|t| t.conditional);
            let usable = targets.iter().filter(|t| !t.conditional && rank(t.equivalence) < NO_MATCH);
            if let Some(best) = usable.min_by_key(|t| rank(t.equivalence)) {
                let (code, display) = (best.code.clone(), best.display.clone());
                return Ok(Coding { system: group.target.clone(), code, display });
            }
        }
        if conditional {
            return Err(Cause::new("concept-depends", "the code's translation depends on other elements"));
        }
        let Some(group) =
            self.groups.iter().filter(of_system).find(|g| !matches!(g.unmapped, Unmapped::Fault))
        else {
            return Err(Cause::new("unmapped-code", "the concept map has no translation for the code"));
        };
        match &group.unmapped {
            Unmapped::Fixed(code, display) => {
                Ok(Coding { system: group.target.clone(), code: code.clone(), display: display.clone() })
            }
            Unmapped::Other(url) => match tables.get(url) {
                Some(next) if far < FURTHEST => next.step(system, code, tables, far + 1),
                _ => {
                    Err(Cause::new("unmapped-code", "the concept maps send from one to another without end"))
                }
            },
            Unmapped::Provided | Unmapped::Fault => {
                let system = system.map(str::to_string).or_else(|| group.source.clone());
                Ok(Coding { system, code: code.to_string(), display: None })
            }
        }
    }

    /// The addresses of the tables that this one sends unmapped codes to.
    pub fn others(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().filter_map(|g| match &g.unmapped {
            Unmapped::Other(url) => Some(url.as_str()),
            _ => None,
        })
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

// ---- from the text form ----

/// A table from an embedded concept map.
pub(crate) fn embedded(map: &ast::ConceptMap, source: &Source, found: &mut Vec<Diagnostic>) -> Table {
    let mut table = Table::default();
    let mut system = |prefix: &Name| {
        let known = map.prefixes.iter().find(|(p, _)| p.text == prefix.text);
        if known.is_none() {
            let message = format!("the concept map has no prefix `{}`", prefix.text);
            let remedy = format!("add `prefix {} = \"…\"`", prefix.text);
            found.push(source.error(prefix.place, "unknown-prefix", message).with_remedy(remedy));
        }
        known.map(|(_, url)| url.text.clone())
    };
    for pair in &map.pairs {
        let from = system(&pair.source.0);
        let to = pair.target.as_ref().and_then(|(prefix, _)| system(prefix));
        let entry = table.group(from, to).codes.entry(pair.source.1.text.clone()).or_default();
        let code = pair.target.as_ref().map(|(_, code)| code.text.clone()).unwrap_or_default();
        entry.push(Target { code, display: None, equivalence: pair.equivalence, conditional: false });
    }
    for (prefix, mode) in &map.unmapped {
        let from = system(prefix);
        let index = table.groups.iter().position(|g| g.source == from).unwrap_or_else(|| {
            table.groups.push(TableGroup { source: from, ..TableGroup::default() });
            table.groups.len() - 1
        });
        table.groups[index].unmapped = match mode {
            ast::Unmapped::Provided => Unmapped::Provided,
            ast::Unmapped::Fixed(code) => Unmapped::Fixed(code.text.clone(), None),
            ast::Unmapped::Other(url) => Unmapped::Other(url.text.clone()),
        };
    }
    table
}

impl Table {
    fn group(&mut self, source: Option<String>, target: Option<String>) -> &mut TableGroup {
        let same = |g: &TableGroup| g.source == source && (g.target == target || target.is_none());
        let index = self.groups.iter().position(same).unwrap_or_else(|| {
            self.groups.push(TableGroup {
                source: source.clone(),
                target: target.clone(),
                ..TableGroup::default()
            });
            self.groups.len() - 1
        });
        &mut self.groups[index]
    }
}

// ---- from the resource ----

/// Address and table of an R4 ConceptMap resource.
pub(crate) fn resource(file: &str, tree: &Tree) -> Result<(String, Table), Vec<Diagnostic>> {
    let root = tree.at(tree.root());
    let reader = Reader { source: Source::new(file, tree.source()) };
    if root.child_text("resourceType") != Some("ConceptMap") {
        return Err(vec![reader.error(root, "not-a-concept-map", "the resource is no ConceptMap")]);
    }
    let Some(url) = root.child_text("url") else {
        let error = reader.error(root, "concept-map-without-url", "the concept map has no address");
        return Err(vec![error.with_remedy("give it a `url`")]);
    };
    let mut found = Vec::new();
    let groups = root.all("group").map(|g| reader.group(g, &mut found)).collect();
    match found.is_empty() {
        true => Ok((url.to_string(), Table { groups })),
        false => Err(found),
    }
}

struct Reader {
    source: Source,
}

impl Reader {
    fn error(&self, node: NodeRef<'_>, code: &'static str, message: &str) -> Diagnostic {
        let span = node.tree.span(node.id);
        self.source.error(place(span.start as usize, span.end as usize), code, message)
    }

    fn group(&self, group: NodeRef<'_>, found: &mut Vec<Diagnostic>) -> TableGroup {
        let text = |name: &str| group.child_text(name).map(str::to_string);
        let mut out = TableGroup { source: text("source"), target: text("target"), ..TableGroup::default() };
        for element in group.all("element") {
            let Some(code) = element.child_text("code") else { continue };
            let targets = element.all("target").map(|t| self.target(t, found)).collect::<Vec<_>>();
            out.codes.entry(code.to_string()).or_default().extend(targets);
        }
        if let Some(unmapped) = group.child("unmapped") {
            out.unmapped = self.unmapped(unmapped, found);
        }
        out
    }

    fn target(&self, target: NodeRef<'_>, found: &mut Vec<Diagnostic>) -> Target {
        let word = target.child_text("equivalence").unwrap_or("relatedto");
        let equivalence = equivalence(word).unwrap_or_else(|| {
            found.push(self.error(
                target,
                "unknown-equivalence",
                "the target's equivalence is not known in R4",
            ));
            Equivalence::Unmatched
        });
        let matches = rank(equivalence) < NO_MATCH;
        if matches && target.child_text("code").is_none() {
            found.push(self.error(target, "target-without-code", "the target matches but has no code"));
        }
        Target {
            code: target.child_text("code").unwrap_or_default().to_string(),
            display: target.child_text("display").map(str::to_string),
            equivalence,
            conditional: target.child("dependsOn").is_some(),
        }
    }

    fn unmapped(&self, unmapped: NodeRef<'_>, found: &mut Vec<Diagnostic>) -> Unmapped {
        let text = |name: &str| unmapped.child_text(name).map(str::to_string);
        match (unmapped.child_text("mode"), text("code"), text("url")) {
            (Some("provided"), _, _) => Unmapped::Provided,
            (Some("fixed"), Some(code), _) => Unmapped::Fixed(code, text("display")),
            (Some("other-map"), _, Some(url)) => Unmapped::Other(url),
            _ => {
                found.push(self.error(
                    unmapped,
                    "unmapped-mode",
                    "`unmapped` lacks a known mode or what it needs",
                ));
                Unmapped::Fault
            }
        }
    }
}

fn equivalence(word: &str) -> Option<Equivalence> {
    Some(match word {
        "relatedto" => Equivalence::RelatedTo,
        "equivalent" => Equivalence::Equivalent,
        "equal" => Equivalence::Equal,
        "wider" => Equivalence::Wider,
        "subsumes" => Equivalence::Subsumes,
        "narrower" => Equivalence::Narrower,
        "specializes" => Equivalence::Specializes,
        "inexact" => Equivalence::Inexact,
        "unmatched" => Equivalence::Unmatched,
        "disjoint" => Equivalence::Disjoint,
        _ => return None,
    })
}
