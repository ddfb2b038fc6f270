//! A message as it leaves: the stored bytes with the acknowledgement that we ask for.
//!
//! Invariant: nothing but MSH-15 and MSH-16 differs from what was stored; every other byte is the same.
//! Deliberately absent: any other look at the content.

use super::line::Frame;
use crate::model::Acknowledgement;
use hl7v2::Message;

/// Ready to leave.
pub struct Outgoing {
    /// The message in its frame.
    pub frame: Frame,
    /// Its MSH-10 as written: what MSA-2 of the answer must be.
    pub id: Vec<u8>,
}

impl Outgoing {
    /// The error says what is missing.
    pub fn of(body: &[u8], asked: Acknowledgement) -> Result<Outgoing, &'static str> {
        let (bytes, id) = asking(body, asked)?;
        let frame = Frame::of(&bytes).ok_or("the stored message holds a byte of the framing itself")?;
        Ok(Outgoing { frame, id })
    }
}

/// The message with MSH-15 and MSH-16 as asked, and its MSH-10.
fn asking(body: &[u8], asked: Acknowledgement) -> Result<(Vec<u8>, Vec<u8>), &'static str> {
    // Only its first segment is looked at, however long the rest is.
    let end = body.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(body.len());
    let first = body.get(..end).unwrap_or_default();
    let message = Message::parse(first).map_err(|_| "the stored body is no HL7 v2 message")?;
    let header = message.header();
    let id = header.field(10);
    if id.is_empty() || id.is_null() {
        return Err("the stored message has no MSH-10, so no acknowledgement could be told to be its");
    }
    let separator = message.delimiters().field;
    let mut fields: Vec<&[u8]> = header.raw().split(|b| *b == separator).collect();
    let (accept, application) = match asked {
        Acknowledgement::Original => ("", ""),
        Acknowledgement::Enhanced => {
            fields.resize(fields.len().max(16), b"");
            ("AL", "NE")
        }
    };
    // MSH-1 is the separator itself, so that field n is part n - 1.
    for (part, value) in [(14, accept), (15, application)] {
        if let Some(field) = fields.get_mut(part) {
            *field = value.as_bytes();
        }
    }
    let span = header.span();
    let (before, after) =
        (body.get(..span.start).unwrap_or_default(), body.get(span.end..).unwrap_or_default());
    Ok(([before, &fields.join(&separator), after].concat(), id.raw().to_vec()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::{Acknowledgement, Outgoing, asking};

    fn sent(body: &str, asked: Acknowledgement) -> String {
        String::from_utf8(asking(body.as_bytes(), asked).unwrap().0).unwrap()
    }

    #[test]
    fn only_the_two_fields_change() {
        let short = "MSH|^~\\&|A|B|C|D|20260101||ADT^A01|7|P|2.5\rPID|1\r";
        let long = "MSH|^~\\&|A|B|C|D|20260101||ADT^A01|7|P|2.5|||ER|SU|SWE|8859/1\rPID|1\r";
        assert_eq!(sent(short, Acknowledgement::Original), short);
        assert_eq!(sent(long, Acknowledgement::Original), long.replace("|ER|SU|", "|||"));
        assert_eq!(sent(short, Acknowledgement::Enhanced), short.replace("|2.5\r", "|2.5|||AL|NE\r"));
        assert_eq!(sent(long, Acknowledgement::Enhanced), long.replace("|ER|SU|", "|AL|NE|"));
    }

    #[test]
    fn a_message_without_an_id_cannot_be_sent() {
        let refused = |body: &str| Outgoing::of(body.as_bytes(), Acknowledgement::Original).err();
        assert!(refused("MSH|^~\\&|A|B|C|D|20260101||ADT^A01||P|2.5\r").unwrap().contains("MSH-10"));
        assert!(refused("{}").is_some());
        assert!(refused("MSH|^~\\&|A|B|C|D|20260101||ADT^A01|7|P|2.5\rNTE|1||\u{1c}\r").is_some());
    }
}
