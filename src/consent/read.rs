//! A FHIR R4 Consent → what permission needs of it.
//!
//! Invariant: only an `active` Consent with one `permit` provision is a fact; whatever else it says is
//! never read as permission. Deliberately absent: nested provisions and every part that would narrow
//! the permission further (they are refused, not ignored).

use crate::{
    model::{Basis, Code, Fault, Finding, HsaId},
    port::ConsentFact,
    stage::decode,
};
use fhir::{NodeRef, Tree, finding::shown};
use jiff::{Timestamp, civil::Date};

/// What a Consent resource says.
pub struct Consent {
    /// `Consent.id`.
    pub id: String,
    /// Identifier system and value of the person.
    pub subject: (String, String),
    /// The permission, or `None` if the consent is not in force (revoked, inactive).
    pub fact: Option<ConsentFact>,
}

/// Reads a Consent; all findings at once.
pub fn consent(tree: &Tree) -> Result<Consent, Fault> {
    let root = tree.at(tree.root());
    let mut findings = Vec::new();
    let mut miss = |path: &str, what: &str| {
        findings.push(Finding::error(Code::EnvelopeField, what.to_string()).at(path));
    };
    if root.child_text("resourceType") != Some("Consent") {
        miss("$this", "a Consent is expected");
    }
    let id = root.child_text("id").unwrap_or_default();
    if !decode::is_id(id) {
        miss("Consent.id", "the consent's id is missing or not a FHIR id");
    }
    let identifier = root.child("patient").and_then(|p| p.child("identifier"));
    let part = |name: &str| identifier.and_then(|i| i.child_text(name)).unwrap_or_default().to_string();
    let subject = (part("system"), part("value"));
    if crate::model::identifier::kind_of_system(&subject.0).is_none() || subject.1.is_empty() {
        miss("Consent.patient.identifier", "a personal identifier of a known system is expected");
    }
    let active = root.child_text("status") == Some("active");
    let provision = root.child("provision");
    if active && provision.is_none() {
        miss("Consent.provision", "the provision is missing");
    }
    if root.child("modifierExtension").is_some() {
        miss(
            "Consent.modifierExtension",
            "an extension that changes the meaning is not read by this version",
        );
    }
    for part in provision.into_iter().flat_map(|p| p.children()) {
        let path = format!("Consent.provision.{}", shown(part.name()));
        match part.name() {
            "id" | "type" | "period" | "class" => {}
            "actor" if receiver(part).is_some() => {}
            // Read as absent, it would mean every receiver.
            "actor" => miss(&path, "the actor's reference.identifier must be an HSA-id"),
            // Whatever narrows a consent and is not read would widen it.
            _ => miss(&path, "this part of a provision is not read by this version"),
        }
    }
    if provision.is_some_and(|p| p.child_text("type") != Some("permit")) {
        miss("Consent.provision.type", "'permit' is expected");
    }
    let basis = coding(root.child("policyRule")).next().and_then(Basis::from_word).filter(|b| b.is_consent());
    if basis.is_none() {
        miss("Consent.policyRule.coding", "a consent basis code is expected");
    }
    Fault::unless_clean(findings)?;
    let fact = match (active, basis, provision) {
        (true, Some(basis), Some(provision)) => Some(fact(id, basis, provision)?),
        _ => None,
    };
    Ok(Consent { id: id.to_string(), subject, fact })
}

fn fact(id: &str, basis: Basis, provision: NodeRef<'_>) -> Result<ConsentFact, Fault> {
    let period = provision.child("period");
    let bound = |name: &str, end: bool| -> Result<Option<Timestamp>, Fault> {
        let Some(text) = period.and_then(|p| p.child_text(name)) else { return Ok(None) };
        instant(text, end).map(Some).ok_or_else(|| {
            let finding =
                Finding::error(Code::EnvelopeField, "a date or a date and time with offset is expected");
            Fault::one(finding.at(format!("Consent.provision.period.{name}")))
        })
    };
    let receivers = provision.all("actor").filter_map(receiver).map(|id| id.to_string());
    Ok(ConsentFact {
        reference: format!("Consent/{id}"),
        holder: String::new(),
        basis,
        kinds: provision.all("class").filter_map(|c| c.child_text("code").map(str::to_string)).collect(),
        receivers: receivers.collect(),
        from: bound("start", false)?,
        until: bound("end", true)?,
    })
}

fn receiver(actor: NodeRef<'_>) -> Option<HsaId> {
    HsaId::parse(actor.child("reference")?.child("identifier")?.child_text("value")?)
}

fn coding<'a>(concept: Option<NodeRef<'a>>) -> impl Iterator<Item = &'a str> {
    concept.into_iter().flat_map(|c| c.all("coding")).filter_map(|c| c.child_text("code"))
}

/// A FHIR dateTime with at least a day. A day as an end includes the whole day (Swedish time).
fn instant(text: &str, end: bool) -> Option<Timestamp> {
    if let Ok(instant) = text.parse() {
        return Some(instant);
    }
    let day: Date = text.parse().ok()?;
    let day = if end { day.tomorrow().ok()? } else { day };
    Some(day.to_zoned(crate::stage::validate::stockholm()).ok()?.timestamp())
}
