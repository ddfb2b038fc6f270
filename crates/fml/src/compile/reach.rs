//! Rules that never run, that do nothing, or that write a second value where one fits.
//!
//! Errors where it is certain for every message, warnings where it depends on the message. Invariant:
//! only what is certain from the map and its models is called certain. Deliberately absent: reasoning
//! about conditions beyond constants.

use super::Compiler;
use crate::ast::{Place, Rule, RuleSource, SourceMode, Transform};
use crate::code::{Condition, ElementCode, ModeCode, RuleCode, SourceCode, TargetCode, ValueCode};
use crate::lex::{self, Kind};
use crate::run;
use fhirpath::Value;

/// A single-valued element that a rule surely writes: variable, path, value.
type Written = (usize, String, Option<String>);

impl<'l> Compiler<'l> {
    /// Sources that can never come to anything.
    pub(super) fn check_source(&mut self, source: &RuleSource, code: &SourceCode) {
        let never = |c: &Self, place: Place, why: &str| {
            let mut error = c.loaded().source.error(place, "unreachable-rule", why);
            error.remedy = Some("take the rule out, or mend this".into());
            error
        };
        let mut found = Vec::new();
        if let (Some(Condition::Expression(condition)), Some(written)) = (&code.condition, &source.condition)
            && is_constant(&written.text)
            && !truth(&condition.expression)
        {
            found.push(never(self, written.place, "the rule never runs: its condition is never true"));
        }
        if let Some((min, max)) = source.cardinality {
            let most = if code.repeats { max } else { Some(max.map_or(1, |m| m.min(1))) };
            if most.is_some_and(|most| min > most) {
                let message = match code.repeats {
                    true => "the least number is greater than the most".to_string(),
                    false => format!("{min} are asked of what is there once at most"),
                };
                found.push(self.loaded().source.error(source.place, "cardinality-never", message));
            }
        }
        if !code.repeats && matches!(source.list_mode, Some(SourceMode::NotFirst | SourceMode::NotLast)) {
            let why = "the rule never runs: its source is there once at most";
            found.push(never(self, source.place, why));
        }
        found.into_iter().for_each(|d| self.push(d));
    }

    /// Rules of one block, compiled.
    pub(super) fn check_rules(&mut self, rules: &'l [Rule], codes: &[RuleCode]) {
        let mut before: Vec<Written> = Vec::new();
        for (rule, code) in rules.iter().zip(codes) {
            if code.targets.len() == rule.targets.len() && code.sources.len() == rule.sources.len() {
                self.check_effect(rule);
                self.check_single(rule, code, &mut before);
            }
        }
    }

    fn check_effect(&mut self, rule: &Rule) {
        let tests = |s: &RuleSource| s.check.is_some() || s.log.is_some() || s.cardinality.is_some();
        let only_one = |s: &RuleSource| s.list_mode == Some(SourceMode::OnlyOne);
        let idle = rule.targets.is_empty() && rule.dependents.is_empty() && rule.rules.is_empty();
        if idle && !rule.sources.iter().any(|s| tests(s) || only_one(s)) {
            let remedy = "add what follows after `->` or `then`, or take it out";
            self.warn(rule.place, "rule-without-effect", "the rule does nothing", Some(remedy));
        }
        let more = !rule.dependents.is_empty() || !rule.rules.is_empty() || rule.is_short();
        for target in rule.targets.iter().filter(|_| !more) {
            let alias = target.path.is_empty();
            if target.transform.is_none() && target.variable.is_none() && !alias {
                let message = "nothing fills this element, so it is left out";
                self.warn(target.place, "target-never-filled", message, Some("give it a value"));
            }
        }
    }

    /// Second values for elements that take one.
    fn check_single(&mut self, rule: &Rule, code: &RuleCode, before: &mut Vec<Written>) {
        let certain =
            code.sources.iter().all(|s| s.steps.is_empty() && s.ty.is_none() && s.condition.is_none());
        let repeats = rule.sources.iter().zip(&code.sources).any(|(s, c)| {
            let one = matches!(s.list_mode, Some(SourceMode::First | SourceMode::Last | SourceMode::OnlyOne));
            let most = s.cardinality.and_then(|(_, max)| max);
            c.repeats && !one && s.condition.is_none() && most != Some(1)
        });
        // Elements that this rule makes anew each time.
        let mut fresh: Vec<usize> = Vec::new();
        let mut here: Vec<Written> = Vec::new();
        for (target, code) in rule.targets.iter().zip(&code.targets) {
            let Some(slot) = code.context else { continue };
            let renewed = fresh.contains(&slot);
            fresh.extend(code.bind.filter(|_| renewed || makes_anew(code)));
            let Some(path) = single_path(code).filter(|_| !matches!(code.value, ValueCode::New)) else {
                continue;
            };
            let constant = match &target.transform {
                Some(Transform::Literal(literal)) => Some(literal.text.clone()),
                _ => None,
            };
            if repeats && !renewed && constant.is_none() {
                let message = format!("the rule may run several times, but `{path}` takes one value");
                let remedy = "pick one repetition: `first`, `only_one`, or a `where`";
                self.warn(target.place, "target-may-be-full", message, Some(remedy));
            }
            let same = |w: &&Written| (w.0, &w.1) == (slot, &path);
            let earlier = here.iter().find(same).or_else(|| before.iter().find(same).filter(|_| certain));
            if let Some((_, _, value)) = earlier {
                self.second_value(target.place, &path, value.as_ref(), constant.as_ref());
                continue;
            }
            here.push((slot, path, constant));
        }
        if certain {
            before.extend(here);
        }
    }

    fn second_value(&mut self, place: Place, path: &str, first: Option<&String>, second: Option<&String>) {
        match (first, second) {
            (Some(first), Some(second)) if first == second => {}
            (Some(_), Some(_)) => {
                let message = format!("`{path}` takes one value, and was given another before");
                self.error(place, "target-twice", message, Some("keep one of them"));
            }
            _ => {
                let message = format!("`{path}` takes one value, and was given one before");
                self.warn(place, "target-may-be-full", message, Some("keep one of them"));
            }
        }
    }
}

/// Is it another element each time?
fn makes_anew(code: &TargetCode) -> bool {
    let last = code.element.as_ref().is_some_and(|e| e.list);
    last && matches!(code.mode, ModeCode::Next | ModeCode::First | ModeCode::Last)
}

/// The target's path where each step of it is there once; nothing for what repeats.
fn single_path(code: &TargetCode) -> Option<String> {
    let last = code.element.as_ref()?;
    let one = |e: &ElementCode| !e.list && !e.name.is_empty();
    if !one(last) || !code.path.iter().all(one) {
        return None;
    }
    let names: Vec<&str> = code.path.iter().chain([last]).map(|e| e.name.as_str()).collect();
    Some(names.join("."))
}

/// Does the expression read nothing?
pub(super) fn is_constant(text: &str) -> bool {
    let words = ["true", "false", "and", "or", "xor", "implies", "not", "div", "mod"];
    lex::lex(text).tokens.iter().all(|t| match t.kind {
        Kind::Word => text.get(t.start..t.end).is_some_and(|w| words.contains(&w)),
        Kind::Ticked | Kind::Sign("%" | "$") => false,
        _ => true,
    })
}

fn truth(expression: &fhirpath::Expr) -> bool {
    let found = expression.truth_on(&run::constant_scope(), &[] as &[Value<'_>]);
    // What fails will fail when it runs; that is another finding.
    found.map_or(true, |truth| truth.unwrap_or(false))
}
