//! Times as HL7 v2 writes them, and as FHIR does.
//!
//! Invariants: a time without an offset is Swedish time, which both systems around here mean by it; an hour that there
//! is twice, in the night when clocks are set back, or never, is no moment, and what is no time stays what it was, so
//! that the check of the canonical form refuses it where it is used. Deliberately absent: guessing precision away: a day
//! stays a day; of a moment only the seconds may be filled in.

use jiff::{civil, tz::TimeZone};
use std::sync::OnceLock;

/// `20260309151240.31+0100` → `2026-03-09T15:12:40.31+01:00`; a day, month or year likewise.
pub fn to_fhir(text: &str) -> Option<String> {
    let (digits, offset) = match text.find(['+', '-']) {
        Some(at) => (text.get(..at)?, Some(text.get(at..)?)),
        None => (text, None),
    };
    let (digits, fraction) = digits.split_once('.').map_or((digits, ""), |(d, f)| (d, f));
    let is_number = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
    if !is_number(digits) || !is_number(fraction) || (!fraction.is_empty() && digits.len() != 14) {
        return None;
    }
    let part = |from: usize| digits.get(from..from + 2);
    match (digits.len(), offset) {
        (4, None) => Some(digits.to_string()),
        (6, None) => month(digits),
        (8, None) => day(digits),
        (10 | 12 | 14, _) => {
            let date = day(digits)?;
            let (hour, minute, second) = (part(8)?, part(10).unwrap_or("00"), part(12).unwrap_or("00"));
            let civil: civil::DateTime = format!("{date}T{hour}:{minute}:{second}").parse().ok()?;
            let offset = match offset {
                Some(written) => offset_to_fhir(written)?,
                None => swedish(civil)?,
            };
            let dot = if fraction.is_empty() { "" } else { "." };
            Some(format!("{date}T{hour}:{minute}:{second}{dot}{fraction}{offset}"))
        }
        _ => None,
    }
}

/// `2026-03-09T15:12:40.310+01:00` → `20260309151240.310+0100`.
pub fn to_hl7(text: &str) -> String {
    let (date, time) = text.split_once('T').unwrap_or((text, ""));
    let date = date.replace('-', "");
    let (clock, offset) = match time.find(['+', '-', 'Z']) {
        Some(at) => time.split_at_checked(at).unwrap_or((time, "")),
        None => (time, ""),
    };
    let (clock, fraction) = clock.split_once('.').unwrap_or((clock, ""));
    let offset = if offset == "Z" { "+0000".into() } else { offset.replace(':', "") };
    // HL7 has four digits of a second.
    let fraction = fraction.get(..4).unwrap_or(fraction);
    let dot = if fraction.is_empty() { "" } else { "." };
    format!("{date}{}{dot}{fraction}{offset}", clock.replace(':', ""))
}

fn month(digits: &str) -> Option<String> {
    let (year, month) = (digits.get(..4)?, digits.get(4..6)?);
    format!("{year}-{month}-01").parse::<civil::Date>().ok()?;
    Some(format!("{year}-{month}"))
}

fn day(digits: &str) -> Option<String> {
    let date = format!("{}-{}-{}", digits.get(..4)?, digits.get(4..6)?, digits.get(6..8)?);
    date.parse::<civil::Date>().ok()?;
    Some(date)
}

/// `+0100` → `+01:00`.
fn offset_to_fhir(written: &str) -> Option<String> {
    let (sign, digits) = (written.get(..1)?, written.get(1..).filter(|d| d.len() == 4)?);
    let (hours, minutes): (u8, u8) = (digits.get(..2)?.parse().ok()?, digits.get(2..)?.parse().ok()?);
    (hours <= 14 && minutes < 60).then(|| format!("{sign}{hours:02}:{minutes:02}"))
}

/// What Swedish clocks were ahead by, where that is one thing.
fn swedish(at: civil::DateTime) -> Option<String> {
    static ZONE: OnceLock<Option<TimeZone>> = OnceLock::new();
    // As a rule, so that no machine's tables decide what an offset was.
    let zone = ZONE.get_or_init(|| TimeZone::posix("CET-1CEST,M3.5.0,M10.5.0/3").ok()).as_ref()?;
    let offset = zone.to_ambiguous_zoned(at).unambiguous().ok()?.offset().seconds() / 60;
    let sign = if offset < 0 { '-' } else { '+' };
    Some(format!("{sign}{:02}:{:02}", offset.abs() / 60, offset.abs() % 60))
}

#[cfg(test)]
mod tests {
    use super::{to_fhir, to_hl7};

    #[test]
    fn a_time_keeps_its_precision_and_gets_the_offset_that_swedish_clocks_had() {
        let cases = [
            ("2026", Some("2026")),
            ("202603", Some("2026-03")),
            ("20260309", Some("2026-03-09")),
            ("202603091512", Some("2026-03-09T15:12:00+01:00")),
            ("2026070915", Some("2026-07-09T15:00:00+02:00")),
            ("20260309151240.31", Some("2026-03-09T15:12:40.31+01:00")),
            ("20260309151240-0530", Some("2026-03-09T15:12:40-05:30")),
            // Clocks go forward on 29 March 2026 at two, and back on 25 October at three.
            ("20260329023000", None),
            ("20261025023000", None),
            ("20261025023000+0200", Some("2026-10-25T02:30:00+02:00")),
            ("20260230", None),
            ("20260309251240", None),
            ("20260309151240+1", None),
            ("2026030915124", None),
            ("idag", None),
            ("", None),
            ("+0100", None),
            ("2026å309", None),
        ];
        for (text, wanted) in cases {
            assert_eq!(to_fhir(text).as_deref(), wanted, "{text}");
        }
    }

    #[test]
    fn a_time_is_written_with_its_offset() {
        let cases = [
            ("2026-03-09", "20260309"),
            ("2026-03-09T15:12:40+01:00", "20260309151240+0100"),
            ("2026-03-09T15:12:40.310999Z", "20260309151240.3109+0000"),
            ("2026", "2026"),
        ];
        for (text, wanted) in cases {
            assert_eq!(to_hl7(text), wanted);
        }
    }
}
