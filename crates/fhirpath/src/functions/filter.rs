//! Choosing, projecting, ordering and combining items.
//!
//! Invariant: within a lambda, `$this` and `$index` are the item's; the order of the input is kept
//! unless the function is about order. Deliberately absent: `defineVariable()`.

use super::{Builtin, Call, Gives, Takes, lambda, plain};
use crate::ast::Node;
use crate::compare::Seen;
use crate::error::{EvalError, Reason};
use crate::eval::{Frame, Machine, Outcome};
use crate::path::present;
use crate::value::{Coll, Value};
use fhir::NodeRef;
use std::cmp::Ordering;

pub(crate) const TABLE: &[Builtin] = &[
    lambda("where", (1, 1), Gives::Input, where_),
    lambda("select", (1, 1), Gives::Argument, select),
    lambda("repeat", (1, 1), Gives::Argument, repeat),
    lambda("aggregate", (1, 2), Gives::Anything, aggregate),
    lambda("iif", (2, 3), Gives::Anything, iif),
    lambda("sort", (0, 8), Gives::Input, sort),
    lambda("trace", (1, 2), Gives::Input, trace),
    plain("single", (0, 0), Takes::Any, Gives::Item, single),
    plain("first", (0, 0), Takes::Ordered, Gives::Item, first),
    plain("last", (0, 0), Takes::Ordered, Gives::Item, last),
    plain("tail", (0, 0), Takes::Ordered, Gives::Input, tail),
    plain("skip", (1, 1), Takes::Ordered, Gives::Input, skip),
    plain("take", (1, 1), Takes::Ordered, Gives::Input, take),
    plain("intersect", (1, 1), Takes::Any, Gives::Input, intersect),
    plain("exclude", (1, 1), Takes::Any, Gives::Input, exclude),
    plain("union", (1, 1), Takes::Any, Gives::Both, union),
    plain("combine", (1, 1), Takes::Any, Gives::Both, combine),
    plain("children", (0, 0), Takes::Any, Gives::Members, children),
    plain("descendants", (0, 0), Takes::Any, Gives::Members, descendants),
];

fn where_<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let mut out = Coll::new();
    for (i, item) in call.input.iter().enumerate() {
        if m.test(call.args[0], call.frame.item(item, i))? == Some(true) {
            out.push(m.copy(item)?);
        }
    }
    Ok(out)
}

fn select<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let mut out = Coll::new();
    for (i, item) in call.input.iter().enumerate() {
        out.extend(m.eval(call.args[0], call.frame.item(item, i))?);
    }
    Ok(out)
}

fn repeat<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let (mut out, mut seen) = (Coll::new(), Seen::default());
    let mut next: Coll<'t> = m.copies(call.input)?;
    while !next.is_empty() {
        let from = out.len();
        for (i, item) in next.iter().enumerate() {
            let found = m.eval(call.args[0], call.frame.item(item, i))?;
            m.merge(&mut seen, &mut out, &found)?;
        }
        next = m.copies(&out[from..])?;
    }
    Ok(out)
}

fn aggregate<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let mut total = m.arg(&call, 1)?;
    for (i, item) in call.input.iter().enumerate() {
        let frame = Frame { total: &total, ..call.frame.item(item, i) };
        total = m.eval(call.args[0], frame)?;
    }
    Ok(total)
}

fn iif<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    if call.input.len() > 1 {
        return Err(EvalError::new(Reason::Several));
    }
    // The item it is called on is $this; without a dot that already is the focus.
    let frame = Frame { focus: call.input, ..call.frame };
    match m.test(call.args[0], frame)? {
        Some(true) => m.eval(call.args[1], frame),
        _ => call.args.get(2).map_or(Ok(Coll::new()), |&id| m.eval(id, frame)),
    }
}

fn sort<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    // `-expression` as a key means descending, whatever the kind of the key.
    let keys: Vec<(u32, bool)> = call
        .args
        .iter()
        .map(|&id| match m.program.node(id) {
            Node::Sign { negative: true, of } => (*of, true),
            _ => (id, false),
        })
        .collect();
    let mut rows = Vec::with_capacity(call.input.len());
    for (i, item) in call.input.iter().enumerate() {
        let mut row = Vec::with_capacity(keys.len().max(1));
        for (id, _) in &keys {
            let key = m.eval(*id, call.frame.item(item, i))?;
            row.push(m.single(&key)?.map(|v| v.into_owned()));
        }
        if keys.is_empty() {
            row.push(Some(m.simple(item).into_owned()));
        }
        rows.push((row, item));
    }
    let compare = |(a, _): &Row<'_, 't>, (b, _): &Row<'_, 't>| {
        m.step(1)?;
        for (n, keys_here) in a.iter().zip(b).enumerate() {
            let down = keys.get(n).is_some_and(|(_, down)| *down);
            let order = match keys_here {
                // Items without the key come first, in either direction.
                (None, None) => Ordering::Equal,
                (None, Some(_)) => Ordering::Less,
                (Some(_), None) => Ordering::Greater,
                (Some(a), Some(b)) => {
                    let order = m.order(a, b)?.unwrap_or(Ordering::Equal);
                    if down { order.reverse() } else { order }
                }
            };
            if order != Ordering::Equal {
                return Ok(order);
            }
        }
        Ok(Ordering::Equal)
    };
    merge_sorted(rows, &compare)?.into_iter().map(|(_, item)| m.copy(item)).collect()
}

/// The keys of an item, and the item.
type Row<'v, 't> = (Vec<Option<Value<'t>>>, &'v Value<'t>);

/// A stable merge sort that stops at the first failing comparison. The standard library's may panic
/// when the order is no total one, and partial dates have none.
fn merge_sorted<T>(
    rows: Vec<T>,
    compare: &impl Fn(&T, &T) -> Result<Ordering, EvalError>,
) -> Result<Vec<T>, EvalError> {
    let mut runs: Vec<Vec<T>> = rows.into_iter().map(|row| vec![row]).collect();
    while runs.len() > 1 {
        let mut merged = Vec::with_capacity(runs.len().div_ceil(2));
        let mut rest = runs.into_iter();
        while let Some(left) = rest.next() {
            let Some(right) = rest.next() else {
                merged.push(left);
                break;
            };
            let mut out = Vec::with_capacity(left.len() + right.len());
            let (mut left, mut right) = (left.into_iter().peekable(), right.into_iter().peekable());
            while let (Some(a), Some(b)) = (left.peek(), right.peek()) {
                let from_left = compare(a, b)? != Ordering::Greater;
                out.extend(if from_left { left.next() } else { right.next() });
            }
            out.extend(left);
            out.extend(right);
            merged.push(out);
        }
        runs = merged;
    }
    Ok(runs.pop().unwrap_or_default())
}

/// Values may be person data, so nothing is written anywhere unless the host registered `trace`.
fn trace<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    if m.scope.function("trace").is_some() {
        let name = m.arg(&call, 0)?;
        let mut shown = Coll::new();
        match call.args.get(1) {
            Some(&id) => {
                for (i, item) in call.input.iter().enumerate() {
                    shown.extend(m.eval(id, call.frame.item(item, i))?);
                }
            }
            None => shown = m.copies(call.input)?,
        }
        m.call_host("trace", &shown, vec![name])?;
    }
    m.copies(call.input)
}

fn single<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    if call.input.len() > 1 {
        return Err(EvalError::new(Reason::Several));
    }
    m.copies(call.input)
}

fn first<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    m.copies(call.input.get(..1).unwrap_or_default())
}

fn last<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    m.copies(&call.input[call.input.len().saturating_sub(1)..])
}

fn tail<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    m.copies(call.input.get(1..).unwrap_or_default())
}

fn skip<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let n = m.integer_arg(&call, 0)?.unwrap_or(0).max(0) as usize;
    m.copies(call.input.get(n..).unwrap_or_default())
}

fn take<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let n = m.integer_arg(&call, 0)?.unwrap_or(0).max(0) as usize;
    m.copies(&call.input[..n.min(call.input.len())])
}

fn intersect<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let other = m.arg(&call, 0)?;
    let (mut out, mut seen) = (Coll::new(), Seen::default());
    for item in call.input {
        if m.contains(&other, item)? {
            m.merge(&mut seen, &mut out, std::slice::from_ref(item))?;
        }
    }
    Ok(out)
}

fn exclude<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let other = m.arg(&call, 0)?;
    let mut out = Coll::new();
    for item in call.input {
        if !m.contains(&other, item)? {
            out.push(m.copy(item)?);
        }
    }
    Ok(out)
}

fn union<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    m.union(call.input, &m.arg(&call, 0)?)
}

fn combine<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let mut out = m.copies(call.input)?;
    out.extend(m.arg(&call, 0)?);
    Ok(out)
}

/// A node's children as the language sees them: `resourceType` is JSON's, not the model's.
fn members<'t>(node: NodeRef<'t>) -> impl Iterator<Item = NodeRef<'t>> {
    node.children().filter(|c| present(*c) && c.name() != "resourceType")
}

fn children<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let mut out = Coll::new();
    for node in call.input.iter().filter_map(Value::node) {
        for child in members(node) {
            m.step(1)?;
            out.push(Value::Node(child));
        }
    }
    Ok(out)
}

fn descendants<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let mut out = Coll::new();
    for node in call.input.iter().filter_map(Value::node) {
        let mut open = vec![members(node)];
        while let Some(top) = open.last_mut() {
            let Some(child) = top.next() else {
                open.pop();
                continue;
            };
            m.step(1)?;
            out.push(Value::Node(child));
            open.push(members(child));
        }
    }
    Ok(out)
}
