//! Message → [`Valid`]: schema, profile, identifiers, times, parties and agreement, all at once.
//!
//! Invariant: only this stage makes a `Valid`, and only from a message without any error. The same
//! rules serve the CLI. Deliberately absent: repair of any kind.

use crate::{
    config::{EventRule, Mode},
    model::{
        Code, Envelope, Fault, Finding, Format, Message, Partner,
        fault::Severity,
        identifier::{self, IdentifierProblem},
        path::ElementPath,
    },
    registry::{Agreed, Registry},
    rulebook::Rulebook,
    stage::translate,
};
use fhir::Tree;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use std::sync::{Arc, OnceLock};

/// What validation needs to know besides the message.
pub struct Rules<'a> {
    /// Parties and agreements.
    pub registry: &'a Registry,
    /// Profiles, schemas and maps.
    pub rulebook: &'a Rulebook,
    /// Test or production.
    pub mode: Mode,
    /// How far a time may be from our clock.
    pub skew: SignedDuration,
    /// Our clock.
    pub now: Timestamp,
}

/// Proof that a message obeys every rule that needs no decision. Made only here:
///
/// ```compile_fail
/// let skipped = sluss::stage::validate::Valid { notes: Vec::new() };
/// ```
#[derive(Debug)]
pub struct Valid {
    envelope: Envelope,
    format: Format,
    canonical: Tree,
    to: Arc<Partner>,
    from: Arc<Partner>,
    agreed: Agreed,
    notes: Vec<Finding>,
}

impl Valid {
    /// The envelope.
    pub fn envelope(&self) -> &Envelope {
        &self.envelope
    }
    /// The format that it came in.
    pub fn format(&self) -> Format {
        self.format
    }
    /// The receiver.
    pub fn to(&self) -> &Arc<Partner> {
        &self.to
    }
    /// The sender.
    pub fn from(&self) -> &Arc<Partner> {
        &self.from
    }
    /// Name of the agreement that covers it.
    pub fn agreement(&self) -> &str {
        &self.agreed.agreement().name
    }
    /// The agreement's rule for this event and direction.
    pub fn rule(&self) -> &EventRule {
        self.agreed.rule()
    }
    /// What the agreement removes for protected subjects.
    pub fn protected_removes(&self) -> &[ElementPath] {
        &self.agreed.agreement().protected_removes
    }
    /// Findings that do not stop the message.
    pub fn notes(&self) -> &[Finding] {
        &self.notes
    }
    /// The message in canonical form, for the stage that takes out of it what may not pass. What is left has none.
    pub(super) fn take_canonical(&mut self) -> Tree {
        std::mem::replace(&mut self.canonical, Tree::new("Bundle"))
    }
}

/// Checks everything. Errors: `SLUSS-IN-009`, `SLUSS-VAL-…`, `SLUSS-RTE-…`, `SLUSS-MAP-001`, all at once.
pub fn message(
    message: Message,
    from: Arc<Partner>,
    bytes: &[u8],
    rules: &Rules<'_>,
) -> Result<Valid, Fault> {
    let Message { envelope, format, tree } = message;
    let mut findings = Vec::new();
    let known = rules.registry.knows_event(&envelope.event) && rules.rulebook.knows_event(&envelope.event);
    if !known {
        findings.push(Finding::error(Code::UnknownEvent, "the event code is not in the catalogue"));
    }
    let subject = &envelope.subject;
    findings.extend(identifier(&subject.system, &subject.value, rules.mode, rules.now));
    times(&envelope, rules, &mut findings);
    let to = parties(&envelope, &from, rules, &mut findings, known);
    let canonical = match known {
        true => content(tree, format, &envelope.event, bytes, rules.rulebook, &mut findings),
        false => None,
    };
    let notes = Fault::unless_clean(findings)?;
    match (to, canonical) {
        (Some((to, agreed)), Some(canonical)) => {
            Ok(Valid { envelope, format, canonical, to, from, agreed, notes })
        }
        _ => Err(Fault::of(Code::Internal, "validation ended without a verdict")),
    }
}

/// Shape, check digit and the two-way test-number guard (domain §7); `None` if the identifier is good.
pub fn identifier(system: &str, value: &str, mode: Mode, now: Timestamp) -> Option<Finding> {
    let year = now.to_zoned(TimeZone::UTC).year();
    let number = identifier::kind_of_system(system)
        .ok_or(IdentifierProblem::System)
        .and_then(|kind| identifier::check(kind, value, year));
    let (code, detail) = match (number, mode) {
        (Err(IdentifierProblem::System), _) => (Code::CheckDigit, "the identifier's system is not known"),
        (Err(IdentifierProblem::Shape), _) => (Code::CheckDigit, "the identifier's shape is wrong"),
        (Err(IdentifierProblem::CheckDigit), _) => {
            (Code::CheckDigit, "the identifier's check digit does not fit")
        }
        (Ok(number), Mode::Test) if !identifier::is_test_number(&number) => {
            (Code::ProductionNumber, "not one of the published test numbers")
        }
        (Ok(number), Mode::Production) if identifier::is_test_number(&number) => {
            (Code::TestNumber, "one of the published test numbers")
        }
        (Ok(_), _) => return None,
    };
    Some(Finding::error(code, detail))
}

/// The send time must be near our clock on both sides; what it tells about may be older, not newer.
fn times(envelope: &Envelope, rules: &Rules<'_>, findings: &mut Vec<Finding>) {
    let off = |t: Timestamp| t.duration_since(rules.now);
    let sent = off(envelope.sent);
    if sent.abs() > rules.skew {
        let side = if sent.is_positive() { "ahead of" } else { "behind" };
        let minutes = sent.abs().as_mins();
        let detail = format!("the send time is {minutes} minutes {side} the gateway's clock");
        findings.push(Finding::error(Code::ClockOff, detail));
    }
    let occurred = off(envelope.occurred);
    if occurred > rules.skew {
        let detail = format!("the event time is {} minutes ahead of the gateway's clock", occurred.as_mins());
        findings.push(Finding::error(Code::ClockOff, detail));
    }
}

fn parties(
    envelope: &Envelope,
    from: &Partner,
    rules: &Rules<'_>,
    findings: &mut Vec<Finding>,
    known_event: bool,
) -> Option<(Arc<Partner>, Agreed)> {
    let Some(to) = rules.registry.partner(&envelope.receiver) else {
        let detail = format!("{} is not a configured party", envelope.receiver);
        findings.push(Finding::error(Code::UnknownReceiver, detail));
        return None;
    };
    let day = rules.now.to_zoned(stockholm()).date();
    let Some(agreed) = rules.registry.rule(&envelope.event, from, to, day) else {
        if known_event {
            let detail = format!("from {} to {} on {day}", from.hsa_id, to.hsa_id);
            findings.push(Finding::error(Code::NotAgreed, detail));
        }
        return None;
    };
    Some((to.clone(), agreed))
}

/// Days and deadlines are counted in Swedish civil time (domain §3).
pub fn stockholm() -> TimeZone {
    static ZONE: OnceLock<TimeZone> = OnceLock::new();
    ZONE.get_or_init(|| TimeZone::get("Europe/Stockholm").unwrap_or(TimeZone::UTC)).clone()
}

/// The format's own schema, then the canonical form against its profile.
fn content(
    mut tree: Tree,
    format: Format,
    event: &str,
    bytes: &[u8],
    rulebook: &Rulebook,
    findings: &mut Vec<Finding>,
) -> Option<Tree> {
    match format {
        Format::FhirJson => {
            let found = rulebook.check_profile(&mut tree, event);
            findings.extend(told(&found).map(|f| profile_finding(f, bytes, Code::Profile)));
            Some(tree)
        }
        Format::CaseJson => {
            let before = findings.len();
            findings.extend(rulebook.check_schema(bytes));
            if findings[before..].iter().any(|f| f.severity == Severity::Error) {
                return None;
            }
            let mut canonical = match translate::canonical(&mut tree, event, format, rulebook) {
                Ok(tree) => tree,
                Err(fault) => {
                    findings.extend(fault.findings().iter().cloned());
                    return None;
                }
            };
            let found = rulebook.check_profile(&mut canonical, event);
            // The schema passed, so what the profile finds now is a defect of our map.
            findings.extend(told(&found).map(|f| profile_finding(f, b"", Code::Untranslatable)));
            Some(canonical)
        }
    }
}

/// What a sender is told: not what could only not be checked here (a code in a value set that is not
/// known in full), which would drown the rest.
fn told(found: &[fhir::Finding]) -> impl Iterator<Item = &fhir::Finding> {
    found.iter().filter(|f| !f.not_checkable)
}

fn profile_finding(found: &fhir::Finding, bytes: &[u8], code: Code) -> Finding {
    let severity = match found.severity {
        fhir::Severity::Error => Severity::Error,
        fhir::Severity::Warning => Severity::Warning,
        fhir::Severity::Information => Severity::Information,
    };
    let detail = format!("{} [{}]", found.message, found.code);
    let finding = Finding { severity, ..Finding::error(code, detail) }.at(found.place.clone());
    if bytes.is_empty() || found.span.end == 0 {
        return finding;
    }
    let at = fhir::finding::position(bytes, found.span.start);
    finding.on(at.line, at.column)
}
