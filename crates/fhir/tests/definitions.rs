//! What the definitions answer, on facts that everyone knows of R4.
//!
//! Invariant: each answer can be looked up in the published specification. Deliberately absent: the
//! table's own form (its round trip is tested beside it).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use fhir::definitions::{Strength, TypeKind};
use fhir::json::{Form, Limits, read, write};
use fhir::{Definitions, Kind, NodeId, Tree, TypeId};

fn id(name: &str) -> TypeId {
    Definitions::r4().type_id(name).unwrap_or_else(|| panic!("no type {name}"))
}

#[test]
fn types_and_their_ancestors() {
    let d = Definitions::r4();
    assert_eq!(d.types().filter(|&t| d.is_resource(t) && !d.is_abstract(t)).count(), 146);
    assert_eq!(d.types().filter(|&t| d.is_primitive(t)).count(), 20);
    assert!(d.is_a(id("Patient"), id("DomainResource")) && d.is_a(id("Patient"), id("Resource")));
    assert!(d.is_a(id("Age"), id("Quantity")) && !d.is_a(id("Quantity"), id("Age")));
    assert!(d.is_a(id("Patient.contact"), id("BackboneElement")) && d.is_a(id("code"), id("string")));
    assert_eq!(d.kind(id("Patient.contact")), Some(TypeKind::Backbone));
    assert_eq!(d.type_id("http://hl7.org/fhir/StructureDefinition/Patient"), Some(id("Patient")));
    assert_eq!(d.type_id("Nothing"), None);
    assert_eq!(d.json_kind(id("positiveInt")), Kind::Number);
    assert_eq!(d.type_name(TypeId::NONE), "");
}

#[test]
fn elements_by_instance_and_choice_name() {
    let d = Definitions::r4();
    let value = d.element(id("Observation"), "valueQuantity").unwrap();
    assert!(value.choice && &*value.name == "value" && value.types.len() == 11);
    assert_eq!(d.element(id("Observation"), "value"), Some(value));
    assert_eq!(d.choice_type(id("Observation"), "valueQuantity"), Some(id("Quantity")));
    assert_eq!(d.choice_type(id("Observation"), "valueDateTime"), Some(id("dateTime")));
    for no in ["value", "status", "valuequantity", "valueAddress", "valueQuantityx"] {
        assert_eq!(d.choice_type(id("Observation"), no), None, "{no}");
    }
    assert_eq!(d.child_type(id("Patient"), "id"), Some(id("id")));
    assert_eq!(d.child_type(id("HumanName"), "id"), Some(id("string")));
    assert_eq!(d.child_type(id("Questionnaire.item"), "item"), Some(id("Questionnaire.item")));
    assert_eq!(d.child_type(id("Bundle.entry"), "link"), Some(id("Bundle.link")));
    assert_eq!(d.child_type(id("string"), "extension"), Some(id("Extension")));
}

#[test]
fn cardinalities_bindings_targets_and_invariants() {
    let d = Definitions::r4();
    let gender = d.element(id("Patient"), "gender").unwrap();
    assert_eq!((gender.min, gender.max), (0, Some(1)));
    let binding = gender.binding.as_ref().unwrap();
    assert_eq!(binding.strength, Strength::Required);
    assert_eq!(d.terms().contains(&binding.value_set, None, "female"), Some(true));
    assert_eq!(d.terms().contains(&binding.value_set, None, "f"), Some(false));
    assert_eq!(d.terms().contains("http://example.org/unknown", None, "f"), None);
    let subject = d.element(id("Encounter"), "subject").unwrap();
    let types: Vec<&str> = subject.targets.iter().map(|t| t.rsplit('/').next().unwrap()).collect();
    assert_eq!(types, ["Patient", "Group"]);
    let keys: Vec<&str> = d.invariants(id("Patient")).map(|i| &*i.key).collect();
    assert!(keys.contains(&"dom-2"));
    assert!(d.invariants(id("Patient.contact")).any(|i| &*i.key == "pat-1" && i.error));
}

#[test]
fn model_order() {
    let d = Definitions::r4();
    let names: Vec<&str> = d.elements(id("Patient")).map(|e| &*e.name).take(10).collect();
    assert_eq!(
        names,
        [
            "id",
            "meta",
            "implicitRules",
            "language",
            "text",
            "contained",
            "extension",
            "modifierExtension",
            "identifier",
            "active"
        ]
    );
    let mut tree = Tree::new("Patient");
    let root = tree.root();
    for name in ["deceasedBoolean", "active", "id", "resourceType", "name"] {
        let n = tree.add(root, name, name == "name");
        tree.set(n, Kind::String, "x");
    }
    tree.sort_children(root, |t, n| d.order(id("Patient"), t.name(n)));
    let order: Vec<&str> = tree.children(root).map(|c| tree.name(c)).collect();
    assert_eq!(order, ["resourceType", "id", "active", "name", "deceasedBoolean"]);
}

#[test]
fn annotation_reaches_every_node() {
    let text = br#"{"resourceType":"Bundle","type":"message","entry":[{"resource":{"resourceType":"Patient",
        "name":[{"given":["A"],"_given":[{"extension":[{"url":"http://x","valueCode":"y"}]}]}],
        "contained":[{"resourceType":"Organization","id":"o","name":"n"}],"colour":{"a":1}}}]}"#;
    let mut tree = read(text, Form::Fhir, &Limits::default()).unwrap();
    let d = Definitions::r4();
    d.annotate(&mut tree);
    let ty = |path: &[&str]| {
        let end = path.iter().fold(tree.root(), |n: NodeId, name| tree.child(n, name).unwrap());
        d.type_name(tree.type_of(end))
    };
    assert_eq!(ty(&["entry"]), "Bundle.entry");
    assert_eq!(ty(&["entry", "resource"]), "Patient");
    assert_eq!(ty(&["entry", "resource", "name", "given"]), "string");
    assert_eq!(ty(&["entry", "resource", "name", "given", "extension", "valueCode"]), "code");
    assert_eq!(ty(&["entry", "resource", "contained", "name"]), "string");
    assert_eq!(ty(&["entry", "resource", "colour", "a"]), "");
}

#[test]
fn a_built_tree_is_written_with_repetitions_together() {
    let mut tree = Tree::new("Patient");
    let root = tree.root();
    for (name, text) in [("given", "a"), ("family", "b"), ("given", "c")] {
        tree.add_text(root, name, name == "given", text);
    }
    assert_eq!(write(&tree, Form::Plain), r#"{"given":["a","c"],"family":"b"}"#);
}
