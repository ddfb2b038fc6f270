//! Profiles from their differentials say what their published snapshots say.
//!
//! Each profile of the core package is loaded twice: from its differential, and from the snapshot that
//! its publisher made. Every example of R4 of its type, and the same with one element taken out, must be
//! judged the same by both, place by place.
//! Invariant: an inherited rule that got lost on the way shows here. Deliberately absent: the texts.
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod suite;

use fhir::json::{Form, Limits, read};
use fhir::{Definitions, NodeId, Profiles, Severity, Tree, package};
use std::collections::BTreeSet;

fn wide() -> Limits {
    Limits { max_bytes: 64 << 20, max_depth: 200, max_nodes: 10_000_000 }
}

/// The profiles of the core package, without the elements of `left_out`.
fn profiles(left_out: &str, trees: &[Tree]) -> Profiles {
    let halves = trees.iter().map(|tree| {
        let mut tree = tree.clone();
        if let Some(part) = tree.child(tree.root(), left_out) {
            tree.remove(part);
        }
        tree
    });
    Profiles::load(Definitions::r4(), &halves.collect::<Vec<_>>()).unwrap_or_else(|f| panic!("{}", f[0]))
}

/// The places of all errors; the two may say the same in other words.
fn errors(profiles: &Profiles, tree: &Tree, url: &str) -> BTreeSet<String> {
    let found = profiles.validate(tree, url);
    found.iter().filter(|f| f.severity == Severity::Error).map(|f| f.place.clone()).collect()
}

/// The resource, and the resource without one of its elements each.
fn variants(text: &[u8]) -> Vec<Tree> {
    let whole = read(text, Form::Fhir, &wide()).unwrap();
    let mut gone: Vec<NodeId> = Vec::new();
    let mut open: Vec<NodeId> = whole.children(whole.root()).collect();
    while let Some(node) = open.pop() {
        if whole.name(node) != "resourceType" {
            gone.push(node);
        }
        open.extend(whole.children(node));
    }
    let mut all = vec![whole.clone()];
    all.extend(gone.into_iter().take(60).map(|node| {
        let mut tree = whole.clone();
        tree.remove(node);
        tree
    }));
    all
}

#[test]
fn differentials_and_snapshots_agree() {
    let Some(folder) = suite::folder("fhir-r4-core-package") else { return };
    let Some(examples) = suite::folder("fhir-r4-examples") else { return };
    let bytes = std::fs::read(folder.join("hl7.fhir.r4.core.tgz")).unwrap();
    let trees = package::read(&bytes, &package::Limits::default()).unwrap().resources;
    let text = |t: &Tree, name: &str| t.child_text(t.root(), name).unwrap_or_default().to_string();
    let constrains = |t: &Tree| text(t, "derivation") == "constraint" && text(t, "kind") == "resource";
    let all: Vec<Tree> = trees.into_iter().map(|r| r.tree).collect();
    let all: Vec<Tree> =
        all.into_iter().filter(|t| text(t, "resourceType") == "StructureDefinition").collect();
    let constraints: Vec<Tree> = all.into_iter().filter(|t| text(t, "derivation") == "constraint").collect();
    let (short, full) = (profiles("snapshot", &constraints), profiles("differential", &constraints));
    let examples = suite::files(&examples, ".json");
    let mut results = Vec::new();
    let (mut judged, mut wrong_by_profile) = (0, 0);
    for profile in constraints.iter().filter(|t| constrains(t)) {
        let (url, ty) = (text(profile, "url"), text(profile, "type"));
        let mut differences = Vec::new();
        let of_type = |name: &str| name.split('-').next() == Some(ty.as_str());
        for (name, example) in examples.iter().filter(|(name, _)| of_type(name)).take(12) {
            for mut tree in variants(example) {
                Definitions::r4().annotate(&mut tree);
                let (a, b) = (errors(&short, &tree, &url), errors(&full, &tree, &url));
                judged += 1;
                wrong_by_profile += usize::from(!a.is_empty());
                if a != b && differences.len() < 4 {
                    let only = |a: &BTreeSet<String>, b: &BTreeSet<String>| {
                        a.difference(b).cloned().collect::<Vec<_>>().join(", ")
                    };
                    differences.push(format!("{name}: {} <> {}", only(&a, &b), only(&b, &a)));
                }
            }
        }
        let result = if differences.is_empty() { Ok(()) } else { Err(differences.join("\n    ")) };
        results.push((url, result));
    }
    println!("{judged} judgements, {wrong_by_profile} with errors");
    suite::report("fhir-r4-core-package (differentials as snapshots)", "fhir-r4-snapshots", &results);
    assert!(wrong_by_profile > 500);
}
