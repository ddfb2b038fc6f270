//! What routing asks of the record before a message is admitted, and what goes on when it was not for its receiver, or when a
//! person lets go what waited for one (domain §6).
//!
//! Invariant: what goes on is admitted like any message: checked, permitted for its new receiver, rendered for it, as a
//! message of its own under the sender's id; in the transaction that takes it off what is to go on. One that cannot go on is
//! left on record, and never stands in the way of the next. Deliberately absent: who is chosen, which `stage::route` says.

use super::{Gateway, Refusal, digest_of};
use crate::{
    ledger::{Admission, Admitted, Stranded, Trail},
    model::{
        Answer, Arrival, Channel, Code, Envelope, Event, EventKind, Failure, Fault, Key, Partner, PartyKind,
        Peer, Whereabouts,
    },
    registry::Registry,
    rulebook::Rulebook,
    stage::{
        decode::{self, Decoded},
        permit::{self, Facts, Permitted},
        record, route, translate,
        validate::{self, Rules},
    },
};
use jiff::SignedDuration;
use std::sync::Arc;
use tokio::sync::watch;

/// Messages that go on in one go.
const AT_ONCE: usize = 16;

/// The protocol that a message goes on by: one name for each time, because each is a message under the same id.
const TIMES: [&str; 6] = ["onward-1", "onward-2", "onward-3", "onward-4", "onward-5", "onward-6"];

impl Gateway {
    /// What is on record that the choice of a receiver may rest on, where one is chosen, or a concrete receiver may be
    /// another than the record says.
    pub(super) async fn whereabouts(
        &self,
        envelope: &Envelope,
        from: &Partner,
        registry: &Registry,
    ) -> Result<Whereabouts, Failure> {
        if !registry.routes() || from.kind == PartyKind::Municipality {
            return Ok(Whereabouts::default());
        }
        let subject = self.subjects.of(&Facts::of(envelope).value);
        self.ledger.whereabouts(subject, &envelope.sender, &envelope.case).await
    }

    /// What routing keeps of a message.
    pub(super) fn trail(&self, permitted: &Permitted, rulebook: &Rulebook) -> Trail {
        let (valid, envelope) = (permitted.valid(), permitted.valid().envelope());
        let subject = || self.subjects.of(&Facts::of(envelope).value);
        Trail {
            found: valid.choice().map(|choice| choice.to.is_some()),
            placement: rulebook.routes().placement(&envelope.event).map(|opens| (subject(), opens)),
            right: route::right_receiver(&envelope.event, permitted.canonical(), rulebook),
            goes_on: None,
        }
    }

    /// Sends on what was not for its receiver, until nothing is left.
    pub(super) async fn send_onward(&self, stop: &watch::Receiver<bool>) {
        while !*stop.borrow() && self.registry.load().routes() {
            let stranded = match self.ledger.stranded(AT_ONCE).await {
                Ok(stranded) if stranded.is_empty() => return,
                Ok(stranded) => stranded,
                Err(failure) => {
                    tracing::error!(code = %failure.code(), "what is to go on cannot be read: {failure}");
                    return;
                }
            };
            for one in stranded {
                let done = match self.goes_on(&one).await {
                    Ok((admission, to)) => self.admit_onward(admission, &to).await,
                    Err(Refusal::Fault(fault)) => {
                        self.ledger.leave(one.number, self.left(&one, &fault)).await
                    }
                    Err(Refusal::Failure(failure)) => Err(failure),
                };
                if let Err(failure) = done {
                    // It is to go on still: the next round tries again.
                    tracing::error!(code = %failure.code(), "what is to go on cannot be stored: {failure}");
                    return;
                }
            }
        }
    }

    async fn admit_onward(&self, admission: Admission, to: &Partner) -> Result<(), Failure> {
        match self.ledger.admit(admission).await? {
            Admitted::New => {
                self.seats.ring(to);
                Ok(())
            }
            _ => Err(Failure::Internal("what goes on is on record already".into())),
        }
    }

    /// The message anew, for its next receiver.
    async fn goes_on(&self, one: &Stranded) -> Result<(Admission, Arc<Partner>), Refusal> {
        let (registry, rulebook) = (self.registry.load_full(), self.rulebook.load_full());
        let gone = || Fault::of(Code::UnknownPartner, "the sender is no party any more");
        let from = registry.partner(&one.sender).ok_or_else(gone)?.clone();
        let often = || Fault::of(Code::UnknownReceiver, "it has gone on too often");
        let times = usize::try_from(one.times).unwrap_or(usize::MAX);
        let protocol = TIMES.get(times).copied().ok_or_else(often)?;
        let arrival = arrival(one);
        let limit = self.config.listen.max_body_bytes.max(one.original.len());
        let Decoded::Message(message) = decode::message(&arrival, &from, &rulebook, limit)? else {
            return Err(Fault::of(Code::Internal, "an accepted message is none").into());
        };
        let now = self.clock.now();
        let mut known = self.whereabouts(&message.envelope, &from, &registry).await?;
        known.right.clone_from(&one.right);
        // It was sent in time once.
        let (mode, skew) = (self.config.mode, SignedDuration::MAX);
        let rules = Rules { registry: &registry, rulebook: &rulebook, mode, skew, now, known: &known };
        let mut valid = validate::message(*message, from, &arrival.bytes, &rules)?;
        valid.instead_of(&one.message);
        if one.held && valid.lacks_receiver() {
            return Err(Fault::of(Code::UnknownReceiver, "no rule finds a receiver yet").into());
        }
        let decision = self.decide_valid(&valid, now).await;
        let permitted = permit::apply(valid, decision)?;
        let rendered = translate::render(&permitted, &arrival.bytes, &rulebook)?;
        let expire = SignedDuration::from_hours(self.config.delivery.expire_hours);
        let delivery = route::delivery(&permitted, rendered, self.entropy.uuid(), now, expire);
        let (id, envelope) = (self.entropy.uuid(), permitted.valid().envelope());
        let (sender, message_id) = (one.sender.clone(), one.sender_id.clone());
        let admission = Admission {
            key: Key { sender, protocol, message_id },
            hash: digest_of(&one.original),
            event: envelope.event.clone(),
            case: envelope.case.clone(),
            refers_to: envelope.refers_to.clone(),
            sent: envelope.sent,
            occurred: envelope.occurred,
            received: now,
            format: permitted.valid().format(),
            original: arrival.bytes,
            answer: Answer { status: 202, content_type: String::new(), body: Vec::new() },
            state: route::state(&permitted),
            events: record::accepted(&id, &permitted, &delivery.id, None, now),
            deliveries: vec![delivery],
            marking: None,
            receipts: self.receipts(&permitted),
            gives: None,
            beside: Vec::new(),
            telling: self.telling(&permitted, &rulebook),
            trail: Trail { goes_on: Some(one.number), ..self.trail(&permitted, &rulebook) },
            id,
        };
        Ok((admission, permitted.valid().to().clone()))
    }

    fn left(&self, one: &Stranded, fault: &Fault) -> Event {
        tracing::error!(code = %fault.code(), message = one.message, "a message cannot go on to another receiver");
        Event {
            at: self.clock.now(),
            // What was held is held still.
            kind: if one.held { EventKind::Held } else { EventKind::Waived },
            message: Some(one.message.clone()),
            delivery: None,
            party: Some(one.sender.to_string()),
            code: Some(fault.code().to_string()),
            detail: "{\"onward\":false}".into(),
        }
    }
}

/// It arrived once; that is all that is known of how.
fn arrival(one: &Stranded) -> Arrival {
    Arrival {
        bytes: one.original.clone(),
        channel: Channel::Fhir,
        format: one.format,
        peer: Peer { hsa_id: Some(one.sender.clone()), serial: String::new() },
        at: one.received,
    }
}
