//! Properties: nothing panics, spans cover the input, what is built is read, what is escaped is the same text.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod rebuild;

use hl7v2::{Batches, Builder, Charset, Delimiters, Draft, Limits, Message};
use proptest::prelude::*;
use rebuild::rebuilt;
use std::collections::BTreeMap;

fn noise() -> impl Strategy<Value = Vec<u8>> {
    let byte = prop_oneof![
        8 => proptest::sample::select(b"|^~\\&#\r\n\"XCMZFSTREPH.brsp0941AMSHPIDOBX \x0b\x1c\x1b\xc3\xa5".to_vec()),
        1 => any::<u8>()
    ];
    proptest::collection::vec(byte, 0..300)
}

fn delimiters() -> impl Strategy<Value = Delimiters> {
    let visible: Vec<u8> =
        (b'!'..=b'~').filter(|b| b.is_ascii_punctuation() && !b".\"".contains(b)).collect();
    let usual = Just(Delimiters::default());
    let any =
        (proptest::sample::subsequence(visible, 6).prop_shuffle(), any::<bool>()).prop_map(|(b, cut)| {
            Delimiters {
                field: b[0],
                component: b[1],
                repetition: b[2],
                escape: b[3],
                subcomponent: b[4],
                truncation: cut.then_some(b[5]),
            }
        });
    prop_oneof![usual, any]
}

fn words() -> impl Strategy<Value = String> {
    let letter = prop_oneof![
        4 => proptest::sample::select("|^~\\&#$%*!+\"\r\n\u{b}\u{1c}\t\0 XEF.br".chars().collect::<Vec<_>>()),
        2 => proptest::char::range('a', 'z'),
        2 => proptest::sample::select("åäöÅÄÖéü".chars().collect::<Vec<_>>())
    ];
    let text = proptest::collection::vec(letter, 1..12).prop_map(|c| c.into_iter().collect());
    prop_oneof![9 => text, 1 => Just("\"\"".to_owned())]
}

type Values = BTreeMap<(u32, u32, u32, u32), String>;

fn segments() -> impl Strategy<Value = Vec<([u8; 3], Values)>> {
    let at = (1u32..6, 1u32..4, 1u32..4, 1u32..4);
    let values = proptest::collection::btree_map(at, words(), 0..8);
    let name = proptest::sample::select(vec![*b"PID", *b"OBX", *b"PV1", *b"ZSS"]);
    proptest::collection::vec((name, values), 0..6)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn any_bytes_give_a_message_or_a_fault(noise in noise(), head in any::<bool>()) {
        let mut input = if head { b"MSH|^~\\&|".to_vec() } else { Vec::new() };
        input.extend(noise);
        if let Ok(message) = Message::parse(&input) {
            prop_assert_eq!(rebuilt(&message), input);
        }
    }

    #[test]
    fn what_is_built_is_what_is_read(by in delimiters(), segments in segments(), latin in any::<bool>()) {
        let charset = if latin { Charset::Iso1 } else { Charset::Utf8 };
        let mut builder = Builder::new(by, charset);
        builder.segment(b"MSH").field(3, "a");
        for (name, values) in &segments {
            let mut draft = Draft::new(name);
            for ((field, repetition, component, sub), text) in values {
                draft.set(*field, *repetition, *component, *sub, text.as_str());
            }
            builder.add(draft);
        }
        let bytes = builder.finish().unwrap();
        prop_assert!(!bytes.contains(&0x0b) && !bytes.contains(&0x1c) && !bytes.contains(&b'\n'));
        let message = Message::parse(&bytes).unwrap();
        prop_assert_eq!(rebuilt(&message), bytes.clone());
        prop_assert_eq!(message.segments().len(), segments.len() + 1);
        for (found, (name, values)) in message.segments().skip(1).zip(&segments) {
            prop_assert_eq!(found.name_bytes(), *name);
            prop_assert_eq!(found.field_count(), values.keys().map(|at| at.0).max().unwrap_or(0));
            let mut read = Values::new();
            for (f, field) in (1..).zip(found.fields()) {
                for (r, repetition) in (1..).zip(field.repetitions()) {
                    for (c, component) in (1..).zip(repetition.components()) {
                        for (s, sub) in (1..).zip(component.subcomponents()) {
                            prop_assert!(!sub.is_null());
                            if !sub.is_empty() {
                                read.insert((f, r, c, s), sub.text().unwrap().into_owned());
                            }
                        }
                    }
                }
            }
            prop_assert_eq!(&read, values);
        }
    }
}

#[test]
fn nothing_that_is_printed_for_debugging_has_a_value() {
    let secret = "Hemligsson";
    let text = format!(
        "MSH|^~\\&|{secret}||||1||ADT|{secret}|P|2.5\rPID|\\{secret}\\\rMSA|AE|{secret}\rERR||PID^1|100|E|||{secret}"
    );
    let message = Message::parse(text.as_bytes()).unwrap();
    let mut draft = Draft::new(b"PID");
    draft.field(3, secret);
    let mut builder = Builder::new(Delimiters::default(), Charset::Ascii);
    builder.add(draft);
    let mut frames = hl7v2::mllp::Frames::new(100);
    let _ = frames.take(&mut format!("\u{b}{secret}").as_bytes());
    let printed = format!(
        "{message:?} {:?} {:?} {:?} {:?} {builder:?} {frames:?} {:?}",
        message.header(),
        message.header().field(3),
        hl7v2::ack::Head::read(text.as_bytes(), Charset::Ascii),
        hl7v2::ack::read(&message).unwrap(),
        Batches::read(text.as_bytes(), &Limits::default()).unwrap(),
    );
    let faults: String = message.check(100).iter().map(|fault| format!("{fault} {fault:?}")).collect();
    assert!(faults.contains("PID-1") && printed.contains("Message("));
    assert!(!printed.contains("emligsson") && !faults.contains("emligsson"), "{printed} {faults}");
    assert!(!printed.contains("72, 101, 109"), "{printed}");
}

/// Twice the bytes may cost about twice the time; anything steeper would take minutes here.
#[test]
fn hostile_messages_take_linear_time() {
    let pieces = [
        "~",
        "^",
        "&",
        "|",
        "\r",
        "\rPID|1",
        "\rPID|\\Q\\",
        "\\E\\",
        "\\X41\\",
        "\\",
        "~a&b^",
        "\"\"~",
        "\\.br\\~",
        "å",
    ];
    for piece in pieces {
        let mut input = b"MSH|^~\\&|||||||ADT|M|P|2.5||||||UNICODE UTF-8|".to_vec();
        while input.len() < 4 << 20 {
            input.extend(piece.as_bytes());
        }
        let start = std::time::Instant::now();
        let faults = match Message::read(&input, &Limits::default(), Charset::Utf8) {
            Ok(message) => message.check(100),
            Err(faults) => faults,
        };
        assert!(faults.len() <= 100);
        let _ = Batches::read(&input, &Limits::default());
        assert!(start.elapsed().as_secs() < 20, "{piece:?}: {:?}", start.elapsed());
    }
}
