//! May it pass? [`Valid`] → [`Permitted`], held or stopped (domain §4).
//!
//! Invariant: only this stage makes a `Permitted`; the whitelist and the protection of persons have
//! been applied to what it holds. The decision is a pure function of facts and time, taken at
//! acceptance and again at each attempt. Deliberately absent: any default that lets something pass.

mod whitelist;

use crate::{
    config::EventRule,
    model::{Basis, Code, Decision, Envelope, Fault, Finding, Hold, Partner, PartyKind, Subject, identifier},
    port::{ConsentFact, Silent},
    stage::validate::Valid,
};
use fhir::Tree;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

/// The facts that a decision rests on, kept with each delivery so that it can be taken again. They
/// name a person and are stored like a body.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Facts {
    /// Event code.
    pub event: String,
    /// Logical address of the sender.
    pub sender: String,
    /// Basis that the sender asserted.
    pub asserted: Option<String>,
    /// Was a reason given?
    pub reasoned: bool,
    /// Identifier system of the subject.
    pub system: String,
    /// Identifier of the subject.
    pub value: String,
    /// Birth date of the subject.
    pub birth_date: Option<jiff::civil::Date>,
    /// Is the subject protected?
    pub protected: bool,
}

impl Facts {
    /// The facts of an envelope.
    pub fn of(envelope: &Envelope) -> Facts {
        let subject = &envelope.subject;
        let year = envelope.sent.to_zoned(jiff::tz::TimeZone::UTC).year();
        Facts {
            event: envelope.event.clone(),
            sender: envelope.sender.to_string(),
            asserted: envelope.basis.clone(),
            reasoned: envelope.basis_reasoned,
            system: subject.system.clone(),
            value: identifier::canonical(&subject.system, &subject.value, year),
            birth_date: subject.birth_date,
            protected: subject.protected,
        }
    }

    /// The person, as consent sources are asked.
    pub fn subject(&self) -> Subject {
        Subject {
            system: self.system.clone(),
            value: self.value.clone(),
            birth_date: self.birth_date,
            protected: self.protected,
        }
    }
}

/// Does the decision need the consent register under this rule?
pub fn asks_register(facts: &Facts, rule: &EventRule) -> bool {
    statutory(facts, rule).is_none() && rule.bases.iter().any(|b| b.is_consent())
}

/// The statute that lets it pass. Not where the sender builds on a consent that the event accepts as well: it is then
/// held to that, because more may be told with it (efforts, domain §1 M8).
fn statutory(facts: &Facts, rule: &EventRule) -> Option<Basis> {
    let asserted = facts.asserted.as_deref().and_then(Basis::from_word);
    if asserted.is_some_and(|basis| basis.is_consent() && rule.bases.contains(&basis)) {
        return None;
    }
    rule.bases.iter().copied().find(|b| matches!(b, Basis::FourField | Basis::Duty))
}

/// The decision itself. `consents`: what the register answered, `Silent` if it did not.
pub fn decide(
    facts: &Facts,
    rule: &EventRule,
    from: &Partner,
    to: &Partner,
    consents: Result<&[ConsentFact], Silent>,
    now: Timestamp,
) -> Decision {
    if facts.protected && !to.handles_protected {
        return Decision::Hold(Hold::ReceiverNotReady);
    }
    if let Some(basis) = statutory(facts, rule) {
        return Decision::Pass { basis, evidence: None };
    }
    let asserted = facts.asserted.as_deref().and_then(Basis::from_word);
    let why = match asserted.map(|basis| (basis, serves(basis, facts, rule, from, now))) {
        Some((basis, Ok(()))) => {
            return Decision::Pass { basis, evidence: Some("sender's assertion".into()) };
        }
        Some((_, Err(why))) => Some(why),
        None => None,
    };
    let Ok(consents) = consents else {
        return Decision::Hold(Hold::SourceSilent);
    };
    let found = consents.iter().find(|c| covers(c, rule, from, to, now));
    match found {
        Some(consent) => Decision::Pass { basis: consent.basis, evidence: Some(consent.reference.clone()) },
        None => Decision::Stop { accepted: rule.bases.clone(), why },
    }
}

/// The decision about a receipt that the gateway itself gives: it brings no new personal data (domain §1 M21).
pub fn own(facts: &Facts, to: &Partner) -> Decision {
    if facts.protected && !to.handles_protected {
        return Decision::Hold(Hold::ReceiverNotReady);
    }
    Decision::Pass { basis: Basis::Duty, evidence: None }
}

/// Does the asserted basis serve by the assertion alone (§4.2)? The release rules under 18 and between
/// authorities, with a reason; and decisions that are the sender's to take. Otherwise why not.
fn serves(
    basis: Basis,
    facts: &Facts,
    rule: &EventRule,
    from: &Partner,
    now: Timestamp,
) -> Result<(), &'static str> {
    if !rule.bases.contains(&basis) {
        return Err("the asserted basis is not accepted for this event");
    }
    let authority = match basis {
        Basis::ReleaseHealth => from.kind == PartyKind::Region,
        // LVU 11 §: the board decides, and nobody else can say that it did.
        Basis::ReleaseSocial | Basis::BoardLvu => from.kind == PartyKind::Municipality,
        Basis::AssessedIncapable | Basis::CompulsoryCare => true,
        _ => {
            return Err(
                "no valid consent of the asserted kind is registered for this receiver and information",
            );
        }
    };
    match (authority, facts.reasoned, basis.ends_at_18()) {
        (false, ..) => Err("the asserted basis does not cover this sender"),
        (_, false, _) => Err("the asserted basis needs a reason"),
        (_, _, true) if facts.birth_date.is_none() => {
            Err("the asserted basis ends at 18: the subject's birth date is needed")
        }
        (_, _, true) if !is_under_18(facts.birth_date, now) => Err("the asserted basis ends at 18"),
        _ => Ok(()),
    }
}

/// Age at send time, by the Swedish calendar. Without a birth date nobody is shown to be under 18.
fn is_under_18(birth_date: Option<jiff::civil::Date>, now: Timestamp) -> bool {
    let today = now.to_zoned(super::validate::stockholm()).date();
    birth_date.and_then(|b| b.checked_add(18.years()).ok()).is_some_and(|adult| today < adult)
}

/// A consent serves the party that holds it: whoever releases answers for it, and a receiver cannot
/// open the door for itself.
fn covers(consent: &ConsentFact, rule: &EventRule, from: &Partner, to: &Partner, now: Timestamp) -> bool {
    consent.holder == from.hsa_id.as_str()
        && rule.bases.contains(&consent.basis)
        && rule.consent_kind.as_ref().is_some_and(|kind| consent.kinds.contains(kind))
        && (consent.receivers.is_empty() || consent.receivers.iter().any(|r| r == to.hsa_id.as_str()))
        && consent.from.is_none_or(|from| from <= now)
        && consent.until.is_none_or(|until| now < until)
}

/// Proof that a message may pass, or is on record as waiting for that decision. Made only here, from
/// a [`Valid`]:
///
/// ```compile_fail
/// let skipped = sluss::stage::permit::Permitted { removed: Vec::new() };
/// ```
///
/// And nothing is rendered for a receiver without it:
///
/// ```compile_fail
/// fn shortcut(valid: sluss::stage::validate::Valid, rules: &sluss::rulebook::Rulebook) {
///     let _ = sluss::stage::translate::render(&valid, b"", rules);
/// }
/// ```
#[derive(Debug)]
pub struct Permitted {
    valid: Valid,
    canonical: Tree,
    decision: Decision,
    removed: Vec<String>,
}

impl Permitted {
    /// The valid message.
    pub fn valid(&self) -> &Valid {
        &self.valid
    }
    /// The canonical form with nothing in it that may not reach the receiver.
    pub fn canonical(&self) -> &Tree {
        &self.canonical
    }
    /// Pass or hold; never stop.
    pub fn decision(&self) -> &Decision {
        &self.decision
    }
    /// Paths of what was taken out.
    pub fn removed(&self) -> &[String] {
        &self.removed
    }
}

/// Applies a decision: whitelist, protection, or the end. Error: `SLUSS-PRM-001`.
pub fn apply(mut valid: Valid, decision: Decision) -> Result<Permitted, Fault> {
    if let Decision::Stop { accepted, why } = &decision {
        let words: Vec<&str> = accepted.iter().map(|b| b.word()).collect();
        let list = if words.is_empty() { "none".to_string() } else { words.join(", ") };
        let why = why.map(|w| format!("{w}; ")).unwrap_or_default();
        let detail = format!("{why}accepted for this event ({}): {list}", valid.rule().reference);
        return Err(Fault::one(Finding::error(Code::BasisMissing, detail)));
    }
    let mut canonical = valid.take_canonical();
    let mut removed = Vec::new();
    if let Some(whitelist) = &valid.rule().whitelist {
        removed = whitelist::keep(&mut canonical, whitelist);
    }
    if valid.envelope().subject.protected {
        removed.extend(whitelist::drop(&mut canonical, valid.protected_removes()));
    }
    Ok(Permitted { valid, canonical, decision, removed })
}
