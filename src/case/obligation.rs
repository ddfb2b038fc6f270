//! What a party owes another by when, and whose time it was if it came late (domain §3).
//!
//! Invariant: an obligation is never forgotten, only open, met, met late or cancelled, and names the
//! message that opened it and the one that closed it.

use crate::model::HsaId;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// One thing owed.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Obligation {
    /// What is owed.
    pub duty: Duty,
    /// Event code that meets it.
    pub event: String,
    /// The case id that opened it.
    pub case: String,
    /// Who owes it.
    pub party: HsaId,
    /// To whom.
    pub to: HsaId,
    /// From when it counts.
    pub start: Timestamp,
    /// What that instant is.
    pub clock: Start,
    /// By when; met at this instant is met in time.
    pub due: Timestamp,
    /// The message that opened it.
    pub opened_by: String,
    /// The message that met or cancelled it.
    pub closed_by: Option<String>,
    /// Where it stands.
    pub state: Owed,
    /// If late or past its time: whose time it was.
    pub late: Option<Late>,
    /// Who owed it before the receiver changed.
    pub taken_over_from: Option<HsaId>,
}

/// The duties of domain §3.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Duty {
    /// M16 start: ask for the health exam (M1).
    RequestHealthExam,
    /// M16 start: ask for the oral health exam, in its own message (M2).
    RequestDentalExam,
    /// M1–M3: say where the exam stands (M4).
    TellExamStatus,
    /// M1–M3: give the statement (M5).
    GiveStatement,
    /// M6: reply (M8).
    ReplyToAdmission,
    /// M11: call to a SIP (M10).
    CallToSip,
    /// M11, M19: receive the child before payment liability begins (M14 shows that it happened).
    ReceiveInTime,
    /// M14: give the information at discharge (M13).
    GiveDischargeInformation,
    /// M17: answer the question.
    AnswerCofinancing,
}

/// What the instant is that a time counts from.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Start {
    /// The event's own time.
    Occurred,
    /// First day of the placement.
    PlacementStart,
    /// The day or moment of discharge.
    Discharge,
    /// The opening message was sent.
    Sent,
    /// The opening message reached the party that owes.
    Delivered,
    /// The opening message reached the gateway, and not yet the party that owes.
    Received,
}

/// Where an obligation stands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owed {
    /// Not met yet; past its time if `late` is there.
    Open,
    /// Met in time.
    Met,
    /// Met, too late.
    MetLate,
    /// No longer owed.
    Cancelled,
}

/// A time that was passed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Late {
    /// Whose time it was.
    pub whose: Whose,
    /// By how many seconds, until it came or until now.
    pub seconds: i64,
}

/// Who had the message when its time passed.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Whose {
    /// Who should have sent it: it was not with the gateway.
    Sender,
    /// The gateway: it had it and had not tried to deliver it.
    Gateway,
    /// Who should have it: it had been tried and was not taken.
    Receiver,
}
