//! Cardinalities, values, types, bindings and invariants of single elements.

use crate::made::*;
use fhir::Severity;
use serde_json::{Value, json};

#[test]
fn cardinality_is_narrowed() {
    let p = profile(
        "P",
        "Patient",
        "Patient",
        json!([
        { "id": "Patient.birthDate", "path": "Patient.birthDate", "min": 1 },
        { "id": "Patient.name", "path": "Patient.name", "max": "1" },
        { "id": "Patient.photo", "path": "Patient.photo", "max": "0" }]),
    );
    let good = patient(json!({ "birthDate": "2010-01-01", "name": [{ "family": "A" }] }));
    let bad = patient(json!({ "name": [{ "family": "A" }, { "family": "B" }], "photo": [{ "title": "x" }] }));
    check(
        &[p],
        "P",
        good,
        bad,
        &["cardinality Patient", "cardinality Patient.name[1]", "cardinality Patient.photo[0]"],
    );
}

#[test]
fn the_type_alone_is_checked_too() {
    let p = profile("P", "Patient", "Patient", json!([]));
    let bad = patient(
        json!({ "gender": "boy", "birthDate": "2010-02-30", "active": "true", "name": { "family": "A" },
        "colour": "red", "deceasedBoolean": true, "deceasedDateTime": "2020", "contact": [{}], "address": [],
        "generalPractitioner": [{ "reference": "Encounter/1" }], "communication": [{ "preferred": true }] }),
    );
    check(
        &[p],
        "P",
        patient(json!({ "active": true })),
        bad,
        &[
            "binding Patient.gender",
            "primitive-format Patient.birthDate",
            "type Patient.active",
            "type Patient.name",
            "unknown-element Patient.colour",
            "cardinality Patient.deceasedDateTime",
            "empty Patient.contact[0]",
            "empty Patient.address[0]",
            "reference Patient.generalPractitioner[0]",
            "cardinality Patient.communication[0]",
        ],
    );
}

#[test]
fn fixed_and_pattern_values() {
    let p = profile(
        "P",
        "Patient",
        "Patient",
        json!([
        { "id": "Patient.gender", "path": "Patient.gender", "fixedCode": "male" },
        { "id": "Patient.maritalStatus", "path": "Patient.maritalStatus",
          "patternCodeableConcept": { "coding": [{ "system": "http://s", "code": "M" }] } }]),
    );
    let status = |code| json!({ "coding": [{ "system": "http://other", "code": "X" }, { "system": "http://s", "code": code, "display": "d" }] });
    let good = patient(json!({ "gender": "male", "maritalStatus": status("M") }));
    let bad = patient(json!({ "gender": "female", "maritalStatus": status("S") }));
    check(&[p], "P", good, bad, &["fixed Patient.gender", "pattern Patient.maritalStatus"]);
}

#[test]
fn choices_are_sliced_by_type() {
    let p = profile(
        "P",
        "Observation",
        "Observation",
        json!([
        { "id": "Observation.value[x]:valueQuantity", "path": "Observation.value[x]", "sliceName": "valueQuantity", "min": 1, "type": [{ "code": "Quantity" }] },
        { "id": "Observation.value[x]:valueQuantity.unit", "path": "Observation.value[x].unit", "min": 1 }]),
    );
    let o = |rest: Value| {
        let mut v = json!({ "resourceType": "Observation", "status": "final", "code": { "text": "c" } });
        v.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
        v
    };
    let good = o(json!({ "valueQuantity": { "value": 1.0, "unit": "kg" } }));
    check(
        std::slice::from_ref(&p),
        "P",
        good.clone(),
        o(json!({ "valueQuantity": { "value": 1.0 } })),
        &["cardinality Observation.valueQuantity"],
    );
    check(&[p], "P", good, o(json!({ "valueString": "s" })), &["cardinality Observation"]);
}

#[test]
fn derived_profiles_keep_and_narrow_their_base() {
    let base = profile(
        "B",
        "Patient",
        "Patient",
        json!([
        { "id": "Patient.identifier", "path": "Patient.identifier", "slicing": { "discriminator": [{ "type": "value", "path": "system" }], "rules": "open" } },
        { "id": "Patient.identifier:a", "path": "Patient.identifier", "sliceName": "a" },
        { "id": "Patient.identifier:a.system", "path": "Patient.identifier.system", "min": 1, "patternUri": "http://a" }]),
    );
    let derived = profile(
        "D",
        "Patient",
        "B",
        json!([
        { "id": "Patient.identifier:a", "path": "Patient.identifier", "sliceName": "a", "min": 1 },
        { "id": "Patient.name", "path": "Patient.name", "min": 1 }]),
    );
    let good = patient(json!({ "identifier": [{ "system": "http://a" }], "name": [{ "family": "A" }] }));
    let bad = patient(json!({ "identifier": [{ "system": "http://b" }] }));
    check(&[derived, base], "D", good, bad, &["cardinality Patient", "cardinality Patient"]);
}

#[test]
fn required_bindings_with_loaded_value_sets() {
    let system = json!({ "resourceType": "CodeSystem", "url": "http://cs", "content": "complete", "concept": [{ "code": "x", "concept": [{ "code": "y" }] }, { "code": "z" }] });
    let set = json!({ "resourceType": "ValueSet", "url": "http://vs", "compose": { "include": [{ "system": "http://cs", "filter": [{ "property": "concept", "op": "is-a", "value": "x" }] }] } });
    let p = profile(
        "P",
        "Patient",
        "Patient",
        json!([{ "id": "Patient.maritalStatus", "path": "Patient.maritalStatus", "binding": { "strength": "required", "valueSet": "http://vs|1" } }]),
    );
    let status =
        |s: &str, c: &str| patient(json!({ "maritalStatus": { "coding": [{ "system": s, "code": c }] } }));
    let all = [set, p, system];
    check(&all, "P", status("http://cs", "y"), status("http://cs", "z"), &["binding Patient.maritalStatus"]);
    check(
        &all,
        "P",
        status("http://cs", "x"),
        status("http://other", "y"),
        &["binding Patient.maritalStatus"],
    );
    check(
        &all,
        "P",
        status("http://cs", "x"),
        patient(json!({ "maritalStatus": { "text": "y" } })),
        &["binding Patient.maritalStatus"],
    );
}

#[test]
fn invariants_are_asked_through_the_hook() {
    let p = profile(
        "P",
        "Patient",
        "Patient",
        json!([{ "id": "Patient", "path": "Patient",
        "constraint": [{ "key": "x-1", "severity": "error", "human": "h", "expression": "active" }, { "key": "x-2", "severity": "warning", "expression": "no()" }] }]),
    );
    let profiles = load(&[p]);
    let mut tree = tree(&patient(json!({ "active": true })));
    profiles.definitions().annotate(&mut tree);
    let holds = |i: &fhir::definitions::Invariant, _: fhir::NodeRef<'_>| match &*i.key {
        "x-1" => Some(false),
        "x-2" => None,
        _ => Some(true),
    };
    let findings = profiles.validate_with(&tree, &format!("{URL}P"), &holds);
    let told: Vec<_> = findings.iter().map(|f| (f.code, f.severity, f.not_checkable)).collect();
    assert_eq!(told, [("invariant", Severity::Error, false), ("invariant", Severity::Information, true)]);
}

#[test]
fn a_value_may_be_demanded_with_alternatives() {
    let r5 = |name: &str| {
        format!("http://hl7.org/fhir/5.0/StructureDefinition/extension-ElementDefinition.{name}")
    };
    let absent = "http://hl7.org/fhir/StructureDefinition/data-absent-reason";
    let must = json!([{ "path": "Patient.active", "min": 1,
        "extension": [{ "url": r5("mustHaveValue"), "valueBoolean": true }] }]);
    let with =
        |url: &str| patient(json!({ "_active": { "extension": [{ "url": url, "valueCode": "unknown" }] } }));
    let value = patient(json!({ "active": true }));
    check(
        &[profile("P", "Patient", "Patient", must)],
        "P",
        value.clone(),
        with(absent),
        &["cardinality Patient.active"],
    );
    let or = json!([{ "path": "Patient.active", "min": 1,
        "extension": [{ "url": r5("valueAlternatives"), "valueCanonical": absent }] }]);
    let p = [profile("P", "Patient", "Patient", or)];
    check(&p, "P", value, with("http://example.org/x"), &["cardinality Patient.active"]);
    check(&p, "P", with(absent), with("http://example.org/x"), &["cardinality Patient.active"]);
}

#[test]
fn least_and_greatest_values_are_asked_of_the_engine() {
    let p = profile(
        "P",
        "Observation",
        "Observation",
        json!([
            { "path": "Observation.valueQuantity", "minValueQuantity": { "value": 0, "system": "http://unitsofmeasure.org", "code": "kg" } },
            { "path": "Observation.valueInteger", "maxValueInteger": 5 },
            { "path": "Observation.effectiveDateTime", "minValueDateTime": "2020-01-01" }]),
    );
    let profiles = load(&[p]);
    let asked: Vec<&str> =
        profiles.invariants().iter().filter(|i| i.key.ends_with("Value")).map(|i| &*i.expression).collect();
    assert!(asked.contains(&"value.exists() implies $this >= 0 'kg'"), "{asked:?}");
    assert!(
        asked.contains(&"hasValue() implies $this <= 5")
            && asked.contains(&"hasValue() implies $this >= @2020-01-01")
    );
}

#[test]
fn what_claims_to_specialise_a_known_type_does_not_replace_it() {
    let mut p = profile("P", "Patient", "Patient", json!([{ "path": "Patient.birthDate", "min": 1 }]));
    p["derivation"] = json!("specialization");
    let good = patient(json!({ "birthDate": "2020-01-01", "name": [{ "family": "x" }] }));
    check(&[p], "P", good, patient(json!({ "active": true })), &["cardinality Patient"]);
}
