//! The reader's tokens: white space, strings, numbers, literals, and skipping of whole values.
//!
//! Invariant: every function either moves past a well-formed token or records one `json-syntax`
//! fault at the offending byte. Deliberately absent: number conversion (text is kept as written).

use super::super::scan;
use super::{Finding, Kind, Reader, Span, Stop, span};

impl Reader<'_> {
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    pub(super) fn white(&mut self) {
        loop {
            match self.peek() {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.pos += 1,
                Some(b'/') if self.comment() => {}
                _ => return,
            }
        }
    }

    /// Records a syntax fault here.
    pub(super) fn syntax(&mut self, message: &str) -> Stop {
        let place = self.here();
        let ended = self.pos >= self.bytes.len();
        let message = if ended { format!("{message} (the text ends here)") } else { message.to_string() };
        self.faults.push(Finding::error("json-syntax", place, span(self.pos, self.pos), message));
        Stop
    }

    pub(super) fn too_deep(&mut self, at: usize) -> Stop {
        let message = format!("nested deeper than the {} levels allowed", self.limits.max_depth);
        self.shape("json-depth", at, self.current(), &message);
        Stop
    }

    /// A string, the position being at its opening quote. Without escapes it is a slice of the
    /// source; otherwise it is decoded behind the source.
    pub(super) fn string(&mut self) -> Result<Span, Stop> {
        self.pos += 1;
        let start = self.pos;
        match self.plain_run()? {
            b'"' => {
                let slice = span(start, self.pos);
                self.pos += 1;
                Ok(slice)
            }
            _ => self.escaped(start),
        }
    }

    /// Moves to the next quote or backslash and gives it.
    fn plain_run(&mut self) -> Result<u8, Stop> {
        let rest = &self.bytes[self.pos..];
        let stop = scan::special(rest);
        self.pos += stop.unwrap_or(rest.len());
        match self.peek() {
            Some(b @ (b'"' | b'\\')) => Ok(b),
            Some(_) => Err(self.syntax("a control character in a string; escape it")),
            None => Err(self.syntax("a string without an end")),
        }
    }

    fn escaped(&mut self, start: usize) -> Result<Span, Stop> {
        let mut out = std::mem::take(&mut self.scratch);
        out.clear();
        let mut from = start;
        loop {
            out.push_str(self.tree.text_at(span(from, self.pos)));
            if self.peek() == Some(b'"') {
                break;
            }
            let c = self.escape()?;
            out.push(c);
            from = self.pos;
            self.plain_run()?;
        }
        self.pos += 1;
        let kept = self.tree.keep(&out);
        self.scratch = out;
        Ok(kept)
    }

    /// One escape, the position being at its backslash.
    fn escape(&mut self) -> Result<char, Stop> {
        let c = match self.bytes.get(self.pos + 1) {
            Some(b'"') => '"',
            Some(b'\\') => '\\',
            Some(b'/') => '/',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => {
                return Err(
                    self.syntax("no such escape; RFC 8259 has \\\" \\\\ \\/ \\b \\f \\n \\r \\t \\uXXXX")
                );
            }
        };
        self.pos += 2;
        Ok(c)
    }

    fn unicode(&mut self) -> Result<char, Stop> {
        let Some(first) = self.hex(self.pos) else {
            return Err(self.syntax("\\u needs four hexadecimal digits"));
        };
        if !(0xD800..0xE000).contains(&first) {
            self.pos += 6;
            return Ok(char::from_u32(first).unwrap_or('\u{FFFD}'));
        }
        let second = self.hex(self.pos + 6).filter(|s| (0xDC00..0xE000).contains(s));
        match (first < 0xDC00, second) {
            (true, Some(second)) => {
                self.pos += 12;
                let code = 0x1_0000 + ((first - 0xD800) << 10) + (second - 0xDC00);
                Ok(char::from_u32(code).unwrap_or('\u{FFFD}'))
            }
            _ => Err(self.syntax("half of a surrogate pair; write both halves or the character itself")),
        }
    }

    /// The number in `\uXXXX` at `at`.
    fn hex(&self, at: usize) -> Option<u32> {
        let escape = self.bytes.get(at..at + 6)?;
        if !escape.starts_with(b"\\u") {
            return None;
        }
        escape[2..].iter().try_fold(0, |n, &b| (b as char).to_digit(16).map(|d| n * 16 + d))
    }

    pub(super) fn number(&mut self) -> Result<Span, Stop> {
        let start = self.pos;
        if self.peek() == Some(b'-') {
            self.pos += 1;
        }
        match self.peek() {
            Some(b'0') => self.pos += 1,
            Some(b'1'..=b'9') => self.digits()?,
            _ => return Err(self.syntax("a number needs a digit here")),
        }
        if self.peek() == Some(b'.') {
            self.pos += 1;
            self.digits()?;
        }
        if let Some(b'e' | b'E') = self.peek() {
            self.pos += 1;
            if let Some(b'+' | b'-') = self.peek() {
                self.pos += 1;
            }
            self.digits()?;
        }
        match self.peek() {
            Some(b'0'..=b'9' | b'.' | b'-' | b'+' | b'a'..=b'z' | b'A'..=b'Z') => {
                Err(self.syntax("not a JSON number (no leading zeros, no letters)"))
            }
            _ => Ok(span(start, self.pos)),
        }
    }

    fn digits(&mut self) -> Result<(), Stop> {
        let rest = &self.bytes[self.pos..];
        match rest.iter().position(|b| !b.is_ascii_digit()).unwrap_or(rest.len()) {
            0 => Err(self.syntax("a number needs a digit here")),
            n => {
                self.pos += n;
                Ok(())
            }
        }
    }

    /// Does a word begin here that is no literal?
    pub(super) fn at_word(&self) -> bool {
        let rest = &self.bytes[self.pos..];
        let literal = [&b"true"[..], b"false", b"null"].iter().any(|l| rest.starts_with(l));
        !literal && rest.first().is_some_and(u8::is_ascii_alphabetic)
    }

    pub(super) fn literal(&mut self) -> Result<Kind, Stop> {
        let rest = &self.bytes[self.pos..];
        let (length, kind) = match rest {
            [b't', b'r', b'u', b'e', ..] => (4, Kind::Boolean),
            [b'f', b'a', b'l', b's', b'e', ..] => (5, Kind::Boolean),
            [b'n', b'u', b'l', b'l', ..] => (4, Kind::Null),
            _ => {
                return Err(
                    self.syntax("expected a value: object, array, string, number, true, false or null")
                );
            }
        };
        self.pos += length;
        Ok(kind)
    }

    /// Checks one whole value without keeping it.
    pub(super) fn skip_value(&mut self) -> Result<(), Stop> {
        let mut closers: Vec<u8> = Vec::new();
        loop {
            self.white();
            let opened = match self.peek() {
                Some(b @ (b'{' | b'[')) => {
                    if self.frames.len() + closers.len() >= self.limits.max_depth {
                        return Err(self.too_deep(self.pos));
                    }
                    closers.push(if b == b'{' { b'}' } else { b']' });
                    self.pos += 1;
                    true
                }
                Some(b'"') => self.string().map(|_| false)?,
                Some(b'-' | b'0'..=b'9') => self.number().map(|_| false)?,
                _ => self.literal().map(|_| false)?,
            };
            if self.skip_between(&mut closers, opened)? {
                return Ok(());
            }
        }
    }

    /// Closes what ends here, and moves to the next value. True when the outermost value has ended.
    fn skip_between(&mut self, closers: &mut Vec<u8>, mut opened: bool) -> Result<bool, Stop> {
        loop {
            let Some(&closer) = closers.last() else { return Ok(true) };
            self.white();
            match self.peek() {
                Some(b) if b == closer => {
                    closers.pop();
                    self.pos += 1;
                    opened = false;
                    continue;
                }
                Some(b',') if !opened => {
                    self.pos += 1;
                    self.white();
                }
                _ if opened => {}
                _ => return Err(self.syntax("expected `,` or the end of the array or object")),
            }
            if closer == b'}' {
                if self.peek() != Some(b'"') {
                    return Err(self.syntax("expected a member name in double quotes"));
                }
                self.string()?;
                self.white();
                if self.peek() != Some(b':') {
                    return Err(self.syntax("expected `:` after a member name"));
                }
                self.pos += 1;
            }
            return Ok(false);
        }
    }
}
