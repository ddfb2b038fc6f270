//! `sluss map test`: runs the golden examples beside the maps through the production engine.

use super::{Exit, Out, check};
use crate::{
    model::Format,
    rulebook::{Map, Rulebook, Source},
};
use clap::Subcommand;
use fhir::json::{self, Form, Limits};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// The verbs.
#[derive(Subcommand)]
pub enum Verb {
    /// Run every example: NN-name.in.json through the map, compared with NN-name.out.json.
    Test {
        /// Folder with `mappings/` and `conformance/`.
        #[arg(long, default_value = ".")]
        rules: PathBuf,
        /// Only this event's examples.
        event: Option<String>,
        /// Write what comes out as the new expectation; review the difference before committing it.
        #[arg(long, env = "SLUSS_BLESS")]
        bless: bool,
    },
}

struct Case {
    name: String,
    why: String,
    failure: Option<String>,
}

/// Runs the verb.
pub fn run(verb: Verb, out: Out) -> Exit {
    let Verb::Test { rules, event, bless } = verb;
    let rulebook = match Rulebook::load(&Source::Folder(rules.clone())) {
        Ok(rulebook) => rulebook,
        Err(problems) => {
            check::report(&problems, out, "map test");
            return Exit::Configuration;
        }
    };
    let mut cases = Vec::new();
    let mut maps: Vec<_> = rulebook.maps().collect();
    maps.sort_by_key(|((event, from, to), _)| (event.clone(), from.word(), to.word()));
    for ((name, from, to), map) in maps {
        if event.as_ref().is_none_or(|wanted| wanted == name) {
            let folder = rules.join("mappings").join(name).join("examples");
            cases.extend(examples(&folder, *from, *to, map, bless));
        }
    }
    let failed = cases.iter().filter(|c| c.failure.is_some()).count();
    let rows: Vec<Value> =
        cases.iter().map(|c| json!({ "case": c.name, "why": c.why, "failure": c.failure })).collect();
    let value = json!({ "passed": cases.len() - failed, "failed": failed, "cases": rows });
    out.result("map test", value, || text(&cases, failed));
    match (failed, cases.is_empty()) {
        (0, false) => Exit::Done,
        _ => Exit::Findings,
    }
}

fn text(cases: &[Case], failed: usize) -> String {
    let mut text = String::new();
    for case in cases {
        match &case.failure {
            None => text += &format!("ok    {}\n", case.name),
            Some(failure) => {
                text += &format!("FAIL  {}\n      why: {}\n      {failure}\n", case.name, case.why)
            }
        }
    }
    text + &format!("{} passed, {failed} failed", cases.len() - failed)
}

fn form(format: Format) -> Form {
    match format {
        Format::FhirJson => Form::Fhir,
        Format::CaseJson => Form::Plain,
    }
}

/// The examples of a folder whose input is in the map's source format.
fn examples(folder: &Path, from: Format, to: Format, map: &Map, bless: bool) -> Vec<Case> {
    let mut inputs: Vec<PathBuf> = std::fs::read_dir(folder)
        .map(|entries| entries.flatten().map(|e| e.path()).collect())
        .unwrap_or_default();
    inputs.retain(|p| p.to_string_lossy().ends_with(".in.json"));
    inputs.sort();
    inputs.into_iter().filter_map(|input| example(&input, from, to, map, bless)).collect()
}

fn example(input: &Path, from: Format, to: Format, map: &Map, bless: bool) -> Option<Case> {
    let stem = input.to_string_lossy().strip_suffix(".in.json")?.to_string();
    let why = std::fs::read_to_string(format!("{stem}.why.txt")).unwrap_or_default().trim().to_string();
    let name = format!("{} {}→{}", stem.split("mappings/").last()?, from.map_word(), to.map_word());
    let failure = match std::fs::read(input) {
        Err(error) => Some(error.to_string()),
        Ok(bytes) => {
            let is_fhir = bytes.windows(14).any(|w| w == b"\"resourceType\"");
            if is_fhir != (from == Format::FhirJson) {
                return None;
            }
            compare(&bytes, &format!("{stem}.out.json"), from, to, map, bless).err()
        }
    };
    Some(Case { name, why, failure })
}

fn compare(
    bytes: &[u8],
    golden: &str,
    from: Format,
    to: Format,
    map: &Map,
    bless: bool,
) -> Result<(), String> {
    let tree = json::read(bytes, form(from), &Limits::default()).map_err(|f| format!("input: {}", f[0]))?;
    let result =
        map.run_counted(&tree).map_err(|f| format!("{} at {}", f.message, f.place.unwrap_or_default()))?;
    let pretty = json::write_pretty(&result, form(to));
    if bless {
        return std::fs::write(golden, pretty.trim_end().to_string() + "\n").map_err(|e| e.to_string());
    }
    let expected = std::fs::read_to_string(golden).map_err(|e| format!("{golden}: {e}"))?;
    let (want, got): (Value, Value) = match (serde_json::from_str(&expected), serde_json::from_str(&pretty)) {
        (Ok(want), Ok(got)) => (want, got),
        _ => return Err("the expectation is not JSON".into()),
    };
    match difference(&want, &got, "$") {
        None => Ok(()),
        Some(place) => Err(format!("differs at {place}")),
    }
}

/// The first place where two documents differ.
fn difference(want: &Value, got: &Value, at: &str) -> Option<String> {
    match (want, got) {
        (Value::Object(a), Value::Object(b)) => {
            let keys = a.keys().chain(b.keys().filter(|k| !a.contains_key(*k)));
            let absent = Value::Null;
            keys.into_iter().find_map(|k| {
                difference(a.get(k).unwrap_or(&absent), b.get(k).unwrap_or(&absent), &format!("{at}.{k}"))
            })
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            a.iter().zip(b).enumerate().find_map(|(i, (x, y))| difference(x, y, &format!("{at}[{i}]")))
        }
        _ => (want != got).then(|| at.to_string()),
    }
}
