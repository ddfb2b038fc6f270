//! Differences of two JSON documents, told as places and shapes.
//!
//! The order of members does not matter, that of array items does. Invariant: a value is in a
//! difference only if it is asked for. Deliberately absent: a guess which items belong together; what
//! is equal at both ends of two arrays is taken off, the rest is compared in order.

use serde_json::Value;

/// One place where two documents differ.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Difference {
    /// Where, from `$`.
    pub place: String,
    /// What is expected there.
    pub wanted: String,
    /// What is there.
    pub got: String,
}

/// All differences that are not ignored.
pub fn differences(wanted: &Value, got: &Value, ignore: &Ignore, values: bool) -> Vec<Difference> {
    let mut all = Comparison { ignore, values, found: Vec::new() };
    all.compare(Some(wanted), Some(got), "$".to_string());
    all.found
}

struct Comparison<'a> {
    ignore: &'a Ignore,
    values: bool,
    found: Vec<Difference>,
}

impl Comparison<'_> {
    fn compare(&mut self, wanted: Option<&Value>, got: Option<&Value>, place: String) {
        if wanted == got || self.ignore.covers(&place) {
            return;
        }
        match (wanted, got) {
            (Some(Value::Object(a)), Some(Value::Object(b))) => {
                for key in a.keys().chain(b.keys().filter(|k| !a.contains_key(*k))) {
                    self.compare(a.get(key), b.get(key), format!("{place}.{}", fhir::finding::shown(key)));
                }
            }
            (Some(Value::Array(a)), Some(Value::Array(b))) => self.arrays(a, b, &place),
            _ => {
                let same = shape(wanted) == shape(got);
                let told = |v: Option<&Value>, other: &str| match (self.values, v) {
                    (true, Some(value)) => value.to_string(),
                    _ => format!("{other}{}", shape(v)),
                };
                let wanted = told(wanted, "");
                let got = told(got, if same { "another value, " } else { "" });
                self.found.push(Difference { place, wanted, got });
            }
        }
    }

    fn arrays(&mut self, a: &[Value], b: &[Value], place: &str) {
        let shorter = a.len().min(b.len());
        let front = a.iter().zip(b).take_while(|(x, y)| x == y).count();
        let back = a.iter().rev().zip(b.iter().rev()).take(shorter - front).take_while(|(x, y)| x == y);
        let back = if a.len() == b.len() { 0 } else { back.count() };
        let (a, b) = (&a[front..a.len() - back], &b[front..b.len() - back]);
        for index in 0..a.len().max(b.len()) {
            self.compare(a.get(index), b.get(index), format!("{place}[{}]", front + index));
        }
    }
}

/// What a value is, without telling it.
pub fn shape(value: Option<&Value>) -> String {
    match value {
        None => "nothing".into(),
        Some(Value::Null) => "null".into(),
        Some(Value::Bool(_)) => "true or false".into(),
        Some(Value::Number(number)) => format!("a number of {} characters", number.to_string().len()),
        Some(Value::String(text)) => format!("a text of {} characters", text.chars().count()),
        Some(Value::Array(items)) => format!("a list of {}", items.len()),
        Some(Value::Object(members)) => format!("an object of {} members", members.len()),
    }
}

/// Places that are not compared, each with its reason: `examples/ignore.txt`, lines of
/// `$.entry[*].fullUrl # why`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Ignore {
    patterns: Vec<String>,
}

impl Ignore {
    /// Reads the lines; the error is the first line's number without place or reason.
    pub fn parse(text: &str) -> Result<Ignore, usize> {
        let mut patterns = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            match line.split_once('#') {
                Some((place, why)) if place.trim().starts_with('$') && !why.trim().is_empty() => {
                    patterns.push(place.trim().to_string());
                }
                _ => return Err(index + 1),
            }
        }
        Ok(Ignore { patterns })
    }

    fn covers(&self, place: &str) -> bool {
        self.patterns.iter().any(|pattern| matches(pattern, place))
    }
}

/// `[*]` stands for any index.
fn matches(pattern: &str, place: &str) -> bool {
    let mut rest = place;
    for (number, part) in pattern.split("[*]").enumerate() {
        if number > 0 {
            let Some((_, after)) = rest.strip_prefix('[').and_then(|r| r.split_once(']')) else {
                return false;
            };
            rest = after;
        }
        let Some(after) = rest.strip_prefix(part) else { return false };
        rest = after;
    }
    rest.is_empty()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use serde_json::json;

    fn places(wanted: Value, got: Value, ignore: &str) -> Vec<String> {
        let ignore = Ignore::parse(ignore).unwrap();
        let all = differences(&wanted, &got, &ignore, false);
        all.into_iter().map(|d| format!("{} {} / {}", d.place, d.wanted, d.got)).collect()
    }

    #[test]
    fn every_difference_is_told_by_place_and_shape() {
        let wanted = json!({ "a": "Anna", "b": [1, 2, 3], "c": { "d": true }, "e": null });
        let got = json!({ "c": { "d": true }, "b": [1, 3], "a": "Olle", "f": 1.50, "e": {} });
        assert_eq!(
            places(wanted, got, ""),
            [
                "$.a a text of 4 characters / another value, a text of 4 characters",
                "$.b[1] a number of 1 characters / nothing",
                "$.e null / an object of 0 members",
                "$.f nothing / a number of 3 characters",
            ]
        );
        assert_eq!(places(json!([1, 2]), json!([2, 1]), "").len(), 2, "the order of items matters");
        let values = differences(&json!("Anna"), &json!("Olle"), &Ignore::default(), true);
        assert_eq!((values[0].wanted.as_str(), values[0].got.as_str()), ("\"Anna\"", "\"Olle\""));
    }

    #[test]
    fn only_what_a_line_with_a_reason_names_is_ignored() {
        let (wanted, got) =
            (json!({ "e": [{ "id": 1, "x": { "y": 1 } }] }), json!({ "e": [{ "id": 2, "x": 1 }] }));
        let ignore = "# ids\n$.e[*].id # drawn anew\n\n$.e[0].x # whole parts too\n";
        assert_eq!(places(wanted.clone(), got.clone(), ignore), Vec::<String>::new());
        assert_eq!(places(wanted, got, "$.e[*].i # no such").len(), 2);
        assert_eq!(Ignore::parse("$.a # why\n$.b\n"), Err(2));
    }
}
