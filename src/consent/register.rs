//! Our own register of consents, kept in the ledger.
//!
//! Invariant: found by a keyed hash of the person's identifier, so that the index holds none;
//! versioned, the newest version of each consent counts; revoking takes effect at the next decision,
//! because every decision reads the ledger. Deliberately absent: any cache.

use super::read::{self, Consent};
use crate::{
    config::Mode,
    ledger::{ConsentRow, Ledger},
    model::{Arrival, Event, EventKind, Failure, Fault, HsaId, Subject, identifier},
    port::{ConsentFact, ConsentSource, Pending, Silent, Taken},
    stage::{decode, validate},
};
use aws_lc_rs::hmac;
use jiff::Timestamp;
use serde_json::json;
use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
};

/// Largest Consent resource in bytes.
const MAX_BYTES: usize = 256 << 10;

/// The register.
pub struct Register {
    ledger: Ledger,
    key: hmac::Key,
    mode: Mode,
}

impl Register {
    /// Opens the register over a ledger; `directory` holds the key of the index, made at first use. A
    /// key that is gone while consents are on record is a failure: with a new one none is ever found.
    pub async fn open(ledger: Ledger, directory: &Path, mode: Mode) -> Result<Register, Failure> {
        let path = directory.join("index.key");
        let failed = |e: io::Error| Failure::Store(format!("{}: {e}", path.display()));
        let key = match read_key(&path).map_err(failed)? {
            Some(key) => key,
            None if ledger.has_consents().await? => {
                return Err(failed(io::Error::other(
                    "is gone, but consents are on record: restore it from the backup",
                )));
            }
            None => make_key(directory, &path).map_err(failed)?,
        };
        Ok(Register { ledger, key: hmac::Key::new(hmac::HMAC_SHA256, &key), mode })
    }

    fn index(&self, value: &str) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(hmac::sign(&self.key, value.as_bytes()).as_ref());
        out
    }
}

fn read_key(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(key) if key.len() == 32 => Ok(Some(key)),
        Ok(_) => Err(io::Error::other("is damaged: restore it from the backup")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Written beside, synced, renamed, and the folder synced: a crash leaves a whole key or none.
fn make_key(directory: &Path, path: &Path) -> io::Result<Vec<u8>> {
    use std::os::unix::fs::OpenOptionsExt;
    let mut key = vec![0; 32];
    aws_lc_rs::rand::fill(&mut key).map_err(|_| io::Error::other("no random bytes"))?;
    let fresh = directory.join("index.key.new");
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
    file.write_all(&key)?;
    file.sync_all()?;
    std::fs::rename(&fresh, path)?;
    File::open(directory)?.sync_all()?;
    Ok(key)
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
            let index = self.index(&identifier::canonical(&subject.0, &subject.1, year));
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
            let rows = self.ledger.consents(&self.index(&subject.value)).await.map_err(|_| Silent)?;
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
