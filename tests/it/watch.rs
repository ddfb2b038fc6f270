//! What the gateway watches for: obligations, stuck deliveries, and who is told of them how often.

use crate::world::{GRANVIK, SJOBY, Setup, World};
use jiff::{SignedDuration, Timestamp};
use rusqlite::Connection;
use serde_json::{Value, json};
use sluss::{
    conformance::{
        message::{self, Fhir},
        receiver::Conduct,
    },
    flow::{operate::Request, sweep::Sweep},
    ledger::{ProblemFilter, ProblemRow},
    port::{Clock, MovableClock},
};
use std::{path::Path, process::Output, sync::Arc, time::Duration};

/// The child of all these messages.
const CHILD: &str = "201505202380";

/// A county on a clock that is moved; Granvik speaks case messages.
async fn county() -> (World, Arc<MovableClock>) {
    let clock = Arc::new(MovableClock::default());
    let world = World::at(Setup::default(), Some(clock.clone())).await;
    (world, clock)
}

fn admission(id: &str, case: &str, to: &str, now: Timestamp) -> Value {
    Fhir::fresh("admission-notice/valid-1-four-fields.json", id, now).case(case).to(to).0
}

fn ready(id: &str, case: &str, now: Timestamp) -> Value {
    let mut notice = Fhir::fresh("discharge-ready/valid-2-rich.json", id, now)
        .case(case)
        .to(GRANVIK)
        .refers_to("m6")
        .basis("release-health", Some("Planering av hemgång."));
    notice.resource("Patient").unwrap()["identifier"][0]["value"] = json!(CHILD);
    notice.0
}

fn reply(id: &str, of: &str, case: &str, now: Timestamp) -> Value {
    let mut reply = message::fresh_case("admission-reply/case-valid-2-minimal.json", id, case, now);
    reply["sender"] = json!({ "hsaId": GRANVIK });
    reply["answers"] = json!(of);
    reply["subject"]["personalNumber"] = json!(CHILD);
    reply
}

async fn send(world: &World, body: &Value) {
    let fhir = body["resourceType"] == "Bundle";
    let sent = if fhir { world.as_region().fhir(body).await } else { world.as_granvik().case(body).await };
    let answer = sent.unwrap();
    assert_eq!(answer.status, 202, "{}", answer.json());
}

async fn forward(world: &World, hours: i64) {
    let request = Request::Clock { seconds: hours * 3600 };
    assert!(world.gateway().gateway.operate(&request).await.unwrap().done);
}

async fn problems(world: &World, closed: bool) -> Vec<ProblemRow> {
    let filter = ProblemFilter { closed, limit: 1000, ..ProblemFilter::default() };
    let mut rows = world.gateway().gateway.ledger.problems(&filter).await.unwrap();
    rows.reverse();
    rows
}

/// Waits until exactly these kinds of problems are open, at most fifteen seconds.
async fn until_open(world: &World, kinds: &[&str]) -> Vec<ProblemRow> {
    let mut open = Vec::new();
    for _ in 0..300 {
        open = problems(world, false).await;
        if open.iter().map(|p| p.kind.as_str()).eq(kinds.iter().copied()) {
            return open;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not {kinds:?}: {open:#?}");
}

/// Waits until the follower has nothing more to do.
async fn settled(world: &World) {
    let mut last = Vec::new();
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        let now = problems(world, true).await;
        if !now.is_empty() && now == last {
            return;
        }
        last = now;
    }
    panic!("still at work: {last:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_does_not_come_is_told_of_once_before_its_time_and_once_after() {
    let (world, clock) = county().await;
    send(&world, &admission("m6", "C-1", GRANVIK, clock.now())).await;
    world.until("m6", "delivered").await;
    forward(&world, 30).await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    assert_eq!(problems(&world, true).await, [], "nothing is wrong yet");
    forward(&world, 10).await;
    let near = until_open(&world, &["limit-near"]).await;
    assert_eq!((near[0].what.as_str(), near[0].case.as_deref()), ("reply-to-admission", Some("C-1")));
    forward(&world, 10).await;
    let late = until_open(&world, &["obligation-late"]).await;
    assert_eq!((late[0].owner.as_str(), late[0].party.as_deref()), ("sender", Some(GRANVIK)));
    let due = late[0].due.unwrap();
    assert!(due < late[0].opened && late[0].opened.duration_since(due) < SignedDuration::from_hours(3));
    for _ in 0..3 {
        forward(&world, 24).await;
        tokio::time::sleep(Duration::from_millis(400)).await;
    }
    assert_eq!(problems(&world, true).await.len(), 2, "one problem, however long it lasts");
    send(&world, &reply("m8", "m6", "C-1", clock.now())).await;
    until_open(&world, &[]).await;
    let all = problems(&world, true).await;
    assert!(all.iter().all(|p| p.closed_by.as_deref() == Some("gateway")), "{all:#?}");
    let owed = world.gateway().gateway.ledger.obligations("C-1").await.unwrap();
    assert_eq!(
        (owed.len(), owed[0].state.as_str(), owed[0].whose.as_deref()),
        (1, "met-late", Some("sender"))
    );
    assert!(world.gateway().gateway.ledger.verify().await.unwrap().ok);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailbox_that_nobody_empties_is_its_owners_lateness() {
    let clock = Arc::new(MovableClock::default());
    let world = World::at(Setup { pulls: &["granvik"], ..Setup::default() }, Some(clock.clone())).await;
    send(&world, &admission("m6", "C-1", GRANVIK, clock.now())).await;
    forward(&world, 50).await;
    let mut open = Vec::new();
    for _ in 0..300 {
        open = problems(&world, false).await;
        if open.iter().any(|p| p.kind == "obligation-late") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    // The notice came late to whoever did not fetch it, and so does the reply that it asks for.
    assert!(open.iter().any(|p| p.kind == "obligation-late"), "{open:#?}");
    assert!(
        open.iter().all(|p| (p.owner.as_str(), p.party.as_deref()) == ("receiver", Some(GRANVIK))),
        "{open:#?}"
    );
    let owed = world.gateway().gateway.ledger.obligations("C-1").await.unwrap();
    assert_eq!((owed.len(), owed[0].whose.as_deref()), (1, Some("receiver")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_rejected_is_a_problem_until_a_person_closes_it() {
    let (world, clock) = county().await;
    world.granvik.always(Some(Conduct::Status(422)));
    send(&world, &admission("m6", "C-1", GRANVIK, clock.now())).await;
    let open = until_open(&world, &["delivery-rejected"]).await;
    assert_eq!((open[0].owner.as_str(), open[0].party.as_deref()), ("receiver", Some(GRANVIK)));
    let gateway = &world.gateway().gateway;
    let close = |reason: &str| Request::CloseProblem {
        id: open[0].id.clone(),
        by: "anna".into(),
        reason: reason.into(),
    };
    let refused = gateway.operate(&close("ringde mamman")).await.unwrap();
    assert!(!refused.done && !refused.words.contains("mamman"), "{refused:?}");
    assert!(gateway.operate(&close("handled-elsewhere")).await.unwrap().done);
    assert!(!gateway.operate(&close("handled")).await.unwrap().done, "closed already");
    // Its cause is still there, and it is not told of anew.
    send(&world, &admission("m6b", "C-2", SJOBY, clock.now())).await;
    world.until("m6b", "delivered").await;
    tokio::time::sleep(Duration::from_millis(600)).await;
    let all = problems(&world, true).await;
    assert_eq!((all.len(), all[0].closed_by.as_deref()), (1, Some("anna")), "{all:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_lets_what_is_held_go_or_ends_it() {
    let clock = Arc::new(MovableClock::default());
    let partner = Some("idempotent = false\nhandles_protected = true\ntimeout_s = 1\n");
    let world = World::at(Setup { partner, ..Setup::default() }, Some(clock.clone())).await;
    // The answer comes too late: nobody knows whether the message came, and a repeat could have a second effect.
    world.granvik.always(Some(Conduct::Slow(Duration::from_secs(3))));
    for (id, case) in [("m6", "C-1"), ("m6b", "C-2")] {
        send(&world, &admission(id, case, GRANVIK, clock.now())).await;
        world.until(id, "held").await;
    }
    let open = until_open(&world, &["delivery-held", "delivery-held"]).await;
    assert_eq!(open[0].owner, "gateway");
    world.granvik.always(None);
    let gateway = &world.gateway().gateway;
    let asked = |message: &str, verb: &str| {
        let (message, by, reason) = (message.to_string(), "anna".to_string(), "receiver-asked".to_string());
        if verb == "release" {
            Request::Release { message, by, reason }
        } else {
            Request::Drop { message, by, reason }
        }
    };
    assert!(gateway.operate(&asked("m6", "release")).await.unwrap().done);
    assert!(gateway.operate(&asked("m6b", "drop")).await.unwrap().done);
    assert!(!gateway.operate(&asked("m6b", "release")).await.unwrap().done, "it has ended");
    world.until("m6", "delivered").await;
    until_open(&world, &[]).await;
    let kinds =
        |id: &'static str| async { world.journey(id).await.into_iter().map(|e| e.kind).collect::<Vec<_>>() };
    let (gone, ended) = (kinds("m6").await, kinds("m6b").await);
    assert_eq!(gone[gone.len() - 3..], ["released", "attempt", "delivered"]);
    assert_eq!(ended.last().map(String::as_str), Some("stopped"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_near_its_reserve_is_a_problem_of_the_gateway() {
    // No disk of a test has so much: nothing is accepted, and that is told.
    let world = World::with(Setup { store: Some("min_free_mib = 1048576"), ..Setup::default() }).await;
    let open = until_open(&world, &["disk-low"]).await;
    assert_eq!((open[0].owner.as_str(), open[0].party.as_deref()), ("gateway", Some("SE2321009900-SLUSS")));
}

/// What is open, and how cases and obligations stand.
fn derived(file: &Path) -> Vec<String> {
    let conn = Connection::open(file).unwrap();
    let mut all = Vec::new();
    for sql in [
        "SELECT cause || owner || coalesce(party, '') || coalesce(due, '') FROM problem WHERE active = 1 ORDER BY cause",
        "SELECT hex(subject) || case_id || kind || run || state || since FROM case_state ORDER BY 1",
        "SELECT hex(subject) || place || duty || party || due || state || coalesce(whose, '') || opened_by || \
         coalesce(closed_by, '') FROM obligation ORDER BY 1",
        "SELECT hex(subject) || message || coalesce(tried, '') || coalesce(delivered, '') FROM told ORDER BY 1",
        "SELECT party || last || days FROM rhythm ORDER BY 1",
    ] {
        let mut select = conn.prepare(sql).unwrap();
        all.extend(select.query_map([], |row| row.get::<_, String>(0)).unwrap().map(Result::unwrap));
        all.push("--".into());
    }
    all
}

#[tokio::test(flavor = "multi_thread")]
async fn however_the_record_is_cut_and_wherever_it_stops_the_same_is_found() {
    let (mut world, clock) = county().await;
    send(&world, &admission("m6", "C-1", GRANVIK, clock.now())).await;
    send(&world, &admission("m6x", "C-2", SJOBY, clock.now())).await;
    send(&world, &ready("m11", "C-1", clock.now())).await;
    world.until("m11", "delivered").await;
    forward(&world, 60).await;
    send(&world, &reply("m8", "m6", "C-1", clock.now())).await;
    world.until("m8", "delivered").await;
    world.granvik.always(Some(Conduct::Status(422)));
    send(&world, &ready("m11b", "C-1", clock.now())).await;
    world.until("m11b", "rejected").await;
    forward(&world, 200).await;
    settled(&world).await;
    let gateway = world.gateway().gateway.clone();
    world.stop().await;
    let file = world.state().join("ledger.db");
    let live = derived(&file);
    assert!(live.len() > 12, "{live:#?}");
    for (size, interrupted) in [(1, false), (1, true), (2, true), (3, false), (7, true), (1000, false)] {
        let wipe = "DELETE FROM cursor; DELETE FROM told; DELETE FROM watched; DELETE FROM case_state; \
                    DELETE FROM obligation; DELETE FROM problem; DELETE FROM rhythm;";
        Connection::open(&file).unwrap().execute_batch(wipe).unwrap();
        let (mut sweep, mut last) = (Sweep::resume(&gateway, Some(size)).await.unwrap(), 0);
        for _ in 0..1000 {
            let more = gateway.look(&mut sweep).await.unwrap();
            let cursor = gateway.ledger.cursor("sweep").await.unwrap();
            if interrupted && cursor != last {
                // All that it had in memory is gone.
                sweep = Sweep::resume(&gateway, Some(size)).await.unwrap();
            }
            last = cursor;
            if !more {
                break;
            }
        }
        assert_eq!(derived(&file), live, "{size} events in a look, interrupted: {interrupted}");
    }
    assert!(gateway.ledger.verify().await.unwrap().ok);
}

fn sluss(world: &World, arguments: &[&str]) -> Output {
    std::process::Command::new(env!("CARGO_BIN_EXE_sluss"))
        .args(arguments)
        .args(["--state-dir", world.state().to_str().unwrap()])
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_command_line_lists_shows_and_closes_beside_a_gateway_and_without_one() {
    let (mut world, clock) = county().await;
    send(&world, &admission("m6", "C-1", GRANVIK, clock.now())).await;
    send(&world, &ready("m11", "C-1", clock.now())).await;
    world.until("m11", "delivered").await;
    forward(&world, 24 * 10).await;
    let open = until_open(&world, &["obligation-late"; 3]).await;
    let listed = sluss(&world, &["problem", "list", "--kind", "obligation-late"]);
    assert!(
        said(&listed).contains("reply-to-admission") && said(&listed).contains("call-to-sip"),
        "{}",
        said(&listed)
    );
    let shown = sluss(&world, &["problem", "show", &open[0].id]);
    assert!(said(&shown).contains("inte kommit i tid"), "{}", said(&shown));
    let closed = sluss(&world, &["problem", "close", &open[0].id, "--reason", "handled", "--by", "anna"]);
    assert_eq!(closed.status.code(), Some(0), "{}", said(&closed));
    let at = clock.now().to_string();
    let case = sluss(&world, &["case", "show", "C-1", "--at", &at]);
    for word in ["admission 1: ready", "receive-in-time", "clock: day zero", "open problems"] {
        assert!(said(&case).contains(word), "{word}: {}", said(&case));
    }
    world.stop().await;
    let closed = sluss(&world, &["problem", "close", &open[1].id, "--reason", "accepted", "--by", "anna"]);
    assert_eq!(closed.status.code(), Some(0), "{}", said(&closed));
    let again = sluss(&world, &["problem", "close", &open[1].id, "--reason", "accepted", "--by", "anna"]);
    assert_eq!(again.status.code(), Some(1), "{}", said(&again));
    let config = world.state().parent().unwrap().join("sluss.toml");
    let config = config.to_str().unwrap();
    let proved = sluss(&world, &["--json", "case", "evidence", "C-1", "--at", &at, "--config", config]);
    let result: Value =
        serde_json::from_slice(&proved.stdout).unwrap_or_else(|_| panic!("{}", said(&proved)));
    let result = &result["result"];
    assert_eq!(
        result["document"]["admissions"][0]["clocks"][0]["liability"]["outcome"], "none",
        "{result:#}"
    );
    let digest =
        aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, result["document"].to_string().as_bytes());
    let hex: String = digest.as_ref().iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(result["sha256"], hex.as_str(), "the hash is over the document as it is written");
    assert!(!result["signature"].is_null() && !said(&proved).contains(CHILD));
}
