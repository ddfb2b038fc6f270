//! FHIR as data: the resource tree, its JSON and XML forms, the R4 definitions and profile validation.
//!
//! Invariant: nothing here panics on any input, and every node read from a text knows the bytes it
//! came from. Deliberately absent: typed structs per resource (profiles are data), any network, any
//! knowledge of the gateway.

pub mod decimal;
pub mod definitions;
pub mod finding;
pub mod json;
mod names;
pub mod package;
pub mod primitive;
pub mod profile;
pub mod terms;
pub mod tree;
pub mod ucum;
pub mod validate;
pub mod xml;

pub use definitions::Definitions;
pub use finding::{Finding, Position, Severity, position};
pub use profile::Profiles;
pub use tree::{Key, Kind, NodeId, NodeRef, Span, Tree, TypeId};
pub use validate::Policy;
