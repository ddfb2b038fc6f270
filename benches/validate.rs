//! How long validation takes and how often it allocates: a small Patient against base R4, a message of
//! fourteen resources against our profiles, Bundles with more and more references, and what all
//! definitions cost when they are loaded.
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
    println!(
        "\na Bundle of so many references, the best of five\n{:>10} {:>12} {:>14}",
        "references", "ms", "µs each"
    );
    for references in [1_000, 10_000, 100_000] {
        let mut tree = tree(&referring(references));
        assert_eq!(errors(&rulebook, &mut tree, BUNDLE_TYPE), 0);
        let once = |tree: &mut Tree| {
            let start = Instant::now();
            black_box(rulebook.check_as(tree, BUNDLE_TYPE));
            start.elapsed().as_secs_f64()
        };
        let best = (0..5).map(|_| once(&mut tree)).fold(f64::INFINITY, f64::min);
        println!("{references:>10} {:>12.2} {:>14.3}", best * 1e3, best * 1e6 / references as f64);
    }
}
