//! What those who run the gateway ask of it, whether it is running or not.
//!
//! Invariant: a running gateway does it itself; without one the ledger is opened, which fails if somebody has it open.

use crate::{
    flow::operate,
    ledger::{Ledger, Options},
    listen::desk,
    model::Failure,
    port::SystemClock,
};
use std::path::Path;

pub use crate::flow::operate::{Reply, Request};

/// Asks it of whatever has this state directory.
pub async fn ask(state: &Path, request: &Request) -> Result<Reply, Failure> {
    match desk::ask(state, request).await {
        Ok(Some(reply)) => Ok(reply),
        Ok(None) => {
            // Never makes a store where there is none.
            drop(Ledger::read(state)?);
            let ledger = Ledger::open(Options::new(state))?;
            operate::operate(&ledger, &SystemClock, request).await
        }
        Err(error) => {
            Err(Failure::Internal(format!("the gateway at {} does not answer: {error}", state.display())))
        }
    }
}
