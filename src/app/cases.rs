//! A case as a person asks for it: played anew from the record, for the time at which it is asked.
//!
//! Invariant: what is shown follows from the ledger alone, with the terms by which the gateway watches the case; a gateway
//! need not be running. Deliberately absent: person data, which no case is told.

use crate::{
    case::{self, Case, Evidence, Finding, Kind, Obligation, Terms, View},
    flow::sweep,
    ledger::{Ledger, ProblemFilter, ProblemRow},
    model::Failure,
};
use jiff::Timestamp;
use serde::Serialize;

/// All that is to be said of a case id.
#[derive(Clone, Debug, Serialize)]
pub struct Shown {
    /// The case id.
    pub case: String,
    /// The time for which it holds.
    pub as_of: Timestamp,
    /// Each of its cases: admission, exam, SIP, placement, co-financing.
    pub cases: Vec<Case>,
    /// What is and was owed in it.
    pub obligations: Vec<Obligation>,
    /// What a person should look at.
    pub findings: Vec<Finding>,
    /// What is open of it as problems.
    pub problems: Vec<ProblemRow>,
    /// Evidence of payment liability, for each admission.
    pub evidence: Vec<Evidence>,
    /// The terms that it was judged by.
    pub terms: Vec<Terms>,
    /// The event up to which the record was followed before anything of this was read.
    #[serde(skip)]
    pub followed: u64,
}

/// Plays a case. `None`: nothing of it is on record.
pub async fn show(ledger: &Ledger, id: &str, now: Timestamp) -> Result<Option<Shown>, Failure> {
    let mut shown = Shown {
        case: id.to_string(),
        as_of: now,
        cases: Vec::new(),
        obligations: Vec::new(),
        findings: Vec::new(),
        problems: Vec::new(),
        evidence: Vec::new(),
        terms: Vec::new(),
        followed: ledger.cursor("sweep").await?,
    };
    for (subject, terms) in ledger.subjects_of(id).await? {
        let terms: Terms =
            serde_json::from_str(&terms).map_err(|_| Failure::Internal("terms cannot be read".into()))?;
        let view = sweep::view_of(ledger, &subject, &terms, now).await?;
        add(&mut shown, view, now);
        if !shown.terms.contains(&terms) {
            shown.terms.push(terms);
        }
    }
    let filter = ProblemFilter { case: Some(id.to_string()), limit: 1000, ..ProblemFilter::default() };
    shown.problems = ledger.problems(&filter).await?;
    Ok((!shown.cases.is_empty() || !shown.problems.is_empty()).then_some(shown))
}

fn add(shown: &mut Shown, view: View, now: Timestamp) {
    let of_admission = |case: &&Case| case.case == shown.case && case.kind == Kind::Admission;
    let evidence = view.cases.iter().filter(of_admission).map(|case| case::liability(&view, case, now));
    shown.evidence.extend(evidence);
    shown.cases.extend(view.cases.into_iter().filter(|case| case.case == shown.case));
    shown.obligations.extend(view.obligations.into_iter().filter(|owed| owed.case == shown.case));
    shown.findings.extend(view.findings.into_iter().filter(|finding| finding.case == shown.case));
}
