//! `sluss msg list|show|journey`: questions asked of the ledger, beside a running gateway or without; `release|drop`: what
//! a person decides on what is held.
//!
//! Invariant: metadata only; no body and no person data is ever printed here.

use super::{
    Exit, Out,
    problem::{self, Place},
};
use crate::{
    app::desk::Request,
    ledger::{EventRow, Filter, Ledger, MessageRow},
    model::{Failure, MessageState},
};
use clap::Subcommand;
use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};

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
    /// Let what is held of a message go on. Whether it may pass is decided again.
    Release(Ruling),
    /// End what is held of a message: it is not delivered, and stays on record.
    Drop(Ruling),
    /// Tell what happened to a message, step by step.
    Journey {
        #[command(flatten)]
        place: Place,
        /// The gateway's id or the sender's.
        id: String,
    },
}

/// A person's decision on a held message.
#[derive(clap::Args)]
pub struct Ruling {
    #[command(flatten)]
    place: Place,
    /// The gateway's id or the sender's.
    id: String,
    /// Why, as a code in small letters and hyphens, such as receiver-asked.
    #[arg(long)]
    reason: String,
    /// Who decides: a user name, no person number.
    #[arg(long, env = "USER", default_value = "operator")]
    by: String,
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
        match verb {
            Verb::List { place, refused: true, limit, .. } => {
                problem::with(&place, async |ledger| refusals(ledger, limit, out).await).await
            }
            Verb::List { place, state, event, party, limit, .. } => {
                let filter = Filter { state, event, party, limit, before: None };
                problem::with(&place, async |ledger| list(ledger, &filter, out).await).await
            }
            Verb::Show { place, id } => {
                problem::with(&place, async |ledger| show(ledger, &id, out).await).await
            }
            Verb::Journey { place, id } => {
                problem::with(&place, async |ledger| journey(ledger, &id, out).await).await
            }
            Verb::Release(Ruling { place, id, reason, by }) => {
                let request = Request::Release { message: id, by, reason };
                problem::ask(&place, &request, "msg release", out).await
            }
            Verb::Drop(Ruling { place, id, reason, by }) => {
                let request = Request::Drop { message: id, by, reason };
                problem::ask(&place, &request, "msg drop", out).await
            }
        }
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
