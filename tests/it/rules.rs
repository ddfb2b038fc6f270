//! The rules against the project's own examples: what is valid passes, what is invalid is found.

#[path = "../../crates/fhirpath/tests/messages/examples.rs"]
#[allow(dead_code)] // where an example stands is told by the profiles' own tests
pub mod examples;
#[path = "../../crates/fhirpath/tests/messages/patch.rs"]
pub mod patch;

use examples::Example;
use sluss::{
    model::{Format, Model, Told},
    rulebook::{Rulebook, Source},
};
use std::path::{Path, PathBuf};

fn events() -> Vec<PathBuf> {
    examples::events(&Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/examples"))
}

fn errors(found: Vec<fhir::Finding>) -> Vec<String> {
    let errors = found.into_iter().filter(|f| f.severity == fhir::Severity::Error);
    errors.map(|f| f.to_string()).collect()
}

/// Findings of a message as lines.
fn of_message(rulebook: &Rulebook, example: &Example) -> Vec<fhir::Finding> {
    let bytes = example.message.to_string();
    let mut tree = rulebook.read(bytes.as_bytes(), Format::FhirJson, 1 << 20).unwrap();
    rulebook.check_profile(&mut tree, &example.event)
}

/// Findings of a case message and of the message that the map makes of it, as lines.
fn of_case(rulebook: &Rulebook, event: &str, file: &Path) -> Vec<String> {
    let bytes = std::fs::read(file).unwrap();
    let found = rulebook.check_schema(&bytes);
    if !found.is_empty() {
        return found.iter().map(|f| format!("{} {:?} {}", f.code, f.place.path, f.detail)).collect();
    }
    let map = rulebook.plan(event, Model::Case, Model::Fhir).unwrap();
    let mut source = rulebook.read(&bytes, Format::CaseJson, 1 << 20).unwrap();
    map.annotate(&mut source);
    errors(rulebook.check_profile(&mut map.run(&source, &Told::default()).unwrap(), event))
}

#[test]
fn every_valid_message_passes_and_every_invalid_one_is_found_where_it_says() {
    let rulebook = Rulebook::load(&Source::Embedded).unwrap();
    let mut wrong = Vec::new();
    let (mut valid, mut invalid) = (0, 0);
    for example in events().iter().flat_map(|e| examples::of(e)) {
        let found = of_message(&rulebook, &example);
        let name = format!("{}/{}", example.event, example.name);
        *if example.expect.is_empty() { &mut valid } else { &mut invalid } += 1;
        for expect in &example.expect {
            let fits = |f: &&fhir::Finding| {
                f.code == expect.code && f.place == expect.place && f.message.contains(&expect.word)
            };
            if !found.iter().any(|f| fits(&f)) {
                wrong.push(format!("{name}: expected {} {}, found {found:#?}", expect.code, expect.place));
            }
        }
        let found = errors(found);
        if example.expect.is_empty() && !found.is_empty() {
            wrong.push(format!("{name}: expected nothing, found {found:#?}"));
        }
    }
    println!("messages: {valid} valid, {invalid} invalid");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(valid >= 15 && invalid >= 100);
}

#[test]
fn what_the_maps_make_of_valid_case_messages_is_valid() {
    let rulebook = Rulebook::load(&Source::Embedded).unwrap();
    let (mut wrong, mut valid) = (Vec::new(), 0);
    for event in events() {
        let code = event.file_name().unwrap().to_str().unwrap().to_string();
        if rulebook.plan(&code, Model::Case, Model::Fhir).is_none() {
            continue;
        }
        let files = std::fs::read_dir(&event).unwrap().map(|e| e.unwrap().path());
        for file in files.filter(|f| f.extension().is_some_and(|e| e == "json")) {
            if file.file_name().unwrap().to_str().unwrap().starts_with("case-valid-") {
                valid += 1;
                let found = of_case(&rulebook, &code, &file);
                if !found.is_empty() {
                    wrong.push(format!("{}: expected nothing, found {found:#?}", file.display()));
                }
            }
        }
    }
    println!("case messages that a map translates: {valid} valid");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(valid >= 3);
}
