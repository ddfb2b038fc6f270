//! Do two validators point at the same places?
//!
//! The reference validator writes FHIRPath with notes: `entry[0].resource/*Patient/1*/.name`,
//! `value.ofType(Quantity)`, `extension[1][url='x']`. Here both sides become lists of steps; a choice
//! is known by its instance's name. An index counts only where both have one.
//!
//! Invariant: "near" is the same element, its parent or its child, nothing further. Deliberately
//! absent: lines and columns. Where the reference validator names no place, any error of ours is near.

use fhir::Finding;

/// One step of a path: name, index.
type Step = (String, Option<u32>);

/// How the two sets of places compare.
pub struct Agreement {
    /// Each expected place has an error of ours near.
    pub hit: Result<(), String>,
    /// … and each error of ours an expected place.
    pub near: bool,
    /// The two sets are the same.
    pub exact: bool,
}

impl Agreement {
    pub fn of(expected: &[(Option<String>, String)], errors: &[Finding]) -> Agreement {
        let theirs: Vec<Vec<Step>> =
            expected.iter().map(|(at, _)| steps(at.as_deref().unwrap_or_default())).collect();
        let ours: Vec<Vec<Step>> = errors.iter().map(|f| steps(&f.place)).collect();
        let among = |one: &Vec<Step>, all: &[Vec<Step>], most| all.iter().any(|o| distance(one, o) <= most);
        let met = |t: &Vec<Step>, at: &Option<String>| match at {
            Some(_) => among(t, &ours, 1),
            None => !ours.is_empty(),
        };
        let missed = theirs.iter().zip(expected).filter(|(t, (at, _))| !met(t, at));
        let missed: Vec<String> = missed
            .map(|(_, (at, text))| {
                let text: String = text.chars().take(160).collect();
                format!("\n    theirs {}: {text}", at.as_deref().unwrap_or("(nowhere)"))
            })
            .collect();
        let told = || errors.iter().take(6).map(|f| format!("\n    ours {f}")).collect::<String>();
        Agreement {
            near: missed.is_empty() && ours.iter().all(|o| among(o, &theirs, 1)),
            exact: theirs.iter().all(|t| among(t, &ours, 0)) && ours.iter().all(|o| among(o, &theirs, 0)),
            hit: if missed.is_empty() { Ok(()) } else { Err(format!("{}{}", missed.concat(), told())) },
        }
    }
}

/// How many steps the one lies below the other; more than one where neither is an ancestor.
fn distance(a: &[Step], b: &[Step]) -> usize {
    let same = |(a, b): (&Step, &Step)| a.0 == b.0 && (a.1 == b.1 || a.1.is_none() || b.1.is_none());
    match a.iter().zip(b).all(same) {
        true => a.len().abs_diff(b.len()),
        false => usize::MAX,
    }
}

fn steps(path: &str) -> Vec<Step> {
    let mut out: Vec<Step> = Vec::new();
    // Errors of its XML reader have XPaths: `/f:Patient/f:name`.
    let path = without_notes(path).replace("/f:", ".");
    for part in path.trim_start_matches('.').split('.') {
        if let Some(ty) = part.strip_prefix("ofType(").and_then(|t| t.strip_suffix(')')) {
            let Some((name, _)) = out.last_mut() else { continue };
            let (first, rest) = ty.split_at(ty.len().min(1));
            name.push_str(&first.to_uppercase());
            name.push_str(rest);
            continue;
        }
        let (name, index) = part.split_once('[').unwrap_or((part, ""));
        let index = index.split(']').next().and_then(|i| i.parse().ok());
        out.push((name.to_string(), index));
    }
    out
}

fn without_notes(path: &str) -> String {
    let mut out = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once("/*") {
        out.push_str(before);
        rest = after.split_once("*/").map_or("", |(_, after)| after);
    }
    out + rest
}

#[test]
fn places_are_compared_without_notes() {
    assert_eq!(steps("Bundle.entry[0].resource/*Patient/1*/.name"), steps("Bundle.entry[0].resource.name"));
    assert_eq!(steps("Observation.value.ofType(Quantity)"), steps("Observation.valueQuantity"));
    assert_eq!(steps("/f:Patient/f:name"), steps("Patient.name"));
    let near = |a, b| distance(&steps(a), &steps(b)) <= 1;
    assert!(near("Patient.name", "Patient.name[1].given") && near("Patient", "Patient"));
    assert!(!near("Patient.name[0]", "Patient.name[1]") && !near("Patient", "Patient.name[0].given[0]"));
}
