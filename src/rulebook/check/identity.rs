//! What of the gateway's own rules a message alone can answer: the subject's number.
//!
//! Invariant: shape, check digit and the two-way guard of test numbers (domain §7); never a value.
//! Deliberately absent: everything that depends on parties, agreements, consents or the time.

use crate::{
    config::Mode,
    model::{
        Code, Finding,
        identifier::{self, IdentifierProblem},
    },
};
use jiff::{Timestamp, tz::TimeZone};

/// `None` if the identifier is good. Without a mode test numbers and others are alike.
pub fn identifier(system: &str, value: &str, mode: Option<Mode>, now: Timestamp) -> Option<Finding> {
    let year = now.to_zoned(TimeZone::UTC).year();
    let number = identifier::kind_of_system(system)
        .ok_or(IdentifierProblem::System)
        .and_then(|kind| identifier::check(kind, value, year));
    let (code, detail) = match (number, mode) {
        (Err(IdentifierProblem::System), _) => (Code::CheckDigit, "the identifier's system is not known"),
        (Err(IdentifierProblem::Shape), _) => (Code::CheckDigit, "the identifier's shape is wrong"),
        (Err(IdentifierProblem::CheckDigit), _) => {
            (Code::CheckDigit, "the identifier's check digit does not fit")
        }
        (Ok(number), Some(Mode::Test)) if !identifier::is_test_number(&number) => {
            (Code::ProductionNumber, "not one of the published test numbers")
        }
        (Ok(number), Some(Mode::Production)) if identifier::is_test_number(&number) => {
            (Code::TestNumber, "one of the published test numbers")
        }
        (Ok(_), _) => return None,
    };
    Some(Finding::error(code, detail))
}
