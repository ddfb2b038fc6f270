//! Rules that R4 states in words: markup in texts, URNs, measures, search parameters,
//! and StructureDefinitions as documents.
//!
//! Invariant: each test names what is wrong and where it is told, beside a good twin. Deliberately
//! absent: questionnaires and attachments (`questionnaires.rs`).
#![allow(clippy::unwrap_used, missing_docs)]

use fhir::json::{Form, Limits, read};
use fhir::validate::Policy;
use fhir::{Definitions, Profiles, Severity, Tree};

fn tree(text: &str) -> Tree {
    let mut tree = read(text.as_bytes(), Form::Fhir, &Limits::default()).unwrap();
    Definitions::r4().annotate(&mut tree);
    tree
}

/// `code place` of what is found, beside what cannot be checked.
fn found(more: &[Tree], profile: &str, text: &str) -> Vec<String> {
    let profiles = Profiles::load(Definitions::r4(), more).unwrap();
    let findings = profiles.validate(&tree(text), profile);
    findings.iter().filter(|f| !f.not_checkable).map(|f| format!("{} {}", f.code, f.place)).collect()
}

#[test]
fn markup_in_a_text_is_as_bad_as_the_caller_says() {
    let text = tree(r#"{"resourceType": "Patient", "name": [{"text": "A <b>c</b>"}, {"text": "x < y"}]}"#);
    let profiles = Profiles::load(Definitions::r4(), &[]).unwrap();
    for severity in [Severity::Warning, Severity::Error] {
        let policy = Policy { markup: severity, ..Policy::default() };
        let findings = profiles.validate_by(&text, "Patient", &policy, &|_, _| Some(true));
        let told: Vec<_> = findings.iter().map(|f| (f.code, f.place.as_str(), f.severity)).collect();
        assert_eq!(told, [("markup", "Patient.name[0].text", severity)]);
    }
}

#[test]
fn urns_are_well_formed() {
    let of = |uri: &str| {
        let text = format!(r#"{{"resourceType": "Patient", "identifier": [{{"system": "{uri}"}}]}}"#);
        found(&[], "Patient", &text)
    };
    for good in ["urn:oid:1.2.752.129.2.1.3.1", "urn:uuid:c757873d-ec9a-4326-a141-556f43239520", "urn:x:y"] {
        assert!(of(good).is_empty(), "{good}");
    }
    for bad in ["urn:oid:1.02", "urn:oid:x", "urn:uuid:C757873D-EC9A-4326-A141-556F43239520", "urn:uuid:1"] {
        assert_eq!(of(bad), ["primitive-format Patient.identifier[0].system"], "{bad}");
    }
}

#[test]
fn a_composite_search_parameter_has_components() {
    let of = |components: &str| {
        let text = format!(
            r#"{{"resourceType": "SearchParameter", "url": "http://x.se/s", "name": "S", "status": "draft",
            "description": "x", "code": "s", "base": ["Patient"], "type": "composite", "component": [{components}]}}"#
        );
        found(&[], "SearchParameter", &text)
    };
    let part = r#"{"definition": "http://x.se/d", "expression": "x"}"#;
    assert!(of(&format!("{part}, {part}")).is_empty());
    assert_eq!(of(part), ["definition SearchParameter"]);
}

#[test]
fn measure_reports_have_the_groups_and_populations_of_their_measure() {
    let code = |code: &str| {
        format!(
            r#"{{"coding": [{{"system": "http://terminology.hl7.org/CodeSystem/measure-population", "code": "{code}"}}]}}"#
        )
    };
    let measure = tree(&format!(
        r#"{{"resourceType": "Measure", "url": "http://x.se/m", "status": "active", "scoring": {{"coding": [{{"code":
        "cohort"}}]}}, "group": [{{"population": [{{"code": {}, "criteria": {{"language": "text/cql"}}}}]}}]}}"#,
        code("initial-population")
    ));
    let report = |population: &str, more: &str| {
        let text = format!(
            r#"{{"resourceType": "MeasureReport", "status": "complete", "type": "summary", "measure": "http://x.se/m",
            "period": {{"start": "2020"}}, "group": [{{"population": [{{"code": {}, "count": 1}}]{more}}}]}}"#,
            code(population)
        );
        found(std::slice::from_ref(&measure), "MeasureReport", &text)
    };
    assert!(report("initial-population", "").is_empty());
    let other = report("numerator", "");
    assert!(other.contains(&"measure MeasureReport.group[0].population[0]".to_string()), "{other:?}");
    let scored = report("initial-population", r#", "measureScore": {"value": 1}"#);
    assert_eq!(scored, ["measure MeasureReport.group[0].measureScore"]);
}

#[test]
fn stratifiers_are_those_of_the_measure() {
    let measure = tree(
        r#"{"resourceType": "Measure", "url": "http://x.se/m", "status": "active", "group": [{"stratifier":
        [{"component": [{"code": {"coding": [{"system": "http://x.se/s", "code": "age"}]}, "criteria": {"language":
        "text/plain"}}]}]}]}"#,
    );
    let report = |code: &str| {
        let text = format!(
            r#"{{"resourceType": "MeasureReport", "status": "complete", "type": "summary", "measure": "http://x.se/m",
            "period": {{"start": "2020"}}, "group": [{{"stratifier": [{{"stratum": [{{"component": [{{"code": {{"coding":
            [{{"system": "http://x.se/s", "code": "{code}"}}]}}, "value": {{"text": "x"}}}}]}}]}}]}}]}}"#
        );
        found(std::slice::from_ref(&measure), "MeasureReport", &text)
    };
    assert!(report("age").is_empty());
    assert_eq!(report("place"), ["measure MeasureReport.group[0].stratifier[0]"]);
}

#[test]
fn addresses_of_servers_end_in_a_type() {
    let profiles = Profiles::load(Definitions::r4(), &[]).unwrap();
    let of = |rest: bool, address: &str| {
        let text = format!(
            r#"{{"resourceType": "Basic", "code": {{"text": "x"}}, "subject": {{"reference": "{address}"}}}}"#
        );
        let policy = Policy { rest, ..Policy::default() };
        let findings = profiles.validate_by(&tree(&text), "Basic", &policy, &|_, _| Some(true));
        findings.iter().filter(|f| f.severity == Severity::Error).map(|f| f.place.clone()).collect::<Vec<_>>()
    };
    for (rest, address) in
        [(false, "http://x.se/Chicken/1"), (true, "http://x.se/Patient/1"), (true, "http://x.se/docs/1")]
    {
        assert!(of(rest, address).is_empty(), "{rest} {address}");
    }
    assert_eq!(of(true, "http://x.se/Chicken/1"), ["Basic.subject"]);
}

#[test]
fn structure_definitions_could_be_loaded() {
    let of = |elements: &str| {
        let text = format!(
            r#"{{"resourceType": "StructureDefinition", "url": "http://x.se/19121212-1212 p", "name": "P",
            "status": "draft", "kind": "resource", "abstract": false, "type": "Patient", "derivation": "constraint",
            "baseDefinition": "http://hl7.org/fhir/StructureDefinition/Patient",
            "differential": {{"element": [{elements}]}}}}"#
        );
        let mut told = found(&[], "StructureDefinition", &text);
        told.retain(|t| t.starts_with("definition"));
        told
    };
    let first = ["definition StructureDefinition.differential.element[0]"];
    let discriminated = |path: &str| {
        format!(
            r#"{{"path": "Patient.extension", "slicing": {{"rules": "open", "discriminator": [{{"type": "value",
            "path": "{path}"}}]}}}}"#
        )
    };
    assert!(of(r#"{"path": "Patient.name", "min": 1}"#).is_empty());
    assert!(of(&discriminated("url")).is_empty());
    assert_eq!(of(r#"{"path": "Patient.nome"}"#), first);
    assert_eq!(of(r#"{"path": "Person.name"}"#), first);
    assert_eq!(
        of(
            r#"{"path": "Patient.birthDate", "type": [{"code": "date"}], "binding": {"strength": "required"}}"#
        ),
        first
    );
    assert_eq!(
        of(&discriminated("type")),
        ["definition StructureDefinition.differential.element[0].slicing.discriminator[0]"]
    );
}

#[test]
fn a_specialisation_names_a_type_of_its_own() {
    let of = |ty: &str| {
        let text = format!(
            r#"{{"resourceType": "StructureDefinition", "url": "http://x.se/B", "name": "B", "status": "draft",
            "kind": "logical", "abstract": false, "type": "{ty}", "derivation": "specialization",
            "baseDefinition": "http://x.se/Foo", "differential": {{"element": [{{"path": "Foo"}}]}}}}"#
        );
        let mut told = found(&[], "StructureDefinition", &text);
        told.retain(|t| t.starts_with("definition"));
        told
    };
    assert!(of("http://x.se/more/Foo").is_empty());
    for bad in ["Foo", "http://x.se/Foo"] {
        assert_eq!(of(bad), ["definition StructureDefinition.type"], "{bad}");
    }
}

#[test]
fn many_warnings_are_no_error_and_hide_none() {
    let name = r#"{"text": "<b>x</b>"}"#;
    let names = vec![name; 1500].join(", ");
    let text = format!(r#"{{"resourceType": "Patient", "name": [{names}], "gender": "x"}}"#);
    let profiles = Profiles::load(Definitions::r4(), &[]).unwrap();
    let findings = profiles.validate(&tree(&text), "Patient");
    let errors: Vec<_> = findings.iter().filter(|f| f.severity == Severity::Error).map(|f| f.code).collect();
    assert_eq!(errors, ["binding"]);
    assert_eq!(findings.len(), 1002);
}

#[test]
fn how_bad_another_code_is_follows_from_the_strength_of_the_binding() {
    let told = |text: &str| -> Vec<(Severity, String)> {
        let profiles = Profiles::load(Definitions::r4(), &[]).unwrap();
        let tree = tree(text);
        let ty = tree.name(tree.root()).to_string();
        let bindings = profiles.validate(&tree, &ty).into_iter().filter(|f| f.code == "binding");
        bindings.filter(|f| !f.not_checkable).map(|f| (f.severity, f.place)).collect()
    };
    let other = r#"{"coding":[{"system":"http://a.example","code":"x"}]}"#;
    assert_eq!(
        told(r#"{"resourceType":"Patient","gender":"other-than-these"}"#),
        [(Severity::Error, "Patient.gender".to_string())]
    );
    assert_eq!(
        told(&format!(r#"{{"resourceType":"Patient","maritalStatus":{other}}}"#)),
        [(Severity::Warning, "Patient.maritalStatus".to_string())]
    );
    let appointment = |kind: &str| {
        format!(
            r#"{{"resourceType":"Appointment","status":"proposed","participant":[{{"status":"needs-action"}}],
            "appointmentType":{kind}}}"#
        )
    };
    assert_eq!(
        told(&appointment(other)),
        [(Severity::Information, "Appointment.appointmentType".to_string())]
    );
    // In words, or by a code of the set: nothing to tell.
    assert!(told(&appointment(r#"{"text":"a word"}"#)).is_empty());
    let right = r#"{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v2-0276","code":"ROUTINE"}]}"#;
    assert!(told(&appointment(right)).is_empty());
}
