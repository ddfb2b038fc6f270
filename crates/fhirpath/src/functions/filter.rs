//! Choosing, projecting, ordering and combining items.
//!
//! Invariant: within a lambda, `$this` and `$index` are the item's; the order of the input is kept
//! unless the function is about order. Deliberately absent: `defineVariable()`.

use super::Run::{Passes, Whole};
use super::{Builtin, Call, Gives, Outcome, Source, Takes, Wants, lambda, plain};
use crate::compare::Seen;
use crate::error::{Reason, Stop, fail};
use crate::eval::{Frame, Machine, hand_on, last_of};
use crate::value::{Coll, Next, Sink};

pub(crate) const TABLE: &[Builtin] = &[
    lambda("where", (1, 1), Gives::Input, Passes(where_)).wanting(&[Wants::Truth]),
    lambda("select", (1, 1), Gives::Argument, Passes(select)),
    lambda("repeat", (1, 1), Gives::Argument, Whole(repeat)),
    lambda("aggregate", (1, 2), Gives::Anything, Whole(aggregate)),
    Builtin { takes: Takes::One, ..lambda("iif", (2, 3), Gives::Anything, Passes(iif)) }
        .wanting(&[Wants::Truth, Wants::Any]),
    lambda("trace", (1, 2), Gives::Input, Passes(trace)).wanting(&[Wants::Text, Wants::Any]),
    plain("single", (0, 0), Takes::Any, Gives::Item, Whole(single)),
    plain("first", (0, 0), Takes::Ordered, Gives::Item, Passes(first)),
    plain("last", (0, 0), Takes::Ordered, Gives::Item, Whole(last)),
    plain("tail", (0, 0), Takes::Ordered, Gives::Input, Passes(tail)),
    plain("skip", (1, 1), Takes::Ordered, Gives::Input, Passes(skip)).wanting(&[Wants::Whole]),
    plain("take", (1, 1), Takes::Ordered, Gives::Input, Passes(take)).wanting(&[Wants::Whole]),
    plain("intersect", (1, 1), Takes::Any, Gives::Input, Whole(intersect)),
    plain("exclude", (1, 1), Takes::Any, Gives::Input, Passes(exclude)),
    plain("union", (1, 1), Takes::Any, Gives::Both, Whole(union)),
    plain("combine", (1, 1), Takes::Any, Gives::Both, Passes(combine)),
];

fn where_<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>, sink: Sink<'_, 't>) -> Next {
    let mut index = 0;
    source.each(m, &mut |item| {
        let holds = m.test(source.args[0], &source.frame.item(&item, index))? == Some(true);
        index += 1;
        if holds { sink(item) } else { Ok(()) }
    })
}

fn select<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>, sink: Sink<'_, 't>) -> Next {
    let mut index = 0;
    source.each(m, &mut |item| {
        let next = m.each(source.args[0], &source.frame.item(&item, index), sink);
        index += 1;
        next
    })
}

fn repeat<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let (mut out, mut seen) = (Coll::new(), Seen::default());
    let mut next: Coll<'t> = m.copies(call.input)?;
    while !next.is_empty() {
        let from = out.len();
        for (i, item) in next.iter().enumerate() {
            let found = m.operand(call.args[0], &call.frame.item(item, i))?;
            m.merge(&mut seen, &mut out, &found)?;
        }
        next = m.copies(&out[from..])?;
    }
    Ok(out)
}

fn aggregate<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let mut total = m.copies(&m.arg(&call, 1)?)?;
    for (i, item) in call.input.iter().enumerate() {
        let frame = Frame { total: &total, ..call.frame.item(item, i) };
        let next = m.copies(&m.operand(call.args[0], &frame)?)?;
        total = next;
    }
    Ok(total)
}

fn iif<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>, sink: Sink<'_, 't>) -> Next {
    let input = m.operand_of(source.input, source.frame)?;
    if input.len() > 1 {
        return m.placed(source.id, Err(fail(Reason::Several))).map_err(Stop::from);
    }
    // The item it is called on is $this; without a dot that already is the focus.
    let frame = &Frame { focus: &input, ..*source.frame };
    match m.test(source.args[0], frame)? {
        Some(true) => m.each(source.args[1], frame, sink),
        _ => source.args.get(2).map_or(Ok(()), |&id| m.each(id, frame, sink)),
    }
}

/// Values may be person data, so nothing is written anywhere unless the host registered `trace`.
fn trace<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>, sink: Sink<'_, 't>) -> Next {
    if m.scope.function("trace").is_none() {
        return source.each(m, sink);
    }
    let input = m.operand_of(source.input, source.frame)?;
    let name = m.arg(&source.alone(), 0)?;
    let mut shown = Coll::new();
    match source.args.get(1) {
        Some(&id) => {
            for (i, item) in input.iter().enumerate() {
                shown.extend(m.copies(&m.operand(id, &source.frame.item(item, i))?)?);
            }
        }
        None => shown = m.copies(&input)?,
    }
    m.placed(source.id, m.call_host("trace", &shown, vec![name]))?;
    hand_on(input, sink)
}

fn single<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    if call.input.len() > 1 {
        return Err(fail(Reason::Several));
    }
    m.copies(call.input)
}

fn first<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>, sink: Sink<'_, 't>) -> Next {
    m.nth(0, source.input, source.frame, sink)
}

fn last<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    m.copies(&call.input[call.input.len().saturating_sub(1)..])
}

fn tail<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>, sink: Sink<'_, 't>) -> Next {
    after(m, 1, source, sink)
}

fn skip<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>, sink: Sink<'_, 't>) -> Next {
    after(m, number(m, &source)?, source, sink)
}

/// The first argument; negative and missing numbers count as 0.
fn number<'t>(m: &Machine<'_, 't>, source: &Source<'_, 't>) -> Result<usize, Stop> {
    let n = m.placed(source.id, m.integer_arg(&source.alone(), 0))?;
    Ok(usize::try_from(n.unwrap_or(0)).unwrap_or(0))
}

/// Hands on all but the first items.
fn after<'t>(m: &Machine<'_, 't>, n: usize, source: Source<'_, 't>, sink: Sink<'_, 't>) -> Next {
    let mut left = n;
    source.each(m, &mut |item| match left.checked_sub(1) {
        Some(fewer) => {
            left = fewer;
            Ok(())
        }
        None => sink(item),
    })
}

fn take<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>, sink: Sink<'_, 't>) -> Next {
    let mut left = number(m, &source)?;
    if left == 0 {
        return Ok(());
    }
    let mut next = Ok(());
    let end = source.each(m, &mut |item| {
        left -= 1;
        match left {
            0 => {
                next = sink(item);
                Err(Stop::Enough)
            }
            _ => sink(item),
        }
    });
    // Whether the sink wants more, only its own answer tells.
    match left {
        0 => last_of(end, next),
        _ => end,
    }
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

fn exclude<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>, sink: Sink<'_, 't>) -> Next {
    let other = m.arg(&source.alone(), 0)?;
    source.each(m, &mut |item| if m.contains(&other, &item)? { Ok(()) } else { sink(item) })
}

fn union<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    m.union(call.input, &m.arg(&call, 0)?)
}

fn combine<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>, sink: Sink<'_, 't>) -> Next {
    source.each(m, sink)?;
    match source.args.first() {
        Some(&id) => m.each(id, source.frame, sink),
        None => Ok(()),
    }
}
