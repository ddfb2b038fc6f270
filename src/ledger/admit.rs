//! Admission: a message, its bodies, deliveries, events and answer, all or nothing.
//!
//! Invariant: at most one accepted message per key; only an accepted message claims its key. A
//! delivery is head of its lane if no earlier one there is open; the first may begin at once, its
//! attempt on record in the same transaction, which saves a claim. Deliberately absent: refusals,
//! which are events and nothing else.

use super::{
    chain::About,
    claim::{attempt_begins, attempted},
    mark::Marked,
    settle::{seen, weigh},
    sqlite::{Trouble, broken, micros},
    terms::{Admission, Admitted, Known},
    writer::Pen,
};
use crate::model::{Answer, Delivery, DeliveryState, Failure, Key, Lane, Mark, MessageState, NewDelivery};
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
        for one in &admission.beside {
            if known(self.conn, &one.key, &one.hash)?.is_some() {
                return Ok((Admitted::Conflict, None));
            }
        }
        // What is owed must go on, like what was promised.
        if !self.space.for_messages && admission.gives.is_none() && admission.trail.goes_on.is_none() {
            return Err(Trouble::Refused(Failure::Store(
                "free space on the disk is below the reserve".into(),
            )));
        }
        let entered = self.enter(admission, begin)?;
        if matches!(entered.0, Admitted::New) {
            for one in &admission.beside {
                self.enter(one, false)?;
            }
        }
        Ok(entered)
    }

    /// Puts a message on record whose key is free.
    fn enter(
        &mut self,
        admission: &Admission,
        begin: bool,
    ) -> Result<(Admitted, Option<Box<Delivery>>), Trouble> {
        let (Some(first), false) = (admission.deliveries.first(), admission.events.is_empty()) else {
            return Err(broken("an admission without an event or a delivery"));
        };
        let marked = match &admission.marking {
            Some(marking) => self.mark(admission, marking)?,
            None => Marked::Go,
        };
        if marked == Marked::Overtaken {
            return Ok((Admitted::Overtaken, None));
        }
        let waits = match (marked, admission.state) {
            (Marked::Silent, _) => DeliveryState::Stopped,
            (_, MessageState::Held) => DeliveryState::Held,
            _ => DeliveryState::Waiting,
        };
        let behind = self.is_taken(&first.lane)?;
        let begun =
            (begin && !behind && waits == DeliveryState::Waiting).then(|| Box::new(begun(admission, first)));
        let events = self.put_events(admission, begun.as_deref())?;
        if let Some(owed) = admission.gives
            && !self.owe_no_more(owed)?
        {
            return Err(broken("a receipt that is not owed"));
        }
        if let Some(stranded) = admission.trail.goes_on {
            self.go_on(stranded, admission)?;
        }
        let original = self.put_body(&admission.original, None)?;
        let message = self.put_message(admission, original, events)?;
        self.keep_trail(admission, message)?;
        if marked == Marked::Silent {
            self.close(message)?;
        }
        self.book.tally.accept(weigh(seen(waits), (marked == Marked::Silent).then_some(Mark::Handled)));
        let begins = if begun.is_some() { DeliveryState::Attempting } else { waits };
        let mut place = Place { message, original, event_seq: events.1, state: begins, behind };
        self.put_delivery(admission, first, place)?;
        for delivery in admission.deliveries.iter().skip(1) {
            place = Place { state: waits, behind: self.is_taken(&delivery.lane)?, ..place };
            self.put_delivery(admission, delivery, place)?;
        }
        Ok((Admitted::New, begun))
    }

    /// Is anything of this lane open?
    fn is_taken(&self, lane: &Lane) -> Result<bool, Trouble> {
        let mut open = self.conn.prepare_cached(
            "SELECT 1 FROM delivery WHERE receiver = ?1 AND case_id = ?2 AND open = 1 LIMIT 1",
        )?;
        Ok(open.exists((lane.receiver.as_str(), &lane.case))?)
    }

    /// The admission's events, the attempt that begins with it among them; the first's and last's place.
    fn put_events(&mut self, admission: &Admission, begun: Option<&Delivery>) -> Result<(i64, i64), Trouble> {
        let from = self.book.tip.seq + 1;
        let about = About { message: Some(&admission.id), told: true, ..About::default() };
        for event in &admission.events {
            self.append(event, about)?;
        }
        if let Some(delivery) = begun {
            // It begins when the message is accepted, not when its last byte came.
            let now = admission.events.last().map_or(admission.received, |e| e.at);
            self.append(&attempt_begins(delivery.attempt, now), attempted(delivery, true))?;
        }
        Ok((from, self.book.tip.seq))
    }

    /// Stores bytes, and facts beside them; their number.
    pub(super) fn put_body(&mut self, content: &[u8], facts: Option<&str>) -> Result<i64, Trouble> {
        self.conn
            .prepare_cached("INSERT INTO body (content, facts) VALUES (?1, ?2)")?
            .execute((content, facts.map(str::as_bytes)))?;
        Ok(self.conn.last_insert_rowid())
    }

    /// Stores the message. Its events and its deliveries have numbers one after another.
    fn put_message(&mut self, a: &Admission, original: i64, events: (i64, i64)) -> Result<i64, Trouble> {
        let before = self.book.deliveries;
        let count = i64::try_from(a.deliveries.len()).unwrap_or(i64::MAX);
        let words: Vec<&str> = a.receipts.iter().map(|state| state.word()).collect();
        let receipts = (!words.is_empty()).then(|| words.join(" "));
        self.conn
            .prepare_cached(
                "INSERT INTO message (id, sender, protocol, sender_id, hash, event, case_id, refers_to, sent, \
                 occurred, received, format, original, answer_status, answer_type, answer_body, event_from, \
                 event_seq, delivery_from, delivery_to, receipts, subject, agreement, answers, details) VALUES (?1, ?2, \
                 ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, \
                 ?24, ?25)",
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
                a.answer.status,
                a.answer.content_type,
                a.answer.body,
                events.0,
                events.1,
                before + 1,
                before + count,
                receipts,
                a.telling.subject,
                a.telling.agreement,
                a.telling.answers,
                a.telling.details,
            ])?;
        Ok(self.conn.last_insert_rowid())
    }

    fn put_delivery(&mut self, a: &Admission, delivery: &NewDelivery, place: Place) -> Result<(), Trouble> {
        let lane = &delivery.lane;
        // What passes byte for byte is stored once.
        let same = delivery.body == a.original;
        let facts = self.put_body(if same { &[] } else { &delivery.body }, Some(&delivery.facts))?;
        let body = if same { place.original } else { facts };
        let number = self.book.deliveries + 1;
        let open = !place.state.is_over();
        self.conn
            .prepare_cached(
                "INSERT INTO delivery (seq, id, message, receiver, case_id, state, open, head, attempt, next_at, \
                 expires, format, body, facts, event_seq) \
                 VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?15, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
            )?
            .execute(params![
                number,
                delivery.id,
                place.message,
                lane.receiver.as_str(),
                lane.case,
                place.state.word(),
                open && !place.behind,
                u32::from(place.state == DeliveryState::Attempting),
                micros(delivery.due),
                micros(delivery.expires),
                delivery.format.word(),
                body,
                facts,
                place.event_seq,
                open,
            ])?;
        self.book.deliveries = number;
        self.book.tally.delivery(None, place.state);
        Ok(())
    }
}

/// Where and how a new delivery stands.
#[derive(Clone, Copy)]
struct Place {
    message: i64,
    original: i64,
    event_seq: i64,
    state: DeliveryState,
    /// Is an earlier one of its lane open?
    behind: bool,
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
