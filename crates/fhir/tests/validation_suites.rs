//! Validation against examples and values that others wrote.
//!
//! Invariant: what the specification's own examples contain is no error unless they are listed as
//! wrong. Deliberately absent: invariants in FHIRPath, which need an engine.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod suite;

use fhir::json::{Form, Limits, read};
use fhir::{Definitions, Finding, Kind, Profiles, Severity, Tree, TypeId, primitive};

fn wide() -> Limits {
    Limits { max_bytes: 64 << 20, max_depth: 200, max_nodes: 10_000_000 }
}

fn tree(text: &[u8]) -> Tree {
    let mut tree = read(text, Form::Fhir, &wide()).unwrap();
    Definitions::r4().annotate(&mut tree);
    tree
}

fn errors(findings: &[Finding]) -> Result<(), String> {
    let errors: Vec<String> =
        findings.iter().filter(|f| f.severity == Severity::Error).map(|f| f.to_string()).collect();
    if errors.is_empty() { Ok(()) } else { Err(errors.join("\n    ")) }
}

#[test]
fn fhir_r4_examples_are_valid() {
    let Some(folder) = suite::folder("fhir-r4-examples") else { return };
    let profiles = Profiles::load(Definitions::r4(), &[]).unwrap();
    let mut results = Vec::new();
    for (name, text) in suite::files(&folder, ".json") {
        let tree = tree(&text);
        let ty = tree.name(tree.root()).to_string();
        results.push((name, errors(&profiles.validate(&tree, &ty))));
    }
    suite::report("fhir-r4-examples (valid against R4)", "fhir-r4-examples-valid", &results);
}

/// `date_time` → `dateTime`.
fn type_name(file: &str) -> String {
    let mut out = String::new();
    let mut upper = false;
    for c in file.chars() {
        match (c, upper) {
            ('_', _) => upper = true,
            (c, true) => {
                out.push(c.to_ascii_uppercase());
                upper = false;
            }
            (c, false) => out.push(c),
        }
    }
    out
}

/// Is the JSON text a value of the primitive type (`null`: absent, which all but xhtml may be)?
fn is_primitive(name: &str, json: &str) -> bool {
    let Ok(tree) = read(format!("{{\"v\":{json}}}").as_bytes(), Form::Fhir, &wide()) else { return false };
    let node = tree.at(tree.root()).child("v").unwrap();
    match (node.kind(), node.text()) {
        (Kind::Null, _) => name != "xhtml",
        (kind, Some(text)) => primitive::fits_kind(name, kind) && primitive::check(name, text).is_ok(),
        _ => false,
    }
}

fn is_reference(json: &str) -> bool {
    let mut tree = read(json.as_bytes(), Form::Fhir, &wide()).unwrap();
    let definitions = Definitions::r4();
    definitions.annotate_as(&mut tree, definitions.type_id("Reference").unwrap_or(TypeId::NONE));
    errors(&Profiles::load(definitions, &[]).unwrap().validate(&tree, "Reference")).is_ok()
}

#[test]
fn fhir_r4_primitives() {
    let Some(folder) = suite::folder("fhir-r4-primitives") else { return };
    let mut results = Vec::new();
    for (file, text) in suite::files(&folder, ".ndjson") {
        let mut parts = file.split('.');
        let (name, want) = (type_name(parts.next().unwrap()), parts.next() == Some("valid"));
        for (i, line) in String::from_utf8(text).unwrap().lines().filter(|l| !l.is_empty()).enumerate() {
            let got = if name == "reference" { is_reference(line) } else { is_primitive(&name, line) };
            let result = if got == want { Ok(()) } else { Err(format!("{line} should be {want}")) };
            results.push((format!("{file}:{}", i + 1), result));
        }
    }
    suite::report("fhir-r4-primitives", "fhir-r4-primitives", &results);
}

#[test]
fn hl7se_base_examples_conform_to_their_profiles() {
    let Some(folder) = suite::folder("hl7se-base") else { return };
    let files = suite::files(&folder, ".json");
    let (definitions, examples): (Vec<_>, Vec<_>) = files.into_iter().partition(|(n, _)| {
        ["StructureDefinition-", "ValueSet-", "CodeSystem-"].iter().any(|p| n.starts_with(p))
    });
    let trees: Vec<Tree> = definitions.iter().map(|(_, t)| read(t, Form::Fhir, &wide()).unwrap()).collect();
    let profiles = Profiles::load(Definitions::r4(), &trees).unwrap_or_else(|f| panic!("{f:#?}"));
    let mut results = Vec::new();
    for (name, text) in examples {
        let tree = tree(&text);
        let url = format!("http://hl7.se/fhir/ig/base/StructureDefinition/SEBase{}", tree.name(tree.root()));
        let findings = profiles.validate(&tree, &url);
        for f in findings.iter().filter(|f| f.not_checkable) {
            println!("  {name}: {f}");
        }
        results.push((name, errors(&findings)));
    }
    suite::report("hl7se-base", "hl7se-base", &results);
}

#[test]
fn the_specifications_own_narrative_is_let_through() {
    let Some(folder) = suite::folder("fhir-r4-examples") else { return };
    let mut results = Vec::new();
    for (file, text) in suite::files(&folder, ".json") {
        let tree = tree(&text);
        let div = tree.child(tree.root(), "text").and_then(|text| tree.child_text(text, "div"));
        let result = div.map_or(Ok(()), fhir::xml::narrative).map_err(str::to_string);
        results.push((file, result));
    }
    suite::report("fhir-r4-examples (narrative)", "fhir-r4-examples-narrative", &results);
}
