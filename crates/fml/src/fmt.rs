//! A [`Map`] back to text, in the one canonical form.
//!
//! A rule is one line, or one line per target and per group where that is too long. Invariant: parsing
//! the output gives an equal map, comments included. Deliberately absent: keeping blank lines and the
//! line breaks of expressions.

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
            self.line(depth, format!("// {line}").trim_end());
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

    /// One line where it fits; else what it makes and what follows begin lines of their own.
    fn rule(&mut self, rule: &Rule, depth: usize) {
        self.comments(&rule.documentation, depth);
        let sources = join(&rule.sources, source);
        let targets: Vec<String> = rule.targets.iter().map(target).collect();
        let calls: Vec<String> = rule.dependents.iter().map(invocation).collect();
        let label = rule.name.as_ref().map(|n| format!(" {}", quote(&n.text, '"'))).unwrap_or_default();
        let end = match (rule.block, calls.is_empty()) {
            (false, _) => format!("{label};"),
            (true, true) => " then {".to_string(),
            (true, false) => " {".to_string(),
        };
        let part = |word: &str, items: &[String]| match items {
            [] => String::new(),
            items => format!(" {word} {}", items.join(", ")),
        };
        let line = format!("{sources}{}{}{end}", part("->", &targets), part("then", &calls));
        let mut lines = vec![(depth, line)];
        if !fits(depth, &lines[0].1) {
            lines = vec![(depth, sources)];
            broken(&mut lines, "->", &targets, true);
            // Groups stand alone, so that they are not taken for targets.
            broken(&mut lines, "then", &calls, targets.is_empty());
            match lines.last_mut() {
                Some(_) if rule.block && calls.is_empty() && !targets.is_empty() => {
                    lines.push((depth + 1, end.trim_start().to_string()));
                }
                Some(last) => last.1.push_str(&end),
                None => {}
            }
        }
        // A block is closed below where it was opened.
        let open = if lines.len() > 1 { depth + 1 } else { depth };
        lines.iter().for_each(|(depth, line)| self.wrapped(*depth, line));
        if rule.block {
            self.rules(&rule.rules, &rule.closing, open + 1);
            self.line(open, &format!("}}{label};"));
        }
    }

    /// A line, broken inside its expressions where it is too long and can be.
    fn wrapped(&mut self, depth: usize, line: &str) {
        let (mut depth, mut rest, mut brackets) = (depth, line, 0);
        let inner = depth + 3;
        while !fits(depth, rest)
            && let Some((inside, at)) = break_point(rest, brackets, WIDTH.saturating_sub(2 * depth))
        {
            let (before, after) = rest.split_at(at);
            self.line(depth, before.trim_end());
            (depth, rest, brackets) = (inner, after.trim_start(), inside);
        }
        self.line(depth, rest);
    }
}

/// Where an expression may go on in a new line: before the outermost `and` and `or`, or else within a
/// long chain of functions. The last such place that leaves a line short enough, or the first; with it
/// the number of brackets that are open there, as `brackets` are where the line begins.
fn break_point(line: &str, mut brackets: usize, room: usize) -> Option<(usize, usize)> {
    let (mut words, mut dots) = (Vec::new(), Vec::new());
    let (mut quoted, mut escaped) = (None, false);
    for (column, (at, c)) in line.char_indices().enumerate() {
        match (quoted, c) {
            (Some(_), _) if escaped => escaped = false,
            (Some(_), '\\') => escaped = true,
            (Some(quote), c) if c == quote => quoted = None,
            (Some(_), _) => {}
            (None, '\'' | '"' | '`') => quoted = Some(c),
            (None, '(' | '[') => brackets += 1,
            (None, ')' | ']') => brackets = brackets.saturating_sub(1),
            (None, _) => {}
        }
        let (before, after) = line.split_at(at);
        if quoted.is_some() || brackets == 0 || at == 0 {
            continue;
        }
        if brackets == 1 && (after.starts_with(" and ") || after.starts_with(" or ")) {
            words.push((brackets, column, at));
        } else if c == '.' && before.ends_with(')') {
            dots.push((brackets, column, at));
        }
    }
    let least = dots.iter().map(|c| c.0).min();
    dots.retain(|c| Some(c.0) == least);
    if words.is_empty() && dots.len() > 2 {
        words = dots;
    }
    let last = words.iter().rev().find(|(_, column, _)| *column <= room);
    last.or(words.first()).map(|(inside, _, at)| (*inside, *at))
}

/// Longest line that is not broken.
const WIDTH: usize = 120;

/// Appends items after a word: to the line there is, to one of their own, or one a line.
fn broken(lines: &mut Vec<(usize, String)>, word: &str, items: &[String], same_line: bool) {
    let Some((depth, _)) = lines.first().cloned() else { return };
    let all = format!("{word} {}", items.join(", "));
    match (items, lines.last_mut()) {
        ([], _) => {}
        ([_], Some(last)) if same_line && fits(last.0, &format!("{} {all}", last.1)) => {
            last.1 = format!("{} {all}", last.1);
        }
        (items, _) if word == "then" && fits(depth + 1, &all) || items.len() == 1 => {
            lines.push((depth + 1, all))
        }
        (items, _) => {
            for (i, item) in items.iter().enumerate() {
                let comma = if i + 1 < items.len() { "," } else { "" };
                let start = if i == 0 { word.to_string() } else { " ".repeat(word.len()) };
                lines.push((depth + 1, format!("{start} {item}{comma}")));
            }
        }
    }
}

fn fits(depth: usize, line: &str) -> bool {
    2 * depth + line.chars().count() <= WIDTH
}

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
