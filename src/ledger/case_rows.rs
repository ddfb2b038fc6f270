//! Rows about cases, obligations and problems.
//!
//! Invariant: codes, ids and times; no person.

use super::rows::instant;
use jiff::Timestamp;
use serde::{Serialize, Serializer};

/// One delivery of one message, as a case is told of it.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(missing_docs, reason = "each is the column of its name")]
pub struct ToldRow {
    pub seq: i64,
    pub message: String,
    pub id: String,
    pub event: String,
    pub case: String,
    pub sender: String,
    pub protocol: String,
    pub refers_to: Option<String>,
    pub answers: Option<String>,
    pub occurred: Timestamp,
    pub sent: Timestamp,
    pub received: Timestamp,
    pub agreement: Option<String>,
    pub details: Option<String>,
    pub receiver: Option<String>,
    pub delivery: Option<String>,
    /// Where the delivery stands.
    pub state: Option<String>,
    /// The fault code of its last event.
    pub code: Option<String>,
    pub mark: Option<String>,
    pub tried: Option<Timestamp>,
    pub delivered: Option<Timestamp>,
}

/// One case: a run of a machine.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct CaseRow {
    /// Case id.
    pub case: String,
    /// Its machine.
    pub kind: String,
    /// Which run.
    pub run: u32,
    /// Where it stands.
    pub state: String,
    /// Since when.
    #[serde(serialize_with = "instant")]
    pub since: Timestamp,
}

/// One obligation.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ObligationRow {
    /// What is owed.
    pub duty: String,
    /// Event code that meets it.
    pub event: String,
    /// Case id.
    pub case: String,
    /// HSA-id of who owes it.
    pub party: String,
    /// HSA-id of whom it is owed to.
    pub to: String,
    /// By when.
    #[serde(serialize_with = "instant")]
    pub due: Timestamp,
    /// Open, met, met-late or cancelled.
    pub state: String,
    /// If late: whose time it was.
    pub whose: Option<String>,
    /// The message that opened it.
    pub opened_by: String,
    /// The message that ended it.
    pub closed_by: Option<String>,
}

/// One problem.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct ProblemRow {
    /// Its id.
    pub id: String,
    /// What makes it the same at another look.
    #[serde(skip)]
    pub cause: String,
    /// Kind.
    pub kind: String,
    /// What exactly.
    pub what: String,
    /// Case id.
    pub case: Option<String>,
    /// The gateway's id of the message.
    pub message: Option<String>,
    /// The gateway's id of the delivery.
    pub delivery: Option<String>,
    /// Whose it is: sender, gateway or receiver.
    pub owner: String,
    /// Which party that is.
    pub party: Option<String>,
    /// Since when.
    #[serde(serialize_with = "instant")]
    pub opened: Timestamp,
    /// The time that was, or will be, passed.
    #[serde(serialize_with = "maybe")]
    pub due: Option<Timestamp>,
    /// Until when.
    #[serde(serialize_with = "maybe")]
    pub closed: Option<Timestamp>,
    /// Who closed it: `gateway` where the cause is gone.
    pub closed_by: Option<String>,
    /// Why, as a code.
    pub reason: Option<String>,
}

/// How often a party is heard of.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct RhythmRow {
    /// HSA-id.
    pub party: String,
    /// When last.
    pub last: Timestamp,
    /// By days, the longest silence that ended then: a JSON list, read by whoever follows.
    pub days: String,
}

fn maybe<S: Serializer>(at: &Option<Timestamp>, out: S) -> Result<S::Ok, S::Error> {
    at.map(|at| at.to_string()).serialize(out)
}
