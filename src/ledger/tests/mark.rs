//! Marks: counts, lists and lanes follow; what is annulled stops.

use super::*;
use crate::ledger::Totals;
use crate::model::{Mark, Marking, Named};

const BESIDE: &str = "annulment";

async fn marking(ledger: &Ledger, id: &str, mark: Mark) -> Marking {
    let row = ledger.message(id).await.unwrap().unwrap();
    let named = Named { sender: hsa(SENDER), id: id.into(), receiver: hsa(&row.receivers[0]) };
    let of = ledger.named(&named, Some(&[BESIDE.to_string()])).await.unwrap().unwrap();
    Marking { of, mark }
}

/// A message in a lane of its own that makes this of that one.
async fn made(ledger: &Ledger, id: &str, of: &str, mark: Mark) -> Admission {
    let marking = Some(marking(ledger, of, mark).await);
    let lane = Lane { receiver: receiver(9), case: format!("case-{id}") };
    Admission { event: BESIDE.into(), marking, ..admission(id, lane) }
}

/// The counts are those of the lists, and every message is in one.
async fn counts(ledger: &Ledger) -> Totals {
    let totals = ledger.totals().await.unwrap();
    let mut all = 0;
    for (state, count) in [
        (MessageState::Waiting, totals.waiting),
        (MessageState::Delivered, totals.delivered),
        (MessageState::Held, totals.held),
        (MessageState::Rejected, totals.rejected),
        (MessageState::Expired, totals.expired),
        (MessageState::Acknowledged, totals.acknowledged),
        (MessageState::Handled, totals.handled),
        (MessageState::Superseded, totals.superseded),
        (MessageState::Misdirected, totals.misdirected),
        (MessageState::Annulled, totals.annulled),
    ] {
        let filter = Filter { state: Some(state), limit: 1000, ..Filter::default() };
        let listed = ledger.messages(&filter).await.unwrap();
        assert!(listed.iter().all(|m| m.state == state), "{listed:#?}");
        assert_eq!(listed.len() as u64, count, "{state:?}");
        all += count;
    }
    assert_eq!(all, totals.accepted);
    assert!(ledger.verify().await.unwrap().ok);
    totals
}

#[tokio::test]
async fn a_mark_shows_when_nothing_is_under_way_and_only_a_higher_one_replaces_it() {
    let (_dir, ledger) = open();
    ledger.admit(admission("m1", lane(1, 1))).await.unwrap();
    let early = made(&ledger, "q0", "m1", Mark::Acknowledged).await;
    assert_eq!(ledger.admit(early).await.unwrap(), Admitted::New);
    assert_eq!(state(&ledger, "m1").await, MessageState::Waiting, "it is still under way");
    ledger.claim(second(1), 1, Room::plenty()).await.unwrap();
    ledger.settle(settlement("d-m1", DeliveryState::Delivered, second(2))).await.unwrap();
    assert_eq!(state(&ledger, "m1").await, MessageState::Acknowledged);
    counts(&ledger).await;
    for (id, mark, wanted) in [
        ("q1", Mark::Handled, MessageState::Handled),
        ("q2", Mark::Acknowledged, MessageState::Handled),
        ("q3", Mark::Rejected, MessageState::Rejected),
        ("q4", Mark::Superseded, MessageState::Superseded),
        ("q5", Mark::Misdirected, MessageState::Misdirected),
        ("q6", Mark::Rejected, MessageState::Misdirected),
    ] {
        ledger.admit(made(&ledger, id, "m1", mark).await).await.unwrap();
        assert_eq!(state(&ledger, "m1").await, wanted);
        counts(&ledger).await;
    }
    let kinds: Vec<String> = ledger.journey("gw-m1").await.unwrap().into_iter().map(|e| e.kind).collect();
    let told = &kinds[kinds.len() - 4..];
    assert_eq!(told, ["handled", "rejected", "superseded", "misdirected"]);
}

#[tokio::test]
async fn a_later_step_that_came_in_between_stops_an_annulment_and_nothing_is_stored() {
    let (_dir, ledger) = open();
    ledger.admit(admission("m1", lane(1, 1))).await.unwrap();
    let annuls = made(&ledger, "a1", "m1", Mark::Annulled).await;
    assert!(!annuls.marking.as_ref().unwrap().of.later);
    ledger.admit(admission("m2", lane(1, 1))).await.unwrap();
    assert_eq!(ledger.admit(annuls).await.unwrap(), Admitted::Overtaken);
    assert!(ledger.message("a1").await.unwrap().is_none());
    assert!(marking(&ledger, "m1", Mark::Annulled).await.of.later);
    // What is annulled is no step any more.
    ledger.admit(made(&ledger, "a2", "m2", Mark::Annulled).await).await.unwrap();
    ledger.admit(made(&ledger, "a3", "m1", Mark::Annulled).await).await.unwrap();
    let totals = counts(&ledger).await;
    assert_eq!((totals.annulled, totals.handled, totals.accepted), (2, 2, 4));
    assert!(ledger.claim(second(5), 9, Room::plenty()).await.unwrap().is_empty(), "nobody need be told");
}

#[tokio::test]
async fn of_what_is_annulled_nothing_is_attempted_again_and_its_lane_goes_on() {
    let (_dir, ledger) = open();
    ledger.admit(admission("m1", lane(1, 1))).await.unwrap();
    ledger.admit(Admission { state: MessageState::Held, ..admission("m2", lane(1, 2)) }).await.unwrap();
    let later = Admission { event: BESIDE.into(), ..admission("m3", lane(1, 2)) };
    ledger.admit(later).await.unwrap();
    ledger.claim(second(1), 9, Room::plenty()).await.unwrap();
    for (id, of) in [("a1", "m1"), ("a2", "m2")] {
        ledger.admit(made(&ledger, id, of, Mark::Annulled).await).await.unwrap();
    }
    assert_eq!(state(&ledger, "m1").await, MessageState::Waiting, "an attempt is under way");
    assert_eq!(state(&ledger, "m2").await, MessageState::Annulled);
    counts(&ledger).await;
    ledger.settle(settlement("d-m1", DeliveryState::Waiting, second(2))).await.unwrap();
    assert_eq!(state(&ledger, "m1").await, MessageState::Annulled);
    let claimed = ledger.claim(second(9), 9, Room::plenty()).await.unwrap();
    assert_eq!(ids(&claimed), ["d-m3", "d-a1"], "the held head is gone; whoever may have m1 is told");
    let totals = counts(&ledger).await;
    assert_eq!((totals.annulled, totals.handled, totals.waiting), (2, 1, 2));
}

#[tokio::test]
async fn an_interrupted_attempt_at_what_was_annulled_is_not_repeated() {
    let (dir, ledger) = open();
    ledger.admit(admission("m1", lane(1, 1))).await.unwrap();
    ledger.claim(second(1), 9, Room::plenty()).await.unwrap();
    ledger.admit(made(&ledger, "a1", "m1", Mark::Annulled).await).await.unwrap();
    drop(ledger);
    let ledger = Ledger::open(options(&dir)).unwrap();
    ledger.recover(second(2), |_| true).await.unwrap();
    assert_eq!(state(&ledger, "m1").await, MessageState::Annulled);
    assert_eq!(ids(&ledger.claim(second(3), 9, Room::plenty()).await.unwrap()), ["d-a1"]);
    counts(&ledger).await;
}

#[tokio::test]
async fn a_message_whose_id_is_used_again_is_found_by_it_and_the_newest_is_meant() {
    let (_dir, ledger) = open();
    let used = |id: &str, kept: &str, protocol| {
        let one = admission(id, lane(1, 1));
        Admission { key: Key { message_id: kept.into(), protocol, ..one.key }, ..one }
    };
    for (id, kept, protocol) in [
        ("m1", "7@2026-01-01T08:00:00Z", "hl7v2-mllp"),
        ("m2", "7@2026-02-01T08:00:00.5Z", "hl7v2-mllp"),
        ("m3", "7@home", "hl7v2-mllp"),
        ("m4", "7@2026-03-01T08:00:00Z", "fhir-http"),
        ("m5", "77@2026-03-01T08:00:00Z", "hl7v2-mllp"),
        ("m6", "77@2026-03-01T08:00:00Z", "onward-1"),
    ] {
        ledger.admit(used(id, kept, protocol)).await.unwrap();
    }
    let find = async |id: &str| {
        let named = Named { sender: hsa(SENDER), id: id.into(), receiver: receiver(1) };
        ledger.named(&named, None).await.unwrap().map(|found| found.message)
    };
    assert_eq!(find("7").await.as_deref(), Some("gw-m2"));
    assert_eq!(find("7@home").await.as_deref(), Some("gw-m3"));
    assert_eq!(find("77").await.as_deref(), Some("gw-m6"), "it went on to another receiver");
    assert_eq!(find("").await, None);
}

#[tokio::test]
async fn of_two_annulments_at_once_one_is_taken() {
    let (_dir, ledger) = open();
    ledger.admit(admission("m1", lane(1, 1))).await.unwrap();
    let (one, other) =
        (made(&ledger, "a1", "m1", Mark::Annulled).await, made(&ledger, "a2", "m1", Mark::Annulled).await);
    assert_eq!(ledger.admit(one).await.unwrap(), Admitted::New);
    assert_eq!(ledger.admit(other).await.unwrap(), Admitted::Overtaken);
    assert_eq!(counts(&ledger).await.accepted, 2);
}

#[tokio::test]
async fn what_was_made_of_the_same_arrival_is_no_later_step() {
    let (_dir, ledger) = open();
    let first = admission("m1", lane(1, 1));
    let second = Lane { receiver: receiver(2), ..lane(1, 1) };
    let beside = Admission { answer: first.answer.clone(), ..admission("m2", second) };
    ledger.admit(Admission { beside: vec![beside], ..first }).await.unwrap();
    assert!(!marking(&ledger, "m1", Mark::Annulled).await.of.later);
    assert_eq!(ledger.admit(made(&ledger, "a1", "m1", Mark::Annulled).await).await.unwrap(), Admitted::New);
    assert_eq!(ledger.admit(made(&ledger, "a2", "m2", Mark::Annulled).await).await.unwrap(), Admitted::New);
    assert_eq!(counts(&ledger).await.annulled, 2);
}
