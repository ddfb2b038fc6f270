//! Whether a message can be read to its last value, and says what every message must say.
//!
//! Invariant: all faults at once, up to the limit, in the order of the message. A message without faults has a
//! text for every value. Deliberately absent: what a message type asks of its segments.

use crate::charset::Charset;
use crate::fault::{Code, Fault, Place};
use crate::message::Message;
use crate::scan::is_plain;
use crate::value::Value;

/// The versions that are read here.
pub(crate) const VERSIONS: [&str; 11] =
    ["2.3", "2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.7.1", "2.8", "2.8.1", "2.8.2"];

impl Message<'_> {
    /// Looks at every value; the faults are those of [`Value::text`] and of the header.
    pub fn check(&self, most: usize) -> Vec<Fault> {
        let mut faults = self.header_faults();
        // What has neither escapes nor control bytes and is decoded as a whole is decoded in its parts.
        let escape = self.delimiters().escape;
        let whole = |raw: &[u8]| {
            is_plain(raw, escape)
                || (self.charset() == Charset::Utf8
                    && raw.iter().all(|b| (*b >= b' ' || *b == b'\t') && *b != escape)
                    && std::str::from_utf8(raw).is_ok())
        };
        let unsure = self.segments().filter(|segment| !whole(segment.raw()));
        let repetitions = unsure.flat_map(|s| s.fields()).flat_map(|f| f.repetitions());
        for repetition in repetitions {
            // A value is named as high up as it is one: PID-8, not PID-8.1.1.
            if !repetition.is_composite() {
                faults.extend(repetition.text().err());
            } else {
                for component in repetition.components() {
                    match component.is_composite() {
                        false => faults.extend(component.text().err()),
                        true => faults.extend(component.subcomponents().filter_map(|leaf| leaf.text().err())),
                    }
                }
            }
            if faults.len() >= most {
                faults.truncate(most);
                break;
            }
        }
        faults
    }

    /// MSH-9, MSH-10, MSH-11 and MSH-12, which all versions require, and that MSH-2 and MSH-12 agree.
    fn header_faults(&self) -> Vec<Fault> {
        let refuse = |code, value: Value<'_>, what: &'static str, remedy| {
            Fault::new(code, value.place(), value.span(), what, remedy)
        };
        let header = self.header();
        let mut faults = Vec::new();
        let needed = [
            (header.field(9).component(1), "write the message's type, such as ADT^A01"),
            (header.field(10), "write an id that the sender has not used before"),
            (header.field(11), "write P for production, T for training or D for debugging"),
            (header.field(12), "write the version, such as 2.5.1"),
        ];
        for (value, remedy) in needed {
            if value.is_empty() || value.is_null() {
                faults.push(refuse(Code::Missing, value, "is missing", remedy));
            }
        }
        let version = header.field(12).component(1);
        let known = VERSIONS.iter().position(|v| v.as_bytes() == version.raw());
        if known.is_none() && !version.is_empty() && !version.is_null() {
            let what = "is not a version that is read here";
            faults.push(refuse(Code::NotAllowed, version, what, "write one from 2.3 to 2.8.2"));
        }
        let older =
            known.is_some_and(|at| VERSIONS.iter().position(|v| *v == "2.7").is_some_and(|new| at < new));
        if older && self.delimiters().truncation.is_some() {
            let place = Place::field(b"MSH", 2);
            let what = "has a truncation character, which versions before 2.7 do not know";
            let span = header.field(2).span();
            faults.push(Fault::new(Code::Delimiters, place, span, what, "leave out the fifth character"));
        }
        faults
    }
}
