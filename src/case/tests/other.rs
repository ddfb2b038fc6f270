//! Plan, placement, co-financing, and where each message stands.

use super::*;

const NOW: &str = "2026-05-01T12:00:00+02:00";

fn plan(id: &str, code: &str, time: &str) -> Told {
    tells(id, "sip-plan", time).saying(detail::STATUS, code)
}

#[test]
fn a_plan_goes_from_called_to_closed_and_stays_closed() {
    let story = [
        tells("m10", "sip-call", "2026-03-10T15:00:00+01:00").saying(detail::CONSENT, "given"),
        plan("a", "established", "2026-03-13T15:00:00+01:00"),
        plan("b", "followed-up", "2026-03-20T15:00:00+01:00"),
        plan("c", "adjusted", "2026-03-21T15:00:00+01:00"),
        plan("d", "closed", "2026-04-01T15:00:00+02:00"),
        plan("e", "adjusted", "2026-04-02T15:00:00+02:00"),
    ];
    let states =
        [State::Called, State::Established, State::FollowedUp, State::Adjusted, State::Closed, State::Closed];
    for (length, state) in (1..).zip(states) {
        assert_eq!(view(&story[..length], NOW).state(Kind::Sip), state, "after {length}");
    }
    assert_eq!(view(&story, NOW).found(), [(What::Overtaken, "e")]);
}

#[test]
fn a_placement_changes_and_ends_and_another_first_day_is_another_placement() {
    let started =
        |id: &str, day: &str, time: &str| replies(id, "placement-started", time).saying(detail::PLACED, day);
    let told = [
        started("a", "2026-03-16", "2026-03-16T15:00:00+01:00"),
        replies("b", "placement-changed", "2026-04-01T15:00:00+02:00").about("a"),
        replies("c", "placement-ended", "2026-04-20T15:00:00+02:00").about("b"),
        replies("d", "placement-changed", "2026-04-21T15:00:00+02:00").about("b"),
        started("e", "2026-04-20", "2026-04-20T16:00:00+02:00"),
    ];
    let seen = view(&told, NOW);
    let states: Vec<State> = seen.of(Kind::Placement).iter().map(|c| c.state).collect();
    assert_eq!(states, [State::Ended, State::Started]);
    assert!(seen.found().contains(&(What::Overtaken, "d")));
}

#[test]
fn a_question_of_money_is_visible_until_it_is_answered() {
    let asked = replies("q", "cofinancing-question", "2026-03-18T09:00:00+01:00");
    let receipt = |id: &str, one: fn(&str, &str, &str) -> Told, of: &str, code: &str, time: &str| {
        one(id, "receipt", time).answering(of).saying(detail::STATUS, code)
    };
    let story = [
        asked,
        receipt("r", tells, "q", "opened", "2026-03-19T09:00:00+01:00"),
        tells("a", "cofinancing-answer", "2026-03-25T10:00:00+01:00")
            .answering("q")
            .saying(detail::ANSWER, "to-be-discussed"),
        tells("b", "cofinancing-answer", "2026-03-28T10:00:00+01:00")
            .answering("q")
            .saying(detail::ANSWER, "accepted"),
        receipt("s", replies, "b", "handled", "2026-03-29T10:00:00+02:00"),
    ];
    let states = [State::Asked, State::Acknowledged, State::Answered, State::Answered, State::Closed];
    for (length, state) in (1..).zip(states) {
        assert_eq!(view(&story[..length], NOW).state(Kind::Cofinancing), state, "after {length}");
    }
    let received = receipt("t", tells, "q", "received", "2026-03-19T08:00:00+01:00");
    assert_eq!(view(&[story[0].clone(), received], NOW).state(Kind::Cofinancing), State::Asked);
    assert_eq!(view(&story, NOW).of(Kind::Cofinancing)[0].facts[detail::ANSWER], "accepted");
    let unanswered = view(&story[..2], NOW);
    assert_eq!(unanswered.owed(Duty::AnswerCofinancing).late.unwrap().whose, Whose::Sender);
}

#[test]
fn the_stronger_word_stays_and_only_the_receiver_can_say_it() {
    let notice = tells("m6", "admission-notice", "2026-03-02T15:20:00+01:00");
    let receipt = |id: &str, from: &str, code: &str, time: &str| {
        told(id, "receipt", from, REGION, time).answering("m6").saying(detail::STATUS, code)
    };
    let with = |more: &[Told]| view(&[&[notice.clone()], more].concat(), NOW);
    assert_eq!(view(&[notice.clone().undelivered()], NOW).word("m6"), Word::Waiting);
    assert_eq!(with(&[]).word("m6"), Word::Delivered);
    let handled = receipt("r", BOARD, "handled", "2026-03-02T16:00:00+01:00");
    let opened = receipt("s", BOARD, "opened", "2026-03-02T17:00:00+01:00");
    assert_eq!(with(&[handled, opened.clone()]).word("m6"), Word::Handled);
    assert_eq!(with(&[opened]).word("m6"), Word::Acknowledged);
    let received = receipt("r", BOARD, "received", "2026-03-02T16:00:00+01:00");
    assert_eq!(with(&[received]).word("m6"), Word::Delivered);
    let strange = with(&[receipt("r", OTHER_BOARD, "rejected", "2026-03-02T16:00:00+01:00")]);
    assert_eq!((strange.word("m6"), strange.found()), (Word::Delivered, vec![(What::NotItsReceiver, "r")]));
}

#[test]
fn the_end_of_a_placement_warns_of_exams_and_of_protection() {
    let told = [
        replies("a", "placement-started", "2026-03-16T15:00:00+01:00").saying(detail::PLACED, "2026-03-16"),
        replies("m1", "health-exam-request", "2026-03-17T15:00:00+01:00").in_case("EXAM-1"),
        tells("m5", "exam-statement", "2026-03-27T15:00:00+01:00").in_case("EXAM-1").answering("m1"),
        replies("c", "placement-ended", "2026-04-20T15:00:00+02:00")
            .about("a")
            .saying(detail::GROUND, "lvu-2")
            .saying(detail::PROTECTED_REGISTRATION, "true"),
    ];
    assert_eq!(view(&told, NOW).found(), [(What::DentalExamNeverAnswered, "c"), (What::ProtectionEnds, "c")]);
}

#[test]
fn a_placement_that_leaves_lvu_2_for_another_ground_warns_of_protection_once() {
    let placed = |id: &str, event: &str, day: u8, ground: &str| {
        replies(id, event, &format!("2026-03-{day}T15:00:00+01:00"))
            .saying(detail::PLACED, "2026-03-16")
            .saying(detail::GROUND, ground)
    };
    let told = [
        placed("a", "placement-started", 16, "lvu-2-3").saying(detail::PROTECTED_REGISTRATION, "true"),
        placed("b", "placement-changed", 20, "lvu-2").about("a"),
        placed("c", "placement-changed", 24, "sol").about("a"),
        placed("d", "placement-ended", 27, "sol").about("a"),
    ];
    let ends = |told: &[Told]| -> Vec<String> {
        let seen = view(told, NOW);
        let found = seen.found().into_iter().filter(|(what, _)| *what == What::ProtectionEnds);
        found.map(|(_, message)| message.to_string()).collect()
    };
    assert_eq!(ends(&told[..2]), Vec::<String>::new());
    assert_eq!(ends(&told[..3]), ["c"]);
    assert_eq!(ends(&told), ["c"]);
    let straight = [told[0].clone(), told[1].clone(), told[3].clone()];
    assert_eq!(ends(&straight), ["d"]);
}

#[test]
fn many_and_strange_messages_are_bounded() {
    let events = [
        "admission-notice",
        "discharge-ready",
        "discharge-ready-withdrawn",
        "discharge-estimate-changed",
        "open-compulsory-care",
        "discharged",
        "sip-call",
        "annulment",
        "receiver-changed",
        "placement-started",
        "placement-ended",
        "health-exam-request",
        "exam-statement",
        "cofinancing-question",
        "a-new-event",
    ];
    let mut told = Vec::new();
    for i in 0..200 {
        let heir = |i: usize| format!("SE2120009903-S{i}");
        for event in events {
            let about = format!("{event}-{}", (i + 1) % 200);
            let id = format!("{event}-{i}");
            let mut one = self::told(&id, event, &heir(i), &heir(i + 1), "2026-03-02T15:20:00+01:00");
            one = one.about(&about).answering(&about).saying(detail::RECEIVER, &heir(i + 1));
            told.push(one);
            told.push(tells(&format!("{id}-b"), event, "2026-03-02T15:20:00+01:00"));
        }
    }
    let begun = std::time::Instant::now();
    let seen = view(&told, NOW);
    assert_eq!(seen.messages.len(), 6000);
    assert_eq!(seen.cases.iter().map(|c| c.steps.len()).sum::<usize>(), 6000 - 3 * 400, "each step once");
    for case in seen.of(Kind::Admission) {
        assert!(!liability(&seen, case, at(NOW)).notices.is_empty());
    }
    assert!(begun.elapsed().as_secs() < 60, "{:?}", begun.elapsed());
}
