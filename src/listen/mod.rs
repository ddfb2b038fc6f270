//! Who calls us: sockets, TLS, HTTP and MLLP. Bytes become [`crate::model::Arrival`]s here.
//!
//! Invariant: nothing that came in is believed; identity is what the handshake proved.

pub mod desk;
pub mod door;
pub mod http;
pub mod mailbox;
pub mod mllp;
pub mod peer;
mod soap;
pub mod tls;
