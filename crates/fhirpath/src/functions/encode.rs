//! Encodings and escapes of strings.
//!
//! Invariant: decoding what is not validly encoded, or an encoding not known here, gives nothing.
//! Deliberately absent: character sets; text is UTF-8.

use super::Run::One;
use super::text::input;
use super::{Builtin, Call, Gives, Single, Takes, Wants, plain};
use crate::eval::Machine;
use crate::value::Value;

pub(crate) const TABLE: &[Builtin] = &[
    plain("encode", (1, 1), Takes::Text, Gives::Text, One(encode)).wanting(&[Wants::Text]),
    plain("decode", (1, 1), Takes::Text, Gives::Text, One(decode)).wanting(&[Wants::Text]),
    plain("escape", (1, 1), Takes::Text, Gives::Text, One(escape)).wanting(&[Wants::Text]),
    plain("unescape", (1, 1), Takes::Text, Gives::Text, One(unescape)).wanting(&[Wants::Text]),
];

const BASE64: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const BASE64_URL: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

fn coded<'t>(
    m: &Machine<'_, 't>,
    call: &Call<'_, 't>,
    f: impl FnOnce(&str, &str) -> Option<String>,
) -> Single<'t> {
    let Some(text) = input(m, call)? else { return Ok(None) };
    let Some(how) = m.text_arg(call, 0)? else { return Ok(None) };
    // Escapes make a character up to six.
    m.step(text.len())?;
    m.take(text.len().saturating_mul(6))?;
    Ok(f(&text, &how).map(Value::owned))
}

fn encode<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    coded(m, &call, |text, how| match how {
        "hex" => Some(text.bytes().map(|b| format!("{b:02x}")).collect()),
        "base64" => Some(to_base64(text.as_bytes(), BASE64)),
        "urlbase64" => Some(to_base64(text.as_bytes(), BASE64_URL)),
        _ => None,
    })
}

fn decode<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    coded(m, &call, |text, how| {
        let bytes = match how {
            "hex" => from_hex(text)?,
            "base64" => from_base64(text, BASE64)?,
            "urlbase64" => from_base64(text, BASE64_URL)?,
            _ => return None,
        };
        String::from_utf8(bytes).ok()
    })
}

fn escape<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    coded(m, &call, |text, how| match how {
        "html" => Some(escape_html(text)),
        "json" => Some(escape_json(text)),
        _ => None,
    })
}

fn unescape<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    coded(m, &call, |text, how| match how {
        "html" => Some(unescape_html(text)),
        "json" => unescape_json(text),
        _ => None,
    })
}

fn to_base64(bytes: &[u8], alphabet: &[u8; 64]) -> String {
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for group in bytes.chunks(3) {
        let bits = group.iter().fold(0u32, |bits, b| bits << 8 | u32::from(*b)) << (8 * (3 - group.len()));
        for i in 0..4 {
            if i <= group.len() {
                out.push(char::from(alphabet[(bits >> (18 - 6 * i) & 63) as usize]));
            } else {
                out.push('=');
            }
        }
    }
    out
}

fn from_base64(text: &str, alphabet: &[u8; 64]) -> Option<Vec<u8>> {
    let text: Vec<u8> = text.bytes().filter(|b| !b.is_ascii_whitespace()).collect();
    let digits = text.iter().position(|b| *b == b'=').unwrap_or(text.len());
    if !text.len().is_multiple_of(4) || text.len() - digits > 2 || text[digits..].iter().any(|b| *b != b'=') {
        return None;
    }
    let mut out = Vec::with_capacity(digits / 4 * 3 + 3);
    for group in text[..digits].chunks(4) {
        let mut bits = 0u32;
        for b in group {
            bits = bits << 6 | alphabet.iter().position(|a| a == b)? as u32;
        }
        bits <<= 6 * (4 - group.len());
        out.extend_from_slice(&bits.to_be_bytes()[1..group.len()]);
    }
    Some(out)
}

fn from_hex(text: &str) -> Option<Vec<u8>> {
    if !text.is_ascii() || !text.len().is_multiple_of(2) {
        return None;
    }
    (0..text.len()).step_by(2).map(|i| u8::from_str_radix(&text[i..i + 2], 16).ok()).collect()
}

fn escape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

fn unescape_html(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('&') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find(';').filter(|end| *end < 12);
        let found = end.and_then(|end| match &rest[1..end] {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            name => {
                let code = match name.strip_prefix("#x") {
                    Some(hex) => u32::from_str_radix(hex, 16).ok(),
                    None => name.strip_prefix('#').and_then(|n| n.parse().ok()),
                };
                code.and_then(char::from_u32)
            }
        });
        match (found, end) {
            (Some(c), Some(end)) => {
                out.push(c);
                rest = &rest[end + 1..];
            }
            _ => {
                out.push('&');
                rest = &rest[1..];
            }
        }
    }
    out.push_str(rest);
    out
}

fn escape_json(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if c < ' ' => out.push_str(&format!("\\u{:04x}", c as u32)),
            c => out.push(c),
        }
    }
    out
}

fn unescape_json(text: &str) -> Option<String> {
    let mut units: Vec<u16> = Vec::with_capacity(text.len());
    let mut chars = text.chars();
    let mut buffer = [0u16; 2];
    while let Some(c) = chars.next() {
        if c != '\\' {
            units.extend_from_slice(c.encode_utf16(&mut buffer));
            continue;
        }
        units.push(match chars.next()? {
            'n' => 10,
            'r' => 13,
            't' => 9,
            'b' => 8,
            'f' => 12,
            'u' => {
                let hex: String = chars.by_ref().take(4).collect();
                u16::from_str_radix(&hex, 16).ok()?
            }
            c @ ('"' | '\\' | '/') => c as u16,
            _ => return None,
        });
    }
    String::from_utf16(&units).ok()
}
