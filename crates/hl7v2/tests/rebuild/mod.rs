//! Writes a message again out of its smallest values alone: whatever the reader lost would be missing.

use hl7v2::{Message, Value};

/// The smallest values of a message, in order, each asked for its text on the way.
fn leaves<'m>(message: &'m Message<'_>) -> Vec<Value<'m>> {
    let mut all = Vec::new();
    for segment in message.segments() {
        for field in segment.fields() {
            for repetition in field.repetitions() {
                for component in repetition.components() {
                    all.extend(component.subcomponents());
                }
            }
        }
    }
    for leaf in &all {
        let _ = (leaf.text().map_err(|fault| fault.to_string()), leaf.place().to_string());
    }
    all
}

/// The message's bytes, where between two leaves stand only separators, line ends and names of segments.
pub fn rebuilt(message: &Message<'_>) -> Vec<u8> {
    let input = message.bytes();
    let by = message.delimiters();
    let mut out = Vec::new();
    let mut at = 0;
    for segment in message.segments() {
        let between = &input[at..segment.span().start];
        assert!(
            between.iter().all(|b| matches!(b, b'\r' | b'\n' | 0xef | 0xbb | 0xbf)),
            "lost between segments"
        );
        out.extend(between);
        out.extend(segment.name().as_bytes());
        at = segment.span().end;
        for (f, field) in segment.fields().enumerate() {
            // MSH-1 is itself the separator.
            if !(segment.index() == 0 && f < 2) {
                out.push(by.field);
            }
            for (r, repetition) in field.repetitions().enumerate() {
                out.extend((r > 0).then_some(by.repetition));
                for (c, component) in repetition.components().enumerate() {
                    out.extend((c > 0).then_some(by.component));
                    for (s, sub) in component.subcomponents().enumerate() {
                        out.extend((s > 0).then_some(by.subcomponent));
                        out.extend(sub.raw());
                    }
                }
            }
        }
    }
    out.extend(&input[at..]);
    let leaves = leaves(message);
    assert!(leaves.windows(2).all(|two| two[0].span().end <= two[1].span().start), "spans in order");
    out
}
