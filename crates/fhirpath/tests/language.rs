//! What the official suite does not ask: references, untyped trees, variables, host functions,
//! limits, the places of errors.
//!
//! Invariant: every case states its reason by its name. Deliberately absent: what the suite covers.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use fhir::json::{Form, Limits, read};
use fhir::{Definitions, Tree, TypeId};
use fhirpath::{EvalError, Reason, Scope, Value, parse};

const BUNDLE: &str = r##"{"resourceType":"Bundle","type":"collection","entry":[
{"fullUrl":"http://a.example/fhir/Patient/1","resource":{"resourceType":"Patient","id":"1","name":[{"family":"Ett"}],
 "contained":[{"resourceType":"Organization","id":"org","name":"Inre"}],
 "managingOrganization":{"reference":"#org"},"birthDate":"1974-12-25","_birthDate":{"extension":[
 {"url":"http://x","valueDateTime":"1974-12-25T14:35:45-05:00"}]},"deceasedBoolean":false}},
{"fullUrl":"http://a.example/fhir/Observation/2","resource":{"resourceType":"Observation","id":"2","status":"final",
 "subject":{"reference":"Patient/1"},"valueQuantity":{"value":72.50,"unit":"kg","system":"http://unitsofmeasure.org",
 "code":"kg"}}},
{"fullUrl":"urn:uuid:0c3151bd","resource":{"resourceType":"Observation","id":"3","status":"final",
 "subject":{"reference":"http://a.example/fhir/Patient/1/_history/4"},"hasMember":[{"reference":"urn:uuid:0c3151bd"}]}}
]}"##;

const NULLS: &str = r#"{"resourceType":"Patient","name":[{"given":[null,"James"],"_given":[{"extension":[
{"url":"https://example.org/syllable-count","valueString":"five"}]},null]}]}"#;

const FOREIGN: &str = r#"{"case":{"number":"2024-17","valueDate":"2020-01-01","lines":[{"amount":12.50,"count":3,
"open":true,"note":null},{"amount":7,"count":1,"open":false,"tags":[]}]}}"#;

fn fhir(text: &str) -> Tree {
    let mut tree = read(text.as_bytes(), Form::Fhir, &Limits::default()).unwrap();
    Definitions::r4().annotate(&mut tree);
    tree
}

fn ask(tree: &Tree, expression: &str) -> Vec<String> {
    let scope = Scope::new(Some(Definitions::r4()));
    let found = parse(expression).unwrap().evaluate(&scope, tree.at(tree.root())).unwrap();
    found.iter().map(|v| v.text().unwrap_or_default().into_owned()).collect()
}

#[test]
fn references_resolve_within_the_tree() {
    let tree = fhir(BUNDLE);
    assert_eq!(ask(&tree, "entry[1].resource.subject.resolve().name.family"), ["Ett"]);
    assert_eq!(ask(&tree, "entry[2].resource.subject.resolve().id"), ["1"]);
    assert_eq!(ask(&tree, "entry[2].resource.hasMember.resolve().id"), ["3"]);
    assert_eq!(ask(&tree, "entry[0].resource.managingOrganization.resolve().name"), ["Inre"]);
    assert_eq!(ask(&tree, "entry.resource.subject.resolve().all($this is Patient)"), ["true"]);
}

#[test]
fn resources_know_what_they_are_in() {
    let tree = fhir(BUNDLE);
    let definitions = Definitions::r4();
    let scope = Scope::new(Some(definitions));
    let inner = parse("entry[0].resource.contained").unwrap().evaluate(&scope, tree.at(tree.root())).unwrap();
    let name = |expression: &str| {
        let found = parse(expression).unwrap().evaluate_on(&scope, &inner).unwrap();
        found[0].text().unwrap().into_owned()
    };
    assert_eq!(name("%resource.id"), "org");
    assert_eq!(name("%rootResource.id"), "1");
    assert_eq!(name("%context.id"), "org");
}

#[test]
fn a_choice_is_found_by_its_base_name_only_where_it_is_one() {
    let tree = fhir(BUNDLE);
    assert_eq!(ask(&tree, "entry.resource.value.unit"), ["kg"]);
    assert_eq!(ask(&tree, "entry.resource.deceased"), ["false"]);
    assert_eq!(ask(&tree, "entry.resource.value > 72 'kg'"), ["true"]);
    assert_eq!(ask(&tree, "entry.resource.value = 72500 'g'"), ["true"]);
    let foreign = read(FOREIGN.as_bytes(), Form::Plain, &Limits::default()).unwrap();
    assert!(ask(&foreign, "case.value").is_empty());
}

#[test]
fn a_primitive_may_have_no_value() {
    let tree = fhir(NULLS);
    assert_eq!(ask(&tree, "name.given.select($this.hasValue())"), ["false", "true"]);
    assert_eq!(ask(&tree, "name.given.count()"), ["2"]);
    assert_eq!(ask(&tree, "name.given.extension('https://example.org/syllable-count').value"), ["five"]);
    assert_eq!(ask(&tree, "name.given.where(hasValue()).getValue()"), ["James"]);
}

#[test]
fn untyped_trees_are_taken_as_they_are_written() {
    let tree = read(FOREIGN.as_bytes(), Form::Plain, &Limits::default()).unwrap();
    for (expression, wanted) in [
        ("case.lines.where(open).amount", "12.50"),
        ("case.lines.where(amount > 10).count", "3"),
        ("case.lines.amount.aggregate($total + $this, 0)", "19.50"),
        ("case.lines[0].note.empty() and case.lines[1].tags.empty()", "true"),
        ("case.valueDate.toDate() < @2021", "true"),
        ("case.number.is(String) and case.lines[0].count.is(Integer)", "true"),
        ("case.number & '!'", "2024-17!"),
    ] {
        assert_eq!(ask(&tree, expression), [wanted], "{expression}");
    }
}

#[test]
fn variables_may_be_bare_where_the_scope_says_so() {
    let tree = fhir(BUNDLE);
    let definitions = Definitions::r4();
    let mut scope = Scope::new(Some(definitions));
    let v = parse("entry[0].resource").unwrap().evaluate(&scope, tree.at(tree.root())).unwrap();
    let mark = scope.mark();
    scope.set("v", v);
    let bare = parse("v.name.family = 'Ett'").unwrap();
    let marked = parse("%v.name.family = 'Ett'").unwrap();
    assert_eq!(marked.truth(&scope, tree.at(tree.root())), Ok(Some(true)));
    assert_eq!(bare.truth(&scope, tree.at(tree.root())), Ok(None));
    scope.bare_variables = true;
    assert_eq!(bare.truth(&scope, tree.at(tree.root())), Ok(Some(true)));
    scope.rewind(mark);
    assert_eq!(bare.truth(&scope, tree.at(tree.root())), Ok(None));
}

#[test]
fn the_host_answers_for_terminology() {
    let tree = fhir(BUNDLE);
    let mut scope = Scope::new(Some(Definitions::r4()));
    let expression = parse("entry.resource.status.where(memberOf('http://x/vs')).count()").unwrap();
    let refused = expression.evaluate(&scope, tree.at(tree.root())).unwrap_err();
    assert_eq!(refused.reason, Reason::Unanswered("memberOf"));
    scope.register("memberOf", |call| {
        assert_eq!(call.args[0][0].text().as_deref(), Some("http://x/vs"));
        Ok(vec![Value::Boolean(call.input[0].text().as_deref() == Some("final"))])
    });
    assert_eq!(expression.evaluate(&scope, tree.at(tree.root())).unwrap(), [Value::Integer(2)]);
    scope.register("memberOf", |_| Err(EvalError::new(Reason::Host("no terminology".to_string()))));
    assert!(expression.evaluate(&scope, tree.at(tree.root())).is_err());
}

#[test]
fn a_watcher_is_told_what_was_come_to_whatever_the_way() {
    use std::sync::{Arc, Mutex};
    let tree = fhir(BUNDLE);
    let told = |expression: &str| {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let mut scope = Scope::new(Some(Definitions::r4()));
        let keep = seen.clone();
        scope.watch(move |node| keep.lock().unwrap().push(node.tree.path(node.id)));
        parse(expression).unwrap().evaluate(&scope, tree.at(tree.root())).unwrap();
        let mut seen = seen.lock().unwrap().clone();
        seen.retain(|path| tree.at(tree.root()).tree.text(find(&tree, path)).is_some());
        seen.sort();
        seen.dedup();
        seen
    };
    assert_eq!(told("type"), ["Bundle.type"]);
    let second = "Bundle.entry[1].resource";
    let both = [format!("{second}.valueQuantity.unit"), format!("{second}.valueQuantity.value")];
    assert_eq!(told("entry.resource.value.where(unit = 'kg').value"), both);
    let resolved = told("entry[1].resource.subject.resolve().name.family");
    assert_eq!(
        resolved,
        [
            "Bundle.entry[0].fullUrl",
            "Bundle.entry[0].resource.id",
            "Bundle.entry[0].resource.name[0].family",
            "Bundle.entry[1].resource.subject.reference",
        ]
    );
    // What a condition that is decided before does not look at is not told.
    assert_eq!(told("type = 'x' and entry.fullUrl.exists()"), ["Bundle.type"]);
}

/// The node at a path.
fn find(tree: &Tree, path: &str) -> fhir::NodeId {
    let mut all = vec![tree.root()];
    while let Some(node) = all.pop() {
        if tree.path(node) == path {
            return node;
        }
        all.extend(tree.children(node));
    }
    panic!("no {path}")
}

#[test]
fn errors_tell_the_place_and_no_value() {
    let tree = fhir(BUNDLE);
    let scope = Scope::new(Some(Definitions::r4()));
    let error = parse("entry[0].resource.name.family + 1")
        .unwrap()
        .evaluate(&scope, tree.at(tree.root()))
        .unwrap_err();
    assert_eq!(error.offset, Some(30));
    assert!(!error.to_string().contains("Ett"));
    let error = parse("name.where(use = ").unwrap_err();
    assert_eq!((error.offset, error.to_string().contains("operand")), (17, true));
    assert_eq!(parse("name.first(1)").unwrap_err().offset, 5);
    assert!(parse("now()").unwrap().evaluate(&scope, tree.at(tree.root())).is_err());
}

#[test]
fn the_static_check_points_at_the_name() {
    let definitions = Definitions::r4();
    let patient = definitions.type_id("Patient").unwrap();
    let problems = |text: &str| -> Vec<usize> {
        let found =
            parse(text).unwrap().check(definitions, patient, &[("v", patient), ("any", TypeId::NONE)]);
        found.iter().map(|p| p.offset).collect()
    };
    assert_eq!(problems("name.where(use = 'official').givn.first()"), [29]);
    assert_eq!(problems("name.given.first.x or contact.nam.exists()"), [11, 30]);
    assert_eq!(problems("%v.name.given | v.birthdate | %any.whatever | %w"), [18, 46]);
    assert_eq!(problems("deceasedBoolean or (deceased as boolean)"), [0]);
    assert_eq!(problems("birthDate + 1"), [10]);
    assert_eq!(problems("contained.where($this is Observation).ofType(Observation).status"), [0usize; 0]);
    assert_eq!(problems("name.ofType(HumanNam)"), [12]);
}

#[test]
fn names_in_a_row_have_no_limit_and_expressions_are_shared() {
    fn shared<T: Send + Sync>(_: &T) {}
    let tree = fhir(BUNDLE);
    let long = parse(&format!("entry{}.x", ".resource".repeat(300))).unwrap();
    shared(&long);
    let scope = Scope::new(Some(Definitions::r4()));
    assert_eq!(long.evaluate(&scope, tree.at(tree.root())).unwrap(), []);
}
