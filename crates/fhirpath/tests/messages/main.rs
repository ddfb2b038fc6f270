//! Our message profiles: compiled from FSH, true to the examples, and every rule of them proved.
//!
//! Invariant: a valid example gives no error and an invalid one what it names; a rule that no example
//! notices when it is taken away is told. Deliberately absent: schemas, maps and agreements, which are
//! the gateway's tests.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod examples;
mod patch;
mod rules;
mod world;

use examples::Example;
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;
use world::World;

fn conformance() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../conformance")
}

/// All examples of messages in FHIR.
fn all() -> Vec<Example> {
    examples::events(&conformance().join("examples")).iter().flat_map(|e| examples::of(e)).collect()
}

#[test]
fn the_definitions_are_what_the_fsh_says() {
    let program = conformance().join("build-profiles.py");
    let output = std::process::Command::new("python3").arg(program).arg("--check").output();
    let output = output.expect("python3 compiles the FSH");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn every_valid_example_passes_and_every_invalid_one_is_found_where_it_says() {
    let world = World::load(&conformance());
    let mut wrong = Vec::new();
    for example in all() {
        let found = world.findings(&world.whole, &example);
        let told = || found.iter().map(|f| format!("\n    {f}")).collect::<String>();
        if example.expect.is_empty() && world::has_errors(&found) {
            wrong.push(format!("{}/{}: valid, but{}", example.event, example.name, told()));
        }
        for expect in example.expect.iter().filter(|e| !world::is_there(&found, e)) {
            let line = format!("{} {} {}", expect.code, expect.place, expect.word);
            wrong.push(format!("{}/{}: expected {line}, found{}", example.event, example.name, told()));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The definitions are FHIR as well: elements, codes and invariants of R4.
#[test]
fn the_definitions_are_valid_resources() {
    let world = World::load(&conformance());
    let mut wrong = Vec::new();
    let mut files: Vec<_> = std::fs::read_dir(conformance().join("profiles")).unwrap().flatten().collect();
    files.sort_by_key(std::fs::DirEntry::path);
    for file in &files {
        let mut resource: Value = serde_json::from_slice(&std::fs::read(file.path()).unwrap()).unwrap();
        let found = world.of_definition(&resource);
        resource["status"] = "spoiled".into();
        let spoiled = world.of_definition(&resource);
        assert!(spoiled.iter().any(|f| f.code == "binding" && f.place.ends_with(".status")), "{spoiled:#?}");
        let errors = found.iter().filter(|f| f.severity == fhir::Severity::Error);
        wrong.extend(errors.map(|f| format!("{}: {f}", file.file_name().display())));
    }
    assert!(files.len() > 200 && wrong.is_empty(), "{} of {}: {wrong:#?}", wrong.len(), files.len());
}

/// Every event has three valid and five invalid examples.
#[test]
fn every_event_with_a_profile_has_its_examples() {
    let mut wrong = Vec::new();
    for event in World::load(&conformance()).events() {
        let folder = conformance().join("examples").join(&event);
        let examples = if folder.is_dir() { examples::of(&folder) } else { Vec::new() };
        let valid = examples.iter().filter(|e| e.expect.is_empty()).count();
        if valid < 3 || examples.len() - valid < 5 {
            wrong.push(format!("{event}: {valid} valid, {} invalid", examples.len() - valid));
        }
    }
    assert!(wrong.is_empty(), "fewer than three valid and five invalid examples: {wrong:#?}");
}

#[test]
fn every_rule_of_the_profiles_is_noticed_when_it_is_gone() {
    let world = World::load(&conformance());
    let read = |e: Example| world.read(&e).ok().map(|tree| (e, tree)); // what cannot be read proves no profile
    let examples: Vec<_> = all().into_iter().filter_map(read).collect();
    let only = std::env::var("SLUSS_EVENT").ok();
    let rules: Vec<_> =
        rules::of(&world).into_iter().filter(|r| world.concerns(r, only.as_deref())).collect();
    let unproved = std::thread::scope(|scope| {
        let half = |odd: usize| {
            let (world, rules, examples) = (&world, &rules, &examples);
            scope.spawn(move || {
                let mine = rules.iter().skip(odd).step_by(2);
                mine.filter(|r| !rules::is_proved(world, r, examples))
                    .map(ToString::to_string)
                    .collect::<Vec<_>>()
            })
        };
        let halves = [half(0), half(1)];
        halves.into_iter().flat_map(|h| h.join().unwrap()).collect::<BTreeSet<String>>()
    });
    let (valid, invalid): (Vec<_>, Vec<_>) = examples.iter().partition(|(e, _)| e.expect.is_empty());
    println!(
        "suite conformance/examples: {} of {} rules proved ({} events, {} valid examples, {} invalid)",
        rules.len() - unproved.len(),
        rules.len(),
        world.events().len(),
        valid.len(),
        invalid.len()
    );
    assert!(unproved.is_empty(), "no example notices when these are gone: {unproved:#?}");
}

#[test]
fn a_patch_is_done_whole_or_not_at_all() {
    let before = serde_json::json!({"a/b": [1, 2], "c": {"d": true}});
    let done = |text: &str| patch::patched(&before, serde_json::from_str::<Vec<_>>(text).unwrap().as_slice());
    let after = done(
        r#"[{"op": "test", "path": "/c/d", "value": true}, {"op": "add", "path": "/a~1b/-", "value": 3},
            {"op": "add", "path": "/a~1b/0", "value": 0}, {"op": "remove", "path": "/a~1b/1"},
            {"op": "replace", "path": "/c", "value": null}]"#,
    );
    assert_eq!(after.unwrap(), serde_json::json!({"a/b": [0, 2, 3], "c": null}));
    for wrong in [
        r#"[{"op": "add", "path": "/a~1b/3", "value": 3}]"#,
        r#"[{"op": "remove", "path": "/a~1b/2"}]"#,
        r#"[{"op": "remove", "path": "/x"}]"#,
        r#"[{"op": "replace", "path": "/c/x", "value": 1}]"#,
        r#"[{"op": "test", "path": "/c/d", "value": false}]"#,
        r#"[{"op": "add", "path": "/c/e"}]"#,
        r#"[{"op": "move", "path": "/c/e", "from": "/c/d"}]"#,
        r#"[{"op": "remove", "path": ""}]"#,
    ] {
        assert!(done(wrong).is_err(), "{wrong}");
    }
}
