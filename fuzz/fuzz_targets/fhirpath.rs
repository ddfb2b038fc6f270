//! Hostile expressions: no panic in parsing, checking or evaluating within a bound of steps.
#![no_main]

use fhir::{
    Definitions, NodeRef, Tree,
    json::{Form, Limits, read},
};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static PATIENT: LazyLock<Tree> = LazyLock::new(|| {
    let text = br#"{"resourceType":"Patient","id":"p","active":true,"name":[{"use":"official","family":"F","given":["A","B"]}],"birthDate":"2012-04-15","multipleBirthInteger":2,"telecom":[{"system":"phone","value":"1"}]}"#;
    let mut tree = read(text, Form::Fhir, &Limits::default()).expect("well formed");
    Definitions::r4().annotate(&mut tree);
    tree
});

fuzz_target!(|text: &str| {
    let Ok(expression) = fhirpath::parse(text) else { return };
    let mut scope = fhirpath::Scope::new(Some(Definitions::r4()));
    scope.step_limit = 50_000;
    let _ = expression.evaluate(&scope, NodeRef { tree: &PATIENT, id: PATIENT.root() });
    if let Some(patient) = Definitions::r4().type_id("Patient") {
        let _ = expression.check(Definitions::r4(), patient, &[]);
    }
});
