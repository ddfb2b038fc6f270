//! Finds single bytes, eight at a time: field separators and line ends, framing.
//!
//! Invariant: what a plain loop would find, in order, in one pass. Deliberately absent:
//! components and what is below them; most are never asked for, and those are found inside their field.

const LOW: u64 = 0x7f7f_7f7f_7f7f_7f7f;

const fn eight(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// The high bit of each byte of `word` that is nought, and no other bit.
const fn noughts(word: u64) -> u64 {
    !(((word & LOW) + LOW) | word | LOW)
}

/// Calls `visit` with each position, from `from`, where `field`, CR or LF stands, until it says stop.
pub(crate) fn each(input: &[u8], from: usize, field: u8, mut visit: impl FnMut(usize, u8) -> bool) {
    let rest = input.get(from..).unwrap_or_default();
    let (words, tail) = rest.as_chunks::<8>();
    let mut at = from;
    for eight_bytes in words {
        let word = u64::from_le_bytes(*eight_bytes);
        let mut hits =
            noughts(word ^ eight(field)) | noughts(word ^ eight(b'\r')) | noughts(word ^ eight(b'\n'));
        while hits != 0 {
            let offset = (hits.trailing_zeros() / 8) as usize;
            if !visit(at + offset, (word >> (8 * offset)) as u8) {
                return;
            }
            hits &= hits - 1;
        }
        at += 8;
    }
    for (offset, byte) in tail.iter().enumerate() {
        if (*byte == field || *byte == b'\r' || *byte == b'\n') && !visit(at + offset, *byte) {
            return;
        }
    }
}

/// The first position of either byte.
pub(crate) fn first_of(input: &[u8], one: u8, other: u8) -> Option<usize> {
    let (words, tail) = input.as_chunks::<8>();
    let hits = |eight_bytes: &[u8; 8]| {
        let word = u64::from_le_bytes(*eight_bytes);
        noughts(word ^ eight(one)) | noughts(word ^ eight(other))
    };
    if let Some(at) = words.iter().position(|eight_bytes| hits(eight_bytes) != 0) {
        let found = words.get(at).map_or(0, hits);
        return Some(8 * at + (found.trailing_zeros() / 8) as usize);
    }
    let at = tail.iter().position(|b| *b == one || *b == other)?;
    Some(8 * words.len() + at)
}

/// Whether each byte is visible ASCII, a blank or a tab, and not that one.
pub(crate) fn is_plain(input: &[u8], except: u8) -> bool {
    // Without a way out the loop is done many bytes at a time.
    input
        .iter()
        .fold(true, |plain, b| plain & (((*b >= b' ') & (*b < 0x80) & (*b != except)) | (*b == b'\t')))
}

#[cfg(test)]
mod tests {
    use super::{each, first_of};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_what_a_plain_loop_finds(
            input in proptest::collection::vec(
                prop_oneof![Just(b'|'), Just(b'\r'), Just(b'\n'), Just(b'}'), any::<u8>()], 0..80),
            from in 0usize..90,
        ) {
            let mut found = Vec::new();
            each(&input, from, b'|', |at, byte| { found.push((at, byte)); true });
            let plain: Vec<(usize, u8)> = input.iter().copied().enumerate().skip(from)
                .filter(|(_, b)| [b'|', b'\r', b'\n'].contains(b)).collect();
            prop_assert_eq!(found, plain);
            let first = input.iter().position(|b| *b == b'\r' || *b == 0);
            prop_assert_eq!(first_of(&input, b'\r', 0), first);
        }
    }
}
