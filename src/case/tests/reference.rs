//! A second model of domain §2 and §3, written the other way round: no walk and no state, only questions
//! to the set of messages ("is there one that …?"). Slow and plain; knows one subject with one coordination
//! case, exams, a placement and questions of money. Its mistakes can be switched on ([`Wrong`]).

mod admission;
mod rest;

use super::*;
use jiff::{ToSpan, civil::Date, tz::TimeZone};
use std::collections::{BTreeMap, BTreeSet};

/// A mistake that the comparison has to notice.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Wrong {
    ArrivalOrder,
    AnnulsAnything,
    AnnulsForOthers,
    NoonIsAfterNoon,
    NoonOfGreenwich,
    DaysOf24Hours,
    HoursByTheClock,
    CompulsoryCareWantsSip,
    WithdrawnStaysReady,
    WithdrawnStillOwesCall,
    CallBeforeNoticeIsNone,
    OnePartIsAnAnswer,
    UnnecessaryOwesStatement,
    DentalByTheSameRequest,
    ReplyFromSending,
    DiedOwesInformation,
    GatewayIsNeverLate,
}

impl Wrong {
    pub(super) const ALL: [Wrong; 17] = [
        Wrong::ArrivalOrder,
        Wrong::AnnulsAnything,
        Wrong::AnnulsForOthers,
        Wrong::NoonIsAfterNoon,
        Wrong::NoonOfGreenwich,
        Wrong::DaysOf24Hours,
        Wrong::HoursByTheClock,
        Wrong::CompulsoryCareWantsSip,
        Wrong::WithdrawnStaysReady,
        Wrong::WithdrawnStillOwesCall,
        Wrong::CallBeforeNoticeIsNone,
        Wrong::OnePartIsAnAnswer,
        Wrong::UnnecessaryOwesStatement,
        Wrong::DentalByTheSameRequest,
        Wrong::ReplyFromSending,
        Wrong::DiedOwesInformation,
        Wrong::GatewayIsNeverLate,
    ];
}

/// An obligation in a line.
pub(super) type Line = (Duty, String, Timestamp, Owed, Option<String>, Option<Whose>);

/// What both models must agree on.
#[derive(PartialEq, Eq, Debug, Default)]
pub(super) struct Summary {
    /// Kind and run → state.
    pub states: BTreeMap<(Kind, u32), State>,
    /// Duty, opener, due, state, closer, whose time it was.
    pub owed: BTreeSet<Line>,
    /// Each message's word.
    pub words: BTreeMap<String, Word>,
}

/// The set of messages.
pub(super) struct World<'w> {
    told: Vec<&'w Told>,
    now: Timestamp,
    pub(super) wrong: Option<Wrong>,
    dead: BTreeMap<&'w str, &'w Told>,
}

impl<'w> World<'w> {
    pub(super) fn of(told: &'w [Told], now: Timestamp, wrong: Option<Wrong>) -> World<'w> {
        let mut world = World { told: told.iter().collect(), now, wrong, dead: BTreeMap::new() };
        world.told.sort_by_key(|t| world_key(t, wrong));
        world.annul();
        world
    }

    pub(super) fn summary(&self) -> Summary {
        let mut summary = Summary::default();
        self.admissions(&mut summary);
        self.exams(&mut summary);
        self.placements(&mut summary);
        self.questions(&mut summary);
        self.words(&mut summary);
        summary
    }

    pub(super) fn is(&self, wrong: Wrong) -> bool {
        self.wrong == Some(wrong)
    }

    pub(super) fn before(&self, a: &Told, b: &Told) -> bool {
        world_key(a, self.wrong) < world_key(b, self.wrong)
    }

    /// All of these events, in order; `alive`: not annulled.
    pub(super) fn all(&self, events: &[&str], alive: bool) -> Vec<&'w Told> {
        let fits = |t: &&&Told| events.contains(&t.event.as_str()) && (!alive || self.alive(t));
        self.told.iter().filter(fits).copied().collect()
    }

    pub(super) fn alive(&self, t: &Told) -> bool {
        !self.dead.contains_key(t.message.as_str())
    }

    pub(super) fn killer(&self, t: &Told) -> Option<&'w Told> {
        self.dead.get(t.message.as_str()).copied()
    }

    pub(super) fn named(&self, id: &Option<String>) -> Option<&'w Told> {
        self.told.iter().find(|t| Some(&t.id) == id.as_ref()).copied()
    }

    /// The case and machine that a message is a step of, as a word.
    fn thread(&self, t: &Told) -> Option<String> {
        Some(match t.event.as_str() {
            "annulment" | "receipt" | "misdirected" => return None,
            "exam-status" | "exam-statement" => self.named(&t.answers)?.event.clone(),
            "sip-call" | "sip-plan" => "sip".into(),
            event if event.starts_with("placement") || event.starts_with("cofinancing") => event[..8].into(),
            event if event.ends_with("exam-request") => event.into(),
            _ => "admission".into(),
        })
    }

    fn annul(&mut self) {
        for annulment in self.all(&["annulment"], false) {
            let Some(target) = self.named(&annulment.refers_to) else { continue };
            let own = target.sender == annulment.sender || self.is(Wrong::AnnulsForOthers);
            let Some(thread) = self.thread(target) else { continue };
            let newer = self.told.iter().any(|t| {
                self.before(target, t)
                    && self.before(t, annulment)
                    && self.thread(t).as_ref() == Some(&thread)
                    && self.alive(t)
            });
            let newest = !newer && self.before(target, annulment) || self.is(Wrong::AnnulsAnything);
            if own && newest && self.alive(target) {
                self.dead.insert(target.message.as_str(), annulment);
            }
        }
    }

    fn words(&self, summary: &mut Summary) {
        for t in &self.told {
            let of = |o: &&&Told| {
                let about = self.named(&o.answers).or(self.named(&o.refers_to));
                about.is_some_and(|a| a.message == t.message) && o.sender == t.receiver && self.alive(o)
            };
            let word = |o: &&Told| match (o.event.as_str(), o.detail(detail::STATUS), o.detail(detail::REPLY))
            {
                ("receipt", Some("handled"), _) => Word::Handled,
                ("receipt", Some("rejected"), _) | ("misdirected", ..) => Word::Rejected,
                ("admission-reply", _, Some("not-resident-here")) => Word::Rejected,
                _ if o.answers.is_some() => Word::Acknowledged,
                _ => Word::Waiting,
            };
            let own = if t.delivered.is_some() { Word::Delivered } else { Word::Waiting };
            let said = self.told.iter().filter(of).map(word).max().unwrap_or(own).max(own);
            let newer = t.event == "discharge-estimate-changed" && self.newer_estimate(t);
            let replaced = newer || self.ready_told_anew(t);
            let word = match (self.alive(t), replaced) {
                (false, _) => Word::Annulled,
                (true, true) => Word::Superseded,
                _ => said,
            };
            summary.words.insert(t.message.clone(), word);
        }
    }

    pub(super) fn owe(
        &self,
        summary: &mut Summary,
        (duty, opener): (Duty, &Told),
        due: Timestamp,
        (met, cancelled): (Option<&Told>, Option<&Told>),
    ) {
        let killer = self.killer(opener);
        let (state, closer, whose) = match (killer, met, cancelled) {
            (None, Some(met), _) => {
                let whose = self.whose(met, due);
                (if whose.is_some() { Owed::MetLate } else { Owed::Met }, Some(met), whose)
            }
            (Some(by), ..) | (None, None, Some(by)) => (Owed::Cancelled, Some(by), None),
            _ if self.now > due => {
                let at_party =
                    if opener.delivered.is_some() { Whose::Sender } else { self.carrier(opener, due) };
                (Owed::Open, None, Some(at_party))
            }
            _ => (Owed::Open, None, None),
        };
        let closer = closer.map(|t| t.message.clone());
        summary.owed.insert((duty, opener.message.clone(), due, state, closer, whose));
    }

    fn whose(&self, t: &Told, due: Timestamp) -> Option<Whose> {
        if t.sent > due {
            return Some(Whose::Sender);
        }
        (t.delivered.unwrap_or(self.now) > due).then(|| self.carrier(t, due))
    }

    pub(super) fn carrier(&self, t: &Told, due: Timestamp) -> Whose {
        let receiver = t.tried.is_some_and(|tried| tried <= due);
        if receiver || self.is(Wrong::GatewayIsNeverLate) {
            Whose::Receiver
        } else if t.received > due {
            Whose::Sender
        } else {
            Whose::Gateway
        }
    }

    /// By the zone table of the machine, not by our rule.
    fn zone() -> TimeZone {
        TimeZone::get("Europe/Stockholm").unwrap()
    }

    pub(super) fn day(t: Timestamp) -> Date {
        t.to_zoned(World::zone()).date()
    }

    /// The last second of the day so many days later.
    pub(super) fn end_of_day(&self, t: Timestamp, days: i64) -> Timestamp {
        if self.is(Wrong::DaysOf24Hours) {
            return t + (days * 24).hours();
        }
        let next = World::day(t).checked_add((days + 1).days()).unwrap();
        next.to_zoned(World::zone()).unwrap().timestamp() - 1.second()
    }

    pub(super) fn hours_later(&self, t: Timestamp, hours: i64) -> Timestamp {
        match self.is(Wrong::HoursByTheClock) {
            true => t.to_zoned(World::zone()).checked_add((hours / 24).days()).unwrap().timestamp(),
            false => t + hours.hours(),
        }
    }

    pub(super) fn after_noon(&self, t: Timestamp) -> bool {
        let zone = if self.is(Wrong::NoonOfGreenwich) { TimeZone::UTC } else { World::zone() };
        let zoned = t.to_zoned(zone);
        let seconds =
            i32::from(zoned.hour()) * 3600 + i32::from(zoned.minute()) * 60 + i32::from(zoned.second());
        seconds > 12 * 3600 || self.is(Wrong::NoonIsAfterNoon) && seconds == 12 * 3600
    }
}

fn world_key(t: &Told, wrong: Option<Wrong>) -> (Timestamp, Timestamp, String) {
    let occurred = if wrong == Some(Wrong::ArrivalOrder) { t.received } else { t.occurred };
    (occurred, t.received, t.message.clone())
}
