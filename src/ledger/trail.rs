//! What routing keeps (domain §6): which placements were told, where messages to a routing address went, and which of them
//! are to go on, because they were not for their receiver, or because a person lets go what waited for one.
//!
//! Invariant: each is written in the transaction of the message that says so; what is to go on goes off the list in the
//! transaction that admits what goes on in its place, and only then ends what was held of it. A message that is about none of this costs nothing. A person stands
//! here as a keyed hash only. Deliberately absent: who is chosen.

use super::{
    Done, Ledger, Task,
    chain::About,
    claim::happened,
    settle::Standing,
    sqlite::{Trouble, broken, format, hsa_id, instant, micros},
    terms::{Admission, Stranded},
    writer::Pen,
};
use crate::model::{DeliveryState, Event, Failure, HsaId, Mark, Placed, Went, Whereabouts};
use rusqlite::{Connection, OptionalExtension, params};
use std::collections::BTreeMap;

/// Earlier messages of a case that are looked at.
const EARLIER: usize = 64;

impl Ledger {
    /// What is on record about a person, and about a sender's case.
    pub async fn whereabouts(
        &self,
        subject: [u8; 32],
        sender: &HsaId,
        case: &str,
    ) -> Result<Whereabouts, Failure> {
        let (sender, case) = (sender.clone(), case.to_owned());
        let ask = move |conn: &Connection| {
            let (placed, went) = (placed(conn, &subject)?, went(conn, &sender, &case)?);
            Ok(Whereabouts { placed, went, right: None })
        };
        self.inside.pool.ask(ask).await
    }

    /// Messages that are to go on to another receiver, the oldest first. Each goes off the list with an admission that
    /// goes on in its place, or is left.
    pub async fn stranded(&self, limit: usize) -> Result<Vec<Stranded>, Failure> {
        self.inside.pool.ask(move |conn| stranded(conn, limit)).await
    }

    /// A message that cannot go on; the event says why.
    pub async fn leave(&self, stranded: i64, event: Event) -> Result<(), Failure> {
        match self.ask_writer(Task::Leave { stranded, event }).await? {
            Done::Nothing => Ok(()),
            other => Err(other.astray()),
        }
    }
}

/// The placements that are open, by what was told last of each, in the order of events and not of arrival.
fn placed(conn: &Connection, subject: &[u8; 32]) -> Result<Vec<Placed>, Trouble> {
    let mut select = conn.prepare_cached(
        "SELECT board, case_id, told, opens FROM placement p WHERE subject = ?1 AND NOT EXISTS \
         (SELECT 1 FROM mark WHERE message = p.message AND mark IN ('annulled', 'misdirected')) ORDER BY at, message",
    )?;
    let mut rows = select.query([subject])?;
    let mut last: BTreeMap<(String, String), (String, bool)> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        last.insert((row.get(0)?, row.get(1)?), (row.get(2)?, row.get(3)?));
    }
    let open = last.into_iter().filter(|(_, (_, opens))| *opens);
    open.map(|((board, _), (told, _))| Ok(Placed { board: hsa_id(&board)?, told: hsa_id(&told)? })).collect()
}

fn went(conn: &Connection, sender: &HsaId, case: &str) -> Result<Vec<Went>, Trouble> {
    let mut select = conn.prepare_cached(
        "SELECT (SELECT receiver FROM delivery WHERE seq = m.delivery_from), m.sender_id, EXISTS (SELECT 1 FROM mark WHERE message = r.message AND mark = 'misdirected') \
         FROM routed r JOIN message m ON m.seq = r.message WHERE r.sender = ?1 AND r.case_id = ?2 \
         ORDER BY r.message DESC LIMIT ?3",
    )?;
    let mut rows = select.query((sender.as_str(), case, i64::try_from(EARLIER).unwrap_or(i64::MAX)))?;
    let mut went = Vec::new();
    while let Some(row) = rows.next()? {
        let receiver: String = row.get(0)?;
        went.push(Went { receiver: hsa_id(&receiver)?, id: row.get(1)?, refused: row.get(2)? });
    }
    Ok(went)
}

fn stranded(conn: &Connection, limit: usize) -> Result<Vec<Stranded>, Trouble> {
    let mut select = conn.prepare_cached(
        "SELECT o.message, m.id, m.sender, m.sender_id, m.received, m.format, b.content, o.meant, \
         (SELECT count(*) FROM message n WHERE n.sender_id = m.sender_id AND n.sender = m.sender \
          AND n.protocol LIKE 'onward-%'), \
         EXISTS (SELECT 1 FROM delivery d WHERE d.seq BETWEEN m.delivery_from AND m.delivery_to AND d.state = 'held') \
         FROM onward o JOIN message m ON m.seq = o.message JOIN body b ON b.id = m.original ORDER BY o.message LIMIT ?1",
    )?;
    let mut rows = select.query([i64::try_from(limit).unwrap_or(i64::MAX)])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let (sender, word, right): (String, String, Option<String>) = (row.get(2)?, row.get(5)?, row.get(7)?);
        found.push(Stranded {
            number: row.get(0)?,
            message: row.get(1)?,
            sender: hsa_id(&sender)?,
            sender_id: row.get(3)?,
            received: instant(row.get(4)?)?,
            format: format(&word)?,
            original: row.get(6)?,
            right: right.as_deref().map(hsa_id).transpose()?,
            times: row.get::<_, i64>(8)?.unsigned_abs(),
            held: row.get(9)?,
        });
    }
    Ok(found)
}

impl Pen<'_> {
    /// Keeps what routing will ask of this message.
    pub(super) fn keep_trail(&mut self, a: &Admission, message: i64) -> Result<(), Trouble> {
        let Some(first) = a.deliveries.first() else { return Ok(()) };
        let (sender, receiver) = (a.key.sender.as_str(), first.lane.receiver.as_str());
        if let Some(found) = a.trail.found {
            self.conn
                .prepare_cached(
                    "INSERT INTO routed (sender, case_id, message, waits) VALUES (?1, ?2, ?3, ?4)",
                )?
                .execute((sender, &a.case, message, !found))?;
        }
        if let Some((subject, opens)) = &a.trail.placement {
            self.conn
                .prepare_cached(
                    "INSERT INTO placement (subject, message, board, case_id, told, at, opens) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                )?
                .execute(params![subject, message, sender, a.case, receiver, micros(a.occurred), opens])?;
        }
        Ok(())
    }

    /// A message was not for its receiver. If it was sent to a routing address, it is to go on.
    pub(super) fn strand(&mut self, message: i64, right: Option<&HsaId>) -> Result<(), Trouble> {
        self.conn
            .prepare_cached(
                "INSERT INTO onward (message, meant) SELECT r.message, ?2 FROM message m CROSS JOIN routed r \
                 ON r.sender = m.sender AND r.case_id = m.case_id AND r.message = m.seq WHERE m.seq = ?1",
            )?
            .execute((message, right.map(HsaId::as_str)))?;
        Ok(())
    }

    /// A person lets go a held delivery. If its message waits for a receiver, it is to go on, and stays held until it does.
    pub(super) fn is_let_go_on(&mut self, held: &Standing, event: &Event) -> Result<bool, Trouble> {
        let waiting: Option<i64> = self
            .conn
            .prepare_cached(
                "SELECT r.message FROM message m CROSS JOIN routed r \
                 ON r.sender = m.sender AND r.case_id = m.case_id AND r.message = m.seq WHERE m.id = ?1 AND r.waits = 1",
            )?
            .query_row([&held.message_id], |row| row.get(0))
            .optional()?;
        let Some(message) = waiting else { return Ok(false) };
        let about = About {
            message: Some(&held.message_id),
            delivery: Some(&held.id),
            party: Some(&held.receiver),
            ..About::default()
        };
        self.append(event, about)?;
        self.conn.prepare_cached("INSERT OR IGNORE INTO onward (message) VALUES (?1)")?.execute([message])?;
        Ok(true)
    }

    /// A message goes on in the place of this one: what was held of it ends.
    pub(super) fn go_on(&mut self, stranded: i64, in_place: &Admission) -> Result<(), Trouble> {
        self.free(stranded)?;
        let now = in_place.events.last().map_or(in_place.received, |e| e.at);
        let detail = format!("{{\"by\":\"{}\"}}", in_place.id);
        for stale in self.standings(stranded)? {
            if stale.state.is_over() {
                continue;
            }
            let mark = Mark::Superseded;
            self.conn
                .prepare_cached("INSERT OR IGNORE INTO mark (message, mark) VALUES (?1, ?2)")?
                .execute((stranded, mark.word()))?;
            // With the mark: what is under way or held shows before it, so the counts are right until it ends.
            let standing = self.standing(stale.seq)?;
            let event = Event { detail: detail.clone(), ..happened(now, mark.kind()) };
            self.pass(&standing, DeliveryState::Stopped, None, &event)?;
        }
        Ok(())
    }

    /// It is to go on no more.
    fn free(&mut self, stranded: i64) -> Result<(), Trouble> {
        match self.conn.prepare_cached("DELETE FROM onward WHERE message = ?1")?.execute([stranded])? {
            1 => Ok(()),
            _ => Err(broken("a message that is not to go on")),
        }
    }

    /// Puts on record that a message cannot go on.
    pub(super) fn leave(&mut self, stranded: i64, event: &Event) -> Result<(), Trouble> {
        self.append(event, About::default())?;
        self.free(stranded)
    }
}
