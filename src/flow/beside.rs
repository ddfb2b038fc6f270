//! What goes on record with a message for those that go out beside it: the same stages, in the same order, for each.
//!
//! Invariant: all or nothing; a message that goes out beside another is permitted on its own, and has a delivery, a lane
//! and a place in the sender's answer. Deliberately absent: which messages these are (see `stage::validate`).

use super::Gateway;
use crate::{
    model::{Event, Fault, Finding, MessageState, NewDelivery},
    rulebook::Rulebook,
    stage::{acknowledge, permit, permit::Permitted, record, route, translate, validate::Beside},
};
use jiff::{SignedDuration, Timestamp};

/// What goes on record and into the answer.
#[derive(Default)]
pub(super) struct Parts {
    pub deliveries: Vec<NewDelivery>,
    pub events: Vec<Event>,
    pub notes: Vec<Finding>,
}

impl Parts {
    /// Where the whole stands. Where there are several deliveries, one that has to wait for a person is told so at its
    /// first attempt: it must not hold the others.
    pub fn state(&self, permitted: &Permitted) -> MessageState {
        if self.deliveries.is_empty() { route::state(permitted) } else { MessageState::Waiting }
    }
}

impl Gateway {
    /// Takes what goes out beside the message `id` through the stages that are left.
    pub(super) async fn parts(
        &self,
        id: &str,
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
            parts.events.push(record::beside(id, &permitted, &delivery.id, now));
            parts.notes.extend(acknowledge::beside(&permitted));
            parts.deliveries.push(delivery);
        }
        Ok(parts)
    }
}
