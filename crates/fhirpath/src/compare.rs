//! Equality, equivalence and order of items and collections; sets of items.
//!
//! Invariant: `None` is FHIRPath's "empty" answer (one side is known less precisely); collections
//! that are equal are equivalent. Nothing recurses: nodes are compared with an explicit stack.
//! Deliberately absent: implicit conversion from string to anything.

use crate::error::{Fail, wrong};
use crate::eval::Machine;
use crate::moment::DateTime;
use crate::moment_math::Order;
use crate::quantity::Quantity;
use crate::value::{Coll, Item, Value};
use fhir::{Kind, NodeId, NodeRef};
use smallvec::SmallVec;
use std::cmp::Ordering;
use std::collections::HashSet;

fn is(order: Order) -> Option<bool> {
    match order {
        Order::Known(o) => Some(o == Ordering::Equal),
        Order::Unknown => None,
    }
}

/// Text as equivalence sees it: white space and case do not matter.
fn folded(text: &str) -> impl Iterator<Item = char> + '_ {
    let words = text.split_whitespace().enumerate();
    words.flat_map(|(i, w)| (i > 0).then_some(' ').into_iter().chain(w.chars().flat_map(char::to_lowercase)))
}

/// Equality of simple values of the language itself.
fn equal_simple(a: &Value<'_>, b: &Value<'_>) -> Option<bool> {
    use Value as V;
    match (a, b) {
        (V::String(a), V::String(b)) => Some(a == b),
        (V::Boolean(a), V::Boolean(b)) => Some(a == b),
        (V::Integer(a), V::Integer(b)) => Some(a == b),
        (V::Decimal(a), V::Decimal(b)) => Some(a == b),
        (V::Integer(a), V::Decimal(b)) | (V::Decimal(b), V::Integer(a)) => Some(*b == (*a).into()),
        (V::Date(a), V::Date(b)) => is(a.order(*b)),
        (V::DateTime(a), V::DateTime(b)) => is(a.order(*b)),
        (V::Date(a), V::DateTime(b)) | (V::DateTime(b), V::Date(a)) => is(DateTime::from(*a).order(*b)),
        (V::Time(a), V::Time(b)) => is(a.order(*b)),
        (V::Quantity(a), V::Quantity(b)) => is(a.equal(b)),
        (V::Quantity(q), V::Integer(n)) | (V::Integer(n), V::Quantity(q)) => {
            is(q.equal(&Quantity::plain((*n).into())))
        }
        (V::Quantity(q), V::Decimal(n)) | (V::Decimal(n), V::Quantity(q)) => {
            is(q.equal(&Quantity::plain(*n)))
        }
        (V::Type(a), V::Type(b)) => Some(a == b),
        _ => Some(false),
    }
}

fn equivalent_simple(a: &Value<'_>, b: &Value<'_>) -> bool {
    use Value as V;
    match (a, b) {
        (V::String(a), V::String(b)) => folded(a).eq(folded(b)),
        (V::Integer(_) | V::Decimal(_), V::Integer(_) | V::Decimal(_)) => {
            let number = |v: &Value<'_>| match v {
                V::Integer(n) => (*n).into(),
                V::Decimal(d) => *d,
                _ => crate::Decimal::ZERO,
            };
            let (a, b) = (number(a), number(b));
            // To the precision of the less precise one; zeros at the end do not count.
            let scale = a.normal().scale().min(b.normal().scale());
            a.rounded(scale) == b.rounded(scale)
        }
        (V::Quantity(a), V::Quantity(b)) => a.equivalent(b),
        _ => equal_simple(a, b) == Some(true),
    }
}

impl<'t> Machine<'_, 't> {
    /// `=` of two items.
    pub(crate) fn equal(&self, a: &Value<'t>, b: &Value<'t>) -> Result<Option<bool>, Fail> {
        // What is compared most, without making values of it.
        if let (Value::Node(node), Value::String(b)) = (a, b)
            && let Some(a) = self.scope.model.string(*node)
        {
            return Ok(Some(a == b));
        }
        let (x, y) = (self.simple(a), self.simple(b));
        match (&*x, &*y) {
            (Value::Node(a), Value::Node(b)) => self.same_nodes(*a, *b, false),
            (x, y) => Ok(equal_simple(x, y)),
        }
    }

    fn equivalent(&self, a: &Value<'t>, b: &Value<'t>) -> Result<bool, Fail> {
        let (x, y) = (self.simple(a), self.simple(b));
        match (&*x, &*y) {
            (Value::Node(a), Value::Node(b)) => Ok(self.same_nodes(*a, *b, true)? == Some(true)),
            (x, y) => Ok(equivalent_simple(x, y)),
        }
    }

    /// Are two complex nodes the same, child by child?
    fn same_nodes(&self, a: NodeRef<'t>, b: NodeRef<'t>, loosely: bool) -> Result<Option<bool>, Fail> {
        let mut open = vec![(a, b)];
        let mut unknown = false;
        while let Some((a, b)) = open.pop() {
            self.step(1)?;
            if a == b {
                continue;
            }
            let same = match (self.scope.model.node_value(a), self.scope.model.node_value(b)) {
                (None, None) => Some(true),
                (Some(x), Some(y)) if loosely => Some(equivalent_simple(&x, &y)),
                (Some(x), Some(y)) => equal_simple(&x, &y),
                _ => Some(false),
            };
            match same {
                Some(false) => return Ok(Some(false)),
                Some(true) => {}
                None => unknown = true,
            }
            // The value decides for primitives; their id and extensions do not take part.
            if a.text().is_some() {
                continue;
            }
            let (x, y) = (members(a), members(b));
            if x.len() != y.len() {
                return Ok(Some(false));
            }
            for (x, y) in x.into_iter().zip(y) {
                let (x, y) = (a.tree.at(x), b.tree.at(y));
                if x.name() != y.name() {
                    return Ok(Some(false));
                }
                open.push((x, y));
            }
        }
        Ok(if unknown { None } else { Some(true) })
    }

    /// `=` of two collections.
    pub(crate) fn equal_all(&self, a: &[Value<'t>], b: &[Value<'t>]) -> Result<Option<bool>, Fail> {
        if a.is_empty() || b.is_empty() {
            return Ok(None);
        }
        if a.len() != b.len() {
            return Ok(Some(false));
        }
        let mut unknown = false;
        for (x, y) in a.iter().zip(b) {
            self.step(1)?;
            match self.equal(x, y)? {
                Some(false) => return Ok(Some(false)),
                Some(true) => {}
                None => unknown = true,
            }
        }
        Ok(if unknown { None } else { Some(true) })
    }

    /// `~` of two collections: order does not matter.
    pub(crate) fn equivalent_all(&self, a: &[Value<'t>], b: &[Value<'t>]) -> Result<bool, Fail> {
        if a.len() != b.len() {
            return Ok(false);
        }
        let mut free: SmallVec<[&Value<'t>; 8]> = b.iter().collect();
        for x in a {
            let mut found = None;
            for (i, y) in free.iter().enumerate() {
                self.step(1)?;
                if self.equivalent(x, y)? {
                    found = Some(i);
                    break;
                }
            }
            match found {
                Some(i) => free.remove(i),
                None => return Ok(false),
            };
        }
        Ok(true)
    }

    /// How two single items compare. `None`: not known.
    pub(crate) fn order(&self, a: &Value<'t>, b: &Value<'t>) -> Result<Option<Ordering>, Fail> {
        use Value as V;
        let known = |o: Order| match o {
            Order::Known(o) => Some(o),
            Order::Unknown => None,
        };
        Ok(match (&*self.simple(a), &*self.simple(b)) {
            (V::Integer(a), V::Integer(b)) => Some(a.cmp(b)),
            (V::Decimal(a), V::Decimal(b)) => Some(a.cmp(b)),
            (V::Integer(a), V::Decimal(b)) => Some(crate::Decimal::from(*a).cmp(b)),
            (V::Decimal(a), V::Integer(b)) => Some(a.cmp(&(*b).into())),
            (V::String(a), V::String(b)) => Some(a.cmp(b)),
            (V::Date(a), V::Date(b)) => known(a.order(*b)),
            (V::DateTime(a), V::DateTime(b)) => known(a.order(*b)),
            (V::Date(a), V::DateTime(b)) => known(DateTime::from(*a).order(*b)),
            (V::DateTime(a), V::Date(b)) => known(a.order((*b).into())),
            (V::Time(a), V::Time(b)) => known(a.order(*b)),
            (V::Quantity(a), V::Quantity(b)) => a.order(b),
            (V::Quantity(a), V::Integer(n)) => a.order(&Quantity::plain((*n).into())),
            (V::Integer(n), V::Quantity(b)) => Quantity::plain((*n).into()).order(b),
            (V::Quantity(a), V::Decimal(n)) => a.order(&Quantity::plain(*n)),
            (V::Decimal(n), V::Quantity(b)) => Quantity::plain(*n).order(b),
            _ => return Err(wrong("values of these kinds have no order")),
        })
    }

    /// Is the item in the collection?
    pub(crate) fn contains(&self, items: &[Value<'t>], one: &Value<'t>) -> Result<bool, Fail> {
        for item in items {
            self.step(1)?;
            if self.equal(item, one)? == Some(true) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Adds to `out` the items that are not in it yet.
    pub(crate) fn merge(&self, seen: &mut Seen, out: &mut Coll<'t>, items: &[Value<'t>]) -> Result<(), Fail> {
        for item in items {
            if seen.is_new(self, item, out)? {
                out.push(self.kept(Item::Borrowed(item))?);
            }
        }
        Ok(())
    }
}

/// What a string in a set takes besides its bytes.
const SLOT: usize = 48;

/// Speeds up distinctness of many strings; anything else is compared with all items kept so far.
#[derive(Default)]
pub(crate) struct Seen {
    strings: HashSet<String>,
    filled: bool,
}

impl Seen {
    const FEW: usize = 12;

    fn is_new<'t>(
        &mut self,
        machine: &Machine<'_, 't>,
        item: &Value<'t>,
        kept: &Coll<'t>,
    ) -> Result<bool, Fail> {
        machine.step(1)?;
        let simple = machine.simple(item);
        let Value::String(text) = &*simple else {
            return Ok(!machine.contains(kept, item)?);
        };
        if kept.len() < Self::FEW {
            return Ok(!machine.contains(kept, item)?);
        }
        if !self.filled {
            self.filled = true;
            for one in kept {
                if let Value::String(text) = &*machine.simple(one) {
                    machine.take(text.len() + SLOT)?;
                    self.strings.insert(text.to_string());
                }
            }
        }
        if self.strings.contains(&**text) {
            return Ok(false);
        }
        machine.take(text.len() + SLOT)?;
        Ok(self.strings.insert(text.to_string()))
    }
}

/// A node's children for comparison: by name, repetitions in order, without `resourceType`.
fn members(node: NodeRef<'_>) -> SmallVec<[NodeId; 16]> {
    let tree = node.tree;
    let counts = |c: &NodeId| tree.kind(*c) != Kind::Empty;
    let mut all: SmallVec<[NodeId; 16]> = tree.children(node.id).filter(counts).collect();
    all.sort_by_key(|c| tree.name(*c));
    all
}
