//! What a case is told: one accepted message, as far as the machines need it.
//!
//! Invariant: codes, days, moments, numbers and ids only. Nothing here names the person; whoever fills
//! [`Told::details`] lets nothing else through (`conformance/tables/case-details.txt` lists each with
//! its place in the canonical form).

use crate::model::{Envelope, HsaId};
use jiff::{Timestamp, civil::Date};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// One accepted message.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Told {
    /// The gateway's id of the message: what steps, obligations and findings name.
    pub message: String,
    /// The sender's id of it: what `answers` and `refers_to` of others name.
    pub id: String,
    /// Event code of the catalogue.
    pub event: String,
    /// Coordination case or exam case.
    pub case: String,
    /// Who sent it.
    pub sender: HsaId,
    /// Whom it is for.
    pub receiver: HsaId,
    /// When what it tells happened: the order of the case.
    pub occurred: Timestamp,
    /// When the sender says that it sent it.
    pub sent: Timestamp,
    /// When the gateway had it on record.
    pub received: Timestamp,
    /// When the gateway first tried to deliver it, or had it ready for a receiver that fetches.
    pub tried: Option<Timestamp>,
    /// When its receiver first had it.
    pub delivered: Option<Timestamp>,
    /// The sender's id of the message that it answers.
    pub answers: Option<String>,
    /// The sender's id of the message that it is about, changes or takes back.
    pub refers_to: Option<String>,
    /// Is it annulled on record?
    #[serde(default)]
    pub annulled: bool,
    /// Codes and times of its content, by the names in [`detail`]; several codes are parted by a space.
    pub details: BTreeMap<String, String>,
}

/// The names of the details. What a message does not carry is absent, and the agreement's terms stand in.
pub mod detail {
    /// M6: moment of the admission, where it is told (the four fields have no place for it).
    pub const ADMITTED_AT: &str = "admitted-at";
    /// M6, M7: estimated discharge, day or moment.
    pub const ESTIMATE: &str = "estimated-discharge";
    /// M8: admission-reply.
    pub const REPLY: &str = "reply";
    /// M9: day of the appointment; M11, M12, M19: moment of the judgement or decision; M16, M20, M21:
    /// the day or moment that it is about.
    pub const AT: &str = "at";
    /// M11: `somatic` or `psychiatric`. The canonical form has no place for it yet.
    pub const CARE: &str = "care";
    /// M11: is a SIP needed, `true` or `false`? The canonical form has no place for it yet.
    pub const SIP_NEEDED: &str = "sip-needed";
    /// M14: moment of leaving; M13: day of it.
    pub const DISCHARGED: &str = "discharged-at";
    /// M14: discharge-destination.
    pub const DESTINATION: &str = "destination";
    /// M1–M4: exam-kind.
    pub const EXAM: &str = "exam";
    /// M1, M2: exam-part, each part asked for; M13: discharge-part.
    pub const PARTS: &str = "parts";
    /// M5: exam-part, each part that was examined.
    pub const DONE: &str = "parts-done";
    /// M5: exam-part, each part that was not examined, with a reason.
    pub const NOT_DONE: &str = "parts-not-done";
    /// M4: exam-status; M15: sip-status; M21: receipt-status.
    pub const STATUS: &str = "status";
    /// M4, M12, M16 end, M20, M21: why, as a code of the event's own list.
    pub const REASON: &str = "reason";
    /// M1, M4: who decides, as a code.
    pub const DECIDER: &str = "decider";
    /// M4: start of the booking; M10: start of the meeting.
    pub const START_AT: &str = "start-at";
    /// M10: sip-consent.
    pub const CONSENT: &str = "consent";
    /// M1, M2, M16: first day of the placement.
    pub const PLACED: &str = "placement-start";
    /// M16: last day of the placement.
    pub const PLACEMENT_END: &str = "placement-end";
    /// M1, M2, M16: placement-kind; M18: patient-left-kind.
    pub const KIND: &str = "kind";
    /// M16: placement-ground.
    pub const GROUND: &str = "ground";
    /// M16: `true` where the subject has skyddad folkbokföring.
    pub const PROTECTED_REGISTRATION: &str = "protected-registration";
    /// M15: day of the follow-up.
    pub const FOLLOW_UP: &str = "follow-up-on";
    /// M17: answer.
    pub const ANSWER: &str = "answer";
    /// M17: the region's share in whole percent.
    pub const SHARE: &str = "region-share";
    /// M20 misdirected: HSA-id of the right receiver; receiver-changed: of the new one.
    pub const RECEIVER: &str = "receiver";
}

impl Told {
    /// A message as it was accepted, not delivered yet.
    pub fn of(
        message: &str,
        envelope: &Envelope,
        received: Timestamp,
        details: BTreeMap<String, String>,
    ) -> Told {
        Told {
            message: message.to_string(),
            id: envelope.id.clone(),
            event: envelope.event.clone(),
            case: envelope.case.clone(),
            sender: envelope.sender.clone(),
            receiver: envelope.receiver.clone(),
            occurred: envelope.occurred,
            sent: envelope.sent,
            received,
            tried: None,
            delivered: None,
            answers: envelope.answers.clone(),
            refers_to: envelope.refers_to.clone(),
            annulled: false,
            details,
        }
    }

    /// A detail.
    pub fn detail(&self, name: &str) -> Option<&str> {
        self.details.get(name).map(String::as_str)
    }

    /// Is the code one of the detail's?
    pub(super) fn says(&self, name: &str, code: &str) -> bool {
        self.codes(name).any(|c| c == code)
    }

    /// The codes of a detail.
    pub(super) fn codes(&self, name: &str) -> impl Iterator<Item = &str> {
        self.detail(name).unwrap_or_default().split(' ').filter(|c| !c.is_empty())
    }

    /// A detail that is a moment.
    pub(super) fn moment(&self, name: &str) -> Option<Timestamp> {
        self.detail(name)?.parse().ok()
    }

    /// A detail that is a day, or a moment on one.
    pub(super) fn day(&self, name: &str) -> Option<Date> {
        let text = self.detail(name)?;
        let moment = || text.parse().ok().map(super::calendar::day_of);
        if text.len() > 10 { moment() } else { text.parse().ok() }
    }
}
