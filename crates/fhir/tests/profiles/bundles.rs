//! Message Bundles, references between entries, and how far they are followed.

use crate::made::*;
use serde_json::{Value, json};

pub(crate) fn message(header: Value, entries: &[(&str, Value)]) -> Value {
    let mut all =
        vec![json!({ "fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000000", "resource": header })];
    all.extend(entries.iter().map(|(url, r)| json!({ "fullUrl": url, "resource": r })));
    json!({ "resourceType": "Bundle", "type": "message", "entry": all })
}

pub(crate) const ONE: &str = "urn:uuid:00000000-0000-4000-8000-000000000001";
pub(crate) const TWO: &str = "urn:uuid:00000000-0000-4000-8000-000000000002";

pub(crate) fn header(focus: &str) -> Value {
    json!({ "resourceType": "MessageHeader", "eventUri": "http://e", "source": { "endpoint": "http://s" }, "focus": [{ "reference": focus }] })
}

pub(crate) fn message_profiles() -> Vec<Value> {
    let encounter = profile(
        "E",
        "Encounter",
        "Encounter",
        json!([{ "id": "Encounter.subject", "path": "Encounter.subject", "min": 1, "type": [{ "code": "Reference", "targetProfile": [format!("{URL}P")] }] }]),
    );
    let patient = profile(
        "P",
        "Patient",
        "Patient",
        json!([{ "id": "Patient.birthDate", "path": "Patient.birthDate", "min": 1 }]),
    );
    let head = profile(
        "H",
        "MessageHeader",
        "MessageHeader",
        json!([{ "id": "MessageHeader.focus", "path": "MessageHeader.focus", "min": 1, "type": [{ "code": "Reference", "targetProfile": [format!("{URL}E")] }] }]),
    );
    let slice = |name: &str, ty: &str, min: u32| {
        [
            json!({ "id": format!("Bundle.entry:{name}"), "path": "Bundle.entry", "sliceName": name, "min": min, "max": "1" }),
            json!({ "id": format!("Bundle.entry:{name}.resource"), "path": "Bundle.entry.resource", "min": 1, "type": [{ "code": ty, "profile": [format!("{URL}{name}")] }] }),
        ]
    };
    let mut elements = vec![
        json!({ "id": "Bundle.type", "path": "Bundle.type", "fixedCode": "message" }),
        json!({ "id": "Bundle.entry", "path": "Bundle.entry", "slicing": { "discriminator": [{ "type": "type", "path": "resource" }], "rules": "closed" } }),
    ];
    elements.extend(slice("H", "MessageHeader", 1));
    elements.extend(slice("E", "Encounter", 1));
    elements.extend(slice("P", "Patient", 1));
    vec![encounter, patient, head, profile("M", "Bundle", "Bundle", Value::Array(elements))]
}

pub(crate) fn encounter(subject: &str) -> Value {
    json!({ "resourceType": "Encounter", "status": "planned", "class": { "code": "IMP" }, "subject": { "reference": subject } })
}

#[test]
fn a_message_bundle_with_slices_and_references() {
    let dated = patient(json!({ "birthDate": "2010-01-01" }));
    let good = message(header(ONE), &[(ONE, encounter(TWO)), (TWO, dated.clone())]);
    let all = message_profiles();
    let bare = message(header(ONE), &[(ONE, encounter(TWO)), (TWO, patient(json!({ "active": true })))]);
    check(
        &all,
        "M",
        good.clone(),
        bare,
        // What points at the Encounter is not blamed for what the Encounter points at.
        &["reference Bundle.entry[1].resource.subject", "cardinality Bundle.entry[2].resource"],
    );
    let lost = message(
        header(ONE),
        &[(ONE, encounter("urn:uuid:00000000-0000-4000-8000-00000000000f")), (TWO, dated.clone())],
    );
    check(&all, "M", good.clone(), lost, &["reference Bundle.entry[1].resource.subject"]);
    let crossed = message(header(TWO), &[(ONE, encounter(TWO)), (TWO, dated.clone())]);
    check(&all, "M", good.clone(), crossed, &["reference Bundle.entry[0].resource.focus[0]"]);
    let same = message(header(ONE), &[(ONE, encounter(ONE)), (ONE, dated.clone())]);
    check(
        &all,
        "M",
        good.clone(),
        same,
        &["reference Bundle.entry[1].resource.subject", "bundle Bundle.entry[2]"],
    );
    let mut first = good.clone();
    first["entry"].as_array_mut().unwrap().swap(0, 1);
    check(&all, "M", good.clone(), first, &["bundle Bundle.entry[0]"]);
    let mut extra = good.clone();
    extra["entry"].as_array_mut().unwrap().push(
        json!({ "fullUrl": "http://x", "resource": { "resourceType": "Basic", "code": { "text": "x" } } }),
    );
    check(&all, "M", good, extra, &["slice Bundle.entry[3]"]);
}

#[test]
fn relative_references_are_found_beside_the_entry() {
    let e = json!({ "fullUrl": "http://s/fhir/Encounter/1", "resource": encounter("Patient/7") });
    let p = |url: &str| json!({ "fullUrl": url, "resource": patient(json!({ "id": "7", "active": true })) });
    let bundle =
        |url| json!({ "resourceType": "Bundle", "type": "collection", "entry": [e.clone(), p(url)] });
    let mut all = message_profiles();
    all.push(profile(
        "C",
        "Bundle",
        "Bundle",
        json!([
        { "id": "Bundle.entry.resource", "path": "Bundle.entry.resource", "min": 1 }]),
    ));
    let profiles = load(&all);
    assert_eq!(errors(&profiles, "C", &bundle("http://s/fhir/Patient/7")), Vec::<String>::new());
    let mut claimed = bundle("http://s/fhir/Patient/7");
    claimed["entry"][0]["resource"]["meta"] = json!({ "profile": [format!("{URL}E")] });
    assert_eq!(errors(&profiles, "C", &claimed), ["reference Bundle.entry[0].resource.subject"]);
}

#[test]
fn long_chains_of_references_end() {
    let mut all = message_profiles();
    let part = profile(
        "O",
        "Organization",
        "Organization",
        json!([
        { "id": "Organization.partOf", "path": "Organization.partOf", "min": 1, "type": [{ "code": "Reference", "targetProfile": [format!("{URL}O")] }] }]),
    );
    all.push(part);
    let url = |i: u32| format!("http://s/Organization/{i}");
    let one = |i: u32| {
        json!({ "fullUrl": url(i), "resource": { "resourceType": "Organization", "name": "n",
        "meta": { "profile": [format!("{URL}O")] }, "partOf": { "reference": url((i + 1) % 3000) } } })
    };
    let bundle = json!({ "resourceType": "Bundle", "type": "collection", "entry": (0..3000).map(one).collect::<Vec<_>>() });
    let profiles = load(&all);
    let mut tree = tree(&bundle);
    profiles.definitions().annotate(&mut tree);
    let findings = profiles.validate(&tree, "Bundle");
    assert!(findings.iter().all(|f| f.not_checkable), "{findings:?}");
}
