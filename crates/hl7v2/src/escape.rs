//! Escape sequences, both ways.
//!
//! Read: the delimiters, `\X..\` as bytes of the character set, line breaks and spaces of formatted text as such,
//! what only says how text looks (`\H\`, `\N\`, `\.fi\`, `\.nf\`, `\.in..\`, `\.ti..\`) as nothing, and `\C....\`
//! where it switches to a set of single bytes that MSH-18 lists. Refused by name: `\M..\`, `\Z..\`, other sets,
//! and what is unknown or not ended. Invariant: what is written is read back as the same text, and no text
//! becomes a delimiter, a line end, a byte of MLLP's framing or the null value. Deliberately absent: keeping an
//! unknown sequence as text; the receiver would take it for what somebody wrote.

use crate::charset::Charset;
use crate::delimiters::Delimiters;
use crate::fault::Code;
use crate::message::Message;
use std::borrow::Cow;
use std::ops::Range;

/// Why a value has no text; the span counts from the value's first byte.
pub(crate) struct Refusal {
    pub code: Code,
    pub span: Range<usize>,
    pub what: Cow<'static, str>,
    pub remedy: &'static str,
}

/// So many blanks or line breaks may one sequence stand for.
const MOST_BLANKS: usize = 99;

/// The text of a single value.
pub(crate) fn resolve<'m>(raw: &'m [u8], message: &Message<'_>) -> Result<Cow<'m, str>, Refusal> {
    let escape = message.delimiters.escape;
    if let Some(at) = raw.iter().position(|b| *b < b' ' && *b != b'\t') {
        return Err(Refusal {
            code: Code::ControlByte,
            span: at..at + 1,
            what: "a control byte inside a value".into(),
            remedy: "leave it out, or write it as an escape, \\X..\\",
        });
    }
    if !raw.contains(&escape) {
        return decode(raw, 0, message.charset);
    }
    let mut text =
        Text { out: String::with_capacity(raw.len()), bytes: Vec::new(), from: 0, charset: message.charset };
    let mut at = 0;
    while let Some(rest) = raw.get(at..).filter(|rest| !rest.is_empty()) {
        let plain = rest.iter().position(|b| *b == escape).unwrap_or(rest.len());
        if let Some(piece) = rest.get(..plain).filter(|piece| !piece.is_empty()) {
            text.flush()?;
            text.out.push_str(&decode(piece, at, text.charset)?);
            at += plain;
            continue;
        }
        let inside = rest.get(1..).unwrap_or_default();
        let refuse = |length: usize, what: &'static str, remedy: &'static str| Refusal {
            code: Code::Escape,
            span: at..at + length,
            what: what.into(),
            remedy,
        };
        let Some(length) = inside.iter().position(|b| *b == escape) else {
            let remedy = "write the escape character itself as an escape, \\E\\";
            return Err(refuse(rest.len(), "an escape sequence that is not ended", remedy));
        };
        let body = inside.get(..length).unwrap_or_default();
        text.sequence(body, at, message).map_err(|refused| match refused {
            Refused::Whole(refusal) => refusal,
            Refused::Named(what, remedy) => refuse(length + 2, what, remedy),
        })?;
        at += length + 2;
    }
    text.flush()?;
    Ok(Cow::Owned(text.out))
}

fn decode(bytes: &[u8], from: usize, charset: Charset) -> Result<Cow<'_, str>, Refusal> {
    charset.decode(bytes).map_err(|offset| Refusal {
        code: Code::Undecodable,
        span: from + offset..from + offset + 1,
        what: format!("a byte that {} does not have", charset.name()).into(),
        remedy: "name the character set that is used in MSH-18",
    })
}

enum Refused {
    Whole(Refusal),
    Named(&'static str, &'static str),
}

/// A text as far as it is read, and bytes from escapes that wait to be decoded together.
struct Text {
    out: String,
    bytes: Vec<u8>,
    from: usize,
    charset: Charset,
}

impl Text {
    fn flush(&mut self) -> Result<(), Refusal> {
        let text = self.charset.decode(&self.bytes).map_err(|_| Refusal {
            code: Code::Undecodable,
            span: self.from..self.from + 1,
            what: format!("an escape with bytes that {} does not have", self.charset.name()).into(),
            remedy: "name the character set that is used in MSH-18",
        })?;
        self.out.push_str(&text);
        self.bytes.clear();
        Ok(())
    }

    /// One sequence without its escape characters, which begins at `at`.
    fn sequence(&mut self, body: &[u8], at: usize, message: &Message<'_>) -> Result<(), Refused> {
        if let Some(digits) = body.strip_prefix(b"X") {
            if self.bytes.is_empty() {
                self.from = at;
            }
            let bytes = hex(digits).ok_or(Refused::Named(
                "\\X..\\ without pairs of hexadecimal digits",
                "write two digits a byte",
            ))?;
            self.bytes.extend(bytes);
            return Ok(());
        }
        self.flush().map_err(Refused::Whole)?;
        if let [letter] = body
            && let Some(delimiter) = message.delimiters.lettered(*letter)
        {
            self.out.push(char::from(delimiter));
            return Ok(());
        }
        match body.split_first() {
            Some((b'H' | b'N', [])) => Ok(()),
            Some((b'.', command)) => self.format(command),
            Some((b'C', digits)) => {
                let remedy = "write the text in one of the character sets of MSH-18";
                let set = hex(digits).and_then(|b| switched(&b, self.charset, message));
                self.charset =
                    set.ok_or(Refused::Named("a switch to a character set that is not read here", remedy))?;
                Ok(())
            }
            Some((b'M', _)) => Err(Refused::Named(
                "a switch to a character set of several bytes, which is not read here",
                "write the message in UNICODE UTF-8",
            )),
            Some((b'Z', _)) => {
                Err(Refused::Named("an escape sequence of local meaning", "write what it means as text"))
            }
            _ => Err(Refused::Named(
                "an escape sequence that is not known",
                "write the escape character itself as an escape, \\E\\",
            )),
        }
    }

    /// A command of formatted text, without its full stop.
    fn format(&mut self, command: &[u8]) -> Result<(), Refused> {
        let (name, number) = command.split_at_checked(2).unwrap_or((command, &[]));
        let unknown =
            || Refused::Named("a formatting command that is not known", "write the text without it");
        let count = match number {
            [] => 1,
            [b'+' | b'-', digits @ ..] | digits => {
                let digits =
                    std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_digit()));
                digits
                    .and_then(|d| d.trim().parse::<usize>().ok())
                    .filter(|n| *n <= MOST_BLANKS)
                    .ok_or_else(unknown)?
            }
        };
        match (name, number) {
            (b"br" | b"ce", []) => self.out.push('\n'),
            (b"sp", _) => self.out.extend(std::iter::repeat_n('\n', count)),
            (b"sk", _) => self.out.extend(std::iter::repeat_n(' ', count)),
            (b"fi" | b"nf", []) | (b"in" | b"ti", _) => {}
            _ => return Err(unknown()),
        }
        Ok(())
    }
}

fn hex(digits: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = digits.as_chunks::<2>();
    let digit = |b: u8| char::from(b).to_digit(16).map(|d| d as u8);
    let bytes: Option<Vec<u8>> =
        pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    bytes.filter(|bytes| rest.is_empty() && !bytes.is_empty())
}

/// The set that an ISO 2022 sequence switches the upper half to, where MSH-18 lists it. The lower half is
/// ASCII in all sets that are read here, so switching to that changes nothing.
fn switched(sequence: &[u8], now: Charset, message: &Message<'_>) -> Option<Charset> {
    let set = match sequence {
        b"(B" => return Some(now),
        b"-A" => Charset::Iso1,
        b"-B" => Charset::Iso2,
        b"-C" => Charset::Iso3,
        b"-D" => Charset::Iso4,
        b"-L" => Charset::Iso5,
        b"-G" => Charset::Iso6,
        b"-F" => Charset::Iso7,
        b"-H" => Charset::Iso8,
        b"-M" => Charset::Iso9,
        b"-b" => Charset::Iso15,
        _ => return None,
    };
    let named = |raw: &[u8]| std::str::from_utf8(raw).ok().and_then(Charset::named);
    let listed = message.header().field(18).repetitions().any(|name| named(name.raw()) == Some(set));
    (listed && now != Charset::Utf8).then_some(set)
}

/// Writes a text as a value; the place of the first character that the set does not have where there is one.
/// `questioning` writes the nearest ASCII character instead.
pub(crate) fn write(
    text: &str,
    by: &Delimiters,
    charset: Charset,
    questioning: bool,
    out: &mut Vec<u8>,
) -> Result<(), usize> {
    if text == "\"\"" {
        out.extend([by.escape]);
        out.extend(b"X2222");
        out.extend([by.escape]);
        return Ok(());
    }
    for (number, character) in text.chars().enumerate() {
        let byte = u8::try_from(character).unwrap_or(u8::MAX);
        let control = character < ' ' && character != '\t';
        if let Some(letter) = by.letter(byte).filter(|_| character.is_ascii()) {
            out.extend([by.escape, letter, by.escape]);
        } else if character == '\n' {
            out.push(by.escape);
            out.extend(b".br");
            out.push(by.escape);
        } else if control {
            out.push(by.escape);
            out.extend(format!("X{byte:02X}").bytes());
            out.push(by.escape);
        } else if !charset.encode(character, out) {
            if !questioning {
                return Err(number);
            }
            let nearest = nearest(character);
            match by.letter(nearest) {
                Some(letter) => out.extend([by.escape, letter, by.escape]),
                None => out.push(nearest),
            }
        }
    }
    Ok(())
}

/// A letter without its sign, or a question mark.
fn nearest(character: char) -> u8 {
    match character {
        'å' | 'ä' | 'à' | 'á' => b'a',
        'Å' | 'Ä' | 'À' | 'Á' => b'A',
        'ö' | 'ø' => b'o',
        'Ö' | 'Ø' => b'O',
        'é' | 'è' => b'e',
        'É' | 'È' => b'E',
        'ü' => b'u',
        'Ü' => b'U',
        '–' | '—' => b'-',
        '“' | '”' | '»' | '«' => b'\'',
        _ => b'?',
    }
}
