//! Models whose messages only maps can read: which event a message of one is.
//!
//! Invariant: rows are asked in their order and the first that holds decides; a condition that names what the
//! model lacks does not load. Deliberately absent: any field of any model, which the rules' own files name.

use super::{File, maps};
use crate::{
    config::{Problem, read},
    model::{Code, Model},
};
use fhir::{Definitions, NodeRef, Tree, TypeId};
use fhirpath::{Expr, Scope};
use std::{collections::HashMap, path::Path};

/// What a message of a foreign model is.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Meaning {
    /// This event: a map of the event reads it.
    Event(String),
    /// Nothing that the agreement knows: it goes on record, and its sender is told this.
    Noted(Noted),
}

/// What is put on record about a message that goes no further.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Noted {
    /// The sender's id of it, if the row says where it stands.
    pub id: Option<String>,
    /// The case that it belongs to, if the row says where it stands.
    pub case: Option<String>,
    /// Why nothing is sent, in English and Swedish.
    pub words: (String, String),
}

struct Row {
    when: Expr,
    then: Then,
}

enum Then {
    Event(String),
    Note(Box<Note>),
}

struct Note {
    words: (String, String),
    id: Option<Expr>,
    case: Option<Expr>,
}

/// A model with the table of its events.
struct Known {
    root: TypeId,
    rows: Vec<Row>,
}

/// The foreign models of a rules folder.
#[derive(Default)]
pub struct Foreign(HashMap<Model, Known>);

impl Foreign {
    /// Reads the models' tables; all problems at once. `definitions` have the models.
    pub fn load(files: &[File], trees: &[Tree], definitions: &Definitions) -> Result<Foreign, Vec<Problem>> {
        let (mut known, mut problems) = (HashMap::new(), Vec::new());
        let types: HashMap<&str, &str> = trees
            .iter()
            .filter_map(|t| Some((t.child_text(t.root(), "url")?, t.child_text(t.root(), "type")?)))
            .collect();
        for file in files {
            let Some(model) = maps::model_word(&file.path) else { continue };
            let url = super::tree(file, &mut problems)
                .and_then(|tree| Some(tree.child_text(tree.root(), "url")?.to_string()));
            let ty = url.and_then(|url| types.get(url.as_str()).copied());
            let Some(root) = ty.and_then(|ty| definitions.type_id(ty)) else {
                let what = "it is no logical model: a StructureDefinition with a url and a type of its own";
                problems.push(super::problem_at(&file.path, what.into()));
                continue;
            };
            let path = format!("mappings/{}/events.toml", model.word());
            let rows = files
                .iter()
                .find(|f| f.path == path)
                .map(|table| rows(table, definitions, root, &mut problems));
            known.insert(model, Known { root, rows: rows.unwrap_or_default() });
        }
        if problems.is_empty() { Ok(Foreign(known)) } else { Err(problems) }
    }

    /// The type of the model's messages.
    pub fn root(&self, model: Model) -> Option<TypeId> {
        self.0.get(&model).map(|known| known.root)
    }

    /// What a message is; `None` if no row fits it, or a row above the one that would cannot be asked of it: what
    /// might be an event is refused rather than noted.
    pub fn meaning(&self, tree: &Tree, model: Model, definitions: &Definitions) -> Option<Meaning> {
        let scope = Scope::new(Some(definitions));
        let root = tree.at(tree.root());
        let decides = |row: &&Row| !matches!(row.when.truth(&scope, root), Ok(None | Some(false)));
        let row = self.0.get(&model)?.rows.iter().find(decides)?;
        row.when.truth(&scope, root).ok()?;
        Some(match &row.then {
            Then::Event(event) => Meaning::Event(event.clone()),
            Then::Note(note) => Meaning::Noted(Noted {
                id: note.id.as_ref().and_then(|e| text(e, &scope, root)),
                case: note.case.as_ref().and_then(|e| text(e, &scope, root)),
                words: note.words.clone(),
            }),
        })
    }
}

/// An id that an expression gives: one text that may stand on record.
fn text<'t>(expression: &Expr, scope: &Scope<'t>, root: NodeRef<'t>) -> Option<String> {
    let found = expression.evaluate(scope, root).ok()?;
    let [one] = found.as_slice() else { return None };
    one.text().filter(|text| super::envelope::is_id(text)).map(|text| text.into_owned())
}

fn rows(file: &File, definitions: &Definitions, root: TypeId, problems: &mut Vec<Problem>) -> Vec<Row> {
    let read = read::text_of(Path::new(&file.path), &file.text, problems, |table| {
        Some(table.tables("row", |row| one(row, definitions, root)))
    });
    read.unwrap_or_default()
}

fn one(row: &mut read::Table<'_>, definitions: &Definitions, root: TypeId) -> Option<Row> {
    let when = expression(row, "when", definitions, root);
    let (id, case) = (expression(row, "id", definitions, root), expression(row, "case", definitions, root));
    let (event, note, sv) = (row.text("event"), row.text("note"), row.text("note_sv"));
    let then = match (event, note, sv) {
        (Some(event), None, None) => Some(Then::Event(event)),
        (None, Some(note), Some(sv)) => Some(Then::Note(Box::new(Note { words: (note, sv), id, case }))),
        _ => {
            let what = "a row has an `event`, or a `note` and a `note_sv`";
            row.problem(None, Code::ConfigKey, what.into(), "say what such a message is");
            None
        }
    };
    Some(Row { when: when?, then: then? })
}

fn expression(
    row: &mut read::Table<'_>,
    key: &'static str,
    definitions: &Definitions,
    root: TypeId,
) -> Option<Expr> {
    let written = if key == "when" { row.need_text(key) } else { row.text(key) }?;
    let told = match fhirpath::parse(&written) {
        Ok(expression) => match expression.check(definitions, root, &[]).first() {
            None => return Some(expression),
            Some(problem) => problem.to_string(),
        },
        Err(error) => error.to_string(),
    };
    row.problem(
        None,
        Code::ConfigKey,
        format!("`{key}`: {told}"),
        "write a FHIRPath expression on the model",
    );
    None
}
