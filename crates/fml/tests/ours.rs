//! The gateway's own maps: they compile, from text and as StructureMaps, and nothing in them is idle.
//!
//! Invariant: a warning in a map of ours is mended or has its reason here. Deliberately absent: what
//! the maps do (their golden examples stand beside them).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod trees;

use fhir::json::Form;
use std::fs;
use std::path::{Path, PathBuf};

fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for path in fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
        if path.is_dir() {
            out.extend(files(&path, ending));
        } else if path.to_string_lossy().ends_with(ending) {
            out.push(path);
        }
    }
    out.sort();
    out
}

#[test]
fn our_maps_compile_without_warnings() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let models: Vec<String> = files(&root.join("conformance/models"), ".json")
        .iter()
        .map(|p| fs::read_to_string(p).unwrap())
        .collect();
    let mut told = Vec::new();
    for as_resource in [false, true] {
        let mut library = trees::library(&models);
        let mut urls = Vec::new();
        for path in files(&root.join("mappings"), ".conceptmap.json") {
            let tree = trees::read(&fs::read_to_string(&path).unwrap(), Form::Fhir, None);
            library.add_concept_map(&path.to_string_lossy(), &tree).unwrap();
        }
        for path in files(&root.join("mappings"), ".map") {
            let (name, text) = (path.to_string_lossy(), fs::read_to_string(&path).unwrap());
            let added = match as_resource {
                false => library.add_map(&name, &text),
                true => {
                    library.add_structure_map(&name, &fml::to_resource(&fml::parse(&name, &text).unwrap()))
                }
            };
            let url = added.unwrap_or_else(|e| panic!("{}", e[0]));
            if !path.parent().unwrap().ends_with("shared") {
                urls.push(url);
            }
        }
        assert!(urls.len() >= 5);
        for url in &urls {
            let plan = library.compile(url).unwrap_or_else(|e| panic!("{}", e[0]));
            told.extend(plan.warnings().iter().map(ToString::to_string));
        }
    }
    assert!(told.is_empty(), "{}", told.join("\n"));
}
