//! `sluss map trace`: the data of the engine's trace, as text, JSON or one HTML file.
//!
//! Invariant: places and shapes; values only in text and JSON, and only with `--values`. Deliberately
//! absent: any reasoning about maps; it is all in the trace.

use super::find::{self, Chosen, Given};
use super::golden::rule_text;
use super::{Exit, Out, Rules, Stop, check};
use fhir::{NodeId, Tree};
use fml::{How, Idle, MapFault, Outcome, Role, RulePlace, Shape, Trace};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

const EXAMPLES: &str = "Examples:
  sluss map trace admission-notice message.json           what became of what, and why not
  sluss map trace admission-notice message.json --html trace.html
  sluss map trace admission-notice message.json --json | jq '.result.unread'
  sluss map trace admission-notice message.json --values  with values, for your own eyes

The HTML file is one file without any value: it can be attached to a ticket.

Exit codes: 0 done, 1 the input cannot be read or the map faults, 2 usage, 3 the map does not compile";

/// Arguments.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    rules: Rules,
    #[command(flatten)]
    given: Given,
    /// Show values besides places, in text and JSON.
    #[arg(long, conflicts_with = "html")]
    values: bool,
    /// Write one HTML file that needs nothing else and holds no value.
    #[arg(long, value_name = "OUT")]
    html: Option<PathBuf>,
}

/// A trace with what is needed to tell it.
pub struct Told<'a> {
    /// The map's name.
    pub map: &'a str,
    /// Its rules.
    pub rules: &'a [RulePlace],
    /// The trace.
    pub trace: &'a Trace,
    /// The fault that ended the run.
    pub fault: Option<Value>,
    /// Values by place, if they are asked for.
    values: HashMap<String, String>,
}

/// Runs the verb.
pub fn run(args: Args, out: Out) -> Result<Exit, Stop> {
    let (words, input) = args.given.split()?;
    let (Chosen { name, map }, bytes) = find::map(&args.rules, words, &input)?;
    let tree = match find::tree(&map, &bytes) {
        Ok(tree) => tree,
        Err(message) => {
            return Ok(super::run::unreadable("map trace", &input.display().to_string(), &message, out));
        }
    };
    let given = args.given.told()?;
    let (result, trace) = map.trace_counted(&tree, &given);
    let problem = result
        .as_ref()
        .err()
        .map(|fault| args.rules.located(super::run::problem(&map, &tree, fault, &given)));
    let fault = |fault: &MapFault| problem.as_ref().map(|p| super::run::value(p, fault)).unwrap_or_default();
    let mut told = Told {
        map: &name,
        rules: map.plan().rules(),
        trace: &trace,
        fault: result.as_ref().err().map(fault),
        values: HashMap::new(),
    };
    if args.values {
        told.values.extend(values(&tree));
        result.iter().for_each(|tree| told.values.extend(values(tree)));
    }
    let written = args.html.as_ref().map(|p| p.display().to_string());
    if let Some(path) = &args.html {
        std::fs::write(path, super::html::page(&told)).map_err(|e| Stop::file(path, &e))?;
    }
    let mut value = told.value();
    value["written"] = json!(written);
    out.result("map trace", value, || match &written {
        Some(path) => format!("wrote {path}: {}", told.summary()),
        None => told.text(),
    });
    match problem {
        None => Ok(Exit::Done),
        Some(problem) => {
            if !out.is_json() {
                eprintln!("{}", check::diagnostic(&problem));
            }
            Ok(Exit::Findings)
        }
    }
}

/// The values of a tree by their places.
fn values(tree: &Tree) -> Vec<(String, String)> {
    let mut all = Vec::new();
    let mut work: Vec<NodeId> = vec![tree.root()];
    while let Some(node) = work.pop() {
        all.extend(tree.text(node).map(|text| (tree.path(node), text.to_string())));
        work.extend(tree.children(node));
    }
    all
}

// ---- words ----

fn shape(shape: Shape) -> &'static str {
    match shape {
        Shape::Group => "group",
        Shape::Text => "text",
        Shape::Number => "number",
        Shape::Boolean => "boolean",
        Shape::Empty => "empty",
    }
}

fn how(how: How) -> &'static str {
    match how {
        How::Made => "made",
        How::Copied => "copied",
        How::Computed => "computed",
        How::Translated => "translated",
        How::Constant => "constant",
        How::NewId => "new-id",
        How::Result => "from-result",
    }
}

fn outcome(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ran => "ran",
        Outcome::NoSource => "no-source",
        Outcome::Type => "other-type",
        Outcome::Where => "where-false",
        Outcome::ListMode => "list-mode",
        Outcome::Failed => "failed",
    }
}

fn role(role: Role) -> &'static str {
    match role {
        Role::Source => "source",
        Role::Condition => "condition",
        Role::Value => "value",
    }
}

/// Why not, in a sentence that goes on with places.
pub fn reason(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Ran => "ran for",
        Outcome::NoSource => "no such element in",
        Outcome::Type => "of another type:",
        Outcome::Where => "`where` was not true for",
        Outcome::ListMode => "the list mode left out",
        Outcome::Failed => "failed at",
    }
}

impl Told<'_> {
    fn rule(&self, rule: usize) -> String {
        self.rules.get(rule).map(rule_text).unwrap_or_default()
    }

    fn shown(&self, place: &str) -> String {
        match self.values.get(place) {
            Some(value) => format!("{place} = {value:?}"),
            None => place.to_string(),
        }
    }

    fn count(&self, wanted: impl Fn(Outcome) -> bool) -> usize {
        self.trace.steps.iter().filter(|s| wanted(s.outcome)).count()
    }

    /// The rules in the order of their files and lines.
    pub fn in_order(&self) -> Vec<usize> {
        let mut all: Vec<usize> = (0..self.rules.len()).collect();
        all.sort_by_key(|&index| self.rules.get(index).map(|r| (r.file.clone(), r.line)));
        all
    }

    /// One line.
    pub fn summary(&self) -> String {
        let values = self.trace.result.iter().filter(|w| w.shape != Shape::Group).count();
        let ran = self.count(|o| o == Outcome::Ran);
        let not = self.count(|o| o != Outcome::Ran);
        let cut = if self.trace.cut { " · too large to tell it all" } else { "" };
        format!(
            "{values} values · rules ran {ran} times, {not} times not, {} never tried · {} places not read · {} required not set{cut}",
            self.trace.idle.len(),
            self.trace.unread().len(),
            self.trace.unset().count(),
        )
    }

    /// For people.
    fn text(&self) -> String {
        let mut text = String::new();
        if self.fault.is_none() {
            text += "Result: place ← rule ← source\n";
            for written in self.trace.result.iter().filter(|w| w.shape != Shape::Group) {
                let rule = written.step.and_then(|s| self.trace.steps.get(s)).map(|s| self.rule(s.rule));
                let from = match (written.sources.as_slice(), written.how) {
                    ([], how) => self::how(how).to_string(),
                    (sources, How::Copied) => self.places(sources),
                    (sources, how) => format!("{} from {}", self::how(how), self.places(sources)),
                };
                let place = self.shown(&written.place);
                text += &format!("  {place}\n      ← {}\n      ← {from}\n", rule.unwrap_or_default());
            }
        }
        text += &self.not_applied();
        let unread = self.trace.unread();
        text += &section("Not read", unread.iter().map(|f| self.shown(&f.place)));
        let unset = self.trace.unset().map(|u| format!("{}.{} (required by {})", u.place, u.element, u.ty));
        text += &section("Required and not set", unset);
        format!("{text}\n{}: {}", self.map, self.summary())
    }

    fn places(&self, places: &[String]) -> String {
        places.iter().map(|p| self.shown(p)).collect::<Vec<_>>().join(", ")
    }

    fn not_applied(&self) -> String {
        let mut rules: BTreeMap<usize, BTreeMap<&str, Vec<String>>> = BTreeMap::new();
        let mut ran: BTreeMap<usize, usize> = BTreeMap::new();
        for step in &self.trace.steps {
            if step.outcome == Outcome::Ran {
                *ran.entry(step.rule).or_default() += 1;
                continue;
            }
            let places = rules.entry(step.rule).or_default().entry(reason(step.outcome)).or_default();
            places.extend(step.sources.iter().map(|p| self.shown(p)));
        }
        let mut told = Vec::new();
        for rule in self.in_order() {
            let mut row = self.rule(rule);
            if let Some(times) = ran.get(&rule) {
                row += &format!(", ran {times} times");
            }
            for (reason, places) in rules.get(&rule).into_iter().flatten() {
                row += &format!("\n      {reason} {}", places.join(", "));
            }
            let idle = self.trace.idle.iter().find(|i| i.rule == rule);
            if let Some(idle) = idle {
                row += &format!("\n      never tried: {}", self.because(idle));
            }
            if idle.is_some() || rules.contains_key(&rule) {
                told.push(row);
            }
        }
        section("Rules that did not run, or not for all", told.into_iter())
    }

    /// Why a rule was never tried.
    pub fn because(&self, idle: &Idle) -> String {
        let called = self.rules.get(idle.rule).is_some_and(|r| r.called);
        match (idle.outer.is_empty(), called) {
            (true, false) => "nothing calls its group".into(),
            (true, true) => "the run ended before it".into(),
            (false, _) => {
                let outer: Vec<String> = idle.outer.iter().map(|r| self.rule(*r)).collect();
                format!("only {} leads to it", outer.join(" or "))
            }
        }
    }

    /// For machines. Rules are indexes into `rules`, steps into `steps`.
    pub fn value(&self) -> Value {
        let rules = self.rules.iter().map(|r| {
            json!({ "rule": r.label, "map": &*r.map, "file": &*r.file, "line": r.line, "called": r.called })
        });
        let steps = self.trace.steps.iter().map(|s| {
            json!({
                "rule": s.rule, "outer": s.outer, "outcome": outcome(s.outcome),
                "sources": s.sources, "targets": s.targets,
            })
        });
        let value = |place: &str| self.values.get(place);
        let result = self.trace.result.iter().map(|w| {
            let mut row = json!({
                "place": w.place, "shape": shape(w.shape), "step": w.step, "how": how(w.how), "sources": w.sources,
            });
            value(&w.place).iter().for_each(|v| row["value"] = json!(v));
            row
        });
        let source = self.trace.source.iter().map(|f| {
            let uses: Vec<Value> =
                f.uses.iter().map(|u| json!({ "rule": u.rule, "as": role(u.role) })).collect();
            let mut row =
                json!({ "place": f.place, "shape": shape(f.shape), "parent": f.parent, "uses": uses });
            value(&f.place).iter().for_each(|v| row["value"] = json!(v));
            row
        });
        let idle = self.trace.idle.iter().map(|i| json!({ "rule": i.rule, "outer": i.outer }));
        let unread: Vec<&str> = self.trace.unread().iter().map(|f| f.place.as_str()).collect();
        let unset =
            self.trace.unset().map(|u| json!({ "place": u.place, "element": u.element, "type": u.ty }));
        json!({
            "ok": self.fault.is_none(), "fault": self.fault, "map": self.map, "cut": self.trace.cut,
            "rules": rules.collect::<Vec<_>>(), "steps": steps.collect::<Vec<_>>(),
            "result": result.collect::<Vec<_>>(), "source": source.collect::<Vec<_>>(),
            "idle": idle.collect::<Vec<_>>(), "unread": unread, "unset": unset.collect::<Vec<_>>(),
        })
    }
}

fn section(title: &str, rows: impl Iterator<Item = String>) -> String {
    let rows: String = rows.map(|row| format!("  {row}\n")).collect();
    if rows.is_empty() { String::new() } else { format!("\n{title}:\n{rows}") }
}
