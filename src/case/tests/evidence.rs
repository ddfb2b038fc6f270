//! Payment liability, told as stories.

use super::*;
use jiff::civil::{Date, date};

fn notice() -> Told {
    tells("m6", "admission-notice", "2026-03-02T15:20:00+01:00")
}

fn ready(time: &str) -> Told {
    tells("m11", "discharge-ready", time).sent_at(time)
}

fn call() -> Told {
    tells("m10", "sip-call", "2026-03-13T09:00:00+01:00")
}

fn judge(told: &[Told], terms: &Terms, now: &str) -> Evidence {
    let view = play(told, terms, at(now));
    liability(&view, view.of(Kind::Admission)[0], at(now))
}

fn outcome(told: &[Told], now: &str) -> Liability {
    judge(told, &Terms::default(), now).liability
}

fn from(first_day: Date) -> Liability {
    Liability::From { first_day, ended_on: None }
}

fn none(reason: Reason) -> Liability {
    Liability::None { reasons: vec![reason] }
}

const LATER: &str = "2026-04-20T12:00:00+02:00";

#[test]
fn three_days_after_the_notice_or_four_after_noon_to_the_second() {
    for (sent, first) in [
        ("2026-03-12T10:45:00+01:00", date(2026, 3, 15)),
        ("2026-03-12T12:00:00+01:00", date(2026, 3, 15)),
        ("2026-03-12T12:00:01+01:00", date(2026, 3, 16)),
        ("2026-03-12T23:59:59+01:00", date(2026, 3, 16)),
        // Over the night without an hour, and by Stockholm's noon, not Greenwich's.
        ("2026-03-28T11:59:59+01:00", date(2026, 3, 31)),
        ("2026-03-29T10:00:01Z", date(2026, 4, 2)),
    ] {
        assert_eq!(outcome(&[notice(), ready(sent), call().sent_at(sent)], LATER), from(first), "{sent}");
    }
    let autumn = "2026-10-24T10:00:00Z";
    assert_eq!(outcome(&[notice(), ready(autumn), call()], "2026-12-01T12:00:00Z"), from(date(2026, 10, 27)));
}

#[test]
fn by_agreement_two_days_of_somatic_and_five_of_psychiatric_care() {
    let row =
        |care, days| FreeDays { valid_from: date(2020, 1, 1), care: Some(care), days, days_after_noon: days };
    let mut terms = Terms::default();
    terms.free_days.extend([row(Care::Somatic, 2), row(Care::Psychiatric, 5)]);
    let told = [notice(), ready("2026-03-12T16:00:00+01:00"), call()];
    assert_eq!(judge(&told, &terms, LATER).liability, from(date(2026, 3, 14)));
    terms.care = Care::Psychiatric;
    assert_eq!(judge(&told, &terms, LATER).liability, from(date(2026, 3, 17)));
    let decided = told_m19();
    terms.care = Care::Somatic;
    assert_eq!(judge(&[notice(), decided], &terms, LATER).liability, from(date(2026, 3, 17)));
}

fn told_m19() -> Told {
    told("m19", "open-compulsory-care", REGION, OPEN_CARE, "2026-03-12T16:00:00+01:00")
}

#[test]
fn it_has_not_begun_before_its_first_day() {
    let told = [notice(), ready("2026-03-12T10:45:00+01:00"), call()];
    let first_day = date(2026, 3, 15);
    let not_yet = Liability::NotYet { first_day, awaits_sip_call: false };
    assert_eq!(outcome(&told, "2026-03-14T23:59:59+01:00"), not_yet);
    assert_eq!(outcome(&told, "2026-03-15T00:00:00+01:00"), from(first_day));
}

#[test]
fn each_condition_that_fails_is_the_reason() {
    let m11 = || ready("2026-03-12T10:45:00+01:00");
    assert_eq!(outcome(&[m11(), call()], LATER), none(Reason::NoAdmissionNotice));
    assert_eq!(outcome(&[notice()], LATER), none(Reason::NoReadyNotice));
    assert_eq!(outcome(&[notice(), m11()], LATER), none(Reason::NoSipCall));
    let late = || notice().sent_at("2026-03-03T15:20:01+01:00");
    assert_eq!(outcome(&[late(), m11(), call()], LATER), none(Reason::AdmissionNoticeLate));
    assert_eq!(
        outcome(&[late(), m11()], LATER),
        Liability::None { reasons: vec![Reason::AdmissionNoticeLate, Reason::NoSipCall] }
    );
    // What lay in the gateway is not held against the hospital.
    let lay = notice().untried().delivered_at("2026-03-05T09:00:00+01:00");
    let evidence = judge(&[lay, m11(), call()], &Terms::default(), LATER);
    assert_eq!(evidence.liability, from(date(2026, 3, 15)));
    assert_eq!(evidence.notices[0].in_time, Some(false));
    assert_eq!(evidence.notices[0].late.unwrap().whose, Whose::Gateway);
    let other = told("m6", "admission-notice", REGION, OTHER_BOARD, "2026-03-02T15:20:00+01:00");
    assert_eq!(outcome(&[other, m11(), call()], LATER), none(Reason::NoAdmissionNotice));
}

#[test]
fn a_call_may_still_come_and_a_late_one_moves_the_first_day() {
    let told = [notice(), ready("2026-03-12T10:45:00+01:00")];
    let first_day = date(2026, 3, 15);
    let waits = Liability::NotYet { first_day, awaits_sip_call: true };
    assert_eq!(outcome(&told, "2026-03-15T20:00:00+01:00"), waits);
    let late = tells("m10", "sip-call", "2026-03-19T09:00:00+01:00");
    let told = [&told[..], &[late]].concat();
    assert_eq!(outcome(&told, LATER), from(date(2026, 3, 19)));
}

#[test]
fn who_leaves_or_is_withdrawn_in_time_costs_nothing() {
    let m11 = || ready("2026-03-12T10:45:00+01:00");
    let left = |time: &str| tells("m14", "discharged", time);
    let gone = |time: &str| tells("m12", "discharge-ready-withdrawn", time).about("m11");
    let with = |end: Told| outcome(&[notice(), m11(), call(), end], LATER);
    let ended = |day| Liability::From { first_day: date(2026, 3, 15), ended_on: Some(day) };
    assert_eq!(with(left("2026-03-14T23:00:00+01:00")), none(Reason::LeftInTime));
    assert_eq!(with(left("2026-03-15T08:00:00+01:00")), ended(date(2026, 3, 15)));
    assert_eq!(with(gone("2026-03-14T08:00:00+01:00")), none(Reason::WithdrawnInTime));
    assert_eq!(with(gone("2026-03-17T08:00:00+01:00")), ended(date(2026, 3, 17)));
}

#[test]
fn ready_withdrawn_ready_keeps_both_clocks() {
    let again = tells("m11b", "discharge-ready", "2026-03-20T13:00:00+01:00");
    let gone = tells("m12", "discharge-ready-withdrawn", "2026-03-13T18:00:00+01:00").about("m11");
    let evidence =
        judge(&[notice(), ready("2026-03-12T10:45:00+01:00"), call(), gone, again], &Terms::default(), LATER);
    let outcomes: Vec<&Liability> = evidence.clocks.iter().map(|c| &c.liability).collect();
    assert_eq!(outcomes, [&none(Reason::WithdrawnInTime), &from(date(2026, 3, 24))]);
    assert_eq!(evidence.liability, from(date(2026, 3, 24)));
    let events: Vec<&str> = evidence.notices.iter().map(|n| n.message.as_str()).collect();
    assert_eq!(events, ["m6", "m11", "m10", "m12", "m11b"]);
    let text = serde_json::to_string(&evidence).unwrap();
    assert_eq!(serde_json::from_str::<Evidence>(&text).unwrap(), evidence);
    assert!(text.contains(r#""outcome":"from","first-day":"2026-03-24""#), "{text}");
}

#[test]
fn a_care_contact_is_to_be_appointed_before_the_discharge() {
    let contact = |time: &str| told("m9", "care-contact-appointed", OPEN_CARE, BOARD, time);
    let left = tells("m14", "discharged", "2026-03-14T11:00:00+01:00");
    let in_time = |told: &[Told]| {
        let evidence = judge(told, &Terms::default(), LATER);
        evidence.notices.iter().find(|n| n.message == "m9").unwrap().in_time
    };
    let before = contact("2026-03-13T11:00:00+01:00");
    assert_eq!(in_time(&[notice(), before.clone()]), None);
    assert_eq!(in_time(&[notice(), before, left.clone()]), Some(true));
    assert_eq!(in_time(&[notice(), contact("2026-03-14T11:00:00+01:00"), left]), Some(false));
}
