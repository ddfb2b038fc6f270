//! From an element of the canonical form back to the message that a map made it from.
//!
//! Invariant: made from the engine's own trace of the same run; where no one place leads to an element,
//! that is said. Deliberately absent: cost when nothing is wrong: the run is repeated only then.

use super::place;
use crate::{
    model::{Finding, Told},
    rulebook::Map,
};
use fhir::Tree;
use fml::{How, Trace, Written};
use std::collections::{BTreeSet, HashMap};

/// Places named at most in one finding.
const MOST_NAMED: usize = 4;

/// Findings on what a map made, which is in this form, are told by where it was made from.
pub fn tell<'f>(
    findings: impl IntoIterator<Item = &'f mut Finding>,
    map: &Map,
    source: &Tree,
    told: &Told,
    form: &str,
) {
    let (_, trace) = map.trace_counted(source, told);
    let by_place: HashMap<&str, &Written> = trace.result.iter().map(|w| (w.place.as_str(), w)).collect();
    for finding in findings {
        let made = finding.place.path.take().unwrap_or_default();
        let made = place::in_case(&made).unwrap_or(made);
        let (origin, from) = origin(&made, &by_place, &trace);
        let way = match (origin, from.len()) {
            (Origin::Own, 1) => "it is made from the place named".into(),
            (Origin::Above, 1) => "what it stands in is made from the place named".into(),
            (Origin::Map, 1) => {
                "no one place of the message leads to it: the map itself writes it, for the place named"
                    .into()
            }
            (_, 0) => "no one place of the message leads to it: the map itself writes it".into(),
            (_, many) => {
                let named: Vec<&str> = from.iter().take(MOST_NAMED).map(String::as_str).collect();
                let more = if many > MOST_NAMED { " and more" } else { "" };
                format!("no one place of the message leads to it: it is made from {}{more}", named.join(", "))
            }
        };
        finding.detail = format!("{} (in the {form} form at {made}; {way})", finding.detail);
        finding.place.span = None;
        finding.place.path = Some(above(&from));
    }
}

/// How an element leads back.
enum Origin {
    /// By its own value.
    Own,
    /// By what it stands in.
    Above,
    /// Not at all: the map wrote it, in a rule that was applied to something.
    Map,
}

/// What the element comes from; failing that, what the rule that made it was applied to; failing
/// that, the same of the element it stands in.
fn origin(place: &str, by_place: &HashMap<&str, &Written>, trace: &Trace) -> (Origin, BTreeSet<String>) {
    let mut at = place;
    loop {
        if let Some(written) = by_place.get(at) {
            let rule = written.step.and_then(|step| trace.steps.get(step)).map(|s| s.sources.as_slice());
            for places in [written.sources.as_slice(), rule.unwrap_or_default()] {
                // The whole message is no place.
                let told = places.iter().filter_map(|p| place::pointer(p)).filter(|p| p != "/");
                let found: BTreeSet<String> = told.collect();
                let origin = match written.how {
                    _ if at != place => Origin::Above,
                    How::Constant | How::NewId => Origin::Map,
                    _ => Origin::Own,
                };
                if !found.is_empty() {
                    return (origin, found);
                }
            }
            if matches!(written.how, How::Constant | How::NewId) {
                return (Origin::Map, BTreeSet::new());
            }
        }
        match at.rsplit_once('.') {
            Some((parent, _)) => at = parent,
            None => return (Origin::Map, BTreeSet::new()),
        }
    }
}

/// The deepest place that all of them stand in.
fn above(places: &BTreeSet<String>) -> String {
    let mut all = places.iter().map(|p| p.split('/').skip(1).collect::<Vec<_>>());
    let Some(mut shared) = all.next() else { return "/".into() };
    for other in all {
        let same = shared.iter().zip(&other).take_while(|(a, b)| a == b).count();
        shared.truncate(same);
    }
    format!("/{}", shared.join("/"))
}

#[cfg(test)]
mod tests {
    use super::above;

    #[test]
    fn what_comes_from_several_places_is_told_above_them() {
        let above = |all: &[&str]| above(&all.iter().map(ToString::to_string).collect());
        assert_eq!(above(&[]), "/");
        assert_eq!(above(&["/a/b/0"]), "/a/b/0");
        assert_eq!(above(&["/a/b/0", "/a/b/1", "/a/b"]), "/a/b");
        assert_eq!(above(&["/a/b", "/c"]), "/");
    }
}
