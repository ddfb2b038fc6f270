//! Embedded concept maps: contained ConceptMaps, both ways.
//!
//! Invariants: pairs keep their order, as one group per run of pairs between the same systems; the
//! table of a contained ConceptMap is made from the resource itself, so that nothing it says is lost
//! when it runs. Deliberately absent: comments on elements, which are notes; two prefixes for one
//! system beyond the first for sources and the last for targets.

use super::read::{Reader, comments, place_of};
use super::write::Writer;
use super::{OWN, extension_text};
use crate::ast::{
    CodePair, ConceptMap, Equivalence, Literal, LiteralKind, Map, Name, Parameter, Rule, Transform, Unmapped,
};
use crate::diagnostic::Diagnostic;
use crate::lexical::Form;
use crate::translate::{self, Table};
use fhir::{Kind, NodeId, NodeRef};
use std::sync::Arc;

// ---- to the resource ----

/// A run of pairs between the same systems.
struct Run<'m> {
    source: &'m str,
    target: Option<&'m str>,
    pairs: Vec<&'m CodePair>,
    unmapped: Option<&'m Unmapped>,
}

impl Writer {
    pub fn concept_map(&mut self, root: NodeId, map: &ConceptMap, index: usize) {
        let node = self.tree.add(root, "contained", true);
        self.text(node, "resourceType", "ConceptMap");
        let id = map.url.text.strip_prefix('#').filter(|id| Form::Id.allows(id));
        let own_id = id.map_or_else(|| format!("concept-map-{}", index + 1), str::to_string);
        // A resource points at all it contains (dom-3); the parameters of `translate` are mere texts.
        let url = format!("{OWN}map-contained");
        self.extension(root, &url, "valueUri", Kind::String, &format!("#{own_id}"));
        self.text(node, "id", &own_id);
        for (prefix, url) in &map.prefixes {
            let item = self.tree.add(node, "extension", true);
            self.extension(item, "name", "valueString", Kind::String, &prefix.text);
            self.extension(item, "system", "valueUri", Kind::String, &url.text);
            self.text(item, "url", &format!("{OWN}map-prefix"));
        }
        if id.is_none() {
            self.text(node, "url", &map.url.text);
        }
        self.text(node, "status", "unknown");
        if !map.documentation.is_empty() {
            self.text(node, "description", &map.documentation.join("\n"));
        }
        for run in runs(map) {
            self.run(node, &run);
        }
    }

    fn run(&mut self, parent: NodeId, run: &Run<'_>) {
        let node = self.tree.add(parent, "group", true);
        self.text(node, "source", run.source);
        if let Some(target) = run.target {
            self.text(node, "target", target);
        }
        let mut before: Option<(&str, NodeId)> = None;
        for pair in &run.pairs {
            let code = pair.source.1.text.as_str();
            let element = match before {
                Some((same, element)) if same == code => element,
                _ => {
                    let element = self.tree.add(node, "element", true);
                    self.text(element, "code", code);
                    element
                }
            };
            before = Some((code, element));
            let target = self.tree.add(element, "target", true);
            self.name(target, "code", pair.target.as_ref().map(|(_, code)| code));
            self.text(target, "equivalence", translate::equivalence_word(pair.equivalence));
            if matches!(pair.equivalence, Equivalence::Narrower | Equivalence::Inexact) {
                // FHIR asks why (cmd-1); the text form has no place for an answer.
                self.text(target, "comment", "The map does not say why.");
            }
        }
        let Some(mode) = run.unmapped else { return };
        let unmapped = self.tree.add(node, "unmapped", false);
        match mode {
            Unmapped::Provided => self.text(unmapped, "mode", "provided"),
            Unmapped::Fixed(code) => {
                self.text(unmapped, "mode", "fixed");
                self.text(unmapped, "code", &code.text);
            }
            Unmapped::Other(url) => {
                self.text(unmapped, "mode", "other-map");
                self.text(unmapped, "url", &url.text);
            }
        }
    }
}

fn runs(map: &ConceptMap) -> Vec<Run<'_>> {
    let system = |prefix: &Name| {
        let found = map.prefixes.iter().find(|(p, _)| p.text == prefix.text);
        found.map_or("", |(_, url)| url.text.as_str())
    };
    let mut runs: Vec<Run<'_>> = Vec::new();
    for pair in &map.pairs {
        let source = system(&pair.source.0);
        let target = pair.target.as_ref().map(|(prefix, _)| system(prefix));
        let fits = |r: &Run<'_>| {
            r.source == source && (r.target.is_none() || target.is_none() || r.target == target)
        };
        match runs.last_mut().filter(|r| fits(r)) {
            Some(run) => {
                run.target = run.target.or(target);
                run.pairs.push(pair);
            }
            None => runs.push(Run { source, target, pairs: vec![pair], unmapped: None }),
        }
    }
    // Where the order allows, a mode stands at the first run of its system; else behind all runs.
    let mut from = 0;
    for (prefix, mode) in &map.unmapped {
        let source = system(prefix);
        let first = runs.iter().position(|r| r.source == source && !r.pairs.is_empty());
        match first.filter(|&i| i >= from) {
            Some(index) => {
                from = index + 1;
                runs[index].unmapped = Some(mode);
            }
            None => {
                from = usize::MAX;
                runs.push(Run { source, target: None, pairs: vec![], unmapped: Some(mode) });
            }
        }
    }
    runs
}

// ---- from the resource ----

/// A contained concept map.
pub(super) struct Contained {
    pub map: ConceptMap,
    pub table: Arc<Table>,
    /// What rules may call it, without `#`.
    pub addresses: Vec<String>,
}

/// Reads a contained ConceptMap; other resources are passed over.
pub(super) fn read(
    reader: &mut Reader,
    node: NodeRef<'_>,
    whole: &Map,
    beyond: &mut Vec<Diagnostic>,
) -> Option<Contained> {
    if node.child_text("resourceType") != Some("ConceptMap") {
        return None;
    }
    let (id, url) = (reader.text(node, "id"), reader.text(node, "url"));
    let place = place_of(node);
    let by_id = id.as_ref().map(|id| Name { text: format!("#{}", id.text), place: id.place });
    let called_by_id = by_id.as_ref().is_some_and(|name| mentions(whole, &name.text));
    let address = match (url.clone(), by_id) {
        (None, None) => {
            reader.error(node, "missing", "`id` is missing", None);
            return None;
        }
        (Some(_), Some(id)) if called_by_id => id,
        (Some(url), _) => url,
        (None, Some(id)) => id,
    };
    let mut addresses: Vec<String> = [id, url].into_iter().flatten().map(|n| n.text).collect();
    addresses.iter_mut().for_each(|a| *a = a.trim_start_matches('#').to_string());
    addresses.dedup();
    let own = format!("{}#{}", whole.url.text, addresses.first().map_or("", String::as_str));
    let table = Arc::new(translate::table(&own, node, &reader.source, &mut reader.found));
    let prefix = |e: NodeRef<'_>| {
        let part = |url: &str| extension_text(e, url).map(|t| Name { text: t.to_string(), place });
        Some((part("name")?, part("system")?))
    };
    let is_prefix = |e: &NodeRef<'_>| e.child_text("url") == Some(&format!("{OWN}map-prefix"));
    let mut map = ConceptMap {
        url: address,
        prefixes: node.all("extension").filter(is_prefix).filter_map(prefix).collect(),
        pairs: vec![],
        unmapped: vec![],
        documentation: comments(node.child_text("description")),
    };
    for group in node.all("group") {
        self::group(reader, group, &mut map, beyond);
    }
    Some(Contained { map, table, addresses })
}

fn group(reader: &Reader, node: NodeRef<'_>, map: &mut ConceptMap, beyond: &mut Vec<Diagnostic>) {
    let mut more = |node: NodeRef<'_>, what: &str| {
        let message = format!("{what}, which the text form of a map cannot say");
        let remedy = "keep the concept map as a resource of its own, or load the StructureMap as it is";
        beyond.push(reader.source.error(place_of(node), "beyond-text", message).with_remedy(remedy));
    };
    let Some(system) = node.child_text("source") else {
        return more(node, "the group names no code system");
    };
    let from = prefix(map, system, true, place_of(node));
    let name = |text: &str, node: NodeRef<'_>| Name { text: text.to_string(), place: place_of(node) };
    for (code, element) in translate::concepts(node) {
        let source = || (from.clone(), name(code, element));
        if element.child_text("noMap") == Some("true") {
            map.pairs.push(CodePair { source: source(), target: None, equivalence: Equivalence::Unmatched });
        }
        for target in element.all("target") {
            let extra = ["display", "dependsOn", "product"].into_iter().find_map(|n| target.child(n));
            if let Some(extra) = extra {
                more(extra, &format!("the target has `{}`", extra.name()));
            }
            let word = target.child_text("equivalence").or_else(|| target.child_text("relationship"));
            let equivalence = translate::equivalence(word.unwrap_or("relatedto"));
            let equivalence = equivalence.unwrap_or(Equivalence::Unmatched);
            let target = match (target.child_text("code"), node.child_text("target")) {
                _ if equivalence == Equivalence::Unmatched => None,
                (Some(code), Some(system)) => {
                    Some((prefix(map, system, false, place_of(node)), name(code, target)))
                }
                _ => {
                    more(target, "the target names no code system or no code");
                    continue;
                }
            };
            map.pairs.push(CodePair { source: source(), target, equivalence });
        }
    }
    let Some(unmapped) = node.child("unmapped") else { return };
    if let Some(display) = unmapped.child("display") {
        more(display, "`unmapped` has a display");
    }
    let text = |n: &str| unmapped.child(n).and_then(|c| Some(name(c.text()?, c)));
    let mode = match unmapped.child_text("mode") {
        Some("fixed") => text("code").map(Unmapped::Fixed),
        Some("other-map") => text("url").or_else(|| text("otherMap")).map(Unmapped::Other),
        _ => Some(Unmapped::Provided),
    };
    map.unmapped.extend(mode.map(|mode| (from, mode)));
}

/// The prefix of a system: as it was called, or a new one.
fn prefix(map: &mut ConceptMap, system: &str, source: bool, place: crate::ast::Place) -> Name {
    let mut same = map.prefixes.iter().filter(|(_, url)| url.text == system).map(|(name, _)| name);
    let found = if source { same.next() } else { same.next_back() };
    if let Some(name) = found {
        return Name { text: name.text.clone(), place };
    }
    let letter = if source { "s" } else { "t" };
    let number = |n: usize| if n == 1 { letter.to_string() } else { format!("{letter}{n}") };
    let free = |name: &String| !map.prefixes.iter().any(|(p, _)| p.text == *name);
    let text = (1..).map(number).find(free).unwrap_or_default();
    let url = Name { text: system.to_string(), place };
    map.prefixes.push((Name { text: text.clone(), place }, url));
    Name { text, place }
}

/// Is the text a constant of any rule?
fn mentions(map: &Map, text: &str) -> bool {
    fn is(literal: &Literal, text: &str) -> bool {
        literal.kind == LiteralKind::Text && literal.text == text
    }
    fn rule(r: &Rule, text: &str) -> bool {
        let here = r.targets.iter().any(|t| match &t.transform {
            Some(Transform::Call { parameters, .. }) => {
                parameters.iter().any(|p| matches!(p, Parameter::Literal(l) if is(l, text)))
            }
            _ => false,
        });
        here || r.rules.iter().any(|inner| rule(inner, text))
    }
    map.groups.iter().flat_map(|g| &g.rules).any(|r| rule(r, text))
}
