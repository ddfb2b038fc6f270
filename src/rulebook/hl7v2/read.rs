//! Bytes → tree.
//!
//! Invariant: every value of the message is decoded or the whole is refused, all that cannot be read at once. A field
//! that the model calls a text is its first component's first part, as HL7's rule for older readers says; what stands
//! behind it is not in the tree, so that no map carries it along. Deliberately absent: findings about content.

use super::{Group, Hl7v2, Holds, OTHER, Part, Unread, time};
use fhir::{Kind, NodeId, Span, Tree};
use hl7v2::{Charset, Limits, Message, Segment, Value};

/// What a message that names no character set is read as. ASCII is a part of it, and bytes of a single-byte set are
/// refused by it.
const UNNAMED: Charset = Charset::Utf8;

/// The tree while it is made.
struct Reading<'a> {
    model: &'a Hl7v2,
    tree: Tree,
    /// Offsets of bytes that became more than one, and how many more bytes there are up to and with each.
    wider: Vec<(usize, usize)>,
    found: Vec<Unread>,
    most: usize,
}

/// How far down a value stands.
#[derive(Clone, Copy)]
enum Depth {
    Field,
    Component,
    Sub,
}

impl Depth {
    fn below(self) -> Option<Depth> {
        match self {
            Depth::Field => Some(Depth::Component),
            Depth::Component => Some(Depth::Sub),
            Depth::Sub => None,
        }
    }
}

impl Hl7v2 {
    /// Reads one message. `default` is the character set where MSH-18 names none.
    ///
    /// # Errors
    /// All that cannot be read; at least one.
    pub fn read(
        &self,
        bytes: &[u8],
        max_bytes: usize,
        default: Option<Charset>,
    ) -> Result<Tree, Vec<Unread>> {
        let told = |faults: Vec<hl7v2::Fault>| faults.into_iter().map(Unread::from).collect::<Vec<_>>();
        let limits = Limits { bytes: max_bytes, ..Limits::default() };
        let message = Message::read(bytes, &limits, default.unwrap_or(UNNAMED)).map_err(told)?;
        let text = message.charset().decode(bytes).map_err(|at| {
            // Told with its field, where it stands in one.
            let inside = message.segments().flat_map(|s| s.fields()).find(|f| f.span().contains(&at));
            let place = inside.map_or_else(|| "the message".into(), |f| f.place().to_string());
            let name = message.charset().name();
            let message =
                format!("a byte that {name} does not have; name the character set that is used in MSH-18");
            vec![Unread { code: "undecodable", place, span: at..at + 1, message }]
        })?;
        let wider = wider(bytes, &text, message.charset());
        let tree = Tree::reading(text.into_owned(), super::ROOT);
        let mut reading = Reading { model: self, tree, wider, found: Vec::new(), most: limits.faults };
        let mut owners: Vec<(NodeId, &Group)> = Vec::new();
        for segment in message.segments() {
            reading.segment(segment, &mut owners);
        }
        let Reading { mut tree, found, .. } = reading;
        if !found.is_empty() {
            return Err(found);
        }
        self.definitions.annotate_as(&mut tree, self.root);
        Ok(tree)
    }
}

/// Where the text has more bytes than the message had.
fn wider(bytes: &[u8], text: &str, charset: Charset) -> Vec<(usize, usize)> {
    if charset == Charset::Utf8 || bytes.len() == text.len() {
        return Vec::new();
    }
    let mut more = 0;
    let each = text.chars().enumerate().filter(|(_, c)| !c.is_ascii());
    each.map(|(at, c)| {
        more += c.len_utf8() - 1;
        (at, more)
    })
    .collect()
}

impl<'a> Reading<'a> {
    fn segment(&mut self, segment: Segment<'_>, owners: &mut Vec<(NodeId, &'a Group)>) {
        let name = segment.name();
        let model = self.model;
        let Some(group) = model.segment(name) else {
            owners.clear();
            return self.other(segment);
        };
        while owners.last().is_some_and(|(_, owner)| !owner.owns.iter().any(|o| o == name)) {
            owners.pop();
        }
        let above = owners.last().map_or(self.tree.root(), |(node, _)| *node);
        let node = self.node(above, name, group.many || !owners.is_empty(), segment.span());
        if !group.owns.is_empty() {
            owners.push((node, group));
        }
        self.fields(node, segment, group);
    }

    /// A segment that the model does not have: its name, and its fields by their numbers.
    fn other(&mut self, segment: Segment<'_>) {
        let root = self.tree.root();
        let node = self.node(root, OTHER, true, segment.span());
        let name = self.node(node, "name", false, segment.span().start..segment.span().start + 3);
        self.tree.set(name, Kind::String, segment.name());
        if let Some(group) = self.model.segments.get(OTHER) {
            self.fields(node, segment, group);
        }
    }

    fn fields(&mut self, node: NodeId, segment: Segment<'_>, group: &Group) {
        let header = segment.index() == 0;
        for (number, field) in (1..).zip(segment.fields()) {
            if field.is_empty() || header && number <= 2 {
                continue;
            }
            match group.part(number) {
                Some(part) => {
                    for value in field.repetitions() {
                        self.value(node, part, value, Depth::Field);
                    }
                }
                None => self.unnamed(node, &format!("f{number}"), field),
            }
        }
    }

    /// A value that the model names.
    fn value(&mut self, above: NodeId, part: &Part, value: Value<'_>, depth: Depth) {
        if value.is_empty() {
            return;
        }
        let node = self.node(above, &part.name, part.many, value.span());
        if value.is_null() {
            self.tree.set_kind(node, Kind::Null);
            return;
        }
        let model = self.model;
        let group = match &part.holds {
            Holds::Parts(ty) => model.parts(ty),
            _ => None,
        };
        let (Some(group), Some(below)) = (group, depth.below()) else {
            return self.leaf(node, &part.holds, value);
        };
        let parts: Vec<Value<'_>> = match depth {
            Depth::Field => value.components().collect(),
            _ => value.subcomponents().collect(),
        };
        for (number, inner) in (1..).zip(parts) {
            match group.part(number) {
                Some(part) => self.value(node, part, inner, below),
                None => self.unnamed(node, &format!("c{number}"), inner),
            }
        }
    }

    /// A value that has no name: each of its parts must be readable, and no map reads it.
    fn unnamed(&mut self, above: NodeId, name: &str, value: Value<'_>) {
        for value in value.repetitions().filter(|v| !v.is_empty()) {
            let node = self.node(above, name, true, value.span());
            self.leaf(node, &Holds::Text, value);
        }
    }

    fn leaf(&mut self, node: NodeId, holds: &Holds, value: Value<'_>) {
        let mut texts =
            value.components().flat_map(|c| c.subcomponents().collect::<Vec<_>>()).map(|v| v.text());
        let first = texts.next();
        let faults: Vec<_> = texts.filter_map(Result::err).collect();
        self.refuse(faults);
        match first {
            // Null, and a first part that is empty, are nothing that a map could tell.
            Some(Ok(text)) if text.is_empty() => self.tree.set_kind(node, Kind::Null),
            Some(Ok(text)) => {
                let moment = match holds {
                    Holds::Moment | Holds::Day => time::to_fhir(&text),
                    Holds::Text | Holds::Parts(_) => None,
                };
                self.tree.set(node, Kind::String, moment.as_deref().unwrap_or(&text));
            }
            Some(Err(fault)) => self.refuse(vec![fault]),
            None => {}
        }
    }

    fn refuse(&mut self, faults: Vec<hl7v2::Fault>) {
        for fault in faults {
            if self.found.len() < self.most {
                self.found.push(fault.into());
            }
        }
    }

    fn node(&mut self, above: NodeId, name: &str, list: bool, span: std::ops::Range<usize>) -> NodeId {
        let node = self.tree.add(above, name, list);
        let span = self.moved(span);
        self.tree.set_span(node, span);
        node
    }

    /// Bytes of the message as bytes of the text that it was decoded to.
    fn moved(&self, span: std::ops::Range<usize>) -> Span {
        let moved = |at: usize| {
            let before = self.wider.partition_point(|(offset, _)| *offset < at);
            at + before.checked_sub(1).and_then(|n| self.wider.get(n)).map_or(0, |(_, more)| *more)
        };
        Span { start: moved(span.start) as u32, end: moved(span.end) as u32 }
    }
}
