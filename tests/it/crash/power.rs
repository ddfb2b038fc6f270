//! Power cuts under load: what was never flushed is gone, and still nothing acknowledged is.
//!
//! Invariant: the store stands on a disk whose writes stay in another process until they are flushed
//! (`tests/powercut/disk`); the cut kills that process, so that even what the system has written is
//! lost if nobody synced it. Senders, receivers and history stand elsewhere. Deliberately absent:
//! torn and reordered writes within a flush.
//!
//! Run by `tests/powercut/run`, which has the conditions; not part of a plain test run.

use super::{
    SENDERS, TURN, conclude,
    history::Verdict,
    load::Load,
    under_load,
    world::{Dice, Gateway, Setting, World, here, number},
};
use std::{
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

/// A disk that can lose power. What it made goes with it.
struct Disk {
    dir: PathBuf,
}

impl Disk {
    fn up(name: &str) -> Disk {
        let root = std::env::var("SLUSS_POWERCUT_DIR").expect("run tests/powercut/run");
        let dir = Path::new(&root).join(name);
        std::fs::create_dir(&dir).unwrap();
        let disk = Disk { dir };
        disk.does("up");
        disk
    }

    fn tell(&self, verb: &str) -> bool {
        let script = here().join("tests/powercut/disk");
        Command::new(script).arg(verb).arg(&self.dir).status().unwrap().success()
    }

    fn does(&self, verb: &str) {
        assert!(self.tell(verb), "the disk does not go {verb}");
    }

    fn state(&self) -> PathBuf {
        self.dir.join("mnt/state")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        self.tell("down");
    }
}

/// What the cuts came to.
struct Outcome {
    cuts: u64,
    /// After so many of them the gateway ended by itself.
    by_itself: usize,
    /// The judgement at the end; absent if the store could not even be opened after a cut.
    verdict: Option<Verdict>,
    acked: usize,
}

/// Cuts the power so often, then drains and judges. Stops early when a cut leaves no usable store.
async fn play(name: &str, cuts: u64, control: bool) -> Outcome {
    let _turn = TURN.lock().await;
    let seed = number("SLUSS_CRASH_SEED", jiff::Timestamp::now().as_millisecond().unsigned_abs());
    println!("{name}: seed {seed}");
    let begun = Instant::now();
    let disk = Disk::up(name);
    let slow = Duration::from_millis(5);
    let world = World::make(Setting { idempotent: true, control, slow, state: Some(disk.state()) });
    let mut dice = Dice(seed);
    let (mut gateway, _) = world.started();
    let load = Load::start(&world, SENDERS, seed);
    let (mut starts, mut left) = (Vec::new(), Vec::new());
    for cut in 1..=cuts {
        let acked = load.acked();
        tokio::time::sleep(dice.millis(100, 1200)).await;
        under_load(&load, acked).await;
        disk.does("cut");
        left.extend(leave(gateway, Duration::from_secs(if control { 1 } else { 10 })).await);
        disk.does("mend");
        disk.does("up");
        let mut next = world.start();
        let Some(time) = next.ready() else {
            println!("{name}: no start after cut {cut}: {}", world.last_words());
            drop(next);
            let history = load.finish(Duration::ZERO).await;
            return Outcome { cuts: cut, by_itself: left.len(), verdict: None, acked: history.acked.len() };
        };
        starts.push(time);
        gateway = next;
    }
    let history = load.finish(Duration::from_secs(30)).await;
    let drained = world.drained(Duration::from_secs(30)).await;
    drop(gateway);
    let verdict = conclude(&world, history).await.verdict;
    starts.sort_unstable();
    left.sort_unstable();
    println!(
        "{name}: {cuts} cuts; {verdict}; {} repeats known by receivers; start after a cut {} ms median, \
         {} ms longest; the gateway ended by itself after {} of the cuts, {} ms longest; {:.0} s",
        world.absorbed(),
        starts[starts.len() / 2].as_millis(),
        starts[starts.len() - 1].as_millis(),
        left.len(),
        left.last().map_or(0, Duration::as_millis),
        begun.elapsed().as_secs_f64(),
    );
    assert!(drained, "what is owed is delivered once the power stays:\n{}", world.last_words());
    Outcome { cuts, by_itself: left.len(), acked: verdict.acked, verdict: Some(verdict) }
}

/// A gateway whose disk is gone must end by itself, with an error; how long that takes. Else it is
/// killed.
async fn leave(mut gateway: Gateway, patience: Duration) -> Option<Duration> {
    let since = Instant::now();
    let ended = gateway.ended(patience).await.filter(|status| !status.success()).map(|_| since.elapsed());
    gateway.kill();
    ended
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root and a disk that can lose power: tests/powercut/run"]
async fn nothing_acknowledged_is_lost_when_power_fails() {
    let cuts = number("SLUSS_POWERCUT_CUTS", 10);
    let outcome = play("power-cut", cuts, false).await;
    let verdict = outcome.verdict.expect("the store opens after every cut");
    assert!(verdict.is_clean(), "{verdict}");
    assert!(verdict.open.is_empty(), "everything was delivered");
    assert_eq!(u64::try_from(outcome.by_itself).unwrap(), cuts, "a lost disk ends the gateway");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs root and a disk that can lose power: tests/powercut/run"]
async fn control_without_syncs_is_found_out_when_power_fails() {
    let outcome = play("power-cut-control", 3, true).await;
    assert!(outcome.acked > 0, "there was load");
    match outcome.verdict {
        Some(verdict) => {
            assert!(!verdict.forgotten.is_empty(), "the judge sees no loss where there must be one")
        }
        None => println!("power cut control: all {} gone with cut {}", outcome.acked, outcome.cuts),
    }
}
