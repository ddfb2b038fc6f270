//! The second half of the spine: what is due leaves, and what came of it goes on record.
//!
//! Invariant: `claim` has put the attempt on record before `carry` is called; permission is decided
//! again before the courier gets a byte; a crash in between is `Unknown` at the next start, without
//! special code. One receiver never takes more than its share of what is under way.

use super::{Gateway, as_slice};
use crate::{
    ledger::{Slot, Survey},
    model::{Decision, Delivery, Hold, HsaId, Partner, Settlement},
    registry::Registry,
    stage::{
        permit::{self, Facts},
        receipt,
        settle::{self, Pace},
        validate,
    },
};
use futures_util::{FutureExt, StreamExt, stream::FuturesUnordered};
use jiff::SignedDuration;
use std::{panic::AssertUnwindSafe, sync::Arc, time::Duration};
use tokio::sync::{
    mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel},
    watch,
};

/// A delivery whose attempt is on record.
type Begun = (Delivery, Slot);

impl Gateway {
    /// Delivers what is due until told to stop (or nobody is left to tell), then lets what is under way
    /// end. It is one task, so that many outcomes and answers wake it once; it wants a thread of its own.
    pub async fn dispatch(self: Arc<Self>, stop: watch::Receiver<bool>) {
        let (claims, claimed) = unbounded_channel();
        tokio::join!(self.claim_due(claims, stop.clone()), self.carry_all(claimed, stop));
    }

    /// Carries what began with its admission, and what was claimed.
    async fn carry_all(&self, claimed: UnboundedReceiver<Begun>, mut stop: watch::Receiver<bool>) {
        let (mut begun, mut claimed) = (self.ledger.begun(), Some(claimed));
        let mut attempts = FuturesUnordered::new();
        let mut stopped = false;
        loop {
            let one = tokio::select! {
                one = next(&mut begun), if begun.is_some() => one,
                one = next(&mut claimed), if claimed.is_some() => one,
                Some(()) = attempts.next() => None,
                _ = stop.wait_for(|stop| *stop), if !stopped => {
                    // Nothing begins with its admission from here on; what began before is carried.
                    begun.iter_mut().for_each(UnboundedReceiver::close);
                    stopped = true;
                    None
                }
                else => break,
            };
            if let Some((delivery, slot)) = one {
                attempts.push(self.attempt(delivery, slot));
            }
        }
    }

    /// Claims what is due.
    async fn claim_due(&self, claims: UnboundedSender<Begun>, mut stop: watch::Receiver<bool>) {
        let mut changed = self.ledger.changed();
        while !*stop.borrow() && stop.has_changed().is_ok() {
            changed.mark_unchanged();
            let (claimed, left) = self.claim().await;
            for one in claimed {
                // Whoever carries ends after this does.
                let _ = claims.send(one);
            }
            self.send_onward(&stop).await;
            // What is claimed is on its way before receipts are written; what is due meanwhile waits for a few of them.
            if !self.give_receipts(&stop).await {
                self.rest(&left, &mut stop, &mut changed).await;
            }
        }
    }

    /// What is due, as far as there are slots; and the room that is left.
    async fn claim(&self) -> (Vec<(Delivery, Slot)>, Survey) {
        let registry = self.registry.load();
        let partners = registry.partners().map(|p| (&p.hsa_id, p.carried()));
        let mut survey = self.slots.survey(partners);
        let claimed = match self.ledger.claim(self.clock.now(), survey.limit, survey.room.clone()).await {
            Ok(claimed) => claimed,
            Err(failure) => {
                tracing::error!(code = %failure.code(), "deliveries cannot be claimed: {failure}");
                Vec::new()
            }
        };
        let receivers: Vec<&HsaId> = claimed.iter().map(|d| &d.lane.receiver).collect();
        let slots = self.slots.claimed(&mut survey, &receivers);
        (claimed.into_iter().zip(slots).collect(), survey)
    }

    /// Waits until something may have become claimable: the last claim took all that was due, as far
    /// as there was room.
    async fn rest(
        &self,
        left: &Survey,
        stop: &mut watch::Receiver<bool>,
        changed: &mut watch::Receiver<u64>,
    ) {
        if left.limit == 0 {
            tokio::select! {
                () = self.slots.freed() => {}
                _ = stop.changed() => {}
            }
            return;
        }
        if changed.has_changed().unwrap_or(false) {
            return;
        }
        let next = self.ledger.next_due(left.room.clone()).await.ok().flatten();
        let wait = next.map_or(60_000, |t| t.duration_since(self.clock.now()).as_millis().clamp(2, 60_000));
        // A receiver that is never carried to has no room, and waits for none.
        let full = self.registry.load().partners().any(|p| !p.pulls() && left.room.of(&p.hsa_id) == 0);
        tokio::select! {
            _ = changed.changed() => {}
            () = self.slots.freed(), if full => {}
            _ = stop.changed() => {}
            () = tokio::time::sleep(Duration::from_millis(wait as u64)) => {}
        }
    }

    /// One attempt: its record exists already; decide again, carry, settle. The slot is given back
    /// when the outcome is on record. What panics ends alone, and is `Unknown` at the next start.
    async fn attempt(&self, delivery: Delivery, _slot: Slot) {
        let whole = async {
            let settlement = self.carry(&delivery).await;
            self.settle(&delivery, settlement).await;
        };
        if AssertUnwindSafe(whole).catch_unwind().await.is_err() {
            tracing::error!(delivery = delivery.id, "an attempt panicked; its outcome is not known");
        }
    }

    /// Puts an outcome on record, however long the store refuses it: a full disk may be emptied. Only
    /// when the ledger is dead is it left: then the attempt is `Unknown` at the next start.
    async fn settle(&self, delivery: &Delivery, settlement: Settlement) {
        let mut wait = Duration::from_millis(100);
        while let Err(failure) = self.ledger.settle(settlement.clone()).await {
            tracing::error!(code = %failure.code(), delivery = delivery.id, "an outcome cannot be stored: {failure}");
            if self.ledger.failure().is_some() {
                return;
            }
            tokio::time::sleep(wait).await;
            wait = (wait * 2).min(Duration::from_secs(10));
        }
    }

    async fn carry(&self, delivery: &Delivery) -> Settlement {
        let registry = self.registry.load_full();
        let pace = self.pace();
        let Some(to) = registry.partner(&delivery.lane.receiver).cloned() else {
            let hold = registry.waiting(&delivery.lane.receiver).map(|_| Hold::NoReceiver);
            return settle::not_permitted(delivery, hold, self.clock.now(), pace);
        };
        match self.decide_again(delivery, &to, &registry).await {
            Decision::Pass { .. } => {}
            Decision::Hold(hold) => {
                return settle::not_permitted(delivery, Some(hold), self.clock.now(), pace);
            }
            Decision::Stop { .. } => return settle::not_permitted(delivery, None, self.clock.now(), pace),
        }
        let outcome = self.courier.deliver(&to, delivery).await;
        settle::outcome(delivery, &to, &outcome, self.clock.now(), pace)
    }

    pub(super) fn pace(&self) -> Pace {
        Pace {
            first: SignedDuration::from_millis(self.config.delivery.retry_first_ms as i64),
            longest: SignedDuration::from_secs(self.config.delivery.retry_max_s as i64),
        }
    }

    /// Permission, from the facts stored at acceptance.
    pub(super) async fn decide_again(
        &self,
        delivery: &Delivery,
        to: &Partner,
        registry: &Registry,
    ) -> Decision {
        let now = self.clock.now();
        let stop = Decision::Stop { accepted: Vec::new(), why: None };
        let Ok(facts) = serde_json::from_str::<Facts>(&delivery.facts) else { return stop };
        if facts.sender == self.config.hsa_id.as_str() && facts.event == receipt::EVENT {
            return permit::own(&facts, to);
        }
        let from = HsaId::parse(&facts.sender).and_then(|id| registry.partner(&id).cloned());
        let Some(from) = from else { return stop };
        let day = now.to_zoned(validate::stockholm()).date();
        let Some(agreed) = registry.rule(&facts.event, &from, to, day) else { return stop };
        let consents = self.consents_for(&facts, permit::asks_register(&facts, agreed.rule())).await;
        permit::decide(&facts, agreed.rule(), &from, to, as_slice(&consents), now)
    }
}

/// The next of a queue; a queue that has ended is taken away.
async fn next(queue: &mut Option<UnboundedReceiver<Begun>>) -> Option<Begun> {
    let one = queue.as_mut()?.recv().await;
    if one.is_none() {
        *queue = None;
    }
    one
}
