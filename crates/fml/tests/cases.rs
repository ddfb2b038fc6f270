//! Our own cases, one construct each: `cases/NN-name/`.
//!
//! `map.map` (and other `*.map` it imports), `in.json`, `out.json`, `why.txt`; where a fault is
//! expected, `fault.txt` with its code stands for `out.json`; where the map is refused, `errors.txt`
//! with what is shown. `*.cm.json` are concept maps. Models stand in `models/`. With `SLUSS_BLESS=1`
//! the expected files are rewritten. Invariant: each case says why. Deliberately absent: chance.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod trees;

use fhir::Tree;
use fhir::json::Form;
use std::fs;
use std::path::{Path, PathBuf};

const HERE: &str = env!("CARGO_MANIFEST_DIR");

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    all.retain(|p| p.to_string_lossy().ends_with(ending));
    all.sort();
    all
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// What happened, and the file that expects it.
fn outcome(folder: &Path) -> (&'static str, String) {
    let models: Vec<String> =
        files(&Path::new(HERE).join("tests/models"), ".json").iter().map(|p| read(p)).collect();
    let mut library = trees::library(&models);
    let definitions = trees::definitions(&models);
    let mut errors = Vec::new();
    let mut url = String::new();
    for file in files(folder, ".cm.json") {
        let tree = trees::read(&read(&file), Form::Fhir, None);
        errors.extend(library.add_concept_map(&name(&file), &tree).err().into_iter().flatten());
    }
    for file in files(folder, ".map") {
        match library.add_map(&name(&file), &read(&file)) {
            Ok(added) if name(&file) == "map.map" => url = added,
            Ok(_) => {}
            Err(found) => errors.extend(found),
        }
    }
    let plan =
        if errors.is_empty() { library.compile(&url).map_err(|e| errors.extend(e)).ok() } else { None };
    let Some(plan) = plan else {
        let shown: Vec<String> = errors.iter().map(ToString::to_string).collect();
        return ("errors.txt", format!("{}\n", shown.join("\n\n")));
    };
    let text = read(&folder.join("in.json"));
    let foreign = !text.contains("\"resourceType\"");
    let source = match foreign {
        true => trees::read(&text, Form::Plain, Some((&definitions, plan.source_type()))),
        false => trees::read(&text, Form::Fhir, None),
    };
    match trees::run(&plan, &source) {
        Ok(tree) => ("out.json", written(&tree)),
        Err(fault) => ("fault.txt", format!("{fault}\n")),
    }
}

fn written(tree: &Tree) -> String {
    let fhir = tree.child(tree.root(), "resourceType").is_some();
    let form = if fhir { Form::Fhir } else { Form::Plain };
    format!("{}\n", fhir::json::write_pretty(tree, form).trim_end())
}

#[test]
fn own_cases() {
    let bless = std::env::var("SLUSS_BLESS").as_deref() == Ok("1");
    let folders = files(&Path::new(HERE).join("tests/cases"), "");
    let mut wrong = Vec::new();
    for folder in &folders {
        assert!(!read(&folder.join("why.txt")).trim().is_empty(), "{} says no reason", name(folder));
        let (file, got) = outcome(folder);
        if bless {
            for other in ["out.json", "fault.txt", "errors.txt"] {
                let _ = fs::remove_file(folder.join(other));
            }
            fs::write(folder.join(file), &got).unwrap();
            continue;
        }
        let wanted = fs::read_to_string(folder.join(file)).unwrap_or_default();
        if wanted != got {
            wrong.push(format!("{}/{file}:\n{got}\nexpected:\n{wanted}", name(folder)));
        }
    }
    println!("suite fml-own: {} of {}", folders.len() - wrong.len(), folders.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_case_map_survives_formatting() {
    for folder in files(&Path::new(HERE).join("tests/cases"), "") {
        for file in files(&folder, ".map") {
            let Ok(map) = fml::parse("case", &read(&file)) else { continue };
            let printed = fml::format(&map);
            assert_eq!(fml::parse("case", &printed).unwrap(), map, "{}", name(&folder));
        }
    }
}
