//! Counts that are kept, not counted: totals must not scan a table.
//!
//! Invariant: changed in the transaction that changes what is counted; accepted = waiting +
//! delivered + held + rejected + expired + acknowledged + handled + superseded + misdirected + annulled at every commit.

use super::{rows::Totals, sqlite::Trouble};
use crate::model::{DeliveryState, MessageState};
use rusqlite::{Connection, OptionalExtension, types::Type};
use std::{collections::HashMap, fmt::Write as _};

/// Names on record, in the order of [`Tally::counts`].
const NAMES: [&str; 20] = [
    "accepted",
    "message-waiting",
    "message-delivered",
    "message-held",
    "message-rejected",
    "message-expired",
    "delivery-waiting",
    "delivery-attempting",
    "delivery-delivered",
    "delivery-rejected",
    "delivery-held",
    "delivery-expired",
    "syncs",
    "commands",
    "message-acknowledged",
    "message-handled",
    "message-superseded",
    "message-misdirected",
    "message-annulled",
    "delivery-stopped",
];

/// The counts as of the transaction under way.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub(super) struct Tally {
    counts: [i64; NAMES.len()],
}

impl Tally {
    pub(super) fn load(conn: &Connection) -> rusqlite::Result<Tally> {
        let text: Option<String> = conn
            .prepare_cached("SELECT counts FROM tally WHERE rowid = 1")?
            .query_row([], |row| row.get(0))
            .optional()?;
        let stored: HashMap<String, i64> = match &text {
            Some(text) => serde_json::from_str(text)
                .map_err(|e| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, e.into()))?,
            None => HashMap::new(),
        };
        Ok(Tally { counts: NAMES.map(|name| stored.get(name).copied().unwrap_or_default()) })
    }

    /// Writes all of it, as one row: a row for each count cost as much as a message.
    pub(super) fn save(&self, conn: &Connection) -> rusqlite::Result<()> {
        let mut text = String::with_capacity(400);
        for (name, count) in NAMES.iter().zip(self.counts) {
            let opening = if text.is_empty() { '{' } else { ',' };
            let _ = write!(text, "{opening}\"{name}\":{count}");
        }
        text.push('}');
        conn.prepare_cached("INSERT OR REPLACE INTO tally (rowid, counts) VALUES (1, ?1)")?
            .execute([text])
            .map(drop)
    }

    /// A message was accepted in this state.
    pub(super) fn accept(&mut self, state: MessageState) {
        self.counts[0] += 1;
        self.counts[message_place(state)] += 1;
    }

    /// A message changed state.
    pub(super) fn message(&mut self, from: MessageState, to: MessageState) {
        self.counts[message_place(from)] -= 1;
        self.counts[message_place(to)] += 1;
    }

    /// A delivery came to be or changed state.
    pub(super) fn delivery(&mut self, from: Option<DeliveryState>, to: DeliveryState) {
        if let Some(from) = from {
            self.counts[delivery_place(from)] -= 1;
        }
        self.counts[delivery_place(to)] += 1;
    }

    /// One commit with this many commands.
    pub(super) fn commit(&mut self, commands: usize) {
        self.counts[12] += 1;
        self.counts[13] += i64::try_from(commands).unwrap_or(i64::MAX);
    }
}

fn message_place(state: MessageState) -> usize {
    match state {
        MessageState::Waiting => 1,
        MessageState::Delivered => 2,
        MessageState::Held => 3,
        MessageState::Rejected => 4,
        MessageState::Expired => 5,
        MessageState::Acknowledged => 14,
        MessageState::Handled => 15,
        MessageState::Superseded => 16,
        MessageState::Misdirected => 17,
        MessageState::Annulled => 18,
    }
}

fn delivery_place(state: DeliveryState) -> usize {
    match state {
        DeliveryState::Waiting => 6,
        DeliveryState::Attempting => 7,
        DeliveryState::Delivered => 8,
        DeliveryState::Rejected => 9,
        DeliveryState::Held => 10,
        DeliveryState::Expired => 11,
        DeliveryState::Stopped => 19,
    }
}

/// The counts as of the last commit.
pub(super) fn totals(conn: &Connection) -> Result<Totals, Trouble> {
    let tally = Tally::load(conn)?;
    let at = |place: usize| u64::try_from(tally.counts[place]).unwrap_or(0);
    let events: i64 = conn.query_row("SELECT coalesce(max(seq), 0) FROM event", [], |r| r.get(0))?;
    let (accepted, syncs) = (at(0), at(12));
    Ok(Totals {
        accepted,
        waiting: at(1),
        delivered: at(2),
        held: at(3),
        rejected: at(4),
        expired: at(5),
        acknowledged: at(14),
        handled: at(15),
        superseded: at(16),
        misdirected: at(17),
        annulled: at(18),
        deliveries_waiting: at(6),
        attempting: at(7),
        events: u64::try_from(events).unwrap_or(0),
        syncs,
        commands: at(13),
        messages_per_sync: if syncs == 0 { 0.0 } else { accepted as f64 / syncs as f64 },
    })
}
