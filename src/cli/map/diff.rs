//! `sluss map diff`: the same messages through two versions of the rules.
//!
//! Invariant: places and shapes only, so that a corpus of real messages may be used where it lies.
//! Deliberately absent: a verdict; a difference may be what was wanted.

use super::golden::{self, rule_text, rule_value, writer};
use super::run::failed_rule;
use super::shape::{self, Ignore};
use super::suite::Suite;
use super::{Exit, Out, Rules, Stop, git};
use crate::config::Problem;
use crate::model::Told;
use crate::rulebook::{self, File, Map, MapName, Maps};
use fhir::Tree;
use fml::{MapFault, RulePlace};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};

const EXAMPLES: &str = "Examples:
  sluss map diff --against main                     the examples of both sides through both versions
  sluss map diff admission-notice --against HEAD~3  one event
  sluss map diff --against ../rules-live --corpus masked-7d
  sluss map diff --against main --exit-code         1 if anything differs

A corpus is a folder of messages (*.json). The event of each is the name of the nearest folder that is
an event's, or else the first text in it that is one.

Exit codes: 0 done, 1 something differs and --exit-code was given, 2 usage, 3 a map does not compile,
4 git or the repository is not there";

/// Arguments.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    #[command(flatten)]
    rules: Rules,
    /// Only this event's maps.
    event: Option<String>,
    /// The other version: a revision of git, or a folder with `mappings/` and `conformance/`.
    #[arg(long, value_name = "REV|DIR")]
    against: String,
    /// Messages besides the examples.
    #[arg(long, value_name = "DIR")]
    corpus: Option<PathBuf>,
    /// Exit with 1 if anything differs.
    #[arg(long)]
    exit_code: bool,
}

/// One version of the rules.
struct Side {
    suite: Suite,
    messages: Vec<Message>,
}

#[derive(Clone, PartialEq, Eq, Hash, Debug)]
struct Message {
    event: String,
    name: String,
    text: String,
}

/// What differs for one reason: a rule, or a map that only one side has.
#[derive(Default)]
struct Group {
    rule: Option<RulePlace>,
    messages: usize,
    examples: Vec<Example>,
}

struct Example {
    message: String,
    places: Vec<Place>,
}

/// Where, what is there before, what after.
type Place = (String, String, String);

/// The rule, and whether it is one of the rules as they are now.
type RuleKey = (Option<RulePlace>, bool);

/// Messages told of in a group, and places told of in a message.
const MOST_EXAMPLES: usize = 3;

#[derive(Default)]
struct Report {
    /// What the maps of the message's folder are told.
    told: Told,
    same: usize,
    differ: usize,
    skipped: BTreeMap<&'static str, usize>,
    groups: BTreeMap<String, Group>,
}

/// Runs the verb.
pub fn run(args: Args, out: Out) -> Result<Exit, Stop> {
    let event = args.event.as_deref();
    let files = rulebook::chosen(&args.rules.source(), &is_wanted);
    let files = files.map_err(|found| args.rules.stop(found))?;
    let new = side(&files, &args.rules, event, &|p| args.rules.located(p))?;
    let old = other(&args)?;
    if event.is_some() && old.suite.events.is_empty() && new.suite.events.is_empty() {
        Suite::load(&args.rules, event)?;
    }
    let mut report = Report::default();
    let mut messages = old.messages.clone();
    messages.extend(new.messages.iter().cloned());
    if let Some(folder) = &args.corpus {
        corpus(folder, &[&old, &new], event, &mut messages, &mut report)?;
    }
    let mut seen = HashSet::new();
    messages.retain(|m| seen.insert((m.event.clone(), m.text.clone())));
    for message in &messages {
        report.told = golden::told(&args.rules, &message.event)?;
        report.message(message, &old, &new);
    }
    out.result("map diff", report.value(&args.against), || report.text(&args.against));
    Ok(if args.exit_code && report.differ > 0 { Exit::Findings } else { Exit::Done })
}

fn is_wanted(path: &str) -> bool {
    rulebook::is_wanted(path) || is_input(path)
}

/// How inputs of examples end.
const INPUTS: [&str; 2] = [".in.json", ".in.hl7"];

fn is_input(path: &str) -> bool {
    path.starts_with("mappings/") && path.contains("/examples/") && INPUTS.iter().any(|i| path.ends_with(i))
}

/// Packages are those of the rules on both sides.
fn side(
    files: &[File],
    rules: &Rules,
    event: Option<&str>,
    located: &dyn Fn(Problem) -> Problem,
) -> Result<Side, Stop> {
    let place = |stop: Stop| match stop {
        Stop::Problems(problems) => Stop::Problems(problems.into_iter().map(located).collect()),
        other => other,
    };
    let maps =
        Maps::of(files, rules.packages.as_deref()).map_err(|problems| place(Stop::Problems(problems)))?;
    let suite = match Suite::of(&maps, event) {
        Ok(suite) => suite,
        // An event that one side lacks is a difference; one that neither has is told below.
        Err(Stop::Refused { .. }) => Suite { events: BTreeMap::new() },
        Err(stop) => return Err(place(stop)),
    };
    let message = |file: &File| {
        let rest = file.path.strip_prefix("mappings/")?;
        let (own, _) = rest.split_once("/examples/")?;
        let name = INPUTS.iter().find_map(|i| rest.strip_suffix(i))?.to_string();
        event.is_none_or(|e| e == own).then(|| Message {
            event: own.to_string(),
            name,
            text: file.text.clone(),
        })
    };
    let messages = files.iter().filter(|f| is_input(&f.path)).filter_map(message).collect();
    Ok(Side { suite, messages })
}

fn other(args: &Args) -> Result<Side, Stop> {
    let (event, folder) = (args.event.as_deref(), Path::new(&args.against));
    if folder.join("mappings").is_dir() {
        let rules = Rules { folder: folder.to_path_buf(), packages: args.rules.packages.clone() };
        let files = rulebook::chosen(&rules.source(), &is_wanted);
        return side(&files.map_err(|found| rules.stop(found))?, &rules, event, &|p| rules.located(p));
    }
    let files = git::files(&args.rules.folder, &args.against, &is_wanted)?;
    // The line stands in another version of the file: it is named, and not shown from this one.
    let located = |p: Problem| {
        let file = PathBuf::from(format!("{}:{}", args.against, p.file.display()));
        Problem { file, span: None, ..p }
    };
    side(&files, &args.rules, event, &located)
}

// ---- the corpus ----

fn corpus(
    folder: &Path,
    sides: &[&Side],
    event: Option<&str>,
    messages: &mut Vec<Message>,
    report: &mut Report,
) -> Result<(), Stop> {
    let events: BTreeSet<&str> =
        sides.iter().flat_map(|s| s.suite.events.keys()).map(String::as_str).collect();
    let mut work = vec![folder.to_path_buf()];
    let mut files = Vec::new();
    while let Some(at) = work.pop() {
        for entry in std::fs::read_dir(&at).map_err(|e| Stop::file(&at, &e))?.flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => work.push(entry.path()),
                Ok(_) if entry.path().extension().is_some_and(|e| e == "json") => files.push(entry.path()),
                _ => {}
            }
        }
    }
    files.sort();
    for path in files {
        let Ok(text) = std::fs::read_to_string(&path) else {
            report.skip("cannot be read");
            continue;
        };
        let by_folder = path.ancestors().skip(1).filter_map(|a| a.file_name()?.to_str());
        let known = by_folder.into_iter().find(|name| events.contains(name)).map(str::to_string);
        match known.or_else(|| event_in(&text, &events)) {
            Some(own) if event.is_none_or(|e| e == own) => {
                let name = path.strip_prefix(folder).unwrap_or(&path).display().to_string();
                messages.push(Message { event: own, name, text });
            }
            Some(_) => report.skip("another event"),
            None => report.skip("no event known by its folder or its text"),
        }
    }
    Ok(())
}

/// The first text of a document that is an event's name. No field is known here, only the names.
fn event_in(text: &str, events: &BTreeSet<&str>) -> Option<String> {
    let value: Value = serde_json::from_str(text).ok()?;
    let mut work = vec![&value];
    while let Some(value) = work.pop() {
        match value {
            Value::String(text) if events.contains(text.as_str()) => return Some(text.clone()),
            Value::Array(items) => work.extend(items.iter().rev()),
            Value::Object(members) => work.extend(members.values().rev()),
            _ => {}
        }
    }
    None
}

// ---- comparing ----

impl Side {
    fn maps(&self, event: &str) -> &[(MapName, Map)] {
        self.suite.events.get(event).map_or(&[], Vec::as_slice)
    }

    fn map(&self, event: &str, direction: &str) -> Option<&Map> {
        self.maps(event).iter().find(|(name, _)| name.direction() == direction).map(|(_, map)| map)
    }
}

/// The message, if the map reads its format.
fn read(map: Option<&Map>, message: &Message) -> Option<Tree> {
    let map = map?;
    map.read(message.text.as_bytes()).ok().filter(|tree| map.reads(tree))
}

/// What a map made of a message.
fn made(map: &Map, tree: &Tree, told: &Told) -> Result<Value, MapFault> {
    map.run_counted(tree, told).map(|result| serde_json::from_str(&map.write(&result)).unwrap_or_default())
}

impl Report {
    fn skip(&mut self, why: &'static str) {
        *self.skipped.entry(why).or_default() += 1;
    }

    fn message(&mut self, message: &Message, old: &Side, new: &Side) {
        let event = &message.event;
        let names = old.maps(event).iter().chain(new.maps(event));
        let directions: BTreeSet<String> = names.map(|(name, _)| name.direction()).collect();
        let mut known = false;
        for direction in directions {
            let maps = (old.map(event, &direction), new.map(event, &direction));
            let trees = (read(maps.0, message), read(maps.1, message));
            known |= trees.0.is_some() || trees.1.is_some();
            match (maps, trees) {
                ((Some(was), Some(is)), (Some(before), Some(after))) => {
                    self.compare(message, (was, &before), (is, &after));
                }
                (_, (None, None)) => {}
                ((_, None), _) => self.one_side(message, "the map is gone", &direction),
                ((None, _), _) => self.one_side(message, "the map is new", &direction),
                _ => self.one_side(message, "the map reads another format", &direction),
            }
        }
        if !known {
            self.skip("in no format that its event's maps read");
        }
    }

    fn one_side(&mut self, message: &Message, what: &str, direction: &str) {
        self.differ += 1;
        let key = format!("{what}: {} {direction}", message.event);
        self.group(key, None, message, vec![]);
    }

    fn compare(&mut self, message: &Message, old: (&Map, &Tree), new: (&Map, &Tree)) {
        let rows: Vec<(RuleKey, Place)> =
            match (made(old.0, old.1, &self.told), made(new.0, new.1, &self.told)) {
                (Ok(before), Ok(after)) if before == after => vec![],
                (Ok(before), Ok(after)) => results(old, new, (&before, &after), &self.told),
                (Err(before), Err(after)) if (&before.code, &before.rule) == (&after.code, &after.rule) => {
                    vec![]
                }
                (before, after) => {
                    let faulty = if after.is_err() { new } else { old };
                    let told = |made: &Result<Value, MapFault>| match made {
                        Ok(_) => "a result".to_string(),
                        Err(fault) => format!("a fault [{}] at {}", fault.code, fault.place),
                    };
                    let rule = failed_rule(faulty.0, faulty.1, &self.told);
                    vec![((rule, after.is_err()), ("$".to_string(), told(&before), told(&after)))]
                }
            };
        if rows.is_empty() {
            self.same += 1;
            return;
        }
        self.differ += 1;
        let mut groups: BTreeMap<String, (Option<RulePlace>, Vec<Place>)> = BTreeMap::new();
        for ((rule, is_now), place) in rows {
            let was = if is_now { "" } else { " as it was" };
            let key = rule.as_ref().map_or("no rule".to_string(), |r| rule_text(r) + was);
            groups.entry(key).or_insert((rule, vec![])).1.push(place);
        }
        for (key, (rule, places)) in groups {
            self.group(key, rule, message, places);
        }
    }

    fn group(&mut self, key: String, rule: Option<RulePlace>, message: &Message, places: Vec<Place>) {
        let group = self.groups.entry(key).or_insert(Group { rule, ..Group::default() });
        group.messages += 1;
        if group.examples.len() < MOST_EXAMPLES {
            group.examples.push(Example { message: message.name.clone(), places });
        }
    }

    /// The groups, those of most messages first.
    fn sorted(&self) -> Vec<(&String, &Group)> {
        let mut groups: Vec<_> = self.groups.iter().collect();
        groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.messages));
        groups
    }

    fn text(&self, against: &str) -> String {
        let mut text = String::new();
        for (key, group) in self.sorted() {
            text += &format!("{key}: {} messages\n", group.messages);
            for example in &group.examples {
                text += &format!("    {}\n", example.message);
                for (place, before, after) in example.places.iter().take(MOST_EXAMPLES) {
                    text += &format!("        {place}: {before} → {after}\n");
                }
                let more = example.places.len().saturating_sub(MOST_EXAMPLES);
                if more > 0 {
                    text += &format!("        and {more} places more\n");
                }
            }
        }
        for (why, number) in &self.skipped {
            text += &format!("skipped {number}: {why}\n");
        }
        let skipped: usize = self.skipped.values().sum();
        text + &format!("against {against}: {} same, {} differ, {skipped} skipped", self.same, self.differ)
    }

    fn value(&self, against: &str) -> Value {
        let groups = self.sorted().into_iter().map(|(key, group)| {
            let examples = group.examples.iter().map(|example| {
                let places = example.places.iter();
                let places = places.map(|(p, b, a)| json!({ "place": p, "before": b, "after": a }));
                json!({ "message": example.message, "places": places.collect::<Vec<_>>() })
            });
            json!({
                "group": key, "rule": group.rule.as_ref().map(rule_value), "messages": group.messages,
                "examples": examples.collect::<Vec<_>>(),
            })
        });
        json!({
            "against": against, "same": self.same, "differ": self.differ, "skipped": self.skipped,
            "groups": groups.collect::<Vec<_>>(),
        })
    }
}

/// Two results that differ: each place with the rule that wrote what is there now or, if nothing is,
/// what was there.
fn results(
    old: (&Map, &Tree),
    new: (&Map, &Tree),
    made: (&Value, &Value),
    told: &Told,
) -> Vec<(RuleKey, Place)> {
    let (was, is) = (old.0.trace_counted(old.1, told).1, new.0.trace_counted(new.1, told).1);
    let all = shape::differences(made.0, made.1, &Ignore::default(), false);
    let row = all.into_iter().map(|d| {
        let now = writer(new.0, &is, &d.place);
        let rule = now.or_else(|| writer(old.0, &was, &d.place)).cloned();
        ((rule, now.is_some()), (d.place, d.wanted, d.got))
    });
    row.collect()
}
