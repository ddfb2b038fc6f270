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
/// allowed: every byte that is not a continuation byte counts as a character.
pub fn position(source: &[u8], offset: u32) -> Position {
    let before = &source[..source.len().min(offset as usize)];
    let line = before.iter().filter(|&&b| b == b'\n').count();
    let start = before.iter().rposition(|&b| b == b'\n').map_or(0, |i| i + 1);
    let column = before[start..].iter().filter(|&&b| b & 0xC0 != 0x80).count();
    Position { line: line as u32 + 1, column: column as u32 + 1 }
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
