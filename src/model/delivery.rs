//! One message on its way to one receiver.
//!
//! Invariant: what the receiver is sent is fixed when the message is accepted (route and rendered
//! body), and order is per [`Lane`]. `Unknown` is an outcome of its own: the receiver may or may not
//! have acted.

use super::{Fault, Format, HsaId};
use jiff::Timestamp;

/// Order is kept within a lane and nowhere else: one stuck lane never holds another.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Lane {
    /// Who shall have it.
    pub receiver: HsaId,
    /// The case that it belongs to.
    pub case: String,
}

/// Where a delivery stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeliveryState {
    /// To be attempted at `next_at`.
    Waiting,
    /// An attempt is on record whose outcome is not.
    Attempting,
    /// The receiver said that it has it.
    Delivered,
    /// The receiver refused it for good.
    Rejected,
    /// Needs a person: unknown outcome at a receiver that is not idempotent, or no permission.
    Held,
    /// Its time ran out.
    Expired,
    /// Its message was annulled before it left.
    Stopped,
}

impl DeliveryState {
    /// The word in records, output and storage.
    pub fn word(self) -> &'static str {
        match self {
            DeliveryState::Waiting => "waiting",
            DeliveryState::Attempting => "attempting",
            DeliveryState::Delivered => "delivered",
            DeliveryState::Rejected => "rejected",
            DeliveryState::Held => "held",
            DeliveryState::Expired => "expired",
            DeliveryState::Stopped => "stopped",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<DeliveryState> {
        use DeliveryState::*;
        [Waiting, Attempting, Delivered, Rejected, Held, Expired, Stopped]
            .into_iter()
            .find(|s| s.word() == word)
    }

    /// Is the delivery over, so that the next in its lane may start? `Held` is not: order holds.
    pub fn is_over(self) -> bool {
        use DeliveryState::*;
        matches!(self, Delivered | Rejected | Expired | Stopped)
    }
}

/// A delivery as the dispatcher claims it: its attempt is already on record.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The gateway's id of the delivery; sent on every attempt, so that a receiver can tell repeats.
    pub id: String,
    /// The gateway's id of the message.
    pub message: String,
    /// The sender's id of the message.
    pub sender_message: String,
    /// Event code.
    pub event: String,
    /// Receiver and case.
    pub lane: Lane,
    /// Number of this attempt, from 1.
    pub attempt: u32,
    /// When the message was accepted.
    pub accepted: Timestamp,
    /// When the delivery is given up.
    pub expires: Timestamp,
    /// Format of `body`.
    pub format: Format,
    /// What the receiver is sent.
    pub body: Vec<u8>,
    /// The facts that permission is decided from again at each attempt, as stored at acceptance
    /// (JSON, opaque to the ledger).
    pub facts: String,
}

/// What came of one attempt.
#[derive(Clone, Debug)]
pub enum Outcome {
    /// The receiver answered that it has it.
    Delivered,
    /// It certainly did not reach the receiver's application: try again.
    NotSent(Fault),
    /// It may have reached it: bytes left, no usable answer came.
    Unknown(Fault),
    /// The receiver refused it for good.
    Refused(Fault),
}
