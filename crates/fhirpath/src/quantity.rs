//! Quantities: a number with a unit, or an amount of calendar time.
//!
//! Invariant: quantities are compared by what they measure, exactly; where the units do not say
//! (`1 year` against `1 'a'`, metres against seconds, a unit that is not UCUM's against any other) the
//! answer is "unknown". Deliberately absent: rounding; what cannot be kept exactly is unknown.

use crate::decimal::Decimal;
use crate::moment_math::Order;
use crate::ucum::{Measure, measure, product};
use std::cmp::Ordering;
use std::fmt;

/// Calendar units, finest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Calendar {
    /// 1/1000 second.
    Millisecond,
    /// A second.
    Second,
    /// 60 seconds.
    Minute,
    /// 60 minutes.
    Hour,
    /// 24 hours.
    Day,
    /// 7 days.
    Week,
    /// A month of the calendar.
    Month,
    /// A year of the calendar.
    Year,
}

/// What a quantity counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unit {
    /// A calendar unit (`4 days`).
    Calendar(Calendar),
    /// A UCUM code (`4 'mg'`).
    Code(Box<str>),
    /// A unit that is not UCUM's, as it is written: only ever the same as itself.
    Foreign(Box<str>),
}

/// A number with a unit.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Quantity {
    /// How many.
    pub value: Decimal,
    /// Of what.
    pub unit: Unit,
}

const CALENDAR: [(Calendar, &str, &str); 8] = [
    (Calendar::Millisecond, "millisecond", "ms"),
    (Calendar::Second, "second", "s"),
    (Calendar::Minute, "minute", "min"),
    (Calendar::Hour, "hour", "h"),
    (Calendar::Day, "day", "d"),
    (Calendar::Week, "week", "wk"),
    (Calendar::Month, "month", "mo"),
    (Calendar::Year, "year", "a"),
];

impl Calendar {
    fn row(self) -> (Calendar, &'static str, &'static str) {
        CALENDAR[self as usize]
    }

    /// How long it is, where that is certain.
    pub(crate) fn nanos(self) -> Option<i64> {
        const SECOND: i64 = 1_000_000_000;
        Some(match self {
            Calendar::Millisecond => SECOND / 1000,
            Calendar::Second => SECOND,
            Calendar::Minute => 60 * SECOND,
            Calendar::Hour => 3600 * SECOND,
            Calendar::Day => 86_400 * SECOND,
            Calendar::Week => 7 * 86_400 * SECOND,
            Calendar::Month | Calendar::Year => return None,
        })
    }

    /// How many months it is, where it is a number of months.
    fn months(self) -> Option<i64> {
        match self {
            Calendar::Year => Some(12),
            Calendar::Month => Some(1),
            _ => None,
        }
    }

    /// How many nanoseconds it counts for where no date says how long it is: a year has 365 days, a
    /// month 30 (N1, conversion factors of `toQuantity()`).
    fn about(self) -> Option<i64> {
        let day = Calendar::Day.nanos()?;
        match self {
            Calendar::Year => Some(365 * day),
            Calendar::Month => Some(30 * day),
            _ => self.nanos(),
        }
    }

    /// The calendar unit that adding a UCUM amount to a date means; a UCUM month or year is a
    /// fixed number of seconds and means none.
    fn of_code(code: &str) -> Option<Calendar> {
        let found = CALENDAR.iter().find(|(unit, name, ucum)| {
            (*ucum == code && unit.nanos().is_some()) || *name == code || code.strip_suffix('s') == Some(name)
        });
        found.map(|(unit, ..)| *unit)
    }
}

impl Unit {
    /// The unit of a UCUM code.
    pub fn coded(code: &str) -> Unit {
        Unit::Code(code.into())
    }

    /// The unit of a FHIR Quantity (R4 fhirpath.html §2.9.1.3): with UCUM's system its code, lengths of
    /// time being the calendar's; with another or none the unit as it stands; 1 where there is none.
    pub fn of_fhir(system: Option<&str>, code: Option<&str>, unit: Option<&str>) -> Unit {
        let Some(written) = code.or(unit) else { return Unit::coded("1") };
        match (system, code) {
            (Some("http://unitsofmeasure.org"), Some(code)) => {
                let found = CALENDAR.iter().find(|(_, _, ucum)| *ucum == code);
                found.map_or_else(|| Unit::coded(code), |(unit, ..)| Unit::Calendar(*unit))
            }
            (Some(system), Some(code)) => Unit::Foreign(format!("{system}|{code}").into()),
            _ => Unit::Foreign(written.into()),
        }
    }

    /// The calendar unit of a word, singular or plural.
    pub fn calendar(word: &str) -> Option<Unit> {
        let singular = |name: &str| word == name || word.strip_suffix('s') == Some(name);
        CALENDAR.iter().find(|(_, name, _)| singular(name)).map(|(unit, ..)| Unit::Calendar(*unit))
    }

    /// The code as UCUM writes it.
    pub fn code(&self) -> &str {
        match self {
            Unit::Calendar(unit) => unit.row().2,
            Unit::Code(code) | Unit::Foreign(code) => code,
        }
    }

    /// The unit as text: the code, or the calendar word.
    pub fn text(&self) -> &str {
        match self {
            Unit::Calendar(unit) => unit.row().1,
            Unit::Code(code) | Unit::Foreign(code) => code,
        }
    }

    pub(crate) fn as_calendar(&self) -> Option<Calendar> {
        match self {
            Unit::Calendar(unit) => Some(*unit),
            Unit::Code(code) => Calendar::of_code(code),
            Unit::Foreign(_) => None,
        }
    }

    /// Months and years of the calendar measure nothing but themselves (`strict`), or about as
    /// much as UCUM's.
    fn measure(&self, strict: bool) -> Option<Measure> {
        match self {
            Unit::Calendar(Calendar::Month | Calendar::Year) if strict => None,
            Unit::Foreign(_) => None,
            _ => measure(self.code()),
        }
    }

    fn is_one(&self) -> bool {
        self.code() == "1"
    }
}

impl Quantity {
    /// A number of nothing in particular.
    pub(crate) fn plain(value: Decimal) -> Quantity {
        Quantity { value, unit: Unit::coded("1") }
    }

    /// Reads `4`, `4 days`, `4.5 'mg'`.
    pub fn parse(text: &str) -> Option<Quantity> {
        let text = text.trim();
        let end = text.find(|c: char| !matches!(c, '0'..='9' | '.' | '-' | '+')).unwrap_or(text.len());
        let value = Decimal::parse(&text[..end])?;
        let rest = text[end..].trim_start();
        if rest.is_empty() {
            return Some(Quantity::plain(value));
        }
        let unit = match rest.strip_prefix('\'') {
            Some(quoted) => {
                Unit::coded(quoted.strip_suffix('\'').filter(|q| !q.is_empty() && !q.contains('\''))?)
            }
            None => Unit::calendar(rest)?,
        };
        Some(Quantity { value, unit })
    }

    /// Both values on one scale, if the units have one.
    fn aligned(&self, other: &Quantity, strict: bool) -> Option<(Decimal, Decimal)> {
        if self.unit == other.unit {
            return Some((self.value, other.value));
        }
        if let (Unit::Calendar(a), Unit::Calendar(b)) = (&self.unit, &other.unit) {
            let pair = |one: &dyn Fn(Calendar) -> Option<i64>| {
                Some((self.value.times(one(*a)?.into())?, other.value.times(one(*b)?.into())?))
            };
            return pair(&Calendar::months).or_else(|| pair(&Calendar::about));
        }
        let (a, b) = (self.unit.measure(strict)?, other.unit.measure(strict)?);
        if a.dimensions != b.dimensions {
            return None;
        }
        // a/b = (a.n/a.d)/(b.n/b.d): multiply crosswise, nothing is rounded.
        let left = self.value.times(a.numerator.times(b.denominator)?.normal())?;
        let right = other.value.times(b.numerator.times(a.denominator)?.normal())?;
        Some((left, right))
    }

    /// Could the two be compared at all?
    pub(crate) fn comparable(&self, other: &Quantity) -> bool {
        self.aligned(other, true).is_some()
    }

    /// Nothing where the units do not compare.
    pub(crate) fn order(&self, other: &Quantity) -> Option<Ordering> {
        self.aligned(other, true).map(|(a, b)| a.cmp(&b))
    }

    pub(crate) fn equal(&self, other: &Quantity) -> Order {
        self.order(other).map_or(Order::Unknown, Order::Known)
    }

    /// Equal to the precision of the less precise one, in the coarser of the two units.
    pub(crate) fn equivalent(&self, other: &Quantity) -> bool {
        let Some(one) = Quantity::plain(1.into()).ratio(self, other) else { return false };
        let (coarse, fine) = if one >= 1.into() { (self, other) } else { (other, self) };
        let Some(fine) = fine.value_in(&coarse.unit, false) else { return false };
        let scale = coarse.value.normal().scale().min(fine.normal().scale());
        coarse.value.rounded(scale) == fine.rounded(scale)
    }

    /// How many of `b`'s unit make one of `a`'s.
    fn ratio(&self, a: &Quantity, b: &Quantity) -> Option<Decimal> {
        Quantity { value: self.value, unit: a.unit.clone() }.value_in(&b.unit, false)
    }

    fn value_in(&self, unit: &Unit, strict: bool) -> Option<Decimal> {
        let one = Quantity { value: 1.into(), unit: unit.clone() };
        let (value, one) = self.aligned(&one, strict)?;
        if one == 1.into() { Some(value) } else { value.over(one) }
    }

    /// The same in another unit, by its code or calendar word.
    pub(crate) fn converted(&self, unit: &str) -> Option<Quantity> {
        let unit = Unit::calendar(unit).unwrap_or_else(|| Unit::coded(unit));
        Some(Quantity { value: self.value_in(&unit, true)?, unit })
    }

    /// Sum or difference, in the finer of the two units.
    pub(crate) fn plus(&self, other: &Quantity, negative: bool) -> Option<Quantity> {
        let one = |q: &Quantity| Quantity { value: 1.into(), unit: q.unit.clone() };
        let coarse = one(self).order(&one(other))? == Ordering::Greater;
        let unit = if coarse { &other.unit } else { &self.unit };
        let (a, b) = (self.value_in(unit, true)?, other.value_in(unit, true)?);
        let b = if negative { b.negated()? } else { b };
        Some(Quantity { value: a.plus(b)?, unit: unit.clone() })
    }

    /// Product or quotient; the units are multiplied or divided with the numbers.
    pub(crate) fn times(&self, other: &Quantity, divide: bool) -> Option<Quantity> {
        let value = if divide { self.value.over(other.value)? } else { self.value.times(other.value)? };
        if other.unit.is_one() {
            return Some(Quantity { value, unit: self.unit.clone() });
        }
        if matches!(self.unit, Unit::Foreign(_)) || matches!(other.unit, Unit::Foreign(_)) {
            // What foreign units make together nobody knows; the same ones cancel out.
            let cancels = divide && self.unit == other.unit;
            return cancels.then(|| Quantity::plain(value));
        }
        let code = product(self.unit.code(), other.unit.code(), divide)?;
        Some(Quantity { value, unit: Unit::coded(&code) })
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.unit {
            Unit::Code(code) | Unit::Foreign(code) => write!(f, "{} '{code}'", self.value),
            Unit::Calendar(unit) => {
                let plural = if self.value == 1.into() { "" } else { "s" };
                write!(f, "{} {}{plural}", self.value, unit.row().1)
            }
        }
    }
}
