//! Settlement: a delivery's next state, its lane's next head, its message's state.
//!
//! Invariant: every state change of a delivery goes through [`Pen::pass`], so that head, message
//! state and counts always follow. A lane has exactly one head while anything in it is open.

use super::{
    sqlite::{Trouble, broken, message_state, micros},
    writer::Pen,
};
use crate::model::{DeliveryState, Event, MessageState, Settlement};
use rusqlite::{OptionalExtension, Row};

/// A delivery as it stands, with what moving it needs.
pub(super) struct Standing {
    pub(super) seq: i64,
    pub(super) id: String,
    pub(super) message: i64,
    pub(super) message_id: String,
    pub(super) receiver: String,
    case: String,
    state: DeliveryState,
    head: bool,
    pub(super) attempt: u32,
    message_state: String,
    /// Is it its message's only delivery?
    alone: bool,
}

/// Columns of [`Standing::read`]; the tables are `d` and `m`.
pub(super) const STANDING: &str = "d.seq, d.id, d.message, m.id, d.receiver, d.case_id, d.state, d.head, d.attempt, m.state, \
     NOT EXISTS (SELECT 1 FROM delivery o WHERE o.message = d.message AND o.seq <> d.seq)";

impl Standing {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Standing> {
        let word: String = row.get(6)?;
        let state = DeliveryState::from_word(&word)
            .ok_or_else(|| rusqlite::Error::InvalidColumnName(format!("delivery state {word:?}")))?;
        Ok(Standing {
            seq: row.get(0)?,
            id: row.get(1)?,
            message: row.get(2)?,
            message_id: row.get(3)?,
            receiver: row.get(4)?,
            case: row.get(5)?,
            state,
            head: row.get(7)?,
            attempt: row.get(8)?,
            message_state: row.get(9)?,
            alone: row.get(10)?,
        })
    }
}

impl Pen<'_> {
    /// Settles a delivery as the caller says. Is there more to attempt in its lane?
    pub(super) fn settle(&mut self, settlement: &Settlement) -> Result<bool, Trouble> {
        let standing = self
            .conn
            .prepare_cached(&format!(
                "SELECT {STANDING} FROM delivery d JOIN message m ON m.seq = d.message WHERE d.id = ?1"
            ))?
            .query_row([&settlement.delivery], Standing::read)
            .optional()?
            .ok_or_else(|| broken("no such delivery"))?;
        if standing.state.is_over() {
            return Err(broken(format!("the delivery is over: {}", standing.state.word())));
        }
        if settlement.state == DeliveryState::Attempting {
            return Err(broken("only a claim begins an attempt"));
        }
        let next_at = match settlement.state {
            DeliveryState::Waiting => Some(micros(settlement.next_at.unwrap_or(settlement.event.at))),
            _ => None,
        };
        self.pass(&standing, settlement.state, next_at, &settlement.event)
    }

    /// Moves a delivery to its next state with the event that says so. True if that leaves something
    /// to attempt: this delivery later, or the next of its lane.
    pub(super) fn pass(
        &mut self,
        standing: &Standing,
        to: DeliveryState,
        next_at: Option<i64>,
        event: &Event,
    ) -> Result<bool, Trouble> {
        let event_seq = self.append(&about(standing, event))?;
        let over = to.is_over();
        self.conn
            .prepare_cached(
                "UPDATE delivery SET state = ?2, open = ?3, head = ?4, next_at = coalesce(?5, next_at), \
                 event_seq = ?6 WHERE seq = ?1",
            )?
            .execute((standing.seq, to.word(), !over, standing.head && !over, next_at, event_seq))?;
        self.book.tally.delivery(Some(standing.state), to);
        let next = match over && standing.head {
            true => self.promote(standing)?,
            false => to == DeliveryState::Waiting,
        };
        self.derive(standing, to, event_seq)?;
        Ok(next)
    }

    /// The first open delivery of the lane becomes its head. Is there one?
    fn promote(&mut self, standing: &Standing) -> Result<bool, Trouble> {
        let promoted = self
            .conn
            .prepare_cached(
                "UPDATE delivery SET head = 1 WHERE seq = (SELECT seq FROM delivery \
                 WHERE receiver = ?1 AND case_id = ?2 AND open = 1 ORDER BY seq LIMIT 1)",
            )?
            .execute((&standing.receiver, &standing.case))?;
        Ok(promoted > 0)
    }

    /// The message's state follows from its deliveries: what needs a person shows first, then what is
    /// under way, then what went wrong.
    fn derive(&mut self, standing: &Standing, own: DeliveryState, event_seq: i64) -> Result<(), Trouble> {
        let mut to = seen(own);
        if !standing.alone {
            let mut select = self.conn.prepare_cached("SELECT state FROM delivery WHERE message = ?1")?;
            let mut rows = select.query([standing.message])?;
            while let Some(row) = rows.next()? {
                let word = row.get_ref(0)?;
                let state = DeliveryState::from_word(word.as_str().unwrap_or_default()).map(seen);
                let state = state.ok_or_else(|| broken("unknown delivery state"))?;
                if weight(state) > weight(to) {
                    to = state;
                }
            }
        }
        let from = message_state(&standing.message_state).ok_or_else(|| broken("unknown message state"))?;
        if from != to {
            self.conn
                .prepare_cached("UPDATE message SET state = ?2, event_seq = ?3 WHERE seq = ?1")?
                .execute((standing.message, to.word(), event_seq))?;
            self.book.tally.message(from, to);
        }
        Ok(())
    }
}

/// A message's state as this delivery alone would have it.
fn seen(state: DeliveryState) -> MessageState {
    match state {
        DeliveryState::Held => MessageState::Held,
        DeliveryState::Waiting | DeliveryState::Attempting => MessageState::Waiting,
        DeliveryState::Rejected => MessageState::Rejected,
        DeliveryState::Expired => MessageState::Expired,
        DeliveryState::Delivered => MessageState::Delivered,
    }
}

fn weight(state: MessageState) -> u8 {
    match state {
        MessageState::Delivered => 0,
        MessageState::Expired => 1,
        MessageState::Rejected => 2,
        MessageState::Waiting => 3,
        MessageState::Held => 4,
    }
}

/// The event with what the ledger knows filled in.
fn about(standing: &Standing, event: &Event) -> Event {
    let mut event = event.clone();
    event.message.get_or_insert_with(|| standing.message_id.clone());
    event.delivery.get_or_insert_with(|| standing.id.clone());
    event.party.get_or_insert_with(|| standing.receiver.clone());
    event
}
