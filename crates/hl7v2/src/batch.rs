//! Several messages in one file: FHS, then batches of BHS, messages, BTS, then FTS.
//!
//! The standard lets each of the four be left out. Invariant: the spans of envelopes and messages cover the file
//! in order; a count that is written is right; an envelope that begins inside another, a segment that belongs to
//! no message and anything after FTS are refused, all at once. Deliberately absent: parsing the messages, which
//! is done one by one, so that one bad message is one bad message.

use crate::charset::Charset;
use crate::delimiters::Delimiters;
use crate::fault::{Code, Fault, Place};
use crate::message::{BOM, Limits, Message};
use std::fmt;
use std::ops::Range;

const MESSAGES: &str = "BTS-1 is not the number of messages in the batch";
const BATCHES: &str = "FTS-1 is not the number of batches in the file";

/// A file of messages.
#[derive(Clone, PartialEq, Eq)]
pub struct Batches<'a> {
    input: &'a [u8],
    /// FHS.
    pub header: Option<Range<usize>>,
    /// Its batches.
    pub batches: Vec<Batch>,
    /// FTS.
    pub trailer: Option<Range<usize>>,
}

/// One batch of a file.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Batch {
    /// BHS.
    pub header: Option<Range<usize>>,
    /// Where its messages lie, with their line ends.
    pub messages: Vec<Range<usize>>,
    /// BTS.
    pub trailer: Option<Range<usize>>,
}

/// Shape only: what is printed for debugging ends up in logs.
impl fmt::Debug for Batches<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Batches({} bytes, {:?})", self.input.len(), self.batches)
    }
}

impl<'a> Batches<'a> {
    /// Finds the messages of a file, or all that is wrong around them. The limits are those of the whole file,
    /// its segments and messages together.
    pub fn read(input: &'a [u8], limits: &Limits) -> Result<Batches<'a>, Vec<Fault>> {
        if input.len() > limits.bytes {
            let what = format!("{} bytes, where {} are allowed", input.len(), limits.bytes);
            let remedy = "send it in several files";
            return Err(vec![Fault::new(Code::Limit, Place::default(), 0..input.len(), what, remedy)]);
        }
        let start = if input.starts_with(BOM) { BOM.len() } else { 0 };
        let file = Batches { input, header: None, batches: Vec::new(), trailer: None };
        let mut reader = Reader { file, open: None, in_message: false, number: 0, faults: Vec::new() };
        let mut at = start;
        while let Some(rest) = input.get(at..).filter(|rest| !rest.is_empty()) {
            let length = rest.iter().position(|b| matches!(b, b'\r' | b'\n')).unwrap_or(rest.len());
            let after = rest.get(length..).unwrap_or_default();
            let ends = after.iter().take_while(|b| matches!(b, b'\r' | b'\n')).count();
            if length > 0 {
                reader.line(at..at + length, at + length + ends);
            }
            at += length + ends;
            if reader.number > limits.segments || reader.faults.len() >= limits.faults {
                reader.refuse(
                    Code::Limit,
                    at..at,
                    "more segments or faults than allowed",
                    "send smaller files",
                );
                return Err(reader.faults);
            }
        }
        reader.finish()
    }

    /// The bytes of its messages in order; each is parsed by itself.
    pub fn messages(&self) -> impl Iterator<Item = &'a [u8]> + use<'_, 'a> {
        let spans = self.batches.iter().flat_map(|batch| &batch.messages);
        spans.map(|span| self.input.get(span.clone()).unwrap_or_default())
    }

    /// The character set of messages without MSH-18: UTF-8 where the file has its byte order mark, else as given.
    pub fn charset(&self, default: Charset) -> Charset {
        if self.input.starts_with(BOM) { Charset::Utf8 } else { default }
    }

    /// Whether what was begun has been ended: a file that was cut off between two messages is not whole.
    pub fn is_whole(&self) -> bool {
        let ended = |header: &Option<Range<usize>>, trailer: &Option<Range<usize>>| {
            header.is_none() || trailer.is_some()
        };
        ended(&self.header, &self.trailer) && self.batches.iter().all(|b| ended(&b.header, &b.trailer))
    }

    /// FHS or BHS as the one segment of a message, whose fields can be asked for.
    pub fn envelope(&self, header: &Range<usize>, default: Charset) -> Result<Message<'a>, Vec<Fault>> {
        let line = self.input.get(header.clone()).unwrap_or_default();
        Message::envelope(line, &Limits::default(), default)
    }
}

/// The file as far as it is read.
struct Reader<'a> {
    file: Batches<'a>,
    open: Option<Batch>,
    in_message: bool,
    number: usize,
    faults: Vec<Fault>,
}

impl<'a> Reader<'a> {
    fn refuse(&mut self, code: Code, span: Range<usize>, what: &'static str, remedy: &'static str) {
        self.faults.push(Fault::new(code, Place::line(self.number), span, what, remedy));
    }

    fn raw(&self, span: &Range<usize>) -> &'a [u8] {
        self.file.input.get(span.clone()).unwrap_or_default()
    }

    /// A line that is not empty, and where the next begins.
    fn line(&mut self, span: Range<usize>, next: usize) {
        self.number += 1;
        if let Some(what) = self.take(&span, next) {
            let remedy = match what {
                MESSAGES | BATCHES => "send the file again whole, with the right count",
                _ => "write FHS, then for each batch BHS, messages from MSH, BTS, then FTS",
            };
            self.refuse(Code::Envelope, span, what, remedy);
        }
    }

    /// Puts a line where it belongs, or says what is wrong with it.
    fn take(&mut self, span: &Range<usize>, next: usize) -> Option<&'static str> {
        if self.file.trailer.is_some() {
            return Some("something after FTS");
        }
        match self.raw(span).first_chunk() {
            Some(b"FHS") if self.number > 1 => return Some("FHS that is not the first segment"),
            Some(b"BHS") if self.open.as_ref().is_some_and(|batch| batch.header.is_some()) => {
                return Some("BHS inside a batch that BTS has not ended");
            }
            Some(b"FHS" | b"BHS") if !self.divides(span) => {
                return Some("a header whose delimiters cannot be told apart");
            }
            Some(b"FHS") => self.file.header = Some(span.clone()),
            Some(b"BHS") => {
                self.close();
                self.open = Some(Batch { header: Some(span.clone()), ..Batch::default() });
            }
            Some(b"MSH") => {
                self.open.get_or_insert_default().messages.push(span.start..next);
                self.in_message = true;
            }
            Some(b"BTS") => return self.end_batch(span),
            Some(b"FTS") => return self.end_file(span),
            _ => match self.open.as_mut().and_then(|batch| batch.messages.last_mut()) {
                Some(message) if self.in_message => message.end = next,
                _ => return Some("a segment that belongs to no message"),
            },
        }
        None
    }

    /// Whether a header segment's delimiters can be used.
    fn divides(&self, span: &Range<usize>) -> bool {
        let Some((field, rest)) = self.raw(span).get(3..).and_then(|rest| rest.split_first()) else {
            return false;
        };
        let others = rest.split(|b| b == field).next().unwrap_or_default();
        Delimiters::read(*field, others, 0, b"BHS").is_ok()
    }

    fn close(&mut self) {
        self.in_message = false;
        self.file.batches.extend(self.open.take());
    }

    fn end_batch(&mut self, span: &Range<usize>) -> Option<&'static str> {
        let Some(mut batch) = self.open.take() else { return Some("BTS without a batch before it") };
        let count = batch.messages.len();
        batch.trailer = Some(span.clone());
        self.open = Some(batch);
        self.close();
        miscounted(self.raw(span), count).then_some(MESSAGES)
    }

    fn end_file(&mut self, span: &Range<usize>) -> Option<&'static str> {
        self.close();
        self.file.trailer = Some(span.clone());
        miscounted(self.raw(span), self.file.batches.len()).then_some(BATCHES)
    }

    fn finish(mut self) -> Result<Batches<'a>, Vec<Fault>> {
        self.close();
        if self.number == 0 {
            self.refuse(
                Code::NotAMessage,
                0..self.file.input.len(),
                "no segment",
                "begin with FHS, BHS or MSH",
            );
        }
        if self.faults.is_empty() { Ok(self.file) } else { Err(self.faults) }
    }
}

/// Whether a trailer's count is written and wrong.
fn miscounted(line: &[u8], count: usize) -> bool {
    let Some((field, rest)) = line.get(3..).and_then(|rest| rest.split_first()) else { return false };
    let written = rest.split(|b| b == field).next().unwrap_or_default();
    let read = std::str::from_utf8(written).ok().and_then(|text| text.trim().parse::<usize>().ok());
    !written.is_empty() && read != Some(count)
}
