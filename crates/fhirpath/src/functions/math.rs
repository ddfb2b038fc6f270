//! Numbers.
//!
//! Invariant: a result that is no number (square root of -1) or too large is empty. Deliberately
//! absent: exactness of the transcendental functions, which go through binary floating point and
//! come back with fifteen digits.

use super::{Builtin, Call, Gives, Takes, plain};
use crate::decimal::Decimal;
use crate::error::EvalError;
use crate::eval::{Machine, Outcome};
use crate::quantity::Quantity;
use crate::value::{Coll, Value};

const fn number(name: &'static str, args: (u8, u8), gives: Gives, run: super::Run) -> Builtin {
    plain(name, args, Takes::Number, gives, run)
}

pub(crate) const TABLE: &[Builtin] = &[
    number("abs", (0, 0), Gives::Item, abs),
    number("ceiling", (0, 0), Gives::Integer, ceiling),
    number("floor", (0, 0), Gives::Integer, floor),
    number("truncate", (0, 0), Gives::Integer, truncate),
    number("round", (0, 1), Gives::Decimal, round),
    number("exp", (0, 0), Gives::Decimal, exp),
    number("ln", (0, 0), Gives::Decimal, ln),
    number("log", (1, 1), Gives::Decimal, log),
    number("power", (1, 1), Gives::Decimal, power),
    number("sqrt", (0, 0), Gives::Decimal, sqrt),
];

fn as_decimal(value: &Value<'_>) -> Result<Decimal, EvalError> {
    match value {
        Value::Integer(n) => Ok((*n).into()),
        Value::Decimal(d) => Ok(*d),
        Value::Quantity(q) => Ok(q.value),
        _ => Err(EvalError::wrong("this function is for numbers")),
    }
}

/// Runs `f` on the input number, if there is one.
fn with<'t>(
    m: &Machine<'_, 't>,
    call: &Call<'_, 't>,
    f: impl FnOnce(&Value<'t>, Decimal) -> Option<Value<'t>>,
) -> Outcome<'t> {
    let Some(value) = m.single(call.input)? else { return Ok(Coll::new()) };
    let number = as_decimal(&value)?;
    Ok(f(&value, number).into_iter().collect())
}

fn float<'t>(x: f64) -> Option<Value<'t>> {
    Decimal::from_f64(x).map(Value::Decimal)
}

fn integer<'t>(n: Option<i128>) -> Option<Value<'t>> {
    n.and_then(|n| i64::try_from(n).ok()).map(Value::Integer)
}

fn abs<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
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

fn ceiling<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    with(m, &call, |_, n| integer(n.ceiling()))
}

fn floor<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    with(m, &call, |_, n| integer(n.floor()))
}

fn truncate<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    with(m, &call, |_, n| integer(n.truncated(0).map(Decimal::mantissa)))
}

fn round<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let digits = if call.args.is_empty() { Some(0) } else { m.integer_arg(&call, 0)? };
    let digits = match digits.map(|d| u8::try_from(d).ok().filter(|d| *d <= 28)) {
        None => return Ok(Coll::new()),
        Some(None) => return Err(EvalError::wrong("round() takes 0 to 28 decimals")),
        Some(Some(digits)) => digits,
    };
    with(m, &call, |_, n| n.rounded(digits.min(n.scale())).map(Value::Decimal))
}

fn exp<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    with(m, &call, |_, n| float(n.to_f64().exp()))
}

fn ln<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    with(m, &call, |_, n| float(n.to_f64().ln()))
}

fn argument<'t>(m: &Machine<'_, 't>, call: &Call<'_, 't>) -> Result<Option<(Value<'t>, Decimal)>, EvalError> {
    match m.single(&m.arg(call, 0)?)? {
        None => Ok(None),
        Some(value) => Ok(Some((value.clone().into_owned(), as_decimal(&value)?))),
    }
}

fn log<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let Some((_, root)) = argument(m, &call)? else { return Ok(Coll::new()) };
    with(m, &call, |_, n| float(n.to_f64().ln() / root.to_f64().ln()))
}

fn power<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let Some((kind, exponent)) = argument(m, &call)? else { return Ok(Coll::new()) };
    with(m, &call, |value, n| {
        if let (Value::Integer(n), Value::Integer(e)) = (value, &kind)
            && let Ok(e) = u32::try_from(*e)
        {
            return n.checked_pow(e).map(Value::Integer);
        }
        float(n.to_f64().powf(exponent.to_f64()))
    })
}

fn sqrt<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    with(m, &call, |_, n| float(n.to_f64().sqrt()))
}
