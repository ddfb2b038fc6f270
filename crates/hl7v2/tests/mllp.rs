//! Framing: the same frames whatever the pieces, and refusals with their offsets.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use hl7v2::mllp::{FrameFault, Frames, Misframed, frame};
use proptest::prelude::*;

/// What comes out of a stream that arrives in pieces of those sizes, over and over.
fn frames(stream: &[u8], sizes: &[usize], limit: usize) -> (Vec<Vec<u8>>, Result<(), FrameFault>) {
    let mut frames = Frames::new(limit);
    let (mut out, mut rest, mut sizes) = (Vec::new(), stream, sizes.iter().cycle());
    while !rest.is_empty() {
        let (mut piece, after) = rest.split_at(rest.len().min(*sizes.next().unwrap()));
        rest = after;
        loop {
            match frames.take(&mut piece) {
                Ok(Some(message)) => out.push(message),
                Ok(None) => break,
                Err(fault) => {
                    assert_eq!(frames.take(&mut &b"\x0b"[..]), Err(fault), "once refused, always refused");
                    return (out, Err(fault));
                }
            }
        }
        assert!(piece.is_empty());
        assert!(frames.pending() <= limit);
    }
    (out, frames.finish())
}

fn refused(stream: &[u8]) -> (usize, Misframed, u64) {
    let (out, end) = frames(stream, &[3], 10);
    let FrameFault { kind, offset } = end.unwrap_err();
    (out.len(), kind, offset)
}

#[test]
fn two_frames_in_one_read_are_two() {
    let (out, end) = frames(b"\x0bMSH|A\r\x1c\r\x0bMSH|B\r\x1c\r", &[100], 10);
    assert_eq!(out, [b"MSH|A\r", b"MSH|B\r"]);
    assert!(end.is_ok());
}

#[test]
fn what_is_no_frame_is_refused_where_it_begins() {
    assert_eq!(refused(b"MSH|"), (0, Misframed::Outside, 0));
    assert_eq!(refused(b"\x0ba\x1c\r\n\x0b"), (1, Misframed::Outside, 4));
    assert_eq!(refused(b"\x0bab\x0bcd"), (0, Misframed::Nested, 3));
    assert_eq!(refused(b"\x0bab\x1ccd"), (0, Misframed::Unended, 3));
    assert_eq!(refused(b"\x0bab\x1c\x1c\r"), (0, Misframed::Unended, 3));
    assert_eq!(refused(b"\x0b0123456789\x1c\r\x0b01234567890"), (1, Misframed::TooLong { limit: 10 }, 24));
    assert_eq!(refused(b"\x0babc"), (0, Misframed::Cut, 4));
    assert_eq!(refused(b"\x0babc\x1c"), (0, Misframed::Cut, 5));
    assert!(Frames::new(3).is_between());
}

#[test]
fn a_message_with_framing_bytes_is_not_framed() {
    assert_eq!(frame(b"a\x0b").unwrap_err(), FrameFault { kind: Misframed::Nested, offset: 2 });
    assert_eq!(frame(b"a\x1c").unwrap_err(), FrameFault { kind: Misframed::Unended, offset: 2 });
    assert_eq!(frame(b"").unwrap(), b"\x0b\x1c\r");
}

#[test]
fn each_byte_is_looked_at_once() {
    // Looking again at what is there with each piece would be 6 billion bytes here, and 8 minutes with one by one.
    let message = vec![b'x'; 10 << 20];
    let stream = frame(&message).unwrap();
    for size in [8 << 10, 1] {
        let start = std::time::Instant::now();
        let (out, end) = frames(&stream, &[size], message.len());
        assert!(out == [message.clone()] && end.is_ok());
        assert!(start.elapsed().as_secs() < 20, "pieces of {size}: {:?}", start.elapsed());
    }
}

proptest! {
    #[test]
    fn any_split_gives_the_same_frames(
        messages in proptest::collection::vec(proptest::collection::vec(
            any::<u8>().prop_filter("no framing", |b| *b != 0x0b && *b != 0x1c), 0..20), 0..6),
        sizes in proptest::collection::vec(1usize..9, 1..5),
    ) {
        let stream: Vec<u8> = messages.iter().flat_map(|m| frame(m).unwrap()).collect();
        let (out, end) = frames(&stream, &sizes, 20);
        prop_assert_eq!(out, messages);
        prop_assert!(end.is_ok());
    }

    #[test]
    fn any_bytes_in_any_split_are_refused_at_the_same_place(
        stream in proptest::collection::vec(proptest::sample::select(b"\x0b\x1c\rab".to_vec()), 0..40),
        sizes in proptest::collection::vec(1usize..9, 1..5),
    ) {
        prop_assert_eq!(frames(&stream, &sizes, 7), frames(&stream, &[1000], 7));
    }
}
