//! What of a view is a problem, and when time alone will next make or end one.
//!
//! Invariant: a pure function of the view, the messages, the leads and the time: the same view has the same causes,
//! however it was reached. Deliberately absent: the record of problems, and who is told of them.

use super::{
    obligation::{Late, Obligation, Owed, Whose},
    owed::is_past,
    told::Told,
    view::{Finding, Step, Validity, View, What},
};
use crate::model::{Cause, HsaId, Owner, ProblemKind};
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

/// How long before its time an obligation is told of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Leads {
    /// For events without a row, at most this; but never more than a quarter of the time that the obligation has.
    pub most: SignedDuration,
    /// For these event codes exactly this.
    pub of: Vec<(String, SignedDuration)>,
}

impl Default for Leads {
    fn default() -> Leads {
        Leads { most: SignedDuration::from_hours(24), of: Vec::new() }
    }
}

impl Leads {
    /// From when an obligation is told of as near its time.
    fn begins(&self, owed: &Obligation) -> Timestamp {
        let own = self.of.iter().find(|(event, _)| *event == owed.event).map(|(_, lead)| *lead);
        let quarter = owed.due.duration_since(owed.start) / 4;
        let lead = own.unwrap_or_else(|| self.most.min(quarter)).max(SignedDuration::ZERO);
        owed.due.checked_sub(lead).unwrap_or(owed.due)
    }
}

/// The problems of a view, sorted, each once.
pub fn causes(view: &View, told: &[Told], leads: &Leads, now: Timestamp) -> Vec<Cause> {
    let mut causes: Vec<Cause> = view.obligations.iter().filter_map(|o| owed(o, leads, now)).collect();
    for case in &view.cases {
        causes.extend(case.steps.iter().filter_map(|step| late_step(step, &case.case, view)));
    }
    causes.extend(view.findings.iter().map(|finding| found(finding, told)));
    causes.sort();
    causes.dedup_by(|a, b| a.key() == b.key());
    causes
}

/// When time alone changes a view or its problems next, after `now`.
pub fn next(view: &View, leads: &Leads, now: Timestamp) -> Option<Timestamp> {
    let second = |at: Timestamp| at.checked_add(SignedDuration::from_secs(1)).ok();
    let open = view.obligations.iter().filter(|o| o.state == Owed::Open);
    let of_owed = open.flat_map(|o| [Some(leads.begins(o)), second(o.due)]);
    let underway = view.cases.iter().flat_map(|c| &c.steps).filter(|s| s.delivered.is_none());
    let of_steps = underway.map(|s| s.due.and_then(second));
    of_owed.chain(of_steps).flatten().filter(|at| *at > now).min()
}

fn owed(owed: &Obligation, leads: &Leads, now: Timestamp) -> Option<Cause> {
    if owed.state != Owed::Open {
        return None;
    }
    let (kind, owner) = match owed.late {
        Some(late) => (ProblemKind::ObligationLate, role(late)),
        None if is_past(now, owed.due) || now < leads.begins(owed) => return None,
        None => (ProblemKind::LimitNear, Owner::Sender),
    };
    Some(Cause {
        kind,
        what: word(owed.duty),
        case: Some(owed.case.clone()),
        message: Some(owed.opened_by.clone()),
        delivery: None,
        owner,
        // Whose time it was as a receiver is who did not take what asks for it: the same party.
        party: (owner != Owner::Gateway).then(|| owed.party.clone()),
        due: Some(owed.due),
    })
}

/// A message that was told after its own time. What was owed, and met late, was a problem while it was not there.
fn late_step(step: &Step, case: &str, view: &View) -> Option<Cause> {
    let late = step.late.filter(|_| step.validity == Validity::Valid)?;
    if view
        .obligations
        .iter()
        .any(|o| o.closed_by.as_ref() == Some(&step.message) && o.state == Owed::MetLate)
    {
        return None;
    }
    let owner = role(late);
    Some(Cause {
        kind: ProblemKind::MessageLate,
        what: step.event.clone(),
        case: Some(case.to_string()),
        message: Some(step.message.clone()),
        delivery: None,
        owner,
        party: party(owner, &step.sender, &step.receiver),
        due: step.due,
    })
}

fn found(finding: &Finding, told: &[Told]) -> Cause {
    let by = |id: &str| told.iter().find(|t| t.message == id);
    let shown = by(&finding.message);
    let asked = finding.about.as_deref().and_then(by);
    let (kind, owner) = match finding.what {
        What::UnknownReference | What::NothingToWithdraw => (ProblemKind::MessageMissing, Owner::Sender),
        What::HealthExamNeverAnswered | What::DentalExamNeverAnswered => {
            // Never asked for: who placed should have asked. Asked for and never answered: who was asked.
            (ProblemKind::MessageMissing, if asked.is_some() { Owner::Receiver } else { Owner::Sender })
        }
        What::PatientLeft => (ProblemKind::Finding, Owner::Receiver),
        _ => (ProblemKind::Finding, Owner::Sender),
    };
    let of = asked.filter(|_| owner == Owner::Receiver).or(shown);
    Cause {
        kind,
        what: word(finding.what),
        case: Some(finding.case.clone()),
        message: Some(finding.message.clone()),
        delivery: None,
        owner,
        party: of.and_then(|t| party(owner, &t.sender, &t.receiver)),
        due: None,
    }
}

fn role(late: Late) -> Owner {
    match late.whose {
        Whose::Sender => Owner::Sender,
        Whose::Gateway => Owner::Gateway,
        Whose::Receiver => Owner::Receiver,
    }
}

fn party(owner: Owner, sender: &HsaId, receiver: &HsaId) -> Option<HsaId> {
    match owner {
        Owner::Sender => Some(sender.clone()),
        Owner::Receiver => Some(receiver.clone()),
        Owner::Gateway => None,
    }
}

/// The word of a unit variant, as it stands in documents.
pub fn word(value: impl Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word,
        _ => String::new(),
    }
}
