//! The gateway as a process: starts, bears hostile load in bounded memory, and stops when told to.

use crate::{
    flows::admission,
    mailbox::LONG,
    world::{GRANVIK, World, assert_fault},
};
use sluss::conformance::puller::Puller;
use std::{
    process::Stdio,
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
};

/// The real binary on a world's configuration and state, in place of the gateway inside the test.
async fn serve(world: &mut World) -> (Child, String) {
    world.stop().await;
    let config = world.state().parent().unwrap().join("sluss.toml");
    let mut child = Command::new(env!("CARGO_BIN_EXE_sluss"))
        .args(["serve", "--config", config.to_str().unwrap()])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = lines.next_line().await.unwrap().unwrap();
    let address = line.strip_prefix("listening on https://").unwrap().split(' ').next().unwrap();
    let port = address.rsplit(':').next().unwrap();
    (child, format!("https://localhost:{port}"))
}

/// Most memory that the process ever had, in MiB.
fn peak_mib(child: &Child) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id().unwrap())).unwrap();
    let line = status.lines().find(|l| l.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap() / 1024
}

async fn ended(child: &mut Child) -> Option<i32> {
    tokio::time::timeout(Duration::from_secs(20), child.wait()).await.unwrap().unwrap().code()
}

fn terminate(child: &Child) {
    let pid = child.id().unwrap().to_string();
    assert!(std::process::Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
}

#[tokio::test(flavor = "multi_thread")]
async fn told_to_stop_it_ends_what_is_under_way_and_exits_with_zero() {
    let mut world = World::new().await;
    let (mut child, base) = serve(&mut world).await;
    let reply = world.sender_to(&base).fhir(&admission("t1", "C-1", GRANVIK)).await.unwrap();
    assert_eq!(reply.status, 202);
    terminate(&child);
    assert_eq!(ended(&mut child).await, Some(0));
    world.start().await;
    world.until("t1", "delivered").await;
    assert_eq!(world.granvik.effects().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_after_a_hand_out_it_owes_the_same_delivery_again() {
    let mut world = World::with(LONG).await;
    let (mut child, base) = serve(&mut world).await;
    let reply = world.sender_to(&base).fhir(&admission("k1", "C-1", GRANVIK)).await.unwrap();
    assert_eq!(reply.status, 202);
    let granvik = Puller::of(world.granvik_to(&base));
    let handed = granvik.pull("after=0").await.unwrap().json();
    child.kill().await.unwrap();
    world.start().await;
    let granvik = Puller::of(world.as_granvik());
    let next = handed["next"].as_str().unwrap();
    let none = granvik.pull(&format!("after={next}")).await.unwrap().json();
    assert_eq!(none["items"].as_array().unwrap().len(), 0, "the party says that it has it");
    let again = granvik.pull("after=0").await.unwrap().json();
    assert_eq!(again["items"][0]["delivery"], handed["items"][0]["delivery"]);
    assert_eq!(again["items"][0]["body"], handed["items"][0]["body"]);
    let delivery = again["items"][0]["delivery"].as_str().unwrap();
    assert_eq!(granvik.acknowledge(&[delivery]).await.unwrap().status, 200);
    world.until("k1", "delivered").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_bodies_get_answers_in_bounded_memory() {
    let mut world = World::new().await;
    let (mut child, base) = serve(&mut world).await;
    let before = peak_mib(&child);
    let sender = world.sender_to(&base);
    let wide = format!("{{{}}}", (0..150_000).map(|n| format!("\"k{n}\":1")).collect::<Vec<_>>().join(","));
    let bodies: [Vec<u8>; 4] = [
        format!("{}1{}", "[".repeat(900_000), "]".repeat(900_000)).into_bytes(),
        wide.into_bytes(),
        vec![b'{'; 2_000_000],
        format!("{{\"a\":\"{}\"}}", "\\u0041".repeat(300_000)).into_bytes(),
    ];
    let began = Instant::now();
    let mut crowd = tokio::task::JoinSet::new();
    for round in 0..64 {
        let (sender, body) = (sender.clone(), bodies[round % bodies.len()].clone());
        crowd
            .spawn(async move { sender.post("/fhir/$process-message", "application/fhir+json", body).await });
    }
    while let Some(reply) = crowd.join_next().await {
        let reply = reply.unwrap().unwrap();
        assert!((400..500).contains(&reply.status), "{}", reply.status);
        assert!(!reply.codes().is_empty());
    }
    let grown = peak_mib(&child).saturating_sub(before);
    println!("64 hostile bodies of 0.9 to 2 MB: {grown} MiB at most, {:.1} s", began.elapsed().as_secs_f64());
    assert!(grown < 600, "{grown} MiB for 64 bodies of at most 2 MiB");
    let reply = sender.fhir(&admission("after", "C-1", GRANVIK)).await.unwrap();
    assert_eq!(reply.status, 202, "it still works");
    terminate(&child);
    assert_eq!(ended(&mut child).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_the_same_state_does_not_start() {
    let mut world = World::new().await;
    let (mut child, base) = serve(&mut world).await;
    let config = world.state().parent().unwrap().join("sluss.toml");
    let second = Command::new(env!("CARGO_BIN_EXE_sluss"))
        .args(["serve", "--config", config.to_str().unwrap()])
        .output()
        .await
        .unwrap();
    assert_eq!(second.status.code(), Some(70), "{}", String::from_utf8_lossy(&second.stderr));
    let reply = world.sender_to(&base).fhir(&serde_json::json!({})).await.unwrap();
    assert_fault(&reply, 422, "SLUSS-IN-005");
    terminate(&child);
    assert_eq!(ended(&mut child).await, Some(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_index_key_is_told_and_never_replaced_while_consents_are_on_record() {
    let mut world = World::new().await;
    let consent = sluss::conformance::message::consent(
        "c1",
        "201204152399",
        "consent-guardians-both",
        "exam-statement",
        GRANVIK,
    );
    assert_eq!(world.as_region().consent(&consent).await.unwrap().status, 201);
    world.stop().await;
    let key = world.state().join("index.key");
    let kept = std::fs::read(&key).unwrap();
    std::fs::remove_file(&key).unwrap();
    let config = world.state().parent().unwrap().join("sluss.toml");
    let refused = Command::new(env!("CARGO_BIN_EXE_sluss"))
        .args(["serve", "--config", config.to_str().unwrap()])
        .output()
        .await
        .unwrap();
    assert_eq!(refused.status.code(), Some(70));
    assert!(String::from_utf8_lossy(&refused.stderr).contains("index.key"));
    assert!(!key.exists());
    std::fs::write(&key, kept).unwrap();
    world.start().await;
}
