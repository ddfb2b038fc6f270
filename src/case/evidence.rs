//! Payment liability: what speaks for it and what against it, for one admission.
//!
//! Invariant: every notice that counts stands here with its times and whether it came in time; liability
//! presupposes a timely M6, a ready notice and, where a SIP is to be held, a call to it (domain §3). What a
//! notice lost behind its sender is not held against the sender. Deliberately absent: who pays how much, and
//! the form of the document.

use super::{
    calendar,
    obligation::{Duty, Late, Obligation, Owed, Whose},
    view::{Case, Clock, Kind, NoticeClock, State, Step, StopReason, Validity, View},
};
use crate::model::HsaId;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};

/// The evidence of one admission.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Evidence {
    /// Case id.
    pub case: String,
    /// Which admission in the case, from 1.
    pub run: u32,
    /// Where the admission stands.
    pub state: State,
    /// The time for which this holds.
    pub as_of: Timestamp,
    /// M6, M7, M9, M10, M11, M12, M14 and M19, in event order.
    pub notices: Vec<Notice>,
    /// Each ready notice's clock and what comes of it.
    pub clocks: Vec<Judged>,
    /// What comes of the admission: the first clock that led to liability, or else the newest.
    pub liability: Liability,
}

/// One notice with all its times.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Notice {
    /// The gateway's id of the message.
    pub message: String,
    /// Event code.
    pub event: String,
    /// Who sent it.
    pub sender: HsaId,
    /// To whom.
    pub receiver: HsaId,
    /// When it happened.
    pub occurred: Timestamp,
    /// When it was sent.
    pub sent: Timestamp,
    /// When the gateway had it.
    pub received: Timestamp,
    /// When the receiver had it.
    pub delivered: Option<Timestamp>,
    /// By when it had to be told, where a time is set.
    pub due: Option<Timestamp>,
    /// M6 only: what its 24 hours count from.
    pub clock: Option<NoticeClock>,
    /// Did it come in time, where a time is set?
    pub in_time: Option<bool>,
    /// If not, whose time it was.
    pub late: Option<Late>,
    /// Does it still hold?
    pub validity: Validity,
}

/// A clock with its outcome.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Judged {
    /// The clock, with day zero, noon and free days.
    pub clock: Clock,
    /// The call to a SIP that counts for it.
    pub sip_call: Option<String>,
    /// What comes of it.
    pub liability: Liability,
}

/// Is the municipality liable to pay?
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case", rename_all_fields = "kebab-case")]
pub enum Liability {
    /// Liable from this day.
    From {
        /// First day of liability.
        first_day: Date,
        /// The day on which it ended: withdrawn, or left.
        ended_on: Option<Date>,
    },
    /// Nothing stands against it, and it has not begun.
    NotYet {
        /// The earliest first day.
        first_day: Date,
        /// A call to a SIP has to come first, and may still come in time.
        awaits_sip_call: bool,
    },
    /// Not liable.
    None {
        /// Every reason.
        reasons: Vec<Reason>,
    },
}

/// Why there is no liability.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// No M6 to this municipality.
    NoAdmissionNotice,
    /// M6 was sent too late.
    AdmissionNoticeLate,
    /// No M11, and no M19.
    NoReadyNotice,
    /// The ready notice was annulled.
    ReadyNoticeAnnulled,
    /// The ready notice was told anew before liability began.
    ReadyNoticeSuperseded,
    /// It was withdrawn before liability began.
    WithdrawnInTime,
    /// The child left before liability began.
    LeftInTime,
    /// A SIP is to be held, and no call to it came in time.
    NoSipCall,
}

/// The evidence of an admission of a view that was played for the same time.
pub fn liability(view: &View, case: &Case, now: Timestamp) -> Evidence {
    let judge = |clock: &Clock| judged(view, case, clock, now);
    let clocks: Vec<Judged> = case.clocks.iter().map(judge).collect();
    let liable = clocks.iter().find(|c| matches!(c.liability, Liability::From { .. }));
    let none = || Liability::None { reasons: without_clock(case) };
    let overall = liable.or(clocks.last()).map_or_else(none, |c| c.liability.clone());
    let mut steps: Vec<&Step> = case.steps.iter().filter(|s| counts(&s.event)).collect();
    let calls = view.cases.iter().filter(|c| c.kind == Kind::Sip).flat_map(|c| &c.steps);
    let here = |c: &Case, s: &Step| c.case == case.case && c.steps.iter().any(|o| o.message == s.message);
    let belongs = |s: &&Step| {
        let same = view.cases.iter().any(|c| here(c, s));
        let met = clocks.iter().any(|c| c.sip_call.as_ref() == Some(&s.message));
        s.event == "sip-call" && (same || met)
    };
    steps.extend(calls.filter(belongs));
    steps.sort_by_key(|s| (s.occurred, s.received));
    Evidence {
        case: case.case.clone(),
        run: case.run,
        state: case.state,
        as_of: now,
        notices: steps.into_iter().map(notice).collect(),
        clocks,
        liability: overall,
    }
}

fn counts(event: &str) -> bool {
    matches!(
        event,
        "admission-notice"
            | "discharge-estimate-changed"
            | "care-contact-appointed"
            | "discharge-ready"
            | "discharge-ready-withdrawn"
            | "discharged"
            | "open-compulsory-care"
    )
}

fn notice(step: &Step) -> Notice {
    Notice {
        message: step.message.clone(),
        event: step.event.clone(),
        sender: step.sender.clone(),
        receiver: step.receiver.clone(),
        occurred: step.occurred,
        sent: step.sent,
        received: step.received,
        delivered: step.delivered,
        due: step.due,
        clock: step.clock,
        in_time: step.due.map(|_| step.late.is_none()),
        late: step.late,
        validity: step.validity,
    }
}

fn without_clock(case: &Case) -> Vec<Reason> {
    let noticed =
        case.steps.iter().any(|s| s.event == "admission-notice" && s.validity != Validity::Annulled);
    let mut reasons = vec![Reason::NoReadyNotice];
    if !noticed {
        reasons.insert(0, Reason::NoAdmissionNotice);
    }
    reasons
}

fn judged(view: &View, case: &Case, clock: &Clock, now: Timestamp) -> Judged {
    let mut reasons = Vec::from_iter(unnoticed(case, clock));
    let owed =
        |duty: Duty| view.obligations.iter().find(move |o| o.duty == duty && o.opened_by == clock.message);
    let call = owed(Duty::CallToSip).filter(|_| clock.wants_sip);
    let met = call.filter(|o| matches!(o.state, Owed::Met | Owed::MetLate));
    let sip_call = met.and_then(|o| o.closed_by.clone());
    let called_on = sip_call.as_ref().and_then(|m| {
        let mut steps = view.cases.iter().flat_map(|c| &c.steps);
        steps.find(|s| s.message == *m).map(|s| calendar::day_of(s.sent))
    });
    // What liability presupposes cannot come after it: a late call moves the first day.
    let first_day = called_on.map_or(clock.first_day, |day| day.max(clock.first_day));
    let stop = clock.stopped.as_ref().map(|s| (s.why, calendar::day_of(s.at)));
    reasons.extend(stop.and_then(|(why, day)| match why {
        StopReason::Annulled => Some(Reason::ReadyNoticeAnnulled),
        _ if day >= first_day => None,
        StopReason::Withdrawn => Some(Reason::WithdrawnInTime),
        StopReason::Discharged => Some(Reason::LeftInTime),
        StopReason::Superseded => Some(Reason::ReadyNoticeSuperseded),
    }));
    let awaits = awaited(call, now);
    if call.is_some() && sip_call.is_none() && (!awaits || stop.is_some()) {
        reasons.push(Reason::NoSipCall);
    }
    let liability = if !reasons.is_empty() {
        Liability::None { reasons }
    } else if awaits || calendar::day_of(now) < first_day {
        Liability::NotYet { first_day, awaits_sip_call: awaits }
    } else {
        Liability::From { first_day, ended_on: stop.map(|(_, day)| day) }
    };
    Judged { clock: clock.clone(), sip_call, liability }
}

/// May a call still come in time?
fn awaited(call: Option<&Obligation>, now: Timestamp) -> bool {
    call.is_some_and(|o| o.state == Owed::Open && now.as_second() <= o.due.as_second())
}

/// Was the payer told of the admission, and in time as far as it was the sender's time?
fn unnoticed(case: &Case, clock: &Clock) -> Option<Reason> {
    let to_payer = |s: &&Step| {
        s.event == "admission-notice" && s.validity != Validity::Annulled && s.receiver == clock.payer
    };
    let notices: Vec<&Step> = case.steps.iter().filter(to_payer).collect();
    let in_time = |s: &&Step| s.late.is_none_or(|late| late.whose != Whose::Sender);
    match notices.as_slice() {
        [] => Some(Reason::NoAdmissionNotice),
        all if all.iter().any(in_time) => None,
        _ => Some(Reason::AdmissionNoticeLate),
    }
}
