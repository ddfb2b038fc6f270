//! What the gateway answers a caller, in the caller's own protocol.
//!
//! Invariant: stored with the message it answers, so that a repeat gets the same bytes again.

/// A complete answer, ready to be written to the wire.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Media type of `body`.
    pub content_type: String,
    /// The body's bytes; never person data.
    pub body: Vec<u8>,
}
