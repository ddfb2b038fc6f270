//! What is right passes and what is wrong is found, in corners where one of the two was once missed.
//!
//! Invariant: each test has the good twin beside the bad one. Deliberately absent: whole suites.
#![allow(clippy::unwrap_used, missing_docs)]

use fhir::json::{Form, Limits, read};
use fhir::{Definitions, Profiles, Severity, Tree};

fn tree(text: &str) -> Tree {
    let mut tree = read(text.as_bytes(), Form::Fhir, &Limits::default()).unwrap();
    Definitions::r4().annotate(&mut tree);
    tree
}

/// `code place` of the errors.
fn errors(more: &[Tree], profile: &str, text: &str) -> Vec<String> {
    let profiles = Profiles::load(Definitions::r4(), more).unwrap();
    let findings = profiles.validate(&tree(text), profile);
    let errors = findings.iter().filter(|f| f.severity == Severity::Error && !f.not_checkable);
    errors.map(|f| format!("{} {}", f.code, f.place)).collect()
}

fn profile(ty: &str, elements: &str) -> Tree {
    tree(&format!(
        r#"{{"resourceType":"StructureDefinition","url":"http://x.se/p","kind":"resource","type":"{ty}",
        "derivation":"constraint","baseDefinition":"http://hl7.org/fhir/StructureDefinition/{ty}",
        "differential":{{"element":[{elements}]}}}}"#
    ))
}

#[test]
fn a_root_of_an_unknown_type_is_an_error_whatever_it_is_judged_by() {
    for by in ["Nobody", "Patient", "http://x.se/unknown"] {
        assert_eq!(errors(&[], by, r#"{"resourceType":"Nobody","id":"a"}"#).len(), 1, "{by}");
    }
    assert!(errors(&[], "Patient", r#"{"resourceType":"Patient","id":"a"}"#).is_empty());
}

#[test]
fn a_moment_that_is_no_moment_is_not_calculated_with() {
    let answer = |moment: &str| {
        format!(
            r##"{{"resourceType":"QuestionnaireResponse","status":"completed","questionnaire":"#q",
            "contained":[{{"resourceType":"Questionnaire","id":"q","status":"active","item":[{{"linkId":"1",
            "type":"dateTime","extension":[{{"url":"http://hl7.org/fhir/StructureDefinition/minValue",
            "valueDateTime":"2020-01-01T00:00:00Z"}}]}}]}}],
            "item":[{{"linkId":"1","answer":[{{"valueDateTime":"{moment}"}}]}}]}}"##
        )
    };
    let judged = |moment: &str| errors(&[], "QuestionnaireResponse", &answer(moment));
    assert!(judged("2021-01-01T10:00:00+01:00").is_empty());
    for wild in ["9".repeat(32), "9".repeat(80)] {
        assert_eq!(judged(&format!("2021-01-01T10:00:00+{wild}:00")).len(), 1);
        assert_eq!(judged(&format!("2021-01-01T{wild}:00:00+01:00")).len(), 1);
    }
}

#[test]
fn a_binding_of_a_choice_is_about_the_types_that_have_codes() {
    let bound = profile(
        "Observation",
        r#"{"path":"Observation.value[x]","binding":{"strength":"required",
        "valueSet":"http://hl7.org/fhir/ValueSet/administrative-gender"}}"#,
    );
    let judged = |value: &str| {
        let text =
            format!(r#"{{"resourceType":"Observation","status":"final","code":{{"text":"x"}},{value}}}"#);
        errors(std::slice::from_ref(&bound), "http://x.se/p", &text)
    };
    assert!(judged(r#""valueBoolean":true"#).is_empty());
    assert!(judged(r#""valueDateTime":"2020""#).is_empty());
    assert!(judged(r#""valueString":"female""#).is_empty());
    assert_eq!(judged(r#""valueString":"x""#).len(), 1);
}

#[test]
fn targets_of_a_canonical_are_none_of_a_reference() {
    let extension = tree(
        r#"{"resourceType":"StructureDefinition","url":"http://x.se/e","kind":"complex-type","type":"Extension",
        "derivation":"constraint","baseDefinition":"http://hl7.org/fhir/StructureDefinition/Extension",
        "context":[{"type":"element","expression":"Patient"}],
        "differential":{"element":[{"path":"Extension.value[x]","type":[
        {"code":"canonical","targetProfile":["http://hl7.org/fhir/StructureDefinition/ValueSet"]},
        {"code":"Reference","targetProfile":["http://hl7.org/fhir/StructureDefinition/Patient"]}]}]}}"#,
    );
    let judged = |to: &str| {
        let text = format!(
            r#"{{"resourceType":"Patient","extension":[{{"url":"http://x.se/e","valueReference":{{"reference":"{to}"}}}}]}}"#
        );
        errors(std::slice::from_ref(&extension), "Patient", &text)
    };
    assert!(judged("Patient/1").is_empty());
    assert_eq!(judged("Group/1").len(), 1);
}

#[test]
fn a_concept_that_does_not_say_otherwise_can_be_chosen() {
    let system = tree(
        r#"{"resourceType":"CodeSystem","url":"http://x.se/cs","status":"active","content":"complete","concept":[
        {"code":"group","property":[{"code":"notSelectable","valueBoolean":true}],"concept":[{"code":"leaf"}]}]}"#,
    );
    let set = tree(
        r#"{"resourceType":"ValueSet","url":"http://x.se/vs","status":"active","compose":{"include":[{
        "system":"http://x.se/cs","filter":[{"property":"notSelectable","op":"=","value":"false"}]}]}}"#,
    );
    let bound = profile(
        "Patient",
        r#"{"path":"Patient.maritalStatus","binding":{"strength":"required","valueSet":"http://x.se/vs"}}"#,
    );
    let more = [system, set, bound];
    let judged = |code: &str| {
        let text = format!(
            r#"{{"resourceType":"Patient","maritalStatus":{{"coding":[{{"system":"http://x.se/cs","code":"{code}"}}]}}}}"#
        );
        errors(&more, "http://x.se/p", &text)
    };
    assert!(judged("leaf").is_empty());
    assert_eq!(judged("group"), ["binding Patient.maritalStatus"]);
}

#[test]
fn an_item_that_is_refused_counts() {
    let text = r#"{"resourceType":"Patient","contained":[{"resourceType":"Nobody","id":"a"},
        {"resourceType":"Patient","id":"b","gender":"zzz"}],"link":[{"other":{"reference":"a"},"type":"seealso"}]}"#;
    let found = errors(&[], "Patient", text);
    assert!(found.contains(&"binding Patient.contained[1].gender".to_string()), "{found:?}");
}
