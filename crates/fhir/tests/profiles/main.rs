//! Each rule a profile can state, with one resource that keeps it and one that breaks it.
//!
//! Invariant: a broken rule gives exactly the findings named, at the place named; the kept one gives
//! none. Deliberately absent: profiles that others wrote (see validation_suites).
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

mod bundles;
mod elements;
mod extensions;
mod loading;
mod made;
mod slices;
mod targets;
