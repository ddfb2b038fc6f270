//! What a later message makes of an earlier one (domain §2).
//!
//! Invariant: a mark gives way only to a later one in the order of [`Mark`]: a late receipt takes nothing back.
//! Deliberately absent: which message marks which, which `conformance/tables/marks.txt` says.

use super::{EventKind, HsaId, MessageState};
use jiff::Timestamp;

/// What becomes of the message that is named.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Mark {
    /// Its receiver has opened it.
    Acknowledged,
    /// Its receiver has acted on it.
    Handled,
    /// Its receiver refuses it.
    Rejected,
    /// A later one of its sender tells what holds now.
    Superseded,
    /// It was not for its receiver, who has purged it.
    Misdirected,
    /// It does not hold. It is kept.
    Annulled,
}

impl Mark {
    /// All marks, in their order.
    pub const ALL: [Mark; 6] = [
        Mark::Acknowledged,
        Mark::Handled,
        Mark::Rejected,
        Mark::Superseded,
        Mark::Misdirected,
        Mark::Annulled,
    ];

    /// The state of a message that has it, once nothing of it is under way.
    pub fn state(self) -> MessageState {
        match self {
            Mark::Acknowledged => MessageState::Acknowledged,
            Mark::Handled => MessageState::Handled,
            Mark::Rejected => MessageState::Rejected,
            Mark::Superseded => MessageState::Superseded,
            Mark::Misdirected => MessageState::Misdirected,
            Mark::Annulled => MessageState::Annulled,
        }
    }

    /// The event that puts it on record.
    pub fn kind(self) -> EventKind {
        match self {
            Mark::Acknowledged => EventKind::Acknowledged,
            Mark::Handled => EventKind::Handled,
            Mark::Rejected => EventKind::Rejected,
            Mark::Superseded => EventKind::Superseded,
            Mark::Misdirected => EventKind::Misdirected,
            Mark::Annulled => EventKind::Annulled,
        }
    }

    /// The word in storage and tables: that of the state.
    pub fn word(self) -> &'static str {
        self.state().word()
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<Mark> {
        Mark::ALL.into_iter().find(|mark| mark.word() == word)
    }
}

/// The message that a later one names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Named {
    /// Who sent it.
    pub sender: HsaId,
    /// The sender's id of it.
    pub id: String,
    /// To whom.
    pub receiver: HsaId,
}

/// A message on record that another names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Referred {
    /// Its place among the messages.
    pub seq: i64,
    /// The gateway's id of it.
    pub message: String,
    /// Its event code.
    pub event: String,
    /// Its case.
    pub case: String,
    /// When what it tells happened.
    pub occurred: Timestamp,
    /// What later messages have made of it.
    pub mark: Option<Mark>,
    /// Has a later step of its case been accepted?
    pub later: bool,
    /// Events that are no steps of a case, as a JSON array.
    pub beside: String,
    /// The deliveries that were looked at for that.
    pub looked: i64,
}

/// What an admission makes of a message that it names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Marking {
    /// The one that is named.
    pub of: Referred,
    /// What becomes of it.
    pub mark: Mark,
}
