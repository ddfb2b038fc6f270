//! One answer: its type, the options, and the limits that the question sets.
//!
//! Invariant: no answer appears in a finding. Deliberately absent: limits in regular expressions and
//! profiles of what a reference points at, which are told as not checkable.

use super::super::order::{UCUM, compare};
use super::question::Question;
use super::values::Typed;
use super::{Answers, value_of};
use crate::tree::{Kind, NodeId, NodeRef};
use std::cmp::Ordering;

/// The type of answer for each type of question (the code system item-type).
const TYPES: [(&str, &[&str]); 14] = [
    ("boolean", &["Boolean"]),
    ("decimal", &["Decimal"]),
    ("integer", &["Integer"]),
    ("date", &["Date"]),
    ("dateTime", &["DateTime"]),
    ("time", &["Time"]),
    ("string", &["String"]),
    ("text", &["String"]),
    ("url", &["Uri"]),
    ("choice", &["Coding"]),
    ("open-choice", &["Coding", "String"]),
    ("attachment", &["Attachment"]),
    ("reference", &["Reference"]),
    ("quantity", &["Quantity"]),
];

/// Limits that would need an engine or the resource that a reference leads to.
const NOT_HERE: [&str; 3] = ["regex", "questionnaire-constraint", "questionnaire-referenceProfile"];

impl<'a> Answers<'_, 'a> {
    /// Checks the answer at `answer` to the question.
    pub(super) fn answer(&mut self, question: &Question<'a>, answer: NodeId) {
        let Some(value) = value_of(self.run.tree.at(answer)).filter(|(_, v)| v.kind() != Kind::Null) else {
            return;
        };
        let kind = question.kind.unwrap_or_default();
        let allowed = TYPES.iter().find(|(name, _)| *name == kind).map_or(&[][..], |(_, types)| types);
        let of_option = kind.ends_with("choice") && question.options().has_type(value.0);
        if !allowed.is_empty() && !allowed.contains(&value.0) && !of_option {
            let what = format!("a question of type {kind} is answered by {}", allowed.join(" or "));
            return self.error(value.1.id, what);
        }
        let free = kind == "open-choice" && value.0 == "String";
        if !free {
            self.chosen(question, value);
        }
        if !self.given.effort.spend(question.weight) {
            return self.unsure(value.1.id, "whether the answer keeps the limits of the question");
        }
        self.limits(question, value);
        match value.0 {
            "Attachment" => self.attachment(question, value.1),
            "Quantity" => self.quantity(question, value),
            "Reference" => self.referred(question, value.1),
            _ => {}
        }
    }

    /// Is the value one of those offered?
    fn chosen(&mut self, question: &Question<'a>, value: Typed<'a>) {
        let options = question.options();
        let verdict = match options.is_empty() {
            true => Some(true),
            false => options.contains(value, &mut self.given.effort),
        };
        match verdict {
            Some(true) => {}
            Some(false) => self.error(value.1.id, "the answer is none of the options of the question".into()),
            None => self.unsure(value.1.id, "whether the answer is among the options"),
        }
        let Some(set) = question.value_set else { return };
        let (system, code) = match value.0 {
            "Coding" => (value.1.child_text("system"), value.1.child_text("code")),
            _ => (None, value.1.text()),
        };
        let Some(code) = code else {
            return self.error(value.1.id, "the answer has no code, which its value set asks for".into());
        };
        match self.in_set(set, system, code) {
            Some(true) => {}
            Some(false) => {
                self.error(value.1.id, "the answer is not in the value set of the question".into());
            }
            None => self.unsure(value.1.id, "whether the answer is in the value set of the question"),
        }
    }

    /// As for bindings; a value set that the questionnaire contains goes by its address and `#id`.
    fn in_set(&self, set: &str, system: Option<&str>, code: &str) -> Option<bool> {
        match set.starts_with('#') {
            true => self.run.in_set(&format!("{}{set}", self.url), system, code),
            false => self.run.in_set(set, system, code),
        }
    }

    /// Lengths, decimals, least and greatest values.
    fn limits(&mut self, question: &Question<'a>, value: Typed<'a>) {
        let at = value.1.id;
        let number = |n: Option<NodeRef<'_>>| n?.text()?.parse::<usize>().ok();
        if let Some(length) = value.1.text().map(|t| t.chars().count()) {
            if let Some(most) = question.max_length.filter(|&m| length > m) {
                self.error(at, format!("the answer has {length} characters, more than the {most} allowed"));
            }
            if let Some(least) = number(question.setting("minLength")).filter(|&m| length < m) {
                self.error(
                    at,
                    format!("the answer has {length} characters, less than the {least} asked for"),
                );
            }
        }
        let decimals = value.1.text().filter(|t| value.0 == "Decimal" && !t.contains(['e', 'E']));
        let decimals =
            decimals.and_then(|t| t.split_once('.')).map_or(0, |(_, d)| d.trim_end_matches('0').len());
        if let Some(most) = number(question.setting("maxDecimalPlaces")).filter(|&m| decimals > m) {
            self.error(at, format!("the answer has {decimals} decimals, more than the {most} allowed"));
        }
        for (name, beyond) in [("minValue", Ordering::Less), ("maxValue", Ordering::Greater)] {
            for &limit in question.settings(name) {
                let word = if beyond.is_lt() { "less than the least" } else { "more than the greatest" };
                match compare(value, limit) {
                    Some(order) if order == beyond => {
                        self.error(at, format!("the answer is {word} value that the question allows"));
                    }
                    Some(_) => {}
                    None => self.unsure(at, &format!("whether the answer is {word} value allowed")),
                }
            }
        }
        for name in NOT_HERE.iter().filter(|name| question.setting(name).is_some()) {
            self.unsure(at, &format!("the question's {name}"));
        }
    }

    fn attachment(&mut self, question: &Question<'a>, value: NodeRef<'a>) {
        let kinds = question.settings("mimeType");
        let own = value.child_text("contentType");
        if !kinds.is_empty() && !kinds.iter().any(|(_, kind)| own.is_some() && kind.text() == own) {
            self.error(
                value.id,
                "the attachment's contentType is none of those that the question allows".into(),
            );
        }
        let limit = question.setting("maxSize").and_then(|n| n.text()?.parse::<f64>().ok());
        let data = value.child_text("data").and_then(super::super::attachment::bytes);
        let size = data.or_else(|| value.child_text("size")?.parse().ok());
        if let Some(most) = limit {
            match size {
                Some(size) if size as f64 > most => {
                    self.error(
                        value.id,
                        format!("the attachment has {size} bytes, more than the {most} allowed"),
                    );
                }
                Some(_) => {}
                None => self.unsure(value.id, "the attachment's size, which it does not tell,"),
            }
        }
    }

    /// Units, and the least and greatest quantity.
    fn quantity(&mut self, question: &Question<'a>, value: Typed<'a>) {
        let at = value.1.id;
        let unit = (value.1.child_text("system"), value.1.child_text("code"));
        let options = question.settings("questionnaire-unitOption");
        let same = |u: &NodeRef<'_>| (u.child_text("system"), u.child_text("code")) == unit;
        if !options.is_empty() && !options.iter().any(|(_, option)| same(option)) {
            self.error(at, "the unit is none of those that the question offers".into());
        }
        if let Some(set) = question.setting("questionnaire-unitValueSet").and_then(|n| n.text()) {
            let verdict = unit.1.map_or(Some(false), |code| self.in_set(set, unit.0, code));
            match verdict {
                Some(true) => {}
                Some(false) => self.error(at, "the unit is not in the question's value set of units".into()),
                None => self.unsure(at, "whether the unit is in the question's value set of units"),
            }
        }
        let limits = [("minQuantity", Ordering::Less), ("maxQuantity", Ordering::Greater)];
        for (name, beyond) in limits {
            let Some(limit) = question.setting(&format!("sdc-questionnaire-{name}")) else { continue };
            let ucum = |q: NodeRef<'_>| q.child_text("system") == Some(UCUM) && q.child("code").is_some();
            match compare(value, ("Quantity", limit)) {
                Some(order) if order == beyond => {
                    self.error(at, format!("the quantity lies beyond the question's {name}"));
                }
                Some(_) => {}
                None if ucum(value.1) && ucum(limit) && value.1.child("comparator").is_some() => {
                    self.unsure(at, &format!("the question's {name}, for a quantity with a comparator,"));
                }
                None => {
                    let what = "cannot be compared with the question's";
                    let remedy = "give a value in a coded unit of the same kind";
                    self.error(at, format!("the quantity {what} {name}; {remedy}"));
                }
            }
        }
    }

    fn referred(&mut self, question: &Question<'a>, value: NodeRef<'a>) {
        let allowed = question.settings("questionnaire-referenceResource");
        let text = value.child_text("reference").unwrap_or_default();
        let target = self.run.resolve(value.id).map(|n| self.run.tree.type_of(n));
        let Some(named) = target.or_else(|| self.run.type_in(text)).filter(|_| !allowed.is_empty()) else {
            return;
        };
        let definitions = &self.run.own.definitions;
        let fits = |ty: &str| definitions.type_id(ty).is_some_and(|ty| definitions.is_a(named, ty));
        if !allowed.iter().filter_map(|(_, ty)| ty.text()).any(fits) {
            let what = "the reference names a type of resource that the question does not allow";
            self.error(value.id, what.into());
        }
    }

    fn unsure(&mut self, node: NodeId, what: &str) {
        self.run.unsure("questionnaire", node, &format!("{what} could not be checked here"));
    }
}
