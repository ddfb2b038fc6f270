//! Texts between the escapes of formats: XML, HTML, JSON, Java, URL, HL7 v2's ER7.
//!
//! Invariant: undoing what was escaped gives the text back. Deliberately absent: ER7 with other
//! delimiters than `|^~\&`, named HTML entities beyond XML's five.

const ER7: [(char, &str); 5] =
    [('\\', "\\E\\"), ('|', "\\F\\"), ('^', "\\S\\"), ('~', "\\R\\"), ('&', "\\T\\")];
const XML: [(char, &str); 5] =
    [('&', "&amp;"), ('<', "&lt;"), ('>', "&gt;"), ('"', "&quot;"), ('\'', "&#39;")];

/// The formats that `escape` knows.
pub(crate) const FORMATS: [&str; 8] = ["plain", "none", "xml", "html", "json", "java", "url", "er7"];

/// The text as it stands in that format. Nothing for an unknown format.
pub(crate) fn escape(text: &str, format: &str) -> Option<String> {
    match format {
        "plain" | "none" => Some(text.to_string()),
        "xml" | "html" => Some(replace(text, &XML)),
        "er7" => Some(replace(text, &ER7)),
        "url" => Some(text.bytes().map(url_byte).collect()),
        "json" | "java" => Some(text.chars().map(json_char).collect()),
        _ => None,
    }
}

/// The text that stands in that format. Nothing for an unknown format.
pub(crate) fn undo(text: &str, format: &str) -> Option<String> {
    match format {
        "plain" | "none" => Some(text.to_string()),
        "xml" | "html" => Some(restore(text, &XML)),
        "er7" => Some(restore(text, &ER7)),
        "url" => Some(url_undo(text)),
        "json" | "java" => Some(crate::lex::unquote(&format!("\"{text}\""))),
        _ => None,
    }
}

fn replace(text: &str, table: &[(char, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match table.iter().find(|(plain, _)| *plain == c) {
            Some((_, escaped)) => out.push_str(escaped),
            None => out.push(c),
        }
    }
    out
}

fn restore(text: &str, table: &[(char, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match table.iter().find(|(_, escaped)| rest.starts_with(escaped)) {
            Some((plain, escaped)) => {
                out.push(*plain);
                rest = &rest[escaped.len()..];
            }
            None => {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    out
}

fn url_byte(byte: u8) -> String {
    match byte {
        b if b.is_ascii_alphanumeric() || b"-._~".contains(&b) => char::from(b).to_string(),
        b => format!("%{b:02X}"),
    }
}

fn url_undo(text: &str) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        let mut ahead = bytes.clone();
        let pair = (byte == b'%').then(|| (ahead.next(), ahead.next()));
        let digit = |b: u8| char::from(b).to_digit(16);
        match pair {
            Some((Some(high), Some(low))) if digit(high).is_some() && digit(low).is_some() => {
                let value = digit(high).unwrap_or(0) * 16 + digit(low).unwrap_or(0);
                out.push(value as u8);
                bytes = ahead;
            }
            _ => out.push(byte),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

fn json_char(c: char) -> String {
    match c {
        '"' => "\\\"".to_string(),
        '\\' => "\\\\".to_string(),
        '\n' => "\\n".to_string(),
        '\r' => "\\r".to_string(),
        '\t' => "\\t".to_string(),
        c if (c as u32) < 0x20 => format!("\\u{:04x}", c as u32),
        c => c.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::{escape, undo};

    #[test]
    fn undoing_gives_the_text_back() {
        let text = "a|b^c~d\\e&f <g> \"h\" 'i' \u{e5}\t%20\n";
        for format in super::FORMATS {
            let there = escape(text, format).unwrap_or_default();
            assert_eq!(undo(&there, format).as_deref(), Some(text), "{format}: {there}");
        }
    }
}
