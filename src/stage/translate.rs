//! Canonical FHIR R4 → each receiver's format, through compiled maps. (The way into it is part of the check of
//! a message's content.)
//!
//! Invariant: no field of a message is known here, only maps; a translation is whole or a fault.
//! Where source and target are the same format and nothing was removed or readdressed, the bytes pass as they came;
//! but where something may have to be removed, only if they are the canonical form, which is what was looked at.

use crate::{
    model::{Code, Fault, Format, Model, Partner},
    rulebook::Rulebook,
    stage::permit::Permitted,
};
use fhir::Tree;

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
    if from == to && looked_at && permitted.removed().is_empty() && valid.choice().is_none() {
        return Ok(Rendered { format: to, body: bytes.to_vec() });
    }
    // Its nodes have their types since it was checked against its profile.
    written(&valid.envelope().event, permitted.canonical(), valid.to(), rulebook)
}

/// A message of the gateway's own in canonical JSON, in its receiver's format. It is checked like any other. Error:
/// `SLUSS-MAP-001`, `SLUSS-SYS-003`.
pub fn own(event: &str, canonical: &[u8], to: &Partner, rulebook: &Rulebook) -> Result<Rendered, Fault> {
    let mut tree = rulebook.read(canonical, Format::FhirJson, canonical.len()).map_err(Fault::from_errors)?;
    let found = rulebook.check_profile(&mut tree, event);
    if found.iter().any(|f| f.severity == fhir::Severity::Error) {
        return Err(Fault::of(Code::Internal, "a message of our own does not follow its profile"));
    }
    written(event, &tree, to, rulebook)
}

fn written(event: &str, canonical: &Tree, to: &Partner, rulebook: &Rulebook) -> Result<Rendered, Fault> {
    let made = match to.format.model() {
        Model::Fhir => None,
        model => {
            let made = rulebook.rendered(canonical, event, model, &to.tells_of_receiving());
            Some(made.map_err(Fault::one)?)
        }
    };
    let body = rulebook.write(made.as_ref().unwrap_or(canonical), to.format).map_err(Fault::one)?;
    Ok(Rendered { format: to.format, body })
}
