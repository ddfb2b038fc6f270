//! HL7 v2 over MLLP and mutual TLS: what our courier says of every way a receiver can behave, and what our door
//! says to every way a sender can.
//!
//! Invariant: real sockets, real handshakes; the other side frames with the sans-IO codec and nothing of the
//! gateway.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a test may stop")]

mod courier;
mod door;
mod flows;
mod world;
