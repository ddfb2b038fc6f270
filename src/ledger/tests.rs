//! Tests of the ledger: what they share, and the rules of admission.
//!
//! Invariant: every store is a folder of its own that goes with the test.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may stop")]

mod chain;
mod lanes;
mod mailbox;
mod mark;
mod older;
mod owed;
mod pace;
mod trail;
mod trouble;

use super::{
    Admission, Admitted, Filter, Key, Known, Ledger, NewDelivery, Options, Recovered, Room, Ruling,
    Settlement, Slots, Sync, Telling, Trail,
};
use crate::model::{
    Answer, Delivery, DeliveryState, Event, EventKind, Failure, Format, HsaId, Lane, MessageState,
};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

const SENDER: &str = "SE2321009900-REG1";

fn second(n: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + n).unwrap()
}

fn hsa(text: &str) -> HsaId {
    HsaId::parse(text).unwrap()
}

/// The nth municipality.
fn receiver(n: usize) -> HsaId {
    hsa(&format!("SE212000990{n}-KOM1"))
}

fn lane(to: usize, case: usize) -> Lane {
    Lane { receiver: receiver(to), case: format!("case-{case}") }
}

fn event(kind: EventKind, at: Timestamp) -> Event {
    Event { at, kind, message: None, delivery: None, party: None, code: None, detail: "{}".into() }
}

/// Message `id` with one delivery `d-id` in this lane, due at once, expiring after 1000 s.
fn admission(id: &str, lane: Lane) -> Admission {
    Admission {
        id: format!("gw-{id}"),
        key: Key { sender: hsa(SENDER), protocol: "fhir-http", message_id: id.into() },
        hash: [7; 32],
        event: "admission-notice".into(),
        case: lane.case.clone(),
        refers_to: None,
        sent: second(-2),
        occurred: second(-3),
        received: second(0),
        format: Format::FhirJson,
        original: format!("{{\"original\":\"{id}\"}}").into_bytes(),
        answer: Answer {
            status: 200,
            content_type: "application/fhir+json".into(),
            body: format!("answer to {id}").into_bytes(),
        },
        state: MessageState::Waiting,
        deliveries: vec![NewDelivery {
            id: format!("d-{id}"),
            lane,
            format: Format::CaseJson,
            body: format!("{{\"for\":\"{id}\"}}").into_bytes(),
            facts: format!("{{\"fact\":\"{id}\"}}"),
            expires: second(1000),
            due: second(0),
        }],
        marking: None,
        receipts: Vec::new(),
        gives: None,
        telling: Telling { subject: [9; 32], ..Telling::default() },
        trail: Trail::default(),
        events: vec![event(EventKind::Decided, second(0)), event(EventKind::Accepted, second(0))],
        beside: Vec::new(),
    }
}

fn options(dir: &TempDir) -> Options {
    Options { min_free_bytes: 0, ..Options::new(dir.path().join("state")) }
}

fn open() -> (TempDir, Ledger) {
    let dir = tempfile::tempdir().unwrap();
    let ledger = Ledger::open(options(&dir)).unwrap();
    (dir, ledger)
}

/// Message `gw-x` has the deliveries `d-x`, `d-x/2` …
fn settlement(delivery: &str, state: DeliveryState, at: Timestamp) -> Settlement {
    let kind = match state {
        DeliveryState::Delivered => EventKind::Delivered,
        DeliveryState::Rejected => EventKind::Rejected,
        DeliveryState::Held => EventKind::Held,
        DeliveryState::Expired => EventKind::Expired,
        _ => EventKind::NotSent,
    };
    let message = delivery.replacen("d-", "gw-", 1).split('/').next().unwrap_or_default().into();
    Settlement { message, delivery: delivery.into(), state, next_at: None, event: event(kind, at) }
}

fn ids(deliveries: &[Delivery]) -> Vec<&str> {
    deliveries.iter().map(|d| d.id.as_str()).collect()
}

async fn state(ledger: &Ledger, id: &str) -> MessageState {
    ledger.message(id).await.unwrap().unwrap().state
}

#[tokio::test]
async fn the_same_message_gets_the_same_answer_and_another_is_a_conflict() {
    let (_dir, ledger) = open();
    let first = admission("m1", lane(1, 1));
    assert_eq!(ledger.known(&first.key, &first.hash).await.unwrap(), None);
    assert_eq!(ledger.admit(first.clone()).await.unwrap(), Admitted::New);

    let again = Admission { id: "gw-other".into(), ..first.clone() };
    assert_eq!(ledger.admit(again).await.unwrap(), Admitted::Repeat(first.answer.clone()));
    let known = ledger.known(&first.key, &first.hash).await.unwrap();
    assert_eq!(known, Some(Known::Repeat(first.answer.clone())));

    let other = Admission { id: "gw-third".into(), hash: [8; 32], ..first.clone() };
    assert_eq!(ledger.admit(other).await.unwrap(), Admitted::Conflict);
    assert_eq!(ledger.known(&first.key, &[8; 32]).await.unwrap(), Some(Known::Conflict));

    // The same id from another sender or by another protocol is another message.
    let mut elsewhere = admission("m1", lane(1, 2));
    elsewhere.key.protocol = "case-http";
    elsewhere.id = "gw-m1-case".into();
    elsewhere.deliveries[0].id = "d-m1-case".into();
    assert_eq!(ledger.admit(elsewhere).await.unwrap(), Admitted::New);
    assert_eq!(ledger.totals().await.unwrap().accepted, 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixteen_at_once_make_one_message() {
    let (_dir, ledger) = open();
    let mut all = Vec::new();
    for n in 0..16 {
        let ledger = ledger.clone();
        let mut copy = admission("m1", lane(1, 1));
        copy.id = format!("gw-{n}");
        copy.deliveries[0].id = format!("d-{n}");
        all.push(tokio::spawn(async move { ledger.admit(copy).await.unwrap() }));
    }
    let mut new = 0;
    for one in all {
        match one.await.unwrap() {
            Admitted::New => new += 1,
            Admitted::Repeat(answer) => assert_eq!(answer, admission("m1", lane(1, 1)).answer),
            other => panic!("the same message is {other:?}"),
        }
    }
    assert_eq!(new, 1);
    assert_eq!(ledger.totals().await.unwrap().deliveries_waiting, 1);
}

#[tokio::test]
async fn refusals_are_on_record_and_claim_no_key() {
    let (_dir, ledger) = open();
    let refused = Event {
        party: Some(SENDER.into()),
        code: Some("SLUSS-IN-002".into()),
        ..event(EventKind::Refused, second(1))
    };
    ledger.record(vec![event(EventKind::Started, second(0)), refused]).await.unwrap();
    let listed = ledger.refusals(10).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].code.as_deref(), Some("SLUSS-IN-002"));
    assert_eq!(ledger.admit(admission("m1", lane(1, 1))).await.unwrap(), Admitted::New);
}

#[tokio::test]
async fn a_journey_tells_all_in_order() {
    let (_dir, ledger) = open();
    ledger.admit(admission("m1", lane(1, 1))).await.unwrap();
    let claimed = ledger.claim(second(1), 8, Room::plenty()).await.unwrap();
    assert_eq!(claimed.len(), 1);
    let one = &claimed[0];
    assert_eq!((one.id.as_str(), one.message.as_str(), one.attempt), ("d-m1", "gw-m1", 1));
    assert_eq!((one.sender_message.as_str(), one.event.as_str()), ("m1", "admission-notice"));
    assert_eq!((one.accepted, one.expires, one.format), (second(0), second(1000), Format::CaseJson));
    assert_eq!((one.body.as_slice(), one.facts.as_str()), (&b"{\"for\":\"m1\"}"[..], "{\"fact\":\"m1\"}"));

    let late =
        Settlement { next_at: Some(second(60)), ..settlement("d-m1", DeliveryState::Waiting, second(2)) };
    ledger.settle(late).await.unwrap();
    assert!(ledger.claim(second(59), 8, Room::plenty()).await.unwrap().is_empty());
    assert_eq!(ledger.next_due(Room::plenty()).await.unwrap(), Some(second(60)));
    assert_eq!(ledger.claim(second(60), 8, Room::plenty()).await.unwrap()[0].attempt, 2);
    ledger.settle(settlement("d-m1", DeliveryState::Delivered, second(61))).await.unwrap();

    let journey = ledger.journey("gw-m1").await.unwrap();
    let kinds: Vec<&str> = journey.iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(kinds, ["decided", "accepted", "attempt", "not-sent", "attempt", "delivered"]);
    assert!(journey.iter().skip(2).all(|e| e.delivery.as_deref() == Some("d-m1")));
    assert_eq!(serde_json::to_value(&journey[4]).unwrap()["detail"]["attempt"], 2);

    let row = ledger.message("m1").await.unwrap().unwrap();
    assert_eq!(row, ledger.message("gw-m1").await.unwrap().unwrap());
    assert_eq!((row.state, row.receivers), (MessageState::Delivered, vec![receiver(1).to_string()]));
    assert_eq!(ledger.deliveries("gw-m1").await.unwrap()[0].attempts, 2);
    assert_eq!(ledger.original("gw-m1").await.unwrap().unwrap(), b"{\"original\":\"m1\"}");
    assert!(
        ledger.settle(settlement("d-m1", DeliveryState::Held, second(62))).await.is_err(),
        "over is over"
    );
}

#[tokio::test]
async fn lists_narrow_and_page() {
    let (_dir, ledger) = open();
    for n in 0..5 {
        ledger.admit(admission(&format!("m{n}"), lane(n % 2, n))).await.unwrap();
    }
    let ids = |rows: Vec<super::MessageRow>| rows.into_iter().map(|r| r.sender_id).collect::<Vec<_>>();
    let two = Filter { limit: 2, ..Filter::default() };
    let page = ledger.messages(&two).await.unwrap();
    let before = page.last().map(|row| row.seq);
    assert_eq!(ids(page), ["m4", "m3"]);
    assert_eq!(ids(ledger.messages(&Filter { before, ..two }).await.unwrap()), ["m2", "m1"]);
    let to_one = Filter { party: Some(receiver(1).to_string()), ..Filter::default() };
    assert_eq!(ids(ledger.messages(&to_one).await.unwrap()), ["m3", "m1"]);
    let held = Filter { state: Some(MessageState::Held), ..Filter::default() };
    assert!(ledger.messages(&held).await.unwrap().is_empty());
    let other = Filter { event: Some("discharge-ready".into()), ..Filter::default() };
    assert!(ledger.messages(&other).await.unwrap().is_empty());
    assert!(ledger.message("m9").await.unwrap().is_none());
}

#[tokio::test]
async fn the_newest_version_of_each_consent_is_found() {
    let (_dir, ledger) = open();
    let given = || event(EventKind::Consent, second(0));
    for (id, version) in [("c1", 1), ("c1", 2), ("c2", 1)] {
        assert!(ledger.put_consent(&[1; 32], id, version, vec![version as u8], given()).await.unwrap());
    }
    assert!(!ledger.put_consent(&[1; 32], "c1", 2, vec![9], given()).await.unwrap());
    let found: Vec<_> =
        ledger.consents(&[1; 32]).await.unwrap().into_iter().map(|c| (c.id, c.version, c.body)).collect();
    assert_eq!(found, [("c1".into(), 2, vec![2]), ("c2".into(), 1, vec![1])]);
    assert!(ledger.consents(&[2; 32]).await.unwrap().is_empty());
    assert!(ledger.put_consent(&[2; 32], "c1", 1, vec![5], given()).await.unwrap(), "another subject");
    assert_eq!(ledger.consents(&[1; 32]).await.unwrap().len(), 2);
}

#[tokio::test]
async fn what_was_stored_is_there_after_reopening() {
    let (dir, ledger) = open();
    ledger.admit(admission("m1", lane(1, 1))).await.unwrap();
    ledger.admit(admission("m2", lane(1, 1))).await.unwrap();
    let (totals, chain) = (ledger.totals().await.unwrap(), ledger.verify().await.unwrap());
    let error = Ledger::open(options(&dir)).err().unwrap();
    assert!(error.to_string().contains("another process"), "{error}");
    drop(ledger);

    let ledger = Ledger::open(options(&dir)).unwrap();
    assert_eq!(ledger.totals().await.unwrap(), totals);
    assert_eq!(ledger.verify().await.unwrap(), chain);
    let first = admission("m1", lane(1, 1));
    assert_eq!(ledger.admit(first.clone()).await.unwrap(), Admitted::Repeat(first.answer));
    let claimed = ledger.claim(second(1), 8, Room::plenty()).await.unwrap();
    assert_eq!(ids(&claimed), ["d-m1"]);
    assert!(ledger.verify().await.unwrap().ok);
}

#[tokio::test]
async fn changes_are_told() {
    let (_dir, ledger) = open();
    let mut changed = ledger.changed();
    ledger.record(vec![event(EventKind::Started, second(0))]).await.unwrap();
    assert!(!changed.has_changed().unwrap(), "an event alone gives nothing to claim");
    let told = std::time::Duration::from_secs(5);
    ledger.admit(admission("m1", lane(1, 1))).await.unwrap();
    tokio::time::timeout(told, changed.changed()).await.unwrap().unwrap();
    ledger.claim(second(1), 1, Room::plenty()).await.unwrap();
    ledger.admit(admission("m2", lane(1, 1))).await.unwrap();
    tokio::time::timeout(told, changed.changed()).await.unwrap().unwrap();
    ledger.settle(settlement("d-m1", DeliveryState::Delivered, second(2))).await.unwrap();
    tokio::time::timeout(told, changed.changed()).await.unwrap().unwrap();
    ledger.claim(second(2), 1, Room::plenty()).await.unwrap();
    ledger.settle(settlement("d-m2", DeliveryState::Waiting, second(3))).await.unwrap();
    tokio::time::timeout(told, changed.changed()).await.unwrap().unwrap();
    ledger.claim(second(3), 1, Room::plenty()).await.unwrap();
    ledger.settle(settlement("d-m2", DeliveryState::Delivered, second(4))).await.unwrap();
    assert!(!changed.has_changed().unwrap(), "nothing is left to claim");
}

#[tokio::test]
async fn what_is_in_trouble_or_under_way_is_found_by_an_index() {
    let (dir, ledger) = open();
    drop(ledger);
    let conn = rusqlite::Connection::open(dir.path().join("state").join(super::sqlite::FILE)).unwrap();
    for (state, index) in [
        (MessageState::Held, "delivery_trouble"),
        (MessageState::Rejected, "delivery_trouble"),
        (MessageState::Expired, "delivery_trouble"),
        (MessageState::Waiting, "delivery_lane"),
    ] {
        let (sql, values) = super::questions::listing(&Filter { state: Some(state), ..Filter::default() });
        let mut plan = conn.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).unwrap();
        let steps =
            plan.query_map(rusqlite::params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
        let steps = steps.collect::<Result<Vec<_>, _>>().unwrap().join("; ");
        assert!(steps.contains(index) && !steps.contains("SCAN m"), "{state:?}: {steps}");
    }
}
