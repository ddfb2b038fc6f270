//! Where the external suites are and how their results are told and held to the exceptions.
//!
//! Invariant: a listed case that passes fails the run, and so does an unlisted one that does not.
//! Deliberately absent: any copy of the suites' data.
#![allow(dead_code)] // each suite uses what it needs of it

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The cases of a suite by name, and why those that did not pass did not.
pub type Results = Vec<(String, Result<(), String>)>;

/// The folder of a suite, or `None` (told in one line) where the suites are not on this machine.
pub fn folder(suite: &str) -> Option<PathBuf> {
    let root = std::env::var_os("SLUSS_CORPORA").map(PathBuf::from);
    let root = root.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora"));
    let folder = root.join(suite);
    if folder.is_dir() {
        return Some(folder);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "suite {suite}: not found, and CI=true");
    println!("suite {suite}: not on this machine (set SLUSS_CORPORA); passed over");
    None
}

/// The files of a folder with this ending, by name.
pub fn files(folder: &Path, ending: &str) -> Vec<(String, Vec<u8>)> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_file() && name.ends_with(ending) {
            out.push((name, std::fs::read(&path).unwrap()));
        }
    }
    out.sort();
    out
}

/// Prints the suite's line and compares with `tests/exceptions/<list>.txt`.
pub fn report(suite: &str, list: &str, results: &[(String, Result<(), String>)]) {
    let wrong = compare(suite, list, results);
    assert!(wrong.is_empty(), "suite {suite}:\n{}", wrong.join("\n"));
}

/// As [`report`], but says what is wrong with any of several lists.
pub fn report_all(lists: &[(&str, &str, &Results)]) {
    let one = |(suite, list, results): &(&str, &str, &Results)| {
        compare(suite, list, results).into_iter().map(|w| format!("{list}: {w}")).collect::<Vec<_>>()
    };
    let wrong: Vec<String> = lists.iter().flat_map(one).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn compare(suite: &str, list: &str, results: &[(String, Result<(), String>)]) -> Vec<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/exceptions").join(format!("{list}.txt"));
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines = text.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty());
    let listed: BTreeMap<&str, &str> = lines.filter_map(|l| l.split_once(": ")).collect();
    let passed = results.iter().filter(|(_, r)| r.is_ok()).count();
    println!("suite {suite}: {passed} of {} ({} listed exceptions)", results.len(), listed.len());
    let mut wrong = Vec::new();
    for (name, result) in results {
        match (result, listed.contains_key(name.as_str())) {
            (Ok(()), true) => wrong.push(format!("{name}: listed as an exception, but passes now")),
            (Err(why), false) => wrong.push(format!("{name}: {why}")),
            _ => {}
        }
    }
    for name in listed.keys().filter(|n| !results.iter().any(|(r, _)| r == *n)) {
        wrong.push(format!("{name}: listed, but not in the suite"));
    }
    wrong
}
