//! Whom we call: carries deliveries to receivers and tells what came of it.
//!
//! Invariant: one call, one attempt; the caller has put the attempt on record before. Deliberately
//! absent: retries, order and permission (the flow decides), and any knowledge of what is carried.

mod http;
mod mail;
mod mllp;
mod soap;
pub mod tls;
mod webhook;

use crate::{
    model::{Delivery, Format, Outcome, Partner},
    port::{Courier, Pending},
};
pub use http::HttpCourier;
pub use mail::Mail;
pub use mllp::{MllpCourier, Sink, Unasked};
pub use webhook::Webhook;

/// All couriers; the scheme of the receiver's address, and of RIV-TA the format, says which one goes.
pub struct Couriers {
    /// For `https://…`, and the one that refuses what none carries.
    pub http: HttpCourier,
    /// For `mllps://…`.
    pub mllp: MllpCourier,
}

impl Courier for Couriers {
    fn deliver<'a>(&'a self, partner: &'a Partner, delivery: &'a Delivery) -> Pending<'a, Outcome> {
        match partner.endpoint.split_once("://") {
            Some(("mllps", _)) => self.mllp.deliver(partner, delivery),
            Some(("https", _)) if delivery.format == Format::RivTa => {
                Box::pin(soap::attempt(&self.http, partner, delivery))
            }
            _ => self.http.deliver(partner, delivery),
        }
    }
}
