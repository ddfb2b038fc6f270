//! Something came in: bytes and where they came from. Nothing in it is believed yet.

use super::{Format, HsaId};
use jiff::Timestamp;

/// The door that a message came through; it decides the answer's style.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Channel {
    /// `POST /fhir/$process-message`
    Fhir,
    /// `POST /case/v1/messages`
    Case,
    /// MLLP
    Mllp,
    /// `POST /rivta/<operation>`
    Soap(Operation),
}

/// What a call of the e-referral contract does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// Asks for an examination.
    ProcessRequest,
    /// Tells how a referral stands.
    ProcessRequestConfirmation,
    /// Answers a referral.
    ProcessRequestOutcome,
}

impl Operation {
    /// Those that are carried.
    pub const ALL: [Operation; 3] =
        [Operation::ProcessRequest, Operation::ProcessRequestConfirmation, Operation::ProcessRequestOutcome];

    /// Its name, which its request has too; that of its response has `Response` behind it.
    pub fn word(self) -> &'static str {
        match self {
            Operation::ProcessRequest => "ProcessRequest",
            Operation::ProcessRequestConfirmation => "ProcessRequestConfirmation",
            Operation::ProcessRequestOutcome => "ProcessRequestOutcome",
        }
    }

    /// The namespace of its request and response.
    pub fn namespace(self) -> String {
        format!("{DOMAIN}:{}Responder:1", self.word())
    }

    /// Its SOAPAction.
    pub fn action(self) -> String {
        format!("{}:{}", self.namespace(), self.word())
    }

    /// Finds it by the name and namespace of a request.
    pub fn of(namespace: &str, name: &str) -> Option<Operation> {
        Operation::ALL.into_iter().find(|o| o.word() == name && o.namespace() == namespace)
    }
}

/// The service domain of the e-referral contract.
pub const DOMAIN: &str = "urn:riv:clinicalprocess:activity:request";

impl Channel {
    /// The protocol's name in the duplicate key and on record.
    pub fn protocol(self) -> &'static str {
        match self {
            Channel::Fhir => "fhir-http",
            Channel::Case => "case-http",
            Channel::Mllp => "hl7v2-mllp",
            Channel::Soap(_) => "rivta-soap",
        }
    }
}

/// What the TLS handshake proved about the caller.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Peer {
    /// The HSA-id read from the certificate's DER subject, if it holds a well-formed one.
    pub hsa_id: Option<HsaId>,
    /// Serial number of the certificate, hexadecimal: names the certificate in the record.
    pub serial: String,
}

/// One request as it stood on the socket.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// The whole body, already bounded in size.
    pub bytes: Vec<u8>,
    /// Which door.
    pub channel: Channel,
    /// What the caller says that it is written in.
    pub format: Format,
    /// Who called, as far as TLS can tell.
    pub peer: Peer,
    /// When the last byte was read.
    pub at: Timestamp,
}
