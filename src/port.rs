//! The seams: what has a real and a simulated side.
//!
//! Invariant: everything outside the process that the spine touches comes through one of these, so
//! that a test can play the outside. Deliberately absent: a trait for anything with one side only.

use crate::model::{Arrival, Delivery, Failure, Fault, HsaId, Notice, Outcome, Partner, Subject};
use aws_lc_rs::rand;
use jiff::{SignedDuration, Timestamp};
use std::{
    future::Future,
    pin::Pin,
    sync::atomic::{AtomicI64, Ordering},
};
use uuid::{Builder, Uuid};

/// A boxed future, so that the seams can be trait objects.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What time it is. Simulated by tests and by the demo's movable clock.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;

    /// Moves it forward. `false`: it is a real one, and nobody moves it.
    fn advance(&self, _by: SignedDuration) -> bool {
        false
    }
}

/// Ids that nobody can guess and that never repeat.
pub trait Entropy: Send + Sync {
    /// A new UUID as text.
    fn uuid(&self) -> String;
}

/// Carries one delivery to its receiver. The attempt is already on record when this is called.
pub trait Courier: Send + Sync {
    /// Tries once and tells what came of it; never retries by itself.
    fn deliver<'a>(&'a self, partner: &'a Partner, delivery: &'a Delivery) -> Pending<'a, Outcome>;
}

/// A consent that was found for a person, reduced to what permission needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct ConsentFact {
    /// Reference for the record: id and version.
    pub reference: String,
    /// The party (HSA-id) that holds the consent and answers for it.
    pub holder: String,
    /// Basis code that the consent is (who decided).
    pub basis: crate::model::Basis,
    /// Kinds of information that it covers; empty covers none.
    pub kinds: Vec<String>,
    /// Receivers (HSA-ids) that it names; empty means any party of the agreement.
    pub receivers: Vec<String>,
    /// First instant of validity, if bounded.
    pub from: Option<Timestamp>,
    /// First instant after validity, if bounded.
    pub until: Option<Timestamp>,
}

/// The source of consents does not answer: hold, never guess (domain §4.5).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Silent;

/// Why a consent was not taken into a register.
#[derive(Debug)]
pub enum Taken {
    /// The resource is at fault.
    Fault(Fault),
    /// We are.
    Failure(Failure),
}

/// Where consents are asked for, and handed in.
pub trait ConsentSource: Send + Sync {
    /// Takes a consent that a party handed in; gives its reference. A source that is read only
    /// answers with a fault.
    fn take<'a>(
        &'a self,
        arrival: &'a Arrival,
        from: &'a HsaId,
        now: Timestamp,
    ) -> Pending<'a, Result<String, Taken>>;

    /// All consents in force or not for the person; the caller judges time and kind.
    fn find<'a>(&'a self, subject: &'a Subject) -> Pending<'a, Result<Vec<ConsentFact>, Silent>>;
}

/// The wall clock.
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }
}

/// The wall clock, moved forward by as much as somebody wanted: for trying out what time does.
#[derive(Default)]
pub struct MovableClock {
    shift_micros: AtomicI64,
}

impl Clock for MovableClock {
    fn now(&self) -> Timestamp {
        let shift = SignedDuration::from_micros(self.shift_micros.load(Ordering::Acquire));
        let now = Timestamp::now();
        now.checked_add(shift).unwrap_or(now)
    }

    fn advance(&self, by: SignedDuration) -> bool {
        let by = i64::try_from(by.as_micros()).unwrap_or(i64::MAX).max(0);
        let add = |shift: i64| Some(shift.saturating_add(by).min(MOST_SHIFT));
        self.shift_micros.fetch_update(Ordering::AcqRel, Ordering::Acquire, add).is_ok()
    }
}

/// A hundred years, in microseconds: times stay in what every format can write.
const MOST_SHIFT: i64 = 100 * 366 * 86_400 * 1_000_000;

/// Random UUIDs (version 7: sortable by time), from the generator that TLS has: it is seeded by the
/// operating system, and asks it less often than once or twice for each id.
pub struct SystemEntropy;

impl Entropy for SystemEntropy {
    fn uuid(&self) -> String {
        let mut random = [0; 10];
        match (rand::fill(&mut random), u64::try_from(Timestamp::now().as_millisecond())) {
            (Ok(()), Ok(now)) => Builder::from_unix_timestamp_millis(now, &random).into_uuid().to_string(),
            _ => Uuid::now_v7().to_string(),
        }
    }
}

/// Tells somebody of problems. What it is told it may be told again, with the same numbers.
pub trait Teller: Send + Sync {
    /// Its name on record.
    fn name(&self) -> &'static str;

    /// Tells once; an error says why it was not taken, without any content.
    fn tell<'a>(&'a self, notices: &'a [Notice]) -> Pending<'a, Result<(), String>>;
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::*;

    #[test]
    fn ids_are_of_version_7_sorted_by_time_and_never_the_same() {
        let first = SystemEntropy.uuid();
        std::thread::sleep(std::time::Duration::from_millis(2));
        let mut ids: Vec<String> = (0..1000).map(|_| SystemEntropy.uuid()).collect();
        assert!(ids.iter().all(|id| *id > first && Uuid::parse_str(id).unwrap().get_version_num() == 7));
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 1000);
    }
}
