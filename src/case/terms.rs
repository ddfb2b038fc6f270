//! The terms of an agreement: by when what is owed, and from which day payment liability begins.
//!
//! Invariant: every time that the machines use stands here as dated data; the built-in rows are the
//! law's and the catalogue's defaults (domain §1, §3), and an agreement's rows go before them.

use jiff::civil::{Date, Time, date, time};
use serde::{Deserialize, Serialize};

/// The dated tables of an agreement.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Terms {
    /// Kind of care of an admission that does not say it.
    pub care: Care,
    /// Is a SIP needed where the ready notice does not say it?
    pub sip_needed: bool,
    /// A ready notice sent after this time of day in Stockholm counts as sent after noon.
    pub noon: Time,
    /// How long each event may take; of rows of one event the newest in force holds, of those of one day the
    /// later in the list.
    pub deadlines: Vec<Deadline>,
    /// Free days before payment liability; of rows that fit the newest in force holds, and of those of
    /// one day the one that names the kind of care.
    pub free_days: Vec<FreeDays>,
}

/// Kind of care.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Care {
    /// Of the body.
    Somatic,
    /// Psychiatric.
    Psychiatric,
}

impl Care {
    /// Reads the code.
    pub fn from_word(word: &str) -> Option<Care> {
        match word {
            "somatic" => Some(Care::Somatic),
            "psychiatric" => Some(Care::Psychiatric),
            _ => None,
        }
    }
}

/// How long an event may take.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Deadline {
    /// Event code that is awaited.
    pub event: String,
    /// First day on which it holds for what begins then.
    pub valid_from: Date,
    /// How long.
    pub limit: Limit,
}

/// A length of time.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// So many hours, to the second, whatever the clocks do.
    Hours(u16),
    /// Until the end of the calendar day in Stockholm that comes so many days after; 0 is the same day.
    Days(u16),
}

/// Free days before payment liability.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct FreeDays {
    /// First day on which a ready notice counts by this row.
    pub valid_from: Date,
    /// Kind of care; `None`: any.
    pub care: Option<Care>,
    /// Liability begins so many calendar days after day zero, the day of the notice: with 2, day zero and
    /// the day after it are free.
    pub days: u8,
    /// The same for a notice sent after noon.
    pub days_after_noon: u8,
}

/// Rows that hold from here on held always.
const ALWAYS: Date = date(1900, 1, 1);

/// The law's and the catalogue's times: hours, or days.
const DEADLINES: [(&str, Limit); 18] = [
    ("health-exam-request", Limit::Days(7)),
    ("dental-exam-request", Limit::Days(7)),
    ("exam-status", Limit::Days(14)),
    ("exam-statement", Limit::Days(28)),
    ("admission-notice", Limit::Hours(24)),
    ("discharge-estimate-changed", Limit::Hours(1)),
    ("admission-reply", Limit::Hours(48)),
    ("sip-call", Limit::Days(3)),
    ("discharge-ready", Limit::Hours(1)),
    ("discharge-ready-withdrawn", Limit::Hours(1)),
    ("discharge-information", Limit::Days(0)),
    ("discharged", Limit::Days(0)),
    ("placement-started", Limit::Days(3)),
    ("placement-changed", Limit::Days(3)),
    ("placement-ended", Limit::Days(3)),
    ("cofinancing-answer", Limit::Days(14)),
    ("sis-patient-left", Limit::Hours(1)),
    ("open-compulsory-care", Limit::Hours(1)),
];

impl Default for Terms {
    fn default() -> Terms {
        let row = |(event, limit): &(&str, Limit)| Deadline {
            event: (*event).to_string(),
            valid_from: ALWAYS,
            limit: *limit,
        };
        Terms {
            care: Care::Somatic,
            sip_needed: true,
            noon: time(12, 0, 0, 0),
            deadlines: DEADLINES.iter().map(row).collect(),
            free_days: vec![FreeDays { valid_from: ALWAYS, care: None, days: 3, days_after_noon: 4 }],
        }
    }
}

impl Terms {
    /// The events that have a time by default, and may have another by agreement.
    pub fn timed_events() -> impl Iterator<Item = &'static str> {
        DEADLINES.iter().map(|(event, _)| *event)
    }

    /// How long the event may take when its time begins on `day`.
    pub fn limit(&self, event: &str, day: Date) -> Option<Limit> {
        let rows = self.deadlines.iter().filter(|d| d.event == event && d.valid_from <= day);
        rows.max_by_key(|d| d.valid_from).map(|d| d.limit)
    }

    /// The free days of a notice given on `day`: law's three, four after noon, if no row fits.
    pub fn free_days(&self, care: Care, day: Date, after_noon: bool) -> u8 {
        let fits = |row: &&FreeDays| row.valid_from <= day && row.care.is_none_or(|c| c == care);
        let row = self.free_days.iter().filter(fits).max_by_key(|r| (r.valid_from, r.care.is_some()));
        match (row, after_noon) {
            (Some(row), false) => row.days,
            (Some(row), true) => row.days_after_noon,
            (None, false) => 3,
            (None, true) => 4,
        }
    }
}
