//! The file of coverage figures that may rise and not fall.
//!
//! Invariant: the file is only written when asked, and then says what became lower. Deliberately absent:
//! percentages; shares are compared as whole numbers.

use super::Stop;
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// The figures of one map.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Figure {
    /// Rules that ran …
    pub ran: usize,
    /// … of those that can be reached.
    pub rules: usize,
    /// Elements of the source that were read.
    pub read: usize,
    /// Required elements that no example sets.
    pub never_set: usize,
}

/// Figures by map.
pub type Figures = BTreeMap<String, Figure>;

/// What a comparison came to.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Verdict {
    /// What is worse, a line each. Empty after the file was written.
    pub fallen: Vec<String>,
    /// What is better.
    pub risen: Vec<String>,
    /// The maps that the file does not know.
    new: Vec<String>,
    /// The file, if it was written, and what became lower by that.
    written: Option<(String, Vec<String>)>,
}

/// Compares with the file, or writes it.
pub fn judge(path: &Path, now: &Figures, event: Option<&str>, bless: bool) -> Result<Verdict, Stop> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if bless && error.kind() == std::io::ErrorKind::NotFound => "{}".to_string(),
        Err(error) => return Err(Stop::file(path, &error)),
    };
    let before = parse(&text).ok_or_else(|| {
        let message = format!("{}: it does not hold coverage figures", path.display());
        Stop::usage(message, "write it with --bless")
    })?;
    let concerned = |map: &str| event.is_none_or(|e| map.split(' ').next() == Some(e));
    let mut verdict = compare(&before, now, concerned);
    if bless {
        let mut all: Figures = before.into_iter().filter(|(map, _)| !concerned(map)).collect();
        all.extend(now.clone());
        std::fs::write(path, write(&all)).map_err(|e| Stop::file(path, &e))?;
        let lowered = std::mem::take(&mut verdict.fallen);
        verdict.new.clear();
        verdict.written = Some((path.display().to_string(), lowered));
    }
    Ok(verdict)
}

fn compare(before: &Figures, now: &Figures, concerned: impl Fn(&str) -> bool) -> Verdict {
    let mut verdict = Verdict::default();
    for (map, old) in before.iter().filter(|(map, _)| concerned(map)) {
        let Some(new) = now.get(map) else {
            verdict.fallen.push(format!("{map}: the map is gone"));
            continue;
        };
        let shares = (new.ran * old.rules, old.ran * new.rules);
        let rules = format!(
            "{map}: rules that ran, {} of {} before, {} of {} now",
            old.ran, old.rules, new.ran, new.rules
        );
        let read = format!("{map}: source elements read, {} before, {} now", old.read, new.read);
        let set =
            format!("{map}: required elements never set, {} before, {} now", old.never_set, new.never_set);
        for (new, old, line) in
            [(shares.0, shares.1, rules), (new.read, old.read, read), (old.never_set, new.never_set, set)]
        {
            match new.cmp(&old) {
                std::cmp::Ordering::Less => verdict.fallen.push(line),
                std::cmp::Ordering::Greater => verdict.risen.push(line),
                std::cmp::Ordering::Equal => {}
            }
        }
    }
    let new = now.keys().filter(|map| !before.contains_key(*map));
    verdict.new = new.map(|map| format!("{map}: the map is new; it has no figures to keep to")).collect();
    verdict
}

fn parse(text: &str) -> Option<Figures> {
    let value: Value = serde_json::from_str(text).ok()?;
    let one = |(map, figure): (&String, &Value)| {
        let number = |name: &str| usize::try_from(figure[name].as_u64()?).ok();
        let figure = Figure {
            ran: number("ran")?,
            rules: number("rules")?,
            read: number("read")?,
            never_set: number("neverSet")?,
        };
        Some((map.clone(), figure))
    };
    value.as_object()?.iter().map(one).collect()
}

/// One map a line, so that a change is a line of a difference.
fn write(figures: &Figures) -> String {
    let rows = figures.iter().map(|(map, f)| {
        let figure = json!({ "ran": f.ran, "rules": f.rules, "read": f.read, "neverSet": f.never_set });
        format!("  {}: {figure}", Value::String(map.clone()))
    });
    format!("{{\n{}\n}}\n", rows.collect::<Vec<_>>().join(",\n"))
}

impl Verdict {
    /// Is anything worse, or without figures?
    pub fn is_worse(&self) -> bool {
        !self.fallen.is_empty() || !self.new.is_empty()
    }

    /// For people.
    pub fn text(&self) -> String {
        let lines = |title: &str, lines: &[String]| {
            lines.iter().map(|l| format!("{title} {l}\n")).collect::<String>()
        };
        if let Some((path, lowered)) = &self.written {
            return format!("{}wrote {path}", lines("lower:", lowered));
        }
        let last = match (self.is_worse(), self.risen.is_empty()) {
            (true, _) => "coverage has fallen; add an example, or take the new figures with --bless",
            (false, false) => "coverage has risen; keep it with --bless",
            (false, true) => "coverage has not fallen",
        };
        let (risen, fallen) = (lines("risen:", &self.risen), lines("FALLEN:", &self.fallen));
        format!("{risen}{fallen}{}{last}", lines("NEW:", &self.new))
    }

    /// For machines.
    pub fn value(&self) -> Value {
        let mut value = Map::new();
        value.insert("fallen".into(), json!(self.fallen));
        value.insert("risen".into(), json!(self.risen));
        value.insert("new".into(), json!(self.new));
        if let Some((path, lowered)) = &self.written {
            value.insert("written".into(), json!(path));
            value.insert("lowered".into(), json!(lowered));
        }
        Value::Object(value)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn figures(ran: usize, rules: usize, read: usize, never_set: usize) -> Figures {
        BTreeMap::from([("e a-b".to_string(), Figure { ran, rules, read, never_set })])
    }

    #[test]
    fn each_figure_may_rise_and_not_fall() {
        let before = figures(8, 10, 5, 1);
        let fallen = |now: Figures| {
            let verdict = compare(&before, &now, |_| true);
            verdict.fallen.len() + verdict.new.len()
        };
        assert_eq!(fallen(before.clone()), 0);
        assert_eq!(fallen(figures(9, 11, 6, 0)), 0, "a larger share of more rules");
        assert_eq!(fallen(figures(8, 11, 5, 1)), 1, "a rule that no example fires");
        assert_eq!(fallen(figures(8, 10, 4, 2)), 2);
        assert_eq!(fallen(Figures::new()), 1, "the map is gone");
        let mut two = before.clone();
        two.insert("f a-b".to_string(), before["e a-b"]);
        assert_eq!(fallen(two), 1, "a map without figures");
    }

    #[test]
    fn the_file_is_read_as_it_is_written() {
        let all = figures(8, 10, 5, 1);
        assert_eq!(parse(&write(&all)).unwrap(), all);
        assert_eq!(parse("{}").unwrap(), Figures::new());
        assert!(parse("[]").is_none() && parse("{\"a b\": {\"ran\": -1}}").is_none());
    }
}
