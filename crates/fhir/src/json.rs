//! JSON both ways: a strict RFC 8259 reader into the tree and a writer out of it.
//!
//! Invariants: JSON → tree → JSON keeps order, numbers as written, null alignment of primitive
//! extensions and empty arrays; the only thing that may change is white space, the spelling of
//! escapes, and `_name` standing apart from `name`. Neither direction recurses, so no nesting can
//! exhaust the stack. Deliberately absent: arrays of arrays and documents whose root is not an
//! object (no model of ours has them; they are well-formed JSON that this tree refuses), streaming,
//! and any leniency: a text with a slip is read on, but only to tell of what else is wrong.

mod read;
mod scan;
mod write;

pub use read::read;
pub use write::{write, write_pretty};

use crate::finding::Finding;

/// How names and primitives map to nodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// FHIR JSON: `_name` holds `id` and `extension` of the primitive `name` and is merged into it;
    /// the root takes its name from `resourceType` (FHIR R4 json.html §2.6.2).
    Fhir,
    /// Any other JSON: names are taken literally; the root is named `$`.
    Plain,
}

/// What a reader refuses to go beyond.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    /// Longest text, in bytes. Never more than 1 GiB, whatever is asked.
    pub max_bytes: usize,
    /// Deepest nesting of objects and arrays, counted together.
    pub max_depth: usize,
    /// Most nodes in the tree.
    pub max_nodes: usize,
}

impl Default for Limits {
    /// 8 MiB, 64 levels, one million nodes.
    fn default() -> Self {
        Limits { max_bytes: 8 << 20, max_depth: 64, max_nodes: 1_000_000 }
    }
}

/// True for a fault of the JSON text itself (RFC 8259), false where the text is well-formed JSON
/// that the tree refuses: duplicate names, arrays of arrays, another root than an object,
/// primitive extensions that fit no value, or a limit.
pub fn is_syntax(fault: &Finding) -> bool {
    matches!(fault.code, "json-syntax" | "json-encoding")
}
