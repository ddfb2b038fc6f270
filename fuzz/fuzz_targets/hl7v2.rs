//! Hostile HL7 v2: no panic in reading, checking, answering or unframing; the leaves and what divides them are the
//! message; what is taken for text is written and read again as the same text.
#![no_main]

use hl7v2::ack::{AckCode, Finding, Head, Reply, read, write};
use hl7v2::mllp::{Frames, frame};
use hl7v2::{Batches, Builder, Charset, Limits, Message};
use libfuzzer_sys::fuzz_target;

fn frames(input: &[u8], size: usize) -> (Vec<Vec<u8>>, bool) {
    let (mut frames, mut out) = (Frames::new(1000), Vec::new());
    for mut piece in input.chunks(size) {
        loop {
            match frames.take(&mut piece) {
                Ok(Some(message)) => out.push(message),
                Ok(None) => break,
                Err(_) => return (out, false),
            }
        }
    }
    (out, frames.finish().is_ok())
}

fn one(input: &[u8], charset: Charset) {
    let answered = |findings: &[Finding]| {
        let head = Head::read(input, charset);
        let bytes = write(&head, &Reply { code: AckCode::AE, id: "A-1", at: "20260301", findings });
        let answer = Message::parse(&bytes).expect("an answer is a message");
        // MSA-2 repeats MSH-10 whatever that is.
        let wrong = answer.check(10).into_iter().find(|fault| fault.place.segment != Some(*b"MSA"));
        assert!(wrong.is_none(), "an answer is whole");
        if let Ok(ack) = read(&answer) {
            assert_eq!(ack.findings.len(), findings.len());
        }
    };
    let message = match Message::read(input, &Limits::default(), charset) {
        Ok(message) => message,
        Err(faults) => return answered(&faults.iter().map(Finding::from).collect::<Vec<_>>()),
    };
    answered(&message.check(100).iter().map(Finding::from).collect::<Vec<_>>());
    let _ = read(&message);
    let (mut covered, mut failed) = (0, false);
    for segment in message.segments() {
        covered += 3;
        for (f, field) in segment.fields().enumerate() {
            covered += usize::from(segment.index() > 0 || f > 1);
            for (r, repetition) in field.repetitions().enumerate() {
                for (c, component) in repetition.components().enumerate() {
                    for (s, leaf) in component.subcomponents().enumerate() {
                        covered += leaf.span().len() + usize::from(s > 0);
                        let Ok(text) = leaf.text() else {
                            failed = true;
                            continue;
                        };
                        let mut builder = Builder::new(*message.delimiters(), Charset::Utf8);
                        builder.segment(b"MSH").field(3, text.as_ref());
                        let bytes = builder.finish().expect("UTF-8 has every character");
                        let again = Message::parse(&bytes).expect("what is built is a message");
                        assert_eq!(again.header().field(3).text().expect("a text"), text);
                        assert_eq!(again.segments().len(), 1);
                    }
                    covered += usize::from(c > 0);
                }
                covered += usize::from(r > 0);
            }
        }
    }
    let lines: usize = message.segments().map(|segment| segment.span().len()).sum();
    assert_eq!(covered, lines, "leaves and separators are the segments");
    let faults = message.check(100);
    assert!(!failed || !faults.is_empty(), "what has no text is told");
}

fuzz_target!(|input: &[u8]| {
    one(input, Charset::Ascii);
    one(input, Charset::Iso1);
    if let Ok(file) = Batches::read(input, &Limits::default()) {
        file.messages().for_each(|message| one(message, file.charset(Charset::Utf8)));
    }
    assert_eq!(frames(input, 1), frames(input, 100_000));
    if let Ok(framed) = frame(input)
        && input.len() <= 1000
    {
        assert_eq!(frames(&framed, 7), (vec![input.to_vec()], true));
    }
});
