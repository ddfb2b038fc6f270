//! Who shall have a message that is sent to a routing address (domain §6): what the choice rests on, and the choice.
//!
//! Invariant: a choice names rules and parties, never where a person lives; what a person's address says does not print.
//! Deliberately absent: the order of the rules, which `stage::route` keeps.

use super::HsaId;
use serde::Serialize;
use std::fmt;

/// What the registered address says.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Residence {
    /// Code or name of a municipality, or the name of a board.
    pub district: Option<String>,
    /// Postal code as written.
    pub postal: Option<String>,
    /// The registered address is not the real one (skyddad folkbokföring).
    pub hidden: bool,
}

impl fmt::Debug for Residence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Residence(…)")
    }
}

/// A placement that is open as far as the record tells.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Placed {
    /// The placing board.
    pub board: HsaId,
    /// The party that was told of it.
    pub told: HsaId,
}

/// Where an earlier message of the same sender and case went, that was sent to a routing address too.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Went {
    /// The sender's id of it.
    pub id: String,
    /// Who got it.
    pub receiver: HsaId,
    /// It answered that the message was not for it.
    pub refused: bool,
}

/// What is on record about a person and a case that a choice needs.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub struct Whereabouts {
    /// Open placements.
    pub placed: Vec<Placed>,
    /// Earlier messages of the case, the newest first.
    pub went: Vec<Went>,
    /// Who should have the message, as the one said that should not.
    pub right: Option<HsaId>,
}

/// The rules, in their order.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The wrong receiver named the right one.
    Answer,
    /// The message that this one answers, changes or withdraws went there.
    Named,
    /// A placement is open: its board.
    Placement,
    /// An earlier message of the case went there.
    Case,
    /// The registered municipality, or the board of its district.
    Registered,
    /// The manual desk.
    Desk,
}

impl Rule {
    /// The word on record.
    pub fn word(self) -> &'static str {
        match self {
            Rule::Answer => "answer",
            Rule::Named => "named",
            Rule::Placement => "placement",
            Rule::Case => "case",
            Rule::Registered => "registered",
            Rule::Desk => "desk",
        }
    }
}

/// One rule that was asked.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Step {
    /// Which.
    pub rule: Rule,
    /// What came of it, in a word.
    pub outcome: &'static str,
    /// The party that it names, whether or not it was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<HsaId>,
}

/// Who was chosen, and why.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Choice {
    /// The address that the message was sent to.
    pub address: HsaId,
    /// The rule that chose; the desk where none did.
    pub rule: Rule,
    /// Who gets it; nobody: it waits for a person.
    pub to: Option<HsaId>,
    /// Every rule that was asked, in order.
    pub asked: Vec<Step>,
    /// The gateway's id of the message that went wrong, where this one goes on in its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub instead_of: Option<String>,
}
