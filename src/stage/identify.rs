//! Certificate → partner: who is calling, and is it who the message says?
//!
//! Invariant: identity comes from the certificate alone; the envelope may only agree with it.

use crate::{
    model::{Code, Envelope, Fault, Finding, Partner, Peer},
    registry::Registry,
};
use std::sync::Arc;

/// The party that the certificate proves. Errors: `SLUSS-IDN-001`, `SLUSS-IDN-002`.
pub fn caller(peer: &Peer, registry: &Registry) -> Result<Arc<Partner>, Fault> {
    let Some(hsa_id) = &peer.hsa_id else {
        return Err(Fault::of(Code::NoHsaId, format!("certificate with serial number {}", peer.serial)));
    };
    registry.partner(hsa_id).cloned().ok_or_else(|| {
        let detail = format!("{hsa_id}, certificate with serial number {}", peer.serial);
        Fault::of(Code::UnknownPartner, detail)
    })
}

/// Does the envelope name the caller as sender? Error: `SLUSS-IDN-003`.
pub fn agrees(caller: &Partner, envelope: &Envelope) -> Result<(), Fault> {
    if caller.hsa_id == envelope.sender {
        return Ok(());
    }
    let detail = format!("the certificate is {}'s, the envelope says {}", caller.hsa_id, envelope.sender);
    Err(Fault::one(Finding::error(Code::SenderMismatch, detail)))
}
