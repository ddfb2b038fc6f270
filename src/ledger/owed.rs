//! Receipts that the gateway owes to senders.
//!
//! Invariant: what is owed goes on record in the transaction that ends the delivery, whatever ended it, and goes off it in
//! the transaction that admits the receipt: none is lost and none is given twice. A message whose sender wants no receipts
//! costs nothing. Deliberately absent: what a receipt says.

use super::{
    Done, Ledger, Task,
    chain::About,
    settle::Standing,
    sqlite::{Trouble, broken, format, hsa_id, instant},
    terms::Owed,
    writer::Pen,
};
use crate::model::{DeliveryState, Event, Failure};
use rusqlite::Connection;

impl Ledger {
    /// Receipts that are owed, the oldest first. Each is given by an admission that [`gives`] it, or waived.
    ///
    /// [`gives`]: super::Admission::gives
    pub async fn owed(&self, limit: usize) -> Result<Vec<Owed>, Failure> {
        self.inside.pool.ask(move |conn| owed(conn, limit)).await
    }

    /// A receipt that cannot be given; the event says why.
    pub async fn waive(&self, owed: i64, event: Event) -> Result<(), Failure> {
        match self.ask_writer(Task::Waive { owed, event }).await? {
            Done::Nothing => Ok(()),
            other => Err(other.astray()),
        }
    }
}

fn owed(conn: &Connection, limit: usize) -> Result<Vec<Owed>, Trouble> {
    let mut select = conn.prepare_cached(
        "SELECT o.delivery, d.id, d.state, e.at, m.id, m.sender, m.received, m.format, b.content \
         FROM owed o JOIN delivery d ON d.seq = o.delivery JOIN message m ON m.seq = d.message \
         JOIN event e ON e.seq = d.event_seq JOIN body b ON b.id = m.original ORDER BY o.delivery LIMIT ?1",
    )?;
    let mut rows = select.query([i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (state, sender, word): (String, String, String) = (row.get(2)?, row.get(5)?, row.get(7)?);
        found.push(Owed {
            number: row.get(0)?,
            delivery: row.get(1)?,
            state: DeliveryState::from_word(&state).ok_or_else(|| broken("unknown delivery state"))?,
            at: instant(row.get(3)?)?,
            message: row.get(4)?,
            sender: hsa_id(&sender)?,
            received: instant(row.get(6)?)?,
            format: format(&word)?,
            original: row.get(8)?,
        });
    }
    Ok(found)
}

impl Pen<'_> {
    /// Puts on record that the sender is owed a receipt, if it wants one of this state. Is it?
    pub(super) fn owe(&mut self, standing: &Standing, state: DeliveryState) -> Result<bool, Trouble> {
        let wanted = standing.receipts.as_deref().unwrap_or_default();
        if !wanted.split(' ').any(|word| word == state.word()) {
            return Ok(false);
        }
        self.conn.prepare_cached("INSERT INTO owed (delivery) VALUES (?1)")?.execute([standing.seq])?;
        Ok(true)
    }

    /// The receipt is given, or cannot be. Was it owed?
    pub(super) fn owe_no_more(&mut self, owed: i64) -> Result<bool, Trouble> {
        Ok(self.conn.prepare_cached("DELETE FROM owed WHERE delivery = ?1")?.execute([owed])? > 0)
    }

    /// Puts on record that a receipt cannot be given.
    pub(super) fn waive(&mut self, owed: i64, event: &Event) -> Result<(), Trouble> {
        self.append(event, About::default())?;
        self.owe_no_more(owed).map(drop)
    }
}
