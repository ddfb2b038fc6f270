//! FHIR packages in the configured folder: what they add to the rules, and what `sluss check` says of
//! those that cannot be used.

use fhir::json::{self, Form};
use serde_json::{Value, json};
use sluss::{
    config::Problem,
    model::{Model, Told},
    rulebook::{Rulebook, Source},
};
use std::{
    io::Write,
    path::{Path, PathBuf},
    process::Command,
};

const CORE: &str = "http://hl7.org/fhir/StructureDefinition";

/// Writes a package; each resource is named by its type and number.
pub fn package(folder: &Path, name: &str, manifest: Value, resources: &[Value]) -> PathBuf {
    let mut builder =
        tar::Builder::new(flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast()));
    let mut add = |path: String, value: &Value| {
        let text = value.to_string();
        let mut header = tar::Header::new_ustar();
        header.set_size(text.len() as u64);
        builder.append_data(&mut header, path, text.as_bytes()).unwrap();
    };
    let mut own = json!({ "name": name, "version": "1.0.0", "fhirVersions": ["4.0.1"] });
    own.as_object_mut().unwrap().extend(manifest.as_object().unwrap().clone());
    add("package/package.json".into(), &own);
    for (i, resource) in resources.iter().enumerate() {
        add(format!("package/{}-{i}.json", resource["resourceType"].as_str().unwrap()), resource);
    }
    let path = folder.join(format!("{name}-{}.tgz", own["version"].as_str().unwrap()));
    std::fs::File::create(&path)
        .unwrap()
        .write_all(&builder.into_inner().unwrap().finish().unwrap())
        .unwrap();
    path
}

fn codes() -> Vec<Value> {
    let concept = |code: &str| json!({ "code": code });
    vec![
        json!({ "resourceType": "CodeSystem", "url": "http://e/cs", "status": "active", "content": "complete",
            "concept": [concept("a"), concept("b")] }),
        json!({ "resourceType": "ValueSet", "url": "http://e/vs", "status": "active",
            "compose": { "include": [{ "system": "http://e/cs" }] } }),
        json!({ "resourceType": "ConceptMap", "url": "http://e/cm", "status": "active", "group": [{
            "source": "http://e/cs", "target": "http://e/other",
            "element": [{ "code": "a", "target": [{ "code": "x", "equivalence": "equivalent" }] }] }] }),
    ]
}

/// The message profile of an event that only this package knows, and the receiver's model.
fn visit() -> Vec<Value> {
    vec![
        json!({ "resourceType": "StructureDefinition", "status": "active", "abstract": false, "kind": "resource",
            "url": "https://sluss.example/fhir/StructureDefinition/visit-message", "type": "Bundle",
            "baseDefinition": format!("{CORE}/Bundle"), "derivation": "constraint", "differential": { "element": [
                { "id": "Bundle.language", "path": "Bundle.language", "min": 1,
                  "binding": { "strength": "required", "valueSet": "http://e/vs" } }] } }),
        json!({ "resourceType": "StructureDefinition", "status": "active", "abstract": false, "kind": "logical",
            "url": "http://e/Visit", "type": "http://e/Visit", "baseDefinition": format!("{CORE}/Base"),
            "derivation": "specialization", "differential": { "element": [
                { "path": "Visit" },
                { "path": "Visit.code", "min": 0, "max": "1", "type": [{ "code": "code" }] }] } }),
    ]
}

const MAP: &str = r#"map "http://e/visit" = "Visit"

uses "http://hl7.org/fhir/StructureDefinition/Bundle" alias Bundle as source
uses "http://e/Visit" alias Visit as target

group Visit(source bundle : Bundle, target visit : Visit) {
  bundle.language as code -> visit.code = translate(code, 'http://e/cm', 'code') "code";
}
"#;

fn told(problems: Vec<Problem>) -> String {
    let one = |p: &Problem| format!("{}: {} [{}]", p.file.display(), p.message, p.remedy);
    problems.iter().map(one).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_package_brings_profile_value_set_model_and_concept_map() {
    let dir = tempfile::tempdir().unwrap();
    let (rules, folder) = (dir.path().join("rules"), dir.path().join("packages"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::create_dir_all(rules.join("mappings/visit")).unwrap();
    for part in ["mappings", "conformance"] {
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join(part);
        assert!(Command::new("cp").arg("-r").arg(from).arg(&rules).status().unwrap().success());
    }
    std::fs::write(rules.join("mappings/visit/fhir-case.map"), MAP).unwrap();
    let source = Source::Folder(rules.clone());
    let without = Rulebook::load(&source).err().map(told).unwrap();
    assert!(without.contains("visit/fhir-case.map"), "{without}");
    package(&folder, "se.example.codes", json!({}), &codes());
    package(
        &folder,
        "se.example.visit",
        json!({ "dependencies": { "se.example.codes": "1.0.0" } }),
        &visit(),
    );
    let rulebook = Rulebook::load_with(&source, Some(&folder)).unwrap_or_else(|p| panic!("{}", told(p)));
    assert!(rulebook.knows_event("visit"));
    let message = |language: &str| {
        let text = json!({ "resourceType": "Bundle", "type": "message", "language": language }).to_string();
        json::read(text.as_bytes(), Form::Fhir, &json::Limits::default()).unwrap()
    };
    let bound = |language: &str| {
        let found = rulebook.check_profile(&mut message(language), "visit");
        found.iter().any(|f| f.place == "Bundle.language" && f.severity == fhir::Severity::Error)
    };
    assert!(!bound("a") && bound("c"));
    let map = rulebook.plan("visit", Model::Fhir, Model::Case).unwrap();
    let mut source = message("a");
    map.annotate(&mut source);
    assert_eq!(json::write(&map.run(&source, &Told::default()).unwrap(), Form::Plain), r#"{"code":"x"}"#);
    // The map verbs take the same folder.
    let input = dir.path().join("message.json");
    std::fs::write(&input, message("a").source()).unwrap();
    let run = |more: &[&std::ffi::OsStr]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_sluss"));
        command.args(["map", "run", "visit", "--rules"]).arg(&rules).arg(&input).args(more).output().unwrap()
    };
    let output = run(&["--packages".as_ref(), folder.as_os_str()]);
    let written: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
    assert_eq!(written, json!({ "code": "x" }), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(run(&[]).status.code(), Some(3));
}

#[test]
fn every_package_is_part_of_the_version_and_none_changes_our_rules() {
    let dir = tempfile::tempdir().unwrap();
    let version = |folder: Option<&Path>| {
        let loaded = Rulebook::load_with(&Source::Embedded, folder);
        loaded.map(|r| r.version().to_string()).unwrap_or_else(|p| panic!("{}", told(p)))
    };
    let none = version(None);
    assert_eq!(none, Rulebook::load(&Source::Embedded).unwrap().version());
    std::fs::write(dir.path().join("README.md"), "no package").unwrap();
    assert_eq!(version(Some(dir.path())), none);
    package(dir.path(), "se.example.codes", json!({}), &codes());
    let one = version(Some(dir.path()));
    assert_eq!(version(Some(dir.path())), one);
    // It says that every code is a gender, and that our own event profile asks for nothing.
    let url = "https://sluss.example/fhir/StructureDefinition/admission-notice-message";
    let gender = "http://hl7.org/fhir/ValueSet/administrative-gender";
    package(
        dir.path(),
        "se.example.lax",
        json!({}),
        &[
            json!({ "resourceType": "ValueSet", "url": gender, "compose": { "include": [{ "system": "http://e/cs" }] } }),
            json!({ "resourceType": "StructureDefinition", "url": url, "kind": "resource", "type": "Bundle",
            "baseDefinition": format!("{CORE}/Bundle"), "derivation": "constraint",
            "differential": { "element": [{ "path": "Bundle" }] } }),
        ],
    );
    let two = version(Some(dir.path()));
    assert!(none != one && one != two && none != two);
    let rulebook = Rulebook::load_with(&Source::Embedded, Some(dir.path())).unwrap();
    let text = r#"{"resourceType":"Bundle","type":"message","entry":[{"resource":{"resourceType":"Patient","gender":"a"}}]}"#;
    let mut tree = json::read(text.as_bytes(), Form::Fhir, &json::Limits::default()).unwrap();
    let found = rulebook.check_profile(&mut tree, "admission-notice");
    assert!(found.iter().any(|f| f.place.ends_with("gender")), "{found:#?}");
    assert!(found.iter().any(|f| f.message.contains("MessageHeader") || f.place == "Bundle"), "{found:#?}");
}

#[test]
fn packages_that_cannot_be_used_are_told_with_file_and_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let problems =
        |folder: &Path| told(Rulebook::load_with(&Source::Embedded, Some(folder)).err().unwrap_or_default());
    let gone = problems(&dir.path().join("none"));
    assert!(gone.contains("none: the folder cannot be read [`packages` names a folder"), "{gone}");
    std::fs::write(dir.path().join("broken-1.tgz"), b"\x1F\x8B\x08 and no more").unwrap();
    package(dir.path(), "se.example.five", json!({ "fhirVersions": ["5.0.0"] }), &[]);
    package(dir.path(), "se.example.twice", json!({}), &[]);
    package(dir.path(), "se.example.twice", json!({ "version": "2.0.0" }), &[]);
    package(dir.path(), "se.example.one", json!({}), &codes());
    let mut other = codes();
    other[0]["concept"] = json!([{ "code": "z" }]);
    package(dir.path(), "se.example.other", json!({}), &other);
    let all = problems(dir.path());
    for (file, words) in [
        ("broken-1.tgz", "cut short or damaged"),
        ("se.example.five-1.0.0.tgz", "is for FHIR 5.0.0, not for R4"),
        ("se.example.twice-2.0.0.tgz", "1.0.0 in"),
        ("se.example.other-1.0.0.tgz", "CodeSystem-0.json: `http://e/cs` says something else in"),
    ] {
        assert!(
            all.lines().any(|l| l.contains(&format!("{file}: ")) && l.contains(words)),
            "{file} {words}: {all}"
        );
    }
    assert_eq!(all.lines().count(), 4, "{all}");
}

#[test]
fn a_profile_without_its_base_names_the_packages_that_are_missing() {
    let dir = tempfile::tempdir().unwrap();
    let mut profiles = visit();
    profiles[0]["baseDefinition"] = json!("http://e/elsewhere");
    let needs = json!({ "dependencies": { "se.example.elsewhere": "3.1.0" } });
    package(dir.path(), "se.example.visit", needs, &profiles);
    let told = told(Rulebook::load_with(&Source::Embedded, Some(dir.path())).err().unwrap_or_default());
    assert!(told.contains("se.example.visit-1.0.0.tgz: ") && told.contains("visit-message"), "{told}");
    assert!(
        told.contains("put the packages that it builds on into the folder: se.example.elsewhere 3.1.0"),
        "{told}"
    );
    let mut model = visit();
    model[1]["differential"]["element"][0]["path"] = json!("CaseMessage");
    model[1]["differential"]["element"][1]["path"] = json!("CaseMessage.code");
    package(dir.path(), "se.example.visit", json!({}), &model);
    let told = self::told(Rulebook::load_with(&Source::Embedded, Some(dir.path())).err().unwrap_or_default());
    assert!(told.contains("se.example.visit-1.0.0.tgz: ") && told.contains("root of paths"), "{told}");
}

/// The whole core package beside our rules: it loads, and our examples are still what they were.
#[test]
fn the_core_package_loads_beside_our_rules() {
    let root = std::env::var_os("SLUSS_CORPORA").map(PathBuf::from);
    let root = root.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpora"));
    let folder = root.join("fhir-r4-core-package");
    if !folder.is_dir() {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "fhir-r4-core-package: not found, and CI=true");
        println!("suite fhir-r4-core-package: not on this machine (set SLUSS_CORPORA); passed over");
        return;
    }
    let loaded = Rulebook::load_with(&Source::Embedded, Some(&folder));
    let rulebook = loaded.unwrap_or_else(|p| panic!("{}", told(p)));
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/examples/admission-notice");
    let mut passed = 0;
    for file in std::fs::read_dir(examples).unwrap().flatten().map(|e| e.path()) {
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        if name.starts_with("valid") && name.ends_with(".json") {
            let bytes = std::fs::read(&file).unwrap();
            let mut tree = json::read(&bytes, Form::Fhir, &json::Limits::default()).unwrap();
            let found = rulebook.check_profile(&mut tree, "admission-notice");
            let errors: Vec<_> = found.iter().filter(|f| f.severity == fhir::Severity::Error).collect();
            assert!(errors.is_empty(), "{name}: {errors:#?}");
            passed += 1;
        }
    }
    assert!(passed > 0);
}
