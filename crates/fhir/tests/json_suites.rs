//! The JSON reader and writer against suites that others wrote.
//!
//! Invariant: well-formed JSON is never called a syntax fault, and ill-formed JSON always is; what
//! the tree holds is written back as it was. Deliberately absent: timing (see the benchmarks).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod suite;

use fhir::json::{Form, Limits, is_syntax, read, write, write_pretty};
use fhir::{Definitions, Finding};

fn wide() -> Limits {
    Limits { max_bytes: 64 << 20, max_depth: 2000, max_nodes: 10_000_000 }
}

/// Is the text well-formed, whether or not the tree can hold it?
fn well_formed(text: &[u8]) -> Result<bool, Vec<Finding>> {
    match read(text, Form::Plain, &wide()) {
        Ok(_) => Ok(true),
        Err(faults) if faults.iter().any(is_syntax) => Ok(false),
        Err(faults) if faults.iter().any(|f| f.code == "json-depth") => Err(faults),
        Err(_) => Ok(true),
    }
}

#[test]
fn json_parsing() {
    let Some(folder) = suite::folder("json-parsing") else { return };
    let mut results = Vec::new();
    for (name, text) in suite::files(&folder.join("nst"), ".json") {
        let verdict = well_formed(&text);
        let result = match (name.as_bytes()[0], verdict) {
            (b'y', Ok(false)) => Err("well-formed, but refused".to_string()),
            (b'n', Ok(true)) => Err("ill-formed, but accepted".to_string()),
            (b'y', Err(_)) => Err("too deep".to_string()),
            _ => Ok(()),
        };
        results.push((name, result));
    }
    for (name, text) in suite::files(&folder.join("jsonchecker"), ".json") {
        let accept = name.starts_with("pass") || name.contains("01.") || name.contains("18.");
        let result = match well_formed(&text) {
            Ok(v) if v == accept => Ok(()),
            other => Err(format!("should be {accept}, is {other:?}")),
        };
        results.push((name, result));
    }
    for (name, text) in suite::files(&folder.join("roundtrip"), ".json") {
        results.push((name, round(&text, Form::Plain)));
    }
    for (name, text) in suite::files(&folder.join("transform"), ".json") {
        let _ = well_formed(&text);
        results.push((name, Ok(())));
    }
    suite::report("json-parsing", "json-parsing", &results);
}

/// Reads and writes; texts that the tree refuses for their shape count as passed when the fault says so.
fn round(text: &[u8], form: Form) -> Result<(), String> {
    let tree = match read(text, form, &wide()) {
        Ok(tree) => tree,
        Err(faults) if form == Form::Plain && !faults.iter().any(is_syntax) => return Ok(()),
        Err(faults) => return Err(format!("refused: {}", faults[0])),
    };
    let (want, got) = (squeeze(text), squeeze(write(&tree, form).as_bytes()));
    if want != got {
        let at = want.iter().zip(&got).position(|(a, b)| a != b).unwrap_or(want.len().min(got.len()));
        let part =
            |v: &[u8]| String::from_utf8_lossy(&v[at.saturating_sub(40)..v.len().min(at + 40)]).into_owned();
        return Err(format!("differs: {} <> {}", part(&want), part(&got)));
    }
    let again = read(write_pretty(&tree, form).as_bytes(), form, &wide()).map_err(|f| f[0].to_string())?;
    if write(&again, form) != write(&tree, form) {
        return Err("the indented text reads differently".into());
    }
    Ok(())
}

/// Takes out white space between tokens and writes every string's escapes in one way.
fn squeeze(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut i = 0;
    while i < text.len() {
        if text[i] == b'"' {
            let mut end = i + 1;
            while text[end] != b'"' {
                end += if text[end] == b'\\' { 2 } else { 1 };
            }
            let decoded: String = serde_json::from_slice(&text[i..=end]).unwrap();
            out.extend(serde_json::to_vec(&decoded).unwrap());
            i = end + 1;
            continue;
        }
        if !text[i].is_ascii_whitespace() {
            out.push(text[i]);
        }
        i += 1;
    }
    out
}

#[test]
fn fhir_r4_examples_read_and_written() {
    let Some(folder) = suite::folder("fhir-r4-examples") else { return };
    let mut results = Vec::new();
    let mut odd = Vec::new();
    for (name, text) in suite::files(&folder, ".json") {
        let mut result = round(&text, Form::Fhir);
        if let (Ok(()), Ok(mut tree)) = (&result, read(&text, Form::Fhir, &wide())) {
            Definitions::r4().annotate(&mut tree);
            if Definitions::r4().type_name(tree.type_of(tree.root())) != tree.name(tree.root()) {
                result = Err("the root has no type".into());
            }
            if squeeze(&text) != text.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect::<Vec<_>>()
            {
                odd.push(name.clone());
            }
        }
        results.push((name, result));
    }
    suite::report("fhir-r4-examples (JSON round trip)", "fhir-r4-examples-round", &results);
}
