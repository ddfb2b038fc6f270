//! An element's own elements.
//!
//! Invariant: `resourceType` is JSON's, not the model's, and no member; order is that of the document.
//! Deliberately absent: members that are looked up by name (see `path`).

use super::Run::Passes;
use super::{Builtin, Gives, Source, Takes, plain};
use crate::eval::Machine;
use crate::path::present;
use crate::value::{Item, Next, Sink, Value};
use fhir::{Key, NodeRef};
use std::sync::LazyLock;

pub(crate) const TABLE: &[Builtin] = &[
    plain("children", (0, 0), Takes::Any, Gives::Members, Passes(children)),
    plain("descendants", (0, 0), Takes::Any, Gives::Members, Passes(descendants)),
];

static RESOURCE_TYPE: LazyLock<Key> = LazyLock::new(|| Key::new("resourceType"));

fn is_member(node: NodeRef<'_>) -> bool {
    present(node) && !node.tree.is_named(node.id, &RESOURCE_TYPE)
}

fn children<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>, sink: Sink<'_, 't>) -> Next {
    source.each(m, &mut |item| {
        let Value::Node(node) = *item else { return Ok(()) };
        for child in node.children().filter(|c| is_member(*c)) {
            m.step(1)?;
            m.tell(child);
            sink(Item::Owned(Value::Node(child)))?;
        }
        Ok(())
    })
}

fn descendants<'t>(m: &Machine<'_, 't>, source: Source<'_, 't>, sink: Sink<'_, 't>) -> Next {
    source.each(m, &mut |item| {
        let Value::Node(top) = *item else { return Ok(()) };
        let mut at = top;
        let mut down = true;
        // Down to the first member, on to the next, up where there is none: no stack is needed.
        loop {
            let next = match down {
                true => at.children().next(),
                false => at.next(),
            };
            match next {
                Some(node) => {
                    m.step(1)?;
                    at = node;
                    down = is_member(node);
                    if down {
                        m.tell(node);
                        sink(Item::Owned(Value::Node(node)))?;
                    }
                }
                None if at == top => return Ok(()),
                None if down => down = false,
                None => {
                    let Some(parent) = at.tree.parent(at.id) else { return Ok(()) };
                    at = at.tree.at(parent);
                    if at == top {
                        return Ok(());
                    }
                }
            }
        }
    })
}
