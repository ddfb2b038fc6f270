//! The admission: admitted → planning → ready ⇄ withdrawn → discharged → closed (domain §2).
//!
//! Invariant: after the discharge nothing but a new admission notice begins anything. Each ready notice
//! has a clock of its own that is kept when it stops; open compulsory care counts as a ready notice whose
//! plan is the *samordnad vårdplan*, so it wants no call to a SIP.

use super::{
    calendar,
    runs::{Beat, Run},
    terms::{Care, Terms},
    told::{Told, detail},
    view::{Clock, State, Stop, StopReason, What},
};
use crate::model::HsaId;
use jiff::Timestamp;

/// Takes a step; tells whether it was overtaken.
pub(super) fn tell(run: &mut Run, beat: &mut Beat<'_, '_>) -> bool {
    let told = beat.told;
    let gone = run.case.state == State::Discharged;
    if run.case.state == State::Annulled {
        run.go(State::Admitted, told.occurred);
    }
    match told.event.as_str() {
        "admission-notice" if is_current(beat) => run.keep(told, &[detail::ADMITTED_AT, detail::ESTIMATE]),
        "discharge-estimate-changed" | "discharge-ready" | "open-compulsory-care" if gone => return true,
        "discharge-estimate-changed" => estimate(run, beat),
        "admission-reply" => {
            if told.detail(detail::REPLY) != Some("not-resident-here") {
                plan(run, told.occurred);
            }
            if is_current(beat) {
                run.keep(told, &[detail::REPLY]);
            }
        }
        "care-contact-appointed" => plan(run, told.occurred),
        "discharge-ready" | "open-compulsory-care" => ready(run, beat),
        "discharge-ready-withdrawn" => return withdraw(run, beat),
        "discharged" => {
            run.go(State::Discharged, told.occurred);
            let stop = stop(told, StopReason::Discharged);
            running(run).for_each(|clock| clock.stopped = Some(stop.clone()));
            if is_current(beat) {
                run.keep(told, &[detail::DISCHARGED, detail::DESTINATION]);
            }
        }
        "sis-patient-left" => {
            run.keep(told, &[detail::KIND]);
            beat.story.find(What::PatientLeft, beat.index, None);
        }
        _ => {}
    }
    false
}

/// Planning has begun, if nothing later has.
pub(super) fn plan(run: &mut Run, at: Timestamp) {
    if run.case.state == State::Admitted {
        run.go(State::Planning, at);
    }
}

/// An annulled step moves nothing, but a ready notice's clock is shown, stopped.
pub(super) fn annulled(run: &mut Run, beat: &Beat<'_, '_>) -> bool {
    if matches!(beat.told.event.as_str(), "discharge-ready" | "open-compulsory-care") {
        let mut clock = clock(beat.told, payer(run, beat), beat.terms);
        let by = beat.story.annulled_by.get(beat.index).copied().flatten();
        let by = by.and_then(|by| beat.story.told.get(by));
        clock.stopped = by.map(|by| stop(by, StopReason::Annulled));
        run.case.clocks.push(clock);
    }
    false
}

fn is_current(beat: &Beat<'_, '_>) -> bool {
    beat.story.superseded_by.get(beat.index).is_some_and(Option::is_none)
}

/// The newest estimate holds; the one before it is superseded.
fn estimate(run: &mut Run, beat: &mut Beat<'_, '_>) {
    run.keep(beat.told, &[detail::ESTIMATE]);
    let earlier = run.valid(beat.story, "discharge-estimate-changed").filter(|m| *m != beat.index).last();
    if let Some(by) = earlier.and_then(|earlier| beat.story.superseded_by.get_mut(earlier)) {
        *by = Some(beat.index);
    }
}

fn ready(run: &mut Run, beat: &mut Beat<'_, '_>) {
    let told = beat.told;
    let mut clock = clock(told, payer(run, beat), beat.terms);
    let newer = beat.story.superseded_by.get(beat.index).copied().flatten();
    match newer.filter(|n| *n < beat.index).and_then(|n| beat.story.told.get(n)) {
        // Its correction tells of an earlier time: the clock of that one runs already.
        Some(newer) => clock.stopped = Some(stop(newer, StopReason::Superseded)),
        None if is_copy(run, beat, &clock) => return,
        None => {
            let same = running(run).filter(|c| c.payer == clock.payer);
            let stopped: Vec<String> = same
                .map(|earlier| {
                    earlier.stopped = Some(stop(told, StopReason::Superseded));
                    earlier.message.clone()
                })
                .collect();
            for member in &run.members {
                let anew = |t: &Told| stopped.contains(&t.message) && t.receiver == told.receiver;
                let is = beat.story.told.get(*member).copied().is_some_and(anew);
                if let Some(by) = beat.story.superseded_by.get_mut(*member).filter(|_| is) {
                    *by = Some(beat.index);
                }
            }
        }
    }
    run.case.clocks.push(clock);
    run.go(State::Ready, told.occurred);
}

/// Is it the copy for a unit of a notice that the payer has, whose clock runs?
fn is_copy(run: &Run, beat: &Beat<'_, '_>, clock: &Clock) -> bool {
    let direct = |c: &&Clock| {
        let told =
            run.members.iter().filter_map(|m| beat.story.told.get(*m)).find(|t| t.message == c.message);
        told.is_some_and(|t| t.event == beat.told.event && t.receiver == clock.payer)
    };
    let running = run.case.clocks.iter().filter(|c| c.stopped.is_none() && c.payer == clock.payer);
    beat.told.receiver != clock.payer && running.into_iter().any(|c| direct(&c))
}

/// Stops the clock of the notice that it names; of one that was told anew, the newer one's; without a
/// reference every clock of its receiver.
fn withdraw(run: &mut Run, beat: &mut Beat<'_, '_>) -> bool {
    let told = beat.told;
    if run.case.state == State::Discharged {
        return true;
    }
    let about = beat.story.about.get(beat.index).copied().flatten().map(|a| beat.story.name(a));
    let named = run.case.clocks.iter().find(|c| Some(&c.message) == about.as_ref());
    let payer = named.map_or(told.receiver.clone(), |c| c.payer.clone());
    let reason = named.and_then(|c| c.stopped.as_ref()).map(|s| s.why);
    let gone = reason.is_some_and(|why| why != StopReason::Superseded);
    let stop = stop(told, StopReason::Withdrawn);
    let mut any = false;
    for clock in running(run).filter(|c| c.payer == payer && !gone) {
        clock.stopped = Some(stop.clone());
        any = true;
    }
    if !any {
        beat.story.find(What::NothingToWithdraw, beat.index, None);
    } else if running(run).next().is_none() {
        run.go(State::Withdrawn, told.occurred);
        run.keep(told, &[detail::REASON]);
    }
    false
}

fn running(run: &mut Run) -> impl Iterator<Item = &mut Clock> {
    run.case.clocks.iter_mut().filter(|c| c.stopped.is_none())
}

/// Who may become liable: the notice's receiver. Open compulsory care is told to a unit of the region, so
/// there it is the party that has the admission notice.
fn payer(run: &Run, beat: &Beat<'_, '_>) -> HsaId {
    let noticed = || run.valid(beat.story, "admission-notice").last().and_then(|m| beat.story.told.get(m));
    match beat.told.event.as_str() {
        "open-compulsory-care" => noticed().map_or(beat.told.receiver.clone(), |t| t.receiver.clone()),
        _ => beat.told.receiver.clone(),
    }
}

fn clock(told: &Told, payer: HsaId, terms: &Terms) -> Clock {
    let compulsory = told.event == "open-compulsory-care";
    let said = told.detail(detail::CARE).and_then(Care::from_word);
    let care = if compulsory { Care::Psychiatric } else { said.unwrap_or(terms.care) };
    let sip = told.detail(detail::SIP_NEEDED).and_then(|text| text.parse().ok());
    let day_zero = calendar::day_of(told.sent);
    let after_noon = calendar::is_after(told.sent, terms.noon);
    let free_days = terms.free_days(care, day_zero, after_noon);
    Clock {
        message: told.message.clone(),
        payer,
        started: told.sent,
        day_zero,
        after_noon,
        care,
        free_days,
        first_day: calendar::days_later(day_zero, u16::from(free_days)),
        wants_sip: !compulsory && sip.unwrap_or(terms.sip_needed),
        stopped: None,
    }
}

fn stop(told: &Told, why: StopReason) -> Stop {
    Stop { message: told.message.clone(), at: told.occurred, why }
}
