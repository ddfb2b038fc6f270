//! The messages that go out beside one: the same stages, in the same order, for each.
//!
//! Invariant: all or nothing, in one transaction; each is a message of its own, with its own decision, delivery, lane and
//! journey, and a place in the sender's answer. Deliberately absent: which messages these are (see `stage::validate`).

use super::{Gateway, digest_of};
use crate::{
    ledger::{Admission, Trail},
    model::{Answer, Arrival, Fault, Finding, Key, Partner},
    rulebook::Rulebook,
    stage::{acknowledge, permit, record, route, translate, validate::Beside},
};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// What goes on record and into the answer.
#[derive(Default)]
pub(super) struct Parts {
    admissions: Vec<Admission>,
    /// Who receives them.
    pub receivers: Vec<Arc<Partner>>,
    /// What the sender is told of them.
    pub notes: Vec<Finding>,
}

impl Parts {
    /// For the record: their sender is answered as for the message that they go beside.
    pub fn answered(self, answer: &Answer) -> Vec<Admission> {
        let answered = |one| Admission { answer: answer.clone(), ..one };
        self.admissions.into_iter().map(answered).collect()
    }
}

impl Gateway {
    /// Takes what goes out beside the message under `key` through the stages that are left.
    pub(super) async fn parts(
        &self,
        arrival: &Arrival,
        key: &Key,
        made: Vec<Beside>,
        rulebook: &Rulebook,
        now: Timestamp,
    ) -> Result<Parts, Fault> {
        let expire = SignedDuration::from_hours(self.config.delivery.expire_hours);
        let mut parts = Parts::default();
        for Beside { valid, bytes } in made {
            let decision = self.decide_valid(&valid, now).await;
            let permitted = permit::apply(valid, decision)?;
            let rendered = translate::render(&permitted, &bytes, rulebook)?;
            let delivery = route::delivery(&permitted, rendered, self.entropy.uuid(), now, expire);
            let id = self.entropy.uuid();
            let envelope = permitted.valid().envelope();
            parts.notes.extend(acknowledge::beside(&permitted));
            parts.receivers.push(permitted.valid().to().clone());
            parts.admissions.push(Admission {
                key: Key { message_id: envelope.id.clone(), ..key.clone() },
                hash: digest_of(&bytes),
                event: envelope.event.clone(),
                case: envelope.case.clone(),
                refers_to: envelope.refers_to.clone(),
                sent: envelope.sent,
                occurred: envelope.occurred,
                received: arrival.at,
                format: permitted.valid().format(),
                answer: Answer { status: 0, content_type: String::new(), body: Vec::new() },
                state: route::state(&permitted),
                marking: None,
                receipts: self.receipts(&permitted),
                gives: None,
                trail: Trail::default(),
                telling: self.telling(&permitted, rulebook),
                events: record::accepted(&id, &permitted, &delivery.id, Some(&key.message_id), now),
                deliveries: vec![delivery],
                original: bytes,
                beside: Vec::new(),
                id,
            });
        }
        Ok(parts)
    }
}
