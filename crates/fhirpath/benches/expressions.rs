//! How long evaluations take and how often they allocate: the expressions that the project has goals
//! for, a filter over a large Bundle, common invariants, and all invariants of a whole message.
//!
//! Invariant: an expression is parsed once, the scope made once; a round is evaluation alone. The best
//! of many rounds is printed, because other work on the machine only ever adds. Allocations are counted
//! in every round, which costs some nanoseconds each, and they are in the times. Deliberately absent:
//! statistics beyond that.
//!
//! `cargo bench -p sluss-fhirpath --bench expressions -- [--only WORD] [--json]`
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../../../benches/watch.rs"]
mod watch;

use fhir::json::{Form, Limits, read};
use fhir::{Definitions, NodeId, NodeRef, Tree};
use fhirpath::{Expr, Scope};
use std::collections::HashMap;
use std::hint::black_box;
use watch::Watch;

const PATIENT: &str = include_str!("../../../benches/inputs/patient.json");
const MESSAGE: &str = include_str!("../../../conformance/examples/admission-notice/valid-1-four-fields.json");

/// Evaluated for their items, on the Patient. The first four have goals, in microseconds.
const EXPRESSIONS: [(&str, Option<f64>); 6] = [
    ("name.given", Some(0.12)),
    ("name.where(use='official').given", Some(0.84)),
    ("name.select(given.first().upper().substring(0, 2))", Some(1.17)),
    (r"telecom.exists(value.matches('^\\(03\\) 3'))", Some(1.27)),
    ("descendants().count()", None),
    ("name.exists(family.exists() or given.exists()) and birthDate < @2020", None),
];

/// Invariants of R4, asked for their truth at the element of the Patient that they are about.
const INVARIANTS: [(&str, &str, &str); 13] = [
    ("ele-1", "name[0]", "hasValue() or (children().count() > id.count())"),
    ("ext-1", "extension[0]", "extension.exists() != value.exists()"),
    ("pat-1", "contact[0]", "name.exists() or telecom.exists() or address.exists() or organization.exists()"),
    ("per-1", "name[0].period", "start.hasValue().not() or end.hasValue().not() or (start <= end)"),
    (
        "ref-1",
        "managingOrganization",
        "reference.startsWith('#').not() or (reference.substring(1).trace('url') in \
         %rootResource.contained.id.trace('ids'))",
    ),
    ("cpt-2", "telecom[1]", "value.empty() or system.exists()"),
    ("att-1", "photo[0]", "data.empty() or contentType.exists()"),
    ("dom-2", "$this", "contained.contained.empty()"),
    ("dom-4", "$this", "contained.meta.versionId.empty() and contained.meta.lastUpdated.empty()"),
    ("dom-6", "$this", "text.`div`.exists()"),
    (
        "obs-7",
        "$this",
        "value.empty() or component.code.where(coding.intersect(%resource.code.coding).exists()).empty()",
    ),
    ("bdl-1", "$this", "total.empty() or (type = 'searchset') or (type = 'history')"),
    (
        "age-1",
        "$this",
        "(code.exists() or value.empty()) and (system.empty() or system = %ucum) and (value.empty() or value.hasValue().not() or value > 0)",
    ),
];

fn tree(text: &str) -> Tree {
    let mut tree = read(text.as_bytes(), Form::Fhir, &Limits::default()).unwrap();
    Definitions::r4().annotate(&mut tree);
    tree
}

/// A Bundle of so many small Observations.
fn bundle(entries: usize) -> String {
    let entry = |i: usize| {
        format!(
            r#"{{"fullUrl":"urn:x:{i}","resource":{{"resourceType":"Observation","id":"o{i}","status":"final",
            "code":{{"coding":[{{"system":"http://loinc.org","code":"{i}"}}]}},"valueQuantity":{{"value":{i}}}}}}}"#
        )
    };
    let entries: Vec<String> = (0..entries).map(entry).collect();
    format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{}]}}"#, entries.join(","))
}

/// Every invariant of the types and elements of a tree, with the node it is asked of.
fn questions(tree: &Tree) -> (Vec<Expr>, Vec<(usize, NodeId)>) {
    let definitions = Definitions::r4();
    let (mut expressions, mut known) = (Vec::new(), HashMap::new());
    let (mut all, mut open) = (Vec::new(), vec![tree.root()]);
    while let Some(node) = open.pop() {
        open.extend(tree.children(node));
        let of_element = definitions.element_of(tree, node).into_iter().flat_map(|e| &e.invariants);
        for invariant in definitions.invariants(tree.type_of(node)).chain(of_element) {
            let number = *known.entry(&*invariant.expression).or_insert_with(|| {
                expressions.push(fhirpath::parse(&invariant.expression).unwrap());
                expressions.len() - 1
            });
            all.push((number, node));
        }
    }
    (expressions, all)
}

fn select<'t>(scope: &Scope<'t>, tree: &'t Tree, path: &str) -> NodeRef<'t> {
    let found = fhirpath::parse(path).unwrap().evaluate(scope, tree.at(tree.root())).unwrap();
    found.first().and_then(|v| v.node()).unwrap_or(tree.at(tree.root()))
}

fn main() {
    let Some(watch) = Watch::from_args(70) else { return };
    watch.head("items of");
    let definitions = Definitions::r4();
    let (patient, large, message) = (tree(PATIENT), tree(&bundle(200)), tree(MESSAGE));
    let mut scope = Scope::new(Some(definitions));
    scope.register("htmlChecks", |_| Ok(vec![fhirpath::Value::Boolean(true)]));
    let root = patient.at(patient.root());
    for (text, goal) in EXPRESSIONS {
        let expression = fhirpath::parse(text).unwrap();
        watch.line(text, goal, 1000, || {
            let _ = black_box(black_box(&expression).evaluate(&scope, root));
        });
    }
    let text = "entry.resource.where(id='o150').value.value";
    let expression = fhirpath::parse(text).unwrap();
    watch.line(text, Some(360.0), 50, || {
        let _ = black_box(expression.evaluate(&scope, large.at(large.root())));
    });
    if !watch.json {
        println!("\n{:<70} {:>9} {:>6} {:>8}", "truth of", "µs", "goal", "allocs");
    }
    for (key, place, text) in INVARIANTS {
        let (expression, focus) = (fhirpath::parse(text).unwrap(), select(&scope, &patient, place));
        let name: String = format!("{key} {text}").chars().take(70).collect();
        watch.line(&name, Some(0.2), 1000, || {
            let _ = black_box(black_box(&expression).truth(&scope, focus));
        });
    }
    let (expressions, all) = questions(&message);
    watch.line(&format!("all {} invariants of a message", all.len()), None, 20, || {
        for (number, node) in &all {
            let _ = black_box(expressions[*number].truth(&scope, message.at(*node)));
        }
    });
    watch.line("a scope", None, 1000, || drop(black_box(Scope::new(Some(definitions)))));
}
