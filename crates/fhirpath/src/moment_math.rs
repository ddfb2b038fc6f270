//! Order, arithmetic and boundaries of moments.
//!
//! Invariant: where the known parts do not decide, the answer is "unknown", never a guess.
//! Deliberately absent: a default time zone; a moment without offset may be anywhere on Earth
//! (UTC-12 to UTC+14).

use crate::decimal::Decimal;
use crate::moment::{Date, DateTime, Time, days_in};
use crate::quantity::Calendar;
use std::cmp::Ordering;

/// How two moments compare.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Order {
    /// Decided.
    Known(Ordering),
    /// Equal as far as both are known, but one is known further.
    Unknown,
}

const NANOS: i128 = 1_000_000_000;
const DAY: i128 = 86_400 * NANOS;

/// Days since 1970-01-01.
pub(crate) fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

/// The date of a day number, within the years 1 to 9999.
pub(crate) fn date_of_day(days: i64) -> Option<Date> {
    let z = days.checked_add(719_468)?;
    let era = z.div_euclid(146_097);
    let doe = z.rem_euclid(146_097);
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let day = doy - (153 * mp + 2) / 5 + 1;
    let month = if mp < 10 { mp + 3 } else { mp - 9 };
    let year = yoe + era * 400 + i64::from(month <= 2);
    Date::new(u16::try_from(year).ok()?, month as u8, day as u8)
}

/// The parts of a moment, coarse to fine; seconds and their fraction are one part.
type Parts = [Option<i128>; 6];

fn compare_parts(a: &Parts, b: &Parts) -> Order {
    for (x, y) in a.iter().zip(b) {
        match (x, y) {
            (Some(x), Some(y)) if x == y => {}
            (Some(x), Some(y)) => return Order::Known(x.cmp(y)),
            (None, None) => break,
            _ => return Order::Unknown,
        }
    }
    Order::Known(Ordering::Equal)
}

fn part(n: u8) -> Option<i128> {
    (n > 0).then_some(i128::from(n))
}

impl Date {
    fn parts(self) -> Parts {
        [Some(i128::from(self.year)), part(self.month), part(self.day), None, None, None]
    }

    pub(crate) fn order(self, other: Date) -> Order {
        compare_parts(&self.parts(), &other.parts())
    }

    /// Moved by whole `amount`s of a calendar unit; nothing beyond the years 1 to 9999.
    pub(crate) fn plus(self, amount: i64, unit: Calendar) -> Option<Date> {
        match unit {
            Calendar::Year | Calendar::Month => {
                // A partial date moves by its own precision: months of a bare year make years.
                let months = if unit == Calendar::Year { amount.checked_mul(12)? } else { amount };
                if self.month == 0 {
                    let year = i64::from(self.year).checked_add(months / 12)?;
                    let year = u16::try_from(year).ok().filter(|y| (1..=9999).contains(y))?;
                    return Some(Date { year, ..self });
                }
                let total = (i64::from(self.year) * 12 + i64::from(self.month) - 1).checked_add(months)?;
                let (year, month) = (total.div_euclid(12), total.rem_euclid(12) + 1);
                let last = days_in(year, month);
                let day = i64::from(self.day).min(last) as u8;
                let date = Date::new(u16::try_from(year).ok()?, month as u8, day.max(1))?;
                Some(Date { day, ..date })
            }
            _ => {
                let nanos = i128::from(amount).checked_mul(i128::from(unit.nanos()?))?;
                let days = i64::try_from(nanos / DAY).ok()?;
                if self.month == 0 {
                    return self.plus(days / 365, Calendar::Year);
                }
                if self.day == 0 {
                    return self.plus(days / 30, Calendar::Month);
                }
                let number = day_number(self.year.into(), self.month.into(), self.day.into());
                date_of_day(number.checked_add(days)?)
            }
        }
    }

    fn first(self) -> Date {
        Date { year: self.year, month: self.month.max(1), day: self.day.max(1) }
    }

    fn last(self) -> Date {
        let month = if self.month == 0 { 12 } else { self.month };
        let day = if self.day == 0 { days_in(self.year.into(), month.into()) as u8 } else { self.day };
        Date { year: self.year, month, day }
    }

    /// How many digits are known, as `precision()` counts them.
    pub(crate) fn precision(self) -> i64 {
        4 + 2 * i64::from(self.month > 0) + 2 * i64::from(self.day > 0)
    }

    /// The earliest (or latest) date to `digits` digits.
    pub(crate) fn boundary(self, high: bool, digits: i64) -> Option<Date> {
        let full = if high { self.last() } else { self.first() };
        match digits {
            4 => Some(Date { month: 0, day: 0, ..full }),
            6 => Some(Date { day: 0, ..full }),
            8 => Some(full),
            _ => None,
        }
    }
}

impl Time {
    fn parts(self) -> [Option<i128>; 3] {
        let seconds = self.second.map(|s| i128::from(s) * NANOS + i128::from(self.nanos));
        [Some(i128::from(self.hour)), self.minute.map(i128::from), seconds]
    }

    pub(crate) fn order(self, other: Time) -> Order {
        let wide = |t: Time| {
            let [h, m, s] = t.parts();
            [h, m, s, None, None, None]
        };
        compare_parts(&wide(self), &wide(other))
    }

    fn nanos_of_day(self) -> i128 {
        self.parts().iter().zip([3600 * NANOS, 60 * NANOS, 1]).map(|(p, unit)| p.unwrap_or(0) * unit).sum()
    }

    /// A clock face with the same known parts as `self`.
    fn with_nanos(self, nanos: i128) -> Time {
        let seconds = nanos / NANOS;
        Time {
            hour: (seconds / 3600) as u8,
            minute: self.minute.map(|_| (seconds / 60 % 60) as u8),
            second: self.second.map(|_| (seconds % 60) as u8),
            nanos: if self.second.is_some() { (nanos % NANOS) as u32 } else { 0 },
            digits: self.digits,
        }
    }

    /// Moved around the clock.
    pub(crate) fn plus(self, amount: i64, unit: Calendar) -> Option<Time> {
        let shift = i128::from(amount).checked_mul(i128::from(unit.nanos()?))?;
        let sum = self.nanos_of_day().checked_add(shift)?;
        Some(self.with_nanos(sum.rem_euclid(DAY)))
    }

    fn full(self, high: bool) -> Time {
        let top = |n: u8| if high { n } else { 0 };
        let (nanos, digits) = match (self.digits, self.second) {
            (3.., Some(_)) => (self.nanos, 3),
            (d, Some(_)) => {
                let gap = 10u32.pow(9 - u32::from(d)).saturating_sub(1_000_000);
                (self.nanos + if high { gap } else { 0 }, 3)
            }
            (_, None) => (if high { 999_000_000 } else { 0 }, 3),
        };
        Time {
            hour: self.hour,
            minute: Some(self.minute.unwrap_or(top(59))),
            second: Some(self.second.unwrap_or(top(59))),
            nanos: nanos / 1_000_000 * 1_000_000,
            digits,
        }
    }

    pub(crate) fn precision(self) -> i64 {
        2 + 2 * i64::from(self.minute.is_some())
            + 2 * i64::from(self.second.is_some())
            + i64::from(self.digits.min(3))
    }

    /// The earliest (or latest) time to `digits` digits.
    pub(crate) fn boundary(self, high: bool, digits: i64) -> Option<Time> {
        let full = self.full(high);
        match digits {
            2 => Some(Time { minute: None, second: None, nanos: 0, digits: 0, ..full }),
            4 => Some(Time { second: None, nanos: 0, digits: 0, ..full }),
            6 => Some(Time { nanos: 0, digits: 0, ..full }),
            9 => Some(full),
            _ => None,
        }
    }
}

impl DateTime {
    fn parts(self) -> Parts {
        let [year, month, day, ..] = self.date.parts();
        let [hour, minute, second] = self.time.map_or([None; 3], Time::parts);
        [year, month, day, hour, minute, second]
    }

    /// The same instant at UTC, with the same known parts. Nothing without a time and an offset.
    fn at_utc(self) -> Option<DateTime> {
        let (time, offset) = (self.time?, self.offset?);
        let day = day_number(self.date.year.into(), self.date.month.into(), self.date.day.into());
        let nanos = i128::from(day) * DAY + time.nanos_of_day() - i128::from(offset) * 60 * NANOS;
        let date = date_of_day(i64::try_from(nanos.div_euclid(DAY)).ok()?)?;
        // Offsets of half hours make minutes known in UTC that were not before; harmless, because
        // the other side has been shifted likewise.
        Some(DateTime { date, time: Some(time.with_nanos(nanos.rem_euclid(DAY))), offset: Some(0) })
    }

    /// First and last nanosecond (since 1970) that this may be, over all time zones if it has none.
    fn range(self) -> (i128, i128) {
        let (low, high) = match self.offset {
            Some(offset) => (offset, offset),
            None => (14 * 60, -12 * 60),
        };
        let instant = |date: Date, time: i128, offset: i16| {
            let day = day_number(date.year.into(), date.month.into(), date.day.into());
            i128::from(day) * DAY + time - i128::from(offset) * 60 * NANOS
        };
        let (start, end) = match self.time {
            Some(time) => (time.full(false).nanos_of_day(), time.full(true).nanos_of_day()),
            None => (0, DAY - 1),
        };
        (instant(self.date.first(), start, low), instant(self.date.last(), end, high))
    }

    pub(crate) fn order(self, other: DateTime) -> Order {
        if self.offset == other.offset {
            return compare_parts(&self.parts(), &other.parts());
        }
        if let (Some(a), Some(b)) = (self.at_utc(), other.at_utc()) {
            return compare_parts(&a.parts(), &b.parts());
        }
        let ((a, z), (b, y)) = (self.range(), other.range());
        if z < b {
            Order::Known(Ordering::Less)
        } else if a > y {
            Order::Known(Ordering::Greater)
        } else {
            Order::Unknown
        }
    }

    /// Moved by whole `amount`s of a unit.
    pub(crate) fn plus(self, amount: i64, unit: Calendar) -> Option<DateTime> {
        let Some(time) = self.time.filter(|_| unit < Calendar::Day) else {
            return Some(DateTime { date: self.date.plus(amount, unit)?, ..self });
        };
        let shift = i128::from(amount).checked_mul(i128::from(unit.nanos()?))?;
        let sum = time.nanos_of_day().checked_add(shift)?;
        let date = self.date.plus(i64::try_from(sum.div_euclid(DAY)).ok()?, Calendar::Day)?;
        Some(DateTime { date, time: Some(time.with_nanos(sum.rem_euclid(DAY))), ..self })
    }

    pub(crate) fn precision(self) -> i64 {
        self.date.precision() + self.time.map_or(0, Time::precision)
    }

    /// The earliest (or latest) moment to `digits` digits; an unknown offset becomes the one that
    /// makes it so.
    pub(crate) fn boundary(self, high: bool, digits: i64) -> Option<DateTime> {
        if digits <= 8 {
            return Some(self.date.boundary(high, digits)?.into());
        }
        let date = self.date.boundary(high, 8)?;
        let unknown =
            Time { hour: if high { 23 } else { 0 }, minute: None, second: None, nanos: 0, digits: 0 };
        let time = self.time.unwrap_or(unknown).boundary(high, digits - 8)?;
        let offset = self.offset.unwrap_or(if high { -12 * 60 } else { 14 * 60 });
        Some(DateTime { date, time: Some(time), offset: Some(offset) })
    }
}

/// The whole number of units that a calendar amount moves a moment by: decimals count for nothing
/// above seconds, and a part of a second counts as milliseconds.
pub(crate) fn whole_steps(amount: Decimal, unit: Calendar) -> Option<(i64, Calendar)> {
    if unit == Calendar::Second && !amount.is_whole() {
        let millis = amount.times(Decimal::from(1000))?.truncated(0)?;
        return Some((i64::try_from(millis.mantissa()).ok()?, Calendar::Millisecond));
    }
    Some((i64::try_from(amount.truncated(0)?.mantissa()).ok()?, unit))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn at(text: &str) -> DateTime {
        DateTime::parse(text).unwrap()
    }

    #[test]
    fn months_end_where_they_end() {
        let date = Date::parse("2024-01-31").unwrap();
        assert_eq!(date.plus(1, Calendar::Month).unwrap().to_string(), "2024-02-29");
        assert_eq!(date.plus(-11, Calendar::Month).unwrap().to_string(), "2023-02-28");
        assert!(Date::parse("9999-12-31").unwrap().plus(1, Calendar::Day).is_none());
        assert!(date.plus(i64::MAX, Calendar::Year).is_none());
    }

    #[test]
    fn a_missing_offset_leaves_the_order_open() {
        let (zoned, open) = (at("2012-04-15T15:00:00Z"), at("2012-04-15T10:00:00"));
        assert_eq!(zoned.order(open), Order::Unknown);
        assert_eq!(zoned.order(at("2012-04-13T10:00:00")), Order::Known(Ordering::Greater));
        assert_eq!(
            at("2012-04-15T15:00+02:00").order(at("2012-04-15T16:00+03:00")),
            Order::Known(Ordering::Equal)
        );
    }
}
