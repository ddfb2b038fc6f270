//! `sluss msg list|show|journey`: questions asked of the ledger, beside a running gateway or without.
//!
//! Invariant: metadata only; no body and no person data is ever printed here.

use super::{Exit, Out};
use crate::{
    ledger::{EventRow, Filter, Ledger, MessageRow},
    model::{Failure, MessageState},
};
use clap::Subcommand;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use std::path::PathBuf;

/// The verbs.
#[derive(Subcommand)]
pub enum Verb {
    /// List accepted messages, newest first.
    List {
        #[command(flatten)]
        place: Place,
        /// Only in this state: waiting, delivered, held, rejected, expired, acknowledged, handled, superseded,
        /// misdirected, annulled.
        #[arg(long, value_parser = state)]
        state: Option<MessageState>,
        /// Only this event code.
        #[arg(long)]
        event: Option<String>,
        /// Only from or to this HSA-id.
        #[arg(long)]
        party: Option<String>,
        /// At most this many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
        /// List refusals and callers turned away instead.
        #[arg(long)]
        refused: bool,
    },
    /// Show one message with its deliveries.
    Show {
        #[command(flatten)]
        place: Place,
        /// The gateway's id or the sender's.
        id: String,
    },
    /// Tell what happened to a message, step by step.
    Journey {
        #[command(flatten)]
        place: Place,
        /// The gateway's id or the sender's.
        id: String,
    },
}

/// Which ledger.
#[derive(clap::Args)]
pub struct Place {
    /// The state directory.
    #[arg(long, default_value = "state", env = "SLUSS_STATE")]
    state_dir: PathBuf,
}

fn state(word: &str) -> Result<MessageState, String> {
    serde_json::from_value(Value::String(word.into()))
        .map_err(|_| "not one of waiting, delivered, held, rejected, expired, acknowledged, handled, superseded, misdirected, \
              annulled"
            .to_string())
}

/// Runs the verb.
pub fn run(verb: Verb, out: Out) -> Exit {
    super::block_on(async move {
        let place = match &verb {
            Verb::List { place, .. } | Verb::Show { place, .. } | Verb::Journey { place, .. } => place,
        };
        let ledger = match Ledger::read(&place.state_dir) {
            Ok(ledger) => ledger,
            Err(failure) => {
                eprintln!(
                    "error: {}: {failure}; name the state directory with --state-dir",
                    place.state_dir.display()
                );
                return Exit::Unreachable;
            }
        };
        let done = match verb {
            Verb::List { refused: true, limit, .. } => refusals(&ledger, limit, out).await,
            Verb::List { state, event, party, limit, .. } => {
                list(&ledger, &Filter { state, event, party, limit, before: None }, out).await
            }
            Verb::Show { id, .. } => show(&ledger, &id, out).await,
            Verb::Journey { id, .. } => journey(&ledger, &id, out).await,
        };
        done.unwrap_or_else(|failure| {
            eprintln!("error[{}]: {failure}", failure.code());
            Exit::Bug
        })
    })
}

fn rows<T: serde::Serialize>(rows: &T) -> Value {
    serde_json::to_value(rows).unwrap_or_default()
}

/// Swedish local time with offset: what people compare with their own clocks.
pub fn local(at: Timestamp) -> String {
    let zone = TimeZone::get("Europe/Stockholm").unwrap_or(TimeZone::UTC);
    at.to_zoned(zone).strftime("%Y-%m-%d %H:%M:%S%.3f%:z").to_string()
}

async fn list(ledger: &Ledger, filter: &Filter, out: Out) -> Result<Exit, Failure> {
    let messages = ledger.messages(filter).await?;
    out.result("msg list", rows(&messages), || {
        if messages.is_empty() {
            return "no messages".into();
        }
        messages.iter().map(line).collect()
    });
    Ok(Exit::Done)
}

fn line(m: &MessageRow) -> String {
    let to = m.receivers.join(",");
    format!("{}  {:<12} {:<26} {} → {}  {}\n", local(m.received), m.state.word(), m.event, m.sender, to, m.id)
}

async fn refusals(ledger: &Ledger, limit: usize, out: Out) -> Result<Exit, Failure> {
    let events = ledger.refusals(limit).await?;
    out.result("msg list", rows(&events), || {
        if events.is_empty() { "no refusals".into() } else { events.iter().map(step).collect() }
    });
    Ok(Exit::Done)
}

fn nothing(id: &str) -> Exit {
    eprintln!("error: no message has the id {id}; `sluss msg list` shows the newest");
    Exit::Findings
}

async fn show(ledger: &Ledger, id: &str, out: Out) -> Result<Exit, Failure> {
    let Some(message) = ledger.message(id).await? else { return Ok(nothing(id)) };
    let deliveries = ledger.deliveries(&message.id).await?;
    out.result("msg show", json!({ "message": rows(&message), "deliveries": rows(&deliveries) }), || {
        let mut text = format!(
            "message   {}\nsender id {}\nevent     {}\ncase      {}\nfrom      {}\nstate     {}\nsent      {}\noccurred  {}\nreceived  {}\n",
            message.id,
            message.sender_id,
            message.event,
            message.case,
            message.sender,
            message.state.word(),
            local(message.sent),
            local(message.occurred),
            local(message.received),
        );
        for d in &deliveries {
            text += &format!(
                "delivery  {} to {}: {}, {} attempts, {}\n",
                d.id, d.receiver, d.state, d.attempts, d.format
            );
        }
        text
    });
    Ok(Exit::Done)
}

async fn journey(ledger: &Ledger, id: &str, out: Out) -> Result<Exit, Failure> {
    let Some(message) = ledger.message(id).await? else { return Ok(nothing(id)) };
    let events = ledger.journey(&message.id).await?;
    let value = json!({ "message": rows(&message), "journey": rows(&events) });
    out.result("msg journey", value, || {
        let head = format!("{} {} ({})\n", message.event, message.sender_id, message.state.word());
        head + &events.iter().map(step).collect::<String>()
    });
    Ok(Exit::Done)
}

/// One event as a line.
pub fn step(event: &EventRow) -> String {
    let detail: Value = serde_json::from_str(&event.detail).unwrap_or_default();
    let mut facts = Vec::new();
    facts.extend(event.code.clone());
    if let Some(object) = detail.as_object() {
        for (key, value) in object.iter().filter(|(_, v)| !v.is_null() && **v != json!([])) {
            facts.push(format!("{key}={}", value.as_str().map_or_else(|| value.to_string(), str::to_string)));
        }
    }
    let party = event.party.as_deref().unwrap_or("-");
    format!("  {}  {:<11} {:<20} {}\n", local(event.at), event.kind, party, facts.join(" "))
}
