//! How long a map of fourteen rules takes: a Patient to a foreign message, with and without writing, and
//! from the text it was read from; and one of the gateway's own maps.
//!
//! Invariant: compiling is outside; a round is the run alone, then the run with writing, then all that a
//! message costs. The best of many rounds is printed, because other work on the machine only ever adds.
//! Allocations are counted in every round, which costs some nanoseconds each, and they are in the times.
//! Deliberately absent: statistics beyond that.
//!
//! `cargo bench -p sluss-fml --bench patient -- [--only WORD] [--json]`
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "../../../benches/watch.rs"]
mod watch;

use fhir::json::{Form, Limits, read, write};
use fhir::{Definitions, Tree};
use fml::{Bounds, Inputs, Library};
use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use watch::Watch;

const PATIENT: &str = include_str!("../../../benches/inputs/child-patient.json");
const MODEL: &str = include_str!("../../../benches/inputs/child-model.json");
const MESSAGE: &str = include_str!("../../../conformance/examples/admission-notice/valid-1-four-fields.json");
const MAP: &str = include_str!("../../../benches/inputs/child.map");

fn tree(text: &str, definitions: &Definitions) -> Tree {
    let mut tree = read(text.as_bytes(), Form::Fhir, &Limits::default()).unwrap_or_else(|e| panic!("{e:?}"));
    definitions.annotate(&mut tree);
    tree
}

/// All files under a folder of the project, with their names.
fn files(under: &str, ends: &str) -> Vec<(String, String)> {
    let (mut found, mut open) =
        (Vec::new(), vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(under)]);
    while let Some(folder) = open.pop() {
        for path in std::fs::read_dir(folder).unwrap().flatten().map(|e| e.path()) {
            match path.is_dir() {
                true if !path.ends_with("examples") => open.push(path),
                false if path.to_string_lossy().ends_with(ends) => {
                    let name = path.to_string_lossy().into_owned();
                    found.push((name, std::fs::read_to_string(path).unwrap()));
                }
                _ => {}
            }
        }
    }
    found
}

/// One of the gateway's own maps on one of its own messages.
fn own(watch: &Watch) {
    let mut definitions = Definitions::r4().clone();
    for (_, text) in files("conformance/models", ".json") {
        let model = tree(&text, &definitions);
        definitions.load_logical(&model).unwrap_or_else(|e| panic!("{e:?}"));
    }
    let definitions = Arc::new(definitions);
    let mut library = Library::new(definitions.clone());
    for (name, text) in files("mappings", ".conceptmap.json") {
        library.add_concept_map(&name, &tree(&text, &definitions)).unwrap_or_else(|e| panic!("{}", e[0]));
    }
    for (name, text) in files("mappings", ".map") {
        library.add_map(&name, &text).unwrap_or_else(|e| panic!("{}", e[0]));
    }
    let url = "https://sluss.example/fhir/StructureMap/admission-notice-fhir-case";
    let plan = library.compile(url).unwrap_or_else(|e| panic!("{}", e[0]));
    let source = tree(MESSAGE, &definitions);
    let ids = String::new;
    let inputs = Inputs { ids: &ids, now: "", parameters: &[], bounds: Bounds::default() };
    let run = || plan.run(source.at(source.root()), &inputs).unwrap_or_else(|e| panic!("{e}"));
    watch.line("an admission notice: run", None, 1000, || drop(black_box(run())));
    watch.line("an admission notice: run and write", None, 1000, || {
        drop(black_box(write(&run(), Form::Plain)))
    });
}

fn main() {
    let Some(watch) = Watch::from_args(36) else { return };
    let mut definitions = Definitions::r4().clone();
    let model = tree(MODEL, &definitions);
    definitions.load_logical(&model).unwrap_or_else(|e| panic!("{e:?}"));
    let definitions = Arc::new(definitions);
    let source = tree(PATIENT, &definitions);
    let mut library = Library::new(definitions.clone());
    let url = library.add_map("bench.map", MAP).unwrap_or_else(|e| panic!("{}", e[0]));
    let plan = library.compile(&url).unwrap_or_else(|e| panic!("{}", e[0]));
    let ids = String::new;
    let inputs =
        Inputs { ids: &ids, now: "2026-03-01T09:30:00Z", parameters: &[], bounds: Bounds::default() };
    let focus = source.at(source.root());
    let once = plan.run(focus, &inputs).unwrap_or_else(|e| panic!("{e}"));
    if !watch.json {
        println!("{}", write(&once, Form::Plain));
    }
    watch.head("");
    watch.line("run", None, 1000, || drop(black_box(plan.run(focus, &inputs))));
    watch.line("run and write", Some(4.7), 1000, || {
        drop(black_box(plan.run(focus, &inputs).map(|t| write(&t, Form::Plain))));
    });
    watch.line("read, annotate, run and write", None, 1000, || {
        let source = tree(PATIENT, &definitions);
        drop(black_box(plan.run(source.at(source.root()), &inputs).map(|t| write(&t, Form::Plain))));
    });
    own(&watch);
}
