//! Looking for the bytes that mean something inside a JSON string, eight at a time.
//!
//! Invariant: the place found is that of the first such byte. Deliberately absent: what it means there.

const ONES: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Where the first quote, backslash or control character stands.
#[inline]
pub(super) fn special(bytes: &[u8]) -> Option<usize> {
    let mut words = bytes.chunks_exact(8);
    let mut at = 0;
    for word in &mut words {
        let word = word.try_into().map_or(0, u64::from_le_bytes);
        // The lowest bit set is right; those above it may be, because a borrow only goes upwards.
        let below = |word: u64, least: u64| word.wrapping_sub(ONES * least) & !word;
        let equal = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
        let found = (below(word, 0x20) | equal(b'"') | equal(b'\\')) & HIGH;
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize / 8);
        }
        at += 8;
    }
    let found = words.remainder().iter().position(|&b| b < 0x20 || b == b'"' || b == b'\\');
    found.map(|i| at + i)
}

#[cfg(test)]
mod tests {
    use super::special;

    #[test]
    fn the_first_special_byte_is_found_wherever_it_stands() {
        for length in 0..40 {
            for place in 0..length {
                for byte in 0..=255u8 {
                    let mut text = vec![b'a'; length];
                    text[place] = byte;
                    // One after it, and neighbours that differ by one from what is looked for.
                    if place + 1 < length {
                        text[place + 1] = b'!';
                    }
                    let special_here = byte < 0x20 || byte == b'"' || byte == b'\\';
                    assert_eq!(special(&text), special_here.then_some(place), "{length} {place} {byte}");
                    if place + 1 < length {
                        text[place + 1] = b'"';
                        let first = if special_here { place } else { place + 1 };
                        assert_eq!(special(&text), Some(first), "{length} {place} {byte}");
                    }
                }
            }
        }
    }
}
