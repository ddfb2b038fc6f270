//! A table from a ConceptMap resource: R4, and R5 where it names the same things otherwise.
//!
//! Invariant: what could change a translation is read or refused. Deliberately absent: versions,
//! comments, and R5's properties of targets, which are notes.

use super::{NO_MATCH, Product, Table, TableGroup, Target, Unmapped, address, rank};
use crate::ast::Equivalence;
use crate::diagnostic::{Diagnostic, Source};
use crate::parse::place;
use fhir::{NodeRef, Tree};
use std::sync::Arc;

/// The table of a ConceptMap resource, which has an address.
pub(crate) fn resource(file: &str, tree: &Tree) -> Result<Table, Vec<Diagnostic>> {
    let root = tree.at(tree.root());
    let source = Source::over(file, Arc::new(tree.clone()));
    let error = |code, message| vec![error(&source, root, code, message)];
    if root.child_text("resourceType") != Some("ConceptMap") {
        return Err(error("not-a-concept-map", "the resource is no ConceptMap"));
    }
    let Some(url) = root.child_text("url") else {
        let mut found = error("concept-map-without-url", "the concept map has no address");
        found.iter_mut().for_each(|f| f.remedy = Some("give it a `url`".into()));
        return Err(found);
    };
    let mut found = Vec::new();
    let table = table(url, root, &source, &mut found);
    match found.is_empty() {
        true => Ok(table),
        false => Err(found),
    }
}

/// The groups below the node; what is wrong with them is added to `found`.
pub(crate) fn table(url: &str, node: NodeRef<'_>, source: &Source, found: &mut Vec<Diagnostic>) -> Table {
    let mut reader = Reader { url, source, found };
    Table { url: url.to_string(), groups: node.all("group").map(|g| reader.group(g)).collect() }
}

/// Every element with its code, in order.
pub(crate) fn concepts<'t>(group: NodeRef<'t>) -> impl Iterator<Item = (&'t str, NodeRef<'t>)> {
    group.all("element").filter_map(|element| Some((element.child_text("code")?, element)))
}

fn error(source: &Source, node: NodeRef<'_>, code: &'static str, message: &str) -> Diagnostic {
    let span = node.tree.span(node.id);
    source.error(place(span.start as usize, span.end as usize), code, message)
}

struct Reader<'s> {
    url: &'s str,
    source: &'s Source,
    found: &'s mut Vec<Diagnostic>,
}

impl Reader<'_> {
    fn error(&mut self, node: NodeRef<'_>, code: &'static str, message: &str) {
        self.found.push(error(self.source, node, code, message));
    }

    fn group(&mut self, group: NodeRef<'_>) -> TableGroup {
        // R5 writes a version behind the address.
        let system = |name: &str| {
            let text = group.child_text(name)?;
            Some(text.split_once('|').map_or(text, |(url, _)| url).to_string())
        };
        let mut out =
            TableGroup { source: system("source"), target: system("target"), ..TableGroup::default() };
        for (code, element) in concepts(group) {
            let targets = out.codes.entry(code.to_string()).or_default();
            targets.extend(element.all("target").map(|t| self.target(t)));
            if element.child_text("noMap") == Some("true") {
                targets.push(Target {
                    code: String::new(),
                    display: None,
                    equivalence: Equivalence::Unmatched,
                    depends: vec![],
                    products: vec![],
                });
            }
        }
        if let Some(unmapped) = group.child("unmapped") {
            out.unmapped = self.unmapped(unmapped);
        }
        out
    }

    fn target(&mut self, target: NodeRef<'_>) -> Target {
        let word = target.child_text("equivalence").or_else(|| target.child_text("relationship"));
        let equivalence = equivalence(word.unwrap_or("relatedto"));
        if equivalence.is_none() {
            self.error(target, "unknown-equivalence", "the target's equivalence is not known");
        }
        let equivalence = equivalence.unwrap_or(Equivalence::Unmatched);
        let matches = rank(equivalence) < NO_MATCH;
        if matches && target.child_text("code").is_none() {
            self.error(target, "target-without-code", "the target matches but has no code");
        }
        Target {
            code: target.child_text("code").unwrap_or_default().to_string(),
            display: target.child_text("display").map(str::to_string),
            equivalence,
            depends: target.all("dependsOn").filter_map(|n| self.property(n)).collect(),
            products: target.all("product").filter_map(|n| self.property(n)).collect(),
        }
    }

    /// A dependency or a product: R4's texts, or a value of R5 that is simple or a Coding.
    fn property(&mut self, node: NodeRef<'_>) -> Option<Product> {
        let property = node.child_text("property").or_else(|| node.child_text("attribute"));
        let value = node.children().find(|c| c.name().starts_with("value") && c.name() != "valueSet");
        let simple = value.and_then(NodeRef::text);
        let coded = value.and_then(|v| v.child_text("code"));
        let (Some(property), Some(value), Some(text)) = (property, value, simple.or(coded)) else {
            self.error(node, "property-without-value", "the property needs a name and a value");
            return None;
        };
        let system = node.child_text("system").or_else(|| value.child_text("system"));
        let display = node.child_text("display").or_else(|| value.child_text("display"));
        Some(Product {
            property: property.to_string(),
            system: system.map(str::to_string),
            value: text.to_string(),
            display: display.map(str::to_string),
        })
    }

    fn unmapped(&mut self, unmapped: NodeRef<'_>) -> Unmapped {
        let text = |name: &str| unmapped.child_text(name).map(str::to_string);
        let other = || text("url").or_else(|| text("otherMap"));
        match (unmapped.child_text("mode"), text("code"), other()) {
            (Some("provided" | "use-source-code"), _, _) => Unmapped::Provided,
            (Some("fixed"), Some(code), _) => Unmapped::Fixed(code, text("display")),
            (Some("other-map"), _, Some(other)) => Unmapped::Other(address(self.url, &other)),
            _ => {
                self.error(unmapped, "unmapped-mode", "`unmapped` lacks a known mode or what it needs");
                Unmapped::Fault
            }
        }
    }
}

/// Codes of R4, then those of R5's relationships.
const EQUIVALENCES: [(&str, Equivalence); 14] = [
    ("relatedto", Equivalence::RelatedTo),
    ("equivalent", Equivalence::Equivalent),
    ("equal", Equivalence::Equal),
    ("wider", Equivalence::Wider),
    ("subsumes", Equivalence::Subsumes),
    ("narrower", Equivalence::Narrower),
    ("specializes", Equivalence::Specializes),
    ("inexact", Equivalence::Inexact),
    ("unmatched", Equivalence::Unmatched),
    ("disjoint", Equivalence::Disjoint),
    ("related-to", Equivalence::RelatedTo),
    ("source-is-narrower-than-target", Equivalence::Wider),
    ("source-is-broader-than-target", Equivalence::Narrower),
    ("not-related-to", Equivalence::Disjoint),
];

pub(crate) fn equivalence(word: &str) -> Option<Equivalence> {
    EQUIVALENCES.iter().find(|(w, _)| *w == word).map(|(_, e)| *e)
}

/// R4's code.
pub(crate) fn equivalence_word(equivalence: Equivalence) -> &'static str {
    EQUIVALENCES.iter().find(|(_, e)| *e == equivalence).map_or("", |(w, _)| w)
}
