//! The children of a node: known elements, cardinalities, lists, types, and the layers they get.
//!
//! Invariant: each child is looked at once per layer that names it, so the cost is linear in the
//! number of children. Deliberately absent: what a child contains (`node` walks on).

use super::profiles::add;
use super::slice::Sliced;
use super::{Layers, Run};
use crate::definitions::Element;
use crate::finding::shown;
use crate::profile::{Rule, TypeRule};
use crate::tree::{Key, Kind, NodeId, TypeId};
use smallvec::SmallVec;

/// A child that the model knows.
pub(super) struct Child<'a> {
    pub(super) node: NodeId,
    pub(super) ty: TypeId,
    pub(super) element: &'a Element,
    pub(super) index: Option<u32>,
    pub(super) layers: Layers<'a>,
}

/// The children of a node: the usual few need no allocation.
type Known<'a> = SmallVec<[Child<'a>; 8]>;

impl<'a> Run<'a> {
    /// Checks the children of `node` against its type and the layers, then each child itself.
    pub(super) fn children(&mut self, node: NodeId, ty: TypeId, layers: &[&'a Rule]) {
        let mut children = self.known_children(node, ty);
        if !self.layers_only {
            self.base_cardinality(node, ty, &children);
        }
        for rule in layers {
            for (name, rule) in &rule.children {
                self.apply(node, name, rule, layers, &mut children);
            }
        }
        for child in children {
            self.path.push((child.node, child.index));
            let mut own = child.layers;
            if !self.layers_only {
                self.type_profiles(child.node, child.ty, &child.element.profiles, &mut own);
            }
            self.node(child.node, child.ty, Some(child.element), own);
            self.path.pop();
        }
    }

    /// The children with their elements; tells of those that the type does not have.
    fn known_children(&mut self, node: NodeId, ty: TypeId) -> Known<'a> {
        let (tree, definitions) = (self.tree, &self.own.definitions);
        let resource = definitions.is_resource(ty);
        let mut out = Known::new();
        // Items that are refused count where the others stand, too.
        let mut before: Option<(*const Element, u32)> = None;
        for child in tree.children(node) {
            let Some(element) = definitions.element_of(tree, child) else {
                if !(self.layers_only || resource && tree.name(child) == "resourceType") {
                    self.unknown(child, ty);
                }
                continue;
            };
            let child_ty = tree.type_of(child);
            let list = tree.is_list(child);
            let same = before.filter(|(e, _)| list && std::ptr::eq(*e, element));
            let index = list.then(|| same.map_or(0, |(_, i)| i + 1));
            before = index.map(|i| (std::ptr::from_ref(element), i));
            if !self.layers_only {
                self.path.push((child, index));
                self.list_shape(child, element, list);
                if child_ty == TypeId::NONE {
                    let what =
                        format!("`{}` needs its type as a suffix, for example {0}String", element.name);
                    self.error("type", child, what);
                } else if child_ty == self.own.types.resource {
                    let what = "not a known resource type; set resourceType to an R4 resource";
                    self.error("type", child, what.into());
                }
                self.path.pop();
            }
            let hollow = list && tree.kind(child) == Kind::Empty;
            if child_ty != TypeId::NONE && child_ty != self.own.types.resource && !hollow {
                out.push(Child { node: child, ty: child_ty, element, index, layers: Layers::new() });
            }
        }
        out
    }

    fn unknown(&mut self, child: NodeId, ty: TypeId) {
        self.path.push((child, None));
        let what = format!(
            "{} has no element `{}`; remove it or carry the information in an extension",
            self.own.definitions.type_name(ty),
            shown(self.tree.name(child))
        );
        self.error("unknown-element", child, what);
        self.path.pop();
    }

    fn list_shape(&mut self, child: NodeId, element: &Element, list: bool) {
        if self.tree.kind(child) == Kind::Empty && list {
            let what = format!("`{}` is an empty array; leave it out", element.name);
            self.error("empty", child, what);
        } else if element.repeats() != list {
            let what = match list {
                true => format!("`{}` does not repeat; write the value without [ ]", element.name),
                false => format!("`{}` repeats; write an array even for one value", element.name),
            };
            self.error("type", child, what);
        }
    }

    /// The base type's own minima and maxima. Repetition of a list element has no maximum in R4.
    fn base_cardinality(&mut self, node: NodeId, ty: TypeId, children: &[Child<'a>]) {
        let definitions = &self.own.definitions;
        // As long as the type has elements, however many children there are.
        let mut counts: SmallVec<[(&Element, u32, NodeId); 8]> = SmallVec::new();
        for child in children {
            match counts.iter_mut().rev().find(|(e, _, _)| std::ptr::eq(*e, child.element)) {
                Some((_, n, last)) => (*n, *last) = (*n + 1, child.node),
                None => counts.push((child.element, 1, child.node)),
            }
        }
        for &(element, n, last) in &counts {
            if let Some(max) = element.max.filter(|&m| n > m) {
                let what = format!("`{}` stands {n} times, at most {max} allowed", element.name);
                self.error("cardinality", last, what);
            }
        }
        for element in definitions.required(ty) {
            let n = counts.iter().find(|(e, _, _)| std::ptr::eq(*e, element)).map_or(0, |c| c.1);
            if n < element.min && (n > 0 || !self.tree.children(node).any(|c| self.spelt(c, element))) {
                self.missing(node, &element.name, element.min, n);
            }
        }
    }

    /// Is the child an instance of the element, even one of a type that was refused?
    fn spelt(&self, child: NodeId, element: &Element) -> bool {
        self.own.definitions.element_of(self.tree, child).is_some_and(|e| e.name == element.name)
    }

    fn missing(&mut self, node: NodeId, name: &str, min: u32, n: u32) {
        let what = match n {
            0 => format!("`{name}` is missing; at least {min} required"),
            n => format!("`{name}` stands {n} times; at least {min} required"),
        };
        self.error("cardinality", node, what);
    }

    /// Applies a profile's rule for the element `name` to the children that bear it.
    fn apply(
        &mut self,
        node: NodeId,
        key: &Key,
        rule: &'a Rule,
        layers: &[&'a Rule],
        children: &mut [Child<'a>],
    ) {
        let name = key.name();
        let called = |e: &Element| e.hash == key.hash() && *e.name == *name;
        let at: SmallVec<[usize; 8]> = (0..children.len()).filter(|&i| called(children[i].element)).collect();
        let n = at.len() as u32;
        if let Some(min) = rule.min.filter(|&m| n < m) {
            self.missing(node, name, min, n);
        }
        if let Some(Some(max)) = rule.max.filter(|m| m.is_some_and(|m| n > m)) {
            let last = at.last().map_or(node, |&i| children[i].node);
            let what = match max {
                0 => format!("`{name}` is not allowed here by the profile; leave it out"),
                _ => format!("`{name}` stands {n} times, at most {max} allowed by the profile"),
            };
            self.error("cardinality", last, what);
        }
        for &i in &at {
            let child = &mut children[i];
            self.path.push((child.node, child.index));
            self.rule_types(child, rule);
            self.path.pop();
        }
        if let Some(slicing) = &rule.slicing {
            let others: Layers<'a> = layers.iter().filter_map(|layer| layer.child(name)).collect();
            self.slices(Sliced { node, name, others: &others }, slicing, &at, children);
        }
    }

    /// Gives a child the layer, and checks the types that the rule leaves.
    pub(super) fn rule_types(&mut self, child: &mut Child<'a>, rule: &'a Rule) {
        add(&mut child.layers, rule);
        if rule.types.is_empty() {
            return;
        }
        let definitions = &self.own.definitions;
        let fits = |t: &&TypeRule| definitions.is_a(child.ty, t.ty);
        let Some(found) = rule.types.iter().find(fits) else {
            let names: Vec<&str> = rule.types.iter().map(|t| definitions.type_name(t.ty)).collect();
            let is = definitions.type_name(child.ty);
            let what = format!("the profile allows only the type {} here, found {is}", names.join(" or "));
            return self.error("type", child.node, what);
        };
        self.type_profiles(child.node, child.ty, &found.profiles, &mut child.layers);
    }
}
