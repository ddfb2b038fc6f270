//! Names in instances: which element a name stands for, and which choice it takes.
//!
//! Invariant: a hit is confirmed by comparing the name; of two elements of one name the nearer type's
//! is found. Deliberately absent: names in XML (see `xml`).

use super::{Definitions, Element, Quick};
use crate::tree::{Key, NodeRef, TypeId, hash};

/// A name that an instance may use for an element of a type, stated there or inherited.
#[derive(Clone, Copy)]
pub(super) struct NameEntry {
    hash: u32,
    owner: TypeId,
    place: u16,
    /// Index into the element's types; `u16::MAX` for the bare name of a choice.
    ty: u16,
}

/// The names of a type, by hash, with the place where each part of the range of hashes begins.
#[derive(Clone, Default)]
pub(super) struct Names {
    sorted: Vec<NameEntry>,
    starts: Vec<u16>,
    shift: u32,
}

impl Names {
    fn of(sorted: Vec<NameEntry>) -> Names {
        let parts = sorted.len().next_power_of_two().max(2) as u32;
        let shift = 32 - parts.trailing_zeros();
        let start = |part: u32| sorted.partition_point(|e| e.hash >> shift < part) as u16;
        let starts = (0..parts).map(start).collect();
        Names { sorted, starts, shift }
    }

    /// The entries of this hash, in their order.
    #[inline]
    fn all(&self, hash: u32) -> impl Iterator<Item = &NameEntry> {
        let start = self.starts.get((hash >> self.shift) as usize).map_or(0, |&s| usize::from(s));
        let from = self.sorted.get(start..).unwrap_or_default();
        from.iter().take_while(move |e| e.hash <= hash).filter(move |e| e.hash == hash)
    }
}

/// What a name in an instance stands for.
#[derive(Clone, Copy)]
pub(crate) struct Found<'a> {
    pub(crate) element: &'a Element,
    /// The type, where the name decides it.
    pub(crate) ty: Option<TypeId>,
    pub(super) owner: TypeId,
    pub(super) place: u16,
}

impl Definitions {
    /// The children of a node that are its choice element of this name (`value` finds
    /// `valueQuantity`); nothing where its type has no such choice.
    #[inline]
    pub fn chosen<'t>(
        &self,
        node: NodeRef<'t>,
        key: &Key,
    ) -> Option<impl Iterator<Item = NodeRef<'t>> + use<'_, 't>> {
        let choice = self.choice(node.type_of(), key)?;
        let is = move |c: &NodeRef<'t>| {
            let suffixed = || c.name().strip_prefix(&*choice.element.name).is_some_and(|s| !s.is_empty());
            match c.tree.element_at(c.id) {
                Some(annotated) => annotated == (choice.owner, choice.place) && suffixed(),
                None => suffixed() && self.element_of(c.tree, c.id) == Some(choice.element),
            }
        };
        Some(node.children().filter(is))
    }

    /// The choice element of this name that the type has.
    #[inline]
    fn choice(&self, ty: TypeId, key: &Key) -> Option<Found<'_>> {
        // Most questions end here.
        self.get(ty).filter(|t| t.choices & bit(key.hash()) != 0)?;
        self.find(ty, key.name(), key.hash()).filter(|found| found.element.choice)
    }

    pub(crate) fn find(&self, parent: TypeId, name: &str, hash: u32) -> Option<Found<'_>> {
        self.get(parent)?.names.all(hash).find_map(|e| {
            let element = self.get(e.owner)?.elements.get(e.place as usize)?;
            let ty = element.types.get(e.ty as usize).copied();
            let found = Found { element, ty, owner: e.owner, place: e.place };
            self.spells(element, ty, name).then_some(found)
        })
    }

    /// Is `name` what an instance calls the element when it has this type?
    fn spells(&self, element: &Element, ty: Option<TypeId>, name: &str) -> bool {
        let Some(suffix) = name.strip_prefix(&*element.name) else { return false };
        match ty.filter(|_| element.choice) {
            None => suffix.is_empty(),
            Some(ty) => {
                let (a, b) = (suffix.as_bytes(), self.type_name(ty).as_bytes());
                a.len() == b.len() && !a.is_empty() && a[0] == b[0].to_ascii_uppercase() && a[1..] == b[1..]
            }
        }
    }

    /// Makes the look-up by instance name, inherited names behind a type's own; called once all
    /// elements of all types stand.
    pub(super) fn index(&mut self, ty: TypeId) {
        let mut names = Vec::new();
        let mut text = String::new();
        for (owner, stated) in self.line(ty) {
            for (place, element) in stated.elements.iter().enumerate() {
                let mut put = |name: &str, ty: u16| {
                    names.push(NameEntry { hash: hash(name), owner, place: place as u16, ty });
                };
                put(&element.name, if element.choice { u16::MAX } else { 0 });
                for (k, &t) in element.types.iter().enumerate().filter(|_| element.choice) {
                    text.clear();
                    text.push_str(&element.name);
                    let mut letters = self.type_name(t).chars();
                    text.extend(letters.next().map(|c| c.to_ascii_uppercase()));
                    text.push_str(letters.as_str());
                    put(&text, k as u16);
                }
            }
        }
        // Stable: of two elements of one name the nearer type's is found.
        names.sort_by_key(|e| e.hash);
        let choices = names.iter().filter(|e| e.ty == u16::MAX).fold(0, |all, e| all | bit(e.hash));
        let simple = self.line(ty).find_map(|(_, t)| t.simple);
        let asks = self.line(ty).any(|(_, t)| t.invariants.iter().any(|i| i.quick != Quick::ByHand));
        if let Some(own) = self.types.get_mut(ty.0 as usize) {
            (own.names, own.choices) = (Names::of(names), choices);
            (own.simple, own.asks) = (simple, asks);
        }
    }
}

/// A name's place among 64.
#[inline]
fn bit(hash: u32) -> u64 {
    1 << (hash & 63)
}
