//! Which of two values is less, as far as the values themselves tell it.
//!
//! Invariant: an answer is given only when it is certain: a date known to the month is neither before
//! nor after a day in it, and quantities are compared only in units that measure the same. Deliberately
//! absent: texts and codes, which have no order.

use crate::decimal::Decimal;
use crate::tree::NodeRef;
use crate::ucum;
use std::cmp::Ordering;

/// The code system of UCUM.
pub(super) const UCUM: &str = "http://unitsofmeasure.org";

/// Compares two values that a choice element (`valueDate`, `answerInteger`) or an extension holds; each
/// comes with the name of its type. `None`: not comparable, or not known precisely enough.
pub(super) fn compare(a: (&str, NodeRef<'_>), b: (&str, NodeRef<'_>)) -> Option<Ordering> {
    let number = |ty: &str| matches!(ty, "Integer" | "Decimal" | "PositiveInt" | "UnsignedInt");
    let moment = |ty: &str| matches!(ty, "Date" | "DateTime" | "Instant");
    match (a.0, b.0) {
        (x, y) if number(x) && number(y) => Some(decimal(a.1)?.cmp(&decimal(b.1)?)),
        (x, y) if moment(x) && moment(y) => moments(a.1.text()?, b.1.text()?),
        ("Time", "Time") => Some(clock(a.1.text()?)?.cmp(&clock(b.1.text()?)?)),
        ("Quantity", "Quantity") => quantities(a.1, b.1),
        _ => None,
    }
}

fn decimal(node: NodeRef<'_>) -> Option<Decimal> {
    Decimal::parse(node.text()?)
}

/// The coded unit of a quantity.
fn unit(quantity: NodeRef<'_>) -> Option<(&str, &str)> {
    Some((quantity.child_text("system")?, quantity.child_text("code")?))
}

/// Quantities in the same unit, or in UCUM units of the same kind.
fn quantities(a: NodeRef<'_>, b: NodeRef<'_>) -> Option<Ordering> {
    let value = |q: NodeRef<'_>| decimal(q.child("value")?);
    if a.child("comparator").is_some() || b.child("comparator").is_some() {
        return None;
    }
    let (x, y, own, other) = (value(a)?, value(b)?, unit(a)?, unit(b)?);
    if own == other {
        return Some(x.cmp(&y));
    }
    if own.0 != UCUM || other.0 != UCUM {
        return None;
    }
    let (m, n) = (ucum::measure(own.1)?, ucum::measure(other.1)?);
    if m.dimensions != n.dimensions {
        return None;
    }
    let left = x.times(m.numerator)?.times(n.denominator)?;
    Some(left.cmp(&y.times(n.numerator)?.times(m.denominator)?))
}

/// A time of day in nanoseconds.
fn clock(text: &str) -> Option<i128> {
    let mut parts = text.splitn(3, ':');
    let mut next = || Decimal::parse(parts.next()?);
    let (h, m, s) = (next()?, next()?, next()?);
    let seconds = h.times(3600.into())?.plus(m.times(60.into())?)?.plus(s)?;
    seconds.times(1_000_000_000.into())?.floor()
}

/// How far a clock may be from UTC, in hours, where a text does not say it (behind, ahead).
const ZONES: (i128, i128) = (12, 14);
const HOUR: i128 = 3_600_000_000_000;

/// When something may have begun and ended, in nanoseconds from 1970; and whether its zone is known.
struct Stretch {
    from: i128,
    to: i128,
    zoned: bool,
}

fn moments(a: &str, b: &str) -> Option<Ordering> {
    let (x, y) = (stretch(a)?, stretch(b)?);
    if a == b {
        return Some(Ordering::Equal);
    }
    // What has no zone may lie anywhere on earth, as soon as the other has one.
    let slack = if x.zoned == y.zoned { (0, 0) } else { (ZONES.1 * HOUR, ZONES.0 * HOUR) };
    let wide = |s: &Stretch| if s.zoned { (s.from, s.to) } else { (s.from - slack.0, s.to + slack.1) };
    let ((from, to), (start, end)) = (wide(&x), wide(&y));
    if x.zoned && y.zoned && from == start {
        return Some(Ordering::Equal);
    }
    if to <= start {
        Some(Ordering::Less)
    } else if end <= from {
        Some(Ordering::Greater)
    } else {
        None
    }
}

fn stretch(text: &str) -> Option<Stretch> {
    let (day, rest) = text.split_once('T').unwrap_or((text, ""));
    let mut parts = day.split('-');
    let mut next = || parts.next().map(|p| p.parse::<i64>().ok().filter(|n| (1..=9999).contains(n)));
    let (year, month, date) = (next()??, next(), next());
    let begins = |y, m, d| i128::from(day_number(y, m, d)) * 24 * HOUR;
    let Some(month) = month else {
        return Some(Stretch { from: begins(year, 1, 1), to: begins(year + 1, 1, 1), zoned: false });
    };
    let month = month?;
    let Some(date) = date else {
        let after = if month == 12 { (year + 1, 1) } else { (year, month + 1) };
        return Some(Stretch { from: begins(year, month, 1), to: begins(after.0, after.1, 1), zoned: false });
    };
    let midnight = begins(year, month, date?);
    if rest.is_empty() {
        return Some(Stretch { from: midnight, to: midnight + 24 * HOUR, zoned: false });
    }
    let zone = rest.find(['Z', '+', '-'])?;
    let (time, zone) = rest.split_at(zone);
    let offset = match zone.as_bytes() {
        b"Z" => 0,
        [sign, ..] => {
            let (h, m) = zone.get(1..)?.split_once(':')?;
            // What has another shape was refused already, and is not calculated with.
            let two = |t: &str| t.parse::<i128>().ok().filter(|_| t.len() == 2);
            let minutes = two(h)? * 60 + two(m)?;
            if *sign == b'-' { -minutes } else { minutes }
        }
        [] => return None,
    };
    let clock = clock(time).filter(|c| (0..=25 * HOUR).contains(c))?;
    let from = midnight + clock - offset * HOUR / 60;
    Some(Stretch { from, to: from + 1, zoned: true })
}

/// Days from 1970-01-01 in the Gregorian calendar: years begin in March, so that a leap day is the last.
fn day_number(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let from_march = (month + 9) % 12;
    365 * year + year / 4 - year / 100 + year / 400 + (153 * from_march + 2) / 5 + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn moments_are_ordered_where_they_are_known() {
        use Ordering::{Equal, Greater, Less};
        for (a, b, want) in [
            ("2020", "2021", Some(Less)),
            ("2022-03", "2022-03", Some(Equal)),
            ("2022-07", "2022-06", Some(Greater)),
            ("2022-06-30", "2022-06", None),
            ("2022-06-30", "2022-07", Some(Less)),
            ("2020-02-29", "2020-03-01", Some(Less)),
            ("2022-01-01T10:00:00Z", "2022-01-01T11:00:00+01:00", Some(Equal)),
            ("2022-01-01T10:00:00.5Z", "2022-01-01T10:00:00Z", Some(Greater)),
            ("2022-01-01T23:00:00-02:00", "2022-01-02T00:30:00Z", Some(Greater)),
            ("2022-01-01", "2022-01-01T23:00:00Z", None),
            ("2022-01-01", "2022-01-04T00:00:00Z", Some(Less)),
            ("2022-1x", "2022", None),
        ] {
            assert_eq!(moments(a, b), want, "{a} {b}");
            assert_eq!(moments(b, a), want.map(Ordering::reverse), "{b} {a}");
        }
        assert_eq!(day_number(1970, 1, 1), 0);
        assert_eq!(day_number(2000, 3, 1), 11_017);
    }

    #[test]
    fn times_are_ordered() {
        assert!(clock("09:59:59.9").unwrap() < clock("10:00:00").unwrap());
        assert_eq!(clock("x"), None);
    }
}
