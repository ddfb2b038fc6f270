//! What of a message its answer needs, read so that even a message that is refused can be answered.
//!
//! Invariant: total on any bytes; where no MSH can be made out all is empty, and the answer goes to nobody by
//! name. Deliberately absent: judging; that is what reading the message is for.

use super::{Level, Verdict};
use crate::charset::Charset;
use crate::delimiters::Delimiters;
use crate::message::BOM;
use std::fmt;

/// The first segment of a message, as far as it can be made out.
#[derive(Clone)]
pub struct Head<'a> {
    /// What the answer is divided by: as the message, or the usual where that cannot be.
    pub(super) by: Delimiters,
    /// Whether the message's own delimiters are those, so that its fields may be copied as they are.
    pub(super) exact: bool,
    /// What the answer is written in: as MSH-18 says, or the default that the caller gave.
    pub(super) charset: Charset,
    /// MSH-2 and what follows it.
    fields: Vec<&'a [u8]>,
}

/// Shape only: what is printed for debugging ends up in logs.
impl fmt::Debug for Head<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Head({} fields)", self.fields.len())
    }
}

/// So many fields of MSH are looked at.
const FIELDS: usize = 40;

impl<'a> Head<'a> {
    /// Reads what is there. `default` is the character set where MSH-18 names none that is known.
    pub fn read(input: &'a [u8], default: Charset) -> Head<'a> {
        let (input, default) = input.strip_prefix(BOM).map_or((input, default), |rest| (rest, Charset::Utf8));
        let nobody = Head { by: Delimiters::default(), exact: false, charset: default, fields: Vec::new() };
        let Some((field, rest)) = input.strip_prefix(b"MSH").and_then(|rest| rest.split_first()) else {
            return nobody;
        };
        let line = rest.split(|b| matches!(b, b'\r' | b'\n')).next().unwrap_or_default();
        let fields: Vec<&[u8]> = line.split(|b| b == field).take(FIELDS).collect();
        let others = fields.first().copied().unwrap_or_default();
        let by = Delimiters::read(*field, others, 0, b"MSH").ok();
        let mut head = Head { exact: by.is_some(), by: by.unwrap_or_default(), fields, ..nobody };
        let set = head.field(18).split(|b| *b == head.by.repetition).next().unwrap_or_default();
        head.charset = std::str::from_utf8(set).ok().and_then(Charset::named).unwrap_or(default);
        head
    }

    /// A field of MSH as it came, from MSH-2; empty where there is none.
    pub fn field(&self, number: usize) -> &'a [u8] {
        number.checked_sub(2).and_then(|at| self.fields.get(at)).copied().unwrap_or_default()
    }

    /// MSH-10, which the answer repeats.
    pub fn control_id(&self) -> &'a [u8] {
        self.field(10)
    }

    /// A component of a field as it came, from one.
    pub fn component(&self, field: usize, number: usize) -> &'a [u8] {
        let mut parts = self.field(field).split(|b| *b == self.by.component);
        number.checked_sub(1).and_then(|at| parts.nth(at)).unwrap_or_default()
    }

    /// The numbers of the version in MSH-12; nothing where it is none.
    pub(super) fn version(&self) -> Option<(u8, u8, u8)> {
        let text = std::str::from_utf8(self.component(12, 1)).ok()?;
        let mut numbers = text.trim().split('.').map(|n| n.parse::<u8>().ok());
        let major = numbers.next()??;
        Some((major, numbers.next()??, numbers.next().flatten().unwrap_or(0)))
    }

    /// Whether the sender asks for the two acknowledgements of enhanced mode.
    pub fn is_enhanced(&self) -> bool {
        !(self.field(15).is_empty() && self.field(16).is_empty())
    }

    /// Whether the sender wants that acknowledgement of that verdict. In enhanced mode an empty field means
    /// never, as the standard has it; a code that is none of the four means always, so that nobody waits.
    pub fn wants(&self, level: Level, verdict: Verdict) -> bool {
        if !self.is_enhanced() {
            return level == Level::Application;
        }
        let wish = match level {
            Level::Accept => self.field(15),
            Level::Application => self.field(16),
        };
        match wish {
            b"NE" | b"" => false,
            b"ER" => verdict != Verdict::Accepted,
            b"SU" => verdict == Verdict::Accepted,
            _ => true,
        }
    }
}
