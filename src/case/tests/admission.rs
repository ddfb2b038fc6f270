//! The admission, told as stories: states, lateness of arrival, annulment, ready and withdrawn.

use super::*;

const NOTICE: (&str, &str) = ("admission-notice", "2026-03-02T15:20:00+01:00");

fn notice() -> Told {
    tells("m6", NOTICE.0, NOTICE.1)
}

fn ready(id: &str, time: &str) -> Told {
    tells(id, "discharge-ready", time)
}

fn withdrawn(id: &str, time: &str) -> Told {
    tells(id, "discharge-ready-withdrawn", time)
}

fn left(id: &str, time: &str) -> Told {
    tells(id, "discharged", time).about("m6").saying(detail::DESTINATION, "foster-home")
}

const NOW: &str = "2026-04-01T12:00:00+02:00";

#[test]
fn an_admission_goes_from_admitted_to_closed() {
    let story = [
        notice(),
        replies("m8", "admission-reply", "2026-03-03T09:00:00+01:00").answering("m6"),
        ready("m11", "2026-03-12T10:45:00+01:00"),
        withdrawn("m12", "2026-03-12T16:05:00+01:00").about("m11"),
        ready("m11b", "2026-03-16T09:00:00+01:00"),
        tells("m10", "sip-call", "2026-03-16T10:00:00+01:00"),
        left("m14", "2026-03-18T14:00:00+01:00"),
        tells("m13", "discharge-information", "2026-03-18T15:00:00+01:00"),
    ];
    let states = [
        State::Admitted,
        State::Planning,
        State::Ready,
        State::Withdrawn,
        State::Ready,
        State::Ready,
        State::Discharged,
        State::Closed,
    ];
    for (length, state) in (1..).zip(states) {
        assert_eq!(view(&story[..length], NOW).state(Kind::Admission), state, "after {length}");
    }
    let done = view(&story, NOW);
    assert_eq!(done.found(), []);
    assert_eq!(done.of(Kind::Admission)[0].steps.len(), 7, "the call is a step of the plan");
}

#[test]
fn arrival_order_decides_nothing() {
    let story = [
        notice(),
        ready("m11", "2026-03-12T10:45:00+01:00"),
        withdrawn("m12", "2026-03-12T16:05:00+01:00").about("m11"),
        left("m14", "2026-03-18T14:00:00+01:00"),
    ];
    let forwards = view(&story, NOW);
    let mut backwards = story.clone();
    backwards.reverse();
    assert_eq!(view(&backwards, NOW), forwards);
    assert_eq!(forwards.state(Kind::Admission), State::Discharged);
}

#[test]
fn a_late_message_never_reopens_a_later_state() {
    // A ready notice whose time is before the discharge comes days after it.
    let late = ready("m11", "2026-03-12T10:45:00+01:00").sent_at("2026-03-25T08:00:00+01:00");
    let told = [notice(), left("m14", "2026-03-18T14:00:00+01:00"), late];
    assert_eq!(view(&told, NOW).state(Kind::Admission), State::Discharged);
    assert_eq!(view(&told, NOW).found(), []);
    // One whose time is after it moves nothing, and is told.
    let after = ready("m11", "2026-03-19T10:45:00+01:00");
    let seen = view(&[notice(), left("m14", "2026-03-18T14:00:00+01:00"), after], NOW);
    assert_eq!(seen.state(Kind::Admission), State::Discharged);
    assert_eq!(seen.found(), [(What::Overtaken, "m11")]);
    assert!(seen.of(Kind::Admission)[0].clocks.is_empty());
}

#[test]
fn equal_event_times_go_by_reception() {
    let same = "2026-03-12T10:45:00+01:00";
    let first = ready("b", same).sent_at("2026-03-12T10:46:00+01:00");
    let second = withdrawn("a", same).sent_at("2026-03-12T10:47:00+01:00");
    assert_eq!(view(&[second, notice(), first], NOW).state(Kind::Admission), State::Withdrawn);
}

#[test]
fn a_second_admission_is_a_case_of_its_own() {
    let again = tells("m6b", NOTICE.0, "2026-03-20T08:00:00+01:00");
    let seen = view(&[notice(), left("m14", "2026-03-18T14:00:00+01:00"), again], NOW);
    let cases = seen.of(Kind::Admission);
    assert_eq!(
        cases.iter().map(|c| (c.run, c.state)).collect::<Vec<_>>(),
        [(1, State::Discharged), (2, State::Admitted),]
    );
}

#[test]
fn each_ready_notice_has_its_own_clock_and_all_are_kept() {
    let seen = view(
        &[
            notice(),
            ready("m11", "2026-03-12T10:45:00+01:00"),
            withdrawn("m12", "2026-03-12T16:05:00+01:00").about("m11"),
            ready("m11b", "2026-03-16T12:30:00+01:00"),
        ],
        NOW,
    );
    let clocks = &seen.of(Kind::Admission)[0].clocks;
    assert_eq!(clocks.len(), 2);
    assert_eq!(
        clocks[0].stopped.as_ref().map(|s| (s.message.as_str(), s.why)),
        Some(("m12", StopReason::Withdrawn))
    );
    assert_eq!((clocks[1].message.as_str(), clocks[1].stopped.as_ref()), ("m11b", None));
    assert_eq!((clocks[0].after_noon, clocks[1].after_noon), (false, true));
    assert_eq!(clocks[0].first_day.to_string(), "2026-03-15");
    assert_eq!(clocks[1].first_day.to_string(), "2026-03-20");
}

#[test]
fn a_withdrawal_needs_something_to_withdraw() {
    let seen = view(&[notice(), withdrawn("m12", "2026-03-12T16:05:00+01:00")], NOW);
    assert_eq!(seen.state(Kind::Admission), State::Admitted);
    assert_eq!(seen.found(), [(What::NothingToWithdraw, "m12")]);
}

#[test]
fn a_ready_notice_told_anew_replaces_the_clock_also_when_it_corrects_the_time_backwards() {
    let first = ready("m11", "2026-03-12T10:45:00+01:00");
    let later = ready("m11b", "2026-03-12T11:30:00+01:00").about("m11");
    let earlier =
        ready("m11b", "2026-03-12T09:30:00+01:00").sent_at("2026-03-12T13:00:00+01:00").about("m11");
    for anew in [later, earlier] {
        let seen = view(&[notice(), first.clone(), anew], NOW);
        let clocks = &seen.of(Kind::Admission)[0].clocks;
        let running: Vec<&str> =
            clocks.iter().filter(|c| c.stopped.is_none()).map(|c| c.message.as_str()).collect();
        assert_eq!((clocks.len(), running), (2, vec!["m11b"]));
        assert_eq!(seen.word("m11"), Word::Superseded);
        assert_eq!(seen.state(Kind::Admission), State::Ready);
    }
}

#[test]
fn only_the_newest_step_may_be_annulled_and_only_by_its_sender() {
    let annul = |id: &str, of: &str, time: &str| tells(id, "annulment", time).about(of);
    let story = [notice(), ready("m11", "2026-03-12T10:45:00+01:00")];
    let with = |more: &[Told]| view(&[&story[..], more].concat(), NOW);

    let newest = with(&[annul("x", "m11", "2026-03-12T11:00:00+01:00")]);
    assert_eq!(newest.state(Kind::Admission), State::Admitted);
    assert_eq!((newest.word("m11"), newest.found().len()), (Word::Annulled, 0));
    assert_eq!(
        newest.of(Kind::Admission)[0].clocks[0].stopped.as_ref().map(|s| s.why),
        Some(StopReason::Annulled)
    );
    assert_eq!(newest.owed(Duty::CallToSip).state, Owed::Cancelled, "never deleted");

    let older = with(&[annul("x", "m6", "2026-03-12T11:00:00+01:00")]);
    assert_eq!(older.state(Kind::Admission), State::Ready);
    assert_eq!(older.found(), [(What::NotTheNewest, "x")]);

    let one_by_one = with(&[
        annul("x", "m11", "2026-03-12T11:00:00+01:00"),
        annul("y", "m6", "2026-03-12T11:01:00+01:00"),
    ]);
    assert_eq!(one_by_one.state(Kind::Admission), State::Annulled);
    assert_eq!(one_by_one.owed(Duty::ReplyToAdmission).state, Owed::Cancelled);

    let foreign = with(&[replies("x", "annulment", "2026-03-12T11:00:00+01:00").about("m11")]);
    assert_eq!(foreign.found(), [(What::NotItsOwn, "x")]);
    let of_nothing = with(&[annul("x", "nobody-knows", "2026-03-12T11:00:00+01:00")]);
    assert_eq!(of_nothing.found(), [(What::UnknownReference, "x")]);
    let twice = with(&[
        annul("x", "m11", "2026-03-12T11:00:00+01:00"),
        annul("y", "m11", "2026-03-12T11:01:00+01:00"),
    ]);
    assert_eq!(twice.found(), []);
}

#[test]
fn what_was_annulled_on_record_stays_so_when_a_step_of_before_comes_after() {
    let annuls = tells("x", "annulment", "2026-03-12T11:00:00+01:00").about("m6");
    let mut first = notice();
    first.annulled = true;
    let late = ready("m11", "2026-03-12T10:45:00+01:00");
    let seen = view(&[first, annuls, late], NOW);
    assert_eq!((seen.word("m6"), seen.found().len()), (Word::Annulled, 0));
    assert_eq!(seen.owed(Duty::ReplyToAdmission).state, Owed::Cancelled);
}

#[test]
fn the_newest_estimate_holds_and_the_others_are_superseded() {
    let estimate = |id: &str, time: &str, day: &str| {
        tells(id, "discharge-estimate-changed", time).about("m6").saying(detail::ESTIMATE, day)
    };
    let seen = view(
        &[
            estimate("m7b", "2026-03-09T09:00:00+01:00", "2026-03-20"),
            estimate("m7", "2026-03-05T09:00:00+01:00", "2026-03-15"),
            notice().saying(detail::ESTIMATE, "2026-03-12"),
        ],
        NOW,
    );
    assert_eq!(seen.of(Kind::Admission)[0].facts.get(detail::ESTIMATE).unwrap(), "2026-03-20");
    assert_eq!(
        (seen.word("m7"), seen.word("m7b"), seen.word("m6")),
        (Word::Superseded, Word::Delivered, Word::Delivered)
    );
}

#[test]
fn open_compulsory_care_counts_as_a_ready_notice_without_a_sip() {
    let decided = told("m19", "open-compulsory-care", REGION, OPEN_CARE, "2026-05-11T11:45:00+02:00");
    let seen = view(&[notice(), decided.about("m6")], "2026-05-12T12:00:00+02:00");
    assert_eq!(seen.state(Kind::Admission), State::Ready);
    let clock = &seen.of(Kind::Admission)[0].clocks[0];
    assert_eq!((clock.payer.as_str(), clock.care, clock.wants_sip), (BOARD, Care::Psychiatric, false));
    assert!(seen.obligations.iter().all(|o| o.duty != Duty::CallToSip));
    assert_eq!(seen.owed(Duty::ReceiveInTime).party.as_str(), BOARD);
}

#[test]
fn the_copy_of_a_decision_for_a_unit_starts_no_second_clock() {
    let decided = |id: &str, to: &str, sent: &str| {
        told(id, "open-compulsory-care", REGION, to, "2026-05-11T11:45:00+02:00").sent_at(sent)
    };
    let first = decided("a", BOARD, "2026-05-11T11:50:00+02:00");
    let seen = view(&[notice(), first.clone(), decided("b", OPEN_CARE, "2026-05-11T11:55:00+02:00")], NOW);
    let clocks = &seen.of(Kind::Admission)[0].clocks;
    assert_eq!((clocks.len(), clocks[0].message.as_str(), clocks[0].stopped.as_ref()), (1, "a", None));
    // The unit's copy came first: what the payer was told is what counts, and the copy still holds.
    let seen = view(&[notice(), decided("b", OPEN_CARE, "2026-05-11T11:46:00+02:00"), first], NOW);
    let clocks = &seen.of(Kind::Admission)[0].clocks;
    let running: Vec<&str> =
        clocks.iter().filter(|c| c.stopped.is_none()).map(|c| c.message.as_str()).collect();
    assert_eq!(running, ["a"]);
    assert_eq!(seen.word("b"), Word::Delivered);
}

#[test]
fn a_notice_that_is_not_for_here_is_rejected_and_planning_does_not_begin() {
    let reply = replies("m8", "admission-reply", "2026-03-03T09:00:00+01:00");
    let seen = view(&[notice(), reply.answering("m6").saying(detail::REPLY, "not-resident-here")], NOW);
    assert_eq!((seen.state(Kind::Admission), seen.word("m6")), (State::Admitted, Word::Rejected));
    assert_eq!(seen.owed(Duty::ReplyToAdmission).state, Owed::Met);
}

#[test]
fn who_left_a_hospital_from_a_sis_home_is_told() {
    let seen = view(&[notice(), tells("m18", "sis-patient-left", "2026-03-03T03:05:00+01:00")], NOW);
    assert_eq!(seen.found(), [(What::PatientLeft, "m18")]);
}
