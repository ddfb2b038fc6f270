//! `sluss case show|evidence`: where a case stands, what is owed in it, and evidence of payment liability.
//!
//! Invariant: played from the record for the time at which it is asked, beside a running gateway or without; no person
//! data is ever printed here.

use super::{
    Exit, Out,
    msg::local,
    problem::{self, Place},
};
use crate::{
    app::{
        cases::{self, Shown},
        evidence::{self, NoEvidence, Sealed},
    },
    case::{self, Case, Judged, Liability, Obligation, Step},
    config::Config,
    ledger::Ledger,
    model::Failure,
    pki::TlsFiles,
};
use clap::Subcommand;
use jiff::Timestamp;
use std::path::{Path, PathBuf};

/// The verbs.
#[derive(Subcommand)]
pub enum Verb {
    /// Show a case: states, steps, obligations, clocks, findings and open problems.
    Show {
        #[command(flatten)]
        which: Which,
    },
    /// Evidence of payment liability: a document with its hash, the chain's tip and the gateway's signature.
    Evidence {
        #[command(flatten)]
        which: Which,
        /// The gateway's configuration: the evidence is signed with its key.
        #[arg(long)]
        config: Option<PathBuf>,
        /// Write the whole document to this file, as JSON.
        #[arg(long)]
        to: Option<PathBuf>,
    },
}

/// Which case of which ledger.
#[derive(clap::Args)]
pub struct Which {
    #[command(flatten)]
    place: Place,
    /// The case id.
    case: String,
    /// For this time instead of now, such as 2026-03-02T12:00:00+01:00.
    #[arg(long)]
    at: Option<Timestamp>,
}

/// Runs the verb.
pub fn run(verb: Verb, out: Out) -> Exit {
    super::block_on(async move {
        match verb {
            Verb::Show { which } => {
                problem::with(&which.place, async |ledger| show(ledger, &which, out).await).await
            }
            Verb::Evidence { which, config, to } => {
                let ask = async |ledger: &Ledger| {
                    prove(ledger, &which, config.as_deref(), to.as_deref(), out).await
                };
                problem::with(&which.place, ask).await
            }
        }
    })
}

async fn find(ledger: &Ledger, which: &Which) -> Result<Option<Shown>, Failure> {
    // Of a clock that was moved the record knows better.
    let now = Timestamp::now().max(ledger.latest().await?.unwrap_or_default());
    let shown = cases::show(ledger, &which.case, which.at.unwrap_or(now)).await?;
    if shown.is_none() {
        eprintln!(
            "error: nothing of the case {} is on record; `sluss msg list` shows the newest messages",
            which.case
        );
    }
    Ok(shown)
}

async fn show(ledger: &Ledger, which: &Which, out: Out) -> Result<Exit, Failure> {
    let Some(shown) = find(ledger, which).await? else { return Ok(Exit::Findings) };
    out.result("case show", serde_json::to_value(&shown).unwrap_or_default(), || text(&shown));
    Ok(Exit::Done)
}

fn text(shown: &Shown) -> String {
    let mut text = format!("case {} as of {}\n", shown.case, local(shown.as_of));
    for case in &shown.cases {
        text += &format!(
            "\n{} {}: {} since {}\n",
            case::word(case.kind),
            case.run,
            case::word(case.state),
            local(case.since)
        );
        text += &case.steps.iter().map(step).collect::<String>();
        text += &clocks(case);
    }
    if !shown.obligations.is_empty() {
        text += "\nobligations\n";
        text += &shown.obligations.iter().map(owed).collect::<String>();
    }
    for judged in shown.evidence.iter().flat_map(|e| &e.clocks) {
        text += &format!("\npayment liability\n{}", liability(judged));
    }
    if !shown.findings.is_empty() {
        text += "\nfindings\n";
        for finding in &shown.findings {
            text += &format!("  {:<28} {}\n", case::word(finding.what), finding.message);
        }
    }
    if !shown.problems.is_empty() {
        text += "\nopen problems\n";
        text += &shown.problems.iter().map(problem::line).collect::<String>();
    }
    text
}

fn step(step: &Step) -> String {
    let late =
        step.late.map(|l| format!("  late by {} s ({})", l.seconds, case::word(l.whose))).unwrap_or_default();
    let delivered =
        step.delivered.map_or_else(|| "not delivered".into(), |at| format!("delivered {}", local(at)));
    let validity = case::word(step.validity);
    let passed = if step.overtaken { ", overtaken" } else { "" };
    format!(
        "  {}  {:<26} {} → {}  sent {}, {delivered}, {validity}{passed}{late}  {}\n",
        local(step.occurred),
        step.event,
        step.sender,
        step.receiver,
        local(step.sent),
        step.message
    )
}

fn clocks(case: &Case) -> String {
    let one = |clock: &case::Clock| {
        let stopped = clock.stopped.as_ref();
        let stopped = stopped
            .map_or_else(String::new, |s| format!(", stopped {} ({})", local(s.at), case::word(s.why)));
        let noon = if clock.after_noon { "after noon" } else { "before noon" };
        format!(
            "  clock: day zero {} ({noon}), {} free days, liable from {}{stopped}\n",
            clock.day_zero, clock.free_days, clock.first_day
        )
    };
    case.clocks.iter().map(one).collect()
}

fn owed(o: &Obligation) -> String {
    let late =
        o.late.map(|l| format!("  late by {} s ({})", l.seconds, case::word(l.whose))).unwrap_or_default();
    format!(
        "  {:<9} {:<27} {} → {}  due {}{late}\n",
        case::word(o.state),
        case::word(o.duty),
        o.party,
        o.to,
        local(o.due)
    )
}

fn liability(judged: &Judged) -> String {
    let notice = &judged.clock.message;
    match &judged.liability {
        Liability::From { first_day, ended_on } => {
            let until = ended_on.map_or_else(String::new, |day| format!(", until {day}"));
            format!("  {notice}: liable from {first_day}{until}\n")
        }
        Liability::NotYet { first_day, awaits_sip_call } => {
            let awaits = if *awaits_sip_call { ", if a call to a SIP comes" } else { "" };
            format!("  {notice}: not yet; from {first_day}{awaits}\n")
        }
        Liability::None { reasons } => {
            let reasons: Vec<String> = reasons.iter().map(case::word).collect();
            format!("  {notice}: not liable: {}\n", reasons.join(", "))
        }
    }
}

async fn prove(
    ledger: &Ledger,
    which: &Which,
    config: Option<&Path>,
    to: Option<&Path>,
    out: Out,
) -> Result<Exit, Failure> {
    let Some(shown) = find(ledger, which).await? else { return Ok(Exit::Findings) };
    let files = match config.map(Config::load) {
        None => None,
        Some(Ok(Config { tls, .. })) => {
            Some(TlsFiles { certificate: tls.certificate, key: tls.key, ca: tls.client_ca })
        }
        Some(Err(problems)) => {
            super::check::report(&problems, out, "case evidence");
            return Ok(Exit::Configuration);
        }
    };
    let sealed = match evidence::seal(ledger, &shown, files.as_ref()).await {
        Ok(sealed) => sealed,
        Err(why) => return without(&why, &which.case),
    };
    let whole = serde_json::to_value(&sealed).unwrap_or_default();
    if let Some(file) = to
        && let Err(error) = std::fs::write(file, format!("{whole}\n"))
    {
        eprintln!("error: {}: {error}", file.display());
        return Ok(Exit::Unreachable);
    }
    out.result("case evidence", whole, || told(&sealed));
    Ok(Exit::Done)
}

fn without(why: &NoEvidence, case: &str) -> Result<Exit, Failure> {
    match why {
        NoEvidence::NoAdmission => {
            eprintln!("error: the case {case} has no admission, so nobody can be liable")
        }
        NoEvidence::Broken(place) => {
            eprintln!("error: the chain is broken at event {place}: what is on record is no evidence");
        }
        NoEvidence::Behind => {
            eprintln!(
                "error: more of the case {case} is on record than is followed yet; ask again in a moment, with the gateway running"
            );
        }
        NoEvidence::Key(findings) => {
            findings.iter().for_each(|finding| eprintln!("error[{}]: {}", finding.code, finding.detail));
            return Ok(Exit::Configuration);
        }
        NoEvidence::Failure(failure) => return Err(failure.clone()),
    }
    Ok(Exit::Findings)
}

fn told(sealed: &Sealed) -> String {
    let d = &sealed.document;
    let mut text = format!("evidence of payment liability, case {}, as of {}\n", d.case, local(d.as_of));
    for admission in &d.admissions {
        text += &format!("\nadmission {}: {}\n", admission.run, case::word(admission.state));
        for n in &admission.notices {
            let time = n.in_time.map_or("no time is set", |yes| if yes { "in time" } else { "late" });
            text += &format!(
                "  {:<26} sent {}, received {}, {time}  {}\n",
                n.event,
                local(n.sent),
                local(n.received),
                n.message
            );
        }
        text += &admission.clocks.iter().map(liability).collect::<String>();
        if admission.clocks.is_empty() {
            text += "  not liable: no ready notice\n";
        }
    }
    text += &format!(
        "\n{}\n{}\n\nevents in the chain  {}\ntip     {}\nsha256  {}\n",
        d.shows.0, d.shows.1, d.events, d.tip, sealed.sha256
    );
    match &sealed.signature {
        Some(s) => {
            text + &format!(
                "signed  {} {}\nby the certificate with sha256 {}\n",
                s.scheme, s.value, s.certificate_sha256
            )
        }
        None => text + "not signed: name the gateway's configuration with --config\n",
    }
}
