//! The key by which a person is found without being named: a keyed hash of the identifier.
//!
//! Invariant: the store holds no identifier to search by, and without the key nobody can test one; the key
//! stands beside the store, is made once, and is never made anew while anything on record goes by it.
//! Deliberately absent: which identifier is whose.

use super::{Ledger, sqlite::Trouble};
use crate::model::Failure;
use aws_lc_rs::hmac;
use rusqlite::Connection;
use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::Path,
};

/// The key of a store.
#[derive(Clone)]
pub struct SubjectKey(hmac::Key);

impl SubjectKey {
    /// Reads the key that stands in the store's folder; makes it at first use. A key that is gone while
    /// consents or messages go by it is a failure: with a new one none of them is ever found.
    pub async fn open(ledger: &Ledger, directory: &Path) -> Result<SubjectKey, Failure> {
        let path = directory.join("index.key");
        let failed = |e: io::Error| Failure::Store(format!("{}: {e}", path.display()));
        let key = match read(&path).map_err(failed)? {
            Some(key) => key,
            None if ledger.goes_by_subject().await? => {
                return Err(failed(io::Error::other(
                    "is gone, but consents or messages are on record by it: restore it from the backup",
                )));
            }
            None => make(directory, &path).map_err(failed)?,
        };
        Ok(SubjectKey(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }

    /// The key that stands there already, for questions only.
    pub fn there(directory: &Path) -> Option<SubjectKey> {
        let key = read(&directory.join("index.key")).ok().flatten()?;
        Some(SubjectKey(hmac::Key::new(hmac::HMAC_SHA256, &key)))
    }

    /// The hash that stands for an identifier, given in its canonical characters.
    pub fn of(&self, identifier: &str) -> [u8; 32] {
        let mut out = [0; 32];
        out.copy_from_slice(hmac::sign(&self.0, identifier.as_bytes()).as_ref());
        out
    }
}

fn read(path: &Path) -> io::Result<Option<Vec<u8>>> {
    match std::fs::read(path) {
        Ok(key) if key.len() == 32 => Ok(Some(key)),
        Ok(_) => Err(io::Error::other("is damaged: restore it from the backup")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// Written beside, synced, renamed, and the folder synced: a crash leaves a whole key or none.
fn make(directory: &Path, path: &Path) -> io::Result<Vec<u8>> {
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

/// Is anything on record by it? The key is gone when this is asked, so a walk over the messages may take its time.
pub(super) fn any(conn: &Connection) -> Result<bool, Trouble> {
    let sql = "SELECT 1 WHERE EXISTS (SELECT 1 FROM consent) OR EXISTS (SELECT 1 FROM message WHERE subject IS NOT NULL)";
    Ok(conn.prepare_cached(sql)?.exists([])?)
}
