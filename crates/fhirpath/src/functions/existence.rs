//! Questions about a whole collection.
//!
//! Invariant: these answer for the empty collection too. Deliberately absent: nothing that changes
//! items.

use super::{Builtin, Call, Gives, Takes, lambda, plain, yes_no};
use crate::compare::Seen;
use crate::error::EvalError;
use crate::eval::{Machine, Outcome};
use crate::value::{Coll, Value};
use smallvec::smallvec;

pub(crate) const TABLE: &[Builtin] = &[
    plain("empty", (0, 0), Takes::Any, Gives::Truth, empty),
    lambda("exists", (0, 1), Gives::Truth, exists),
    lambda("all", (1, 1), Gives::Truth, all),
    plain("allTrue", (0, 0), Takes::Truth, Gives::Truth, all_true),
    plain("anyTrue", (0, 0), Takes::Truth, Gives::Truth, any_true),
    plain("allFalse", (0, 0), Takes::Truth, Gives::Truth, all_false),
    plain("anyFalse", (0, 0), Takes::Truth, Gives::Truth, any_false),
    plain("subsetOf", (1, 1), Takes::Any, Gives::Truth, subset_of),
    plain("supersetOf", (1, 1), Takes::Any, Gives::Truth, superset_of),
    plain("count", (0, 0), Takes::Any, Gives::Integer, count),
    plain("distinct", (0, 0), Takes::Any, Gives::Input, distinct),
    plain("isDistinct", (0, 0), Takes::Any, Gives::Truth, is_distinct),
    plain("not", (0, 0), Takes::Any, Gives::Truth, not),
    plain("hasValue", (0, 0), Takes::Any, Gives::Truth, has_value),
];

fn empty<'t>(_: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    Ok(yes_no(call.input.is_empty()))
}

fn exists<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let Some(&criterion) = call.args.first() else {
        return Ok(yes_no(!call.input.is_empty()));
    };
    for (i, item) in call.input.iter().enumerate() {
        if m.test(criterion, call.frame.item(item, i))? == Some(true) {
            return Ok(yes_no(true));
        }
    }
    Ok(yes_no(false))
}

fn all<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    for (i, item) in call.input.iter().enumerate() {
        if m.test(call.args[0], call.frame.item(item, i))? != Some(true) {
            return Ok(yes_no(false));
        }
    }
    Ok(yes_no(true))
}

/// Do all items (`every`), or does any, have this truth value?
fn truths<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>, wanted: bool, every: bool) -> Outcome<'t> {
    let mut answer = every;
    for item in call.input {
        m.step(1)?;
        let Value::Boolean(b) = *m.simple(item) else {
            return Err(EvalError::wrong("only Booleans can be asked this"));
        };
        if every {
            answer &= b == wanted;
        } else {
            answer |= b == wanted;
        }
    }
    Ok(yes_no(answer))
}

fn all_true<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    truths(m, call, true, true)
}

fn any_true<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    truths(m, call, true, false)
}

fn all_false<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    truths(m, call, false, true)
}

fn any_false<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    truths(m, call, false, false)
}

fn within<'t>(m: &Machine<'_, 't>, part: &[Value<'t>], whole: &[Value<'t>]) -> Outcome<'t> {
    for item in part {
        if !m.contains(whole, item)? {
            return Ok(yes_no(false));
        }
    }
    Ok(yes_no(true))
}

fn subset_of<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    within(m, call.input, &m.arg(&call, 0)?)
}

fn superset_of<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    within(m, &m.arg(&call, 0)?, call.input)
}

fn count<'t>(_: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    Ok(smallvec![Value::Integer(call.input.len() as i64)])
}

fn distinct<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let mut out = Coll::new();
    m.merge(&mut Seen::default(), &mut out, call.input)?;
    Ok(out)
}

fn is_distinct<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    Ok(yes_no(distinct(m, call)?.len() == call.input.len()))
}

fn not<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let truth = m.scope.model.truth(call.input)?;
    Ok(truth.into_iter().map(|t| Value::Boolean(!t)).collect())
}

fn has_value<'t>(_: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    Ok(yes_no(match call.input {
        [Value::Node(node)] => node.text().is_some(),
        [_] => true,
        _ => false,
    }))
}
