//! M6 opens the reply, M11 the call to a SIP and the days before payment, M14 the information.
//!
//! Invariant: each receiver of a notice owes its own reply. A ready notice that was withdrawn or told anew
//! asks for nothing more; a call that came before it meets it all the same.

use super::{
    super::{
        calendar,
        obligation::{Duty, Late, Owed, Start, Whose},
        runs::Run,
        told::{Told, detail},
        view::{Clock, Kind, StopReason},
    },
    End, Opened, Rules, carrier, is_past,
};
use std::collections::HashMap;

/// The calls to a SIP that hold, by the admission that they belong to.
pub(super) fn calls(rules: &Rules<'_, '_>) -> HashMap<usize, Vec<usize>> {
    let mut calls: HashMap<usize, Vec<usize>> = HashMap::new();
    for run in rules.runs.all.iter().filter(|run| run.case.kind == Kind::Sip) {
        for call in run.valid(rules.story, "sip-call") {
            if let Some(admission) = rules.runs.admission_of(rules.story, call) {
                calls.entry(admission).or_default().push(call);
            }
        }
    }
    calls
}

pub(super) fn owed(rules: &Rules<'_, '_>, run: &Run, calls: Option<&Vec<usize>>, list: &mut Vec<Opened>) {
    let died = run
        .valid(rules.story, "discharged")
        .find(|m| rules.told(*m).is_some_and(|t| t.detail(detail::DESTINATION) == Some("died")));
    replies(rules, run, died, list);
    let calls = calls.map(Vec::as_slice).unwrap_or_default();
    for clock in &run.case.clocks {
        let Some(opener) =
            run.members.iter().copied().find(|m| rules.told(*m).is_some_and(|t| t.message == clock.message))
        else {
            continue;
        };
        if let Some(told) = rules.told(opener) {
            call(rules, run, clock, (opener, told), calls, died, list);
            days(rules, clock, (opener, told), list);
        }
    }
    information(rules, run, died, list);
}

/// The messages of an event by receiver, each receiver's first one that holds before its annulled ones.
fn openers(rules: &Rules<'_, '_>, run: &Run, event: &str) -> Vec<usize> {
    let mut openers: Vec<usize> = Vec::new();
    for (i, told) in run.members.iter().filter_map(|m| rules.told(*m).map(|t| (*m, t))) {
        if told.event != event {
            continue;
        }
        let annulled = |m: usize| rules.story.annulled_by.get(m).is_some_and(Option::is_some);
        let known = openers
            .iter()
            .any(|o| !annulled(*o) && rules.told(*o).is_some_and(|t| t.receiver == told.receiver));
        if annulled(i) || !known {
            openers.push(i);
        }
    }
    openers
}

fn replies(rules: &Rules<'_, '_>, run: &Run, died: Option<usize>, list: &mut Vec<Opened>) {
    for opener in openers(rules, run, "admission-notice") {
        let Some(told) = rules.told(opener) else { continue };
        let parties = (&told.receiver, &told.sender);
        let duty = (Duty::ReplyToAdmission, "admission-reply");
        let Some(owed) = rules.open(duty, told, parties, rules.reaction(told)) else { continue };
        let reply = rules.first_of(&told.case, &told.receiver, run.valid(rules.story, "admission-reply"));
        let end = match (reply, misdirected(rules, run, told), moved(rules, run, told), died) {
            (Some(by), ..) => End::Met(by),
            (_, Some(by), ..) | (_, _, Some(by), _) | (.., Some(by)) => End::Cancelled(by),
            _ => End::Open,
        };
        rules.end(owed, opener, end, list);
    }
}

/// The receiver says that the notice was not for it.
fn misdirected(rules: &Rules<'_, '_>, run: &Run, notice: &Told) -> Option<usize> {
    (0..rules.story.told.len()).find(|i| {
        let is = |t: &&Told| t.event == "misdirected" && t.sender == notice.receiver;
        let about = rules.story.about.get(*i).copied().flatten();
        rules.told(*i).as_ref().is_some_and(is)
            && about.and_then(|a| rules.runs.run_of(a)).is_some_and(|r| std::ptr::eq(r, run))
            && about.and_then(|a| rules.told(a)).is_some_and(|a| a.receiver == notice.receiver)
    })
}

/// Every notice to this receiver was told anew, to another.
fn moved(rules: &Rules<'_, '_>, run: &Run, notice: &Told) -> Option<usize> {
    let to = |m: &usize| rules.told(*m).is_some_and(|t| t.receiver == notice.receiver);
    let notices = run.valid(rules.story, "admission-notice").filter(to);
    let newer: Option<Vec<usize>> =
        notices.map(|m| rules.story.superseded_by.get(m).copied().flatten()).collect();
    newer?.into_iter().max()
}

fn call(
    rules: &Rules<'_, '_>,
    run: &Run,
    clock: &Clock,
    (opener, told): (usize, &Told),
    calls: &[usize],
    died: Option<usize>,
    list: &mut Vec<Opened>,
) {
    if !clock.wants_sip {
        return;
    }
    // The fast vårdkontakt of the open care calls, not the ward (4:3).
    let contact = run.valid(rules.story, "care-contact-appointed").last().and_then(|m| rules.told(m));
    let party = contact.map_or(&told.sender, |t| &t.sender);
    let duty = (Duty::CallToSip, "sip-call");
    let start = (clock.started, Start::Sent);
    let Some(owed) = rules.open(duty, told, (party, &clock.payer), start) else { return };
    let gone = clock.stopped.as_ref().filter(|s| s.why != StopReason::Discharged);
    let gone = gone.and_then(|s| rules.story.told.iter().position(|t| t.message == s.message));
    let call = calls.iter().copied().filter(|c| gone.is_none_or(|g| *c < g)).min();
    let end = match (call, gone, died) {
        (Some(by), ..) => End::Met(by),
        (_, Some(by), _) | (.., Some(by)) => End::Cancelled(by),
        _ => End::Open,
    };
    rules.end(owed, opener, end, list);
}

/// The child is to be received on the last free day at the latest; the discharge shows it.
fn days(rules: &Rules<'_, '_>, clock: &Clock, (opener, told): (usize, &Told), list: &mut Vec<Opened>) {
    let duty = (Duty::ReceiveInTime, "discharged");
    let start = (clock.started, Start::Sent);
    let Some(mut owed) = rules.open(duty, told, (&clock.payer, &told.sender), start) else { return };
    owed.due = calendar::end_of(clock.first_day.yesterday().unwrap_or(clock.first_day));
    let stop = clock.stopped.as_ref();
    let at = stop.map_or(rules.now, |s| s.at);
    let cancelled = stop.is_some_and(|s| s.why != StopReason::Discharged);
    if is_past(at, owed.due) && !cancelled {
        let whose = match told.delivered {
            Some(delivered) if !is_past(delivered, owed.due) => Whose::Receiver,
            _ => carrier(told, owed.due),
        };
        owed.late = Some(Late { whose, seconds: at.as_second().saturating_sub(owed.due.as_second()) });
    }
    owed.closed_by = stop.map(|s| s.message.clone());
    owed.state = match (stop, owed.late) {
        (None, _) => Owed::Open,
        (Some(_), _) if cancelled => Owed::Cancelled,
        (Some(_), None) => Owed::Met,
        (Some(_), Some(_)) => Owed::MetLate,
    };
    list.push((opener, owed));
}

fn information(rules: &Rules<'_, '_>, run: &Run, died: Option<usize>, list: &mut Vec<Opened>) {
    for opener in openers(rules, run, "discharged").into_iter().filter(|_| died.is_none()) {
        let Some(told) = rules.told(opener) else { continue };
        let start = told
            .moment(detail::DISCHARGED)
            .map_or((told.occurred, Start::Occurred), |at| (at, Start::Discharge));
        let duty = (Duty::GiveDischargeInformation, "discharge-information");
        let Some(owed) = rules.open(duty, told, (&told.sender, &told.receiver), start) else { continue };
        let to = |m: &usize| rules.told(*m).is_some_and(|t| t.receiver == told.receiver);
        let given = run.valid(rules.story, "discharge-information").find(to);
        rules.end(owed, opener, given.map_or(End::Open, End::Met), list);
    }
}
