//! The examples of `conformance/examples`: valid messages as files, invalid ones as patches of them.
//!
//! Invariant: what cannot be read is told by file and name. Deliberately absent: case messages, whose
//! files begin with `case-`.

use super::patch::patched;
use serde_json::Value;
use std::path::{Path, PathBuf};

/// A message and what must be found in it.
pub struct Example {
    /// The folder.
    pub event: String,
    /// Its file, or the file and the name within.
    pub name: String,
    /// The message.
    pub message: Value,
    /// What must be found; nothing in a valid message.
    pub expect: Vec<Expect>,
}

/// One finding that must be there.
pub struct Expect {
    /// The kind of finding.
    pub code: String,
    /// Where.
    pub place: String,
    /// A word of its text.
    pub word: String,
}

/// The folders, one an event.
pub fn events(root: &Path) -> Vec<PathBuf> {
    let all = std::fs::read_dir(root).unwrap().map(|e| e.unwrap().path());
    let mut events: Vec<PathBuf> = all.filter(|p| p.is_dir()).collect();
    events.sort();
    events
}

/// The examples of an event, valid ones first.
pub fn of(event: &Path) -> Vec<Example> {
    let read = |path: &Path| -> Value {
        let text = std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    let folder = name(event);
    let mut files: Vec<PathBuf> = std::fs::read_dir(event).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|f| name(f).starts_with("valid-") && name(f).ends_with(".json"));
    files.sort();
    let valid =
        |f: &PathBuf| Example { event: folder.clone(), name: name(f), message: read(f), expect: Vec::new() };
    let mut out: Vec<Example> = files.iter().map(valid).collect();
    let path = event.join("invalid.json");
    let invalid = if path.exists() { read(&path) } else { Value::Array(Vec::new()) };
    for one in invalid.as_array().unwrap() {
        let text = |key: &str| one[key].as_str().unwrap_or_else(|| panic!("{folder}: no {key} in {one}"));
        let from = out.iter().find(|e| e.name == text("from"));
        let from = from.unwrap_or_else(|| panic!("{folder}: no {}", text("from")));
        let message = patched(&from.message, one["patch"].as_array().unwrap());
        let message = message.unwrap_or_else(|e| panic!("{folder} {}: {e}", text("name")));
        assert!(!text("why").is_empty() && !expected(&one["expect"]).is_empty(), "{folder} {}", text("name"));
        let known = out.iter().any(|e| e.name == text("name"));
        assert!(!known, "{folder}: two examples are called {}", text("name"));
        out.push(Example {
            event: folder.clone(),
            name: text("name").to_string(),
            message,
            expect: expected(&one["expect"]),
        });
    }
    out
}

fn expected(value: &Value) -> Vec<Expect> {
    let word = |v: &Value, key: &str| v[key].as_str().unwrap_or_else(|| panic!("{v}: no {key}")).to_string();
    let one = |v: &Value| Expect { code: word(v, "code"), place: word(v, "place"), word: word(v, "word") };
    value.as_array().map_or_else(|| vec![one(value)], |all| all.iter().map(one).collect())
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}
