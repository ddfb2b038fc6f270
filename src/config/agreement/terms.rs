//! `[terms]` of an agreement: deadlines and free days that go before the law's and the catalogue's.
//!
//! Invariant: what is not written stays as [`Terms::default`] has it; a row holds from its own first day,
//! or from the agreement's.

use super::super::read;
use crate::{
    case::{Care, Deadline, FreeDays, Limit, Terms},
    model::Code,
};
use jiff::civil::{Date, Time};

/// Reads the table; `from` is the agreement's first day.
pub fn read(table: &mut read::Table<'_>, from: Option<Date>) -> Terms {
    let mut terms = Terms::default();
    let from = from.unwrap_or(Date::MIN);
    let noon = "a time of day in quotes, e.g. \"12:00\"";
    terms.care = table.parsed("care", CARE, Care::from_word).unwrap_or(terms.care);
    terms.sip_needed = table.boolean("sip_needed", terms.sip_needed);
    terms.noon = table.parsed("noon", noon, time).unwrap_or(terms.noon);
    // Of two rows of one day the later in the list holds: the agreement's come after the built-in ones.
    terms.deadlines.extend(table.tables("deadline", |table| deadline(table, from)));
    terms.free_days.extend(table.tables("free_days", |table| free_days(table, from)));
    terms
}

const CARE: &str = "\"somatic\" or \"psychiatric\"";

fn time(text: &str) -> Option<Time> {
    (text.len() == 5).then(|| text.parse().ok()).flatten()
}

fn first_day(table: &mut read::Table<'_>, from: Date) -> Date {
    table.parsed("valid_from", "a date in quotes, e.g. \"2026-01-01\"", |t| t.parse().ok()).unwrap_or(from)
}

fn deadline(table: &mut read::Table<'_>, from: Date) -> Option<Deadline> {
    let known = |text: &str| Terms::timed_events().find(|event| *event == text).map(str::to_string);
    let event = table.need("event", "an event that has a deadline; see docs/configuration.md", known);
    let valid_from = first_day(table, from);
    // -1 is no number that may be written: it says that the key is absent.
    let hours = table.number("hours", -1, 0..=8_760);
    let days = table.number("days", -1, 0..=365);
    let limit = match (u16::try_from(hours), u16::try_from(days)) {
        (Ok(hours), Err(_)) => Limit::Hours(hours),
        (Err(_), Ok(days)) => Limit::Days(days),
        _ => {
            let what = "a deadline has either `hours` or `days`";
            table.problem(None, Code::ConfigKey, what.into(), "write one of the two: days end at midnight");
            return None;
        }
    };
    Some(Deadline { event: event?, valid_from, limit })
}

fn free_days(table: &mut read::Table<'_>, from: Date) -> Option<FreeDays> {
    let care = table.parsed("care", CARE, Care::from_word);
    let valid_from = first_day(table, from);
    let days = table.number("days", -1, 0..=60);
    let after = table.number("days_after_noon", days, 0..=60);
    let (Ok(days), Ok(days_after_noon)) = (u8::try_from(days), u8::try_from(after)) else {
        table.problem(None, Code::ConfigKey, "`days` is missing".into(), "add `days` (a whole number)");
        return None;
    };
    Some(FreeDays { valid_from, care, days, days_after_noon })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::super::from_text;
    use crate::case::{Care, Limit, Terms};
    use jiff::civil::{date, time};

    fn agreement(terms: &str) -> String {
        let event = "[[event]]\ncode = \"discharged\"\nfrom = \"region\"\nto = \"municipality\"\n";
        format!("name = \"lan\"\nvalid_from = \"2022-04-01\"\n{event}{terms}")
    }

    fn read(terms: &str) -> Result<Terms, Vec<String>> {
        let read = from_text("lan.toml", &agreement(terms));
        read.map(|a| a.terms).map_err(|found| found.into_iter().map(|p| p.message).collect())
    }

    #[test]
    fn without_terms_the_law_holds() {
        assert_eq!(read("").unwrap(), Terms::default());
    }

    #[test]
    fn rows_of_an_agreement_go_before_the_law_from_their_day() {
        let terms = read(
            "[terms]\ncare = \"psychiatric\"\nsip_needed = false\nnoon = \"13:30\"\n\
             [[terms.deadline]]\nevent = \"admission-reply\"\ndays = 2\n\
             [[terms.deadline]]\nevent = \"admission-reply\"\nhours = 24\nvalid_from = \"2026-01-01\"\n\
             [[terms.free_days]]\ncare = \"somatic\"\ndays = 2\n\
             [[terms.free_days]]\ndays = 3\ndays_after_noon = 4\nvalid_from = \"2027-01-01\"\n",
        )
        .unwrap();
        assert_eq!((terms.care, terms.sip_needed), (Care::Psychiatric, false));
        assert_eq!(terms.noon, time(13, 30, 0, 0));
        let reply = |day| terms.limit("admission-reply", day).unwrap();
        assert_eq!(reply(date(2022, 3, 31)), Limit::Hours(48));
        assert_eq!(reply(date(2022, 4, 1)), Limit::Days(2));
        assert_eq!(reply(date(2026, 1, 1)), Limit::Hours(24));
        assert_eq!(terms.free_days(Care::Somatic, date(2022, 4, 1), true), 2);
        assert_eq!(terms.free_days(Care::Psychiatric, date(2022, 4, 1), true), 4);
        assert_eq!(terms.free_days(Care::Somatic, date(2027, 1, 1), true), 4);
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let found = read(
            "[terms]\ncare = \"dental\"\nnoon = \"noon\"\nfree = 3\n\
             [[terms.deadline]]\nevent = \"tea\"\nhours = 1\n\
             [[terms.deadline]]\nevent = \"sip-call\"\nhours = 1\ndays = 1\n\
             [[terms.free_days]]\ncare = \"somatic\"\n",
        )
        .unwrap_err();
        for word in [
            "`care`",
            "`noon`",
            "unknown key `free`",
            "`event`",
            "either `hours` or `days`",
            "`days` is missing",
        ] {
            assert!(found.iter().any(|f| f.contains(word)), "{word}: {found:?}");
        }
        assert_eq!(found.len(), 6, "{found:?}");
    }
}
