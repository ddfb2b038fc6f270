//! A person decides on what is held: it goes on, or it ends here.
//!
//! Invariant: only a held delivery is decided on; who decided and the code of why are on record with it; permission is
//! decided again before what is let go leaves, and it has its whole time to do so. Deliberately absent: whether to.

use super::{
    Ledger,
    claim::happened,
    settle::{STANDING, Standing},
    sqlite::{Trouble, micros},
    task::{Done, Task},
    writer::Pen,
};
use crate::model::{DeliveryState, Event, EventKind, Failure};
use jiff::Timestamp;
use serde_json::json;

/// A person's decision on the held deliveries of a message.
#[derive(Clone, Debug)]
pub struct Ruling {
    /// The gateway's id of the message.
    pub message: String,
    /// Shall they go on? Otherwise they end.
    pub release: bool,
    /// Who decides.
    pub by: String,
    /// Why, as a code.
    pub reason: String,
    /// When.
    pub now: Timestamp,
}

impl Ledger {
    /// Puts a ruling on record; how many deliveries it moved.
    pub async fn decide(&self, ruling: Ruling) -> Result<usize, Failure> {
        match self.ask_writer(Task::Decide(ruling)).await? {
            Done::Decided(moved) => Ok(moved),
            other => Err(other.astray()),
        }
    }
}

impl Pen<'_> {
    pub(super) fn decide(&mut self, ruling: &Ruling) -> Result<usize, Trouble> {
        let held: Vec<Standing> = self
            .conn
            .prepare_cached(&format!(
                "SELECT {STANDING} FROM message m CROSS JOIN delivery d \
                 ON d.seq BETWEEN m.delivery_from AND m.delivery_to WHERE m.id = ?1 AND d.state = 'held' ORDER BY d.seq"
            ))?
            .query_map([&ruling.message], Standing::read)?
            .collect::<rusqlite::Result<_>>()?;
        let (state, next, kind) = match ruling.release {
            true => (DeliveryState::Waiting, Some(micros(ruling.now)), EventKind::Released),
            false => (DeliveryState::Stopped, None, EventKind::Stopped),
        };
        let detail = json!({ "by": ruling.by, "reason": ruling.reason }).to_string();
        let event = Event { detail, ..happened(ruling.now, kind) };
        for stale in &held {
            // An earlier one of the same lane may have made this one head since it was read.
            let standing = self.standing(stale.seq)?;
            if ruling.release {
                self.give_time(standing.seq, ruling.now)?;
                if self.is_let_go_on(&standing, &event)? {
                    continue;
                }
            }
            self.pass(&standing, state, next, &event)?;
        }
        Ok(held.len())
    }

    /// What is let go has the time again that it had when it came: else what was held longer than that would be given up
    /// by the next claim, against the ruling.
    fn give_time(&mut self, delivery: i64, now: Timestamp) -> Result<(), Trouble> {
        self.conn
            .prepare_cached(
                "UPDATE delivery SET expires = max(expires, ?2 + expires - \
                 (SELECT received FROM message WHERE seq = delivery.message)) WHERE seq = ?1",
            )?
            .execute((delivery, micros(now)))?;
        Ok(())
    }
}
