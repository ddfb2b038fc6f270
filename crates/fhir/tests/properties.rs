//! Properties that hold for any input: no panic, and nothing lost between text and tree.
//!
//! Invariant: each property runs on generated input without a fixed list of cases. Deliberately
//! absent: anything that needs the external suites.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use fhir::json::{Form, Limits, read, write, write_pretty};
use fhir::{Definitions, Profiles, position};
use proptest::prelude::*;
use serde_json::Value;

fn limits() -> Limits {
    Limits { max_bytes: 1 << 20, max_depth: 64, max_nodes: 100_000 }
}

/// JSON without arrays in arrays, as the tree can hold it.
fn value() -> impl Strategy<Value = Value> {
    let scalar = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_filter("finite", |f| f.is_finite()).prop_map(Value::from),
        any::<String>().prop_map(Value::from),
    ];
    scalar.prop_recursive(5, 64, 6, |inner| {
        let object = || proptest::collection::hash_map("[a-zé\"\\\\ ]{0,6}", inner.clone(), 0..6);
        let item = inner.clone().prop_filter("no array in an array", |v| !v.is_array());
        prop_oneof![
            object().prop_map(|m| Value::Object(m.into_iter().collect())),
            proptest::collection::vec(item, 0..5).prop_map(Value::Array),
        ]
    })
}

/// FHIR-like JSON with primitive extensions, some aligned with nulls.
fn primitives() -> impl Strategy<Value = Value> {
    let pair = (any::<Option<String>>(), proptest::option::of("[a-z]{1,5}"));
    let field = proptest::collection::vec(pair, 1..4);
    proptest::collection::btree_map("[a-z]{1,6}", field, 0..6).prop_map(|fields| {
        let mut object = serde_json::Map::new();
        for (name, items) in fields {
            let values: Vec<Value> =
                items.iter().map(|(v, _)| v.clone().map_or(Value::Null, Value::from)).collect();
            let id = |i: &Option<String>| i.as_ref().map_or(Value::Null, |i| serde_json::json!({ "id": i }));
            let twins: Vec<Value> = items.iter().map(|(_, i)| id(i)).collect();
            let has_twin = twins.iter().any(|t| !t.is_null());
            if !has_twin || values.iter().any(|v| !v.is_null()) {
                object.insert(name.clone(), Value::Array(values));
            }
            if has_twin {
                object.insert(format!("_{name}"), Value::Array(twins));
            }
        }
        Value::Object(object)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn any_object_comes_back_as_it_was(v in value()) {
        let text = serde_json::json!({ "v": v }).to_string();
        let tree = read(text.as_bytes(), Form::Plain, &limits()).unwrap();
        prop_assert_eq!(&write(&tree, Form::Plain), &text);
        let pretty = write_pretty(&tree, Form::Plain);
        let again = read(pretty.as_bytes(), Form::Plain, &limits()).unwrap();
        prop_assert_eq!(write(&again, Form::Plain), text);
    }

    #[test]
    fn primitive_extensions_come_back_aligned(v in primitives()) {
        let text = v.to_string();
        let tree = read(text.as_bytes(), Form::Fhir, &limits()).unwrap();
        prop_assert_eq!(write(&tree, Form::Fhir), text);
    }

    #[test]
    fn no_bytes_make_the_reader_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        for form in [Form::Fhir, Form::Plain] {
            if let Err(faults) = read(&bytes, form, &limits()) {
                prop_assert!(!faults.is_empty());
                position(&bytes, faults[0].span.start);
            }
        }
    }

    #[test]
    fn our_verdict_is_that_of_a_second_reader(text in "[\\[\\]{}\",:0-9eE.\\-+ntrufalsbd\\\\ ]{0,24}") {
        let ours = read(text.as_bytes(), Form::Plain, &limits());
        let theirs = serde_json::from_str::<Value>(&text);
        if let Err(faults) = &ours {
            prop_assert!(theirs.is_err() || !faults.iter().any(fhir::json::is_syntax), "{}", faults[0]);
        } else {
            prop_assert!(theirs.is_ok());
        }
    }

    #[test]
    fn nothing_makes_validation_panic_or_tell_a_value(v in value(), name in "Patient|Bundle|Questionnaire|Observation") {
        let text = serde_json::json!({ "resourceType": name, "id": "zqzqzqzqzq zqzq", "identifier": v, "entry": v, "item": v }).to_string();
        let Ok(mut tree) = read(text.as_bytes(), Form::Fhir, &limits()) else { return Ok(()) };
        Definitions::r4().annotate(&mut tree);
        let profiles = PROFILES.get_or_init(|| Profiles::load(Definitions::r4(), &[]).unwrap());
        for finding in profiles.validate(&tree, &name) {
            let told = format!("{finding:?}");
            prop_assert!(!told.contains("zqzqzq"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(1500) })]

    /// Cuts, doubles and overwrites pieces of a message, and looks at what is left of it.
    #[test]
    fn damaged_messages_are_told_about(edits in proptest::collection::vec((any::<usize>(), 0usize..40, "[\\[\\]{}\",:0-9a-z#/]{0,6}"), 1..4)) {
        let mut text = MESSAGE.to_string();
        for (at, length, with) in edits {
            let at = at % text.len();
            let end = (at + length).min(text.len());
            text.replace_range(at..end, &with);
        }
        let profiles = PROFILES.get_or_init(|| Profiles::load(Definitions::r4(), &[]).unwrap());
        match read(text.as_bytes(), Form::Fhir, &limits()) {
            Err(faults) => prop_assert!(!faults.is_empty()),
            Ok(mut tree) => {
                profiles.definitions().annotate(&mut tree);
                profiles.validate(&tree, "Bundle");
                let again = write(&tree, Form::Fhir);
                let second = read(again.as_bytes(), Form::Fhir, &limits()).unwrap();
                prop_assert_eq!(write(&second, Form::Fhir), again);
            }
        }
    }
}

const MESSAGE: &str = concat!(
    r##"{"resourceType":"Bundle","type":"message","entry":[{"fullUrl":"urn:uuid:1","resource":{"resourceType":"MessageHeader","##,
    r##""eventUri":"http://e","source":{"endpoint":"http://s"},"focus":[{"reference":"urn:uuid:2"}]}},{"fullUrl":"urn:uuid:2","##,
    r##""resource":{"resourceType":"Patient","name":[{"given":["A",null],"_given":[null,{"extension":[{"url":"http://x","##,
    r##""valueCode":"y"}]}]}],"contained":[{"resourceType":"Organization","id":"o","name":"n"}],"birthDate":"2010-01-01","##,
    r##""generalPractitioner":[{"reference":"#o"}],"multipleBirthInteger":2,"meta":{"profile":["http://p"]}}}]}"##
);

static PROFILES: std::sync::OnceLock<Profiles> = std::sync::OnceLock::new();

#[test]
fn nesting_beyond_the_limit_is_refused_however_deep() {
    for open in ["[", "{\"a\":", "{\"a\":["] {
        let text = format!("{{\"a\":{}", open.repeat(100_000));
        let faults = read(text.as_bytes(), Form::Plain, &limits()).unwrap_err();
        assert_eq!(faults.last().unwrap().code, "json-depth");
    }
}
