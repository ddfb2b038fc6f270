//! Acknowledgements: the codes, when they are wanted, how they are written and read.
//!
//! Original mode is one answer, AA, AE or AR. Enhanced mode, where MSH-15 or MSH-16 has a value, tells apart
//! the accept acknowledgement (CA, CE, CR: taken over or not) and the application's (AA, AE, AR), each wanted
//! always, never, on error or on success. Invariant: MSA-2 is MSH-10 of what is answered, byte for byte, or empty
//! where that could not be read. Deliberately absent: when to send, and what a code means for a delivery.

mod head;
mod read;
mod write;

pub use head::Head;
pub use read::{Ack, read};
pub use write::{Reply, write};

use crate::fault::{Fault, Place};

/// MSA-1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AckCode {
    /// Application accept.
    AA,
    /// Application error: something in the message is wrong.
    AE,
    /// Application reject: the message is not one that is taken here, or not now.
    AR,
    /// Accept acknowledgement: taken over.
    CA,
    /// Accept acknowledgement: cannot be taken over, the message is wrong.
    CE,
    /// Accept acknowledgement: not taken over.
    CR,
}

/// What became of a message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Verdict {
    /// Taken.
    Accepted,
    /// Refused for what it contains.
    Error,
    /// Refused for what it is.
    Rejected,
}

/// Which of the two acknowledgements of enhanced mode.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Level {
    /// That the message is taken over, MSH-15.
    Accept,
    /// What the application made of it, MSH-16; the only one of original mode.
    Application,
}

impl AckCode {
    /// The code of a verdict.
    pub fn of(level: Level, verdict: Verdict) -> AckCode {
        match (level, verdict) {
            (Level::Application, Verdict::Accepted) => AckCode::AA,
            (Level::Application, Verdict::Error) => AckCode::AE,
            (Level::Application, Verdict::Rejected) => AckCode::AR,
            (Level::Accept, Verdict::Accepted) => AckCode::CA,
            (Level::Accept, Verdict::Error) => AckCode::CE,
            (Level::Accept, Verdict::Rejected) => AckCode::CR,
        }
    }

    /// The code that MSA-1 names.
    pub fn named(name: &[u8]) -> Option<AckCode> {
        let all = [AckCode::AA, AckCode::AE, AckCode::AR, AckCode::CA, AckCode::CE, AckCode::CR];
        all.into_iter().find(|code| code.name().as_bytes() == name)
    }

    /// As MSA-1 has it.
    pub fn name(self) -> &'static str {
        match self {
            AckCode::AA => "AA",
            AckCode::AE => "AE",
            AckCode::AR => "AR",
            AckCode::CA => "CA",
            AckCode::CE => "CE",
            AckCode::CR => "CR",
        }
    }

    /// Which acknowledgement it is.
    pub fn level(self) -> Level {
        match self {
            AckCode::AA | AckCode::AE | AckCode::AR => Level::Application,
            AckCode::CA | AckCode::CE | AckCode::CR => Level::Accept,
        }
    }

    /// What it says.
    pub fn verdict(self) -> Verdict {
        match self {
            AckCode::AA | AckCode::CA => Verdict::Accepted,
            AckCode::AE | AckCode::CE => Verdict::Error,
            AckCode::AR | AckCode::CR => Verdict::Rejected,
        }
    }
}

/// ERR-4.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Severity {
    /// `E`: something is wrong, and the message not taken.
    Error,
    /// `F`: nothing more can be done with it.
    Fatal,
    /// `W`: taken, but something is not as it should be.
    Warning,
    /// `I`.
    Information,
}

impl Severity {
    fn name(self) -> &'static str {
        match self {
            Severity::Error => "E",
            Severity::Fatal => "F",
            Severity::Warning => "W",
            Severity::Information => "I",
        }
    }

    fn named(name: &str) -> Severity {
        match name {
            "F" => Severity::Fatal,
            "W" => Severity::Warning,
            "I" => Severity::Information,
            _ => Severity::Error,
        }
    }
}

/// One thing that an acknowledgement tells of a message; an ERR segment, or before 2.5 a repetition of ERR-1.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Where, if it is at one place.
    pub place: Option<Place>,
    /// The condition in HL7 table 0357.
    pub condition: u16,
    /// How bad it is.
    pub severity: Severity,
    /// The application's own code, ERR-5.
    pub code: String,
    /// For who reads the sender's log, ERR-7: what and where.
    pub diagnostic: String,
    /// For a person, ERR-8.
    pub text: String,
}

impl From<&Fault> for Finding {
    fn from(fault: &Fault) -> Finding {
        Finding {
            place: Some(fault.place).filter(|place| place.segment.is_some()),
            condition: fault.code.condition(),
            severity: Severity::Error,
            code: fault.code.id().into(),
            diagnostic: fault.to_string(),
            text: format!("{}; {}", fault.what, fault.remedy),
        }
    }
}

/// The name of a condition in table 0357; empty for one that it does not have.
fn condition_name(condition: u16) -> &'static str {
    match condition {
        0 => "Message accepted",
        100 => "Segment sequence error",
        101 => "Required field missing",
        102 => "Data type error",
        103 => "Table value not found",
        104 => "Value too long",
        198 => "Non-conformant cardinality",
        199 => "Other HL7 error",
        200 => "Unsupported message type",
        201 => "Unsupported event code",
        202 => "Unsupported processing id",
        203 => "Unsupported version id",
        204 => "Unknown key identifier",
        205 => "Duplicate key identifier",
        206 => "Application record locked",
        207 => "Application error",
        _ => "",
    }
}
