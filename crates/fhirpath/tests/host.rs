//! The functions that R4 adds and that may need a host: terminology, profiles, narrative, modifiers.
//!
//! Invariant: without a host each answers where the definitions decide, and else is an error that names
//! it; a registered function goes first. Deliberately absent: a terminology service.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use fhir::json::{Form, Limits, read};
use fhir::{Definitions, Tree};
use fhirpath::{EvalError, Reason, Scope, Value, parse};

const PATIENT: &str = r#"{"resourceType":"Patient","gender":"female",
"text":{"status":"generated","div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>Hej</p></div>"},
"contained":[{"resourceType":"Patient","text":{"status":"generated",
"div":"<div xmlns=\"http://www.w3.org/1999/xhtml\"><p onclick=\"x()\">Hej</p></div>"}}],
"maritalStatus":{"coding":[{"system":"http://terminology.hl7.org/CodeSystem/v3-MaritalStatus","code":"M"}]},
"contact":[{"modifierExtension":[{"url":"http://example.org/not"}],"gender":"male"}]}"#;

fn patient() -> Tree {
    let mut tree = read(PATIENT.as_bytes(), Form::Fhir, &Limits::default()).unwrap();
    Definitions::r4().annotate(&mut tree);
    tree
}

fn ask(tree: &Tree, text: &str) -> Result<Vec<String>, EvalError> {
    let scope = Scope::new(Some(Definitions::r4()));
    let found = parse(text).unwrap().evaluate(&scope, tree.at(tree.root()))?;
    Ok(found.iter().map(|v| v.text().unwrap_or_default().into_owned()).collect())
}

#[test]
fn a_value_set_of_the_definitions_is_decided_without_a_host() {
    let tree = patient();
    let gender = "http://hl7.org/fhir/ValueSet/administrative-gender";
    assert_eq!(ask(&tree, &format!("gender.memberOf('{gender}')")).unwrap(), ["true"]);
    assert_eq!(ask(&tree, &format!("'x'.memberOf('{gender}|4.0.1')")).unwrap(), ["false"]);
    assert_eq!(ask(&tree, &format!("maritalStatus.memberOf('{gender}')")).unwrap(), ["false"]);
    assert!(ask(&tree, "birthDate.memberOf('http://example.org/unknown')").unwrap().is_empty());
    let unknown = ask(&tree, "gender.memberOf('http://example.org/unknown')").unwrap_err();
    assert_eq!((unknown.reason, unknown.offset), (Reason::Unanswered("memberOf"), Some(7)));
    let several = format!("(gender | contact.gender).memberOf('{gender}')");
    assert_eq!(ask(&tree, &several).unwrap_err().reason, Reason::Several);
}

#[test]
fn a_code_subsumes_itself_and_more_only_a_host_knows() {
    let tree = patient();
    assert_eq!(ask(&tree, "maritalStatus.coding.subsumes(%resource.maritalStatus)").unwrap(), ["true"]);
    assert_eq!(ask(&tree, "maritalStatus.coding.subsumedBy(%resource.maritalStatus)").unwrap(), ["true"]);
    let refused = ask(&tree, "maritalStatus.coding.subsumedBy(%resource.gender)").unwrap_err();
    assert_eq!(refused.reason, Reason::Unanswered("subsumedBy"));
    assert!(refused.to_string().starts_with("subsumedBy() cannot be decided"), "{refused}");
}

#[test]
fn narrative_is_looked_through() {
    let tree = patient();
    assert_eq!(ask(&tree, "text.div.htmlChecks()").unwrap(), ["true"]);
    assert_eq!(ask(&tree, "contained.text.div.htmlChecks()").unwrap(), ["false"]);
    assert!(ask(&tree, "gender.htmlChecks()").unwrap().is_empty());
    assert!(ask(&tree, "descendants().where($this is xhtml).htmlChecks()").unwrap().is_empty());
}

#[test]
fn modifiers_must_be_named() {
    let tree = patient();
    assert_eq!(ask(&tree, "checkModifiers().gender").unwrap(), ["female"]);
    let named = "contact.checkModifiers('http://example.org/other', 'http://example.org/not').gender";
    assert_eq!(ask(&tree, named).unwrap(), ["male"]);
    let refused = ask(&tree, "contact.checkModifiers('http://example.org/other').gender").unwrap_err();
    assert_eq!((refused.reason, refused.offset), (Reason::Modifier, Some(8)));
}

#[test]
fn profiles_are_the_hosts() {
    let tree = patient();
    let mut scope = Scope::new(Some(Definitions::r4()));
    let own = "conformsTo('http://hl7.org/fhir/StructureDefinition/Patient')";
    assert_eq!(ask(&tree, own).unwrap(), ["true"]);
    for (text, name) in [
        ("conformsTo('http://example.org/profile')", "conformsTo"),
        ("contact.elementDefinition().min", "elementDefinition"),
        ("contact.slice('http://example.org/profile', 'x')", "slice"),
    ] {
        assert_eq!(ask(&tree, text).unwrap_err().reason, Reason::Unanswered(name), "{text}");
        scope.register(name, |call| Ok(vec![Value::Boolean(call.input.len() == 1); 2]));
        let found = parse(text).unwrap().evaluate(&scope, tree.at(tree.root()));
        assert!(found.is_ok(), "{text}: {found:?}");
    }
    let both = "slice('u', 'x') | elementDefinition() | unknown()";
    let listed: Vec<String> =
        parse(both).unwrap().host_functions().map(|(name, at)| format!("{name} {at}")).collect();
    assert_eq!(listed, ["slice 0", "elementDefinition 18", "unknown 40"]);
}
