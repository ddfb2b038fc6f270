//! A region that speaks RIV-TA and municipalities with case messages, both ways, over real TLS.

use super::{
    form::rulebook,
    world::{assert_fault, assert_result, call, case, confirmation, outcome, path, value, world},
};
use crate::{
    world::{GRANVIK, REGION, SJOBY},
    xsd::limits,
};
use serde_json::Value;
use sluss::{conformance::receiver::Conduct, model::arrival::Operation};

const STATUS: &str = "<s:status>no-show</s:status><s:reason>did-not-attend</s:reason>";

#[tokio::test(flavor = "multi_thread")]
async fn requests_become_referrals_and_what_answers_them_comes_back_to_its_case() {
    let world = world().await;
    for (path, id) in [
        ("health-exam-request/case-valid-2-rich.json", "m1"),
        ("dental-exam-request/case-valid-1-rich.json", "m2"),
        ("medical-exam-order/case-valid-1-rich.json", "m3"),
    ] {
        let sent = case(path, id);
        let reply = world.as_sjoby().case(&sent).await.unwrap();
        assert_eq!(reply.status, 202, "{}", reply.json());
        world.until(id, "delivered").await;
        let got = world.region.effects().pop().unwrap();
        assert_eq!(got.content_type, "text/xml; charset=utf-8");
        assert_eq!(got.action, format!("\"{}\"", Operation::ProcessRequest.action()));
        let opened = soap::open(&got.body, &limits()).unwrap();
        assert_eq!(opened.address.unwrap().0, REGION);
        rulebook().rivta().xsd().check_soap(&got.body, &limits()).unwrap();
        let whole = String::from_utf8(got.body).unwrap();
        let request = format!("{SJOBY}#{}/{id}", sent["case"].as_str().unwrap());
        assert!(whole.contains(&format!("requestId extension=\"{request}\"")), "{whole}");
        assert!(
            whole.contains(&sent["subject"]["personalNumber"].as_str().unwrap().replace('-', "")),
            "{whole}"
        );
    }
    let request = format!("{SJOBY}#SAM-7/m1");
    let told = confirmation(SJOBY, "REG#c-1", &request, STATUS);
    let reply = call(&world, Operation::ProcessRequestConfirmation, &told).await;
    // The reason that the party agreed on for its basis is not for the receiver: the sender is told.
    assert_result(&reply, "INFO", "");
    assert!(value(&reply.body, &["result", "message"]).contains("SLUSS-PRM-002"));
    assert!(!value(&reply.body, &["result", "logId"]).is_empty());
    world.until("c-1", "delivered").await;
    let got: Value = serde_json::from_slice(&world.sjoby.effects().pop().unwrap().body).unwrap();
    assert_eq!(
        (&got["event"], &got["case"], &got["answers"]),
        (&"exam-status".into(), &"SAM-7".into(), &"m1".into())
    );
    assert_eq!(got["examStatus"]["status"], "no-show");
    assert!(!got.to_string().contains("Fri text"), "no free text passes: {got}");
    let reply = call(&world, Operation::ProcessRequestOutcome, &outcome(SJOBY, "REG#o-1", &request)).await;
    assert_result(&reply, "INFO", "");
    world.until("o-1", "delivered").await;
    let got: Value = serde_json::from_slice(&world.sjoby.effects().pop().unwrap().body).unwrap();
    assert_eq!((&got["event"], &got["answers"]), (&"exam-statement".into(), &"m1".into()));
    assert_eq!(got["statement"]["domains"][0]["summary"], "Växer och mår bra.\nSer <bra>.");
    assert_eq!(got["occurredAt"], "2026-01-05T15:30:00+01:00");
    assert!(!got.to_string().contains("Hemlig"), "{got}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_gets_its_first_answer_and_other_content_is_a_conflict() {
    let world = world().await;
    let operation = Operation::ProcessRequestConfirmation;
    let told = confirmation(SJOBY, "REG#c-1", "SE1#SAM-7/m1", STATUS);
    let first = call(&world, operation, &told).await;
    let again = call(&world, operation, &told).await;
    assert_result(&again, "INFO", "");
    assert_eq!(first.body, again.body);
    let other = call(&world, operation, &told.replace("no-show", "cannot-be-done")).await;
    assert_result(&other, "ERROR", "SLUSS-DUP-001");
    assert_eq!(value(&other.body, &["result", "errorCode"]), "VALIDATION_ERROR");
    // A bare confirmation is noted, and the sender is told so in both languages.
    let bare = call(&world, operation, &confirmation(SJOBY, "REG#c-2", "SE1#SAM-7/m1", "")).await;
    assert_result(&bare, "INFO", "SLUSS-IN-015");
    let words = value(&bare.body, &["result", "message"]);
    assert!(words.contains("not sent on") && words.contains("sänds inte vidare"), "{words}");
    // What the contract allows and the catalogue does not know is refused, for a person to see.
    let more = confirmation(SJOBY, "REG#c-3", "SE1#SAM-7/m1", "").replace("'BEK'", "'KOM'");
    assert_result(&call(&world, operation, &more).await, "ERROR", "SLUSS-IN-009");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_carried_is_the_contracts_error_with_all_findings_and_no_value() {
    let world = world().await;
    let operation = Operation::ProcessRequestConfirmation;
    let good = confirmation(SJOBY, "REG#c-1", "SE1#SAM-7/m1", STATUS);
    // A number that fails its check digit, and a status that the profile does not know: both are told.
    let wrong = good.replace("201010132387", "201010132380").replace("no-show", "asleep");
    let reply = call(&world, operation, &wrong).await;
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    assert_eq!(value(&reply.body, &["result", "resultCode"]), "ERROR", "{text}");
    super::form::rulebook().rivta().xsd().check_soap(&reply.body, &limits()).unwrap();
    assert!(
        !text.contains("201010132380") && !text.contains("asleep") && !text.contains("Proband"),
        "{text}"
    );
    // Line and column are those of the envelope that was sent.
    let broken = good.replace("202601050", "\n202601050").replace("20260105093000", "20260230093000");
    let reply = call(&world, operation, &broken).await;
    assert_fault(&reply, "Client", "SLUSS-VAL-002");
    assert!(String::from_utf8_lossy(&reply.body).contains("requestConfirmationTime"));
    // The receiver that has no agreement of the event.
    let region = confirmation(REGION, "REG#c-5", "SE1#SAM-7/m1", STATUS);
    let reply = call(&world, operation, &region).await;
    assert_result(&reply, "ERROR", "SLUSS-RTE-002");
    assert_eq!(value(&reply.body, &["result", "errorCode"]), "APPLICATION_ERROR");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hub_may_name_the_consumer_and_nobody_else_may() {
    let world = world().await;
    let operation = Operation::ProcessRequestConfirmation;
    let told = confirmation(SJOBY, "REG#c-1", "SE1#SAM-7/m1", STATUS).into_bytes();
    let consumer = "x-rivta-original-serviceconsumer-hsaid";
    let correlation = ("x-skltp-correlation-id", "6f1d3c2a-0000-4000-8000-000000000001");
    let hub = world.as_granvik();
    let reply = hub.soap(&path(operation), &[(consumer, REGION), correlation], told.clone()).await.unwrap();
    assert_result(&reply, "INFO", "");
    assert_eq!(reply.correlation.as_deref(), Some(correlation.1));
    world.until("c-1", "delivered").await;
    let got: Value = serde_json::from_slice(&world.sjoby.effects().pop().unwrap().body).unwrap();
    assert_eq!(got["sender"]["hsaId"], REGION);
    // Somebody unknown, no HSA-id, and two of them.
    for (headers, code) in [
        (vec![(consumer, crate::world::STRANGER)], "SLUSS-IDN-002"),
        (vec![(consumer, "me")], "SLUSS-IDN-001"),
        (vec![(consumer, REGION), (consumer, SJOBY)], "SLUSS-IDN-003"),
    ] {
        let reply = hub.soap(&path(operation), &headers, told.clone()).await.unwrap();
        assert_fault(&reply, "Client", code);
    }
    // Without the header the hub is itself, and sends nothing for the region.
    let reply = hub.soap(&path(operation), &[], told.clone()).await.unwrap();
    assert_ne!(value(&reply.body, &["result", "resultCode"]), "OK");
    // From one that is no hub the consumer is refused, whoever it is, and a correlation id is not given back.
    for named in [REGION, SJOBY, GRANVIK] {
        let reply =
            world.as_region().soap(&path(operation), &[(consumer, named), correlation], told.clone()).await;
        let reply = reply.unwrap();
        assert_fault(&reply, "Client", "SLUSS-IDN-003");
        assert_eq!(reply.correlation, None);
    }
    let refusals = world.refusals().await;
    assert!(refusals.len() >= 6, "each is on record: {}", refusals.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receivers_answer_decides() {
    let world = world().await;
    let fault = |code: &str| -> &'static str {
        let text = format!(
            "<soap:Fault><faultcode>soap:{code}</faultcode><faultstring>x</faultstring></soap:Fault>"
        );
        Box::leak(soap::wrap(None, &text).into_boxed_str())
    };
    let send = async |id: &str, conduct: Conduct| {
        world.region.script([conduct]);
        let mut message = case("health-exam-request/case-valid-1-minimal.json", id);
        message["case"] = id.into();
        let reply = world.as_sjoby().case(&message).await.unwrap();
        assert_eq!(reply.status, 202, "{}", reply.json());
    };
    send("a", Conduct::Says(500, fault("Client"))).await;
    world.until("a", "rejected").await;
    // The receiver has one effect for one delivery: what is unknown is sent again.
    for (id, conduct) in [
        ("b", Conduct::Says(500, fault("Server"))),
        ("c", Conduct::Says(200, "<html/>")),
        ("d", Conduct::Status(503)),
    ] {
        send(id, conduct).await;
        world.until(id, "delivered").await;
    }
    assert_eq!(world.region.effects().len(), 3);
}
