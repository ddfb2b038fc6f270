//! `sluss map test`: runs the golden examples beside the maps through the production engine.
//!
//! Invariant: the last line says it all; a run without any example is no success. Deliberately absent:
//! judging (see `golden`).

use super::golden::{self, Case, Example, Judge};
use super::suite::Suite;
use super::{Exit, Out, Rules, Stop, watch};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

const EXAMPLES: &str = "Examples:
  sluss map test                            run all examples
  sluss map test admission-notice           only those of one event
  sluss map test admission-notice --watch   again at each save, until Ctrl-C or end of input
  sluss map test --bless                    take what comes out as expected; review the difference

An example is mappings/EVENT/examples/NN-name.in.json with NN-name.out.json, what shall come out, and
NN-name.why.txt, what it proves. The order of object members does not matter, that of array items does.
What is not to be compared stands in examples/ignore.txt: `$.entry[*].fullUrl # why`.
With --watch and --json each run is one document on a line of its own.

Exit codes: 0 all passed, 1 some failed or there are none, 2 usage, 3 a map does not compile";

/// Arguments.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    pub rules: Rules,
    /// Only this event's examples.
    pub event: Option<String>,
    /// Write what comes out as the new expectation; review the difference before committing it.
    #[arg(long, env = "SLUSS_BLESS", value_parser = clap::builder::FalseyValueParser::new())]
    pub bless: bool,
    /// Show the values that differ, not only their shapes.
    #[arg(long)]
    pub values: bool,
    /// Run again at each save what the saved file concerns; Enter runs all again.
    #[arg(long)]
    pub watch: bool,
    /// End after this many runs.
    #[arg(long, value_name = "N", requires = "watch")]
    pub rounds: Option<usize>,
}

/// Runs the verb.
pub fn run(args: Args, out: Out) -> Result<Exit, Stop> {
    if args.watch {
        return watch::run(&args, out);
    }
    let start = Instant::now();
    let suite = Suite::load(&args.rules, args.event.as_deref())?;
    let mut cases = Vec::new();
    for event in suite.events.keys() {
        cases.extend(run_event(&args, &suite, event, None)?);
    }
    Ok(report(&cases, start.elapsed(), None, out))
}

/// Runs an event's examples, or those to which these files belong.
pub fn run_event(
    args: &Args,
    suite: &Suite,
    event: &str,
    files: Option<&BTreeSet<PathBuf>>,
) -> Result<Vec<Case>, Stop> {
    let ignore = golden::ignore(&args.rules, event)?;
    let told = golden::told(&args.rules, event)?;
    let judge = Judge { ignore: &ignore, bless: args.bless, values: args.values, told: &told };
    let maps = suite.events.get(event).map(Vec::as_slice).unwrap_or_default();
    let examples = golden::examples(&args.rules, event);
    let wanted = |e: &&Example| files.is_none_or(|files| files.iter().any(|file| e.owns(file)));
    Ok(examples.iter().filter(wanted).flat_map(|e| e.run(maps, &judge)).collect())
}

/// Prints the cases, the failures last.
pub fn report(cases: &[Case], took: Duration, saved: Option<Duration>, out: Out) -> Exit {
    let failed = cases.iter().filter(|c| c.failure.is_some()).count();
    let passed = cases.len() - failed;
    let rows: Vec<Value> = cases.iter().map(Case::value).collect();
    let ms = took.as_millis() as u64;
    let (after, after_ms) = watch::after(saved);
    let value =
        json!({ "passed": passed, "failed": failed, "ms": ms, "afterSaveMs": after_ms, "cases": rows });
    out.result("map test", value, || {
        let (bad, good): (Vec<&Case>, Vec<&Case>) = cases.iter().partition(|c| c.failure.is_some());
        let lines: String = good.into_iter().chain(bad).map(text).collect();
        let none = if cases.is_empty() { "; there are no examples" } else { "" };
        format!("{lines}{passed} passed, {failed} failed{none} · {ms} ms{after}")
    });
    if failed == 0 && !cases.is_empty() { Exit::Done } else { Exit::Findings }
}

fn text(case: &Case) -> String {
    let name = match case.direction.as_str() {
        "" => case.name.clone(),
        direction => format!("{} {}", case.name, direction.replace('-', "→")),
    };
    let Some(failure) = &case.failure else {
        return format!("{}  {name}\n", if case.blessed { "wrote" } else { "ok   " });
    };
    let mut text = format!("FAIL   {name}: {failure}\n");
    let why = if case.why.is_empty() { "it says none; write it to the .why.txt" } else { &case.why };
    text += &format!("       why: {why}\n");
    for (difference, rule) in &case.differences {
        let rule = rule.as_ref().map(|r| format!("  ← {}", golden::rule_text(r))).unwrap_or_default();
        let (place, wanted, got) = (&difference.place, &difference.wanted, &difference.got);
        text += &format!("       differs at {place}: wanted {wanted}, got {got}{rule}\n");
    }
    text
}
