//! A value at any depth: field, repetition, component or sub-component.
//!
//! Invariant: a value is a span of the input and knows its place; what is not there is an empty value with a span
//! of no length, so that `field(3).component(1)` may always be asked. Deliberately absent: guessing; the text of
//! something that has parts is refused, because taking one of them would lose the others.

use crate::escape;
use crate::fault::{Code, Fault, Place};
use crate::message::{Message, Segment};
use std::borrow::Cow;
use std::ops::Range;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Depth {
    /// MSH-1 and MSH-2, which are what they are.
    Literal,
    Field,
    Repetition,
    Component,
    Subcomponent,
}

/// A value of a message.
#[derive(Clone, Copy, Debug)]
pub struct Value<'m> {
    segment: Segment<'m>,
    start: u32,
    end: u32,
    depth: Depth,
    field: u32,
    repetition: u32,
    component: u32,
    subcomponent: u32,
}

impl<'m> Value<'m> {
    pub(crate) fn field(segment: Segment<'m>, field: u32, start: u32, end: u32, literal: bool) -> Value<'m> {
        let depth = if literal { Depth::Literal } else { Depth::Field };
        Value { segment, start, end, depth, field, repetition: 0, component: 0, subcomponent: 0 }
    }

    #[inline]
    fn message(&self) -> &'m Message<'m> {
        self.segment.message
    }

    /// Its bytes as they came, with escapes.
    #[inline]
    pub fn raw(&self) -> &'m [u8] {
        self.message().input.get(self.span()).unwrap_or_default()
    }

    /// Where it lies in the input.
    #[inline]
    pub fn span(&self) -> Range<usize> {
        self.start as usize..self.end as usize
    }

    /// Where it stands, in HL7's words. Counts the segments before it; made for faults and traces.
    pub fn place(&self) -> Place {
        Place {
            field: self.field,
            repetition: self.repetition,
            component: self.component,
            subcomponent: self.subcomponent,
            ..self.segment.place()
        }
    }

    /// Whether there is nothing. Separators without anything between them are nothing, too.
    pub fn is_empty(&self) -> bool {
        self.start == self.end || self.raw().iter().all(|b| self.divides(*b))
    }

    /// Whether it says that the receiver's value is to be removed: two quotes and nothing else.
    pub fn is_null(&self) -> bool {
        self.raw() == b"\"\""
    }

    /// Whether it was cut short, which from 2.7 a mark at its end says. The mark stays in the text, where a
    /// reader sees it.
    pub fn is_truncated(&self) -> bool {
        let mark = self.message().delimiters.truncation;
        self.depth != Depth::Literal && mark.is_some() && self.raw().last().copied() == mark
    }

    /// Whether it has parts, other than empty ones after the first.
    pub fn is_composite(&self) -> bool {
        let mut rest = self.raw().iter().skip_while(|b| !self.divides(**b));
        rest.any(|b| !self.divides(*b))
    }

    /// The repetitions of a field; one where nothing is repeated.
    #[inline]
    pub fn repetitions(&self) -> impl Iterator<Item = Value<'m>> + Clone + use<'m> {
        self.parts(Depth::Repetition)
    }

    /// A repetition, from one.
    pub fn repetition(&self, number: u32) -> Value<'m> {
        self.part(Depth::Repetition, number)
    }

    /// The components, of a field those of its first repetition.
    #[inline]
    pub fn components(&self) -> impl Iterator<Item = Value<'m>> + Clone + use<'m> {
        self.down_to(Depth::Repetition).parts(Depth::Component)
    }

    /// A component, from one; of a field, that of its first repetition.
    pub fn component(&self, number: u32) -> Value<'m> {
        self.down_to(Depth::Repetition).part(Depth::Component, number)
    }

    /// The sub-components, of what lies above those of its first component.
    #[inline]
    pub fn subcomponents(&self) -> impl Iterator<Item = Value<'m>> + Clone + use<'m> {
        self.down_to(Depth::Component).parts(Depth::Subcomponent)
    }

    /// A sub-component, from one; of what lies above, that of its first component.
    pub fn subcomponent(&self, number: u32) -> Value<'m> {
        self.down_to(Depth::Component).part(Depth::Subcomponent, number)
    }

    /// Its text: decoded by the message's character set, escapes resolved; nothing for null and empty.
    ///
    /// A value that has parts, a byte or an escape that cannot be read, and a control byte are refused.
    pub fn text(&self) -> Result<Cow<'m, str>, Fault> {
        let raw = self.raw();
        let by = &self.message().delimiters;
        // Most values: no part, no escape, only ASCII.
        let plain = |b: &u8| (b' '..0x80).contains(b) && *b != by.escape && !self.divides(*b) && *b != b'"';
        if raw.iter().all(plain) {
            return Ok(Cow::Borrowed(std::str::from_utf8(raw).unwrap_or_default()));
        }
        if self.is_null() {
            return Ok(Cow::Borrowed(""));
        }
        if self.depth == Depth::Literal {
            return Ok(String::from_utf8_lossy(raw));
        }
        let length = raw.iter().position(|b| self.divides(*b)).unwrap_or(raw.len());
        let (first, rest) = raw.split_at_checked(length).unwrap_or((raw, &[]));
        if rest.iter().any(|b| !self.divides(*b)) {
            return Err(Fault::new(
                Code::Composite,
                self.place(),
                self.span(),
                "has parts where a single value was expected",
                "escape the delimiter in the text, or ask for one of the parts",
            ));
        }
        escape::resolve(first, self.message()).map_err(|refusal| {
            let start = self.start as usize;
            let span = start + refusal.span.start..start + refusal.span.end;
            Fault::new(refusal.code, self.place(), span, refusal.what, refusal.remedy)
        })
    }

    /// Whether a byte divides a value of this depth into parts.
    #[inline]
    fn divides(&self, byte: u8) -> bool {
        let by = &self.message().delimiters;
        match self.depth {
            Depth::Literal | Depth::Subcomponent => false,
            Depth::Component => byte == by.subcomponent,
            Depth::Repetition => byte == by.subcomponent || byte == by.component,
            Depth::Field => byte == by.subcomponent || byte == by.component || byte == by.repetition,
        }
    }

    /// What separates parts of that depth from each other.
    #[inline]
    fn separator(&self, depth: Depth) -> u8 {
        let by = &self.message().delimiters;
        match depth {
            Depth::Literal | Depth::Field => by.field,
            Depth::Repetition => by.repetition,
            Depth::Component => by.component,
            Depth::Subcomponent => by.subcomponent,
        }
    }

    /// The same, or its first part of that depth where it lies higher.
    #[inline]
    fn down_to(&self, depth: Depth) -> Value<'m> {
        let mut value = *self;
        if value.depth == Depth::Field {
            value = value.part(Depth::Repetition, 1);
        }
        if value.depth == Depth::Repetition && depth == Depth::Component {
            value = value.part(Depth::Component, 1);
        }
        value
    }

    /// The same span one step down, as the part of that number.
    #[inline]
    fn numbered(&self, depth: Depth, number: u32, start: u32, end: u32) -> Value<'m> {
        let mut value = Value { start, end, depth, ..*self };
        match depth {
            Depth::Literal | Depth::Field => {}
            Depth::Repetition => value.repetition = number,
            Depth::Component => value.component = number,
            Depth::Subcomponent => value.subcomponent = number,
        }
        value
    }

    /// Whether it can be divided at that depth; what cannot is its own first part.
    #[inline]
    fn divisible(&self, depth: Depth) -> bool {
        matches!(
            (self.depth, depth),
            (Depth::Field, Depth::Repetition)
                | (Depth::Repetition, Depth::Component)
                | (Depth::Component, Depth::Subcomponent)
        )
    }

    #[inline]
    fn parts(&self, depth: Depth) -> Parts<'m> {
        let separator = self.divisible(depth).then(|| self.separator(depth));
        Parts { whole: *self, depth, separator, number: 0, rest: Some(self.start) }
    }

    fn part(&self, depth: Depth, number: u32) -> Value<'m> {
        if !self.divisible(depth) {
            return match number {
                1 => *self,
                _ => Value { start: self.end, ..*self },
            };
        }
        let nth = number.checked_sub(1).and_then(|nth| self.parts(depth).nth(nth as usize));
        nth.unwrap_or_else(|| self.numbered(depth, number, self.end, self.end))
    }
}

/// Walks over the parts of a value; over itself where there is no separator.
#[derive(Clone, Debug)]
struct Parts<'m> {
    whole: Value<'m>,
    depth: Depth,
    separator: Option<u8>,
    number: u32,
    rest: Option<u32>,
}

impl<'m> Iterator for Parts<'m> {
    type Item = Value<'m>;

    #[inline]
    fn next(&mut self) -> Option<Value<'m>> {
        let start = self.rest.take()?;
        let Some(separator) = self.separator else { return Some(self.whole) };
        self.number += 1;
        let end = self.whole.end;
        let bytes = self.whole.message().input.get(start as usize..end as usize).unwrap_or_default();
        let end = match bytes.iter().position(|b| *b == separator) {
            Some(length) => {
                self.rest = Some(start + length as u32 + 1);
                start + length as u32
            }
            None => end,
        };
        Some(self.whole.numbered(self.depth, self.number, start, end))
    }
}
