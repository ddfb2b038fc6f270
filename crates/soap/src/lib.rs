//! SOAP 1.1 envelopes as RIV-TA's Basic Profile 2.1 uses them: document/literal, one element in the
//! body, the receiver's logical address in the header.
//!
//! Invariants: an envelope is opened whole or refused with its place; nothing is believed of what the
//! body says; no value of a message is in a finding. Deliberately absent: SOAP 1.2 (told as such),
//! attachments, WS-Security and WS-Addressing, RPC encoding, HTTP, and the body's schema.

mod read;
mod write;

pub use read::{Body, Header, Opened, open, value};
pub use write::{Detail, escaped, fault, wrap};

/// The namespace of SOAP 1.1.
pub const SOAP: &str = "http://schemas.xmlsoap.org/soap/envelope/";
/// The namespace of SOAP 1.2, which is refused by name.
pub const SOAP_12: &str = "http://www.w3.org/2003/05/soap-envelope";
/// The namespace of the header `LogicalAddress`.
pub const REGISTRY: &str = "urn:riv:itintegration:registry:1";
/// The media type of SOAP 1.1.
pub const MEDIA_TYPE: &str = "text/xml; charset=utf-8";

/// Whose fault it is (SOAP 1.1 §4.4.1).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FaultCode {
    /// The envelope's namespace is not SOAP 1.1's.
    VersionMismatch,
    /// A header that must be understood is not.
    MustUnderstand,
    /// The message: sending it again without change does not help.
    Client,
    /// The receiver: the same message may succeed later.
    Server,
}

impl FaultCode {
    /// The local name.
    pub fn word(self) -> &'static str {
        match self {
            FaultCode::VersionMismatch => "VersionMismatch",
            FaultCode::MustUnderstand => "MustUnderstand",
            FaultCode::Client => "Client",
            FaultCode::Server => "Server",
        }
    }

    /// Reads a fault code; what stands after a dot makes it narrower (SOAP 1.1 §4.4.1).
    pub fn from_word(word: &str) -> Option<FaultCode> {
        use FaultCode::*;
        let local = word.trim().rsplit(':').next().unwrap_or_default();
        let broad = local.split('.').next().unwrap_or_default();
        [VersionMismatch, MustUnderstand, Client, Server].into_iter().find(|c| c.word() == broad)
    }
}
