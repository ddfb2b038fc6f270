//! Where rule files come from: inside the binary, or a folder that replaces them, or adds to them.
//!
//! Invariant: paths are relative, with `/`, sorted; the version is a hash over paths and contents.

use crate::config::Problem;
use crate::model::Code;
use include_dir::{Dir, include_dir};
use std::path::{Path, PathBuf};

static MAPPINGS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/mappings");
static CONFORMANCE: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/conformance");
static AGREEMENTS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/agreements");

/// Where to read the rules from.
#[derive(Clone, Debug)]
pub enum Source {
    /// The ones in the binary.
    Embedded,
    /// A folder with `mappings/` and `conformance/`.
    Folder(PathBuf),
    /// These, and the files of a folder that has either of the two: what a site adds of its own.
    With(Box<Source>, PathBuf),
}

impl Source {
    /// What a site's configuration says: a folder in place of our own rules, and one beside them.
    pub fn of(instead: Option<&Path>, added: Option<&Path>) -> Source {
        let own = instead.map_or(Source::Embedded, |folder| Source::Folder(folder.into()));
        match added {
            Some(folder) => Source::With(Box::new(own), folder.into()),
            None => own,
        }
    }
}

/// One rule file.
#[derive(Clone, Debug)]
pub struct File {
    /// Relative path, e.g. `mappings/admission-notice/fhir-case.map`.
    pub path: String,
    /// Content.
    pub text: String,
}

/// The example agreement in the binary.
pub fn example_agreement() -> &'static str {
    AGREEMENTS.get_file("lan.toml").and_then(|f| f.contents_utf8()).unwrap_or_default()
}

/// An example message in the binary, e.g. `admission-notice/valid-1-four-fields.json`.
pub fn example_message(path: &str) -> Option<&'static str> {
    CONFORMANCE.get_file(format!("examples/{path}"))?.contents_utf8()
}

/// All rule files of a source, sorted by path; the examples are no rules, nor is what rules are made from.
pub fn read(source: &Source) -> Result<Vec<File>, Vec<Problem>> {
    chosen(source, &|path| !is_example(path) && !is_source(path))
}

fn is_example(path: &str) -> bool {
    path.contains("/examples/")
}

/// The rule files of a source whose paths are wanted, sorted by path; the others are not opened.
pub fn chosen(source: &Source, wanted: &dyn Fn(&str) -> bool) -> Result<Vec<File>, Vec<Problem>> {
    let mut files = Vec::new();
    match source {
        Source::Embedded => {
            embedded("mappings", &MAPPINGS, wanted, &mut files);
            embedded("conformance", &CONFORMANCE, wanted, &mut files);
        }
        Source::Folder(folder) => {
            let mut problems = Vec::new();
            parts(folder, wanted, &mut files, &mut problems);
            if !problems.is_empty() {
                return Err(problems);
            }
        }
        Source::With(others, folder) => {
            files = chosen(others, wanted)?;
            let (mut added, mut problems) = (Vec::new(), Vec::new());
            parts(folder, wanted, &mut added, &mut problems);
            // Whoever adds replaces nothing: what our own rules say goes on being said.
            for file in added.iter().filter(|own| files.iter().any(|f| f.path == own.path)) {
                let remedy = "give it another name, or use `rules` for a folder that replaces all of ours";
                let message = "the rules have a file of this name already";
                problems.push(Problem::of(folder.join(&file.path), Code::ConfigReference, message, remedy));
            }
            if !problems.is_empty() {
                return Err(problems);
            }
            files.append(&mut added);
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

/// The wanted files below a folder, by their paths in it, sorted.
pub fn under(folder: &Path, wanted: &dyn Fn(&str) -> bool) -> Result<Vec<File>, Vec<Problem>> {
    let (mut files, mut problems) = (Vec::new(), Vec::new());
    walk(folder, folder, wanted, &mut files, &mut problems);
    files.sort_by(|a, b| a.path.cmp(&b.path));
    if problems.is_empty() { Ok(files) } else { Err(problems) }
}

/// The folders of rules in a folder; one of them must be there.
fn parts(folder: &Path, wanted: &dyn Fn(&str) -> bool, files: &mut Vec<File>, problems: &mut Vec<Problem>) {
    let there = |part: &&str| folder.join(part).is_dir();
    let found: Vec<&str> = ["mappings", "conformance"].into_iter().filter(there).collect();
    for part in if found.is_empty() { vec!["mappings"] } else { found } {
        walk(folder, &folder.join(part), wanted, files, problems);
    }
}

fn embedded(root: &str, dir: &Dir<'static>, wanted: &dyn Fn(&str) -> bool, out: &mut Vec<File>) {
    for file in dir.files() {
        let path = format!("{root}/{}", file.path().display());
        if let Some(text) = file.contents_utf8().filter(|_| wanted(&path)) {
            out.push(File { path, text: text.to_string() });
        }
    }
    for sub in dir.dirs() {
        embedded(root, sub, wanted, out);
    }
}

fn walk(
    root: &Path,
    folder: &Path,
    wanted: &dyn Fn(&str) -> bool,
    out: &mut Vec<File>,
    problems: &mut Vec<Problem>,
) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        let remedy = "name a folder that is there; `rules` is one with mappings/ and conformance/";
        problems.push(Problem::of(folder, Code::ConfigFile, "the folder cannot be read", remedy));
        return;
    };
    for entry in entries.flatten() {
        let path = entry.path();
        if entry.file_type().map_or_else(|_| path.is_dir(), |t| t.is_dir() || t.is_symlink() && path.is_dir())
        {
            walk(root, &path, wanted, out, problems);
            continue;
        }
        let relative = path.strip_prefix(root).unwrap_or(&path);
        let name =
            relative.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
        if wanted(&name)
            && let Ok(text) = std::fs::read_to_string(&path)
        {
            out.push(File { path: name, text });
        }
    }
}

/// What the examples of the maps exercise (`sluss map cover`).
const COVERAGE: &str = "mappings/coverage.json";

/// What rules are made from, and what makes them.
fn is_source(path: &str) -> bool {
    let table = path.starts_with("conformance/models/") && path.ends_with(".txt");
    path.ends_with(".fsh") || path.ends_with(".py") || table
}

/// Twelve hexadecimal digits over everything that decides a verdict (examples, figures about them, prose
/// and what rules are made from do not); packages by name and digest.
pub fn version<'a>(files: &'a [File], packages: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    let about = |path: &str| is_example(path) || is_source(path) || path.ends_with(".md") || path == COVERAGE;
    let deciding = files.iter().filter(|f| !about(&f.path));
    for (name, content) in deciding.map(|f| (f.path.as_str(), f.text.as_str())).chain(packages) {
        for part in [name, content] {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    hash.finish().as_ref().iter().take(6).map(|b| format!("{b:02x}")).collect()
}
