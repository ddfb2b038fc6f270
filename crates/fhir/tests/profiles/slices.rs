//! Slices and their discriminators.

use crate::bundles::*;
use crate::made::*;
use serde_json::{Value, json};

#[test]
fn slices_by_value_open_and_closed() {
    let elements = |rules| {
        json!([
        { "id": "Patient.identifier", "path": "Patient.identifier", "slicing": { "discriminator": [{ "type": "value", "path": "system" }], "rules": rules } },
        { "id": "Patient.identifier:a", "path": "Patient.identifier", "sliceName": "a", "min": 1, "max": "1" },
        { "id": "Patient.identifier:a.system", "path": "Patient.identifier.system", "min": 1, "patternUri": "http://a" },
        { "id": "Patient.identifier:a.value", "path": "Patient.identifier.value", "min": 1 }])
    };
    let closed = profile("C", "Patient", "Patient", elements("closed"));
    let open = profile("O", "Patient", "Patient", elements("open"));
    let a = json!({ "system": "http://a", "value": "1" });
    let b = json!({ "system": "http://b", "value": "1" });
    check(
        &[closed],
        "C",
        patient(json!({ "identifier": [a] })),
        patient(json!({ "identifier": [a, b] })),
        &["slice Patient.identifier[1]"],
    );
    let bad = patient(json!({ "identifier": [b, { "system": "http://a" }] }));
    check(
        std::slice::from_ref(&open),
        "O",
        patient(json!({ "identifier": [b, a] })),
        bad,
        &["cardinality Patient.identifier[1]"],
    );
    check(
        &[open],
        "O",
        patient(json!({ "identifier": [a] })),
        patient(json!({ "identifier": [b] })),
        &["cardinality Patient"],
    );
}

#[test]
fn extension_slices_by_profile_url() {
    let ext = profile(
        "Ext",
        "Extension",
        "Extension",
        json!([
        { "id": "Extension.url", "path": "Extension.url", "fixedUri": format!("{URL}Ext") },
        { "id": "Extension.value[x]", "path": "Extension.value[x]", "min": 1, "type": [{ "code": "code" }] }]),
    );
    let p = profile(
        "P",
        "Patient",
        "Patient",
        json!([{ "id": "Patient.extension:e", "path": "Patient.extension", "sliceName": "e",
        "min": 1, "max": "1", "type": [{ "code": "Extension", "profile": [format!("{URL}Ext")] }] }]),
    );
    let e = |v: Value| {
        let mut o = json!({ "url": format!("{URL}Ext") });
        o.as_object_mut().unwrap().extend(v.as_object().unwrap().clone());
        o
    };
    let good = patient(json!({ "extension": [e(json!({ "valueCode": "x" }))] }));
    let bad = patient(json!({ "extension": [e(json!({ "valueString": "x" }))] }));
    check(&[ext.clone(), p.clone()], "P", good.clone(), bad, &["type Patient.extension[0].valueString"]);
    check(&[p, ext], "P", good, patient(json!({ "active": true })), &["cardinality Patient"]);
}

#[test]
fn discriminators_by_existence_profile_and_resolve() {
    let slicing = |how: &str, path: &str| json!({ "discriminator": [{ "type": how, "path": path }], "rules": "closed" });
    let exists = profile(
        "X",
        "Patient",
        "Patient",
        json!([
        { "id": "Patient.telecom", "path": "Patient.telecom", "slicing": slicing("exists", "system") },
        { "id": "Patient.telecom:with", "path": "Patient.telecom", "sliceName": "with", "max": "1" },
        { "id": "Patient.telecom:with.system", "path": "Patient.telecom.system", "min": 1 }]),
    );
    let with = json!({ "system": "phone", "value": "1" });
    check(
        &[exists],
        "X",
        patient(json!({ "telecom": [with] })),
        patient(json!({ "telecom": [with, { "value": "2" }] })),
        &["slice Patient.telecom[1]"],
    );

    let mut all = message_profiles();
    all.push(profile("R", "List", "List", json!([
        { "id": "List.entry", "path": "List.entry", "slicing": slicing("profile", "item.resolve()") },
        { "id": "List.entry:p", "path": "List.entry", "sliceName": "p" },
        { "id": "List.entry:p.item", "path": "List.entry.item", "type": [{ "code": "Reference", "targetProfile": [format!("{URL}P")] }] }])));
    let list = |p: Value| json!({ "resourceType": "List", "status": "current", "mode": "working", "contained": [p], "entry": [{ "item": { "reference": "#p" } }] });
    let good = list(json!({ "resourceType": "Patient", "id": "p", "birthDate": "2010" }));
    let bad = list(json!({ "resourceType": "Patient", "id": "p" }));
    check(&all, "R", good, bad, &["slice List.entry[0]"]);
}
