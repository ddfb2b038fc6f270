//! One verb, one file. People read standard output; machines read it with `--json`.
//!
//! Invariant: exit codes are 0 done, 1 done with findings, 2 usage, 3 configuration invalid,
//! 4 unreachable, 5 refused by rule, 70 our bug. With `--json` standard output is exactly one
//! document, `{"schema":"sluss.cli/1", …}`; talk goes to standard error.

mod case;
mod cert;
mod check;
mod demo;
mod diagnostic;
mod explain;
mod map;
mod msg;
mod problem;
mod progress;
mod route;
mod serve;
mod validate;

use clap::{Parser, Subcommand};
use serde_json::{Value, json};
use std::process::ExitCode;

/// How a command ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// Done.
    Done = 0,
    /// Done, with findings.
    Findings = 1,
    /// Used wrongly.
    Usage = 2,
    /// The configuration is invalid.
    Configuration = 3,
    /// Something cannot be reached or bound.
    Unreachable = 4,
    /// Refused by a rule.
    Refused = 5,
    /// A defect of ours.
    Bug = 70,
}

/// Sluss: a gateway that carries messages about children in care between a region and municipalities.
#[derive(Parser)]
#[command(name = "sluss", version, arg_required_else_help = true, after_help = EXAMPLES)]
struct Cli {
    /// Print one JSON document instead of text.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

const EXAMPLES: &str = "Examples:
  sluss demo --once                 watch the main flows once, then stop
  sluss check --config sluss.toml   find all that is wrong before starting
  sluss validate message.json       what the gateway would say of a message
  sluss explain SLUSS-PRM-001       what a code means and who must act
  sluss msg journey ID              what happened to a message
  sluss problem list                what a person should see to
  sluss case show CASE              where a case stands, and what is owed in it
  sluss route explain ID            who gets a message, and by which rule
  sluss map test --watch            run the maps' examples at each save

Exit codes: 0 done, 1 findings, 2 usage, 3 configuration, 4 unreachable, 5 refused by rule, 70 our bug";

#[derive(Subcommand)]
enum Verb {
    /// Run a gateway with simulated partners and watch messages pass.
    Demo(demo::Args),
    /// Run the gateway.
    Serve(serve::Args),
    /// Check configuration, rules and certificates without starting.
    Check(check::Args),
    /// Certificates for development.
    #[command(subcommand)]
    Cert(CertVerb),
    /// Explain a fault code.
    Explain(explain::Args),
    /// Maps between formats.
    #[command(subcommand)]
    Map(map::Verb),
    /// Judge messages in files by the gateway's own rules.
    Validate(validate::Args),
    /// Which receiver a message finds, and why.
    #[command(subcommand)]
    Route(route::Verb),
    /// Look at messages on record.
    #[command(subcommand)]
    Msg(msg::Verb),
    /// What a person should see to.
    #[command(subcommand)]
    Problem(problem::Verb),
    /// Cases: where they stand, what is owed, and evidence.
    #[command(subcommand)]
    Case(case::Verb),
}

#[derive(Subcommand)]
enum CertVerb {
    /// Make a development PKI: authority, server, one certificate per party.
    Dev(cert::DevArgs),
}

/// Where a command's result goes.
#[derive(Clone, Copy, Debug)]
pub struct Out {
    json: bool,
}

impl Out {
    /// Is a machine reading?
    pub fn is_json(self) -> bool {
        self.json
    }

    /// Prints the result: `text` for people, or `value` as the one document for machines.
    pub fn result(self, command: &str, value: Value, text: impl FnOnce() -> String) {
        use std::io::Write;
        let line = if self.json {
            let mut document = json!({ "schema": "sluss.cli/1", "command": command });
            document["result"] = value;
            document.to_string()
        } else {
            text()
        };
        // A closed pipe (`| head`) is no fault of ours.
        let _ = writeln!(std::io::stdout(), "{}", line.trim_end());
    }
}

/// Parses the arguments and runs the verb.
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { Exit::Usage as u8 } else { Exit::Done as u8 });
        }
    };
    let out = Out { json: cli.json };
    let exit = match cli.verb {
        Verb::Demo(args) => demo::run(args, out),
        Verb::Serve(args) => serve::run(args, out),
        Verb::Check(args) => check::run(args, out),
        Verb::Cert(CertVerb::Dev(args)) => cert_dev(args, out),
        Verb::Explain(args) => explain::run(args, out),
        Verb::Map(verb) => map::run(verb, out),
        Verb::Validate(args) => validate::run(args, out),
        Verb::Route(verb) => route::run(verb, out),
        Verb::Msg(verb) => msg::run(verb, out),
        Verb::Problem(verb) => problem::run(verb, out),
        Verb::Case(verb) => case::run(verb, out),
    };
    ExitCode::from(exit as u8)
}

fn cert_dev(args: cert::DevArgs, out: Out) -> Exit {
    let args = cert::DevArgs { json: out.json, ..args };
    let (mut stdout, mut stderr) = (std::io::stdout(), std::io::stderr());
    match cert::dev(&args, jiff::Timestamp::now(), &mut stdout, &mut stderr) {
        Ok(0) => Exit::Done,
        Ok(3) => Exit::Configuration,
        // A closed pipe (`| head`) is no fault of ours.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Done,
        _ => Exit::Bug,
    }
}

/// The runtime that verbs with network or ledger run on.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().enable_all().build()
}

/// Runs a future to its end, or reports that no runtime can be had.
fn block_on(future: impl Future<Output = Exit>) -> Exit {
    match runtime() {
        Ok(runtime) => runtime.block_on(future),
        Err(error) => {
            eprintln!("error: no runtime: {error}");
            Exit::Bug
        }
    }
}

/// The operational log, to standard error. `RUST_LOG` narrows or widens it.
fn log(default: &str) {
    use tracing_subscriber::{EnvFilter, fmt};
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(default));
    let _ = fmt().with_env_filter(filter).with_writer(std::io::stderr).try_init();
}
