//! `sluss serve`: check, bind, run until told to stop.

use super::{Exit, Out, check};
use crate::app::{self, Running, StartError};
use serde_json::json;
use std::path::PathBuf;

/// Arguments.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration; `partners/` and `agreements/` stand beside it.
    #[arg(long, default_value = "sluss.toml")]
    config: PathBuf,
}

/// Runs the verb. SIGTERM or Ctrl-C stops it: no more callers, what is under way ends, exit 0.
pub fn run(args: Args, out: Out) -> Exit {
    super::log("info");
    let loaded = match app::load(&args.config) {
        Ok(loaded) => loaded,
        Err(problems) => {
            check::report(&problems, out, "serve");
            return Exit::Configuration;
        }
    };
    super::block_on(async move {
        match app::start(loaded).await {
            Ok(running) => serve(running, out).await,
            Err(error) => report(&error),
        }
    })
}

async fn serve(running: Running, out: Out) -> Exit {
    let address = running.address.to_string();
    let rules = running.gateway.rulebook.load().version().to_string();
    let mllp = running.mllp.map(|address| address.to_string());
    out.result("serve", json!({ "address": address, "mllp": mllp, "rules": rules }), || {
        let also = mllp.map_or(String::new(), |mllp| format!(" and mllps://{mllp}"));
        format!("listening on https://{address}{also} (mutual TLS), rules {rules}")
    });
    let ledger = running.gateway.ledger.clone();
    let exit = tokio::select! {
        () = stop_signal() => Exit::Done,
        reason = ledger.failed() => {
            tracing::error!("the ledger has failed and nothing more is accepted: {reason}");
            Exit::Bug
        }
    };
    drop(ledger);
    running.stop().await;
    exit
}

/// Prints why the gateway does not start.
pub fn report(error: &StartError) -> Exit {
    match error {
        StartError::Bind(address, error) => {
            eprintln!("error: {address} cannot be bound: {error}; set its address in [listen] to a free one");
            Exit::Unreachable
        }
        StartError::Failure(failure) => {
            eprintln!("error[{}]: {failure}", failure.code());
            Exit::Bug
        }
    }
}

/// Resolves at SIGTERM or Ctrl-C.
pub async fn stop_signal() {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = match signal(SignalKind::terminate()) {
        Ok(terminate) => terminate,
        Err(_) => return std::future::pending().await,
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = tokio::signal::ctrl_c() => {}
    }
}
