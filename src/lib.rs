#![doc = include_str!("ARCHITECTURE.md")]

// In reading order; the blank lines keep it.

pub mod model;

pub mod port;

pub mod case;

pub mod config;

pub mod registry;

pub mod rulebook;

pub mod stage;

pub mod ledger;

pub mod flow;

pub mod listen;

pub mod courier;

pub mod consent;

pub mod pki;

pub mod conformance;

pub mod app;

pub mod cli;
