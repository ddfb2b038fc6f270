//! Whom we ask whether a person has consented.
//!
//! Invariant: every source implements [`crate::port::ConsentSource`] and tells silence from "none".

mod read;
pub mod register;

pub use register::Register;
