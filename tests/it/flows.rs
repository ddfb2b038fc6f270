//! The main job: sender, gateway, receiver.

use crate::world::{GRANVIK, SJOBY, Setup, World, assert_fault};
use jiff::Timestamp;
use serde_json::{Value, json};
use sluss::conformance::{
    message::{self, Fhir},
    receiver::Conduct,
};
use std::time::Duration;

fn now() -> Timestamp {
    Timestamp::now()
}

pub fn admission(id: &str, case: &str, to: &str) -> Value {
    Fhir::fresh("admission-notice/valid-2-surplus.json", id, now()).case(case).to(to).0
}

pub fn ready(id: &str, case: &str) -> Value {
    let message = Fhir::fresh("discharge-ready/valid-2-rich.json", id, now()).case(case).to(SJOBY);
    message.basis("release-health", Some("Planering av hemgång.")).0
}

fn withdrawn(id: &str, of: &str, case: &str) -> Value {
    let message = Fhir::fresh("discharge-ready-withdrawn/valid-2-rich.json", id, now()).case(case).to(SJOBY);
    message.refers_to(of).basis("release-health", Some("Planering av hemgång.")).0
}

fn statement(id: &str) -> Fhir {
    Fhir::fresh("exam-statement/valid-2-rich.json", id, now()).to(SJOBY).basis("consent-guardians-both", None)
}

fn json_of(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn m6_reaches_the_municipality_with_exactly_four_fields_and_the_sender_is_told() {
    let world = World::new().await;
    let reply = world.as_region().fhir(&admission("m6", "C-1", GRANVIK)).await.unwrap();
    assert_eq!(reply.status, 202, "{}", reply.json());
    let told = reply.json().to_string();
    for removed in ["reasonCode", "serviceProvider", "telecom", "birthDate", "gender"] {
        assert!(told.contains(removed), "{removed} is not named in {told}");
    }
    world.until("m6", "delivered").await;
    let effects = world.granvik.effects();
    assert_eq!((effects.len(), world.sjoby.received().len()), (1, 0));
    assert_eq!(effects[0].from, "SE2321009900-SLUSS", "the gateway presents its own certificate");
    let got = json_of(&effects[0].body);
    assert_eq!(got["event"], "admission-notice");
    let subject: Vec<&String> = got["subject"].as_object().unwrap().keys().collect();
    assert_eq!(subject, ["personalNumber", "numberKind", "name", "address"]);
    let admission: Vec<&String> = got["admission"].as_object().unwrap().keys().collect();
    assert_eq!(admission, ["estimatedDischarge"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn m11_and_m12_keep_their_order_and_their_times_are_on_record() {
    let world = World::new().await;
    let region = world.as_region();
    // Sjöby is down for a while; the other municipality must not notice.
    world.sjoby.always(Some(Conduct::Status(503)));
    assert_eq!(region.fhir(&ready("m11", "C-1")).await.unwrap().status, 202);
    assert_eq!(region.fhir(&withdrawn("m12", "m11", "C-1")).await.unwrap().status, 202);
    assert_eq!(region.fhir(&admission("m6", "C-2", GRANVIK)).await.unwrap().status, 202);
    world.until("m6", "delivered").await;
    assert!(world.sjoby.effects().is_empty());
    world.sjoby.always(None);
    world.until("m12", "delivered").await;
    let events: Vec<Value> =
        world.sjoby.effects().iter().map(|r| json_of(&r.body)["event"].clone()).collect();
    assert_eq!(events, ["discharge-ready", "discharge-ready-withdrawn"]);
    let ledger = &world.gateway().gateway.ledger;
    let row = ledger.message("m11").await.unwrap().unwrap();
    assert!(row.occurred < row.sent && row.sent <= row.received, "{row:?}");
    let journey = world.journey("m11").await;
    let kinds: Vec<&str> = journey.iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(&kinds[..4], ["accepted", "decided", "attempt", "not-sent"]);
    assert_eq!(kinds.last(), Some(&"delivered"));
}

#[tokio::test(flavor = "multi_thread")]
async fn m1_becomes_a_fhir_message_at_the_region() {
    let world = World::new().await;
    let body = message::fresh_case("health-exam-request/case-valid-2-rich.json", "m1", "C-9", now());
    let reply = world.as_sjoby().case(&body).await.unwrap();
    assert_eq!(reply.status, 202, "{}", reply.json());
    assert_eq!(reply.json()["senderReference"], body["senderReference"]);
    world.until("m1", "delivered").await;
    let effects = world.region.effects();
    assert_eq!(effects[0].content_type, "application/fhir+json");
    let bundle = json_of(&effects[0].body);
    let kinds: Vec<&str> = bundle["entry"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|e| e["resource"]["resourceType"].as_str())
        .collect();
    for kind in ["MessageHeader", "Task", "ServiceRequest", "Patient", "Organization", "EpisodeOfCare"] {
        assert!(kinds.contains(&kind), "{kind} is missing in {kinds:?}");
    }
    assert_eq!(kinds[0], "MessageHeader");
}

#[tokio::test(flavor = "multi_thread")]
async fn m5_stops_without_a_basis_and_passes_with_a_consent() {
    let world = World::new().await;
    let region = world.as_region();
    let reply = region.fhir(&statement("m5a").0).await.unwrap();
    assert_fault(&reply, 403, "SLUSS-PRM-001");
    assert!(reply.json().to_string().contains("consent-guardians-both"), "what would be accepted is named");
    let number =
        statement("x").resource("Patient").unwrap()["identifier"][0]["value"].as_str().unwrap().to_string();
    let consent = message::consent("c1", &number, "consent-guardians-both", "exam-statement", SJOBY);
    // The receiver cannot open the door for itself.
    assert_eq!(world.as_sjoby().consent(&consent).await.unwrap().status, 201);
    assert_fault(&region.fhir(&statement("m5x").0).await.unwrap(), 403, "SLUSS-PRM-001");
    assert_eq!(region.consent(&consent).await.unwrap().status, 201);
    assert_eq!(region.fhir(&statement("m5b").0).await.unwrap().status, 202);
    world.until("m5b", "delivered").await;
    assert_eq!(world.sjoby.received().len(), 1, "of the stopped message the receiver learns nothing");
    let other = message::consent("c1", &number, "consent-guardians-both", "exam-statement", GRANVIK);
    assert_eq!(region.consent(&other).await.unwrap().status, 201);
    assert_fault(&region.fhir(&statement("m5c").0).await.unwrap(), 403, "SLUSS-PRM-001");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_revoked_while_the_message_waits_stops_it() {
    let world = World::new().await;
    let region = world.as_region();
    let number =
        statement("x").resource("Patient").unwrap()["identifier"][0]["value"].as_str().unwrap().to_string();
    let mut consent = message::consent("c1", &number, "consent-guardians-both", "exam-statement", SJOBY);
    assert_eq!(region.consent(&consent).await.unwrap().status, 201);
    world.sjoby.always(Some(Conduct::Status(503)));
    assert_eq!(region.fhir(&statement("m5").0).await.unwrap().status, 202);
    tokio::time::sleep(Duration::from_millis(200)).await;
    consent["status"] = json!("inactive");
    assert_eq!(region.consent(&consent).await.unwrap().status, 201);
    world.until("m5", "held").await;
    world.sjoby.always(None);
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert!(world.sjoby.effects().is_empty());
    let journey = world.journey("m5").await;
    assert_eq!(journey.last().unwrap().code.as_deref(), Some("SLUSS-DLV-009"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_protected_persons_message_is_held_where_the_receiver_cannot_handle_it() {
    let setup = Setup { partner: Some("idempotent = true\n"), ..Setup::default() };
    let world = World::with(setup).await;
    let body = Fhir::fresh("admission-notice/valid-3-protected.json", "m6", now()).to(GRANVIK).0;
    let reply = world.as_region().fhir(&body).await.unwrap();
    assert_eq!(reply.status, 202, "{}", reply.json());
    assert!(reply.codes().contains(&"SLUSS-PRM-003".to_string()), "{}", reply.json());
    world.until("m6", "held").await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(world.granvik.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_gets_the_first_answer_again_and_has_no_second_effect() {
    let world = World::new().await;
    let region = world.as_region();
    let body = admission("m6", "C-1", GRANVIK);
    let first = region.fhir(&body).await.unwrap();
    let mut crowd = tokio::task::JoinSet::new();
    for _ in 0..16 {
        let (region, body) = (region.clone(), body.clone());
        crowd.spawn(async move { region.fhir(&body).await.unwrap() });
    }
    while let Some(again) = crowd.join_next().await {
        let again = again.unwrap();
        assert_eq!((again.status, &again.body), (first.status, &first.body));
    }
    world.until("m6", "delivered").await;
    assert_eq!(world.granvik.received().len(), 1);
    let mut other = body.clone();
    other["timestamp"] = json!(message::instant(now()));
    assert_fault(&region.fhir(&other).await.unwrap(), 409, "SLUSS-DUP-001");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_resumes_everything_open() {
    let mut world = World::new().await;
    world.granvik.always(Some(Conduct::Status(503)));
    let body = admission("m6", "C-1", GRANVIK);
    let first = world.as_region().fhir(&body).await.unwrap();
    world.stop().await;
    world.granvik.always(None);
    world.start().await;
    world.until("m6", "delivered").await;
    let again = world.as_region().fhir(&body).await.unwrap();
    assert_eq!(again.body, first.body, "what was seen is remembered over a restart");
    assert_eq!(world.granvik.effects().len(), 1);
    assert!(world.gateway().gateway.ledger.verify().await.unwrap().ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_misleads_has_one_effect_at_an_idempotent_receiver() {
    let world = World::new().await;
    world.granvik.script([Conduct::Mislead(500), Conduct::Slow(Duration::from_secs(3)), Conduct::Accept]);
    let reply = world.as_region().fhir(&admission("m6", "C-1", GRANVIK)).await.unwrap();
    assert_eq!(reply.status, 202);
    world.until("m6", "delivered").await;
    assert_eq!(world.granvik.effects().len(), 1);
    assert!(world.granvik.received().len() >= 2);
    let unknown = world.journey("m6").await.iter().filter(|e| e.kind == "unknown").count();
    assert!(unknown >= 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_outcome_at_a_receiver_that_is_not_idempotent_waits_for_a_person() {
    let setup = Setup { partner: Some("handles_protected = true\ntimeout_s = 1\n"), ..Setup::default() };
    let world = World::with(setup).await;
    world.granvik.script([Conduct::Mislead(500)]);
    assert_eq!(world.as_region().fhir(&admission("m6", "C-1", GRANVIK)).await.unwrap().status, 202);
    world.until("m6", "held").await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(world.granvik.received().len(), 1, "never tried again by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_refuses_for_good_ends_the_delivery_and_frees_the_lane() {
    let world = World::new().await;
    world.sjoby.script([Conduct::Status(422)]);
    let region = world.as_region();
    assert_eq!(region.fhir(&ready("m11", "C-1")).await.unwrap().status, 202);
    assert_eq!(region.fhir(&withdrawn("m12", "m11", "C-1")).await.unwrap().status, 202);
    world.until("m11", "rejected").await;
    world.until("m12", "delivered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_slow_receiver_does_not_hold_the_others() {
    let world = World::with(Setup { delivery: Some("concurrency = 32"), ..Setup::default() }).await;
    world.sjoby.always(Some(Conduct::Slow(Duration::from_secs(20))));
    let region = world.as_region();
    for n in 0..20 {
        assert_eq!(region.fhir(&ready(&format!("slow-{n}"), &format!("S-{n}"))).await.unwrap().status, 202);
    }
    for n in 0..5 {
        let body = admission(&format!("quick-{n}"), &format!("Q-{n}"), GRANVIK);
        assert_eq!(region.fhir(&body).await.unwrap().status, 202);
    }
    for n in 0..5 {
        world.until(&format!("quick-{n}"), "delivered").await;
    }
}
