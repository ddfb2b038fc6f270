//! Message → [`Valid`]: schema, profile, identifiers, times, parties and agreement, all at once.
//!
//! Invariant: only this stage makes a `Valid`, and only from a message without any error. The same
//! rules serve the CLI (`rulebook::check`). Deliberately absent: repair of any kind.

mod addressed;
mod beside;

use crate::{
    config::{EventRule, Mode},
    model::{
        Choice, Code, Envelope, Fault, Finding, Format, Message, Partner, Told, Whereabouts,
        path::ElementPath,
    },
    registry::{Agreed, Registry},
    rulebook::{
        Rulebook,
        check::{Document, place},
        envelope::{self, Part},
    },
};
use fhir::Tree;
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use std::sync::{Arc, OnceLock};

pub use crate::rulebook::check::identifier;
pub use beside::{Beside, beside};

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
    /// What is on record that the choice of a receiver may rest on.
    pub known: &'a Whereabouts,
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
    choice: Option<Choice>,
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
    /// How its receiver was chosen, if it was sent to a routing address.
    pub fn choice(&self) -> Option<&Choice> {
        self.choice.as_ref()
    }
    /// Was nobody found to receive it? Then it waits for a person.
    pub fn lacks_receiver(&self) -> bool {
        self.choice.as_ref().is_some_and(|choice| choice.to.is_none())
    }
    /// It goes on in the place of this message (the gateway's id), which was not for its receiver.
    pub fn instead_of(&mut self, message: &str) {
        if let Some(choice) = &mut self.choice {
            choice.instead_of = Some(message.to_string());
        }
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
    let Message { envelope, format, tree, canonical, told } = message;
    let mut findings = Vec::new();
    let known = rules.registry.knows_event(&envelope.event) && rules.rulebook.knows_event(&envelope.event);
    if !known {
        let finding = Finding::error(Code::UnknownEvent, "the event code is not in the catalogue");
        findings.push((finding, Some(Part::Event)));
    }
    let subject = &envelope.subject;
    let number = identifier(&subject.system, &subject.value, Some(rules.mode), rules.now);
    findings.extend(number.map(|f| (f, Some(Part::Subject))));
    times(&envelope, rules, &mut findings);
    let to = parties(&envelope, &from, rules, &mut findings, known);
    let source = Source { tree: &tree, format, canonical: canonical.as_ref(), told: &told };
    let mut findings = placed(findings, &source, &envelope.event, rules.rulebook);
    let canonical = match known {
        true => {
            let document = Document { tree, format, bytes, canonical, told };
            let content = rules.rulebook.check_content(document, &envelope.event, false);
            findings.extend(content.found.into_iter().map(|found| found.finding));
            content.canonical
        }
        false => None,
    };
    let mut notes = Fault::unless_clean(findings)?;
    match (to, canonical) {
        (Some((to, agreed)), Some(canonical)) => {
            notes.extend(addressed::elsewhere(&from, &to, rules.known));
            let valid = Valid { envelope, format, canonical, to, from, agreed, choice: None, notes };
            Ok(addressed::chosen(valid, rules))
        }
        _ => Err(Fault::of(Code::Internal, "validation ended without a verdict")),
    }
}

/// A finding, and the part of the envelope that it is about.
type About = (Finding, Option<Part>);

/// What the parts of an envelope are placed in.
struct Source<'a> {
    tree: &'a Tree,
    format: Format,
    canonical: Option<&'a Tree>,
    told: &'a Told,
}

/// Findings with their places in the text received.
fn placed(findings: Vec<About>, source: &Source<'_>, event: &str, rulebook: &Rulebook) -> Vec<Finding> {
    let Source { tree, format, canonical, told } = *source;
    let place = |(finding, part): About| match part {
        Some(part) => finding.at(envelope::place_of(part, canonical.unwrap_or(tree), format.model())),
        None => finding,
    };
    let mut findings: Vec<Finding> = findings.into_iter().map(place).collect();
    match canonical {
        Some(_) => {
            let of_envelope = findings.iter_mut().filter(|f| f.place.path.is_some());
            rulebook.lead_back(of_envelope, tree, event, format, told);
        }
        None => place::locate(&mut findings, tree),
    }
    if format == Format::CaseXml {
        findings.iter_mut().for_each(|finding| place::in_elements(finding, tree));
    }
    findings
}

/// The send time must be near our clock on both sides; what it tells about may be older, not newer.
fn times(envelope: &Envelope, rules: &Rules<'_>, findings: &mut Vec<About>) {
    let off = |t: Timestamp| t.duration_since(rules.now);
    let sent = off(envelope.sent);
    if sent.abs() > rules.skew {
        let side = if sent.is_positive() { "ahead of" } else { "behind" };
        let minutes = sent.abs().as_mins();
        let detail = format!("the send time is {minutes} minutes {side} the gateway's clock");
        findings.push((Finding::error(Code::ClockOff, detail), Some(Part::Sent)));
    }
    let occurred = off(envelope.occurred);
    if occurred > rules.skew {
        let detail = format!("the event time is {} minutes ahead of the gateway's clock", occurred.as_mins());
        findings.push((Finding::error(Code::ClockOff, detail), Some(Part::Occurred)));
    }
}

fn parties(
    envelope: &Envelope,
    from: &Partner,
    rules: &Rules<'_>,
    findings: &mut Vec<About>,
    known_event: bool,
) -> Option<(Arc<Partner>, Agreed)> {
    let receiver = &envelope.receiver;
    let to = rules.registry.partner(receiver).or_else(|| rules.registry.waiting(receiver));
    let Some(to) = to else {
        let detail = format!("{} is not a configured party", envelope.receiver);
        findings.push((Finding::error(Code::UnknownReceiver, detail), Some(Part::Receiver)));
        return None;
    };
    let day = rules.now.to_zoned(stockholm()).date();
    let Some(agreed) = rules.registry.rule(&envelope.event, from, to, day) else {
        if known_event {
            let detail = format!("from {} to {} on {day}", from.hsa_id, to.hsa_id);
            findings.push((Finding::error(Code::NotAgreed, detail), None));
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
