//! `sluss check`: everything that start-up checks, without starting.

use super::{
    Exit, Out,
    diagnostic::{Cited, Diagnostic},
};
use crate::{app, config::Problem};
use annotate_snippets::Level;
use serde_json::{Value, json};
use std::path::PathBuf;

/// Arguments.
#[derive(clap::Args)]
pub struct Args {
    /// The configuration; `partners/` and `agreements/` stand beside it.
    #[arg(long, default_value = "sluss.toml")]
    config: PathBuf,
}

/// Runs the verb.
pub fn run(args: Args, out: Out) -> Exit {
    match app::load(&args.config) {
        Ok(loaded) => {
            let (partners, agreements) = (loaded.config.partners.len(), loaded.config.agreements.len());
            let rules = loaded.rulebook.version().to_string();
            let value = json!({ "ok": true, "partners": partners, "agreements": agreements, "rules": rules });
            out.result("check", value, || {
                format!("ok: {partners} partners, {agreements} agreements, rules {rules}")
            });
            Exit::Done
        }
        Err(problems) => {
            report(&problems, out, "check");
            Exit::Configuration
        }
    }
}

/// Prints problems: as diagnostics for people, as one document for machines.
pub fn report(problems: &[Problem], out: Out, command: &str) {
    if out.is_json() {
        let rows: Vec<Value> = problems.iter().map(row).collect();
        out.result(command, json!({ "ok": false, "problems": rows }), String::new);
        return;
    }
    for problem in problems {
        eprintln!("{}\n", diagnostic(problem));
    }
    let many = if problems.len() == 1 { "problem" } else { "problems" };
    eprintln!("{} {many}; `sluss explain CODE` tells more", problems.len());
}

/// A problem for machines.
pub fn row(problem: &Problem) -> Value {
    json!({
        "code": problem.code.to_string(), "file": problem.file, "line": problem.line,
        "message": problem.message, "remedy": problem.remedy,
    })
}

/// A problem for people: the place, the line of source with carets, the remedy.
pub fn diagnostic(problem: &Problem) -> String {
    use std::io::IsTerminal;
    let (file, code) = (problem.file.display().to_string(), problem.code.to_string());
    let source = problem.span.as_ref().and_then(|_| std::fs::read_to_string(&problem.file).ok());
    let cited = problem.span.as_ref().zip(source.as_ref()).filter(|(span, source)| span.end <= source.len());
    let told = Diagnostic {
        level: Level::ERROR,
        code: &code,
        title: &problem.message,
        file: &file,
        cited: cited.map(|(span, text)| Cited { text, span: span.clone(), line: 1, at: None }),
        notes: Vec::new(),
        help: Some(&problem.remedy),
    };
    told.render(std::io::stderr().is_terminal())
}
