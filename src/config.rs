//! The whole configuration as data: every key, every default, all problems at once.
//!
//! Invariant: a `Config` that exists has passed every check that needs no network; unknown keys are
//! problems, not noise. Start-up is this check and then bind, so `sluss check` can promise what
//! `sluss serve` will do. Deliberately absent: environment variables that change meaning, and any
//! key that weakens TLS.

pub mod agreement;
mod notify;
mod partner;
pub(crate) mod read;
mod site;
mod watch;

use crate::model::{Code, HsaId, Partner};
pub use agreement::{Agreement, Area, EventRule, FanOut, Routing, routing::postal_code};
pub use notify::{Mail, Notify, Webhook};
pub use site::{Delivery, HsaFrom, Listen, Mllp, Mode, Store, Tls};
use std::{
    collections::HashMap,
    ops::Range,
    path::{Path, PathBuf},
};
pub use watch::Watch;

/// One thing that is wrong with the configuration.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The file, as named by the configuration.
    pub file: PathBuf,
    /// Byte range in the file, if the problem has a place.
    pub span: Option<Range<usize>>,
    /// Line from 1, if it has a place.
    pub line: Option<usize>,
    /// Catalogue code (`SLUSS-CFG-…`).
    pub code: Code,
    /// What is wrong.
    pub message: String,
    /// What to do now.
    pub remedy: String,
}

impl Problem {
    /// A problem of a whole file or folder.
    pub fn of(file: impl Into<PathBuf>, code: Code, message: impl Into<String>, remedy: &str) -> Problem {
        let (file, message) = (file.into(), message.into());
        Problem { file, span: None, line: None, code, message, remedy: remedy.into() }
    }
}

/// Everything that the gateway needs to know before it starts.
#[derive(Clone, Debug)]
pub struct Config {
    /// Test or production: decides which personal numbers are refused.
    pub mode: Mode,
    /// Our own logical address.
    pub hsa_id: HsaId,
    /// Our own name.
    pub name: String,
    /// Directory of the ledger.
    pub state: PathBuf,
    /// Folder with `mappings/` and `conformance/` that replaces the embedded ones.
    pub rules: Option<PathBuf>,
    /// Folder with `mappings/` whose files are added to the rules.
    pub extra_rules: Option<PathBuf>,
    /// Folder with the published e-referral contract, used instead of our schemas of it.
    pub contract: Option<PathBuf>,
    /// Folder with FHIR packages whose definitions are added to the rules.
    pub packages: Option<PathBuf>,
    /// The listener.
    pub listen: Listen,
    /// Certificates and trust.
    pub tls: Tls,
    /// Retry and expiry.
    pub delivery: Delivery,
    /// Limits of the ledger.
    pub store: Store,
    /// Who is told of problems.
    pub notify: Notify,
    /// When something becomes a problem.
    pub watch: Watch,
    /// Largest difference between our clock and a message's send time, in minutes, ahead or behind.
    pub clock_skew_minutes: i64,
    /// Parties, by file name.
    pub partners: Vec<Partner>,
    /// Agreements, by file name.
    pub agreements: Vec<Agreement>,
}

impl Config {
    /// Reads `sluss.toml` and the folders `partners/` and `agreements/` beside it.
    ///
    /// Errors: every problem of every file, in file order.
    pub fn load(file: &Path) -> Result<Config, Vec<Problem>> {
        let mut problems = Vec::new();
        let site = read::file(file, &mut problems, |table| site::read(table, file));
        let folder = file.parent().unwrap_or(Path::new("."));
        let partners = folder_of(&folder.join("partners"), &mut problems, partner::read);
        let agreements = folder_of(&folder.join("agreements"), &mut problems, agreement::read);
        if problems.is_empty() && partners.is_empty() {
            let remedy = "put one file per party in partners/, e.g. partners/granvik.toml";
            let message = "no partner is configured";
            problems.push(Problem::of(folder.join("partners"), Code::ConfigReference, message, remedy));
        }
        repeated(&partners, |p| p.hsa_id.to_string(), "HSA-id", &mut problems);
        repeated(&agreements, |a| a.name.clone(), "agreement name", &mut problems);
        let partners: Vec<Partner> = partners.into_iter().map(|(_, p)| p).collect();
        for (file, agreement) in &agreements {
            for party in &agreement.parties {
                if !partners.iter().any(|p| p.hsa_id == *party) {
                    let message = format!("the agreement names {party}, which is no configured partner");
                    let remedy = "add the party under partners/ or take it out of `parties`";
                    problems.push(Problem::of(file, Code::ConfigReference, message, remedy));
                }
            }
        }
        for (file, agreement) in &agreements {
            fan_out(file, agreement, &partners, &mut problems);
            routing(file, agreement, &partners, &mut problems);
        }
        match (site, problems.is_empty()) {
            (Some(mut config), true) => {
                config.partners = partners;
                config.agreements = agreements.into_iter().map(|(_, a)| a).collect();
                Ok(config)
            }
            _ => Err(problems),
        }
    }
}

/// Rows of `[[fan_out]]` that could never work: their party is not configured, or may not be told.
fn fan_out(file: &Path, agreement: &Agreement, partners: &[Partner], problems: &mut Vec<Problem>) {
    for row in &agreement.fan_out {
        let to = partners.iter().find(|p| p.hsa_id == row.to);
        let told = |p: &Partner| agreement.events.iter().any(|e| e.code == row.also && e.to == p.kind);
        let (message, remedy) = match to {
            Some(to) if told(to) => continue,
            Some(to) => (
                format!(
                    "[[fan_out]] sends {} to a {}, and no [[event]] lets it pass",
                    row.also,
                    to.kind.word()
                ),
                "add the [[event]] row, or take the [[fan_out]] row away",
            ),
            None => (
                format!("[[fan_out]] names {}, which is no configured partner", row.to),
                "add the party under partners/, or take the [[fan_out]] row away",
            ),
        };
        problems.push(Problem::of(file, Code::ConfigReference, message, remedy));
    }
}

/// A routing address that is a party's own, and areas of parties that are none.
fn routing(file: &Path, agreement: &Agreement, partners: &[Partner], problems: &mut Vec<Problem>) {
    let Some(routing) = &agreement.routing else { return };
    if partners.iter().any(|p| p.hsa_id == routing.address) {
        let message = format!("[routing] has the address {}, which is a partner's own", routing.address);
        let remedy = "give the routing address an HSA-id of its own";
        problems.push(Problem::of(file, Code::ConfigReference, message, remedy));
    }
    let mut named: Vec<&HsaId> = routing.areas.iter().map(|area| &area.party).chain(&routing.desk).collect();
    named.sort_unstable();
    named.dedup();
    for party in named {
        if !partners.iter().any(|p| p.hsa_id == *party) {
            let message = format!("[routing] names {party}, which is no configured partner");
            let remedy = "add the party under partners/, or take it out of [routing]";
            problems.push(Problem::of(file, Code::ConfigReference, message, remedy));
        }
    }
}

/// Reads each `*.toml` of a folder in name order.
fn folder_of<T>(
    folder: &Path,
    problems: &mut Vec<Problem>,
    read_one: fn(&mut read::Table<'_>) -> Option<T>,
) -> Vec<(PathBuf, T)> {
    let mut files: Vec<PathBuf> = match std::fs::read_dir(folder) {
        Ok(entries) => entries.flatten().map(|e| e.path()).collect(),
        Err(_) => {
            let remedy = "create it beside sluss.toml";
            problems.push(Problem::of(folder, Code::ConfigFile, "the folder cannot be read", remedy));
            return Vec::new();
        }
    };
    files.retain(|f| f.extension().is_some_and(|e| e == "toml"));
    files.sort();
    let mut out = Vec::new();
    for file in files {
        if let Some(value) = read::file(&file, problems, read_one) {
            out.push((file, value));
        }
    }
    out
}

fn repeated<T>(items: &[(PathBuf, T)], name: impl Fn(&T) -> String, what: &str, problems: &mut Vec<Problem>) {
    let mut seen: HashMap<String, &PathBuf> = HashMap::new();
    for (file, item) in items {
        if let Some(first) = seen.insert(name(item), file) {
            let message = format!("the {what} {} is already used in {}", name(item), first.display());
            let remedy = format!("give each file its own {what}");
            problems.push(Problem::of(file, Code::ConfigReference, message, &remedy));
        }
    }
}
