//! Makes a message from texts.
//!
//! A [`Draft`] is one segment: texts set at field, repetition, component and sub-component. [`Builder::finish`]
//! writes all segments, each closed by CR. Invariant: the message has exactly the segments that were drafted, and
//! reading a place gives the text that was set there; MSH-1, MSH-2 and, unless the set is ASCII, MSH-18 are the
//! builder's own, so that the message says how it is to be read. Deliberately absent: raw bytes, which could be
//! anything.

use crate::charset::Charset;
use crate::delimiters::Delimiters;
use crate::escape;
use crate::fault::{Code, Fault, Place};
use crate::path::is_name;
use std::collections::BTreeMap;
use std::fmt;

/// Field, repetition, component, sub-component; each from one.
type At = (u32, u32, u32, u32);

/// So far may a number of a place go; the separators before it are all written.
const FURTHEST: u32 = 1000;

#[derive(Clone, PartialEq, Eq)]
enum Content {
    Text(String),
    Null,
    /// A field of another message with the same delimiters and character set, as it came.
    Copied(Vec<u8>),
}

/// One segment while it is made.
#[derive(Clone, PartialEq, Eq)]
pub struct Draft {
    name: [u8; 3],
    values: BTreeMap<At, Content>,
}

/// Shape only: what is printed for debugging ends up in logs.
impl fmt::Debug for Draft {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Draft({} values)", self.values.len())
    }
}

impl Draft {
    /// A segment without values.
    pub fn new(name: &[u8; 3]) -> Draft {
        Draft { name: *name, values: BTreeMap::new() }
    }

    /// Sets a field that is one text.
    pub fn field(&mut self, field: u32, text: impl Into<String>) -> &mut Draft {
        self.set(field, 1, 1, 1, text)
    }

    /// Sets a component of the first repetition of a field.
    pub fn component(&mut self, field: u32, component: u32, text: impl Into<String>) -> &mut Draft {
        self.set(field, 1, component, 1, text)
    }

    /// Sets a text; numbers count from one. An empty text takes away what was there.
    pub fn set(
        &mut self,
        field: u32,
        repetition: u32,
        component: u32,
        sub: u32,
        text: impl Into<String>,
    ) -> &mut Draft {
        let text = text.into();
        match text.is_empty() {
            true => self.values.remove(&(field, repetition, component, sub)),
            false => self.values.insert((field, repetition, component, sub), Content::Text(text)),
        };
        self
    }

    /// Sets a field to null: the receiver's value is to be removed.
    pub fn null(&mut self, field: u32) -> &mut Draft {
        self.values.retain(|at, _| at.0 != field);
        self.values.insert((field, 1, 1, 1), Content::Null);
        self
    }
}

impl Draft {
    /// Sets a field to what stood in one of another message; the caller answers for delimiters and set.
    pub(crate) fn copied(&mut self, field: u32, raw: &[u8]) -> &mut Draft {
        self.values.retain(|at, _| at.0 != field);
        self.values.insert((field, 1, 1, 1), Content::Copied(raw.to_vec()));
        self
    }
}

/// A message while it is made.
#[derive(Clone, Debug)]
pub struct Builder {
    questioning: bool,
    delimiters: Delimiters,
    charset: Charset,
    segments: Vec<Draft>,
}

impl Builder {
    /// A message with those delimiters, in that character set.
    pub fn new(delimiters: Delimiters, charset: Charset) -> Builder {
        Builder { questioning: false, delimiters, charset, segments: Vec::new() }
    }

    /// Writes the nearest ASCII character for one that the set does not have, in answers only.
    pub(crate) fn questioning(mut self) -> Builder {
        self.questioning = true;
        self
    }

    /// Begins the next segment, the first being MSH.
    pub fn segment(&mut self, name: &[u8; 3]) -> &mut Draft {
        self.segments.push_mut(Draft::new(name))
    }

    /// Adds a segment that is drafted already.
    pub fn add(&mut self, segment: Draft) -> &mut Builder {
        self.segments.push(segment);
        self
    }

    /// The message's bytes. The faults are all there are: characters that the set does not have, names that
    /// are none, a first segment that is not MSH, places that do not exist.
    pub fn finish(&self) -> Result<Vec<u8>, Vec<Fault>> {
        let mut faults = Vec::new();
        let refuse = |code, place, what: &'static str, remedy| Fault::new(code, place, 0..0, what, remedy);
        if let Some(what) = self.delimiters.fault() {
            faults.push(refuse(Code::Delimiters, Place::field(b"MSH", 2), what, "use |^~\\&"));
        }
        if self.segments.first().is_none_or(|s| s.name != *b"MSH") {
            faults.push(refuse(
                Code::NotAMessage,
                Place::default(),
                "does not begin with MSH",
                "draft MSH first",
            ));
        }
        let mut out = Vec::new();
        let mut seen: BTreeMap<[u8; 3], u32> = BTreeMap::new();
        for (index, segment) in self.segments.iter().enumerate() {
            let occurrence = seen.entry(segment.name).or_default();
            *occurrence += 1;
            let place = Place { segment: Some(segment.name), occurrence: *occurrence, ..Place::default() };
            let second = index > 0 && [*b"MSH", *b"BHS", *b"BTS", *b"FHS", *b"FTS"].contains(&segment.name);
            if !is_name(&segment.name) || second {
                let place = Place::line(index + 1);
                faults.push(refuse(
                    Code::SegmentName,
                    place,
                    "no name of a further segment",
                    "use three capitals",
                ));
                continue;
            }
            self.write(segment, index == 0, place, &mut out, &mut faults);
            out.push(b'\r');
        }
        if faults.is_empty() { Ok(out) } else { Err(faults) }
    }

    /// One segment without its end.
    fn write(&self, segment: &Draft, header: bool, of: Place, out: &mut Vec<u8>, faults: &mut Vec<Fault>) {
        let by = &self.delimiters;
        let mut values = segment.values.clone();
        let (mut field, mut repetition, mut component, mut sub) = (0, 1, 1, 1);
        out.extend(segment.name);
        if header {
            values.retain(|at, _| at.0 > 2);
            if self.charset != Charset::Ascii {
                values.retain(|at, _| at.0 != 18);
                values.insert((18, 1, 1, 1), Content::Text(self.charset.name().into()));
            }
            out.push(by.field);
            out.extend(by.encoding());
            field = 2;
        }
        for (at, content) in &values {
            let place = Place { field: at.0, repetition: at.1, component: at.2, subcomponent: at.3, ..of };
            let numbers = [at.0, at.1, at.2, at.3];
            if numbers.iter().any(|n| *n == 0 || *n > FURTHEST) {
                let remedy = "count from one, and no further than a thousand";
                faults.push(Fault::new(Code::NotAllowed, place, 0..0, "a place that no message has", remedy));
                continue;
            }
            // One separator for each step, the outermost first; what lies below begins at one again.
            if at.0 > field {
                out.extend(std::iter::repeat_n(by.field, (at.0 - field) as usize));
                (repetition, component, sub) = (1, 1, 1);
            }
            if at.1 > repetition {
                out.extend(std::iter::repeat_n(by.repetition, (at.1 - repetition) as usize));
                (component, sub) = (1, 1);
            }
            if at.2 > component {
                out.extend(std::iter::repeat_n(by.component, (at.2 - component) as usize));
                sub = 1;
            }
            out.extend(std::iter::repeat_n(by.subcomponent, (at.3 - sub) as usize));
            (field, repetition, component, sub) = *at;
            match content {
                Content::Copied(raw) => out.extend(raw),
                Content::Null => out.extend(b"\"\""),
                Content::Text(text) => {
                    if let Err(number) = escape::write(text, by, self.charset, self.questioning, out) {
                        let what = format!("character {} is not in {}", number + 1, self.charset.name());
                        faults.push(Fault::new(Code::Undecodable, place, 0..0, what, "write UNICODE UTF-8"));
                    }
                }
            }
        }
    }
}
