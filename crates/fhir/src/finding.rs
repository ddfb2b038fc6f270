//! What a check found: code, severity, place, and what to do about it.
//!
//! Invariant: a finding never carries a value from the document, only its place, its shape and its
//! length; names that are not plain element names are shown as `?`, because a name may be a value
//! put in the wrong place. Deliberately absent: any transport's form of it (OperationOutcome,
//! problem details), which the gateway makes.

use crate::tree::{NodeId, Span, Tree};
use std::fmt;

/// How bad a finding is; ordered from worst to least.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Severity {
    /// The document breaks a rule.
    Error,
    /// Allowed, but likely a mistake.
    Warning,
    /// Worth knowing.
    Information,
}

/// One finding about a document.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Finding {
    /// A stable kebab-case word, for example `cardinality` or `unknown-element`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// FHIRPath-like path of the element, for example `Patient.name[0].given[1]`.
    pub place: String,
    /// The bytes of the source that the finding is about; empty at 0 when there is no source.
    pub span: Span,
    /// English text: what is wrong and what to do. No values.
    pub message: String,
    /// True when the rule could not be checked here: neither right nor wrong is claimed.
    pub not_checkable: bool,
}

impl Finding {
    /// An error about the document.
    pub fn error(code: &'static str, place: String, span: Span, message: impl Into<String>) -> Finding {
        Finding {
            code,
            severity: Severity::Error,
            place,
            span,
            message: message.into(),
            not_checkable: false,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Information => "information",
        };
        write!(f, "{severity}[{}] {}: {}", self.code, self.place, self.message)
    }
}

/// A place in a text, both counted from 1; the column counts characters, not bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

/// Line and column of a byte offset. An offset beyond the end gives the end. Invalid UTF-8 is
/// allowed: every byte that is not a continuation byte counts as a character. A byte order mark at the
/// start is no character.
pub fn position(source: &[u8], offset: u32) -> Position {
    let mut cursor = Cursor::new(source);
    cursor.go(offset);
    cursor.at
}

/// Lines and columns of many offsets, in their order, in one pass over the source.
pub fn positions(source: &[u8], offsets: &[u32]) -> Vec<Position> {
    let mut cursor = Cursor::new(source);
    let mut out = vec![cursor.at; offsets.len()];
    let mut order: Vec<usize> = (0..offsets.len()).collect();
    order.sort_by_key(|&i| offsets.get(i));
    for i in order {
        cursor.go(offsets.get(i).copied().unwrap_or_default());
        out.iter_mut().skip(i).take(1).for_each(|position| *position = cursor.at);
    }
    out
}

/// Walks forward through a text, counting lines and columns.
struct Cursor<'s> {
    source: &'s [u8],
    offset: usize,
    at: Position,
}

impl<'s> Cursor<'s> {
    fn new(source: &'s [u8]) -> Cursor<'s> {
        let mark = if source.starts_with(b"\xEF\xBB\xBF") { 3 } else { 0 };
        Cursor { source, offset: mark, at: Position { line: 1, column: 1 } }
    }

    fn go(&mut self, offset: u32) {
        let end = self.source.len().min(offset as usize);
        let Some(passed) = self.source.get(self.offset..end) else { return };
        self.offset = end;
        let line = match passed.iter().rposition(|&b| b == b'\n') {
            None => passed,
            Some(last) => {
                self.at.line += passed.iter().filter(|&&b| b == b'\n').count() as u32;
                self.at.column = 1;
                &passed[last + 1..]
            }
        };
        self.at.column += line.iter().filter(|&&b| b & 0xC0 != 0x80).count() as u32;
    }
}

/// An element name fit to be shown: short, letters with at most three digits, as element names are;
/// everything else as `?`, because a person's number or name may stand where a name should.
pub fn shown(name: &str) -> &str {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'_' || b == b'$';
    let letters = name.bytes().any(|b| b.is_ascii_alphabetic() || b == b'$');
    let digits = name.bytes().filter(u8::is_ascii_digit).count();
    let fit = letters && digits <= 3 && name.len() <= 64 && name.bytes().all(plain);
    if fit { name } else { "?" }
}

/// The path of a node as findings show it. Costs the number of siblings on the way to the root.
pub fn place(tree: &Tree, node: NodeId) -> String {
    let mut parts = Vec::new();
    let mut at = Some(node);
    while let Some(n) = at {
        let parent = tree.parent(n);
        let name = tree.name(n);
        let mut part = shown(name).to_string();
        if let (true, Some(p)) = (tree.is_list(n), parent) {
            let index = tree.children(p).take_while(|&c| c != n).filter(|&c| tree.name(c) == name).count();
            part.push_str(&format!("[{index}]"));
        }
        parts.push(part);
        at = parent;
    }
    parts.reverse();
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::{Position, position, positions};

    #[test]
    fn many_places_are_found_in_one_pass_as_each_is_alone() {
        let text = "\u{FEFF}{\n \"å\": 1,\r\n\n\"b\": 2}".as_bytes();
        let offsets: Vec<u32> = (0..text.len() as u32 + 3).rev().collect();
        let many = positions(text, &offsets);
        for (offset, found) in offsets.iter().zip(many) {
            assert_eq!(found, position(text, *offset), "{offset}");
        }
        assert_eq!(position(text, 3), Position { line: 1, column: 1 }, "the mark is no column");
        assert_eq!(position(text, 10), Position { line: 2, column: 5 }, "å is one character");
        assert_eq!(position(text, u32::MAX), Position { line: 4, column: 8 }, "the end");
    }
}
