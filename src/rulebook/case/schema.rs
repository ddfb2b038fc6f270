//! The JSON Schema of the case message, one validator an event.
//!
//! Invariant: for a message of a known event the answer is that of the whole schema, whose branches for
//! other events say nothing of it. Deliberately absent: what depends on more than JSON Schema can say.

use super::{SCHEMA, file};
use crate::{
    config::Problem,
    model::{Code, Finding},
    rulebook::{File, check::place, problem},
};
use fhir::Tree;
use serde_json::Value;
use std::{collections::HashMap, sync::OnceLock};

/// The compiled schema.
pub(super) struct Schema {
    /// What is asked of every message, as it is written and compiled.
    shared: Value,
    every: jsonschema::Validator,
    /// Per event: what is asked of its messages, and both compiled when first needed.
    events: HashMap<String, (Value, OnceLock<Option<jsonschema::Validator>>)>,
}

impl Schema {
    /// Compiles the schema among the files; its branches are only known to be well-formed.
    pub fn load(files: &[File]) -> Result<Schema, Problem> {
        let file = file(files, SCHEMA)?;
        let mut shared: Value = serde_json::from_str(&file.text).map_err(|e| problem(file, e.to_string()))?;
        jsonschema::meta::validate(&shared).map_err(|e| problem(file, e.masked().to_string()))?;
        let branches = shared.as_object_mut().and_then(|all| all.remove("allOf")).unwrap_or_default();
        let every = compiled(&shared).map_err(|e| problem(file, e))?;
        let mut events = HashMap::new();
        for branch in branches.as_array().into_iter().flatten() {
            let event = branch.pointer("/if/properties/event/const").and_then(Value::as_str);
            let (Some(event), Some(then)) = (event, branch.get("then")) else {
                return Err(problem(file, "a branch of `allOf` that is not about one event".into()));
            };
            events.insert(event.to_string(), (then.clone(), OnceLock::new()));
        }
        Ok(Schema { shared, every, events })
    }

    /// The events of which something is asked.
    pub fn events(&self) -> impl Iterator<Item = &str> {
        self.events.keys().map(String::as_str)
    }

    /// Is something asked of this event's messages?
    pub fn knows(&self, event: &str) -> bool {
        self.events.contains_key(event)
    }

    /// What is asked of a message of this event; of an unknown one, what is asked of every message.
    /// `None` where that cannot be compiled.
    pub fn of(&self, event: &str) -> Option<&jsonschema::Validator> {
        let Some((then, own)) = self.events.get(event) else { return Some(&self.every) };
        let compile = || {
            let mut whole = self.shared.clone();
            whole.as_object_mut()?.insert("allOf".into(), Value::Array(vec![then.clone()]));
            compiled(&whole).ok()
        };
        own.get_or_init(compile).as_ref()
    }
}

fn compiled(schema: &Value) -> Result<jsonschema::Validator, String> {
    jsonschema::draft202012::new(schema).map_err(|e| e.masked().to_string())
}

/// A schema error as a finding, with its JSON pointer; a property that the schema does not know with its own
/// bytes.
pub(super) fn schema_finding(error: &jsonschema::ValidationError<'_>, tree: &Tree) -> Finding {
    let path = error.instance_path().as_str();
    let finding = Finding::error(Code::Schema, told(error)).at(if path.is_empty() { "/" } else { path });
    let unknown = unknown(error).and_then(|names| names.first());
    let own = unknown.and_then(|name| {
        let object = if path.is_empty() { tree.root() } else { place::node(tree, path) };
        tree.child(object, name)
    });
    match own.map(|node| tree.span(node)) {
        Some(span) => finding.over(span.start as usize..span.end as usize),
        None => finding,
    }
}

/// The properties that the schema does not know.
fn unknown<'e>(error: &'e jsonschema::ValidationError<'_>) -> Option<&'e Vec<String>> {
    use jsonschema::error::ValidationErrorKind::{AdditionalProperties, UnevaluatedProperties};
    match error.kind() {
        AdditionalProperties { unexpected } | UnevaluatedProperties { unexpected } => Some(unexpected),
        _ => None,
    }
}

/// A schema error in words, without values, and without names that may be values put in the wrong
/// place: the masked text of the library still names unknown properties.
fn told(error: &jsonschema::ValidationError<'_>) -> String {
    let Some(unexpected) = unknown(error) else { return error.masked().to_string() };
    let plain = |name: &String| name.starts_with(|c: char| c.is_ascii_lowercase());
    let names = unexpected.iter().map(|name| if plain(name) { fhir::finding::shown(name) } else { "?" });
    format!("the schema knows no such property here: {}", names.collect::<Vec<_>>().join(", "))
}
