//! Maps by names that come from definitions: type names, canonical addresses, codes.
//!
//! Invariant: keys are the operator's and the specification's, never a document's, because the hash has
//! no secret and a document could choose names that meet; what is looked up may be anything.
//! Deliberately absent: sets and maps of what a document says, which use the standard hash.

use crate::tree::hash;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// A map by names of definitions.
pub(crate) type NameMap<V> = HashMap<Box<str>, V, BuildHasherDefault<NameHasher>>;

/// The hash of names in trees, spread over 64 bits.
#[derive(Clone, Copy, Default)]
pub(crate) struct NameHasher(u64);

impl Hasher for NameHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        self.0 = (self.0 ^ u64::from(hash(bytes))).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    /// The mark of a string's end says nothing here: its length is in the hash.
    fn write_u8(&mut self, _: u8) {}
}
