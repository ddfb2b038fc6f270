//! What is wrong with a map, said to the person who writes it: where, what, what now.
//!
//! Invariant: a diagnostic carries its own line of source, so that it can be shown without the
//! file. Deliberately absent: anything about messages; faults while running are `MapFault`.

use crate::ast::Place;
use fhir::{NodeId, Tree};
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

/// How bad it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Severity {
    /// The map cannot be used.
    Error,
    /// The map can be used, but something in it is probably not meant so.
    Warning,
}

/// One finding in a map or a concept map.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Diagnostic {
    /// The file as it was named when it was added.
    pub file: String,
    /// Bytes in the file.
    pub span: Range<usize>,
    /// How bad it is.
    pub severity: Severity,
    /// A stable short name of the kind of finding, such as `unknown-element`.
    pub code: &'static str,
    /// What is wrong.
    pub message: String,
    /// What to do about it, where that can be said.
    pub remedy: Option<String>,
    /// The element, where the file is a resource: `StructureMap.group[0].rule[2]`.
    pub path: Option<String>,
    line: usize,
    column: usize,
    excerpt: String,
}

impl Diagnostic {
    /// The line of the first byte, from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// The column of the first byte in characters, from 1.
    pub fn column(&self) -> usize {
        self.column
    }

    /// Adds what to do about it.
    pub(crate) fn with_remedy(mut self, remedy: impl Into<String>) -> Diagnostic {
        self.remedy = Some(remedy.into());
        self
    }
}

/// Longest line that is shown whole; resources may be one line.
const WIDEST: usize = 160;

impl Diagnostic {
    /// The line, or the part of it around the place, and how many characters stand before the place.
    fn shown(&self) -> (String, usize) {
        let before = self.column - 1;
        if self.excerpt.chars().count() <= WIDEST {
            return (self.excerpt.clone(), before);
        }
        let skipped = before.saturating_sub(WIDEST / 4);
        let part = self.excerpt.chars().skip(skipped).take(WIDEST).collect();
        (part, before - skipped)
    }
}

impl fmt::Display for Diagnostic {
    /// Several lines: the finding, the place, the line of source with carets, the remedy.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let severity = match self.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        writeln!(f, "{severity}[{}]: {}", self.code, self.message)?;
        let number = self.line.to_string();
        let pad = " ".repeat(number.len());
        let path = self.path.as_ref().map(|p| format!(" ({p})")).unwrap_or_default();
        writeln!(f, "{pad}--> {}:{}:{}{path}", self.file, self.line, self.column)?;
        writeln!(f, "{pad} |")?;
        let (excerpt, before) = self.shown();
        writeln!(f, "{number} | {excerpt}")?;
        let room = excerpt.chars().count().saturating_sub(before);
        let width = self.span.len().clamp(1, room.max(1));
        write!(f, "{pad} | {}{}", " ".repeat(before), "^".repeat(width))?;
        if let Some(remedy) = &self.remedy {
            write!(f, "\n{pad} = {remedy}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Diagnostic {}

/// A named source text that diagnostics can point into.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    pub file: String,
    pub text: String,
    /// The resource that the text was read into, if it is one.
    tree: Option<Arc<Tree>>,
}

impl Source {
    pub fn new(file: &str, text: &str) -> Source {
        Source { file: file.to_string(), text: text.to_string(), tree: None }
    }

    /// The text of a resource.
    pub fn over(file: &str, tree: Arc<Tree>) -> Source {
        Source { file: file.to_string(), text: tree.source().to_string(), tree: Some(tree) }
    }

    /// The innermost element of the resource that holds the place.
    fn path(&self, place: Place) -> Option<String> {
        let tree = self.tree.as_deref()?;
        let holds = |id: NodeId| {
            let span = tree.span(id);
            span.start <= place.start && place.end <= span.end && span.end > 0
        };
        let mut at = tree.root();
        while let Some(inner) = tree.children(at).find(|&child| holds(child)) {
            at = inner;
        }
        Some(fhir::finding::place(tree, at))
    }

    /// An error at a place in this text.
    pub fn error(&self, place: Place, code: &'static str, message: impl Into<String>) -> Diagnostic {
        let start = self.floor(place.start as usize);
        let line_start = self.text[..start].rfind('\n').map_or(0, |i| i + 1);
        let rest = &self.text[line_start..];
        let excerpt = rest.split('\n').next().unwrap_or_default().trim_end();
        let column = self.text[line_start..start].chars().count() + 1;
        Diagnostic {
            file: self.file.clone(),
            span: start..(place.end as usize).max(start),
            severity: Severity::Error,
            code,
            message: message.into(),
            remedy: None,
            path: self.path(place),
            line: self.text[..start].matches('\n').count() + 1,
            column,
            excerpt: excerpt.replace('\t', " "),
        }
    }

    /// The same as a warning.
    pub fn warning(&self, place: Place, code: &'static str, message: impl Into<String>) -> Diagnostic {
        Diagnostic { severity: Severity::Warning, ..self.error(place, code, message) }
    }

    fn floor(&self, at: usize) -> usize {
        let mut at = at.min(self.text.len());
        while !self.text.is_char_boundary(at) {
            at -= 1;
        }
        at
    }
}
