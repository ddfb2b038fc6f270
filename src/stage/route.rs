//! Rendered message → deliveries with lanes and times.
//!
//! Invariant: what is sent and where is fixed here, at acceptance; a party added later never gets an
//! old message. Order is per (receiver, case).

mod choose;

use crate::{
    model::{Decision, Hold, HsaId, Lane, MessageState, NewDelivery},
    rulebook::Rulebook,
    stage::{
        permit::{Facts, Permitted},
        translate::Rendered,
    },
};
pub use choose::{Question, choose};
use fhir::Tree;
use jiff::{SignedDuration, Timestamp};

/// The one delivery of a message to its receiver. `id`: a fresh id for it.
pub fn delivery(
    permitted: &Permitted,
    rendered: Rendered,
    id: String,
    now: Timestamp,
    expire: SignedDuration,
) -> NewDelivery {
    let valid = permitted.valid();
    NewDelivery {
        id,
        lane: Lane { receiver: valid.to().hsa_id.clone(), case: valid.envelope().case.clone() },
        format: rendered.format,
        body: rendered.body,
        facts: serde_json::to_string(&Facts::of(valid.envelope())).unwrap_or_default(),
        due: now,
        expires: now.checked_add(expire).unwrap_or(Timestamp::MAX),
    }
}

/// Who should have had the message that this one is about, as its sender says.
pub fn right_receiver(event: &str, canonical: &Tree, rulebook: &Rulebook) -> Option<HsaId> {
    rulebook.routes().right_receiver(event, canonical)
}

/// Where the message stands when it is accepted.
pub fn state(permitted: &Permitted) -> MessageState {
    state_of(permitted.decision())
}

/// The same by the decision alone.
pub fn state_of(decision: &Decision) -> MessageState {
    match decision {
        Decision::Hold(Hold::ReceiverNotReady | Hold::NoReceiver) => MessageState::Held,
        // A silent consent source is asked again at each attempt.
        _ => MessageState::Waiting,
    }
}

#[cfg(test)]
mod tests;
