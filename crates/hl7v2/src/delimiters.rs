//! The five or six characters that divide a message, from MSH-1 and MSH-2.
//!
//! Invariant: all are different, visible ASCII, neither letters nor digits, and none is part of what escapes and
//! the null value are written with; so no value can be mistaken for structure. Deliberately absent: fewer than
//! four characters in MSH-2, which leaves open what the missing ones are.

use crate::fault::{Code, Fault, Place};

/// What divides and escapes the values of a message.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Delimiters {
    /// Between fields, MSH-1.
    pub field: u8,
    /// Between components.
    pub component: u8,
    /// Between repetitions of a field.
    pub repetition: u8,
    /// Around escape sequences.
    pub escape: u8,
    /// Between sub-components.
    pub subcomponent: u8,
    /// At the end of a value that was cut short, from version 2.7.
    pub truncation: Option<u8>,
}

impl Default for Delimiters {
    /// `|^~\&`, which nearly all use.
    fn default() -> Delimiters {
        Delimiters {
            field: b'|',
            component: b'^',
            repetition: b'~',
            escape: b'\\',
            subcomponent: b'&',
            truncation: None,
        }
    }
}

const REMEDY: &str = "write MSH-1 as | and MSH-2 as ^~\\& (from 2.7 also ^~\\&#)";

impl Delimiters {
    /// Of the field separator and what stands in MSH-2; `at` is where that begins.
    pub(crate) fn read(field: u8, others: &[u8], at: usize, name: &[u8; 3]) -> Result<Delimiters, Fault> {
        let refuse = |what: &'static str| {
            let span = at..at + others.len();
            Err(Fault::new(Code::Delimiters, Place::field(name, 2), span, what, REMEDY))
        };
        let (four, truncation) = match others {
            [four @ .., last] if four.len() == 4 => (four, Some(*last)),
            four => (four, None),
        };
        let [component, repetition, escape, subcomponent] = *four else {
            return refuse("the encoding characters are not four, or five with the truncation character");
        };
        let found = Delimiters { field, component, repetition, escape, subcomponent, truncation };
        match found.fault() {
            Some(what) => refuse(what),
            None => Ok(found),
        }
    }

    /// Why these cannot be used; nothing when they can.
    pub(crate) fn fault(&self) -> Option<&'static str> {
        let all = [self.field, self.component, self.repetition, self.escape, self.subcomponent];
        let all = all.into_iter().chain(self.truncation);
        if all.clone().any(|b| !b.is_ascii_punctuation() || matches!(b, b'"' | b'.')) {
            return Some("a delimiter is a letter, a digit, a quote, a full stop or no visible character");
        }
        let twice = all.clone().enumerate().any(|(i, b)| all.clone().skip(i + 1).any(|other| other == b));
        twice.then_some("two delimiters are the same character")
    }

    /// The letter of the escape that stands for a delimiter.
    pub(crate) fn letter(&self, byte: u8) -> Option<u8> {
        match byte {
            b if b == self.field => Some(b'F'),
            b if b == self.component => Some(b'S'),
            b if b == self.subcomponent => Some(b'T'),
            b if b == self.repetition => Some(b'R'),
            b if b == self.escape => Some(b'E'),
            b if Some(b) == self.truncation => Some(b'P'),
            _ => None,
        }
    }

    /// The delimiter that the letter of an escape stands for. `P` is a number sign where MSH-2 has no
    /// truncation character, because that is its recommended value.
    pub(crate) fn lettered(&self, letter: u8) -> Option<u8> {
        match letter {
            b'F' => Some(self.field),
            b'S' => Some(self.component),
            b'T' => Some(self.subcomponent),
            b'R' => Some(self.repetition),
            b'E' => Some(self.escape),
            b'P' => Some(self.truncation.unwrap_or(b'#')),
            _ => None,
        }
    }

    /// As MSH-2 is written.
    pub(crate) fn encoding(&self) -> Vec<u8> {
        let four = [self.component, self.repetition, self.escape, self.subcomponent];
        four.into_iter().chain(self.truncation).collect()
    }
}
