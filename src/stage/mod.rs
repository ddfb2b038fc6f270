//! Verbs: pure steps, one file each, in the order a message meets them.
//!
//! Invariant: no clock, no disk, no network, no async, no log; what a stage needs to know is handed
//! in, what it decides is handed back. [`validate::Valid`] and [`permit::Permitted`] can only be made
//! by their own stage, so leaving a stage out does not compile.

pub mod identify;

pub mod decode;

pub mod validate;

pub mod permit;

pub mod translate;

pub mod mark;

pub mod route;

pub mod acknowledge;

pub mod receipt;

pub mod record;

pub mod settle;

pub mod mailbox;
