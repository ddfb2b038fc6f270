//! One message that becomes two: M1 that asks for the oral part is M1 and M2, as a row of the agreement says.

use crate::world::{GRANVIK, PROVIDER, REGION, SJOBY, Setup, World, assert_fault};
use jiff::Timestamp;
use serde_json::{Value, json};
use sluss::{
    app,
    config::{Mode, Problem},
    conformance::{message, sender::Reply},
    model::Code,
    rulebook::{Rulebook, Source, check::Wanted},
};
use std::path::Path;

/// The provider is the dental unit of this county.
const ROW: &str = r#"
[[fan_out]]
event = "health-exam-request"
when = "entry.resource.ofType(ServiceRequest).orderDetail.coding.where(code = 'oral').exists()"
also = "dental-exam-request"
to = "SE5560125790-VRD1"
"#;

fn change(site: &Path, file: &str, change: impl Fn(String) -> String) {
    let path = site.join(file);
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, change(text)).unwrap();
}

fn with_row(site: &Path) {
    change(site, "agreements/lan.toml", |text| text + ROW);
}

async fn county() -> World {
    World::with(Setup { edit: Some(with_row), ..Setup::default() }).await
}

fn request(id: &str, parts: &[&str]) -> Value {
    let mut body =
        message::fresh_case("health-exam-request/case-valid-2-rich.json", id, "C-1", Timestamp::now());
    body["receiver"] = json!({ "hsaId": REGION });
    body["examRequest"]["parts"] = json!(parts);
    body
}

const ALL: [&str; 3] = ["physical", "mental", "oral"];

/// The id of the M2 that an answer names.
fn named(reply: &Reply) -> String {
    let notes = reply.json()["notes"].clone();
    let note = notes.as_array().into_iter().flatten().find(|n| n["code"] == "SLUSS-RTE-010");
    let detail = note.unwrap_or_else(|| panic!("{notes}"))["detail"].as_str().unwrap().to_string();
    let words: Vec<&str> = detail.split(' ').collect();
    assert_eq!((words[0], words[2], words[3]), ("dental-exam-request", "to", PROVIDER), "{detail}");
    words[1].to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_for_all_parts_goes_to_the_region_and_its_oral_part_to_the_dental_unit() {
    let world = county().await;
    let body = request("m1", &ALL);
    let reply = world.as_sjoby().case(&body).await.unwrap();
    assert_eq!(reply.status, 202, "{}", reply.json());
    let id = named(&reply);
    world.until("m1", "delivered").await;
    world.until(&id, "delivered").await;
    let (to_region, to_dental) = (world.region.effects(), world.provider.effects());
    assert_eq!((to_region.len(), to_dental.len()), (1, 1));
    let bundle: Value = serde_json::from_slice(&to_region[0].body).unwrap();
    assert_eq!(bundle["entry"][0]["resource"]["id"], "m1");
    let dental: Value = serde_json::from_slice(&to_dental[0].body).unwrap();
    let rules = Rulebook::load(&Source::Embedded).unwrap();
    let (now, mode) = (Timestamp::now(), Some(Mode::Test));
    let wanted = Wanted { event: None, profile: None, mode, now, max_bytes: 1 << 20, schemas: None };
    assert!(rules.check(&to_dental[0].body, &wanted).is_valid());
    assert_eq!((&dental["id"], &dental["event"]), (&json!(id), &json!("dental-exam-request")));
    assert_eq!(dental["receiver"]["hsaId"], PROVIDER);
    let (order, asked) = (&dental["examRequest"], &body["examRequest"]);
    assert_eq!((&order["kind"], &order["parts"]), (&json!("dental-exam"), &json!(["oral"])));
    for name in ["placement", "board", "caseWorker", "decider", "wishedBy", "stay"] {
        assert_eq!(order[name], asked[name], "{name}");
    }
    for name in ["case", "sentAt", "occurredAt", "senderReference"] {
        assert_eq!(dental[name], body[name], "{name}");
    }
    // It is a message of its own, and what it was made of is on record.
    for (id, of) in [("m1", None), (id.as_str(), Some("m1"))] {
        world.until(id, "delivered").await;
        let journey = world.journey(id).await;
        let count = |kind: &str| journey.iter().filter(|e| e.kind == kind).count();
        assert_eq!((count("accepted"), count("decided"), count("attempt"), count("delivered")), (1, 1, 1, 1));
        let told: Value = serde_json::from_str(&journey[0].detail).unwrap();
        assert_eq!((told["id"].as_str(), told["of"].as_str()), (Some(id), of));
    }
    // A repeat gets the same answer and has no second effect.
    let again = world.as_sjoby().case(&body).await.unwrap();
    assert_eq!(again.body, reply.body);
    assert_eq!((world.region.received().len(), world.provider.received().len()), (1, 1));
    assert!(world.gateway().gateway.ledger.verify().await.unwrap().ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_made_is_answered_and_its_id_cannot_be_used_again() {
    let world = county().await;
    let reply = world.as_sjoby().case(&request("m1", &ALL)).await.unwrap();
    let id = named(&reply);
    world.until(&id, "delivered").await;
    let mut status =
        message::fresh_case("exam-status/case-valid-3-unnecessary.json", "m4", "C-1", Timestamp::now());
    status["sender"] = json!({ "hsaId": PROVIDER });
    status["receiver"] = json!({ "hsaId": SJOBY });
    status["answers"] = json!(id);
    assert_eq!(world.as_provider().case(&status).await.unwrap().status, 202);
    world.until("m4", "delivered").await;
    let mut other = request("m2", &ALL[..1]);
    other["id"] = json!(id);
    assert_fault(&world.as_sjoby().case(&other).await.unwrap(), 409, "SLUSS-DUP-001");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_without_the_oral_part_is_one_message() {
    let world = county().await;
    let reply = world.as_sjoby().case(&request("m1", &ALL[..2])).await.unwrap();
    assert_eq!(reply.status, 202, "{}", reply.json());
    assert!(!reply.codes().contains(&"SLUSS-RTE-010".to_string()), "{}", reply.json());
    world.until("m1", "delivered").await;
    assert_eq!((world.region.received().len(), world.provider.received().len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_is_not_ready_does_not_hold_the_other() {
    let edit = |site: &Path| {
        with_row(site);
        change(site, "partners/provider.toml", |t| t.replace("handles_protected = true\n", ""));
    };
    let world = World::with(Setup { edit: Some(edit), ..Setup::default() }).await;
    let mut body =
        message::fresh_case("health-exam-request/case-valid-3-protected.json", "m1", "C-1", Timestamp::now());
    body["sender"] = json!({ "hsaId": SJOBY });
    body["receiver"] = json!({ "hsaId": REGION });
    body["examRequest"]["parts"] = json!(ALL);
    let reply = world.as_sjoby().case(&body).await.unwrap();
    assert_eq!(reply.status, 202, "{}", reply.json());
    let id = named(&reply);
    assert!(reply.codes().contains(&"SLUSS-PRM-003".to_string()), "it is told: {}", reply.json());
    world.until(&id, "held").await;
    world.until("m1", "delivered").await;
    assert_eq!((world.region.effects().len(), world.provider.received().len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_go_out_beside_it_stops_the_whole_and_nobody_learns_anything() {
    let edit = |site: &Path| {
        with_row(site);
        let rule =
            "code = \"dental-exam-request\"\nfrom = \"municipality\"\nto = \"private-provider\"\nbases = ";
        change(site, "agreements/lan.toml", |text| {
            assert!(text.contains(&format!("{rule}[\"duty\"]")));
            text.replace(&format!("{rule}[\"duty\"]"), &format!("{rule}[]"))
        });
    };
    let world = World::with(Setup { edit: Some(edit), ..Setup::default() }).await;
    let reply = world.as_sjoby().case(&request("m1", &ALL)).await.unwrap();
    assert_fault(&reply, 403, "SLUSS-PRM-001");
    let reply = world.as_sjoby().case(&request("m1", &ALL[..1])).await.unwrap();
    assert_eq!(reply.status, 202, "its id is free: {}", reply.json());
    world.until("m1", "delivered").await;
    assert_eq!((world.region.received().len(), world.provider.received().len()), (1, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_could_never_work_is_a_problem_before_the_start() {
    let world = county().await;
    let site = world.state().parent().unwrap().to_path_buf();
    let problems = |row: &str| -> Vec<Problem> {
        std::fs::write(
            site.join("agreements/lan.toml"),
            sluss::rulebook::example_agreement().to_string() + row,
        )
        .unwrap();
        app::load(&site.join("sluss.toml")).err().unwrap_or_default()
    };
    assert_eq!(problems(ROW), vec![]);
    for (row, code, word) in [
        (ROW.replace(PROVIDER, "SE5560125790-NONE"), Code::ConfigReference, "no configured partner"),
        (ROW.replace(PROVIDER, GRANVIK), Code::ConfigReference, "no [[event]] lets it pass"),
        (ROW.replace("= \"health-exam-request\"", "= \"exam-status\""), Code::ConfigMap, "no map makes it"),
        (ROW.replace("when = \"entry.", "when = \"entry.("), Code::ConfigValue, "when"),
        (ROW.replace("also = ", "too = "), Code::ConfigKey, "also"),
    ] {
        let found = problems(&row);
        let fits = |p: &Problem| p.code == code && p.message.contains(word);
        assert!(found.iter().any(fits), "{word}: {found:#?}");
    }
}
