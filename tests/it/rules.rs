//! The rules against the project's own examples: what is valid passes, what is invalid is found.

use sluss::{
    model::Format,
    rulebook::{Rulebook, Source},
    stage::decode,
};
use std::path::{Path, PathBuf};

fn examples() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("conformance/examples");
    let mut files = Vec::new();
    for event in std::fs::read_dir(root).unwrap().flatten() {
        if event.path().is_dir() {
            files.extend(std::fs::read_dir(event.path()).unwrap().flatten().map(|e| e.path()));
        }
    }
    files.retain(|f| f.extension().is_some_and(|e| e == "json"));
    files.sort();
    files
}

/// Findings of an example in its own format, as lines.
fn findings(rulebook: &Rulebook, file: &Path) -> Vec<String> {
    let bytes = std::fs::read(file).unwrap();
    let is_fhir = bytes.windows(14).any(|w| w == b"\"resourceType\"");
    let format = if is_fhir { Format::FhirJson } else { Format::CaseJson };
    let event = file.parent().unwrap().file_name().unwrap().to_str().unwrap().to_string();
    if format == Format::CaseJson {
        let found = rulebook.check_schema(&bytes);
        if !found.is_empty() {
            return found.iter().map(|f| format!("{} {:?} {}", f.code, f.place.path, f.detail)).collect();
        }
    }
    let tree = decode::tree(&bytes, format, 1 << 20).unwrap();
    let tree = match format {
        Format::FhirJson => tree,
        Format::CaseJson => {
            let map = rulebook.plan(&event, Format::CaseJson, Format::FhirJson).unwrap();
            let mut source = tree;
            map.annotate(&mut source);
            map.run(&source).unwrap()
        }
    };
    let found = rulebook.check_profile(&mut tree.clone(), &event);
    found.iter().filter(|f| f.severity == fhir::Severity::Error).map(ToString::to_string).collect()
}

#[test]
fn every_valid_example_passes_and_every_invalid_one_is_found_where_it_says() {
    let rulebook = Rulebook::load(&Source::Embedded).unwrap();
    let mut wrong = Vec::new();
    let (mut valid, mut invalid) = (0, 0);
    for file in examples() {
        let name = file.file_name().unwrap().to_str().unwrap().to_string();
        let found = findings(&rulebook, &file);
        if name.starts_with("valid") {
            valid += 1;
            if !found.is_empty() {
                wrong.push(format!("{}: expected nothing, found {found:#?}", file.display()));
            }
        } else {
            invalid += 1;
            let expect = std::fs::read_to_string(file.with_extension("expect.txt")).unwrap();
            for line in expect.lines().filter(|l| !l.starts_with('#') && !l.trim().is_empty()) {
                let words: Vec<&str> = line.split_whitespace().collect();
                let path = words.get(1).copied().unwrap_or_default();
                let hit = |f: &&String| f.contains(path) && (f.contains("VAL-002") || f.contains(words[0]));
                if !found.iter().any(|f| hit(&f)) {
                    wrong.push(format!("{}: expected {line}, found {found:#?}", file.display()));
                }
            }
        }
    }
    println!("examples: {valid} valid, {invalid} invalid");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(valid >= 13 && invalid >= 20);
}
