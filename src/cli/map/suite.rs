//! The compiled maps of the events that a verb is about.
//!
//! Invariant: all problems at once, and only those of maps that were asked for. Deliberately absent:
//! messages.

use super::{Rules, Stop, find};
use crate::config::Problem;
use crate::rulebook::{Map, MapName, Maps};
use std::collections::BTreeMap;

/// Compiled maps by the folder they stand in, which is an event's or, below a foreign model's, an event's of it.
pub struct Suite {
    /// The maps of each event, sorted.
    pub events: BTreeMap<String, Vec<(MapName, Map)>>,
}

impl Suite {
    /// Compiles the maps of one event, or of all.
    pub fn load(rules: &Rules, event: Option<&str>) -> Result<Suite, Stop> {
        Suite::of(&find::maps(rules)?, event).map_err(|stop| stop.located(rules))
    }

    /// The same from maps that were read before.
    pub fn of(maps: &Maps, event: Option<&str>) -> Result<Suite, Stop> {
        let own = |p: &&Problem| match event {
            Some(event) => {
                let folder = p.file.parent().map(|f| f.to_string_lossy().into_owned()).unwrap_or_default();
                folder.ends_with(&format!("/{event}"))
            }
            None => true,
        };
        let mut problems: Vec<Problem> = maps.problems().iter().filter(own).cloned().collect();
        let mut events: BTreeMap<String, Vec<(MapName, Map)>> = BTreeMap::new();
        for name in maps.names().iter().filter(|n| event.is_none_or(|e| e == n.event || e == n.folder())) {
            match maps.compile(&name.url) {
                Ok(map) => events.entry(name.folder().to_string()).or_default().push((name.clone(), map)),
                Err(found) => found.into_iter().for_each(|problem| {
                    if !problems.contains(&problem) {
                        problems.push(problem);
                    }
                }),
            }
        }
        match (problems.is_empty(), event) {
            (false, _) => Err(Stop::Problems(problems)),
            (true, Some(event)) if events.is_empty() => {
                let mut known: Vec<&str> = maps.names().iter().map(MapName::folder).collect();
                known.dedup();
                let help = format!("name one of {}", known.join(", "));
                Err(Stop::usage(format!("there is no event `{event}` with maps"), help))
            }
            _ => Ok(Suite { events }),
        }
    }
}
