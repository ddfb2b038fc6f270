//! Attributes: declarations that markup relies on, values of primitives, `id`, `url` and what logical models have.
//!
//! Invariant: every attribute becomes a node, or a value, or a fault. Deliberately absent: `xsi:nil` and `xml:lang`, which no model here has.

use super::{Frame, Inside, MOST_ATTRIBUTES, Reader, span};
use crate::definitions::{Placed, XmlForm};
use crate::finding::shown;
use crate::tree::TypeId;
use crate::xml::XSI_NAMESPACE;
use crate::xml::scope::Named;
use crate::xml::token::{Fault, Tag};

/// In place of a declaration's number: markup relies on no default namespace being declared.
pub(super) const UNDECLARED: usize = usize::MAX;

impl<'a> Reader<'a, '_> {
    /// Declares the tag's namespaces and gives its other attributes.
    pub(super) fn enter(&mut self, tag: &Tag<'a>, at: usize) -> Result<Vec<Named<'a>>, Fault> {
        let attributes = self.scope.enter(tag, MOST_ATTRIBUTES)?;
        self.scope.resolve(tag.prefix, at)?;
        let open = self.frames.iter().rev().find(|f| f.inside != Inside::Passed);
        if let Some(mark) = open.filter(|f| f.inside == Inside::Markup).map(|f| f.mark) {
            self.need(&attributes, tag.prefix, mark);
        }
        Ok(attributes)
    }

    /// Remembers the declarations that a tag in markup relies on and that stand outside: before `mark`.
    pub(super) fn need(&mut self, attributes: &[Named<'a>], prefix: &str, mark: usize) {
        let prefixes = attributes.iter().map(|a| a.prefix).filter(|p| !p.is_empty());
        for prefix in prefixes.chain([prefix]) {
            let number = match self.scope.find(prefix) {
                Some((Some(number), _)) if number < mark => number,
                Some((None, "")) => UNDECLARED,
                _ => continue,
            };
            if !self.outer.contains(&number) {
                self.outer.push(number);
            }
        }
    }

    /// Makes nodes of an element's attributes, in model order.
    pub(super) fn take_attributes(
        &mut self,
        frame: &mut Frame,
        attributes: &[Named<'a>],
        root: bool,
    ) -> Result<(), Fault> {
        let definitions = self.definitions;
        let primitive = definitions.is_primitive(frame.ty) && !frame.as_text;
        let mut placed: Vec<(Placed<'_>, &Named<'a>)> = Vec::new();
        for attribute in attributes {
            let plain = attribute.prefix.is_empty();
            let namespace =
                if plain { "" } else { self.scope.find(attribute.prefix).map_or("", |(_, uri)| uri) };
            let passed = match attribute.local {
                "type" => self.tree.child(frame.node, crate::xml::TYPE_MARK).is_some(),
                "schemaLocation" | "noNamespaceSchemaLocation" => root,
                _ => false,
            };
            if passed && namespace == XSI_NAMESPACE {
                continue;
            }
            if primitive && plain && attribute.local == "value" {
                self.set_value(frame.node, frame.ty, &attribute.value, attribute.verbatim());
                continue;
            }
            let wrapper = matches!(frame.inside, Inside::Resource { .. });
            match definitions.in_xml(frame.ty, namespace, attribute.local, true).filter(|_| !wrapper) {
                Some(found) => placed.push((found, attribute)),
                None => self.unknown_attribute(frame, attribute),
            }
        }
        placed.sort_by_key(|(found, _)| found.rank);
        frame.attribute = placed.last().map_or(0, |(found, _)| found.rank + 1);
        for (found, attribute) in placed {
            self.take_attribute(frame, &found, attribute)?;
        }
        Ok(())
    }

    /// An attribute that repeats is a list separated by white space.
    fn take_attribute(
        &mut self,
        frame: &Frame,
        found: &Placed<'_>,
        attribute: &Named<'a>,
    ) -> Result<(), Fault> {
        let ty = found.ty.unwrap_or(TypeId::NONE);
        let (name, list, at) = (&found.element.name, found.element.repeats(), attribute.span.clone());
        if list {
            for word in attribute.value.split_ascii_whitespace() {
                let node = self.add_named(frame.node, name, true, at.clone())?;
                found.annotate(&mut self.tree, node, ty);
                self.set_value(node, ty, word, None);
            }
            return Ok(());
        }
        let local = at.start + attribute.prefix.len() + usize::from(!attribute.prefix.is_empty());
        let node = match **name == *attribute.local {
            true => self.add(frame.node, span(local..local + name.len()), false, at)?,
            false => self.add_named(frame.node, name, false, at)?,
        };
        found.annotate(&mut self.tree, node, ty);
        self.set_value(node, ty, &attribute.value, attribute.verbatim());
        Ok(())
    }

    fn unknown_attribute(&mut self, frame: &Frame, attribute: &Named<'a>) {
        let (local, owner) = (shown(attribute.local), self.definitions.type_name(frame.ty));
        let near = self.definitions.ranked(frame.ty, attribute.local).map(|f| f.element.xml_form());
        let message = match near {
            Some(XmlForm::Attribute) => {
                format!("the attribute `{local}` stands in another namespace than the model says")
            }
            Some(_) => format!("`{local}` is an element here, not an attribute"),
            None => format!("{owner} has no attribute `{local}`; take it out or mend its name"),
        };
        self.shape("xml-attribute", attribute.span.clone(), frame.node, &message);
    }
}
