//! Maps both ways: what they write is valid, and what goes there and back is what it was.
//!
//! What is lost on the way stands in [`LOST`], each with its reason: nothing else may be.

use jiff::Timestamp;
use serde_json::Value;
use sluss::{
    model::{Model, Told},
    rulebook::{Map, Rulebook, Source, check::Wanted},
};
use std::{
    path::{Path, PathBuf},
    sync::LazyLock,
};

static RULES: LazyLock<Rulebook> = LazyLock::new(|| Rulebook::load(&Source::Embedded).unwrap());

/// Event (or `*`), member of the case message, why it does not come back.
const LOST: [(&str, &str, &str); 3] = [
    ("*", "/basis/reason", "is not told to a municipality (domain §4); M1, M2, M3 and M16 keep it"),
    ("*", "/subject/protection", "the code none is no marking"),
    ("*", "/occurredAt", "where the event tells a time of its own, that is the event time of the FHIR form"),
];

/// The events whose case message comes back whole but for [`LOST`].
const EVENTS: [&str; 12] = [
    "admission-reply",
    "sip-plan",
    "placement-started",
    "placement-changed",
    "placement-ended",
    "cofinancing-question",
    "cofinancing-answer",
    "annulment",
    "misdirected",
    "receiver-changed",
    "administrative",
    "receipt",
];

fn files(folder: &Path, keep: impl Fn(&str) -> bool) -> Vec<PathBuf> {
    let all = std::fs::read_dir(folder).into_iter().flatten().map(|e| e.unwrap().path());
    let mut files: Vec<PathBuf> =
        all.filter(|p| p.file_name().and_then(|n| n.to_str()).is_some_and(&keep)).collect();
    files.sort();
    files
}

fn errors(bytes: &[u8]) -> Vec<String> {
    let wanted = Wanted {
        event: None,
        profile: None,
        mode: None,
        now: Timestamp::now(),
        max_bytes: 1 << 20,
        schemas: None,
    };
    let report = RULES.check(bytes, &wanted);
    let found = report.found.iter().filter(|f| f.is_error());
    found.map(|f| format!("{:?} {}", f.finding.place.path, f.finding.detail)).collect()
}

fn run(map: &Map, bytes: &[u8], file: &Path) -> Vec<u8> {
    let tree = map.read(bytes).unwrap_or_else(|e| panic!("{}: {e:?}", file.display()));
    let made = map.run_counted(&tree, &Told::default()).unwrap_or_else(|f| panic!("{}: {f}", file.display()));
    map.write(&made).into_bytes()
}

#[test]
fn all_that_the_maps_write_is_valid() {
    let mut wrong = Vec::new();
    let mut all = 0;
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("mappings");
    for event in files(&root, |_| true) {
        for file in files(&event.join("examples"), |n| n.ends_with(".out.json")) {
            all += 1;
            let found = errors(&std::fs::read(&file).unwrap());
            wrong.extend((!found.is_empty()).then(|| format!("{}: {found:#?}", file.display())));
        }
    }
    assert!(all > 100, "{all}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Takes out of both what [`LOST`] names, where they differ there.
fn forgive(event: &str, before: &mut Value, after: &Value) {
    for (_, path, _) in LOST.iter().filter(|(e, ..)| *e == "*" || *e == event) {
        let (parent, name) = path.rsplit_once('/').unwrap();
        if before.pointer(path) == after.pointer(path) {
            continue;
        }
        let told = after.pointer(path).cloned();
        if let Some(parent) = before.pointer_mut(parent).and_then(Value::as_object_mut) {
            match told {
                Some(told) => drop(parent.insert(name.to_string(), told)),
                None => drop(parent.remove(name)),
            }
        }
    }
}

#[test]
fn a_case_message_comes_back_from_fhir_as_it_was() {
    let mut wrong = Vec::new();
    let mut all = 0;
    for event in EVENTS {
        let there = RULES.map(event, Model::Case, Model::Fhir).unwrap();
        let back = RULES.map(event, Model::Fhir, Model::Case).unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/examples").join(event);
        for file in files(&folder, |n| n.starts_with("case-valid-") && n.ends_with(".json")) {
            all += 1;
            let bytes = std::fs::read(&file).unwrap();
            let fhir = run(there, &bytes, &file);
            let again = run(back, &fhir, &file);
            for (what, document) in [("there", &fhir), ("back", &again)] {
                let found = errors(document);
                wrong.extend((!found.is_empty()).then(|| format!("{} {what}: {found:#?}", file.display())));
            }
            let mut before: Value = serde_json::from_slice(&bytes).unwrap();
            let after: Value = serde_json::from_slice(&again).unwrap();
            forgive(event, &mut before, &after);
            if before != after {
                wrong.push(format!("{}: {before:#}\nbecame {after:#}", file.display()));
            }
        }
    }
    assert!(all >= 36, "{all}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// A unit of the sender may speak in FHIR, which the case form does not tell: so what is compared is what a second
/// journey makes of it.
#[test]
fn what_a_fhir_message_tells_is_told_again_by_the_one_made_of_its_case_message() {
    let mut wrong = Vec::new();
    for event in EVENTS {
        let there = RULES.map(event, Model::Fhir, Model::Case).unwrap();
        let back = RULES.map(event, Model::Case, Model::Fhir).unwrap();
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/examples").join(event);
        for file in files(&folder, |n| n.starts_with("valid-") && n.ends_with(".json")) {
            let bytes = std::fs::read(&file).unwrap();
            let case = run(there, &bytes, &file);
            let fhir = run(back, &case, &file);
            let found = errors(&fhir);
            wrong.extend((!found.is_empty()).then(|| format!("{}: {found:#?}", file.display())));
            let again = run(there, &fhir, &file);
            if again != case {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                wrong.push(format!("{}: {}\nbecame {}", file.display(), text(&case), text(&again)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
