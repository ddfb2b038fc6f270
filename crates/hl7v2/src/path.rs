//! The address of a value in a message: `PID-3[2].1`, `OBX[2]-5`, `PID-5.1.2`.
//!
//! Invariant: what is parsed is written the same way; numbers count from one and fit two bytes. Deliberately
//! absent: wildcards and conditions; whoever wants all repetitions asks the value for them.

use crate::fault::Place;
use std::fmt;
use std::str::FromStr;

/// An address: segment and field, and what lies below them as far as it is said.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Path(pub(crate) Place);

/// Why a text is no path.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NotAPath;

impl fmt::Display for NotAPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not the address of a value; write it like PID-3[2].1")
    }
}

impl std::error::Error for NotAPath {}

impl Path {
    /// Reads an address.
    pub fn parse(text: &str) -> Result<Path, NotAPath> {
        read(text.as_bytes()).ok_or(NotAPath)
    }

    /// The same as a place.
    pub fn place(&self) -> Place {
        self.0
    }
}

impl FromStr for Path {
    type Err = NotAPath;

    fn from_str(text: &str) -> Result<Path, NotAPath> {
        Path::parse(text)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Whether three bytes can name a segment.
pub(crate) fn is_name(name: &[u8; 3]) -> bool {
    let [first, others @ ..] = name;
    first.is_ascii_uppercase() && others.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit())
}

fn read(text: &[u8]) -> Option<Path> {
    let (name, rest) = text.split_first_chunk::<3>()?;
    if !is_name(name) {
        return None;
    }
    let (occurrence, rest) = bracketed(rest)?;
    let (field, rest) = number(rest.strip_prefix(b"-")?)?;
    let (repetition, rest) = bracketed(rest)?;
    let (component, rest) = dotted(rest)?;
    let (subcomponent, rest) = match component {
        0 => (0, rest),
        _ => dotted(rest)?,
    };
    let place = Place {
        segment: Some(*name),
        occurrence: occurrence.max(1),
        field,
        repetition,
        component,
        subcomponent,
    };
    rest.is_empty().then_some(Path(place))
}

fn number(text: &[u8]) -> Option<(u32, &[u8])> {
    let digits = text.iter().take_while(|b| b.is_ascii_digit()).count();
    let (digits, rest) = text.split_at_checked(digits)?;
    let value: u16 = std::str::from_utf8(digits).ok()?.parse().ok()?;
    (value > 0 && !digits.starts_with(b"0")).then_some((u32::from(value), rest))
}

fn bracketed(text: &[u8]) -> Option<(u32, &[u8])> {
    let Some(inside) = text.strip_prefix(b"[") else { return Some((0, text)) };
    let (value, rest) = number(inside)?;
    Some((value, rest.strip_prefix(b"]")?))
}

fn dotted(text: &[u8]) -> Option<(u32, &[u8])> {
    match text.strip_prefix(b".") {
        Some(inside) => number(inside),
        None => Some((0, text)),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::Path;

    #[test]
    fn addresses_are_written_as_they_are_read() {
        for text in ["PID-3", "PID-3[2].1", "OBX[2]-5", "PID-5.1.2", "ZSS-1", "PV1[3]-65535"] {
            assert_eq!(Path::parse(text).unwrap().to_string(), text);
        }
        for text in
            ["", "PID", "PID-", "PID-0", "PID-03", "pid-3", "PID-3.", "PID-3[].1", "PID-3.1.1.1", "PID-3 "]
        {
            assert!(Path::parse(text).is_err(), "{text}");
        }
        assert!(Path::parse("PID-65536").is_err());
    }
}
