//! What FHIR adds: types, extensions, references, the time, and the questions that only the host
//! can answer.
//!
//! Invariant: nothing here leaves the tree or the scope; a reference that leads out of both is
//! simply not resolved. Deliberately absent: terminology and profiles (host functions `memberOf`,
//! `subsumes`, `conformsTo` …).

use super::{Builtin, Call, Gives, Takes, lambda, plain, resolve, yes_no};
use crate::ast::Node;
use crate::error::{EvalError, Reason};
use crate::eval::{Machine, Outcome};
use crate::value::{Coll, Value};
use fhir::TypeId;
use smallvec::smallvec;

pub(crate) const TABLE: &[Builtin] = &[
    lambda("is", (1, 1), Gives::Truth, is),
    lambda("as", (1, 1), Gives::Named, as_),
    lambda("ofType", (1, 1), Gives::Named, of_type),
    plain("type", (0, 0), Takes::Any, Gives::Anything, type_),
    plain("extension", (1, 1), Takes::Any, Gives::Anything, extension),
    plain("getValue", (0, 0), Takes::Any, Gives::Anything, get_value),
    plain("resolve", (0, 0), Takes::Any, Gives::Anything, resolve::resolve),
    plain("conformsTo", (1, 1), Takes::Any, Gives::Truth, conforms_to),
    plain("now", (0, 0), Takes::Any, Gives::System("DateTime"), now),
    plain("today", (0, 0), Takes::Any, Gives::System("Date"), today),
    plain("timeOfDay", (0, 0), Takes::Any, Gives::System("Time"), time_of_day),
];

/// Filters by the type that the argument names.
fn typed<'t>(m: &Machine<'_, 't>, call: &Call<'_, 't>, exact: bool) -> Outcome<'t> {
    let Node::Type(wanted) = m.program.node(call.args[0]) else { return Ok(Coll::new()) };
    let mut out = Coll::new();
    for item in call.input {
        m.step(1)?;
        if m.scope.model.is_type(item, wanted, exact)? {
            out.push(m.copy(item)?);
        }
    }
    Ok(out)
}

fn is<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    match call.input.len() {
        0 => Ok(Coll::new()),
        1 => Ok(yes_no(!typed(m, &call, false)?.is_empty())),
        _ => Err(EvalError::new(Reason::Several)),
    }
}

/// N1 asks for one item at most, but R4's own dom-3 filters a whole collection with it.
fn as_<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    if m.scope.single_as && call.input.len() > 1 {
        return Err(EvalError::new(Reason::Several));
    }
    typed(m, &call, true)
}

/// In R4 a primitive is of its own type only here: a code is no string.
fn of_type<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    typed(m, &call, true)
}

fn type_<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let types = call.input.iter().filter_map(|item| m.scope.model.type_info(item));
    Ok(types.map(|t| Value::Type(Box::new(t))).collect())
}

fn extension<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let Some(url) = m.text_arg(&call, 0)? else { return Ok(Coll::new()) };
    let mut out = Coll::new();
    for node in call.input.iter().filter_map(Value::node) {
        for child in node.children() {
            m.step(1)?;
            if child.name() == "extension" && child.child_text("url") == Some(&*url) {
                out.push(Value::Node(child));
            }
        }
    }
    Ok(out)
}

fn get_value<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    match call.input {
        [Value::Node(node)] if node.text().is_none() => Ok(Coll::new()),
        [one] => Ok(smallvec![m.simple(one).into_owned()]),
        _ => Ok(Coll::new()),
    }
}

/// Without a host function: only types, not profiles.
fn conforms_to<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    let url = m.arg(&call, 0)?;
    if let Some(answer) = m.call_host("conformsTo", call.input, vec![url])? {
        return Ok(answer);
    }
    let Some(url) = m.text_arg(&call, 0)? else { return Ok(Coll::new()) };
    let [Value::Node(node)] = call.input else {
        return if call.input.is_empty() { Ok(Coll::new()) } else { Err(EvalError::new(Reason::Several)) };
    };
    let wanted = m.scope.model.definitions().and_then(|d| {
        let name = url.strip_prefix("http://hl7.org/fhir/StructureDefinition/")?;
        d.type_id(name).map(|id| (d, id))
    });
    match wanted {
        Some((d, id)) => Ok(yes_no(node.type_of() != TypeId::NONE && d.is_a(node.type_of(), id))),
        None => Err(EvalError::new(Reason::UnknownFunction("conformsTo".to_string()))),
    }
}

fn clock(m: &Machine<'_, '_>) -> Result<crate::DateTime, EvalError> {
    m.scope.clock.ok_or_else(|| EvalError::new(Reason::NoClock))
}

fn now<'t>(m: &Machine<'_, 't>, _: Call<'_, 't>) -> Outcome<'t> {
    Ok(smallvec![Value::DateTime(clock(m)?)])
}

fn today<'t>(m: &Machine<'_, 't>, _: Call<'_, 't>) -> Outcome<'t> {
    Ok(smallvec![Value::Date(clock(m)?.date())])
}

fn time_of_day<'t>(m: &Machine<'_, 't>, _: Call<'_, 't>) -> Outcome<'t> {
    Ok(clock(m)?.time().map(Value::Time).into_iter().collect())
}
