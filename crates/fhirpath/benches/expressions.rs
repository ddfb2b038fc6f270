//! How long an evaluation takes: the four expressions that the project has goals for, and two more.
//!
//! Invariant: the expression is parsed once, the scope made once; a round is evaluation alone.
//! The best of many rounds is printed, because other work on the machine only ever adds. Deliberately
//! absent: statistics beyond that.
#![allow(clippy::unwrap_used, missing_docs)]

use fhir::Definitions;
use fhir::json::{Form, Limits, read};
use fhirpath::Scope;
use std::hint::black_box;
use std::time::Instant;

const PATIENT: &str = r#"{"resourceType":"Patient","id":"p1","active":true,
"identifier":[{"use":"usual","system":"urn:oid:1.2.3","value":"12345"}],
"name":[{"use":"official","family":"Exempel","given":["Anna","Maria"]},{"use":"usual","given":["Ann"]},
{"use":"maiden","family":"Prov","given":["Anna","Maria"]}],
"telecom":[{"use":"home"},{"system":"phone","value":"(03) 5555 6473","use":"work"},
{"system":"phone","value":"(03) 3410 5613","use":"mobile"}],"gender":"female","birthDate":"1974-12-25"}"#;

const EXPRESSIONS: [(&str, Option<f64>); 6] = [
    ("name.given", Some(0.12)),
    ("name.where(use='official').given", Some(0.84)),
    ("name.select(given.first().upper().substring(0, 2))", Some(1.17)),
    (r"telecom.exists(value.matches('^\\(03\\) 3'))", Some(1.27)),
    ("descendants().count()", None),
    ("name.exists(family.exists() or given.exists()) and birthDate < @2020", None),
];

fn main() {
    let definitions = Definitions::r4();
    let mut tree = read(PATIENT.as_bytes(), Form::Fhir, &Limits::default()).unwrap();
    definitions.annotate(&mut tree);
    let scope = Scope::new(Some(definitions));
    let focus = tree.at(tree.root());
    println!("{:<70} {:>8} {:>8}", "expression", "µs", "goal");
    let only = std::env::args().nth(1).filter(|a| !a.starts_with("--"));
    for (text, goal) in EXPRESSIONS.into_iter().filter(|(t, _)| only.as_deref().is_none_or(|o| o == *t)) {
        let expression = fhirpath::parse(text).unwrap();
        let best = (0..200).map(|_| {
            let start = Instant::now();
            for _ in 0..1000 {
                let _ = black_box(black_box(&expression).evaluate(&scope, focus));
            }
            start.elapsed().as_nanos()
        });
        let micros = best.min().unwrap_or(0) as f64 / 1e6;
        let goal = goal.map_or(String::new(), |g| format!("{g:.2}"));
        println!("{text:<70} {micros:>8.3} {goal:>8}");
    }
    let start = Instant::now();
    for _ in 0..1000 {
        let _ = black_box(Scope::new(Some(definitions)));
    }
    println!("a scope: {:.3} µs", start.elapsed().as_nanos() as f64 / 1e6);
}
