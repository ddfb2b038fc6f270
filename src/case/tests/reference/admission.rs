//! The second model of the admission: which messages are there, and which of them stops which clock.

use super::super::*;
use super::{Summary, World, Wrong};

const STEPS: [&str; 9] = [
    "admission-notice",
    "discharge-estimate-changed",
    "admission-reply",
    "care-contact-appointed",
    "discharge-ready",
    "discharge-ready-withdrawn",
    "discharge-information",
    "discharged",
    "open-compulsory-care",
];

impl<'w> World<'w> {
    /// The notices that begin an admission anew: the first one after a discharge.
    fn splits(&self) -> Vec<&'w Told> {
        let mut splits: Vec<&Told> = Vec::new();
        for notice in self.all(&["admission-notice"], true) {
            let left = |t: &&Told| {
                self.before(t, notice)
                    && splits
                        .last()
                        .is_none_or(|s| self.before(s, t) && self.run_at(t, &splits) > splits.len())
            };
            if self.all(&["discharged"], true).iter().any(left) {
                splits.push(notice);
            }
        }
        splits
    }

    fn run_at(&self, t: &Told, splits: &[&Told]) -> usize {
        1 + splits.iter().filter(|s| s.message == t.message || self.before(s, t)).count()
    }

    /// The admission of a message: that of what it names, else the one under way at its time.
    fn run(&self, t: &Told) -> u32 {
        let named = self.named(&t.answers).or(self.named(&t.refers_to));
        let named = named.filter(|n| STEPS.contains(&n.event.as_str()) && self.before(n, t));
        named.map_or_else(|| u32::try_from(self.run_at(t, &self.splits())).unwrap(), |n| self.run(n))
    }

    fn in_run(&self, run: u32, events: &[&str], alive: bool) -> Vec<&'w Told> {
        self.all(events, alive).into_iter().filter(|t| self.run(t) == run).collect()
    }

    fn left(&self, run: u32) -> Option<&'w Told> {
        self.in_run(run, &["discharged"], true).into_iter().next()
    }

    /// The ready notices that started a clock.
    fn clocks(&self, run: u32) -> Vec<&'w Told> {
        let ready = self.in_run(run, &["discharge-ready", "open-compulsory-care"], false);
        ready.into_iter().filter(|t| self.starts(run, t)).collect()
    }

    fn starts(&self, run: u32, t: &'w Told) -> bool {
        let ready = ["discharge-ready", "open-compulsory-care"].contains(&t.event.as_str());
        let here = self.left(run).is_none_or(|left| self.before(t, left)) && !self.is_copy(run, t);
        ready && self.run(t) == run && (!self.alive(t) || here)
    }

    /// Told to a unit while the same event's notice to the payer runs.
    fn is_copy(&self, run: u32, copy: &'w Told) -> bool {
        let payer = self.payer(run, copy);
        let same = self.in_run(run, &[copy.event.as_str()], true).into_iter();
        let mut direct = same.filter(|t| self.before(t, copy) && t.receiver == payer);
        copy.receiver != payer
            && direct.any(|t| self.payer(run, t) == payer && self.stop(run, t, Some(copy)).is_none())
    }

    fn payer(&self, run: u32, clock: &Told) -> HsaId {
        let noticed = self.in_run(run, &["admission-notice"], true);
        let noticed = noticed.into_iter().rfind(|t| self.before(t, clock));
        match clock.event.as_str() {
            "open-compulsory-care" => noticed.map_or(clock.receiver.clone(), |t| t.receiver.clone()),
            _ => clock.receiver.clone(),
        }
    }

    /// What stopped a clock first, of what came before `until`.
    fn stop(&self, run: u32, clock: &'w Told, until: Option<&Told>) -> Option<(&'w Told, StopReason)> {
        if let Some(killer) = self.killer(clock) {
            return Some((killer, StopReason::Annulled));
        }
        let events = ["discharge-ready", "open-compulsory-care", "discharge-ready-withdrawn", "discharged"];
        for t in self.in_run(run, &events, true) {
            let time = self.before(clock, t) && until.is_none_or(|until| self.before(t, until));
            if !time {
                continue;
            }
            let same = || self.payer(run, t) == self.payer(run, clock);
            match t.event.as_str() {
                "discharged" => return Some((t, StopReason::Discharged)),
                "discharge-ready-withdrawn" if self.withdraws(run, t, clock) => {
                    return Some((t, StopReason::Withdrawn));
                }
                "discharge-ready" | "open-compulsory-care" if same() && !self.is_copy(run, t) => {
                    return Some((t, StopReason::Superseded));
                }
                _ => {}
            }
        }
        None
    }

    /// Would the withdrawal stop the clock if it runs?
    fn withdraws(&self, run: u32, withdrawal: &'w Told, clock: &Told) -> bool {
        let named = self.named(&withdrawal.refers_to).filter(|n| self.before(n, withdrawal));
        match named.filter(|n| self.starts(run, n)) {
            Some(named) => {
                let why = self.stop(run, named, Some(withdrawal)).map(|s| s.1);
                let stands = why.is_none_or(|why| why == StopReason::Superseded);
                stands && self.payer(run, named) == self.payer(run, clock)
            }
            None => withdrawal.receiver == self.payer(run, clock),
        }
    }

    pub(super) fn ready_told_anew(&self, t: &Told) -> bool {
        let ready = ["discharge-ready", "open-compulsory-care"].contains(&t.event.as_str());
        let run = if ready { self.run(t) } else { return false };
        let clock = self.clocks(run).into_iter().find(|c| c.message == t.message);
        clock
            .and_then(|c| self.stop(run, c, None))
            .is_some_and(|s| s.1 == StopReason::Superseded && s.0.receiver == t.receiver)
    }

    pub(super) fn newer_estimate(&self, t: &Told) -> bool {
        let (run, event) = (self.run(t), ["discharge-estimate-changed"]);
        let counts = |o: &&Told| self.left(run).is_none_or(|left| self.before(o, left));
        let newer = |o: &&Told| self.before(t, o) && counts(o);
        self.in_run(run, &event, true).iter().any(newer)
    }

    /// The admissions by the first message of each.
    fn begun(&self) -> Vec<(u32, &'w Told)> {
        let mut begun: Vec<(u32, &Told)> = Vec::new();
        for t in self.all(&STEPS, false) {
            if begun.iter().all(|(run, _)| *run != self.run(t)) {
                begun.push((self.run(t), t));
            }
        }
        begun
    }

    fn called(&self, call: &Told) -> Option<u32> {
        let begun = self.begun();
        let latest = begun.iter().rfind(|(_, first)| self.before(first, call));
        latest.or(begun.first()).map(|(run, _)| *run)
    }

    pub(super) fn admissions(&self, summary: &mut Summary) {
        for (run, _) in self.begun() {
            self.owed_in(run, summary);
            let state = self.state(run, summary);
            summary.states.insert((Kind::Admission, run), state);
        }
        let plans = self.all(&["sip-call"], false);
        if let Some(any) = plans.first() {
            let called = self.all(&["sip-call"], true).first().map(|_| State::Called);
            let _ = any;
            summary.states.insert((Kind::Sip, 1), called.unwrap_or(State::Annulled));
        }
    }

    fn state(&self, run: u32, summary: &Summary) -> State {
        let steps = self.in_run(run, &STEPS, true);
        let Some(first) = steps.first() else { return State::Annulled };
        if self.left(run).is_some() {
            let ids: Vec<&str> = self.in_run(run, &STEPS, false).iter().map(|t| t.message.as_str()).collect();
            let open = summary.owed.iter().any(|o| ids.contains(&o.1.as_str()) && o.3 == Owed::Open);
            let given = !self.in_run(run, &["discharge-information"], true).is_empty();
            let last = self.in_run(run, &["discharged"], true).last().copied();
            let died = last.and_then(|t| t.detail(detail::DESTINATION)) == Some("died");
            return if (given || died) && !open { State::Closed } else { State::Discharged };
        }
        let clocks: Vec<&Told> = self.clocks(run).into_iter().filter(|c| self.alive(c)).collect();
        if clocks.iter().any(|c| self.stop(run, c, None).is_none()) {
            return State::Ready;
        }
        if !clocks.is_empty() {
            return if self.is(Wrong::WithdrawnStaysReady) { State::Ready } else { State::Withdrawn };
        }
        let plans = |t: &Told| match t.event.as_str() {
            "care-contact-appointed" => true,
            "admission-reply" => t.detail(detail::REPLY) != Some("not-resident-here"),
            _ => false,
        };
        let calls = self.all(&["sip-call"], true);
        let call = |c: &&Told| self.called(c) == Some(run) && self.before(first, c);
        let planned = steps.iter().any(|t| plans(t)) || calls.iter().any(call);
        if planned { State::Planning } else { State::Admitted }
    }

    fn owed_in(&self, run: u32, summary: &mut Summary) {
        let left = self.in_run(run, &["discharged"], true);
        let died = left.into_iter().find(|t| t.detail(detail::DESTINATION) == Some("died"));
        let firsts = |event: &str| {
            let mut openers = self.in_run(run, &[event], false);
            let first = openers.iter().find(|t| self.alive(t)).map(|t| t.message.clone());
            openers.retain(|t| !self.alive(t) || Some(&t.message) == first.as_ref());
            openers
        };
        for notice in firsts("admission-notice") {
            let start = match (notice.delivered, self.is(Wrong::ReplyFromSending)) {
                (Some(at), false) => at,
                (None, false) => notice.received,
                (_, true) => notice.sent,
            };
            let reply = self.in_run(run, &["admission-reply"], true).into_iter().next();
            let misdirected = self.all(&["misdirected"], false).into_iter().find(|m| {
                self.named(&m.refers_to).is_some_and(|n| n.event == "admission-notice" && self.run(n) == run)
            });
            let due = self.hours_later(start, 48);
            self.owe(summary, (Duty::ReplyToAdmission, notice), due, (reply, misdirected.or(died)));
        }
        for clock in self.clocks(run) {
            self.owed_by(run, clock, died, summary);
        }
        for left in firsts("discharged") {
            if died.is_none() || self.is(Wrong::DiedOwesInformation) {
                let given = self.in_run(run, &["discharge-information"], true).into_iter().next();
                let due = self.end_of_day(left.occurred, 0);
                self.owe(summary, (Duty::GiveDischargeInformation, left), due, (given, None));
            }
        }
    }

    fn owed_by(&self, run: u32, clock: &'w Told, died: Option<&Told>, summary: &mut Summary) {
        let stop = self.stop(run, clock, None);
        let gone = stop.filter(|s| s.1 != StopReason::Discharged).map(|s| s.0);
        let wants = clock.detail(detail::SIP_NEEDED) != Some("false");
        let compulsory = clock.event == "open-compulsory-care" && !self.is(Wrong::CompulsoryCareWantsSip);
        if wants && !compulsory {
            let call = self.all(&["sip-call"], true).into_iter().find(|c| {
                let early = self.is(Wrong::CallBeforeNoticeIsNone) && self.before(c, clock);
                self.called(c) == Some(run) && gone.is_none_or(|g| self.before(c, g)) && !early
            });
            let cancelled = gone.filter(|_| !self.is(Wrong::WithdrawnStillOwesCall)).or(died);
            let due = self.end_of_day(clock.sent, 3);
            self.owe(summary, (Duty::CallToSip, clock), due, (call, cancelled));
        }
        let days = if self.after_noon(clock.sent) { 4 } else { 3 };
        let due = self.end_of_day(clock.sent, days - 1);
        let at = stop.map_or(self.now, |s| s.0.occurred);
        let past = at > due && gone.is_none();
        let had = clock.delivered.is_some_and(|d| d <= due);
        let whose = past.then(|| if had { Whose::Receiver } else { self.carrier(clock, due) });
        let state = match (stop, gone, past) {
            (None, ..) => Owed::Open,
            (_, Some(_), _) => Owed::Cancelled,
            (.., true) => Owed::MetLate,
            _ => Owed::Met,
        };
        let closer = stop.map(|s| s.0.message.clone());
        summary.owed.insert((Duty::ReceiveInTime, clock.message.clone(), due, state, closer, whose));
    }
}
