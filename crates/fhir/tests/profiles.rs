//! Each rule a profile can state, with one resource that keeps it and one that breaks it.
//!
//! Invariant: a broken rule gives exactly the findings named, at the place named; the kept one gives
//! none. Deliberately absent: profiles that others wrote (see validation_suites).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use fhir::json::{Form, Limits, read};
use fhir::{Profiles, Severity, Tree};
use serde_json::{Value, json};

const URL: &str = "http://example.org/StructureDefinition/";

fn tree(v: &Value) -> Tree {
    read(v.to_string().as_bytes(), Form::Fhir, &Limits::default()).unwrap()
}

/// A profile named `name` over `base` with these elements.
fn profile(name: &str, ty: &str, base: &str, elements: Value) -> Value {
    let base = if base == ty {
        format!("http://hl7.org/fhir/StructureDefinition/{ty}")
    } else {
        format!("{URL}{base}")
    };
    json!({ "resourceType": "StructureDefinition", "url": format!("{URL}{name}"), "kind": "resource", "abstract": false,
        "type": ty, "baseDefinition": base, "derivation": "constraint", "differential": { "element": elements } })
}

fn load(definitions: &[Value]) -> Profiles {
    let trees: Vec<Tree> = definitions.iter().map(tree).collect();
    Profiles::load(fhir::Definitions::r4(), &trees).unwrap_or_else(|f| panic!("{f:#?}"))
}

/// `code place` of every error.
fn errors(profiles: &Profiles, name: &str, resource: &Value) -> Vec<String> {
    let mut tree = tree(resource);
    profiles.definitions().annotate(&mut tree);
    let findings = profiles.validate(&tree, &format!("{URL}{name}"));
    findings
        .iter()
        .filter(|f| f.severity == Severity::Error)
        .map(|f| format!("{} {}", f.code, f.place))
        .collect()
}

#[track_caller]
fn check(definitions: &[Value], name: &str, good: Value, bad: Value, want: &[&str]) {
    let profiles = load(definitions);
    assert_eq!(errors(&profiles, name, &good), Vec::<String>::new(), "the good one");
    assert_eq!(errors(&profiles, name, &bad), want, "the bad one");
}

fn patient(rest: Value) -> Value {
    let mut out = json!({ "resourceType": "Patient" });
    out.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    out
}

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

fn message(header: Value, entries: &[(&str, Value)]) -> Value {
    let mut all =
        vec![json!({ "fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000000", "resource": header })];
    all.extend(entries.iter().map(|(url, r)| json!({ "fullUrl": url, "resource": r })));
    json!({ "resourceType": "Bundle", "type": "message", "entry": all })
}

const ONE: &str = "urn:uuid:00000000-0000-4000-8000-000000000001";
const TWO: &str = "urn:uuid:00000000-0000-4000-8000-000000000002";

fn header(focus: &str) -> Value {
    json!({ "resourceType": "MessageHeader", "eventUri": "http://e", "source": { "endpoint": "http://s" }, "focus": [{ "reference": focus }] })
}

fn message_profiles() -> Vec<Value> {
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

fn encounter(subject: &str) -> Value {
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
