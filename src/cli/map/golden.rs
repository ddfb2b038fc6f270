//! The examples beside the maps: `NN-name.in.json` or `.in.hl7`, what shall come out, and why they are there.
//!
//! Invariant: every example is run by a map or is a failure; an expectation without an input is one
//! too. Deliberately absent: printing.

use super::shape::{self, Difference, Ignore};
use super::{Rules, Stop};
use crate::model::Told;
use crate::rulebook::{Map, MapName};
use fhir::Tree;
use fml::{RulePlace, Trace};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// How the files of an example end, its input first.
const ENDINGS: [&str; 4] = ["in.json", "in.hl7", "out.json", "out.hl7"];

/// One example of an event.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Example {
    /// `admission-notice/examples/02-four-fields`
    pub name: String,
    /// Its path without `.in.json` and the like.
    stem: PathBuf,
}

/// How a run of an example is judged.
pub struct Judge<'a> {
    /// What is not compared.
    pub ignore: &'a Ignore,
    /// Write what comes out as the new expectation.
    pub bless: bool,
    /// Tell values.
    pub values: bool,
    /// What maps are told beside the message.
    pub told: &'a Told,
}

/// An example that went through a map, or could not.
#[derive(Default)]
pub struct Case {
    /// The example's name.
    pub name: String,
    /// `fhir-case`; empty if no map took it.
    pub direction: String,
    /// What it is there to prove.
    pub why: String,
    /// What is wrong, in one line.
    pub failure: Option<String>,
    /// Where the result differs, with the rule that wrote what is there.
    pub differences: Vec<(Difference, Option<RulePlace>)>,
    /// Was its expectation written anew?
    pub blessed: bool,
}

impl Case {
    /// For machines.
    pub fn value(&self) -> Value {
        let differences = self.differences.iter().map(|(d, rule)| {
            json!({ "place": d.place, "wanted": d.wanted, "got": d.got, "rule": rule.as_ref().map(rule_value) })
        });
        json!({
            "case": self.name, "map": self.direction, "why": self.why, "failure": self.failure,
            "differences": differences.collect::<Vec<_>>(), "blessed": self.blessed,
        })
    }
}

/// A rule for machines.
pub fn rule_value(rule: &RulePlace) -> Value {
    json!({ "rule": rule.label, "file": &*rule.file, "line": rule.line })
}

/// A rule for people.
pub fn rule_text(rule: &RulePlace) -> String {
    format!("{} ({}:{})", rule.label, rule.file, rule.line)
}

/// The examples of an event by name, those without an input among them.
pub fn examples(rules: &Rules, event: &str) -> Vec<Example> {
    let folder = rules.mappings().join(event).join("examples");
    let entries = std::fs::read_dir(&folder).map(|all| all.flatten().map(|e| e.path()).collect());
    let paths: Vec<PathBuf> = entries.unwrap_or_default();
    let stem = |path: &PathBuf| {
        let name = path.file_name()?.to_str()?;
        let stem = ENDINGS.iter().find_map(|ending| name.strip_suffix(&format!(".{ending}")))?;
        Some(Example { name: format!("{event}/examples/{stem}"), stem: folder.join(stem) })
    };
    let mut all: Vec<Example> = paths.iter().filter_map(stem).collect();
    all.sort_by(|a, b| a.name.cmp(&b.name));
    all.dedup();
    all
}

/// What the event's examples do not compare.
pub fn ignore(rules: &Rules, event: &str) -> Result<Ignore, Stop> {
    let path = rules.mappings().join(event).join("examples/ignore.txt");
    match std::fs::read_to_string(&path) {
        Ok(text) => Ignore::parse(&text).map_err(|line| {
            let help = "write `$.place[*].below # why it is not compared`";
            Stop::usage(format!("{}:{line}: no place with a reason", path.display()), help)
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Ignore::default()),
        Err(error) => Err(Stop::file(&path, &error)),
    }
}

/// What the maps of a folder are told beside its examples: `name = text`, one a line.
pub fn told(rules: &Rules, event: &str) -> Result<Told, Stop> {
    let path = rules.mappings().join(event).join("examples/parameters.txt");
    match std::fs::read_to_string(&path) {
        Ok(text) => parameters(text.lines()).map_err(|line| {
            Stop::usage(format!("{}: `{line}` is no parameter", path.display()), "write `name = text`")
        }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Told::default()),
        Err(error) => Err(Stop::file(&path, &error)),
    }
}

/// Reads `name = text` lines. Error: the line that is none.
pub fn parameters<'a>(lines: impl Iterator<Item = &'a str>) -> Result<Told, &'a str> {
    let pair = |line: &'a str| -> Result<(String, String), &'a str> {
        let (name, text) = line.split_once('=').ok_or(line)?;
        Ok((name.trim().to_string(), text.trim().to_string()))
    };
    let lines = lines.filter(|line| !line.trim().is_empty());
    Ok(Told::of(lines.map(pair).collect::<Result<Vec<_>, _>>()?))
}

impl Example {
    fn file(&self, ending: &str) -> PathBuf {
        PathBuf::from(format!("{}.{ending}", self.stem.display()))
    }

    /// Is this one of its files?
    pub fn owns(&self, path: &Path) -> bool {
        ENDINGS.iter().chain(&["why.txt"]).any(|ending| self.file(ending) == path)
    }

    /// The bytes of its input.
    fn bytes(&self) -> Result<Vec<u8>, String> {
        let inputs = ["in.hl7", "in.json"].map(|ending| self.file(ending));
        let input = inputs.iter().find(|file| file.exists()).unwrap_or(&inputs[1]);
        std::fs::read(input).map_err(|e| format!("its input: {e}"))
    }

    /// Its input as each of the event's maps reads it; there is at least one, or a reason.
    pub fn trees<'m>(&self, maps: &'m [(MapName, Map)]) -> Result<Vec<(&'m MapName, &'m Map, Tree)>, String> {
        let bytes = self.bytes()?;
        let mut trees = Vec::new();
        let mut failure = "no map of this event reads its format".to_string();
        for (name, map) in maps {
            match map.read(&bytes) {
                Ok(tree) if map.reads(&tree) => trees.push((name, map, tree)),
                Ok(_) => {}
                Err(found) => {
                    failure =
                        format!("its input: {}", found.first().map(ToString::to_string).unwrap_or_default());
                }
            }
        }
        if trees.is_empty() { Err(failure) } else { Ok(trees) }
    }

    /// Runs it through each of the event's maps that reads its format.
    pub fn run(&self, maps: &[(MapName, Map)], judge: &Judge<'_>) -> Vec<Case> {
        let why = std::fs::read_to_string(self.file("why.txt")).unwrap_or_default().trim().to_string();
        let case =
            |direction| Case { name: self.name.clone(), direction, why: why.clone(), ..Case::default() };
        let trees = match self.trees(maps) {
            Ok(trees) => trees,
            Err(failure) => return vec![Case { failure: Some(failure), ..case(String::new()) }],
        };
        let cases = trees.into_iter().map(|(name, map, tree)| {
            let mut case = case(name.direction());
            case.failure = self.judge(map, &tree, judge, &mut case).err();
            case
        });
        cases.collect()
    }

    fn judge(&self, map: &Map, tree: &Tree, judge: &Judge<'_>, case: &mut Case) -> Result<(), String> {
        let result = map.run_counted(tree, judge.told).map_err(|fault| fault.to_string())?;
        let text = map.write(&result);
        let golden = self.file(&format!("out.{}", map.ending()));
        let expected = match std::fs::read_to_string(&golden) {
            Ok(text) => Some(text),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(format!("its expectation: {error}")),
        };
        if judge.bless {
            if expected.as_deref() != Some(&text) {
                std::fs::write(&golden, &text).map_err(|e| format!("its expectation: {e}"))?;
                case.blessed = true;
            }
            return Ok(());
        }
        let missing =
            || format!("it has no expectation (.out.{}); --bless writes what comes out", map.ending());
        let expected = expected.ok_or_else(missing)?;
        let (Some(wanted), Some(got)) = (map.written(&expected), map.written(&text)) else {
            let form = map.ending().to_uppercase();
            return Err(format!("its expectation is not {form}"));
        };
        let differences = shape::differences(&wanted, &got, judge.ignore, judge.values);
        if differences.is_empty() {
            return Ok(());
        }
        let (_, trace) = map.trace_counted(tree, judge.told);
        let failure = match differences.len() {
            1 => "1 place differs".to_string(),
            many => format!("{many} places differ"),
        };
        let told = differences.into_iter().map(|d| {
            let rule = writer(map, &trace, &d.place).cloned();
            (d, rule)
        });
        case.differences = told.collect();
        Err(failure)
    }
}

/// The rule that wrote what is at a place of the result, as JSON names it.
pub fn writer<'m>(map: &'m Map, trace: &Trace, place: &str) -> Option<&'m RulePlace> {
    let root = trace.result.first()?.place.clone();
    // `_name` holds what belongs to the primitive `name`.
    let path = format!("{root}{}", place.strip_prefix('$')?.replace("._", "."));
    let written = trace.result.iter().find(|w| w.place == path)?;
    map.plan().rules().get(trace.steps.get(written.step?)?.rule)
}
