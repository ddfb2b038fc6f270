//! Text to tokens. FHIRPath inside a map is tokenised too, only well enough to find its end.
//!
//! Invariant: total and linear; every byte is in a token, a comment or white space. Deliberately
//! absent: keywords (they are ordinary words to the lexer, reserved nowhere).

/// A token's kind.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A word.
    Word,
    /// A word in back-ticks.
    Ticked,
    /// `'…'` or `"…"`.
    Text,
    /// `"""…"""`.
    Markdown,
    /// Digits.
    Integer,
    /// Digits with a point.
    Decimal,
    /// `@…`.
    Moment,
    /// `///` at the beginning of a line.
    Meta,
    /// Punctuation.
    Sign(&'static str),
    /// A quote that never closes.
    Unclosed,
    /// A byte that starts nothing.
    Unknown,
    /// After the last.
    End,
}

/// A token.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Token {
    pub kind: Kind,
    pub start: usize,
    pub end: usize,
}

/// The tokens, closed by one `End`, and the comments.
pub(crate) struct Lexed {
    pub tokens: Vec<Token>,
    pub comments: Vec<(usize, usize)>,
}

/// Longest first.
const SIGNS: &[&str] = &[
    "->", "<<", ">>", "..", "==", "!=", "<=", ">=", "--", "<-", ">-", "!~", "{", "}", "(", ")", "[", "]",
    ",", ";", ":", ".", "=", "+", "-", "*", "/", "|", "&", "<", ">", "~", "%", "$", "!",
];

pub(crate) fn lex(text: &str) -> Lexed {
    let mut out = Lexed { tokens: Vec::with_capacity(text.len() / 4), comments: Vec::new() };
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(&b) = bytes.get(at) {
        if b.is_ascii_whitespace() || text[at..].starts_with('\u{feff}') {
            at += if b.is_ascii_whitespace() { 1 } else { 3 };
            continue;
        }
        if text[at..].starts_with("///") && line_so_far_is_blank(text, at) {
            out.tokens.push(Token { kind: Kind::Meta, start: at, end: at + 3 });
            at += 3;
            continue;
        }
        if let Some(end) = comment(text, at) {
            out.comments.push((at, end));
            at = end;
            continue;
        }
        let (kind, end) = token(text, at);
        out.tokens.push(Token { kind, start: at, end });
        at = end;
    }
    out.tokens.push(Token { kind: Kind::End, start: text.len(), end: text.len() });
    out
}

fn line_so_far_is_blank(text: &str, at: usize) -> bool {
    text.as_bytes()[..at].iter().rev().take_while(|&&b| b != b'\n').all(u8::is_ascii_whitespace)
}

fn comment(text: &str, at: usize) -> Option<usize> {
    let rest = &text[at..];
    if rest.starts_with("//") {
        return Some(at + rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(rest.find("*/").map_or(text.len(), |i| at + i + 2));
    }
    None
}

fn token(text: &str, at: usize) -> (Kind, usize) {
    let rest = &text[at..];
    let bytes = rest.as_bytes();
    match bytes[0] {
        b'"' if rest.starts_with("\"\"\"") => match rest[3..].find("\"\"\"") {
            Some(i) => (Kind::Markdown, at + i + 6),
            None => (Kind::Unclosed, text.len()),
        },
        quote @ (b'"' | b'\'' | b'`') => quoted(rest, at, quote),
        b'0'..=b'9' => number(bytes, at),
        b'@' => {
            let inside = |b: &&u8| matches!(b, b'0'..=b'9' | b'T' | b':' | b'.' | b'+' | b'-' | b'Z');
            (Kind::Moment, at + 1 + bytes[1..].iter().take_while(inside).count())
        }
        b if b.is_ascii_alphabetic() || b == b'_' => {
            let word = |b: &&u8| b.is_ascii_alphanumeric() || **b == b'_';
            (Kind::Word, at + bytes.iter().take_while(word).count())
        }
        _ => match SIGNS.iter().find(|s| rest.starts_with(**s)) {
            Some(sign) => (Kind::Sign(sign), at + sign.len()),
            None => (Kind::Unknown, at + rest.chars().next().map_or(1, char::len_utf8)),
        },
    }
}

fn quoted(rest: &str, at: usize, quote: u8) -> (Kind, usize) {
    let bytes = rest.as_bytes();
    let mut i = 1;
    while i < bytes.len() {
        match bytes[i] {
            b'\\' => i += 1,
            b if b == quote => {
                let kind = if quote == b'`' { Kind::Ticked } else { Kind::Text };
                return (kind, at + i + 1);
            }
            _ => {}
        }
        i += 1;
    }
    (Kind::Unclosed, at + rest.len())
}

fn number(bytes: &[u8], at: usize) -> (Kind, usize) {
    let digits = |from: usize| bytes[from..].iter().take_while(|b| b.is_ascii_digit()).count();
    let whole = digits(0);
    let point = bytes.get(whole) == Some(&b'.');
    let fraction = if point { digits(whole + 1) } else { 0 };
    match fraction {
        0 => (Kind::Integer, at + whole),
        n => (Kind::Decimal, at + whole + 1 + n),
    }
}

/// The text inside a quoted token, its escapes resolved.
pub(crate) fn unquote(token: &str) -> String {
    let inner = match token.strip_prefix("\"\"\"") {
        Some(rest) => return rest.strip_suffix("\"\"\"").unwrap_or(rest).trim().to_string(),
        None => token.get(1..token.len().saturating_sub(1)).unwrap_or_default(),
    };
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            Some('n') => out.push('\n'),
            Some('r') => out.push('\r'),
            Some('t') => out.push('\t'),
            Some('f') => out.push('\u{c}'),
            Some('u') => {
                let hex: String = chars.clone().take(4).collect();
                match u32::from_str_radix(&hex, 16).ok().and_then(char::from_u32) {
                    Some(c) if hex.len() == 4 => {
                        out.push(c);
                        chars.nth(3);
                    }
                    _ => out.push('u'),
                }
            }
            Some(other) => out.push(other),
            None => {}
        }
    }
    out
}

/// The text as a FHIRPath string or a map's constant.
pub(crate) fn quote(text: &str, mark: char) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push(mark);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\u{c}' => out.push_str("\\f"),
            '\\' => out.push_str("\\\\"),
            c if c == mark => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out.push(mark);
    out
}

/// Is it one text in quotes and nothing else?
pub(crate) fn is_text(text: &str) -> bool {
    matches!(lex(text).tokens.as_slice(), [only, _] if only.kind == Kind::Text)
}

/// The lexer's own copy of a sign; an empty text for what is none.
pub(crate) fn sign(sign: &str) -> &'static str {
    SIGNS.iter().find(|s| **s == sign).copied().unwrap_or("")
}
