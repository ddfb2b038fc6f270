//! `sort()`.
//!
//! Invariant: stable, and total for keys that have no total order. Deliberately absent: orders of our
//! own; what cannot be compared is an error.

use super::Run::Whole;
use super::{Builtin, Call, Gives, Outcome, lambda};
use crate::ast::Node;
use crate::error::Fail;
use crate::eval::Machine;
use crate::value::{Item, Value};
use std::cmp::Ordering;

pub(crate) const TABLE: &[Builtin] = &[lambda("sort", (0, 8), Gives::Input, Whole(sort))];

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
        m.take(row.capacity() * size_of::<Option<Value<'t>>>() + 4 * size_of::<Row<'_, 't>>())?;
        for (id, _) in &keys {
            let key = m.operand(*id, &call.frame.item(item, i))?;
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
    merge_sorted(rows, &compare)?.into_iter().map(|(_, item)| m.kept(Item::Borrowed(item))).collect()
}

/// The keys of an item, and the item.
type Row<'v, 't> = (Vec<Option<Value<'t>>>, &'v Value<'t>);

/// A stable merge sort that stops at the first failing comparison. The standard library's may panic
/// when the order is no total one, and partial dates have none.
fn merge_sorted<T>(
    rows: Vec<T>,
    compare: &impl Fn(&T, &T) -> Result<Ordering, Fail>,
) -> Result<Vec<T>, Fail> {
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
