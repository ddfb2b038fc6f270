//! A verdict for machines.
//!
//! Invariant: keys and words are English whatever the language; everything that was found is there, and
//! no value of a message. Deliberately absent: the lines of source.

use super::{report::tally, words};
use crate::{
    config::Mode,
    model::Lang,
    rulebook::{
        Rulebook,
        check::{Found, Heading, Report},
    },
};
use serde_json::{Map, Value, json};

/// One file's verdict.
pub fn file(name: &str, report: &Report, lang: Lang) -> Value {
    let headings: Map<String, Value> = Heading::ALL
        .iter()
        .map(|heading| {
            let (errors, warnings) = tally(report, *heading);
            (heading.word().to_string(), json!({ "errors": errors, "warnings": warnings }))
        })
        .collect();
    let checked: Vec<&str> = report.checked.iter().map(|c| words::checked(*c).0).collect();
    json!({
        "file": name,
        "format": report.kind.word(),
        "event": report.event,
        "profile": report.profile,
        "valid": report.is_valid(),
        "readable": report.readable,
        "headings": headings,
        "agreementChecked": checked,
        "notCheckable": report.found.iter().filter(|f| f.not_checkable).count(),
        "findings": report.found.iter().map(|f| finding(f, lang)).collect::<Vec<_>>(),
    })
}

fn finding(found: &Found, lang: Lang) -> Value {
    let entry = found.finding.code.entry();
    let place = &found.finding.place;
    json!({
        "heading": found.heading.word(),
        "code": entry.id,
        "rule": found.rule,
        "severity": found.finding.severity.word(),
        "notCheckable": found.not_checkable,
        "path": place.path,
        "line": place.line,
        "column": place.column,
        "message": found.finding.detail,
        "title": lang.pick(entry.title),
        "remedy": lang.pick(entry.remedy),
    })
}

/// The document around the files.
pub fn whole(rulebook: &Rulebook, mode: Option<Mode>, files: Vec<Value>, summary: Value) -> Value {
    let packages: Vec<Value> = rulebook
        .editions()
        .iter()
        .map(|e| json!({ "name": e.name, "version": e.version, "sha256": e.sha256 }))
        .collect();
    let unproved: Vec<&str> = words::UNPROVED.iter().map(|(word, _)| *word).collect();
    json!({
        "valid": summary["invalid"] == 0 && summary["unread"] == 0,
        "rules": rulebook.version(),
        "packages": packages,
        "mode": mode.map(|mode| match mode {
            Mode::Test => "test",
            Mode::Production => "production",
        }),
        "files": files,
        "notProved": unproved,
        "summary": summary,
    })
}
