//! Extensions: where they may stand, what unknown ones and parts of others are.

use crate::made::*;
use fhir::json::{Form, Limits, read};
use fhir::{Finding, Policy, Severity};
use serde_json::{Value, json};

/// An extension with these contexts and rules.
fn extension(name: &str, rest: Value, elements: Value) -> Value {
    let mut out = profile(name, "Extension", "Extension", elements);
    out.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    out
}

fn context(kind: &str, expression: &str) -> Value {
    json!({ "type": kind, "expression": expression })
}

fn of(name: &str) -> Value {
    json!({ "url": format!("{URL}{name}"), "valueString": "x" })
}

fn found(definitions: &[Value], resource: &Value, policy: &Policy) -> Vec<Finding> {
    let profiles = load(definitions);
    let mut tree = read(resource.to_string().as_bytes(), Form::Fhir, &Limits::default()).unwrap();
    profiles.definitions().annotate(&mut tree);
    // An engine that knows two rules.
    profiles.validate_by(&tree, "Patient", policy, &|invariant, node| match &*invariant.expression {
        "%resource.select(Patient.name) contains $this" => Some(node.name() == "name"),
        "active.not()" => node.child_text("active").map(|t| t != "true"),
        _ => Some(true),
    })
}

fn wrong(definitions: &[Value], resource: &Value) -> Vec<String> {
    let found = found(definitions, resource, &Policy::default());
    let errors = found.iter().filter(|f| f.severity == Severity::Error);
    errors.map(|f| format!("{} {}", f.code, f.place)).collect()
}

#[test]
fn an_extension_stands_only_where_its_definition_says() {
    let contexts = json!({ "context": [context("element", "Patient.contact.name"), context("element", "Address"),
        context("element", "DomainResource"), context("extension", &format!("{URL}Around"))] });
    let all = [
        extension("E", contexts, json!([])),
        extension("Around", json!({ "context": [context("element", "Element")] }), json!([])),
    ];
    let good = patient(json!({ "extension": [of("E")],
        "contact": [{ "name": { "extension": [of("E")] } }], "address": [{ "extension": [of("E")] }],
        "name": [{ "extension": [{ "url": format!("{URL}Around"), "extension": [of("E")] }] }] }));
    assert_eq!(wrong(&all, &good), Vec::<String>::new());
    let bad = patient(json!({ "name": [{ "extension": [of("E")] }], "gender": "male",
        "_gender": { "extension": [of("E")] }, "contact": [{ "extension": [of("E")] }] }));
    let want = [
        "extension Patient.name[0].extension[0]",
        "extension Patient.gender.extension[0]",
        "extension Patient.contact[0].extension[0]",
    ];
    let mut got = wrong(&all, &bad);
    got.sort_by_key(|g| want.iter().position(|w| w == g));
    assert_eq!(got, want);
}

#[test]
fn contexts_may_be_asked_of_the_engine() {
    let query =
        json!({ "context": [context("fhirpath", "Patient.name")], "contextInvariant": ["active.not()"] });
    let all = [extension("E", query, json!([]))];
    assert_eq!(
        wrong(&all, &patient(json!({ "address": [{ "extension": [of("E")] }] }))),
        ["extension Patient.address[0].extension[0]"]
    );
    let unsure = found(&all, &patient(json!({ "name": [{ "extension": [of("E")] }] })), &Policy::default());
    assert!(unsure.iter().any(|f| f.code == "invariant" && f.not_checkable && f.place == "Patient.name[0]"));
    let kind = json!({ "context": [context("somewhere", "Patient")] });
    let unsure = found(
        &[extension("E", kind, json!([]))],
        &patient(json!({ "extension": [of("E")] })),
        &Policy::default(),
    );
    assert!(unsure.iter().any(|f| f.code == "extension" && f.not_checkable));
}

#[test]
fn modifiers_stand_among_modifiers() {
    let modifier = json!([{ "path": "Extension", "isModifier": true }]);
    let all = [extension("M", json!({}), modifier), extension("E", json!({}), json!([]))];
    let good = patient(json!({ "modifierExtension": [of("M")], "extension": [of("E")] }));
    assert_eq!(wrong(&all, &good), Vec::<String>::new());
    let bad = patient(json!({ "modifierExtension": [of("E")], "extension": [of("M")] }));
    assert_eq!(
        wrong(&all, &bad),
        ["extension Patient.modifierExtension[0]", "extension Patient.extension[0]"]
    );
}

#[test]
fn parts_are_defined_by_the_extension_around_them() {
    let parts = json!([
        { "id": "Extension.extension:a", "path": "Extension.extension", "sliceName": "a" },
        { "id": "Extension.extension:a.url", "path": "Extension.extension.url", "fixedUri": "a" }]);
    let all = [extension("E", json!({}), parts)];
    let around = |part: &str| {
        patient(json!({ "extension": [{ "url": format!("{URL}E"),
            "extension": [{ "url": part, "valueString": "x" }] }] }))
    };
    assert_eq!(wrong(&all, &around("a")), Vec::<String>::new());
    assert_eq!(wrong(&all, &around("b")), ["extension Patient.extension[0].extension[0]"]);
    let alone = patient(json!({ "extension": [{ "url": "a", "valueString": "x" }] }));
    assert_eq!(wrong(&all, &alone), ["extension Patient.extension[0]"]);
}

#[test]
fn unknown_extensions_are_as_bad_as_the_caller_says() {
    let both = patient(json!({ "extension": [of("E")], "modifierExtension": [of("M")] }));
    let severities = |policy: &Policy| {
        let mut all: Vec<_> =
            found(&[], &both, policy).iter().map(|f| (f.severity, f.not_checkable)).collect();
        all.sort();
        all
    };
    assert_eq!(severities(&Policy::default()), [(Severity::Warning, true), (Severity::Information, true)]);
    let strict = Policy { unknown_extension: |_, _| Severity::Error, ..Policy::default() };
    assert_eq!(severities(&strict), [(Severity::Error, false), (Severity::Error, false)]);
}
