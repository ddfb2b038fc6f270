//! `[routing]` of an agreement: the address under which the gateway chooses the receiver, and who is a party for which
//! municipality (domain §6).
//!
//! Invariant: a party is not a municipality: each area names its party, for all events or for some, between two days.
//! Deliberately absent: whether a municipality is one, which the rules know.

use super::super::read::Table;
use crate::model::{Code, HsaId};
use jiff::civil::Date;

/// How messages without a concrete receiver find theirs.
#[derive(Clone, PartialEq, Debug)]
pub struct Routing {
    /// The address that such a message is sent to.
    pub address: HsaId,
    /// The party that takes what no rule finds a receiver for. Nobody: it is held.
    pub desk: Option<HsaId>,
    /// Who is a party for which area.
    pub areas: Vec<Area>,
}

/// A municipality, or a part of one, and its party.
#[derive(Clone, PartialEq, Debug)]
pub struct Area {
    /// Code of the municipality.
    pub municipality: String,
    /// The board of it, where it is told apart by board.
    pub district: Option<String>,
    /// Who has its messages.
    pub party: HsaId,
    /// Event codes that this holds for; empty: all that no other area of the place names.
    pub events: Vec<String>,
    /// Postal codes, first and last.
    pub postal: Vec<(u32, u32)>,
    /// First day.
    pub from: Option<Date>,
    /// Last day.
    pub until: Option<Date>,
}

impl Area {
    /// Does it hold on this day for this event?
    pub fn holds(&self, event: &str, day: Date) -> bool {
        let named = self.events.is_empty() || self.events.iter().any(|e| e == event);
        named && self.from.is_none_or(|from| from <= day) && self.until.is_none_or(|until| day <= until)
    }

    /// Does the postal code lie in it?
    pub fn has(&self, postal: u32) -> bool {
        self.postal.iter().any(|(first, last)| (*first..=*last).contains(&postal))
    }
}

/// Reads the table, if it is there.
pub fn read(table: &mut Table<'_>) -> Option<Routing> {
    let address = table.need("address", "an HSA-id", HsaId::parse);
    let desk = table.parsed("desk", "an HSA-id", HsaId::parse);
    let areas = table.tables("area", area);
    Some(Routing { address: address?, desk, areas })
}

fn area(table: &mut Table<'_>) -> Option<Area> {
    let municipality = table.need("municipality", "the four digits of a municipality's code", |t| {
        (t.len() == 4 && t.bytes().all(|b| b.is_ascii_digit())).then(|| t.to_string())
    });
    let district = table.text("district");
    let party = table.need("party", "an HSA-id", HsaId::parse);
    let events = table.list("events", "an event code", |t| Some(t.to_string())).unwrap_or_default();
    let codes = "a postal code or two with a hyphen, e.g. \"12340-12399\"";
    let postal = table.list("postal", codes, range).unwrap_or_default();
    let from = table.parsed("from", "a date in quotes, e.g. \"2026-01-01\"", |t| t.parse().ok());
    let until = table.parsed("until", "a date in quotes, e.g. \"2026-12-31\"", |t| t.parse().ok());
    if let (Some(first), Some(last)) = (from, until)
        && first > last
    {
        let message = "the area ends before it begins".to_string();
        table.problem(None, Code::ConfigValue, message, "let `from` be no later than `until`");
    }
    Some(Area { municipality: municipality?, district, party: party?, events, postal, from, until })
}

/// `12345` or `12340-12399`.
fn range(text: &str) -> Option<(u32, u32)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (postal_code(first)?, postal_code(last)?);
    (first <= last).then_some((first, last))
}

/// Five digits, with or without the space after the third.
pub fn postal_code(text: &str) -> Option<u32> {
    let digits: String = text.trim().chars().filter(|c| *c != ' ').collect();
    (digits.len() == 5 && digits.bytes().all(|b| b.is_ascii_digit())).then(|| digits.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postal_codes_are_read_as_people_write_them() {
        for (text, found) in [
            ("12345", Some((12345, 12345))),
            ("123 45 - 123 99", Some((12345, 12399))),
            ("12399-12345", None),
            ("1234", None),
            ("12a45", None),
            ("", None),
        ] {
            assert_eq!(range(text), found, "{text}");
        }
    }
}
