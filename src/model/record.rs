//! What a verdict puts on record: the duplicate key, a new delivery, the next state of one.
//!
//! Invariant: plain data; bodies and facts are bytes that nobody but their reader looks into.

use super::{DeliveryState, Event, Format, HsaId, Lane};
use jiff::Timestamp;

/// What makes a message the same message again.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Key {
    /// Proven sender.
    pub sender: HsaId,
    /// Protocol name of the channel.
    pub protocol: &'static str,
    /// The sender's id of the message.
    pub message_id: String,
}

/// One delivery of an accepted message.
#[derive(Clone)]
pub struct NewDelivery {
    /// The gateway's id of the delivery.
    pub id: String,
    /// Receiver and case.
    pub lane: Lane,
    /// Format of `body`.
    pub format: Format,
    /// What the receiver will be sent.
    pub body: Vec<u8>,
    /// Facts for deciding permission again (JSON, opaque here).
    pub facts: String,
    /// When it is given up.
    pub expires: Timestamp,
    /// When it may first be attempted.
    pub due: Timestamp,
}

/// The next state of a delivery: the outcome of its attempt, or a person's decision.
#[derive(Clone, Debug)]
pub struct Settlement {
    /// The gateway's id of its message.
    pub message: String,
    /// The gateway's id of the delivery.
    pub delivery: String,
    /// Any state but `Attempting`, which only a claim sets.
    pub state: DeliveryState,
    /// When to try again; read for `Waiting` only, the event's time if absent.
    pub next_at: Option<Timestamp>,
    /// What happened. Message, delivery and party are filled in if absent.
    pub event: Event,
}
