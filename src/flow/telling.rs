//! What a message's case is told of it, put on record with the message.
//!
//! Invariant: codes, times, numbers and parties, and a keyed hash in the place of the person. Deliberately absent: what
//! comes of it, which `sweep` finds out behind the admission.

use super::Gateway;
use crate::{
    ledger::Telling,
    rulebook::Rulebook,
    stage::permit::{Facts, Permitted},
};

impl Gateway {
    /// Of a permitted message; of what was removed from it a case is told nothing.
    pub(super) fn telling(&self, permitted: &Permitted, rulebook: &Rulebook) -> Telling {
        let (valid, envelope) = (permitted.valid(), permitted.valid().envelope());
        let details = rulebook.details_of_checked(&envelope.event, permitted.canonical());
        Telling {
            subject: self.subjects.of(&Facts::of(envelope).subject().value),
            agreement: valid.agreement().to_string(),
            answers: envelope.answers.clone(),
            // Texts only: writing them to memory does not fail.
            details: serde_json::to_string(&details).unwrap_or_default(),
        }
    }

    /// Of a message of the gateway's own, whose delivery alone matters to the case.
    pub(super) fn telling_own(&self, facts: &Facts) -> Telling {
        Telling { subject: self.subjects.of(&facts.subject().value), ..Telling::default() }
    }
}
