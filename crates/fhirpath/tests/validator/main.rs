//! The official R4 validation suite: instances, and what the reference validator said of them.
//!
//! Each case that needs nothing but the core definitions is judged against its type and the profiles
//! that it names, and where the case says so a second time against a profile. Three questions:
//! - verdict: is there an error exactly where the reference validator found one?
//! - profile: the same for the second judgement;
//! - places: of the judgements that should be invalid, does each place that was expected have an
//!   error of ours at that element, its parent or its child? (Printed beside it, not asserted: how
//!   often ours lie near theirs as well, and how often both sets are the same.)
//!
//! Invariant: a listed case that passes fails the run, and so does an unlisted one that does not.
//! Deliberately absent: the reference validator's texts, and cases that need another package or a server.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod cases;
mod places;
mod rules;
#[path = "../../../fhir/tests/suite/mod.rs"]
mod suite;

use cases::{Case, Expected};
use fhir::{Finding, Severity};
use places::Agreement;
use suite::Results;

/// Our errors about an instance, or why its definitions were refused.
type Errors = Result<Vec<Finding>, String>;

/// What the whole run gave.
#[derive(Default)]
struct Tally {
    verdicts: Results,
    profiles: Results,
    places: Results,
    near: usize,
    exact: usize,
}

impl Tally {
    /// The suite's name, the list of exceptions and the results of each question.
    fn lists(&self) -> [(&str, &str, &Results); 3] {
        [
            ("fhir-validator-r4 (verdicts)", "validator-verdicts", &self.verdicts),
            ("fhir-validator-r4 (with profile)", "validator-profiles", &self.profiles),
            ("fhir-validator-r4 (places)", "validator-places", &self.places),
        ]
    }

    /// Judges the places of a judgement that should be invalid.
    fn judge_places(&mut self, name: String, expected: &Expected, errors: &Errors) {
        if expected.valid {
            return;
        }
        let agreement = Agreement::of(&expected.places, errors.as_deref().unwrap_or_default());
        self.near += usize::from(agreement.near);
        self.exact += usize::from(agreement.exact);
        self.places.push((name, agreement.hit));
    }
}

fn verdict(expected: &Expected, errors: &Errors) -> Result<(), String> {
    let errors = errors.as_ref().map_err(|why| format!("its definitions are refused: {why}"))?;
    let told: Vec<String> = errors.iter().take(6).map(|f| format!("\n    {f}")).collect();
    match (expected.valid, errors.is_empty()) {
        (true, false) => Err(format!("should be valid{}", told.concat())),
        (false, true) => Err(format!("should have errors at{}", expected.told())),
        _ => Ok(()),
    }
}

/// The cases asked for: `SLUSS_CASE` is a name or a module, and then everything found is printed.
fn chosen(case: &Case) -> bool {
    std::env::var("SLUSS_CASE").map_or(true, |asked| asked == case.name || asked == case.module)
}

#[test]
fn fhir_validator_r4() {
    let Some(folder) = suite::folder("fhir-validator-r4") else { return };
    let Some(core) = suite::folder("fhir-r4-core-package") else { return };
    let core = rules::Core::read(&core, &folder);
    let aloud = std::env::var("SLUSS_CASE").is_ok();
    let errors = |case: &Case, supporting: &[String], profile: Option<&str>| -> Errors {
        let found = core.judge(&folder, case, supporting, profile)?;
        if aloud {
            println!("{} {}", case.name, profile.unwrap_or_default());
            found.iter().for_each(|f| println!("    {f}"));
        }
        Ok(found.into_iter().filter(|f| f.severity == Severity::Error).collect())
    };
    let mut tally = Tally::default();
    for case in cases::read(&folder).iter().filter(|c| chosen(c)) {
        let own = errors(case, &case.supporting, None);
        tally.verdicts.push((case.name.clone(), verdict(&case.expected, &own)));
        tally.judge_places(case.name.clone(), &case.expected, &own);
        if let Some(second) = &case.second {
            let supporting = [case.supporting.as_slice(), &second.supporting].concat();
            let own = errors(case, &supporting, Some(&second.source));
            tally.profiles.push((case.name.clone(), verdict(&second.expected, &own)));
            tally.judge_places(format!("{} (profile)", case.name), &second.expected, &own);
        }
    }
    let own = tally.places.iter().filter(|(name, _)| !name.ends_with("(profile)"));
    println!(
        "suite fhir-validator-r4 (places, without second judgements): {} of {}",
        own.clone().filter(|(_, hit)| hit.is_ok()).count(),
        own.count()
    );
    println!(
        "suite fhir-validator-r4: of {} that are invalid, places lie near each other both ways in {}, are the same in {}",
        tally.places.len(),
        tally.near,
        tally.exact
    );
    if !aloud {
        suite::report_all(&tally.lists());
        return;
    }
    for (suite, _, results) in tally.lists() {
        let wrong = results.iter().filter_map(|(name, r)| Some((name, r.as_ref().err()?)));
        wrong.for_each(|(name, why)| println!("{suite} {name}: {why}"));
    }
}

/// The specification's own examples, judged by all of the core package, invariants too.
#[test]
fn fhir_r4_examples() {
    let Some(folder) = suite::folder("fhir-r4-examples") else { return };
    let Some(cases) = suite::folder("fhir-validator-r4") else { return };
    let Some(core) = suite::folder("fhir-r4-core-package") else { return };
    let core = rules::Core::read(&core, &cases);
    let judged = |(name, text): (String, Vec<u8>)| {
        let errors = core.errors(&text);
        let told: String = errors.iter().map(|f| format!("\n    {f}")).collect();
        (name, if errors.is_empty() { Ok(()) } else { Err(told) })
    };
    let results: Results = suite::files(&folder, ".json").into_iter().map(judged).collect();
    suite::report("fhir-r4-examples (valid, with invariants)", "examples-invariants", &results);
}
