//! What the ledger answers: rows for people and machines.
//!
//! Invariant: no body and no fact of a person is in any of them. Deliberately absent: presentation.

use crate::model::MessageState;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// Which messages to list, newest first. Absent fields do not narrow.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Filter {
    /// Only in this state.
    pub state: Option<MessageState>,
    /// Only with this event code.
    pub event: Option<String>,
    /// Only from or to this HSA-id.
    pub party: Option<String>,
    /// At most this many.
    pub limit: usize,
    /// Only with a lower `seq`: the next page.
    pub before: Option<u64>,
}

impl Default for Filter {
    fn default() -> Filter {
        Filter { state: None, event: None, party: None, limit: 50, before: None }
    }
}

/// One accepted message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct MessageRow {
    /// Order of acceptance.
    pub seq: u64,
    /// The gateway's id.
    pub id: String,
    /// The sender's id.
    pub sender_id: String,
    /// Sender's HSA-id.
    pub sender: String,
    /// Protocol it came by.
    pub protocol: String,
    /// Event code.
    pub event: String,
    /// Case.
    pub case: String,
    /// Message that it changes or withdraws.
    pub refers_to: Option<String>,
    /// Receivers' HSA-ids.
    pub receivers: Vec<String>,
    /// Where it stands.
    pub state: MessageState,
    /// When the sender sent it.
    #[serde(serialize_with = "instant")]
    pub sent: Timestamp,
    /// When what it tells happened.
    #[serde(serialize_with = "instant")]
    pub occurred: Timestamp,
    /// When it was received.
    #[serde(serialize_with = "instant")]
    pub received: Timestamp,
    /// Format it came in.
    pub format: String,
}

/// One event of the chain.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct EventRow {
    /// Place in the chain.
    pub seq: u64,
    /// When.
    #[serde(serialize_with = "instant")]
    pub at: Timestamp,
    /// Word of the kind.
    pub kind: String,
    /// The gateway's id of the message.
    pub message: Option<String>,
    /// The gateway's id of the delivery.
    pub delivery: Option<String>,
    /// Party concerned.
    pub party: Option<String>,
    /// Fault code.
    pub code: Option<String>,
    /// Further facts, a JSON object.
    #[serde(serialize_with = "json")]
    pub detail: String,
}

/// One delivery.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct DeliveryRow {
    /// The gateway's id.
    pub id: String,
    /// The gateway's id of the message.
    pub message: String,
    /// Receiver's HSA-id.
    pub receiver: String,
    /// Case: with the receiver, the lane.
    pub case: String,
    /// Where it stands.
    pub state: String,
    /// Is it the first of its lane that is not over?
    pub head: bool,
    /// Attempts so far.
    pub attempts: u32,
    /// When it is tried next; meaningful while it waits.
    #[serde(serialize_with = "instant")]
    pub next_at: Timestamp,
    /// When it is given up.
    #[serde(serialize_with = "instant")]
    pub expires: Timestamp,
    /// Format of the body.
    pub format: String,
}

/// Counts over the whole ledger. `accepted` is the sum of the ten message states.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize)]
pub struct Totals {
    /// Messages accepted.
    pub accepted: u64,
    /// Messages under way.
    pub waiting: u64,
    /// Messages that every receiver has.
    pub delivered: u64,
    /// Messages that need a person.
    pub held: u64,
    /// Messages that a receiver refused.
    pub rejected: u64,
    /// Messages whose time ran out.
    pub expired: u64,
    /// Messages that their receiver has opened.
    pub acknowledged: u64,
    /// Messages that their receiver has acted on.
    pub handled: u64,
    /// Messages that a later one has replaced.
    pub superseded: u64,
    /// Messages that were not for their receiver.
    pub misdirected: u64,
    /// Messages that do not hold.
    pub annulled: u64,
    /// Deliveries to be attempted.
    pub deliveries_waiting: u64,
    /// Deliveries with an attempt under way.
    pub attempting: u64,
    /// Events in the chain.
    pub events: u64,
    /// Commits that were synced, since the ledger was made.
    pub syncs: u64,
    /// Commands that these commits carried: admissions, records, claims, settlements.
    pub commands: u64,
    /// Accepted messages per commit, all commits counted.
    pub messages_per_sync: f64,
}

/// What a walk over the chain found.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ChainReport {
    /// Nothing is wrong.
    pub ok: bool,
    /// Events that were walked and right.
    pub events: u64,
    /// First place that is wrong.
    pub broken: Option<u64>,
    /// What is wrong there.
    pub reason: Option<String>,
    /// Hash of the last right event, hexadecimal: keep it elsewhere to prove that no tail was cut.
    pub tip: String,
}

/// A consent on record.
#[derive(Clone, PartialEq, Eq)]
pub struct ConsentRow {
    /// Its id.
    pub id: String,
    /// Its newest version.
    pub version: u32,
    /// Its content, opaque here.
    pub body: Vec<u8>,
}

pub(super) fn instant<S: Serializer>(at: &Timestamp, out: S) -> Result<S::Ok, S::Error> {
    out.collect_str(at)
}

fn json<S: Serializer>(text: &str, out: S) -> Result<S::Ok, S::Error> {
    match serde_json::from_str::<Box<serde_json::value::RawValue>>(text) {
        Ok(raw) => raw.serialize(out),
        Err(_) => text.serialize(out),
    }
}
