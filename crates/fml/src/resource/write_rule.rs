//! Rules to elements of a StructureMap.
//!
//! Invariant: elements stand in R4's order. Deliberately absent: the top of the map (see `write`).

use super::write::Writer;
use super::{ABSENT, DEFAULT, SHORT_FORM, SOURCE_MODES, code_of, path_text};
use crate::ast::{
    Expression, Invocation, LiteralKind, Parameter, Rule, RuleSource, RuleTarget, TargetMode, Transform,
};
use crate::fmt;
use crate::lexical::Form;
use crate::parse::fragment;
use fhir::{Kind, NodeId};

impl Writer {
    pub fn rule(&mut self, parent: NodeId, rule: &Rule) {
        let node = self.tree.add(parent, "rule", true);
        if rule.block && rule.rules.is_empty() {
            self.own(node, "map-block", Kind::Boolean, "true");
        }
        self.comments(node, "map-closing", &rule.closing);
        match &rule.name {
            Some(name) => self.text(node, "name", &name.text),
            None => {
                let absent = self.tree.add(node, "name", false);
                self.tree.set_kind(absent, Kind::Null);
                self.extension(absent, ABSENT, "valueCode", Kind::String, "not-applicable");
            }
        }
        let short = rule.is_short();
        for source in &rule.sources {
            self.source(node, source, short);
        }
        for target in &rule.targets {
            self.target(node, target, short);
        }
        for inner in &rule.rules {
            self.rule(node, inner);
        }
        for call in &rule.dependents {
            self.dependent(node, call);
        }
        self.documentation(node, &rule.documentation);
    }

    fn source(&mut self, parent: NodeId, source: &RuleSource, short: bool) {
        let node = self.tree.add(parent, "source", true);
        let default = source.default.as_ref().map(|e| (e, default_value(e)));
        if let Some((expression, None)) = &default {
            self.extension(node, DEFAULT, "valueString", Kind::String, &expression.text);
        }
        self.text(node, "context", &source.context.text);
        if let Some((min, max)) = source.cardinality {
            self.set(node, "min", Kind::Number, &min.to_string());
            self.text(node, "max", &max.map_or("*".to_string(), |m| m.to_string()));
        }
        self.name(node, "type", source.ty.as_ref());
        if let Some((_, Some((name, kind, text)))) = &default {
            self.set(node, name, *kind, text);
        }
        if !source.path.is_empty() {
            self.text(node, "element", &path_text(&source.path));
        }
        if let Some(mode) = &source.list_mode {
            self.text(node, "listMode", code_of(&SOURCE_MODES, mode));
        }
        match &source.variable {
            None if short => self.text(node, "variable", SHORT_FORM),
            variable => self.name(node, "variable", variable.as_ref()),
        }
        for (name, expression) in
            [("condition", &source.condition), ("check", &source.check), ("logMessage", &source.log)]
        {
            if let Some(expression) = expression {
                self.text(node, name, &expression.text);
            }
        }
    }

    fn target(&mut self, parent: NodeId, target: &RuleTarget, short: bool) {
        let node = self.tree.add(parent, "target", true);
        if let Some(context) = &target.context {
            self.text(node, "context", &context.text);
            self.text(node, "contextType", "variable");
        }
        if !target.path.is_empty() {
            self.text(node, "element", &path_text(&target.path));
        }
        match &target.variable {
            None if short => self.text(node, "variable", SHORT_FORM),
            variable => self.name(node, "variable", variable.as_ref()),
        }
        let (mode, id) = match &target.list_mode {
            None => (None, None),
            Some(TargetMode::First) => (Some("first"), None),
            Some(TargetMode::Last) => (Some("last"), None),
            Some(TargetMode::Single) => (Some("collate"), None),
            Some(TargetMode::Share(id)) => (Some("share"), id.as_ref()),
        };
        if let Some(mode) = mode {
            self.tree.add_text(node, "listMode", true, mode);
        }
        self.name(node, "listRuleId", id);
        match &target.transform {
            None if short => self.text(node, "transform", "create"),
            None => {}
            Some(transform) => self.transform(node, transform),
        }
    }

    fn transform(&mut self, node: NodeId, transform: &Transform) {
        match transform {
            Transform::Literal(literal) => {
                self.text(node, "transform", "copy");
                self.parameter(node, &Parameter::Literal(literal.clone()));
            }
            Transform::Copy(path) => {
                self.text(node, "transform", "copy");
                let item = self.tree.add(node, "parameter", true);
                self.text(item, "valueId", &path_text(path));
            }
            Transform::Evaluate(expression) => {
                self.text(node, "transform", "evaluate");
                let item = self.tree.add(node, "parameter", true);
                self.text(item, "valueString", &expression.text);
            }
            Transform::Call { name, parameters } => {
                self.text(node, "transform", &name.text);
                for (i, parameter) in parameters.iter().enumerate() {
                    match parameter {
                        Parameter::Expression(expression) if name.text == "evaluate" && i == 1 => {
                            let item = self.tree.add(node, "parameter", true);
                            self.text(item, "valueString", &expression.text);
                        }
                        _ => self.parameter(node, parameter),
                    }
                }
            }
        }
    }

    fn parameter(&mut self, node: NodeId, parameter: &Parameter) {
        let item = self.tree.add(node, "parameter", true);
        match value_of(parameter) {
            Some((name, kind, text)) => self.set(item, name, kind, text),
            None => {
                let value = self.tree.add(item, "valueString", false);
                self.tree.set_kind(value, Kind::Null);
                self.own(value, "map-text", Kind::String, &fmt::parameter(parameter));
            }
        }
    }

    /// R4 has texts for the inputs: a variable's name, or what the text form writes.
    fn dependent(&mut self, parent: NodeId, call: &Invocation) {
        let node = self.tree.add(parent, "dependent", true);
        self.text(node, "name", &call.name.text);
        for parameter in &call.parameters {
            let text = match parameter {
                Parameter::Variable(name) if is_bare(&name.text) => name.text.clone(),
                other => fmt::parameter(other),
            };
            self.tree.add_text(node, "variable", true, &text);
        }
    }
}

/// Can the name not be taken for a constant or an expression?
fn is_bare(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') && !matches!(name, "true" | "false")
}

/// The element of `value[x]` that holds the parameter.
fn value_of(parameter: &Parameter) -> Option<(&'static str, Kind, &str)> {
    match parameter {
        Parameter::Variable(name) => Some(("valueId", Kind::String, name.text.as_str())),
        Parameter::Literal(literal) => match literal.kind {
            LiteralKind::Text if !literal.text.is_empty() => {
                Some(("valueString", Kind::String, literal.text.as_str()))
            }
            LiteralKind::Boolean => Some(("valueBoolean", Kind::Boolean, literal.text.as_str())),
            LiteralKind::Integer if Form::Integer.allows(&literal.text) => {
                Some(("valueInteger", Kind::Number, literal.text.as_str()))
            }
            LiteralKind::Decimal if Form::Decimal.allows(&literal.text) => {
                Some(("valueDecimal", Kind::Number, literal.text.as_str()))
            }
            _ => None,
        },
        Parameter::Expression(_) => None,
    }
}

/// The element of `defaultValue[x]` that holds the constant; nothing for an expression.
fn default_value(expression: &Expression) -> Option<(&'static str, Kind, String)> {
    let Some(Parameter::Literal(literal)) = fragment::parameter(&expression.text) else { return None };
    let time = literal.text.strip_prefix('T');
    let found = match literal.kind {
        LiteralKind::Text if !literal.text.is_empty() => ("defaultValueString", Kind::String),
        LiteralKind::Boolean => ("defaultValueBoolean", Kind::Boolean),
        LiteralKind::Integer if Form::Integer.allows(&literal.text) => ("defaultValueInteger", Kind::Number),
        LiteralKind::Decimal if Form::Decimal.allows(&literal.text) => ("defaultValueDecimal", Kind::Number),
        LiteralKind::Moment if time.is_some_and(|t| Form::Time.allows(t)) => {
            ("defaultValueTime", Kind::String)
        }
        LiteralKind::Moment if Form::Date.allows(&literal.text) => ("defaultValueDate", Kind::String),
        LiteralKind::Moment if Form::DateTime.allows(&literal.text) => ("defaultValueDateTime", Kind::String),
        _ => return None,
    };
    let text = if found.0 == "defaultValueTime" { time?.to_string() } else { literal.text };
    Some((found.0, found.1, text))
}
