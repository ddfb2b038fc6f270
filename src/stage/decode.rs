//! Bytes → message: a bounded tree and an envelope in shared words.
//!
//! Invariant: hostile bytes cost bounded memory and never a panic; all envelope findings come at
//! once; no value from the message is echoed. Where only a map knows a model, the canonical form tells the
//! envelope. Deliberately absent: any judgement of the content, and the reading itself, which the rulebook
//! does (`rulebook::check::read`, `rulebook::envelope`).

pub use crate::rulebook::envelope::is_id;
use crate::{
    model::{Arrival, Code, Fault, Finding, Format, Message, Model, Partner, Told},
    rulebook::{
        Meaning, Noted, Rulebook,
        check::{place, read},
        envelope,
    },
};
use fhir::{Tree, json::Form};

/// What an arrival is.
pub enum Decoded {
    /// A message of the catalogue.
    Message(Box<Message>),
    /// Something that goes on record and no further, and why.
    Noted(Noted),
}

/// Reads an arrival from a party. Errors: `SLUSS-IN-…`, `SLUSS-MAP-001`.
pub fn message(
    arrival: &Arrival,
    from: &Partner,
    rulebook: &Rulebook,
    max_bytes: usize,
) -> Result<Decoded, Fault> {
    let (format, model) = (arrival.format, arrival.format.model());
    let charset = from.translate.get("charset").map(String::as_str);
    let tree = rulebook.read_in(&arrival.bytes, format, max_bytes, charset).map_err(Fault::from_errors)?;
    if model.is_foreign() {
        return foreign(tree, arrival, from, rulebook);
    }
    let envelope = envelope::read(&tree, model).map_err(|fault| match format {
        Format::CaseXml => fault.map(|all| all.iter_mut().for_each(|f| place::in_elements(f, &tree))),
        _ => fault,
    })?;
    let told = Told::default();
    Ok(Decoded::Message(Box::new(Message { envelope, format, tree, canonical: None, told })))
}

/// A message that only its event's map can read.
fn foreign(mut tree: Tree, arrival: &Arrival, from: &Partner, rulebook: &Rulebook) -> Result<Decoded, Fault> {
    let format = arrival.format;
    let event = match rulebook.meaning(&tree, format.model()) {
        Some(Meaning::Event(event)) => event,
        Some(Meaning::Noted(noted)) => return Ok(Decoded::Noted(noted)),
        None => {
            let what = "no row of the model's table of events fits it";
            return Err(Fault::one(Finding::error(Code::UnknownEvent, what)));
        }
    };
    let told = from.tells_of_sending(arrival.at);
    let canonical = rulebook.canonical(&mut tree, &event, format, &told).map_err(Fault::one)?;
    let envelope = envelope::read(&canonical, Model::Fhir)
        .map_err(|fault| fault.map(|all| rulebook.lead_back(all, &tree, &event, format, &told)))?;
    Ok(Decoded::Message(Box::new(Message { envelope, format, tree, canonical: Some(canonical), told })))
}

/// Reads a FHIR resource in JSON. Errors: `SLUSS-IN-001` to `-004`.
pub fn resource(bytes: &[u8], max_bytes: usize) -> Result<Tree, Fault> {
    read::json(bytes, Form::Fhir, max_bytes).map_err(Fault::from_errors)
}
