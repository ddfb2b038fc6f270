//! Canonical FHIR R4 → each receiver's format, through compiled maps. (The way into it is part of the check of
//! a message's content.)
//!
//! Invariant: no field of a message is known here, only maps; a translation is whole or a fault.
//! Where source and target are the same format and nothing was removed, the bytes pass as they came;
//! but where something may have to be removed, only if they are the canonical form, which is what was looked at.

use crate::{
    model::{Fault, Format, Model},
    rulebook::{Rulebook, check},
    stage::permit::Permitted,
};

/// What a receiver is sent.
#[derive(Debug)]
pub struct Rendered {
    /// Its format.
    pub format: Format,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// A permitted message in its receiver's format. Error: `SLUSS-MAP-001`.
pub fn render(permitted: &Permitted, bytes: &[u8], rulebook: &Rulebook) -> Result<Rendered, Fault> {
    let valid = permitted.valid();
    let (from, to) = (valid.format(), valid.to().format);
    let looked_at =
        from == Format::FhirJson || (valid.rule().whitelist.is_none() && !valid.envelope().subject.protected);
    if from == to && looked_at && permitted.removed().is_empty() {
        return Ok(Rendered { format: to, body: bytes.to_vec() });
    }
    let canonical = permitted.canonical();
    let made = match to.model() {
        Model::Fhir => None,
        // Its nodes have their types since it was checked against its profile.
        model => {
            let map = rulebook.map(&valid.envelope().event, Model::Fhir, model).map_err(Fault::one)?;
            Some(check::translate(map, canonical, &valid.to().tells_of_receiving()).map_err(Fault::one)?)
        }
    };
    let body = rulebook.write(made.as_ref().unwrap_or(canonical), to).map_err(Fault::one)?;
    Ok(Rendered { format: to, body })
}
