//! `sluss map …`: writing maps, made from the production engine. One verb, one file.
//!
//! Invariant: what a verb shows of a message is places and shapes; values are shown only where
//! `--values` asks for them, on the author's own terminal. Deliberately absent: any field of a message;
//! profiles and schemas, which no map needs to run.

mod cover;
mod diff;
mod find;
mod fmt;
mod git;
mod golden;
mod html;
mod new;
mod ratchet;
mod run;
mod shape;
mod skeleton;
mod suite;
mod test;
mod trace;
mod watch;

use super::{Exit, Out, check};
use crate::{config::Problem, rulebook::Source};
use clap::Subcommand;
use serde_json::json;
use std::path::{Path, PathBuf};

/// The verbs.
#[derive(Subcommand)]
pub enum Verb {
    /// Run the examples beside the maps and compare.
    Test(test::Args),
    /// Run one input through one map.
    Run(run::Args),
    /// Show where each value comes from, what was not read, and why rules did not run.
    Trace(trace::Args),
    /// Show what the examples exercise: rules that ran, source elements read, required elements set.
    Cover(cover::Args),
    /// Compare two versions of the rules by what they make of the same messages.
    Diff(diff::Args),
    /// Write maps in the canonical form.
    Fmt(fmt::Args),
    /// Begin a map: a skeleton from two models, and an example.
    New(new::Args),
}

/// Where the rules stand.
#[derive(clap::Args, Clone)]
pub struct Rules {
    /// Folder with `mappings/` and `conformance/`; one with `mappings/` alone adds to the rules in this program.
    #[arg(long = "rules", value_name = "DIR", default_value = ".")]
    folder: PathBuf,
    /// Folder with FHIR packages (.tgz), whose logical models and concept maps the maps may use.
    #[arg(long, value_name = "DIR")]
    packages: Option<PathBuf>,
}

impl Rules {
    /// The problem with its file as it is found from here, so that its line can be shown.
    fn located(&self, problem: Problem) -> Problem {
        let file = self.folder.join(&problem.file);
        if problem.file.is_relative() && file.exists() { Problem { file, ..problem } } else { problem }
    }

    fn stop(&self, problems: Vec<Problem>) -> Stop {
        Stop::Problems(problems.into_iter().map(|p| self.located(p)).collect())
    }

    /// What stands in the folder, and what it adds to.
    fn source(&self) -> Source {
        match self.folder.join("conformance").is_dir() {
            true => Source::Folder(self.folder.clone()),
            false => Source::of(None, Some(&self.folder)),
        }
    }

    fn mappings(&self) -> PathBuf {
        self.folder.join("mappings")
    }
}

/// Why a verb could not do what it was asked.
pub enum Stop {
    /// Maps or models that are wrong: exit code 3.
    Problems(Vec<Problem>),
    /// Anything else.
    Refused {
        /// The exit code.
        exit: Exit,
        /// What is in the way.
        message: String,
        /// What to do now.
        help: String,
    },
}

impl Stop {
    /// The arguments cannot be meant so.
    fn usage(message: impl Into<String>, help: impl Into<String>) -> Stop {
        Stop::Refused { exit: Exit::Usage, message: message.into(), help: help.into() }
    }

    /// Its problems with their files as they are found from here.
    fn located(self, rules: &Rules) -> Stop {
        match self {
            Stop::Problems(problems) => rules.stop(problems),
            other => other,
        }
    }

    /// A file cannot be read or written.
    fn file(path: &Path, error: &std::io::Error) -> Stop {
        Stop::usage(format!("{}: {error}", path.display()), "check the path")
    }

    fn tell(self, command: &str, out: Out) -> Exit {
        match self {
            Stop::Problems(problems) => {
                check::report(&problems, out, command);
                Exit::Configuration
            }
            Stop::Refused { exit, message, help } => {
                if out.is_json() {
                    let value = json!({ "ok": false, "error": message, "help": help });
                    out.result(command, value, String::new);
                } else {
                    eprintln!("error: {message}\n  = help: {help}");
                }
                exit
            }
        }
    }
}

/// Runs the verb.
pub fn run(verb: Verb, out: Out) -> Exit {
    let (command, done) = match verb {
        Verb::Test(args) => ("map test", test::run(args, out)),
        Verb::Run(args) => ("map run", run::run(args, out)),
        Verb::Trace(args) => ("map trace", trace::run(args, out)),
        Verb::Cover(args) => ("map cover", cover::run(args, out)),
        Verb::Diff(args) => ("map diff", diff::run(args, out)),
        Verb::Fmt(args) => ("map fmt", fmt::run(args, out)),
        Verb::New(args) => ("map new", new::run(args, out)),
    };
    done.unwrap_or_else(|stop| stop.tell(command, out))
}
