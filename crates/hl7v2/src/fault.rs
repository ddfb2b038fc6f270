//! What is wrong with a message, and where.
//!
//! Invariant: a fault has a place, a span in the input, what is wrong and what to do now, and no value of the
//! message. Deliberately absent: severity; whatever is told here is an error.

use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// The kind of a fault.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Code {
    /// The first segment is not MSH.
    NotAMessage,
    /// MSH-1 and MSH-2 do not name delimiters that can be told apart.
    Delimiters,
    /// A line does not begin with a segment's name.
    SegmentName,
    /// Several messages, or the segments around them, where one message was expected.
    Batch,
    /// The segments around messages are out of order, or their counts are wrong.
    Envelope,
    /// More bytes, segments or fields than allowed.
    Limit,
    /// MSH-18 names a character set that is not read here.
    Charset,
    /// A byte that its character set does not have, or a character that cannot be written in it.
    Undecodable,
    /// A control byte inside a value.
    ControlByte,
    /// An escape sequence that is not known, not ended, or not read here.
    Escape,
    /// Parts where a single value was expected.
    Composite,
    /// A value that a message must have is missing.
    Missing,
    /// A value that is not one of those allowed.
    NotAllowed,
    /// An acknowledgement that answers another message.
    Foreign,
    /// A segment that is needed is not there.
    NoSegment,
}

impl Code {
    /// A stable short name.
    pub fn id(self) -> &'static str {
        match self {
            Code::NotAMessage => "not-a-message",
            Code::Delimiters => "delimiters",
            Code::SegmentName => "segment-name",
            Code::Batch => "batch",
            Code::Envelope => "envelope",
            Code::Limit => "limit",
            Code::Charset => "charset",
            Code::Undecodable => "undecodable",
            Code::ControlByte => "control-byte",
            Code::Escape => "escape",
            Code::Composite => "composite",
            Code::Missing => "missing",
            Code::NotAllowed => "not-allowed",
            Code::Foreign => "foreign",
            Code::NoSegment => "no-segment",
        }
    }

    /// The condition in HL7 table 0357 that comes nearest.
    pub fn condition(self) -> u16 {
        match self {
            Code::NotAMessage | Code::SegmentName | Code::Batch | Code::Envelope | Code::NoSegment => 100,
            Code::Missing => 101,
            Code::NotAllowed => 103,
            Code::Limit => 207,
            Code::Foreign => 204,
            Code::Delimiters
            | Code::Charset
            | Code::Undecodable
            | Code::ControlByte
            | Code::Escape
            | Code::Composite => 102,
        }
    }
}

/// Where in a message, as one writes it: `PID-3[2].1`. Numbers count from one; nought is left out.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Place {
    /// The segment's name, where it has one.
    pub segment: Option<[u8; 3]>,
    /// Which of the segments of that name, or of all where it has none.
    pub occurrence: u32,
    /// The field.
    pub field: u32,
    /// The repetition of the field.
    pub repetition: u32,
    /// The component.
    pub component: u32,
    /// The sub-component.
    pub subcomponent: u32,
}

impl Place {
    /// A field of the first segment of that name.
    pub fn field(segment: &[u8; 3], field: u32) -> Place {
        Place { segment: Some(*segment), occurrence: 1, field, ..Place::default() }
    }

    /// A line that has no name.
    pub(crate) fn line(number: usize) -> Place {
        Place { occurrence: u32::try_from(number).unwrap_or(u32::MAX), ..Place::default() }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(name) = self.segment else {
            return match self.occurrence {
                0 => f.write_str("the message"),
                n => write!(f, "segment {n}"),
            };
        };
        name.iter().try_for_each(|b| write!(f, "{}", char::from(*b)))?;
        if self.occurrence > 1 {
            write!(f, "[{}]", self.occurrence)?;
        }
        if self.field > 0 {
            write!(f, "-{}", self.field)?;
        }
        if self.repetition > 1 {
            write!(f, "[{}]", self.repetition)?;
        }
        if self.component > 0 {
            write!(f, ".{}", self.component)?;
        }
        if self.subcomponent > 0 {
            write!(f, ".{}", self.subcomponent)?;
        }
        Ok(())
    }
}

/// Something wrong with a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fault {
    /// The kind.
    pub code: Code,
    /// Where, in HL7's own words.
    pub place: Place,
    /// Where, in bytes of the input.
    pub span: Range<usize>,
    /// What is wrong, without values.
    pub what: Cow<'static, str>,
    /// What to do now.
    pub remedy: &'static str,
}

impl Fault {
    /// A fault whose text is fixed or made of shapes, places and lengths.
    pub(crate) fn new(
        code: Code,
        place: Place,
        span: Range<usize>,
        what: impl Into<Cow<'static, str>>,
        remedy: &'static str,
    ) -> Fault {
        Fault { code, place, span, what: what.into(), remedy }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Range { start, end } = self.span;
        write!(f, "{} (bytes {start}..{end}): {}; {}", self.place, self.what, self.remedy)
    }
}

impl std::error::Error for Fault {}
