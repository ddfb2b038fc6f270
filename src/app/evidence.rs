//! Evidence of payment liability as a document that leaves the house.
//!
//! Invariant: the hash covers the document as it is written, and the document names the tip of the chain that it was
//! made from, after the whole chain was walked and found right: so it shows what was on record, and that nothing of it was
//! changed. The signature shows who says so. Deliberately absent: who pays how much; the person, whom both parties know by
//! the case id.

use super::cases::Shown;
use crate::{
    case::{Evidence, Terms},
    ledger::Ledger,
    model::{Failure, Finding},
    pki::{self, TlsFiles},
};
use aws_lc_rs::digest;
use jiff::Timestamp;
use serde::Serialize;

/// What the evidence says.
#[derive(Clone, Debug, Serialize)]
pub struct Document {
    /// `sluss.evidence/1`.
    pub schema: &'static str,
    /// What it shows and what it does not, English and Swedish.
    pub shows: (&'static str, &'static str),
    /// The case id.
    pub case: String,
    /// The time for which it holds.
    pub as_of: Timestamp,
    /// Each admission.
    pub admissions: Vec<Evidence>,
    /// The terms that it was judged by.
    pub terms: Vec<Terms>,
    /// Events in the chain.
    pub events: u64,
    /// Hash of the last of them.
    pub tip: String,
}

/// The document, sealed.
#[derive(Clone, Debug, Serialize)]
pub struct Sealed {
    /// The document.
    pub document: Document,
    /// SHA-256 over its compact JSON.
    pub sha256: String,
    /// The signature over the same bytes, where the gateway's key was at hand.
    pub signature: Option<Signed>,
}

/// A signature in text.
#[derive(Clone, Debug, Serialize)]
pub struct Signed {
    /// How it is made, by its name in TLS 1.3.
    pub scheme: String,
    /// Hexadecimal.
    pub value: String,
    /// SHA-256 of the certificate that checks it, hexadecimal.
    pub certificate_sha256: String,
}

/// Why there is no evidence.
#[derive(Debug)]
pub enum NoEvidence {
    /// There is no admission in the case.
    NoAdmission,
    /// The chain is broken at this event: what is on record is no evidence.
    Broken(u64),
    /// More of the case is on record than what the evidence was made from.
    Behind,
    /// The gateway's key cannot be used.
    Key(Vec<Finding>),
    /// We cannot tell.
    Failure(Failure),
}

impl From<Failure> for NoEvidence {
    fn from(failure: Failure) -> NoEvidence {
        NoEvidence::Failure(failure)
    }
}

const SHOWS: (&str, &str) = (
    "Which notices of an admission the gateway had on record, when each was sent, received and delivered, and what follows \
     by the terms. Sent times are the sender's own; received and delivered times are the gateway's. The chain was walked \
     whole and found right up to the event named here.",
    "Vilka underrättelser om en inskrivning slussen har registrerade, när var och en skickades, togs emot och levererades, \
     och vad som följer av villkoren. Skickat är avsändarens egen tid; mottaget och levererat är slussens. Hela kedjan har \
     gåtts igenom och stämmer till och med den händelse som anges här.",
);

/// Seals the evidence of a case. `files`: where the gateway's key is.
pub async fn seal(ledger: &Ledger, shown: &Shown, files: Option<&TlsFiles>) -> Result<Sealed, NoEvidence> {
    if shown.evidence.is_empty() {
        return Err(NoEvidence::NoAdmission);
    }
    let chain = ledger.verify().await?;
    if let Some(place) = chain.broken {
        return Err(NoEvidence::Broken(place));
    }
    // Asked after the walk: whatever of the case stands up to the tip is in the evidence.
    if ledger.has_news(&shown.case, shown.followed).await? {
        return Err(NoEvidence::Behind);
    }
    let document = Document {
        schema: "sluss.evidence/1",
        shows: SHOWS,
        case: shown.case.clone(),
        as_of: shown.as_of,
        admissions: shown.evidence.clone(),
        terms: shown.terms.clone(),
        events: chain.events,
        tip: chain.tip,
    };
    let written = serde_json::to_vec(&document).map_err(|e| Failure::Internal(format!("evidence: {e}")))?;
    let signature = match files {
        // The clock of the machine: a certificate knows no other.
        Some(files) => Some(pki::sign(files, &written, Timestamp::now()).map_err(NoEvidence::Key)?),
        None => None,
    };
    let signed = |s: pki::Signature| Signed {
        scheme: s.scheme,
        value: hex(&s.bytes),
        certificate_sha256: hex(&s.certificate),
    };
    let sha256 = hex(digest::digest(&digest::SHA256, &written).as_ref());
    Ok(Sealed { document, sha256, signature: signature.map(signed) })
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}
