//! `sluss demo --scenario`: what time does to what is owed, played on a clock that is moved.
//!
//! Invariant: each act says what shall be so after it, and is judged by what the gateway has on record: a scenario that
//! ends well has shown what it tells. Deliberately absent: any way to reach into the gateway but messages and the clock.

mod plays;

use super::script::Actors;
use crate::{
    app::{Running, cases, desk::Request},
    case,
    ledger::ProblemFilter,
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::time::Duration;

pub use plays::all;

/// A scenario.
pub struct Scenario {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it shows, English and Swedish.
    pub title: (&'static str, &'static str),
    /// What happens, in order.
    pub acts: Vec<Act>,
}

/// One act.
pub enum Act {
    /// A party tells another something; it shall be delivered.
    Tell {
        /// What, in a few words.
        title: &'static str,
        /// Sender and receiver.
        ends: (&'static str, &'static str),
        /// The message.
        letter: fn(&Pen) -> Value,
    },
    /// Hours pass.
    Hours(i64),
    /// Exactly these problems are open in the case: kind, what, and the party whose it is.
    Open(&'static str, &'static [(&'static str, &'static str, &'static str)]),
    /// Exactly so the cases and their clocks stand: `admission:ready`, `clock:withdrawn`, `liability:none`.
    Stands(&'static str, &'static [&'static str]),
    /// The message with this mark stands so.
    Message(&'static str, &'static str, &'static str),
}

/// What a letter is written with.
pub struct Pen {
    /// Mark of the run, part of every id.
    pub run: String,
    /// The case id.
    pub case: String,
    /// The time.
    pub now: Timestamp,
}

impl Pen {
    /// A message id.
    pub fn id(&self, mark: &str) -> String {
        format!("{mark}-{}", self.run)
    }
}

/// An act as it went.
#[derive(Serialize)]
pub struct Played {
    /// What.
    pub title: String,
    /// When, by the moved clock.
    pub at: Timestamp,
    /// What was found, where it is other than it shall be.
    pub found: Option<String>,
    /// Did it go as the scenario says?
    pub as_expected: bool,
}

impl Played {
    /// For people.
    pub fn text(&self) -> String {
        let mark = if self.as_expected { "ok  " } else { "FAIL" };
        let found = self.found.as_ref().map(|found| format!("\n     found: {found}")).unwrap_or_default();
        format!("{mark} {}  {}{found}", crate::cli::msg::local(self.at), self.title)
    }
}

/// Plays an act and judges it.
pub async fn play(act: &Act, actors: &Actors, running: &Running) -> Played {
    let pen = Pen {
        run: actors.run.clone(),
        case: format!("SAM-{}", actors.run),
        now: running.gateway.clock.now(),
    };
    let (title, found) = match act {
        Act::Tell { title, ends, letter } => {
            ((*title).to_string(), tell(*ends, letter(&pen), actors, running).await)
        }
        Act::Hours(hours) => {
            let moved = running.gateway.operate(&Request::Clock { seconds: hours * 3600 }).await;
            let found = (!moved.is_ok_and(|reply| reply.done)).then(|| "the clock did not move".to_string());
            (format!("{hours} hours pass"), found)
        }
        Act::Open(title, wanted) => {
            let wanted: Vec<String> = wanted.iter().map(|(k, w, p)| format!("{k} {w} {p}")).collect();
            ((*title).to_string(), until(&wanted, || open(&pen.case, running)).await)
        }
        Act::Stands(title, wanted) => {
            let wanted: Vec<String> = wanted.iter().map(|w| (*w).to_string()).collect();
            ((*title).to_string(), until(&wanted, || stands(&pen.case, running)).await)
        }
        Act::Message(title, mark, state) => {
            let id = pen.id(mark);
            ((*title).to_string(), until(&[(*state).to_string()], || state_of(&id, running)).await)
        }
    };
    Played { title, at: running.gateway.clock.now(), as_expected: found.is_none(), found }
}

/// Sends a letter and waits until it is delivered. What went wrong, if something did.
async fn tell(ends: (&str, &str), body: Value, actors: &Actors, running: &Running) -> Option<String> {
    let sender = actors.parties.iter().find(|party| party.0 == ends.0).map(|party| &party.2)?;
    let is_fhir = body["resourceType"] == "Bundle";
    let id = if is_fhir { &body["entry"][0]["resource"]["id"] } else { &body["id"] };
    let id = id.as_str().unwrap_or_default().to_string();
    let sent = if is_fhir { sender.fhir(&body).await } else { sender.case(&body).await };
    match sent {
        Ok(reply) if reply.status == 202 => {}
        Ok(reply) => return Some(format!("answered {} {}", reply.status, reply.codes().join(" "))),
        Err(_) => return Some("no answer".into()),
    }
    let is_there = || async {
        let state = state_of(&id, running).await;
        // What its receiver has may already have been answered.
        let there = ["delivered", "acknowledged", "handled"].iter().any(|word| state == [*word]);
        if there { vec!["delivered".to_string()] } else { state }
    };
    until(&["delivered".to_string()], is_there).await
}

/// Looks until it is as wanted, at most fifteen seconds; otherwise what was found last.
async fn until<F: Future<Output = Vec<String>>>(wanted: &[String], look: impl Fn() -> F) -> Option<String> {
    let mut wanted = wanted.to_vec();
    wanted.sort();
    let mut found = Vec::new();
    for _ in 0..300 {
        found = look().await;
        found.sort();
        if found == wanted {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Some(if found.is_empty() { "nothing".into() } else { found.join("; ") })
}

async fn open(case: &str, running: &Running) -> Vec<String> {
    let filter = ProblemFilter { case: Some(case.to_string()), limit: 100, ..ProblemFilter::default() };
    let rows = running.gateway.ledger.problems(&filter).await.unwrap_or_default();
    rows.into_iter().map(|p| format!("{} {} {}", p.kind, p.what, p.party.unwrap_or_default())).collect()
}

async fn stands(id: &str, running: &Running) -> Vec<String> {
    let shown = cases::show(&running.gateway.ledger, id, running.gateway.clock.now()).await;
    let Ok(Some(shown)) = shown else { return Vec::new() };
    let mut found: Vec<String> = Vec::new();
    for one in &shown.cases {
        found.push(format!("{}:{}", case::word(one.kind), case::word(one.state)));
        for clock in &one.clocks {
            let stopped = clock.stopped.as_ref().map_or_else(|| "running".to_string(), |s| case::word(s.why));
            found.push(format!("clock:{stopped}"));
        }
    }
    for judged in shown.evidence.iter().flat_map(|evidence| &evidence.clocks) {
        let outcome = serde_json::to_value(&judged.liability).unwrap_or_default();
        found.push(format!("liability:{}", outcome["outcome"].as_str().unwrap_or_default()));
    }
    found
}

async fn state_of(id: &str, running: &Running) -> Vec<String> {
    let row = running.gateway.ledger.message(id).await.ok().flatten();
    row.map(|row| row.state.word().to_string()).into_iter().collect()
}
