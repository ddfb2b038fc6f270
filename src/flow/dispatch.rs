//! The second half of the spine: what is due leaves, and what came of it goes on record.
//!
//! Invariant: `claim` has put the attempt on record before `carry` is called; permission is decided
//! again before the courier gets a byte; a crash in between is `Unknown` at the next start, without
//! special code. One receiver never takes more than its share of what is under way.

use super::{Gateway, as_slice};
use crate::{
    ledger::Room,
    model::{Decision, Delivery, HsaId, Partner, Settlement},
    registry::Registry,
    stage::{
        permit::{self, Facts},
        settle::{self, Pace},
        validate,
    },
};
use jiff::SignedDuration;
use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};
use tokio::sync::watch;

impl Gateway {
    /// Delivers what is due until told to stop, then lets what is under way end.
    pub async fn dispatch(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut attempts = tokio::task::JoinSet::new();
        let mut changed = self.ledger.changed();
        while !*stop.borrow() {
            while attempts.try_join_next().is_some() {}
            changed.mark_unchanged();
            let room = self.config.delivery.concurrency.saturating_sub(attempts.len());
            if room == 0 {
                tokio::select! {
                    () = self.freed.notified() => {}
                    _ = stop.changed() => {}
                }
                continue;
            }
            let claimed = match self.ledger.claim(self.clock.now(), room, self.room()).await {
                Ok(claimed) => claimed,
                Err(failure) => {
                    tracing::error!(code = %failure.code(), "deliveries cannot be claimed: {failure}");
                    Vec::new()
                }
            };
            let idle = claimed.is_empty();
            for delivery in claimed {
                self.count(&delivery.lane.receiver, 1);
                attempts.spawn(self.clone().attempt(delivery));
            }
            if idle {
                self.rest(&mut stop, &mut changed).await;
            }
        }
        while attempts.join_next().await.is_some() {}
    }

    /// Waits until something may have become claimable.
    async fn rest(&self, stop: &mut watch::Receiver<bool>, changed: &mut watch::Receiver<u64>) {
        if changed.has_changed().unwrap_or(false) {
            return;
        }
        let next = self.ledger.next_due(self.room()).await.ok().flatten();
        let wait = next.map_or(60_000, |t| t.duration_since(self.clock.now()).as_millis().clamp(2, 60_000));
        tokio::select! {
            _ = changed.changed() => {}
            () = self.freed.notified() => {}
            _ = stop.changed() => {}
            () = tokio::time::sleep(Duration::from_millis(wait as u64)) => {}
        }
    }

    /// One attempt: its record exists already; decide again, carry, settle.
    async fn attempt(self: Arc<Self>, delivery: Delivery) {
        let settlement = self.carry(&delivery).await;
        self.settle(&delivery, settlement).await;
        self.count(&delivery.lane.receiver, -1);
        self.freed.notify_one();
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
        let pace = Pace {
            first: SignedDuration::from_millis(self.config.delivery.retry_first_ms as i64),
            longest: SignedDuration::from_secs(self.config.delivery.retry_max_s as i64),
        };
        let Some(to) = registry.partner(&delivery.lane.receiver).cloned() else {
            return settle::not_permitted(delivery, false, self.clock.now(), pace);
        };
        match self.decide_again(delivery, &to, &registry).await {
            Decision::Pass { .. } => {}
            Decision::Hold(_) => return settle::not_permitted(delivery, true, self.clock.now(), pace),
            Decision::Stop { .. } => return settle::not_permitted(delivery, false, self.clock.now(), pace),
        }
        let outcome = self.courier.deliver(&to, delivery).await;
        settle::outcome(delivery, &to, &outcome, self.clock.now(), pace)
    }

    async fn decide_again(&self, delivery: &Delivery, to: &Partner, registry: &Registry) -> Decision {
        let now = self.clock.now();
        let stop = Decision::Stop { accepted: Vec::new(), why: None };
        let Ok(facts) = serde_json::from_str::<Facts>(&delivery.facts) else { return stop };
        let from = HsaId::parse(&facts.sender).and_then(|id| registry.partner(&id).cloned());
        let Some(from) = from else { return stop };
        let day = now.to_zoned(validate::stockholm()).date();
        let Some(agreed) = registry.rule(&facts.event, &from, to, day) else { return stop };
        let consents = self.consents_for(&facts, permit::asks_register(agreed.rule())).await;
        permit::decide(&facts, agreed.rule(), &from, to, as_slice(&consents), now)
    }

    /// How many more deliveries each receiver may have under way.
    fn room(&self) -> Room {
        let registry = self.registry.load();
        let under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let left = registry.partners().map(|p| {
            let busy = under_way.get(&p.hsa_id).copied().unwrap_or_default();
            (p.hsa_id.clone(), (p.in_flight as usize).saturating_sub(busy))
        });
        Room { each: 1, left: left.collect() }
    }

    fn count(&self, receiver: &HsaId, change: isize) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        let count = under_way.entry(receiver.clone()).or_default();
        *count = count.saturating_add_signed(change);
    }
}
