//! Which messages make what of the message that they name: `conformance/tables/marks.txt`, compiled.
//!
//! Invariant: no Rust line knows a field of a message; what decides stands in the table as FHIRPath on the canonical
//! form. A table that cannot be read is a load error at its line.

use super::{File, problem_at};
use crate::{
    config::Problem,
    model::{Mark, path::ElementPath},
};
use fhir::{Definitions, NodeRef, Tree};
use fhirpath::Scope;

/// Where the table stands.
const TABLE: &str = "conformance/tables/marks.txt";

/// Whose message is named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Whose {
    /// The sender's own to the same receiver.
    Own,
    /// One that the receiver sent to the sender.
    Received,
}

/// By which part of the envelope it is named.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum By {
    /// The one that is answered.
    Answers,
    /// The one that this is about or replaces.
    RefersTo,
}

/// Events that can be named.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Of {
    Steps,
    But(String),
    These(Vec<String>),
}

/// One row.
#[derive(Clone, PartialEq, Debug)]
pub struct Row {
    event: String,
    /// Whose message is named.
    pub whose: Whose,
    /// By what.
    pub by: By,
    of: Of,
    /// What becomes of it; none: it need only be there.
    pub becomes: Option<Mark>,
    /// Must it be on record?
    pub must: bool,
    when: Option<ElementPath>,
}

/// The table.
#[derive(Clone, Debug, Default)]
pub struct Marks {
    rows: Vec<Row>,
    beside: Vec<String>,
}

impl Marks {
    /// Reads the table of a set of rule files; a set without one marks nothing.
    pub(super) fn load(files: &[File], problems: &mut Vec<Problem>) -> Marks {
        let mut marks = Marks::default();
        let text = files.iter().find(|f| f.path == TABLE).map_or("", |f| f.text.as_str());
        for (number, line) in text.lines().enumerate() {
            let line = line.trim();
            let (kind, rest) = line.split_once(' ').unwrap_or((line, ""));
            let read = match kind {
                "" | "#" => Some(()),
                "beside" => {
                    marks.beside.extend(rest.split_whitespace().map(str::to_string));
                    Some(())
                }
                "mark" => row(rest).map(|row| marks.rows.push(row)),
                _ => None,
            };
            if read.is_none() {
                let place = format!("{TABLE}:{}", number + 1);
                problems
                    .push(problem_at(&place, "the row is none that the head of the table describes".into()));
            }
        }
        marks
    }

    /// What a message of this event makes of the one that it names: the first row that holds.
    pub fn of(&self, event: &str, canonical: &Tree) -> Option<&Row> {
        self.rows.iter().find(|row| row.event == event && row.holds(canonical))
    }

    /// Events that are no steps of a case.
    pub fn beside(&self) -> &[String] {
        &self.beside
    }

    /// Can a row name a message of this event?
    pub fn names(&self, row: &Row, event: &str) -> bool {
        match &row.of {
            Of::Steps => !self.beside.iter().any(|e| e == event),
            Of::But(other) => other != event,
            Of::These(events) => events.iter().any(|e| e == event),
        }
    }
}

impl Row {
    /// Is its condition true of a resource of the message?
    fn holds(&self, canonical: &Tree) -> bool {
        let Some(when) = &self.when else { return true };
        let scope = Scope::new(Some(Definitions::r4()));
        let entries = canonical.children(canonical.root()).filter(|n| canonical.name(*n) == "entry");
        let mut resources = entries.filter_map(|entry| canonical.child(entry, "resource"));
        resources.any(|id| {
            let kind = canonical.child_text(id, "resourceType").unwrap_or_default();
            let focus = NodeRef { tree: canonical, id };
            when.concerns(kind) && when.expression().truth(&scope, focus) == Ok(Some(true))
        })
    }
}

fn row(text: &str) -> Option<Row> {
    // The condition stands last and may hold the sign itself.
    let mut columns = text.splitn(7, '|').map(str::trim);
    let mut next = || columns.next();
    let event = next().filter(|e| !e.is_empty())?.to_string();
    let whose = match next()? {
        "own" => Whose::Own,
        "received" => Whose::Received,
        _ => return None,
    };
    let by = match next()? {
        "answers" => By::Answers,
        "refersTo" => By::RefersTo,
        _ => return None,
    };
    let of = match next()? {
        "" => return None,
        "steps" => Of::Steps,
        list => match list.strip_prefix('!') {
            Some(other) => Of::But(other.to_string()),
            None => Of::These(list.split_whitespace().map(str::to_string).collect()),
        },
    };
    let becomes = match next()? {
        "-" => None,
        word => Some(Mark::from_word(word)?),
    };
    let must = match next()? {
        "yes" => true,
        "no" => false,
        _ => return None,
    };
    let when = match next()? {
        "" => None,
        path => Some(ElementPath::parse(path)?),
    };
    Some(Row { event, whose, by, of, becomes, must, when })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rulebook::{Source, example_message, files};
    use fhir::json::{self, Form, Limits};

    fn table(text: &str) -> (Marks, Vec<Problem>) {
        let mut problems = Vec::new();
        let files = [File { path: TABLE.into(), text: text.into() }];
        (Marks::load(&files, &mut problems), problems)
    }

    #[test]
    fn a_wrong_row_is_told_at_its_line() {
        for wrong in [
            "mark receipt | mine | answers | steps | handled | yes |",
            "mark receipt | own | by | steps | handled | yes |",
            "mark receipt | own | answers | steps | gone | yes |",
            "mark receipt | own | answers | steps | handled | perhaps |",
            "mark receipt | own | answers | steps | handled | yes | Communication.(",
            "mark receipt | own",
            "besides receipt",
        ] {
            let (marks, problems) = table(&format!("# head\n\n{wrong}\n"));
            assert!(marks.rows.is_empty() && marks.beside.is_empty());
            assert!(problems[0].file.ends_with("marks.txt:3"), "{problems:?}");
        }
    }

    #[test]
    fn the_content_of_a_message_decides_what_it_makes_of_another() {
        let mut problems = Vec::new();
        let marks = Marks::load(&files::read(&Source::Embedded).unwrap_or_default(), &mut problems);
        assert!(problems.is_empty() && !marks.rows.is_empty(), "{problems:?}");
        let becomes = |event: &str, file: &str| {
            let text = example_message(&format!("{event}/{file}.json")).unwrap_or_default();
            let mut tree = json::read(text.as_bytes(), Form::Fhir, &Limits::default()).expect(file);
            Definitions::r4().annotate(&mut tree);
            marks.of(event, &tree).map(|row| row.becomes)
        };
        assert_eq!(becomes("receipt", "valid-1-rejected"), Some(Some(Mark::Rejected)));
        assert_eq!(becomes("receipt", "valid-3-handled-protected"), Some(Some(Mark::Handled)));
        assert_eq!(becomes("admission-reply", "valid-3-not-resident"), Some(Some(Mark::Misdirected)));
        assert_eq!(becomes("admission-reply", "valid-1-rich"), None);
        assert_eq!(becomes("annulment", "valid-1-rich"), Some(Some(Mark::Annulled)));
        assert_eq!(becomes("discharge-ready", "valid-1-minimal"), None);
        let annulment = marks.rows.iter().find(|r| r.event == "annulment").expect("a row");
        assert!(marks.names(annulment, "discharge-ready") && !marks.names(annulment, "receipt"));
    }
}
