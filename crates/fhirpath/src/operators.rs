//! The operators between two collections, and the sign before one.
//!
//! Invariant: where one side of arithmetic or an order is empty the result is; division by zero and
//! results too large to be exact are empty; kinds that do not go together are an error. Deliberately
//! absent: the boolean operators' short cuts, which the evaluator takes before evaluating the right
//! side.

use crate::ast::Op;
use crate::compare::Seen;
use crate::decimal::Decimal;
use crate::error::{Fail, Reason, fail, wrong};
use crate::eval::Machine;
use crate::moment_math::whole_steps;
use crate::quantity::{Calendar, Quantity};
use crate::value::{Coll, Item, Value};
use std::cmp::Ordering;

/// Three-valued logic.
pub(crate) fn logic(op: Op, left: Option<bool>, right: Option<bool>) -> Option<bool> {
    match op {
        Op::And => match (left, right) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            (Some(true), Some(true)) => Some(true),
            _ => None,
        },
        Op::Or => match (left, right) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), Some(false)) => Some(false),
            _ => None,
        },
        Op::Xor => Some(left? != right?),
        _ => match (left, right) {
            (Some(false), _) | (_, Some(true)) => Some(true),
            (Some(true), r) => r,
            (None, _) => None,
        },
    }
}

impl<'t> Machine<'_, 't> {
    /// Equality, equivalence and order.
    pub(crate) fn compare(
        &self,
        op: Op,
        left: &[Value<'t>],
        right: &[Value<'t>],
    ) -> Result<Option<bool>, Fail> {
        Ok(match op {
            Op::Equal => self.equal_all(left, right)?,
            Op::NotEqual => self.equal_all(left, right)?.map(|e| !e),
            Op::Equivalent => Some(self.equivalent_all(left, right)?),
            Op::NotEquivalent => Some(!self.equivalent_all(left, right)?),
            Op::Less => self.ordered(left, right, |o| o == Ordering::Less)?,
            Op::LessOrEqual => self.ordered(left, right, |o| o != Ordering::Greater)?,
            Op::Greater => self.ordered(left, right, |o| o == Ordering::Greater)?,
            _ => self.ordered(left, right, |o| o != Ordering::Less)?,
        })
    }

    /// Arithmetic and joining.
    pub(crate) fn calculate(
        &self,
        op: Op,
        left: &[Value<'t>],
        right: &[Value<'t>],
    ) -> Result<Option<Value<'t>>, Fail> {
        if op == Op::Concatenate {
            return self.concatenate(left, right);
        }
        match (self.single(left)?, self.single(right)?) {
            (Some(a), Some(b)) => {
                if let (Value::String(a), Value::String(b)) = (&*a, &*b) {
                    // Sums of strings can double with every step.
                    self.build(a.len() + b.len())?;
                }
                arithmetic(op, &a, &b)
            }
            _ => Ok(None),
        }
    }

    pub(crate) fn union(&self, left: &[Value<'t>], right: &[Value<'t>]) -> Result<Coll<'t>, Fail> {
        let (mut out, mut seen) = (Coll::new(), Seen::default());
        self.merge(&mut seen, &mut out, left)?;
        self.merge(&mut seen, &mut out, right)?;
        Ok(out)
    }

    fn ordered(
        &self,
        left: &[Value<'t>],
        right: &[Value<'t>],
        holds: impl Fn(Ordering) -> bool,
    ) -> Result<Option<bool>, Fail> {
        match (left, right) {
            ([], _) | (_, []) => Ok(None),
            ([a], [b]) => Ok(self.order(a, b)?.map(holds)),
            _ => Err(fail(Reason::Several)),
        }
    }

    fn concatenate(&self, left: &[Value<'t>], right: &[Value<'t>]) -> Result<Option<Value<'t>>, Fail> {
        let (left, right) = (self.single(left)?, self.single(right)?);
        fn text<'v>(item: &'v Option<Item<'_, '_>>) -> Result<&'v str, Fail> {
            match item.as_deref() {
                None => Ok(""),
                Some(Value::String(text)) => Ok(text),
                Some(_) => Err(wrong("& joins Strings only")),
            }
        }
        let (left, right) = (text(&left)?, text(&right)?);
        self.build(left.len() + right.len())?;
        Ok(Some(Value::owned([left, right].concat())))
    }

    /// `+` or `-` before a single number.
    pub(crate) fn signed(&self, negative: bool, items: &[Value<'t>]) -> Result<Option<Value<'t>>, Fail> {
        let Some(value) = self.single(items)? else { return Ok(None) };
        let value = match &*value {
            Value::Integer(n) if negative => n.checked_neg().map(Value::Integer),
            Value::Decimal(d) if negative => d.negated().map(Value::Decimal),
            Value::Quantity(q) if negative => q
                .value
                .negated()
                .map(|value| Value::Quantity(Box::new(Quantity { value, unit: q.unit.clone() }))),
            v @ (Value::Integer(_) | Value::Decimal(_) | Value::Quantity(_)) => Some(v.clone()),
            _ => return Err(wrong("only numbers and quantities have a sign")),
        };
        Ok(value)
    }
}

fn arithmetic<'t>(op: Op, a: &Value<'t>, b: &Value<'t>) -> Result<Option<Value<'t>>, Fail> {
    use Value as V;
    Ok(match (a, b) {
        (V::Integer(a), V::Integer(b)) => whole(op, *a, *b),
        (V::Integer(a), V::Decimal(b)) => decimal(op, (*a).into(), *b),
        (V::Decimal(a), V::Integer(b)) => decimal(op, *a, (*b).into()),
        (V::Decimal(a), V::Decimal(b)) => decimal(op, *a, *b),
        (V::String(a), V::String(b)) if op == Op::Plus => Some(V::owned(format!("{a}{b}"))),
        (V::Quantity(a), V::Quantity(b)) => quantity(op, a, b)?,
        (V::Quantity(a), V::Integer(n)) => quantity(op, a, &Quantity::plain((*n).into()))?,
        (V::Quantity(a), V::Decimal(n)) => quantity(op, a, &Quantity::plain(*n))?,
        (V::Integer(n), V::Quantity(b)) => quantity(op, &Quantity::plain((*n).into()), b)?,
        (V::Decimal(n), V::Quantity(b)) => quantity(op, &Quantity::plain(*n), b)?,
        (V::Date(_) | V::DateTime(_) | V::Time(_), V::Quantity(q)) => moved(op, a, q)?,
        _ => return Err(wrong("this arithmetic is not defined for values of these kinds")),
    })
}

fn whole<'t>(op: Op, a: i64, b: i64) -> Option<Value<'t>> {
    match op {
        Op::Plus => a.checked_add(b),
        Op::Minus => a.checked_sub(b),
        Op::Times => a.checked_mul(b),
        Op::Div => a.checked_div(b),
        Op::Mod => a.checked_rem(b),
        _ => return decimal(op, a.into(), b.into()),
    }
    .map(Value::Integer)
}

fn decimal<'t>(op: Op, a: Decimal, b: Decimal) -> Option<Value<'t>> {
    match op {
        Op::Plus => a.plus(b),
        Op::Minus => a.minus(b),
        Op::Times => a.times(b),
        Op::Divide => a.over(b),
        Op::Mod => a.remainder(b),
        _ => return a.whole_over(b).and_then(|n| i64::try_from(n).ok()).map(Value::Integer),
    }
    .map(Value::Decimal)
}

fn quantity<'t>(op: Op, a: &Quantity, b: &Quantity) -> Result<Option<Value<'t>>, Fail> {
    let result = match op {
        Op::Plus => a.plus(b, false),
        Op::Minus => a.plus(b, true),
        Op::Times => a.times(b, false),
        Op::Divide => a.times(b, true),
        _ => return Err(wrong("div and mod are not defined for quantities")),
    };
    Ok(result.map(|q| Value::Quantity(Box::new(q))))
}

/// A date or time plus or minus an amount of calendar time.
fn moved<'t>(op: Op, from: &Value<'t>, by: &Quantity) -> Result<Option<Value<'t>>, Fail> {
    let unit = by.unit.as_calendar();
    let unit = unit.ok_or_else(|| wrong("dates and times move by calendar units only"))?;
    let amount = match op {
        Op::Plus => Some(by.value),
        Op::Minus => by.value.negated(),
        _ => return Err(wrong("dates and times can only be added to or subtracted from")),
    };
    let Some((amount, unit)) = amount.and_then(|a| whole_steps(a, unit)) else { return Err(outside()) };
    Ok(match from {
        Value::Date(_) if unit < Calendar::Day => {
            return Err(wrong("a date moves by years, months, weeks and days"));
        }
        Value::Date(d) => Some(Value::Date(d.plus(amount, unit).ok_or_else(outside)?)),
        Value::DateTime(d) => Some(Value::DateTime(d.plus(amount, unit).ok_or_else(outside)?)),
        Value::Time(_) if unit >= Calendar::Day => {
            return Err(wrong("a time of day does not move by days"));
        }
        Value::Time(t) => t.plus(amount, unit).map(Value::Time),
        _ => None,
    })
}

fn outside() -> Fail {
    wrong("the result would lie outside the years 1 to 9999")
}
