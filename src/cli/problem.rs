//! `sluss problem list|show|close`: what a person should see to.
//!
//! Invariant: no person data; a problem that is closed has on record who closed it and why, as a code.

use super::{Exit, Out, msg::local};
use crate::{
    app::desk::{self, Request},
    ledger::{Ledger, ProblemFilter, ProblemRow},
    model::{CloseReason, Failure, Lang, ProblemKind},
};
use clap::Subcommand;
use jiff::Timestamp;
use serde_json::Value;
use std::path::PathBuf;

/// The verbs.
#[derive(Subcommand)]
pub enum Verb {
    /// List open problems, newest first.
    List {
        #[command(flatten)]
        place: Place,
        /// Only of this kind, such as obligation-late.
        #[arg(long, value_parser = kind)]
        kind: Option<ProblemKind>,
        /// Only about this case.
        #[arg(long)]
        case: Option<String>,
        /// Only of this party (HSA-id).
        #[arg(long)]
        party: Option<String>,
        /// Closed ones too.
        #[arg(long)]
        all: bool,
        /// At most this many.
        #[arg(long, default_value_t = 50)]
        limit: usize,
    },
    /// Show one problem.
    Show {
        #[command(flatten)]
        place: Place,
        /// Its id.
        id: String,
    },
    /// Close a problem. It opens again only if its cause goes and comes back.
    Close {
        #[command(flatten)]
        place: Place,
        /// Its id.
        id: String,
        /// Why: handled, handled-elsewhere, accepted or mistaken.
        #[arg(long, value_parser = reason)]
        reason: CloseReason,
        /// Who closes it: a user name, no person number.
        #[arg(long, env = "USER", default_value = "operator")]
        by: String,
    },
}

/// Which ledger.
#[derive(clap::Args)]
pub struct Place {
    /// The state directory.
    #[arg(long, default_value = "state", env = "SLUSS_STATE")]
    pub state_dir: PathBuf,
}

fn kind(word: &str) -> Result<ProblemKind, String> {
    let known = || ProblemKind::ALL.map(ProblemKind::word).join(", ");
    ProblemKind::from_word(word).ok_or_else(|| format!("not one of {}", known()))
}

fn reason(word: &str) -> Result<CloseReason, String> {
    let known = || CloseReason::ALL.map(CloseReason::word).join(", ");
    CloseReason::from_word(word).ok_or_else(|| format!("not one of {}", known()))
}

/// Runs the verb.
pub fn run(verb: Verb, out: Out) -> Exit {
    super::block_on(async move {
        match verb {
            Verb::List { place, kind, case, party, all, limit } => {
                let kind = kind.map(|kind| kind.word().to_string());
                let filter = ProblemFilter { closed: all, kind, case, party, limit };
                with(&place, async |ledger| list(ledger, &filter, out).await).await
            }
            Verb::Show { place, id } => with(&place, async |ledger| show(ledger, &id, out).await).await,
            Verb::Close { place, id, reason, by } => {
                let request = Request::CloseProblem { id, by, reason: reason.word().into() };
                ask(&place, &request, "problem close", out).await
            }
        }
    })
}

/// Opens the ledger for questions, or says why not.
pub async fn with(place: &Place, ask: impl AsyncFnOnce(&Ledger) -> Result<Exit, Failure>) -> Exit {
    let ledger = match Ledger::read(&place.state_dir) {
        Ok(ledger) => ledger,
        Err(failure) => {
            eprintln!(
                "error: {}: {failure}; name the state directory with --state-dir",
                place.state_dir.display()
            );
            return Exit::Unreachable;
        }
    };
    ask(&ledger).await.unwrap_or_else(|failure| {
        eprintln!("error[{}]: {failure}", failure.code());
        Exit::Bug
    })
}

/// Asks something of the gateway.
pub async fn ask(place: &Place, request: &Request, command: &str, out: Out) -> Exit {
    match desk::ask(&place.state_dir, request).await {
        Ok(reply) => {
            let done = reply.done;
            out.result(command, serde_json::to_value(&reply).unwrap_or_default(), || reply.words);
            if done { Exit::Done } else { Exit::Findings }
        }
        Err(failure) => {
            eprintln!("error[{}]: {failure}", failure.code());
            Exit::Unreachable
        }
    }
}

fn value<T: serde::Serialize>(rows: &T) -> Value {
    serde_json::to_value(rows).unwrap_or_default()
}

async fn list(ledger: &Ledger, filter: &ProblemFilter, out: Out) -> Result<Exit, Failure> {
    let problems = ledger.problems(filter).await?;
    out.result("problem list", value(&problems), || match problems.is_empty() {
        true => "no open problems".into(),
        false => problems.iter().map(line).collect(),
    });
    Ok(Exit::Done)
}

/// One problem as a line.
pub fn line(p: &ProblemRow) -> String {
    let due = p.due.map(|at| format!("  due {}", local(at))).unwrap_or_default();
    let closed = p.closed_by.as_ref().map(|by| format!("  closed by {by}")).unwrap_or_default();
    format!(
        "{}  {}  {:<17} {:<28} {} {}  case {}{due}{closed}\n",
        p.id,
        local(p.opened),
        p.kind,
        p.what,
        p.owner,
        p.party.as_deref().unwrap_or("-"),
        p.case.as_deref().unwrap_or("-"),
    )
}

async fn show(ledger: &Ledger, id: &str, out: Out) -> Result<Exit, Failure> {
    let Some(problem) = ledger.problem(id).await? else {
        eprintln!("error: no problem has the id {id}; `sluss problem list` shows the open ones");
        return Ok(Exit::Findings);
    };
    out.result("problem show", value(&problem), || text(&problem));
    Ok(Exit::Done)
}

fn text(p: &ProblemRow) -> String {
    let time = |at: Option<Timestamp>| at.map_or_else(|| "-".to_string(), local);
    let or = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
    let title = ProblemKind::from_word(&p.kind).map(ProblemKind::title).unwrap_or_default();
    format!(
        "problem   {}\n          {}\n          {}\nkind      {}\nwhat      {}\ncase      {}\nmessage   {}\ndelivery  {}\n\
         owner     {} {}\nopened    {}\ndue       {}\nclosed    {}\nby        {}\nreason    {}\n",
        p.id,
        Lang::En.pick(title),
        Lang::Sv.pick(title),
        p.kind,
        p.what,
        or(&p.case),
        or(&p.message),
        or(&p.delivery),
        p.owner,
        or(&p.party),
        local(p.opened),
        time(p.due),
        time(p.closed),
        or(&p.closed_by),
        or(&p.reason),
    )
}
