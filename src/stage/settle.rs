//! What came of an attempt → where the delivery stands next, and when it is tried again.
//!
//! Invariant: `NotSent` is retried with growing waits; `Unknown` only where a repeat has no second
//! effect, otherwise a person decides; nothing is dropped.

use crate::model::{
    Code, Delivery, DeliveryState, Event, EventKind, Fault, Hold, Outcome, Partner, Settlement,
};
use jiff::{SignedDuration, Timestamp};

/// How retries are spaced.
#[derive(Clone, Copy, Debug)]
pub struct Pace {
    /// Wait before the second attempt.
    pub first: SignedDuration,
    /// Longest wait.
    pub longest: SignedDuration,
}

impl Pace {
    /// The wait after attempt number `attempt`: doubles each time, spread by up to an eighth so that
    /// many deliveries do not come back in one moment. `spread`: any number, e.g. from the id.
    pub fn wait(&self, attempt: u32, spread: u64) -> SignedDuration {
        let doubled = self.first.as_millis().saturating_mul(1 << attempt.saturating_sub(1).min(30));
        let bounded = doubled.min(self.longest.as_millis()).max(1);
        let extra = bounded / 8 * i128::from(spread % 100) / 100;
        SignedDuration::from_millis(i64::try_from(bounded + extra).unwrap_or(i64::MAX))
    }
}

/// The settlement of an attempt.
pub fn outcome(
    delivery: &Delivery,
    to: &Partner,
    outcome: &Outcome,
    now: Timestamp,
    pace: Pace,
) -> Settlement {
    let again = || {
        let spread = delivery.id.bytes().fold(0u64, |h, b| h.wrapping_mul(31).wrapping_add(u64::from(b)));
        now.checked_add(pace.wait(delivery.attempt, spread)).ok()
    };
    let (state, next_at, kind, fault) = match outcome {
        Outcome::Delivered => (DeliveryState::Delivered, None, EventKind::Delivered, None),
        Outcome::NotSent(fault) => (DeliveryState::Waiting, again(), EventKind::NotSent, Some(fault)),
        Outcome::Unknown(fault) if to.idempotent => {
            (DeliveryState::Waiting, again(), EventKind::Unknown, Some(fault))
        }
        Outcome::Unknown(fault) => (DeliveryState::Held, None, EventKind::Unknown, Some(fault)),
        Outcome::Refused(fault) => (DeliveryState::Rejected, None, EventKind::Rejected, Some(fault)),
    };
    settlement(delivery, state, next_at, event(delivery, kind, fault, now, next_at))
}

/// The settlement of an attempt that permission stopped before anything was sent. Only a silent source is asked again
/// by itself: a receiver that is not ready, and a permission that is gone, need a person.
pub fn not_permitted(delivery: &Delivery, hold: Option<Hold>, now: Timestamp, pace: Pace) -> Settlement {
    let fault = match hold {
        Some(Hold::SourceSilent) => Fault::of(Code::HeldForDecision, "the consent source does not answer"),
        Some(ref hold @ (Hold::ReceiverNotReady | Hold::NoReceiver)) => {
            Fault::of(Code::HeldForDecision, hold.word())
        }
        None => Fault::of(Code::PermissionGone, "decided again at this attempt"),
    };
    let silent = hold == Some(Hold::SourceSilent);
    let next_at = silent.then(|| now.checked_add(pace.wait(delivery.attempt, 0)).ok()).flatten();
    let state = if silent { DeliveryState::Waiting } else { DeliveryState::Held };
    settlement(delivery, state, next_at, event(delivery, EventKind::Held, Some(&fault), now, next_at))
}

fn settlement(
    delivery: &Delivery,
    state: DeliveryState,
    next_at: Option<Timestamp>,
    event: Event,
) -> Settlement {
    Settlement { message: delivery.message.clone(), delivery: delivery.id.clone(), state, next_at, event }
}

fn event(
    delivery: &Delivery,
    kind: EventKind,
    fault: Option<&Fault>,
    now: Timestamp,
    next_at: Option<Timestamp>,
) -> Event {
    let detail = serde_json::json!({
        "attempt": delivery.attempt,
        "reason": fault.map(|f| f.findings().first().map(|x| x.detail.clone()).unwrap_or_default()),
        "next": next_at.map(|t| t.to_string()),
    });
    Event {
        at: now,
        kind,
        message: Some(delivery.message.clone()),
        delivery: Some(delivery.id.clone()),
        party: Some(delivery.lane.receiver.to_string()),
        code: fault.map(|f| f.code().to_string()),
        detail: detail.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_a_bound() {
        let pace = Pace { first: SignedDuration::from_secs(2), longest: SignedDuration::from_secs(900) };
        let waits: Vec<i64> = (1..=12).map(|n| pace.wait(n, 0).as_secs()).collect();
        assert_eq!(waits, [2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900]);
        assert!(pace.wait(u32::MAX, u64::MAX).as_secs() <= 1_013);
    }
}
