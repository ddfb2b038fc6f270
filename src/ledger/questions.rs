//! The questions that people ask of the ledger, as SQL.
//!
//! Invariant: read only; every list is bounded or belongs to one message. Deliberately absent:
//! anything the gateway's own work needs, which must not share its plans with curiosity.

use super::{
    rows::{DeliveryRow, EventRow, Filter, MessageRow},
    settle::{WEIGHTS, weigh},
    sqlite::{Trouble, broken, instant},
};
use crate::model::{Mark, MessageState};
use rusqlite::{Connection, OptionalExtension, Row, types::Value};

/// `HSA-ids` hold no comma, so a joined list can be taken apart again.
const MESSAGE: &str = "SELECT m.seq, m.id, m.sender_id, m.sender, m.protocol, m.event, m.case_id, m.refers_to, \
     m.sent, m.occurred, m.received, m.format, \
     (SELECT group_concat(receiver) FROM (SELECT DISTINCT receiver FROM delivery \
        WHERE seq BETWEEN m.delivery_from AND m.delivery_to)), \
     (SELECT max(CASE state WHEN 'delivered' THEN 0 WHEN 'stopped' THEN 0 WHEN 'expired' THEN 1 WHEN 'rejected' THEN 2 WHEN 'held' THEN 4 \
        ELSE 3 END) FROM delivery WHERE seq BETWEEN m.delivery_from AND m.delivery_to) AS weight, \
     (SELECT mark FROM mark WHERE message = m.seq) AS marked \
     FROM message m";

/// The condition of the index over trouble, which serves only a question that has it word for word.
const TROUBLE: &str = "('held', 'rejected', 'expired')";

const EVENT: &str = "SELECT seq, at, kind, message, delivery, party, code, detail FROM event";

pub(super) fn messages(conn: &Connection, filter: &Filter) -> Result<Vec<MessageRow>, Trouble> {
    let (sql, values) = listing(filter);
    let mut select = conn.prepare_cached(&sql)?;
    let mut rows = select.query(rusqlite::params_from_iter(values))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        found.push(message_row(row)?);
    }
    Ok(found)
}

/// The question that a filter asks, and its values.
pub(super) fn listing(filter: &Filter) -> (String, Vec<Value>) {
    let mut sql = format!("{MESSAGE} WHERE 1");
    let mut values: Vec<Value> = Vec::new();
    if let Some(state) = filter.state {
        sql.push_str(&standing(state));
    }
    if let Some(event) = &filter.event {
        sql.push_str(" AND m.event = ?");
        values.push(Value::Text(event.clone()));
    }
    if let Some(party) = &filter.party {
        sql.push_str(
            " AND (m.sender = ? OR EXISTS (SELECT 1 FROM delivery \
             WHERE seq BETWEEN m.delivery_from AND m.delivery_to AND receiver = ?))",
        );
        values.extend([Value::Text(party.clone()), Value::Text(party.clone())]);
    }
    if let Some(before) = filter.before {
        sql.push_str(" AND m.seq < ?");
        values.push(Value::Integer(i64::try_from(before).unwrap_or(i64::MAX)));
    }
    sql.push_str(" ORDER BY m.seq DESC LIMIT ?");
    values.push(Value::Integer(i64::try_from(filter.limit).unwrap_or(i64::MAX)));
    (sql, values)
}

/// The condition that a message stands so: by its deliveries, and once they are over by its mark. In the text, not
/// bound: a partial index serves only a condition that is known beforehand.
fn standing(state: MessageState) -> String {
    let word = state.word();
    let marked = format!("SELECT message FROM mark WHERE mark = '{word}'");
    let troubled = format!("SELECT message FROM delivery WHERE state = '{word}' AND state IN {TROUBLE}");
    match (state, WEIGHTS.iter().position(|s| *s == state)) {
        (MessageState::Waiting, Some(weight)) => {
            format!(" AND weight = {weight} AND m.seq IN (SELECT message FROM delivery WHERE open = 1)")
        }
        (MessageState::Held, Some(weight)) => format!(" AND weight = {weight} AND m.seq IN ({troubled})"),
        (MessageState::Delivered, Some(weight)) => format!(" AND weight = {weight} AND marked IS NULL"),
        (MessageState::Rejected, Some(weight)) => format!(
            " AND (weight = {weight} AND marked IS NULL OR weight <= {weight} AND marked = '{word}') \
             AND m.seq IN ({troubled} UNION {marked})"
        ),
        (_, Some(weight)) => format!(" AND weight = {weight} AND marked IS NULL AND m.seq IN ({troubled})"),
        (_, None) => {
            let open = WEIGHTS.iter().position(|s| *s == MessageState::Waiting).unwrap_or_default();
            format!(" AND weight < {open} AND m.seq IN ({marked})")
        }
    }
}

pub(super) fn message(conn: &Connection, id: &str) -> Result<Option<MessageRow>, Trouble> {
    for condition in ["m.id = ?1", "m.sender_id = ?1 ORDER BY m.seq DESC LIMIT 1"] {
        let mut select = conn.prepare_cached(&format!("{MESSAGE} WHERE {condition}"))?;
        let mut rows = select.query([id])?;
        if let Some(row) = rows.next()? {
            return message_row(row).map(Some);
        }
    }
    Ok(None)
}

pub(super) fn is_only(conn: &Connection, id: &str) -> Result<bool, Trouble> {
    let count = "SELECT count(*) FROM (SELECT 1 FROM message WHERE sender_id = ?1 LIMIT 2)";
    Ok(conn.prepare_cached(count)?.query_row([id], |row| row.get::<_, i64>(0))? == 1)
}

fn message_row(row: &Row<'_>) -> Result<MessageRow, Trouble> {
    let receivers: Option<String> = row.get(12)?;
    let weight: u8 = row.get(13)?;
    let marked: Option<String> = row.get(14)?;
    let of_deliveries = *WEIGHTS.get(usize::from(weight)).ok_or_else(|| broken("unknown message state"))?;
    Ok(MessageRow {
        seq: row.get::<_, i64>(0)?.unsigned_abs(),
        id: row.get(1)?,
        sender_id: row.get(2)?,
        sender: row.get(3)?,
        protocol: row.get(4)?,
        event: row.get(5)?,
        case: row.get(6)?,
        refers_to: row.get(7)?,
        receivers: receivers.map(|list| list.split(',').map(str::to_owned).collect()).unwrap_or_default(),
        state: weigh(of_deliveries, marked.as_deref().and_then(Mark::from_word)),
        sent: instant(row.get(8)?)?,
        occurred: instant(row.get(9)?)?,
        received: instant(row.get(10)?)?,
        format: row.get(11)?,
    })
}

pub(super) fn journey(conn: &Connection, message: &str) -> Result<Vec<EventRow>, Trouble> {
    // What the message and its deliveries tell of, and what is listed because nothing else tells of it.
    let mut select = conn.prepare_cached(&format!(
        "{EVENT} WHERE message = ?1 AND seq IN (SELECT seq FROM event WHERE message = ?1 AND listed = 1 \
         UNION SELECT e.seq FROM message m CROSS JOIN event e ON e.seq BETWEEN m.event_from AND m.event_seq \
           WHERE m.id = ?1 \
         UNION SELECT d.event_seq FROM message m CROSS JOIN delivery d \
           ON d.seq BETWEEN m.delivery_from AND m.delivery_to WHERE m.id = ?1) ORDER BY seq"
    ))?;
    Ok(select.query_map([message], event_row)?.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn refusals(conn: &Connection, limit: usize) -> Result<Vec<EventRow>, Trouble> {
    let mut select = conn.prepare_cached(&format!(
        "{EVENT} WHERE kind IN ('refused', 'turned-away') ORDER BY seq DESC LIMIT ?1"
    ))?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Ok(select.query_map([limit], event_row)?.collect::<rusqlite::Result<_>>()?)
}

fn event_row(row: &Row<'_>) -> rusqlite::Result<EventRow> {
    Ok(EventRow {
        seq: row.get::<_, i64>(0)?.unsigned_abs(),
        at: instant(row.get(1)?)?,
        kind: row.get(2)?,
        message: row.get(3)?,
        delivery: row.get(4)?,
        party: row.get(5)?,
        code: row.get(6)?,
        detail: row.get(7)?,
    })
}

pub(super) fn deliveries(conn: &Connection, message: &str) -> Result<Vec<DeliveryRow>, Trouble> {
    let mut select = conn.prepare_cached(
        "SELECT d.id, m.id, d.receiver, d.case_id, d.state, d.head, d.attempt, d.next_at, d.expires, d.format \
         FROM message m CROSS JOIN delivery d ON d.seq BETWEEN m.delivery_from AND m.delivery_to \
         WHERE m.id = ?1 ORDER BY d.seq",
    )?;
    let rows = select.query_map([message], |row| {
        Ok(DeliveryRow {
            id: row.get(0)?,
            message: row.get(1)?,
            receiver: row.get(2)?,
            case: row.get(3)?,
            state: row.get(4)?,
            head: row.get(5)?,
            attempts: row.get(6)?,
            next_at: instant(row.get(7)?)?,
            expires: instant(row.get(8)?)?,
            format: row.get(9)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

pub(super) fn original(conn: &Connection, message: &str) -> Result<Option<Vec<u8>>, Trouble> {
    let mut select = conn
        .prepare_cached("SELECT b.content FROM message m JOIN body b ON b.id = m.original WHERE m.id = ?1")?;
    Ok(select.query_row([message], |row| row.get(0)).optional()?)
}
