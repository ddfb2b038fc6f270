//! A mailbox: what is handed out to a receiver that fetches its messages itself, and its receipts.
//!
//! Invariant: plain data. What is handed out stays owed until a receipt for it is on record. Deliberately
//! absent: who may fetch, and what a page looks like.

use super::{Delivery, DeliveryState, Event, HsaId};
use jiff::Timestamp;

/// Which of the deliveries that wait for a receiver.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pick {
    /// Those that nobody has: never handed out, or handed out so long ago that they come again.
    Due,
    /// These, and before them those that were handed out under a higher number than this and have no
    /// receipt yet: whoever asks so has not got them.
    Since(u64),
    /// This one, handed out before.
    One(String),
}

/// What is to be handed out.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Lending {
    /// To whom.
    pub receiver: HsaId,
    /// Which of what waits.
    pub pick: Pick,
    /// Now.
    pub now: Timestamp,
    /// When it comes again if no receipt has come.
    pub until: Timestamp,
    /// So many at most.
    pub limit: usize,
    /// So many bytes of bodies, roughly, at most; one delivery may be larger.
    pub bytes: usize,
}

/// A delivery that is handed out: its attempt is on record.
#[derive(Clone, Debug)]
pub struct Lent {
    /// Grows with each hand-out: the receiver's cursor.
    pub number: u64,
    /// When it comes again without a receipt.
    pub until: Timestamp,
    /// The delivery.
    pub delivery: Delivery,
}

/// What waits for a receiver.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Mail {
    /// Is there something to hand out now?
    pub due: bool,
    /// When something that is handed out comes again.
    pub next: Option<Timestamp>,
}

/// What a receiver says of a delivery that it was handed.
#[derive(Clone, Debug)]
pub struct Receipt {
    /// The gateway's id of the delivery.
    pub delivery: String,
    /// `Delivered` or `Rejected`.
    pub state: DeliveryState,
    /// How that goes on record.
    pub event: Event,
}
