//! The coordinated individual plan: called → established → adjusted ⇄ followed up → closed.
//!
//! Invariant: a closed plan stays closed; a call after it begins the next plan.

use super::{
    runs::{Beat, Run},
    told::detail,
    view::State,
};

/// Takes a step; tells whether it was overtaken.
pub(super) fn tell(run: &mut Run, beat: &Beat<'_, '_>) -> bool {
    let told = beat.told;
    if told.event == "sip-call" {
        if run.case.state == State::Annulled {
            run.go(State::Called, told.occurred);
        }
        if beat.story.superseded_by.get(beat.index).is_some_and(Option::is_none) {
            run.keep(told, &[detail::CONSENT, detail::START_AT]);
        }
        return false;
    }
    let state = match told.detail(detail::STATUS) {
        Some("adjusted") => State::Adjusted,
        Some("followed-up") => State::FollowedUp,
        Some("closed") => State::Closed,
        _ => State::Established,
    };
    match run.case.state {
        State::Closed => return state != State::Closed,
        // Established once: a second telling of it takes back nothing that followed.
        State::Adjusted | State::FollowedUp if state == State::Established => {}
        _ => {
            run.go(state, told.occurred);
            run.keep(told, &[detail::STATUS, detail::FOLLOW_UP]);
        }
    }
    false
}
