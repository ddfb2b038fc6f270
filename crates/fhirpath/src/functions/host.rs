//! What R4 asks of more than the resource: terminology, profiles, narrative, modifiers.
//!
//! Invariant: a function that the host registered goes first; without one, what can be decided by the
//! definitions is, and the rest is an error that names the function, never a guess. Deliberately
//! absent: any terminology service and any profile.

use super::Run::{One, Passes, Whole};
use super::{Builtin, Call, Gives, Outcome, Single, Source, Takes, Wants, plain, yes_no};
use crate::ast::Node;
use crate::error::{Fail, Reason, Stop, fail};
use crate::eval::Machine;
use crate::value::{Next, Sink, Value};
use fhir::{Key, NodeRef, TypeId};
use std::sync::LazyLock;

/// Most extensions that `checkModifiers()` can be told of.
const MOST_MODIFIERS: u8 = 16;

pub(crate) const TABLE: &[Builtin] = &[
    plain("memberOf", (1, 1), Takes::One, Gives::Truth, One(member_of)).wanting(&[Wants::Text]),
    plain("subsumes", (1, 1), Takes::One, Gives::Truth, One(subsumes)).wanting(&[Wants::One]),
    plain("subsumedBy", (1, 1), Takes::One, Gives::Truth, One(subsumes)).wanting(&[Wants::One]),
    plain("conformsTo", (1, 1), Takes::One, Gives::Truth, One(conforms_to)).wanting(&[Wants::Text]),
    plain("htmlChecks", (0, 0), Takes::Any, Gives::Truth, One(html_checks)),
    plain("checkModifiers", (0, MOST_MODIFIERS), Takes::Any, Gives::Input, Passes(check_modifiers))
        .wanting(&[Wants::Text]),
    Builtin { host: true, ..plain("elementDefinition", (0, 0), Takes::Any, Gives::Anything, Whole(ask)) },
    Builtin {
        host: true,
        ..plain("slice", (2, 2), Takes::Any, Gives::Input, Whole(ask)).wanting(&[Wants::Text])
    },
];

static MODIFIER: LazyLock<Key> = LazyLock::new(|| Key::new("modifierExtension"));

/// The name that the call was written with.
fn name(m: &Machine<'_, '_>, call: &Call<'_, '_>) -> &'static str {
    match m.program.node(call.id) {
        Node::Call { function, .. } => function.name,
        _ => "",
    }
}

/// What the host says, if it registered the function.
fn told<'t>(m: &Machine<'_, 't>, call: &Call<'_, 't>) -> Result<Option<super::Coll<'t>>, Fail> {
    let name = name(m, call);
    if m.scope.function(name).is_none() {
        return Ok(None);
    }
    let args: Result<Vec<_>, Fail> = call.args.iter().map(|&id| m.operand(id, call.frame)).collect();
    m.call_host(name, call.input, args?)
}

fn unanswered<T>(m: &Machine<'_, '_>, call: &Call<'_, '_>) -> Result<T, Fail> {
    Err(fail(Reason::Unanswered(name(m, call))))
}

/// Only the host knows.
fn ask<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Outcome<'t> {
    match told(m, &call)? {
        Some(found) => Ok(found),
        None => unanswered(m, &call),
    }
}

/// System and code of a code, a Coding or a Quantity; of a CodeableConcept those of its codings.
fn codes<'t>(value: &Value<'t>) -> Vec<(Option<&'t str>, std::borrow::Cow<'t, str>)> {
    let coding = |n: NodeRef<'t>| Some((n.child_text("system"), n.child_text("code")?.into()));
    match value {
        Value::String(text) => vec![(None, text.clone())],
        Value::Node(node) => match node.text() {
            Some(code) => vec![(None, code.into())],
            None => match coding(*node) {
                Some(own) => vec![own],
                None => node.all("coding").filter_map(coding).collect(),
            },
        },
        _ => Vec::new(),
    }
}

/// Is the code in the value set; of several codings, is any? Decided by the value sets known.
fn member_of<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    if let Some(answer) = told(m, &call)? {
        return Ok(answer.into_iter().next());
    }
    let one = match call.input {
        [] => return Ok(None),
        [one] => one,
        _ => return Err(fail(Reason::Several)),
    };
    let Some(set) = m.text_arg(&call, 0)? else { return Ok(None) };
    let Some(definitions) = m.scope.model.definitions() else { return unanswered(m, &call) };
    let mut undecided = false;
    for (system, code) in codes(one) {
        m.step(1)?;
        match definitions.terms().contains(&set, system, &code) {
            Some(true) => return yes_no(true),
            Some(false) => {}
            None => undecided = true,
        }
    }
    if undecided { unanswered(m, &call) } else { yes_no(false) }
}

/// Does the one code mean all that the other does, and perhaps more? A code subsumes itself; anything
/// else only a terminology knows.
fn subsumes<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    if let Some(answer) = told(m, &call)? {
        return Ok(answer.into_iter().next());
    }
    let other = m.arg(&call, 0)?;
    let (one, other) = match (call.input, &*other) {
        ([], _) | (_, []) => return Ok(None),
        ([one], [other]) => (codes(one), codes(other)),
        _ => return Err(fail(Reason::Several)),
    };
    let same = one.iter().any(|code| code.0.is_some() && other.contains(code));
    if same { yes_no(true) } else { unanswered(m, &call) }
}

/// Without a host function: only types, not profiles.
fn conforms_to<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    if let Some(answer) = told(m, &call)? {
        return Ok(answer.into_iter().next());
    }
    let Some(url) = m.text_arg(&call, 0)? else { return Ok(None) };
    let node = match call.input {
        [] => return Ok(None),
        [Value::Node(node)] => node,
        [_] => return yes_no(false),
        _ => return Err(fail(Reason::Several)),
    };
    let wanted = m.scope.model.definitions().and_then(|d| {
        let name = url.strip_prefix("http://hl7.org/fhir/StructureDefinition/")?;
        d.type_id(name).map(|id| (d, id))
    });
    match wanted {
        Some((d, id)) => yes_no(node.type_of() != TypeId::NONE && d.is_a(node.type_of(), id)),
        None => unanswered(m, &call),
    }
}

/// Is the narrative's markup what R4 allows, and does it say something (`txt-1`, `txt-2`)? Nothing for
/// anything but one xhtml element.
fn html_checks<'t>(m: &Machine<'_, 't>, call: Call<'_, 't>) -> Single<'t> {
    if let Some(answer) = told(m, &call)? {
        return Ok(answer.into_iter().next());
    }
    let [Value::Node(node)] = call.input else { return Ok(None) };
    let ty = node.type_of();
    let other = |d: &fhir::Definitions| ty != TypeId::NONE && d.type_name(ty) != "xhtml";
    if m.scope.model.definitions().is_some_and(other) {
        return Ok(None);
    }
    let text = node.text().unwrap_or_default();
    m.step(text.len() / 8)?;
    yes_no(fhir::xml::narrative(text).is_ok())
}

/// Hands the items on, unless one has a modifier extension that the call does not name.
fn check_modifiers<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>, sink: Sink<'_, 't>) -> Next {
    let mut known = Vec::with_capacity(source.args.len());
    for n in 0..source.args.len() {
        known.extend(m.placed(source.id, m.text_arg(&source.alone(), n))?);
    }
    source.each(m, &mut |item| {
        let modifiers =
            item.node().into_iter().flat_map(|n| n.tree.named(n.id, &MODIFIER).map(move |id| (n, id)));
        for (node, id) in modifiers {
            m.step(1)?;
            let url = node.tree.child_text(id, "url").unwrap_or_default();
            if !known.iter().any(|k| k == url) {
                return m.placed(source.id, Err(fail(Reason::Modifier))).map_err(Stop::from);
            }
        }
        sink(item)
    })
}
