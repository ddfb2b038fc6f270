//! Whom we call: carries deliveries to receivers and tells what came of it.
//!
//! Invariant: one call, one attempt; the caller has put the attempt on record before. Deliberately
//! absent: retries, order and permission (the flow decides), and any knowledge of what is carried.

mod http;
pub mod tls;

pub use http::HttpCourier;
