//! Who pays which part: asked → acknowledged → answered → closed (domain §2), one case for each question.
//!
//! Invariant: a question is answered by any answer, the undecided one too, and of several the newest holds.

use super::{
    runs::{Beat, Run},
    told::{Told, detail},
    view::State,
};

/// Takes a step; tells whether it was overtaken.
pub(super) fn tell(run: &mut Run, beat: &Beat<'_, '_>) -> bool {
    let told = beat.told;
    if run.case.state == State::Annulled {
        run.go(State::Asked, told.occurred);
    }
    if told.event == "cofinancing-answer" {
        if run.answered.is_none() {
            run.answered = Some(beat.index);
        }
        if beat.story.superseded_by.get(beat.index).is_some_and(Option::is_none) {
            run.keep(told, &[detail::ANSWER, detail::SHARE]);
        }
        if run.case.state != State::Closed {
            run.go(State::Answered, told.occurred);
        }
    }
    false
}

/// A receipt about one of its messages.
pub(super) fn hear(run: &mut Run, told: &Told, about: &Told) {
    let says = |code| told.event == "receipt" && told.says(detail::STATUS, code);
    let question = about.event == "cofinancing-question";
    match run.case.state {
        State::Asked if question && ["opened", "handled"].into_iter().any(says) => {
            run.go(State::Acknowledged, told.occurred);
        }
        State::Answered if !question && says("handled") => run.go(State::Closed, told.occurred),
        _ => {}
    }
}
