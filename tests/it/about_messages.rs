//! What later messages make of an earlier one, end to end: receipts, annulments, wrong receivers, new estimates, and what the
//! gateway tells a sender of its own message.

use crate::{
    catalogue_replies::{RULES, county, wanted},
    flows::{admission, ready},
    world::{GRANVIK, REGION, SJOBY, Setup, World, assert_fault},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sluss::{
    conformance::{
        message::{self, Fhir, example},
        puller::Puller,
        receiver::{Conduct, Receiver},
    },
    model::MessageState,
    port::Clock,
};
use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

/// A receipt of Sjöby about a message of the region.
fn receipt(id: &str, of: &str, case: &str, status: &str) -> Value {
    let mut body = message::fresh_case("receipt/case-valid-2-minimal.json", id, case, Timestamp::now());
    body["sender"] = json!({ "hsaId": SJOBY });
    body["receiver"] = json!({ "hsaId": REGION });
    body["answers"] = json!(of);
    body["receipt"]["at"] = body["occurredAt"].clone();
    body["receipt"]["status"] = json!(status);
    if status == "rejected" {
        body["receipt"]["reason"] = json!("not-authorised");
    }
    body
}

fn annulment(id: &str, of: &str, case: &str, to: &str) -> Value {
    Fhir::fresh("annulment/valid-1-rich.json", id, Timestamp::now()).case(case).to(to).refers_to(of).0
}

#[tokio::test(flavor = "multi_thread")]
async fn receipts_of_the_receiver_move_the_message_and_take_nothing_back() {
    let world = county().await;
    let (region, sjoby) = (world.as_region(), world.as_sjoby());
    assert_eq!(region.fhir(&ready("m11", "C-1")).await.unwrap().status, 202);
    world.until("m11", "delivered").await;
    for (n, status, state) in [
        (1, "received", "delivered"),
        (2, "opened", "acknowledged"),
        (3, "handled", "handled"),
        (4, "opened", "handled"),
    ] {
        let reply = sjoby.case(&receipt(&format!("q{n}"), "m11", "C-1", status)).await.unwrap();
        assert_eq!(reply.status, 202, "{}", reply.json());
        world.until("m11", state).await;
        world.until(&format!("q{n}"), "delivered").await;
    }
    assert_eq!(world.region.effects().len(), 4, "each receipt reaches the sender");
    let kinds: Vec<String> = world.journey("m11").await.into_iter().map(|e| e.kind).collect();
    assert_eq!(kinds[kinds.len() - 2..], ["acknowledged", "handled"]);
    // Not about what was never sent to it, and not about a receipt.
    for (id, of) in [("q5", "m12"), ("q6", "q1")] {
        let reply = sjoby.case(&receipt(id, of, "C-1", "opened")).await.unwrap();
        assert_fault(&reply, 422, "SLUSS-REF-001");
    }
    let mut other = receipt("q7", "m11", "C-1", "opened");
    other["sender"] = json!({ "hsaId": GRANVIK });
    assert_fault(&world.as_granvik().case(&other).await.unwrap(), 422, "SLUSS-REF-001");
    let ledger = &world.gateway().gateway.ledger;
    let totals = ledger.totals().await.unwrap();
    assert_eq!((totals.accepted, totals.handled, totals.delivered), (5, 1, 4));
    assert!(ledger.verify().await.unwrap().ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_annulment_reaches_whoever_may_have_the_message_and_keeps_it_on_record() {
    let world = county().await;
    let region = world.as_region();
    assert_eq!(region.fhir(&ready("m11", "C-1")).await.unwrap().status, 202);
    world.until("m11", "delivered").await;
    // Another's message, and one that is not there.
    let foreign = annulment("a0", "m11", "C-1", GRANVIK);
    assert_fault(&region.fhir(&foreign).await.unwrap(), 422, "SLUSS-REF-001");
    assert_fault(&region.fhir(&annulment("a1", "m99", "C-1", SJOBY)).await.unwrap(), 422, "SLUSS-REF-001");
    // In another lane it could overtake what it annuls.
    assert_fault(&region.fhir(&annulment("a6", "m11", "C-9", SJOBY)).await.unwrap(), 422, "SLUSS-REF-001");
    // A later step of the case stands in the way until it is annulled itself.
    assert_eq!(region.fhir(&ready("m11b", "C-1")).await.unwrap().status, 202);
    world.until("m11b", "delivered").await;
    assert_fault(&region.fhir(&annulment("a2", "m11", "C-1", SJOBY)).await.unwrap(), 409, "SLUSS-REF-002");
    for (id, of) in [("a3", "m11b"), ("a4", "m11")] {
        let body = annulment(id, of, "C-1", SJOBY);
        let reply = region.fhir(&body).await.unwrap();
        assert_eq!(reply.status, 202, "{}", reply.json());
        world.until(of, "annulled").await;
        world.until(id, "delivered").await;
        assert_eq!(region.fhir(&body).await.unwrap().body, reply.body, "a repeat gets its first answer");
    }
    assert_fault(&region.fhir(&annulment("a5", "m11", "C-1", SJOBY)).await.unwrap(), 409, "SLUSS-REF-002");
    let got = world.sjoby.effects();
    assert_eq!(got.len(), 4, "two notices, two annulments");
    let last: Value = serde_json::from_slice(&got[3].body).unwrap();
    assert_eq!((last["event"].as_str(), last["refersTo"].as_str()), (Some("annulment"), Some("m11")));
    let ledger = &world.gateway().gateway.ledger;
    let row = ledger.message("m11").await.unwrap().unwrap();
    assert!(ledger.original(&row.id).await.unwrap().is_some(), "never deleted");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_not_left_is_stopped_and_nobody_is_told() {
    let world = county().await;
    let region = world.as_region();
    // The first is being tried, the second waits behind it.
    world.sjoby.always(Some(Conduct::Status(503)));
    assert_eq!(region.fhir(&ready("m11", "C-1")).await.unwrap().status, 202);
    assert_eq!(region.fhir(&ready("m11b", "C-1")).await.unwrap().status, 202);
    let reply = region.fhir(&annulment("a1", "m11b", "C-1", SJOBY)).await.unwrap();
    assert_eq!(reply.status, 202, "{}", reply.json());
    world.until("m11b", "annulled").await;
    world.until("a1", "handled").await;
    assert_eq!(region.fhir(&annulment("a2", "m11", "C-1", SJOBY)).await.unwrap().status, 202);
    world.until("m11", "annulled").await;
    world.sjoby.always(None);
    world.until("a2", "delivered").await;
    let ids: Vec<String> = world
        .sjoby
        .effects()
        .iter()
        .map(|r| serde_json::from_slice::<Value>(&r.body).unwrap()["id"].as_str().unwrap().to_string())
        .collect();
    assert_eq!(ids, ["a2"], "of the second it learns nothing; the first may have come, so that is annulled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_receiver_marks_the_notice_and_its_sender_is_told() {
    let world = county().await;
    let (region, sjoby) = (world.as_region(), world.as_sjoby());
    for id in ["m6", "m6b"] {
        assert_eq!(region.fhir(&admission(id, "C-1", SJOBY)).await.unwrap().status, 202);
        world.until(id, "delivered").await;
    }
    let now = Timestamp::now();
    let mut wrong = message::fresh_case("misdirected/case-valid-1-rich.json", "x1", "C-1", now);
    wrong["sender"] = json!({ "hsaId": SJOBY });
    wrong["receiver"] = json!({ "hsaId": REGION });
    wrong["refersTo"] = json!("m6");
    assert_eq!(sjoby.case(&wrong).await.unwrap().status, 202);
    let mut reply = message::fresh_case("admission-reply/case-valid-3-not-resident.json", "x2", "C-1", now);
    reply["sender"] = json!({ "hsaId": SJOBY });
    reply["answers"] = json!("m6b");
    assert_eq!(sjoby.case(&reply).await.unwrap().status, 202);
    for id in ["m6", "m6b"] {
        world.until(id, "misdirected").await;
    }
    world.until("x2", "delivered").await;
    assert_eq!(world.region.effects().len(), 2, "the original sender is told");
    let filter = sluss::ledger::Filter { state: Some(MessageState::Misdirected), ..Default::default() };
    let listed = world.gateway().gateway.ledger.messages(&filter).await.unwrap();
    assert_eq!(listed.iter().map(|m| m.sender_id.as_str()).collect::<Vec<_>>(), ["m6b", "m6"]);
}

/// Everybody wants to know what becomes of its messages.
const CURIOUS: &str = "idempotent = true\nhandles_protected = true\ntimeout_s = 1\n\
     receipts = [\"delivered\", \"rejected\", \"expired\"]\n";

/// The receipt about this message among what came, once it is there.
async fn receipt_about(receiver: &Receiver, id: &str) -> Value {
    for _ in 0..400 {
        for one in receiver.effects() {
            let body: Value = serde_json::from_slice(&one.body).unwrap();
            let header = &body["entry"][0]["resource"];
            if body["answers"] == id || header["response"]["identifier"] == id {
                let report = RULES.check(&one.body, &wanted());
                assert!(report.is_valid() && report.event.as_deref() == Some("receipt"), "{report:#?}");
                return body;
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("no receipt about {id} after ten seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gateway_tells_a_sender_that_wants_it_what_became_of_its_message() {
    let setup = Setup { speaks: &[("granvik", "fhir-r4-json")], partner: Some(CURIOUS), ..Setup::default() };
    let world = World::with(setup).await;
    let (region, sjoby) = (world.as_region(), world.as_sjoby());
    // Delivered, in FHIR: the number and the marking, no name.
    let mut body = Fhir(admission("m6", "C-1", GRANVIK));
    let patient = body.resource("Patient").unwrap();
    patient["meta"]["security"] = example("admission-notice/valid-3-protected.json")["entry"][2]["resource"]
        ["meta"]["security"]
        .clone();
    patient.as_object_mut().unwrap().remove("address");
    let family = patient["name"][0]["family"].as_str().unwrap().to_string();
    let reply = region.fhir(&body.0).await.unwrap();
    assert_eq!(reply.status, 202, "{}", reply.json());
    let told = receipt_about(&world.region, "m6").await;
    let text = told.to_string();
    assert!(text.contains("\"delivered\"") && text.contains("\"DEMO\"") && !text.contains(&family), "{text}");
    let header = &told["entry"][0]["resource"];
    assert_eq!(header["sender"]["identifier"]["value"], "SE2321009900-SLUSS");
    let own = |name: &str| {
        let url = format!("https://sluss.example/fhir/StructureDefinition/{name}");
        let all = header["extension"].as_array().unwrap().iter();
        all.filter(|e| e["url"] == url.as_str()).map(|e| e["valueString"].clone()).next()
    };
    assert_eq!(own("case-id"), Some(json!("C-1")));
    assert!(own("sender-reference").is_some(), "the sender's own reference comes back");
    // Rejected, in FHIR; delivered, as a case message.
    world.sjoby.script([Conduct::Status(422)]);
    assert_eq!(region.fhir(&ready("m11", "C-2")).await.unwrap().status, 202);
    let told = receipt_about(&world.region, "m11").await.to_string();
    assert!(told.contains("\"rejected\"") && told.contains("\"valueCode\":\"other\""), "{told}");
    let body =
        message::fresh_case("admission-reply/case-valid-2-minimal.json", "m8", "C-3", Timestamp::now());
    assert_eq!(sjoby.case(&body).await.unwrap().status, 202);
    let told = receipt_about(&world.sjoby, "m8").await;
    assert_eq!((&told["event"], &told["receipt"]["status"]), (&json!("receipt"), &json!("delivered")));
    assert_eq!(told["subject"].as_object().unwrap().len(), 2, "number and its kind");
    assert_eq!(told["sender"]["hsaId"], "SE2321009900-SLUSS");
    // A receipt makes no receipt, of neither kind.
    assert_eq!(sjoby.case(&receipt("q1", "m8x", "C-2", "opened")).await.unwrap().status, 422);
    let ledger = &world.gateway().gateway.ledger;
    for _ in 0..40 {
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
        let totals = ledger.totals().await.unwrap();
        assert_eq!((totals.accepted, totals.rejected), (6, 1), "three messages, three receipts");
    }
    assert!(ledger.owed(9).await.unwrap().is_empty() && ledger.verify().await.unwrap().ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_estimate_replaces_the_notice_that_it_names() {
    let world = county().await;
    let region = world.as_region();
    assert_eq!(region.fhir(&admission("m6", "C-1", SJOBY)).await.unwrap().status, 202);
    world.until("m6", "delivered").await;
    let changed =
        Fhir::fresh("discharge-estimate-changed/valid-1-rich.json", "m7", Timestamp::now()).case("C-1");
    let reply = region.fhir(&changed.to(SJOBY).refers_to("m6").0).await.unwrap();
    assert_eq!(reply.status, 202, "{}", reply.json());
    world.until("m6", "superseded").await;
    world.until("m7", "delivered").await;
    let last = world.journey("m6").await.pop().unwrap();
    assert_eq!((last.kind.as_str(), last.party.as_deref()), ("superseded", Some(REGION)));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_mailbox_takes_and_an_annulment_of_what_was_handed_out_are_told_too() {
    let setup = Setup { pulls: &["granvik", "sjoby"], partner: Some(CURIOUS), ..Setup::default() };
    let world = World::with(setup).await;
    let (region, granvik) = (world.as_region(), Puller::of(world.as_granvik()));
    assert_eq!(region.fhir(&admission("m6", "C-1", GRANVIK)).await.unwrap().status, 202);
    let item = granvik.pull("wait=10").await.unwrap().json()["items"][0].clone();
    let reply = granvik.acknowledge(&[item["delivery"].as_str().unwrap()]).await.unwrap();
    assert_eq!(reply.status, 200, "{}", reply.json());
    assert!(receipt_about(&world.region, "m6").await.to_string().contains("\"delivered\""));
    // Handed out and then annulled: it is handed out no more, and the annulment is, because it may have been read.
    assert_eq!(region.fhir(&ready("m11", "C-2")).await.unwrap().status, 202);
    let sjoby = Puller::of(world.as_sjoby());
    let item = sjoby.pull("wait=10").await.unwrap().json()["items"][0].clone();
    assert_eq!(item["event"], "discharge-ready");
    assert_eq!(region.fhir(&annulment("a1", "m11", "C-2", SJOBY)).await.unwrap().status, 202);
    world.until("m11", "annulled").await;
    let item = sjoby.pull("wait=10").await.unwrap().json()["items"][0].clone();
    assert_eq!((&item["event"], &item["body"]["refersTo"]), (&json!("annulment"), &json!("m11")));
}

/// Our clock, so many hours ahead.
#[derive(Default)]
struct Ahead(AtomicI64);

impl Clock for Ahead {
    fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_hours(self.0.load(Ordering::Relaxed))
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_never_delivered_is_told_when_its_time_runs_out() {
    let mut world = World::with(Setup { partner: Some(CURIOUS), ..Setup::default() }).await;
    world.stop().await;
    let clock = Arc::new(Ahead::default());
    world.start_with(clock.clone()).await;
    world.sjoby.always(Some(Conduct::Status(503)));
    assert_eq!(world.as_region().fhir(&ready("m11", "C-1")).await.unwrap().status, 202);
    clock.0.store(73, Ordering::Relaxed);
    let told = receipt_about(&world.region, "m11").await.to_string();
    assert!(told.contains("\"expired\"") && !told.contains("receipt-reason"), "{told}");
    world.until("m11", "expired").await;
}
