//! The messages that go out beside one, as the agreement's `[[fan_out]]` rows say (M1 that asks for all parts is M1
//! and M2, domain §1).
//!
//! Invariant: what is made here has passed what every message passes: its profile, its parties, its agreement.
//! Deliberately absent: permission, which is decided for each on its own, and any word about an event.

use super::{Rules, Valid, stockholm};
use crate::{
    config::FanOut,
    model::{Code, Fault, Finding, Format, Model},
    rulebook::{self, check, envelope},
};
use fhir::Definitions;
use fhirpath::{Scope, Value};

/// A message made of another one, and its canonical bytes.
pub struct Beside {
    /// The message.
    pub valid: Valid,
    /// What was made, before anything is taken out of it.
    pub bytes: Vec<u8>,
}

/// The messages that go out beside this one. A fault of one of them is a fault of the whole: the sender then has one
/// verdict, and nothing is half done.
pub fn beside(valid: &Valid, rules: &Rules<'_>) -> Result<Vec<Beside>, Fault> {
    let rows = valid.agreed.agreement().fan_out.iter();
    rows.filter(|row| row.event == valid.envelope.event && asks(valid, row))
        .map(|row| made(valid, row, rules))
        .collect()
}

/// Is the row's condition true of the message? What cannot be evaluated is not true.
fn asks(valid: &Valid, row: &FanOut) -> bool {
    let scope = Scope::new(Some(Definitions::r4()));
    let tree = &valid.canonical;
    let found = row.when.expression().evaluate(&scope, tree.at(tree.root()));
    matches!(found.as_deref(), Ok([Value::Boolean(true)]))
}

fn made(valid: &Valid, row: &FanOut, rules: &Rules<'_>) -> Result<Beside, Fault> {
    let told_of = |finding: Finding| {
        let detail = format!("{} beside {}: {}", row.also, row.event, finding.detail);
        Fault::one(Finding { detail, ..finding })
    };
    let Some(to) = rules.registry.partner(&row.to) else {
        let detail = format!("{} is not a configured party", row.to);
        return Err(told_of(Finding::error(Code::UnknownReceiver, detail)));
    };
    let day = rules.now.to_zoned(stockholm()).date();
    let Some(agreed) = rules.registry.rule(&row.also, &valid.from, to, day) else {
        let detail = format!("from {} to {} on {day}", valid.from.hsa_id, to.hsa_id);
        return Err(told_of(Finding::error(Code::NotAgreed, detail)));
    };
    let name = rulebook::beside(&row.also, &row.event);
    let map = rules.rulebook.map(&name, Model::Fhir, Model::Fhir).map_err(told_of)?;
    let mut canonical = check::translate(map, &valid.canonical, &to.tells_of_receiving()).map_err(told_of)?;
    let found = rules.rulebook.check_profile(&mut canonical, &row.also);
    if let Some(error) = found.iter().find(|f| f.severity == fhir::Severity::Error) {
        let detail = format!("what the map made is not valid: {} at {}", error.code, error.place);
        return Err(told_of(Finding::error(Code::Untranslatable, detail)));
    }
    let envelope = envelope::read(&canonical, Model::Fhir)?;
    let bytes = rules.rulebook.write(&canonical, Format::FhirJson).map_err(told_of)?;
    let (to, from, notes) = (to.clone(), valid.from.clone(), Vec::new());
    let valid =
        Valid { envelope, format: Format::FhirJson, canonical, to, from, agreed, choice: None, notes };
    Ok(Beside { valid, bytes })
}
