//! Marks: what a later message makes of an earlier one (domain §2).
//!
//! Invariant: a mark goes on record in the transaction of the message that makes it, with its event, and gives way only to
//! a higher one. What is annulled and has not left is stopped. A message without a mark costs nothing here. Deliberately
//! absent: which message makes which mark.

use super::{
    chain::About,
    claim::happened,
    settle::{STANDING, Standing, heavier, seen, weigh},
    sqlite::{Trouble, broken, instant, micros},
    terms::Admission,
    writer::Pen,
};
use crate::model::{DeliveryState, Event, EventKind, Mark, Marking, MessageState, Named, Referred};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension};

/// Messages of this id (?1), and those of a sender that uses ids again, which are kept as id, `@` and send time: two looks
/// into one index. `@` is followed by `A` in the order of bytes.
const CALLED: &str = "SELECT seq FROM message WHERE sender_id = ?1 UNION ALL SELECT seq FROM message \
     WHERE sender_id > ?1 || '@' AND sender_id < ?1 || 'A' AND (protocol = 'hl7v2-mllp' OR protocol GLOB 'onward-*') \
     AND substr(sender_id, length(?1) + 2) GLOB '[0-9][0-9][0-9][0-9]-[0-9][0-9]-[0-9][0-9]T*Z'";

/// The newest message of this name. `beside`: events that are no steps of a case, as a JSON array, where it matters
/// whether there is a later step.
pub(super) fn referred(
    conn: &Connection,
    named: &Named,
    beside: Option<&str>,
) -> Result<Option<Referred>, Trouble> {
    let found: Option<(i64, String, String, String, i64, Option<String>)> = conn
        .prepare_cached(&format!(
            "SELECT m.seq, m.id, m.event, m.case_id, m.occurred, (SELECT mark FROM mark WHERE message = m.seq) \
             FROM message m WHERE m.seq IN ({CALLED}) AND m.sender = ?2 AND EXISTS (SELECT 1 FROM delivery \
             WHERE seq BETWEEN m.delivery_from AND m.delivery_to AND receiver = ?3) ORDER BY m.seq DESC LIMIT 1"
        ))?
        .query_row((&named.id, named.sender.as_str(), named.receiver.as_str()), |row| {
            Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?))
        })
        .optional()?;
    let Some((seq, message, event, case, occurred, mark)) = found else { return Ok(None) };
    let looked: i64 =
        conn.prepare_cached("SELECT coalesce(max(seq), 0) FROM delivery")?.query_row([], |row| row.get(0))?;
    let occurred = instant(occurred)?;
    let mut referred = Referred {
        seq,
        message,
        event,
        case,
        occurred,
        mark: mark.as_deref().and_then(Mark::from_word),
        beside: beside.unwrap_or("[]").to_string(),
        looked: 0,
        later: false,
    };
    referred.later = beside.is_some() && is_overtaken(conn, &referred)?;
    referred.looked = looked;
    Ok(Some(referred))
}

/// Does a later step of its case stand on record, among the deliveries that were not looked at? By event time, and of
/// two of one time by arrival; what was made of the same arrival (one sender, one moment, one answer) is no later step
/// than it. Deliveries are small rows, and this is asked for annulments alone: no index is kept for it.
fn is_overtaken(conn: &Connection, one: &Referred) -> Result<bool, Trouble> {
    let mut select = conn.prepare_cached(
        "SELECT 1 FROM delivery d JOIN message m ON m.seq = d.message \
         WHERE d.seq > ?1 AND d.case_id = ?2 AND m.seq <> ?3 AND (m.occurred, m.seq) > (?4, ?3) \
         AND m.event NOT IN (SELECT value FROM json_each(?5)) \
         AND NOT EXISTS (SELECT 1 FROM mark WHERE message = m.seq AND mark = 'annulled') \
         AND NOT EXISTS (SELECT 1 FROM message o WHERE o.seq = ?3 AND o.sender = m.sender \
         AND o.received = m.received AND o.answer_body = m.answer_body) LIMIT 1",
    )?;
    Ok(select.exists((one.looked, &one.case, one.seq, micros(one.occurred), &one.beside))?)
}

/// What a marking leaves to do.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Marked {
    /// The message goes its way.
    Go,
    /// What it annuls has certainly not left: nobody need be told.
    Silent,
    /// It may not be: a later step, or another annulment of the same, came in between.
    Overtaken,
}

impl Pen<'_> {
    /// Marks what an admission names.
    pub(super) fn mark(&mut self, admission: &Admission, marking: &Marking) -> Result<Marked, Trouble> {
        let (one, mark) = (&marking.of, marking.mark);
        let standings = self.standings(one.seq)?;
        let old = standings.first().ok_or_else(|| broken("a message without a delivery"))?.mark;
        if mark == Mark::Annulled && (old == Some(mark) || is_overtaken(self.conn, one)?) {
            return Ok(Marked::Overtaken);
        }
        if old >= Some(mark) {
            return Ok(Marked::Go);
        }
        let now = admission.events.last().map_or(admission.received, |e| e.at);
        let event =
            Event { detail: format!("{{\"by\":\"{}\"}}", admission.id), ..happened(now, mark.kind()) };
        let about = About {
            message: Some(&one.message),
            party: Some(admission.key.sender.as_str()),
            ..About::default()
        };
        self.append(&event, about)?;
        self.conn
            .prepare_cached("INSERT OR REPLACE INTO mark (message, mark) VALUES (?1, ?2)")?
            .execute((one.seq, mark.word()))?;
        let of_deliveries = standings.iter().fold(MessageState::Delivered, |s, d| heavier(s, seen(d.state)));
        let (from, to) = (weigh(of_deliveries, old), weigh(of_deliveries, Some(mark)));
        if from != to {
            self.book.tally.message(from, to);
        }
        if mark == Mark::Misdirected {
            self.strand(one.seq, admission.trail.right.as_ref())?;
        }
        if mark != Mark::Annulled {
            return Ok(Marked::Go);
        }
        self.conn.prepare_cached("DELETE FROM onward WHERE message = ?1")?.execute([one.seq])?;
        let left = standings.iter().any(|d| d.attempt > 0);
        self.stop(standings, now)?;
        Ok(if left { Marked::Go } else { Marked::Silent })
    }

    /// Stops what waits. An attempt under way is not tried again (see [`Pen::pass`]).
    fn stop(&mut self, standings: Vec<Standing>, now: Timestamp) -> Result<(), Trouble> {
        let idle = |d: &Standing| matches!(d.state, DeliveryState::Waiting | DeliveryState::Held);
        for stale in standings.into_iter().filter(idle) {
            let standing = self.standing(stale.seq)?;
            self.pass(&standing, DeliveryState::Stopped, None, &happened(now, EventKind::Stopped))?;
        }
        Ok(())
    }

    /// The deliveries of a message.
    pub(super) fn standings(&self, message: i64) -> Result<Vec<Standing>, Trouble> {
        let sql = format!(
            "SELECT {STANDING} FROM message m CROSS JOIN delivery d \
             ON d.seq BETWEEN m.delivery_from AND m.delivery_to WHERE m.seq = ?1 ORDER BY d.seq"
        );
        let mut select = self.conn.prepare_cached(&sql)?;
        Ok(select.query_map([message], Standing::read)?.collect::<rusqlite::Result<_>>()?)
    }

    /// A message that nobody need be told is done with.
    pub(super) fn close(&mut self, message: i64) -> Result<(), Trouble> {
        self.conn
            .prepare_cached("INSERT INTO mark (message, mark) VALUES (?1, ?2)")?
            .execute((message, Mark::Handled.word()))?;
        Ok(())
    }
}
