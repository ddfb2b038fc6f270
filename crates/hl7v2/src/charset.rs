//! The character sets of MSH-18, strictly, both ways.
//!
//! HL7 table 0211 names the ISO 8859 sets themselves, so `8859/1` is not the Windows-1252 that browsers take it
//! for: bytes 80 to 9F are control codes there, and refused. Whoever sends Windows-1252 says so. UTF-8 is what
//! the standard library calls UTF-8. Invariant: a byte that a set does not have is refused with its offset, a
//! character likewise; nothing is replaced. Deliberately absent: sets of several bytes other than UTF-8, in some
//! of which a half character may look like a delimiter, and `UNICODE`, which does not say how it is encoded.

use std::borrow::Cow;
use std::sync::OnceLock;

/// A character set.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Charset {
    /// Seven bits; what a message without MSH-18 is in.
    Ascii,
    /// `8859/1`, Western Europe.
    Iso1,
    /// `8859/2`, Central Europe.
    Iso2,
    /// `8859/3`, Southern Europe.
    Iso3,
    /// `8859/4`, Northern Europe.
    Iso4,
    /// `8859/5`, Cyrillic.
    Iso5,
    /// `8859/6`, Arabic.
    Iso6,
    /// `8859/7`, Greek.
    Iso7,
    /// `8859/8`, Hebrew.
    Iso8,
    /// `8859/9`, Turkish.
    Iso9,
    /// `8859/15`, Western Europe with the euro sign.
    Iso15,
    /// Windows-1252, which table 0211 does not have, but senders do.
    Windows1252,
    /// `UNICODE UTF-8`.
    Utf8,
}

/// The upper half of a set of single bytes.
type Half = [Option<char>; 128];

impl Charset {
    /// The set of a name: those of table 0211, and how senders are seen to write them.
    pub fn named(name: &str) -> Option<Charset> {
        let plain: Vec<u8> =
            name.bytes().filter(u8::is_ascii_alphanumeric).map(|b| b.to_ascii_uppercase()).take(16).collect();
        let bare = plain.strip_prefix(b"ISO").unwrap_or(&plain);
        Some(match bare {
            b"ASCII" | b"USASCII" | b"IR6" => Charset::Ascii,
            b"88591" => Charset::Iso1,
            b"88592" => Charset::Iso2,
            b"88593" => Charset::Iso3,
            b"88594" => Charset::Iso4,
            b"88595" => Charset::Iso5,
            b"88596" => Charset::Iso6,
            b"88597" => Charset::Iso7,
            b"88598" => Charset::Iso8,
            b"88599" => Charset::Iso9,
            b"885915" => Charset::Iso15,
            b"WINDOWS1252" | b"CP1252" => Charset::Windows1252,
            b"UNICODEUTF8" | b"UTF8" => Charset::Utf8,
            _ => return None,
        })
    }

    /// The name for MSH-18.
    pub fn name(self) -> &'static str {
        match self {
            Charset::Ascii => "ASCII",
            Charset::Iso1 => "8859/1",
            Charset::Iso2 => "8859/2",
            Charset::Iso3 => "8859/3",
            Charset::Iso4 => "8859/4",
            Charset::Iso5 => "8859/5",
            Charset::Iso6 => "8859/6",
            Charset::Iso7 => "8859/7",
            Charset::Iso8 => "8859/8",
            Charset::Iso9 => "8859/9",
            Charset::Iso15 => "8859/15",
            Charset::Windows1252 => "WINDOWS-1252",
            Charset::Utf8 => "UNICODE UTF-8",
        }
    }

    /// The text of some bytes, or the offset of the first that is none.
    pub fn decode(self, bytes: &[u8]) -> Result<Cow<'_, str>, usize> {
        match (std::str::from_utf8(bytes), self) {
            (Ok(text), Charset::Utf8) => return Ok(Cow::Borrowed(text)),
            (Err(error), Charset::Utf8) => return Err(error.valid_up_to()),
            (Ok(text), _) if text.is_ascii() => return Ok(Cow::Borrowed(text)),
            _ => {}
        }
        let half = self.half();
        let mut text = String::with_capacity(bytes.len() + 16);
        for (offset, byte) in bytes.iter().enumerate() {
            let upper = byte.checked_sub(0x80).map(|b| half.get(usize::from(b)).copied().flatten());
            text.push(upper.unwrap_or(Some(char::from(*byte))).ok_or(offset)?);
        }
        Ok(Cow::Owned(text))
    }

    /// One character in this set, at the end of `out`; `false` where the set does not have it.
    pub(crate) fn encode(self, character: char, out: &mut Vec<u8>) -> bool {
        if character.is_ascii() || self == Charset::Utf8 {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            return true;
        }
        let found = self.half().iter().position(|c| *c == Some(character));
        out.extend(found.map(|at| at as u8 | 0x80));
        found.is_some()
    }

    /// The characters of bytes 80 to FF; each table is made once.
    fn half(self) -> &'static Half {
        static HALVES: [OnceLock<Half>; 13] = [const { OnceLock::new() }; 13];
        static NONE: Half = [None; 128];
        match HALVES.get(self as usize) {
            Some(half) => half.get_or_init(|| std::array::from_fn(|at| self.upper(at as u8 | 0x80))),
            None => &NONE,
        }
    }

    /// The character of a byte from 80, unless it is a control code or none.
    fn upper(self, byte: u8) -> Option<char> {
        let encoding = match self {
            Charset::Ascii | Charset::Utf8 => return None,
            Charset::Iso1 => return latin(byte),
            Charset::Iso9 => return turkish(byte),
            Charset::Iso2 => encoding_rs::ISO_8859_2,
            Charset::Iso3 => encoding_rs::ISO_8859_3,
            Charset::Iso4 => encoding_rs::ISO_8859_4,
            Charset::Iso5 => encoding_rs::ISO_8859_5,
            Charset::Iso6 => encoding_rs::ISO_8859_6,
            Charset::Iso7 => encoding_rs::ISO_8859_7,
            Charset::Iso8 => encoding_rs::ISO_8859_8,
            Charset::Iso15 => encoding_rs::ISO_8859_15,
            Charset::Windows1252 => encoding_rs::WINDOWS_1252,
        };
        let one = [byte];
        let text = encoding.decode_without_bom_handling_and_without_replacement(&one)?;
        text.chars().next().filter(|c| !c.is_control())
    }
}

/// ISO 8859-1: the byte is the character, control codes aside.
fn latin(byte: u8) -> Option<char> {
    Some(char::from(byte)).filter(|c| !c.is_control())
}

/// ISO 8859-9: 8859-1 with six letters of Icelandic replaced by Turkish ones.
fn turkish(byte: u8) -> Option<char> {
    match byte {
        0xd0 => Some('Ğ'),
        0xdd => Some('İ'),
        0xde => Some('Ş'),
        0xf0 => Some('ğ'),
        0xfd => Some('ı'),
        0xfe => Some('ş'),
        other => latin(other),
    }
}
