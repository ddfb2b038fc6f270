//! Dates, times and instants that may be known only partly: `2015`, `2015-02`, `T10:30`.
//!
//! Invariant: a moment that exists is a possible one (no 31 April), and finer parts are known only
//! where all coarser parts are. Fractions of a second keep their digits. Deliberately absent: time
//! zone names and leap seconds, which FHIR does not have either.

use crate::value::Value;
use std::fmt;

/// A date, known to the year, the month or the day.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Date {
    pub(crate) year: u16,
    /// 0: not known.
    pub(crate) month: u8,
    /// 0: not known.
    pub(crate) day: u8,
}

/// A time of day, known to the hour, the minute or the second.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Time {
    pub(crate) hour: u8,
    pub(crate) minute: Option<u8>,
    pub(crate) second: Option<u8>,
    pub(crate) nanos: u32,
    /// How many digits the fraction of the second was written with.
    pub(crate) digits: u8,
}

/// A date with, perhaps, a time and an offset from UTC.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct DateTime {
    pub(crate) date: Date,
    pub(crate) time: Option<Time>,
    /// Minutes east of UTC.
    pub(crate) offset: Option<i16>,
}

/// How many days a month has.
pub(crate) fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// A number of two digits.
fn two(text: &[u8]) -> Option<u8> {
    match *text {
        [a @ b'0'..=b'9', b @ b'0'..=b'9'] => Some((a - b'0') * 10 + (b - b'0')),
        _ => None,
    }
}

impl Date {
    /// A full date, if there is such a day.
    pub fn new(year: u16, month: u8, day: u8) -> Option<Date> {
        let exists = (1..=9999).contains(&year)
            && (1..=12).contains(&month)
            && day >= 1
            && i64::from(day) <= days_in(i64::from(year), i64::from(month));
        exists.then_some(Date { year, month, day })
    }

    /// Reads `2015`, `2015-02` or `2015-02-04`.
    pub fn parse(text: &str) -> Option<Date> {
        let text = text.as_bytes();
        let year = u16::from(two(text.get(..2)?)?) * 100 + u16::from(two(text.get(2..4)?)?);
        let (month, day) = match &text[4..] {
            [] => (None, None),
            [b'-', month @ ..] if month.len() == 2 => (Some(two(month)?), None),
            [b'-', m1, m2, b'-', day @ ..] => (Some(two(&[*m1, *m2])?), Some(two(day)?)),
            _ => return None,
        };
        let whole = Date::new(year, month.unwrap_or(1), day.unwrap_or(1))?;
        Some(Date {
            month: if month.is_some() { whole.month } else { 0 },
            day: if day.is_some() { whole.day } else { 0 },
            ..whole
        })
    }
}

impl Time {
    /// Reads `10`, `10:30`, `10:30:15` or `10:30:15.250`.
    pub fn parse(text: &str) -> Option<Time> {
        Time::read(text.as_bytes())
    }

    fn read(text: &[u8]) -> Option<Time> {
        let hour = two(text.get(..2)?).filter(|h| *h < 24)?;
        let (minute, rest) = sixty(&text[2..], 59)?;
        // 60 only ever appears as a leap second; it is kept as written.
        let (second, rest) = sixty(rest, 60)?;
        let (mut nanos, mut digits) = (0, 0);
        match rest {
            [] => {}
            [b'.', fraction @ ..] if second.is_some() && !fraction.is_empty() => {
                if !fraction.iter().all(u8::is_ascii_digit) {
                    return None;
                }
                let kept = &fraction[..fraction.len().min(9)];
                digits = kept.len() as u8;
                let number = kept.iter().fold(0, |n: u32, d| n * 10 + u32::from(d - b'0'));
                nanos = number * 10u32.pow(9 - u32::from(digits));
            }
            _ => return None,
        }
        Some(Time { hour, minute, second, nanos, digits })
    }
}

/// `:59` and what follows; nothing is read where no `:` stands.
fn sixty(text: &[u8], most: u8) -> Option<(Option<u8>, &[u8])> {
    match text {
        [b':', a, b, rest @ ..] => Some((Some(two(&[*a, *b]).filter(|n| *n <= most)?), rest)),
        [b':', ..] => None,
        _ => Some((None, text)),
    }
}

impl DateTime {
    /// Reads what FHIR and FHIRPath call a dateTime: a date, `T`, perhaps a time, perhaps an offset.
    pub fn parse(text: &str) -> Option<DateTime> {
        let bytes = text.as_bytes();
        // Behind the year, the month or the day.
        let Some(at) = [10, 4, 7].into_iter().find(|&at| bytes.get(at) == Some(&b'T')) else {
            return Some(DateTime { date: Date::parse(text)?, time: None, offset: None });
        };
        let (date, rest) = (Date::parse(&text[..at])?, &bytes[at + 1..]);
        if rest.is_empty() {
            return Some(DateTime { date, time: None, offset: None });
        }
        let (clock, offset) = match rest.iter().position(|b| matches!(b, b'Z' | b'+' | b'-')) {
            Some(at) => (&rest[..at], Some(offset(&rest[at..])?)),
            None => (rest, None),
        };
        if date.day == 0 {
            return None;
        }
        Some(DateTime { date, time: Some(Time::read(clock)?), offset })
    }

    /// The instant `seconds` (and `millis`) after 1970-01-01T00:00:00Z, on a clock that is
    /// `offset` minutes east of UTC.
    pub fn from_unix(seconds: i64, millis: u16, offset: i16) -> Option<DateTime> {
        let local = seconds.checked_add(i64::from(offset) * 60)?;
        let (days, clock) = (local.div_euclid(86_400), local.rem_euclid(86_400));
        let date = crate::moment_math::date_of_day(days)?;
        let time = Time {
            hour: (clock / 3600) as u8,
            minute: Some((clock / 60 % 60) as u8),
            second: Some((clock % 60) as u8),
            nanos: u32::from(millis.min(999)) * 1_000_000,
            digits: 3,
        };
        Some(DateTime { date, time: Some(time), offset: Some(offset) })
    }

    /// The date part.
    pub fn date(self) -> Date {
        self.date
    }

    /// The time part, if it is known.
    pub fn time(self) -> Option<Time> {
        self.time
    }
}

impl From<Date> for DateTime {
    fn from(date: Date) -> DateTime {
        DateTime { date, time: None, offset: None }
    }
}

fn offset(text: &[u8]) -> Option<i16> {
    let (sign, h1, h2, minutes) = match text {
        b"Z" => return Some(0),
        [sign, h1, h2, b':', minutes @ ..] => (sign, h1, h2, minutes),
        _ => return None,
    };
    let hours = i16::from(two(&[*h1, *h2]).filter(|h| *h <= 14)?);
    let minutes = hours * 60 + i16::from(two(minutes).filter(|m| *m < 60)?);
    match sign {
        b'+' => Some(minutes),
        b'-' => Some(-minutes),
        _ => None,
    }
}

/// The value of a literal, without its `@`.
pub(crate) fn literal(text: &str) -> Option<Value<'static>> {
    if let Some(time) = text.strip_prefix('T') {
        return Time::parse(time).map(Value::Time);
    }
    if text.contains('T') {
        return DateTime::parse(text).map(Value::DateTime);
    }
    Date::parse(text).map(Value::Date)
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}", self.year)?;
        if self.month > 0 {
            write!(f, "-{:02}", self.month)?;
        }
        if self.day > 0 {
            write!(f, "-{:02}", self.day)?;
        }
        Ok(())
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}", self.hour)?;
        if let Some(minute) = self.minute {
            write!(f, ":{minute:02}")?;
        }
        if let Some(second) = self.second {
            write!(f, ":{second:02}")?;
        }
        if self.digits > 0 {
            let nanos = format!("{:09}", self.nanos);
            write!(f, ".{}", &nanos[..usize::from(self.digits.min(9))])?;
        }
        Ok(())
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.date)?;
        if let Some(time) = self.time {
            write!(f, "T{time}")?;
        }
        match self.offset {
            Some(0) => f.write_str("Z"),
            Some(o) => {
                let sign = if o < 0 { '-' } else { '+' };
                write!(f, "{sign}{:02}:{:02}", o.abs() / 60, o.abs() % 60)
            }
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    #[test]
    fn reads_and_writes_partial_moments() {
        for text in ["2015", "2015-02", "2015-02-28", "2015-02-28T10", "2015-02-28T10:30:15.250+02:00"] {
            assert_eq!(DateTime::parse(text).unwrap().to_string(), text);
        }
        for text in ["2015-02-29", "2015-13", "15", "2015-02T10", "2015-02-03T25", "2015-1-1"] {
            assert!(DateTime::parse(text).is_none(), "{text}");
        }
        let epoch = DateTime::from_unix(1_000_000_000, 5, 60).unwrap();
        assert_eq!(epoch.to_string(), "2001-09-09T02:46:40.005+01:00");
    }
}
