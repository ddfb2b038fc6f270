//! Consents on record: versions that are never changed, found by a key of the subject.
//!
//! Invariant: a version is written once per subject and id; the subject is a keyed hash that the
//! ledger cannot undo; the content is opaque. Deliberately absent: what a consent means.

use super::{chain::About, rows::ConsentRow, sqlite::Trouble, writer::Pen};
use crate::model::{Event, Failure};
use rusqlite::Connection;

/// A version of a consent, to be registered.
pub(super) struct Registration<'a> {
    pub(super) subject: &'a [u8; 32],
    pub(super) id: &'a str,
    pub(super) version: u32,
    pub(super) body: &'a [u8],
    pub(super) event: &'a Event,
}

impl Pen<'_> {
    /// Registers a version; `false` if it is on record already.
    pub(super) fn register(&mut self, r: &Registration<'_>) -> Result<bool, Trouble> {
        let there = self
            .conn
            .prepare_cached("SELECT 1 FROM consent WHERE subject = ?1 AND id = ?2 AND version = ?3")?
            .exists((r.subject, r.id, r.version))?;
        if there {
            return Ok(false);
        }
        // A revocation must get in where a message no longer does.
        if !self.space.for_records {
            return Err(Trouble::Refused(Failure::Store(
                "free space on the disk is below the reserve".into(),
            )));
        }
        self.append(r.event, About::default())?;
        let body = self.put_body(r.body, None)?;
        self.conn
            .prepare_cached("INSERT INTO consent (id, version, subject, body) VALUES (?1, ?2, ?3, ?4)")?
            .execute((r.id, r.version, r.subject, body))?;
        Ok(true)
    }
}

/// The newest version of each consent about a subject.
pub(super) fn of(conn: &Connection, subject: &[u8; 32]) -> Result<Vec<ConsentRow>, Trouble> {
    let rows = conn
        .prepare_cached(
            "SELECT c.id, c.version, b.content FROM consent c JOIN body b ON b.id = c.body WHERE c.subject = ?1 \
             AND c.version = (SELECT max(version) FROM consent n WHERE n.subject = ?1 AND n.id = c.id) ORDER BY c.id",
        )?
        .query_map([subject], |row| Ok(ConsentRow { id: row.get(0)?, version: row.get(1)?, body: row.get(2)? }))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(rows)
}
