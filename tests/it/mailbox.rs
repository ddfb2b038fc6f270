//! The mailbox: a municipality that hosts no endpoint fetches its messages, over real TLS.

use crate::{
    flows::{admission, ready},
    world::{GRANVIK, SJOBY, STRANGER, Setup, World, assert_fault},
};
use jiff::Timestamp;
use serde_json::{Value, json};
use sluss::conformance::{
    message::{self, Fhir},
    puller::Puller,
};
use std::{
    collections::{HashMap, HashSet},
    time::{Duration, Instant},
};

/// Both municipalities fetch; what is handed out comes again after `timeout_s`.
pub const LONG: Setup = Setup {
    top: "",
    delivery: None,
    store: None,
    listen: "",
    pulls: &["granvik", "sjoby"],
    partner: Some("handles_protected = true\ntimeout_s = 60\n"),
    speaks: &[],
    edit: None,
};
const SHORT: Setup = Setup { partner: Some("handles_protected = true\ntimeout_s = 1\n"), ..LONG };

async fn accept(world: &World, body: &Value) {
    let reply = world.as_region().fhir(body).await.unwrap();
    assert_eq!(reply.status, 202, "{}", reply.json());
}

async fn items(puller: &Puller, query: &str) -> Vec<Value> {
    let reply = puller.pull(query).await.unwrap();
    assert_eq!((reply.status, reply.content_type.as_str()), (200, "application/json"), "{}", reply.json());
    reply.json()["items"].as_array().unwrap().clone()
}

fn id(item: &Value) -> &str {
    item["delivery"].as_str().unwrap()
}

fn sender_ids(items: &[Value]) -> Vec<&str> {
    items.iter().map(|i| i["senderMessage"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_call_gets_a_message_the_moment_it_is_accepted_and_keeps_owing_it() {
    let world = World::with(LONG).await;
    let granvik = Puller::of(world.as_granvik());
    let waiting = tokio::spawn({
        let granvik = granvik.clone();
        async move { (items(&granvik, "wait=20").await, Instant::now()) }
    });
    tokio::time::sleep(Duration::from_millis(300)).await;
    accept(&world, &admission("m6", "C-1", GRANVIK)).await;
    let accepted = Instant::now();
    let (got, at) = waiting.await.unwrap();
    assert!(at.saturating_duration_since(accepted) < Duration::from_secs(1), "the bell was not heard");
    assert_eq!(sender_ids(&got), ["m6"]);
    let item = &got[0];
    assert_eq!(
        (&item["event"], &item["case"], &item["attempt"]),
        (&json!("admission-notice"), &json!("C-1"), &json!(1))
    );
    assert_eq!((&item["format"], &item["mediaType"]), (&json!("case-json"), &json!("application/json")));
    let fields: Vec<&String> = item["body"]["subject"].as_object().unwrap().keys().collect();
    assert_eq!(fields, ["personalNumber", "numberKind", "name", "address"]);
    let alone = granvik.one(id(item)).await.unwrap();
    assert_eq!((alone.status, alone.json()), (200, item["body"].clone()));
    world.until("m6", "waiting").await;
    assert!(world.granvik.received().is_empty(), "nothing is carried to a party that fetches");

    for _ in 0..2 {
        let reply = granvik.acknowledge(&[id(item)]).await.unwrap();
        let state = json!({ "results": [{ "delivery": id(item), "state": "delivered" }] });
        assert_eq!((reply.status, reply.json()), (200, state));
    }
    world.until("m6", "delivered").await;
    let kinds: Vec<String> = world.journey("m6").await.into_iter().map(|e| e.kind).collect();
    assert_eq!(kinds, ["accepted", "decided", "attempt", "attempt", "delivered"]);
    assert!(items(&granvik, "after=0").await.is_empty());
    assert_fault(&granvik.one(id(item)).await.unwrap(), 404, "SLUSS-MBX-002");
    assert!(world.gateway().gateway.ledger.verify().await.unwrap().ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_receipt_comes_again_at_once_for_an_older_cursor_or_after_its_time() {
    let world = World::with(SHORT).await;
    let granvik = Puller::of(world.as_granvik());
    assert_eq!(granvik.pull("").await.unwrap().json(), json!({ "items": [] }));
    accept(&world, &admission("m6", "C-1", GRANVIK)).await;
    let first = granvik.pull("after=0").await.unwrap().json();
    let cursor = first["next"].as_str().unwrap();
    assert!(items(&granvik, &format!("after={cursor}")).await.is_empty(), "the party says that it has it");
    assert!(items(&granvik, "").await.is_empty(), "somebody has it");
    let again = items(&granvik, "after=0").await;
    assert_eq!((id(&again[0]), &again[0]["attempt"]), (id(&first["items"][0]), &json!(2)));
    let began = Instant::now();
    let later = items(&granvik, "wait=10").await;
    assert_eq!((id(&later[0]), &later[0]["attempt"]), (id(&first["items"][0]), &json!(3)));
    assert!(began.elapsed() < Duration::from_secs(4), "it comes again after a second");
    assert_eq!(granvik.acknowledge(&[id(&later[0])]).await.unwrap().status, 200);
    world.until("m6", "delivered").await;
    assert!(items(&granvik, "after=0&wait=2").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_of_a_case_is_handed_out_when_the_one_before_is_over() {
    let world = World::with(LONG).await;
    let granvik = Puller::of(world.as_granvik());
    for (message, case) in [("a1", "A"), ("a2", "A"), ("b1", "B"), ("a3", "A")] {
        accept(&world, &admission(message, case, GRANVIK)).await;
    }
    let page = items(&granvik, "").await;
    assert_eq!(sender_ids(&page), ["a1", "b1"]);
    assert!(items(&granvik, "").await.is_empty());
    // A call that waits hears of the receipt, whoever sends it.
    let waiting = tokio::spawn({
        let granvik = granvik.clone();
        async move { items(&granvik, "wait=20").await }
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let reply = granvik.reject(id(&page[0]), "unreadable").await.unwrap();
    assert_eq!(reply.json()["results"][0]["state"], "rejected");
    let next = waiting.await.unwrap();
    assert_eq!(sender_ids(&next), ["a2"]);
    world.until("a1", "rejected").await;
    let journey = world.journey("a1").await;
    let last = journey.last().unwrap();
    assert_eq!((last.kind.as_str(), last.code.as_deref()), ("rejected", Some("SLUSS-DLV-002")));
    assert!(last.detail.contains("unreadable"), "{}", last.detail);
    let both = [id(&next[0]), id(&page[1])];
    assert_eq!(granvik.acknowledge(&both).await.unwrap().status, 200);
    assert_eq!(sender_ids(&items(&granvik, "").await), ["a3"]);
    // The first receipt counts.
    let late = granvik.acknowledge(&[id(&page[0])]).await.unwrap();
    assert_eq!(late.json()["results"][0]["state"], "rejected");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_revoked_between_two_calls_stops_the_message() {
    let world = World::with(LONG).await;
    let region = world.as_region();
    let sjoby = Puller::of(world.as_sjoby());
    let statement = |id: &str| {
        let fresh = Fhir::fresh("exam-statement/valid-2-rich.json", id, Timestamp::now()).to(SJOBY);
        fresh.basis("consent-guardians-both", None)
    };
    let number =
        statement("x").resource("Patient").unwrap()["identifier"][0]["value"].as_str().unwrap().to_string();
    let mut consent = message::consent("c1", &number, "consent-guardians-both", "exam-statement", SJOBY);
    assert_eq!(region.consent(&consent).await.unwrap().status, 201);
    accept(&world, &statement("first").case("C-1").0).await;
    let handed = items(&sjoby, "").await;
    assert_eq!(sender_ids(&handed), ["first"]);
    accept(&world, &statement("second").case("C-2").0).await;
    consent["status"] = json!("inactive");
    assert_eq!(region.consent(&consent).await.unwrap().status, 201);

    assert!(items(&sjoby, "after=0&wait=1").await.is_empty(), "neither again nor for the first time");
    for message in ["first", "second"] {
        world.until(message, "held").await;
        let journey = world.journey(message).await;
        assert_eq!(journey.last().unwrap().code.as_deref(), Some("SLUSS-DLV-009"));
    }
    assert_fault(&sjoby.one(id(&handed[0])).await.unwrap(), 404, "SLUSS-MBX-002");
    // It has what it was handed while that was permitted, and says so.
    assert_eq!(sjoby.acknowledge(&[id(&handed[0])]).await.unwrap().status, 200);
    world.until("first", "delivered").await;
    world.until("second", "held").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_sees_its_own_deliveries_and_anothers_look_like_none() {
    let setup = Setup { pulls: &["granvik", "sjoby"], ..LONG };
    let world = World::with(setup).await;
    let (granvik, sjoby) = (Puller::of(world.as_granvik()), Puller::of(world.as_sjoby()));
    accept(&world, &admission("m6", "C-1", GRANVIK)).await;
    assert!(items(&sjoby, "after=0").await.is_empty());
    let handed = items(&granvik, "after=0").await;
    let unknown = "01890000-0000-7000-8000-000000000000";
    for call in ["one", "acknowledge", "reject"] {
        let mut replies = Vec::new();
        for delivery in [id(&handed[0]), unknown] {
            replies.push(match call {
                "one" => sjoby.one(delivery).await.unwrap(),
                "acknowledge" => sjoby.acknowledge(&[delivery]).await.unwrap(),
                _ => sjoby.reject(delivery, "not-ours").await.unwrap(),
            });
        }
        replies.iter().for_each(|reply| assert_fault(reply, 404, "SLUSS-MBX-002"));
        assert_eq!(replies[0].body, replies[1].body, "{call}");
    }
    // A delivery that its owner has not been handed yet is none either, and one good id is enough.
    let mixed = granvik.acknowledge(&[unknown, id(&handed[0])]).await.unwrap();
    assert_eq!((&mixed.json()["results"][0]["state"], mixed.status), (&json!("unknown"), 200));
    world.until("m6", "delivered").await;

    let region = Puller::of(world.as_region());
    assert_fault(&region.pull("").await.unwrap(), 403, "SLUSS-MBX-001");
    assert_fault(&region.acknowledge(&["x"]).await.unwrap(), 403, "SLUSS-MBX-001");
    let stranger = Puller::of(world.as_stranger());
    assert_fault(&stranger.pull("").await.unwrap(), 403, "SLUSS-IDN-002");
    let refused = world.refusals().await;
    assert!(refused.iter().any(|e| e.party.as_deref() == Some(STRANGER)), "on record");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_tells_of_messages_shows_that_it_lives_and_goes_on_where_it_broke() {
    let world = World::with(LONG).await;
    let granvik = Puller::of(world.as_granvik());
    let mut stream = granvik.stream("wait=1", None).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().data, "open");
    assert_eq!(stream.next().await.unwrap().unwrap().data, "nothing new");
    accept(&world, &admission("m1", "C-1", GRANVIK)).await;
    accept(&world, &admission("m2", "C-2", GRANVIK)).await;
    let (before, first) = stream.delivery().await.unwrap().unwrap();
    let (_, second) = stream.delivery().await.unwrap().unwrap();
    assert_eq!(sender_ids(&[first.clone(), second.clone()]), ["m1", "m2"]);
    assert_eq!(first["body"]["case"], "C-1");
    drop(stream);
    // It has the first and not the second.
    let mut stream = granvik.stream("", Some(&before)).await.unwrap();
    let (_, again) = stream.delivery().await.unwrap().unwrap();
    assert_eq!((id(&again), &again["attempt"]), (id(&second), &json!(2)));
    assert_eq!(granvik.acknowledge(&[id(&first), id(&second)]).await.unwrap().status, 200);
    world.until("m1", "delivered").await;
    world.until("m2", "delivered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_changes_nothing_of_what_is_owed() {
    let mut world = World::with(LONG).await;
    for (message, case) in [("m1", "C-1"), ("m2", "C-2")] {
        accept(&world, &admission(message, case, GRANVIK)).await;
    }
    let handed = items(&Puller::of(world.as_granvik()), "").await;
    world.stop().await;
    world.start().await;
    let granvik = Puller::of(world.as_granvik());
    assert_eq!(granvik.acknowledge(&[id(&handed[0])]).await.unwrap().status, 200);
    world.until("m1", "delivered").await;
    let again = items(&granvik, "after=0").await;
    assert_eq!((sender_ids(&again), id(&again[0])), (vec!["m2"], id(&handed[1])));
    assert_eq!(granvik.acknowledge(&[id(&handed[0]), id(&handed[1])]).await.unwrap().status, 200);
    world.until("m2", "delivered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_what_waits_at_once() {
    let mut world = World::with(LONG).await;
    let granvik = Puller::of(world.as_granvik());
    let waiting = tokio::spawn({
        let granvik = granvik.clone();
        async move { items(&granvik, "wait=60").await }
    });
    let mut stream = granvik.stream("wait=60", None).await.unwrap();
    assert_eq!(stream.next().await.unwrap().unwrap().data, "open");
    tokio::time::sleep(Duration::from_millis(300)).await;
    let began = Instant::now();
    world.stop().await;
    assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
    assert!(waiting.await.unwrap().is_empty());
    assert!(stream.next().await.unwrap().unwrap().data.starts_with("end"));
    assert_eq!(stream.next().await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_that_fetch_at_once_share_the_work_and_no_case_is_out_of_order() {
    let world = World::with(LONG).await;
    let mut expected: HashMap<String, Vec<String>> = HashMap::new();
    for n in 0..24 {
        let case = format!("C-{}", n % 5);
        let message = format!("m{n}");
        accept(&world, &ready(&message, &case)).await;
        expected.entry(case).or_default().push(message);
    }
    let order = std::sync::Arc::new(std::sync::Mutex::new(Vec::<(String, String, String)>::new()));
    let mut pullers = tokio::task::JoinSet::new();
    for _ in 0..2 {
        let (sjoby, order) = (Puller::of(world.as_sjoby()), order.clone());
        pullers.spawn(async move {
            loop {
                let page = items(&sjoby, "limit=3&wait=1").await;
                if page.is_empty() {
                    return;
                }
                for item in &page {
                    let text = |name: &str| item[name].as_str().unwrap().to_string();
                    order.lock().unwrap().push((text("case"), text("senderMessage"), text("delivery")));
                }
                let ids: Vec<&str> = page.iter().map(id).collect();
                assert_eq!(sjoby.acknowledge(&ids).await.unwrap().status, 200);
            }
        });
    }
    while let Some(ended) = pullers.join_next().await {
        ended.unwrap();
    }
    let order = order.lock().unwrap().clone();
    let deliveries: HashSet<&String> = order.iter().map(|(_, _, delivery)| delivery).collect();
    assert_eq!((order.len(), deliveries.len()), (24, 24), "each is with one of them only");
    let mut got: HashMap<String, Vec<String>> = HashMap::new();
    for (case, message, _) in order {
        got.entry(case).or_default().push(message);
    }
    assert_eq!(got, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_that_calls_too_often_displaces_itself_and_one_that_broke_off_is_not_locked_out() {
    let world = World::with(LONG).await;
    let granvik = Puller::of(world.as_granvik());
    let mut calls = Vec::new();
    for _ in 0..5 {
        let granvik = granvik.clone();
        calls.push(tokio::spawn(async move { granvik.pull("wait=20").await.unwrap() }));
        tokio::time::sleep(Duration::from_millis(150)).await;
    }
    let first = calls.remove(0).await.unwrap();
    assert_fault(&first, 429, "SLUSS-MBX-003");
    calls.iter().for_each(tokio::task::JoinHandle::abort);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let waiting = tokio::spawn(async move { items(&granvik, "after=0&wait=20").await });
    tokio::time::sleep(Duration::from_millis(200)).await;
    accept(&world, &admission("m6", "C-1", GRANVIK)).await;
    let began = Instant::now();
    assert_eq!(sender_ids(&waiting.await.unwrap()), ["m6"], "nobody else is there any more");
    assert!(began.elapsed() < Duration::from_secs(2));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_annulled_while_the_party_has_it_is_handed_out_no_more_and_the_annulment_is() {
    let world = World::with(LONG).await;
    let granvik = Puller::of(world.as_granvik());
    accept(&world, &admission("m6", "C-1", GRANVIK)).await;
    let handed = items(&granvik, "after=0").await;
    let annulment = Fhir::fresh("annulment/valid-1-rich.json", "m20", Timestamp::now());
    accept(&world, &annulment.case("C-1").to(GRANVIK).refers_to("m6").0).await;
    let next = items(&granvik, "after=0").await;
    assert_eq!(sender_ids(&next), ["m20"]);
    for _ in 0..2 {
        let late = granvik.acknowledge(&[id(&handed[0])]).await.unwrap();
        assert_eq!(late.json()["results"][0]["state"], "stopped");
    }
    let kinds: Vec<String> = world.journey("m6").await.into_iter().map(|e| e.kind).collect();
    assert_eq!(kinds.last().map(String::as_str), Some("delivered"), "{kinds:?}");
    assert_eq!(kinds.iter().filter(|k| *k == "delivered").count(), 1, "{kinds:?}");
    assert_eq!(granvik.acknowledge(&[id(&next[0])]).await.unwrap().status, 200);
    world.until("m20", "delivered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sender_that_wants_receipts_gets_one_when_the_party_acknowledges() {
    let more = "handles_protected = true\ntimeout_s = 60\nreceipts = [\"delivered\"]\n";
    let world = World::with(Setup { pulls: &["granvik"], partner: Some(more), ..LONG }).await;
    let granvik = Puller::of(world.as_granvik());
    accept(&world, &admission("m6", "C-1", GRANVIK)).await;
    let handed = items(&granvik, "").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(world.region.effects().is_empty(), "handed out is not delivered");
    assert_eq!(granvik.acknowledge(&[id(&handed[0])]).await.unwrap().status, 200);
    for _ in 0..200 {
        if !world.region.effects().is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(25)).await;
    }
    let got: Vec<Value> =
        world.region.effects().iter().map(|r| serde_json::from_slice(&r.body).unwrap()).collect();
    assert_eq!((got.len(), &got[0]["entry"][0]["resource"]["eventCoding"]["code"]), (1, &json!("receipt")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_may_fetch_too() {
    let world = World::with(Setup { pulls: &["region"], ..LONG }).await;
    let now = Timestamp::now();
    let body = message::fresh_case("health-exam-request/case-valid-2-rich.json", "m1", "C-9", now);
    let reply = world.as_sjoby().case(&body).await.unwrap();
    assert_eq!(reply.status, 202, "{}", reply.json());
    let region = Puller::of(world.as_region());
    let got = items(&region, "").await;
    assert_eq!((&got[0]["format"], &got[0]["body"]["type"]), (&json!("fhir-r4-json"), &json!("message")));
    let alone = region.one(id(&got[0])).await.unwrap();
    assert_eq!(
        (alone.content_type.as_str(), alone.json()),
        ("application/fhir+json", got[0]["body"].clone())
    );
    assert_eq!(region.acknowledge(&[id(&got[0])]).await.unwrap().status, 200);
    world.until("m1", "delivered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_json_stands_in_a_page_as_text_and_alone_as_itself() {
    let world = World::with(Setup { speaks: &[("granvik", "case-xml")], ..LONG }).await;
    accept(&world, &admission("m6", "C-1", GRANVIK)).await;
    let granvik = Puller::of(world.as_granvik());
    let got = items(&granvik, "").await;
    let text = got[0]["text"].as_str().unwrap();
    assert!(text.contains("<caseMessage xmlns=\"https://sluss.example/case/1\">"), "{text}");
    assert_eq!((&got[0]["format"], got[0].get("body")), (&json!("case-xml"), None));
    let alone = granvik.one(id(&got[0])).await.unwrap();
    assert_eq!((alone.content_type.as_str(), alone.body.as_slice()), ("application/xml", text.as_bytes()));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_understood_is_refused_whole() {
    let world = World::with(LONG).await;
    let granvik = Puller::of(world.as_granvik());
    for query in ["limit=0", "wait=61", "after=first", "order=desc"] {
        assert_fault(&granvik.pull(query).await.unwrap(), 400, "SLUSS-MBX-004");
    }
    for said in [json!({}), json!([]), json!({ "reject": [{ "delivery": "x", "reason": "because" }] })] {
        assert_fault(&granvik.receipts(&said).await.unwrap(), 400, "SLUSS-MBX-004");
    }
    let sender = world.as_granvik();
    let reply = sender.post("/case/v1/mailbox/ack", "text/plain", b"{}".to_vec()).await.unwrap();
    assert_fault(&reply, 415, "SLUSS-IN-007");
    let reply = sender.post("/case/v1/mailbox", "application/json", b"{}".to_vec()).await.unwrap();
    assert_fault(&reply, 405, "SLUSS-IN-011");
}
