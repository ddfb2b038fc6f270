//! Parties of the agreement: who they are, what they speak, where they listen.
//!
//! Invariant: immutable once loaded; a change swaps the whole registry. A party is not a
//! municipality: a joint body is a party of its own (domain §6).

use super::{DeliveryState, Format, HsaId, Told};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What kind of body a party is. Release rules depend on it (domain §4.2).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PartyKind {
    /// A region or one of its care givers.
    Region,
    /// A municipality, a district board or a joint municipal body.
    Municipality,
    /// A private provider: release rules between authorities do not cover it automatically.
    PrivateProvider,
    /// The state's institutions for young people (Statens institutionsstyrelse), told of M18.
    #[serde(rename = "sis")]
    StateInstitutions,
}

impl PartyKind {
    /// The word used in configuration and records.
    pub fn word(self) -> &'static str {
        match self {
            PartyKind::Region => "region",
            PartyKind::Municipality => "municipality",
            PartyKind::PrivateProvider => "private-provider",
            PartyKind::StateInstitutions => "sis",
        }
    }
}

/// The endpoint of a party that cannot host one: it fetches its messages from the gateway.
pub const MAILBOX: &str = "mailbox";

/// The two acknowledgement modes of HL7 v2, as we ask a receiver for them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Acknowledgement {
    /// One answer from the application: MSH-15 and MSH-16 empty.
    Original,
    /// One answer from the receiver's door, when it has stored the message: MSH-15 `AL`, MSH-16 `NE`.
    Enhanced,
}

/// A party with its technical address.
#[derive(Clone, PartialEq, Debug)]
pub struct Partner {
    /// Logical address.
    pub hsa_id: HsaId,
    /// Name for people.
    pub name: String,
    /// Kind of body.
    pub kind: PartyKind,
    /// Format it receives.
    pub format: Format,
    /// Where it listens: `https://…` or `mllps://host:port`; or [`MAILBOX`].
    pub endpoint: String,
    /// Does a repeated delivery with the same id have one effect? Decides what `Unknown` means.
    pub idempotent: bool,
    /// Has declared that it can handle protected persons (domain §5).
    pub handles_protected: bool,
    /// How long one delivery attempt may take, in seconds.
    pub timeout_s: u32,
    /// How many deliveries may be under way at once.
    pub in_flight: u32,
    /// Of what becomes of its messages it wants a receipt: `Delivered`, `Rejected`, `Expired`.
    pub receipts: Vec<DeliveryState>,
    /// May it call for others, as a hub of a service platform does?
    pub hub: bool,
    /// What maps to and from its format are told of it, by name.
    pub translate: BTreeMap<String, String>,
    /// HL7 v2: which acknowledgements we ask it for.
    pub acknowledgement: Acknowledgement,
    /// HL7 v2: does its MSH-10 start again some day? Then the send time belongs to the duplicate key.
    pub reuses_control_ids: bool,
}

impl Partner {
    /// What a map is told that reads what it sent.
    pub fn tells_of_sending(&self, received: Timestamp) -> Told {
        let own = self.translate.clone().into_iter();
        let known = [("sender", self.hsa_id.to_string()), ("receivedAt", received.to_string())];
        Told::of(own.chain(known.map(|(name, text)| (name.to_string(), text))))
    }

    /// What a map is told that writes for it.
    pub fn tells_of_receiving(&self) -> Told {
        let own = self.translate.clone().into_iter();
        Told::of(own.chain([("receiver".to_string(), self.hsa_id.to_string())]))
    }
}

impl Partner {
    /// Does it fetch its messages itself? Then nothing is ever carried to it.
    pub fn pulls(&self) -> bool {
        self.endpoint == MAILBOX
    }

    /// How many deliveries may be carried to it at once.
    pub fn carried(&self) -> usize {
        if self.pulls() { 0 } else { self.in_flight as usize }
    }
}
