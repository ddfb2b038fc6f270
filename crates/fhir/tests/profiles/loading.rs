//! What may be loaded, logical models, and documents that are too deep.

use crate::made::*;
use fhir::json::{Form, Limits, read};
use fhir::{Profiles, Severity};
use serde_json::{Value, json};

#[test]
fn faults_in_definitions_are_told_at_load() {
    let unknown = profile(
        "P",
        "Patient",
        "Patient",
        json!([{ "id": "Patient.colour", "path": "Patient.colour", "min": 1 }]),
    );
    let orphan = profile("Q", "Patient", "Nowhere", json!([]));
    let trees = [tree(&unknown), tree(&orphan)];
    let faults = Profiles::load(fhir::Definitions::r4(), &trees).unwrap_err();
    assert_eq!(faults.len(), 2);
    assert!(faults.iter().all(|f| f.code == "definition" && f.place.starts_with(URL)));
}

#[test]
fn logical_models_are_types() {
    let model = json!({ "resourceType": "StructureDefinition", "url": "http://example.org/CaseMessage", "kind": "logical", "abstract": false,
        "type": "http://example.org/CaseMessage", "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Base", "derivation": "specialization",
        "differential": { "element": [
            { "id": "CaseMessage", "path": "CaseMessage" },
            { "id": "CaseMessage.id", "path": "CaseMessage.id", "min": 1, "max": "1", "type": [{ "code": "string" }] },
            { "id": "CaseMessage.child", "path": "CaseMessage.child", "min": 1, "max": "1", "type": [{ "code": "BackboneElement" }] },
            { "id": "CaseMessage.child.names", "path": "CaseMessage.child.names", "min": 1, "max": "*", "type": [{ "code": "string" }] },
            { "id": "CaseMessage.other", "path": "CaseMessage.other", "min": 0, "max": "*", "contentReference": "#CaseMessage.child" }] } });
    let profiles = load(&[model]);
    let definitions = profiles.definitions();
    let ty = definitions.type_id("CaseMessage").unwrap();
    assert_eq!(definitions.type_id("http://example.org/CaseMessage"), Some(ty));
    let validate = |v: Value| {
        let mut tree = read(v.to_string().as_bytes(), Form::Plain, &Limits::default()).unwrap();
        definitions.annotate_as(&mut tree, ty);
        profiles
            .validate(&tree, "CaseMessage")
            .iter()
            .map(|f| format!("{} {}", f.code, f.place))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        validate(json!({ "id": "1", "child": { "names": ["a"] }, "other": [{ "names": ["b"] }] })),
        Vec::<String>::new()
    );
    assert_eq!(
        validate(json!({ "child": { "extension": [], "names": "a" }, "other": [{ "x": 1 }] })),
        [
            "cardinality $",
            "unknown-element $.child.extension",
            "type $.child.names",
            "cardinality $.other[0]",
            "unknown-element $.other[0].x"
        ]
    );
}

#[test]
fn a_logical_model_may_state_an_inherited_element_more_strictly() {
    let model = json!({ "resourceType": "StructureDefinition", "url": "http://example.org/Case", "kind": "logical", "abstract": false,
        "type": "Case", "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Element", "derivation": "specialization",
        "differential": { "element": [
            { "id": "Case", "path": "Case" },
            { "id": "Case.id", "path": "Case.id", "min": 1, "max": "1", "type": [{ "code": "string" }] },
            { "id": "Case.text", "path": "Case.text", "min": 0, "max": "1", "type": [{ "code": "string" }] }] } });
    let profiles = load(&[model]);
    let definitions = profiles.definitions();
    let ty = definitions.type_id("Case").unwrap();
    assert_eq!(definitions.elements(ty).filter(|e| &*e.name == "id").map(|e| e.min).collect::<Vec<_>>(), [1]);
    let mut tree = read(b"{\"text\": \"t\"}", Form::Plain, &Limits::default()).unwrap();
    definitions.annotate_as(&mut tree, ty);
    assert!(profiles.validate(&tree, "Case").iter().any(|f| f.code == "cardinality"));
}

#[test]
fn deep_documents_do_not_exhaust_the_stack() {
    let mut v = json!({ "url": "http://x", "valueCode": "x" });
    for _ in 0..300 {
        v = json!({ "url": "http://x", "extension": [v] });
    }
    let text = patient(json!({ "extension": [v] })).to_string();
    let limits = Limits { max_depth: 1000, ..Limits::default() };
    let mut tree = read(text.as_bytes(), Form::Fhir, &limits).unwrap();
    let profiles = load(&[]);
    profiles.definitions().annotate(&mut tree);
    let errors: Vec<_> =
        profiles.validate(&tree, "Patient").into_iter().filter(|f| f.severity == Severity::Error).collect();
    assert_eq!(errors.iter().map(|f| f.code).collect::<Vec<_>>(), ["depth"]);
}
