//! How long a piece of work takes and how often it allocates: what the crates' benches share.
//!
//! Invariant: the best of many rounds, because other work on the machine only ever adds; allocations are
//! counted in every round, which costs some nanoseconds each, and they are in the times. Deliberately
//! absent: statistics beyond that. Included by path, because a bench has no library of its own.

use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::alloc::System;
use std::time::Instant;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// Prints a line per piece of work.
pub struct Watch {
    only: Option<String>,
    /// One JSON object a line, for the table beside other engines.
    pub json: bool,
    width: usize,
}

impl Watch {
    /// As the arguments say: `--only WORD`, `--json`. `width`: of the longest name. Nothing outside
    /// `cargo bench`, so that tests of all targets do not measure.
    pub fn from_args(width: usize) -> Option<Watch> {
        if !std::env::args().any(|a| a == "--bench") {
            println!("nothing measured: run by `cargo bench`, or with --bench");
            return None;
        }
        let only = std::env::args().skip_while(|a| a != "--only").nth(1);
        Some(Watch { only, json: std::env::args().any(|a| a == "--json"), width })
    }

    /// The head of a table of this.
    pub fn head(&self, of: &str) {
        if !self.json {
            println!("{of:<width$} {:>9} {:>6} {:>8}", "µs", "goal", "allocs", width = self.width);
        }
    }

    /// Times `work`, of which each call counts as one.
    pub fn line(&self, name: &str, goal: Option<f64>, per_round: u32, mut work: impl FnMut()) {
        if self.only.as_deref().is_some_and(|only| !name.contains(only)) {
            return;
        }
        let (mut best, mut allocated) = (f64::INFINITY, 0.0);
        for _ in 0..200 {
            let region = Region::new(ALLOCATOR);
            let start = Instant::now();
            (0..per_round).for_each(|_| work());
            let took = start.elapsed().as_nanos() as f64 / 1e3 / f64::from(per_round);
            let spent = region.change();
            allocated = (spent.allocations + spent.reallocations) as f64 / f64::from(per_round);
            best = best.min(took);
        }
        if self.json {
            println!("{{\"name\":{name:?},\"micros\":{best:.4},\"allocations\":{allocated}}}");
            return;
        }
        let goal = goal.map_or(String::new(), |g| format!("{g:.2}"));
        println!("{name:<width$} {best:>9.3} {goal:>6} {allocated:>8.1}", width = self.width);
    }
}
