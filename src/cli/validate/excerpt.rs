//! The line of a message that a finding is about, with every value hidden.
//!
//! Invariant: of a message only names that the definitions know and the signs of the notation are shown;
//! letters of everything else are `x`, digits `0`, so that its shape stays. With `values` all is shown, but
//! no control character ever reaches a terminal. Deliberately absent: whole lines of any length.

use crate::rulebook::check::scan::{self, Class};
use std::{collections::HashSet, ops::Range};

/// Bytes of a line that are shown at most, and how many of them before the place.
const LONGEST: usize = 110;
const BEFORE: usize = 40;

/// Names of XML itself and of envelopes, which no definition has.
const PLAIN: [&str; 18] = [
    "xmlns",
    "xml",
    "xsi",
    "f",
    "fhir",
    "s",
    "soap",
    "soapenv",
    "SOAP-ENV",
    "Envelope",
    "Header",
    "Body",
    "Fault",
    "version",
    "encoding",
    "schemaLocation",
    "type",
    "div",
];

/// A message of which some may be shown.
pub struct Veiled<'a> {
    bytes: &'a [u8],
    /// What is shown as it is, in order.
    open: Vec<Range<usize>>,
    values: bool,
}

/// A piece of a line and the place in it.
#[derive(PartialEq, Eq, Debug)]
pub struct Excerpt {
    /// The text as it may be shown.
    pub text: String,
    /// Is the beginning of the line cut off?
    pub cut: bool,
    /// The place.
    pub span: Range<usize>,
}

impl<'a> Veiled<'a> {
    /// Hides all but the names that are known, or with `values` nothing.
    pub fn new(bytes: &'a [u8], xml: bool, known: &HashSet<String>, values: bool) -> Veiled<'a> {
        let is_known = |name: &str| known.contains(name) || PLAIN.contains(&name) || name == "resourceType";
        let shown = |range: &Range<usize>| {
            let name = bytes.get(range.clone()).and_then(|name| std::str::from_utf8(name).ok());
            let name = name.map(|n| if xml { n } else { n.strip_prefix('_').unwrap_or(n) });
            name.is_some_and(|name| name.split(':').all(is_known))
        };
        let open = |tokens: &mut dyn Iterator<Item = scan::Token>| {
            tokens.filter(|t| t.class == Class::Key).map(|t| t.range).filter(shown).collect()
        };
        let open = match (values, xml) {
            (true, _) => Vec::new(),
            (false, true) => open(&mut scan::xml(bytes)),
            (false, false) => open(&mut scan::json(bytes)),
        };
        Veiled { bytes, open, values }
    }

    /// The line where a place begins, or the piece of it around the place.
    pub fn excerpt(&self, span: &Range<usize>) -> Excerpt {
        // A byte order mark is no part of a line.
        let mark = if self.bytes.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        let at = span.start.max(mark).min(self.bytes.len());
        let (before, after) = self.bytes.split_at(at);
        let line_start = before.iter().rposition(|&b| b == b'\n').map_or(mark, |i| i + 1);
        let line_end = at + after.iter().take_while(|b| **b != b'\n').count();
        let whole = line_end - line_start <= LONGEST;
        let start = if whole { line_start } else { line_start.max(at.saturating_sub(BEFORE)) };
        let start = self.boundary(start);
        let end = self.boundary(line_end.min(start + LONGEST));
        let mut text = String::from(if start > line_start { "…" } else { "" });
        let mut shown = text.len()..text.len();
        let mut pos = start;
        for chunk in self.bytes.get(start..end).unwrap_or_default().utf8_chunks() {
            let broken =
                (!chunk.invalid().is_empty()).then_some((char::REPLACEMENT_CHARACTER, chunk.invalid().len()));
            for (c, length) in chunk.valid().chars().map(|c| (c, c.len_utf8())).chain(broken) {
                if pos <= at {
                    shown = text.len()..text.len();
                }
                text.push(self.veil(c, pos));
                pos += length;
                // A place without length is shown by the character that begins there.
                if pos <= span.end.max(at + 1) {
                    shown.end = text.len();
                }
            }
        }
        if pos <= at {
            shown = text.len()..text.len();
        }
        if end < line_end {
            text.push('…');
        }
        let kept = text.trim_end().len().max(shown.start);
        text.truncate(kept);
        shown.end = shown.end.min(kept);
        Excerpt { text, cut: start > line_start, span: shown }
    }

    /// Not in the middle of a character.
    fn boundary(&self, mut at: usize) -> usize {
        while at > 0 && self.bytes.get(at).is_some_and(|b| b & 0xC0 == 0x80) {
            at -= 1;
        }
        at
    }

    fn veil(&self, c: char, at: usize) -> char {
        let turns = matches!(c, '\u{200E}' | '\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}');
        match c {
            '\t' => ' ',
            '\r' => ' ',
            _ if c.is_control() || turns => char::REPLACEMENT_CHARACTER,
            _ if self.values || self.is_open(at) => c,
            _ if c.is_numeric() => '0',
            _ if c.is_ascii() && !c.is_alphabetic() => c,
            _ => 'x',
        }
    }

    fn is_open(&self, at: usize) -> bool {
        let next = self.open.partition_point(|range| range.end <= at);
        self.open.get(next).is_some_and(|range| range.contains(&at))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn no_letter_of_anything_but_a_known_name_is_shown(
            text in "[a-ek\\[\\]{}<>!?:,=\"'/0å\\n\\\\ -]{0,300}", from in 0usize..320, length in 0usize..40, xml: bool
        ) {
            // No other name that is known can be spelt with these letters: `f` is an XML prefix that is shown.
            let known = ["k".to_string()].into();
            let excerpt = Veiled::new(text.as_bytes(), xml, &known, false).excerpt(&(from..from + length));
            prop_assert!(excerpt.text.get(excerpt.span.clone()).is_some(), "{excerpt:?}");
            prop_assert!(excerpt.text.chars().all(|c| !c.is_alphanumeric() || "xk0".contains(c)), "{excerpt:?}");
            let lines = text.split('\n').map(|line| line.chars().count()).max().unwrap_or_default();
            prop_assert!(excerpt.text.chars().count() <= lines.min(LONGEST) + 2);
        }
    }

    fn shown(text: &[u8], xml: bool, place: &str, values: bool) -> (String, String) {
        let known = ["name", "family", "value", "Patient"].map(String::from).into();
        let start = text.windows(place.len()).position(|w| w == place.as_bytes()).unwrap_or(text.len());
        let excerpt = Veiled::new(text, xml, &known, values).excerpt(&(start..start + place.len()));
        let here = excerpt.text.get(excerpt.span).unwrap_or("outside").to_string();
        (excerpt.text, here)
    }

    #[test]
    fn values_and_unknown_names_are_hidden_and_their_shape_stays() {
        let json = "{\n \"name\": [{\"family\": \"Åkerman-5\", \"Åkerman\": 12.5, \"akerman\": true}]\n}";
        let (line, here) = shown(json.as_bytes(), false, "\"Åkerman-5\"", false);
        assert_eq!(line, " \"name\": [{\"family\": \"xxxxxxx-0\", \"xxxxxxx\": 00.0, \"xxxxxxx\": xxxx}]");
        assert_eq!(here, "\"xxxxxxx-0\"");
        let xml = "<Patient xmlns='u'><name Nils='a'>Nils<!-- Nils --><value value=\"å1\"/></name>";
        let (line, here) = shown(xml.as_bytes(), true, "value=\"å1\"", false);
        assert_eq!(line, "<Patient xmlns='x'><name xxxx='x'>xxxx<!-- xxxx --><value value=\"x0\"/></name>");
        assert_eq!(here, "value=\"x0\"");
        let (line, _) = shown(json.as_bytes(), false, "12.5", true);
        assert!(line.contains("Åkerman-5"));
    }

    #[test]
    fn nothing_long_broken_or_hostile_reaches_the_terminal() {
        let long = format!(
            "{{\"name\":\"{}\",\"family\":\"y\",\"value\":\"{}\"}}",
            "å".repeat(5000),
            "b".repeat(5000)
        );
        let (line, here) = shown(long.as_bytes(), false, "\"y\"", false);
        assert!(line.len() < 400 && line.starts_with('…') && line.ends_with('…'), "{line}");
        assert_eq!(here, "\"x\"");
        let (line, here) = shown(b"{\"name\":\"a\xFF\x1B[31mb\"}", false, "\x1B", true);
        assert_eq!((line.as_str(), here.as_str()), ("{\"name\":\"a\u{FFFD}\u{FFFD}[31mb\"}", "\u{FFFD}"));
        let (line, here) = shown(b"{\"name\":", false, "nowhere", false);
        assert_eq!((line.as_str(), here.as_str()), ("{\"name\":", ""));
        assert_eq!(shown(b"", false, "x", false), (String::new(), String::new()));
    }
}
