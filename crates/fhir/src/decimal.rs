//! Exact decimal numbers, as FHIR writes them: `1.50` keeps its two decimals.
//!
//! A number is `mantissa / 10^scale`. Invariant: `scale <= 28`; every operation either gives the
//! exact result (division and products beyond 28 decimals: rounded half away from zero) or nothing
//! at all, which FHIRPath calls empty. Deliberately absent: infinities, NaN, binary floating point
//! in anything but the transcendental functions.

use std::cmp::Ordering;
use std::fmt;

/// Most decimals a number may have (FHIRPath asks for 28 digits).
pub const MAX_SCALE: u8 = 28;
/// Decimals kept by a division that does not come out even.
const QUOTIENT_SCALE: i32 = 20;

/// An exact decimal number. Equality and order are by value: `1.0 == 1.00`.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    // Two halves instead of one i128: keeps the alignment, and with it `Value`, small.
    high: i64,
    low: u64,
    scale: u8,
}

fn power_of_ten(exponent: u32) -> Option<i128> {
    10i128.checked_pow(exponent)
}

/// `n / d` rounded half away from zero. `d` is not zero.
fn divide_rounded(n: i128, d: i128) -> Option<i128> {
    let q = n.checked_div(d)?;
    let r = n.checked_rem(d)?;
    if r.unsigned_abs() >= d.unsigned_abs() - r.unsigned_abs() {
        q.checked_add(if (n < 0) == (d < 0) { 1 } else { -1 })
    } else {
        Some(q)
    }
}

impl Decimal {
    /// Zero, without decimals.
    pub const ZERO: Decimal = Decimal { high: 0, low: 0, scale: 0 };

    /// `mantissa / 10^scale`; a scale beyond [`MAX_SCALE`] is taken for it.
    #[inline]
    pub fn new(mantissa: i128, scale: u8) -> Decimal {
        let scale = if scale > MAX_SCALE { MAX_SCALE } else { scale };
        Decimal { high: (mantissa >> 64) as i64, low: mantissa as u64, scale }
    }

    /// The number without its point.
    #[inline]
    pub fn mantissa(self) -> i128 {
        (i128::from(self.high) << 64) | i128::from(self.low)
    }

    /// How many decimals the number is written with.
    #[inline]
    pub fn scale(self) -> u8 {
        self.scale
    }

    /// Reads `-12.50`, `3e-4`. Nothing if it is no number or too large to be kept exactly.
    pub fn parse(text: &str) -> Option<Decimal> {
        let (negative, digits) = match text.as_bytes().first()? {
            b'-' => (true, &text[1..]),
            b'+' => (false, &text[1..]),
            _ => (false, text),
        };
        let (digits, exponent) = match digits.find(['e', 'E']) {
            Some(at) => (&digits[..at], digits[at + 1..].parse::<i32>().ok()?),
            None => (digits, 0),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        if whole.is_empty() || (fraction.is_empty() && digits.contains('.')) {
            return None;
        }
        let mut mantissa: i128 = 0;
        for b in whole.bytes().chain(fraction.bytes()) {
            let digit = (b as char).to_digit(10)?;
            mantissa = mantissa.checked_mul(10)?.checked_add(i128::from(digit))?;
        }
        let mantissa = if negative { -mantissa } else { mantissa };
        let scale = i64::try_from(fraction.len()).ok()? - i64::from(exponent);
        Decimal::scaled(mantissa, scale)
    }

    fn scaled(mantissa: i128, scale: i64) -> Option<Decimal> {
        if scale < 0 {
            let up = power_of_ten(u32::try_from(-scale).ok()?)?;
            return Some(Decimal::new(mantissa.checked_mul(up)?, 0));
        }
        if scale <= i64::from(MAX_SCALE) {
            return Some(Decimal::new(mantissa, scale as u8));
        }
        let by = u32::try_from(scale - i64::from(MAX_SCALE)).ok()?;
        let mantissa = match power_of_ten(by) {
            Some(down) => divide_rounded(mantissa, down)?,
            None => 0,
        };
        Some(Decimal::new(mantissa, MAX_SCALE))
    }

    /// Mantissas of both at the larger scale.
    #[inline]
    fn aligned(self, other: Decimal) -> Option<(i128, i128, u8)> {
        let scale = self.scale.max(other.scale);
        Some((self.at_scale(scale)?, other.at_scale(scale)?, scale))
    }

    /// The mantissa at a scale not below its own.
    #[inline]
    fn at_scale(self, scale: u8) -> Option<i128> {
        let by = u32::from(scale.checked_sub(self.scale)?);
        self.mantissa().checked_mul(power_of_ten(by)?)
    }

    /// Sum.
    #[inline]
    pub fn plus(self, other: Decimal) -> Option<Decimal> {
        let (a, b, scale) = self.aligned(other)?;
        Some(Decimal::new(a.checked_add(b)?, scale))
    }

    /// Difference.
    #[inline]
    pub fn minus(self, other: Decimal) -> Option<Decimal> {
        self.plus(other.negated()?)
    }

    /// Product.
    #[inline]
    pub fn times(self, other: Decimal) -> Option<Decimal> {
        let scale = i64::from(self.scale) + i64::from(other.scale);
        if let Some(m) = self.mantissa().checked_mul(other.mantissa()) {
            return Decimal::scaled(m, scale);
        }
        let (a, b) = (self.normal(), other.normal());
        let m = a.mantissa().checked_mul(b.mantissa())?;
        Decimal::scaled(m, i64::from(a.scale) + i64::from(b.scale))
    }

    /// Quotient; nothing for division by zero.
    pub fn over(self, other: Decimal) -> Option<Decimal> {
        let divisor = other.mantissa();
        if divisor == 0 {
            return None;
        }
        let mut target = QUOTIENT_SCALE;
        while target >= 0 {
            let shift = target + i32::from(other.scale) - i32::from(self.scale);
            let parts = match u32::try_from(shift) {
                Ok(up) => power_of_ten(up).and_then(|p| self.mantissa().checked_mul(p)).map(|n| (n, divisor)),
                Err(_) => power_of_ten(shift.unsigned_abs())
                    .and_then(|p| divisor.checked_mul(p))
                    .map(|d| (self.mantissa(), d)),
            };
            if let Some((n, d)) = parts {
                return Some(Decimal::new(divide_rounded(n, d)?, target as u8).normal());
            }
            target -= 1;
        }
        None
    }

    /// Whole part of the quotient, towards zero.
    pub fn whole_over(self, other: Decimal) -> Option<i128> {
        let (a, b, _) = self.aligned(other)?;
        a.checked_div(b)
    }

    /// What [`Decimal::whole_over`] leaves over.
    pub fn remainder(self, other: Decimal) -> Option<Decimal> {
        let (a, b, scale) = self.aligned(other)?;
        Some(Decimal::new(a.checked_rem(b)?, scale))
    }

    /// The number with the other sign.
    pub fn negated(self) -> Option<Decimal> {
        Some(Decimal::new(self.mantissa().checked_neg()?, self.scale))
    }

    /// Without trailing zeros after the point.
    pub fn normal(self) -> Decimal {
        let (mut m, mut scale) = (self.mantissa(), self.scale);
        while scale > 0 && m % 10 == 0 {
            m /= 10;
            scale -= 1;
        }
        Decimal::new(m, scale)
    }

    /// Rounded half away from zero to `scale` decimals; zeros are added where there are fewer.
    pub fn rounded(self, scale: u8) -> Option<Decimal> {
        if scale >= self.scale {
            return Some(Decimal::new(self.at_scale(scale)?, scale));
        }
        let down = power_of_ten(u32::from(self.scale - scale))?;
        Some(Decimal::new(divide_rounded(self.mantissa(), down)?, scale))
    }

    /// Cut off after `scale` decimals.
    pub fn truncated(self, scale: u8) -> Option<Decimal> {
        if scale >= self.scale {
            return self.rounded(scale);
        }
        let down = power_of_ten(u32::from(self.scale - scale))?;
        Some(Decimal::new(self.mantissa() / down, scale))
    }

    /// Largest whole number not above it.
    pub fn floor(self) -> Option<i128> {
        let whole = self.truncated(0)?.mantissa();
        Some(if self < Decimal::new(whole, 0) { whole - 1 } else { whole })
    }

    /// Smallest whole number not below it.
    pub fn ceiling(self) -> Option<i128> {
        let whole = self.truncated(0)?.mantissa();
        Some(if self > Decimal::new(whole, 0) { whole + 1 } else { whole })
    }

    /// The nearest binary floating point number.
    pub fn to_f64(self) -> f64 {
        self.mantissa() as f64 / 10f64.powi(i32::from(self.scale))
    }

    /// The shortest decimal that reads back as `x`, within fifteen significant digits.
    pub fn from_f64(x: f64) -> Option<Decimal> {
        if !x.is_finite() {
            return None;
        }
        Decimal::parse(&format!("{x:.14e}")).map(Decimal::normal)
    }

    /// True if there is nothing (but zeros) after the point.
    pub fn is_whole(self) -> bool {
        self.normal().scale == 0
    }
}

impl From<i64> for Decimal {
    fn from(n: i64) -> Decimal {
        Decimal::new(i128::from(n), 0)
    }
}

impl Ord for Decimal {
    #[inline]
    fn cmp(&self, other: &Decimal) -> Ordering {
        if self.scale == other.scale {
            return self.mantissa().cmp(&other.mantissa());
        }
        // Whole parts first, then the fractions at 28 decimals: neither can overflow.
        let split = |d: &Decimal| {
            let unit = power_of_ten(u32::from(d.scale)).unwrap_or(1);
            let up = power_of_ten(u32::from(MAX_SCALE - d.scale)).unwrap_or(1);
            (d.mantissa() / unit, (d.mantissa() % unit) * up)
        };
        split(self).cmp(&split(other))
    }
}

impl PartialOrd for Decimal {
    #[inline]
    fn partial_cmp(&self, other: &Decimal) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Decimal {
    #[inline]
    fn eq(&self, other: &Decimal) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mantissa = self.mantissa();
        let sign = if mantissa < 0 { "-" } else { "" };
        let digits = mantissa.unsigned_abs().to_string();
        let scale = usize::from(self.scale);
        if scale == 0 {
            return write!(f, "{sign}{digits}");
        }
        let digits = format!("{digits:0>width$}", width = scale + 1);
        let (whole, fraction) = digits.split_at(digits.len() - scale);
        write!(f, "{sign}{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic)]
    use super::*;

    fn d(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn keeps_what_was_written() {
        for text in ["0", "-0.50", "1.500", "1234567890987654321.0", "0.00000001"] {
            assert_eq!(d(text).to_string(), text);
        }
        assert_eq!(d("1.5e3").to_string(), "1500");
        assert_eq!(d("15e-3").to_string(), "0.015");
        assert!(Decimal::parse("1.").is_none() && Decimal::parse("1e400").is_none());
    }

    #[test]
    fn calculates_exactly() {
        assert_eq!(d("1.8").minus(d("1.2")), Some(d("0.6")));
        assert_eq!(d("1").over(d("2")), Some(d("0.5")));
        assert_eq!(d("1.2").over(d("1.8")).unwrap().rounded(2), Some(d("0.67")));
        assert_eq!(d("2.2").remainder(d("1.8")), Some(d("0.4")));
        assert_eq!(d("-2.1").floor(), Some(-3));
        assert_eq!(d("-1.1").ceiling(), Some(-1));
        assert!(d("1").over(Decimal::ZERO).is_none());
        assert!(d("170141183460469231731687303715884105727") > d("0.0000000000000000000000000001"));
    }
}
