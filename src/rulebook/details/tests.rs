//! The table over the examples of every event, and what it does not let through.
#![allow(clippy::unwrap_used, clippy::panic)]

use super::*;
use crate::rulebook::{Rulebook, Source};
use fhir::json::{self, Form, Limits};
use std::{path::Path, sync::LazyLock};

static RULES: LazyLock<Rulebook> = LazyLock::new(|| Rulebook::load(&Source::Embedded).unwrap());

fn examples() -> impl Iterator<Item = (String, String, Tree)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/examples");
    let events = std::fs::read_dir(folder).unwrap().flatten();
    events.flat_map(|event| {
        let name = event.file_name().into_string().unwrap();
        std::fs::read_dir(event.path()).unwrap().flatten().filter_map(move |file| {
            let own = file.file_name().into_string().unwrap();
            let valid = own.starts_with("valid-") && own.ends_with(".json");
            let bytes = valid.then(|| std::fs::read(file.path()).unwrap())?;
            Some((name.clone(), own, json::read(&bytes, Form::Fhir, &Limits::default()).unwrap()))
        })
    })
}

#[test]
fn every_row_finds_something_in_the_examples_of_its_event_and_every_event_has_rows() {
    let mut found: HashMap<(String, String), usize> = HashMap::new();
    let mut events = 0;
    for (event, _, mut tree) in examples() {
        let bare = RULES.details(&event, &tree);
        RULES.definitions().annotate(&mut tree);
        assert_eq!(RULES.details(&event, &tree), bare, "{event}: types of nodes change nothing");
        bare.into_keys().for_each(|name| *found.entry((event.clone(), name)).or_default() += 1);
        events += 1;
    }
    assert!(events > 80, "{events}");
    let rows = RULES.details.rows.iter();
    let rows = rows.flat_map(|(event, rows)| rows.iter().map(|r| (event.clone(), r.name.clone())));
    let silent: Vec<_> = rows.filter(|row| !found.contains_key(row)).collect();
    assert!(silent.is_empty(), "{silent:?}");
    let mut without = examples().map(|(event, ..)| event).filter(|e| !RULES.details.rows.contains_key(e));
    assert_eq!(without.next(), None);
}

#[test]
fn what_a_case_is_told_of_three_messages() {
    let of = |event: &str, file: &str| {
        let (.., tree) = examples().find(|(e, f, _)| e == event && f.starts_with(file)).unwrap();
        let details = RULES.details(event, &tree);
        details.into_iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("; ")
    };
    assert_eq!(of("exam-statement", "valid-1"), "parts-done=physical; parts-not-done=mental oral");
    assert_eq!(of("receiver-changed", "valid-1"), "at=2026-04-01; reason=moved; receiver=SE2120009911-SOC1");
    assert_eq!(
        of("health-exam-request", "valid-1"),
        "decider=one-guardian; exam=health-exam; kind=foster-home; parts=physical mental oral; \
         placement-start=2026-02-25"
    );
}

#[test]
fn nothing_that_names_a_person_comes_through() {
    for (event, file, tree) in examples() {
        let node = |path: &str| {
            let scope = Scope::new(Some(Definitions::r4()));
            let values = fhirpath::parse(path).unwrap().evaluate(&scope, tree.at(tree.root())).unwrap();
            values
                .iter()
                .filter_map(|v| match v {
                    Value::Node(node) => node.text().map(str::to_string),
                    _ => None,
                })
                .collect::<Vec<_>>()
        };
        let mut person = node("entry.resource.ofType(Patient).identifier.value");
        person.extend(node("entry.resource.ofType(Patient).name.given"));
        person.extend(node("entry.resource.ofType(Patient).name.family"));
        person.extend(node("entry.resource.ofType(Patient).address.line"));
        let details = RULES.details(&event, &tree);
        for value in details.values() {
            let says = person.iter().any(|p| value.split(' ').any(|word| word == p));
            assert!(!says, "{event}/{file}: {:?}", details.keys());
        }
    }
}

#[test]
fn a_value_that_does_not_look_like_its_kind_is_left_out() {
    for (kind, good, bad) in [
        (Kind::Code, "no-show", "201505202380"),
        (Kind::Code, "lvu-2-3", "Elsa"),
        (Kind::Code, "booked", "elsa lindqvist"),
        (Kind::Time, "2026-03-12", "201505202380"),
        (Kind::Time, "2026-03-12T10:45:00.870+01:00", "2026-03"),
        (Kind::Number, "40", "201505202380"),
        (Kind::Number, "0", "-1"),
        (Kind::YesNo, "true", "yes"),
        (Kind::Party, "SE2120009911-SOC1", "201505202380"),
    ] {
        let of = |value: &str| text(&Value::String(value.to_string().into()), kind);
        assert_eq!((of(good).as_deref(), of(bad)), (Some(good), None));
    }
}

#[test]
fn a_wrong_table_is_told_with_its_lines() {
    let table = "# head\n\na | b | code | entry.resource.ofType(Task).nonsense\na | b | words | id\na | b\na | b | code | (\n";
    let file = File { path: TABLE.into(), text: table.into() };
    let told = Details::load(&[file], Definitions::r4()).err().unwrap();
    let lines: Vec<bool> =
        [3, 4, 5, 6].iter().zip(&told).map(|(n, p)| p.message.starts_with(&format!("line {n}: "))).collect();
    assert_eq!((told.len(), lines), (4, vec![true; 4]), "{told:?}");
    assert!(Details::load(&[], Definitions::r4()).is_err());
}
