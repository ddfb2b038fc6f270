//! The official cases of the mapping language (folder `fml-official` of the corpora).
//!
//! Invariant: what is not passed is listed in `exceptions.txt` by name with its reason; a listed case
//! that starts to pass fails this test as an unlisted one that stops. Deliberately absent: copies of
//! the cases.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod trees;

use fhir::json::Form;
use std::collections::BTreeMap;
use std::path::Path;
use trees::{library, run, same, suite};

struct Case {
    name: String,
    outcome: Result<(), String>,
}

fn attribute<'a>(tag: &'a str, name: &str) -> &'a str {
    let from = tag.find(&format!(" {name}=\"")).unwrap() + name.len() + 3;
    &tag[from..from + tag[from..].find('"').unwrap()]
}

fn transform(folder: &Path, tag: &str) -> Result<(), String> {
    let text = |name: &str| std::fs::read_to_string(folder.join(name)).map_err(|e| e.to_string());
    let (map, output) = (attribute(tag, "map"), attribute(tag, "output"));
    if !map.ends_with(".map") || !output.ends_with(".json") {
        return Err("not in a form that can be read".into());
    }
    let mut library = library(&[]);
    let url = library.add_map(map, &text(map)?).map_err(|e| e[0].to_string())?;
    let plan = library.compile(&url).map_err(|e| e[0].to_string())?;
    let source = trees::read(&text(attribute(tag, "source"))?, Form::Fhir, None);
    let result = run(&plan, &source).map_err(|f| f.to_string())?;
    let wanted = trees::read(&text(output)?, Form::Fhir, None);
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

/// The concept maps of the guide from v2 to FHIR, and two spot cases.
#[test]
fn concept_maps_of_the_v2_guide() {
    let Some(root) = suite("v2-to-fhir-ig") else { return };
    let mut library = library(&[]);
    let (mut passed, mut total) = (0, 0);
    for entry in std::fs::read_dir(root.join("conceptmaps")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "json") {
            continue;
        }
        total += 1;
        let tree = trees::read(&std::fs::read_to_string(&path).unwrap(), Form::Fhir, None);
        match library.add_concept_map(&path.to_string_lossy(), &tree) {
            Ok(_) => passed += 1,
            Err(found) => println!("{}", found[0]),
        }
    }
    println!("suite v2-to-fhir-ig concept maps: {passed} of {total}");
    assert!(passed == total && total > 200);
    let text = r#"map "http://sluss.test/v2" = "V2"
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as source
uses "http://hl7.org/fhir/StructureDefinition/Patient" alias Patient as target
group Main(source src : Patient, target tgt : Patient) {
  src.language as l -> tgt.gender = translate(l, 'http://hl7.org/fhir/uv/v2mappings/ConceptMap/table-hl70001-to-administrative-gender', 'code'),
    tgt.maritalStatus = translate(l, 'http://hl7.org/fhir/uv/v2mappings/ConceptMap/table-hl70002-to-v3-maritalstatus', 'CodeableConcept');
}"#;
    let url = library.add_map("v2.map", text).unwrap();
    let plan = library.compile(&url).unwrap_or_else(|e| panic!("{}", e[0]));
    let source = trees::read(r#"{"resourceType":"Patient","language":"M"}"#, Form::Fhir, None);
    let result = fhir::json::write(&run(&plan, &source).unwrap(), Form::Fhir);
    let marital = r#"{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M","display":"Married"}]}"#;
    let wanted = format!(r#"{{"resourceType":"Patient","gender":"male","maritalStatus":{marital},"#);
    assert!(result.starts_with(&wanted[..wanted.len() - 1]), "{result}");
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
