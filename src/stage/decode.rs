//! Bytes → message: a bounded tree and an envelope in shared words.
//!
//! Invariant: hostile bytes cost bounded memory and never a panic; all envelope findings come at
//! once; no value from the message is echoed. Deliberately absent: any judgement of the content, and
//! the reading itself, which the rulebook does (`rulebook::check::read`, `rulebook::envelope`).

pub use crate::rulebook::envelope::is_id;
use crate::{
    model::{Arrival, Channel, Fault, Format, Message},
    rulebook::{check::read, envelope},
};
use fhir::Tree;

/// Reads an arrival. Errors: `SLUSS-IN-…`.
pub fn message(arrival: &Arrival, max_bytes: usize) -> Result<Message, Fault> {
    let format = match arrival.channel {
        Channel::Fhir => Format::FhirJson,
        Channel::Case => Format::CaseJson,
    };
    let tree = tree(&arrival.bytes, format, max_bytes)?;
    let envelope = envelope::read(&tree, format)?;
    Ok(Message { envelope, format, tree })
}

/// Reads bytes of a format into a tree. Errors: `SLUSS-IN-001` to `-004`.
pub fn tree(bytes: &[u8], format: Format, max_bytes: usize) -> Result<Tree, Fault> {
    read::json(bytes, format, max_bytes).map_err(Fault::from_errors)
}
