//! What happened: the rows of the ledger's chain.
//!
//! Invariant: a detail holds codes, counts, ids and times; never person data and never content.

use jiff::Timestamp;

/// The kinds of event. The word is what the record and the operator's views say.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum EventKind {
    /// A message was accepted: stored, valid, permitted (or held for a named reason), routable.
    Accepted,
    /// A message was refused by a rule of ours.
    Refused,
    /// A message that its sender's own rules say is none of the catalogue's: on record, and no further.
    Noted,
    /// A message came again and got its first answer again.
    Repeated,
    /// A caller was turned away before any message was read (TLS, identity).
    TurnedAway,
    /// Permission was decided (basis, rule, evidence reference).
    Decided,
    /// An attempt to deliver begins.
    Attempt,
    /// The receiver has it.
    Delivered,
    /// The attempt certainly did not reach the receiver.
    NotSent,
    /// Nobody knows whether the attempt reached the receiver.
    Unknown,
    /// The receiver refused it.
    Rejected,
    /// A person or a decision is needed.
    Held,
    /// The delivery's time ran out.
    Expired,
    /// Its receiver has opened the message.
    Acknowledged,
    /// Its receiver has acted on the message.
    Handled,
    /// A later message tells what holds now.
    Superseded,
    /// It was not for its receiver, who has purged it.
    Misdirected,
    /// Its sender says that the message does not hold.
    Annulled,
    /// A delivery was stopped before it left.
    Stopped,
    /// A person let a held delivery go.
    Released,
    /// There is a problem that a person should see to.
    ProblemOpened,
    /// A problem is over, or a person closed it.
    ProblemClosed,
    /// A receiver's answer came late, or was of another message: it changed no outcome.
    Unasked,
    /// A receipt that was owed to the sender cannot be given.
    Waived,
    /// A consent was registered or changed.
    Consent,
    /// The gateway started.
    Started,
}

impl EventKind {
    /// The word on record.
    pub fn word(self) -> &'static str {
        match self {
            EventKind::Accepted => "accepted",
            EventKind::Refused => "refused",
            EventKind::Noted => "noted",
            EventKind::Repeated => "repeated",
            EventKind::TurnedAway => "turned-away",
            EventKind::Decided => "decided",
            EventKind::Attempt => "attempt",
            EventKind::Delivered => "delivered",
            EventKind::NotSent => "not-sent",
            EventKind::Unknown => "unknown",
            EventKind::Rejected => "rejected",
            EventKind::Held => "held",
            EventKind::Expired => "expired",
            EventKind::Acknowledged => "acknowledged",
            EventKind::Handled => "handled",
            EventKind::Superseded => "superseded",
            EventKind::Misdirected => "misdirected",
            EventKind::Annulled => "annulled",
            EventKind::Stopped => "stopped",
            EventKind::Released => "released",
            EventKind::ProblemOpened => "problem-opened",
            EventKind::ProblemClosed => "problem-closed",
            EventKind::Unasked => "unasked",
            EventKind::Waived => "waived",
            EventKind::Consent => "consent",
            EventKind::Started => "started",
        }
    }
}

/// One row of the chain.
#[derive(Clone, Debug)]
pub struct Event {
    /// When, by the gateway's clock.
    pub at: Timestamp,
    /// What.
    pub kind: EventKind,
    /// The gateway's id of the message, if it is about one.
    pub message: Option<String>,
    /// The gateway's id of the delivery, if it is about one.
    pub delivery: Option<String>,
    /// The party concerned (HSA-id), if known.
    pub party: Option<String>,
    /// Fault code, if any.
    pub code: Option<String>,
    /// Further facts as a JSON object: codes, counts, ids, times.
    pub detail: String,
}
