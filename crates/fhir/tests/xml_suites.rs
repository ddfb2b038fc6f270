//! The XML reader and writer against resources that others wrote.
//!
//! Invariant: JSON → tree → XML → tree loses nothing, and XML of others means what its JSON twin
//! means. Deliberately absent: validity of the resources (see validation_suites).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod suite;

use fhir::json::{self, Form};
use fhir::xml::{self, Limits};
use fhir::{Definitions, NodeId, Tree};

fn wide() -> Limits {
    Limits { max_bytes: 64 << 20, max_depth: 200, max_nodes: 10_000_000 }
}

fn from_json(text: &[u8]) -> Tree {
    let mut tree = json::read(text, Form::Fhir, &wide()).unwrap();
    Definitions::r4().annotate(&mut tree);
    tree
}

fn from_xml(text: &[u8]) -> Result<Tree, String> {
    xml::read(text, Definitions::r4(), None, &wide()).map_err(|f| f[0].to_string())
}

/// The tree as JSON, its elements in model order: equal for equal trees.
fn ordered(mut tree: Tree) -> String {
    let definitions = Definitions::r4();
    for id in all(&tree) {
        let ty = tree.type_of(id);
        tree.sort_children(id, |t, n| definitions.order(ty, t.name(n)));
    }
    json::write(&tree, Form::Fhir)
}

fn all(tree: &Tree) -> Vec<NodeId> {
    let mut out = vec![tree.root()];
    let mut at = 0;
    while let Some(&id) = out.get(at) {
        out.extend(tree.children(id));
        at += 1;
    }
    out
}

fn same(want: &str, got: &str) -> Result<(), String> {
    if want == got {
        return Ok(());
    }
    let at = want.bytes().zip(got.bytes()).position(|(a, b)| a != b).unwrap_or(want.len().min(got.len()));
    let part = |v: &str| {
        String::from_utf8_lossy(&v.as_bytes()[at.saturating_sub(60)..v.len().min(at + 60)]).into_owned()
    };
    Err(format!("differs: {} <> {}", part(want), part(got)))
}

/// Every node lies inside its parent in the source, and begins with what it is.
fn check_spans(tree: &Tree) -> Result<(), String> {
    let source = tree.source();
    for id in all(tree) {
        let span = tree.span(id);
        let text =
            source.get(span.start as usize..span.end as usize).ok_or("a span is outside the source")?;
        if text.is_empty() {
            return Err(format!("{} has no bytes", tree.path(id)));
        }
        if let Some(parent) = tree.parent(id) {
            let outer = tree.span(parent);
            if span.start < outer.start || span.end > outer.end {
                return Err(format!("{} lies outside its parent", tree.path(id)));
            }
        }
    }
    Ok(())
}

/// Tree → XML → tree, compact and indented.
fn round(tree: Tree) -> Result<(), String> {
    let told = |f: Vec<fhir::Finding>| f[0].to_string();
    let text = xml::write(&tree, Definitions::r4()).map_err(told)?;
    let pretty = xml::write_pretty(&tree, Definitions::r4()).map_err(told)?;
    let again = from_xml(text.as_bytes())?;
    check_spans(&again)?;
    if xml::write(&again, Definitions::r4()) != Ok(text) {
        return Err("written again, the XML differs".into());
    }
    let want = ordered(tree);
    same(&want, &ordered(again))?;
    same(&want, &ordered(from_xml(pretty.as_bytes())?))
}

#[test]
fn fhir_r4_examples_through_xml() {
    let Some(folder) = suite::folder("fhir-r4-examples") else { return };
    let results: Vec<_> = suite::files(&folder, ".json")
        .into_iter()
        .map(|(name, text)| (name, round(from_json(&text))))
        .collect();
    suite::report("fhir-r4-examples (JSON to XML to JSON)", "fhir-r4-examples-xml", &results);
}

/// XML that must mean what its JSON twin means, and come back from each.
fn twins(name: &str, json: &[u8], xml: &[u8], results: &mut Vec<(String, Result<(), String>)>) {
    let tree = from_json(json);
    let both = from_xml(xml).and_then(|read| {
        check_spans(&read)?;
        same(&decoded(&ordered(tree.clone())), &decoded(&ordered(read)))
    });
    results.push((name.to_string(), both));
    results.push((format!("{name} (round trip)"), round(tree).and_then(|()| round(from_xml(xml)?))));
}

/// Narrative may spell an apostrophe as a reference or as itself; it is the same narrative.
fn decoded(json: &str) -> String {
    json.replace("&#39;", "'")
}

#[test]
fn fhir_r4_json_xml_pairs() {
    let Some(folder) = suite::folder("fhir-r4-json-xml-pairs") else { return };
    let mut results = Vec::new();
    for (name, text) in suite::files(&folder, ".xml") {
        let json = std::fs::read(folder.join(name.replace(".xml", ".json"))).unwrap();
        twins(&name, &json, &text, &mut results);
    }
    suite::report("fhir-r4-json-xml-pairs", "fhir-r4-json-xml-pairs", &results);
}

#[test]
fn a_medcom_message_and_its_json() {
    let Some(folder) = suite::folder("testscripts-medcom-hospitalnotification") else { return };
    let mut results = Vec::new();
    for (name, text) in suite::files(&folder, ".xml") {
        let json = std::fs::read(folder.join(name.replace(".xml", ".json"))).unwrap();
        twins(&name, &json, &text, &mut results);
    }
    suite::report("testscripts-medcom-hospitalnotification (XML)", "testscripts-medcom-xml", &results);
}

/// The sample called `.json` is XML too, and of another run of the converter: no twin.
#[test]
fn v2_to_fhir_sample() {
    let Some(folder) = suite::folder("v2-to-fhir-ig") else { return };
    let samples = suite::files(&folder.join("samples"), "");
    let xml = samples.into_iter().filter(|(_, text)| text.starts_with(b"<"));
    let results: Vec<_> = xml.map(|(name, text)| (name, from_xml(&text).and_then(round))).collect();
    suite::report("v2-to-fhir-ig (XML)", "v2-to-fhir-ig-xml", &results);
}

/// Instances and what they refer to. What the reference validator calls valid must be read.
#[test]
fn fhir_validator_r4_is_read_or_refused() {
    let Some(folder) = suite::folder("fhir-validator-r4") else { return };
    let cases = std::fs::read(folder.join("cases.json")).unwrap();
    let cases: Vec<serde_json::Value> = serde_json::from_slice(&cases).unwrap();
    let valid = |name: &str| cases.iter().any(|c| c["file"] == name && c["expected"]["valid"] == true);
    let mut results = Vec::new();
    let mut refused = 0;
    for (name, text) in suite::files(&folder, ".xml") {
        let result = match xml::read(&text, Definitions::r4(), None, &wide()) {
            Ok(tree) => check_spans(&tree).and_then(|()| round(tree)),
            Err(found) if valid(&name) => Err(format!("valid, but refused: {}", found[0])),
            Err(found) if found.iter().all(|f| f.code.starts_with("xml-") && !f.message.is_empty()) => {
                refused += 1;
                Ok(())
            }
            Err(_) => Err("refused without a reason".into()),
        };
        results.push((name, result));
    }
    suite::report(&format!("fhir-validator-r4 (XML, {refused} refused)"), "fhir-validator-r4-xml", &results);
}
