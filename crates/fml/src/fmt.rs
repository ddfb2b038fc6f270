//! A [`Map`] back to text, in the one canonical form.
//!
//! Invariant: parsing the output gives an equal map, comments included. Deliberately absent:
//! breaking expressions: a rule is one line, or one line per target where that is too long.

use crate::ast::{
    ConceptMap, Equivalence, Expression, Group, InputMode, Invocation, Literal, LiteralKind, Map, ModelMode,
    Name, Parameter, Rule, RuleSource, RuleTarget, SourceMode, TargetMode, Transform, TypeMode, Unmapped,
};
use crate::lex::{self, quote};

/// The map as canonical text.
pub fn format(map: &Map) -> String {
    let mut out = Writer { text: String::new() };
    out.header(map);
    for group in &map.groups {
        out.blank();
        out.group(group);
    }
    if !map.closing.is_empty() {
        out.blank();
        out.comments(&map.closing, 0);
    }
    out.text
}

/// The lines before the first `uses` or `conceptmap`.
pub(crate) fn head(map: &Map) -> String {
    let mut out = Writer { text: String::new() };
    out.head(map);
    out.text
}

struct Writer {
    text: String,
}

impl Writer {
    fn line(&mut self, depth: usize, text: &str) {
        self.text.push_str(&"  ".repeat(depth));
        self.text.push_str(text);
        self.text.push('\n');
    }

    fn blank(&mut self) {
        if !self.text.is_empty() && !self.text.ends_with("\n\n") {
            self.text.push('\n');
        }
    }

    fn comments(&mut self, lines: &[String], depth: usize) {
        for line in lines {
            self.line(depth, &format!("// {line}"));
        }
    }

    fn head(&mut self, map: &Map) {
        for item in &map.metadata {
            self.comments(&item.documentation, 0);
            let value = item.value.as_ref().map(literal).unwrap_or_default();
            self.line(0, format!("/// {} = {value}", item.path.text).trim_end());
        }
        self.comments(&map.documentation, 0);
        if map.declared {
            self.line(0, &format!("map {} = {}", text(&map.url), text(&map.name)));
        }
    }

    fn header(&mut self, map: &Map) {
        self.head(map);
        for concept_map in &map.concept_maps {
            self.blank();
            self.concept_map(concept_map);
        }
        if !map.structures.is_empty() {
            self.blank();
        }
        for item in &map.structures {
            self.comments(&item.documentation, 0);
            let alias = item.alias.as_ref().map(|a| format!(" alias {}", name(a))).unwrap_or_default();
            let mode = match item.mode {
                ModelMode::Source => "source",
                ModelMode::Queried => "queried",
                ModelMode::Target => "target",
                ModelMode::Produced => "produced",
            };
            self.line(0, &format!("uses {}{alias} as {mode}", text(&item.url)));
        }
        if !map.imports.is_empty() {
            self.blank();
        }
        for item in &map.imports {
            self.comments(&item.documentation, 0);
            self.line(0, &format!("imports {}", text(&item.url)));
        }
        if !map.constants.is_empty() {
            self.blank();
        }
        for item in &map.constants {
            self.comments(&item.documentation, 0);
            self.line(0, &format!("let {} = {};", name(&item.name), item.value.text));
        }
    }

    fn concept_map(&mut self, map: &ConceptMap) {
        self.comments(&map.documentation, 0);
        self.line(0, &format!("conceptmap {} {{", text(&map.url)));
        for (prefix, url) in &map.prefixes {
            self.line(1, &format!("prefix {} = {}", name(prefix), text(url)));
        }
        for (prefix, mode) in &map.unmapped {
            let mode = match mode {
                Unmapped::Provided => "provided".to_string(),
                Unmapped::Fixed(code) => format!("fixed {}", text(code)),
                Unmapped::Other(url) => format!("other {}", text(url)),
            };
            self.line(1, &format!("unmapped for {} = {mode}", name(prefix)));
        }
        for pair in &map.pairs {
            let code = |(prefix, code): &(Name, Name)| format!("{}:{}", name(prefix), text(code));
            let target = pair.target.as_ref().map(|t| format!(" {}", code(t))).unwrap_or_default();
            self.line(1, &format!("{} {}{target}", code(&pair.source), sign(pair.equivalence)));
        }
        self.line(0, "}");
    }

    fn group(&mut self, group: &Group) {
        self.comments(&group.documentation, 0);
        let inputs: Vec<String> = group
            .inputs
            .iter()
            .map(|input| {
                let mode = if input.mode == InputMode::Source { "source" } else { "target" };
                let ty = input.ty.as_ref().map(|t| format!(" : {}", type_name(t))).unwrap_or_default();
                format!("{mode} {}{ty}", name(&input.name))
            })
            .collect();
        let extends = group.extends.as_ref().map(|g| format!(" extends {}", name(g))).unwrap_or_default();
        let mode = match group.type_mode {
            None => "",
            Some(TypeMode::Types) => " <<types>>",
            Some(TypeMode::TypeAndTypes) => " <<type+>>",
        };
        self.line(0, &format!("group {}({}){extends}{mode} {{", name(&group.name), inputs.join(", ")));
        self.rules(&group.rules, &group.closing, 1);
        self.line(0, "}");
    }

    fn rules(&mut self, rules: &[Rule], closing: &[String], depth: usize) {
        for rule in rules {
            self.rule(rule, depth);
        }
        self.comments(closing, depth);
    }

    /// One line where it fits; else `->`, each target and `then` begin lines of their own.
    fn rule(&mut self, rule: &Rule, depth: usize) {
        self.comments(&rule.documentation, depth);
        let sources = join(&rule.sources, source);
        let targets: Vec<String> = rule.targets.iter().map(target).collect();
        let then = match (rule.block, rule.dependents.is_empty()) {
            (false, true) => String::new(),
            (false, false) => format!("then {}", join(&rule.dependents, invocation)),
            (true, true) => "then {".to_string(),
            (true, false) => format!("then {} {{", join(&rule.dependents, invocation)),
        };
        let label = rule.name.as_ref().map(|n| format!(" {}", quote(&n.text, '"'))).unwrap_or_default();
        let end = if rule.block { String::new() } else { format!("{label};") };
        let arrow = if targets.is_empty() { String::new() } else { format!("-> {}", targets.join(", ")) };
        let parts: Vec<&str> =
            [sources.as_str(), &arrow, &then].into_iter().filter(|p| !p.is_empty()).collect();
        let line = format!("{}{end}", parts.join(" "));
        if 2 * depth + line.chars().count() <= WIDTH {
            self.line(depth, &line);
        } else {
            self.long_rule(depth, &sources, &targets, &then, &end);
        }
        if rule.block {
            self.rules(&rule.rules, &rule.closing, depth + 1);
            self.line(depth, &format!("}}{label};"));
        }
    }

    fn long_rule(&mut self, depth: usize, sources: &str, targets: &[String], then: &str, end: &str) {
        let mut lines = vec![(depth, sources.to_string())];
        for (i, target) in targets.iter().enumerate() {
            let comma = if i + 1 < targets.len() { "," } else { "" };
            let (indent, arrow) = if i == 0 { (depth + 2, "-> ") } else { (depth + 3, " ") };
            lines.push((indent, format!("{arrow}{target}{comma}")));
        }
        if !then.is_empty() {
            lines.push((depth + 1, then.to_string()));
        }
        if let Some(last) = lines.last_mut() {
            last.1.push_str(end);
        }
        for (depth, line) in lines {
            self.line(depth, &line);
        }
    }
}

/// Longest line that is not broken.
const WIDTH: usize = 120;

fn join<T>(items: &[T], one: impl Fn(&T) -> String) -> String {
    items.iter().map(one).collect::<Vec<_>>().join(", ")
}

fn text(name: &Name) -> String {
    quote(&name.text, '"')
}

/// As an identifier; in back-ticks where it is no plain word.
pub(crate) fn name(name: &Name) -> String {
    let mut bytes = name.text.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    let word = first && bytes.all(|b| b.is_ascii_alphanumeric() || b == b'_');
    match word && !matches!(name.text.as_str(), "true" | "false") {
        true => name.text.clone(),
        false => quote(&name.text, '`'),
    }
}

fn type_name(ty: &Name) -> String {
    let plain = |part: &str| {
        part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    match ty.text.split('.').all(plain) {
        true => ty.text.clone(),
        false => quote(&ty.text, '"'),
    }
}

fn dotted(path: &[Name]) -> String {
    path.iter().map(name).collect::<Vec<_>>().join(".")
}

fn source(source: &RuleSource) -> String {
    let mut out = name(&source.context);
    for element in &source.path {
        out.push('.');
        out.push_str(&name(element));
    }
    let mut clause = |text: String| {
        out.push(' ');
        out.push_str(&text);
    };
    if let Some(ty) = &source.ty {
        clause(format!(": {}", type_name(ty)));
    }
    if let Some((min, max)) = source.cardinality {
        clause(format!("{min}..{}", max.map_or("*".to_string(), |m| m.to_string())));
    }
    if let Some(value) = &source.default {
        clause(format!("default {}", bracketed(value)));
    }
    if let Some(mode) = source.list_mode {
        let word = match mode {
            SourceMode::First => "first",
            SourceMode::NotFirst => "not_first",
            SourceMode::Last => "last",
            SourceMode::NotLast => "not_last",
            SourceMode::OnlyOne => "only_one",
        };
        clause(word.to_string());
    }
    if let Some(variable) = &source.variable {
        clause(format!("as {}", name(variable)));
    }
    for (word, expression) in [("where", &source.condition), ("check", &source.check), ("log", &source.log)] {
        if let Some(expression) = expression {
            clause(format!("{word} {}", bracketed(expression)));
        }
    }
    out
}

fn bracketed(expression: &Expression) -> String {
    format!("({})", expression.text)
}

fn target(target: &RuleTarget) -> String {
    let value = target.transform.as_ref().map(transform);
    let mut out = match (&target.context, value) {
        (Some(context), value) => {
            let path: String = target.path.iter().map(|p| format!(".{}", name(p))).collect();
            let value = value.map(|v| format!(" = {v}")).unwrap_or_default();
            format!("{}{path}{value}", name(context))
        }
        // Alone, a name would be read as what is written to.
        (None, Some(value))
            if !matches!(target.transform, Some(Transform::Call { .. } | Transform::Evaluate(_))) =>
        {
            format!("copy({value})")
        }
        (None, value) => value.unwrap_or_default(),
    };
    if let Some(variable) = &target.variable {
        out.push_str(&format!(" as {}", name(variable)));
    }
    match &target.list_mode {
        None => {}
        Some(TargetMode::First) => out.push_str(" first"),
        Some(TargetMode::Last) => out.push_str(" last"),
        Some(TargetMode::Single) => out.push_str(" single"),
        Some(TargetMode::Share(None)) => out.push_str(" share"),
        Some(TargetMode::Share(Some(id))) => out.push_str(&format!(" share {}", name(id))),
    }
    out
}

fn transform(transform: &Transform) -> String {
    match transform {
        Transform::Literal(value) => literal(value),
        Transform::Copy(path) => dotted(path),
        Transform::Evaluate(expression) => bracketed(expression),
        Transform::Call { name: called, parameters } => {
            let parameters = match (called.text.as_str(), parameters.as_slice()) {
                ("evaluate", [first, Parameter::Expression(second)]) => {
                    let second =
                        if lex::is_text(&second.text) { bracketed(second) } else { second.text.clone() };
                    format!("{}, {second}", parameter(first))
                }
                _ => join(parameters, parameter),
            };
            format!("{}({parameters})", name(called))
        }
    }
}

fn invocation(invocation: &Invocation) -> String {
    format!("{}({})", name(&invocation.name), join(&invocation.parameters, parameter))
}

pub(crate) fn parameter(parameter: &Parameter) -> String {
    match parameter {
        Parameter::Variable(variable) => name(variable),
        Parameter::Literal(value) => literal(value),
        Parameter::Expression(expression) => bracketed(expression),
    }
}

pub(crate) fn literal(literal: &Literal) -> String {
    match literal.kind {
        LiteralKind::Text => quote(&literal.text, '\''),
        LiteralKind::Markdown => format!("\"\"\"{}\"\"\"", literal.text),
        LiteralKind::Moment => format!("@{}", literal.text),
        LiteralKind::Integer | LiteralKind::Decimal | LiteralKind::Boolean => literal.text.clone(),
    }
}

fn sign(equivalence: Equivalence) -> &'static str {
    match equivalence {
        Equivalence::RelatedTo => "-",
        Equivalence::Equivalent => "==",
        Equivalence::Equal => "=",
        Equivalence::Wider => "<=",
        Equivalence::Subsumes => "<-",
        Equivalence::Narrower => ">=",
        Equivalence::Specializes => ">-",
        Equivalence::Inexact => "~",
        Equivalence::Unmatched => "--",
        Equivalence::Disjoint => "!=",
    }
}
