//! The JSON writer: the tree back to text, compact or indented.
//!
//! Invariant: for a tree that was read in the same form, the output equals the input up to white
//! space and the spelling of escapes; object members are never written twice, even when a builder
//! added the repetitions of an element apart from each other. Deliberately absent: reordering into
//! model order (see `Tree::sort_children` and the definitions' `order`).

use super::{Form, scan};
use crate::tree::{Kind, NodeId, Tree};
use std::collections::HashMap;
use std::ops::Range;

/// What is left to write; the last is next.
enum Task {
    /// The members of an object: the rest of a range of `children`, and whether it is the first.
    Members { rest: Range<usize>, from: usize, first: bool },
    /// The rest of an array's items.
    Items { rest: Range<usize>, twin: bool, first: bool },
    /// The `_name` half of a pair: the items, whether it is an array, and whether `name` was
    /// written before it.
    Twin { items: Range<usize>, list: bool, comma: bool },
}

struct Writer<'a> {
    tree: &'a Tree,
    form: Form,
    pretty: bool,
    depth: usize,
    out: String,
    tasks: Vec<Task>,
    children: Vec<NodeId>,
}

/// Writes the tree without white space.
pub fn write(tree: &Tree, form: Form) -> String {
    text(tree, form, false)
}

/// Writes the tree with line breaks and two spaces of indentation.
pub fn write_pretty(tree: &Tree, form: Form) -> String {
    text(tree, form, true)
}

fn text(tree: &Tree, form: Form, pretty: bool) -> String {
    let out = String::with_capacity(tree.written_size());
    let mut writer = Writer {
        tree,
        form,
        pretty,
        depth: 0,
        out,
        tasks: Vec::with_capacity(32),
        children: Vec::with_capacity(64),
    };
    writer.value(tree.root(), false);
    while let Some(task) = writer.tasks.pop() {
        writer.step(task);
    }
    writer.out
}

impl Writer<'_> {
    fn step(&mut self, task: Task) {
        match task {
            Task::Members { rest, from, first } if rest.is_empty() => {
                self.depth -= 1;
                if !first {
                    self.line();
                }
                self.out.push('}');
                self.children.truncate(from);
            }
            Task::Members { rest, from, first } => self.member(rest, from, first),
            Task::Items { rest, .. } if rest.is_empty() => {
                self.depth -= 1;
                self.line();
                self.out.push(']');
            }
            Task::Items { rest, twin, first } => {
                if !first {
                    self.out.push(',');
                }
                self.line();
                let node = self.children[rest.start];
                self.tasks.push(Task::Items { rest: rest.start + 1..rest.end, twin, first: false });
                match twin && !self.has_twin(node) {
                    true => self.out.push_str("null"),
                    false => self.value(node, twin),
                }
            }
            Task::Twin { items, list, comma } => {
                if comma {
                    self.out.push(',');
                }
                let node = self.children[items.start];
                self.name("_", node);
                match list {
                    true => self.array(items, true),
                    false => self.value(node, true),
                }
            }
        }
    }

    /// The next member: all neighbours in `rest` that are one list, or one single element.
    fn member(&mut self, rest: Range<usize>, from: usize, first: bool) {
        let node = self.children[rest.start];
        let list = self.tree.is_list(node);
        let mut end = rest.start + 1;
        while end < rest.end && self.same_name(node, self.children[end]) {
            end += 1;
        }
        let items = rest.start..end;
        let list = list || items.len() > 1;
        let nodes = &self.children[items.clone()];
        let twin = nodes.iter().any(|&n| self.has_twin(n));
        let value = !twin || nodes.iter().any(|&n| self.tree.kind(n) != Kind::Null);
        self.tasks.push(Task::Members { rest: end..rest.end, from, first: false });
        if !first {
            self.out.push(',');
        }
        if twin {
            self.tasks.push(Task::Twin { items: items.clone(), list, comma: value });
        }
        if !value {
            return;
        }
        self.name("", node);
        match list {
            true if items.len() == 1 && self.tree.kind(node) == Kind::Empty => self.out.push_str("[]"),
            true => self.array(items, false),
            false => self.value(node, false),
        }
    }

    fn array(&mut self, items: Range<usize>, twin: bool) {
        self.out.push('[');
        self.depth += 1;
        self.tasks.push(Task::Items { rest: items, twin, first: true });
    }

    fn name(&mut self, before: &str, node: NodeId) {
        self.line();
        self.out.push('"');
        self.out.push_str(before);
        escape(&mut self.out, self.tree.name(node));
        self.out.push_str(if self.pretty { "\": " } else { "\":" });
    }

    /// A value; for `twin` the children of a primitive instead of its text.
    fn value(&mut self, node: NodeId, twin: bool) {
        match (self.tree.kind(node), self.tree.text(node)) {
            (Kind::Object, _) => self.object(node),
            _ if twin => self.object(node),
            (Kind::String, text) => {
                self.out.push('"');
                escape(&mut self.out, text.unwrap_or_default());
                self.out.push('"');
            }
            (Kind::Number | Kind::Boolean, Some(text)) => self.out.push_str(text),
            _ => self.out.push_str("null"),
        }
    }

    fn object(&mut self, node: NodeId) {
        let from = self.children.len();
        self.children.extend(self.tree.children(node));
        self.gather(from);
        let rest = from..self.children.len();
        self.out.push('{');
        self.depth += 1;
        self.tasks.push(Task::Members { rest, from, first: true });
    }

    /// Brings children of one name together where a builder added them apart.
    fn gather(&mut self, from: usize) {
        // One bit for each name that has begun: where none comes twice, none stands apart.
        let (mut begun, mut twice) = (0u128, false);
        for i in from..self.children.len() {
            let child = self.children[i];
            if i == from || !self.same_name(self.children[i - 1], child) {
                let bit = 1u128 << (self.tree.name_hash(child) >> 25);
                twice |= begun & bit != 0;
                begun |= bit;
            }
        }
        if !twice {
            return;
        }
        let tree = self.tree;
        let mut ranks: HashMap<&str, usize> = HashMap::with_capacity(self.children.len() - from);
        let mut apart = false;
        for pair in 0..self.children.len() - from {
            let name = tree.name(self.children[from + pair]);
            let next = ranks.len();
            let rank = *ranks.entry(name).or_insert(next);
            // A name that was there before, and not just before.
            apart |= rank + 1 < ranks.len();
        }
        if apart {
            self.children[from..].sort_by_key(|&n| ranks.get(tree.name(n)).copied());
        }
    }

    fn same_name(&self, a: NodeId, b: NodeId) -> bool {
        self.tree.name_hash(a) == self.tree.name_hash(b) && self.tree.name(a) == self.tree.name(b)
    }

    /// Is this a primitive with an id or extensions that FHIR JSON writes under `_name`?
    fn has_twin(&self, node: NodeId) -> bool {
        let primitive = !matches!(self.tree.kind(node), Kind::Object | Kind::Empty);
        self.form == Form::Fhir && primitive && self.tree.children(node).next().is_some()
    }

    fn line(&mut self) {
        if self.pretty {
            self.out.push('\n');
            self.out.extend(std::iter::repeat_n("  ", self.depth));
        }
    }
}

/// Escapes what RFC 8259 §7 says must be, and nothing else.
fn escape(out: &mut String, text: &str) {
    let mut rest = text;
    while let Some(at) = scan::special(rest.as_bytes()) {
        out.push_str(&rest[..at]);
        match rest.as_bytes()[at] {
            b'"' => out.push_str("\\\""),
            b'\\' => out.push_str("\\\\"),
            b'\n' => out.push_str("\\n"),
            b'\r' => out.push_str("\\r"),
            b'\t' => out.push_str("\\t"),
            0x8 => out.push_str("\\b"),
            0xC => out.push_str("\\f"),
            b => out.push_str(&format!("\\u{b:04x}")),
        }
        rest = &rest[at + 1..];
    }
    out.push_str(rest);
}
