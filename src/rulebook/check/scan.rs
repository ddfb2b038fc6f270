//! JSON and XML as runs of names, values and signs, also where the text is broken.
//!
//! Invariant: total and linear on any bytes; every byte that is no plain sign of the notation belongs to a
//! name or a value, so that whoever hides values hides all of them. Deliberately absent: any
//! judgement of the text, which the readers make.

use std::ops::Range;

/// What a run of bytes is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// The name of a member, an element or an attribute; without quotes.
    Key,
    /// A value, or text that cannot be told from one; without quotes.
    Value,
    /// The beginning of something that holds others.
    Open,
    /// Its end; in XML the end of a tag.
    Close,
}

/// A run of bytes. What lies between runs is signs of the notation and white space.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Token {
    /// What it is.
    pub class: Class,
    /// Where.
    pub range: Range<usize>,
}

/// The runs of a JSON text.
pub fn json(text: &[u8]) -> impl Iterator<Item = Token> {
    let mut at = 0;
    std::iter::from_fn(move || {
        at += text.get(at..)?.iter().take_while(|b| b.is_ascii_whitespace() || b",:".contains(b)).count();
        let start = at;
        let token = |class, range| Some(Token { class, range });
        match *text.get(at)? {
            b'{' | b'[' => {
                at += 1;
                token(Class::Open, start..at)
            }
            b'}' | b']' => {
                at += 1;
                token(Class::Close, start..at)
            }
            b'"' => {
                let end = string_end(text, at + 1);
                at = (end + 1).min(text.len());
                let after = text.get(at..)?.trim_ascii_start().first();
                token(if after == Some(&b':') { Class::Key } else { Class::Value }, start + 1..end)
            }
            _ => {
                let loose = |b: &&u8| !b.is_ascii_whitespace() && !b",:{}[]\"".contains(b);
                at += text.get(at..)?.iter().take_while(loose).count();
                token(Class::Value, start..at)
            }
        }
    })
}

/// Where a string's closing quote is, or the end of the text.
fn string_end(text: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = text.get(at) {
        match byte {
            b'"' => return at,
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
    text.len()
}

/// Where an XML text stands.
enum Stand {
    Text,
    /// Inside a tag, after its name or an attribute.
    Tag,
    /// Where the name of a tag begins.
    Name,
}

/// The runs of an XML text.
pub fn xml(text: &[u8]) -> impl Iterator<Item = Token> {
    let (mut at, mut stand) = (0, Stand::Text);
    std::iter::from_fn(move || {
        loop {
            let rest = text.get(at..).filter(|rest| !rest.is_empty())?;
            let start = at;
            let token = |class, range| Some(Token { class, range });
            match stand {
                Stand::Text if rest.starts_with(b"<!") || rest.starts_with(b"<?") => {
                    let (opened, end) = special(rest);
                    at += end;
                    let last = if end == rest.len() { at } else { at - 1 };
                    return token(Class::Value, start + opened..last.max(start + opened));
                }
                Stand::Text if rest.first() == Some(&b'<') => {
                    at += if rest.starts_with(b"</") { 2 } else { 1 };
                    stand = Stand::Name;
                    if !rest.starts_with(b"</") {
                        return token(Class::Open, start..at);
                    }
                }
                Stand::Text => {
                    at += rest.iter().take_while(|b| **b != b'<').count();
                    return token(Class::Value, start..at);
                }
                Stand::Name => {
                    at += name_length(rest);
                    stand = Stand::Tag;
                    return token(Class::Key, start..at);
                }
                Stand::Tag => match rest.first() {
                    Some(b'>') => {
                        at += 1;
                        stand = Stand::Text;
                        return token(Class::Close, start..at);
                    }
                    Some(b'<') => stand = Stand::Text,
                    Some(quote @ (b'"' | b'\'')) => {
                        let length = rest.iter().skip(1).take_while(|b| *b != quote).count();
                        at = (at + length + 2).min(text.len());
                        return token(Class::Value, start + 1..start + 1 + length);
                    }
                    Some(byte) if byte.is_ascii_whitespace() || b"=/".contains(byte) => at += 1,
                    _ => {
                        let length = name_length(rest).max(1);
                        at += length;
                        let named = rest.get(length..).unwrap_or_default().trim_ascii_start();
                        let class = if named.first() == Some(&b'=') { Class::Key } else { Class::Value };
                        return token(class, start..at);
                    }
                },
            }
        }
    })
}

fn name_length(rest: &[u8]) -> usize {
    rest.iter().take_while(|b| !b.is_ascii_whitespace() && !b"=/<>\"'".contains(b)).count()
}

/// A comment, an instruction, a section or a declaration: where its content begins, and where it ends.
fn special(rest: &[u8]) -> (usize, usize) {
    let kinds: [(&[u8], &[u8]); 4] =
        [(b"<!--", b"-->"), (b"<![CDATA[", b"]]>"), (b"<?", b"?>"), (b"<!", b">")];
    let found = kinds.iter().find(|(open, _)| rest.starts_with(open));
    let (open, close) = found.copied().unwrap_or((b"<", b">"));
    let inner = rest.get(open.len()..).unwrap_or_default();
    let end = inner.windows(close.len()).position(|w| w == close);
    (open.len(), end.map_or(rest.len(), |end| open.len() + end + close.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str, tokens: impl Iterator<Item = Token>) -> String {
        let sign = |c| match c {
            Class::Key => 'k',
            Class::Value => 'v',
            Class::Open => '<',
            Class::Close => '>',
        };
        let tokens = tokens.filter(|t| !t.range.is_empty());
        tokens.map(|t| format!("{}{} ", sign(t.class), &text[t.range])).collect()
    }

    #[test]
    fn names_and_values_of_json_are_told_apart_also_where_it_is_broken() {
        let cases = [
            (r#"{"a" : "b", "c\"": [1, true]}"#, r#"<{ ka vb kc\" <[ v1 vtrue >] >} "#),
            (r#"{"a": "b"#, "<{ ka vb "),
            (r#"{a: 'Nils'}"#, "<{ va v'Nils' >} "),
            (r#"{"a": "b\"#, r"<{ ka vb\ "),
        ];
        for (text, wanted) in cases {
            assert_eq!(shown(text, json(text.as_bytes())), wanted, "{text}");
        }
    }

    #[test]
    fn names_and_values_of_xml_are_told_apart_also_where_it_is_broken() {
        let cases = [
            (r#"<a b="c" d='e'>f</a>"#, "<< ka kb vc kd ve >> vf ka >> "),
            (r#"<a b="c"/>"#, "<< ka kb vc >> "),
            ("<!-- Nils --><a>", "v Nils -- << ka >> "),
            ("<a Nils>", "<< ka vNils >> "),
            ("<a><![CDATA[Nils]]></a>", "<< ka >> vNils]] ka >> "),
            ("<a b=\"Nils", "<< ka kb vNils "),
        ];
        for (text, wanted) in cases {
            assert_eq!(shown(text, xml(text.as_bytes())), wanted, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_letter_and_digit_is_in_a_name_or_a_value(text in "[\\[\\]{}<>!?:,=\"'/a0 é\\\\-]{0,40}") {
            for tokens in [json(text.as_bytes()).collect::<Vec<_>>(), xml(text.as_bytes()).collect()] {
                let mut end = 0;
                for token in &tokens {
                    prop_assert!(token.range.start >= end && token.range.end <= text.len());
                    end = token.range.end;
                }
                for (i, byte) in text.bytes().enumerate().filter(|(_, b)| b.is_ascii_alphanumeric() || *b > 127) {
                    let inside = tokens.iter().any(|t| t.range.contains(&i));
                    prop_assert!(inside, "{byte} at {i} of {text}");
                }
            }
        }
    }
}
