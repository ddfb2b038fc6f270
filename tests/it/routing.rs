//! A message to a routing address finds its receiver: by an open placement, the registered address, or the manual desk; and
//! goes on when it was not for who got it.

use crate::world::{GRANVIK, REGION, SJOBY, Setup, World};
use jiff::Timestamp;
use serde_json::{Value, json};
use sluss::{
    app,
    config::Mode,
    conformance::{
        message::{self, Fhir},
        receiver::Receiver,
        sender::Reply,
    },
    flow::operate::Request,
    ledger::ProblemFilter,
    rulebook::{Rulebook, Source, check::Wanted},
};
use std::path::Path;

const ROUTE: &str = "SE2321009900-ROUTE";

/// Granvik's and Sjöby's own codes would be those of invented municipalities; the rules know real ones.
const AREAS: &str = "
[[routing.area]]
municipality = \"0127\"
party = \"SE2120009903-SOC1\"
postal = [\"99100-99199\"]

[[routing.area]]
municipality = \"0180\"
district = \"Farsta\"
party = \"SE2120009911-SOC1\"
postal = [\"12340-12399\"]
";

fn with(site: &Path, desk: &str) {
    let path = site.join("agreements/lan.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(path, format!("{text}\n[routing]\naddress = \"{ROUTE}\"\n{desk}\n{AREAS}")).unwrap();
}

fn with_desk(site: &Path) {
    with(site, "desk = \"SE2120009911-SOC1\"");
}

fn without_desk(site: &Path) {
    with(site, "");
}

async fn county(edit: fn(&Path)) -> World {
    World::with(Setup { edit: Some(edit), ..Setup::default() }).await
}

const NUMBER: &str = "201505202380";

/// An admission notice to the routing address about a child that is registered at this postal code.
fn admission(id: &str, case: &str, postal: &str) -> Fhir {
    let path = "admission-notice/valid-1-four-fields.json";
    let mut body = Fhir::fresh(path, id, Timestamp::now()).case(case).to(ROUTE);
    let patient = body.resource("Patient").unwrap();
    assert_eq!(patient["identifier"][0]["value"], NUMBER);
    patient["address"][0]["postalCode"] = json!(postal);
    body
}

/// Sjöby tells the region of its placement of the child.
fn placement(event: &str, id: &str) -> Value {
    let mut body =
        message::fresh_case(&format!("{event}/case-valid-1-rich.json"), id, "P-1", Timestamp::now());
    body["subject"]["personalNumber"] = json!(NUMBER);
    body["sender"] = json!({ "hsaId": SJOBY });
    body["receiver"] = json!({ "hsaId": REGION });
    body
}

fn accepted(reply: &Reply) -> Vec<String> {
    assert_eq!(reply.status, 202, "{}", reply.json());
    reply.codes()
}

/// What is on record of the choice, and nothing of the child.
async fn route(world: &World, id: &str) -> Value {
    let journey = world.journey(id).await;
    let all = format!("{journey:?}");
    assert!(!all.contains(NUMBER) && !all.contains("99101") && !all.contains("Lindqvist"), "{all}");
    let first = journey.iter().find(|e| e.kind == "accepted").unwrap();
    serde_json::from_str::<Value>(&first.detail).unwrap()["route"].take()
}

/// The ids of the case messages that came, each written to its receiver.
fn ids(receiver: &Receiver, own: &str) -> Vec<String> {
    let bodies = receiver.effects().into_iter().map(|r| serde_json::from_slice::<Value>(&r.body).unwrap());
    bodies
        .map(|body| {
            assert_eq!(body["receiver"]["hsaId"], own, "{body}");
            body["id"].as_str().unwrap().to_string()
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_registered_municipality_gets_it_and_what_is_about_it_follows() {
    let world = county(with_desk).await;
    let region = world.as_region();
    let reply = region.fhir(&admission("m6", "C-1", "99101").0).await.unwrap();
    assert!(accepted(&reply).contains(&"SLUSS-RTE-011".to_string()), "{}", reply.json());
    world.until("m6", "delivered").await;
    let found = route(&world, "m6").await;
    assert_eq!(
        (&found["address"], &found["to"], &found["rule"]),
        (&json!(ROUTE), &json!(GRANVIK), &json!("registered"))
    );
    // A placement is told by another board: the new estimate still goes to who has the notice.
    accepted(&world.as_sjoby().case(&placement("placement-started", "p1")).await.unwrap());
    let changed = Fhir::fresh("discharge-estimate-changed/valid-1-rich.json", "m7", Timestamp::now());
    let changed = changed.case("C-1").to(ROUTE).refers_to("m6");
    accepted(&region.fhir(&changed.0).await.unwrap());
    world.until("m6", "superseded").await;
    world.until("m7", "delivered").await;
    assert_eq!(route(&world, "m7").await["rule"], "named");
    // What is addressed to a party stays as it is.
    let concrete = admission("m6c", "C-3", "99101").to(GRANVIK);
    let reply = region.fhir(&concrete.0).await.unwrap();
    assert!(accepted(&reply).contains(&"SLUSS-RTE-012".to_string()), "{}", reply.json());
    world.until("m6c", "delivered").await;
    assert!(route(&world, "m6c").await.is_null());
    assert_eq!(ids(&world.granvik, GRANVIK), ["m6", "m7", "m6c"]);
    assert!(world.sjoby.effects().is_empty());
    // A repeat gets its first answer.
    assert_eq!(world.granvik.received().len(), 3);
    assert!(world.gateway().gateway.ledger.verify().await.unwrap().ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_placement_comes_before_the_registered_address() {
    let mut world = county(without_desk).await;
    accepted(&world.as_sjoby().case(&placement("placement-started", "p1")).await.unwrap());
    // It is on record beyond a restart.
    world.stop().await;
    world.start().await;
    let region = world.as_region();
    accepted(&region.fhir(&admission("a1", "C-1", "99101").0).await.unwrap());
    world.until("a1", "delivered").await;
    let found = route(&world, "a1").await;
    assert_eq!((&found["to"], &found["rule"]), (&json!(SJOBY), &json!("placement")));
    accepted(&world.as_sjoby().case(&placement("placement-ended", "p2")).await.unwrap());
    accepted(&region.fhir(&admission("a2", "C-2", "99101").0).await.unwrap());
    world.until("a2", "delivered").await;
    assert_eq!(route(&world, "a2").await["rule"], "registered");
    assert_eq!(
        (ids(&world.sjoby, SJOBY), ids(&world.granvik, GRANVIK)),
        (vec!["a1".into()], vec!["a2".into()])
    );
    // People read it, from the record beside a running gateway, and of a file.
    let state = world.state().to_str().unwrap().to_string();
    let (status, text) = explain(&["a1", "--state-dir", &state]);
    assert_eq!(status, 0, "{text}");
    assert!(text.contains(&format!("goes to {SJOBY}")) && text.contains("placement"), "{text}");
    let file = world.state().with_file_name("m.json");
    std::fs::write(&file, admission("a3", "C-3", "11122").0.to_string()).unwrap();
    let config = world.state().with_file_name("sluss.toml");
    let (file, config) = (file.to_str().unwrap(), config.to_str().unwrap());
    let (status, text) = explain(&[file, "--config", config]);
    assert_eq!(status, 1, "{text}");
    assert!(
        text.contains("waits for a person") && text.contains("neither district nor postal code"),
        "{text}"
    );
    let (status, text) = explain(&[file, "--config", config, "--json"]);
    let found: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((status, &found["result"]["route"]["rule"]), (1, &json!("desk")));
    assert!(world.gateway().gateway.ledger.message("a3").await.unwrap().is_none(), "nothing goes on record");
    assert_eq!(explain(&["nowhere", "--state-dir", &state]).0, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_district_has_its_board_and_what_nobody_knows_goes_to_the_desk() {
    let world = county(with_desk).await;
    let region = world.as_region();
    for (id, postal, rule) in [("d1", "123 45", "registered"), ("d2", "11122", "desk")] {
        accepted(&region.fhir(&admission(id, id, postal).0).await.unwrap());
        world.until(id, "delivered").await;
        assert_eq!(route(&world, id).await["rule"], rule);
    }
    assert_eq!(ids(&world.sjoby, SJOBY), ["d1", "d2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_desk_it_is_held_and_nothing_is_lost() {
    let world = county(without_desk).await;
    let region = world.as_region();
    let reply = region.fhir(&admission("h1", "C-1", "11122").0).await.unwrap();
    let codes = accepted(&reply);
    assert!(reply.json().to_string().contains("no-receiver"), "{codes:?} {}", reply.json());
    world.until("h1", "held").await;
    let found = route(&world, "h1").await;
    assert_eq!((&found["rule"], &found["to"]), (&json!("desk"), &Value::Null));
    until_it_is_a_problem(&world, "h1").await;
    // A registered address that is not the real one decides nothing.
    let mut hidden = admission("h2", "C-2", "99101");
    let base = "http://hl7.se/fhir/ig/base/CodeSystem/SecurityLabel";
    hidden.resource("Patient").unwrap()["meta"]["security"] = json!([
        { "system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "DEMO" },
        { "system": base, "code": "skyddadFolkbokforing" },
    ]);
    accepted(&region.fhir(&hidden.0).await.unwrap());
    world.until("h2", "held").await;
    let asked = route(&world, "h2").await["asked"].to_string();
    assert!(asked.contains("registered-address-not-real"), "{asked}");
    // The sender may take it back, and then nobody need be told.
    let mut annulment =
        Fhir::fresh("annulment/valid-1-rich.json", "x1", Timestamp::now()).case("C-1").to(ROUTE);
    annulment = annulment.refers_to("h1");
    annulment.header()["sender"]["identifier"]["value"] = json!(REGION);
    accepted(&region.fhir(&annulment.0).await.unwrap());
    world.until("h1", "annulled").await;
    assert!(world.granvik.received().is_empty() && world.sjoby.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_receiver_goes_on_when_a_person_lets_it_go_and_one_is_found() {
    let mut world = county(without_desk).await;
    accepted(&world.as_region().fhir(&admission("h1", "C-1", "11122").0).await.unwrap());
    world.until("h1", "held").await;
    let first = world.gateway().gateway.ledger.message("h1").await.unwrap().unwrap();
    let release = Request::Release { message: "h1".into(), by: "anna".into(), reason: "checked".into() };
    // Nobody is found yet: it stays as it is, and is not forgotten.
    assert!(world.gateway().gateway.operate(&release).await.unwrap().done);
    for _ in 0..400 {
        if world.journey("h1").await.iter().any(|e| e.code.as_deref() == Some("SLUSS-RTE-001")) {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    let journey = world.journey("h1").await;
    let kinds: Vec<&str> = journey.iter().map(|e| e.kind.as_str()).collect();
    assert_eq!(kinds, ["accepted", "held", "released", "held"], "{journey:?}");
    world.until("h1", "held").await;
    // A desk is named.
    world.stop().await;
    let file = world.state().with_file_name("agreements").join("lan.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    let desk = format!("[routing]\ndesk = \"{SJOBY}\"\n");
    std::fs::write(&file, text.replace("[routing]\n", &desk)).unwrap();
    world.start().await;
    assert!(world.gateway().gateway.operate(&release).await.unwrap().done);
    until_it_came(&world.sjoby, 1).await;
    world.until("h1", "delivered").await;
    let ledger = &world.gateway().gateway.ledger;
    assert_eq!(ledger.message(&first.id).await.unwrap().unwrap().state.word(), "superseded");
    let found = route(&world, "h1").await;
    assert_eq!((&found["rule"], &found["instead_of"]), (&json!("desk"), &json!(first.id)));
    assert_eq!(ids(&world.sjoby, SJOBY), ["h1"]);
    let totals = ledger.totals().await.unwrap();
    assert_eq!((totals.accepted, totals.held, totals.superseded, totals.delivered), (2, 0, 1, 1));
    assert!(ledger.verify().await.unwrap().ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_for_its_receiver_goes_on() {
    let world = county(without_desk).await;
    let region = world.as_region();
    let now = Timestamp::now();
    // To whom the wrong receiver names.
    accepted(&region.fhir(&admission("m6", "C-1", "99101").0).await.unwrap());
    world.until("m6", "delivered").await;
    let first = world.gateway().gateway.ledger.message("m6").await.unwrap().unwrap();
    let mut wrong = message::fresh_case("misdirected/case-valid-1-rich.json", "x1", "C-1", now);
    wrong["sender"] = json!({ "hsaId": GRANVIK });
    wrong["refersTo"] = json!("m6");
    wrong["misdirected"]["rightReceiver"] = json!(SJOBY);
    accepted(&world.as_granvik().case(&wrong).await.unwrap());
    until_it_came(&world.sjoby, 1).await;
    world.until("m6", "delivered").await;
    let found = route(&world, "m6").await;
    assert_eq!(
        (&found["rule"], &found["to"], &found["instead_of"]),
        (&json!("answer"), &json!(SJOBY), &json!(first.id))
    );
    let ledger = &world.gateway().gateway.ledger;
    let old = ledger.message(&first.id).await.unwrap().unwrap();
    assert_eq!(old.state.word(), "misdirected", "the purge is on record");
    // It is answered under its own id, and what is about it follows.
    let mut reply = message::fresh_case("admission-reply/case-valid-3-not-resident.json", "x2", "C-1", now);
    reply["sender"] = json!({ "hsaId": SJOBY });
    reply["answers"] = json!("m6");
    accepted(&world.as_sjoby().case(&reply).await.unwrap());
    // Both have said no, and there is no desk: it waits for a person.
    world.until("m6", "held").await;
    assert_eq!(route(&world, "m6").await["to"], Value::Null);
    assert_eq!(
        (ids(&world.granvik, GRANVIK), ids(&world.sjoby, SJOBY)),
        (vec!["m6".into()], vec!["m6".into()])
    );
    assert!(ledger.stranded(9).await.unwrap().is_empty() && ledger.verify().await.unwrap().ok);
    // A repeat of the first is still a repeat.
    world.until("x2", "delivered").await;
    let kinds: Vec<String> = ledger.journey(&first.id).await.unwrap().into_iter().map(|e| e.kind).collect();
    assert_eq!(kinds, ["accepted", "decided", "attempt", "delivered", "misdirected"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_not_resident_alone_sends_it_on_to_the_next_rule_and_a_fhir_receiver_reads_its_own_address() {
    let setup =
        Setup { edit: Some(without_desk), speaks: &[("granvik", "fhir-r4-json")], ..Setup::default() };
    let world = World::with(setup).await;
    let region = world.as_region();
    accepted(&world.as_sjoby().case(&placement("placement-started", "p1")).await.unwrap());
    accepted(&region.fhir(&admission("m6", "C-1", "99101").0).await.unwrap());
    world.until("m6", "delivered").await;
    assert_eq!(ids(&world.sjoby, SJOBY), ["m6"]);
    let path = "admission-reply/case-valid-3-not-resident.json";
    let mut reply = message::fresh_case(path, "x1", "C-1", Timestamp::now());
    reply["sender"] = json!({ "hsaId": SJOBY });
    reply["answers"] = json!("m6");
    accepted(&world.as_sjoby().case(&reply).await.unwrap());
    until_it_came(&world.granvik, 1).await;
    world.until("m6", "delivered").await;
    let found = route(&world, "m6").await;
    assert_eq!((&found["rule"], &found["to"]), (&json!("registered"), &json!(GRANVIK)));
    let placed = found["asked"].as_array().unwrap().iter().find(|step| step["rule"] == "placement");
    assert_eq!(placed.unwrap()["outcome"], "has-answered-no");
    // Valid, and written to who gets it.
    let body = world.granvik.effects()[0].body.clone();
    let rules = Rulebook::load(&Source::Embedded).unwrap();
    let (now, mode) = (Timestamp::now(), Some(Mode::Test));
    let wanted = Wanted { event: None, profile: None, mode, now, max_bytes: 1 << 20, schemas: None };
    let report = rules.check(&body, &wanted);
    assert!(report.is_valid(), "{report:#?}");
    let bundle: Value = serde_json::from_slice(&body).unwrap();
    let destination = &bundle["entry"][0]["resource"]["destination"][0];
    assert_eq!(destination["receiver"]["identifier"]["value"], GRANVIK);
    assert!(!String::from_utf8_lossy(&body).contains("-ROUTE"), "{bundle}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_could_send_nowhere_is_told_before_the_start() {
    let world = county(with_desk).await;
    let file = world.state().with_file_name("agreements").join("lan.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    for (from, to, told) in [
        ("address = \"SE2321009900-ROUTE\"", "address = \"SE2120009903-SOC1\"", "a partner's own"),
        ("desk = \"SE2120009911-SOC1\"", "desk = \"SE2120009999-SOC1\"", "no configured partner"),
        ("municipality = \"0127\"", "municipality = \"0380\"", "the municipality 0380"),
        ("district = \"Farsta\"", "district = \"Vasastan\"", "the board Vasastan of 0180"),
        ("12340-12399", "12399-12340", "a member of `postal`"),
    ] {
        assert!(text.contains(from), "{from}");
        std::fs::write(&file, text.replace(from, to)).unwrap();
        let problems = app::load(&world.state().with_file_name("sluss.toml")).err().unwrap_or_default();
        let all: Vec<&str> = problems.iter().map(|p| p.message.as_str()).collect();
        assert!(all.len() == 1 && all[0].contains(told), "{to}: {all:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_addressed_to_a_party_does_not_go_on() {
    let world = county(with_desk).await;
    let region = world.as_region();
    accepted(&region.fhir(&admission("m6", "C-1", "99101").to(GRANVIK).0).await.unwrap());
    world.until("m6", "delivered").await;
    let mut wrong =
        message::fresh_case("misdirected/case-valid-2-minimal.json", "x1", "C-1", Timestamp::now());
    wrong["sender"] = json!({ "hsaId": GRANVIK });
    wrong["receiver"] = json!({ "hsaId": REGION });
    wrong["refersTo"] = json!("m6");
    accepted(&world.as_granvik().case(&wrong).await.unwrap());
    world.until("m6", "misdirected").await;
    world.until("x1", "delivered").await;
    assert!(world.gateway().gateway.ledger.stranded(9).await.unwrap().is_empty());
    assert!(world.sjoby.received().is_empty());
}

/// `sluss route explain`: exit code and standard output.
fn explain(args: &[&str]) -> (i32, String) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_sluss"));
    let output = command.args(["route", "explain"]).args(args).env_remove("RUST_LOG").output().unwrap();
    (output.status.code().unwrap(), String::from_utf8(output.stdout).unwrap())
}

/// A person is told that the message is held.
async fn until_it_is_a_problem(world: &World, id: &str) {
    let ledger = &world.gateway().gateway.ledger;
    let message = ledger.message(id).await.unwrap().unwrap().id;
    let filter = ProblemFilter {
        closed: false,
        kind: Some("delivery-held".into()),
        case: None,
        party: None,
        limit: 9,
    };
    for _ in 0..400 {
        let found = ledger.problems(&filter).await.unwrap();
        if found.iter().any(|p| p.message.as_deref() == Some(&message)) {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("{id} is no problem after ten seconds");
}

async fn until_it_came(receiver: &Receiver, count: usize) {
    for _ in 0..400 {
        if receiver.effects().len() >= count {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(25)).await;
    }
    panic!("nothing came within ten seconds");
}
