//! Whether the target of a reference conforms: rings, long chains, and what cannot be decided.

use crate::made::*;
use serde_json::{Value, json};

/// Observations whose subject is a P (`oP`), a P or a Q (`oPQ`), an undecidable U (`oU`); a P has a gender
/// and its links lead to a P.
fn profiles() -> fhir::Profiles {
    let targets = |names: &[&str]| names.iter().map(|n| format!("{URL}{n}")).collect::<Vec<_>>();
    let to = |path: &str, names: &[&str]| json!({ "id": path, "path": path, "type": [{ "code": "Reference", "targetProfile": targets(names) }] });
    let about = |name: &str, names: &[&str]| {
        profile(name, "Observation", "Observation", json!([to("Observation.subject", names)]))
    };
    let gender = json!({ "id": "Patient.gender", "path": "Patient.gender", "min": 1 });
    let linked = json!([gender, to("Patient.link.other", &["P"])]);
    let bound = json!([{ "id": "Patient.maritalStatus", "path": "Patient.maritalStatus", "min": 1,
        "binding": { "strength": "required", "valueSet": "http://example.org/ValueSet/elsewhere" } }]);
    load(&[
        profile("P", "Patient", "Patient", linked),
        profile("Q", "Patient", "Patient", json!([{ "id": "Patient", "path": "Patient" }])),
        profile("U", "Patient", "Patient", bound),
        about("oP", &["P"]),
        about("oPQ", &["P", "Q"]),
        about("oU", &["U"]),
    ])
}

fn about(id: &str, by: &str, subject: &str) -> Value {
    json!({ "fullUrl": format!("http://s/Observation/{id}"), "resource": { "resourceType": "Observation", "id": id,
        "status": "final", "code": { "text": "a" }, "meta": { "profile": [format!("{URL}{by}")] },
        "subject": { "reference": format!("Patient/{subject}") } } })
}

fn person(id: &str, gender: bool, link: Option<&str>) -> Value {
    let mut out = patient(json!({ "id": id, "active": true }));
    if gender {
        out["gender"] = json!("other");
    }
    if let Some(link) = link {
        out["link"] = json!([{ "type": "seealso", "other": { "reference": format!("Patient/{link}") } }]);
    }
    json!({ "fullUrl": format!("http://s/Patient/{id}"), "resource": out })
}

/// `code place` of every finding; what could not be checked has a `?` before it.
fn found(entries: &[Value]) -> Vec<String> {
    let profiles = profiles();
    let mut tree = tree(&json!({ "resourceType": "Bundle", "type": "collection", "entry": entries }));
    profiles.definitions().annotate(&mut tree);
    let told =
        |f: &fhir::Finding| format!("{}{} {}", if f.not_checkable { "?" } else { "" }, f.code, f.place);
    profiles.validate(&tree, "Bundle").iter().map(told).collect()
}

#[test]
fn a_ring_is_judged_the_same_from_everywhere() {
    let (one, two) = (about("1", "oPQ", "A"), about("2", "oP", "B"));
    let (a, b) = (person("A", false, Some("B")), person("B", true, Some("A")));
    // B links to A, which is no P for want of a gender: neither is B.
    let at = |i: usize| [format!("reference Bundle.entry[{i}].resource.subject")];
    assert_eq!(found(&[one.clone(), two.clone(), a.clone(), b.clone()]), at(1));
    assert_eq!(found(&[two.clone(), one.clone(), a.clone(), b.clone()]), at(0));
    assert_eq!(found(&[b, one, a, two.clone()]), at(3));
    let sound = [two, person("A", true, Some("B")), person("B", true, Some("A"))];
    assert!(found(&sound).is_empty(), "a ring without fault conforms");
}

#[test]
fn a_long_chain_is_followed_to_its_end() {
    let chain = |last: bool| {
        let mut all = vec![about("1", "oP", "0")];
        all.extend((0..3000).map(|i| person(&i.to_string(), true, Some(&(i + 1).to_string()))));
        all.push(person("3000", last, None));
        found(&all)
    };
    assert!(chain(true).is_empty());
    assert_eq!(chain(false), ["reference Bundle.entry[0].resource.subject"]);
}

#[test]
fn what_cannot_be_decided_of_the_target_is_told() {
    let with = |status: Option<Value>| {
        let mut target = person("2", true, None);
        if let Some(status) = status {
            target["resource"]["maritalStatus"] = status;
        }
        let mut all = found(&[about("1", "oU", "2"), target.clone(), about("3", "oU", "2")]);
        all.retain(|f| f.contains("reference "));
        all
    };
    let coded = json!({ "coding": [{ "system": "http://example.org/k", "code": "x" }] });
    let both = |mark: &str| [0, 2].map(|i| format!("{mark}reference Bundle.entry[{i}].resource.subject"));
    assert_eq!(with(Some(coded)), both("?"));
    assert_eq!(with(None), both(""), "an error decides, whatever else cannot be");
}
