//! Bytes → message: a bounded tree and an envelope in shared words.
//!
//! Invariant: hostile bytes cost bounded memory and never a panic; all envelope findings come at
//! once; no value from the message is echoed. Deliberately absent: any judgement of the content.

mod case;
mod fhir_bundle;

use crate::model::{Arrival, Channel, Code, Fault, Finding, Format, HsaId, Message};
use fhir::{
    Tree,
    json::{self, Form, Limits},
};
use jiff::Timestamp;

/// Deepest nesting of a message. FHIR resources of ours stay below 20.
const MAX_DEPTH: usize = 64;

/// Reads an arrival. Errors: `SLUSS-IN-…`.
pub fn message(arrival: &Arrival, max_bytes: usize) -> Result<Message, Fault> {
    let format = match arrival.channel {
        Channel::Fhir => Format::FhirJson,
        Channel::Case => Format::CaseJson,
    };
    let tree = tree(&arrival.bytes, format, max_bytes)?;
    let envelope = match format {
        Format::FhirJson => fhir_bundle::envelope(&tree)?,
        Format::CaseJson => case::envelope(&tree)?,
    };
    Ok(Message { envelope, format, tree })
}

/// Reads bytes of a format into a tree. Errors: `SLUSS-IN-001` to `-004`.
pub fn tree(bytes: &[u8], format: Format, max_bytes: usize) -> Result<Tree, Fault> {
    let form = match format {
        Format::FhirJson => Form::Fhir,
        Format::CaseJson => Form::Plain,
    };
    let limits = Limits { max_bytes, max_depth: MAX_DEPTH, max_nodes: 200_000 };
    json::read(bytes, form, &limits).map_err(|found| {
        let findings = found.iter().map(|f| {
            let code = match f.code {
                "json-size" => Code::TooLarge,
                "json-depth" | "json-nodes" => Code::TooDeep,
                "json-duplicate-key" | "json-twin" => Code::DuplicateKey,
                _ => Code::NotJson,
            };
            let at = ::fhir::finding::position(bytes, f.span.start);
            Finding::error(code, f.message.clone()).on(at.line, at.column)
        });
        Fault::unless_clean(findings.collect()).err().unwrap_or_else(|| Fault::of(Code::NotJson, ""))
    })
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
