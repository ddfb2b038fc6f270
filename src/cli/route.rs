//! `sluss route explain MESSAGE`: which rule chose the receiver of a message, and which did not.
//!
//! Invariant: rules, parties and places of the record only; no body and no person data is ever printed here. A message in a
//! file is judged as it would be now, and nothing goes on record. Deliberately absent: any choice of its own.

use super::{Exit, Out, check};
use crate::{
    app,
    ledger::Ledger,
    model::{Failure, Fault, HsaId},
};
use clap::Subcommand;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The verbs.
#[derive(Subcommand)]
pub enum Verb {
    /// Tell which rule chose a message's receiver, and why the others did not.
    Explain(Args),
}

/// Arguments.
#[derive(clap::Args)]
pub struct Args {
    /// A message in a file, or the id of one on record, the gateway's or the sender's.
    message: String,
    /// The configuration, for a message in a file.
    #[arg(long, default_value = "sluss.toml")]
    config: PathBuf,
    /// The state directory. Default: that of the configuration for a message in a file, otherwise `state`.
    #[arg(long, env = "SLUSS_STATE")]
    state_dir: Option<PathBuf>,
    /// Who sends a message in a file, where its format does not say so.
    #[arg(long, value_parser = party)]
    from: Option<HsaId>,
}

fn party(text: &str) -> Result<HsaId, String> {
    HsaId::parse(text).ok_or_else(|| "not an HSA-id".to_string())
}

/// Runs the verb.
pub fn run(verb: Verb, out: Out) -> Exit {
    let Verb::Explain(args) = verb;
    let path = Path::new(&args.message).to_path_buf();
    super::block_on(async move {
        if path.is_file() { in_file(&path, &args, out).await } else { on_record(&args, out).await }
    })
}

async fn on_record(args: &Args, out: Out) -> Exit {
    let state = args.state_dir.clone().unwrap_or_else(|| "state".into());
    let found = match Ledger::read(&state) {
        Ok(ledger) => accepted(&ledger, &args.message).await,
        Err(failure) => {
            eprintln!("error: {}: {failure}; name the state directory with --state-dir", state.display());
            return Exit::Unreachable;
        }
    };
    match found {
        Ok(Some(detail)) => tell(&detail, out),
        Ok(None) => {
            eprintln!("error: no file and no message has the name {}", args.message);
            Exit::Findings
        }
        Err(failure) => {
            eprintln!("error[{}]: {failure}", failure.code());
            Exit::Bug
        }
    }
}

/// What its acceptance put on record.
async fn accepted(ledger: &Ledger, id: &str) -> Result<Option<Value>, Failure> {
    let Some(row) = ledger.message(id).await? else { return Ok(None) };
    let journey = ledger.journey(&row.id).await?;
    let first = journey.iter().find(|event| event.kind == "accepted");
    let mut detail: Value = first.and_then(|e| serde_json::from_str(&e.detail).ok()).unwrap_or_default();
    detail["message"] = json!(row.id);
    Ok(Some(detail))
}

async fn in_file(path: &Path, args: &Args, out: Out) -> Exit {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) => {
            eprintln!("error: {}: {}", path.display(), error.kind());
            return Exit::Unreachable;
        }
    };
    let asked = app::route::Asked { bytes, from: args.from.clone(), state: args.state_dir.clone() };
    match app::route::explain(&args.config, asked).await {
        Ok(found) => {
            if !found.record {
                eprintln!(
                    "note: no record was asked: placements and earlier messages of the case are not known"
                );
            }
            let detail = json!({
                "message": path, "id": found.id, "event": found.event, "to": found.to, "route": found.choice,
                "record": found.record,
            });
            tell(&detail, out)
        }
        Err(app::route::Unexplained::Problems(problems)) => {
            check::report(&problems, out, "route explain");
            Exit::Configuration
        }
        Err(app::route::Unexplained::Fault(fault)) => refused(&fault, out),
        Err(app::route::Unexplained::Failure(failure)) => {
            eprintln!("error[{}]: {failure}", failure.code());
            Exit::Bug
        }
    }
}

/// A message that the gateway would refuse has no receiver.
fn refused(fault: &Fault, out: Out) -> Exit {
    let rows: Vec<Value> = fault
        .findings()
        .iter()
        .map(|f| json!({ "code": f.code.to_string(), "place": f.place.path, "detail": f.detail }))
        .collect();
    out.result("route explain", json!({ "refused": rows }), || {
        let line = |f: &crate::model::Finding| {
            format!("  {} {} {}\n", f.code, f.place.path.as_deref().unwrap_or("-"), f.detail)
        };
        "the gateway refuses it, so it has no receiver:\n".to_string()
            + &fault.findings().iter().map(line).collect::<String>()
    });
    Exit::Refused
}

fn tell(detail: &Value, out: Out) -> Exit {
    let route = &detail["route"];
    let word = |value: &Value| value.as_str().unwrap_or("-").to_string();
    out.result("route explain", detail.clone(), || {
        let head = format!("{} {}", word(&detail["event"]), word(&detail["id"]));
        if route.is_null() {
            return format!("{head}: sent to {}; no rule was asked", word(&detail["to"]));
        }
        let mut text = match route["to"].as_str() {
            Some(to) => format!("{head}: sent to {}, goes to {to}\n", word(&route["address"])),
            None => format!("{head}: sent to {}, waits for a person\n", word(&route["address"])),
        };
        if let Some(other) = route["instead_of"].as_str() {
            text += &format!("  in the place of {other}, which was not for its receiver\n");
        }
        for step in route["asked"].as_array().into_iter().flatten() {
            let outcome = word(&step["outcome"]);
            let to = step["to"].as_str().map(|to| format!(" ({to})")).unwrap_or_default();
            text += &format!("  {:<11} {}{to}\n", word(&step["rule"]), sentence(&outcome));
        }
        text
    });
    if route.is_object() && route["to"].is_null() { Exit::Findings } else { Exit::Done }
}

/// What a word on record means.
fn sentence(outcome: &str) -> &str {
    match outcome {
        "chosen" => "chosen",
        "not-asked" => "nobody has said who should have it",
        "names-none" => "it is about no earlier message that was sent to the routing address",
        "that-one-waits" => "the message that it is about waits for a person",
        "none-open" => "no open placement is on record",
        "several-boards" => "several boards hold an open placement: a person must decide",
        "no-earlier-message" => "no earlier message of the case was sent to the routing address",
        "registered-address-not-real" => "the registered address is not the real one (skyddad folkbokföring)",
        "unknown-municipality" => "the municipality is not one of the table",
        "postal-code-says-otherwise" => "district and postal code name different areas",
        "district-not-known" => {
            "the municipality is told apart by board, and the address tells no board with a party"
        }
        "no-party-for-municipality" => "no party has the municipality's messages of this event today",
        "no-registered-address" => "the message holds no registered address with district or postal code",
        "unknown-place" => "neither district nor postal code is known",
        "several-parties" => "several parties have the place",
        "has-answered-no" => "has answered that it was not for it",
        "not-agreed" => "may not be told this event under any agreement",
        "none-configured" => "no manual desk is configured: it is held",
        other => other,
    }
}
