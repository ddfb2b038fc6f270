//! Mailboxes: handing deliveries out to a receiver that fetches them, and taking its receipts.
//!
//! Invariant: the attempt is on record before a delivery is handed out; only a lane's head is, so
//! the next of a lane is handed out when the one before it is over, and nothing is overtaken. What is
//! handed out keeps waiting: it comes again at its time, or at once to whoever asks from before it, and
//! a stop of the gateway changes nothing. A receiver reaches its own deliveries and no others.
//! Deliberately absent: permission, and how long anything is lent.

use super::{
    Done, Ledger, Task,
    chain::About,
    claim::{attempted, happened},
    settle::{STANDING, Standing},
    sqlite::{Trouble, instant, micros},
    writer::Pen,
};
use crate::model::{
    Delivery, DeliveryState, Event, EventKind, Failure, HsaId, Lending, Lent, Mail, Pick, Receipt,
};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, ToSql};

/// Heads that nobody has.
const DUE: &str = "SELECT seq FROM delivery WHERE receiver = ?1 AND head = 1 AND state = 'waiting' \
     AND next_at <= ?2 AND expires > ?2 ORDER BY next_at, seq LIMIT ?3";

/// Heads that were handed out under a higher number, and nothing else has happened to them.
const SINCE: &str = "SELECT seq FROM delivery WHERE receiver = ?1 AND head = 1 AND state = 'waiting' \
     AND next_at > ?2 AND expires > ?2 AND lent = event_seq AND lent > ?4 ORDER BY lent LIMIT ?3";

/// A head that was handed out before.
const ONE: &str = "SELECT seq FROM delivery WHERE receiver = ?1 AND head = 1 AND state = 'waiting' \
     AND expires > ?2 AND lent IS NOT NULL AND id = ?4 LIMIT ?3";

impl Ledger {
    /// What waits for a receiver that fetches its messages; `since` as in [`Pick::Since`].
    pub async fn mail(&self, receiver: &HsaId, now: Timestamp, since: Option<u64>) -> Result<Mail, Failure> {
        let receiver = receiver.clone();
        self.inside.pool.ask(move |conn| mail(conn, &receiver, now, since)).await
    }

    /// Hands deliveries out. Their attempts are on record when this returns.
    pub async fn lend(&self, lending: Lending) -> Result<Vec<Lent>, Failure> {
        match self.ask_writer(Task::Lend(lending)).await? {
            Done::Lent(lent) => Ok(lent),
            other => Err(other.astray()),
        }
    }

    /// Takes a receiver's receipts, and tells where each delivery stands then. The first receipt counts;
    /// what is over stays as it is. `None`: this receiver has never been handed such a delivery.
    pub async fn receive(
        &self,
        receiver: &HsaId,
        receipts: Vec<Receipt>,
    ) -> Result<Vec<Option<DeliveryState>>, Failure> {
        match self.ask_writer(Task::Receipts { receiver: receiver.clone(), receipts }).await? {
            Done::Received(states) => Ok(states),
            other => Err(other.astray()),
        }
    }
}

impl Pen<'_> {
    /// Hands out what is picked.
    pub(super) fn lend(&mut self, lending: &Lending) -> Result<Vec<Lent>, Trouble> {
        let (mut lent, mut bytes) = (Vec::new(), 0);
        for seq in picked(self.conn, lending)? {
            let delivery = self.fetch(seq)?;
            bytes += delivery.body.len();
            if bytes > lending.bytes && !lent.is_empty() {
                break;
            }
            lent.push(self.hand_out(seq, delivery, lending)?);
        }
        Ok(lent)
    }

    /// Puts the hand-out on record. The delivery waits on: for its receipt, or for its next turn.
    fn hand_out(&mut self, seq: i64, mut delivery: Delivery, lending: &Lending) -> Result<Lent, Trouble> {
        delivery.attempt += 1;
        let event = Event {
            detail: format!("{{\"attempt\":{},\"until\":\"{}\"}}", delivery.attempt, lending.until),
            ..happened(lending.now, EventKind::Attempt)
        };
        let number = self.append(&event, attempted(&delivery, false))?;
        self.conn
            .prepare_cached(
                "UPDATE delivery SET attempt = ?2, event_seq = ?3, lent = ?3, next_at = ?4 WHERE seq = ?1",
            )?
            .execute((seq, delivery.attempt, number, micros(lending.until)))?;
        Ok(Lent { number: number.unsigned_abs(), until: lending.until, delivery })
    }

    /// Takes receipts.
    pub(super) fn receive(
        &mut self,
        receiver: &HsaId,
        receipts: &[Receipt],
    ) -> Result<Vec<Option<DeliveryState>>, Trouble> {
        receipts.iter().map(|receipt| self.receive_one(receiver, receipt)).collect()
    }

    fn receive_one(&mut self, receiver: &HsaId, receipt: &Receipt) -> Result<Option<DeliveryState>, Trouble> {
        let found = self
            .conn
            .prepare_cached(&format!(
                "SELECT {STANDING} FROM delivery d JOIN message m ON m.seq = d.message \
                 WHERE d.id = ?1 AND d.lent IS NOT NULL AND d.receiver = ?2"
            ))?
            .query_row((&receipt.delivery, receiver.as_str()), Standing::read)
            .optional()?;
        let Some(standing) = found else { return Ok(None) };
        if !standing.state.is_over() {
            self.pass(&standing, receipt.state, None, &receipt.event)?;
            return Ok(Some(receipt.state));
        }
        let given_up = matches!(standing.state, DeliveryState::Expired | DeliveryState::Stopped);
        if given_up && receipt.state == DeliveryState::Delivered {
            self.record_late(&standing, &receipt.event)?;
        }
        Ok(Some(standing.state))
    }

    /// The receiver has what was given up or annulled: that changes no state, but is on record, once.
    fn record_late(&mut self, standing: &Standing, event: &Event) -> Result<(), Trouble> {
        let known = self
            .conn
            .prepare_cached(
                "SELECT 1 FROM event WHERE message = ?1 AND listed = 1 AND message IS NOT NULL \
                 AND delivery = ?2 AND kind = 'delivered' LIMIT 1",
            )?
            .exists((&standing.message_id, &standing.id))?;
        if !known {
            let about = About {
                message: Some(&standing.message_id),
                delivery: Some(&standing.id),
                party: Some(&standing.receiver),
                told: false,
            };
            self.append(event, about)?;
        }
        Ok(())
    }
}

/// Rows of the deliveries to hand out, what was handed out before first.
fn picked(conn: &Connection, lending: &Lending) -> Result<Vec<i64>, Trouble> {
    let (receiver, now) = (lending.receiver.as_str(), micros(lending.now));
    let rows = |sql: &str, limit: usize, more: Option<&dyn ToSql>| -> Result<Vec<i64>, Trouble> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut values: Vec<&dyn ToSql> = vec![&receiver, &now, &limit];
        values.extend(more);
        let mut select = conn.prepare_cached(sql)?;
        Ok(select.query_map(values.as_slice(), |row| row.get(0))?.collect::<rusqlite::Result<_>>()?)
    };
    match &lending.pick {
        Pick::Due => rows(DUE, lending.limit, None),
        Pick::One(id) => rows(ONE, 1, Some(id)),
        Pick::Since(number) => {
            let mut found = rows(SINCE, lending.limit, Some(&whole(*number)))?;
            found.extend(rows(DUE, lending.limit.saturating_sub(found.len()), None)?);
            Ok(found)
        }
    }
}

fn mail(conn: &Connection, receiver: &HsaId, now: Timestamp, since: Option<u64>) -> Result<Mail, Trouble> {
    let (receiver, now) = (receiver.as_str(), micros(now));
    let mut due = conn.prepare_cached(DUE)?.exists((receiver, now, 1))?;
    if let (false, Some(number)) = (due, since) {
        due = conn.prepare_cached(SINCE)?.exists((receiver, now, 1, whole(number)))?;
    }
    let next: Option<i64> = conn
        .prepare_cached(
            "SELECT min(next_at) FROM delivery \
             WHERE receiver = ?1 AND head = 1 AND state = 'waiting' AND next_at > ?2",
        )?
        .query_row((receiver, now), |row| row.get(0))?;
    Ok(Mail { due, next: next.map(instant).transpose()? })
}

/// A number as the store keeps it; one that is too large is larger than all.
fn whole(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}
