//! Random stories against the second model: 20,000 of them, each told in another order than it happened.

use super::{
    reference::{Summary, World, Wrong},
    *,
};
use jiff::ToSpan;

/// A small generator of our own: the same seed tells the same story on every machine.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 >> 11).unwrap() % sides
    }

    fn of<T: Copy>(&mut self, list: &[T]) -> T {
        list[self.roll(list.len())]
    }
}

const EVENTS: [&str; 21] = [
    "admission-notice",
    "admission-notice",
    "discharge-estimate-changed",
    "admission-reply",
    "care-contact-appointed",
    "discharge-ready",
    "discharge-ready",
    "discharge-ready-withdrawn",
    "discharge-information",
    "discharged",
    "open-compulsory-care",
    "sip-call",
    "health-exam-request",
    "dental-exam-request",
    "exam-status",
    "exam-statement",
    "cofinancing-question",
    "cofinancing-answer",
    "annulment",
    "receipt",
    "misdirected",
];

/// A story over eleven days around one of the nights on which the clocks change.
fn story(dice: &mut Dice) -> Vec<Told> {
    let first = at(dice.of(&["2026-03-24T00:00:00+01:00", "2026-10-20T00:00:00+02:00"]));
    let mut told: Vec<Told> = Vec::new();
    let length = 3 + dice.roll(12);
    // A lean on some events gives stories in which one machine goes far.
    let lean = dice.roll(3);
    for i in 0..length {
        let event = match (lean, dice.roll(10)) {
            (1, 0..6) => dice.of(&["discharge-ready", "discharge-ready-withdrawn", "annulment", "sip-call"]),
            (2, 0..6) => dice.of(&["health-exam-request", "exam-status", "exam-statement", "receipt"]),
            _ => dice.of(&EVENTS),
        };
        told.extend(message(dice, first, i, event, &told));
    }
    if dice.roll(2) == 0 {
        placement(dice, first, &mut told);
    }
    for i in (1..told.len()).rev() {
        told.swap(i, dice.roll(i + 1));
    }
    told
}

/// Every half hour there may be something: equal event times come up, and noon.
fn time(dice: &mut Dice, first: Timestamp) -> Timestamp {
    first + i64::try_from(dice.roll(11 * 48)).unwrap().checked_mul(30).unwrap().minutes()
}

fn message(dice: &mut Dice, first: Timestamp, i: usize, event: &str, before: &[Told]) -> Option<Told> {
    let pick = |dice: &mut Dice, events: &[&str]| {
        let fit: Vec<&Told> =
            before.iter().filter(|t| events.is_empty() || events.contains(&t.event.as_str())).collect();
        (!fit.is_empty()).then(|| fit[dice.roll(fit.len())].clone())
    };
    let id = format!("{event}-{i}");
    let occurred = time(dice, first);
    let from_board = matches!(
        event,
        "admission-reply"
            | "health-exam-request"
            | "dental-exam-request"
            | "cofinancing-question"
            | "misdirected"
    );
    let (sender, receiver) = if from_board { (BOARD, REGION) } else { (REGION, BOARD) };
    let receiver = if event == "open-compulsory-care" { dice.of(&[OPEN_CARE, BOARD]) } else { receiver };
    let mut t = told(&id, event, sender, receiver, &occurred.to_string());
    match event {
        "admission-reply" => {
            t.answers = pick(dice, &["admission-notice"]).map(|m6| m6.id).filter(|_| dice.roll(2) == 0);
            t = t.saying(detail::REPLY, dice.of(&["known-here", "not-resident-here"]));
        }
        "discharge-ready-withdrawn" => {
            t.refers_to = pick(dice, &["discharge-ready"]).map(|m11| m11.id).filter(|_| dice.roll(3) > 0);
        }
        "discharge-ready" if dice.roll(4) == 0 => t = t.saying(detail::SIP_NEEDED, "false"),
        "discharged" => t = t.saying(detail::DESTINATION, dice.of(&["own-home", "other", "died"])),
        "health-exam-request" => t = t.saying(detail::PARTS, "physical mental").in_case("EXAM"),
        "dental-exam-request" => t = t.saying(detail::PARTS, "oral").in_case("EXAM"),
        "exam-status" | "exam-statement" => {
            let asked = pick(dice, &["health-exam-request", "dental-exam-request"])?;
            let later = i64::try_from(1 + dice.roll(400)).unwrap();
            t = told(&id, event, REGION, BOARD, &(asked.occurred + (later * 30).minutes()).to_string());
            t = t.answering(&asked.id).in_case("EXAM");
            t = match event {
                "exam-status" => {
                    t.saying(detail::STATUS, dice.of(&["booked", "no-show", "unnecessary", "cannot-be-done"]))
                }
                _ => t
                    .saying(detail::DONE, dice.of(&["physical", "mental", "oral", "physical mental", ""]))
                    .saying(detail::NOT_DONE, dice.of(&["", "mental"])),
            };
        }
        "cofinancing-question" => t = t.in_case("MONEY"),
        "cofinancing-answer" => {
            let asked = pick(dice, &["cofinancing-question"])?;
            let later = i64::try_from(1 + dice.roll(800)).unwrap();
            t = told(&id, event, REGION, BOARD, &(asked.occurred + (later * 30).minutes()).to_string());
            t = t.answering(&asked.id).in_case("MONEY").saying(detail::ANSWER, "accepted");
        }
        "annulment" | "receipt" | "misdirected" => {
            let events: &[&str] = if event == "misdirected" { &["admission-notice"] } else { &[] };
            let other = pick(dice, events)?;
            t = about(dice, &id, event, &other);
        }
        _ => {}
    }
    Some(on_the_way(dice, t))
}

/// A message about another, by its sender or its receiver.
fn about(dice: &mut Dice, id: &str, event: &str, about: &Told) -> Told {
    let own = event == "annulment" && dice.roll(8) > 0;
    let (one, other) = if own { (&about.sender, &about.receiver) } else { (&about.receiver, &about.sender) };
    let later = i64::try_from(1 + dice.roll(100)).unwrap();
    let occurred = (about.occurred + (later * 30).minutes()).to_string();
    let t = told(id, event, one.as_str(), other.as_str(), &occurred).in_case(&about.case);
    match event {
        "receipt" => {
            t.answering(&about.id).saying(detail::STATUS, dice.of(&["handled", "handled", "rejected"]))
        }
        _ => t.about(&about.id),
    }
}

/// Sent at once or much later, and delivered, tried or lying.
fn on_the_way(dice: &mut Dice, t: Told) -> Told {
    let noon = jiff::tz::TimeZone::get("Europe/Stockholm").unwrap();
    let noon =
        t.occurred.to_zoned(noon).date().at(12, 0, 0, 0).in_tz("Europe/Stockholm").unwrap().timestamp();
    let sent = match dice.roll(6) {
        0 => noon.max(t.occurred),
        1 => t.occurred + i64::try_from(dice.roll(2000)).unwrap().minutes(),
        2 => t.occurred + 3.hours(),
        _ => t.occurred,
    };
    let t = t.sent(sent);
    let lay = i64::try_from(dice.roll(6000)).unwrap().minutes();
    match dice.roll(8) {
        0 => t.untried(),
        1 => t.undelivered(),
        2 => {
            let delivered = t.sent + lay;
            let mut t = t.delivered_at(&delivered.to_string());
            t.tried = t.delivered;
            t
        }
        3 => {
            let delivered = t.sent + lay;
            t.delivered_at(&delivered.to_string())
        }
        _ => t,
    }
}

fn placement(dice: &mut Dice, first: Timestamp, told: &mut Vec<Told>) {
    let occurred = first + i64::try_from(dice.roll(48)).unwrap().hours();
    let day = World::day(occurred).to_string();
    let mut started =
        replies("placed", "placement-started", &occurred.to_string()).saying(detail::PLACED, &day);
    started.case = "PLACED".into();
    told.push(started);
    if dice.roll(2) == 0 {
        let later = occurred + i64::try_from(1 + dice.roll(400)).unwrap().hours();
        told.push(replies("ended", "placement-ended", &later.to_string()).about("placed").in_case("PLACED"));
    }
}

fn summary(view: &View) -> Summary {
    let owed = |o: &Obligation| {
        (o.duty, o.opened_by.clone(), o.due, o.state, o.closed_by.clone(), o.late.map(|l| l.whose))
    };
    Summary {
        states: view.cases.iter().map(|c| ((c.kind, c.run), c.state)).collect(),
        owed: view.obligations.iter().map(owed).collect(),
        words: view.messages.iter().map(|m| (m.message.clone(), m.word)).collect(),
    }
}

fn worlds(seed: u64, count: usize, mut each: impl FnMut(&[Told], Timestamp) -> bool) {
    let mut dice = Dice(seed);
    for _ in 0..count {
        let told = story(&mut dice);
        let last = told.iter().map(|t| t.occurred).max().unwrap_or(at("2026-03-24T00:00:00Z"));
        let now = last + i64::try_from(dice.roll(40 * 24)).unwrap().hours();
        if !each(&told, now) {
            return;
        }
    }
}

/// The story and where the two models differ, to be read by a person.
fn differences(told: &[Told], now: Timestamp, found: &Summary, expected: &Summary) -> String {
    let mut sorted = told.to_vec();
    sorted.sort_by(|a, b| (a.occurred, a.received, &a.message).cmp(&(b.occurred, b.received, &b.message)));
    let line = |t: &Told| {
        let about = t.answers.iter().chain(&t.refers_to).cloned().collect::<Vec<_>>();
        format!(
            "{} {} of {about:?} sent {} delivered {:?} {:?}",
            t.occurred, t.message, t.sent, t.delivered, t.details
        )
    };
    let mut lines: Vec<String> = sorted.iter().map(line).collect();
    lines.push(format!("now {now}"));
    lines.push(format!("states\n  {:?}\n  {:?}", found.states, expected.states));
    lines.extend(found.owed.difference(&expected.owed).map(|o| format!("found only {o:?}")));
    lines.extend(expected.owed.difference(&found.owed).map(|o| format!("expected only {o:?}")));
    let words = found.words.iter().filter(|(m, w)| expected.words.get(*m) != Some(w));
    lines.extend(words.map(|(m, w)| format!("word of {m}: {w:?}, expected {:?}", expected.words.get(m))));
    lines.join("\n")
}

#[test]
fn twenty_thousand_orders_agree_with_the_second_model() {
    let mut played = 0;
    worlds(0x5EED_0001, 20_000, |told, now| {
        let view = play(told, &Terms::default(), now);
        let expected = World::of(told, now, None).summary();
        let found = summary(&view);
        assert!(found == expected, "{}", differences(told, now, &found, &expected));
        played += 1;
        if played % 10 == 0 {
            let backwards: Vec<Told> = told.iter().rev().cloned().collect();
            assert_eq!(play(&backwards, &Terms::default(), now), view);
        }
        true
    });
    assert_eq!(played, 20_000);
}

#[test]
fn the_comparison_notices_every_wrong_rule() {
    for wrong in Wrong::ALL {
        let mut noticed = false;
        worlds(0x5EED_0002, 20_000, |told, now| {
            let view = play(told, &Terms::default(), now);
            noticed = summary(&view) != World::of(told, now, Some(wrong)).summary();
            !noticed
        });
        assert!(noticed, "{wrong:?}");
    }
}

/// The kinds of problem of a story at a time.
fn keys(told: &[Told], leads: &Leads, now: Timestamp) -> (Vec<String>, Option<Timestamp>) {
    let view = play(told, &Terms::default(), now);
    let causes = causes(&view, told, leads, now);
    (causes.iter().map(crate::model::Cause::key).collect(), next(&view, leads, now))
}

#[test]
fn time_alone_makes_and_ends_no_problem_before_the_instant_that_is_named() {
    let (mut dice, leads) = (Dice(0x7157), Leads::default());
    let mut turns = 0;
    for _ in 0..2_000 {
        let told = story(&mut dice);
        let Some(last) = told.iter().map(|t| t.sent).max() else { continue };
        let mut now = last + SignedDuration::from_hours(1);
        let (mut open, mut then) = keys(&told, &leads, now);
        while let Some(instant) = then {
            assert!(instant > now, "{instant} is not after {now}");
            let before = instant - SignedDuration::from_secs(1);
            if before > now {
                assert_eq!(keys(&told, &leads, before).0, open, "between {now} and {instant}: {told:#?}");
            }
            (now, turns) = (instant, turns + 1);
            (open, then) = keys(&told, &leads, now);
        }
        let years = now + SignedDuration::from_hours(24 * 900);
        assert_eq!(keys(&told, &leads, years).0, open, "after {now}: {told:#?}");
    }
    assert!(turns > 2_000, "{turns}");
}
