//! One message: its segments and fields as positions in bytes that stay where they are.
//!
//! Invariant: every byte of the input belongs to a segment, a separator, a line end or the byte order mark, so
//! the input is the message, byte for byte; finding a field costs the same wherever it stands. Lines may end
//! with CR, LF or CRLF, also mixed; empty lines carry nothing. Deliberately absent: changing a message in
//! place; who needs another one builds it.

use crate::charset::Charset;
use crate::delimiters::Delimiters;
use crate::fault::{Code, Fault, Place};
use crate::path::{Path, is_name};
use crate::scan;
use crate::value::Value;
use std::fmt;
use std::ops::Range;

/// How much one message may be.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes of the whole input.
    pub bytes: usize,
    /// Segments.
    pub segments: usize,
    /// Fields of all segments together.
    pub fields: usize,
    /// Faults that are told at once.
    pub faults: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { bytes: 8 << 20, segments: 50_000, fields: 500_000, faults: 100 }
    }
}

/// Where a segment lies, and which of the separators are its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Line {
    start: u32,
    end: u32,
    first: u32,
    last: u32,
}

/// A message that has been taken apart as far as fields.
#[derive(Clone)]
pub struct Message<'a> {
    pub(crate) input: &'a [u8],
    pub(crate) delimiters: Delimiters,
    pub(crate) charset: Charset,
    lines: Vec<Line>,
    marks: Vec<u32>,
}

/// Shape only: what is printed for debugging ends up in logs.
impl fmt::Debug for Message<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Message({} bytes, {} segments)", self.input.len(), self.lines.len())
    }
}

pub(crate) const BOM: &[u8] = b"\xef\xbb\xbf";

impl<'a> Message<'a> {
    /// Takes a message apart, within the usual limits; the first fault where there are several.
    pub fn parse(input: &'a [u8]) -> Result<Message<'a>, Fault> {
        Message::read(input, &Limits::default(), Charset::Ascii).map_err(|mut faults| faults.swap_remove(0))
    }

    /// Takes a message apart. `default` is the character set where MSH-18 names none. The faults are all that
    /// its structure has, never none.
    pub fn read(input: &'a [u8], limits: &Limits, default: Charset) -> Result<Message<'a>, Vec<Fault>> {
        Message::named(input, limits, default, b"MSH")
    }

    /// FHS or BHS, whose fields are counted like those of MSH; `input` is that one line.
    pub(crate) fn envelope(
        input: &'a [u8],
        limits: &Limits,
        default: Charset,
    ) -> Result<Message<'a>, Vec<Fault>> {
        let name = if input.starts_with(b"FHS") { b"FHS" } else { b"BHS" };
        Message::named(input, limits, default, name)
    }

    fn named(
        input: &'a [u8],
        limits: &Limits,
        default: Charset,
        name: &[u8; 3],
    ) -> Result<Message<'a>, Vec<Fault>> {
        let (start, delimiters) = opening(input, limits, name).map_err(|fault| vec![fault])?;
        let mut found = Reader {
            message: Message {
                input,
                delimiters,
                charset: default,
                lines: Vec::with_capacity(input.len() / 128 + 4),
                marks: Vec::with_capacity(input.len() / 8 + 16),
            },
            limits,
            faults: Vec::new(),
            start,
            first: 0,
        };
        scan::each(input, start, delimiters.field, |at, byte| match byte {
            b'\r' | b'\n' => found.end(at),
            _ => found.mark(at),
        });
        if found.faults.len() < limits.faults.max(1) {
            found.end(input.len());
        }
        let Reader { mut message, mut faults, .. } = found;
        match message.declared(start > 0) {
            Ok(Some(charset)) => message.charset = charset,
            Ok(None) => {}
            Err(fault) => faults.push(fault),
        }
        if faults.is_empty() { Ok(message) } else { Err(faults) }
    }

    /// The character set that MSH-18 or a byte order mark names.
    fn declared(&self, marked: bool) -> Result<Option<Charset>, Fault> {
        if self.header().name_bytes() != *b"MSH" {
            return Ok(None);
        }
        let field = self.header().field(18).repetition(1);
        let refuse = |what: &'static str, remedy: &'static str| {
            Err(Fault::new(Code::Charset, Place::field(b"MSH", 18), field.span(), what, remedy))
        };
        // Every set that is read here has ASCII below, so the name itself needs none.
        let name = field.text().ok().and_then(|name| Charset::named(&name));
        match (name, marked) {
            _ if field.is_empty() || field.is_null() => Ok(marked.then_some(Charset::Utf8)),
            (Some(Charset::Utf8), _) => Ok(Some(Charset::Utf8)),
            (Some(_), true) => refuse(
                "a byte order mark says UTF-8 and MSH-18 another character set",
                "leave out the mark, or write UNICODE UTF-8",
            ),
            (Some(charset), false) => Ok(Some(charset)),
            (None, _) => refuse(
                "the character set is not one that is read here",
                "write UNICODE UTF-8, 8859/1 to 8859/9, 8859/15, ASCII or WINDOWS-1252, and use it",
            ),
        }
    }

    /// The message as it came.
    pub fn bytes(&self) -> &'a [u8] {
        self.input
    }

    /// What divides its values.
    pub fn delimiters(&self) -> &Delimiters {
        &self.delimiters
    }

    /// What its bytes are decoded by.
    pub fn charset(&self) -> Charset {
        self.charset
    }

    /// Its segments in order.
    pub fn segments(&self) -> impl ExactSizeIterator<Item = Segment<'_>> + Clone {
        (0..self.lines.len()).map(|index| Segment { message: self, index })
    }

    /// MSH.
    pub fn header(&self) -> Segment<'_> {
        Segment { message: self, index: 0 }
    }

    /// The first segment of a name.
    pub fn segment(&self, name: &[u8; 3]) -> Option<Segment<'_>> {
        self.segments().find(|segment| segment.name_bytes() == *name)
    }

    /// The value at an address; nothing where the segment is not there or the value is empty.
    pub fn get(&self, path: &Path) -> Option<Value<'_>> {
        let place = path.0;
        let name = place.segment?;
        let nth = place.occurrence.saturating_sub(1) as usize;
        let segment = self.segments().filter(|s| s.name_bytes() == name).nth(nth)?;
        let mut value = segment.field(place.field);
        if place.repetition > 0 || place.component > 0 {
            value = value.repetition(place.repetition.max(1));
        }
        if place.component > 0 {
            value = value.component(place.component);
        }
        if place.subcomponent > 0 {
            value = value.subcomponent(place.subcomponent);
        }
        (!value.is_empty()).then_some(value)
    }
}

/// Checks size, first segment and delimiters; gives where the first segment begins.
pub(crate) fn opening(input: &[u8], limits: &Limits, name: &[u8; 3]) -> Result<(usize, Delimiters), Fault> {
    let refuse =
        |code, span, what: String, remedy| Err(Fault::new(code, Place::default(), span, what, remedy));
    if input.len() > limits.bytes.min(u32::MAX as usize / 2) {
        let what = format!("{} bytes, where {} are allowed", input.len(), limits.bytes);
        return refuse(Code::Limit, 0..input.len(), what, "send it in several messages");
    }
    let start = if input.starts_with(BOM) { BOM.len() } else { 0 };
    let rest = input.get(start..).unwrap_or_default();
    let Some((field, rest)) = rest.strip_prefix(name).and_then(|rest| rest.split_first()) else {
        let what = format!("does not begin with {} and a field separator", String::from_utf8_lossy(name));
        return refuse(Code::NotAMessage, start..input.len().min(start + 4), what, "begin with MSH|^~\\&|");
    };
    let length = rest.iter().position(|b| b == field || *b == b'\r' || *b == b'\n').unwrap_or(rest.len());
    let others = rest.get(..length).unwrap_or_default();
    Ok((start, Delimiters::read(*field, others, start + 4, name)?))
}

/// The message as far as it has been read.
struct Reader<'a, 'l> {
    message: Message<'a>,
    limits: &'l Limits,
    faults: Vec<Fault>,
    start: usize,
    first: u32,
}

impl Reader<'_, '_> {
    /// A field separator.
    fn mark(&mut self, at: usize) -> bool {
        if self.message.marks.len() >= self.limits.fields {
            let what = format!("more than {} fields", self.limits.fields);
            self.refuse(Code::Limit, at..at + 1, what, "send it in several messages");
            return false;
        }
        self.message.marks.push(at as u32);
        true
    }

    /// The end of a line.
    fn end(&mut self, end: usize) -> bool {
        let (start, first) = (self.start, self.first);
        self.start = end + 1;
        if start >= end {
            return true;
        }
        let last = self.message.marks.len() as u32;
        self.first = last;
        let number = self.message.lines.len();
        let line = self.message.input.get(start..end).unwrap_or_default();
        self.message.lines.push(Line { start: start as u32, end: end as u32, first, last });
        match line.first_chunk::<3>() {
            Some(b"MSH" | b"BHS" | b"FHS") if number == 0 => {}
            Some(b"MSH" | b"BHS" | b"BTS" | b"FHS" | b"FTS") => {
                let what = "a second message, or a segment of a batch, inside one message";
                return self.refuse(Code::Batch, start..start + 3, what.into(), "read it as a batch");
            }
            Some(name)
                if is_name(name) && line.get(3).is_none_or(|b| *b == self.message.delimiters.field) => {}
            _ => {
                let what = "a line that does not begin with a segment's name, three capitals or digits";
                let remedy = "write line breaks inside a value as an escape";
                return self.refuse(Code::SegmentName, start..end.min(start + 3), what.into(), remedy);
            }
        }
        if number >= self.limits.segments {
            let what = format!("more than {} segments", self.limits.segments);
            self.refuse(Code::Limit, start..end, what, "send it in several messages");
            return false;
        }
        true
    }

    fn refuse(&mut self, code: Code, span: Range<usize>, what: String, remedy: &'static str) -> bool {
        let place = Place::line(self.message.lines.len().max(1));
        self.faults.push(Fault::new(code, place, span, what, remedy));
        self.faults.len() < self.limits.faults.max(1)
    }
}

/// A segment of a message.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'m> {
    pub(crate) message: &'m Message<'m>,
    index: usize,
}

impl<'m> Segment<'m> {
    fn line(&self) -> Line {
        // An index is made from the length of the list; the else is never taken.
        self.message.lines.get(self.index).copied().unwrap_or(Line { start: 0, end: 0, first: 0, last: 0 })
    }

    /// Its three letters.
    pub fn name(&self) -> &'m str {
        std::str::from_utf8(self.raw().get(..3).unwrap_or_default()).unwrap_or_default()
    }

    /// Its three letters.
    pub fn name_bytes(&self) -> [u8; 3] {
        self.raw().first_chunk().copied().unwrap_or_default()
    }

    /// Its bytes without the line end.
    pub fn raw(&self) -> &'m [u8] {
        self.message.input.get(self.span()).unwrap_or_default()
    }

    /// Where it lies in the input.
    pub fn span(&self) -> Range<usize> {
        let line = self.line();
        line.start as usize..line.end as usize
    }

    /// Which of the message's segments it is, from nought.
    pub fn index(&self) -> usize {
        self.index
    }

    /// How many fields it has.
    pub fn field_count(&self) -> u32 {
        let Line { first, last, .. } = self.line();
        last - first + u32::from(self.is_header())
    }

    /// A field, from one; empty where the segment has fewer.
    pub fn field(&self, number: u32) -> Value<'m> {
        let line = self.line();
        let marks = self.message.marks.get(line.first as usize..line.last as usize).unwrap_or_default();
        let header = self.is_header();
        let (start, end) = match (header, number) {
            (_, 0) => (line.end, line.end),
            (true, 1) => marks.first().map_or((line.end, line.end), |at| (*at, at + 1)),
            _ => {
                let nth = number as usize - 1 - usize::from(header);
                match marks.get(nth) {
                    Some(at) => (at + 1, marks.get(nth + 1).copied().unwrap_or(line.end)),
                    None => (line.end, line.end),
                }
            }
        };
        Value::field(*self, number, start, end, header && number <= 2)
    }

    /// Its fields in order, without those that it does not have.
    pub fn fields(&self) -> impl ExactSizeIterator<Item = Value<'m>> + Clone + use<'m> {
        let segment = *self;
        (0..self.field_count() as usize).map(move |n| segment.field(n as u32 + 1))
    }

    /// Whether its first two fields are the delimiters themselves.
    fn is_header(&self) -> bool {
        self.index == 0
    }

    /// Its place: the name, and which of that name it is.
    pub fn place(&self) -> Place {
        let name = self.name_bytes();
        let before = self.message.segments().take(self.index).filter(|s| s.name_bytes() == name).count();
        Place { segment: Some(name), occurrence: before as u32 + 1, ..Place::default() }
    }
}
