//! What is owed by when, and whose time it was.

use super::*;

/// Duty, opening messages, closing messages, now → due, state, whose time.
fn owed(told: &[Told], duty: Duty, now: &str) -> (Timestamp, Owed, Option<Whose>) {
    let seen = view(told, now);
    let owed = seen.owed(duty);
    (owed.due, owed.state, owed.late.map(|l| l.whose))
}

fn notice() -> Told {
    tells("m6", "admission-notice", "2026-03-27T15:00:00+01:00").sent_at("2026-03-27T16:00:00+01:00")
}

fn reply(time: &str) -> Told {
    replies("m8", "admission-reply", time).sent_at(time).answering("m6")
}

#[test]
fn a_notice_is_due_24_hours_after_admission_or_the_later_assessment() {
    let judged = "2026-03-28T15:00:00+01:00";
    let step = |told: Told| {
        let seen = view(&[told], "2026-04-10T12:00:00+02:00");
        let step = seen.of(Kind::Admission)[0].steps[0].clone();
        (step.due.unwrap(), step.late.map(|l| l.whose))
    };
    // Over the night of 29 March: a day later by hours is one hour later by the clock.
    let due = at("2026-03-29T16:00:00+02:00");
    let notice = || tells("m6", "admission-notice", judged);
    assert_eq!(
        step(notice().sent_at("2026-03-29T16:00:00+02:00").delivered_at("2026-03-29T16:00:00+02:00")),
        (due, None)
    );
    assert_eq!(step(notice().sent_at("2026-03-29T16:00:01+02:00")), (due, Some(Whose::Sender)));
    // The admission is told too: the later of the two is what counts.
    let earlier = notice().saying(detail::ADMITTED_AT, "2026-03-27T08:00:00+01:00");
    let clock = |told: Told| view(&[told], "2026-04-10T12:00:00+02:00").of(Kind::Admission)[0].steps[0].clock;
    assert_eq!(clock(notice()), Some(NoticeClock::Event));
    assert_eq!(clock(earlier.clone()), Some(NoticeClock::Assessment));
    assert_eq!(step(earlier).0, due);
    let later = notice().saying(detail::ADMITTED_AT, "2026-03-28T18:00:00+01:00");
    assert_eq!(clock(later.clone()), Some(NoticeClock::Admission));
    assert_eq!(step(later).0, at("2026-03-29T19:00:00+02:00"));
}

#[test]
fn a_reply_is_due_48_hours_after_the_notice_came() {
    // It came at 16:00:03 on the Friday before summer time.
    let due = at("2026-03-29T17:00:03+02:00");
    let just = "2026-03-29T17:00:00+02:00";
    let now = "2026-03-30T12:00:00+02:00";
    assert_eq!(owed(&[notice()], Duty::ReplyToAdmission, just), (due, Owed::Open, None));
    assert_eq!(owed(&[notice()], Duty::ReplyToAdmission, now), (due, Owed::Open, Some(Whose::Sender)));
    assert_eq!(owed(&[notice(), reply(just)], Duty::ReplyToAdmission, now), (due, Owed::Met, None));
    let late = reply("2026-03-29T17:00:04+02:00");
    assert_eq!(
        owed(&[notice(), late], Duty::ReplyToAdmission, now),
        (due, Owed::MetLate, Some(Whose::Sender))
    );
}

#[test]
fn whose_time_it_was_is_where_the_message_was() {
    let now = "2026-03-31T12:00:00+02:00";
    let whose = |m6: Told, m8: Option<Told>| {
        owed(&[vec![m6], Vec::from_iter(m8)].concat(), Duty::ReplyToAdmission, now).2
    };
    // The notice did not reach the board: nobody can reply to it.
    assert_eq!(whose(notice().untried(), None), Some(Whose::Gateway));
    assert_eq!(whose(notice().undelivered(), None), Some(Whose::Receiver));
    assert_eq!(whose(notice(), None), Some(Whose::Sender));
    // The reply was sent in time, and lay.
    let sent = reply("2026-03-29T12:00:00+02:00");
    let stuck = sent.clone().untried();
    assert_eq!(whose(notice(), Some(stuck)), Some(Whose::Gateway));
    // It was sent in time by its own word, and reached the gateway too late.
    let mut came_late = sent.clone().untried();
    came_late.received = at("2026-03-30T08:59:00+02:00");
    assert_eq!(whose(notice(), Some(came_late.clone())), Some(Whose::Sender));
    came_late.delivered = Some(at("2026-03-30T09:00:01+02:00"));
    assert_eq!(whose(notice(), Some(came_late)), Some(Whose::Sender));
    let not_taken = sent.clone().delivered_at("2026-03-30T09:00:00+02:00");
    assert_eq!(whose(notice(), Some(not_taken)), Some(Whose::Receiver));
    let mut tried_late = sent.delivered_at("2026-03-30T09:00:00+02:00");
    tried_late.tried = Some(at("2026-03-30T08:59:00+02:00"));
    assert_eq!(whose(notice(), Some(tried_late)), Some(Whose::Gateway));
}

#[test]
fn a_placement_opens_two_exam_requests_in_whatever_case_they_come() {
    let started =
        replies("m16", "placement-started", "2026-10-20T15:00:00+02:00").saying(detail::PLACED, "2026-10-20");
    let now = "2026-10-28T12:00:00+01:00";
    let due = at("2026-10-27T23:59:59+01:00");
    let health = replies("m1", "health-exam-request", "2026-10-22T10:00:00+02:00").in_case("EXAM-1");
    let dental = replies("m2", "dental-exam-request", "2026-10-28T08:00:00+01:00").in_case("EXAM-2");
    let told = [started.clone(), health, dental];
    assert_eq!(owed(&told, Duty::RequestHealthExam, now), (due, Owed::Met, None));
    assert_eq!(owed(&told, Duty::RequestDentalExam, now), (due, Owed::MetLate, Some(Whose::Sender)));
    assert_eq!(owed(&told[..2], Duty::RequestDentalExam, now), (due, Owed::Open, Some(Whose::Sender)));
    // Another board's request is not this board's.
    let foreign = told_by_another();
    assert_eq!(owed(&[started.clone(), foreign], Duty::RequestHealthExam, now).1, Owed::Open);
    // A placement that ended before its time asks for nothing more.
    let ended = replies("end", "placement-ended", "2026-10-23T10:00:00+02:00").about("m16");
    assert_eq!(owed(&[started, ended], Duty::RequestHealthExam, now).1, Owed::Cancelled);
}

fn told_by_another() -> Told {
    told("m1", "health-exam-request", OTHER_BOARD, REGION, "2026-10-22T10:00:00+02:00").in_case("EXAM-1")
}

#[test]
fn a_request_opens_a_status_and_a_statement() {
    let asked = replies("m1", "health-exam-request", "2026-03-05T10:00:00+01:00");
    let now = "2026-05-01T12:00:00+02:00";
    let statement = at("2026-04-02T23:59:59+02:00");
    assert_eq!(
        owed(&[asked.clone()], Duty::GiveStatement, now),
        (statement, Owed::Open, Some(Whose::Sender))
    );
    assert_eq!(owed(&[asked.clone()], Duty::TellExamStatus, now).0, at("2026-03-19T23:59:59+01:00"));
    let answer = tells("m5", "exam-statement", "2026-04-02T23:58:00+02:00").answering("m1");
    let told = [asked, answer];
    assert_eq!(owed(&told, Duty::GiveStatement, now), (statement, Owed::Met, None));
    assert_eq!(owed(&told, Duty::TellExamStatus, now).1, Owed::MetLate);
}

fn ready(id: &str, time: &str) -> Told {
    tells(id, "discharge-ready", time).sent_at(time)
}

#[test]
fn a_ready_notice_opens_a_call_to_a_sip_and_the_days_before_payment() {
    let now = "2026-11-01T12:00:00+01:00";
    let m11 = ready("m11", "2026-10-22T11:00:00+02:00");
    let day = at("2026-10-25T23:59:59+01:00");
    assert_eq!(owed(&[m11.clone()], Duty::CallToSip, now), (day, Owed::Open, Some(Whose::Sender)));
    let free = at("2026-10-24T23:59:59+02:00");
    assert_eq!(owed(&[m11.clone()], Duty::ReceiveInTime, now), (free, Owed::Open, Some(Whose::Receiver)));
    let call = |time: &str| tells("m10", "sip-call", time);
    assert_eq!(owed(&[m11.clone(), call("2026-10-25T23:00:00+01:00")], Duty::CallToSip, now).1, Owed::Met);
    // A call may come before the notice.
    let m6 = tells("m6", "admission-notice", "2026-10-20T11:00:00+02:00");
    assert_eq!(
        owed(&[m6, call("2026-10-21T09:00:00+02:00"), m11.clone()], Duty::CallToSip, now).1,
        Owed::Met
    );
    // The fast vårdkontakt in open care calls, where there is one.
    let m9 = told("m9", "care-contact-appointed", OPEN_CARE, BOARD, "2026-10-22T12:00:00+02:00");
    assert_eq!(view(&[m11.clone(), m9], now).owed(Duty::CallToSip).party.as_str(), OPEN_CARE);
    // No SIP is needed: none is owed.
    let none = m11.clone().saying(detail::SIP_NEEDED, "false");
    assert!(view(&[none], now).obligations.iter().all(|o| o.duty != Duty::CallToSip));
    // Withdrawn: nothing more is owed.
    let gone = tells("m12", "discharge-ready-withdrawn", "2026-10-23T08:00:00+02:00").about("m11");
    assert_eq!(owed(&[m11.clone(), gone.clone()], Duty::CallToSip, now).1, Owed::Cancelled);
    assert_eq!(owed(&[m11, gone], Duty::ReceiveInTime, now).1, Owed::Cancelled);
}

#[test]
fn the_discharge_opens_the_information_of_the_same_day_unless_the_child_died() {
    let now = "2026-03-20T12:00:00+01:00";
    let left = tells("m14", "discharged", "2026-03-18T14:00:00+01:00")
        .saying(detail::DISCHARGED, "2026-03-18T13:30:00+01:00");
    let due = at("2026-03-18T23:59:59+01:00");
    assert_eq!(
        owed(&[left.clone()], Duty::GiveDischargeInformation, now),
        (due, Owed::Open, Some(Whose::Sender))
    );
    let before = tells("m13", "discharge-information", "2026-03-18T11:00:00+01:00");
    assert_eq!(owed(&[before, left.clone()], Duty::GiveDischargeInformation, now), (due, Owed::Met, None));
    let died = view(&[left.saying(detail::DESTINATION, "died")], now);
    assert!(died.obligations.is_empty());
    assert_eq!(died.state(Kind::Admission), State::Closed);
}

#[test]
fn who_takes_over_the_case_owes_what_is_open() {
    let changed =
        replies("x", "receiver-changed", "2026-03-28T09:00:00+01:00").saying(detail::RECEIVER, OTHER_BOARD);
    let now = "2026-03-31T12:00:00+02:00";
    let seen = view(&[notice(), changed.clone()], now);
    let owed = seen.owed(Duty::ReplyToAdmission);
    assert_eq!((owed.party.as_str(), owed.taken_over_from.as_ref().unwrap().as_str()), (OTHER_BOARD, BOARD));
    let by_heir =
        told("m8", "admission-reply", OTHER_BOARD, REGION, "2026-03-28T10:00:00+01:00").answering("m6");
    let seen = view(&[notice(), changed, by_heir], now);
    assert_eq!((seen.owed(Duty::ReplyToAdmission).state, seen.found().len()), (Owed::Met, 0));
}

#[test]
fn a_misdirected_notice_asks_for_no_reply() {
    let wrong = replies("x", "misdirected", "2026-03-28T09:00:00+01:00").about("m6");
    let seen = view(&[notice(), wrong], "2026-03-31T12:00:00+02:00");
    assert_eq!(seen.owed(Duty::ReplyToAdmission).state, Owed::Cancelled);
    assert_eq!(seen.word("m6"), Word::Rejected);
}

#[test]
fn terms_are_dated_and_by_kind_of_care() {
    let date = |text: &str| text.parse().unwrap();
    let row = |from: &str, care, days| FreeDays { valid_from: date(from), care, days, days_after_noon: days };
    let mut terms = Terms::default();
    terms.free_days.push(row("2026-01-01", Some(Care::Somatic), 2));
    terms.free_days.push(row("2026-01-01", Some(Care::Psychiatric), 5));
    let day = |care, day: &str, noon| terms.free_days(care, date(day), noon);
    assert_eq!((day(Care::Somatic, "2025-12-31", false), day(Care::Somatic, "2025-12-31", true)), (3, 4));
    assert_eq!((day(Care::Somatic, "2026-01-01", true), day(Care::Psychiatric, "2026-01-01", true)), (2, 5));
    terms.deadlines.push(Deadline {
        event: "admission-reply".into(),
        valid_from: date("2026-01-01"),
        limit: Limit::Hours(24),
    });
    assert_eq!(terms.limit("admission-reply", date("2025-12-31")), Some(Limit::Hours(48)));
    assert_eq!(terms.limit("admission-reply", date("2026-01-01")), Some(Limit::Hours(24)));
}
