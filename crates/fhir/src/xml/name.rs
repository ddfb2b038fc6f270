//! Which characters and names XML 1.0 (fifth edition) and its namespaces allow.
//!
//! Invariant: pure questions about text. Deliberately absent: XML 1.1.

use std::ops::RangeInclusive;

/// What may begin a name, apart from ASCII (production 4).
const FIRST: [RangeInclusive<char>; 13] = [
    '\u{C0}'..='\u{D6}',
    '\u{D8}'..='\u{F6}',
    '\u{F8}'..='\u{2FF}',
    '\u{370}'..='\u{37D}',
    '\u{37F}'..='\u{1FFF}',
    '\u{200C}'..='\u{200D}',
    '\u{2070}'..='\u{218F}',
    '\u{2C00}'..='\u{2FEF}',
    '\u{3001}'..='\u{D7FF}',
    '\u{F900}'..='\u{FDCF}',
    '\u{FDF0}'..='\u{FFFD}',
    '\u{10000}'..='\u{EFFFF}',
    '_'..='_',
];
/// What may stand inside one as well (production 4a).
const LATER: [RangeInclusive<char>; 3] =
    ['\u{B7}'..='\u{B7}', '\u{300}'..='\u{36F}', '\u{203F}'..='\u{2040}'];

fn is_first(c: char) -> bool {
    c.is_ascii_alphabetic() || FIRST.iter().any(|r| r.contains(&c))
}

fn is_later(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '-' | '.') || is_first(c) || LATER.iter().any(|r| r.contains(&c))
}

/// Is it a name without a colon?
pub(crate) fn is_nc_name(name: &str) -> bool {
    let bytes = name.as_bytes();
    if bytes.first().is_some_and(u8::is_ascii_alphabetic) && bytes.iter().all(u8::is_ascii_alphanumeric) {
        return true;
    }
    let mut letters = name.chars();
    letters.next().is_some_and(is_first) && letters.all(is_later)
}

/// The prefix (empty where there is none) and the local part of a name; `None`: no name.
pub(super) fn split(name: &str) -> Option<(&str, &str)> {
    let colon = name.bytes().position(|b| b == b':');
    let (prefix, local) = colon.map_or(("", name), |at| (&name[..at], &name[at + 1..]));
    let good = is_nc_name(local) && (prefix.len() + local.len() == name.len() || is_nc_name(prefix));
    good.then_some((prefix, local))
}

/// May the character stand in XML at all (production 2)?
pub(super) fn is_char(c: char) -> bool {
    (c >= ' ' || matches!(c, '\t' | '\n' | '\r')) && !matches!(c, '\u{FFFE}' | '\u{FFFF}')
}

/// Where the first character stands that XML cannot hold, not even as a reference.
pub(crate) fn unwritable(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let odd = |b: u8| (b < b' ') & (b != b'\t') & (b != b'\n') & (b != b'\r') | (b == 0xEF);
    // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
    let wrong = |at: usize| {
        let last = || bytes.get(at + 2).is_some_and(|&b| b >= 0xBE);
        bytes[at] != 0xEF || (bytes.get(at + 1) == Some(&0xBF) && last())
    };
    // Most of a text has none of them: pieces are looked at as a whole first.
    let pieces =
        bytes.chunks(64).enumerate().filter(|(_, piece)| piece.iter().fold(false, |any, &b| any | odd(b)));
    let inside =
        |(i, piece): (usize, &[u8])| (i * 64..i * 64 + piece.len()).find(|&at| odd(bytes[at]) && wrong(at));
    pieces.filter_map(inside).next()
}

/// XML's white space.
pub(super) fn is_white(text: &str) -> bool {
    text.bytes().all(|b| matches!(b, b' ' | b'\t' | b'\n' | b'\r'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        for good in ["a", "_b", "é1", "a-b.c"] {
            assert!(is_nc_name(good), "{good}");
        }
        for bad in ["", "1a", "-a", "a b", "a:b", "a\u{0}", "×"] {
            assert!(!is_nc_name(bad), "{bad}");
        }
        assert_eq!(split("a:b"), Some(("a", "b")));
        assert_eq!(split("b"), Some(("", "b")));
        for bad in [":b", "a:", "a:b:c", ":", "a:1"] {
            assert_eq!(split(bad), None, "{bad}");
        }
        assert_eq!(unwritable("a\tb\u{7f}"), None);
        assert_eq!(unwritable("å\u{FFFD}\u{FEFF}\u{FFFE}"), Some(8));
        assert_eq!(unwritable("\u{FFFF}"), Some(0));
        assert_eq!(unwritable(&format!("{}\u{FFFE}", "å".repeat(31))), Some(62));
        assert_eq!(unwritable(&format!("{}\u{1}", "\n".repeat(1000))), Some(1000));
        assert_eq!(unwritable("a\u{0}"), Some(1));
    }
}
