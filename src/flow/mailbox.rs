//! The spine for a receiver that fetches its messages itself: hand out, wait, take receipts.
//!
//! Invariant: as at every attempt, the hand-out is on record and permission is decided again before a
//! byte leaves; what is handed out is owed until a receipt is on record. A party sees its own
//! deliveries only, and those of others look like none. Deliberately absent: what a page looks like,
//! and expiry, which the dispatcher keeps for every receiver.

mod seats;

use super::Gateway;
use crate::{
    model::{Code, Decision, DeliveryState, Failure, Fault, Lending, Lent, Partner, Peer, Pick, Receipt},
    registry::Registry,
    stage::{identify, mailbox::Ask, settle},
};
use jiff::{SignedDuration, Timestamp};
pub use seats::Seats;
use seats::{End, Seat};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// Bytes of bodies handed out at once, roughly.
const BYTES: usize = 4 << 20;

/// Longest rest between two looks: what nobody rings for, such as the next of a lane whose head has
/// expired, waits no longer than this.
const REST: Duration = Duration::from_secs(5);

/// One party that fetches.
pub struct Puller {
    peer: Peer,
    seat: Seat,
    after: Option<u64>,
    limit: usize,
}

/// Why a party gets nothing.
#[derive(Debug)]
pub enum Cut {
    /// It is at fault.
    Fault(Fault),
    /// We are.
    Failure(Failure),
    /// The gateway stops.
    Closing,
}

impl From<Fault> for Cut {
    fn from(fault: Fault) -> Cut {
        Cut::Fault(fault)
    }
}

impl From<Failure> for Cut {
    fn from(failure: Failure) -> Cut {
        Cut::Failure(failure)
    }
}

impl Gateway {
    /// A seat for whoever fetches. Errors: identity, `SLUSS-MBX-001`, `SLUSS-MBX-003`.
    pub fn puller(&self, peer: &Peer, ask: &Ask) -> Result<Puller, Fault> {
        let to = owner(&self.registry.load(), peer)?;
        let seat = self.seats.sit(&to.hsa_id).ok_or_else(|| {
            Fault::of(Code::TooManyPulls, "all parties together have too many pulls under way")
        })?;
        Ok(Puller { peer: peer.clone(), seat, after: ask.after, limit: ask.limit })
    }

    /// What waits for the party, as soon as there is something; nothing after `wait`.
    pub async fn pull(&self, puller: &mut Puller, wait: Duration) -> Result<Vec<Lent>, Cut> {
        let until = Instant::now() + wait;
        loop {
            // The cursor counts once: what is handed out from here on is known to the party.
            let since = puller.after.take();
            let registry = self.registry.load_full();
            let to = owner(&registry, &puller.peer)?;
            let lent = self.hand_out(&to, &registry, since, puller.limit).await?;
            let left = until.saturating_duration_since(Instant::now());
            if !lent.is_empty() || left.is_zero() {
                return Ok(lent);
            }
            match puller.seat.end() {
                Some(End::Closing) => return Err(Cut::Closing),
                Some(End::Displaced) => {
                    let detail = "a newer pull of this party has taken the place of this one";
                    return Err(Fault::of(Code::TooManyPulls, detail).into());
                }
                None => {}
            }
            let now = self.clock.now();
            let next = self.ledger.mail(&to.hsa_id, now, None).await?.next;
            let again = next.map_or(REST, |at| at.duration_since(now).unsigned_abs());
            puller.seat.rest(left.min(again).min(REST)).await;
        }
    }

    /// One delivery that the party was handed before, once more. Error: `SLUSS-MBX-002`.
    pub async fn fetch(&self, peer: &Peer, delivery: &str) -> Result<Lent, Cut> {
        let registry = self.registry.load_full();
        let to = owner(&registry, peer)?;
        let lending = self.lending(&to, Pick::One(delivery.into()), 1);
        let lent = self.ledger.lend(lending).await?;
        let permitted = self.permitted(lent, &to, &registry).await;
        permitted.into_iter().next().ok_or_else(|| no_such().into())
    }

    /// Takes receipts and tells where each delivery stands then; `None` is no delivery of this party.
    /// Error, if there is none of them: `SLUSS-MBX-002`.
    pub async fn receive(
        &self,
        peer: &Peer,
        receipts: Vec<Receipt>,
    ) -> Result<Vec<Option<DeliveryState>>, Cut> {
        let to = owner(&self.registry.load(), peer)?;
        let states = self.ledger.receive(&to.hsa_id, receipts).await?;
        if states.iter().all(Option::is_none) {
            return Err(no_such().into());
        }
        // The next of a lane may have become the first.
        self.seats.ring(&to);
        Ok(states)
    }

    /// What waits and may pass. Ends, because what is looked at once is not due any more.
    async fn hand_out(
        &self,
        to: &Partner,
        registry: &Registry,
        mut since: Option<u64>,
        limit: usize,
    ) -> Result<Vec<Lent>, Failure> {
        while self.ledger.mail(&to.hsa_id, self.clock.now(), since).await?.due {
            let pick = since.take().map_or(Pick::Due, Pick::Since);
            let lent = self.ledger.lend(self.lending(to, pick, limit)).await?;
            let permitted = self.permitted(lent, to, registry).await;
            if !permitted.is_empty() {
                return Ok(permitted);
            }
        }
        Ok(Vec::new())
    }

    fn lending(&self, to: &Partner, pick: Pick, limit: usize) -> Lending {
        let now = self.clock.now();
        let until = now.checked_add(SignedDuration::from_secs(i64::from(to.timeout_s)));
        let until = until.unwrap_or(Timestamp::MAX);
        Lending { receiver: to.hsa_id.clone(), pick, now, until, limit, bytes: BYTES }
    }

    /// Those that may still pass. The others go on record as stopped, like an attempt that permission
    /// stops; if that fails they come again at their time and are decided again.
    async fn permitted(&self, lent: Vec<Lent>, to: &Partner, registry: &Registry) -> Vec<Lent> {
        let mut permitted = Vec::with_capacity(lent.len());
        for one in lent {
            let hold = match self.decide_again(&one.delivery, to, registry).await {
                Decision::Pass { .. } => {
                    permitted.push(one);
                    continue;
                }
                Decision::Hold(hold) => Some(hold),
                Decision::Stop { .. } => None,
            };
            let stopped = settle::not_permitted(&one.delivery, hold, self.clock.now(), self.pace());
            if let Err(failure) = self.ledger.settle(stopped).await {
                let delivery = &one.delivery.id;
                tracing::error!(code = %failure.code(), delivery, "a stop cannot be stored: {failure}");
            }
        }
        permitted
    }
}

/// The party that the certificate proves, if it has a mailbox.
fn owner(registry: &Registry, peer: &Peer) -> Result<Arc<Partner>, Fault> {
    let party = identify::caller(peer, registry)?;
    if party.pulls() {
        return Ok(party);
    }
    Err(Fault::of(Code::NoMailbox, "messages to this party are carried to its endpoint"))
}

fn no_such() -> Fault {
    Fault::of(Code::NoSuchDelivery, "no delivery with this id waits for this party")
}
