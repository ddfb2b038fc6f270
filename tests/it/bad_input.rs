//! Bad input gets an answer that says where, what and what to do now, without person data.

use crate::{
    flows::{admission, ready},
    world::{GRANVIK, REGION, SJOBY, STRANGER, Setup, World, assert_fault},
};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sluss::conformance::{
    message::{self, Fhir},
    receiver::Conduct,
    sender::Reply,
};
use std::time::Duration;

const FHIR: &str = "/fhir/$process-message";
const FHIR_JSON: &str = "application/fhir+json";

async fn post(world: &World, body: Vec<u8>) -> Reply {
    world.as_region().post(FHIR, FHIR_JSON, body).await.unwrap()
}

fn admission_text(id: &str) -> String {
    admission(id, "C-1", GRANVIK).to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_over_the_limit_is_refused_before_it_is_read() {
    let world = World::with(Setup { listen: "max_body_bytes = 4096", ..Setup::default() }).await;
    let reply = post(&world, vec![b' '; 5_000]).await;
    assert_fault(&reply, 413, "SLUSS-IN-001");
    let reply =
        world.as_granvik().post("/case/v1/messages", "application/json", vec![b'1'; 5_000]).await.unwrap();
    assert_fault(&reply, 413, "SLUSS-IN-001");
    assert_eq!(world.refusals().await.len(), 2, "refusals are on record");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_a_message_is_named() {
    let world = World::new().await;
    let deep = format!("{}1{}", "[".repeat(50_000), "]".repeat(50_000));
    let deep_objects = format!("{}1{}", r#"{"a":"#.repeat(20_000), "}".repeat(20_000));
    let no_header = admission_text("x").replace("MessageHeader", "Basic");
    let cases: [(&str, Vec<u8>, u16, &str); 9] = [
        ("not JSON", b"<xml/>".to_vec(), 400, "SLUSS-IN-002"),
        ("empty", Vec::new(), 400, "SLUSS-IN-002"),
        ("not UTF-8", b"{\"a\":\"\xff\"}".to_vec(), 400, "SLUSS-IN-002"),
        ("half sent", admission_text("x")[..200].into(), 400, "SLUSS-IN-002"),
        ("deep arrays", deep.into_bytes(), 400, "SLUSS-IN-003"),
        ("deep objects", deep_objects.into_bytes(), 400, "SLUSS-IN-003"),
        (
            "duplicate key",
            br#"{"resourceType":"Bundle","type":"message","type":"batch"}"#.to_vec(),
            400,
            "SLUSS-IN-004",
        ),
        ("wrong resource", br#"{"resourceType":"Patient"}"#.to_vec(), 422, "SLUSS-IN-005"),
        ("no header", no_header.into_bytes(), 422, "SLUSS-IN-006"),
    ];
    for (name, body, status, code) in cases {
        let reply = post(&world, body).await;
        assert_eq!(reply.status, status, "{name}: {}", reply.json());
        assert_fault(&reply, status, code);
    }
    let reply = world.as_region().post(FHIR, "text/plain", b"{}".to_vec()).await.unwrap();
    assert_fault(&reply, 415, "SLUSS-IN-007");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_message_may_not_say_is_named() {
    let world = World::new().await;
    let region = world.as_region();
    let mut event = admission("e", "C-1", GRANVIK);
    event["entry"][0]["resource"]["eventCoding"]["code"] = json!("no-such-event");
    let unknown = admission("r", "C-1", "SE5569999906-NONE");
    let not_agreed = admission("a", "C-1", REGION);
    let number = |value: &str| {
        let mut message = Fhir(admission("n", "C-1", GRANVIK));
        message.resource("Patient").unwrap()["identifier"][0]["value"] = json!(value);
        message.0
    };
    let mut old = admission("o", "C-1", GRANVIK);
    let past = Timestamp::now().checked_sub(SignedDuration::from_hours(3)).unwrap();
    old["timestamp"] = json!(message::instant(past));
    let mut no_case = Fhir(admission("c", "C-1", GRANVIK));
    no_case.header()["extension"].as_array_mut().unwrap().remove(0);
    let cases: [(&str, Value, &str); 8] = [
        ("unknown event", event, "SLUSS-IN-009"),
        ("unknown receiver", unknown, "SLUSS-RTE-001"),
        ("not agreed", not_agreed, "SLUSS-RTE-002"),
        ("check digit", number("201204152398"), "SLUSS-VAL-003"),
        ("shape", number("2012-04-15"), "SLUSS-VAL-003"),
        ("a number that is no test number", number("190905271474"), "SLUSS-VAL-004"),
        ("clock far off", old, "SLUSS-VAL-006"),
        ("no case id", no_case.0, "SLUSS-IN-008"),
    ];
    for (name, body, code) in cases {
        let reply = region.fhir(&body).await.unwrap();
        assert!(reply.codes().contains(&code.to_string()), "{name}: {}", reply.json());
        assert_eq!(reply.status, 422, "{name}");
    }
    assert_eq!(world.granvik.received().len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn in_production_a_test_number_is_refused_but_what_was_accepted_stays_accepted() {
    let mut world = World::new().await;
    let accepted = admission("before", "C-1", GRANVIK);
    let first = world.as_region().fhir(&accepted).await.unwrap();
    assert_eq!(first.status, 202);
    world.stop().await;
    let file = world.state().parent().unwrap().join("sluss.toml");
    let text = std::fs::read_to_string(&file).unwrap().replace("mode = \"test\"", "mode = \"production\"");
    std::fs::write(file, text).unwrap();
    world.start().await;
    let reply = world.as_region().fhir(&admission("p", "C-1", GRANVIK)).await.unwrap();
    assert_fault(&reply, 422, "SLUSS-VAL-005");
    let again = world.as_region().fhir(&accepted).await.unwrap();
    assert_eq!((again.status, again.body), (202, first.body), "a late repeat gets its first answer");
    let mut other = accepted.clone();
    other["timestamp"] = json!(message::instant(Timestamp::now()));
    assert_fault(&world.as_region().fhir(&other).await.unwrap(), 409, "SLUSS-DUP-001");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_findings_come_at_once_with_places_and_without_person_data() {
    let world = World::new().await;
    let mut message = Fhir(admission("many", "C-1", "SE5569999906-NONE"));
    message.0["timestamp"] = json!("2020-01-01T00:00:00Z");
    let patient = message.resource("Patient").unwrap();
    patient["identifier"][0]["value"] = json!("201204152398");
    patient["gender"] = json!("CANARYGENDER");
    patient["birthDate"] = json!("CANARYDATE");
    patient["CANARYELEMENT-201204152398"] = json!("CANARYVALUE");
    let reply = world.as_region().fhir(&message.0).await.unwrap();
    let codes = reply.codes();
    for code in ["SLUSS-RTE-001", "SLUSS-VAL-006", "SLUSS-VAL-003", "SLUSS-VAL-001"] {
        assert!(codes.contains(&code.to_string()), "{code} is missing in {}", reply.json());
    }
    let text = String::from_utf8(reply.body.clone()).unwrap();
    for secret in ["CANARY", "201204152398", "Åkerman", "Nils", "Strandvägen"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    let issues = reply.json()["issue"].clone();
    let placed = issues.as_array().unwrap().iter().filter(|i| i["expression"].is_array()).count();
    assert!(placed >= 2, "{issues}");
    let record = format!("{:?}", world.refusals().await);
    assert!(!record.contains("CANARY") && !record.contains("201204152398"), "{record}");
}

#[tokio::test(flavor = "multi_thread")]
async fn identity_is_the_certificates_alone_and_each_refusal_is_on_record() {
    let world = World::new().await;
    let stranger = world.as_stranger().fhir(&admission("s", "C-1", GRANVIK)).await.unwrap();
    assert_fault(&stranger, 403, "SLUSS-IDN-002");
    let borrowed = world.as_granvik().fhir(&admission("b", "C-1", SJOBY)).await.unwrap();
    assert_fault(&borrowed, 403, "SLUSS-IDN-003");
    let refused = world.refusals().await;
    let of = |code: &str| refused.iter().find(|e| e.code.as_deref() == Some(code)).unwrap().clone();
    assert_eq!(of("SLUSS-IDN-002").party.as_deref(), Some(STRANGER));
    assert_eq!(of("SLUSS-IDN-003").party.as_deref(), Some(GRANVIK));
    assert!(of("SLUSS-IDN-003").detail.contains("serial"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_route_answers_faults_in_its_own_style() {
    let world = World::new().await;
    let region = world.as_region();
    for path in [
        "/fhir/nothing",
        "/fhir",
        "/fhir/Patient/1",
        "/case/v1",
        "/",
        "/console",
        "/fhir/metadata",
        "/health",
    ] {
        let reply = region.post(path, "application/json", b"{}".to_vec()).await.unwrap();
        let wanted =
            if path.starts_with("/fhir") { "application/fhir+json" } else { "application/problem+json" };
        assert_eq!(reply.content_type, wanted, "{path}");
        assert!([404, 405].contains(&reply.status), "{path}: {}", reply.status);
        assert_eq!(reply.codes().len(), 1);
    }
    let consent = region.consent(&json!({ "resourceType": "Consent" })).await.unwrap();
    assert_fault(&consent, 422, "SLUSS-IN-008");
    let case = world.as_granvik().case(&json!({})).await.unwrap();
    assert_fault(&case, 422, "SLUSS-IN-008");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_messages_faults_show_no_value_and_no_name_that_may_be_one() {
    let world = World::new().await;
    let mut body =
        message::fresh_case("health-exam-request/case-valid-2-rich.json", "c1", "C-1", Timestamp::now());
    body["201204152399"] = json!("CANARY");
    body["examRequest"]["CANARYNAME"] = json!(1);
    body["examRequest"]["kind"] = json!("CANARYKIND");
    body["examRequest"]["wishedBy"] = json!("CANARYDATE");
    let reply = world.as_sjoby().case(&body).await.unwrap();
    assert_fault(&reply, 422, "SLUSS-VAL-002");
    assert!(reply.codes().len() >= 4, "{}", reply.json());
    let text = String::from_utf8(reply.body).unwrap();
    assert!(!text.contains("CANARY") && !text.contains("201204152399"), "{text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_down_gets_the_message_when_it_is_back() {
    let world = World::new().await;
    let endpoint = world.granvik.endpoint.clone();
    world.granvik.stop().await;
    let reply = world.as_region().fhir(&admission("down", "C-1", GRANVIK)).await.unwrap();
    assert_eq!(reply.status, 202);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let journey = world.journey("down").await;
    let code = journey.iter().rev().find_map(|e| e.code.clone());
    assert_eq!(code.as_deref(), Some("SLUSS-DLV-001"), "{journey:#?}");
    let port = endpoint.rsplit(':').next().unwrap().split('/').next().unwrap().parse().unwrap();
    let back = world.receiver_again(port);
    world.until("down", "delivered").await;
    assert_eq!(back.effects().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_nobody_takes_is_given_up_at_its_time() {
    let world = World::with(Setup {
        delivery: Some("retry_first_ms = 50\nretry_max_s = 1\nexpire_hours = 1"),
        ..Setup::default()
    })
    .await;
    world.granvik.always(Some(Conduct::Status(503)));
    assert_eq!(world.as_region().fhir(&admission("late", "C-1", GRANVIK)).await.unwrap().status, 202);
    let rows = world
        .gateway()
        .gateway
        .ledger
        .deliveries(&world.journey("late").await[0].message.clone().unwrap())
        .await
        .unwrap();
    let hours = rows[0].expires.duration_since(Timestamp::now()).as_secs();
    assert!((3_500..=3_600).contains(&hours), "{hours}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_and_what_was_accepted_stays() {
    let mut world = World::new().await;
    assert_eq!(world.as_region().fhir(&ready("before", "C-1")).await.unwrap().status, 202);
    world.until("before", "delivered").await;
    world.stop().await;
    let file = world.state().parent().unwrap().join("sluss.toml");
    let text = std::fs::read_to_string(&file).unwrap().replace("min_free_mib = 16", "min_free_mib = 1048576");
    std::fs::write(file, text).unwrap();
    world.start().await;
    let reply = world.as_region().fhir(&ready("after", "C-1")).await.unwrap();
    assert_fault(&reply, 503, "SLUSS-SYS-002");
    assert!(world.gateway().gateway.ledger.message("before").await.unwrap().is_some());
    assert!(world.gateway().gateway.ledger.message("after").await.unwrap().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_says_more_than_is_read_is_refused_and_never_widened() {
    let world = World::new().await;
    let region = world.as_region();
    let good = || message::consent("c1", "201204152399", "consent-guardians-both", "exam-statement", SJOBY);
    let spoil = |pointer: &str, value: Value| {
        let mut consent = good();
        let (parent, field) = pointer.rsplit_once('/').unwrap();
        consent.pointer_mut(parent).unwrap()[field] = value;
        consent
    };
    let by_name = json!([{ "role": { "text": "x" }, "reference": { "display": "Sjöby" } }]);
    let cases = [
        (spoil("/provision/actor", by_name), "SLUSS-IN-008"),
        (spoil("/provision/purpose", json!([{ "code": "TREAT" }])), "SLUSS-IN-008"),
        (spoil("/provision/provision", json!([{ "type": "deny" }])), "SLUSS-IN-008"),
        (spoil("/provision/type", json!("deny")), "SLUSS-IN-008"),
        (spoil("/modifierExtension", json!([{ "url": "urn:x" }])), "SLUSS-IN-008"),
        (spoil("/id", json!("201204152399 Nils")), "SLUSS-IN-008"),
        (spoil("/patient/identifier/value", json!("201204152398")), "SLUSS-VAL-003"),
        (spoil("/patient/identifier/value", json!("190905271474")), "SLUSS-VAL-004"),
    ];
    for (consent, code) in cases {
        let reply = region.consent(&consent).await.unwrap();
        assert_fault(&reply, 422, code);
        assert!(!String::from_utf8_lossy(&reply.body).contains("Nils"));
    }
    assert_eq!(region.consent(&good()).await.unwrap().status, 201);
}
