//! A notice: that a problem began or is over, in words that may leave the house.
//!
//! Invariant: kinds, codes, ids, parties and times; nothing of a person, and nothing of a message's content.

use super::{Lang, ProblemKind};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

/// One notice.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Notice {
    /// Place of its event in the chain: the same number is the same notice.
    pub event: u64,
    /// When.
    pub at: Timestamp,
    /// Did the problem begin? Otherwise it is over.
    pub opened: bool,
    /// The problem's id.
    pub problem: String,
    /// Kind of problem.
    pub kind: String,
    /// What exactly, as a code.
    pub what: String,
    /// The case id.
    pub case: Option<String>,
    /// Whose it is: sender, gateway or receiver.
    pub owner: String,
    /// HSA-id of that party.
    pub party: Option<String>,
    /// The time that was, or will be, passed.
    pub due: Option<Timestamp>,
    /// Who closed it: `gateway` where the cause is gone.
    pub closed_by: Option<String>,
}

impl Notice {
    /// In a few lines.
    pub fn words(&self, lang: Lang) -> String {
        let title = ProblemKind::from_word(&self.kind).map(ProblemKind::title).unwrap_or_default();
        let begins = lang.pick(match self.opened {
            true => ("Problem", "Problem"),
            false => ("Over", "Avslutat"),
        });
        let mut text = format!("{begins}: {} ({}, {})\n", lang.pick(title), self.kind, self.what);
        let mut line = |words: (&'static str, &'static str), value: String| {
            text.push_str(&format!("  {}: {value}\n", lang.pick(words)));
        };
        line(("problem", "problem"), self.problem.clone());
        if let Some(case) = &self.case {
            line(("case", "ärende"), case.clone());
        }
        let owner = match self.owner.as_str() {
            "sender" => ("the sender", "avsändaren"),
            "receiver" => ("the receiver", "mottagaren"),
            _ => ("the gateway", "slussen"),
        };
        let party = self.party.as_deref().unwrap_or_default();
        line(("whose it is", "vems det är"), format!("{} {party}", lang.pick(owner)));
        if let Some(due) = self.due {
            line(("time limit", "tidsgräns"), local(due));
        }
        line(("since", "tidpunkt"), local(self.at));
        line(("more", "mer"), format!("sluss problem show {}", self.problem));
        text
    }
}

fn local(at: Timestamp) -> String {
    let zone = TimeZone::get("Europe/Stockholm").unwrap_or(TimeZone::UTC);
    at.to_zoned(zone).strftime("%Y-%m-%d %H:%M %:z").to_string()
}

/// Several notices as one letter: how many, then each in both languages.
pub fn letter(notices: &[Notice]) -> (String, String) {
    let opened = notices.iter().filter(|notice| notice.opened).count();
    let over = notices.len() - opened;
    let subject = format!("Sluss: {opened} problem, {over} avslutade / {opened} opened, {over} over");
    let mut text = String::new();
    for notice in notices {
        text.push_str(&format!("{}{}\n", notice.words(Lang::Sv), notice.words(Lang::En)));
    }
    (subject, text)
}
