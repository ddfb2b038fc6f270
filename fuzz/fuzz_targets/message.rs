//! Hostile resources into annotation and validation against R4: no panic, always a list.
#![no_main]

use fhir::{
    Definitions, Profiles,
    json::{Form, Limits, read},
};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static PROFILES: LazyLock<Profiles> =
    LazyLock::new(|| Profiles::load(Definitions::r4(), &[]).expect("R4 alone loads"));

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits { max_bytes: 1 << 18, max_depth: 64, max_nodes: 20_000 };
    let Ok(mut tree) = read(bytes, Form::Fhir, &limits) else { return };
    let kind = tree.child_text(tree.root(), "resourceType").unwrap_or("Bundle").to_string();
    Definitions::r4().annotate(&mut tree);
    let _ = PROFILES.validate(&tree, &kind);
});
