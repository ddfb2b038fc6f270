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

/// A Bundle of this type: full URL, resource.
fn bundle(kind: &str, entries: &[(&str, Value)]) -> Value {
    let entries: Vec<Value> =
        entries.iter().map(|(url, r)| json!({ "fullUrl": url, "resource": r })).collect();
    json!({ "resourceType": "Bundle", "type": kind, "entry": entries })
}

/// `code place` of every finding about the Bundle that is at least a warning.
fn found(bundle: &Value) -> Vec<String> {
    let profiles = load(&[]);
    let mut tree = tree(bundle);
    profiles.definitions().annotate(&mut tree);
    let found = profiles.validate(&tree, "Bundle");
    found.iter().filter(|f| !f.not_checkable).map(|f| format!("{} {}", f.code, f.place)).collect()
}

fn person(id: &str, version: Option<&str>, link: Option<&str>) -> Value {
    let mut out = patient(json!({ "id": id }));
    if let Some(version) = version {
        out["meta"] = json!({ "versionId": version });
    }
    if let Some(link) = link {
        out["link"] = json!([{ "type": "seealso", "other": { "reference": link } }]);
    }
    out
}

#[test]
fn relative_references_lead_where_the_full_url_says() {
    let to = |url: &str, text: &str| {
        let entries =
            [("http://s/fhir/Patient/1", person("1", None, Some(text))), (url, person("2", None, None))];
        found(&bundle("collection", &entries))
    };
    let at = ["reference Bundle.entry[0].resource.link[0].other"];
    assert!(to("http://s/fhir/Patient/2", "Patient/2").is_empty());
    assert_eq!(to("http://other/fhir/Patient/2", "Patient/2"), at);
    assert!(to("http://s/fhir/Patient/2", "http://elsewhere/Patient/2").is_empty());
    assert_eq!(to(ONE, "Patient/2"), at);
    // In a name space of UUIDs the id is one.
    let id = ONE.trim_start_matches("urn:uuid:");
    let other = "urn:uuid:00000000-0000-4000-8000-000000000009";
    let entries = [
        (other, person("1", None, Some(&format!("Patient/{id}")))),
        (
            ONE,
            json!({
        "resourceType": "Organization", "name": "x" }),
        ),
    ];
    assert_eq!(found(&bundle("collection", &entries)), at, "it names a Patient and is an Organization");
}

#[test]
fn versions_are_told_apart() {
    let to = |text: &str| {
        let (one, two) = ("http://s/fhir/Patient/1", "http://s/fhir/Patient/2");
        let entries = [
            (one, person("1", None, Some(text))),
            (two, person("2", Some("a"), None)),
            (two, person("2", Some("b"), None)),
        ];
        found(&bundle("collection", &entries))
    };
    let at = ["reference Bundle.entry[0].resource.link[0].other"];
    assert!(to("Patient/2/_history/b").is_empty());
    assert_eq!(to("Patient/2/_history/c"), at);
    assert_eq!(to("Patient/2"), at);
}

#[test]
fn a_server_address_is_that_of_the_resource() {
    let at = |url: &str| found(&bundle("collection", &[(url, person("1", None, None))]));
    assert!(at("http://s/fhir/Patient/1").is_empty() && at("http://s/anything").is_empty());
    assert_eq!(at("http://s/fhir/Patient/2"), ["bundle Bundle.entry[0]"]);
    assert_eq!(at("http://s/fhir/Organization/1"), ["bundle Bundle.entry[0]"]);
    let mut twice = bundle("searchset", &[]);
    twice["entry"] = json!([{ "fullUrl": ONE, "resource": person("1", None, None) }]);
    twice["link"] =
        json!([{ "relation": "self", "url": "http://s" }, { "relation": "self", "url": "http://s" }]);
    assert_eq!(found(&twice), ["bundle Bundle.link[1]"]);
}

#[test]
fn a_document_hangs_together() {
    let composition = |subject: &str| {
        json!({ "resourceType": "Composition", "status": "final", "type": { "text": "t" }, "date": "2020",
            "title": "t", "author": [{ "display": "a" }], "subject": { "reference": subject } })
    };
    let head = "urn:uuid:00000000-0000-4000-8000-000000000008";
    let good =
        [(head, composition(ONE)), (ONE, person("1", None, None)), (TWO, person("2", None, Some(ONE)))];
    assert_eq!(
        found(&bundle("document", &good)),
        Vec::<String>::new(),
        "forward, and back to what is reached"
    );
    let alone = [good[0].clone(), good[1].clone(), (TWO, person("2", None, None))];
    assert_eq!(found(&bundle("document", &alone)), ["bundle Bundle.entry[2]"]);
    let outside = [(head, composition("http://s/fhir/Patient/1"))];
    assert_eq!(found(&bundle("document", &outside)), ["reference Bundle.entry[0].resource.subject"]);
}

#[test]
fn what_is_complete_has_no_references_out_of_it() {
    let profiles = load(&[]);
    let parameters = |text: &str| {
        let resource = |r: Value| json!({ "name": "p", "resource": r });
        let mut tree = tree(&json!({ "resourceType": "Parameters",
            "parameter": [resource(person("1", None, Some(text))), resource(person("2", None, None))] }));
        profiles.definitions().annotate(&mut tree);
        let policy = fhir::Policy { complete: true, ..fhir::Policy::default() };
        let found = profiles.validate_by(&tree, "Parameters", &policy, &|_, _| Some(true));
        found.iter().map(|f| format!("{} {}", f.code, f.place)).collect::<Vec<_>>()
    };
    assert!(parameters("Patient/2").is_empty());
    assert_eq!(parameters("Patient/3"), ["reference Parameters.parameter[0].resource.link[0].other"]);
}

#[test]
fn a_bundle_inside_another_has_its_own_addresses_and_rules() {
    let three = "urn:uuid:00000000-0000-4000-8000-000000000003";
    let inner = |to: &str| {
        bundle("collection", &[(TWO, person("1", None, Some(to))), (three, person("2", None, None))])
    };
    let outer = |inner: Value| message(header(ONE), &[(ONE, inner)]);
    assert_eq!(found(&outer(inner(three))), Vec::<String>::new());
    let beside = "urn:uuid:00000000-0000-4000-8000-000000000004";
    let around = message(header(ONE), &[(ONE, inner(beside)), (beside, person("3", None, None))]);
    assert_eq!(found(&around), Vec::<String>::new(), "what is around it can be referred to");
    let lost = "urn:uuid:00000000-0000-4000-8000-00000000000f";
    let at = "reference Bundle.entry[1].resource.entry[0].resource.link[0].other";
    assert_eq!(found(&outer(inner(lost))), [at]);
    // From outside, what is inside has no address.
    let from = message(header(ONE), &[(ONE, person("1", None, Some(three))), (lost, inner(three))]);
    assert_eq!(found(&from), ["reference Bundle.entry[1].resource.link[0].other"]);

    let wrong = bundle("message", &[(ONE, person("1", None, None)), ("relative", person("2", None, None))]);
    let told = |at: &str| [format!("bundle {at}.entry[0]"), format!("bundle {at}.entry[1]")];
    assert_eq!(found(&bundle("collection", &[(TWO, wrong.clone())])), told("Bundle.entry[0].resource"));
    let parameters =
        json!({ "resourceType": "Parameters", "parameter": [{ "name": "p", "resource": wrong }] });
    let profiles = load(&[]);
    let mut tree = tree(&parameters);
    profiles.definitions().annotate(&mut tree);
    let found = profiles.validate(&tree, "Parameters");
    let found: Vec<_> = found.iter().map(|f| format!("{} {}", f.code, f.place)).collect();
    assert_eq!(found, told("Parameters.parameter[0].resource"));
}
