//! An exam: requested → accepted | redirected | unnecessary → booked → no-show | done → answered → closed
//! (domain §2), one case for each request.
//!
//! Invariant: what was answered is not asked again. An exam is answered when each part that was asked for
//! has been examined, or the statement says why not; until then it is done in part.

use super::{
    runs::{Beat, Run},
    told::{Told, detail},
    view::State,
};

/// Takes a step; tells whether it was overtaken.
pub(super) fn tell(run: &mut Run, beat: &mut Beat<'_, '_>) -> bool {
    let told = beat.told;
    if run.case.state == State::Annulled {
        run.go(State::Requested, told.occurred);
    }
    match told.event.as_str() {
        "exam-status" => return status(run, beat),
        "exam-statement" => statement(run, beat),
        _ => {
            if beat.story.superseded_by.get(beat.index).is_some_and(Option::is_none) {
                run.keep(told, &[detail::EXAM, detail::PARTS, detail::PLACED, detail::KIND]);
            }
        }
    }
    false
}

fn status(run: &mut Run, beat: &Beat<'_, '_>) -> bool {
    let told = beat.told;
    if matches!(run.case.state, State::Answered | State::Closed) {
        return true;
    }
    let wrong_unit = told.detail(detail::REASON) == Some("wrong-unit");
    let state = match told.detail(detail::STATUS) {
        Some("booked") => State::Booked,
        Some("no-show") => State::NoShow,
        Some("unnecessary") => State::Unnecessary,
        Some("cannot-be-done") if wrong_unit => State::Redirected,
        Some("cannot-be-done") => State::CannotBeDone,
        _ => return false,
    };
    for name in [detail::STATUS, detail::REASON, detail::DECIDER, detail::START_AT] {
        run.case.facts.remove(name);
    }
    run.keep(told, &[detail::STATUS, detail::REASON, detail::DECIDER, detail::START_AT]);
    let ends = !matches!(state, State::Booked | State::NoShow);
    match (run.case.state, ends) {
        // Part of it is examined already: the rest will not be, and that is the answer.
        (State::Done, true) => {
            run.answered = Some(beat.index);
            run.go(State::Answered, told.occurred);
        }
        (State::Done, false) => {}
        _ => {
            run.ended = ends.then_some(beat.index);
            run.go(state, told.occurred);
        }
    }
    false
}

fn statement(run: &mut Run, beat: &Beat<'_, '_>) {
    let told = beat.told;
    let all: Vec<usize> = run.valid(beat.story, "exam-statement").collect();
    let current = |m: &&usize| beat.story.superseded_by.get(**m).is_some_and(Option::is_none);
    let of = |name: &str| {
        let current = all.iter().filter(current).filter_map(|m| beat.story.told.get(*m));
        let mut parts: Vec<&str> = current.flat_map(|t| t.codes(name)).collect();
        parts.sort_unstable();
        parts.dedup();
        parts
    };
    let (done, not_done) = (of(detail::DONE), of(detail::NOT_DONE));
    let asked = run.case.facts.get(detail::PARTS).cloned().unwrap_or_default();
    let settled = |part: &str| done.contains(&part) || not_done.contains(&part);
    let whole = asked.split(' ').filter(|p| !p.is_empty()).all(settled);
    run.case.facts.insert(detail::DONE.to_string(), done.join(" "));
    run.case.facts.insert(detail::NOT_DONE.to_string(), not_done.join(" "));
    match run.case.state {
        State::Answered | State::Closed => {}
        _ if whole => {
            run.answered = Some(beat.index);
            run.ended = None;
            run.go(State::Answered, told.occurred);
        }
        _ if done.is_empty() => {}
        _ => {
            run.ended = None;
            run.go(State::Done, told.occurred);
        }
    }
}

/// A receipt or a misdirection about one of its messages.
pub(super) fn hear(run: &mut Run, index: usize, told: &Told, about: &Told) {
    let handled = told.event == "receipt" && told.says(detail::STATUS, "handled");
    let answer = matches!(about.event.as_str(), "exam-status" | "exam-statement");
    match run.case.state {
        State::Requested if handled && !answer => run.go(State::Accepted, told.occurred),
        State::Answered | State::Unnecessary | State::CannotBeDone if handled && answer => {
            run.go(State::Closed, told.occurred);
        }
        State::Requested | State::Accepted | State::Booked | State::NoShow
            if told.event == "misdirected" && !answer =>
        {
            run.ended = Some(index);
            run.keep(told, &[detail::REASON, detail::RECEIVER]);
            run.go(State::Redirected, told.occurred);
        }
        _ => {}
    }
}
