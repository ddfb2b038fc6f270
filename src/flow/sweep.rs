//! The third part of the spine: what is late, silent, stuck or about to be so becomes a problem.
//!
//! Invariant: off the way of every message. It reads the chain from its cursor; what it finds out and the cursor go on
//! record in one transaction, so nothing is lost by looking later and nothing is told twice. A look is a function of the
//! record and the time: however the chain is cut into looks, the same problems are open in the end. Deliberately absent:
//! what is a problem of a case, which `case` says, and who is told of it.

mod rhythm;
mod story;

use super::Gateway;
use crate::{
    case::{self, Leads, Terms, View},
    ledger::{Followed, Following, Heard, Ledger, News, ProblemRow, RhythmRow, SubjectHash},
    model::{Cause, Failure, HsaId, Owner, ProblemKind},
};
use aws_lc_rs::digest;
use jiff::{SignedDuration, Timestamp};
use std::{collections::BTreeMap, sync::Arc, time::Duration};
use tokio::sync::watch;

/// Events read in one look.
const EVENTS: usize = 2_000;
/// Persons looked at because their time has come, in one look.
const PERSONS: usize = 200;
/// Between two looks, so that what comes together is looked at together.
const PAUSE: Duration = Duration::from_millis(150);
/// The longest rest: the disk is looked at so often.
const REST: Duration = Duration::from_secs(30);
/// Looks that changed nothing may go unrecorded over so many events.
const UNRECORDED: u64 = 20_000;

/// How much one look reads, and from where it goes on.
pub struct Sweep {
    cursor: u64,
    recorded: u64,
    events: usize,
}

impl Sweep {
    /// From where the record says that it stopped; `events`: how many one look reads.
    pub async fn resume(gateway: &Gateway, events: Option<usize>) -> Result<Sweep, Failure> {
        let cursor = gateway.ledger.cursor("sweep").await?;
        Ok(Sweep { cursor, recorded: cursor, events: events.unwrap_or(EVENTS).max(1) })
    }
}

impl Gateway {
    /// Follows the record until told to stop, or nobody is left to tell.
    pub async fn sweep(self: Arc<Self>, mut stop: watch::Receiver<bool>) {
        let mut grown = self.ledger.grown();
        let mut sweep = None;
        while !*stop.borrow() && stop.has_changed().is_ok() && self.ledger.failure().is_none() {
            grown.mark_unchanged();
            let rest = match self.look_from(&mut sweep).await {
                Ok(true) => Duration::ZERO,
                Ok(false) => self.until_next().await,
                Err(failure) => {
                    tracing::error!(code = %failure.code(), "the record cannot be followed: {failure}");
                    sweep = None;
                    PAUSE * 10
                }
            };
            tokio::select! {
                _ = grown.changed(), if !rest.is_zero() => {}
                () = self.stirred.notified() => {}
                () = tokio::time::sleep(rest) => {}
                _ = stop.changed() => {}
            }
            tokio::select! {
                () = tokio::time::sleep(PAUSE) => {}
                _ = stop.wait_for(|stop| *stop) => {}
            }
        }
    }

    async fn look_from(&self, sweep: &mut Option<Sweep>) -> Result<bool, Failure> {
        let mut at = match sweep.take() {
            Some(at) => at,
            None => Sweep::resume(self, None).await?,
        };
        let more = self.look(&mut at).await;
        // After a failure the record says where to go on.
        *sweep = more.is_ok().then_some(at);
        more
    }

    /// How long until time alone changes something.
    async fn until_next(&self) -> Duration {
        let next = self.ledger.next_awaited().await.ok().flatten();
        let wait = next.map(|at| at.duration_since(self.clock.now()).max(SignedDuration::from_millis(1)));
        wait.and_then(|wait| Duration::try_from(wait).ok()).unwrap_or(REST).min(REST)
    }

    /// One look: what is new, what time has changed, and what follows from it, on record. Is there more?
    pub async fn look(&self, sweep: &mut Sweep) -> Result<bool, Failure> {
        let now = self.clock.now();
        let heard = self.ledger.hear(sweep.cursor, sweep.events).await?;
        let awaited = self.ledger.awaited(now, PERSONS).await?;
        let more = heard.more || awaited.len() == PERSONS;
        let mut following = Following { to: heard.to, now, ..Following::default() };
        let mut touched: BTreeMap<SubjectHash, Vec<News>> = heard.touched.clone();
        for subject in awaited {
            touched.entry(subject).or_default();
        }
        for (subject, news) in touched {
            self.follow_one(subject, news, &mut following).await?;
        }
        self.follow_gateway(&heard, &mut following).await?;
        sweep.cursor = heard.to;
        if !following.is_empty() || heard.to - sweep.recorded >= UNRECORDED {
            self.ledger.follow(following).await?;
            sweep.recorded = heard.to;
        }
        Ok(more)
    }

    /// One person's cases anew, and what of them is a problem.
    async fn follow_one(
        &self,
        subject: SubjectHash,
        mut news: Vec<News>,
        following: &mut Following,
    ) -> Result<(), Failure> {
        let now = following.now;
        let registry = self.registry.load_full();
        let mut rows = self.ledger.story(&subject, &news).await?;
        story::ready(&mut rows, &mut news, &registry);
        let told = story::told(&rows);
        let terms = story::terms(&rows, &registry);
        let leads = self.leads();
        let view = case::play(&told, &terms, now);
        let mut causes = case::causes(&view, &told, &leads, now);
        let active = self.ledger.active_problems(&subject).await?;
        causes.extend(story::stuck(&rows, &active));
        self.weigh(&subject, &active, causes, following);
        following.subjects.push(Followed {
            subject,
            news,
            // Codes and numbers only: writing them to memory does not fail.
            terms: serde_json::to_string(&terms).unwrap_or_default(),
            next_at: case::next(&view, &leads, now),
            cases: view.cases.iter().map(story::case_row).collect(),
            obligations: view.obligations.iter().map(story::obligation_row).collect(),
        });
        Ok(())
    }

    /// What is a problem of no person: silence, and the disk.
    async fn follow_gateway(&self, heard: &Heard, following: &mut Following) -> Result<(), Failure> {
        let known = self.ledger.rhythms().await?;
        let rhythms = rhythm::heard(known, &heard.sent);
        let mut causes: Vec<Cause> = Vec::new();
        let registry = self.registry.load_full();
        // Whoever is no party any more is silent by right.
        let is_party = |row: &&RhythmRow| {
            HsaId::parse(&row.party).is_some_and(|party| registry.partner(&party).is_some())
        };
        for rhythm in rhythms.all.iter().filter(is_party) {
            causes.extend(rhythm::silence(rhythm, &self.config.watch, following.now));
        }
        following.rhythms = rhythms.changed();
        if self.ledger.is_space_short() {
            causes.push(Cause {
                kind: ProblemKind::DiskLow,
                what: "reserve".into(),
                case: None,
                message: None,
                delivery: None,
                owner: Owner::Gateway,
                party: None,
                due: None,
            });
        }
        let active = self.ledger.active_problems(&[]).await?;
        self.weigh(&[], &active, causes, following);
        Ok(())
    }

    /// What of these causes is new, and which are gone.
    fn weigh(&self, scope: &[u8], active: &[ProblemRow], causes: Vec<Cause>, following: &mut Following) {
        let keys: Vec<String> = causes.iter().map(Cause::key).collect();
        let gone = active.iter().filter(|problem| !keys.contains(&problem.cause));
        following.ended.extend(gone.map(|problem| problem.id.clone()));
        for (cause, key) in causes.into_iter().zip(keys) {
            if !active.iter().any(|problem| problem.cause == key) {
                following.opened.push((scope.to_vec(), self.opened(cause, key, following.now)));
            }
        }
    }

    fn opened(&self, cause: Cause, key: String, now: Timestamp) -> ProblemRow {
        let gateway = || self.config.hsa_id.to_string();
        ProblemRow {
            id: id_of(&key, now),
            cause: key,
            kind: cause.kind.word().into(),
            what: cause.what,
            case: cause.case,
            message: cause.message,
            delivery: cause.delivery,
            owner: cause.owner.word().into(),
            party: Some(cause.party.map_or_else(gateway, |party| party.to_string())),
            opened: now,
            due: cause.due,
            closed: None,
            closed_by: None,
            reason: None,
        }
    }

    fn leads(&self) -> Leads {
        self.config.watch.leads.clone()
    }
}

/// A person's cases by these terms, from what has been followed.
pub async fn view_of(
    ledger: &Ledger,
    subject: &SubjectHash,
    terms: &Terms,
    now: Timestamp,
) -> Result<View, Failure> {
    let rows = ledger.story(subject, &[]).await?;
    Ok(case::play(&story::told(&rows), terms, now))
}

/// A short id that a person can type: of the cause and when it was first seen.
fn id_of(key: &str, now: Timestamp) -> String {
    let whole = digest::digest(&digest::SHA256, format!("{key}|{}", now.as_microsecond()).as_bytes());
    let short = whole.as_ref().iter().take(6).map(|byte| format!("{byte:02x}"));
    format!("P-{}", short.collect::<String>())
}
