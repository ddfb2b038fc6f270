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

use fhir::Definitions;
use fhir::json::{Form, Limits, read, write};
use serde_json::Value;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::hint::black_box;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MESSAGE: &str = include_str!("../../../conformance/examples/admission-notice/valid-2-surplus.json");
const PER_ROUND: u32 = 200;

/// Prints a line per piece of work.
struct Watch {
    only: Option<String>,
    json: bool,
}

impl Watch {
    fn line(&self, name: &str, mut work: impl FnMut()) {
        if self.only.as_deref().is_some_and(|only| !name.contains(only)) {
            return;
        }
        let (mut best, mut allocated) = (f64::INFINITY, 0.0);
        for _ in 0..200 {
            let region = Region::new(ALLOCATOR);
            let start = Instant::now();
            (0..PER_ROUND).for_each(|_| work());
            let took = start.elapsed().as_nanos() as f64 / 1e3 / f64::from(PER_ROUND);
            let spent = region.change();
            allocated = (spent.allocations + spent.reallocations) as f64 / f64::from(PER_ROUND);
            best = best.min(took);
        }
        match self.json {
            true => println!("{{\"name\":{name:?},\"micros\":{best:.4},\"allocations\":{allocated}}}"),
            false => println!("{name:<34} {best:>9.3} {allocated:>8.1}"),
        }
    }
}

fn main() {
    let mut args = std::env::args().skip_while(|a| a != "--only");
    let watch = Watch { only: args.nth(1), json: std::env::args().any(|a| a == "--json") };
    let value: Value = serde_json::from_str(MESSAGE).unwrap();
    let (dense, indented) = (value.to_string(), serde_json::to_string_pretty(&value).unwrap());
    let limits = Limits::default();
    let tree = |text: &str| read(text.as_bytes(), Form::Fhir, &limits).unwrap();
    if !watch.json {
        println!("{} bytes, {} indented", dense.len(), indented.len());
        println!("{:<34} {:>9} {:>8}", "", "µs", "allocs");
    }
    for (name, text) in [("dense", &dense), ("indented", &indented)] {
        watch.line(&format!("read tree, {name}"), || drop(black_box(tree(black_box(text)))));
        watch.line(&format!("serde_json read {name}"), || {
            drop(black_box(serde_json::from_slice::<Value>(black_box(text.as_bytes())).unwrap()));
        });
    }
    let own = tree(&dense);
    watch.line("write tree", || drop(black_box(write(black_box(&own), Form::Fhir))));
    watch.line("serde_json write", || drop(black_box(black_box(&value).to_string())));
    let mut typed = own.clone();
    watch.line("annotate", || Definitions::r4().annotate(black_box(&mut typed)));
    watch.line("clone tree", || drop(black_box(black_box(&own).clone())));
    watch.line("serde_json clone", || drop(black_box(black_box(&value).clone())));
}
