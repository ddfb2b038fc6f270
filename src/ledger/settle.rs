//! Settlement: a delivery's next state, its lane's next head, the count of its message's state.
//!
//! Invariant: every state change of a delivery goes through [`Pen::pass`], so that head and counts
//! always follow. A lane has exactly one head while anything in it is open. A message's state is
//! nowhere on record: it follows from its deliveries ([`seen`], [`WEIGHTS`]) and from what later messages have made of
//! it ([`weigh`]), here and in questions. Of an annulled message nothing is attempted again.

use super::{
    chain::About,
    sqlite::{Trouble, broken, micros},
    writer::Pen,
};
use crate::model::{DeliveryState, Event, Mark, MessageState, Settlement};
use rusqlite::{OptionalExtension, Row};

/// A delivery as it stands, with what moving it needs.
pub(super) struct Standing {
    pub(super) seq: i64,
    pub(super) id: String,
    pub(super) message_id: String,
    pub(super) receiver: String,
    case: String,
    pub(super) state: DeliveryState,
    head: bool,
    pub(super) attempt: u32,
    /// First and last delivery of its message.
    siblings: (i64, i64),
    /// What later messages have made of its message.
    pub(super) mark: Option<Mark>,
    /// Ends of which its sender wants a receipt.
    pub(super) receipts: Option<String>,
}

/// Columns of [`Standing::read`]; the tables are `d` and `m`.
pub(super) const STANDING: &str = "d.seq, d.id, m.id, d.receiver, d.case_id, d.state, d.head, d.attempt, \
     m.delivery_from, m.delivery_to, (SELECT mark FROM mark WHERE message = m.seq), m.receipts";

impl Standing {
    pub(super) fn read(row: &Row<'_>) -> rusqlite::Result<Standing> {
        let word: String = row.get(5)?;
        let state = DeliveryState::from_word(&word)
            .ok_or_else(|| rusqlite::Error::InvalidColumnName(format!("delivery state {word:?}")))?;
        Ok(Standing {
            seq: row.get(0)?,
            id: row.get(1)?,
            message_id: row.get(2)?,
            receiver: row.get(3)?,
            case: row.get(4)?,
            state,
            head: row.get(6)?,
            attempt: row.get(7)?,
            siblings: (row.get(8)?, row.get(9)?),
            mark: row.get::<_, Option<String>>(10)?.as_deref().and_then(Mark::from_word),
            receipts: row.get(11)?,
        })
    }
}

impl Pen<'_> {
    /// Settles a delivery as the caller says. Is there more to attempt in its lane?
    pub(super) fn settle(&mut self, settlement: &Settlement) -> Result<bool, Trouble> {
        let standing = self
            .conn
            .prepare_cached(&format!(
                "SELECT {STANDING} FROM message m CROSS JOIN delivery d \
                 ON d.seq BETWEEN m.delivery_from AND m.delivery_to WHERE m.id = ?1 AND d.id = ?2"
            ))?
            .query_row((&settlement.message, &settlement.delivery), Standing::read)
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
    /// to do: to attempt this delivery later or the next of its lane, or to give a receipt.
    pub(super) fn pass(
        &mut self,
        standing: &Standing,
        to: DeliveryState,
        next_at: Option<i64>,
        event: &Event,
    ) -> Result<bool, Trouble> {
        let annulled = standing.mark == Some(Mark::Annulled);
        let to = if annulled && !to.is_over() { DeliveryState::Stopped } else { to };
        let over = to.is_over();
        let about = About {
            message: Some(&standing.message_id),
            delivery: Some(&standing.id),
            party: Some(&standing.receiver),
            // What is over stays as it is, and names its last event.
            told: over,
        };
        let event_seq = self.append(event, about)?;
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
        self.follow(standing, to)?;
        let owed = over && self.owe(standing, to)?;
        Ok(next || owed)
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

    /// Counts the message's state anew.
    fn follow(&mut self, standing: &Standing, own: DeliveryState) -> Result<(), Trouble> {
        let (first, last) = standing.siblings;
        let mut others = MessageState::Delivered;
        if first != last {
            let mut select = self
                .conn
                .prepare_cached("SELECT state FROM delivery WHERE seq BETWEEN ?1 AND ?2 AND seq <> ?3")?;
            let mut rows = select.query((first, last, standing.seq))?;
            while let Some(row) = rows.next()? {
                let word = row.get_ref(0)?;
                let state = DeliveryState::from_word(word.as_str().unwrap_or_default());
                others = heavier(others, seen(state.ok_or_else(|| broken("unknown delivery state"))?));
            }
        }
        let before = weigh(heavier(others, seen(standing.state)), standing.mark);
        let (from, to) = (before, weigh(heavier(others, seen(own)), standing.mark));
        if from != to {
            self.book.tally.message(from, to);
        }
        Ok(())
    }
}

/// A message's state as this delivery alone would have it.
pub(super) fn seen(state: DeliveryState) -> MessageState {
    match state {
        DeliveryState::Held => MessageState::Held,
        DeliveryState::Waiting | DeliveryState::Attempting => MessageState::Waiting,
        DeliveryState::Rejected => MessageState::Rejected,
        DeliveryState::Expired => MessageState::Expired,
        // Of a message that has such a delivery its mark tells.
        DeliveryState::Delivered | DeliveryState::Stopped => MessageState::Delivered,
    }
}

/// A message's state: what is under way or needs a person shows first, then what later messages have made of it.
pub(super) fn weigh(of_deliveries: MessageState, mark: Option<Mark>) -> MessageState {
    match (of_deliveries, mark) {
        (MessageState::Waiting | MessageState::Held, _) | (_, None) => of_deliveries,
        (_, Some(mark)) => mark.state(),
    }
}

/// Of several deliveries the last in this list tells their message's state: what needs a person shows
/// first, then what is under way, then what went wrong.
pub(super) const WEIGHTS: [MessageState; 5] = [
    MessageState::Delivered,
    MessageState::Expired,
    MessageState::Rejected,
    MessageState::Waiting,
    MessageState::Held,
];

pub(super) fn heavier(one: MessageState, other: MessageState) -> MessageState {
    let weight = |state| WEIGHTS.iter().position(|s| *s == state);
    if weight(one) < weight(other) { other } else { one }
}
