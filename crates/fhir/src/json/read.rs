//! The JSON reader: one pass over the bytes, no recursion, no allocation per node.
//!
//! Invariant: what it accepts is valid RFC 8259 with unique names. A fault of shape is recorded and
//! reading goes on, so that all of them are told at once; a fault of syntax ends the reading, unless it
//! leaves no doubt how the text goes on (`slip`). Deliberately absent: recovery after any other.

use super::{Form, Limits};
use crate::finding::{Finding, place, shown};
use crate::tree::{Kind, NodeId, Span, Tree, hash};
use std::collections::HashMap;

mod lex;
mod slip;

/// At most this many faults of shape are collected.
const MOST_FAULTS: usize = 100;
/// Up to this many members a name is looked for by going through them.
const FEW_MEMBERS: usize = 24;
/// Offsets are 32 bits wide and decoded strings are kept behind the source.
const MOST_BYTES: usize = 1 << 30;

/// Ends the reading; the fault is already recorded.
pub(super) struct Stop;

/// A member's name: where it stands, and its hash, made once.
#[derive(Clone, Copy)]
struct Name {
    span: Span,
    hash: u32,
}

/// A member of the object being read: the run of nodes that it became.
struct Member {
    name: Name,
    node: NodeId,
    count: u32,
    list: bool,
    value: bool,
    twin: bool,
}

struct Object {
    node: NodeId,
    members: usize,
    index: Option<HashMap<Box<str>, usize>>,
    twin: bool,
    first: bool,
}

struct Array {
    parent: NodeId,
    member: usize,
    name: Name,
    /// The node that the next item merges into, when the other half of the pair came first.
    merge: Option<NodeId>,
    merging: bool,
    twin: bool,
    told: bool,
    count: u32,
}

enum Frame {
    Object(Object),
    Array(Array),
}

pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    pos: usize,
    tree: Tree,
    form: Form,
    limits: &'a Limits,
    frames: Vec<Frame>,
    members: Vec<Member>,
    faults: Vec<Finding>,
    scratch: String,
}

/// Reads a JSON text.
///
/// # Errors
/// All faults found, in order of place: codes `json-syntax`, `json-encoding`, `json-duplicate-key`,
/// `json-nested-array`, `json-root`, `json-twin`, `json-depth`, `json-size`, `json-nodes`. Places
/// and kinds only, never values; [`crate::finding::position`] gives line and column of the span.
pub fn read(text: &[u8], form: Form, limits: &Limits) -> Result<Tree, Vec<Finding>> {
    let fault = |code, at: usize, message: &str| {
        let span = Span { start: at as u32, end: at as u32 };
        vec![Finding::error(code, "$".into(), span, message)]
    };
    let most = limits.max_bytes.min(MOST_BYTES);
    if text.len() > most {
        let message =
            format!("the text has {} bytes, more than the {most} allowed; send less at a time", text.len());
        return Err(fault("json-size", 0, &message));
    }
    if text.starts_with(b"\xEF\xBB\xBF") {
        return Err(fault(
            "json-encoding",
            0,
            "the text starts with a byte order mark; send UTF-8 without one",
        ));
    }
    let source = match std::str::from_utf8(text) {
        Ok(source) => source,
        Err(e) => return Err(fault("json-encoding", e.valid_up_to(), "not UTF-8 from here; send UTF-8")),
    };
    let mut copy = String::with_capacity(source.len() + source.len() / 16 + 64);
    copy.push_str(source);
    let mut reader = Reader {
        bytes: source.as_bytes(),
        pos: 0,
        tree: Tree::over(copy, "$"),
        form,
        limits,
        frames: Vec::with_capacity(16),
        members: Vec::with_capacity(64),
        faults: Vec::new(),
        scratch: String::new(),
    };
    let _ = reader.document();
    if !reader.faults.is_empty() {
        let mut faults = std::mem::take(&mut reader.faults);
        faults.sort_by_key(|f| f.span.start);
        if form == Form::Fhir {
            reader.name_places(&mut faults);
        }
        return Err(faults);
    }
    let mut tree = reader.tree;
    if form == Form::Fhir {
        let name = tree.child(tree.root(), "resourceType").filter(|&n| tree.kind(n) == Kind::String);
        if let Some(name) = name.and_then(|n| tree.text(n)).map(str::to_string) {
            tree.rename(tree.root(), &name);
        }
    }
    Ok(tree)
}

impl Reader<'_> {
    fn document(&mut self) -> Result<(), Stop> {
        self.white();
        let start = self.pos;
        if self.peek() == Some(b'{') {
            self.pos += 1;
            self.open(self.tree.root(), false)?;
            self.tree.set_span(self.tree.root(), span(start, start + 1));
            while let Some(frame) = self.frames.last() {
                match frame {
                    Frame::Object(_) => self.object_step()?,
                    Frame::Array(_) => self.array_step()?,
                }
            }
        } else {
            self.skip_value()?;
            self.shape("json-root", start, None, "the document is not an object; wrap it in one");
        }
        self.white();
        match self.pos == self.bytes.len() {
            true => Ok(()),
            false => Err(self.syntax("something follows the document; send one document only")),
        }
    }

    /// One member of the innermost object, or its end.
    fn object_step(&mut self) -> Result<(), Stop> {
        let Some(Frame::Object(object)) = self.frames.last_mut() else { return Ok(()) };
        let (first, node) = (object.first, object.node);
        object.first = false;
        self.white();
        match self.peek() {
            Some(b'}') => return self.close_object(first),
            Some(b',') if !first => {
                self.pos += 1;
                self.white();
                if self.surplus_comma(b'}')? {
                    return self.close_object(false);
                }
            }
            _ if first => {}
            Some(b'"') => self.slip("a comma is missing before this member")?,
            _ => return Err(self.syntax("expected `,` or `}` after a member")),
        }
        let start = self.pos;
        let name = match self.peek() {
            Some(b'"') => self.string()?,
            _ => self.bare("expected a member name in double quotes")?,
        };
        self.white();
        if self.peek() != Some(b':') {
            return Err(self.syntax("expected `:` after a member name"));
        }
        self.pos += 1;
        self.white();
        self.member(node, name, start)
    }

    fn close_object(&mut self, empty: bool) -> Result<(), Stop> {
        self.pos += 1;
        let Some(Frame::Object(object)) = self.frames.pop() else { return Ok(()) };
        self.members.truncate(object.members);
        if object.twin {
            if empty {
                self.shape("json-twin", self.pos - 1, Some(object.node), EMPTY_TWIN);
            }
        } else {
            let start = self.tree.span(object.node).start as usize;
            self.tree.set_span(object.node, span(start, self.pos));
        }
        Ok(())
    }

    /// Finds the member that this name belongs to, or makes a place for it.
    fn find_member(&mut self, name: Name) -> Option<usize> {
        let Some(Frame::Object(object)) = self.frames.last_mut() else { return None };
        let text = self.tree.text_at(name.span);
        let own = &self.members[object.members..];
        if own.len() <= FEW_MEMBERS {
            let same = |m: &Member| m.name.hash == name.hash && self.tree.text_at(m.name.span) == text;
            return own.iter().position(same).map(|i| i + object.members);
        }
        let index = object.index.get_or_insert_with(HashMap::new);
        for (i, member) in own.iter().enumerate().skip(index.len()) {
            index.insert(self.tree.text_at(member.name.span).into(), i + object.members);
        }
        index.get(text).copied()
    }

    /// A member's value, `start` being where its name stands.
    fn member(&mut self, parent: NodeId, mut name: Span, start: usize) -> Result<(), Stop> {
        let twin =
            self.form == Form::Fhir && self.tree.text_at(name).starts_with('_') && name.end - name.start > 1;
        if twin {
            name.start += 1;
        }
        let name = Name { span: name, hash: hash(self.tree.text_at(name)) };
        let found = self.find_member(name);
        if let Some(i) = found {
            let member = &self.members[i];
            if (twin && member.twin) || (!twin && member.value) {
                let text = shown(self.tree.text_at(name.span)).to_string();
                let underscore = if twin { "_" } else { "" };
                let message = format!("the name `{underscore}{text}` stands twice in this object; keep one");
                self.skip_value()?;
                self.shape("json-duplicate-key", start, Some(parent), &message);
                return Ok(());
            }
        }
        let list = self.peek() == Some(b'[');
        let merge = found.map(|i| (self.members[i].node, self.members[i].list));
        let member = match found {
            Some(i) => i,
            None => {
                let node = NodeId(self.tree.len() as u32);
                self.members.push(Member { name, node, count: 1, list, value: false, twin: false });
                self.members.len() - 1
            }
        };
        let own = &mut self.members[member];
        (own.value, own.twin) = (own.value || !twin, own.twin || twin);
        match merge {
            Some((_, was)) if was != list => {
                self.skip_value()?;
                self.shape("json-twin", start, Some(parent), UNEQUAL_TWIN);
                Ok(())
            }
            _ if list => self.open_array(parent, member, name, merge.map(|m| m.0), twin),
            _ => self.value(parent, name, false, merge.map(|m| m.0), twin).map(|_| ()),
        }
    }

    fn open_array(
        &mut self,
        parent: NodeId,
        member: usize,
        name: Name,
        merge: Option<NodeId>,
        twin: bool,
    ) -> Result<(), Stop> {
        let start = self.pos;
        self.pos += 1;
        self.white();
        if self.peek() == Some(b']') {
            self.pos += 1;
            if twin || merge.is_some() {
                self.shape("json-twin", start, Some(parent), UNEQUAL_TWIN);
                return Ok(());
            }
            let node = self.add(parent, name, true, start)?;
            self.tree.set_kind(node, Kind::Empty);
            self.tree.set_span(node, span(start, self.pos));
            return Ok(());
        }
        self.deeper(start)?;
        let merging = merge.is_some();
        self.frames.push(Frame::Array(Array {
            parent,
            member,
            name,
            merge,
            merging,
            twin,
            told: false,
            count: 0,
        }));
        Ok(())
    }

    /// One item of the innermost array, or its end.
    fn array_step(&mut self) -> Result<(), Stop> {
        let Some(Frame::Array(array)) = self.frames.last_mut() else { return Ok(()) };
        let (parent, name, twin, merge, first) =
            (array.parent, array.name, array.twin, array.merge, array.count == 0);
        let (merging, member) = (array.merging, array.member);
        self.white();
        match self.peek() {
            Some(b']') if !first => return self.close_array(),
            Some(b',') if !first => {
                self.pos += 1;
                self.white();
                if self.surplus_comma(b']')? {
                    return self.close_array();
                }
            }
            _ if first => {}
            Some(b'"' | b'{') => self.slip("a comma is missing before this item")?,
            _ => return Err(self.syntax("expected `,` or `]` after an item")),
        }
        let start = self.pos;
        if self.peek() == Some(b'[') {
            self.skip_value()?;
            self.shape(
                "json-nested-array",
                start,
                Some(parent),
                "an array inside an array; no model here has that",
            );
            if let Some(Frame::Array(array)) = self.frames.last_mut() {
                array.count += 1;
            }
            return Ok(());
        }
        let told = self.peek() == Some(b'{');
        let beyond = merging && first_beyond(self.frames.last(), self.members[member].count);
        if let Some(Frame::Array(array)) = self.frames.last_mut() {
            array.count += 1;
            array.told |= told;
            array.merge = merge.and_then(|m| self.tree.next_of(m));
        }
        if beyond {
            return self.skip_value();
        }
        self.value(parent, name, true, merge, twin)
    }

    fn close_array(&mut self) -> Result<(), Stop> {
        self.pos += 1;
        let Some(Frame::Array(array)) = self.frames.pop() else { return Ok(()) };
        if array.twin && !array.told {
            self.shape("json-twin", self.pos - 1, Some(array.parent), EMPTY_TWIN);
        }
        if !array.merging {
            self.members[array.member].count = array.count;
        } else if self.members[array.member].count != array.count {
            self.shape("json-twin", self.pos - 1, Some(array.parent), UNEQUAL_TWIN);
        }
        Ok(())
    }

    /// One value that is not an array: into a new node, or into the one that its twin made.
    fn value(
        &mut self,
        parent: NodeId,
        name: Name,
        list: bool,
        merge: Option<NodeId>,
        twin: bool,
    ) -> Result<(), Stop> {
        let start = self.pos;
        let Some(byte) = self.peek() else {
            return Err(self.syntax("the text ends where a value should be"));
        };
        let fits = match (twin, byte, merge.map(|m| self.tree.kind(m))) {
            (true, b'{', kind) => !matches!(kind, Some(Kind::Object | Kind::Empty)),
            (true, b'n', _) => list,
            (true, _, _) => false,
            (false, b'{', kind) => kind.is_none(),
            _ => true,
        };
        if !fits {
            self.skip_value()?;
            self.shape("json-twin", start, Some(parent), UNEQUAL_TWIN);
            return Ok(());
        }
        let node = match merge {
            Some(node) => node,
            None => self.add(parent, name, list, start)?,
        };
        match byte {
            b'{' => {
                self.pos += 1;
                if twin && merge.is_none() {
                    self.tree.set_kind(node, Kind::Null);
                }
                return self.open(node, twin);
            }
            b'"' => {
                let value = self.string()?;
                self.tree.set_sliced(node, Kind::String, value);
            }
            b'-' | b'0'..=b'9' => {
                let value = self.number()?;
                self.tree.set_sliced(node, Kind::Number, value);
            }
            _ if self.at_word() => {
                let value = self.bare("a text stands in double quotes")?;
                self.tree.set_sliced(node, Kind::String, value);
            }
            _ => match self.literal()? {
                Kind::Boolean => self.tree.set_sliced(node, Kind::Boolean, span(start, self.pos)),
                _ if merge.is_none() => self.tree.set_kind(node, Kind::Null),
                _ => {}
            },
        }
        if !twin {
            self.tree.set_span(node, span(start, self.pos));
        }
        Ok(())
    }

    fn open(&mut self, node: NodeId, twin: bool) -> Result<(), Stop> {
        self.deeper(self.pos - 1)?;
        let members = self.members.len();
        self.frames.push(Frame::Object(Object { node, members, index: None, twin, first: true }));
        Ok(())
    }

    fn deeper(&mut self, at: usize) -> Result<(), Stop> {
        if self.frames.len() < self.limits.max_depth {
            return Ok(());
        }
        Err(self.too_deep(at))
    }

    fn add(&mut self, parent: NodeId, name: Name, list: bool, start: usize) -> Result<NodeId, Stop> {
        if self.tree.len() >= self.limits.max_nodes {
            let message =
                format!("more than the {} elements allowed; send less at a time", self.limits.max_nodes);
            self.shape("json-nodes", start, Some(parent), &message);
            return Err(Stop);
        }
        Ok(self.tree.add_hashed(parent, (name.span, name.hash), list, span(start, start)))
    }

    /// Records a fault; reading may go on.
    fn shape(&mut self, code: &'static str, at: usize, node: Option<NodeId>, message: &str) {
        if self.faults.len() < MOST_FAULTS {
            let place = node.map_or_else(|| "$".into(), |n| place(&self.tree, n));
            self.faults.push(Finding::error(code, place, span(at, at), message));
        }
    }

    /// The innermost element being read, for faults.
    fn current(&self) -> Option<NodeId> {
        self.frames.last().map(|f| match f {
            Frame::Object(o) => o.node,
            Frame::Array(a) => a.parent,
        })
    }
}

/// Has a merging array already had an item for each item of its pair?
fn first_beyond(frame: Option<&Frame>, count: u32) -> bool {
    matches!(frame, Some(Frame::Array(a)) if a.count >= count)
}

const UNEQUAL_TWIN: &str = "`_name` and `name` do not fit each other: use one object for one primitive, or arrays of equal length filled with null";
const EMPTY_TWIN: &str = "`_name` says nothing; leave it out or give it an id or an extension";

fn span(start: usize, end: usize) -> Span {
    Span { start: start as u32, end: end as u32 }
}
