//! The official cases of the mapping language (folder `fml-official` of the corpora).
//!
//! Invariant: what is not passed is listed in `exceptions.txt` by name with its reason; a listed case
//! that starts to pass fails this test as an unlisted one that stops. Deliberately absent: copies of
//! the cases.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod trees;

use fhir::json::{Form, Limits};
use fhir::{Definitions, Tree};
use fml::Library;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use trees::{run, same, suite};

struct Case {
    name: String,
    outcome: Result<(), String>,
}

fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let from = tag.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
    &tag[from..from + tag[from..].find('"').unwrap()]
}

/// R4, and the head of a CDA document as far as the cases use it.
fn definitions() -> Arc<Definitions> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/models/cda");
    let paths = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    let models: Vec<Tree> =
        paths.map(|p| trees::read(&std::fs::read_to_string(p).unwrap(), Form::Fhir, None)).collect();
    let mut definitions = Definitions::r4().clone();
    definitions.load_types(&models.iter().collect::<Vec<_>>()).unwrap_or_else(|f| panic!("{f:?}"));
    Arc::new(definitions)
}

fn transform(folder: &Path, tag: &str) -> Result<(), String> {
    // One file begins with a byte order mark, which JSON does not allow.
    let text = |name: &str| {
        let text = std::fs::read_to_string(folder.join(name)).map_err(|e| e.to_string())?;
        Ok::<String, String>(text.trim_start_matches('\u{feff}').to_string())
    };
    let (map, output) = (attribute(tag, "map"), attribute(tag, "output"));
    let definitions = definitions();
    let mut library = Library::new(definitions.clone());
    let added = match map.ends_with(".json") {
        true => library.add_structure_map(map, &trees::read(&text(map)?, Form::Fhir, None)),
        false => library.add_map(map, &text(map)?),
    };
    let url = added.map_err(|e| e[0].to_string())?;
    let plan = library.compile(&url).map_err(|e| e[0].to_string())?;
    let source = trees::read(&text(attribute(tag, "source"))?, Form::Fhir, None);
    let result = run(&plan, &source).map_err(|f| f.to_string())?;
    let xml = |text: &str| {
        let ty = definitions.type_id(plan.target_type());
        fhir::xml::read(text.as_bytes(), &definitions, ty, &Limits::default()).map_err(|f| f[0].to_string())
    };
    let (result, wanted) = match output.ends_with(".xml") {
        true => {
            let written = fhir::xml::write(&result, &definitions).map_err(|f| f[0].to_string())?;
            (xml(&written)?, xml(&text(output)?)?)
        }
        false => (result, trees::read(&text(output)?, Form::Fhir, None)),
    };
    match same(result.at(result.root()), wanted.at(wanted.root())) {
        true => Ok(()),
        false => Err(fhir::json::write(&result, Form::Fhir)),
    }
}

fn cases(set: &str, root: &Path) -> Vec<Case> {
    let folder = root.join(set);
    let manifest = std::fs::read_to_string(folder.join("manifest.xml")).unwrap();
    let mut cases = Vec::new();
    for tag in manifest.split("<test ").skip(1) {
        let tag = format!(" {tag}");
        let name = attribute(&tag, "name").rsplit('/').next().unwrap();
        cases.push(Case { name: format!("{set}/{name}"), outcome: transform(&folder, &tag) });
    }
    for name in ["syntax", "syntaxshort", "ActivityDefinition", "cast", "qr2patfordates", "whereclause"]
        .map(String::from)
    {
        let file = folder.join(format!("{name}.map"));
        let Ok(text) = std::fs::read_to_string(&file) else { continue };
        let outcome = fml::parse(&name, &text).map_err(|e| e[0].to_string()).and_then(|map| {
            let again = fml::parse(&name, &fml::format(&map)).map_err(|e| e[0].to_string())?;
            if again == map { Ok(()) } else { Err("formatting changes the map".into()) }
        });
        cases.push(Case { name: format!("{set}/{name}.map"), outcome });
    }
    cases
}

#[test]
fn official_cases() {
    let Some(root) = suite("fml-official") else { return };
    let listed: BTreeMap<&str, &str> = include_str!("exceptions.txt")
        .lines()
        .filter(|l| !l.is_empty() && !l.starts_with('#'))
        .map(|l| l.split_once(": ").unwrap_or_else(|| panic!("no reason: {l}")))
        .collect();
    let cases: Vec<Case> = ["r5", "r4b"].iter().flat_map(|set| cases(set, &root)).collect();
    let passed = cases.iter().filter(|c| c.outcome.is_ok()).count();
    println!("suite fml-official: {passed} of {} ({} exceptions listed)", cases.len(), listed.len());
    let mut wrong = Vec::new();
    for case in &cases {
        match (&case.outcome, listed.get(case.name.as_str())) {
            (Err(why), None) => wrong.push(format!("{} does not pass: {why}", case.name)),
            (Ok(()), Some(_)) => wrong.push(format!("{} passes, yet exceptions.txt lists it", case.name)),
            (Err(_), Some(reason)) => println!("  except {}: {reason}", case.name),
            (Ok(()), None) => {}
        }
    }
    for name in listed.keys().filter(|n| !cases.iter().any(|c| c.name == **n)) {
        wrong.push(format!("exceptions.txt lists {name}, which is no case"));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
