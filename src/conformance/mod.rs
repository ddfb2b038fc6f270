//! Partners to test with: senders and receivers that see a gateway only from outside.
//!
//! Invariant: nothing here reaches into the gateway; everything travels over mutual TLS like a real
//! partner's messages. Borrowed from the gateway's transport: the accept pipeline and the TLS
//! settings, so that a simulated partner is as strict as a real one. Deliberately absent, so far:
//! the conformance runner.

pub mod er7;
pub mod message;
pub mod puller;
pub mod receiver;
pub mod sender;
