//! One element: its name, namespace, attributes, value, text and children.
//!
//! Invariant: every child of the node is written or told. Deliberately absent: cardinality, except
//! that an attribute and a text have room for one.

use super::{As, Open, Task, UNWRITABLE, Writer};
use crate::definitions::{Placed, XmlForm};
use crate::finding::shown;
use crate::tree::{Kind, NodeId, TypeId};
use crate::xml::text::escape_text;
use crate::xml::{FHIR_NAMESPACE, TYPE_MARK, XSI_NAMESPACE, is_nc_name, unwritable};
use std::ops::Range;

/// A child with what the model says of it.
struct Child<'d> {
    node: NodeId,
    ty: TypeId,
    found: Placed<'d>,
}

impl Child<'_> {
    fn form(&self) -> XmlForm {
        self.found.element.xml_form()
    }
}

impl<'t, 'd> Writer<'t, 'd> {
    pub(super) fn open(&mut self, open: &Open<'d>) {
        let (definitions, tree, node, ty) = (self.definitions, self.tree, open.node, open.ty);
        let (namespace, name) = match open.what {
            As::Root => definitions.xml_root(ty),
            As::Inner => (FHIR_NAMESPACE, definitions.type_name(ty)),
            As::Child(found) => (
                definitions.xml_namespace(found.element),
                found.element.xml_name().unwrap_or(tree.name(node)),
            ),
        };
        if !is_nc_name(name) {
            let message = "the model gives the element a name that XML does not allow; give it an xml-name";
            return self.fault("xml-element", node, message);
        }
        let child = matches!(open.what, As::Child(_));
        if child && tree.kind(node) == Kind::Empty {
            return self.fault("xml-kind", node, "an empty list has no form in XML; take it out");
        }
        self.line(open.inline);
        if let As::Child(found) = open.what
            && definitions.is_markup(found.element, ty)
        {
            return self.markup(node, namespace, name);
        }
        self.out.push('<');
        let start = self.out.len();
        self.out.push_str(name);
        let name = start..self.out.len();
        if namespace != open.outer {
            self.attribute("xmlns", namespace, node);
        }
        match child && definitions.is_resource(ty) {
            true => self.wrap(open, namespace, name),
            false => self.content(open, namespace, name),
        }
    }

    /// An element that holds a resource, whose node is its own.
    fn wrap(&mut self, open: &Open<'d>, namespace: &'d str, name: Range<usize>) {
        self.out.push('>');
        self.depth += 1;
        self.tasks.push(Task::Close { name, inline: false });
        let inner = Open { what: As::Inner, outer: namespace, inline: false, ..*open };
        self.tasks.push(Task::Open(inner));
    }

    fn content(&mut self, open: &Open<'d>, namespace: &'d str, name: Range<usize>) {
        let children = self.children(open);
        if let As::Child(found) = open.what {
            self.type_attribute(open, &found, namespace);
        }
        self.attributes(&children);
        let text = self.value(open, &children);
        let is_element = |c: &&Child<'_>| matches!(c.form(), XmlForm::Element | XmlForm::Markup);
        if text.is_none() && !children.iter().any(|c| is_element(&c)) {
            return self.out.push_str("/>");
        }
        self.out.push('>');
        self.depth += 1;
        let inline = text.is_some();
        self.tasks.push(Task::Close { name, inline });
        let elements = children.iter().rev().filter(is_element);
        self.tasks.extend(elements.map(|c| {
            let (node, ty, what) = (c.node, c.ty, As::Child(c.found));
            Task::Open(Open { node, ty, what, outer: namespace, inline })
        }));
        if let Some(text) = text {
            escape_text(&mut self.out, text);
        }
    }

    /// The children in model order, each with its type; those that cannot be written are told.
    fn children(&mut self, open: &Open<'d>) -> Vec<Child<'d>> {
        let resource = self.definitions.is_resource(open.ty);
        let typed = is_typed(&open.what);
        let mut out: Vec<Child<'d>> = Vec::new();
        for node in self.tree.children(open.node) {
            let name = self.tree.name(node);
            if (resource && name == "resourceType") || (typed && name == TYPE_MARK) {
                continue;
            }
            let Some(found) = self.definitions.ranked(open.ty, name) else {
                let owner = self.definitions.type_name(open.ty);
                let message =
                    format!("{owner} has no element `{}`; take it out or mend its name", shown(name));
                self.fault("xml-element", node, &message);
                continue;
            };
            match self.type_of(node, &found) {
                Ok(ty) => out.push(Child { node, ty, found }),
                Err((code, message)) => self.fault(code, node, message),
            }
        }
        if !out.is_sorted_by_key(|c| c.found.rank) {
            out.sort_by_key(|c| c.found.rank);
        }
        out
    }

    fn type_of(&self, node: NodeId, found: &Placed<'d>) -> Result<TypeId, (&'static str, &'static str)> {
        let definitions = self.definitions;
        if let Some(facts) = found.element.xml.as_ref().filter(|facts| facts.typed) {
            let own = self.tree.type_of(node);
            let allowed =
                found.element.types.iter().any(|&t| own != TypeId::NONE && definitions.is_a(own, t));
            let only =
                || Some(&found.element.types).filter(|t| t.len() == 1).and_then(|t| t.first().copied());
            let ty = match self.tree.child(node, TYPE_MARK) {
                Some(_) => definitions.marked_type(found.element, self.tree.at(node)),
                None => Some(own).filter(|_| allowed).or(facts.default_type).or_else(only),
            };
            return ty.ok_or(("xml-type", "no type that may stand here; name one in `xsi:type`"));
        }
        let ty = found.ty.ok_or(("xml-type", "a choice without its type; write the name with it"))?;
        if !definitions.is_resource(ty) {
            return Ok(ty);
        }
        let stated = self.tree.child_text(node, "resourceType").and_then(|name| definitions.type_id(name));
        let good = |t: &TypeId| definitions.is_a(*t, ty) && !definitions.is_abstract(*t);
        stated.filter(good).ok_or(("xml-resource", "`resourceType` names no resource that may stand here"))
    }

    /// `xsi:type`, where the model says that it tells the type.
    fn type_attribute(&mut self, open: &Open<'d>, found: &Placed<'d>, namespace: &'d str) {
        let typed = found.element.xml.as_ref().filter(|facts| facts.typed);
        if typed.is_none_or(|facts| facts.default_type == Some(open.ty)) {
            return;
        }
        let name = self.prefixed(XSI_NAMESPACE, "type");
        let (own, _) = self.definitions.xml_root(open.ty);
        let mut ty = self.definitions.xml_type_name(open.ty);
        if own != namespace && !own.is_empty() {
            ty = self.prefixed(own, &ty);
        }
        self.attribute(&name, &ty, open.node);
    }

    fn attributes(&mut self, children: &[Child<'d>]) {
        let mut rest: Vec<&Child<'d>> = children.iter().filter(|c| c.form() == XmlForm::Attribute).collect();
        while let Some(first) = rest.first().copied() {
            let same = rest.iter().take_while(|c| std::ptr::eq(c.found.element, first.found.element)).count();
            let run: Vec<&Child<'d>> = rest.drain(..same).collect();
            let list = first.found.element.repeats();
            let mut value = String::new();
            for child in &run {
                let text =
                    self.tree.text(child.node).filter(|_| self.tree.children(child.node).next().is_none());
                let word = |t: &str| !t.is_empty() && !t.contains(|c: char| c.is_ascii_whitespace());
                match text.filter(|t| if list { word(t) } else { run.len() == 1 }) {
                    Some(text) => {
                        value.push_str(if value.is_empty() { "" } else { " " });
                        value.push_str(text);
                    }
                    None => self.fault("xml-attribute", child.node, NO_ATTRIBUTE),
                }
            }
            let name = first.found.element.xml_name().unwrap_or(&first.found.element.name);
            let name = match self.definitions.xml_namespace(first.found.element) {
                "" => name.to_string(),
                namespace => self.prefixed(namespace, name),
            };
            self.attribute(&name, &value, first.node);
        }
    }

    /// Writes the value of a primitive as an attribute, or gives the text that the element has.
    fn value(&mut self, open: &Open<'d>, children: &[Child<'d>]) -> Option<&'t str> {
        let (definitions, tree, node) = (self.definitions, self.tree, open.node);
        let (text, kind) = (tree.text(node), tree.kind(node));
        let element = match open.what {
            As::Child(found) => Some(found.element),
            As::Root | As::Inner => None,
        };
        let as_text = definitions.is_text_primitive(open.ty, element);
        if definitions.is_primitive(open.ty) && !as_text {
            if let Some(text) = text {
                self.attribute("value", text, node);
            }
            return None;
        }
        let wrong = if as_text { text.is_none() } else { text.is_some() || kind != Kind::Object };
        if wrong {
            self.fault("xml-kind", node, "a value where the model has elements, or the other way round");
            return None;
        }
        let mut texts = children.iter().filter(|c| c.form() == XmlForm::Text);
        let (first, second) = (texts.next(), texts.next());
        let value = if as_text { text } else { tree.text(first?.node) };
        let of = first.map_or(node, |c| c.node);
        let plain = as_text || (second.is_none() && tree.children(of).next().is_none());
        // An empty text is no text: only a primitive whose value is its text can have it.
        match value.filter(|v| plain && (as_text || !v.is_empty())) {
            Some(value) if unwritable(value).is_some() => self.fault("xml-character", of, UNWRITABLE),
            Some(value) => return Some(value),
            None => {
                self.fault("xml-kind", of, "the text of an element is one value without parts, and not empty")
            }
        }
        None
    }
}

fn is_typed(what: &As<'_>) -> bool {
    matches!(what, As::Child(found) if found.element.xml.as_ref().is_some_and(|facts| facts.typed))
}

const NO_ATTRIBUTE: &str =
    "an attribute holds one value without parts; one that repeats, words without white space";
