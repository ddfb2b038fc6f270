//! A case as it stands: what [`super::play`] makes of what was told.
//!
//! Invariant: a view is a function of messages, terms and time alone, whatever order they came in; it
//! names messages by the gateway's id and holds no person data. Nothing that was told is left out of
//! it: what was annulled or superseded is marked so.

use super::obligation::{Late, Obligation};
use crate::model::HsaId;
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// All cases of one subject, with what is owed in them.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct View {
    /// Each case, in the order in which they began.
    pub cases: Vec<Case>,
    /// What is and was owed, in the order in which it was opened.
    pub obligations: Vec<Obligation>,
    /// Where each message stands, in event order.
    pub messages: Vec<Standing>,
    /// What a person should look at, in event order.
    pub findings: Vec<Finding>,
}

/// Which machine of domain §2.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// From admission to discharge.
    Admission,
    /// Health exam of a placed child.
    HealthExam,
    /// Oral health exam of a placed child.
    DentalExam,
    /// Exam by LVU 32 §.
    MedicalExam,
    /// The coordinated individual plan.
    Sip,
    /// Care outside the home.
    Placement,
    /// Who pays which part.
    Cofinancing,
}

/// One case from its first message to its last: one run of one machine.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Case {
    /// The case id of its messages.
    pub case: String,
    /// Its machine.
    pub kind: Kind,
    /// From 1: a second admission in the same coordination case is its second run.
    pub run: u32,
    /// Where it stands.
    pub state: State,
    /// Event time of the step that brought it there.
    pub since: Timestamp,
    /// All its steps, in event order, the annulled and superseded among them.
    pub steps: Vec<Step>,
    /// Codes and times that hold now: reason, decider, parts, answer, estimate and the like, by the
    /// names in [`super::told::detail`].
    pub facts: BTreeMap<String, String>,
    /// Admission only: each ready notice's clock, the stopped ones too.
    pub clocks: Vec<Clock>,
}

/// The states of all machines (domain §2).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[allow(missing_docs, reason = "each is the word of domain §2 or of the catalogue's code list")]
pub enum State {
    Admitted,
    Planning,
    Ready,
    Withdrawn,
    Discharged,
    Requested,
    Accepted,
    Redirected,
    Unnecessary,
    Booked,
    NoShow,
    CannotBeDone,
    Done,
    Called,
    Established,
    Adjusted,
    FollowedUp,
    Started,
    Changed,
    Ended,
    Asked,
    Acknowledged,
    Answered,
    Closed,
    /// Every step of it was annulled.
    Annulled,
}

/// One message in its case.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Step {
    /// The gateway's id of the message.
    pub message: String,
    /// Event code.
    pub event: String,
    /// Who told it.
    pub sender: HsaId,
    /// Whom.
    pub receiver: HsaId,
    /// When it happened.
    pub occurred: Timestamp,
    /// When it was sent, by the sender's word.
    pub sent: Timestamp,
    /// When the gateway had it.
    pub received: Timestamp,
    /// When the receiver had it.
    pub delivered: Option<Timestamp>,
    /// By when the terms want it told, where they say so.
    pub due: Option<Timestamp>,
    /// M6 only: what its 24 hours count from.
    pub clock: Option<NoticeClock>,
    /// Told too late, and whose time it was.
    pub late: Option<Late>,
    /// Does it still hold?
    pub validity: Validity,
    /// It came when the case had passed the state that it tells of, so it moved nothing.
    pub overtaken: bool,
}

/// The two instants from which the 24 hours of an admission notice may count (2017:612 2:3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeClock {
    /// The admission: it is told, and the event is not later.
    Admission,
    /// The assessment, which the notice's event time is, later than the admission that it tells.
    Assessment,
    /// The event time; the notice tells no admission, so which of the two it is stays open.
    Event,
}

/// Does a step still hold?
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Validity {
    /// Yes.
    Valid,
    /// Taken back by its sender.
    Annulled,
    /// Its sender told the same anew.
    Superseded,
}

/// A ready notice's clock: free days run from it until payment liability.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Clock {
    /// The M11, or the M19 that counts as one.
    pub message: String,
    /// Who may become liable: its receiver.
    pub payer: HsaId,
    /// When the notice was sent; its day in Stockholm is day zero.
    pub started: Timestamp,
    /// Day zero.
    pub day_zero: Date,
    /// Sent after noon.
    pub after_noon: bool,
    /// Kind of care that chose the row of the terms.
    pub care: super::terms::Care,
    /// Free days by that row.
    pub free_days: u8,
    /// First day of payment liability if nothing stops the clock.
    pub first_day: Date,
    /// Is a call to a SIP a condition (no: plan not needed, or samordnad vårdplan)?
    pub wants_sip: bool,
    /// What stopped it.
    pub stopped: Option<Stop>,
}

/// What stopped a clock.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Stop {
    /// The message that did.
    pub message: String,
    /// When what it tells happened.
    pub at: Timestamp,
    /// How.
    pub why: StopReason,
}

/// How a clock was stopped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StopReason {
    /// M12.
    Withdrawn,
    /// M14.
    Discharged,
    /// A new ready notice to the same receiver.
    Superseded,
    /// The notice was annulled.
    Annulled,
}

/// Where one message stands, as far as messages tell (domain §2). What only the queue knows (held,
/// refused, expired) stands in the ledger.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Standing {
    /// The gateway's id of the message.
    pub message: String,
    /// The word.
    pub word: Word,
    /// The message that says so, if one does.
    pub by: Option<String>,
}

/// The words for a message, the stronger the later.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Word {
    /// Not with its receiver yet.
    Waiting,
    /// Its receiver has it.
    Delivered,
    /// Somebody at its receiver has opened it, or it was answered.
    Acknowledged,
    /// Its receiver has done what it asks.
    Handled,
    /// Its receiver does not take it.
    Rejected,
    /// Its sender told the same anew.
    Superseded,
    /// Its sender took it back.
    Annulled,
}

/// Something that a person should look at.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Finding {
    /// What.
    pub what: What,
    /// The message that shows it.
    pub message: String,
    /// The other message that it concerns.
    pub about: Option<String>,
    /// The case id.
    pub case: String,
}

/// What a finding is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// An annulment of a step that is not the newest; the step stands.
    NotTheNewest,
    /// An annulment of another party's message, or of what is no step; nothing changes.
    NotItsOwn,
    /// It refers to or answers a message that was not told here.
    UnknownReference,
    /// A receipt, misdirection or answer from a party that the message was not for.
    NotItsReceiver,
    /// It tells of a state that the case had passed by event time.
    Overtaken,
    /// A withdrawal without a ready notice that it could withdraw.
    NothingToWithdraw,
    /// The placement ended and the health exam was never asked for or never answered.
    HealthExamNeverAnswered,
    /// The same of the oral health exam.
    DentalExamNeverAnswered,
    /// The care under LVU 2 § ends, with the placement or by another ground, and with it skyddad folkbokföring that the board obtained.
    ProtectionEnds,
    /// SiS-placed: left hospital or wants to.
    PatientLeft,
}
