//! `[watch]`: when the gateway calls something near, silent or short.
//!
//! Invariant: by when a thing is owed stands in the agreements; here stands only how early, and how late, a person is told.

use super::read::Table;
use crate::case::{Leads, Terms};
use jiff::SignedDuration;

/// When something becomes a problem that no agreement says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Watch {
    /// How long before its time what is owed is told of.
    pub leads: Leads,
    /// Days on which a party has sent before its silence can be unusual. Default 14.
    pub history_days: usize,
    /// So many percent of the usual silence are unusual. Default 150.
    pub silence_percent: i64,
    /// Shorter silences are never unusual. Default 6 hours.
    pub silence_least: SignedDuration,
}

impl Default for Watch {
    fn default() -> Watch {
        Watch {
            leads: Leads::default(),
            history_days: 14,
            silence_percent: 150,
            silence_least: SignedDuration::from_hours(6),
        }
    }
}

/// Reads the table.
pub fn read(table: &mut Table<'_>) -> Watch {
    let most = SignedDuration::from_hours(table.number("lead_hours", 24, 0..=720));
    let of = table.tables("lead", |row| {
        let known = |text: &str| Terms::timed_events().find(|event| *event == text).map(str::to_string);
        let event = row.need("event", "an event that has a deadline; see docs/configuration.md", known);
        let hours = row.number("hours", 24, 0..=8_760);
        Some((event?, SignedDuration::from_hours(hours)))
    });
    Watch {
        leads: Leads { most, of },
        history_days: usize::try_from(table.number("history_days", 14, 3..=28)).unwrap_or(14),
        silence_percent: table.number("silence_percent", 150, 100..=1_000),
        silence_least: SignedDuration::from_hours(table.number("silence_hours", 6, 1..=720)),
    }
}
