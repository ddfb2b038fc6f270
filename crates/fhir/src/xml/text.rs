//! References and escapes: what is written and what is meant.
//!
//! Invariant: decoding what was escaped gives it back, in text and in attributes. Only the five
//! predefined entities and character references exist; there is no DTD that could define others.
//! Deliberately absent: expansion of anything else.

use super::name::is_char;
use super::token::Fault;
use std::borrow::Cow;

/// What a reference at `at` (without `&` and `;`) stands for.
pub(super) fn reference(name: &str, at: usize) -> Result<char, Fault> {
    let Some(number) = name.strip_prefix('#') else {
        return match name {
            "amp" => Ok('&'),
            "lt" => Ok('<'),
            "gt" => Ok('>'),
            "quot" => Ok('"'),
            "apos" => Ok('\''),
            _ => Err(Fault { code: "xml-entity", at, message: NO_ENTITY }),
        };
    };
    let code = match number.strip_prefix('x') {
        Some(digits) if digits.bytes().all(|b| b.is_ascii_hexdigit()) => u32::from_str_radix(digits, 16).ok(),
        None if number.bytes().all(|b| b.is_ascii_digit()) => number.parse().ok(),
        _ => None,
    };
    let c = code.and_then(char::from_u32).filter(|&c| is_char(c));
    let message = "a character reference to no character that XML allows";
    c.ok_or(Fault { code: "xml-syntax", at, message })
}

const NO_ENTITY: &str =
    "no such entity; only amp, lt, gt, quot and apos exist, the rest are character references";

/// What stands between the quotes of an attribute, `start` being where it begins (XML 1.0 §3.3.3).
pub(super) fn attribute(raw: &str, start: usize) -> Result<Cow<'_, str>, Fault> {
    let fault = |at: usize, message| Fault { code: "xml-syntax", at: start + at, message };
    let special = |b: u8| matches!(b, b'&' | b'<' | b'\t' | b'\n' | b'\r');
    let Some(mut at) = raw.bytes().position(special) else { return Ok(Cow::Borrowed(raw)) };
    let mut out = String::with_capacity(raw.len());
    let mut from = 0;
    loop {
        out.push_str(&raw[from..at]);
        let rest = &raw[at..];
        from = at
            + match rest.as_bytes()[0] {
                b'<' => return Err(fault(at, "`<` in an attribute; write &lt;")),
                b'&' => {
                    let end = rest.find(';').ok_or_else(|| fault(at, "`&` without an end; write &amp;"))?;
                    out.push(reference(&rest[1..end], start + at)?);
                    end + 1
                }
                _ => {
                    out.push(' ');
                    if rest.starts_with("\r\n") { 2 } else { 1 }
                }
            };
        match raw[from..].bytes().position(special) {
            Some(next) => at = from + next,
            None => break,
        }
    }
    out.push_str(&raw[from..]);
    Ok(Cow::Owned(out))
}

/// Adds literal text with line ends as XML has them (§2.11).
pub(super) fn push_lines(out: &mut String, raw: &str) {
    let mut parts = raw.split('\r');
    out.push_str(parts.next().unwrap_or_default());
    for part in parts {
        if !part.starts_with('\n') {
            out.push('\n');
        }
        out.push_str(part);
    }
}

/// Writes the value of an attribute in double quotes.
pub(super) fn escape_attribute(out: &mut String, text: &str) {
    escape(out, text, |b| match b {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'"' => Some("&quot;"),
        b'\t' => Some("&#9;"),
        b'\n' => Some("&#10;"),
        b'\r' => Some("&#13;"),
        _ => None,
    });
}

/// Writes text between tags. White space at its ends is written so that nobody takes it for layout.
pub(super) fn escape_text(out: &mut String, text: &str) {
    let inner = text.trim_matches([' ', '\t', '\n', '\r']);
    let start = text.len() - text.trim_start_matches([' ', '\t', '\n', '\r']).len();
    let (before, after) = match inner.is_empty() {
        true => (text, ""),
        false => (&text[..start], &text[start + inner.len()..]),
    };
    before.bytes().for_each(|b| push_white(out, b));
    escape(out, inner, |b| match b {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'\r' => Some("&#13;"),
        _ => None,
    });
    after.bytes().for_each(|b| push_white(out, b));
}

fn push_white(out: &mut String, b: u8) {
    out.push_str("&#");
    out.push_str(&b.to_string());
    out.push(';');
}

fn escape(out: &mut String, text: &str, written: impl Fn(u8) -> Option<&'static str>) {
    let mut from = 0;
    for (at, b) in text.bytes().enumerate() {
        if let Some(escaped) = written(b) {
            out.push_str(&text[from..at]);
            out.push_str(escaped);
            from = at + 1;
        }
    }
    out.push_str(&text[from..]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references() {
        let of = |name| reference(name, 7).map_err(|f| (f.code, f.at));
        assert_eq!(of("#x10FFFF"), Ok('\u{10FFFF}'));
        assert_eq!((of("#9"), of("apos")), (Ok('\t'), Ok('\'')));
        for bad in ["#", "#x", "#0", "#xD800", "#x110000", "#+9", "#99999999999", "#xFFFE"] {
            assert_eq!(of(bad), Err(("xml-syntax", 7)), "{bad}");
        }
        for bad in ["nbsp", "", "AMP", "amp "] {
            assert_eq!(of(bad), Err(("xml-entity", 7)), "{bad}");
        }
    }

    #[test]
    fn attributes_come_back() {
        let of = |raw: &str| attribute(raw, 1).map(|v| v.into_owned()).map_err(|f| (f.code, f.at));
        assert_eq!(of("a\r\nb\tc\n&#10;&lt;").as_deref(), Ok("a b c \n<"));
        assert_eq!(of("a<"), Err(("xml-syntax", 2)));
        assert_eq!((of("a&b"), of("&b;")), (Err(("xml-syntax", 2)), Err(("xml-entity", 1))));
        for text in ["", "å\"'<>&\r\n\t ]]>", "\u{1F600}"] {
            let mut out = String::new();
            escape_attribute(&mut out, text);
            assert_eq!(of(&out).as_deref(), Ok(text));
        }
    }

    #[test]
    fn lines() {
        let mut out = String::new();
        push_lines(&mut out, "a\r\nb\rc\n\r\r\n");
        assert_eq!(out, "a\nb\nc\n\n\n");
    }
}
