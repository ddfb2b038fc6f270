//! `sluss demo`: a gateway, a region and two municipalities on this machine, and the flows between
//! them, over real mutual TLS; or one of the scenarios, on a clock that is moved.
//!
//! Invariant: needs no root, no network and no configuration; everything it makes stands in one
//! folder and can be used by the other verbs afterwards. Synthetic children only.

mod scenario;
mod script;
mod site;

use super::{Exit, Out, check, problem, serve};
use crate::{
    app::{self, Running, desk::Request},
    model::Finding,
    port::MovableClock,
};
use clap::Subcommand;
use scenario::Scenario;
use script::{Journey, Step};
use serde_json::json;
use site::Site;
use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
    time::Instant,
};

/// Arguments.
#[derive(clap::Args)]
pub struct Args {
    /// Folder for certificates, configuration and state.
    #[arg(long, default_value = "demo-state")]
    dir: PathBuf,
    /// Stop when every message has reached its expected end: exit 0 if all did, 1 if one did not.
    #[arg(long)]
    once: bool,
    /// Port of the gateway; 0 takes any free one.
    #[arg(long, default_value_t = 8443)]
    port: u16,
    /// Play this scenario instead: late-admission-notice, ready-withdrawn-ready, exam-never-answered,
    /// cofinancing-unanswered, misdirected or placement-elsewhere. It gets a folder of its own, whose record begins anew.
    #[arg(long, value_parser = named)]
    scenario: Option<String>,
    #[command(subcommand)]
    verb: Option<Verb>,
}

/// What a demo that runs can be told.
#[derive(Subcommand)]
enum Verb {
    /// Move the clock of a demo that runs, such as +26h, +30m or +3d.
    Clock {
        /// How far forward.
        by: String,
        /// The demo's folder; of a scenario, the scenario's.
        #[arg(long, default_value = "demo-state")]
        dir: PathBuf,
    },
}

fn named(name: &str) -> Result<String, String> {
    let known: Vec<&str> = scenario::all().iter().map(|s| s.name).collect();
    if known.contains(&name) { Ok(name.into()) } else { Err(format!("not one of {}", known.join(", "))) }
}

/// Seconds of `+26h`, `30m` or `3d`.
fn seconds(text: &str) -> Option<i64> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let unit = match text.chars().next_back()? {
        's' => 1,
        'm' => 60,
        'h' => 3_600,
        'd' => 86_400,
        _ => return None,
    };
    let number: i64 = text.get(..text.len() - 1)?.parse().ok()?;
    number.checked_mul(unit).filter(|seconds| *seconds > 0)
}

fn forward(by: &str, dir: &Path, out: Out) -> Exit {
    let Some(seconds) = seconds(by) else {
        eprintln!("error: {by} is no length of time; write one such as +26h, +30m or +3d");
        return Exit::Usage;
    };
    let place = problem::Place { state_dir: dir.join("state") };
    super::block_on(async move { problem::ask(&place, &Request::Clock { seconds }, "demo clock", out).await })
}

/// Runs the verb.
pub fn run(args: Args, out: Out) -> Exit {
    super::log("warn");
    if let Some(Verb::Clock { by, dir }) = &args.verb {
        return forward(by, dir, out);
    }
    let began = Instant::now();
    super::block_on(async move {
        match demo(&args, out, began).await {
            Ok(exit) => exit,
            Err(Stop::Findings(findings)) => {
                for finding in findings {
                    eprintln!("error[{}]: {}", finding.code, finding.detail);
                }
                Exit::Bug
            }
            Err(Stop::Words(words, exit)) => {
                eprintln!("error: {words}");
                exit
            }
        }
    })
}

enum Stop {
    Findings(Vec<Finding>),
    Words(String, Exit),
}

impl From<Vec<Finding>> for Stop {
    fn from(findings: Vec<Finding>) -> Stop {
        Stop::Findings(findings)
    }
}

async fn demo(args: &Args, out: Out, began: Instant) -> Result<Exit, Stop> {
    let scenario = scenario::all().into_iter().find(|s| args.scenario.as_deref() == Some(s.name));
    let dir = match &scenario {
        Some(scenario) => args.dir.join(scenario.name),
        None => args.dir.clone(),
    };
    if scenario.is_some() {
        anew(&dir.join("state"))?;
    }
    let site = Site::make(&dir, args.port)?;
    let loaded = match app::load(&site.config) {
        Ok(loaded) => loaded,
        Err(problems) => {
            check::report(&problems, out, "demo");
            return Ok(Exit::Configuration);
        }
    };
    let running = match app::start_with(loaded, Arc::new(MovableClock::default())).await {
        Ok(running) => running,
        Err(error) => return Ok(serve::report(&error)),
    };
    let base = format!("https://localhost:{}", running.address.port());
    let ready = began.elapsed();
    if !out.is_json() {
        println!("{}", site.greeting(&base, ready));
    }
    let actors = site.actors(&base)?;
    if let Some(scenario) = scenario {
        let failed = act(&scenario, &actors, &running, out).await;
        return Ok(end(args, running, &site, failed).await);
    }
    let mut journeys = Vec::new();
    for step in script::steps() {
        let journey = play(&step, &actors, &running.gateway).await;
        if !out.is_json() {
            println!("{}", journey.text());
        }
        journeys.push(journey);
    }
    let failed = journeys.iter().filter(|j| !j.as_expected).count();
    let summary = format!("{} of {} journeys ended as expected", journeys.len() - failed, journeys.len());
    let value = json!({
        "ready_ms": ready.as_millis() as u64, "gateway": base, "dir": args.dir,
        "journeys": journeys, "as_expected": journeys.len() - failed, "total": journeys.len(),
    });
    out.result("demo", value, || summary);
    if !args.once && !out.is_json() {
        println!("{}", site.next(&base, &journeys));
    }
    Ok(end(args, running, &site, failed).await)
}

/// Goes on until it is told to stop, unless once is enough.
async fn end(args: &Args, running: Running, site: &Site, failed: usize) -> Exit {
    if !args.once {
        serve::stop_signal().await;
    }
    running.stop().await;
    site.stop().await;
    if failed == 0 { Exit::Done } else { Exit::Findings }
}

async fn play(step: &Step, actors: &script::Actors, gateway: &app::Gateway) -> Journey {
    let mut journey = script::send(step, actors, gateway.clock.now()).await;
    script::follow(step, actors, &gateway.ledger, &mut journey).await;
    journey
}

/// Plays a scenario; how many acts went otherwise.
async fn act(scenario: &Scenario, actors: &script::Actors, running: &Running, out: Out) -> usize {
    let (english, swedish) = scenario.title;
    if !out.is_json() {
        println!("{english}\n{swedish}\n");
    }
    let mut played = Vec::new();
    for act in &scenario.acts {
        let one = scenario::play(act, actors, running).await;
        if !out.is_json() {
            println!("{}", one.text());
        }
        played.push(one);
    }
    let failed = played.iter().filter(|one| !one.as_expected).count();
    let value = json!({
        "scenario": scenario.name, "case": format!("SAM-{}", actors.run), "acts": played,
        "as_expected": played.len() - failed, "total": played.len(),
    });
    let words = || format!("{} of {} acts went as expected", played.len() - failed, played.len());
    out.result("demo", value, words);
    failed
}

/// A scenario's record begins anew: what time did to an earlier one is no part of it.
fn anew(state: &Path) -> Result<(), Stop> {
    match std::fs::remove_dir_all(state) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(Stop::Words(format!("{}: {error}", state.display()), Exit::Configuration))
        }
        _ => Ok(()),
    }
}
