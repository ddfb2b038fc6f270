//! Our own message profiles against the examples beside them.
//!
//! Invariant: a valid example gives no error; an invalid one gives the finding its `.expect.txt`
//! names: kind of rule, place, and a word of the text. Deliberately absent: expectations of kind
//! `invariant`, which need a FHIRPath engine; the gateway's tests have one.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod suite;

use fhir::json::{Form, Limits, read};
use fhir::{Definitions, Finding, Profiles, Severity, Tree};
use std::path::{Path, PathBuf};

fn definitions(folder: &Path) -> Vec<Tree> {
    let files = suite::files(folder, ".json").into_iter();
    let kinds = ["StructureDefinition-", "ValueSet-", "CodeSystem-"];
    let wanted = files.filter(|(name, _)| kinds.iter().any(|k| name.starts_with(k)));
    wanted
        .map(|(name, text)| {
            read(&text, Form::Fhir, &Limits::default()).unwrap_or_else(|f| panic!("{name}: {}", f[0]))
        })
        .collect()
}

fn check(findings: &[Finding], expect: Option<&str>) -> Result<(), String> {
    let errors: Vec<&Finding> = findings.iter().filter(|f| f.severity == Severity::Error).collect();
    let all = || errors.iter().map(|f| f.to_string()).collect::<Vec<_>>().join("\n    ");
    let Some(line) = expect.and_then(|e| e.lines().find(|l| !l.starts_with('#'))) else {
        return if errors.is_empty() { Ok(()) } else { Err(all()) };
    };
    let mut words = line.splitn(3, ' ');
    let (kind, place, word) = (words.next().unwrap(), words.next().unwrap_or(""), words.next().unwrap_or(""));
    if kind == "invariant" {
        return Ok(());
    }
    let fits = |f: &&&Finding| f.code == kind && f.place == place && f.message.contains(word);
    if errors.iter().any(|f| fits(&f)) { Ok(()) } else { Err(format!("expected {line}, got\n    {}", all())) }
}

#[test]
fn examples_of_our_messages() {
    let Some(base) = suite::folder("hl7se-base") else { return };
    let ours = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../conformance");
    let mut trees = definitions(&base);
    trees.extend(definitions(&ours.join("profiles")));
    let profiles = Profiles::load(Definitions::r4(), &trees).unwrap_or_else(|f| panic!("{}", f[0]));
    let mut results = Vec::new();
    let mut events: Vec<PathBuf> =
        std::fs::read_dir(ours.join("examples")).unwrap().map(|e| e.unwrap().path()).collect();
    events.sort();
    for folder in events {
        let event = folder.file_name().unwrap().to_string_lossy().into_owned();
        let url = format!("https://sluss.example/fhir/StructureDefinition/{event}-message");
        for (name, text) in suite::files(&folder, ".json") {
            let mut tree = read(&text, Form::Fhir, &Limits::default()).unwrap();
            if tree.name(tree.root()) != "Bundle" {
                continue;
            }
            profiles.definitions().annotate(&mut tree);
            let expect = std::fs::read_to_string(folder.join(name.replace(".json", ".expect.txt"))).ok();
            results
                .push((format!("{event}/{name}"), check(&profiles.validate(&tree, &url), expect.as_deref())));
        }
    }
    suite::report("conformance/examples (without invariants)", "message-profiles", &results);
}
