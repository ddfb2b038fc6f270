//! How many deliveries may be under way at once, all together and to each receiver.
//!
//! Invariant: a delivery that is under way holds a [`Slot`] from before its attempt is on record until
//! its outcome is; a receiver never has more of them than it allows, and a receiver without room holds
//! no other. An admission gets a slot only where nothing older waits for one, so that what has waited
//! is never overtaken for ever. Deliberately absent: which delivery gets a slot (claims and lanes say).

use super::Room;
use crate::model::HsaId;
use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// The counts.
pub struct Slots {
    most: usize,
    counts: Mutex<Counts>,
    freed: Notify,
}

#[derive(Default)]
struct Counts {
    all: usize,
    by: HashMap<HsaId, usize>,
    /// A claim is being made: its room must stay its own.
    claiming: bool,
    /// The last claim took all it could: anyone's delivery may have been left.
    short: bool,
    /// The last claim took all that these receivers had room for.
    behind: HashSet<HsaId>,
}

/// What a claim may take.
pub struct Survey {
    /// All together.
    pub limit: usize,
    /// By receiver.
    pub room: Room,
}

/// The right to carry one delivery to a receiver; given back when dropped.
pub struct Slot {
    slots: Arc<Slots>,
    receiver: HsaId,
}

impl Slots {
    /// At most `most` deliveries under way.
    pub fn new(most: usize) -> Arc<Slots> {
        Arc::new(Slots { most, counts: Mutex::default(), freed: Notify::new() })
    }

    /// A slot for a receiver that allows `each`, unless there is none or somebody waits for one.
    pub fn reserve(self: &Arc<Slots>, receiver: &HsaId, each: usize) -> Option<Slot> {
        let mut counts = self.counts();
        let used = counts.by.get(receiver).copied().unwrap_or_default();
        let waits = counts.claiming || counts.short || counts.behind.contains(receiver);
        if waits || counts.all >= self.most || used >= each {
            return None;
        }
        Some(self.hold(&mut counts, receiver))
    }

    /// What a claim may take, of receivers with what each allows. Until [`Slots::claimed`] no
    /// admission gets a slot.
    pub fn survey<'a>(&self, receivers: impl Iterator<Item = (&'a HsaId, usize)>) -> Survey {
        let mut counts = self.counts();
        counts.claiming = true;
        let left = receivers.map(|(id, each)| {
            let used = counts.by.get(id).copied().unwrap_or_default();
            (id.clone(), each.saturating_sub(used))
        });
        let room = Room { each: 1, left: left.collect() };
        Survey { limit: self.most.saturating_sub(counts.all), room }
    }

    /// Ends a claim that got deliveries for these receivers: a slot for each of them. The survey is
    /// left with what room there still is.
    pub fn claimed(self: &Arc<Slots>, survey: &mut Survey, receivers: &[&HsaId]) -> Vec<Slot> {
        let mut counts = self.counts();
        survey.limit = survey.limit.saturating_sub(receivers.len());
        for id in receivers {
            if let Some(left) = survey.room.left.get_mut(*id) {
                *left = left.saturating_sub(1);
            }
        }
        counts.claiming = false;
        counts.short = survey.limit == 0;
        let full = survey.room.left.iter().filter(|(_, left)| **left == 0).map(|(id, _)| id.clone());
        counts.behind = full.collect();
        receivers.iter().map(|id| self.hold(&mut counts, id)).collect()
    }

    /// Resolves when a slot was given back since the last time.
    pub async fn freed(&self) {
        self.freed.notified().await;
    }

    fn hold(self: &Arc<Slots>, counts: &mut Counts, receiver: &HsaId) -> Slot {
        counts.all += 1;
        *counts.by.entry(receiver.clone()).or_default() += 1;
        Slot { slots: self.clone(), receiver: receiver.clone() }
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.slots.counts();
        counts.all = counts.all.saturating_sub(1);
        if let Some(used) = counts.by.get_mut(&self.receiver) {
            *used = used.saturating_sub(1);
        }
        drop(counts);
        self.slots.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::*;

    #[test]
    fn a_receiver_and_all_together_have_their_limits_and_the_waiting_go_first() {
        let ids: Vec<HsaId> =
            (1..4).map(|n| HsaId::parse(&format!("SE212000990{n}-KOM1")).unwrap()).collect();
        let slots = Slots::new(4);
        let first = slots.reserve(&ids[0], 1).unwrap();
        assert!(slots.reserve(&ids[0], 1).is_none(), "the receiver allows one");
        let second = slots.reserve(&ids[1], 2).unwrap();
        let mut survey = slots.survey([(&ids[0], 1), (&ids[1], 2)].into_iter());
        assert_eq!((survey.limit, survey.room.of(&ids[0]), survey.room.of(&ids[1])), (2, 0, 1));
        assert!(slots.reserve(&ids[2], 1).is_none(), "a claim is under way");
        let third = slots.claimed(&mut survey, &[&ids[1]]);
        assert_eq!((survey.limit, survey.room.of(&ids[1])), (1, 0));
        drop(first);
        assert!(slots.reserve(&ids[0], 1).is_none(), "something older may wait for that receiver");
        let other = slots.reserve(&ids[2], 1).unwrap();
        drop(other);
        let mut survey = slots.survey(std::iter::once((&ids[0], 1)));
        slots.claimed(&mut survey, &[]);
        let again = slots.reserve(&ids[0], 1).unwrap();
        let last = slots.reserve(&ids[2], 2).unwrap();
        assert!(slots.reserve(&ids[2], 2).is_none(), "all together are four");
        drop((second, third, again, last));
        assert_eq!(slots.survey(std::iter::empty()).limit, 4);
    }
}
