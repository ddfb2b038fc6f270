//! The envelope of a FHIR R4 message Bundle (FHIR R4 messaging; our header profile).
//!
//! Invariant: only MessageHeader, Bundle.timestamp and the Patient's identity are read here.

use super::{Fields, Part};
use crate::model::{Code, Envelope, Fault, Finding, HsaId, Subject, identifier};
use fhir::{Kind, NodeRef, Tree};

/// Root of our extension URLs.
pub const EXTENSIONS: &str = "https://sluss.example/fhir/StructureDefinition/";
/// Security labels that mark a protected person (domain §5): v3-ActCode and HL7 Sweden's two.
const PROTECTED: [&str; 3] = ["DEMO", "sekretessmarkering", "skyddadFolkbokforing"];

/// Reads the envelope; all findings at once, places as FHIRPath expressions.
pub fn envelope(tree: &Tree) -> Result<Envelope, Fault> {
    let bundle = tree.at(tree.root());
    if bundle.child_text("resourceType") != Some("Bundle") || bundle.child_text("type") != Some("message") {
        return Err(Fault::one(
            Finding::error(Code::WrongResource, "Bundle.type 'message' is expected").at("$this"),
        ));
    }
    let first = bundle.child("entry").and_then(|e| e.child("resource"));
    let header = first.filter(|r| r.child_text("resourceType") == Some("MessageHeader"));
    let Some(header) = header else {
        let finding = Finding::error(Code::NoMessageHeader, "a MessageHeader is expected here");
        return Err(Fault::one(finding.at("Bundle.entry[0].resource")));
    };
    read(bundle, header)
}

/// The event code of a message Bundle; `None` for every other resource.
pub fn event(tree: &Tree) -> Option<&str> {
    let bundle = tree.at(tree.root());
    let first = bundle.child("entry").and_then(|e| e.child("resource"));
    let header = first.filter(|r| r.child_text("resourceType") == Some("MessageHeader"));
    match bundle.child_text("type") {
        Some("message") => {
            Some(header.and_then(|h| h.child("eventCoding")?.child_text("code")).unwrap_or(""))
        }
        _ => None,
    }
}

fn read(bundle: NodeRef<'_>, header: NodeRef<'_>) -> Result<Envelope, Fault> {
    let mut fields = Fields { findings: Vec::new() };
    let place = |field: &str| format!("Bundle.entry[0].resource.{field}");
    let own = |name: &str| place(&format!("extension('{EXTENSIONS}{name}')"));
    let id = fields.id(header.child_text("id"), &place("id"), "the message id");
    let event = header.child("eventCoding").and_then(|c| c.child_text("code"));
    let event = fields.need(event, &place("eventCoding.code"), "the event code");
    let case = fields.id(extension(header, "case-id"), &own("case-id"), "the case id");
    let sender = header.child("sender").and_then(hsa);
    let sender = fields.hsa(sender, &place("sender.identifier.value"), "the sender");
    let mut destinations = header.all("destination");
    let receiver = destinations.next().and_then(|d| d.child("receiver")).and_then(hsa);
    let receiver = fields.hsa(receiver, &place("destination[0].receiver.identifier.value"), "the receiver");
    if destinations.next().is_some() {
        fields.malformed(&place("destination[1]"), "the destination (exactly one receiver per message)");
    }
    let sent = fields.instant(bundle.child_text("timestamp"), "Bundle.timestamp", "the send time");
    let occurred = fields.instant(extension(header, "event-time"), &own("event-time"), "the event time");
    let answers = header.child("response").and_then(|r| r.child_text("identifier"));
    let answers = fields.optional_id(answers, &place("response.identifier"), "the answered message's id");
    let refers_to = extension(header, "refers-to");
    let refers_to = fields.optional_id(refers_to, &own("refers-to"), "the related message's id");
    let basis = header.all("extension").find(|e| is(*e, "legal-basis"));
    let part = |url: &str| {
        let basis = basis?;
        let found = basis.all("extension").find(|e| e.child_text("url") == Some(url))?;
        value(found)
    };
    let subject = subject(bundle, &mut fields);
    let whole = (|| {
        Some(Envelope {
            id,
            event,
            case,
            sender: sender?,
            receiver: receiver?,
            sent: sent?,
            occurred: occurred?,
            reference: extension(header, "sender-reference").map(str::to_string),
            answers,
            refers_to,
            basis: part("code").map(str::to_string),
            basis_reasoned: part("reason").is_some_and(|r| !r.trim().is_empty()),
            subject: subject?,
        })
    })();
    fields.done(whole)
}

/// Where a part stands, as FHIRPath expression.
pub fn place_of(part: Part, tree: &Tree) -> String {
    let header = "Bundle.entry[0].resource.";
    match part {
        Part::Event => format!("{header}eventCoding.code"),
        Part::Sent => "Bundle.timestamp".into(),
        Part::Occurred => format!("{header}extension('{EXTENSIONS}event-time')"),
        Part::Receiver => format!("{header}destination[0].receiver.identifier.value"),
        Part::Subject => {
            let bundle = tree.at(tree.root());
            let at = patients(bundle).next().and_then(|(entry, patient)| {
                let known = patient.all("identifier").position(is_known)?;
                Some(format!("Bundle.entry[{entry}].resource.identifier[{known}].value"))
            });
            at.unwrap_or_else(|| "Bundle".into())
        }
    }
}

/// Writes the message to this receiver: its HSA-id, and no name or place of another.
pub fn readdress(tree: &mut Tree, to: &HsaId) {
    let path = ["entry", "resource", "destination"];
    let destination = path.iter().try_fold(tree.root(), |at, name| tree.child(at, name));
    let Some(destination) = destination else { return };
    let receiver = ["receiver", "identifier", "value"];
    if let Some(value) = receiver.iter().try_fold(destination, |at, name| tree.child(at, name)) {
        tree.set(value, Kind::String, to.as_str());
    }
    if let Some(endpoint) = tree.child(destination, "endpoint") {
        tree.set(endpoint, Kind::String, &format!("urn:hsa:{to}"));
    }
    if let Some(name) = tree.child(destination, "name") {
        tree.remove(name);
    }
}

/// The HSA-id of a reference by identifier.
fn hsa(reference: NodeRef<'_>) -> Option<&str> {
    reference.child("identifier").and_then(|i| i.child_text("value"))
}

fn is(extension: NodeRef<'_>, name: &str) -> bool {
    extension.child_text("url").and_then(|u| u.strip_prefix(EXTENSIONS)) == Some(name)
}

fn value(extension: NodeRef<'_>) -> Option<&str> {
    extension.children().find(|c| c.name().starts_with("value")).and_then(|v| v.text())
}

fn extension<'a>(header: NodeRef<'a>, name: &str) -> Option<&'a str> {
    header.all("extension").find(|e| is(*e, name)).and_then(value)
}

/// The Patients, each with the number of its entry.
fn patients(bundle: NodeRef<'_>) -> impl Iterator<Item = (usize, NodeRef<'_>)> {
    let resources = bundle.all("entry").enumerate().filter_map(|(i, e)| Some((i, e.child("resource")?)));
    resources.filter(|(_, r)| r.child_text("resourceType") == Some("Patient"))
}

/// Is it a personal identifier of a kind we know?
fn is_known(identifier: NodeRef<'_>) -> bool {
    identifier.child_text("system").is_some_and(|s| identifier::kind_of_system(s).is_some())
}

/// The Patient of the message: exactly one, with a personal identifier of a kind we know.
pub fn subject(bundle: NodeRef<'_>, fields: &mut Fields) -> Option<Subject> {
    let mut patients = patients(bundle);
    let Some((index, patient)) = patients.next() else {
        fields.missing("Bundle.entry.resource.ofType(Patient)", "the Patient");
        return None;
    };
    if let Some((second, _)) = patients.next() {
        let path = format!("Bundle.entry[{second}].resource");
        fields.malformed(&path, "the message (one Patient only: nobody else's data may ride along)");
    }
    let known = patient.all("identifier").find(|i| is_known(*i));
    let path = format!("Bundle.entry[{index}].resource.identifier");
    let Some(known) = known else {
        fields.missing(&path, "a personal identifier of a known system");
        return None;
    };
    let labels = patient.child("meta").into_iter().flat_map(|m| m.all("security"));
    let protected = labels.filter_map(|l| l.child_text("code")).any(|c| PROTECTED.contains(&c));
    Some(Subject {
        system: known.child_text("system").unwrap_or_default().to_string(),
        value: fields.need(known.child_text("value"), &path, "the identifier's value"),
        birth_date: patient.child_text("birthDate").and_then(|b| b.parse().ok()),
        protected,
    })
}
