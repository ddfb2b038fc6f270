//! Exams, told as stories.

use super::*;

const ALL: &str = "physical mental oral";
const NOW: &str = "2026-03-10T12:00:00+01:00";

fn asks(id: &str, event: &str) -> Told {
    replies(id, event, "2026-02-25T10:00:00+01:00").saying(detail::PARTS, ALL)
}

fn status(id: &str, of: &str, code: &str, time: &str) -> Told {
    tells(id, "exam-status", time).answering(of).saying(detail::STATUS, code)
}

fn statement(id: &str, of: &str, done: &str, not_done: &str, time: &str) -> Told {
    tells(id, "exam-statement", time)
        .answering(of)
        .saying(detail::DONE, done)
        .saying(detail::NOT_DONE, not_done)
}

fn receipt(id: &str, from_board: bool, of: &str, code: &str, time: &str) -> Told {
    let one = if from_board { replies } else { tells };
    one(id, "receipt", time).answering(of).saying(detail::STATUS, code)
}

fn health(rest: &[Told]) -> View {
    view(&[&[asks("m1", "health-exam-request")], rest].concat(), NOW)
}

#[test]
fn an_exam_goes_from_requested_to_closed() {
    let story = [
        receipt("r1", false, "m1", "handled", "2026-02-26T08:00:00+01:00"),
        status("m4", "m1", "booked", "2026-02-27T08:00:00+01:00"),
        status("m4b", "m1", "no-show", "2026-03-03T08:00:00+01:00"),
        status("m4c", "m1", "booked", "2026-03-03T09:00:00+01:00"),
        statement("m5", "m1", "physical", "", "2026-03-05T09:00:00+01:00"),
        statement("m5b", "m1", "mental", "oral", "2026-03-06T09:00:00+01:00"),
        receipt("r2", true, "m5b", "handled", "2026-03-07T08:00:00+01:00"),
    ];
    let states = [
        State::Requested,
        State::Accepted,
        State::Booked,
        State::NoShow,
        State::Booked,
        State::Done,
        State::Answered,
        State::Closed,
    ];
    for (length, state) in (0..).zip(states) {
        assert_eq!(health(&story[..length]).state(Kind::HealthExam), state, "after {length}");
    }
    let facts = health(&story).of(Kind::HealthExam)[0].facts.clone();
    assert_eq!(facts[detail::DONE], "mental physical");
    assert_eq!(facts[detail::NOT_DONE], "oral");
}

#[test]
fn what_was_answered_is_not_booked_again() {
    let answered = statement("m5", "m1", ALL, "", "2026-03-05T09:00:00+01:00");
    let seen = health(&[answered, status("m4", "m1", "booked", "2026-03-06T09:00:00+01:00")]);
    assert_eq!(seen.state(Kind::HealthExam), State::Answered);
    assert_eq!(seen.found(), [(What::Overtaken, "m4")]);
}

#[test]
fn unnecessary_names_the_reason_and_who_decided_and_asks_for_no_statement() {
    let unnecessary = status("m4", "m1", "unnecessary", "2026-03-02T08:00:00+01:00")
        .saying(detail::REASON, "already-done")
        .saying(detail::DECIDER, "board");
    let seen = health(&[unnecessary]);
    let case = seen.of(Kind::HealthExam)[0];
    assert_eq!(case.state, State::Unnecessary);
    assert_eq!(
        (case.facts[detail::REASON].as_str(), case.facts[detail::DECIDER].as_str()),
        ("already-done", "board")
    );
    assert_eq!(seen.owed(Duty::TellExamStatus).state, Owed::Met);
    assert_eq!(seen.owed(Duty::GiveStatement).state, Owed::Cancelled);
}

#[test]
fn the_wrong_unit_redirects() {
    let wrong = status("m4", "m1", "cannot-be-done", "2026-03-02T08:00:00+01:00");
    assert_eq!(health(&[wrong.clone()]).state(Kind::HealthExam), State::CannotBeDone);
    assert_eq!(
        health(&[wrong.saying(detail::REASON, "wrong-unit")]).state(Kind::HealthExam),
        State::Redirected
    );
    let misdirected = tells("x", "misdirected", "2026-03-02T08:00:00+01:00").about("m1");
    let seen = health(&[misdirected]);
    assert_eq!((seen.state(Kind::HealthExam), seen.word("m1")), (State::Redirected, Word::Rejected));
    assert_eq!(seen.owed(Duty::TellExamStatus).state, Owed::Cancelled);
}

#[test]
fn the_dental_exam_is_its_own_case_with_its_own_answer() {
    let told = [
        asks("m1", "health-exam-request"),
        asks("m2", "dental-exam-request").saying(detail::PARTS, "oral"),
        statement("m5", "m2", "oral", "", "2026-03-05T09:00:00+01:00"),
    ];
    let seen = view(&told, NOW);
    assert_eq!(seen.state(Kind::DentalExam), State::Answered);
    assert_eq!(seen.state(Kind::HealthExam), State::Requested);
}

#[test]
fn a_statement_without_reference_finds_its_exam() {
    let unsaid = |done| {
        let mut m5 = statement("m5", "m1", done, "", "2026-03-05T09:00:00+01:00");
        m5.answers = None;
        m5
    };
    let both =
        [asks("m1", "health-exam-request"), asks("m2", "dental-exam-request").saying(detail::PARTS, "oral")];
    let with = |m5: Told| view(&[&both[..], &[m5]].concat(), NOW);
    assert_eq!(with(unsaid("oral")).state(Kind::DentalExam), State::Answered);
    assert_eq!(with(unsaid("oral")).state(Kind::HealthExam), State::Requested);
    assert_eq!(with(unsaid(ALL)).state(Kind::HealthExam), State::Answered);
    assert_eq!(with(unsaid(ALL)).state(Kind::DentalExam), State::Requested);
}

#[test]
fn each_request_is_its_own_exam_and_a_corrected_one_is_not() {
    let again = asks("m1b", "health-exam-request");
    assert_eq!(health(&[again.clone()]).of(Kind::HealthExam).len(), 2);
    let corrected = health(&[again.about("m1").saying(detail::PARTS, "physical")]);
    assert_eq!(corrected.state(Kind::HealthExam), State::Requested);
    assert_eq!(corrected.word("m1"), Word::Superseded);
    assert_eq!(corrected.of(Kind::HealthExam)[0].facts[detail::PARTS], "physical");
}

#[test]
fn a_corrected_statement_takes_the_place_of_the_first() {
    let wrong = statement("m5", "m1", "physical", "mental", "2026-03-05T09:00:00+01:00");
    let right = statement("m5b", "m1", "physical mental", "oral", "2026-03-06T09:00:00+01:00").about("m5");
    let seen = health(&[wrong, right]);
    assert_eq!(seen.of(Kind::HealthExam)[0].facts[detail::NOT_DONE], "oral");
    assert_eq!((seen.state(Kind::HealthExam), seen.word("m5")), (State::Answered, Word::Superseded));
}
