//! What can be wrong: faults (about a message) and failures (about us).
//!
//! Invariant: a finding says where, what and what to do now, and never holds a value from the
//! message, so that it can be logged, answered and shown to anyone. A `Fault` is expected, recorded
//! and answered; a [`Failure`] makes no record and no promise.

use super::catalogue;
use std::{fmt, ops::Range};

pub use super::catalogue::Code;

/// Who must act for the fault to go away.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Actor {
    /// The party that sent the message.
    Sender,
    /// The party that shall have it.
    Receiver,
    /// Those who run this gateway.
    Gateway,
    /// Those who keep the agreement between the parties.
    Agreement,
}

impl Actor {
    /// English and Swedish word.
    pub fn words(self) -> (&'static str, &'static str) {
        match self {
            Actor::Sender => ("sender", "avsändaren"),
            Actor::Receiver => ("receiver", "mottagaren"),
            Actor::Gateway => ("gateway", "slussens drift"),
            Actor::Agreement => ("agreement", "avtalets parter"),
        }
    }
}

/// Where in the received text.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Place {
    /// FHIRPath expression or JSON pointer, as the format's readers expect it.
    pub path: Option<String>,
    /// The bytes of the received text.
    pub span: Option<Range<usize>>,
    /// Line from 1.
    pub line: Option<u32>,
    /// Column from 1, in characters.
    pub column: Option<u32>,
}

/// How bad.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Severity {
    /// Stops the message.
    Error,
    /// Does not stop it; the sender should know.
    Warning,
    /// For the sender's knowledge.
    Information,
}

impl Severity {
    /// The word that FHIR's `issue.severity` uses.
    pub fn word(self) -> &'static str {
        match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Information => "information",
        }
    }
}

/// One thing that was found, with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// Entry of the catalogue.
    pub code: Code,
    /// How bad.
    pub severity: Severity,
    /// Where.
    pub place: Place,
    /// What exactly, in English; shape and names of elements only.
    pub detail: String,
}

impl Finding {
    /// An error without a place.
    pub fn error(code: Code, detail: impl Into<String>) -> Finding {
        Finding { code, severity: Severity::Error, place: Place::default(), detail: detail.into() }
    }

    /// A note that does not stop the message.
    pub fn note(code: Code, detail: impl Into<String>) -> Finding {
        Finding { severity: Severity::Information, ..Finding::error(code, detail) }
    }

    /// The same, at a path.
    pub fn at(mut self, path: impl Into<String>) -> Finding {
        self.place.path = Some(path.into());
        self
    }

    /// The same, over these bytes of the received text.
    pub fn over(mut self, span: Range<usize>) -> Finding {
        self.place.span = Some(span);
        self
    }

    /// The same, at a line and column.
    pub fn on(mut self, line: u32, column: u32) -> Finding {
        (self.place.line, self.place.column) = (Some(line), Some(column));
        self
    }
}

/// All that is wrong with a message: at least one error, cause first.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    findings: Vec<Finding>,
}

impl Fault {
    /// One finding is a fault.
    pub fn one(finding: Finding) -> Fault {
        Fault { findings: vec![finding] }
    }

    /// A fault of this code.
    pub fn of(code: Code, detail: impl Into<String>) -> Fault {
        Fault::one(Finding::error(code, detail))
    }

    /// `Err` if any finding is an error; errors first, otherwise in the order found.
    pub fn unless_clean(mut findings: Vec<Finding>) -> Result<Vec<Finding>, Fault> {
        if findings.iter().all(|f| f.severity != Severity::Error) {
            return Ok(findings);
        }
        findings.sort_by_key(|f| f.severity);
        Err(Fault { findings })
    }

    /// Errors as a fault; what holds none is a defect of ours.
    pub fn from_errors(findings: Vec<Finding>) -> Fault {
        let none = || Fault::of(Code::Internal, "there is nothing wrong");
        Fault::unless_clean(findings).err().unwrap_or_else(none)
    }

    /// The same with its findings changed.
    pub fn map(mut self, change: impl FnOnce(&mut Vec<Finding>)) -> Fault {
        change(&mut self.findings);
        self
    }

    /// The findings, the cause first.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// The code of the first finding: names the fault.
    pub fn code(&self) -> Code {
        self.findings.first().map_or(Code::Internal, |f| f.code)
    }

    /// HTTP status by the catalogue.
    pub fn status(&self) -> u16 {
        self.code().entry().status
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, finding) in self.findings.iter().enumerate() {
            let sep = if i == 0 { "" } else { "; " };
            write!(f, "{sep}{} {}", finding.code, finding.detail)?;
        }
        Ok(())
    }
}

impl std::error::Error for Fault {}

/// We could not do our work. Nothing was promised; the caller may try again.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Failure {
    /// The store could not write or sync; no acknowledgement may follow.
    #[error("the ledger cannot store: {0}")]
    Store(String),
    /// The queue to the store is full.
    #[error("the gateway is overloaded")]
    Overloaded,
    /// A broken invariant of ours.
    #[error("internal: {0}")]
    Internal(String),
}

impl Failure {
    /// The catalogue entry that the caller is answered with.
    pub fn code(&self) -> Code {
        match self {
            Failure::Store(_) => Code::StoreUnavailable,
            Failure::Overloaded => Code::Overloaded,
            Failure::Internal(_) => Code::Internal,
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.entry().id)
    }
}

impl Code {
    /// All that is known about the code.
    pub fn entry(self) -> &'static catalogue::Entry {
        catalogue::entry(self)
    }
}
