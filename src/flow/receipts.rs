//! The gateway's own receipts: what the ledger owes to a sender becomes a message of its own, in the lane of the sender and
//! the case.
//!
//! Invariant: the receipt is admitted in the transaction that takes it off what is owed. One that cannot be written is
//! waived on record, and never stands in the way of the next. Deliberately absent: what a receipt says.

use super::{Gateway, digest_of};
use crate::{
    ledger::{Admission, Admitted, Owed, Trail},
    model::{
        Answer, Arrival, Channel, Code, DeliveryState, Event, EventKind, Failure, Fault, Key, Lane,
        NewDelivery, Partner, Peer,
    },
    stage::{
        decode::{self, Decoded},
        permit, receipt, record, route, translate,
    },
};
use jiff::SignedDuration;
use std::sync::Arc;
use tokio::sync::watch;

/// Receipts written in one go: each is a commit that what is due may have to wait for.
const AT_ONCE: usize = 16;

impl Gateway {
    /// Writes a few of the receipts that are owed, the oldest first. Is there more to write at once?
    pub(super) async fn give_receipts(&self, stop: &watch::Receiver<bool>) -> bool {
        if !self.registry.load().partners().any(|p| !p.receipts.is_empty()) {
            return false;
        }
        let owed = match self.ledger.owed(AT_ONCE).await {
            Ok(owed) => owed,
            Err(failure) => {
                tracing::error!(code = %failure.code(), "receipts cannot be read: {failure}");
                return false;
            }
        };
        for one in &owed {
            if *stop.borrow() {
                return false;
            }
            if let Err(failure) = self.give(one).await {
                // They are owed still: a later round tries again.
                tracing::error!(code = %failure.code(), "a receipt cannot be stored: {failure}");
                return false;
            }
        }
        owed.len() == AT_ONCE
    }

    /// One receipt: admitted, or waived on record. Either way it is owed no more.
    async fn give(&self, owed: &Owed) -> Result<(), Failure> {
        let fault = match self.receipt(owed) {
            Ok((admission, to)) => match self.ledger.admit(admission).await? {
                Admitted::New => {
                    self.seats.ring(&to);
                    return Ok(());
                }
                _ => Fault::of(Code::IdConflict, "a receipt of this id is on record already"),
            },
            Err(fault) => fault,
        };
        self.ledger.waive(owed.number, self.waived(owed, &fault)).await
    }

    /// Of which ends the sender of a message is owed a receipt. Receipts make no receipts.
    pub(super) fn receipts(&self, permitted: &permit::Permitted) -> Vec<DeliveryState> {
        let valid = permitted.valid();
        if valid.envelope().event == receipt::EVENT { Vec::new() } else { valid.from().receipts.clone() }
    }

    fn receipt(&self, owed: &Owed) -> Result<(Admission, Arc<Partner>), Fault> {
        let (registry, rulebook) = (self.registry.load_full(), self.rulebook.load_full());
        let gone = || Fault::of(Code::UnknownPartner, "the sender is no party any more");
        let to = registry.partner(&owed.sender).ok_or_else(gone)?.clone();
        let arrival = Arrival {
            bytes: owed.original.clone(),
            channel: Channel::Fhir,
            format: owed.format,
            peer: Peer { hsa_id: Some(owed.sender.clone()), serial: String::new() },
            at: owed.received,
        };
        // It was accepted under the limit of its time and door; here it is no longer than it is.
        let limit = owed.original.len();
        let Decoded::Message(of) = decode::message(&arrival, &to, &rulebook, limit)? else {
            return Err(Fault::of(Code::Internal, "an accepted message is none"));
        };
        let now = self.clock.now();
        let message_id = format!("R-{}", owed.delivery);
        let facts = receipt::facts(&of.envelope, &self.config.hsa_id);
        let given = receipt::Given {
            id: &message_id,
            from: &self.config.hsa_id,
            name: &self.config.name,
            state: owed.state,
            at: owed.at,
            now,
        };
        let canonical = receipt::message(&of.envelope, &facts, &given);
        let rendered = translate::own(receipt::EVENT, canonical.to_string().as_bytes(), &to, &rulebook)?;
        let (id, delivery) = (self.entropy.uuid(), self.entropy.uuid());
        let decision = permit::own(&facts, &to);
        let expire = SignedDuration::from_hours(self.config.delivery.expire_hours);
        let about = (owed.message.as_str(), owed.delivery.as_str(), owed.state.word());
        let admission = Admission {
            key: Key { sender: self.config.hsa_id.clone(), protocol: "sluss", message_id },
            hash: digest_of(&rendered.body),
            event: receipt::EVENT.into(),
            case: of.envelope.case.clone(),
            refers_to: None,
            sent: now,
            occurred: owed.at,
            received: now,
            format: rendered.format,
            original: rendered.body.clone(),
            answer: Answer { status: 202, content_type: String::new(), body: Vec::new() },
            state: route::state_of(&decision),
            events: vec![record::own_receipt(&id, &delivery, about, &to.hsa_id, &decision, now)],
            deliveries: vec![NewDelivery {
                id: delivery,
                lane: Lane { receiver: to.hsa_id.clone(), case: of.envelope.case.clone() },
                format: rendered.format,
                body: rendered.body,
                facts: serde_json::to_string(&facts).unwrap_or_default(),
                due: now,
                expires: now.checked_add(expire).unwrap_or(jiff::Timestamp::MAX),
            }],
            marking: None,
            receipts: Vec::new(),
            gives: Some(owed.number),
            beside: Vec::new(),
            telling: self.telling_own(&facts),
            trail: Trail::default(),
            id,
        };
        Ok((admission, to))
    }

    fn waived(&self, owed: &Owed, fault: &Fault) -> Event {
        tracing::error!(code = %fault.code(), delivery = owed.delivery, "a receipt cannot be written");
        Event {
            at: self.clock.now(),
            kind: EventKind::Waived,
            message: Some(owed.message.clone()),
            delivery: Some(owed.delivery.clone()),
            party: Some(owed.sender.to_string()),
            code: Some(fault.code().to_string()),
            detail: format!("{{\"receipt\":\"{}\"}}", owed.state.word()),
        }
    }
}
