//! Claims: which deliveries are due, and putting their attempts on record before they begin.
//!
//! Invariant: only a lane's head is claimed, so order holds and a held head stops its lane and no
//! other; every look-up goes by a partial index, so a backlog costs nothing. Deliberately absent:
//! backoff and limits, which the caller decides.

use super::{
    chain::About,
    settle::{STANDING, Standing},
    sqlite::{Trouble, format, hsa_id, instant, micros},
    terms::{Recovered, Room},
    writer::Pen,
};
use crate::model::{Code, Delivery, DeliveryState, Event, EventKind, HsaId, Lane};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};
use std::collections::HashSet;

/// Deliveries that one claim gives up at most, to bound its transaction.
const EXPIRED_AT_ONCE: i64 = 256;

impl Pen<'_> {
    /// Claims due heads; the oldest due first.
    pub(super) fn claim(
        &mut self,
        now: Timestamp,
        limit: usize,
        room: &Room,
    ) -> Result<Vec<Delivery>, Trouble> {
        self.expire(now)?;
        let mut due: Vec<(i64, i64)> = Vec::new();
        for receiver in waiting_receivers(self.conn)? {
            let most = room.of(&receiver).min(limit);
            if most == 0 {
                continue;
            }
            let mut select = self.conn.prepare_cached(
                "SELECT next_at, seq FROM delivery WHERE head = 1 AND state = 'waiting' AND receiver = ?1 \
                 AND next_at <= ?2 AND expires > ?2 ORDER BY next_at, seq LIMIT ?3",
            )?;
            let most = i64::try_from(most).unwrap_or(i64::MAX);
            let mut rows = select.query((receiver.as_str(), micros(now), most))?;
            while let Some(row) = rows.next()? {
                due.push((row.get(0)?, row.get(1)?));
            }
        }
        due.sort_unstable();
        due.truncate(limit);
        due.into_iter().map(|(_, seq)| self.attempt(now, seq)).collect()
    }

    /// Gives up what is past its time, heads or not: a stuck lane must not hide a late message.
    fn expire(&mut self, now: Timestamp) -> Result<(), Trouble> {
        let late: Vec<Standing> = self
            .conn
            .prepare_cached(&format!(
                "SELECT {STANDING} FROM delivery d JOIN message m ON m.seq = d.message \
                 WHERE d.state = 'waiting' AND d.expires <= ?1 ORDER BY d.expires, d.seq LIMIT ?2"
            ))?
            .query_map((micros(now), EXPIRED_AT_ONCE), Standing::read)?
            .collect::<rusqlite::Result<_>>()?;
        for stale in &late {
            // An earlier one of the same lane may have made this one head since it was read.
            let standing = self.standing(stale.seq)?;
            let event = Event {
                code: Some(Code::DeliveryExpired.to_string()),
                detail: format!("{{\"attempts\":{}}}", standing.attempt),
                ..happened(now, EventKind::Expired)
            };
            self.pass(&standing, DeliveryState::Expired, None, &event)?;
        }
        Ok(())
    }

    /// A delivery as it stands now.
    pub(super) fn standing(&self, seq: i64) -> Result<Standing, Trouble> {
        let sql =
            format!("SELECT {STANDING} FROM delivery d JOIN message m ON m.seq = d.message WHERE d.seq = ?1");
        Ok(self.conn.prepare_cached(&sql)?.query_row([seq], Standing::read)?)
    }

    /// Puts the attempt on record and reads what the courier needs.
    fn attempt(&mut self, now: Timestamp, seq: i64) -> Result<Delivery, Trouble> {
        let mut delivery = self.fetch(seq)?;
        delivery.attempt += 1;
        let event_seq = self.append(&attempt_begins(delivery.attempt, now), attempted(&delivery, false))?;
        self.conn
            .prepare_cached(
                "UPDATE delivery SET state = 'attempting', attempt = ?2, event_seq = ?3 WHERE seq = ?1",
            )?
            .execute((seq, delivery.attempt, event_seq))?;
        self.book.tally.delivery(Some(DeliveryState::Waiting), DeliveryState::Attempting);
        Ok(delivery)
    }

    /// A delivery as it stands on record.
    pub(super) fn fetch(&self, seq: i64) -> Result<Delivery, Trouble> {
        let mut select = self.conn.prepare_cached(
            "SELECT d.id, m.id, m.sender_id, m.event, d.receiver, d.case_id, d.attempt, m.received, d.expires, \
             d.format, b.content, f.facts FROM delivery d JOIN message m ON m.seq = d.message \
             JOIN body b ON b.id = d.body JOIN body f ON f.id = d.facts WHERE d.seq = ?1",
        )?;
        let mut rows = select.query([seq])?;
        let row = rows.next()?.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
        let receiver: String = row.get(4)?;
        let word: String = row.get(9)?;
        let facts: Vec<u8> = row.get(11)?;
        Ok(Delivery {
            id: row.get(0)?,
            message: row.get(1)?,
            sender_message: row.get(2)?,
            event: row.get(3)?,
            lane: Lane { receiver: hsa_id(&receiver)?, case: row.get(5)? },
            attempt: row.get(6)?,
            accepted: instant(row.get(7)?)?,
            expires: instant(row.get(8)?)?,
            format: format(&word)?,
            body: row.get(10)?,
            facts: String::from_utf8_lossy(&facts).into_owned(),
        })
    }

    /// Attempts that a stop of the gateway left without an outcome.
    pub(super) fn recover(
        &mut self,
        now: Timestamp,
        repeatable: &HashSet<HsaId>,
    ) -> Result<Recovered, Trouble> {
        let cut: Vec<Standing> = self
            .conn
            .prepare_cached(&format!(
                "SELECT {STANDING} FROM delivery d INDEXED BY delivery_lane JOIN message m ON m.seq = d.message \
                 WHERE d.open = 1 AND d.state = 'attempting' ORDER BY d.seq"
            ))?
            .query_map([], Standing::read)?
            .collect::<rusqlite::Result<_>>()?;
        let mut recovered = Recovered::default();
        for standing in &cut {
            let again = repeatable.contains(&hsa_id(&standing.receiver)?);
            let event = Event {
                code: Some(Code::AttemptInterrupted.to_string()),
                detail: format!("{{\"attempt\":{}}}", standing.attempt),
                ..happened(now, EventKind::Unknown)
            };
            if again {
                recovered.retried += 1;
                self.pass(standing, DeliveryState::Waiting, Some(micros(now)), &event)?;
            } else {
                recovered.held += 1;
                self.pass(standing, DeliveryState::Held, None, &event)?;
            }
        }
        Ok(recovered)
    }
}

/// The record of an attempt, made before it begins.
pub(super) fn attempt_begins(attempt: u32, now: Timestamp) -> Event {
    Event { detail: format!("{{\"attempt\":{attempt}}}"), ..happened(now, EventKind::Attempt) }
}

/// What that record is about.
pub(super) fn attempted(delivery: &Delivery, told: bool) -> About<'_> {
    About {
        message: Some(&delivery.message),
        delivery: Some(&delivery.id),
        party: Some(delivery.lane.receiver.as_str()),
        told,
    }
}

pub(super) fn happened(at: Timestamp, kind: EventKind) -> Event {
    Event { at, kind, message: None, delivery: None, party: None, code: None, detail: "{}".into() }
}

/// Receivers with a head that waits: one index probe each, however long their backlogs.
fn waiting_receivers(conn: &Connection) -> Result<Vec<HsaId>, Trouble> {
    let mut next = conn.prepare_cached(
        "SELECT receiver FROM delivery WHERE head = 1 AND state = 'waiting' AND receiver > ?1 \
         ORDER BY receiver LIMIT 1",
    )?;
    let mut found = Vec::new();
    let mut last = String::new();
    while let Some(receiver) = next.query_row([&last], |row| row.get::<_, String>(0)).optional()? {
        found.push(hsa_id(&receiver)?);
        last = receiver;
    }
    Ok(found)
}

/// Receivers with an attempt on record whose outcome is not.
pub(super) fn interrupted_receivers(conn: &Connection) -> Result<Vec<HsaId>, Trouble> {
    let words: Vec<String> = conn
        .prepare_cached("SELECT DISTINCT receiver FROM delivery WHERE open = 1 AND state = 'attempting'")?
        .query_map([], |row| row.get(0))?
        .collect::<rusqlite::Result<_>>()?;
    words.iter().map(|word| hsa_id(word)).collect()
}

/// When a claim with this room can next do something.
pub(super) fn next_due(conn: &Connection, room: &Room) -> Result<Option<Timestamp>, Trouble> {
    let mut first: Option<i64> = conn
        .prepare_cached("SELECT min(expires) FROM delivery WHERE state = 'waiting'")?
        .query_row([], |r| r.get(0))?;
    for receiver in waiting_receivers(conn)? {
        if room.of(&receiver) == 0 {
            continue;
        }
        let due: Option<i64> = conn
            .prepare_cached(
                "SELECT min(next_at) FROM delivery WHERE head = 1 AND state = 'waiting' AND receiver = ?1",
            )?
            .query_row([receiver.as_str()], |row| row.get(0))?;
        first = first.into_iter().chain(due).min();
    }
    Ok(first.map(instant).transpose()?)
}
