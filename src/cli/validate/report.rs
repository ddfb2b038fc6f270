//! A verdict for people: three headings, each finding with its line, and apart from them what could not be
//! checked here.
//!
//! Invariant: no value of a message, unless it was asked for; the last lines say what counts. Deliberately
//! absent: any judgement; it is all in the report.

use super::{
    excerpt::Veiled,
    words::{self, NOT_CHECKED, NOTHING_FOUND},
};
use crate::{
    cli::diagnostic::{Cited, Diagnostic},
    model::{Code, Finding, Lang, fault::Severity},
    rulebook::check::{Found, Heading, Report},
};
use annotate_snippets::Level;
use std::collections::BTreeMap;
use std::fmt::Write;

/// Findings of one heading that are shown; machines get all.
const MOST_SHOWN: usize = 100;
/// Different things that could not be checked and are named.
const MOST_UNSURE: usize = 20;

/// How a verdict is told.
pub struct Teller<'a> {
    /// In this language.
    pub lang: Lang,
    /// With colours?
    pub terminal: bool,
    /// The message, as much of it as may be shown.
    pub veiled: Option<Veiled<'a>>,
    /// Its name.
    pub file: &'a str,
}

/// Errors and warnings of a heading.
pub fn tally(report: &Report, heading: Heading) -> (usize, usize) {
    let of = |severity| {
        let own = report.found.iter().filter(|f| f.heading == heading && !f.not_checkable);
        own.filter(|f| f.finding.severity == severity).count()
    };
    (of(Severity::Error), of(Severity::Warning))
}

impl Teller<'_> {
    /// The whole verdict.
    pub fn tell(&self, report: &Report) -> String {
        let lang = self.lang;
        let mut text = format!("{}\n", self.head(report));
        for heading in Heading::ALL {
            let (errors, warnings) = tally(report, heading);
            let told = match (heading, words::errors(lang, errors, warnings)) {
                (Heading::Format, found) if !report.readable => {
                    format!("{} ({found})", lang.pick(words::UNREADABLE))
                }
                (Heading::Format, _) => lang.pick(words::READABLE).into(),
                _ if !report.readable => lang.pick(NOT_CHECKED).into(),
                (Heading::Agreement, _) if report.checked.is_empty() => lang.pick(NOT_CHECKED).into(),
                (_, found) if found.is_empty() => lang.pick(NOTHING_FOUND).into(),
                (_, found) => found,
            };
            let about = self.about(report, heading);
            let _ = writeln!(text, "  {:<18} {told}{about}", lang.pick(words::heading(heading)));
        }
        text += &self.unsure(report);
        for heading in Heading::ALL {
            text += &self.findings(report, heading);
        }
        text
    }

    /// `message.json: fhir-r4-json, admission-notice: not valid`
    pub fn head(&self, report: &Report) -> String {
        let event = report.event.as_ref().map(|event| format!(", {event}")).unwrap_or_default();
        let verdict = match report.is_valid() {
            true => words::VALID,
            false => words::INVALID,
        };
        format!("{}: {}{event}: {}", self.file, report.kind.word(), self.lang.pick(verdict))
    }

    fn about(&self, report: &Report, heading: Heading) -> String {
        let profile = report.profile.as_ref().filter(|_| heading == Heading::Profile);
        let checked = report.checked.iter().filter(|_| heading == Heading::Agreement);
        let checked: Vec<&str> = checked.map(|c| self.lang.pick(words::checked(*c).1)).collect();
        match (profile, checked.is_empty()) {
            (Some(profile), _) => format!(" ({profile})"),
            (None, false) => format!(" ({}: {})", self.lang.pick(words::CHECKED), checked.join("; ")),
            (None, true) => String::new(),
        }
    }

    /// What could not be checked, each thing once with its number.
    fn unsure(&self, report: &Report) -> String {
        let mut by_message: BTreeMap<&str, (usize, &Finding)> = BTreeMap::new();
        for found in report.found.iter().filter(|f| f.not_checkable) {
            // Where a map made it is another place each time.
            let what = found.finding.detail.split(" (in the FHIR form").next().unwrap_or_default();
            by_message.entry(what).or_insert((0, &found.finding)).0 += 1;
        }
        if by_message.is_empty() {
            return String::new();
        }
        let all: usize = by_message.values().map(|(n, _)| n).sum();
        let mut text = format!("  {:<18} {all}\n", self.lang.pick(words::UNSURE));
        for (message, (n, first)) in by_message.iter().take(MOST_UNSURE) {
            let (times, at) = match n {
                1 => (String::new(), words::AT),
                n => (format!("{n} × "), words::FIRST_AT),
            };
            let _ = writeln!(text, "    {times}{message}, {} {}", self.lang.pick(at), spot(first));
        }
        if by_message.len() > MOST_UNSURE {
            let _ = writeln!(text, "    {} {}", by_message.len() - MOST_UNSURE, self.lang.pick(words::MORE));
        }
        text
    }

    /// The worst last, nearest to what the reader sees first.
    fn findings(&self, report: &Report, heading: Heading) -> String {
        let own = || report.found.iter().filter(|f| f.heading == heading && !f.not_checkable);
        let mut told: Vec<&Found> = own().filter(|f| f.is_error()).take(MOST_SHOWN).collect();
        let room = MOST_SHOWN - told.len();
        told.extend(own().filter(|f| !f.is_error()).take(room));
        told.sort_by_key(|f| std::cmp::Reverse(f.finding.severity));
        let mut text: String = told.iter().map(|f| format!("\n{}\n", self.diagnostic(f))).collect();
        let left = own().count() - told.len();
        if left > 0 {
            let _ = writeln!(text, "\n{left} {}", self.lang.pick(words::MORE));
        }
        text
    }

    fn diagnostic(&self, found: &Found) -> String {
        let finding = &found.finding;
        let place = &finding.place;
        let excerpt = self.veiled.as_ref().zip(place.span.as_ref()).map(|(v, span)| v.excerpt(span));
        let at = place.line.zip(place.column).map(|(line, column)| (line as usize, column as usize));
        let (code, entry) = (finding.code.to_string(), finding.code.entry());
        let path = place.path.as_ref().map(|path| format!("{} {path}", self.lang.pick(words::AT)));
        // What the profile or schema asks for says itself what to do.
        let own = !matches!(finding.code, Code::Profile | Code::Schema);
        let (what, cause) = parted(found);
        let title = match self.lang {
            Lang::Sv if own => format!("{}: {what}", entry.title.1),
            _ => what,
        };
        let told = Diagnostic {
            level: match finding.severity {
                Severity::Error => Level::ERROR,
                Severity::Warning => Level::WARNING,
                Severity::Information => Level::INFO,
            },
            code: &code,
            title: &title,
            file: self.file,
            cited: excerpt.as_ref().zip(at).map(|(excerpt, (line, column))| Cited {
                text: &excerpt.text,
                span: excerpt.span.clone(),
                line,
                at: excerpt.cut.then_some((line, column)),
            }),
            notes: path.into_iter().chain(cause).collect(),
            help: own.then(|| self.lang.pick(entry.remedy)),
        };
        told.render(self.terminal)
    }
}

/// What is wrong, and apart from it what came nearest to being right.
fn parted(found: &Found) -> (String, Option<String>) {
    let detail = &found.finding.detail;
    let rule = found.rule.map(|rule| format!(" [{rule}]")).unwrap_or_default();
    match detail.strip_suffix(&rule).unwrap_or(detail).split_once("; nearest is ") {
        Some((what, cause)) => (format!("{what}{rule}"), Some(format!("nearest is {cause}"))),
        None => (detail.clone(), None),
    }
}

/// Path, line and column.
fn spot(finding: &Finding) -> String {
    let place = &finding.place;
    let path = place.path.as_deref().unwrap_or("-");
    match (place.line, place.column) {
        (Some(line), Some(column)) => format!("{path} ({line}:{column})"),
        _ => path.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_nearest_is_told_apart_from_what_is_wrong() {
        let found = |detail: &str| Found {
            rule: Some("slice"),
            ..Found::of(Heading::Profile, Finding::error(Code::Profile, detail))
        };
        let (what, cause) =
            parted(&found("belongs to no slice; nearest is `a`, but [type] P.b: it is a C [slice]"));
        assert_eq!(what, "belongs to no slice [slice]");
        assert_eq!(cause.as_deref(), Some("nearest is `a`, but [type] P.b: it is a C"));
        assert_eq!(parted(&found("is empty [slice]")), ("is empty [slice]".into(), None));
    }
}
