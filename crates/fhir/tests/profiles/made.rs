//! Profiles and resources made for a test, and what is found in them.

use fhir::json::{Form, Limits, read};
use fhir::{Profiles, Severity, Tree};
use serde_json::{Value, json};

pub(crate) const URL: &str = "http://example.org/StructureDefinition/";

pub(crate) fn tree(v: &Value) -> Tree {
    read(v.to_string().as_bytes(), Form::Fhir, &Limits::default()).unwrap()
}

/// A profile named `name` over `base` with these elements.
pub(crate) fn profile(name: &str, ty: &str, base: &str, elements: Value) -> Value {
    let base = if base == ty {
        format!("http://hl7.org/fhir/StructureDefinition/{ty}")
    } else {
        format!("{URL}{base}")
    };
    json!({ "resourceType": "StructureDefinition", "url": format!("{URL}{name}"), "kind": "resource", "abstract": false,
        "type": ty, "baseDefinition": base, "derivation": "constraint", "differential": { "element": elements } })
}

pub(crate) fn load(definitions: &[Value]) -> Profiles {
    let trees: Vec<Tree> = definitions.iter().map(tree).collect();
    Profiles::load(fhir::Definitions::r4(), &trees).unwrap_or_else(|f| panic!("{f:#?}"))
}

/// `code place` of every error.
pub(crate) fn errors(profiles: &Profiles, name: &str, resource: &Value) -> Vec<String> {
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
pub(crate) fn check(definitions: &[Value], name: &str, good: Value, bad: Value, want: &[&str]) {
    let profiles = load(definitions);
    assert_eq!(errors(&profiles, name, &good), Vec::<String>::new(), "the good one");
    assert_eq!(errors(&profiles, name, &bad), want, "the bad one");
}

pub(crate) fn patient(rest: Value) -> Value {
    let mut out = json!({ "resourceType": "Patient" });
    out.as_object_mut().unwrap().extend(rest.as_object().unwrap().clone());
    out
}
