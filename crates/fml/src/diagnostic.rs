//! What is wrong with a map, said to the person who writes it: where, what, what now.
//!
//! Invariant: a diagnostic carries its own line of source, so that it can be shown without the
//! file. Deliberately absent: anything about messages; faults while running are `MapFault`.

use crate::ast::Place;
use std::fmt;
use std::ops::Range;

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
        writeln!(f, "{pad}--> {}:{}:{}", self.file, self.line, self.column)?;
        writeln!(f, "{pad} |")?;
        writeln!(f, "{number} | {}", self.excerpt)?;
        let room = self.excerpt.chars().count().saturating_sub(self.column - 1);
        let width = self.span.len().clamp(1, room.max(1));
        write!(f, "{pad} | {}{}", " ".repeat(self.column - 1), "^".repeat(width))?;
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
}

impl Source {
    pub fn new(file: &str, text: &str) -> Source {
        Source { file: file.to_string(), text: text.to_string() }
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
