//! SQLite itself: how it is opened, what its errors mean, how our values are stored.
//!
//! Invariant: an error that leaves doubt about what is on disk makes the ledger dead; a full disk
//! only fails what it hit. Deliberately absent: tables.

use super::terms::Sync;
use crate::model::{Failure, Format, HsaId};
use jiff::Timestamp;
use rusqlite::{Connection, ErrorCode, OpenFlags, ffi};
use std::{path::Path, sync::OnceLock, time::Duration};
use tokio::sync::watch;

/// 3.51.3: first version without the WAL-reset race, which can lose commits.
const OLDEST: i32 = 3_051_003;

/// File name of the store within its folder.
pub(super) const FILE: &str = "ledger.db";

/// What goes wrong inside a transaction.
#[derive(Debug)]
pub(super) enum Trouble {
    /// SQLite says no.
    Sql(rusqlite::Error),
    /// We say no; only this command fails.
    Refused(Failure),
}

impl From<rusqlite::Error> for Trouble {
    fn from(error: rusqlite::Error) -> Trouble {
        Trouble::Sql(error)
    }
}

/// How far an error reaches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reach {
    /// This command.
    Command,
    /// The transaction; the next may succeed.
    Transaction,
    /// Everything: nobody knows what is on disk.
    Ledger,
}

impl Trouble {
    pub(super) fn reach(&self) -> Reach {
        let Trouble::Sql(error) = self else { return Reach::Command };
        let rusqlite::Error::SqliteFailure(inner, _) = error else { return Reach::Command };
        // The index of the log could not grow: ENOSPC by another name. Nothing was promised yet.
        if inner.extended_code == ffi::SQLITE_IOERR_SHMSIZE {
            return Reach::Transaction;
        }
        match inner.code {
            ErrorCode::SystemIoFailure | ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                Reach::Ledger
            }
            ErrorCode::DiskFull
            | ErrorCode::OutOfMemory
            | ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::OperationInterrupted
            | ErrorCode::CannotOpen
            | ErrorCode::ReadOnly => Reach::Transaction,
            _ => Reach::Command,
        }
    }

    /// Is it lack of space?
    pub(super) fn is_full(&self) -> bool {
        matches!(self, Trouble::Sql(rusqlite::Error::SqliteFailure(inner, _))
            if inner.code == ErrorCode::DiskFull || inner.extended_code == ffi::SQLITE_IOERR_SHMSIZE)
    }

    pub(super) fn failure(&self) -> Failure {
        match self {
            Trouble::Refused(failure) => failure.clone(),
            Trouble::Sql(error) if self.reach() == Reach::Command => {
                Failure::Internal(format!("ledger: {error}"))
            }
            Trouble::Sql(error) => Failure::Store(error.to_string()),
        }
    }
}

/// A broken invariant of ours, found in one command.
pub(super) fn broken(what: impl Into<String>) -> Trouble {
    Trouble::Refused(Failure::Internal(format!("ledger: {}", what.into())))
}

/// Is the store alive? Once dead, dead for this process: a later sync that says "ok" would lie.
pub(super) struct Health {
    reason: OnceLock<String>,
    signal: watch::Sender<bool>,
}

impl Health {
    pub(super) fn new() -> Health {
        Health { reason: OnceLock::new(), signal: watch::channel(false).0 }
    }

    pub(super) fn die(&self, reason: String) {
        tracing::error!(%reason, "the ledger is dead");
        let _ = self.reason.set(reason);
        self.signal.send_replace(true);
    }

    pub(super) fn reason(&self) -> Option<String> {
        self.reason.get().cloned()
    }

    pub(super) fn check(&self) -> Result<(), Failure> {
        match self.reason.get() {
            None => Ok(()),
            Some(reason) => {
                Err(Failure::Store(format!("the store failed and must be opened anew: {reason}")))
            }
        }
    }

    pub(super) async fn failed(&self) -> String {
        let mut signal = self.signal.subscribe();
        // The sender lives in `self`, so waiting cannot fail.
        let _ = signal.wait_for(|dead| *dead).await;
        self.reason().unwrap_or_default()
    }
}

/// The writing connection, with the settings that durability rests on, each read back.
pub(super) fn open_writer(directory: &Path, sync: Sync) -> Result<Connection, Failure> {
    if rusqlite::version_number() < OLDEST {
        return Err(Failure::Store(format!(
            "SQLite {} is older than 3.51.3 and can lose commits; build with the bundled SQLite",
            rusqlite::version()
        )));
    }
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let file = directory.join(FILE);
    let tell = |error: rusqlite::Error| Failure::Store(format!("{}: {error}", file.display()));
    let conn = Connection::open_with_flags(&file, flags).map_err(tell)?;
    prepare_writer(&conn, sync).map_err(tell)?;
    let mode: String = conn.query_row("PRAGMA journal_mode", [], |r| r.get(0)).map_err(tell)?;
    let level: i64 = conn.query_row("PRAGMA synchronous", [], |r| r.get(0)).map_err(tell)?;
    let wanted = if sync == Sync::Full { 2 } else { 0 };
    if mode != "wal" || level != wanted {
        return Err(Failure::Store(format!(
            "{}: SQLite did not take the settings (journal {mode}, synchronous {level})",
            file.display()
        )));
    }
    Ok(conn)
}

fn prepare_writer(conn: &Connection, sync: Sync) -> rusqlite::Result<()> {
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.set_prepared_statement_cache_capacity(64);
    // A plan must not depend on bound values, or statements are prepared anew all the time.
    conn.set_db_config(rusqlite::config::DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    conn.execute_batch("PRAGMA page_size=4096; PRAGMA foreign_keys=OFF;")?;
    conn.query_row("PRAGMA journal_mode=WAL", [], |_| Ok(()))?;
    conn.execute_batch(if sync == Sync::Full {
        "PRAGMA synchronous=FULL"
    } else {
        "PRAGMA synchronous=OFF"
    })?;
    // Checkpoints are made by the writer (4000 pages): SQLite's own would hide their I/O errors.
    conn.query_row("PRAGMA wal_autocheckpoint=0", [], |_| Ok(()))?;
    // Savepoints keep their undo pages in memory, so a full /tmp cannot matter. The cache holds what is
    // written now, not the past: SQLite walks the whole of it after a commit that moved index pages.
    conn.execute_batch("PRAGMA temp_store=MEMORY; PRAGMA cache_size=-8192; PRAGMA mmap_size=0;")
        .or_else(|error| if error == rusqlite::Error::ExecuteReturnedResults { Ok(()) } else { Err(error) })
}

/// A connection for questions.
pub(super) fn open_reader(directory: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(directory.join(FILE), flags)?;
    conn.busy_timeout(Duration::from_secs(5))?;
    conn.set_prepared_statement_cache_capacity(32);
    conn.execute_batch("PRAGMA query_only=ON; PRAGMA cache_size=-8192;")?;
    Ok(conn)
}

/// Microseconds since 1970: how every instant is stored.
pub(super) fn micros(at: Timestamp) -> i64 {
    at.as_microsecond()
}

/// Reads an instant back.
pub(super) fn instant(micros: i64) -> rusqlite::Result<Timestamp> {
    Timestamp::from_microsecond(micros).map_err(|_| rusqlite::Error::IntegralValueOutOfRange(0, micros))
}

/// Reads an HSA-id back.
pub(super) fn hsa_id(text: &str) -> Result<HsaId, Trouble> {
    HsaId::parse(text).ok_or_else(|| broken("a stored receiver is not an HSA-id"))
}

/// Reads a format's word back.
pub(super) fn format(word: &str) -> Result<Format, Trouble> {
    Format::from_word(word).ok_or_else(|| broken(format!("unknown format {word:?}")))
}
