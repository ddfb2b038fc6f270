//! Where rule files come from: inside the binary, or a folder that replaces them.
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
}

/// One rule file.
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

/// All rule files of a source, sorted by path.
pub fn read(source: &Source) -> Result<Vec<File>, Vec<Problem>> {
    let mut files = Vec::new();
    match source {
        Source::Embedded => {
            embedded("mappings", &MAPPINGS, &mut files);
            embedded("conformance", &CONFORMANCE, &mut files);
        }
        Source::Folder(folder) => {
            let mut problems = Vec::new();
            for part in ["mappings", "conformance"] {
                walk(folder, &folder.join(part), &mut files, &mut problems);
            }
            if !problems.is_empty() {
                return Err(problems);
            }
        }
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn embedded(root: &str, dir: &Dir<'static>, out: &mut Vec<File>) {
    for file in dir.files() {
        if let Some(text) = file.contents_utf8() {
            out.push(File { path: format!("{root}/{}", file.path().display()), text: text.to_string() });
        }
    }
    for sub in dir.dirs() {
        embedded(root, sub, out);
    }
}

fn walk(root: &Path, folder: &Path, out: &mut Vec<File>, problems: &mut Vec<Problem>) {
    let Ok(entries) = std::fs::read_dir(folder) else {
        let remedy = "`rules` names a folder with mappings/ and conformance/";
        problems.push(Problem::of(folder, Code::ConfigFile, "the folder cannot be read", remedy));
        return;
    };
    for path in entries.flatten().map(|e| e.path()) {
        if path.is_dir() {
            walk(root, &path, out, problems);
        } else if let Ok(text) = std::fs::read_to_string(&path) {
            let relative = path.strip_prefix(root).unwrap_or(&path);
            let path =
                relative.components().map(|c| c.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/");
            out.push(File { path, text });
        }
    }
}

/// Twelve hexadecimal digits over everything that decides a verdict (examples and prose do not);
/// packages by name and digest.
pub fn version<'a>(files: &'a [File], packages: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut hash = aws_lc_rs::digest::Context::new(&aws_lc_rs::digest::SHA256);
    let deciding = |f: &&File| !f.path.contains("/examples/") && !f.path.ends_with(".md");
    let files = files.iter().filter(deciding).map(|f| (f.path.as_str(), f.text.as_str()));
    for (name, content) in files.chain(packages) {
        for part in [name, content] {
            hash.update(&(part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
    }
    hash.finish().as_ref().iter().take(6).map(|b| format!("{b:02x}")).collect()
}
