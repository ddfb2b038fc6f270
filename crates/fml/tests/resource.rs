//! Text ↔ StructureMap: the same map both ways, and the same behaviour from either form.
//!
//! Invariant: text → map → resource → JSON → resource → map → text → map is equal, comments
//! included. Deliberately absent: what maps mean (see `cases.rs`).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod trees;

use fhir::Tree;
use fhir::json::{Form, Limits};
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

/// All files with this ending, at any depth.
fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for path in fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
            match path.is_dir() {
                true => folders.push(path),
                false if path.to_string_lossy().ends_with(ending) => out.push(path),
                false => {}
            }
        }
    }
    out.sort();
    out
}

fn json(text: &str) -> Tree {
    fhir::json::read(text.trim_start_matches('\u{feff}').as_bytes(), Form::Fhir, &Limits::default()).unwrap()
}

/// Through the resource and back, and through the text and back.
fn round_trip(name: &str, map: &fml::ast::Map) -> Result<(), String> {
    let shown = |found: Vec<fml::Diagnostic>| {
        found.iter().map(|d| format!("{name}: {d}")).collect::<Vec<_>>().join("\n")
    };
    let resource = fml::to_resource(map);
    let written = fhir::json::write_pretty(&resource, Form::Fhir);
    let again = fml::from_resource(name, &json(&written)).map_err(shown)?;
    let built = fml::from_resource(name, &resource).map_err(shown)?;
    let through_xml = xml(name, &resource)?;
    if *map != again || *map != built || *map != through_xml {
        return Err(format!(
            "{name}: another map after\n{written}\n{}\n{}",
            fml::format(map),
            fml::format(&again)
        ));
    }
    let text = fml::format(&again);
    match fml::parse(name, &text).map_err(shown)? == *map {
        true => Ok(()),
        false => Err(format!("{name}: another map after\n{text}")),
    }
}

/// The map out of the resource as XML.
fn xml(name: &str, resource: &Tree) -> Result<fml::ast::Map, String> {
    let definitions = fhir::Definitions::r4();
    let text = fhir::xml::write(resource, definitions).map_err(|found| format!("{name}: {}", found[0]))?;
    let tree = fhir::xml::read(text.as_bytes(), definitions, None, &fhir::xml::Limits::default());
    let tree = tree.map_err(|found| format!("{name}: {}\n{text}", found[0]))?;
    fml::from_resource(name, &tree).map_err(|found| found[0].to_string())
}

fn judge(what: &str, results: Vec<Result<(), String>>) {
    let wrong: Vec<&String> = results.iter().filter_map(|r| r.as_ref().err()).collect();
    println!("suite {what} text-resource-text: {} of {}", results.len() - wrong.len(), results.len());
    assert!(wrong.is_empty(), "{}", wrong.iter().map(|w| w.as_str()).collect::<Vec<_>>().join("\n"));
}

fn texts(files: Vec<PathBuf>) -> Vec<Result<(), String>> {
    let mut out = Vec::new();
    for path in files {
        let (name, text) = (path.to_string_lossy(), fs::read_to_string(&path).unwrap());
        // Cases of maps that are not even taken in.
        let refused = path.with_file_name("errors.txt").exists();
        if refused && trees::library(&[]).add_map(&name, &text).is_err() {
            continue;
        }
        let map = fml::parse(&name, &text).map_err(|found| found[0].to_string());
        out.push(map.and_then(|map| round_trip(&name, &map)));
    }
    out
}

#[test]
fn our_maps_survive_the_resource() {
    let mut all = files(&Path::new(HERE).join("tests"), ".map");
    all.extend(files(&Path::new(HERE).join("../../mappings"), ".map"));
    judge("fml-own", texts(all));
}

/// Our own StructureMaps; one has a concept map that says more than text can.
#[test]
fn our_resources_survive_the_text() {
    let mut results = Vec::new();
    let mut beyond = 0;
    for path in files(&Path::new(HERE).join("tests/cases"), ".sm.json") {
        let name = path.to_string_lossy();
        match fml::from_resource(&name, &json(&fs::read_to_string(&path).unwrap())) {
            Ok(map) => results.push(round_trip(&name, &map)),
            Err(found) if found.iter().all(|d| d.code == "beyond-text") => beyond += 1,
            Err(_) if path.with_file_name("errors.txt").exists() => {}
            Err(found) => results.push(Err(found[0].to_string())),
        }
    }
    assert_eq!(beyond, 1);
    judge("own StructureMaps", results);
}

#[test]
fn official_maps_survive_the_resource() {
    let Some(root) = trees::suite("fml-official") else { return };
    judge("fml-official", texts(files(&root, ".map")));
}

fn holds(invariant: &fhir::definitions::Invariant, node: fhir::NodeRef<'_>) -> Option<bool> {
    let expression = fhirpath::parse(&invariant.expression).ok()?;
    let scope = fhirpath::Scope::new(Some(fhir::Definitions::r4()));
    expression.truth_on(&scope, &[fhirpath::Value::Node(node)]).ok()?
}

/// What R4 has no way to say: folder, code of the finding.
const INVALID: [(&str, &str); 1] = [
    // Names that are no FHIR id.
    ("101-words-of-the-language-as-names", "primitive-format"),
];

/// What is written is valid R4, but for what R4 has no way to say.
#[test]
fn what_is_written_is_valid() {
    let profiles = fhir::Profiles::load(fhir::Definitions::r4(), &[]).unwrap();
    let mut wrong = Vec::new();
    let mut all = files(&Path::new(HERE).join("tests/cases"), ".map");
    all.extend(files(&Path::new(HERE).join("../../mappings"), ".map"));
    for path in all.iter().filter(|p| !p.with_file_name("errors.txt").exists()) {
        let map = fml::parse("m", &fs::read_to_string(path).unwrap()).unwrap();
        let written = fml::to_resource(&map);
        let found = profiles.validate_with(&written, "StructureMap", &holds);
        let excused = |f: &&fhir::Finding| {
            let folder = path.parent().unwrap().to_string_lossy();
            INVALID.iter().any(|(name, code)| folder.ends_with(name) && f.code == *code)
        };
        let errors = found.iter().filter(|f| f.severity == fhir::Severity::Error && !f.not_checkable);
        let errors = errors.filter(|f| !excused(f));
        wrong.extend(errors.map(|finding| format!("{}: {finding}", path.display())));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Elements with odd names below known ones stay what they are.
#[test]
fn odd_metadata_survives_the_text() {
    let text = r#"{"resourceType":"StructureMap","url":"urn:x","name":"X","status":"draft",
"publisher":[{"-ode":"source","a.b":true}],"date":12.5,"title":"a\nb","group":[{"name":"g",
"input":[{"name":"a","mode":"source"},{"name":"b","mode":"target"}]}]}"#;
    let map = fml::from_resource("odd.json", &json(text)).unwrap();
    let written = fml::format(&map);
    assert_eq!(fml::parse("odd.map", &written).unwrap(), map, "{written}");
    assert!(written.contains("/// publisher.`-ode` = 'source'"), "{written}");
    round_trip("odd.json", &map).unwrap();
}

/// Resources that others wrote: read, written as text, read again.
#[test]
fn foreign_resources_survive_the_text() {
    let mut all = Vec::new();
    if let Some(root) = trees::suite("fml-official") {
        all.extend(files(&root, "qr2cda-eval.json"));
    }
    if let Some(root) = trees::suite("fhir-r4-examples") {
        all.extend(
            files(&root, ".json").into_iter().filter(|p| p.to_string_lossy().contains("StructureMap-")),
        );
    }
    let mut all: Vec<(String, String)> =
        all.iter().map(|p| (p.to_string_lossy().into_owned(), fs::read_to_string(p).unwrap())).collect();
    if let Some(root) = trees::suite("fhir-r4-core-package") {
        let packed = fs::File::open(root.join("hl7.fhir.r4.core.tgz")).unwrap();
        let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(packed));
        for entry in archive.entries().unwrap() {
            let mut entry = entry.unwrap();
            let name = entry.path().unwrap().to_string_lossy().into_owned();
            if name.starts_with("package/StructureMap-") {
                let mut text = String::new();
                entry.read_to_string(&mut text).unwrap();
                all.push((name, text));
            }
        }
        assert!(all.iter().any(|(name, _)| name.ends_with("supplyrequest-transform.json")));
    }
    let results = all.iter().map(|(name, text)| {
        let map = fml::from_resource(name, &json(text));
        round_trip(name, &map.map_err(|found| found.iter().map(ToString::to_string).collect::<String>())?)
    });
    judge("foreign StructureMaps", results.collect());
}
