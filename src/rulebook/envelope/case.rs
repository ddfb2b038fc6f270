//! The envelope of our open case message (conformance/schemas/case-message.schema.json).

use super::{Fields, Part};
use crate::model::{Envelope, Fault, Subject};
use fhir::{NodeRef, Tree};

/// Reads the envelope; all findings at once, places as JSON pointers.
pub fn envelope(tree: &Tree) -> Result<Envelope, Fault> {
    let root = tree.at(tree.root());
    let mut fields = Fields { findings: Vec::new() };
    let inner = |object: &str, field: &str| root.child(object).and_then(|o| o.child_text(field));
    let id = fields.id(root.child_text("id"), "/id", "the message id");
    let event = fields.need(root.child_text("event"), "/event", "the event code");
    let case = fields.id(root.child_text("case"), "/case", "the case id");
    let sender = fields.hsa(inner("sender", "hsaId"), "/sender/hsaId", "the sender");
    let receiver = fields.hsa(inner("receiver", "hsaId"), "/receiver/hsaId", "the receiver");
    let sent = fields.instant(root.child_text("sentAt"), "/sentAt", "the send time");
    let occurred = fields.instant(root.child_text("occurredAt"), "/occurredAt", "the event time");
    let answers = fields.optional_id(root.child_text("answers"), "/answers", "the answered message's id");
    let refers_to = fields.optional_id(root.child_text("refersTo"), "/refersTo", "the related message's id");
    let subject = subject(root, &mut fields);
    let value = (|| {
        Some(Envelope {
            id,
            event,
            case,
            sender: sender?,
            receiver: receiver?,
            sent: sent?,
            occurred: occurred?,
            reference: root.child_text("senderReference").map(str::to_string),
            answers,
            refers_to,
            basis: inner("basis", "code").map(str::to_string),
            basis_reasoned: inner("basis", "reason").is_some_and(|r| !r.trim().is_empty()),
            subject: subject?,
        })
    })();
    fields.done(value)
}

/// Where a part stands, as JSON pointer.
pub fn place_of(part: Part) -> &'static str {
    match part {
        Part::Event => "/event",
        Part::Sent => "/sentAt",
        Part::Occurred => "/occurredAt",
        Part::Receiver => "/receiver/hsaId",
        Part::Subject => "/subject/personalNumber",
    }
}

pub fn subject(root: NodeRef<'_>, fields: &mut Fields) -> Option<Subject> {
    let Some(subject) = root.child("subject") else {
        fields.missing("/subject", "the subject");
        return None;
    };
    let system = match subject.child_text("numberKind") {
        Some("personnummer") => "http://electronichealth.se/identifier/personnummer",
        Some("samordningsnummer") => "http://electronichealth.se/identifier/samordningsnummer",
        Some("regionalt-reservnummer") => "urn:oid:1.2.752.97.3.1.3",
        Some("nationellt-reservnummer") => "http://electronichealth.se/identifier/nationelltReservnummer",
        Some(_) => {
            fields.malformed("/subject/numberKind", "the kind of number");
            return None;
        }
        None => {
            fields.missing("/subject/numberKind", "the kind of number");
            return None;
        }
    };
    let value =
        fields.need(subject.child_text("personalNumber"), "/subject/personalNumber", "the personal number");
    let birth = subject.child_text("birthDate");
    Some(Subject {
        system: system.to_string(),
        value,
        birth_date: birth.and_then(|b| b.parse().ok()),
        protected: subject.child_text("protection").is_some_and(|p| p != "none"),
    })
}
