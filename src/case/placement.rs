//! Care outside the home: started → changed → ended (domain §1 M16).
//!
//! Invariant: an ended placement stays ended; another first day is another placement.

use super::{
    runs::{Beat, Run},
    told::detail,
    view::State,
};

/// Takes a step; tells whether it was overtaken.
pub(super) fn tell(run: &mut Run, beat: &Beat<'_, '_>) -> bool {
    let told = beat.told;
    let state = match told.event.as_str() {
        "placement-started" => State::Started,
        "placement-changed" => State::Changed,
        _ => State::Ended,
    };
    let overtaken = run.case.state == State::Ended && state != State::Ended;
    if overtaken {
        return true;
    }
    if beat.story.superseded_by.get(beat.index).is_some_and(Option::is_none) {
        run.keep(
            told,
            &[
                detail::PLACED,
                detail::PLACEMENT_END,
                detail::KIND,
                detail::GROUND,
                detail::REASON,
                detail::PROTECTED_REGISTRATION,
            ],
        );
    }
    if state == State::Ended {
        run.ended = Some(beat.index);
    }
    if !(run.case.state == State::Changed && state == State::Started) {
        run.go(state, told.occurred);
    }
    false
}
