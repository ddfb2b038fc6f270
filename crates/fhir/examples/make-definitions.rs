//! Writes the compact table of FHIR R4 from the published core package.
//!
//! `cargo run -p sluss-fhir --example make-definitions -- hl7.fhir.r4.core.tgz > crates/fhir/definitions/r4.table`
//!
//! Invariant: the same package gives the same table. Deliberately absent: profiles, prose, mappings,
//! search parameters, and code systems larger than 500 codes.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use fhir::json::{Form, Limits, read};
use fhir::{Definitions, Tree};
use std::io::Read;

fn main() {
    let path =
        std::env::args().nth(1).unwrap_or_else(|| panic!("usage: make-definitions hl7.fhir.r4.core.tgz"));
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()));
    let limits = Limits { max_bytes: 64 << 20, ..Limits::default() };
    let mut trees: Vec<(String, Tree)> = Vec::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let name = entry.path().unwrap().to_string_lossy().into_owned();
        let file = name.rsplit('/').next().unwrap_or_default().to_string();
        if ["StructureDefinition-", "ValueSet-", "CodeSystem-"].iter().any(|p| file.starts_with(p)) {
            let mut text = Vec::new();
            entry.read_to_end(&mut text).unwrap();
            let tree = read(&text, Form::Fhir, &limits).unwrap_or_else(|f| panic!("{file}: {}", f[0]));
            trees.push((file, tree));
        }
    }
    trees.sort_by(|a, b| a.0.cmp(&b.0));
    let mut all = Definitions::default();
    let types: Vec<&Tree> = trees
        .iter()
        .filter(|(name, _)| name.starts_with("StructureDefinition-"))
        .map(|(_, t)| t)
        .filter(is_type)
        .collect();
    all.load_types(&types).unwrap_or_else(|f| panic!("{}", f[0]));
    for (_, tree) in trees.iter().filter(|(name, _)| name.starts_with("CodeSystem-")) {
        all.terms_mut().add_code_system(tree);
    }
    for (_, tree) in trees.iter().filter(|(name, _)| name.starts_with("ValueSet-")) {
        all.terms_mut().add_value_set(tree);
    }
    print!("{}", all.to_table());
}

fn is_type(tree: &&Tree) -> bool {
    let text = |name| tree.child_text(tree.root(), name);
    text("kind") != Some("logical") && text("derivation") != Some("constraint")
}
