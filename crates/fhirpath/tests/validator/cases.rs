//! The cases of the suite, as its `cases.json` lists them.
//!
//! Invariant: only cases that need nothing from outside are given. Deliberately absent: the texts and
//! counts of the reference validator.

use crate::rules::unknown_extension;
use fhir::{Policy, Severity};
use serde_json::Value;
use std::path::Path;

/// One instance and what was found in it.
pub struct Case {
    pub name: String,
    pub module: String,
    pub file: String,
    pub supporting: Vec<String>,
    pub expected: Expected,
    pub second: Option<Second>,
    /// How the reference validator was set, as far as ours has the setting.
    pub policy: Policy,
}

/// The judgement against a profile.
pub struct Second {
    pub source: String,
    pub supporting: Vec<String>,
    pub expected: Expected,
}

/// What the reference validator said.
pub struct Expected {
    pub valid: bool,
    /// Where its errors are, and what it calls them; `None` where it names no place.
    pub places: Vec<(Option<String>, String)>,
}

impl Expected {
    fn of(value: &Value) -> Expected {
        let place = |e: &Value| (e["expression"].as_str().map(str::to_string), text(&e["text"]));
        Expected {
            valid: value["valid"].as_bool().unwrap(),
            places: value["errorAt"].as_array().into_iter().flatten().map(place).collect(),
        }
    }

    /// For a person who looks into a failure.
    pub fn told(&self) -> String {
        let line = |(at, text): &(Option<String>, String)| {
            let text: String = text.chars().take(160).collect();
            format!("\n    {} {text}", at.as_deref().unwrap_or("(nowhere)"))
        };
        self.places.iter().take(6).map(line).collect()
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_string()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

/// The cases that need only the core definitions and the files beside them.
pub fn read(folder: &Path) -> Vec<Case> {
    let all = std::fs::read(folder.join("cases.json")).unwrap();
    let all: Vec<Value> = serde_json::from_slice(&all).unwrap();
    let alone = all.iter().filter(|c| c["needs"].as_array().is_none_or(Vec::is_empty));
    alone
        .map(|case| Case {
            name: text(&case["name"]),
            module: text(&case["module"]),
            file: text(&case["file"]),
            supporting: texts(&case["supporting"]),
            expected: Expected::of(&case["expected"]),
            policy: Policy {
                unknown_extension,
                complete: text(&case["options"]["validateReference"]).starts_with("CHECK_EXISTS"),
                rest: case["options"]["assumeValidRestReferences"] == true,
                display: Severity::Error,
                markup: markup(&case["options"]),
            },
            second: case.get("withProfile").map(|second| Second {
                source: text(&second["source"]),
                supporting: texts(&second["supporting"]),
                expected: Expected::of(second),
            }),
        })
        .collect()
}

/// Either of two options makes markup in text an error.
fn markup(options: &Value) -> Severity {
    let asked = ["security-checks", "noHtmlInMarkdown"].iter().any(|name| options[*name] == true);
    if asked { Severity::Error } else { Severity::Warning }
}
