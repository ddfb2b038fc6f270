//! The main job over MLLP: a region that speaks HL7 v2, both ways, and what an answer promises.

use super::world::{Caller, Does, Receiver, codes, msa};
use crate::{
    tls::world::{Speaks, caller, month, receiver},
    world::{GRANVIK, REGION, Setup, World},
};
use hl7v2::{ack::AckCode, mllp};
use jiff::Timestamp;
use sluss::{
    conformance::{er7::Notice, message},
    pki::Leaf,
};
use std::{
    collections::BTreeSet,
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpListener,
    process::{Child, Command},
};

const LISTEN: &str = "[listen.mllp]\naddress = \"127.0.0.1:0\"\nmax_frame_bytes = 12582912";

/// A county whose region speaks HL7 v2.
struct County {
    world: World,
    region: Receiver,
}

impl County {
    /// `partner`: more keys for the region's file.
    async fn with(partner: &str, store: Option<&'static str>) -> County {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut world = World::with(Setup { listen: LISTEN, store, ..Setup::default() }).await;
        world.stop().await;
        let file = world.state().parent().unwrap().join("partners/region.toml");
        let text = format!(
            "name = \"region\"\nhsa_id = \"{REGION}\"\nkind = \"region\"\nformat = \"hl7v2\"\n\
             endpoint = \"mllps://localhost:{}\"\nidempotent = true\nhandles_protected = true\n\
             timeout_s = 2\n{partner}\n[translate]\nreceiver = \"{GRANVIK}\"\n",
            listener.local_addr().unwrap().port()
        );
        std::fs::write(file, text).unwrap();
        world.start().await;
        let issued = world.authority().issue(&Leaf::new("Region", REGION, month())).unwrap();
        let config = receiver(&world.authority(), &issued, Speaks::Tls13);
        let region = Receiver::on(listener, config, Does::Answers(AckCode::AA, &[]));
        County { world, region }
    }

    async fn new() -> County {
        County::with("", None).await
    }

    async fn caller_to(&self, address: std::net::SocketAddr) -> Caller {
        let issued = self.world.authority().issue(&Leaf::new("Region", REGION, month())).unwrap();
        Caller::open(address, caller(&self.world.authority(), Some(&issued), Speaks::Tls13)).await
    }

    async fn caller(&self) -> Caller {
        self.caller_to(self.world.gateway().mllp.unwrap()).await
    }
}

/// An admission notice. `modes`: MSH-15 and MSH-16.
fn notice(id: &str, case: &str, modes: &str, sign: &str) -> String {
    Notice { from: REGION, to: GRANVIK, id, case, modes, sign }.text(Timestamp::now())
}

fn plain(id: &str, case: &str) -> String {
    notice(id, case, "|", "admission-notice")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_notice_in_hl7_v2_reaches_the_municipality_with_its_four_fields() {
    let county = County::new().await;
    let mut region = county.caller().await;
    let answer = region.ask(&plain("m6", "C-1")).await;
    assert_eq!(msa(&answer), "MSA|AA|m6", "{answer}");
    assert!(!answer.contains("ERR") && !answer.contains("Tuva"), "{answer}");
    county.world.until("m6", "delivered").await;
    let effects = county.world.granvik.effects();
    let got: serde_json::Value = serde_json::from_slice(&effects[0].body).unwrap();
    assert_eq!(got["event"], "admission-notice");
    assert_eq!(got["subject"]["personalNumber"], "201406042398");
    assert!(!got.to_string().contains("070-555"), "{got}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_no_sign_is_taken_on_record_and_said_to_go_no_further() {
    let county = County::new().await;
    let answer = county.caller().await.ask(&notice("adt-1", "C-1", "|", "")).await;
    assert_eq!(msa(&answer), "MSA|AA|adt-1", "{answer}");
    assert!(answer.contains("|I|") && !answer.contains("|E|"), "{answer}");
    assert!(county.world.granvik.received().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeat_gets_its_first_answer_again_and_other_content_is_a_conflict() {
    let county = County::new().await;
    let mut region = county.caller().await;
    let text = plain("m6", "C-1");
    let first = region.ask(&text).await;
    assert_eq!(region.ask(&text).await, first, "byte for byte");
    assert_eq!(county.caller().await.ask(&text).await, first, "on another connection too");
    let answer = region.ask(&plain("m6", "C-2")).await;
    assert_eq!((msa(&answer), codes(&answer)), ("MSA|AR|m6", vec!["SLUSS-DUP-001"]));
    assert!(answer.contains("|205^"), "{answer}");
    county.world.until("m6", "delivered").await;
    assert_eq!(county.world.granvik.effects().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_party_that_uses_its_ids_again_is_known_by_the_send_time_too() {
    let county = County::with("reuses_control_ids = true", None).await;
    let mut region = county.caller().await;
    let text = plain("7", "C-1");
    let first = region.ask(&text).await;
    assert_eq!(msa(&first), "MSA|AA|7", "{first}");
    assert_eq!(region.ask(&text).await, first);
    // The same second, other content: still a conflict.
    let answer = region.ask(&text.replace("Ängsvägen 7", "Ängsvägen 8")).await;
    assert_eq!(codes(&answer), ["SLUSS-DUP-001"], "{answer}");
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let again = region.ask(&plain("7", "C-2")).await;
    assert_eq!(msa(&again), "MSA|AA|7", "{again}");
}

#[tokio::test(flavor = "multi_thread")]
async fn enhanced_mode_gets_the_accept_answer_and_then_the_application_s() {
    let county = County::new().await;
    let mut region = county.caller().await;
    assert_eq!(msa(&region.ask(&notice("e-1", "C-1", "AL|AL", "admission-notice")).await), "MSA|CA|e-1");
    assert_eq!(msa(&region.answer().await.unwrap()), "MSA|AA|e-1");
    let refused = region.ask(&notice("e-2", "C-1", "AL|AL", "no-such-event")).await;
    assert_eq!((msa(&refused), codes(&refused)), ("MSA|CR|e-2", vec!["SLUSS-IN-009"]));
    // Nothing follows the refusal: the next frame answers the next message.
    assert_eq!(msa(&region.ask(&notice("e-3", "C-2", "AL|NE", "admission-notice")).await), "MSA|CA|e-3");
    assert_eq!(msa(&region.ask(&plain("e-4", "C-3")).await), "MSA|AA|e-4");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_cannot_be_stored_is_never_accepted_and_may_be_sent_again() {
    let county = County::with("", Some("min_free_mib = 1048576")).await;
    for (modes, code) in [("|", "MSA|AE|m6"), ("AL|AL", "MSA|CE|m6")] {
        let mut caller = county.caller().await;
        let answer = caller.ask(&notice("m6", "C-1", modes, "admission-notice")).await;
        assert_eq!((msa(&answer), codes(&answer)), (code, vec!["SLUSS-SYS-002"]));
        assert!(answer.contains("|207^"), "{answer}");
        assert!(caller.answer().await.is_none(), "nothing behind it can overtake it");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_megabytes_in_small_pieces_are_taken_in_linear_time() {
    let county = County::new().await;
    let mut region = county.caller().await;
    let notes: String = (1..=100).map(|n| format!("NTE|{n}||{}\r", "x".repeat(100_000))).collect();
    let framed = mllp::frame(format!("{}{notes}", plain("large", "C-1")).as_bytes()).unwrap();
    let began = Instant::now();
    for piece in framed.chunks(8 << 10) {
        region.write(piece).await;
    }
    let answer = region.answer().await.unwrap();
    assert_eq!(msa(&answer), "MSA|AA|large", "{answer}");
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_reaches_the_region_as_a_referral_and_its_answer_decides() {
    let county = County::new().await;
    let sjoby = county.world.as_sjoby();
    let request = |id: &str, case: &str| {
        message::fresh_case("health-exam-request/case-valid-2-rich.json", id, case, Timestamp::now())
    };
    let reply = sjoby.case(&request("m1", "C-1")).await.unwrap();
    assert_eq!(reply.status, 202, "{}", reply.json());
    county.world.until("m1", "delivered").await;
    let sent = county.region.messages().remove(0);
    assert!(sent.contains("|REF^I12") && sent.starts_with("MSH|^~\\&|"), "{sent}");
    // A region whose own trouble it is gets it again; one that refuses has refused.
    county.region.now_does(Does::Answers(AckCode::AE, &[207]));
    assert_eq!(sjoby.case(&request("m1b", "C-2")).await.unwrap().status, 202);
    while county.region.messages().len() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    county.region.now_does(Does::Answers(AckCode::AA, &[]));
    county.world.until("m1b", "delivered").await;
    county.region.now_does(Does::Answers(AckCode::AR, &[]));
    assert_eq!(sjoby.case(&request("m1c", "C-3")).await.unwrap().status, 202);
    county.world.until("m1c", "rejected").await;
    // A late answer changes nothing and is on record with its message.
    county.region.now_does(Does::Late(Duration::from_millis(2600)));
    assert_eq!(sjoby.case(&request("m1d", "C-4")).await.unwrap().status, 202);
    for _ in 0..200 {
        let row = county.world.gateway().gateway.ledger.message("m1d").await.unwrap().unwrap();
        let journey = county.world.gateway().gateway.ledger.journey(&row.id).await.unwrap();
        if let Some(late) = journey.iter().find(|e| e.kind == "unasked") {
            assert_eq!(late.code.as_deref(), Some("SLUSS-MLP-006"));
            assert!(late.detail.contains("\"AA\""), "{}", late.detail);
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("the late answer is not on record");
}

/// The real binary on the county's configuration and state, and where it listens for MLLP.
async fn serve(county: &County) -> (Child, std::net::SocketAddr) {
    let config = county.world.state().parent().unwrap().join("sluss.toml");
    let mut child = Command::new(env!("CARGO_BIN_EXE_sluss"))
        .args(["serve", "--config", config.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let address = line.split("mllps://").nth(1).unwrap().split(' ').next().unwrap();
    (child, address.parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_every_kill() {
    let mut county = County::new().await;
    county.world.stop().await;
    let (mut acknowledged, mut number) = (BTreeSet::new(), 0);
    for kill in 0..6 {
        let (mut child, address) = serve(&county).await;
        let mut region = county.caller_to(address).await;
        let until = Instant::now() + Duration::from_millis(40 + 60 * kill);
        loop {
            number += 1;
            let id = format!("k-{number}");
            let modes = if number % 2 == 0 { "|" } else { "AL|NE" };
            let answer = region.ask(&notice(&id, &format!("C-{number}"), modes, "admission-notice")).await;
            assert!(["MSA|AA", "MSA|CA"].contains(&&msa(&answer)[..6]), "{answer}");
            acknowledged.insert(id);
            // The kill follows an acknowledgement at once.
            if Instant::now() > until {
                child.start_kill().unwrap();
                child.wait().await.unwrap();
                break;
            }
        }
    }
    county.world.start().await;
    for id in &acknowledged {
        county.world.until(id, "delivered").await;
    }
    let effects: BTreeSet<String> = county
        .world
        .granvik
        .effects()
        .iter()
        .map(|e| serde_json::from_slice::<serde_json::Value>(&e.body).unwrap()["case"].to_string())
        .collect();
    assert_eq!(effects.len(), acknowledged.len(), "each reached the municipality");
    println!("6 kills, {} acknowledged, all delivered", acknowledged.len());
}
