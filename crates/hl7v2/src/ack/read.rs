//! Reads an acknowledgement and says whether it answers what was sent.
//!
//! Invariant: a code that is none, a missing MSA-2 and an answer to another message are faults. The partner's
//! own texts are kept as they are; they may tell of a person and belong in no log. Deliberately absent: a fault
//! for a text in ERR or MSA-3 that cannot be read; it is left out, because the code counts.

use super::{AckCode, Finding, Severity};
use crate::fault::{Code, Fault, Place};
use crate::message::{Message, Segment};
use crate::path::is_name;
use crate::value::Value;
use std::fmt;

/// An acknowledgement.
#[derive(Clone, PartialEq, Eq)]
pub struct Ack {
    /// MSA-1.
    pub code: AckCode,
    /// MSA-2 as it came: MSH-10 of the message that is answered.
    pub answers: Vec<u8>,
    /// MSA-3.
    pub text: String,
    /// What its ERR segments tell.
    pub findings: Vec<Finding>,
}

/// The code and shape only: what is printed for debugging ends up in logs.
impl fmt::Debug for Ack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ack({}, {} findings)", self.code.name(), self.findings.len())
    }
}

impl Ack {
    /// Whether this answers the message that was sent with this MSH-10, as it was written.
    pub fn answers(&self, control_id: &[u8]) -> Result<(), Fault> {
        if !control_id.is_empty() && self.answers == control_id {
            return Ok(());
        }
        let place = Place::field(b"MSA", 2);
        let what = "the acknowledgement answers another message";
        Err(Fault::new(
            Code::Foreign,
            place,
            0..0,
            what,
            "close the connection; its answers cannot be matched",
        ))
    }
}

/// Reads MSA and ERR.
pub fn read(message: &Message<'_>) -> Result<Ack, Fault> {
    let Some(msa) = message.segment(b"MSA") else {
        let span = message.header().span();
        let place = Place { segment: Some(*b"MSA"), ..Place::default() };
        return Err(Fault::new(
            Code::NoSegment,
            place,
            span,
            "is not there",
            "answer with an acknowledgement",
        ));
    };
    let code = msa.field(1);
    let Some(found) = AckCode::named(code.raw()) else {
        let what = "is none of AA, AE, AR, CA, CE and CR";
        return Err(Fault::new(Code::NotAllowed, code.place(), code.span(), what, "write one of them"));
    };
    let id = msa.field(2);
    if id.is_empty() || id.is_null() {
        let what = "does not say which message is answered";
        return Err(Fault::new(Code::Missing, id.place(), id.span(), what, "repeat MSH-10 of the message"));
    }
    let errors = message.segments().filter(|s| s.name_bytes() == *b"ERR");
    let findings = errors.flat_map(|err| findings(&err)).collect();
    Ok(Ack { code: found, answers: id.raw().to_vec(), text: text(msa.field(3)), findings })
}

fn text(value: Value<'_>) -> String {
    value.text().map(|text| text.into_owned()).unwrap_or_default()
}

fn number(value: Value<'_>) -> u32 {
    value.text().ok().and_then(|text| text.parse().ok()).unwrap_or(0)
}

/// Those of one ERR segment: a finding from ERR-2 to ERR-8, or one for each repetition of ERR-1.
fn findings(err: &Segment<'_>) -> Vec<Finding> {
    let condition = |value: Value<'_>| u16::try_from(number(value)).unwrap_or(0);
    if (2..=8).any(|field| !err.field(field).is_empty()) {
        let location = err.field(2);
        let part = |n| number(location.component(n));
        let place = placed(location).map(|place| Place {
            repetition: part(4),
            component: part(5),
            subcomponent: part(6),
            ..place
        });
        return vec![Finding {
            place,
            condition: condition(err.field(3).component(1)),
            severity: Severity::named(&text(err.field(4).component(1))),
            code: text(err.field(5).component(1)),
            diagnostic: text(err.field(7)),
            text: text(err.field(8)),
        }];
    }
    let repetitions = err.field(1).repetitions().filter(|r| !r.is_empty());
    let one = |at: Value<'_>| Finding {
        place: placed(at),
        condition: condition(at.component(4).subcomponent(1)),
        severity: Severity::Error,
        code: String::new(),
        diagnostic: String::new(),
        text: text(at.component(4).subcomponent(2)),
    };
    repetitions.map(one).collect()
}

/// Segment, its number and field, as the first three components tell.
fn placed(at: Value<'_>) -> Option<Place> {
    let name = at.component(1).raw().first_chunk::<3>().copied().filter(is_name)?;
    let (occurrence, field) = (number(at.component(2)), number(at.component(3)));
    Some(Place { segment: Some(name), occurrence: occurrence.max(1), field, ..Place::default() })
}
