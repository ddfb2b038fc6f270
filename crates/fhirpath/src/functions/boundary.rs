//! Precision: how exactly a value is known, and between which bounds it lies.
//!
//! Invariant: bounds of a number are half a unit of its last decimal away. Deliberately absent:
//! bounds of whole elements.

use super::Run::One;
use super::{Builtin, Call, Gives, Single, Takes, Wants, plain, yes_no};
use crate::decimal::{Decimal, MAX_SCALE};
use crate::error::wrong;
use crate::eval::Machine;
use crate::quantity::Quantity;
use crate::value::Value;

pub(crate) const TABLE: &[Builtin] = &[
    plain("lowBoundary", (0, 1), Takes::One, Gives::Item, One(low)).wanting(&[Wants::Whole]),
    plain("highBoundary", (0, 1), Takes::One, Gives::Item, One(high)).wanting(&[Wants::Whole]),
    plain("precision", (0, 0), Takes::One, Gives::Integer, One(precision)),
    plain("comparable", (1, 1), Takes::One, Gives::Truth, One(comparable)).wanting(&[Wants::One]),
];

fn low<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    boundary(m, &call, false)
}

fn high<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    boundary(m, &call, true)
}

fn boundary<'t>(m: &Machine<'_, 't>, call: &Call<'_, 't>, high: bool) -> Single<'t> {
    let Some(value) = m.single(call.input)? else { return Ok(None) };
    let digits = match call.args.is_empty() {
        true => None,
        false => match m.integer_arg(call, 0)? {
            None => return Ok(None),
            some => some,
        },
    };
    let bound = match &*value {
        Value::Integer(n) => number((*n).into(), digits, high).map(Value::Decimal),
        Value::Decimal(d) => number(*d, digits, high).map(Value::Decimal),
        Value::Quantity(q) => number(q.value, digits, high)
            .map(|value| Value::Quantity(Box::new(Quantity { value, unit: q.unit.clone() }))),
        Value::Date(d) => d.boundary(high, digits.unwrap_or(8)).map(Value::Date),
        Value::DateTime(d) => match digits.unwrap_or(17) {
            n @ ..=8 => d.date().boundary(high, n).map(Value::Date),
            n => d.boundary(high, n).map(Value::DateTime),
        },
        Value::Time(t) => t.boundary(high, digits.unwrap_or(9)).map(Value::Time),
        _ => return Err(wrong("values of this kind have no boundaries")),
    };
    Ok(bound)
}

/// Half a unit of the last decimal up or down, to so many decimals (8 unless told). Where decimals
/// are lost, the official suite cuts those towards zero that lie on zero's side, and rounds the
/// others.
fn number(value: Decimal, digits: Option<i64>, high: bool) -> Option<Decimal> {
    let digits = u8::try_from(digits.unwrap_or(8)).ok().filter(|d| *d <= MAX_SCALE)?;
    let half = Decimal::new(5, value.scale().checked_add(1).filter(|s| *s <= MAX_SCALE)?);
    let exact = if high { value.plus(half)? } else { value.minus(half)? };
    let outward = high == (exact > Decimal::ZERO);
    if outward { exact.rounded(digits) } else { exact.truncated(digits) }
}

fn precision<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    let Some(value) = m.single(call.input)? else { return Ok(None) };
    let digits = match &*value {
        Value::Integer(_) => 0,
        Value::Decimal(d) => i64::from(d.scale()),
        Value::Date(d) => d.precision(),
        Value::DateTime(d) => d.precision(),
        Value::Time(t) => t.precision(),
        _ => return Err(wrong("values of this kind have no precision")),
    };
    Ok(Some(Value::Integer(digits)))
}

fn comparable<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    let other = m.arg(&call, 0)?;
    match (m.single(call.input)?.as_deref(), m.single(&other)?.as_deref()) {
        (Some(Value::Quantity(a)), Some(Value::Quantity(b))) => yes_no(a.comparable(b)),
        (Some(_), Some(_)) => Err(wrong("comparable() is for quantities")),
        _ => Ok(None),
    }
}
