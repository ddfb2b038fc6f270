//! Files of several messages: envelopes, counts, and what is refused; and what a message must say.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use hl7v2::{Batches, Charset, Code, Limits, Message};
use proptest::prelude::*;

const FHS: &str = "FHS|^~\\&|A\r";
const BHS: &str = "BHS|^~\\&|A||||||batch-1\r";
const MSG: &str = "MSH|^~\\&|A||||1||ADT^A01|M-1|P|2.5\rPID|1\r";

fn read(text: &str) -> Result<Batches<'_>, Vec<String>> {
    Batches::read(text.as_bytes(), &Limits::default())
        .map_err(|faults| faults.iter().map(|f| format!("{} {}", f.place, f.what)).collect())
}

fn counts(text: &str) -> Vec<usize> {
    read(text).unwrap().batches.iter().map(|batch| batch.messages.len()).collect()
}

#[test]
fn every_envelope_may_be_left_out() {
    assert_eq!(counts(&format!("{FHS}{BHS}{MSG}{MSG}BTS|2\r{BHS}{MSG}BTS|1|done\rFTS|2\r")), [2, 1]);
    assert_eq!(counts(&format!("{MSG}{MSG}")), [2]);
    assert_eq!(counts(&format!("{FHS}{MSG}FTS|1")), [1]);
    assert_eq!(counts(&format!("{MSG}BTS\r\n{BHS}{MSG}")), [1, 1]);
    assert_eq!(counts(&format!("{BHS}BTS|0\r")), [0]);
    assert_eq!(counts(&format!("\u{feff}{MSG}\n\r\n{MSG}")), [2]);
    let text = format!("{FHS}{BHS}{MSG}\r\n{MSG}BTS|2\rFTS|1\r");
    let file = read(&text).unwrap();
    let texts: Vec<&[u8]> = file.messages().collect();
    assert_eq!(texts[1], MSG.as_bytes());
    assert!(texts.iter().all(|message| Message::parse(message).is_ok()));
    let header = file.batches[0].header.clone().unwrap();
    let envelope = file.envelope(&header, Charset::Ascii).unwrap();
    assert_eq!(envelope.header().field(9).text().unwrap(), "batch-1");
}

#[test]
fn a_file_that_was_cut_off_is_not_whole() {
    let whole = format!("{FHS}{BHS}{MSG}BTS|1\rFTS|1\r");
    assert!(read(&whole).unwrap().is_whole());
    for cut in [format!("{FHS}{BHS}{MSG}BTS|1\r"), format!("{FHS}{BHS}{MSG}"), FHS.to_owned()] {
        assert!(!read(&cut).unwrap().is_whole(), "{cut}");
    }
    assert!(read(MSG).unwrap().is_whole());
}

#[test]
fn what_is_out_of_order_or_miscounted_is_refused_all_at_once() {
    let refused = |text: String| read(&text).unwrap_err();
    let told = refused(format!("{BHS}{MSG}BTS|2\rEVN|1\rBTS|1\rFTS|3\r{MSG}"));
    assert_eq!(
        told,
        [
            "segment 4 BTS-1 is not the number of messages in the batch",
            "segment 5 a segment that belongs to no message",
            "segment 6 BTS without a batch before it",
            "segment 7 FTS-1 is not the number of batches in the file",
            "segment 8 something after FTS",
            "segment 9 something after FTS"
        ]
    );
    for (text, what) in [
        (String::new(), "no segment"),
        (format!("{BHS}{BHS}"), "inside a batch"),
        (format!("{MSG}{FHS}"), "not the first segment"),
        ("BHS|^^\r".to_owned(), "delimiters"),
        ("FHS".to_owned(), "delimiters"),
        (format!("{MSG}BTS|one\r"), "BTS-1"),
        ("free text\r".to_owned(), "no message"),
    ] {
        let told = refused(text);
        assert!(told[0].contains(what), "{told:?}");
    }
    let limits = Limits { segments: 3, ..Limits::default() };
    let many = format!("{MSG}{MSG}");
    assert_eq!(Batches::read(many.as_bytes(), &limits).unwrap_err()[0].code, Code::Limit);
    let limits = Limits { bytes: 30, ..Limits::default() };
    assert_eq!(Batches::read(many.as_bytes(), &limits).unwrap_err()[0].code, Code::Limit);
}

#[test]
fn what_every_message_must_say() {
    let told = |text: &str| {
        let message = Message::parse(text.as_bytes()).unwrap();
        message.check(4).iter().map(|f| format!("{} {}", f.place, f.code.id())).collect::<Vec<_>>()
    };
    assert!(told(MSG).is_empty());
    assert_eq!(told("MSH|^~\\&"), ["MSH-9.1 missing", "MSH-10 missing", "MSH-11 missing", "MSH-12 missing"]);
    assert_eq!(
        told("MSH|^~\\&|||||||ADT|M|P|2.9^x\rNTE|1||\\Q\\^a\u{e5}~b\\\rNTE|2|b&\\Q\\\rNTE|\\Q\\"),
        ["MSH-12.1 not-allowed", "NTE-3.1 escape", "NTE-3.2 undecodable", "NTE-3[2] escape"]
    );
    assert_eq!(told("MSH|^~\\&#|||||||ADT|M|P|2.6\rNTE|b&\\Q\\"), ["MSH-2 delimiters", "NTE-1.1.2 escape"]);
}

proptest! {
    #[test]
    fn any_lines_are_a_file_or_faults(
        lines in proptest::collection::vec(proptest::sample::select(
            vec![FHS, BHS, MSG, "BTS|1\r", "BTS\n", "FTS|1\r\n", "FTS\r", "PID|1\r", "\r\n", "MSH", "x"]), 0..12),
    ) {
        let text: String = lines.concat();
        if let Ok(file) = read(&text) {
            let count: usize = file.batches.iter().map(|batch| batch.messages.len()).sum();
            prop_assert_eq!(count, file.messages().count());
            let begun = text.lines().flat_map(|l| l.split('\r')).filter(|l| l.starts_with("MSH")).count();
            prop_assert_eq!(count, begun);
        }
    }
}
