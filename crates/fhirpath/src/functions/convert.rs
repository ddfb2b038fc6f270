//! Conversions between simple values: `toX()` and `convertsToX()`.
//!
//! Invariant: `convertsToX()` is true exactly where `toX()` gives something. Deliberately absent:
//! conversions that lose anything silently.

use super::Run::One;
use super::{Builtin, Call, Gives, Run, Single, Takes, Wants, plain, yes_no};
use crate::decimal::Decimal;
use crate::error::Fail;
use crate::eval::Machine;
use crate::moment::{Date, DateTime, Time};
use crate::quantity::Quantity;
use crate::value::Value;

/// A conversion function and its question, from one rule.
macro_rules! conversion {
    ($to:ident, $converts:ident, $rule:ident) => {
        fn $to<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
            let Some(value) = m.single(call.input)? else { return Ok(None) };
            Ok($rule(&value))
        }

        fn $converts<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
            let Some(value) = m.single(call.input)? else { return Ok(None) };
            yes_no($rule(&value).is_some())
        }
    };
}

conversion!(to_boolean, converts_to_boolean, boolean);
conversion!(to_integer, converts_to_integer, integer);
conversion!(to_decimal, converts_to_decimal, decimal);
conversion!(to_string, converts_to_string, string);
conversion!(to_date, converts_to_date, date);
conversion!(to_date_time, converts_to_date_time, date_time);
conversion!(to_time, converts_to_time, time);

const fn to(name: &'static str, of: &'static str, run: Run) -> Builtin {
    plain(name, (0, 0), Takes::One, Gives::System(of), run)
}

const fn can(name: &'static str, run: Run) -> Builtin {
    plain(name, (0, 0), Takes::One, Gives::Truth, run)
}

pub(crate) const TABLE: &[Builtin] = &[
    to("toBoolean", "Boolean", One(to_boolean)),
    to("toInteger", "Integer", One(to_integer)),
    to("toDecimal", "Decimal", One(to_decimal)),
    to("toString", "String", One(to_string)),
    to("toDate", "Date", One(to_date)),
    to("toDateTime", "DateTime", One(to_date_time)),
    to("toTime", "Time", One(to_time)),
    plain("toQuantity", (0, 1), Takes::One, Gives::System("Quantity"), One(to_quantity))
        .wanting(&[Wants::Text]),
    can("convertsToBoolean", One(converts_to_boolean)),
    can("convertsToInteger", One(converts_to_integer)),
    can("convertsToDecimal", One(converts_to_decimal)),
    can("convertsToString", One(converts_to_string)),
    can("convertsToDate", One(converts_to_date)),
    can("convertsToDateTime", One(converts_to_date_time)),
    can("convertsToTime", One(converts_to_time)),
    plain("convertsToQuantity", (0, 1), Takes::One, Gives::Truth, One(converts_to_quantity))
        .wanting(&[Wants::Text]),
];

fn boolean<'t>(value: &Value<'t>) -> Option<Value<'t>> {
    let yes = match value {
        Value::Boolean(b) => *b,
        Value::Integer(n @ (0 | 1)) => *n == 1,
        Value::Decimal(d) if *d == Decimal::ZERO => false,
        Value::Decimal(d) if *d == 1.into() => true,
        Value::String(text) => match text.to_ascii_lowercase().as_str() {
            "true" | "t" | "yes" | "y" | "1" | "1.0" => true,
            "false" | "f" | "no" | "n" | "0" | "0.0" => false,
            _ => return None,
        },
        _ => return None,
    };
    Some(Value::Boolean(yes))
}

fn integer<'t>(value: &Value<'t>) -> Option<Value<'t>> {
    match value {
        Value::Integer(n) => Some(*n),
        Value::Boolean(b) => Some(i64::from(*b)),
        Value::String(text) => text.parse().ok(),
        _ => None,
    }
    .map(Value::Integer)
}

/// 1.0 or 0.0.
fn truth(yes: bool) -> Decimal {
    Decimal::new(if yes { 10 } else { 0 }, 1)
}

fn decimal<'t>(value: &Value<'t>) -> Option<Value<'t>> {
    match value {
        Value::Integer(n) => Some((*n).into()),
        Value::Decimal(d) => Some(*d),
        Value::Boolean(b) => Some(truth(*b)),
        Value::String(text) if !text.contains(['e', 'E']) => Decimal::parse(text),
        _ => None,
    }
    .map(Value::Decimal)
}

fn string<'t>(value: &Value<'t>) -> Option<Value<'t>> {
    match value {
        Value::Node(_) | Value::Type(_) => None,
        value => value.text().map(Value::String),
    }
}

fn date<'t>(value: &Value<'t>) -> Option<Value<'t>> {
    match value {
        Value::Date(d) => Some(*d),
        Value::DateTime(d) => Some(d.date()),
        Value::String(text) => DateTime::parse(text).map(DateTime::date).or_else(|| Date::parse(text)),
        _ => None,
    }
    .map(Value::Date)
}

fn date_time<'t>(value: &Value<'t>) -> Option<Value<'t>> {
    match value {
        Value::Date(d) => Some((*d).into()),
        Value::DateTime(d) => Some(*d),
        Value::String(text) => DateTime::parse(text),
        _ => None,
    }
    .map(Value::DateTime)
}

fn time<'t>(value: &Value<'t>) -> Option<Value<'t>> {
    match value {
        Value::Time(t) => Some(*t),
        Value::String(text) => Time::parse(text.strip_prefix('T').unwrap_or(text)),
        _ => None,
    }
    .map(Value::Time)
}

fn quantity(value: &Value<'_>) -> Option<Quantity> {
    Some(match value {
        Value::Quantity(q) => (**q).clone(),
        Value::Integer(n) => Quantity::plain((*n).into()),
        Value::Decimal(d) => Quantity::plain(*d),
        Value::Boolean(b) => Quantity::plain(truth(*b)),
        Value::String(text) => Quantity::parse(text)?,
        _ => return None,
    })
}

/// With an argument, the quantity must be comparable with that unit.
fn quantity_in<'t>(m: &Machine<'_, 't>, call: &Call<'_, 't>) -> Result<Option<Option<Quantity>>, Fail> {
    let Some(value) = m.single(call.input)? else { return Ok(None) };
    let found = quantity(&value);
    if call.args.is_empty() {
        return Ok(Some(found));
    }
    let Some(unit) = m.text_arg(call, 0)? else { return Ok(None) };
    Ok(Some(found.and_then(|q| q.converted(&unit))))
}

fn to_quantity<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    let found = quantity_in(m, &call)?.flatten();
    Ok(found.map(|q| Value::Quantity(Box::new(q))))
}

fn converts_to_quantity<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    Ok(quantity_in(m, &call)?.map(|q| Value::Boolean(q.is_some())))
}
