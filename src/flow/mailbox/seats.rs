//! Who waits at a mailbox: seats, a bell for each receiver, and the end.
//!
//! Invariant: a receiver has at most [`EACH`] seats, all together a fixed number; whoever comes when
//! its own are taken gets the place of the one that has waited longest, so that calls which broke off
//! unseen lock nobody out. A bell that rings between two looks is not missed. Deliberately absent:
//! what is waited for.

use crate::model::{HsaId, Partner};
use std::{
    collections::{HashMap, VecDeque},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// Pulls of one party at once.
const EACH: usize = 4;

/// All seats.
pub struct Seats {
    most: usize,
    closed: AtomicBool,
    taken: Mutex<HashMap<HsaId, VecDeque<Arc<Bell>>>>,
}

#[derive(Default)]
struct Bell {
    rung: Notify,
    displaced: AtomicBool,
}

/// One that waits; its seat is free again when this is dropped.
pub(super) struct Seat {
    seats: Arc<Seats>,
    receiver: HsaId,
    bell: Arc<Bell>,
}

/// Why somebody shall wait no longer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum End {
    /// The gateway stops.
    Closing,
    /// Another has its seat.
    Displaced,
}

impl Seats {
    /// At most `most` all together.
    pub fn new(most: usize) -> Arc<Seats> {
        Arc::new(Seats { most, closed: AtomicBool::new(false), taken: Mutex::default() })
    }

    /// Something may wait for this party.
    pub fn ring(&self, party: &Partner) {
        if party.pulls() {
            let taken = self.taken();
            taken.get(&party.hsa_id).into_iter().flatten().for_each(|bell| bell.rung.notify_one());
        }
    }

    /// Nobody shall wait any more.
    pub fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.taken().values().flatten().for_each(|bell| bell.rung.notify_one());
    }

    /// A seat; none if all together are too many.
    pub(super) fn sit(self: &Arc<Seats>, receiver: &HsaId) -> Option<Seat> {
        let mut taken = self.taken();
        let own = taken.get(receiver).map_or(0, VecDeque::len);
        if own < EACH && taken.values().map(VecDeque::len).sum::<usize>() >= self.most {
            return None;
        }
        let bells = taken.entry(receiver.clone()).or_default();
        if own >= EACH
            && let Some(oldest) = bells.pop_front()
        {
            oldest.displaced.store(true, Ordering::Release);
            oldest.rung.notify_one();
        }
        let bell = Arc::new(Bell::default());
        bells.push_back(bell.clone());
        Some(Seat { seats: self.clone(), receiver: receiver.clone(), bell })
    }

    fn taken(&self) -> MutexGuard<'_, HashMap<HsaId, VecDeque<Arc<Bell>>>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Seat {
    /// Until the bell rings, or for this long.
    pub(super) async fn rest(&self, longest: Duration) {
        // The end of the time is an answer too.
        let _ = tokio::time::timeout(longest, self.bell.rung.notified()).await;
    }

    /// Shall its holder wait no longer?
    pub(super) fn end(&self) -> Option<End> {
        match (self.seats.closed.load(Ordering::Acquire), self.bell.displaced.load(Ordering::Acquire)) {
            (true, _) => Some(End::Closing),
            (false, true) => Some(End::Displaced),
            (false, false) => None,
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken();
        if let Some(bells) = taken.get_mut(&self.receiver) {
            bells.retain(|bell| !Arc::ptr_eq(bell, &self.bell));
            if bells.is_empty() {
                taken.remove(&self.receiver);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::*;

    fn id(n: usize) -> HsaId {
        HsaId::parse(&format!("SE212000990{n}-KOM1")).unwrap()
    }

    #[test]
    fn a_party_displaces_its_own_oldest_and_nobody_elses() {
        let seats = Seats::new(EACH + 1);
        let mut own: Vec<Seat> = (0..EACH).map(|_| seats.sit(&id(1)).unwrap()).collect();
        let other = seats.sit(&id(2)).unwrap();
        assert!(seats.sit(&id(3)).is_none(), "all together are too many");
        own.push(seats.sit(&id(1)).unwrap());
        assert_eq!(own[0].end(), Some(End::Displaced));
        assert!(own[1..].iter().chain([&other]).all(|seat| seat.end().is_none()));
        drop(own);
        assert!(seats.sit(&id(3)).is_some());
        seats.close();
        assert_eq!(other.end(), Some(End::Closing));
    }
}
