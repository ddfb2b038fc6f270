//! `sluss map cover`: what the examples exercise, and a ratchet that keeps it from falling.
//!
//! Invariant: what counts is what the engine's trace says of each example. Deliberately absent: a goal;
//! a map that may not tell what it is sent reads less, so a share of the source is shown, not judged.

use super::golden::{self, rule_text, rule_value};
use super::ratchet::{self, Figures, Verdict};
use super::suite::Suite;
use super::{Exit, Out, Rules, Stop};
use crate::rulebook::{Map, MapName};
use fhir::{Definitions, TypeId, definitions::TypeKind};
use fml::{Outcome, RulePlace, Trace};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

const EXAMPLES: &str = "Examples:
  sluss map cover                                     all maps
  sluss map cover admission-notice                    one event
  sluss map cover --min mappings/coverage.json        fails when coverage has fallen
  sluss map cover --min mappings/coverage.json --bless   takes the present figures

What counts as fallen: a smaller share of rules that ran, fewer elements of the source that were read,
more required elements that no example sets, a map that is new to the file or gone from it.

Exit codes: 0 done, 1 coverage has fallen or an example faults, 2 usage, 3 a map does not compile";

/// Arguments.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    rules: Rules,
    /// Only this event's maps.
    event: Option<String>,
    /// The figures that coverage may not fall below.
    #[arg(long, value_name = "FILE")]
    min: Option<PathBuf>,
    /// Write the present figures to that file.
    #[arg(long, requires = "min")]
    bless: bool,
}

/// What the examples of one map exercise.
#[derive(Default)]
struct Coverage {
    examples: usize,
    faults: Vec<String>,
    /// Rules that can be reached, by number: how often each ran, and what else became of it.
    rules: BTreeMap<usize, BTreeMap<&'static str, usize>>,
    uncalled: Vec<usize>,
    /// Elements of the source that occur; true: at least one was read.
    source: BTreeMap<String, bool>,
    /// Elements of a foreign model that no example has.
    absent: Vec<String>,
    /// Required elements by type and name: how often set, how often not.
    required: BTreeMap<String, (usize, usize)>,
}

/// Runs the verb.
pub fn run(args: Args, out: Out) -> Result<Exit, Stop> {
    let suite = Suite::load(&args.rules, args.event.as_deref())?;
    let mut all = Vec::new();
    for (event, maps) in &suite.events {
        let mut own: Vec<Coverage> = maps.iter().map(|(_, map)| Coverage::of(map)).collect();
        let told = golden::told(&args.rules, event)?;
        for example in golden::examples(&args.rules, event) {
            for (name, map, tree) in example
                .trees(maps)
                .map_err(|e| Stop::usage(format!("{}: {e}", example.name), "see `sluss map test`"))?
            {
                let (result, trace) = map.trace_counted(&tree, &told);
                let index = maps.iter().position(|(n, _)| n == name).unwrap_or_default();
                let Some(coverage) = own.get_mut(index) else { continue };
                coverage.add(&trace);
                coverage.faults.extend(result.err().map(|fault| format!("{}: {fault}", example.name)));
            }
        }
        all.extend(maps.iter().zip(own));
    }
    for ((_, map), coverage) in &mut all {
        coverage.finish(map);
    }
    let figures: Figures = all.iter().map(|((name, _), c)| (title(name), c.figure())).collect();
    let verdict = match &args.min {
        Some(path) => Some(ratchet::judge(path, &figures, args.event.as_deref(), args.bless)?),
        None => None,
    };
    let faults = all.iter().any(|(_, c)| !c.faults.is_empty());
    let fell = verdict.as_ref().is_some_and(Verdict::is_worse);
    let value = value(&all, &verdict);
    out.result("map cover", value, || text(&all, &verdict));
    Ok(if faults || fell { Exit::Findings } else { Exit::Done })
}

fn title(name: &MapName) -> String {
    format!("{} {}", name.event, name.direction())
}

impl Coverage {
    fn of(map: &Map) -> Coverage {
        let rules = map.plan().rules();
        let called = |wanted: bool| {
            (0..rules.len()).filter(move |r| rules.get(*r).is_some_and(|r| r.called == wanted))
        };
        Coverage {
            rules: called(true).map(|r| (r, BTreeMap::new())).collect(),
            uncalled: called(false).collect(),
            ..Coverage::default()
        }
    }

    fn add(&mut self, trace: &Trace) {
        self.examples += 1;
        for step in &trace.steps {
            if let Some(told) = self.rules.get_mut(&step.rule) {
                *told.entry(word(step.outcome)).or_default() += 1;
            }
        }
        for (found, read) in trace.source.iter().zip(trace.read()) {
            *self.source.entry(found.element.clone()).or_default() |= read;
        }
        for required in &trace.required {
            let counts = self.required.entry(format!("{}.{}", required.ty, required.element)).or_default();
            if required.set { counts.0 += 1 } else { counts.1 += 1 }
        }
    }

    /// What of a foreign model no example has. FHIR is too large for that to mean anything.
    fn finish(&mut self, map: &Map) {
        let definitions = map.definitions();
        let Some(root) = definitions.type_id(map.plan().source_type()) else { return };
        if definitions.kind(root) == Some(TypeKind::Logical) {
            let mut all = BTreeSet::new();
            elements(definitions, root, map.plan().source_type(), &mut Vec::new(), &mut all);
            let parent = |e: &str| e.rsplit_once('.').is_some_and(|(p, _)| self.source.contains_key(p));
            self.absent = all.into_iter().filter(|e| !self.source.contains_key(e) && parent(e)).collect();
        }
    }

    fn ran(&self) -> usize {
        self.rules.values().filter(|told| told.contains_key(RAN)).count()
    }

    fn never<'r>(&self, rules: &'r [RulePlace]) -> Vec<(&'r RulePlace, String)> {
        let silent = self.rules.iter().filter(|(_, told)| !told.contains_key(RAN));
        let mut never: Vec<_> = silent
            .filter_map(|(rule, told)| {
                let told: Vec<String> =
                    told.iter().map(|(why, times)| format!("{why} {times} times")).collect();
                let why = if told.is_empty() { "never tried".to_string() } else { told.join(", ") };
                Some((rules.get(*rule)?, why))
            })
            .collect();
        never.sort_by_key(|(rule, _)| (rule.file.clone(), rule.line));
        never
    }

    fn read(&self) -> usize {
        self.source.values().filter(|read| **read).count()
    }

    /// The topmost elements that occur and that no example's run reads.
    fn unread(&self) -> Vec<&str> {
        let parent = |e: &str| e.rsplit_once('.').map(|(p, _)| p.to_string());
        let top = |e: &str| parent(e).and_then(|p| self.source.get(&p)).copied().unwrap_or(true);
        self.source.iter().filter(|(e, read)| !**read && top(e)).map(|(e, _)| e.as_str()).collect()
    }

    fn never_set(&self) -> Vec<&str> {
        self.required.iter().filter(|(_, (set, _))| *set == 0).map(|(e, _)| e.as_str()).collect()
    }

    fn not_always_set(&self) -> Vec<String> {
        let some = self.required.iter().filter(|(_, (set, not))| *set > 0 && *not > 0);
        some.map(|(e, (set, not))| format!("{e} ({not} of {})", set + not)).collect()
    }

    fn figure(&self) -> ratchet::Figure {
        ratchet::Figure {
            ran: self.ran(),
            rules: self.rules.len(),
            read: self.read(),
            never_set: self.never_set().len(),
        }
    }
}

/// All elements of a foreign model, as [`fml::Found::element`] names them. A type that contains itself
/// is not entered again.
fn elements(
    definitions: &Definitions,
    ty: TypeId,
    path: &str,
    inside: &mut Vec<TypeId>,
    out: &mut BTreeSet<String>,
) {
    inside.push(ty);
    // What FHIR gives to every element is not the model's own.
    let given =
        |name: &str| definitions.parent_type(ty).is_some_and(|p| definitions.element(p, name).is_some());
    for element in definitions.elements(ty).filter(|e| !given(&e.name)) {
        let own = format!("{path}.{}", element.name);
        let open = |t: &TypeId| definitions.kind(*t) == Some(TypeKind::Logical);
        for &inner in element.types.iter().filter(|t| open(t)) {
            if out.len() < MOST_ELEMENTS && !inside.contains(&inner) {
                elements(definitions, inner, &own, inside, out);
            }
        }
        out.insert(own);
    }
    inside.pop();
}

/// Elements of a model that are listed.
const MOST_ELEMENTS: usize = 10_000;

const RAN: &str = "ran";

fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ran => RAN,
        Outcome::NoSource => "no such element",
        Outcome::Type => "of another type",
        Outcome::Where => "`where` not true",
        Outcome::ListMode => "left out by list mode",
        Outcome::Failed => "failed",
    }
}

fn share(part: usize, whole: usize) -> String {
    let percent = if whole == 0 { 100.0 } else { 100.0 * part as f64 / whole as f64 };
    // 99.96 is not all of it.
    format!("{part} of {whole} ({:.1} %)", (percent * 10.0).floor() / 10.0)
}

type Covered<'a> = (&'a (MapName, Map), Coverage);

/// Each rule once, however many maps use it: how many ran, of how many.
fn total(all: &[Covered<'_>]) -> (usize, usize) {
    let mut rules: BTreeMap<(&str, usize, &str), bool> = BTreeMap::new();
    for ((_, map), coverage) in all {
        for (index, told) in &coverage.rules {
            let Some(rule) = map.plan().rules().get(*index) else { continue };
            *rules.entry((&rule.file, rule.line, &rule.label)).or_default() |= told.contains_key(RAN);
        }
    }
    (rules.values().filter(|ran| **ran).count(), rules.len())
}

fn text(all: &[Covered<'_>], verdict: &Option<Verdict>) -> String {
    let mut text = String::new();
    for ((name, map), c) in all {
        let rules = map.plan().rules();
        text += &format!(
            "{}: {} examples · rules {} · source elements read {} · required {}\n",
            title(name),
            c.examples,
            share(c.ran(), c.rules.len()),
            share(c.read(), c.source.len()),
            share(c.required.len() - c.never_set().len(), c.required.len()),
        );
        let never = c.never(rules).into_iter().map(|(rule, why)| format!("{}: {why}", rule_text(rule)));
        text += &list("rules that never ran", never);
        text += &list(
            "rules that nothing calls",
            c.uncalled.iter().filter_map(|r| Some(rule_text(rules.get(*r)?))),
        );
        text += &list("source elements never read", c.unread().into_iter().map(String::from));
        text += &list("source elements that no example has", c.absent.iter().cloned());
        text += &list("required elements never set", c.never_set().into_iter().map(String::from));
        text += &list("required elements not always set", c.not_always_set().into_iter());
        text += &list("examples that fault", c.faults.iter().cloned());
        text.push('\n');
    }
    let (ran, of) = total(all);
    text += &format!("all: {} maps · rules {}", all.len(), share(ran, of));
    if let Some(verdict) = verdict {
        text += &format!("\n{}", verdict.text());
    }
    text
}

fn list(title: &str, rows: impl Iterator<Item = String>) -> String {
    let rows: String = rows.map(|row| format!("    {row}\n")).collect();
    if rows.is_empty() { String::new() } else { format!("  {title}:\n{rows}") }
}

fn value(all: &[Covered<'_>], verdict: &Option<Verdict>) -> Value {
    let maps = all.iter().map(|((name, map), c)| {
        let rules = map.plan().rules();
        let never = c.never(rules).into_iter().map(|(rule, why)| {
            let mut row = rule_value(rule);
            row["why"] = json!(why);
            row
        });
        let uncalled = c.uncalled.iter().filter_map(|r| rules.get(*r)).map(rule_value);
        json!({
            "map": title(name), "examples": c.examples,
            "rules": {
                "ran": c.ran(), "of": c.rules.len(), "never": never.collect::<Vec<_>>(),
                "uncalled": uncalled.collect::<Vec<_>>(),
            },
            "source": { "read": c.read(), "of": c.source.len(), "never": c.unread(), "absent": c.absent },
            "required": { "of": c.required.len(), "never": c.never_set(), "sometimes": c.not_always_set() },
            "faults": c.faults,
        })
    });
    let (ran, of) = total(all);
    json!({
        "maps": maps.collect::<Vec<_>>(), "rules": { "ran": ran, "of": of },
        "min": verdict.as_ref().map(Verdict::value),
    })
}
