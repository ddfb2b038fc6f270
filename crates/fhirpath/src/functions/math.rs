//! Numbers.
//!
//! Invariant: a result that is no number (square root of -1) or too large is empty. Deliberately
//! absent: exactness of the transcendental functions, which go through binary floating point and
//! come back with fifteen digits.

use super::Run::One;
use super::{Builtin, Call, Gives, Run, Single, Takes, Wants, plain};
use crate::decimal::Decimal;
use crate::error::{Fail, wrong};
use crate::eval::Machine;
use crate::quantity::Quantity;
use crate::value::Value;

const fn number(name: &'static str, args: (u8, u8), gives: Gives, run: Run) -> Builtin {
    plain(name, args, Takes::Number, gives, run)
}

pub(crate) const TABLE: &[Builtin] = &[
    number("abs", (0, 0), Gives::Item, One(abs)),
    number("ceiling", (0, 0), Gives::Integer, One(ceiling)),
    number("floor", (0, 0), Gives::Integer, One(floor)),
    number("truncate", (0, 0), Gives::Integer, One(truncate)),
    number("round", (0, 1), Gives::Decimal, One(round)).wanting(&[Wants::Whole]),
    number("exp", (0, 0), Gives::Decimal, One(exp)),
    number("ln", (0, 0), Gives::Decimal, One(ln)),
    number("log", (1, 1), Gives::Decimal, One(log)).wanting(&[Wants::Number]),
    number("power", (1, 1), Gives::Decimal, One(power)).wanting(&[Wants::Number]),
    number("sqrt", (0, 0), Gives::Decimal, One(sqrt)),
];

fn as_decimal(value: &Value<'_>) -> Result<Decimal, Fail> {
    match value {
        Value::Integer(n) => Ok((*n).into()),
        Value::Decimal(d) => Ok(*d),
        Value::Quantity(q) => Ok(q.value),
        _ => Err(wrong("this function is for numbers")),
    }
}

/// Runs `f` on the input number, if there is one.
fn with<'t>(
    m: &Machine<'_, 't>,
    call: &Call<'_, 't>,
    f: impl FnOnce(&Value<'t>, Decimal) -> Option<Value<'t>>,
) -> Single<'t> {
    let Some(value) = m.single(call.input)? else { return Ok(None) };
    let number = as_decimal(&value)?;
    Ok(f(&value, number))
}

fn float<'t>(x: f64) -> Option<Value<'t>> {
    Decimal::from_f64(x).map(Value::Decimal)
}

fn integer<'t>(n: Option<i128>) -> Option<Value<'t>> {
    n.and_then(|n| i64::try_from(n).ok()).map(Value::Integer)
}

fn abs<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    with(m, &call, |value, number| {
        let size = if number < Decimal::ZERO { number.negated()? } else { number };
        match value {
            Value::Integer(n) => n.checked_abs().map(Value::Integer),
            Value::Quantity(q) => {
                Some(Value::Quantity(Box::new(Quantity { value: size, unit: q.unit.clone() })))
            }
            _ => Some(Value::Decimal(size)),
        }
    })
}

fn ceiling<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    with(m, &call, |_, n| integer(n.ceiling()))
}

fn floor<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    with(m, &call, |_, n| integer(n.floor()))
}

fn truncate<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    with(m, &call, |_, n| integer(n.truncated(0).map(Decimal::mantissa)))
}

fn round<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    let digits = if call.args.is_empty() { Some(0) } else { m.integer_arg(&call, 0)? };
    let digits = match digits.map(|d| u8::try_from(d).ok().filter(|d| *d <= 28)) {
        None => return Ok(None),
        Some(None) => return Err(wrong("round() takes 0 to 28 decimals")),
        Some(Some(digits)) => digits,
    };
    with(m, &call, |_, n| n.rounded(digits.min(n.scale())).map(Value::Decimal))
}

fn exp<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    with(m, &call, |_, n| float(n.to_f64().exp()))
}

fn ln<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    with(m, &call, |_, n| float(n.to_f64().ln()))
}

fn argument<'t>(m: &Machine<'_, 't>, call: &Call<'_, 't>) -> Result<Option<(Value<'t>, Decimal)>, Fail> {
    match m.single(&m.arg(call, 0)?)? {
        None => Ok(None),
        Some(value) => Ok(Some((value.clone().into_owned(), as_decimal(&value)?))),
    }
}

fn log<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    let Some((_, root)) = argument(m, &call)? else { return Ok(None) };
    with(m, &call, |_, n| float(n.to_f64().ln() / root.to_f64().ln()))
}

fn power<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    let Some((kind, exponent)) = argument(m, &call)? else { return Ok(None) };
    with(m, &call, |value, n| {
        if let (Value::Integer(n), Value::Integer(e)) = (value, &kind)
            && let Ok(e) = u32::try_from(*e)
        {
            return n.checked_pow(e).map(Value::Integer);
        }
        float(n.to_f64().powf(exponent.to_f64()))
    })
}

fn sqrt<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    with(m, &call, |_, n| float(n.to_f64().sqrt()))
}
