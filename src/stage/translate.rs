//! Format → canonical FHIR R4 → each receiver's format, through compiled maps.
//!
//! Invariant: no field of a message is known here, only maps; a translation is whole or a fault.
//! Where source and target are the same format and nothing was removed, the bytes pass as they came.

use crate::{
    model::{Code, Fault, Finding, Format},
    rulebook::{Map, Rulebook},
    stage::permit::Permitted,
};
use fhir::{
    Tree,
    json::{self, Form},
};

/// What a receiver is sent.
#[derive(Debug)]
pub struct Rendered {
    /// Its format.
    pub format: Format,
    /// Its bytes.
    pub body: Vec<u8>,
}

/// A foreign message in canonical form. Error: `SLUSS-MAP-001`.
pub fn canonical(tree: &mut Tree, event: &str, from: Format, rulebook: &Rulebook) -> Result<Tree, Fault> {
    let map = map(event, from, Format::FhirJson, rulebook)?;
    map.annotate(tree);
    run(map, tree)
}

/// A permitted message in its receiver's format. Error: `SLUSS-MAP-001`.
pub fn render(permitted: &Permitted, bytes: &[u8], rulebook: &Rulebook) -> Result<Rendered, Fault> {
    let valid = permitted.valid();
    let (from, to) = (valid.format(), valid.to().format);
    if from == to && permitted.removed().is_empty() {
        return Ok(Rendered { format: to, body: bytes.to_vec() });
    }
    if to == Format::FhirJson {
        return Ok(Rendered {
            format: to,
            body: json::write(permitted.canonical(), Form::Fhir).into_bytes(),
        });
    }
    // Its nodes have their types since it was checked against its profile.
    let tree = run(map(&valid.envelope().event, Format::FhirJson, to, rulebook)?, permitted.canonical())?;
    Ok(Rendered { format: to, body: json::write(&tree, Form::Plain).into_bytes() })
}

fn map<'r>(event: &str, from: Format, to: Format, rulebook: &'r Rulebook) -> Result<&'r Map, Fault> {
    rulebook.plan(event, from, to).ok_or_else(|| {
        let detail = format!("there is no map for {event} from {} to {}", from.map_word(), to.map_word());
        Fault::of(Code::Untranslatable, detail)
    })
}

fn run(map: &Map, tree: &Tree) -> Result<Tree, Fault> {
    map.run(tree).map_err(|fault| {
        let finding = Finding::error(Code::Untranslatable, fault.message);
        Fault::one(match fault.place {
            Some(place) => finding.at(place),
            None => finding,
        })
    })
}
