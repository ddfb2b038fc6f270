//! May it pass? The words of the decision (domain §4).
//!
//! Invariant: a decision names its basis and its rule, never content.

use serde::{Deserialize, Serialize};

/// Basis codes of domain §4.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Basis {
    /// The young person's own consent.
    ConsentYoungPerson,
    /// Both guardians consent.
    ConsentGuardiansBoth,
    /// One guardian consents, the other is prevented and it cannot wait.
    ConsentGuardianOnePrevented,
    /// One guardian and a board decision (FB 6:13 a).
    ConsentGuardianBoard,
    /// The accompanying guardian in protected housing decides the exam (Lag 2024:79 6:1).
    ConsentGuardianShelter,
    /// The board decides under LVU (LVU 11 §).
    BoardLvu,
    /// Duty to inform (OSL 10:28).
    Duty,
    /// Release rule of health care (OSL 25:12), under 18 only.
    ReleaseHealth,
    /// Release rule of social services (OSL 26:9), under 18 only.
    ReleaseSocial,
    /// The four-field notice (Lag 2017:612 2:2).
    FourField,
    /// Assessed incapable (menprövning).
    AssessedIncapable,
    /// Compulsory care.
    CompulsoryCare,
}

impl Basis {
    /// All codes.
    pub const ALL: [Basis; 12] = [
        Basis::ConsentYoungPerson,
        Basis::ConsentGuardiansBoth,
        Basis::ConsentGuardianOnePrevented,
        Basis::ConsentGuardianBoard,
        Basis::ConsentGuardianShelter,
        Basis::BoardLvu,
        Basis::Duty,
        Basis::ReleaseHealth,
        Basis::ReleaseSocial,
        Basis::FourField,
        Basis::AssessedIncapable,
        Basis::CompulsoryCare,
    ];

    /// The code as messages and agreements write it.
    pub fn word(self) -> &'static str {
        match self {
            Basis::ConsentYoungPerson => "consent-young-person",
            Basis::ConsentGuardiansBoth => "consent-guardians-both",
            Basis::ConsentGuardianOnePrevented => "consent-guardian-one-prevented",
            Basis::ConsentGuardianBoard => "consent-guardian-board",
            Basis::ConsentGuardianShelter => "consent-guardian-shelter",
            Basis::BoardLvu => "board-lvu",
            Basis::Duty => "duty",
            Basis::ReleaseHealth => "release-health",
            Basis::ReleaseSocial => "release-social",
            Basis::FourField => "four-field",
            Basis::AssessedIncapable => "assessed-incapable",
            Basis::CompulsoryCare => "compulsory-care",
        }
    }

    /// Reads a code.
    pub fn from_word(word: &str) -> Option<Basis> {
        Basis::ALL.into_iter().find(|b| b.word() == word)
    }

    /// Does it rest on a consent that must be found in the register?
    pub fn is_consent(self) -> bool {
        self.word().starts_with("consent-")
    }

    /// Does it stop when the person turns 18 (domain §4.2)?
    pub fn ends_at_18(self) -> bool {
        matches!(self, Basis::ReleaseHealth | Basis::ReleaseSocial)
    }
}

/// Why a message waits for something before it may pass.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Hold {
    /// The source of the decision does not answer (domain §4.5).
    SourceSilent,
    /// The subject is protected and the receiver has not declared that it can handle that (§5).
    ReceiverNotReady,
    /// No rule finds a receiver, and there is no manual desk to take it (§6).
    NoReceiver,
}

impl Hold {
    /// The word on record.
    pub fn word(&self) -> &'static str {
        match self {
            Hold::SourceSilent => "consent-source-silent",
            Hold::ReceiverNotReady => "receiver-not-ready-for-protected",
            Hold::NoReceiver => "no-receiver",
        }
    }
}

/// The decision about one message to one receiver at one time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// It may pass on this basis.
    Pass {
        /// The basis that served.
        basis: Basis,
        /// Reference to the evidence (consent id and version), never its content.
        evidence: Option<String>,
    },
    /// It waits.
    Hold(Hold),
    /// It stops. What would be accepted instead is the event's list of bases.
    Stop {
        /// Bases that the agreement accepts for this event.
        accepted: Vec<Basis>,
        /// Why the asserted basis did not serve, if one was asserted.
        why: Option<&'static str>,
    },
}
