//! M16 start opens the two exam requests, each its own message.
//!
//! Invariant: a request counts whatever case id it carries, if the same board sent it and it names the
//! placement's first day or was told while the placement lasted.

use super::{
    super::{
        calendar,
        obligation::{Duty, Start},
        runs::Run,
        told::{Told, detail},
        view::{Kind, State, What},
    },
    End, Opened, Rules, Warning, is_past,
};
use crate::model::HsaId;
use jiff::Timestamp;

pub(super) fn owed(rules: &Rules<'_, '_>, run: &Run, list: &mut Vec<Opened>) {
    let is = |m: &usize| rules.told(*m).is_some_and(|t| t.event == "placement-started");
    let starts: Vec<usize> = run.members.iter().copied().filter(is).collect();
    let valid = |m: &&usize| rules.story.annulled_by.get(**m).is_some_and(Option::is_none);
    let Some(opener) = starts.iter().find(valid).or(starts.first()).copied() else { return };
    let Some(told) = rules.told(opener) else { return };
    let span = Span::of(rules, run, told);
    for (duty, event, kind) in [
        (Duty::RequestHealthExam, "health-exam-request", Kind::HealthExam),
        (Duty::RequestDentalExam, "dental-exam-request", Kind::DentalExam),
    ] {
        let parties = (&told.sender, &told.receiver);
        let Some(owed) = rules.open((duty, event), told, parties, span.start) else { continue };
        let ended = run.ended.filter(|_| span.end.is_some_and(|end| !is_past(end, owed.due)));
        let end = match (span.requests(rules, kind).min(), ended) {
            (Some(by), _) => End::Met(by),
            (None, Some(by)) => End::Cancelled(by),
            _ => End::Open,
        };
        rules.end(owed, opener, end, list);
    }
}

/// The end of a placement: was each exam answered, and what protects the child from now on?
pub(super) fn warn(rules: &Rules<'_, '_>, run: &Run, warnings: &mut Vec<Warning>) {
    let (Some(ended), Some(first)) = (run.ended, run.members.first()) else { return };
    let Some(told) = rules.told(*first) else { return };
    let span = Span::of(rules, run, told);
    for (what, kind) in
        [(What::HealthExamNeverAnswered, Kind::HealthExam), (What::DentalExamNeverAnswered, Kind::DentalExam)]
    {
        let requests: Vec<usize> = span.requests(rules, kind).collect();
        let settled = |m: &usize| {
            let state = rules.runs.run_of(*m).map(|run| run.case.state);
            matches!(state, Some(State::Answered | State::Closed | State::Unnecessary))
        };
        if !requests.iter().any(settled) {
            warnings.push((what, ended, requests.first().copied()));
        }
    }
}

/// Skyddad folkbokföring that the board obtained lasts as long as the ground LVU 2 §: until the placement ends, or
/// changes to another ground (domain §5).
pub(super) fn warn_of_protection(rules: &Rules<'_, '_>, run: &Run, warnings: &mut Vec<Warning>) {
    let (mut by_the_board, mut protected) = (false, false);
    for (m, _) in run.members.iter().zip(&run.case.steps).filter(|(_, step)| !step.overtaken) {
        let void = |by: &[Option<usize>]| by.get(*m).is_some_and(Option::is_some);
        let (Some(told), false) =
            (rules.told(*m), void(&rules.story.annulled_by) || void(&rules.story.superseded_by))
        else {
            continue;
        };
        let was = by_the_board;
        by_the_board = told.detail(detail::GROUND).map_or(was, |g| matches!(g, "lvu-2" | "lvu-2-3"));
        protected = told.detail(detail::PROTECTED_REGISTRATION).map_or(protected, |p| p == "true");
        let ends = if run.ended == Some(*m) { was || by_the_board } else { was && !by_the_board };
        if ends && protected {
            warnings.push((What::ProtectionEnds, *m, None));
        }
    }
}

/// From when to when a placement lasts.
struct Span {
    start: (Timestamp, Start),
    end: Option<Timestamp>,
    day: Option<String>,
    boards: Vec<HsaId>,
}

impl Span {
    fn of(rules: &Rules<'_, '_>, run: &Run, told: &Told) -> Span {
        let day = run.case.facts.get(detail::PLACED).cloned();
        let first = day.as_deref().and_then(|d| d.parse().ok()).map(calendar::start_of);
        let end = run
            .ended
            .and_then(|m| rules.told(m))
            .map(|t| t.day(detail::PLACEMENT_END).map_or(t.occurred, calendar::end_of));
        let start = first.map_or((told.occurred, Start::Occurred), |at| (at, Start::PlacementStart));
        let boards = rules.chain(&told.case, &told.sender);
        Span { start, end, day, boards }
    }

    /// The requests of a kind that the board, or who took over from it, sent for this placement.
    fn requests<'s>(&'s self, rules: &'s Rules<'_, '_>, kind: Kind) -> impl Iterator<Item = usize> + 's {
        let runs = rules.runs.all.iter().filter(move |run| run.case.kind == kind);
        runs.flat_map(|run| run.members.iter().copied()).filter(|m| {
            let valid = rules.story.annulled_by.get(*m).is_some_and(Option::is_none);
            let fits = |t: &Told| is_request(t) && self.boards.contains(&t.sender) && self.covers(t);
            valid && rules.told(*m).is_some_and(fits)
        })
    }

    fn covers(&self, told: &Told) -> bool {
        let named = self.day.as_deref().is_some_and(|day| told.detail(detail::PLACED) == Some(day));
        let after = told.occurred >= self.start.0;
        named || after && self.end.is_none_or(|end| !is_past(told.occurred, end))
    }
}

fn is_request(told: &Told) -> bool {
    matches!(told.event.as_str(), "health-exam-request" | "dental-exam-request")
}
