//! A MeasureReport against the Measure that it reports on (FHIR R4 measurereport.html §9.21).
//!
//! Invariant: groups and populations are matched by their codes; a group without code only where there
//! is one. Deliberately absent: scores and counts, and criteria in CQL, which are told as not checkable.

use super::Run;
use super::cql::Names;
use crate::finding::Severity;
use crate::tree::{NodeId, NodeRef};

/// Checks the MeasureReport at `node`.
pub(super) fn report(run: &mut Run<'_>, node: NodeId) {
    let (own, at) = (run.own, run.tree.at(node));
    let Some(canonical) = at.child("measure") else { return };
    let Some(measure) = own.canonical("Measure", canonical.text().unwrap_or_default()) else {
        let what = "the measure is not loaded here in this version: the report was not checked against it";
        return run.unsure("measure", canonical.id, what);
    };
    let scoring = measure.child("scoring").map(codes).unwrap_or_default();
    let cohort = scoring.iter().any(|(_, code)| *code == "cohort");
    let defined: Vec<NodeRef<'_>> = measure.all("group").collect();
    let alone = at.all("group").count() == 1;
    for group in at.all("group") {
        if let Some(score) = group.child("measureScore").filter(|_| cohort) {
            run.error("measure", score.id, "a measure of a cohort has no score; leave it out".into());
        }
        let found = match (group.child("code"), defined.as_slice()) {
            (None, [only]) if alone => Some(*only),
            (Some(_), [only]) if alone && only.child("code").is_none() => Some(*only),
            (Some(code), _) => {
                defined.iter().find(|d| d.child("code").is_some_and(|c| same(c, code))).copied()
            }
            (None, _) => None,
        };
        match found {
            Some(definition) => {
                populations(run, group, definition);
                stratifiers(run, group, definition);
            }
            None => run.error("measure", group.id, "the measure has no group with this code".into()),
        }
    }
}

fn populations(run: &mut Run<'_>, group: NodeRef<'_>, definition: NodeRef<'_>) {
    let is = |a: NodeRef<'_>, b: NodeRef<'_>| match (a.child("code"), b.child("code")) {
        (Some(a), Some(b)) => same(a, b),
        (None, None) => true,
        _ => false,
    };
    for own in group.all("population") {
        if !definition.all("population").any(|d| is(own, d)) {
            run.error("measure", own.id, "the measure has no population with this code in the group".into());
        }
    }
    let missing =
        definition.all("population").filter(|d| !group.all("population").any(|own| is(own, *d))).count();
    if missing > 0 {
        let what = format!("{missing} of the measure's populations of this group are not reported");
        run.tell("measure", Severity::Warning, group.id, what);
    }
}

/// A stratifier is one of the measure's by its code, or where neither has one by its components.
fn stratifiers(run: &mut Run<'_>, group: NodeRef<'_>, definition: NodeRef<'_>) {
    let is = |own: NodeRef<'_>, defined: NodeRef<'_>| match (own.child("code"), defined.child("code")) {
        (Some(a), Some(b)) => same(a, b),
        (None, None) => {
            let known = |code: NodeRef<'_>| {
                defined.all("component").filter_map(|d| d.child("code")).any(|c| same(c, code))
            };
            let parts = own.all("stratum").flat_map(|s| s.all("component").collect::<Vec<_>>());
            parts.filter_map(|p| p.child("code")).all(known)
        }
        _ => false,
    };
    for own in group.all("stratifier") {
        if !definition.all("stratifier").any(|d| is(own, d)) {
            let what =
                "the measure has no stratifier with this code, or without code and with these components";
            run.error("measure", own.id, what.into());
        }
    }
}

/// Checks the Measure at `node`: do the names that it computes by exist?
pub(super) fn measure(run: &mut Run<'_>, node: NodeId) {
    let at = run.tree.at(node);
    let names = Names::of(run, at);
    let mut work = vec![at];
    while let Some(at) = work.pop() {
        work.extend(at.children().filter(|c| !matches!(c.name(), "contained" | "extension")));
        if at.name() != "criteria" || !at.child_text("language").is_some_and(|l| l.starts_with("text/cql")) {
            continue;
        }
        match names.has(at.child_text("expression").unwrap_or_default()) {
            Some(true) => {}
            Some(false) => {
                let what = "the measure's library defines no such name; correct the name or the library";
                run.error("measure", at.id, what.into());
            }
            None => run.unsure("measure", at.id, "criteria in CQL are not read here, but for plain names"),
        }
    }
}

/// Do the two concepts have a code in common, or the same text where they have none?
fn same(a: NodeRef<'_>, b: NodeRef<'_>) -> bool {
    let (x, y) = (codes(a), codes(b));
    match x.is_empty() && y.is_empty() {
        true => a.child_text("text") == b.child_text("text"),
        false => x.iter().any(|(system, code)| {
            y.iter().any(|(s, c)| c == code && (s == system || s.is_none() || system.is_none()))
        }),
    }
}

fn codes<'a>(concept: NodeRef<'a>) -> Vec<(Option<&'a str>, &'a str)> {
    let all = concept.all("coding");
    all.filter_map(|c| Some((c.child_text("system"), c.child_text("code")?))).collect()
}
