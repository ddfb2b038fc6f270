//! What the writer can be asked, and what comes of it.
//!
//! Invariant: what was accepted must go on, so claims, outcomes and recovery are taken even where new
//! messages are not. Deliberately absent: how anything is written.

use super::{
    decide::Ruling,
    following::Following,
    slots::Slot,
    terms::{Admission, Admitted, Recovered, Room},
};
use crate::model::{Delivery, DeliveryState, Event, Failure, HsaId, Lending, Lent, Receipt, Settlement};
use jiff::Timestamp;
use std::collections::HashSet;
use tokio::sync::oneshot;

/// What the writer can be asked to do.
pub(super) enum Task {
    /// With a slot, the first delivery's attempt begins in the same transaction if its lane is free.
    Admit(Box<Admission>, Option<Slot>),
    Record(Vec<Event>),
    Claim {
        now: Timestamp,
        limit: usize,
        room: Room,
    },
    Settle(Settlement),
    Lend(Lending),
    Receipts {
        receiver: HsaId,
        receipts: Vec<Receipt>,
    },
    Decide(Ruling),
    Follow(Box<Following>),
    Cursor {
        follower: &'static str,
        seq: u64,
    },
    CloseProblem {
        id: String,
        by: String,
        reason: String,
        now: Timestamp,
    },
    Recover {
        now: Timestamp,
        repeatable: HashSet<HsaId>,
    },
    Waive {
        owed: i64,
        event: Event,
    },
    Leave {
        stranded: i64,
        event: Event,
    },
    Consent {
        subject: [u8; 32],
        id: String,
        version: u32,
        body: Vec<u8>,
        event: Event,
    },
    #[cfg(test)]
    Probe(Probe),
}

/// Anything that a test wants done on the writer's connection.
#[cfg(test)]
pub(super) type Probe = Box<dyn Fn(&rusqlite::Connection) -> Result<(), super::sqlite::Trouble> + Send>;

impl Task {
    /// Must it be taken even when the queue is full and space is short? What was accepted must go on.
    pub(super) fn is_owed(&self) -> bool {
        matches!(
            self,
            Task::Claim { .. }
                | Task::Settle(_)
                | Task::Recover { .. }
                | Task::Lend(_)
                | Task::Receipts { .. }
                | Task::Waive { .. }
                // What must be seen to must be told, above all where the disk is the trouble.
                | Task::Follow(_)
                | Task::Decide(_)
                | Task::CloseProblem { .. }
                | Task::Cursor { .. }
                | Task::Leave { .. }
        )
    }

    /// Does nobody wait for it? Then it may look for company before it is stored.
    pub(super) fn is_outcome(&self) -> bool {
        matches!(self, Task::Settle(_) | Task::Follow(_) | Task::Cursor { .. })
    }

    pub(super) fn bytes(&self) -> usize {
        match self {
            Task::Admit(a, _) => std::iter::once(&**a).chain(&a.beside).map(bytes_of).sum(),
            Task::Consent { body, .. } => body.len(),
            _ => 0,
        }
    }

    /// Can there be more to claim, or a nearer time to claim at, after it?
    pub(super) fn stirs(&self, done: &Done) -> bool {
        match (self, done) {
            (Task::Admit(admission, _), Done::Admitted(Admitted::New, begun)) => {
                let waits = admission.deliveries.len() > usize::from(begun.is_some());
                waits || admission.marking.is_some() || !admission.beside.is_empty()
            }
            (Task::Settle(_), Done::Settled { next }) => *next,
            (Task::Recover { .. } | Task::Receipts { .. }, _) | (_, Done::Decided(1..)) => true,
            _ => false,
        }
    }
}

fn bytes_of(admission: &Admission) -> usize {
    admission.original.len() + admission.deliveries.iter().map(|d| d.body.len()).sum::<usize>()
}

/// What came of it.
pub(super) enum Done {
    Nothing,
    /// With the delivery whose attempt began.
    Admitted(Admitted, Option<Box<Delivery>>),
    /// `next`: another delivery of the lane, or the same one later, is to be attempted, or a receipt is owed.
    Settled {
        next: bool,
    },
    Claimed(Vec<Delivery>),
    Lent(Vec<Lent>),
    /// Where each delivery stands now; none: there is no such.
    Received(Vec<Option<DeliveryState>>),
    Recovered(Recovered),
    Yes(bool),
    /// So many deliveries were moved.
    Decided(usize),
}

impl Done {
    /// The failure for an answer to another question.
    pub(super) fn astray(&self) -> Failure {
        Failure::Internal("ledger: the writer answered another question".into())
    }
}

/// A task with where its answer goes.
pub(super) struct Command {
    pub(super) task: Task,
    pub(super) reply: oneshot::Sender<Result<Done, Failure>>,
}
