//! How long a Bundle of 3 kB takes to be read and written, beside `serde_json`'s own `Value` with the
//! features that the project uses, in the same run.
//!
//! Invariant: both read the same bytes and drop what they made; a round is one direction alone. The best
//! of many rounds is printed, because other work on the machine only ever adds. Allocations are counted in
//! every round, which costs some nanoseconds each, and they are in the times. Deliberately absent:
//! statistics beyond that.
//!
//! `cargo bench -p sluss-fhir --bench json -- [--only WORD] [--json]`
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../../../benches/watch.rs"]
mod watch;

use fhir::Definitions;
use fhir::json::{Form, Limits, read, write};
use serde_json::Value;
use std::hint::black_box;
use watch::Watch;

const MESSAGE: &str = include_str!("../../../conformance/examples/admission-notice/valid-2-surplus.json");
const PER_ROUND: u32 = 200;

fn main() {
    let Some(watch) = Watch::from_args(34) else { return };
    let value: Value = serde_json::from_str(MESSAGE).unwrap();
    let (dense, indented) = (value.to_string(), serde_json::to_string_pretty(&value).unwrap());
    let limits = Limits::default();
    let tree = |text: &str| read(text.as_bytes(), Form::Fhir, &limits).unwrap();
    if !watch.json {
        println!("{} bytes, {} indented", dense.len(), indented.len());
    }
    watch.head("");
    for (name, text) in [("dense", &dense), ("indented", &indented)] {
        watch.line(&format!("read tree, {name}"), None, PER_ROUND, || drop(black_box(tree(black_box(text)))));
        watch.line(&format!("serde_json read {name}"), None, PER_ROUND, || {
            drop(black_box(serde_json::from_slice::<Value>(black_box(text.as_bytes())).unwrap()));
        });
    }
    let own = tree(&dense);
    watch.line("write tree", None, PER_ROUND, || drop(black_box(write(black_box(&own), Form::Fhir))));
    watch.line("serde_json write", None, PER_ROUND, || drop(black_box(black_box(&value).to_string())));
    let mut typed = own.clone();
    watch.line("annotate", None, PER_ROUND, || Definitions::r4().annotate(black_box(&mut typed)));
    watch.line("clone tree", None, PER_ROUND, || drop(black_box(black_box(&own).clone())));
    watch.line("serde_json clone", None, PER_ROUND, || drop(black_box(black_box(&value).clone())));
}
