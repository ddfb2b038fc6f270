//! Coordination and exam cases: what the messages about one subject amount to (domain §2, §3).
//!
//! [`play`] is a pure function: everything told about one subject, the terms of the agreement, and the
//! time → a [`View`]. Give it the messages of all of the subject's cases together: a placement in one case
//! is answered by an exam request in another. Who keeps messages keeps with each a keyed hash of its
//! subject; one hash is one call. Whatever order they are given in, the view is the same: event time
//! decides, and of equal event times the one that the gateway received first goes first.
//!
//! Invariant: total on any input; no message disappears from the view. Deliberately absent: the clock,
//! the store, person data, and any opinion about whether a message may pass.

mod calendar;
mod obligation;
mod terms;
mod told;
mod view;

pub use obligation::{Duty, Late, Obligation, Owed, Start, Whose};
pub use terms::{Care, Deadline, FreeDays, Limit, Terms};
pub use told::{Told, detail};
pub use view::{
    Case, Clock, Finding, Kind, Standing, State, Step, Stop, StopReason, Validity, View, What, Word,
};
