//! Pace: how many messages share a sync, and that a backlog costs nothing.
//!
//! Deliberately absent: bounds on time, which say more about the machine than about the ledger.

use super::*;
use std::time::Instant;

fn two_kilobytes(id: &str, lane: Lane) -> Admission {
    let mut new = admission(id, lane);
    new.original = vec![b'o'; 2048];
    new.deliveries[0].body = vec![b'd'; 2048];
    new
}

/// Admits `each` messages from each of `callers` at once; messages per second.
async fn admit_all(ledger: &Ledger, tag: &str, callers: usize, each: usize) -> f64 {
    let start = Instant::now();
    let mut tasks = Vec::new();
    for caller in 0..callers {
        let (ledger, tag) = (ledger.clone(), tag.to_owned());
        tasks.push(tokio::spawn(async move {
            for n in 0..each {
                let id = format!("{tag}-{caller}-{n}");
                ledger.admit(two_kilobytes(&id, lane(caller % 9, n))).await.unwrap();
            }
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    (callers * each) as f64 / start.elapsed().as_secs_f64()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_callers_share_syncs() {
    let (_dir, ledger) = open();
    admit_all(&ledger, "a", 64, 20).await;
    let totals = ledger.totals().await.unwrap();
    assert!(totals.messages_per_sync >= 20.0, "{totals:?}");
}

/// Figures: `cargo test --release -p sluss --lib ledger::tests::pace -- --ignored --nocapture`
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "prints figures"]
async fn figures() {
    for gather in [0, 500, 2000] {
        for callers in [1, 8, 64, 256] {
            let dir = tempfile::tempdir().unwrap();
            let gather = std::time::Duration::from_micros(gather);
            let ledger = Ledger::open(Options { gather, ..options(&dir) }).unwrap();
            let pace = admit_all(&ledger, "a", callers, 12_000 / callers).await;
            let totals = ledger.totals().await.unwrap();
            println!(
                "admit: gather {gather:?}, {callers:>3} callers: {pace:>6.0} messages/s, {:>5.1} per sync",
                totals.messages_per_sync
            );
        }
    }
    backlog().await;
}

async fn backlog() {
    let (_dir, ledger) = open();
    for round in 0..4 {
        admit_all(&ledger, &format!("b{round}"), 64, 800).await;
        let room = Room::without(&(0..8).map(receiver).collect::<Vec<_>>());
        let mut spent = (0.0, 0.0, 0);
        for _ in 0..20 {
            let start = Instant::now();
            let claimed = ledger.claim(second(1), 64, room.clone()).await.unwrap();
            spent.0 += start.elapsed().as_secs_f64();
            let start = Instant::now();
            let settled = claimed.iter().map(|d| {
                let (ledger, id) = (ledger.clone(), d.id.clone());
                tokio::spawn(async move {
                    ledger.settle(settlement(&id, DeliveryState::Delivered, second(2))).await
                })
            });
            for one in settled.collect::<Vec<_>>() {
                one.await.unwrap().unwrap();
            }
            spent.1 += start.elapsed().as_secs_f64();
            spent.2 += claimed.len();
        }
        let totals = ledger.totals().await.unwrap();
        println!(
            "with {:>6} waiting: {} claimed at {:.0}/s, settled at {:.0}/s",
            totals.deliveries_waiting,
            spent.2,
            spent.2 as f64 / spent.0,
            spent.2 as f64 / spent.1
        );
    }
    let start = Instant::now();
    let report = ledger.verify().await.unwrap();
    let pace = report.events as f64 / start.elapsed().as_secs_f64();
    println!("verify: {} events at {pace:.0}/s, ok {}", report.events, report.ok);
}
