//! The written forms of FHIR's primitive types: which JSON kind they take, which texts they allow.
//!
//! Invariant: what passes here can be written as JSON without quoting mistakes, and dates have a
//! date's shape. Deliberately absent: calendars (30 February passes; validation finds it) and any
//! conversion.

use fhir::Kind;

/// The written form of a primitive type.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Form {
    /// Any text.
    Text,
    /// Text without white space at its ends and without runs of it.
    Code,
    /// Text without white space.
    Uri,
    /// Letters, digits, `-`, `.`; at most 64.
    Id,
    Boolean,
    Integer,
    Positive,
    Unsigned,
    Decimal,
    Date,
    DateTime,
    Instant,
    Time,
}

impl Form {
    /// The form of the primitive type of this name. Unknown names are text.
    pub fn of(type_name: &str) -> Form {
        let name = type_name.rsplit(['.', '/']).next().unwrap_or(type_name);
        match name {
            "boolean" | "Boolean" => Form::Boolean,
            "integer" | "integer64" | "Integer" => Form::Integer,
            "positiveInt" => Form::Positive,
            "unsignedInt" => Form::Unsigned,
            "decimal" | "Decimal" => Form::Decimal,
            "date" => Form::Date,
            "dateTime" => Form::DateTime,
            "instant" => Form::Instant,
            "time" => Form::Time,
            "code" => Form::Code,
            "id" => Form::Id,
            "uri" | "url" | "canonical" | "oid" | "uuid" => Form::Uri,
            _ => Form::Text,
        }
    }

    /// How JSON writes it.
    pub fn kind(self) -> Kind {
        match self {
            Form::Boolean => Kind::Boolean,
            Form::Integer | Form::Positive | Form::Unsigned | Form::Decimal => Kind::Number,
            _ => Kind::String,
        }
    }

    /// Is this text a value of the type?
    pub fn allows(self, text: &str) -> bool {
        match self {
            Form::Text => !text.is_empty(),
            Form::Code => !text.is_empty() && text.trim() == text && !doubled(text),
            Form::Uri => !text.is_empty() && !text.contains(char::is_whitespace),
            Form::Id => id(text),
            Form::Boolean => matches!(text, "true" | "false"),
            Form::Integer => integer(text.strip_prefix('-').unwrap_or(text)) && text.len() <= 20,
            Form::Positive => integer(text) && text != "0",
            Form::Unsigned => integer(text),
            Form::Decimal => decimal(text),
            Form::Date => !text.contains('T') && date_time(text, false),
            Form::DateTime => date_time(text, false),
            Form::Instant => date_time(text, true),
            Form::Time => time(text),
        }
    }
}

/// Do two spaces stand side by side?
fn doubled(text: &str) -> bool {
    text.as_bytes().windows(2).any(|pair| pair == b"  ")
}

fn id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.')
}

fn digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}

fn integer(text: &str) -> bool {
    digits(text) && (text == "0" || !text.starts_with('0'))
}

fn decimal(text: &str) -> bool {
    let text = text.strip_prefix('-').unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['e', 'E']).map_or((text, None), |(m, e)| (m, Some(e)));
    let (whole, fraction) = mantissa.split_once('.').map_or((mantissa, None), |(w, f)| (w, Some(f)));
    let exponent = exponent.map(|e| e.strip_prefix(['+', '-']).unwrap_or(e));
    integer(whole) && fraction.is_none_or(digits) && exponent.is_none_or(digits)
}

/// Are these so many digits?
fn is_number(text: &[u8], length: usize) -> bool {
    text.len() == length && text.iter().all(u8::is_ascii_digit)
}

/// `whole`: nothing may be left out.
fn date_time(text: &str, whole: bool) -> bool {
    let (date, rest) = text.split_once('T').map_or((text, None), |(d, t)| (d, Some(t)));
    let mut parts = 0;
    for part in date.as_bytes().split(|b| *b == b'-') {
        parts += 1;
        if parts > 3 || !is_number(part, if parts == 1 { 4 } else { 2 }) {
            return false;
        }
    }
    let Some(rest) = rest else { return !whole };
    let zone = rest.bytes().position(|b| matches!(b, b'Z' | b'+' | b'-'));
    let (clock, zone) = zone.map_or((rest, ""), |i| rest.split_at(i));
    let zoned = zone == "Z" || zone.get(1..).is_some_and(|z| z.len() == 5 && z.as_bytes()[2] == b':');
    parts == 3 && time(clock) && zoned
}

fn time(text: &str) -> bool {
    let (clock, fraction) = text.split_once('.').map_or((text, None), |(c, f)| (c, Some(f)));
    let mut parts = clock.as_bytes().split(|b| *b == b':');
    let three = (0..3).all(|_| parts.next().is_some_and(|p| is_number(p, 2)));
    three && parts.next().is_none() && fraction.is_none_or(digits)
}
