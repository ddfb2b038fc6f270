//! Days and moments of the contract: digits by the clock of Europe/Stockholm, and FHIR's.
//!
//! Invariant: what is read names a time that exists, and what is written from it reads as the same
//! moment, but for the one hour a year that the clock shows twice: the contract cannot say which of the two
//! is meant. It is read as the first. Deliberately absent: the zone's history before 1996.

use jiff::{
    Zoned,
    civil::{Date, DateTime},
    tz::{AmbiguousOffset, TimeZone},
};
use std::sync::OnceLock;

/// Swedish time since 1996 (directive 2000/84/EC), so that no table of zones is needed on the machine.
const RULE: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

/// What stands in an attribute.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// A day: eight digits.
    Day,
    /// A moment: twelve digits, or fourteen with seconds.
    Moment,
}

fn zone() -> TimeZone {
    static ZONE: OnceLock<TimeZone> = OnceLock::new();
    ZONE.get_or_init(|| TimeZone::posix(RULE).unwrap_or(TimeZone::UTC)).clone()
}

impl Form {
    /// The contract's digits as FHIR's text; `None` where they are no such day or time.
    pub fn read(self, digits: &str) -> Option<String> {
        if !digits.bytes().all(|b| b.is_ascii_digit()) {
            return None;
        }
        let number = |from: usize, to: usize| digits.get(from..to)?.parse::<i16>().ok();
        let small = |from: usize| number(from, from + 2).and_then(|n| i8::try_from(n).ok());
        let day = Date::new(number(0, 4)?, small(4)?, small(6)?).ok()?;
        match (self, digits.len()) {
            (Form::Day, 8) => Some(day.to_string()),
            (Form::Moment, 12 | 14) => {
                let second = if digits.len() == 14 { small(12)? } else { 0 };
                let clock = jiff::civil::Time::new(small(8)?, small(10)?, second, 0).ok()?;
                moment(DateTime::from_parts(day, clock))
            }
            _ => None,
        }
    }

    /// FHIR's text as the contract's digits; `None` for a moment without its offset.
    pub fn write(self, text: &str) -> Option<String> {
        match self {
            Form::Day => Some(text.parse::<Date>().ok()?.strftime("%Y%m%d").to_string()),
            Form::Moment => {
                let at: jiff::Timestamp = text.parse().ok()?;
                Some(at.to_zoned(zone()).strftime("%Y%m%d%H%M%S").to_string())
            }
        }
    }
}

/// A moment of the clock with its offset; `None` in the hour that is skipped.
fn moment(clock: DateTime) -> Option<String> {
    let zone = zone();
    let ambiguous = zone.to_ambiguous_zoned(clock);
    if matches!(ambiguous.offset(), AmbiguousOffset::Gap { .. }) {
        return None;
    }
    let at: Zoned = ambiguous.earlier().ok()?;
    Some(at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string())
}

#[cfg(test)]
mod tests {
    use super::Form::{Day, Moment};

    #[test]
    fn digits_are_swedish_time_over_both_nights() {
        for (digits, text) in [
            ("20260115093000", "2026-01-15T09:30:00+01:00"),
            ("202607150930", "2026-07-15T09:30:00+02:00"),
            ("20260329015959", "2026-03-29T01:59:59+01:00"),
            ("20260329030000", "2026-03-29T03:00:00+02:00"),
            // The hour that comes twice is read as the first.
            ("20261025023000", "2026-10-25T02:30:00+02:00"),
            ("20261025030000", "2026-10-25T03:00:00+01:00"),
            ("20240229235959", "2024-02-29T23:59:59+01:00"),
        ] {
            assert_eq!(Moment.read(digits).as_deref(), Some(text));
            assert_eq!(Moment.write(text).as_deref(), Some(format!("{digits:0<14}").as_str()));
        }
        assert_eq!(Moment.write("2026-10-25T02:30:00+01:00").as_deref(), Some("20261025023000"));
        assert_eq!(Moment.write("2026-01-15T08:30:00.999Z").as_deref(), Some("20260115093000"));
        assert_eq!(Day.read("20240229").as_deref(), Some("2024-02-29"));
        assert_eq!(Day.write("2024-02-29").as_deref(), Some("20240229"));
    }

    #[test]
    fn what_is_no_time_is_none() {
        let moments = [
            "",
            "2026",
            "20260230120000",
            "20260329023000",
            "20260115240000",
            "20260115096000",
            "2026011509300",
            "20260115093060",
            "202601150930é",
            "+0260115093000",
            "20260115",
        ];
        for digits in moments {
            assert_eq!(Moment.read(digits), None, "{digits}");
        }
        for digits in ["20230229", "2023-01-01", "20231301", "202301011", ""] {
            assert_eq!(Day.read(digits), None, "{digits}");
        }
        assert_eq!(Moment.write("2026-01-15T09:30:00"), None);
        assert_eq!(Moment.write("2026-01-15"), None);
        assert_eq!(Day.write("2026-02-30"), None);
    }
}
