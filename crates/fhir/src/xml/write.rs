//! The XML writer: a tree back to text, in the model's order, compact or indented.
//!
//! Invariant: what is written is well-formed, and read again gives the same tree; what XML or the
//! model cannot hold is an error with its place, never left out. The tree needs no types: they are
//! found on the way down; where `xsi:type` has to tell, the node's mark or else its type decides.
//! Deliberately absent: changing the tree, and any check of values beyond what XML itself forbids.

mod element;
mod markup;

use super::text::escape_attribute;
use super::{XSI_NAMESPACE, unwritable};
use crate::definitions::{Definitions, Placed};
use crate::finding::{Finding, place};
use crate::tree::{NodeId, Tree, TypeId};
use std::ops::Range;

/// At most this many faults are collected.
const MOST_FAULTS: usize = 100;

/// What an element is to be written as.
#[derive(Clone, Copy)]
enum As<'d> {
    /// The root.
    Root,
    /// A child of this kind.
    Child(Placed<'d>),
    /// The resource inside an element that holds one.
    Inner,
}

/// An element to be written.
struct Open<'d> {
    node: NodeId,
    ty: TypeId,
    what: As<'d>,
    /// The default namespace in force.
    outer: &'d str,
    /// Does it stand among text, where white space would count?
    inline: bool,
}

/// What is left to write; the last is next.
enum Task<'d> {
    Open(Open<'d>),
    /// An end tag whose name stands at these bytes of the output.
    Close {
        name: Range<usize>,
        inline: bool,
    },
}

struct Writer<'t, 'd> {
    tree: &'t Tree,
    definitions: &'d Definitions,
    pretty: bool,
    depth: usize,
    out: String,
    tasks: Vec<Task<'d>>,
    /// Namespaces that need a prefix; declared on the root.
    prefixed: Vec<&'d str>,
    faults: Vec<Finding>,
}

/// Writes the tree without white space between elements.
///
/// # Errors
/// All faults found: codes `xml-root`, `xml-element`, `xml-attribute`, `xml-kind`, `xml-character`,
/// `xml-markup`, `xml-resource`, `xml-type`. Places and kinds only, never values.
pub fn write(tree: &Tree, definitions: &Definitions) -> Result<String, Vec<Finding>> {
    text(tree, definitions, false)
}

/// Writes the tree with line breaks and two spaces of indentation, except inside text and markup.
///
/// # Errors
/// As [`write`].
pub fn write_pretty(tree: &Tree, definitions: &Definitions) -> Result<String, Vec<Finding>> {
    text(tree, definitions, true)
}

fn text(tree: &Tree, definitions: &Definitions, pretty: bool) -> Result<String, Vec<Finding>> {
    let mut writer = Writer {
        tree,
        definitions,
        pretty,
        depth: 0,
        out: String::with_capacity(tree.source().len() + 256),
        tasks: Vec::new(),
        prefixed: Vec::new(),
        faults: Vec::new(),
    };
    writer.out.push_str(r#"<?xml version="1.0" encoding="UTF-8"?>"#);
    if pretty {
        writer.out.push('\n');
    }
    let root_tag = writer.out.len() + 1;
    writer.root();
    while let Some(task) = writer.tasks.pop() {
        match task {
            Task::Open(open) => writer.open(&open),
            Task::Close { name, inline } => writer.close(name, inline),
        }
    }
    writer.declare_prefixes(root_tag);
    if pretty {
        writer.out.push('\n');
    }
    if writer.faults.is_empty() { Ok(writer.out) } else { Err(writer.faults) }
}

impl<'d> Writer<'_, 'd> {
    fn root(&mut self) {
        let node = self.tree.root();
        let stated = self.tree.child_text(node, "resourceType");
        let annotated = Some(self.tree.type_of(node)).filter(|&t| t != TypeId::NONE);
        let named = |name| self.definitions.type_id(name);
        let ty = match annotated {
            Some(ty) if !self.definitions.is_resource(ty) => Some(ty),
            _ => stated.map_or(annotated, named).or_else(|| named(self.tree.name(node))),
        };
        match ty.filter(|&t| !self.definitions.is_primitive(t)) {
            Some(ty) => {
                self.tasks.push(Task::Open(Open { node, ty, what: As::Root, outer: "", inline: true }))
            }
            None => self.fault(
                "xml-root",
                node,
                "no definition knows the type of the root; annotate the tree first",
            ),
        }
    }

    fn close(&mut self, name: Range<usize>, inline: bool) {
        self.depth -= 1;
        self.line(inline);
        self.out.push_str("</");
        self.out.extend_from_within(name);
        self.out.push('>');
    }

    /// Declares the prefixes that were used, behind the name of the root.
    fn declare_prefixes(&mut self, root_tag: usize) {
        let name = self.out.get(root_tag..).and_then(|tag| tag.find([' ', '/', '>']));
        let mut declared = String::new();
        for namespace in &self.prefixed {
            declared.push_str(" xmlns:");
            declared.push_str(&self.prefix(namespace));
            declared.push_str("=\"");
            escape_attribute(&mut declared, namespace);
            declared.push('"');
        }
        if let Some(length) = name {
            self.out.insert_str(root_tag + length, &declared);
        }
    }

    fn prefix(&self, namespace: &str) -> String {
        match self.prefixed.iter().position(|n| *n == namespace) {
            _ if namespace == XSI_NAMESPACE => "xsi".into(),
            number => format!("ns{}", number.unwrap_or_default() + 1),
        }
    }

    /// A name with the prefix of its namespace, which the root will declare.
    fn prefixed(&mut self, namespace: &'d str, name: &str) -> String {
        if !self.prefixed.contains(&namespace) {
            self.prefixed.push(namespace);
        }
        format!("{}:{name}", self.prefix(namespace))
    }

    /// An attribute, unless XML cannot hold its value.
    fn attribute(&mut self, name: &str, value: &str, node: NodeId) {
        self.out.push(' ');
        self.out.push_str(name);
        self.out.push_str("=\"");
        match unwritable(value) {
            None => escape_attribute(&mut self.out, value),
            Some(_) => self.fault("xml-character", node, UNWRITABLE),
        }
        self.out.push('"');
    }

    fn line(&mut self, inline: bool) {
        if self.pretty && !inline {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", self.depth));
        }
    }

    fn fault(&mut self, code: &'static str, node: NodeId, message: &str) {
        if self.faults.len() < MOST_FAULTS {
            let (place, span) = (place(self.tree, node), self.tree.span(node));
            self.faults.push(Finding::error(code, place, span, message));
        }
    }
}

const UNWRITABLE: &str = "a character that XML cannot hold; take it out of the value";
