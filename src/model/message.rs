//! A message: its envelope in words that every format shares, and its tree.
//!
//! Invariant: the envelope holds only what routing, order, duplicates and permission need; the
//! content stays in the tree. `Debug` prints no person data.

use super::{Format, HsaId};
use fhir::Tree;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The person a message is about: what permission and guards need of them.
#[derive(Clone, PartialEq, Eq)]
pub struct Subject {
    /// Identifier system as received.
    pub system: String,
    /// Identifier value as received.
    pub value: String,
    /// Birth date as written, if any. Never derived from the identifier (domain §7).
    pub birth_date: Option<jiff::civil::Date>,
    /// Marked as protected in any way (domain §5).
    pub protected: bool,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Subject(…)")
    }
}

/// What every message carries (domain §1, last paragraph).
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Envelope {
    /// The sender's id of this message.
    pub id: String,
    /// Event code of the catalogue, e.g. `admission-notice`.
    pub event: String,
    /// Coordination case or exam case.
    pub case: String,
    /// Logical address of the sender.
    pub sender: HsaId,
    /// Logical address of the receiver.
    pub receiver: HsaId,
    /// When the sender sent it.
    pub sent: Timestamp,
    /// When what it tells happened.
    pub occurred: Timestamp,
    /// The sender's own reference, returned in every answer.
    pub reference: Option<String>,
    /// Id of the message that this one answers.
    pub answers: Option<String>,
    /// Id of the message that this one changes or withdraws.
    pub refers_to: Option<String>,
    /// Legal basis that the sender asserts: code of domain §4.
    pub basis: Option<String>,
    /// Was a reason for the basis given? (Its text is sensitive and stays in the tree.)
    pub basis_reasoned: bool,
    /// The person it is about.
    pub subject: Subject,
}

/// A decoded message: believed to be well formed, nothing more.
#[derive(Clone, Debug)]
pub struct Message {
    /// Shared words.
    pub envelope: Envelope,
    /// Format of `tree`.
    pub format: Format,
    /// The content as received.
    pub tree: Tree,
    /// The canonical form, where only a map could tell the envelope.
    pub canonical: Option<Tree>,
    /// What its map was told beside it.
    pub told: Told,
}

/// What a map is told that does not stand in the message: names and texts, without person data.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Told(Vec<(String, String)>);

impl Told {
    /// These.
    pub fn of(all: impl IntoIterator<Item = (String, String)>) -> Told {
        Told(all.into_iter().collect())
    }

    /// As an engine takes them.
    pub fn pairs(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect()
    }
}

/// Where a message stands, as the operator reads it (domain §2).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum MessageState {
    /// On record, not yet under way.
    Waiting,
    /// Every receiver has it.
    Delivered,
    /// Needs a person or a decision.
    Held,
    /// Refused by the receiver.
    Rejected,
    /// Not delivered within its time.
    Expired,
    /// Opened by the receiver.
    Acknowledged,
    /// Acted on by the receiver.
    Handled,
    /// A later one of its sender tells what holds now.
    Superseded,
    /// It was not for its receiver, who has purged it.
    Misdirected,
    /// It does not hold; it is never deleted.
    Annulled,
}

impl MessageState {
    /// The word in records, output and storage.
    pub fn word(self) -> &'static str {
        match self {
            MessageState::Waiting => "waiting",
            MessageState::Delivered => "delivered",
            MessageState::Held => "held",
            MessageState::Rejected => "rejected",
            MessageState::Expired => "expired",
            MessageState::Acknowledged => "acknowledged",
            MessageState::Handled => "handled",
            MessageState::Superseded => "superseded",
            MessageState::Misdirected => "misdirected",
            MessageState::Annulled => "annulled",
        }
    }
}
