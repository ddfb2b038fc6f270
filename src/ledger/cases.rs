//! What people and followers ask about cases, obligations, problems and rhythms.
//!
//! Invariant: read only, without person data: a person is a keyed hash here, and is not shown.

use super::{
    Ledger,
    case_rows::{ObligationRow, ProblemRow, RhythmRow},
    follow::SubjectHash,
    sqlite::{Trouble, instant},
};
use crate::model::Failure;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row};

/// Which problems to list.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct ProblemFilter {
    /// Closed ones too.
    pub closed: bool,
    /// Only of this kind.
    pub kind: Option<String>,
    /// Only about this case.
    pub case: Option<String>,
    /// Only of this party.
    pub party: Option<String>,
    /// At most this many, the newest first.
    pub limit: usize,
}

impl Ledger {
    /// Problems, newest first.
    pub async fn problems(&self, filter: &ProblemFilter) -> Result<Vec<ProblemRow>, Failure> {
        let filter = filter.clone();
        self.inside.pool.ask(move |conn| problems(conn, &filter)).await
    }

    /// One problem.
    pub async fn problem(&self, id: &str) -> Result<Option<ProblemRow>, Failure> {
        let id = id.to_owned();
        self.inside.pool.ask(move |conn| problem(conn, &id)).await
    }

    /// The problems whose cause was there at the last look: of a person, or (empty) of none.
    pub async fn active_problems(&self, scope: &[u8]) -> Result<Vec<ProblemRow>, Failure> {
        let scope = scope.to_owned();
        self.inside.pool.ask(move |conn| active(conn, &scope)).await
    }

    /// The persons of a case with the terms by which it is judged. One person, unless a sender has mixed them up.
    pub async fn subjects_of(&self, case: &str) -> Result<Vec<(SubjectHash, String)>, Failure> {
        let case = case.to_owned();
        self.inside.pool.ask(move |conn| subjects_of(conn, &case)).await
    }

    /// What is owed and was owed in a case, the nearest time first.
    pub async fn obligations(&self, case: &str) -> Result<Vec<ObligationRow>, Failure> {
        let case = case.to_owned();
        self.inside.pool.ask(move |conn| obligations(conn, &case)).await
    }

    /// When the newest event was, by the gateway's clock.
    pub async fn latest(&self) -> Result<Option<Timestamp>, Failure> {
        self.inside.pool.ask(latest).await
    }

    /// How often each party is heard of.
    pub async fn rhythms(&self) -> Result<Vec<RhythmRow>, Failure> {
        self.inside.pool.ask(rhythms).await
    }
}

const PROBLEM: &str = "SELECT id, cause, kind, what, case_id, message, delivery, owner, party, opened, due, closed, \
     closed_by, reason FROM problem";

fn problem_row(row: &Row<'_>) -> rusqlite::Result<ProblemRow> {
    let time = |at: Option<i64>| at.map(instant).transpose();
    Ok(ProblemRow {
        id: row.get(0)?,
        cause: row.get(1)?,
        kind: row.get(2)?,
        what: row.get(3)?,
        case: row.get(4)?,
        message: row.get(5)?,
        delivery: row.get(6)?,
        owner: row.get(7)?,
        party: row.get(8)?,
        opened: instant(row.get(9)?)?,
        due: time(row.get(10)?)?,
        closed: time(row.get(11)?)?,
        closed_by: row.get(12)?,
        reason: row.get(13)?,
    })
}

fn problems(conn: &Connection, filter: &ProblemFilter) -> Result<Vec<ProblemRow>, Trouble> {
    let open = if filter.closed { "" } else { " AND closed IS NULL" };
    let sql = format!(
        "{PROBLEM} WHERE (?1 IS NULL OR kind = ?1) AND (?2 IS NULL OR case_id = ?2) AND (?3 IS NULL OR party = ?3) \
         {open} ORDER BY seq DESC LIMIT ?4"
    );
    let limit = i64::try_from(filter.limit).unwrap_or(i64::MAX);
    Ok(conn
        .prepare_cached(&sql)?
        .query_map((&filter.kind, &filter.case, &filter.party, limit), problem_row)?
        .collect::<rusqlite::Result<_>>()?)
}

fn problem(conn: &Connection, id: &str) -> Result<Option<ProblemRow>, Trouble> {
    Ok(conn.prepare_cached(&format!("{PROBLEM} WHERE id = ?1"))?.query_row([id], problem_row).optional()?)
}

fn active(conn: &Connection, scope: &[u8]) -> Result<Vec<ProblemRow>, Trouble> {
    Ok(conn
        .prepare_cached(&format!("{PROBLEM} WHERE subject = ?1 AND active = 1 ORDER BY seq"))?
        .query_map([scope], problem_row)?
        .collect::<rusqlite::Result<_>>()?)
}

fn subjects_of(conn: &Connection, case: &str) -> Result<Vec<(SubjectHash, String)>, Trouble> {
    Ok(conn
        .prepare_cached(
            "SELECT DISTINCT c.subject, t.body FROM case_state c JOIN watched w ON w.subject = c.subject \
             JOIN terms t ON t.id = w.terms WHERE c.case_id = ?1 ORDER BY c.subject",
        )?
        .query_map([case], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<rusqlite::Result<_>>()?)
}

fn obligations(conn: &Connection, case: &str) -> Result<Vec<ObligationRow>, Trouble> {
    let read = |row: &Row<'_>| {
        Ok(ObligationRow {
            duty: row.get(0)?,
            event: row.get(1)?,
            case: row.get(2)?,
            party: row.get(3)?,
            to: row.get(4)?,
            due: instant(row.get(5)?)?,
            state: row.get(6)?,
            whose: row.get(7)?,
            opened_by: row.get(8)?,
            closed_by: row.get(9)?,
        })
    };
    Ok(conn
        .prepare_cached(
            "SELECT duty, event, o.case_id, party, owed_to, due, o.state, whose, opened_by, closed_by FROM obligation o \
             WHERE o.subject IN (SELECT subject FROM case_state WHERE case_id = ?1) AND o.case_id = ?1 \
             ORDER BY due, place",
        )?
        .query_map([case], read)?
        .collect::<rusqlite::Result<_>>()?)
}

fn latest(conn: &Connection) -> Result<Option<Timestamp>, Trouble> {
    let at: Option<i64> = conn
        .prepare_cached("SELECT at FROM event ORDER BY seq DESC LIMIT 1")?
        .query_row([], |row| row.get(0))
        .optional()?;
    Ok(at.map(instant).transpose()?)
}

fn rhythms(conn: &Connection) -> Result<Vec<RhythmRow>, Trouble> {
    Ok(conn
        .prepare_cached("SELECT party, last, days FROM rhythm ORDER BY party")?
        .query_map([], |row| {
            Ok(RhythmRow { party: row.get(0)?, last: instant(row.get(1)?)?, days: row.get(2)? })
        })?
        .collect::<rusqlite::Result<_>>()?)
}
