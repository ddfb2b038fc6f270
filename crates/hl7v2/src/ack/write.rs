//! Writes an acknowledgement in the sender's own version, delimiters and character set.
//!
//! Invariant: application and facility of sender and receiver change places, as far as they can be read; a version
//! that is not known here is answered in 2.5.1; all findings are told, from 2.5 as an ERR segment each (ERR-2 to
//! ERR-8), before that as repetitions of ERR-1, which has no room for texts, so the first text stands in MSA-3.
//! For a character that the sender's set does not have, the nearest letter of ASCII or a question mark is written;
//! only our own texts can have one. Deliberately absent: clock and ids; the caller brings them.

use super::{AckCode, Finding, Head, condition_name};
use crate::builder::{Builder, Draft};
use crate::charset::Charset;
use crate::check::VERSIONS;
use crate::delimiters::Delimiters;
use crate::fault::Place;

/// What is answered.
#[derive(Clone, Copy, Debug)]
pub struct Reply<'r> {
    /// MSA-1.
    pub code: AckCode,
    /// MSH-10 of the answer.
    pub id: &'r str,
    /// MSH-7 of the answer, such as `20260301093000+0100`.
    pub at: &'r str,
    /// What there is to tell.
    pub findings: &'r [Finding],
}

/// So many findings does one answer tell.
const MOST: usize = 200;

/// The acknowledgement's bytes.
pub fn write(head: &Head<'_>, reply: &Reply<'_>) -> Vec<u8> {
    let known = VERSIONS.iter().any(|version| version.as_bytes() == head.component(12, 1));
    let version = head.version().filter(|_| known).unwrap_or((2, 5, 1));
    // Versions before 2.7 know no truncation character.
    let truncation = head.by.truncation.filter(|_| version >= (2, 7, 0));
    let mut builder = Builder::new(Delimiters { truncation, ..head.by }, head.charset).questioning();
    let msh = builder.segment(b"MSH");
    for (ours, theirs) in [(3, 5), (4, 6), (5, 3), (6, 4)] {
        copy(msh, ours, head, head.field(theirs));
    }
    msh.field(7, reply.at).component(9, 1, "ACK");
    let event = head.component(9, 2);
    if let Some(event) = std::str::from_utf8(event).ok().filter(|e| is_event(e)) {
        msh.component(9, 2, event);
    }
    if version >= (2, 3, 1) && !event.is_empty() {
        msh.component(9, 3, "ACK");
    }
    msh.field(10, reply.id).field(11, "P").field(12, "2.5.1");
    if head.field(11).len() <= 64 && head.component(11, 1).first().is_some_and(u8::is_ascii_alphanumeric) {
        copy(msh, 11, head, head.field(11));
    }
    if known {
        copy(msh, 12, head, head.field(12));
    }
    if head.is_enhanced() {
        msh.field(15, "NE").field(16, "NE");
    }
    let findings = reply.findings.get(..MOST).unwrap_or(reply.findings);
    let msa = builder.segment(b"MSA");
    msa.field(1, reply.code.name());
    echo(msa, 2, head, head.control_id());
    if version < (2, 5, 0) {
        // MSA-3 has 80 characters in these versions.
        let text: String = findings.first().map(|f| f.text.chars().take(80).collect()).unwrap_or_default();
        msa.field(3, text);
        if !findings.is_empty() {
            located(builder.segment(b"ERR"), findings);
        }
    } else {
        for finding in findings {
            explained(builder.segment(b"ERR"), finding);
        }
    }
    // Names and places are fixed above and characters cannot fail: there is no other case.
    builder.finish().unwrap_or_default()
}

/// ERR-1 before 2.5: segment, its number, field, condition.
fn located(err: &mut Draft, findings: &[Finding]) {
    for (repetition, finding) in (1..).zip(findings) {
        let place = finding.place.unwrap_or_default();
        place_parts(err, 1, repetition, place);
        let condition = finding.condition.to_string();
        err.set(1, repetition, 4, 1, condition);
        err.set(1, repetition, 4, 2, condition_name(finding.condition));
        err.set(1, repetition, 4, 3, "HL70357");
    }
}

/// ERR-2 to ERR-8 from 2.5.
fn explained(err: &mut Draft, finding: &Finding) {
    if let Some(place) = finding.place {
        place_parts(err, 2, 1, place);
        for (component, number) in [(4, place.repetition), (5, place.component), (6, place.subcomponent)] {
            err.component(2, component, if number > 0 { number.to_string() } else { String::new() });
        }
    }
    err.component(3, 1, finding.condition.to_string());
    err.component(3, 2, condition_name(finding.condition));
    err.component(3, 3, "HL70357");
    err.field(4, finding.severity.name());
    err.component(5, 1, finding.code.as_str());
    // ERR-7 is text of at most 2048 characters, ERR-8 of 250.
    err.field(7, finding.diagnostic.chars().take(2048).collect::<String>());
    err.field(8, finding.text.chars().take(250).collect::<String>());
}

fn place_parts(err: &mut Draft, field: u32, repetition: u32, place: Place) {
    let Some(name) = place.segment else { return };
    err.set(field, repetition, 1, 1, String::from_utf8_lossy(&name));
    err.set(field, repetition, 2, 1, place.occurrence.max(1).to_string());
    if place.field > 0 {
        err.set(field, repetition, 3, 1, place.field.to_string());
    }
}

/// Copies a field of the sender's that can be read.
fn copy(segment: &mut Draft, field: u32, head: &Head<'_>, raw: &[u8]) {
    let mut escapes = raw.split(|b| *b == head.by.escape).skip(1).step_by(2);
    let known = escapes.all(|body| matches!(body, [letter] if head.by.lettered(*letter).is_some()));
    let ended = raw.iter().filter(|b| **b == head.by.escape).count() % 2 == 0;
    if !head.exact || known && ended && head.charset.decode(raw).is_ok() {
        echo(segment, field, head, raw);
    }
}

/// Repeats a field of the sender's: its bytes where delimiters and set are the same, otherwise as a text.
fn echo(segment: &mut Draft, field: u32, head: &Head<'_>, raw: &[u8]) {
    if raw.is_empty() || raw.iter().any(|b| *b < b' ') {
        return;
    }
    let same = head.exact && (head.charset != Charset::Ascii || raw.is_ascii());
    match std::str::from_utf8(raw) {
        _ if same => segment.copied(field, raw),
        Ok(text) if text.is_ascii() => segment.field(field, text),
        _ => segment,
    };
}

/// A trigger event, such as `A01`.
fn is_event(event: &str) -> bool {
    event.len() == 3 && event.bytes().all(|b| b.is_ascii_alphanumeric())
}
