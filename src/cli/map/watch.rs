//! `sluss map test --watch`: again at each save, only what the saved file concerns.
//!
//! Files are looked at every few milliseconds: a rules folder has some hundred, which costs less than a
//! tenth of a millisecond, works on every file system and needs no library. Invariant: definitions are
//! read once and maps compiled only where they changed. Deliberately absent: a memory of earlier rounds.

use super::golden::Case;
use super::suite::Suite;
use super::test::{self, Args};
use super::{Exit, Out, Rules, Stop};
use crate::rulebook::{self, Maps};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};
use std::io::BufRead;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::{Duration, Instant, SystemTime};

/// How often the files are looked at, and how long they must rest before they are read: an editor
/// may empty a file before it fills it.
const EVERY: Duration = Duration::from_millis(20);
const REST: Duration = Duration::from_millis(8);

/// What a round is about: events, each with the example files that changed, or all of it.
type Concern = BTreeMap<String, Option<BTreeSet<PathBuf>>>;

/// When a file was written, and how long it is.
type Stamps = BTreeMap<PathBuf, (SystemTime, u64)>;

enum Told {
    Again,
    End,
}

struct Watch<'a> {
    args: &'a Args,
    out: Out,
    /// What was read; nothing before the first round and after a model has changed.
    maps: Option<Maps>,
    suite: Suite,
    exit: Exit,
}

/// Runs until the end of standard input, or as many rounds as are asked for.
pub fn run(args: &Args, out: Out) -> Result<Exit, Stop> {
    let said = listen();
    let mut watch =
        Watch { args, out, maps: None, suite: Suite { events: BTreeMap::new() }, exit: Exit::Done };
    let mut stamps = stamps(&args.rules);
    watch.round(None, None)?;
    let mut rounds = 1;
    while args.rounds.is_none_or(|most| rounds < most) {
        let now = match said.recv_timeout(EVERY) {
            Ok(Told::End) | Err(mpsc::RecvTimeoutError::Disconnected) => break,
            Ok(Told::Again) => {
                watch.round(None, None)?;
                rounds += 1;
                continue;
            }
            Err(mpsc::RecvTimeoutError::Timeout) => settled(&args.rules, &stamps),
        };
        let changed = changed(&stamps, &now);
        if changed.is_empty() {
            continue;
        }
        let saved = changed.iter().filter_map(|path| now.get(path).map(|(time, _)| *time)).max();
        stamps = now;
        if let Some(concern) = watch.concern(&changed) {
            watch.round(Some(concern), saved)?;
            rounds += 1;
        }
    }
    Ok(watch.exit)
}

/// Each line on standard input asks for all of it again; its end is the end.
fn listen() -> mpsc::Receiver<Told> {
    let (say, said) = mpsc::channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines() {
            if line.is_err() || say.send(Told::Again).is_err() {
                break;
            }
        }
        let _ = say.send(Told::End);
    });
    said
}

// ---- files ----

fn stamps(rules: &Rules) -> Stamps {
    let mut stamps = Stamps::new();
    let mut work = vec![rules.mappings(), rules.folder.join("conformance/models")];
    while let Some(folder) = work.pop() {
        for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (path, kind) = (entry.path(), entry.file_type());
            if kind.as_ref().is_ok_and(|k| k.is_dir()) {
                work.push(path);
            } else if path.extension().is_some_and(|e| e == "map" || e == "json" || e == "txt")
                && let Ok(meta) = std::fs::metadata(&path)
            {
                let time = meta.modified().unwrap_or(SystemTime::UNIX_EPOCH);
                stamps.insert(path, (time, meta.len()));
            }
        }
    }
    stamps
}

/// The stamps; if they are not the known ones, those after they have come to rest.
fn settled(rules: &Rules, known: &Stamps) -> Stamps {
    let mut now = stamps(rules);
    while now != *known {
        std::thread::sleep(REST);
        let next = stamps(rules);
        if next == now {
            break;
        }
        now = next;
    }
    now
}

fn changed(before: &Stamps, now: &Stamps) -> BTreeSet<PathBuf> {
    let all = before.keys().chain(now.keys());
    all.filter(|path| before.get(*path) != now.get(*path)).cloned().collect()
}

// ---- rounds ----

impl Watch<'_> {
    /// What the changed files concern; nothing if it is another event than the one watched.
    fn concern(&mut self, changed: &BTreeSet<PathBuf>) -> Option<Concern> {
        let mut concern = Concern::new();
        let watched = self.args.event.clone();
        let wanted = |event: &str| watched.as_ref().is_none_or(|w| w == event);
        for path in changed {
            let relative = path.strip_prefix(&self.args.rules.folder).unwrap_or(path);
            let mut parts = relative.components().map(|c| c.as_os_str().to_string_lossy().into_owned());
            let (top, mut event, mut next) = (parts.next(), parts.next().unwrap_or_default(), parts.next());
            let inner = parts.next();
            // Below a foreign model's folder its events have folders of their own.
            if let (Some(own), Some(inner)) = (next.clone().filter(|own| own != "examples"), inner) {
                (event, next) = (format!("{event}/{own}"), Some(inner));
            }
            if top.as_deref() != Some("mappings") || relative.ends_with("model.json") {
                // A model: all is read anew.
                self.maps = None;
                self.suite.events.clear();
                return Some(Concern::new());
            }
            if event == "shared" || next.is_none() {
                for event in self.users(relative).into_iter().filter(|e| wanted(e)) {
                    concern.insert(event, None);
                }
            } else if wanted(&event) {
                let example = next.as_deref() == Some("examples") && !path.ends_with("ignore.txt");
                match (example, concern.entry(event).or_insert(Some(BTreeSet::new()))) {
                    (true, Some(files)) => {
                        files.insert(path.clone());
                    }
                    (true, None) => {}
                    (false, all) => *all = None,
                }
            }
        }
        (!concern.is_empty()).then_some(concern)
    }

    /// The events whose maps have a rule from this file. A concept map may be anyone's, and so may a
    /// file that an event without compiled maps needs.
    fn users(&self, file: &Path) -> Vec<String> {
        let is_map = file.extension().is_some_and(|e| e == "map");
        let file = file.to_string_lossy();
        let known: Vec<&String> = self.suite.events.keys().collect();
        let uses = |event: &&String| {
            let maps = self.suite.events.get(*event).into_iter().flatten();
            maps.flat_map(|(_, map)| map.plan().rules()).any(|rule| *rule.file == *file)
        };
        let mut users: Vec<String> =
            known.iter().copied().filter(|event| !is_map || uses(event)).cloned().collect();
        let folders = std::fs::read_dir(self.args.rules.mappings()).into_iter().flatten().flatten();
        let names = folders.filter(|e| e.path().is_dir()).filter_map(|e| e.file_name().into_string().ok());
        users.extend(names.filter(|name| name != "shared" && !self.suite.events.contains_key(name)));
        users
    }

    /// One round over what is concerned, or over all.
    fn round(&mut self, concern: Option<Concern>, saved: Option<SystemTime>) -> Result<(), Stop> {
        let start = Instant::now();
        let first = self.maps.is_none();
        let done = self.cases(concern.filter(|c| !c.is_empty()));
        self.exit = match done {
            Ok(cases) => {
                let after = saved.and_then(|time| SystemTime::now().duration_since(time).ok());
                test::report(&cases, start.elapsed(), after, self.out)
            }
            // Something that cannot be mended in the rules, such as an event that is not there.
            Err(stop @ Stop::Refused { .. }) if first => return Err(stop),
            Err(stop) => stop.tell("map test", self.out),
        };
        Ok(())
    }

    fn cases(&mut self, concern: Option<Concern>) -> Result<Vec<Case>, Stop> {
        let rules = &self.args.rules;
        let only_examples = concern.as_ref().is_some_and(|c| {
            c.iter().all(|(event, files)| files.is_some() && self.suite.events.contains_key(event))
        });
        if !only_examples {
            self.load(concern.as_ref()).map_err(|stop| stop.located(rules))?;
        }
        let events: Vec<String> = match &concern {
            Some(concern) => concern.keys().cloned().collect(),
            None => self.suite.events.keys().cloned().collect(),
        };
        let mut cases = Vec::new();
        for event in events {
            let files = concern.as_ref().and_then(|c| c.get(&event)).cloned().flatten();
            cases.extend(test::run_event(self.args, &self.suite, &event, files.as_ref())?);
        }
        Ok(cases)
    }

    /// Reads the maps and compiles those of the events concerned.
    fn load(&mut self, concern: Option<&Concern>) -> Result<(), Stop> {
        let source = self.args.rules.source();
        let files = rulebook::chosen(&source, &rulebook::is_wanted).map_err(Stop::Problems)?;
        let maps = match self.maps.take() {
            Some(maps) => maps.again(&files),
            None => Maps::of(&files, self.args.rules.packages.as_deref()).map_err(Stop::Problems)?,
        };
        let maps = self.maps.insert(maps);
        let Some(concern) = concern else {
            self.suite.events.clear();
            self.suite = Suite::of(maps, self.args.event.as_deref())?;
            return Ok(());
        };
        concern.keys().for_each(|event| drop(self.suite.events.remove(event)));
        for event in concern.keys() {
            match Suite::of(maps, Some(event)) {
                Ok(suite) => self.suite.events.extend(suite.events),
                // A folder without maps, perhaps not yet.
                Err(Stop::Refused { .. }) => {}
                Err(stop) => return Err(stop),
            }
        }
        Ok(())
    }
}

/// The time since a save, for people and for machines.
pub fn after(saved: Option<Duration>) -> (String, serde_json::Value) {
    match saved {
        None => (String::new(), json!(null)),
        Some(after) => {
            let ms = after.as_millis() as u64;
            (format!(", {ms} ms after the save"), json!(ms))
        }
    }
}
