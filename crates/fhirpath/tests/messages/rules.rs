//! The rules of the definitions, and what notices when one of them is gone.
//!
//! Invariant: each fact of each differential is a rule; what only names or explains is none.

use super::examples::Example;
use super::world::{World, has_errors, is_there};
use fhir::Tree;
use serde_json::Value;
use std::fmt;

/// One fact of one element of one definition.
pub struct Rule {
    /// The definition's address.
    pub definition: String,
    element: usize,
    /// The element's id.
    id: String,
    what: What,
}

enum What {
    /// A key of the element.
    Key(String),
    /// The profiles, or the targets, of its types.
    OfTypes(&'static str),
    /// An invariant by its place.
    Invariant(usize, String),
    /// Nothing but its slices.
    Closed,
    /// A slice with all that stands in it.
    Slice,
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.definition.rsplit('/').next().unwrap_or_default();
        write!(f, "{name} {} ", self.id)?;
        match &self.what {
            What::Key(key) => f.write_str(key),
            What::OfTypes(key) => write!(f, "type.{key}"),
            What::Invariant(_, key) => write!(f, "invariant {key}"),
            What::Closed => f.write_str("closed slicing"),
            What::Slice => f.write_str("slice"),
        }
    }
}

/// All rules of our own definitions.
pub fn of(world: &World) -> Vec<Rule> {
    let mut out = Vec::new();
    let ours = world.structures.iter().filter(|(url, _)| url.starts_with("https://sluss.example/"));
    for (url, structure) in ours {
        let elements = structure["differential"]["element"].as_array().unwrap();
        let closed =
            |path: &str| elements.iter().any(|e| e["id"] == path && e["slicing"]["rules"] == "closed");
        for (element, value) in elements.iter().enumerate() {
            let id = text(&value["id"]);
            // An extension is found by its url and held to its definition, in a slice or not.
            let is_name =
                id.rsplit_once(":").is_some_and(|(of, _)| of.ends_with(".extension") && !closed(of));
            let named = |what: &What| matches!(what, What::Slice | What::OfTypes("profile"));
            let rule = |what| Rule { definition: url.clone(), element, id: id.clone(), what };
            out.extend(whats(value).into_iter().filter(|w| !(is_name && named(w))).map(rule));
        }
    }
    out
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}

fn whats(element: &Value) -> Vec<What> {
    let mut out = Vec::new();
    for (key, value) in element.as_object().unwrap() {
        match key.as_str() {
            "min" if value.as_u64() == Some(0) => {}
            "max" if value == "*" => {}
            "min" | "max" | "binding" | "maxLength" => out.push(What::Key(key.clone())),
            "type" => {
                let of_types: Vec<&'static str> = ["profile", "targetProfile"]
                    .into_iter()
                    .filter(|k| value.as_array().unwrap().iter().any(|t| t.get(k).is_some()))
                    .collect();
                if of_types.is_empty() {
                    out.push(What::Key(key.clone()));
                }
                out.extend(of_types.into_iter().map(What::OfTypes));
            }
            "constraint" => {
                let keys = value.as_array().unwrap().iter().map(|c| text(&c["key"]));
                out.extend(keys.enumerate().map(|(at, key)| What::Invariant(at, key)));
            }
            "slicing" if value["rules"] == "closed" => out.push(What::Closed),
            "sliceName" if element.get("min").is_some() => out.push(What::Slice),
            // An extension is known by its url: what is found by it has it.
            "fixedUri" if element["id"] == "Extension.url" => {}
            _ if key.starts_with("fixed") || key.starts_with("pattern") => out.push(What::Key(key.clone())),
            _ => {}
        }
    }
    out
}

/// The definition without the rule.
pub fn without(structure: &Value, rule: &Rule) -> Value {
    let mut structure = structure.clone();
    let elements = structure["differential"]["element"].as_array_mut().unwrap();
    if let What::Slice = rule.what {
        let inside = |id: &str| {
            id == rule.id || id.strip_prefix(&rule.id).is_some_and(|rest| rest.starts_with(['.', ':']))
        };
        elements.retain(|e| !inside(&text(&e["id"])));
        return structure;
    }
    let element = &mut elements[rule.element];
    match &rule.what {
        What::Key(key) => drop(element.as_object_mut().unwrap().remove(key)),
        What::OfTypes(key) => {
            for one in element["type"].as_array_mut().unwrap() {
                one.as_object_mut().unwrap().remove(*key);
            }
        }
        What::Invariant(at, _) => drop(element["constraint"].as_array_mut().unwrap().remove(*at)),
        What::Closed => element["slicing"]["rules"] = "open".into(),
        What::Slice => {}
    }
    structure
}

/// Does an example notice that the rule is gone? An invalid one loses what it expects; a valid one has
/// errors where a slice that is allowed is gone. A rule without which the definitions do not load is
/// noticed by the loader.
pub fn is_proved(world: &World, rule: &Rule, examples: &[(Example, Tree)]) -> bool {
    let changed = without(&world.structures[&rule.definition], rule);
    let name = rule.to_string();
    for event in world.events().iter().filter(|e| world.parts(e).contains(&rule.definition)) {
        let Some(profiles) = world.with(event, &changed) else { return true };
        let mut own: Vec<&(Example, Tree)> = examples.iter().filter(|(e, _)| e.event == *event).collect();
        own.sort_by_key(|(e, _)| !e.expect.iter().any(|x| !x.word.is_empty() && name.contains(&x.word)));
        let notices = |(example, tree): &&(Example, Tree)| {
            let found = world.judge(&profiles, event, tree);
            match example.expect.is_empty() {
                true => matches!(rule.what, What::Slice) && has_errors(&found),
                false => example.expect.iter().any(|e| !is_there(&found, e)),
            }
        };
        if own.iter().any(notices) {
            return true;
        }
    }
    false
}
