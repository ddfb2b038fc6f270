//! Days and times of day in Europe/Stockholm.
//!
//! Invariant: a day begins and ends by the clocks of Stockholm, so it has 23 or 25 hours on the two nights
//! on which they change; hours are hours. The rule of summer time is written here (EU directive 2000/84),
//! so that no file of the machine changes what a deadline is.

use super::terms::Limit;
use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, Time},
    tz::TimeZone,
};
use std::sync::OnceLock;

/// Central European Time: summer time from the last Sunday of March to that of October, at 01:00 UTC.
const RULE: &str = "CET-1CEST,M3.5.0,M10.5.0/3";

fn stockholm() -> &'static TimeZone {
    static ZONE: OnceLock<TimeZone> = OnceLock::new();
    ZONE.get_or_init(|| TimeZone::posix(RULE).unwrap_or(TimeZone::UTC))
}

/// The calendar day of an instant.
pub fn day_of(at: Timestamp) -> Date {
    stockholm().to_datetime(at).date()
}

/// Is the instant later in its day than this time of day?
pub fn is_after(at: Timestamp, time: Time) -> bool {
    stockholm().to_datetime(at).time() > time
}

/// The day so many days later; at the end of time, its last day.
pub fn days_later(day: Date, days: u16) -> Date {
    day.saturating_add(jiff::Span::new().days(i64::from(days)))
}

/// The first instant of a day; of a day that no instant reaches, the end of time on its side.
pub fn start_of(day: Date) -> Timestamp {
    let edge = if day.year() < 0 { Timestamp::MIN } else { Timestamp::MAX };
    day.to_zoned(stockholm().clone()).map_or(edge, |z| z.timestamp())
}

/// The last second of a day: what is due on a day may still come then.
pub fn end_of(day: Date) -> Timestamp {
    let next = day.tomorrow().map_or(Timestamp::MAX, start_of);
    if next == Timestamp::MAX {
        return next;
    }
    next.saturating_sub(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MAX)
}

/// When a time that begins at an instant is over.
pub fn due(start: Timestamp, limit: Limit) -> Timestamp {
    match limit {
        Limit::Hours(hours) => {
            start.saturating_add(SignedDuration::from_hours(i64::from(hours))).unwrap_or(Timestamp::MAX)
        }
        Limit::Days(days) => end_of(days_later(day_of(start), days)),
    }
}

#[cfg(test)]
mod tests;
