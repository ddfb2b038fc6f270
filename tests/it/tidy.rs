//! The walls of the house: who imports whom, what each file opens with, how long files and functions
//! are, which words are not used, and that nothing panics. Exceptions stand here with their reason.

use std::path::{Path, PathBuf};

/// Which rooms of `src/` a room may import from (besides itself).
const WALLS: [(&str, &[&str]); 16] = [
    ("model", &[]),
    ("port", &["model"]),
    ("config", &["model", "case"]),
    ("registry", &["model", "config"]),
    ("rulebook", &["model", "config"]),
    ("case", &["model"]),
    ("stage", &["model", "port", "config", "registry", "rulebook"]),
    ("ledger", &["model"]),
    ("flow", &["model", "port", "config", "registry", "rulebook", "stage", "ledger", "case"]),
    ("pki", &["model"]),
    ("listen", &["model", "config", "pki", "stage", "flow"]),
    ("courier", &["model", "port", "config", "pki"]),
    ("consent", &["model", "port", "config", "ledger", "stage"]),
    ("conformance", &["model", "config", "pki", "listen", "courier", "rulebook"]),
    (
        "app",
        &[
            "model", "port", "config", "registry", "rulebook", "stage", "ledger", "flow", "listen",
            "courier", "consent", "pki", "case",
        ],
    ),
    (
        "cli",
        &["model", "port", "config", "registry", "rulebook", "ledger", "pki", "conformance", "app", "case"],
    ),
];

/// Which rooms or files may name an external crate.
const CRATES: [(&str, &[&str]); 10] = [
    ("lettre", &["courier/mail.rs"]),
    ("actix_web", &["listen/", "conformance/receiver.rs", "app.rs"]),
    ("actix_http", &["listen/"]),
    ("reqwest", &["courier/", "consent/", "conformance/"]),
    ("rustls", &["listen/tls.rs", "courier/tls.rs", "pki/"]),
    ("rusqlite", &["ledger/"]),
    ("tokio", &["ledger/", "flow", "listen/", "courier/", "consent/", "conformance/", "app", "cli/"]),
    ("tracing", &["ledger/", "flow", "listen/", "courier/", "consent/", "conformance/", "app", "cli/"]),
    ("clap", &["cli/"]),
    ("xsd_schema", &["rulebook/xsd"]),
];

/// Files over 500 lines, each with its reason.
const LONG_FILES: [(&str, &str); 0] = [];

/// Words that hide what a thing is. Types of other crates are not ours to name.
const WORDS: [&str; 12] = [
    "manager",
    "handler",
    "helper",
    "util",
    "utils",
    "service",
    "processor",
    "context",
    "impl",
    "base",
    "common",
    "misc",
];

/// Names with such a word, each with its reason.
const NAMES: [(&str, &str); 4] = [
    ("base", "FHIR's own term: baseDefinition, the type that a profile constrains; and a base address"),
    ("context", "FHIR's own term: extension context, %context"),
    ("service", "actix's name for what it calls"),
    ("impl", "Rust's keyword"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn sources(under: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
        for path in std::fs::read_dir(folder).unwrap().flatten().map(|e| e.path()) {
            if path.is_dir() {
                walk(&path, out);
            } else if path.extension().is_some_and(|e| e == "rs") {
                out.push(path);
            }
        }
    }
    let mut paths = Vec::new();
    walk(&root().join(under), &mut paths);
    paths.sort();
    let relative = |p: &Path| p.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
    paths.iter().map(|p| (relative(p), std::fs::read_to_string(p).unwrap())).collect()
}

fn all() -> Vec<(String, String)> {
    let mut all = sources("src");
    for name in ["fhir", "fhirpath", "fml", "hl7v2", "soap"] {
        all.extend(sources(&format!("crates/{name}/src")));
    }
    all
}

/// Everything before the file's first test module, and nothing of a file of tests.
fn shipped(file: &str, text: &str) -> String {
    if file.contains("/tests") {
        return String::new();
    }
    text.split("#[cfg(test)]").next().unwrap_or_default().to_string()
}

fn judge(what: &str, wrong: Vec<String>) {
    assert!(wrong.is_empty(), "{what}:\n{}", wrong.join("\n"));
}

#[test]
fn rooms_import_only_what_stands_before_them() {
    let mut wrong = Vec::new();
    for (file, text) in sources("src") {
        let inside = file.strip_prefix("src/").unwrap();
        let room = inside.split('/').next().unwrap().trim_end_matches(".rs");
        let Some((_, allowed)) = WALLS.iter().find(|(name, _)| *name == room) else {
            assert!(["lib", "main"].contains(&room), "{file} is in no room of the plan");
            continue;
        };
        for (other, _) in WALLS.iter().filter(|(o, _)| *o != room && !allowed.contains(o)) {
            let direct = format!("crate::{other}");
            let text = shipped(&file, &text);
            let grouped = text.split("use crate::{").skip(1).any(|group| {
                let group = group.split("};").next().unwrap_or_default();
                top_level(group).iter().any(|name| name == other)
            });
            let hit = text.match_indices(&direct).any(|(i, _)| {
                !text[i + direct.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_')
            });
            if hit || grouped {
                wrong.push(format!("{file} imports {other}, which {room} may not"));
            }
        }
    }
    judge("import walls (src/ARCHITECTURE.md)", wrong);
}

/// The first names inside `use crate::{…}`.
fn top_level(group: &str) -> Vec<String> {
    let (mut names, mut depth, mut name) = (Vec::new(), 0usize, String::new());
    for c in group.chars() {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => names.push(std::mem::take(&mut name)),
            c if depth == 0 && !c.is_whitespace() => name.push(c),
            _ => {}
        }
    }
    names.push(name);
    names.iter().map(|n| n.split("::").next().unwrap_or_default().to_string()).collect()
}

#[test]
fn each_outside_library_has_its_room() {
    let mut wrong = Vec::new();
    for (file, text) in sources("src") {
        let inside = file.strip_prefix("src/").unwrap();
        for (name, rooms) in CRATES {
            let used = [format!("{name}::"), format!("use {name};")].iter().any(|needle| {
                shipped(&file, &text).match_indices(needle.as_str()).any(|(i, _)| {
                    let before = text[..i].chars().next_back();
                    before.is_none_or(|c| !c.is_alphanumeric() && c != '_' && c != ':')
                })
            });
            if used && !rooms.iter().any(|room| inside.starts_with(room)) {
                wrong.push(format!("{file} uses {name}"));
            }
        }
    }
    judge("libraries outside their room", wrong);
}

#[test]
fn files_open_with_what_they_are_for_and_stay_short() {
    let mut wrong = Vec::new();
    for (file, text) in all() {
        let head = text.starts_with("//!") || text.starts_with("#![doc");
        if !head {
            wrong.push(format!("{file} opens without a head"));
        }
        let lines = text.lines().count();
        let excused = LONG_FILES.iter().any(|(name, _)| *name == file);
        if lines > 500 && !excused {
            wrong.push(format!("{file} has {lines} lines"));
        }
    }
    let spine = sources("src").into_iter().find(|(f, _)| f == "src/flow.rs").unwrap();
    if spine.1.lines().count() > 250 {
        wrong.push("src/flow.rs, the spine, has more than 250 lines".into());
    }
    judge("file heads and sizes", wrong);
}

#[test]
fn functions_fit_on_a_screen() {
    let mut wrong = Vec::new();
    for (file, text) in all() {
        let lines: Vec<&str> = text.lines().collect();
        for (start, line) in lines.iter().enumerate() {
            let code = line.trim_start();
            let starts = ["fn ", "pub fn ", "async fn ", "pub async fn ", "pub(crate) fn ", "pub(super) fn "];
            if !starts.iter().any(|s| code.starts_with(s)) {
                continue;
            }
            let indent = line.len() - code.len();
            let close = format!("{}}}", " ".repeat(indent));
            let length = lines[start..].iter().position(|l| *l == close).unwrap_or(0);
            if length > 70 {
                wrong.push(format!("{file}:{} is {length} lines long", start + 1));
            }
        }
    }
    judge("function sizes", wrong);
}

#[test]
fn nothing_that_ships_panics_on_purpose() {
    let mut wrong = Vec::new();
    for (file, text) in all() {
        for (number, line) in shipped(&file, &text).lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for word in
                [".unwrap()", ".expect(", "panic!(", "todo!(", "unimplemented!(", "unreachable!(", "dbg!("]
            {
                if code.contains(word) {
                    wrong.push(format!("{file}:{}: {word}", number + 1));
                }
            }
        }
    }
    judge("panics", wrong);
}

#[test]
fn names_say_what_a_thing_is() {
    let mut wrong = Vec::new();
    for (file, text) in all() {
        for (number, line) in shipped(&file, &text).lines().enumerate() {
            let code = line.trim_start().trim_start_matches("pub ").trim_start_matches("async ");
            let defined = ["fn ", "struct ", "enum ", "trait ", "mod ", "type "]
                .iter()
                .find_map(|k| code.strip_prefix(k));
            let Some(rest) = defined else { continue };
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            for part in parts(&name) {
                let excused = NAMES.iter().any(|(word, _)| *word == part);
                if WORDS.contains(&part.as_str()) && !excused {
                    wrong.push(format!("{file}:{}: {name}", number + 1));
                }
            }
        }
    }
    judge("words that hide", wrong);
}

/// `ReadFile` and `read_file` → read, file.
fn parts(name: &str) -> Vec<String> {
    let mut out = vec![String::new()];
    for c in name.chars() {
        if c == '_' || c.is_uppercase() {
            out.push(String::new());
        }
        if let Some(last) = out.last_mut().filter(|_| c != '_') {
            last.extend(c.to_lowercase());
        }
    }
    out
}

#[test]
fn every_fault_code_is_raised_somewhere() {
    let text: String = sources("src")
        .into_iter()
        .filter(|(file, _)| file != "src/model/catalogue.rs")
        .map(|(file, text)| shipped(&file, &text))
        .collect();
    let unused: Vec<String> = sluss::model::catalogue::CATALOGUE
        .iter()
        .filter(|entry| !text.contains(&format!("Code::{:?}", entry.code)))
        .map(|entry| format!("{} ({:?})", entry.id, entry.code))
        .collect();
    judge("codes that nothing raises", unused);
}

#[test]
fn no_private_key_and_no_path_of_a_machine_is_in_the_project() {
    let listed =
        std::process::Command::new("git").args(["ls-files", "-z"]).current_dir(root()).output().unwrap();
    let mut wrong = Vec::new();
    for name in listed.stdout.split(|b| *b == 0).filter(|n| !n.is_empty()) {
        let name = String::from_utf8_lossy(name).into_owned();
        let Ok(text) = std::fs::read_to_string(root().join(&name)) else { continue };
        let body = |at: usize| text[at..].lines().nth(1).is_some_and(|l| l.len() >= 40 && !l.contains(' '));
        if text.match_indices("PRIVATE KEY-----").any(|(at, _)| body(at)) {
            wrong.push(format!("{name}: a private key"));
        }
        let machine = ["work", "root", "home"].map(|top| format!("/{top}/"));
        for word in &machine {
            let own = name.ends_with("tidy.rs") || name == "Cargo.lock";
            if text.contains(word) && !own {
                wrong.push(format!("{name}: {word}"));
            }
        }
    }
    judge("keys and machine paths", wrong);
}

#[test]
fn every_module_of_these_tests_stands_in_a_stage() {
    let read = |path: &str| std::fs::read_to_string(root().join(path)).unwrap();
    let (modules, run) = (read("tests/it/main.rs"), read("tests/run"));
    let named = modules.lines().filter_map(|line| line.trim_start_matches("pub ").strip_prefix("mod "));
    let left: Vec<&str> = named
        .map(|name| name.trim_end_matches(';'))
        .filter(|name| *name != "world" && !run.contains(&format!("{name}::")))
        .collect();
    assert!(left.is_empty(), "modules that no stage of tests/run runs: {left:?}");
}
