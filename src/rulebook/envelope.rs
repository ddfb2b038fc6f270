//! The envelope of a message, in words that every format shares, and where its parts stand.
//!
//! Invariant: all that is wrong with an envelope comes at once, each with its place; no value is
//! echoed. Deliberately absent: any judgement of the content.

mod case;
mod fhir_bundle;

use super::check::place;
use crate::model::{Code, Envelope, Fault, Finding, HsaId, Model, Subject};
use fhir::Tree;
use jiff::Timestamp;

/// Reads the envelope of a tree of a model; a foreign one tells it in its canonical form. Errors:
/// `SLUSS-IN-005`, `-006`, `-008`.
pub fn read(tree: &Tree, model: Model) -> Result<Envelope, Fault> {
    let read = match model {
        Model::Case => case::envelope(tree),
        _ => fhir_bundle::envelope(tree),
    };
    read.map_err(|fault| fault.map(|findings| place::locate(findings, tree)))
}

/// The event code that a message says, if it is one.
pub fn event(tree: &Tree, model: Model) -> Option<&str> {
    match model {
        Model::Case => tree.child_text(tree.root(), "event"),
        _ => fhir_bundle::event(tree),
    }
}

/// The person that a message is about, whatever else its envelope lacks.
pub fn subject(tree: &Tree, model: Model) -> Option<Subject> {
    let mut fields = Fields { findings: Vec::new() };
    let root = tree.at(tree.root());
    match model {
        Model::Case => case::subject(root, &mut fields),
        _ => fhir_bundle::subject(root, &mut fields),
    }
    .filter(|subject| !subject.value.is_empty())
}

/// Writes the canonical form to this receiver.
pub fn readdress(canonical: &mut Tree, to: &HsaId) {
    fhir_bundle::readdress(canonical, to);
}

/// The parts of an envelope that a later check speaks of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// The event code.
    Event,
    /// When it was sent.
    Sent,
    /// When it happened.
    Occurred,
    /// The receiver.
    Receiver,
    /// The subject's number.
    Subject,
}

/// Where a part stands, as the model's readers expect it.
pub fn place_of(part: Part, tree: &Tree, model: Model) -> String {
    match model {
        Model::Case => case::place_of(part).to_string(),
        Model::Hl7v2 => match part {
            Part::Event => "MSH-9",
            Part::Sent => "MSH-7",
            Part::Occurred => "ZSL-2",
            Part::Receiver => "MSH-6",
            Part::Subject => "PID-3",
        }
        .to_string(),
        _ => fhir_bundle::place_of(part, tree),
    }
}

/// Collects envelope fields and what is wrong with them.
struct Fields {
    findings: Vec<Finding>,
}

impl Fields {
    fn missing(&mut self, path: &str, what: &str) {
        self.findings.push(Finding::error(Code::EnvelopeField, format!("{what} is missing")).at(path));
    }

    fn malformed(&mut self, path: &str, what: &str) {
        self.findings.push(Finding::error(Code::EnvelopeField, format!("{what} is malformed")).at(path));
    }

    fn need(&mut self, value: Option<&str>, path: &str, what: &str) -> String {
        match value.filter(|v| !v.is_empty()) {
            Some(value) => value.to_string(),
            None => {
                self.missing(path, what);
                String::new()
            }
        }
    }

    /// An id that may stand in keys, headers and file-free storage: letters, digits, `-`, `.`, `_`.
    fn id(&mut self, value: Option<&str>, path: &str, what: &str) -> String {
        let text = self.need(value, path, what);
        if !text.is_empty() && !is_id(&text) {
            self.malformed(path, &format!("{what} (1–64 letters, digits, '-', '.', '_')"));
        }
        text
    }

    fn optional_id(&mut self, value: Option<&str>, path: &str, what: &str) -> Option<String> {
        value.map(|v| self.id(Some(v), path, what))
    }

    fn hsa(&mut self, value: Option<&str>, path: &str, what: &str) -> Option<HsaId> {
        let text = self.need(value, path, what);
        let id = HsaId::parse(&text);
        if id.is_none() && !text.is_empty() {
            self.malformed(path, &format!("{what} (HSA-id)"));
        }
        id
    }

    fn instant(&mut self, value: Option<&str>, path: &str, what: &str) -> Option<Timestamp> {
        let text = self.need(value, path, what);
        let instant = text.parse().ok();
        if instant.is_none() && !text.is_empty() {
            self.malformed(path, &format!("{what} (date and time with offset)"));
        }
        instant
    }

    fn done<T>(self, value: Option<T>) -> Result<T, Fault> {
        Fault::unless_clean(self.findings)?;
        value.ok_or_else(|| Fault::of(Code::EnvelopeField, "the envelope is incomplete"))
    }
}

/// 1–64 letters, digits, `-`, `.`, `_`.
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}
