//! What a receiver's acknowledgement says.
//!
//! Invariant: it is about our message only if its MSA-2 is the id that was sent; codes are kept only if the
//! standard has them, so that nothing a receiver wrote comes on record as text. Deliberately absent: its texts.

use hl7v2::{
    Message,
    ack::{self, AckCode, Severity},
};

/// The conditions (HL7 table 0357) that are the receiver's own trouble: a record is locked, it is broken inside.
const OWN: [u16; 2] = [206, 207];

/// What follows from it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It has the message.
    Taken,
    /// It did not take it, for a reason of its own: the same may be sent again.
    NotNow,
    /// It refused it.
    Refused,
    /// It speaks of another message.
    Foreign,
    /// It is no acknowledgement.
    NoAcknowledgement,
}

/// An answer that was read.
#[derive(Debug)]
pub struct Answer {
    /// MSA-1.
    pub code: Option<AckCode>,
    /// ERR-3 of each error, before version 2.5 the same in ERR-1.
    pub conditions: Vec<u16>,
    /// What follows.
    pub verdict: Verdict,
}

impl Answer {
    /// Reads a message that shall answer the one with this MSH-10.
    pub fn read(bytes: &[u8], id: &[u8]) -> Answer {
        let none = Answer { code: None, conditions: Vec::new(), verdict: Verdict::NoAcknowledgement };
        let Ok(message) = Message::parse(bytes) else { return none };
        let ack = match ack::read(&message) {
            Ok(ack) => ack,
            // It answers something, but does not say what.
            Err(fault) if fault.code == hl7v2::Code::Missing => {
                return Answer { verdict: Verdict::Foreign, ..none };
            }
            Err(_) => return none,
        };
        let errors = ack.findings.iter().filter(|f| matches!(f.severity, Severity::Error | Severity::Fatal));
        let conditions: Vec<u16> = errors.map(|finding| finding.condition).collect();
        let own = !conditions.is_empty() && conditions.iter().all(|c| OWN.contains(c));
        let verdict = match ack.code.verdict() {
            _ if ack.answers(id).is_err() => Verdict::Foreign,
            ack::Verdict::Accepted => Verdict::Taken,
            ack::Verdict::Error | ack::Verdict::Rejected if own => Verdict::NotNow,
            ack::Verdict::Error | ack::Verdict::Rejected => Verdict::Refused,
        };
        Answer { code: Some(ack.code), conditions, verdict }
    }

    /// Is it the answer to what was sent, so that the connection can serve the next?
    pub fn is_ours(&self) -> bool {
        !matches!(self.verdict, Verdict::Foreign | Verdict::NoAcknowledgement)
    }
}

#[cfg(test)]
mod tests {
    use super::{AckCode, Answer, Verdict};

    fn read(rest: &str) -> (Option<&'static str>, Verdict) {
        let text = format!("MSH|^~\\&|A|B|C|D|20260101||ACK|9|P|2.5\r{rest}");
        let answer = Answer::read(text.as_bytes(), b"id-1");
        (answer.code.map(AckCode::name), answer.verdict)
    }

    #[test]
    fn the_acknowledgement_decides() {
        for (rest, code, verdict) in [
            ("MSA|AA|id-1\r", Some("AA"), Verdict::Taken),
            ("MSA|CA|id-1\r", Some("CA"), Verdict::Taken),
            ("MSA|AE|id-1\r", Some("AE"), Verdict::Refused),
            ("MSA|AR|id-1\r", Some("AR"), Verdict::Refused),
            ("MSA|CR|id-1\rERR|||101^^HL70357|E\r", Some("CR"), Verdict::Refused),
            ("MSA|AE|id-1\rERR|||207^x^HL70357|E\r", Some("AE"), Verdict::NotNow),
            ("MSA|CE|id-1\rERR|||206|E\r", Some("CE"), Verdict::NotNow),
            ("MSA|AE|id-1\rERR|||207|E\rERR|||102|E\r", Some("AE"), Verdict::Refused),
            // As versions before 2.5 write it.
            ("MSA|AE|id-1\rERR|PID^1^5^207&Internal&HL70357\r", Some("AE"), Verdict::NotNow),
            ("MSA|AE|id-1\rERR|PID^1^5^101~PID^1^7^207\r", Some("AE"), Verdict::Refused),
            ("MSA|AA|id-2\r", Some("AA"), Verdict::Foreign),
            ("MSA|AA|\r", None, Verdict::Foreign),
            ("MSA|AA|id-1^x\r", Some("AA"), Verdict::Foreign),
            ("MSA|XX|id-1\r", None, Verdict::NoAcknowledgement),
            ("PID|1\r", None, Verdict::NoAcknowledgement),
        ] {
            assert_eq!(read(rest), (code, verdict), "{rest}");
        }
        assert_eq!(Answer::read(b"HTTP/1.1 200 OK", b"id-1").verdict, Verdict::NoAcknowledgement);
    }
}
