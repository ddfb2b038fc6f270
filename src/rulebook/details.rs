//! What a case is told of a message: codes, times, numbers and parties, by a table of FHIRPath.
//!
//! Invariant: nothing else of a message's content comes through. Each row names the kind of its values, and
//! a value that does not look like its kind is left out, so that neither a name nor a number of a person
//! can stand where a code is expected. Each expression is checked against the definitions when it is loaded.

use super::{File, problem};
use crate::{config::Problem, model::HsaId};
use fhir::{Definitions, Tree};
use fhirpath::{Expr, Scope, Value};
use std::collections::{BTreeMap, HashMap};

/// Where the table stands.
pub const TABLE: &str = "conformance/tables/case-details.txt";

/// Longest value that is let through: an HSA-id has at most 31 characters, a moment 35.
const LONGEST: usize = 64;

/// The compiled table.
pub struct Details {
    rows: HashMap<String, Vec<Row>>,
}

struct Row {
    name: String,
    kind: Kind,
    path: Expr,
}

/// What a value must look like.
#[derive(Clone, Copy)]
enum Kind {
    Code,
    Time,
    Number,
    YesNo,
    Party,
}

impl Details {
    /// Compiles the table; all problems at once, each with its line.
    pub(super) fn load(files: &[File], definitions: &Definitions) -> Result<Details, Vec<Problem>> {
        let Some(file) = files.iter().find(|f| f.path == TABLE) else {
            return Err(vec![super::problem_at(TABLE, "the table is missing".into())]);
        };
        let (mut rows, mut problems) = (HashMap::<String, Vec<Row>>::new(), Vec::new());
        for (number, line) in (1..).zip(file.text.lines()) {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match row(line, definitions) {
                Ok((event, row)) => rows.entry(event).or_default().push(row),
                Err(what) => problems.push(problem(file, format!("line {number}: {what}"))),
            }
        }
        if problems.is_empty() { Ok(Details { rows }) } else { Err(problems) }
    }

    /// The details of a message of an event. An expression that cannot be evaluated gives nothing.
    pub(super) fn of(&self, event: &str, tree: &Tree, definitions: &Definitions) -> BTreeMap<String, String> {
        let scope = Scope::new(Some(definitions));
        let root = tree.at(tree.root());
        let mut details = BTreeMap::new();
        for row in self.rows.get(event).into_iter().flatten() {
            let values = row.path.evaluate(&scope, root).unwrap_or_default();
            let mut texts: Vec<String> = values.iter().filter_map(|v| text(v, row.kind)).collect();
            texts.dedup();
            // Of what is not a code a case needs one value; several are none.
            let one = matches!(row.kind, Kind::Code) || texts.len() == 1;
            if one && !texts.is_empty() {
                details.insert(row.name.clone(), texts.join(" "));
            }
        }
        details
    }
}

fn row(line: &str, definitions: &Definitions) -> Result<(String, Row), String> {
    let cells: Vec<&str> = line.splitn(4, '|').map(str::trim).collect();
    let [event, name, kind, path] = cells.as_slice() else {
        return Err("a row is event | detail | kind | FHIRPath".into());
    };
    let kind = match *kind {
        "code" => Kind::Code,
        "time" => Kind::Time,
        "number" => Kind::Number,
        "yes-no" => Kind::YesNo,
        "party" => Kind::Party,
        _ => return Err("the kind is not code, time, number, yes-no or party".into()),
    };
    let path = fhirpath::parse(path).map_err(|error| error.to_string())?;
    let focus = definitions.type_id("Bundle").unwrap_or(fhir::TypeId::NONE);
    if let Some(wrong) = path.check(definitions, focus, &[]).first() {
        return Err(wrong.to_string());
    }
    Ok(((*event).to_string(), Row { name: (*name).to_string(), kind, path }))
}

/// The text of a value, if it looks like its kind.
fn text(value: &Value<'_>, kind: Kind) -> Option<String> {
    let text = match value {
        Value::Node(node) => node.text()?.to_string(),
        Value::Boolean(yes) => yes.to_string(),
        Value::Integer(number) => number.to_string(),
        Value::String(text) => text.to_string(),
        _ => return None,
    };
    let good = text.len() <= LONGEST
        && match kind {
            Kind::Code => is_code(&text),
            Kind::Time => is_time(&text),
            Kind::Number => !text.is_empty() && text.len() <= 6 && text.bytes().all(|b| b.is_ascii_digit()),
            Kind::YesNo => matches!(text.as_str(), "true" | "false"),
            Kind::Party => HsaId::parse(&text).is_some(),
        };
    good.then_some(text)
}

/// Our own lists write codes with small letters, digits and hyphens, a letter first.
fn is_code(text: &str) -> bool {
    let small = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    text.starts_with(|c: char| c.is_ascii_lowercase()) && text.bytes().all(small)
}

fn is_time(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok() || text.len() == 10 && text.parse::<jiff::civil::Date>().is_ok()
}

#[cfg(test)]
mod tests;
