//! How a finding looks to people: title and code, the place with its line of source and carets, notes, help.
//!
//! Invariant: the one renderer of the command line; what it is given it shows, so whoever shows a
//! message's line hides the values first. Deliberately absent: any judgement.

use annotate_snippets::{AnnotationKind, Level, Origin, Renderer, Snippet};
use std::ops::Range;

/// A piece of source with the place in it.
pub struct Cited<'a> {
    /// The text.
    pub text: &'a str,
    /// The place in the text.
    pub span: Range<usize>,
    /// The line that the text begins with.
    pub line: usize,
    /// Line and column of the place, where the text begins in the middle of a line.
    pub at: Option<(usize, usize)>,
}

/// What to show.
pub struct Diagnostic<'a> {
    /// How bad.
    pub level: Level<'a>,
    /// The code.
    pub code: &'a str,
    /// What is wrong.
    pub title: &'a str,
    /// The file.
    pub file: &'a str,
    /// The source, if there is a place.
    pub cited: Option<Cited<'a>>,
    /// More about it.
    pub notes: Vec<String>,
    /// What to do now.
    pub help: Option<&'a str>,
}

impl Diagnostic<'_> {
    /// The text of it, with colours for a terminal.
    pub fn render(&self, terminal: bool) -> String {
        let colours = terminal && std::env::var_os("NO_COLOR").is_none();
        let renderer = if colours { Renderer::styled() } else { Renderer::plain() };
        let mut group = self.level.clone().primary_title(self.title).id(self.code).elements(self.place());
        group = match &self.cited {
            Some(cited) if cited.span.end <= cited.text.len() => {
                let here = AnnotationKind::Primary.span(cited.span.clone());
                let snippet = Snippet::source(cited.text).annotation(here);
                let snippet = snippet.line_start(cited.line);
                group.element(if cited.at.is_some() { snippet } else { snippet.path(self.file) })
            }
            _ => group,
        };
        let notes = self.notes.iter().map(|note| Level::NOTE.message(note.as_str()));
        let help = self.help.map(|help| Level::HELP.message(help));
        renderer.render(&[group.elements(notes).elements(help)])
    }

    /// The file's name above the source, where the source does not tell it itself.
    fn place(&self) -> Option<Origin<'_>> {
        match &self.cited {
            Some(Cited { at: None, .. }) => None,
            Some(Cited { at: Some((line, column)), .. }) => {
                Some(Origin::path(self.file).line(*line).char_column(*column))
            }
            None => Some(Origin::path(self.file)),
        }
    }
}
