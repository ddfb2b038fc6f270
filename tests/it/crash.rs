//! Kill -9 under load: what was acknowledged is delivered, once, in order, however often we die.
//!
//! Invariant: three actors over real mutual TLS; senders and receivers live in this process and keep
//! the history, the gateway is the real binary and is killed at random moments. The judge must also
//! condemn a gateway that answers before it commits, or it would prove nothing. Deliberately absent:
//! power failure, which kill -9 cannot show (`power`), and faults of the disk.
//!
//! `SLUSS_CRASH_KILLS` and `SLUSS_CRASH_SEED` make a run longer or the same again.

mod history;
mod load;
mod power;
mod world;

use history::{Verdict, judge};
use load::Load;
use sluss::conformance::receiver::Conduct;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use world::{Dice, Gateway, Setting, World, number};

/// One run at a time: each wants the whole machine.
static TURN: Mutex<()> = Mutex::const_new(());

/// A run with kills.
struct Run {
    name: &'static str,
    setting: Setting,
    kills: u64,
    /// Is every kill to follow an acknowledgement at once?
    right_after_an_answer: bool,
}

/// Senders at work at once.
const SENDERS: u64 = 12;

/// What it came to.
struct Outcome {
    verdict: Verdict,
    held: u64,
    /// Messages that are held although their receiver has them: kills between "sent" and "recorded".
    held_with_effect: usize,
}

impl Run {
    async fn play(self) -> Outcome {
        let _turn = TURN.lock().await;
        let seed = number("SLUSS_CRASH_SEED", jiff::Timestamp::now().as_millisecond().unsigned_abs());
        println!("{}: seed {seed}", self.name);
        let begun = Instant::now();
        let world = World::make(self.setting);
        let mut dice = Dice(seed);
        let (mut gateway, first) = world.started();
        let mut starts = vec![first];
        let load = Load::start(&world, SENDERS, seed);
        let mut twice = 0;
        for kill in 1..=self.kills {
            if world.knows_repeats() {
                disturb(&world, &mut dice);
            }
            let mut acked = load.acked();
            tokio::time::sleep(dice.millis(30, 1000)).await;
            // Half of the kills follow an acknowledgement at once, the others come at any moment.
            if self.right_after_an_answer || dice.once_in(2) {
                acked = load.acked();
            }
            under_load(&load, acked).await;
            gateway.kill();
            if kill % 4 == 0 {
                twice += 1;
                die_while_starting(&world, &mut dice, first).await;
            }
            let time;
            (gateway, time) = world.started();
            starts.push(time);
        }
        let history = load.finish(Duration::from_secs(30)).await;
        let drained = world.drained(Duration::from_secs(30)).await;
        drop(gateway);
        let outcome = conclude(&world, history).await;
        starts.sort_unstable();
        println!(
            "{}: {} kills and {twice} more while starting; {}; {} repeats known by receivers; \
             {} held ({} with effect); start {} ms median, {} ms longest; {:.0} s",
            self.name,
            self.kills,
            outcome.verdict,
            world.absorbed(),
            outcome.held,
            outcome.held_with_effect,
            starts[starts.len() / 2].as_millis(),
            starts[starts.len() - 1].as_millis(),
            begun.elapsed().as_secs_f64(),
        );
        assert!(drained, "what is owed is delivered once the gateway stays up:\n{}", world.last_words());
        outcome
    }
}

/// Receivers that are busy, say the wrong thing or take their time, a few times.
fn disturb(world: &World, dice: &mut Dice) {
    let pick = dice.roll();
    let conduct = [Conduct::Status(503), Conduct::Mislead(500), Conduct::Slow(Duration::from_millis(200))];
    world.disturb(pick, conduct.into_iter().filter(|_| dice.once_in(2)));
}

/// Not before something was acknowledged since the last start, else the kill proves little.
async fn under_load(load: &Load, acked: usize) {
    let until = Instant::now() + Duration::from_secs(20);
    while load.acked() == acked && Instant::now() < until {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    assert!(load.acked() > acked, "the senders get no answers: {:?}", load.history().refusals);
}

/// A second kill before the gateway listens, or just after: recovery itself is interrupted.
async fn die_while_starting(world: &World, dice: &mut Dice, usual: Duration) {
    let gateway: Gateway = world.start();
    let usual = u64::try_from(usual.as_millis()).unwrap_or(1000);
    tokio::time::sleep(dice.millis(usual / 4, usual * 5 / 4)).await;
    gateway.kill();
}

/// Judges from outside: what senders and receivers saw, and the record as any reader finds it.
async fn conclude(world: &World, mut history: history::History) -> Outcome {
    history.effects = world.effects();
    let (record, totals, chain) = world.record().await;
    assert!(chain.ok, "the chain is broken: {chain:?}");
    assert_eq!(chain.events, totals.events);
    let has_effect = |id: &String| history.effects.iter().any(|e| e.message == *id);
    let open = record.iter().filter(|(_, s)| s.contains(&history::Standing::Open));
    let held_with_effect = open.filter(|(id, _)| has_effect(id)).count();
    Outcome { verdict: judge(&history, &record), held: totals.held, held_with_effect }
}

fn setting() -> Setting {
    Setting { idempotent: true, control: false, slow: Duration::from_millis(5), state: None }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_doubled_or_out_of_order() {
    let kills = number("SLUSS_CRASH_KILLS", 50);
    let run = Run { name: "kill -9", setting: setting(), kills, right_after_an_answer: false };
    let Outcome { verdict, held, .. } = run.play().await;
    assert!(verdict.is_clean(), "{verdict}");
    assert_eq!((held, verdict.open.len()), (0, 0), "everything was delivered");
    assert!(verdict.acked > 5 * usize::try_from(kills).unwrap(), "there was load");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn control_answers_before_the_commit_are_found_out() {
    let setting = Setting { control: true, ..setting() };
    let outcome = Run { name: "control", setting, kills: 4, right_after_an_answer: true }.play().await;
    assert!(!outcome.verdict.lost.is_empty(), "the judge sees no loss where there must be one");
    assert!(!outcome.verdict.is_clean());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_interrupted_attempt_at_a_receiver_that_knows_no_repeats_is_held() {
    let setting = Setting { idempotent: false, slow: Duration::from_millis(150), ..setting() };
    let run = Run { name: "no repeats known", setting, kills: 8, right_after_an_answer: false };
    let Outcome { verdict, held, held_with_effect } = run.play().await;
    assert!(verdict.is_clean(), "{verdict}");
    assert!(held > 0 && held_with_effect > 0, "the kills hit attempts under way");
}
