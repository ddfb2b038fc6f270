//! Acknowledgements: written in the sender's manner, read again, matched.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use hl7v2::ack::{AckCode, Finding, Head, Level, Reply, Severity, Verdict, read, write};
use hl7v2::{Charset, Code, Limits, Message, Place};

fn answer(input: &[u8], code: AckCode, findings: &[Finding]) -> String {
    let reply = Reply { code, id: "A-1", at: "20260301093000+0100", findings };
    let bytes = write(&Head::read(input, Charset::Ascii), &reply);
    String::from_utf8(bytes).unwrap().replace('\r', "\n")
}

fn finding() -> Finding {
    Finding {
        place: Some(Place { repetition: 2, component: 1, ..Place::field(b"PID", 3) }),
        condition: 103,
        severity: Severity::Error,
        code: "identifier".into(),
        diagnostic: "check digit | wrong".into(),
        text: "Kontrollera numret".into(),
    }
}

#[test]
fn an_original_acknowledgement_turns_the_message_around() {
    let message = b"MSH|^~\\&|KLIN^1.2^ISO|REGION|SLUSS|NAV|20260301||ADT^A01^ADT_A01|M-1|P|2.5.1\rPID|1";
    assert_eq!(
        answer(message, AckCode::AA, &[]),
        "MSH|^~\\&|SLUSS|NAV|KLIN^1.2^ISO|REGION|20260301093000+0100||ACK^A01^ACK|A-1|P|2.5.1\nMSA|AA|M-1\n"
    );
    assert_eq!(
        answer(message, AckCode::AE, &[finding(), Finding { place: None, ..finding() }]),
        "MSH|^~\\&|SLUSS|NAV|KLIN^1.2^ISO|REGION|20260301093000+0100||ACK^A01^ACK|A-1|P|2.5.1\nMSA|AE|M-1\n\
         ERR||PID^1^3^2^1|103^Table value not found^HL70357|E|identifier||check digit \\F\\ wrong|Kontrollera numret\n\
         ERR|||103^Table value not found^HL70357|E|identifier||check digit \\F\\ wrong|Kontrollera numret\n"
    );
}

#[test]
fn before_2_5_findings_are_repetitions_of_err_1() {
    let message = b"MSH|^~\\&|A|B|C|D|20260301||ADT^A01|M-1|T|2.3\rPID|1";
    assert_eq!(
        answer(message, AckCode::AR, &[finding(), finding()]),
        "MSH|^~\\&|C|D|A|B|20260301093000+0100||ACK^A01|A-1|T|2.3\nMSA|AR|M-1|Kontrollera numret\n\
         ERR|PID^1^3^103&Table value not found&HL70357~PID^1^3^103&Table value not found&HL70357\n"
    );
}

#[test]
fn the_answer_is_in_the_sender_s_delimiters_and_character_set() {
    let message = b"MSH$%*!+$K\xe5l$$S$$20260301$$REF%I12$M%1$P$2.6$$$AL$NE$$8859/1\r";
    let reply = Reply {
        code: AckCode::CE,
        id: "A$1",
        at: "20260301",
        findings: &[Finding { text: "å 漢 $".into(), ..finding() }],
    };
    let bytes = write(&Head::read(message, Charset::Ascii), &reply);
    let read_back = Message::parse(&bytes).unwrap();
    assert_eq!(read_back.header().field(5).raw(), b"K\xe5l");
    assert_eq!(read_back.header().field(10).text().unwrap(), "A$1");
    assert_eq!(read_back.header().field(15).raw(), b"NE");
    assert_eq!(read_back.charset(), Charset::Iso1);
    let ack = read(&read_back).unwrap();
    assert_eq!((ack.code, ack.answers.as_slice()), (AckCode::CE, &b"M%1"[..]));
    assert_eq!(ack.findings[0].text, "å ? $");
    assert_eq!(ack.findings[0].place, finding().place);
    assert!(ack.answers(b"M%1").is_ok());
}

#[test]
fn our_own_texts_are_written_in_whatever_set_the_sender_has() {
    let message = b"MSH?^~\\&?A?B?C?D?20260301??ADT^A01?M-1?P?2.5\r";
    let told = answer(message, AckCode::AE, &[Finding { text: "Fel: åäöÅÄÖé – 漢".into(), ..finding() }]);
    assert!(told.ends_with("?Fel: aaoAAOe - \\F\\\n"), "{told}");
}

#[test]
fn a_message_that_cannot_be_read_is_answered_too() {
    let doubled = answer(b"MSH|^~\\\\&|KLIN|R|SLUSS|N|1||ADT^A01|M-7|P|2.6|||AL", AckCode::AR, &[]);
    assert_eq!(
        doubled,
        "MSH|^~\\&|SLUSS|N|KLIN|R|20260301093000+0100||ACK^A01^ACK|A-1|P|2.6|||NE|NE\nMSA|AR|M-7\n"
    );
    for noise in [&b""[..], b"GET / HTTP/1.1", b"MSH", b"MSH|", b"MSH\r", b"MSH|||||||||||||", b"\xff\xff"] {
        let told = answer(noise, AckCode::AR, &[finding()]);
        let message = Message::parse(told.as_bytes()).unwrap();
        assert_eq!(message.segment(b"MSA").unwrap().field(1).raw(), b"AR");
        assert_eq!(read(&message).unwrap_err().code, Code::Missing);
    }
}

#[test]
fn what_cannot_be_read_is_not_copied_but_the_id_is() {
    let message = b"MSH|^~\\&|\\Q\\|ok\\T\\|\\|x\xff|1||ADT^A01|M\\Q\\1|P|3.5\r";
    assert_eq!(
        answer(message, AckCode::AR, &[]),
        "MSH|^~\\&||||ok\\T\\|20260301093000+0100||ACK^A01^ACK|A-1|P|2.5.1\nMSA|AR|M\\Q\\1\n"
    );
}

#[test]
fn an_unknown_version_is_answered_in_2_5_1() {
    let message = b"MSH|^~\\&#|||||1||ADT|M-1|P|2.2\r";
    let told = answer(message, AckCode::AR, &[finding()]);
    assert!(told.starts_with("MSH|^~\\&|||||20260301093000+0100||ACK|A-1|P|2.5.1\n"), "{told}");
    assert!(Message::parse(told.as_bytes()).unwrap().check(9).is_empty(), "{told}");
}

#[test]
fn faults_become_findings() {
    let input = b"MSH|^~\\&|A|B|C|D|1||ADT^A01|M-1|P|2.5\rPID|1\rnonsense\rpid";
    let faults = Message::read(input, &Limits::default(), Charset::Ascii).unwrap_err();
    let findings: Vec<Finding> = faults.iter().map(Finding::from).collect();
    let told = answer(input, AckCode::AR, &findings);
    assert_eq!(
        told.matches("\nERR|||100^Segment sequence error^HL70357|E|segment-name||segment ").count(),
        2
    );
    assert!(!told.contains("nonsense"));
}

#[test]
fn who_wants_which_acknowledgement() {
    use Level::{Accept, Application};
    use Verdict::{Accepted, Error, Rejected};
    let wants = |accept: &str, application: &str| {
        let input = format!("MSH|^~\\&|||||||||||||{accept}|{application}|");
        let head = Head::read(input.as_bytes(), Charset::Ascii);
        [(Accept, Accepted), (Accept, Error), (Application, Accepted), (Application, Rejected)]
            .map(|(level, verdict)| head.wants(level, verdict))
    };
    assert_eq!(wants("", ""), [false, false, true, true]);
    assert_eq!(wants("AL", "NE"), [true, true, false, false]);
    assert_eq!(wants("ER", "AL"), [false, true, true, true]);
    assert_eq!(wants("NE", "SU"), [false, false, true, false]);
    assert_eq!(wants("", "ER"), [false, false, false, true]);
    assert_eq!(wants("??", "NE"), [true, true, false, false]);
}

#[test]
fn an_acknowledgement_is_read_or_refused() {
    let one = |rest: &str| format!("MSH|^~\\&|A|B|C|D|1||ACK|X|P|2.5\r{rest}");
    let text = one(
        "MSA|AE|M-1|see below\rERR|PID^1^5^101&Required field missing&HL70357\rERR||PV1^1^2^1^3|207|W|x||d|t\r",
    );
    let ack = read(&Message::parse(text.as_bytes()).unwrap()).unwrap();
    assert_eq!((ack.code.level(), ack.code.verdict()), (Level::Application, Verdict::Error));
    assert_eq!(ack.text, "see below");
    assert_eq!(ack.findings.len(), 2);
    assert_eq!(
        (ack.findings[0].condition, ack.findings[0].place.unwrap().to_string().as_str()),
        (101, "PID-5")
    );
    assert_eq!((ack.findings[1].severity, ack.findings[1].place.unwrap().component), (Severity::Warning, 3));
    assert!(ack.answers(b"M-1").is_ok());
    assert_eq!(ack.answers(b"M-2").unwrap_err().code, Code::Foreign);
    assert_eq!(ack.answers(b"").unwrap_err().code, Code::Foreign);
    for (rest, code) in [
        ("PID|1", Code::NoSegment),
        ("MSA|XX|M-1", Code::NotAllowed),
        ("MSA||M-1", Code::NotAllowed),
        ("MSA|AA|", Code::Missing),
        ("MSA|AA|\"\"", Code::Missing),
    ] {
        let text = one(rest);
        assert_eq!(read(&Message::parse(text.as_bytes()).unwrap()).unwrap_err().code, code, "{rest}");
    }
}
