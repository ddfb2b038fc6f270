//! Which message opens which obligation, and which one closes it (domain §3).
//!
//! Invariant: what was opened is in the list to the end, also after its message was annulled. Whose time
//! it was is told by where the message was when its time passed: not sent; with the gateway; or tried and
//! not taken.

mod admission;
mod exam;
mod placement;

use super::{
    calendar,
    obligation::{Duty, Late, Obligation, Owed, Start, Whose},
    runs::Runs,
    story::Story,
    terms::Terms,
    told::{Told, detail},
    view::{Kind, What},
};
use crate::model::HsaId;
use jiff::Timestamp;
use std::collections::HashMap;

/// All obligations, in the order in which they were opened, and what the end of a placement shows.
pub(super) fn all(
    story: &Story<'_>,
    runs: &Runs<'_>,
    terms: &Terms,
    now: Timestamp,
) -> (Vec<Obligation>, Vec<Warning>) {
    let rules = Rules { story, runs, terms, now, heirs: heirs(story) };
    let (mut owed, mut warnings) = (Vec::new(), Vec::new());
    let calls = admission::calls(&rules);
    for (place, run) in runs.all.iter().enumerate() {
        match run.case.kind {
            Kind::Admission => admission::owed(&rules, run, calls.get(&place), &mut owed),
            Kind::HealthExam | Kind::DentalExam | Kind::MedicalExam => exam::owed(&rules, run, &mut owed),
            Kind::Placement => {
                placement::owed(&rules, run, &mut owed);
                placement::warn(&rules, run, &mut warnings);
                placement::warn_of_protection(&rules, run, &mut warnings);
            }
            Kind::Cofinancing => exam::owed_answer(&rules, run, &mut owed),
            Kind::Sip => {}
        }
    }
    owed.sort_by_key(|(opener, o)| (*opener, o.duty));
    (owed.into_iter().map(|(_, o)| o).collect(), warnings)
}

/// A finding: what, the message that shows it, the other that it concerns.
pub(super) type Warning = (What, usize, Option<usize>);

/// An obligation with the place of the message that opened it.
type Opened = (usize, Obligation);

/// Who takes over what a party owes in a case, and with which message.
type Heirs<'l> = HashMap<(&'l str, &'l str), (usize, HsaId)>;

/// What the rules of all machines ask.
struct Rules<'l, 'a> {
    story: &'l Story<'a>,
    runs: &'l Runs<'a>,
    terms: &'l Terms,
    now: Timestamp,
    heirs: Heirs<'a>,
}

/// M20 `receiver-changed`: the newest word of a party about a case holds.
fn heirs<'a>(story: &Story<'a>) -> Heirs<'a> {
    let mut heirs = HashMap::new();
    for (i, t) in story.told.iter().enumerate().filter(|(_, t)| t.event == "receiver-changed") {
        if let Some(heir) = t.detail(detail::RECEIVER).and_then(HsaId::parse) {
            heirs.insert((t.case.as_str(), t.sender.as_str()), (i, heir));
        }
    }
    heirs
}

/// A case that changes hands more often is one for a person.
const MOST_HEIRS: usize = 16;

/// How an obligation ended.
enum End {
    /// This message is what was owed.
    Met(usize),
    /// After this message nothing is owed.
    Cancelled(usize),
    /// Nothing has ended it.
    Open,
}

impl<'a> Rules<'_, 'a> {
    fn told(&self, i: usize) -> Option<&'a Told> {
        self.story.told.get(i).copied()
    }

    /// A party and those who took over from it, one after another, as far as anybody can follow.
    fn chain(&self, case: &str, party: &HsaId) -> Vec<HsaId> {
        let mut chain = vec![party.clone()];
        while let Some((_, heir)) = chain.last().and_then(|p| self.heirs.get(&(case, p.as_str()))) {
            if chain.contains(heir) || chain.len() == MOST_HEIRS {
                break;
            }
            chain.push(heir.clone());
        }
        chain
    }

    /// The first of the messages that the party, or who took over from it, sent.
    fn first_of(
        &self,
        case: &str,
        party: &HsaId,
        messages: impl IntoIterator<Item = usize>,
    ) -> Option<usize> {
        let chain = self.chain(case, party);
        messages.into_iter().filter(|m| self.told(*m).is_some_and(|t| chain.contains(&t.sender))).min()
    }

    /// Time to react begins when the message has reached who is to react.
    fn reaction(&self, opener: &Told) -> (Timestamp, Start) {
        match opener.delivered {
            Some(at) => (at, Start::Delivered),
            None => (opener.received, Start::Received),
        }
    }

    /// Opens an obligation, unless the terms set no time for it.
    fn open(
        &self,
        (duty, event): (Duty, &str),
        opener: &Told,
        (party, to): (&HsaId, &HsaId),
        (start, clock): (Timestamp, Start),
    ) -> Option<Obligation> {
        let limit = self.terms.limit(event, calendar::day_of(start))?;
        Some(Obligation {
            duty,
            event: event.to_string(),
            case: opener.case.clone(),
            party: party.clone(),
            to: to.clone(),
            start,
            clock,
            due: calendar::due(start, limit),
            opened_by: opener.message.clone(),
            closed_by: None,
            state: Owed::Open,
            late: None,
            taken_over_from: None,
        })
    }

    /// Brings an obligation to its end and puts it on the list.
    fn end(&self, mut owed: Obligation, opener: usize, end: End, list: &mut Vec<Opened>) {
        let annulled = self.story.annulled_by.get(opener).copied().flatten();
        match annulled.map_or(end, End::Cancelled) {
            End::Met(by) => {
                owed.closed_by = Some(self.story.name(by));
                owed.late = self.told(by).and_then(|t| late(t, owed.due, self.now));
                owed.state = if owed.late.is_some() { Owed::MetLate } else { Owed::Met };
                if let Some(sender) = self.told(by).map(|t| &t.sender).filter(|s| **s != owed.party) {
                    self.take_over(&mut owed, |heir| heir == sender);
                }
            }
            End::Cancelled(by) => {
                owed.closed_by = Some(self.story.name(by));
                owed.state = Owed::Cancelled;
            }
            End::Open => {
                self.take_over(&mut owed, |_| true);
                owed.late = self.told(opener).and_then(|t| overdue(t, owed.due, self.now));
            }
        }
        list.push((opener, owed));
    }

    /// The newest party that took over and fits owes it.
    fn take_over(&self, owed: &mut Obligation, fits: impl Fn(&HsaId) -> bool) {
        let chain = self.chain(&owed.case, &owed.party);
        if let Some(heir) = chain.into_iter().skip(1).filter(|heir| fits(heir)).last() {
            owed.taken_over_from = Some(std::mem::replace(&mut owed.party, heir));
        }
    }
}

/// Is it past a time, to the second?
pub(super) fn is_past(at: Timestamp, due: Timestamp) -> bool {
    at.as_second() > due.as_second()
}

/// A message that came, or is on its way, against its time.
pub(super) fn late(told: &Told, due: Timestamp, now: Timestamp) -> Option<Late> {
    let reached = told.delivered.unwrap_or(now);
    let whose = if is_past(told.sent, due) {
        Whose::Sender
    } else if !is_past(reached, due) {
        return None;
    } else {
        carrier(told, due)
    };
    Some(Late { whose, seconds: reached.max(told.sent).as_second().saturating_sub(due.as_second()) })
}

/// A message that did not come: whoever owes it had what asks for it, or had not.
fn overdue(opener: &Told, due: Timestamp, now: Timestamp) -> Option<Late> {
    let whose = if opener.delivered.is_some() { Whose::Sender } else { carrier(opener, due) };
    is_past(now, due).then(|| Late { whose, seconds: now.as_second().saturating_sub(due.as_second()) })
}

/// Who had a message when its time passed: what the gateway got too late was its sender's, whatever the sender's
/// clock says.
fn carrier(told: &Told, due: Timestamp) -> Whose {
    match told.tried {
        Some(tried) if !is_past(tried, due) => Whose::Receiver,
        _ if is_past(told.received, due) => Whose::Sender,
        _ => Whose::Gateway,
    }
}

/// By when a step should have been told, where the terms set a time for the event and it answers nothing.
pub(super) fn due_of(told: &Told, terms: &Terms) -> Option<Timestamp> {
    let day = |name: &str| told.day(name).map_or(told.occurred, calendar::start_of);
    let moment = |name: &str| told.moment(name).unwrap_or(told.occurred);
    let start = match told.event.as_str() {
        // 2017:612 2:3: from the admission, or from the later assessment.
        "admission-notice" => moment(detail::ADMITTED_AT).max(told.occurred),
        "health-exam-request" | "dental-exam-request" | "placement-started" => day(detail::PLACED),
        "placement-ended" => day(detail::PLACEMENT_END),
        "placement-changed" => day(detail::AT),
        "discharge-information" => day(detail::DISCHARGED),
        "discharged" => moment(detail::DISCHARGED),
        "discharge-estimate-changed"
        | "discharge-ready"
        | "discharge-ready-withdrawn"
        | "open-compulsory-care"
        | "sis-patient-left" => told.occurred,
        _ => return None,
    };
    let limit = terms.limit(&told.event, calendar::day_of(start))?;
    Some(calendar::due(start, limit))
}
