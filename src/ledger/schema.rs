//! The tables, and how a folder becomes a store.
//!
//! Invariant: `PRAGMA user_version` is the schema's version; a store of a newer version is refused
//! untouched; one process holds the lock file. Bodies are apart from what is searched, so that they
//! can be encrypted under `key_id` without touching anything else.

use super::sqlite::FILE;
use crate::model::Failure;
use rusqlite::Connection;
use std::{
    fs::{DirBuilder, File, OpenOptions, TryLockError},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

/// The version that this program writes.
const VERSION: i64 = 9;

/// "SLUS": tells `file(1)` and us whose database it is.
const APPLICATION: i64 = 0x534c_5553;

const TABLES: &str = "
CREATE TABLE body (
  id INTEGER PRIMARY KEY,
  key_id TEXT,
  content BLOB NOT NULL,
  facts BLOB
) STRICT;

CREATE TABLE event (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  kind TEXT NOT NULL,
  message TEXT,
  delivery TEXT,
  party TEXT,
  code TEXT,
  detail TEXT NOT NULL,
  hash BLOB NOT NULL,
  listed INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE INDEX event_refused ON event (seq) WHERE kind IN ('refused', 'turned-away');

CREATE TABLE message (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  sender TEXT NOT NULL,
  protocol TEXT NOT NULL,
  sender_id TEXT NOT NULL,
  hash BLOB NOT NULL,
  event TEXT NOT NULL,
  case_id TEXT NOT NULL,
  refers_to TEXT,
  sent INTEGER NOT NULL,
  occurred INTEGER NOT NULL,
  received INTEGER NOT NULL,
  format TEXT NOT NULL,
  original INTEGER NOT NULL,
  answer_status INTEGER NOT NULL,
  answer_type TEXT NOT NULL,
  answer_body BLOB NOT NULL,
  event_seq INTEGER NOT NULL,
  event_from INTEGER,
  delivery_from INTEGER,
  delivery_to INTEGER,
  UNIQUE (sender_id, sender, protocol)
) STRICT;

CREATE TABLE consent (
  subject BLOB NOT NULL,
  id TEXT NOT NULL,
  version INTEGER NOT NULL,
  body INTEGER NOT NULL,
  PRIMARY KEY (subject, id, version)
) STRICT, WITHOUT ROWID;
";

// What version 3 made anew. Every index entry is a page to write, so a message has few: its deliveries
// are `delivery_from` to `delivery_to`, its first events `event_from` to `event_seq`, a delivery's last
// event is its own `event_seq`; only events that none of these tells of are `listed`. A message's state
// follows from its deliveries. `open` is 1 while a delivery is not over; `head` is 1 for the first open
// delivery of its lane. An `event_seq` that outruns the chain shows a cut tail.
const SINCE_3: &str = "
CREATE INDEX event_message ON event (message, seq) WHERE listed = 1 AND message IS NOT NULL;

CREATE TABLE delivery (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL,
  message INTEGER NOT NULL,
  receiver TEXT NOT NULL,
  case_id TEXT NOT NULL,
  state TEXT NOT NULL,
  open INTEGER NOT NULL,
  head INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  next_at INTEGER NOT NULL,
  expires INTEGER NOT NULL,
  format TEXT NOT NULL,
  body INTEGER NOT NULL,
  facts INTEGER NOT NULL,
  event_seq INTEGER NOT NULL
) STRICT;
CREATE INDEX delivery_lane ON delivery (receiver, case_id, seq) WHERE open = 1;
CREATE INDEX delivery_due ON delivery (receiver, next_at, seq) WHERE head = 1 AND state = 'waiting';
CREATE INDEX delivery_expiry ON delivery (expires, seq) WHERE state = 'waiting';
CREATE INDEX delivery_trouble ON delivery (state, message) WHERE state IN ('held', 'rejected', 'expired');

CREATE TABLE tally (counts TEXT NOT NULL) STRICT;
";

// `lent` is the number of the event by which a delivery was last handed out to a receiver that fetches
// its messages itself; a delivery that is carried never has one, and costs no index entry.
const SINCE_4: &str = "
ALTER TABLE delivery ADD COLUMN lent INTEGER;
CREATE INDEX delivery_lent ON delivery (id) WHERE lent IS NOT NULL;
";

// What later messages have made of a message: a row for those that have been named, and none for the others.
const SINCE_5: &str = "
CREATE TABLE mark (message INTEGER PRIMARY KEY, mark TEXT NOT NULL) STRICT;
CREATE INDEX mark_word ON mark (mark, message);
";

// `receipts` are the ends of which a message's sender wants a receipt; `owed` are the deliveries that ended so and of
// which none has been given yet.
const SINCE_6: &str = "
ALTER TABLE message ADD COLUMN receipts TEXT;
CREATE TABLE owed (delivery INTEGER PRIMARY KEY) STRICT;
";

// What a case is told of a message, in the message's own row: no index entry and no row more. Null in what was admitted
// before; whoever follows the record finds the persons of the others, in a table of its own.
const SINCE_7: &str = "
ALTER TABLE message ADD COLUMN subject BLOB;
ALTER TABLE message ADD COLUMN agreement TEXT;
ALTER TABLE message ADD COLUMN answers TEXT;
ALTER TABLE message ADD COLUMN details TEXT;
";

// What is made of the record behind the admissions, by whoever follows it: nothing here is written with a message. All of
// it follows from the chain, but for who closed a problem and why. A follower has read the chain up to its `cursor`.
const SINCE_8: &str = "
CREATE TABLE cursor (follower TEXT NOT NULL PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE told (
  subject BLOB NOT NULL,
  message INTEGER NOT NULL,
  tried INTEGER,
  delivered INTEGER,
  PRIMARY KEY (subject, message)
) STRICT, WITHOUT ROWID;
CREATE TABLE terms (id INTEGER PRIMARY KEY, body TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE watched (subject BLOB NOT NULL PRIMARY KEY, next_at INTEGER, terms INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX watched_next ON watched (next_at) WHERE next_at IS NOT NULL;
CREATE TABLE case_state (
  subject BLOB NOT NULL,
  case_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  run INTEGER NOT NULL,
  state TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (subject, case_id, kind, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX case_by_id ON case_state (case_id);
CREATE TABLE obligation (
  subject BLOB NOT NULL,
  place INTEGER NOT NULL,
  duty TEXT NOT NULL,
  event TEXT NOT NULL,
  case_id TEXT NOT NULL,
  party TEXT NOT NULL,
  owed_to TEXT NOT NULL,
  due INTEGER NOT NULL,
  state TEXT NOT NULL,
  whose TEXT,
  opened_by TEXT NOT NULL,
  closed_by TEXT,
  PRIMARY KEY (subject, place)
) STRICT, WITHOUT ROWID;
CREATE TABLE problem (
  seq INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  cause TEXT NOT NULL,
  subject BLOB NOT NULL,
  kind TEXT NOT NULL,
  what TEXT NOT NULL,
  case_id TEXT,
  message TEXT,
  delivery TEXT,
  owner TEXT NOT NULL,
  party TEXT,
  opened INTEGER NOT NULL,
  due INTEGER,
  closed INTEGER,
  closed_by TEXT,
  reason TEXT,
  active INTEGER NOT NULL
) STRICT;
CREATE INDEX problem_active ON problem (subject, seq) WHERE active = 1;
CREATE INDEX problem_open ON problem (seq) WHERE closed IS NULL;
CREATE TABLE rhythm (party TEXT NOT NULL PRIMARY KEY, last INTEGER NOT NULL, days TEXT NOT NULL) STRICT, WITHOUT ROWID;
";

// What routing asks: placements by the keyed hash of the person, which messages were sent to a routing address (`waits`
// where nobody was found to receive it), and which of those are to go on to another receiver. Rows for messages about that, and none for the others.
const SINCE_9: &str = "
CREATE TABLE placement (
  subject BLOB NOT NULL,
  message INTEGER NOT NULL,
  board TEXT NOT NULL,
  case_id TEXT NOT NULL,
  told TEXT NOT NULL,
  at INTEGER NOT NULL,
  opens INTEGER NOT NULL,
  PRIMARY KEY (subject, message)
) STRICT, WITHOUT ROWID;
CREATE TABLE routed (
  sender TEXT NOT NULL,
  case_id TEXT NOT NULL,
  message INTEGER NOT NULL,
  waits INTEGER NOT NULL,
  PRIMARY KEY (sender, case_id, message)
) STRICT, WITHOUT ROWID;
CREATE TABLE onward (message INTEGER PRIMARY KEY, meant TEXT) STRICT;
";

/// From each version to the next.
const STEPS: [(i64, &[&str]); 8] = [
    (
        1,
        &["DROP INDEX message_state;
           CREATE INDEX message_trouble ON message (state, seq) WHERE state IN ('held', 'rejected', 'expired');"],
    ),
    (
        2,
        &[
            "DROP INDEX event_message;
             DROP INDEX message_trouble;
             DROP INDEX delivery_message;
             DROP INDEX delivery_lane;
             DROP INDEX delivery_due;
             DROP INDEX delivery_expiry;
             ALTER TABLE delivery RENAME TO old_delivery;
             ALTER TABLE tally RENAME TO old_tally;
             ALTER TABLE event ADD COLUMN listed INTEGER NOT NULL DEFAULT 1;
             ALTER TABLE message DROP COLUMN state;
             ALTER TABLE message ADD COLUMN event_from INTEGER;
             ALTER TABLE message ADD COLUMN delivery_from INTEGER;
             ALTER TABLE message ADD COLUMN delivery_to INTEGER;
             ALTER TABLE body ADD COLUMN facts BLOB;",
            SINCE_3,
            "INSERT INTO delivery (seq, id, message, receiver, case_id, state, open, head, attempt, next_at, expires,
               format, body, facts, event_seq)
             SELECT seq, id, message, receiver, case_id, state, open, head, attempt, next_at, expires,
               format, body, facts, event_seq FROM old_delivery ORDER BY seq;
             DROP TABLE old_delivery;
             UPDATE body SET facts = content, content = x'' WHERE id IN (SELECT facts FROM delivery);
             UPDATE message SET delivery_from = d.first, delivery_to = d.last
               FROM (SELECT message, min(seq) AS first, max(seq) AS last FROM delivery GROUP BY message) AS d
               WHERE d.message = message.seq;
             INSERT INTO tally (rowid, counts) SELECT 1, json_group_object(name, count) FROM old_tally;
             DROP TABLE old_tally;",
        ],
    ),
    (3, &[SINCE_4]),
    (4, &[SINCE_5]),
    (5, &[SINCE_6]),
    (6, &[SINCE_7]),
    (7, &[SINCE_8]),
    (8, &[SINCE_9]),
];

/// Makes the folder if need be and locks it for this process.
pub(super) fn lock(directory: &Path) -> Result<File, Failure> {
    let tell = |error: std::io::Error| Failure::Store(format!("{}: {error}", directory.display()));
    if !directory.is_dir() {
        DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(tell)?;
        // The folder's own entry must survive a power cut, or all that is in it is lost.
        if let Some(parent) = directory.parent().filter(|p| !p.as_os_str().is_empty()) {
            File::open(parent).and_then(|parent| parent.sync_all()).map_err(tell)?;
        }
    }
    let path = directory.join("ledger.lock");
    let file =
        OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path).map_err(tell)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(Failure::Store(format!(
            "{}: another process has this ledger open; stop it first, or use commands that only read",
            directory.display()
        ))),
        Err(TryLockError::Error(error)) => Err(tell(error)),
    }
}

/// Makes the tables in an empty store, brings an older one up; refuses one that is newer or foreign.
pub(super) fn lay(conn: &mut Connection) -> Result<(), Failure> {
    let tell = |error: rusqlite::Error| Failure::Store(error.to_string());
    match version(conn).map_err(tell)? {
        0 => make(conn).map_err(tell),
        found if found < VERSION => raise(conn, found).map_err(tell),
        found => judge(found),
    }
}

/// The schema version of a store.
pub(super) fn version(conn: &Connection) -> rusqlite::Result<i64> {
    conn.query_row("PRAGMA user_version", [], |r| r.get(0))
}

/// Can this program use a store of this version?
pub(super) fn judge(found: i64) -> Result<(), Failure> {
    match found {
        VERSION => Ok(()),
        0 => Err(Failure::Store(format!("{FILE} holds no ledger yet: start the gateway once"))),
        older if older < VERSION => Err(Failure::Store(format!(
            "{FILE} has schema version {older}, this program knows {VERSION}: start the gateway once, which brings it up"
        ))),
        newer => Err(Failure::Store(format!(
            "{FILE} has schema version {newer}, this program knows {VERSION}: it was written by a newer Sluss; \
             use that one, or restore a backup made by this one"
        ))),
    }
}

fn raise(conn: &mut Connection, from: i64) -> rusqlite::Result<()> {
    let tx = conn.transaction()?;
    for (_, step) in STEPS.iter().filter(|(version, _)| *version >= from) {
        step.iter().try_for_each(|sql| tx.execute_batch(sql))?;
    }
    tx.pragma_update(None, "user_version", VERSION)?;
    tx.commit()
}

fn make(conn: &mut Connection) -> rusqlite::Result<()> {
    let tx = conn.transaction()?;
    tx.execute_batch(TABLES)?;
    tx.execute_batch(SINCE_3)?;
    tx.execute_batch(SINCE_4)?;
    tx.execute_batch(SINCE_5)?;
    tx.execute_batch(SINCE_6)?;
    tx.execute_batch(SINCE_7)?;
    tx.execute_batch(SINCE_8)?;
    tx.execute_batch(SINCE_9)?;
    tx.pragma_update(None, "application_id", APPLICATION)?;
    tx.pragma_update(None, "user_version", VERSION)?;
    tx.commit()
}
