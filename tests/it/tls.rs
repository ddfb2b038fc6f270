//! Mutual TLS both ways, with real sockets and real handshakes.
//!
//! Invariant: every refusal is checked on both sides, what the caller sees and what stands on record.
//! Deliberately absent: revocation (no list is read yet) and anything above HTTP.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test may stop")]

mod courier;
mod door;
mod folder;
pub mod world;
