//! `sluss demo`: a gateway, a region and two municipalities on this machine, and the flows between
//! them, over real mutual TLS.
//!
//! Invariant: needs no root, no network and no configuration; everything it makes stands in one
//! folder and can be used by the other verbs afterwards. Synthetic children only.

mod script;
mod site;

use super::{Exit, Out, check, serve};
use crate::{app, model::Finding};
use script::{Journey, Step};
use serde_json::json;
use site::Site;
use std::{path::PathBuf, time::Instant};

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
}

/// Runs the verb.
pub fn run(args: Args, out: Out) -> Exit {
    super::log("warn");
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
    let site = Site::make(&args.dir, args.port)?;
    let loaded = match app::load(&site.config) {
        Ok(loaded) => loaded,
        Err(problems) => {
            check::report(&problems, out, "demo");
            return Ok(Exit::Configuration);
        }
    };
    let running = match app::start(loaded).await {
        Ok(running) => running,
        Err(error) => return Ok(serve::report(&error)),
    };
    let base = format!("https://localhost:{}", running.address.port());
    let ready = began.elapsed();
    if !out.is_json() {
        println!("{}", site.greeting(&base, ready));
    }
    let actors = site.actors(&base)?;
    let mut journeys = Vec::new();
    for step in script::steps() {
        let journey = play(&step, &actors, &running.gateway.ledger).await;
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
    if !args.once {
        if !out.is_json() {
            println!("{}", site.next(&base, &journeys));
        }
        serve::stop_signal().await;
    }
    running.stop().await;
    site.stop().await;
    Ok(if failed == 0 { Exit::Done } else { Exit::Findings })
}

async fn play(step: &Step, actors: &script::Actors, ledger: &crate::ledger::Ledger) -> Journey {
    let mut journey = script::send(step, actors).await;
    script::follow(step, actors, ledger, &mut journey).await;
    journey
}
