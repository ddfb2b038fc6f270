//! Admission: a message, its bodies, deliveries, events and answer, all or nothing.
//!
//! Invariant: at most one accepted message per key; only an accepted message claims its key. A
//! delivery is head of its lane if no earlier one there is open; the first may begin at once, its
//! attempt on record in the same transaction, which saves a claim. Deliberately absent: refusals,
//! which are events and nothing else.

use super::{
    claim::attempt_begins,
    sqlite::{Trouble, broken, micros},
    terms::{Admission, Admitted, Known},
    writer::Pen,
};
use crate::model::{Answer, Delivery, DeliveryState, Event, Failure, Key, MessageState, NewDelivery};
use rusqlite::{Connection, OptionalExtension, params};

/// What is on record under this key?
pub(super) fn known(conn: &Connection, key: &Key, hash: &[u8; 32]) -> Result<Option<Known>, Trouble> {
    let found = conn
        .prepare_cached(
            "SELECT hash, answer_status, answer_type, answer_body FROM message \
             WHERE sender_id = ?1 AND sender = ?2 AND protocol = ?3",
        )?
        .query_row((&key.message_id, key.sender.as_str(), key.protocol), |row| {
            let answer = Answer { status: row.get(1)?, content_type: row.get(2)?, body: row.get(3)? };
            Ok((row.get::<_, [u8; 32]>(0)?, answer))
        })
        .optional()?;
    Ok(found.map(|(stored, answer)| if stored == *hash { Known::Repeat(answer) } else { Known::Conflict }))
}

impl Pen<'_> {
    /// Admits a message. `begin`: its first delivery's attempt begins with it if the lane is free;
    /// then that delivery is given back too.
    pub(super) fn admit(
        &mut self,
        admission: &Admission,
        begin: bool,
    ) -> Result<(Admitted, Option<Box<Delivery>>), Trouble> {
        match known(self.conn, &admission.key, &admission.hash)? {
            Some(Known::Repeat(answer)) => return Ok((Admitted::Repeat(answer), None)),
            Some(Known::Conflict) => return Ok((Admitted::Conflict, None)),
            None => {}
        }
        if !self.space.for_messages {
            return Err(Trouble::Refused(Failure::Store(
                "free space on the disk is below the reserve".into(),
            )));
        }
        if admission.events.is_empty() {
            return Err(broken("an admission without an event"));
        }
        let mut event_seq = 0;
        for event in &admission.events {
            event_seq = match event.message {
                Some(_) => self.append(event)?,
                None => self.append(&Event { message: Some(admission.id.clone()), ..event.clone() })?,
            };
        }
        let original = self.put_body(&admission.original)?;
        let message = self.put_message(admission, original, event_seq)?;
        self.book.tally.accept(admission.state);
        let mut begun = None;
        for (place, delivery) in admission.deliveries.iter().enumerate() {
            let may = begin && place == 0 && admission.state == MessageState::Waiting;
            begun = begun.or(self.put_delivery(admission, message, original, delivery, event_seq, may)?);
        }
        Ok((Admitted::New, begun))
    }

    /// Stores bytes; their number.
    pub(super) fn put_body(&mut self, content: &[u8]) -> Result<i64, Trouble> {
        self.conn.prepare_cached("INSERT INTO body (content) VALUES (?1)")?.execute([content])?;
        Ok(self.conn.last_insert_rowid())
    }

    fn put_message(&mut self, a: &Admission, original: i64, event_seq: i64) -> Result<i64, Trouble> {
        self.conn
            .prepare_cached(
                "INSERT INTO message (id, sender, protocol, sender_id, hash, event, case_id, refers_to, sent, \
                 occurred, received, format, original, state, answer_status, answer_type, answer_body, event_seq) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)",
            )?
            .execute(params![
                a.id,
                a.key.sender.as_str(),
                a.key.protocol,
                a.key.message_id,
                a.hash,
                a.event,
                a.case,
                a.refers_to,
                micros(a.sent),
                micros(a.occurred),
                micros(a.received),
                a.format.word(),
                original,
                a.state.word(),
                a.answer.status,
                a.answer.content_type,
                a.answer.body,
                event_seq,
            ])?;
        Ok(self.conn.last_insert_rowid())
    }

    /// Stores a delivery; gives it back if its attempt begins now.
    fn put_delivery(
        &mut self,
        admission: &Admission,
        message: i64,
        original: i64,
        delivery: &NewDelivery,
        event_seq: i64,
        begin: bool,
    ) -> Result<Option<Box<Delivery>>, Trouble> {
        // What passes byte for byte is stored once.
        let body = match delivery.body == admission.original {
            true => original,
            false => self.put_body(&delivery.body)?,
        };
        let facts = self.put_body(delivery.facts.as_bytes())?;
        let lane = &delivery.lane;
        let behind = self
            .conn
            .prepare_cached(
                "SELECT 1 FROM delivery WHERE receiver = ?1 AND case_id = ?2 AND open = 1 LIMIT 1",
            )?
            .exists((lane.receiver.as_str(), &lane.case))?;
        let begun = (begin && !behind).then(|| Box::new(begun(admission, delivery)));
        let event_seq = match &begun {
            // It begins when the message is accepted, not when its last byte came.
            Some(delivery) => {
                let now = admission.events.last().map_or(admission.received, |e| e.at);
                self.append(&attempt_begins(delivery, now))?
            }
            None => event_seq,
        };
        let state = match (admission.state, &begun) {
            (MessageState::Held, _) => DeliveryState::Held,
            (_, Some(_)) => DeliveryState::Attempting,
            _ => DeliveryState::Waiting,
        };
        self.conn
            .prepare_cached(
                "INSERT INTO delivery (id, message, receiver, case_id, state, open, head, attempt, next_at, \
                 expires, format, body, facts, event_seq) \
                 VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
            )?
            .execute(params![
                delivery.id,
                message,
                lane.receiver.as_str(),
                lane.case,
                state.word(),
                !behind,
                begun.as_ref().map_or(0, |d| d.attempt),
                micros(delivery.due),
                micros(delivery.expires),
                delivery.format.word(),
                body,
                facts,
                event_seq,
            ])?;
        self.book.tally.delivery(None, state);
        Ok(begun)
    }
}

/// The first attempt at a new delivery.
fn begun(admission: &Admission, delivery: &NewDelivery) -> Delivery {
    Delivery {
        id: delivery.id.clone(),
        message: admission.id.clone(),
        sender_message: admission.key.message_id.clone(),
        event: admission.event.clone(),
        lane: delivery.lane.clone(),
        attempt: 1,
        accepted: admission.received,
        expires: delivery.expires,
        format: delivery.format,
        body: delivery.body.clone(),
        facts: delivery.facts.clone(),
    }
}
