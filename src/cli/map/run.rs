//! `sluss map run`: one input through one map.
//!
//! Invariant: a whole result or a fault with the rule's own line; never a part of a result.
//! Deliberately absent: validation; the result may still break its profile.

use super::find::{self, Given};
use super::{Exit, Out, Rules, Stop, check};
use crate::config::Problem;
use crate::model::{Code, Told};
use crate::rulebook::Map;
use fhir::Tree;
use fml::{MapFault, Outcome, RulePlace};
use serde_json::{Value, json};
use std::path::PathBuf;

const EXAMPLES: &str = "Examples:
  sluss map run admission-notice message.json                   the event's map that reads this input
  sluss map run health-exam-request case-fhir message.json      by event and direction
  sluss map run mappings/exam-statement/fhir-case.map m.json -o out.json
  cat message.json | sluss map run admission-notice -

The input is JSON or XML, as its first sign tells. New ids are counted, so that two runs can be compared.

Exit codes: 0 done, 1 the input cannot be read or the map faults, 2 usage, 3 the map does not compile";

/// Arguments.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    given: Given,
    /// Write the result here instead of printing it.
    #[arg(short, long, value_name = "OUT")]
    output: Option<PathBuf>,
}

/// Runs the verb.
pub fn run(args: Args, out: Out) -> Result<Exit, Stop> {
    let (words, input) = args.given.split()?;
    let (chosen, bytes) = find::map(&args.rules, words, &input)?;
    let tree = match find::tree(&chosen.map, &bytes) {
        Ok(tree) => tree,
        Err(message) => return Ok(unreadable("map run", &input.display().to_string(), &message, out)),
    };
    let told = args.given.told()?;
    match chosen.map.run_counted(&tree, &told) {
        Err(fault) => {
            let problem = args.rules.located(problem(&chosen.map, &tree, &fault, &told));
            report(&problem, &fault, "map run", out);
            Ok(Exit::Findings)
        }
        Ok(result) => {
            let text = chosen.map.write(&result);
            if let Some(path) = &args.output {
                std::fs::write(path, &text).map_err(|e| Stop::file(path, &e))?;
            }
            let written = args.output.as_ref().map(|p| p.display().to_string());
            let document: Value = serde_json::from_str(&text).unwrap_or_default();
            let shown = if written.is_some() { Value::Null } else { document };
            let value = json!({ "ok": true, "map": chosen.name, "written": written, "output": shown });
            out.result("map run", value, || written.map_or(text, |path| format!("wrote {path}")));
            Ok(Exit::Done)
        }
    }
}

/// The input is no document that the map reads.
pub fn unreadable(command: &str, input: &str, message: &str, out: Out) -> Exit {
    if out.is_json() {
        out.result(command, json!({ "ok": false, "error": format!("{input}: {message}") }), String::new);
    } else {
        eprintln!("error: {input}: {message}");
    }
    Exit::Findings
}

/// Prints a fault with the line of its rule.
fn report(problem: &Problem, fault: &MapFault, command: &str, out: Out) {
    if out.is_json() {
        out.result(command, json!({ "ok": false, "fault": value(problem, fault) }), String::new);
    } else {
        eprintln!("{}", check::diagnostic(problem));
    }
}

/// A fault for machines.
pub fn value(problem: &Problem, fault: &MapFault) -> Value {
    json!({
        "code": fault.code, "message": fault.message, "place": fault.place, "rule": fault.rule,
        "file": problem.file, "line": problem.line,
    })
}

/// The rule that fails on this. The run is repeated with a trace to find it.
pub fn failed_rule(map: &Map, tree: &Tree, told: &Told) -> Option<RulePlace> {
    let (_, trace) = map.trace_counted(tree, told);
    let failed = trace.steps.iter().rev().find(|s| s.outcome == Outcome::Failed)?;
    map.plan().rules().get(failed.rule).cloned()
}

/// A fault as a problem of the rule that failed.
pub fn problem(map: &Map, tree: &Tree, fault: &MapFault, told: &Told) -> Problem {
    let rule = failed_rule(map, tree, told);
    let message = format!("{} [{}], at {} of the input", fault.message, fault.code, fault.place);
    let remedy = "mend the rule, or the input if it is wrong; `sluss map trace` shows what ran before";
    let file = rule.as_ref().map_or(&*fault.map, |r| &*r.file);
    Problem {
        span: rule.as_ref().map(|r| r.span.clone()),
        line: rule.as_ref().map(|r| r.line),
        ..Problem::of(file, Code::Untranslatable, message, remedy)
    }
}
