//! Coordination and exam cases: what the messages about one subject amount to (domain §2, §3).
//!
//! [`play`] is a pure function: everything told about one subject, the terms of the agreement, and the
//! time → a [`View`]. Give it the messages of all of the subject's cases together: a placement in one case
//! is answered by an exam request in another. Who keeps messages keeps with each a keyed hash of its
//! subject; one hash is one call. Whatever order they are given in, the view is the same: event time
//! decides, and of equal event times the one that the gateway received first goes first.
//!
//! Invariant: total on any input; no message disappears from the view. Deliberately absent: the clock,
//! the store, person data, and any opinion about whether a message may pass.

mod admission;
mod calendar;
mod cofinancing;
mod evidence;
mod exam;
mod obligation;
mod owed;
mod placement;
mod runs;
mod sip;
mod standing;
mod story;
mod terms;
mod told;
mod view;
mod watch;

pub use evidence::{Evidence, Judged, Liability, Notice, Reason, liability};
pub use obligation::{Duty, Late, Obligation, Owed, Start, Whose};
pub use terms::{Care, Deadline, FreeDays, Limit, Terms};
pub use told::{Told, detail};
pub use view::{
    Case, Clock, Finding, Kind, NoticeClock, Standing, State, Step, Stop, StopReason, Validity, View, What,
    Word,
};
pub use watch::{Leads, causes, next, word};

use jiff::Timestamp;
use runs::Runs;
use story::Story;

/// What the messages about one subject amount to at a time.
pub fn play(told: &[Told], terms: &Terms, now: Timestamp) -> View {
    let mut story = Story::of(told);
    let mut runs = Runs::of(&mut story, terms);
    let (obligations, warnings) = owed::all(&story, &runs, terms, now);
    for (what, index, about) in warnings {
        story.find(what, index, about);
    }
    standing::strangers(&mut story);
    for run in &mut runs.all {
        finish(run, &story, &obligations, terms, now);
    }
    let mut findings = std::mem::take(&mut story.findings);
    findings.sort_by_key(|(index, finding)| (*index, finding.what));
    View {
        cases: runs.all.into_iter().map(|run| run.case).collect(),
        obligations,
        messages: standing::all(&story),
        findings: findings.into_iter().map(|(_, finding)| finding).collect(),
    }
}

/// Says of each step whether it holds and came in time, and closes an admission in which nothing is owed.
fn finish(run: &mut runs::Run, story: &Story<'_>, owed: &[Obligation], terms: &Terms, now: Timestamp) {
    let left = run.valid(story, "discharged").next().and_then(|m| story.told.get(m));
    let left = left.map(|t| t.moment(detail::DISCHARGED).unwrap_or(t.occurred));
    for (step, index) in run.case.steps.iter_mut().zip(&run.members) {
        step.validity = story.validity(*index);
        let met = owed.iter().find(|o| {
            o.closed_by.as_ref() == Some(&step.message)
                && o.event == step.event
                && o.duty != Duty::ReceiveInTime
                && matches!(o.state, Owed::Met | Owed::MetLate)
        });
        let own = story.told.get(*index).and_then(|t| match t.event.as_str() {
            // The fast vårdkontakt is to be appointed before the discharge (2:5).
            "care-contact-appointed" => Some((t, left?)),
            _ => Some((t, owed::due_of(t, terms)?)),
        });
        let own = own.map(|(t, due)| (Some(due), owed::late(t, due, now)));
        (step.due, step.late) = met.map(|o| (Some(o.due), o.late)).or(own).unwrap_or_default();
    }
    let opened_here = |o: &&Obligation| run.case.steps.iter().any(|s| s.message == o.opened_by);
    let of_case = owed.iter().filter(opened_here);
    let given =
        run.case.steps.iter().any(|s| s.event == "discharge-information" && s.validity != Validity::Annulled);
    let died = run.case.facts.get(detail::DESTINATION).is_some_and(|d| d == "died");
    if run.case.state == State::Discharged
        && (given || died)
        && of_case.clone().all(|o| o.state != Owed::Open)
    {
        let closers =
            of_case.filter_map(|o| story.told.iter().find(|t| Some(&t.message) == o.closed_by.as_ref()));
        let last = closers.map(|t| t.occurred).max().unwrap_or(run.case.since);
        run.case.state = State::Closed;
        run.case.since = last.max(run.case.since);
    }
}

#[cfg(test)]
mod tests;
