//! What FHIR adds: types, extensions, references, the time.
//!
//! Invariant: nothing here leaves the tree or the scope; a reference that leads out of both is
//! simply not resolved. Deliberately absent: terminology, profiles and narrative (see `host`).

use super::Run::{One, Passes};
use super::{Builtin, Call, Gives, Single, Source, Takes, Wants, lambda, plain, resolve};
use crate::ast::Node;
use crate::error::{Fail, Reason, Stop, fail};
use crate::eval::Machine;
use crate::value::{Item, Next, Sink, Value};
use fhir::Key;
use std::sync::LazyLock;

pub(crate) const TABLE: &[Builtin] = &[
    Builtin { takes: Takes::One, ..lambda("is", (1, 1), Gives::Truth, One(is)) },
    lambda("as", (1, 1), Gives::Named, Passes(as_)),
    lambda("ofType", (1, 1), Gives::Named, Passes(of_type)),
    plain("type", (0, 0), Takes::Any, Gives::Anything, Passes(type_)),
    plain("extension", (1, 1), Takes::Any, Gives::Anything, Passes(extension)).wanting(&[Wants::Text]),
    plain("getValue", (0, 0), Takes::Any, Gives::Anything, One(get_value)),
    plain("resolve", (0, 0), Takes::Any, Gives::Anything, Passes(resolve::resolve)),
    plain("now", (0, 0), Takes::Any, Gives::System("DateTime"), One(now)),
    plain("today", (0, 0), Takes::Any, Gives::System("Date"), One(today)),
    plain("timeOfDay", (0, 0), Takes::Any, Gives::System("Time"), One(time_of_day)),
];

static EXTENSION: LazyLock<Key> = LazyLock::new(|| Key::new("extension"));
static URL: LazyLock<Key> = LazyLock::new(|| Key::new("url"));

fn is<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    match m.program.node(call.args[0]) {
        Node::Type(ty) => m.is(call.input, ty),
        _ => Ok(None),
    }
}

/// N1 asks for one item at most, but R4's own dom-3 filters a whole collection with it.
fn as_<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>, sink: Sink<'_, 't>) -> Next {
    if !m.scope.single_as {
        return of_type(m, source, sink);
    }
    let input = m.operand_of(source.input, source.frame)?;
    if input.len() > 1 {
        return m.placed(source.id, Err(fail(Reason::Several))).map_err(Stop::from);
    }
    of_type(m, Source { input: crate::eval::Input::Items(&input), ..source }, sink)
}

/// In R4 a primitive is of its own type only here: a code is no string.
fn of_type<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>, sink: Sink<'_, 't>) -> Next {
    let Node::Type(wanted) = m.program.node(source.args[0]) else { return Ok(()) };
    source.each(m, &mut |item| {
        m.step(1)?;
        match m.placed(source.id, m.scope.model.is_type(&item, wanted, true))? {
            true => sink(item),
            false => Ok(()),
        }
    })
}

fn type_<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>, sink: Sink<'_, 't>) -> Next {
    source.each(m, &mut |item| match m.scope.model.type_info(&item) {
        Some(found) => sink(Item::Owned(Value::Type(Box::new(found)))),
        None => Ok(()),
    })
}

fn extension<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>, sink: Sink<'_, 't>) -> Next {
    let Some(url) = m.placed(source.id, m.text_arg(&source.alone(), 0))? else { return Ok(()) };
    source.each(m, &mut |item| {
        let Value::Node(node) = *item else { return Ok(()) };
        for id in node.tree.named(node.id, &EXTENSION) {
            m.step(1)?;
            let named = node.tree.named(id, &URL).next();
            if named.and_then(|n| node.tree.text(n)) == Some(&*url) {
                m.tell(node.tree.at(id));
                sink(Item::Owned(Value::Node(node.tree.at(id))))?;
            }
        }
        Ok(())
    })
}

fn get_value<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    match call.input {
        [Value::Node(node)] if node.text().is_none() => Ok(None),
        [one] => Ok(Some(m.simple(one).into_owned())),
        _ => Ok(None),
    }
}

fn clock(m: &Machine<'_, '_>) -> Result<crate::DateTime, Fail> {
    m.scope.clock.ok_or_else(|| fail(Reason::NoClock))
}

fn now<'t>(m: &Machine<'_, 't>, _: Call<'_, 't>) -> Single<'t> {
    Ok(Some(Value::DateTime(clock(m)?)))
}

fn today<'t>(m: &Machine<'_, 't>, _: Call<'_, 't>) -> Single<'t> {
    Ok(Some(Value::Date(clock(m)?.date())))
}

fn time_of_day<'t>(m: &Machine<'_, 't>, _: Call<'_, 't>) -> Single<'t> {
    Ok(clock(m)?.time().map(Value::Time))
}
