//! Questions about a whole collection.
//!
//! Invariant: these answer for the empty collection too, and listen no longer than it takes to know
//! the answer. Deliberately absent: anything that changes items.

use super::Run::{Asks, Folds, One, Whole};
use super::{
    Answer, Builtin, Call, Gives, Outcome, Single, Source, Takes, Wants, integer, lambda, plain, yes_no,
};
use crate::compare::Seen;
use crate::error::{Fail, Stop, ended, wrong};
use crate::eval::Machine;
use crate::value::{Coll, Value};

pub(crate) const TABLE: &[Builtin] = &[
    plain("empty", (0, 0), Takes::Any, Gives::Truth, Asks(empty)),
    lambda("exists", (0, 1), Gives::Truth, Asks(exists)).wanting(&[Wants::Truth]),
    lambda("all", (1, 1), Gives::Truth, Asks(all)).wanting(&[Wants::Truth]),
    plain("allTrue", (0, 0), Takes::Truth, Gives::Truth, Asks(all_true)),
    plain("anyTrue", (0, 0), Takes::Truth, Gives::Truth, Asks(any_true)),
    plain("allFalse", (0, 0), Takes::Truth, Gives::Truth, Asks(all_false)),
    plain("anyFalse", (0, 0), Takes::Truth, Gives::Truth, Asks(any_false)),
    plain("subsetOf", (1, 1), Takes::Any, Gives::Truth, One(subset_of)),
    plain("supersetOf", (1, 1), Takes::Any, Gives::Truth, One(superset_of)),
    plain("count", (0, 0), Takes::Any, Gives::Integer, Folds(count)),
    plain("distinct", (0, 0), Takes::Any, Gives::Input, Whole(distinct)),
    plain("isDistinct", (0, 0), Takes::Any, Gives::Truth, One(is_distinct)),
    plain("not", (0, 0), Takes::One, Gives::Truth, Asks(not)),
    plain("hasValue", (0, 0), Takes::Any, Gives::Truth, Asks(has_value)),
];

/// Is there an item for which the first argument is true; without one, any item?
fn any<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>) -> Result<bool, Fail> {
    let (mut found, mut index) = (false, 0);
    let Some(&criterion) = source.args.first() else {
        ended(m.each_loosely(source.input, source.frame, &mut |_| {
            found = true;
            Err(Stop::Enough)
        }))?;
        return Ok(found);
    };
    ended(source.each(m, &mut |item| {
        found = m.test(criterion, &source.frame.item(&item, index))? == Some(true);
        index += 1;
        if found { Err(Stop::Enough) } else { Ok(()) }
    }))?;
    Ok(found)
}

fn empty<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>) -> Answer {
    Ok(Some(!any(m, source)?))
}

fn exists<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>) -> Answer {
    Ok(Some(any(m, source)?))
}

fn all<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>) -> Answer {
    let (mut all, mut index) = (true, 0);
    ended(source.each(m, &mut |item| {
        all = m.test(source.args[0], &source.frame.item(&item, index))? == Some(true);
        index += 1;
        if all { Ok(()) } else { Err(Stop::Enough) }
    }))?;
    Ok(Some(all))
}

/// Do all items (`every`), or does any, have this truth value?
fn truths<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>, wanted: bool, every: bool) -> Answer {
    let mut answer = every;
    ended(source.each(m, &mut |item| {
        let Value::Boolean(truth) = *m.simple(&item) else {
            return Err(wrong("only Booleans can be asked this").into());
        };
        match every {
            true => answer &= truth == wanted,
            false => answer |= truth == wanted,
        }
        Ok(())
    }))?;
    Ok(Some(answer))
}

fn all_true<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>) -> Answer {
    truths(m, source, true, true)
}

fn any_true<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>) -> Answer {
    truths(m, source, true, false)
}

fn all_false<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>) -> Answer {
    truths(m, source, false, true)
}

fn any_false<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>) -> Answer {
    truths(m, source, false, false)
}

fn within<'t>(m: &Machine<'_, 't>, part: &[Value<'t>], whole: &[Value<'t>]) -> Single<'t> {
    for item in part {
        if !m.contains(whole, item)? {
            return yes_no(false);
        }
    }
    yes_no(true)
}

fn subset_of<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    within(m, call.input, &m.arg(&call, 0)?)
}

fn superset_of<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    within(m, &m.arg(&call, 0)?, call.input)
}

fn count<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>) -> Single<'t> {
    let mut count = 0;
    ended(source.each(m, &mut |_| {
        count += 1;
        Ok(())
    }))?;
    integer(count)
}

fn distinct<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let mut out = Coll::new();
    m.merge(&mut Seen::default(), &mut out, call.input)?;
    Ok(out)
}

fn is_distinct<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    yes_no(distinct(m, call)?.len() == call.input.len())
}

fn not<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>) -> Answer {
    Ok(m.test_of(source.id, source.input, source.frame)?.map(|truth| !truth))
}

fn has_value<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>) -> Answer {
    let (mut has, mut count) = (false, 0);
    ended(source.each(m, &mut |item| {
        count += 1;
        has = match &*item {
            Value::Node(node) => node.text().is_some(),
            _ => true,
        };
        // Of several, none is the value.
        if count > 1 { Err(Stop::Enough) } else { Ok(()) }
    }))?;
    Ok(Some(has && count == 1))
}
