//! THE SPINE: admit here, dispatch and sweep beside it. Read this first: order, not logic.
//!
//! Invariant: nothing is answered before it is on record, nothing leaves before its attempt is on
//! record. A stage left out does not compile: `ledger.admit` takes a delivery that only `route` can
//! make from a `Permitted`, which only `permit` makes from a `Valid`, which only `validate` makes.
//! Deliberately absent: transports, SQL, and any rule about content.

mod beside;
mod dispatch;
mod ends;
pub mod mailbox;
mod marking;
mod notify;
mod onward;
pub mod operate;
mod receipts;
pub mod sweep;
mod telling;

use crate::{
    config::Config,
    ledger::{Admission, Admitted, Known, Ledger, Slot, Slots, SubjectKey},
    model::{Answer, Arrival, Channel, Decision, Failure, Fault, Hold, Key, Message, Partner},
    port::{Clock, ConsentFact, ConsentSource, Courier, Entropy, Silent},
    registry::Registry,
    rulebook::Rulebook,
    stage::{
        acknowledge::{self, Style},
        decode::{self, Decoded},
        identify, mark,
        permit::{self, Facts, Permitted},
        record, route, translate,
        validate::{self, Rules, Valid},
    },
};
use aws_lc_rs::digest;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;

/// Everything that the spine runs on. Made by `app`.
pub struct Gateway {
    /// The checked configuration.
    pub config: Config,
    /// Parties and agreements.
    pub registry: arc_swap::ArcSwap<Registry>,
    /// Maps, profiles, schemas.
    pub rulebook: arc_swap::ArcSwap<Rulebook>,
    /// What happened and what is owed.
    pub ledger: Ledger,
    /// The hash that stands for a person.
    pub subjects: SubjectKey,
    /// What time it is.
    pub clock: Arc<dyn Clock>,
    /// Fresh ids.
    pub entropy: Arc<dyn Entropy>,
    /// Who carries deliveries.
    pub courier: Arc<dyn Courier>,
    /// Who is asked for consents.
    pub consents: Arc<dyn ConsentSource>,
    /// How many deliveries may be under way.
    pub slots: Arc<Slots>,
    /// Rung when the clock was moved.
    pub stirred: tokio::sync::Notify,
    /// Who waits at a mailbox.
    pub seats: Arc<mailbox::Seats>,
}

/// Why a message is not accepted.
enum Refusal {
    /// The message is at fault: recorded and answered.
    Fault(Fault),
    /// We are: no record, no promise.
    Failure(Failure),
}

impl From<Fault> for Refusal {
    fn from(fault: Fault) -> Refusal {
        Refusal::Fault(fault)
    }
}

impl From<Failure> for Refusal {
    fn from(failure: Failure) -> Refusal {
        Refusal::Failure(failure)
    }
}

impl Gateway {
    /// Takes one arrival through every stage and answers it. When the answer says accepted, the
    /// message is on disk and the sender may forget it.
    pub async fn admit(&self, arrival: &Arrival, style: Style<'_>) -> Answer {
        // What cannot be read may still have told its id.
        let mut known = style.asked.and_then(|asked| asked.control_id()).map(str::to_owned);
        match self.stages(arrival, style, &mut known).await {
            Ok(answer) => answer,
            Err(Refusal::Fault(fault)) => self.refuse(arrival, known.as_deref(), &fault, style).await,
            Err(Refusal::Failure(failure)) => ends::failed(style, &failure),
        }
    }

    /// The stages in the order a message meets them.
    async fn stages(
        &self,
        arrival: &Arrival,
        style: Style<'_>,
        known: &mut Option<String>,
    ) -> Result<Answer, Refusal> {
        let registry = self.registry.load_full();
        let from = identify::caller(&arrival.peer, &registry)?;
        let rulebook = self.rulebook.load_full();
        let limit = self.config.listen.most(arrival.channel);
        let message = match decode::message(arrival, &from, &rulebook, limit)? {
            Decoded::Message(message) => *message,
            Decoded::Noted(noted) => return self.note(arrival, style, &noted).await,
        };
        *known = Some(message.envelope.id.clone());
        identify::agrees(&from, &message.envelope)?;
        let (key, hash) = duplicate_key(arrival, &message, &from);
        match self.take(arrival, style, message, from, &key, hash).await {
            // What was accepted stays accepted, even if it would not be any more.
            Err(Refusal::Fault(fault)) => match self.ledger.known(&key, &hash).await? {
                Some(known) => self.repeat(&key, known).await,
                None => Err(fault.into()),
            },
            taken => taken,
        }
    }

    /// The stages that a message with a known sender meets, to its record.
    async fn take(
        &self,
        arrival: &Arrival,
        style: Style<'_>,
        message: Message,
        from: Arc<Partner>,
        key: &Key,
        hash: [u8; 32],
    ) -> Result<Answer, Refusal> {
        let (registry, rulebook) = (self.registry.load_full(), self.rulebook.load_full());
        let now = self.clock.now();
        let skew = SignedDuration::from_mins(self.config.clock_skew_minutes);
        let known = self.whereabouts(&message.envelope, &from, &registry).await?;
        let mode = self.config.mode;
        let rules = Rules { registry: &registry, rulebook: &rulebook, mode, skew, now, known: &known };
        let valid = validate::message(message, from, &arrival.bytes, &rules)?;
        let made = validate::beside(&valid, &rules)?;
        let decision = self.decide_valid(&valid, now).await;
        let permitted = permit::apply(valid, decision)?;
        let marking = self.marking(&permitted, &rulebook).await?;
        let rendered = translate::render(&permitted, &arrival.bytes, &rulebook)?;
        let expire = SignedDuration::from_hours(self.config.delivery.expire_hours);
        let delivery = route::delivery(&permitted, rendered, self.entropy.uuid(), now, expire);
        let parts = self.parts(arrival, key, made, &rulebook, now).await?;
        let id = self.entropy.uuid();
        let held = match permitted.decision() {
            Decision::Hold(hold) => Some(hold.word()),
            _ => None,
        };
        let mut notes = acknowledge::notes(permitted.valid().notes(), permitted.removed(), held);
        notes.extend(parts.notes.iter().cloned());
        let envelope = permitted.valid().envelope();
        let reference = envelope.reference.as_deref();
        let answer = acknowledge::accepted(style, &id, &envelope.id, reference, &notes);
        let events = record::accepted(&id, &permitted, &delivery.id, None, now);
        let receivers = parts.receivers.clone();
        let admission = Admission {
            id,
            key: key.clone(),
            hash,
            event: envelope.event.clone(),
            case: envelope.case.clone(),
            refers_to: envelope.refers_to.clone(),
            sent: envelope.sent,
            occurred: envelope.occurred,
            received: arrival.at,
            format: permitted.valid().format(),
            original: arrival.bytes.clone(),
            answer: answer.clone(),
            state: route::state(&permitted),
            deliveries: vec![delivery],
            marking,
            receipts: self.receipts(&permitted),
            gives: None,
            telling: self.telling(&permitted, &rulebook),
            trail: self.trail(&permitted, &rulebook),
            events,
            beside: parts.answered(&answer),
        };
        let slot = self.slot(&permitted);
        match self.ledger.admit_with(admission, slot).await? {
            Admitted::New => {
                receivers.iter().chain([permitted.valid().to()]).for_each(|to| self.seats.ring(to));
                Ok(answer)
            }
            Admitted::Repeat(first) => self.repeat(key, Known::Repeat(first)).await,
            Admitted::Conflict => self.repeat(key, Known::Conflict).await,
            Admitted::Overtaken => Err(mark::overtaken().into()),
        }
    }

    /// A slot for the first attempt, so that it can be on record with the admission. Not where a repeat
    /// could have a second effect: there an attempt goes on record at the last moment.
    fn slot(&self, permitted: &Permitted) -> Option<Slot> {
        let to = permitted.valid().to();
        let passes = matches!(permitted.decision(), Decision::Pass { .. });
        if passes && to.idempotent { self.slots.reserve(&to.hsa_id, to.carried()) } else { None }
    }

    async fn decide_valid(&self, valid: &Valid, now: Timestamp) -> Decision {
        if valid.lacks_receiver() {
            // Permission is about a receiver.
            return Decision::Hold(Hold::NoReceiver);
        }
        let facts = Facts::of(valid.envelope());
        let consents = self.consents_for(&facts, permit::asks_register(&facts, valid.rule())).await;
        permit::decide(&facts, valid.rule(), valid.from(), valid.to(), as_slice(&consents), now)
    }

    async fn consents_for(&self, facts: &Facts, ask: bool) -> Result<Vec<ConsentFact>, Silent> {
        if !ask {
            return Ok(Vec::new());
        }
        self.consents.find(&facts.subject()).await
    }
}

fn as_slice(consents: &Result<Vec<ConsentFact>, Silent>) -> Result<&[ConsentFact], Silent> {
    consents.as_ref().map(Vec::as_slice).map_err(|silent| *silent)
}

/// What makes a repeat: sender, protocol, message id (with the send time, where ids are used again), and the hash
/// of the content.
fn duplicate_key(arrival: &Arrival, message: &Message, from: &Partner) -> (Key, [u8; 32]) {
    let key = Key {
        sender: message.envelope.sender.clone(),
        protocol: arrival.channel.protocol(),
        message_id: match from.reuses_control_ids && arrival.channel == Channel::Mllp {
            true => format!("{}@{}", message.envelope.id, message.envelope.sent),
            false => message.envelope.id.clone(),
        },
    };
    (key, digest_of(&arrival.bytes))
}

fn digest_of(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}
