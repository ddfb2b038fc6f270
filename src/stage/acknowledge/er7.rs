//! Verdict → HL7 v2 acknowledgements in MLLP frames, ready for the wire.
//!
//! Original mode: one answer, `AA`, `AE` or `AR`. Enhanced mode (MSH-15 or MSH-16 filled): `CA` where MSH-15 asks,
//! then `AA` where MSH-16 asks, both after the message is on record and in this order; a message that is not
//! taken gets `CE` or `CR` where MSH-15 asks and nothing more, else `AE` or `AR` where MSH-16 asks. Invariant:
//! MSA-2 is MSH-10 of the message; an error of ours that a repeat may cure has ERR-3 207, nothing else has; texts
//! are the catalogue's and the findings', so never a value. Deliberately absent: batches of answers, each message
//! of a batch has its own.

use super::{Style, Syntax};
use crate::model::{
    Answer, Channel, Code, Format, Lang,
    fault::{Finding, Severity},
};
use hl7v2::{
    Charset, Limits, Message, Path, Place,
    ack::{self, AckCode, Head, Level, Reply, Verdict},
    mllp,
};
use std::borrow::Cow;

/// What an acknowledgement must know of the message that it answers.
#[derive(Debug)]
pub struct Asked<'a> {
    bytes: &'a [u8],
    head: Head<'a>,
    /// Makes MSH-10 of the answers.
    id: String,
    /// MSH-7 of the answers.
    at: String,
}

impl<'a> Asked<'a> {
    /// Reads the head of a message, as far as it has one. `id`: a fresh one, of which MSH-10 takes what fits;
    /// `at`: now.
    pub fn of(bytes: &'a [u8], id: &str, at: jiff::Timestamp) -> Asked<'a> {
        let head = Head::read(bytes, Charset::Ascii);
        // 20 characters is what all versions take; the last tells the two answers of a message apart.
        let id = id.chars().filter(char::is_ascii_alphanumeric).take(19).collect();
        let at = at.to_zoned(crate::stage::validate::stockholm());
        Asked { bytes, head, id, at: at.strftime("%Y%m%d%H%M%S%z").to_string() }
    }

    /// MSH-10, if it can be told again.
    pub fn control_id(&self) -> Option<&str> {
        std::str::from_utf8(self.head.control_id()).ok().filter(|id| crate::stage::decode::is_id(id))
    }

    /// The language that MSH-19 names, else English.
    fn lang(&self) -> Lang {
        let named = self.head.component(19, 1).to_ascii_lowercase();
        if named.starts_with(b"sv") || named.starts_with(b"swe") { Lang::Sv } else { Lang::En }
    }

    /// How it is answered.
    pub fn style(&self) -> Style<'_> {
        Style { channel: Channel::Mllp, lang: self.lang(), syntax: Syntax::Json, asked: Some(self) }
    }

    /// The answers to a message that is on record.
    pub fn accepted(&self, notes: &[Finding], lang: Lang) -> Answer {
        let findings = self.findings(notes, lang);
        let levels = [Level::Accept, Level::Application].into_iter();
        let wanted = levels.filter(|level| self.head.wants(*level, Verdict::Accepted));
        let body = wanted.flat_map(|level| {
            // What there is to know is told once, in the answer that the application reads.
            let last = level == Level::Application || !self.head.wants(Level::Application, Verdict::Accepted);
            self.frame(level, Verdict::Accepted, if last { &findings } else { &[] })
        });
        answer(202, body.collect())
    }

    /// The answer to a message that is not taken.
    pub fn refused(&self, findings: &[Finding], code: Code, lang: Lang) -> Answer {
        let entry = code.entry();
        let verdict = if entry.hl7v2().rejects { Verdict::Rejected } else { Verdict::Error };
        let mut levels = [Level::Accept, Level::Application].into_iter();
        let level = levels.find(|level| self.head.wants(*level, verdict));
        let body = level.map(|level| self.frame(level, verdict, &self.findings(findings, lang)));
        answer(entry.status, body.unwrap_or_default())
    }

    fn frame(&self, level: Level, verdict: Verdict, findings: &[ack::Finding]) -> Vec<u8> {
        let code = AckCode::of(level, verdict);
        let id = format!("{}{}", self.id, if level == Level::Accept { 'A' } else { 'B' });
        let reply = Reply { code, id: &id, at: &self.at, findings };
        // What is written holds no byte of the framing: every text is escaped, copied fields have none.
        mllp::frame(&ack::write(&self.head, &reply)).unwrap_or_default()
    }

    fn findings(&self, findings: &[Finding], lang: Lang) -> Vec<ack::Finding> {
        let spans = findings.iter().any(|f| f.place.span.is_some());
        let limits = Limits { bytes: self.bytes.len(), ..Limits::default() };
        let message = if spans { Message::read(self.bytes, &limits, Charset::Ascii).ok() } else { None };
        findings.iter().map(|finding| told(finding, message.as_ref(), lang)).collect()
    }
}

fn answer(status: u16, body: Vec<u8>) -> Answer {
    Answer { status, content_type: Format::Hl7v2.media_type().into(), body }
}

fn told(finding: &Finding, message: Option<&Message<'_>>, lang: Lang) -> ack::Finding {
    let entry = finding.code.entry();
    let path = finding.place.path.as_deref();
    let named = path.and_then(|path| Path::parse(path).ok()).map(|path| path.place());
    let found = || locate(message?, finding.place.span.as_ref()?.start);
    let diagnostic: Cow<'_, str> = match path {
        Some(path) if named.is_none() => format!("{}: {}", path, finding.detail).into(),
        _ => finding.detail.as_str().into(),
    };
    ack::Finding {
        place: named.or_else(found),
        condition: match finding.severity {
            Severity::Error => entry.hl7v2().condition,
            // Nothing stands in the way of the message.
            Severity::Warning | Severity::Information => 0,
        },
        severity: match finding.severity {
            Severity::Error => ack::Severity::Error,
            Severity::Warning => ack::Severity::Warning,
            Severity::Information => ack::Severity::Information,
        },
        code: entry.id.into(),
        diagnostic: diagnostic.into_owned(),
        text: format!("{}. {}", lang.pick(entry.title), lang.pick(entry.remedy)),
    }
}

/// The place of a byte: as deep as the value at it is one.
fn locate(message: &Message<'_>, at: usize) -> Option<Place> {
    let holds = |span: std::ops::Range<usize>| span.start <= at && at <= span.end;
    let segment = message.segments().find(|segment| holds(segment.span()))?;
    let Some(field) = segment.fields().find(|field| holds(field.span())) else {
        return Some(segment.place());
    };
    let Some(repetition) = field.repetitions().find(|r| holds(r.span())) else { return Some(field.place()) };
    if !repetition.is_composite() {
        return Some(repetition.place());
    }
    let component = repetition.components().find(|component| holds(component.span()));
    Some(component.map_or_else(|| repetition.place(), |component| component.place()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::{Answer, Asked, Code, Finding, Lang, Severity};
    use hl7v2::mllp::Frames;

    fn message(modes: &str) -> String {
        format!("MSH|^~\\&|A|B|C|D|20260101||ADT^A01|id-1|P|2.5.1|||{modes}\rPID|1||1^^^x||Ek^Alva\r")
    }

    /// The segments of each answer.
    fn read(answer: &Answer) -> Vec<Vec<String>> {
        let (mut frames, mut piece, mut all) = (Frames::new(1 << 20), answer.body.as_slice(), Vec::new());
        while let Some(frame) = frames.take(&mut piece).unwrap() {
            let text = String::from_utf8(frame).unwrap();
            all.push(text.split('\r').filter(|s| !s.is_empty()).map(str::to_owned).collect());
        }
        all
    }

    fn codes(answer: &Answer) -> Vec<String> {
        read(answer).iter().map(|segments| segments[1].clone()).collect()
    }

    fn asked(text: &str) -> Asked<'_> {
        Asked::of(text.as_bytes(), "0190aaaa-bbbb-7ccc-8ddd-eeeeffff0000", jiff::Timestamp::UNIX_EPOCH)
    }

    #[test]
    fn each_mode_gets_the_answers_that_it_asks_for() {
        for (modes, accepted, refused) in [
            ("|", &["MSA|AA|id-1"][..], &["MSA|AE|id-1"][..]),
            ("AL|AL", &["MSA|CA|id-1", "MSA|AA|id-1"], &["MSA|CE|id-1"]),
            ("AL|NE", &["MSA|CA|id-1"], &["MSA|CE|id-1"]),
            ("NE|AL", &["MSA|AA|id-1"], &["MSA|AE|id-1"]),
            ("ER|SU", &["MSA|AA|id-1"], &["MSA|CE|id-1"]),
            ("SU|ER", &["MSA|CA|id-1"], &["MSA|AE|id-1"]),
            ("NE|NE", &[], &[]),
        ] {
            let text = message(modes);
            let asked = asked(&text);
            assert_eq!(codes(&asked.accepted(&[], Lang::En)), accepted, "{modes}");
            let finding = Finding::error(Code::Profile, "x");
            assert_eq!(codes(&asked.refused(&[finding], Code::Profile, Lang::En)), refused, "{modes}");
        }
    }

    #[test]
    fn every_finding_is_told_with_its_place_code_and_what_to_do() {
        let text = message("|");
        let name = text.find("Alva").unwrap();
        let findings = [
            Finding::error(Code::EnvelopeField, "is missing").at("PID-3[2].1"),
            Finding::error(Code::Profile, "too long").over(name..name + 4),
            Finding::error(Code::Profile, "no place there").at("Patient.name"),
            Finding { severity: Severity::Warning, ..Finding::error(Code::FieldsRemoved, "removed") },
        ];
        let answer = asked(&text).refused(&findings, Code::EnvelopeField, Lang::Sv);
        let segments = read(&answer).remove(0);
        assert!(
            segments[0].starts_with("MSH|^~\\&|C|D|A|B|19700101010000+0100||ACK^A01^ACK|"),
            "{segments:?}"
        );
        assert_eq!(segments[1], "MSA|AE|id-1");
        assert!(segments[2].starts_with("ERR||PID^1^3^2^1|101^"), "{segments:?}");
        assert!(segments[2].contains("|E|SLUSS-IN-008|") && segments[2].contains("Fyll i"), "{segments:?}");
        assert!(segments[3].starts_with("ERR||PID^1^5^1^2|199^"), "{segments:?}");
        assert!(
            segments[4].starts_with("ERR|||199^") && segments[4].contains("Patient.name: no place there")
        );
        assert!(segments[5].starts_with("ERR|||0^") && segments[5].contains("|W|SLUSS-PRM-002|"));
    }

    #[test]
    fn what_a_repeat_may_cure_is_an_internal_error_and_what_is_no_message_is_answered_to_nobody() {
        let text = message("|");
        let finding = Finding::error(Code::StoreUnavailable, "nothing was stored");
        let answer = asked(&text).refused(&[finding], Code::StoreUnavailable, Lang::En);
        assert!(read(&answer)[0][2].contains("|207^"), "{answer:?}");
        let finding = Finding::error(Code::UnknownPartner, "x");
        let answer = asked("garbage").refused(&[finding], Code::UnknownPartner, Lang::En);
        assert_eq!(codes(&answer), ["MSA|AR"]);
    }
}
