//! XML both ways: a strict reader into the tree and a writer out of it, driven by the definitions.
//!
//! XML cannot be read without a model: only the definitions know which elements repeat, which values
//! are numbers and what an attribute means. FHIR R4 has its rules in xml.html; documents of logical
//! models follow what the model says (`XmlFacts`). In the tree, a resource has its `resourceType`
//! as in JSON, and an element whose type `xsi:type` tells has it in the child [`TYPE_MARK`].
//!
//! Invariants: tree → XML → tree loses nothing; narrative is kept byte for byte; no DTD, entity or
//! address is ever followed; neither direction recurses. Deliberately absent: comments and processing
//! instructions (passed over), other encodings than UTF-8, mixed content outside narrative, and
//! elements that no definition knows (an error, because dropping them would lose what they say).

mod events;
mod fragment;
mod name;
mod narrative;
mod read;
mod scope;
mod text;
mod token;
mod write;

pub use crate::json::Limits;
pub use events::{Attribute, Event, events};
pub(crate) use name::{is_nc_name, unwritable};
pub use narrative::narrative;
pub use read::read;
pub use write::{write, write_pretty};

/// The namespace of FHIR's own elements.
pub const FHIR_NAMESPACE: &str = "http://hl7.org/fhir";
/// The namespace of narrative.
pub const XHTML_NAMESPACE: &str = "http://www.w3.org/1999/xhtml";
/// The namespace of `xsi:type`.
pub const XSI_NAMESPACE: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// The child that holds the type of an element in a logical model, where the document has to tell it.
pub const TYPE_MARK: &str = "xsi:type";
