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

/// The texts of the errors about a Patient.
fn texts(definitions: &[Value], name: &str, resource: &Value) -> Vec<String> {
    let profiles = load(definitions);
    let mut tree = tree(resource);
    profiles.definitions().annotate(&mut tree);
    let found = profiles.validate(&tree, &format!("{URL}{name}"));
    found.iter().filter(|f| f.severity == fhir::Severity::Error).map(|f| f.to_string()).collect()
}

/// Identifiers sliced by `paths`, each slice with its own elements below `Patient.identifier:name`.
fn identifiers(paths: &[&str], slices: &[(&str, Value)]) -> Value {
    let by: Vec<Value> = paths.iter().map(|p| json!({ "type": "value", "path": p })).collect();
    let mut elements = vec![json!({ "id": "Patient.identifier", "path": "Patient.identifier",
        "slicing": { "discriminator": by, "rules": "open" } })];
    for (name, below) in slices {
        let bare = name.rsplit('/').next().unwrap();
        elements.push(json!({ "id": format!("Patient.identifier:{name}"), "path": "Patient.identifier",
            "sliceName": name, "min": 1, "max": "1", "short": bare }));
        for (path, rule) in below.as_object().unwrap() {
            let mut element = json!({ "id": format!("Patient.identifier:{name}.{path}"),
                "path": format!("Patient.identifier.{path}") });
            element.as_object_mut().unwrap().extend(rule.as_object().unwrap().clone());
            elements.push(element);
        }
    }
    profile("P", "Patient", "Patient", Value::Array(elements))
}

#[test]
fn a_slice_that_says_nothing_at_one_path_is_told_by_the_others() {
    let p = identifiers(
        &["system", "use"],
        &[
            ("a", json!({ "system": { "fixedUri": "urn:a" }, "use": { "fixedCode": "official" } })),
            ("b", json!({ "system": { "fixedUri": "urn:b" } })),
        ],
    );
    let one = |system: &str, code: &str| json!({ "system": system, "use": code, "value": "1" });
    let good = patient(json!({ "identifier": [one("urn:a", "official"), one("urn:b", "old")] }));
    let bad = patient(json!({ "identifier": [one("urn:a", "old"), one("urn:b", "old")] }));
    check(&[p], "P", good, bad, &["cardinality Patient"]);
}

#[test]
fn a_value_fixed_as_a_whole_tells_slices_apart() {
    let whole = json!({ "id": "Patient.identifier:a", "path": "Patient.identifier", "sliceName": "a", "min": 1,
        "patternIdentifier": { "system": "urn:a" } });
    let slicing = json!({ "id": "Patient.identifier", "path": "Patient.identifier",
        "slicing": { "discriminator": [{ "type": "pattern", "path": "system" }], "rules": "open" } });
    let p = profile("P", "Patient", "Patient", json!([slicing, whole]));
    let of = |system: &str| patient(json!({ "identifier": [{ "system": system }] }));
    check(&[p], "P", of("urn:a"), of("urn:b"), &["cardinality Patient"]);
}

#[test]
fn slices_of_slices_are_counted_among_those_around() {
    let p = identifiers(
        &["system"],
        &[
            ("a", json!({ "system": { "fixedUri": "urn:a" } })),
            ("a/new", json!({ "use": { "fixedCode": "official" } })),
        ],
    );
    let mut p = p;
    p["differential"]["element"][1]["max"] = json!("*");
    let one = |system: &str, code: &str| json!({ "system": system, "use": code, "value": "1" });
    let good = patient(json!({ "identifier": [one("urn:a", "old"), one("urn:a", "official"),
        one("urn:b", "official")] }));
    let bad = patient(json!({ "identifier": [one("urn:a", "old"), one("urn:b", "official")] }));
    check(&[p.clone()], "P", good, bad.clone(), &["cardinality Patient"]);
    assert!(texts(&[p], "P", &bad)[0].contains("`identifier:a:new`"));
}

#[test]
fn what_cannot_be_told_apart_is_not_said_to_be_missing() {
    let p = identifiers(&["assigner.resolve().name"], &[("a", json!({ "value": { "min": 1 } }))]);
    let some = patient(json!({ "identifier": [{ "assigner": { "reference": "Organization/1" } }] }));
    let profiles = load(&[p]);
    let mut tree = tree(&some);
    profiles.definitions().annotate(&mut tree);
    let found = profiles.validate(&tree, &format!("{URL}P"));
    assert!(
        found.iter().all(|f| f.not_checkable) && found.iter().any(|f| f.code == "cardinality"),
        "{found:?}"
    );
    assert_eq!(errors(&profiles, "P", &patient(json!({ "active": true }))), ["cardinality Patient"]);
}

#[test]
fn a_data_types_profile_knows_the_slices_that_are_narrowed() {
    let lines = json!([
        { "id": "Address.line.extension:street", "path": "Address.line.extension", "sliceName": "street",
            "type": [{ "code": "Extension", "profile": [format!("{URL}Street")] }] }]);
    let all = [
        profile("Street", "Extension", "Extension", json!([])),
        profile("A", "Address", "Address", lines),
        profile(
            "P",
            "Patient",
            "Patient",
            json!([
            { "id": "Patient.address", "path": "Patient.address",
                "type": [{ "code": "Address", "profile": [format!("{URL}A")] }] },
            { "id": "Patient.address.line.extension:street", "path": "Patient.address.line.extension",
                "sliceName": "street", "min": 1 }]),
        ),
    ];
    let line = |extensions: Value| {
        patient(json!({ "address": [{ "line": ["x"], "_line": [{ "extension": extensions }] }] }))
    };
    let of = |name: &str| json!([{ "url": format!("{URL}{name}"), "valueString": "x" }]);
    check(&all, "P", line(of("Street")), line(of("Other")), &["cardinality Patient.address[0].line[0]"]);
}

#[test]
fn the_nearest_candidate_is_told_with_what_it_lacks() {
    let p = identifiers(
        &["system"],
        &[("a", json!({ "system": { "fixedUri": "urn:a" }, "use": { "min": 1 }, "value": { "min": 1 } }))],
    );
    let bad = patient(json!({ "identifier": [{ "system": "urn:c" },
        { "system": "urn:secret", "use": "usual", "value": "secret" }] }));
    let told = texts(std::slice::from_ref(&p), "P", &bad);
    assert_eq!(told.len(), 1);
    assert!(
        told[0].contains("nearest is `Patient.identifier[1]`, but [fixed] Patient.identifier[1].system:"),
        "{told:?}"
    );
    assert!(!told[0].contains("secret"));
    let mut closed = p;
    closed["differential"]["element"][0]["slicing"]["rules"] = json!("closed");
    closed["differential"]["element"][1]["min"] = json!(0);
    let told = texts(
        &[closed],
        "P",
        &patient(json!({ "identifier": [{ "system": "urn:c", "use": "usual",
        "value": "1" }] })),
    );
    assert!(told[0].contains("nearest is `a`, but [fixed] Patient.identifier[0].system:"), "{told:?}");
}

#[test]
fn a_binding_that_cannot_be_decided_tells_no_slices_apart() {
    let set = |name: &str| json!({ "strength": "required", "valueSet": format!("http://example.org/ValueSet/{name}") });
    let slice = |name: &str, bound: Value| {
        [
            json!({ "id": format!("Patient.communication:{name}"), "path": "Patient.communication", "sliceName": name, "max": "1" }),
            json!({ "id": format!("Patient.communication:{name}.language"), "path": "Patient.communication.language", "binding": bound }),
        ]
    };
    let mut elements = vec![
        json!({ "id": "Patient.communication", "path": "Patient.communication", "slicing": { "discriminator": [{ "type": "value", "path": "language" }], "rules": "open" } }),
    ];
    elements.extend(slice("a", set("a")));
    elements.extend(slice("b", set("b")));
    let profiles = load(&[profile("S", "Patient", "Patient", Value::Array(elements))]);
    let spoken = |code: &str| json!({ "language": { "coding": [{ "system": "http://example.org/k", "code": code }] } });
    let two = patient(json!({ "communication": [spoken("1"), spoken("2")] }));
    assert_eq!(errors(&profiles, "S", &two), Vec::<String>::new(), "they may be one of each");
    let mut tree = tree(&two);
    profiles.definitions().annotate(&mut tree);
    let found = profiles.validate(&tree, &format!("{URL}S"));
    let told: Vec<_> =
        found.iter().filter(|f| f.not_checkable && f.code == "slice").map(|f| &*f.place).collect();
    assert_eq!(told, ["Patient.communication[0]", "Patient.communication[1]"]);
}
