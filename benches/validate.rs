//! How long validation takes and how often it allocates: a small Patient against base R4, a message of
//! fourteen resources against our profiles, Bundles with more and more references, answers to a question
//! of more and more options, and what all definitions cost when they are loaded.
//!
//! Invariant: bindings and invariants are on, as in the gateway; what is measured is valid, and that is
//! asserted first. The tree is read outside; giving its nodes their types is inside. Deliberately absent:
//! the other engine, which `benches/peers/run` measures on the same inputs in the same run.
//!
//! `cargo bench --bench validate -- [--only WORD] [--json]`
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod watch;

use fhir::json::{Form, Limits, read};
use fhir::{Severity, Tree};
use sluss::rulebook::{Rulebook, Source};
use std::hint::black_box;
use std::time::Instant;
use watch::Watch;

const PATIENT: &str = include_str!("inputs/small-patient.json");
const MESSAGE: &str = include_str!("inputs/message-of-14.json");
const PATIENT_TYPE: &str = "http://hl7.org/fhir/StructureDefinition/Patient";
const MESSAGE_PROFILE: &str = "https://sluss.example/fhir/StructureDefinition/admission-notice-message";
const BUNDLE_TYPE: &str = "http://hl7.org/fhir/StructureDefinition/Bundle";
const RESPONSE_TYPE: &str = "http://hl7.org/fhir/StructureDefinition/QuestionnaireResponse";

fn tree(text: &str) -> Tree {
    let limits = Limits { max_bytes: 256 << 20, max_nodes: 20_000_000, ..Limits::default() };
    read(text.as_bytes(), Form::Fhir, &limits).unwrap()
}

/// A collection of one Patient and so many Observations that refer to it.
fn referring(references: usize) -> String {
    let patient = r#"{"fullUrl":"urn:uuid:00000000-0000-4000-8000-000000000000","resource":{"resourceType":"Patient","active":true}}"#;
    let mut text = format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{patient}"#);
    for i in 1..=references {
        text.push_str(&format!(
            r#",{{"fullUrl":"urn:uuid:00000000-0000-4000-8000-{i:012x}","resource":{{"resourceType":"Observation","status":"final","code":{{"text":"x"}},"subject":{{"reference":"urn:uuid:00000000-0000-4000-8000-000000000000"}}}}}}"#
        ));
    }
    text.push_str("]}");
    text
}

/// So many answers to a question of as many options.
fn answered(options: usize) -> String {
    let coding = |i: usize| format!(r#"{{"valueCoding":{{"system":"http://example.org/s","code":"o{i}"}}}}"#);
    let all = (0..options).map(coding).collect::<Vec<_>>().join(",");
    format!(
        r##"{{"resourceType":"QuestionnaireResponse","contained":[{{"resourceType":"Questionnaire","id":"q","status":"active","item":[{{"linkId":"1","type":"choice","repeats":true,"answerOption":[{all}]}}]}}],"questionnaire":"#q","status":"completed","item":[{{"linkId":"1","answer":[{all}]}}]}}"##
    )
}

fn errors(rulebook: &Rulebook, tree: &mut Tree, profile: &str) -> usize {
    rulebook.check_as(tree, profile).iter().filter(|f| f.severity == Severity::Error).count()
}

/// Resident memory in MiB, where the system tells it.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<f64>().ok()).unwrap_or(f64::NAN) / 1024.0
}

fn main() {
    let Some(watch) = Watch::from_args(46) else { return };
    let (before, start) = (resident(), Instant::now());
    let rulebook = Rulebook::load(&Source::Embedded).unwrap_or_else(|p| panic!("{p:?}"));
    let (took, more) = (start.elapsed().as_secs_f64() * 1e3, resident() - before);
    if !watch.json {
        println!(
            "all definitions, maps and schemas loaded: {took:.0} ms (goal 300), {more:.0} MiB more (goal 60)\n"
        );
    }
    watch.head("validate");
    for (name, text, profile, goal) in [
        ("validate a Patient of 450 B", PATIENT, PATIENT_TYPE, 20.0),
        ("validate a message of 14 resources", MESSAGE, MESSAGE_PROFILE, 200.0),
    ] {
        let mut tree = tree(text);
        assert_eq!(errors(&rulebook, &mut tree, profile), 0, "{name}");
        watch.line(name, Some(goal), 50, || {
            black_box(rulebook.check_as(black_box(&mut tree), profile));
        });
    }
    if watch.json {
        return;
    }
    growth(&rulebook, "a Bundle of so many references", BUNDLE_TYPE, [1_000, 10_000, 100_000], referring);
    let sizes = [1_000, 4_000, 20_000];
    growth(&rulebook, "so many answers to a question of as many options", RESPONSE_TYPE, sizes, answered);
}

/// How the time grows with the size of the input.
fn growth(rulebook: &Rulebook, title: &str, ty: &str, sizes: [usize; 3], text: fn(usize) -> String) {
    println!("\n{title}, the best of five\n{:>10} {:>12} {:>14}", "size", "ms", "µs each");
    for size in sizes {
        let mut tree = tree(&text(size));
        assert_eq!(errors(rulebook, &mut tree, ty), 0);
        let once = |tree: &mut Tree| {
            let start = Instant::now();
            black_box(rulebook.check_as(tree, ty));
            start.elapsed().as_secs_f64()
        };
        let best = (0..5).map(|_| once(&mut tree)).fold(f64::INFINITY, f64::min);
        println!("{size:>10} {:>12.2} {:>14.3}", best * 1e3, best * 1e6 / size as f64);
    }
}
