//! Writes the compact table of FHIR R4 from the published core package.
//!
//! `cargo run -p sluss-fhir --example make-definitions -- hl7.fhir.r4.core.tgz > crates/fhir/definitions/r4.table`
//!
//! Invariant: the same package gives the same table. Deliberately absent: profiles, prose, mappings,
//! search parameters, and code systems larger than 500 codes.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

use fhir::package::{self, Limits};
use fhir::{Definitions, Tree};

fn main() {
    let path =
        std::env::args().nth(1).unwrap_or_else(|| panic!("usage: make-definitions hl7.fhir.r4.core.tgz"));
    let package = package::read(&std::fs::read(path).unwrap(), &Limits::default());
    let package = package.unwrap_or_else(|f| panic!("{}", f[0]));
    let trees: Vec<(String, Tree)> = package.resources.into_iter().map(|r| (r.file, r.tree)).collect();
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
