//! How many connections a party has open.
//!
//! Invariant: a seat is given back when it is dropped, whatever ended the connection. Deliberately absent:
//! waiting; a party that holds all its seats is told so, because it would wait for itself.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

/// The seats of all parties.
pub struct Budget {
    each: usize,
    taken: Mutex<HashMap<String, usize>>,
}

/// One connection's seat.
pub struct Seat {
    budget: Arc<Budget>,
    party: String,
}

impl Budget {
    /// With so many seats for each party.
    pub fn new(each: usize) -> Budget {
        Budget { each, taken: Mutex::default() }
    }

    /// A seat for a party, if it has one left.
    pub fn seat(self: &Arc<Budget>, party: &str) -> Option<Seat> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(party.to_owned()).or_default();
        if *count >= self.each {
            return None;
        }
        *count += 1;
        Some(Seat { budget: self.clone(), party: party.to_owned() })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.budget.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.party) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.party);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Arc, Budget};

    #[test]
    fn a_seat_that_is_left_can_be_taken_again() {
        let budget = Arc::new(Budget::new(2));
        let (first, second) = (budget.seat("a"), budget.seat("a"));
        assert!(first.is_some() && second.is_some() && budget.seat("a").is_none());
        assert!(budget.seat("b").is_some());
        drop(first);
        assert!(budget.seat("a").is_some());
        drop(second);
        assert!(budget.taken.lock().is_ok_and(|taken| taken.is_empty()));
    }
}
