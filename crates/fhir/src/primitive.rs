//! The formats of the R4 primitive types (FHIR R4 datatypes.html §2.24.0.1).
//!
//! Invariant: a verdict depends on the text alone and takes time linear in its length. Deliberately
//! absent: regular expressions (hand-written checks are faster and say what is wrong) and XHTML's
//! inner rules.

use crate::tree::Kind;

/// The kinds of simple values that elements have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Simple {
    /// `true`, `false`
    Boolean,
    /// A whole number.
    Integer,
    /// A number with decimals.
    Decimal,
    /// A text of any kind: codes, URIs, markdown.
    String,
    /// A date, perhaps partial.
    Date,
    /// A date with time, perhaps partial.
    DateTime,
    /// A time of day.
    Time,
    /// A number with a unit: the type Quantity and what specialises it.
    Quantity,
}

/// The kind of value that elements of the type of this name have.
pub fn simple(type_name: &str) -> Option<Simple> {
    Some(match type_name {
        "boolean" => Simple::Boolean,
        "integer" | "positiveInt" | "unsignedInt" | "integer64" => Simple::Integer,
        "decimal" => Simple::Decimal,
        "date" => Simple::Date,
        "dateTime" | "instant" => Simple::DateTime,
        "time" => Simple::Time,
        "string" | "code" | "uri" | "canonical" | "id" | "markdown" | "url" | "uuid" | "oid"
        | "base64Binary" | "xhtml" => Simple::String,
        "Quantity" => Simple::Quantity,
        _ => return None,
    })
}

/// Longest string, in bytes: 1 MiB.
const MOST_BYTES: usize = 1 << 20;

/// Is the text a value of the primitive type? `Err` says what is wrong without repeating the value.
/// Types that are not known here are accepted.
pub fn check(type_name: &str, text: &str) -> Result<(), &'static str> {
    let good = match type_name {
        "boolean" => (matches!(text, "true" | "false"), "write true or false"),
        "integer" => (integer(text), "write a whole number between -2147483648 and 2147483647"),
        "unsignedInt" => (
            !text.starts_with('-') && integer(text),
            "write a whole number between 0 and 2147483647, without a sign",
        ),
        "positiveInt" => (
            text != "0" && !text.starts_with('-') && integer(text),
            "write a whole number between 1 and 2147483647",
        ),
        "decimal" => (decimal(text), "write a decimal number such as 3.10"),
        "string" | "markdown" => (string(text), "write text that is not empty and has no control characters"),
        "code" => (code(text), "a code has no space at its ends, and single spaces inside"),
        "id" => (id(text), "an id is 1 to 64 letters, digits, `-` or `.`"),
        "uri" | "url" | "canonical" => (
            uri(text) && urn(text),
            "a URI is not empty and has no white space; urn:uuid: has a UUID in lower case, urn:oid: an OID",
        ),
        "oid" => (oid(text), "write urn:oid: and numbers with dots, the first 0, 1 or 2"),
        "uuid" => (uuid(text), "write urn:uuid: and a UUID in lower case"),
        "base64Binary" => (base64(text), "write base64: groups of four characters, padded with ="),
        "date" => (date(text).is_some(), "write a date as YYYY, YYYY-MM or YYYY-MM-DD that exists"),
        "dateTime" => (
            date_time(text),
            "write YYYY, YYYY-MM, YYYY-MM-DD or YYYY-MM-DDThh:mm:ss with a time zone, and a date that exists",
        ),
        "instant" => (instant(text), "write YYYY-MM-DDThh:mm:ss with seconds and a time zone"),
        "time" => (time(text), "write hh:mm:ss without a time zone"),
        _ => (true, ""),
    };
    if good.0 { Ok(()) } else { Err(good.1) }
}

/// Is the JSON kind the one in which values of the type are written?
pub fn fits_kind(type_name: &str, kind: Kind) -> bool {
    match type_name {
        "boolean" => kind == Kind::Boolean,
        "integer" | "decimal" | "positiveInt" | "unsignedInt" => kind == Kind::Number,
        _ => kind == Kind::String,
    }
}

fn integer(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let plain = digits.bytes().all(|b| b.is_ascii_digit()) && (digits == "0" || !digits.starts_with('0'));
    plain && text.parse::<i32>().is_ok()
}

fn decimal(text: &str) -> bool {
    let rest = text.strip_prefix('-').unwrap_or(text);
    let (number, exponent) = match rest.find(['e', 'E']) {
        Some(i) => (&rest[..i], Some(&rest[i + 1..])),
        None => (rest, None),
    };
    let (whole, fraction) = match number.split_once('.') {
        Some((w, f)) => (w, Some(f)),
        None => (number, None),
    };
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit());
    digits(whole)
        && (whole == "0" || !whole.starts_with('0'))
        && fraction.is_none_or(digits)
        && exponent.is_none_or(|e| digits(e.strip_prefix(['+', '-']).unwrap_or(e)))
}

fn string(text: &str) -> bool {
    let control = |b: u8| b < 0x20 && !matches!(b, b'\t' | b'\n' | b'\r');
    !text.is_empty() && text.len() <= MOST_BYTES && !text.bytes().any(control)
}

/// Is it ASCII that can be seen, without a space? Most codes and addresses are, and are then fine.
fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_graphic())
}

fn code(text: &str) -> bool {
    if is_plain(text) {
        return true;
    }
    let mut after_space = true;
    for c in text.chars() {
        if c.is_whitespace() && after_space {
            return false;
        }
        after_space = c.is_whitespace();
    }
    !after_space
}

fn id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

fn uri(text: &str) -> bool {
    is_plain(text) || (!text.is_empty() && !text.chars().any(char::is_whitespace))
}

/// Is it no URN of a UUID or an OID, or one that is well formed? A version or a part may follow it.
fn urn(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("urn:") else { return true };
    let whole = text.split(['|', '#']).next().unwrap_or(text);
    match rest.split(':').next() {
        Some("uuid") => uuid(whole),
        Some("oid") => oid(whole),
        _ => true,
    }
}

fn oid(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("urn:oid:") else { return false };
    let arc =
        |a: &str| !a.is_empty() && a.bytes().all(|b| b.is_ascii_digit()) && (a == "0" || !a.starts_with('0'));
    let mut arcs = rest.split('.');
    let first = arcs.next().is_some_and(|a| matches!(a, "0" | "1" | "2"));
    let mut more = 0;
    let all = arcs.inspect(|_| more += 1).all(arc);
    first && all && more > 0
}

fn uuid(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("urn:uuid:") else { return false };
    let dash = |i: usize| matches!(i, 8 | 13 | 18 | 23);
    let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
    rest.len() == 36 && rest.bytes().enumerate().all(|(i, b)| if dash(i) { b == b'-' } else { hex(b) })
}

fn base64(text: &str) -> bool {
    let mut count = 0;
    let mut padding = 0;
    for b in text.bytes().filter(|b| !b.is_ascii_whitespace()) {
        count += 1;
        match b {
            b'=' => padding += 1,
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' if padding == 0 => {}
            _ => return false,
        }
    }
    count > 0 && count % 4 == 0 && padding <= 2
}

fn two(text: &[u8]) -> Option<u32> {
    match text {
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Some(u32::from(a - b'0') * 10 + u32::from(b - b'0')),
        _ => None,
    }
}

/// The number of parts that a date has, if it exists in the calendar.
fn date(text: &str) -> Option<u8> {
    let b = text.as_bytes();
    let year = two(b.get(0..2)?)? * 100 + two(b.get(2..4)?)?;
    let month = match b.len() {
        4 => None,
        7 | 10 if b[4] == b'-' => Some(two(&b[5..7])?),
        _ => return None,
    };
    let day = match b.len() {
        10 if b[7] == b'-' => Some(two(&b[8..10])?),
        10 => return None,
        _ => None,
    };
    let leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let longest = match month {
        None | Some(1 | 3 | 5 | 7 | 8 | 10 | 12) => 31,
        Some(4 | 6 | 9 | 11) => 30,
        Some(2) if leap => 29,
        Some(2) => 28,
        Some(_) => return None,
    };
    let exists = year > 0 && day.is_none_or(|d| (1..=longest).contains(&d));
    exists.then_some(1 + u8::from(month.is_some()) + u8::from(day.is_some()))
}

fn time(text: &str) -> bool {
    let b = text.as_bytes();
    if b.len() < 8 || b[2] != b':' || b[5] != b':' {
        return false;
    }
    let fits = |at: usize, most: u32| two(&b[at..at + 2]).is_some_and(|n| n <= most);
    let fraction = match &b[8..] {
        [] => true,
        [b'.', digits @ ..] => !digits.is_empty() && digits.iter().all(u8::is_ascii_digit),
        _ => false,
    };
    fits(0, 23) && fits(3, 59) && fits(6, 60) && fraction
}

fn instant(text: &str) -> bool {
    let Some((day, rest)) = text.split_once('T') else { return false };
    let Some(zone) = rest.find(['Z', '+', '-']) else { return false };
    let (clock, zone) = rest.split_at(zone);
    let offset = |z: &[u8]| match z {
        [b'+' | b'-', h1, h2, b':', m1, m2] => match (two(&[*h1, *h2]), two(&[*m1, *m2])) {
            (Some(h), Some(m)) => (h <= 13 && m <= 59) || (h == 14 && m == 0),
            _ => false,
        },
        _ => false,
    };
    date(day) == Some(3) && time(clock) && (zone == "Z" || offset(zone.as_bytes()))
}

fn date_time(text: &str) -> bool {
    if text.contains('T') { instant(text) } else { date(text).is_some() }
}
