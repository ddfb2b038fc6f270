//! How an arrival ends that becomes no new message: refused, noted, a repeat, a consent, our own failure.
//!
//! Invariant: what is answered is on record first, except a failure of ours, which promises nothing.
//! Deliberately absent: any stage of a message that is taken.

use super::{Gateway, Refusal};
use crate::{
    ledger::Known,
    model::{Answer, Arrival, Code, Failure, Fault, Key},
    port::Taken,
    rulebook::Noted,
    stage::{
        acknowledge::{self, Style},
        identify, record,
    },
};

impl Gateway {
    /// Records a fault and answers with it. `known`: the sender's message id, if it could be read.
    pub async fn refuse(
        &self,
        arrival: &Arrival,
        known: Option<&str>,
        fault: &Fault,
        style: Style<'_>,
    ) -> Answer {
        let event = record::refused(arrival, known, fault, self.clock.now());
        match self.ledger.record(vec![event]).await {
            Ok(()) => acknowledge::refused(style, fault),
            Err(failure) => failed(style, &failure),
        }
    }

    /// Takes a consent into the register.
    pub async fn register(&self, arrival: Arrival, style: Style<'_>) -> Answer {
        let registry = self.registry.load_full();
        let taken = match identify::caller(&arrival.peer, &registry) {
            Ok(from) => self.consents.take(&arrival, &from.hsa_id, self.clock.now()).await,
            Err(fault) => Err(Taken::Fault(fault)),
        };
        match taken {
            Ok(reference) => acknowledge::registered(style, &reference),
            Err(Taken::Fault(fault)) => self.refuse(&arrival, None, &fault, style).await,
            Err(Taken::Failure(failure)) => failed(style, &failure),
        }
    }

    /// Puts on record what goes no further, and says so.
    pub(super) async fn note(
        &self,
        arrival: &Arrival,
        style: Style<'_>,
        noted: &Noted,
    ) -> Result<Answer, Refusal> {
        let id = self.entropy.uuid();
        self.ledger.record(vec![record::noted(arrival, &id, noted, self.clock.now())]).await?;
        Ok(acknowledge::noted(style, &id, noted))
    }

    /// The same key again: the first answer again; the same id with other content: a conflict.
    pub(super) async fn repeat(&self, key: &Key, known: Known) -> Result<Answer, Refusal> {
        let Known::Repeat(answer) = known else {
            let detail = "the id is taken by a message with other content";
            return Err(Fault::of(Code::IdConflict, detail).into());
        };
        let event = record::repeated(key, self.clock.now());
        self.ledger.record(vec![event]).await?;
        Ok(answer)
    }
}

pub(super) fn failed(style: Style<'_>, failure: &Failure) -> Answer {
    tracing::error!(code = %failure.code(), "an arrival could not be handled: {failure}");
    acknowledge::failed(style, failure)
}
