//! Our own cases, one construct each: `cases/NN-name/`.
//!
//! `map.map` (and other `*.map` it imports), `in.json`, `out.json`, `why.txt`; where a fault is
//! expected, `fault.txt` with its code stands for `out.json`; where the map is refused, `errors.txt`
//! with what is shown; without `in.json` the map is only compiled, and `warnings.txt` has what is
//! shown. `*.cm.json` are concept maps, `*.sm.json` maps as resources. Models stand in `models/`. With
//! `SLUSS_BLESS=1` the expected files are rewritten. Invariant: each case says why. Deliberately absent: chance.
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

/// In which form the maps are taken in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum As {
    Text,
    StructureMap,
}

/// A library with everything in the folder, the address of `map.map`, and what was found.
fn load(folder: &Path, models: &[String], form: As) -> (fml::Library, String, Vec<fml::Diagnostic>) {
    let mut library = trees::library(models);
    let (mut errors, mut url) = (Vec::new(), String::new());
    for file in files(folder, ".cm.json") {
        let tree = trees::read(&read(&file), Form::Fhir, None);
        errors.extend(library.add_concept_map(&name(&file), &tree).err().into_iter().flatten());
    }
    for file in files(folder, ".map") {
        let added = match (form, fml::parse(&name(&file), &read(&file))) {
            (As::StructureMap, Ok(map)) => {
                let text = fhir::json::write_pretty(&fml::to_resource(&map), Form::Fhir);
                library.add_structure_map(&name(&file), &trees::read(&text, Form::Fhir, None))
            }
            _ => library.add_map(&name(&file), &read(&file)),
        };
        match added {
            Ok(added) if name(&file) == "map.map" => url = added,
            Ok(_) => {}
            Err(found) => errors.extend(found),
        }
    }
    for file in files(folder, ".sm.json") {
        let tree = trees::read(&read(&file), Form::Fhir, None);
        match library.add_structure_map(&name(&file), &tree) {
            Ok(added) if name(&file) == "map.sm.json" => url = added,
            Ok(_) => {}
            Err(found) => errors.extend(found),
        }
    }
    (library, url, errors)
}

/// The plan of a case with its input, if it has both.
fn runnable(folder: &Path, models: &[String]) -> Option<(fml::Plan, Tree)> {
    let (library, url, errors) = load(folder, models, As::Text);
    let plan = if errors.is_empty() { library.compile(&url).ok()? } else { return None };
    let text = fs::read_to_string(folder.join("in.json")).ok()?;
    let foreign = !text.contains("\"resourceType\"");
    let source = match foreign {
        true => trees::read(&text, Form::Plain, Some((&trees::definitions(models), plan.source_type()))),
        false => trees::read(&text, Form::Fhir, None),
    };
    Some((plan, source))
}

#[test]
fn what_a_trace_calls_unread_makes_no_difference() {
    let models: Vec<String> =
        files(&Path::new(HERE).join("tests/models"), ".json").iter().map(|p| read(p)).collect();
    let folders = files(&Path::new(HERE).join("tests/cases"), "");
    let cases: Vec<_> = folders.iter().filter_map(|f| Some((f, runnable(f, &models)?))).collect();
    let unread: usize = cases
        .iter()
        .map(|(folder, (plan, source))| {
            println!("{}", name(folder));
            trees::unread_is_unread(plan, source)
        })
        .sum();
    assert!(cases.len() > 80 && unread > 80, "{} {unread}", cases.len());
}

/// What happened, and the file that expects it; and the codes of what was found.
fn outcome(folder: &Path, form: As) -> (&'static str, String, Vec<&'static str>) {
    let models: Vec<String> =
        files(&Path::new(HERE).join("tests/models"), ".json").iter().map(|p| read(p)).collect();
    let (library, url, mut errors) = load(folder, &models, form);
    let plan =
        if errors.is_empty() { library.compile(&url).map_err(|e| errors.extend(e)).ok() } else { None };
    let Some(plan) = plan else {
        return ("errors.txt", shown(&errors), errors.iter().map(|e| e.code).collect());
    };
    if !folder.join("in.json").exists() {
        return ("warnings.txt", shown(plan.warnings()), plan.warnings().iter().map(|w| w.code).collect());
    }
    let text = read(&folder.join("in.json"));
    let foreign = !text.contains("\"resourceType\"");
    let source = match foreign {
        true => trees::read(&text, Form::Plain, Some((&trees::definitions(&models), plan.source_type()))),
        false => trees::read(&text, Form::Fhir, None),
    };
    match trees::run(&plan, &source) {
        Ok(tree) => ("out.json", written(&tree), vec![]),
        Err(fault) => ("fault.txt", format!("{fault}\n"), vec![fault.code]),
    }
}

fn shown(found: &[fml::Diagnostic]) -> String {
    let shown: Vec<String> = found.iter().map(ToString::to_string).collect();
    format!("{}\n", shown.join("\n\n"))
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
        let (file, got, _) = outcome(folder, As::Text);
        if bless {
            for other in ["out.json", "fault.txt", "errors.txt", "warnings.txt"] {
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

/// From the StructureMap the same result, or findings of the same kind; for maps that load as text.
#[test]
fn a_structure_map_behaves_as_its_text() {
    let mut folders = files(&Path::new(HERE).join("tests/cases"), "");
    let models: Vec<String> =
        files(&Path::new(HERE).join("tests/models"), ".json").iter().map(|p| read(p)).collect();
    folders.retain(|folder| load(folder, &models, As::Text).2.is_empty());
    assert!(folders.len() > 110);
    let mut wrong = Vec::new();
    for folder in &folders {
        let (text, resource) = (outcome(folder, As::Text), outcome(folder, As::StructureMap));
        let sorted = |mut codes: Vec<&'static str>| {
            codes.sort_unstable();
            codes
        };
        let places = text.0 != "out.json";
        if text.0 != resource.0 || sorted(text.2) != sorted(resource.2) || !places && text.1 != resource.1 {
            wrong.push(format!("{}: {}\n{}", name(folder), resource.1, text.1));
        }
    }
    println!("suite fml-own as StructureMaps: {} of {}", folders.len() - wrong.len(), folders.len());
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_case_map_survives_formatting() {
    for folder in files(&Path::new(HERE).join("tests/cases"), "") {
        for file in files(&folder, ".map") {
            let Ok(map) = fml::parse("case", &read(&file)) else { continue };
            let printed = fml::format(&map);
            let again = fml::parse("case", &printed).unwrap();
            assert_eq!(again, map, "{}", name(&folder));
            assert_eq!(fml::format(&again), printed, "{}: formatting is stable", name(&folder));
        }
    }
}
