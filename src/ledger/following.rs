//! What a follower has found out goes on record: cursor, cases, obligations and problems, all or nothing.
//!
//! Invariant: one transaction holds the cursor and all that follows from what was read up to it, so a crash at any place
//! leaves a follower that goes on as if nothing had been; each problem that opens or closes has its event there.
//! Deliberately absent: what is a problem.

use super::{
    Ledger,
    case_rows::{CaseRow, ObligationRow, ProblemRow, RhythmRow},
    chain::About,
    claim::happened,
    follow::{News, SubjectHash, number},
    sqlite::{Trouble, micros},
    task::{Done, Task},
    writer::Pen,
};
use crate::model::{Event, EventKind, Failure};
use jiff::Timestamp;
use rusqlite::params;
use serde_json::json;

/// What a follower has found out.
#[derive(Clone, Debug, Default)]
pub struct Following {
    /// The last event that it knows of.
    pub to: u64,
    /// By persons, what their messages amount to.
    pub subjects: Vec<Followed>,
    /// Problems that begin, of a person or (empty) of none.
    pub opened: Vec<(Vec<u8>, ProblemRow)>,
    /// Problems whose cause is gone, by their ids.
    pub ended: Vec<String>,
    /// Whose usual rhythm is known better now.
    pub rhythms: Vec<RhythmRow>,
    /// When.
    pub now: Timestamp,
}

impl Following {
    /// Is there nothing but a cursor?
    pub fn is_empty(&self) -> bool {
        self.subjects.is_empty() && self.opened.is_empty() && self.ended.is_empty() && self.rhythms.is_empty()
    }
}

/// One person's cases.
#[derive(Clone, Debug)]
pub struct Followed {
    /// Whose.
    pub subject: SubjectHash,
    /// What is new of the messages.
    pub news: Vec<News>,
    /// The terms by which they were judged, a JSON object.
    pub terms: String,
    /// When time alone changes something.
    pub next_at: Option<Timestamp>,
    /// How each case stands.
    pub cases: Vec<CaseRow>,
    /// What is and was owed.
    pub obligations: Vec<ObligationRow>,
}

impl Ledger {
    /// Puts on record what a follower has found out.
    pub async fn follow(&self, following: Following) -> Result<(), Failure> {
        self.ask_writer(Task::Follow(Box::new(following))).await.map(drop)
    }

    /// A person closes a problem. `false`: it is closed already, or there is none of this id.
    pub async fn close_problem(
        &self,
        id: &str,
        by: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, Failure> {
        let task = Task::CloseProblem { id: id.into(), by: by.into(), reason: reason.into(), now };
        match self.ask_writer(task).await? {
            Done::Yes(closed) => Ok(closed),
            other => Err(other.astray()),
        }
    }
}

impl Pen<'_> {
    pub(super) fn follow_record(&mut self, f: &Following) -> Result<(), Trouble> {
        self.book.follows += 1;
        self.conn
            .prepare_cached("INSERT OR REPLACE INTO cursor (follower, seq) VALUES ('sweep', ?1)")?
            .execute([number(f.to)])?;
        f.subjects.iter().try_for_each(|one| self.put_followed(one))?;
        for rhythm in &f.rhythms {
            self.conn
                .prepare_cached("INSERT OR REPLACE INTO rhythm (party, last, days) VALUES (?1, ?2, ?3)")?
                .execute((&rhythm.party, micros(rhythm.last), &rhythm.days))?;
        }
        f.ended.iter().try_for_each(|id| self.end_problem(id, f.now))?;
        f.opened.iter().try_for_each(|(scope, problem)| self.open_problem(scope, problem))
    }

    fn put_followed(&mut self, one: &Followed) -> Result<(), Trouble> {
        for news in &one.news {
            self.conn
                .prepare_cached(
                    "INSERT INTO told (subject, message, tried, delivered) VALUES (?1, ?2, ?3, ?4) \
                     ON CONFLICT DO UPDATE SET tried = coalesce(tried, excluded.tried), \
                     delivered = coalesce(delivered, excluded.delivered)",
                )?
                .execute((one.subject, news.message, news.tried.map(micros), news.delivered.map(micros)))?;
        }
        self.conn.prepare_cached("INSERT OR IGNORE INTO terms (body) VALUES (?1)")?.execute([&one.terms])?;
        self.conn
            .prepare_cached(
                "INSERT OR REPLACE INTO watched (subject, next_at, terms) \
                 VALUES (?1, ?2, (SELECT id FROM terms WHERE body = ?3))",
            )?
            .execute((one.subject, one.next_at.map(micros), &one.terms))?;
        for sql in ["DELETE FROM case_state WHERE subject = ?1", "DELETE FROM obligation WHERE subject = ?1"]
        {
            self.conn.prepare_cached(sql)?.execute([one.subject])?;
        }
        for case in &one.cases {
            self.conn
                .prepare_cached(
                    "INSERT OR REPLACE INTO case_state (subject, case_id, kind, run, state, since) \
                     VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
                )?
                .execute((one.subject, &case.case, &case.kind, case.run, &case.state, micros(case.since)))?;
        }
        for (place, owed) in one.obligations.iter().enumerate() {
            self.put_obligation(&one.subject, place, owed)?;
        }
        Ok(())
    }

    fn put_obligation(
        &mut self,
        subject: &SubjectHash,
        place: usize,
        o: &ObligationRow,
    ) -> Result<(), Trouble> {
        self.conn
            .prepare_cached(
                "INSERT INTO obligation (subject, place, duty, event, case_id, party, owed_to, due, state, whose, \
                 opened_by, closed_by) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
            )?
            .execute(params![
                subject,
                i64::try_from(place).unwrap_or(i64::MAX),
                o.duty,
                o.event,
                o.case,
                o.party,
                o.to,
                micros(o.due),
                o.state,
                o.whose,
                o.opened_by,
                o.closed_by,
            ])?;
        Ok(())
    }

    fn open_problem(&mut self, scope: &[u8], p: &ProblemRow) -> Result<(), Trouble> {
        self.conn
            .prepare_cached(
                "INSERT INTO problem (id, cause, subject, kind, what, case_id, message, delivery, owner, party, opened, \
                 due, active) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, 1)",
            )?
            .execute(params![
                p.id,
                p.cause,
                scope,
                p.kind,
                p.what,
                p.case,
                p.message,
                p.delivery,
                p.owner,
                p.party,
                micros(p.opened),
                p.due.map(micros),
            ])?;
        let detail = json!({
            "problem": p.id, "kind": p.kind, "what": p.what, "case": p.case, "message": p.message, "owner": p.owner,
            "due": p.due.map(|t| t.to_string()),
        });
        self.tell_of_problem(EventKind::ProblemOpened, p.party.as_deref(), p.opened, &detail)
    }

    /// The cause is gone. A problem that a person closed before is over without another word.
    fn end_problem(&mut self, id: &str, now: Timestamp) -> Result<(), Trouble> {
        self.close_one(id, "gateway", "cause-gone", now)?;
        self.conn.prepare_cached("UPDATE problem SET active = 0 WHERE id = ?1")?.execute([id])?;
        Ok(())
    }

    /// Closes a problem that is open, with its event. The cause may go on; it opens no second problem then.
    pub(super) fn close_problem(
        &mut self,
        id: &str,
        by: &str,
        reason: &str,
        now: Timestamp,
    ) -> Result<bool, Trouble> {
        self.book.follows += 1;
        self.close_one(id, by, reason, now)
    }

    fn close_one(&mut self, id: &str, by: &str, reason: &str, now: Timestamp) -> Result<bool, Trouble> {
        let closed = self
            .conn
            .prepare_cached(
                "UPDATE problem SET closed = ?2, closed_by = ?3, reason = ?4 WHERE id = ?1 AND closed IS NULL",
            )?
            .execute((id, micros(now), by, reason))?;
        if closed == 0 {
            return Ok(false);
        }
        let detail = json!({ "problem": id, "by": by, "reason": reason });
        self.tell_of_problem(EventKind::ProblemClosed, None, now, &detail)?;
        Ok(true)
    }

    fn tell_of_problem(
        &mut self,
        kind: EventKind,
        party: Option<&str>,
        at: Timestamp,
        detail: &serde_json::Value,
    ) -> Result<(), Trouble> {
        let event =
            Event { detail: detail.to_string(), party: party.map(str::to_string), ..happened(at, kind) };
        // No message tells where it is; it is no part of a message's journey.
        self.append(&event, About { told: true, ..About::default() })?;
        Ok(())
    }
}
