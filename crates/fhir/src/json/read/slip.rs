//! Slips: faults of syntax that leave no doubt how the text goes on.
//!
//! A comma too many or too few, a name or a text without quotes, a comment. Each is told and the reading
//! goes on, so that a sender sees them all at once. Invariant: a text with a slip is refused like any
//! other that is not RFC 8259; nothing that was read past one is ever given. Deliberately absent: slips
//! inside values that are passed over because of another fault.

use super::{Finding, Frame, MOST_FAULTS, Reader, Span, Stop, place, span};
use crate::finding::shown;

impl Reader<'_> {
    /// Records a fault here after which reading goes on, unless there are many already.
    pub(super) fn slip(&mut self, message: &str) -> Result<(), Stop> {
        let fault = self.syntax(message);
        if self.faults.len() < MOST_FAULTS { Ok(()) } else { Err(fault) }
    }

    /// A word that should stand in double quotes; anything else ends the reading with this message.
    pub(super) fn bare(&mut self, message: &str) -> Result<Span, Stop> {
        let start = self.pos;
        let begins = |b: u8| b.is_ascii_alphabetic() || b == b'_' || b == b'$';
        if !self.peek().is_some_and(begins) {
            return Err(self.syntax(message));
        }
        self.slip(message)?;
        while self.peek().is_some_and(|b| begins(b) || b.is_ascii_digit()) {
            self.pos += 1;
        }
        Ok(span(start, self.pos))
    }

    /// A comma behind the last member or item.
    pub(super) fn surplus_comma(&mut self, closer: u8) -> Result<bool, Stop> {
        let surplus = self.peek() == Some(closer);
        if surplus {
            self.slip("nothing comes after this comma; take it out")?;
        }
        Ok(surplus)
    }

    /// Passes over a comment, the position being at a `/`. What is no comment is left for others to
    /// tell.
    #[cold]
    pub(super) fn comment(&mut self) -> bool {
        let rest = &self.bytes[self.pos..];
        let find = |end: &[u8]| rest.windows(end.len()).position(|w| w == end).map(|i| i + end.len());
        let length = match rest {
            [b'/', b'/', ..] => find(b"\n").unwrap_or(rest.len()),
            [b'/', b'*', ..] => find(b"*/").unwrap_or(rest.len()),
            _ => return false,
        };
        if self.faults.len() >= MOST_FAULTS || self.slip("a comment, which JSON does not have").is_err() {
            return false;
        }
        self.pos += length;
        true
    }

    /// Where the reading is: the element, or the item of a list.
    pub(super) fn here(&self) -> String {
        match self.frames.last() {
            None => "$".into(),
            Some(Frame::Object(object)) => place(&self.tree, object.node),
            Some(Frame::Array(array)) => {
                let (above, name) = (place(&self.tree, array.parent), self.tree.text_at(array.name.span));
                format!("{above}.{}[{}]", shown(name), array.count.saturating_sub(1))
            }
        }
    }

    /// Gives the root of the faults' places the name of the resource, where the text tells it.
    pub(super) fn name_places(&self, faults: &mut [Finding]) {
        let Some(name) = self.tree.child_text(self.tree.root(), "resourceType") else { return };
        for fault in faults {
            if let Some(rest) = fault.place.strip_prefix('$') {
                fault.place = format!("{}{rest}", shown(name));
            }
        }
    }
}
