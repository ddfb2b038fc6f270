//! Our own register of consents, kept in the ledger.
//!
//! Invariant: found by a keyed hash of the person's identifier, so that the index holds none;
//! versioned, the newest version of each consent counts; revoking takes effect at the next decision,
//! because every decision reads the ledger. Deliberately absent: any cache.

use super::read::{self, Consent};
use crate::{
    config::Mode,
    ledger::{ConsentRow, Ledger, SubjectKey},
    model::{Arrival, Event, EventKind, Fault, HsaId, Subject, identifier},
    port::{ConsentFact, ConsentSource, Pending, Silent, Taken},
    stage::{decode, validate},
};
use jiff::Timestamp;
use serde_json::json;

/// Largest Consent resource in bytes.
const MAX_BYTES: usize = 256 << 10;

/// The register.
pub struct Register {
    ledger: Ledger,
    key: SubjectKey,
    mode: Mode,
}

impl Register {
    /// The register over a ledger; `key` finds the consents of a person.
    pub fn new(ledger: Ledger, key: SubjectKey, mode: Mode) -> Register {
        Register { ledger, key, mode }
    }
}

impl ConsentSource for Register {
    fn take<'a>(
        &'a self,
        arrival: &'a Arrival,
        from: &'a HsaId,
        now: Timestamp,
    ) -> Pending<'a, Result<String, Taken>> {
        Box::pin(async move {
            let tree = decode::resource(&arrival.bytes, MAX_BYTES).map_err(Taken::Fault)?;
            let Consent { id, subject, fact } = read::consent(&tree).map_err(Taken::Fault)?;
            if let Some(finding) = validate::identifier(&subject.0, &subject.1, Some(self.mode), now) {
                return Err(Taken::Fault(Fault::one(finding.at("Consent.patient.identifier"))));
            }
            let year = now.to_zoned(jiff::tz::TimeZone::UTC).year();
            let index = self.key.of(&identifier::canonical(&subject.0, &subject.1, year));
            let event = Event {
                at: now,
                kind: EventKind::Consent,
                message: None,
                delivery: None,
                party: Some(from.to_string()),
                code: None,
                detail: json!({ "consent": id, "in_force": fact.is_some() }).to_string(),
            };
            // The owner is part of the id: one party cannot replace another's consent.
            let owned = format!("{from}/{id}");
            loop {
                let rows = self.ledger.consents(&index).await.map_err(Taken::Failure)?;
                let last = rows.iter().find(|row| row.id == owned).map_or(0, |row| row.version);
                let body = arrival.bytes.clone();
                let stored = self.ledger.put_consent(&index, &owned, last + 1, body, event.clone()).await;
                // Not stored: another call took the version in between; take the next.
                if stored.map_err(Taken::Failure)? {
                    return Ok(format!("Consent/{id}, version {}", last + 1));
                }
            }
        })
    }

    fn find<'a>(&'a self, subject: &'a Subject) -> Pending<'a, Result<Vec<ConsentFact>, Silent>> {
        Box::pin(async move {
            let rows = self.ledger.consents(&self.key.of(&subject.value)).await.map_err(|_| Silent)?;
            let mut facts = Vec::new();
            for ConsentRow { id, version, body } in rows {
                // What was taken can be read; what cannot is not a permission.
                let Ok(tree) = decode::resource(&body, MAX_BYTES) else { continue };
                let Ok(consent) = read::consent(&tree) else { continue };
                facts.extend(consent.fact.map(|mut fact| {
                    fact.reference = format!("{}/{version}", fact.reference);
                    fact.holder = id.split('/').next().unwrap_or_default().to_string();
                    fact
                }));
            }
            Ok(facts)
        })
    }
}
