//! Text to tokens.
//!
//! Invariant: token spans lie on character boundaries, are in order and do not overlap; comments
//! and white space are in no token. Deliberately absent: keywords (whether `contains` is a name or
//! an operator only the parser can tell).

use crate::error::SyntaxError;

/// What a token is.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Token {
    /// `name`, or `` `any name` `` (then quoted).
    Name {
        text: String,
        quoted: bool,
    },
    /// `'text'`, escapes resolved.
    Text(String),
    /// `12`, `1.50`.
    Number(String),
    /// `@2015-02`, `@2015T10:00Z`, `@T10:00`; without the `@`.
    Moment(String),
    /// `%name`.
    Variable(String),
    /// `$this`, `$index`, `$total`; without the `$`.
    Special(String),
    /// Operators and punctuation.
    Sign(&'static str),
    End,
}

const SIGNS: [&str; 24] = [
    "!=", "!~", "<=", ">=", "=", "~", "<", ">", "+", "-", "*", "/", "&", "|", ".", ",", "(", ")", "[", "]",
    "{", "}", ":", ";",
];

/// All tokens with their start offsets, an [`Token::End`] last.
pub(crate) fn lex(text: &str) -> Result<Vec<(usize, Token)>, SyntaxError> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::with_capacity(text.len() / 3 + 2);
    loop {
        lexer.skip_blank()?;
        let start = lexer.at;
        let token = lexer.token()?;
        let end = token == Token::End;
        tokens.push((start, token));
        if end {
            return Ok(tokens);
        }
    }
}

struct Lexer<'a> {
    text: &'a str,
    at: usize,
}

fn starts_name(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn in_name(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

impl<'a> Lexer<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn byte(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or(0)
    }

    fn digits(&self, ahead: usize, n: usize) -> bool {
        (ahead..ahead + n).all(|i| self.byte(i).is_ascii_digit())
    }

    fn skip_blank(&mut self) -> Result<(), SyntaxError> {
        loop {
            let rest = self.rest();
            let trimmed = rest.trim_start();
            self.at += rest.len() - trimmed.len();
            if let Some(line) = trimmed.strip_prefix("//") {
                self.at += 2 + line.find(['\n', '\r']).unwrap_or(line.len());
            } else if let Some(block) = trimmed.strip_prefix("/*") {
                let end =
                    block.find("*/").ok_or_else(|| SyntaxError::new(self.at, "this comment does not end"))?;
                self.at += 2 + end + 2;
            } else {
                return Ok(());
            }
        }
    }

    fn token(&mut self) -> Result<Token, SyntaxError> {
        let start = self.at;
        let Some(c) = self.rest().chars().next() else {
            return Ok(Token::End);
        };
        match c {
            '\'' => Ok(Token::Text(self.quoted('\'')?)),
            '`' => Ok(Token::Name { text: self.quoted('`')?, quoted: true }),
            '0'..='9' => Ok(Token::Number(self.number())),
            '@' => self.moment(),
            '%' => {
                self.at += 1;
                match self.byte(0) {
                    b'`' => Ok(Token::Variable(self.quoted('`')?)),
                    b'\'' => Ok(Token::Variable(self.quoted('\'')?)),
                    _ => match self.name() {
                        "" => Err(SyntaxError::new(start, "a variable's name is missing")),
                        name => Ok(Token::Variable(name.to_string())),
                    },
                }
            }
            '$' => {
                self.at += 1;
                Ok(Token::Special(self.name().to_string()))
            }
            c if starts_name(c) => Ok(Token::Name { text: self.name().to_string(), quoted: false }),
            _ => {
                let rest = self.rest();
                let sign = SIGNS.iter().find(|s| rest.starts_with(**s));
                let sign = sign.ok_or_else(|| SyntaxError::new(start, "unexpected character"))?;
                self.at += sign.len();
                Ok(Token::Sign(sign))
            }
        }
    }

    fn name(&mut self) -> &'a str {
        let rest = self.rest();
        let end = rest.find(|c| !in_name(c)).unwrap_or(rest.len());
        let name = &rest[..end];
        self.at += end;
        name
    }

    fn number(&mut self) -> String {
        let start = self.at;
        while self.byte(0).is_ascii_digit() {
            self.at += 1;
        }
        if self.byte(0) == b'.' && self.byte(1).is_ascii_digit() {
            self.at += 1;
            while self.byte(0).is_ascii_digit() {
                self.at += 1;
            }
        }
        self.text[start..self.at].to_string()
    }

    fn quoted(&mut self, quote: char) -> Result<String, SyntaxError> {
        let start = self.at;
        let mut out = String::new();
        let mut chars = self.rest().char_indices().skip(1);
        while let Some((i, c)) = chars.next() {
            if c == quote {
                self.at = start + i + c.len_utf8();
                return Ok(out);
            }
            if c != '\\' {
                out.push(c);
                continue;
            }
            let here = start + i;
            let bad = || SyntaxError::new(here, "unknown escape");
            match chars.next().map(|(_, c)| c) {
                Some('f') => out.push('\u{c}'),
                Some('n') => out.push('\n'),
                Some('r') => out.push('\r'),
                Some('t') => out.push('\t'),
                Some(c @ ('\\' | '/' | '\'' | '"' | '`')) => out.push(c),
                Some('u') => {
                    let mut unit = || {
                        let hex: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                        (hex.len() == 4).then(|| u32::from_str_radix(&hex, 16).ok()).flatten()
                    };
                    let first = unit().ok_or_else(bad)?;
                    let code = if (0xD800..0xDC00).contains(&first) {
                        // A surrogate pair: the second half must follow as another escape.
                        let marked = chars.next().map(|(_, c)| c) == Some('\\')
                            && chars.next().map(|(_, c)| c) == Some('u');
                        let hex: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                        let low = u32::from_str_radix(&hex, 16).ok();
                        let low = low.filter(|l| marked && (0xDC00..0xE000).contains(l));
                        0x10000 + ((first - 0xD800) << 10) + (low.ok_or_else(bad)? - 0xDC00)
                    } else {
                        first
                    };
                    out.push(char::from_u32(code).ok_or_else(bad)?);
                }
                _ => return Err(bad()),
            }
        }
        Err(SyntaxError::new(start, "this quotation does not end"))
    }

    fn moment(&mut self) -> Result<Token, SyntaxError> {
        let start = self.at;
        self.at += 1;
        let from = self.at;
        if self.byte(0) == b'T' {
            self.at += 1;
            self.clock();
        } else {
            if !self.digits(0, 4) {
                return Err(SyntaxError::new(start, "a date starts with four digits"));
            }
            self.at += 4;
            for _ in 0..2 {
                if self.byte(0) == b'-' && self.digits(1, 2) {
                    self.at += 3;
                }
            }
            if self.byte(0) == b'T' {
                self.at += 1;
                self.clock();
            }
        }
        // A zone is taken along even where it is not allowed, so that the reader refuses it.
        if self.byte(0) == b'Z' {
            self.at += 1;
        } else if matches!(self.byte(0), b'+' | b'-')
            && self.digits(1, 2)
            && self.byte(3) == b':'
            && self.digits(4, 2)
        {
            self.at += 6;
        }
        Ok(Token::Moment(self.text[from..self.at].to_string()))
    }

    fn clock(&mut self) {
        if !self.digits(0, 2) {
            return;
        }
        self.at += 2;
        for _ in 0..2 {
            if self.byte(0) == b':' && self.digits(1, 2) {
                self.at += 3;
            }
        }
        if self.byte(0) == b'.' && self.byte(1).is_ascii_digit() {
            self.at += 1;
            while self.byte(0).is_ascii_digit() {
                self.at += 1;
            }
        }
    }
}
