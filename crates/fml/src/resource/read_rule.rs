//! Rules of a StructureMap to rules of a map.
//!
//! Invariant: what an engine would have to heed is read or refused, never passed over. Deliberately
//! absent: the meaning (see `compile`).

use super::read::{Reader, comments, place_of};
use super::{DEFAULT, SHORT_FORM, SOURCE_MODES, extension, own_text};
use crate::ast::{
    Expression, Invocation, Literal, LiteralKind, Name, Parameter, Rule, RuleSource, RuleTarget, TargetMode,
    Transform,
};
use crate::lex::{self, quote};
use crate::parse::{DEEPEST, fragment, plain_call};
use fhir::NodeRef;

/// Target list modes of R4 and R5.
const TARGET_MODES: [(&str, TargetMode); 5] = [
    ("first", TargetMode::First),
    ("share", TargetMode::Share(None)),
    ("last", TargetMode::Last),
    ("collate", TargetMode::Single),
    ("single", TargetMode::Single),
];

impl Reader {
    pub fn rules(&mut self, parent: NodeRef<'_>, depth: usize) -> Vec<Rule> {
        parent.all("rule").map(|node| self.rule(node, depth)).collect()
    }

    fn rule(&mut self, node: NodeRef<'_>, depth: usize) -> Rule {
        if depth >= DEEPEST {
            self.error(node, "too-deep", "no more than 64 rules inside one another", None);
            return Rule::default();
        }
        self.known(node, &["name", "source", "target", "rule", "dependent", "documentation"]);
        let closing = comments(own_text(node, "map-closing"));
        let block = node.child("rule").is_some() || own_text(node, "map-block") == Some("true");
        let mut rule = Rule {
            name: self.text(node, "name"),
            sources: node.all("source").map(|n| self.source(n)).collect(),
            targets: node.all("target").map(|n| self.target(n)).collect(),
            dependents: node.all("dependent").map(|n| self.dependent(n)).collect(),
            block: block || !closing.is_empty(),
            rules: self.rules(node, depth + 1),
            documentation: comments(node.child_text("documentation")),
            closing,
            place: place_of(node),
        };
        if rule.sources.is_empty() {
            self.error(node, "missing", "`source` is missing", None);
        }
        short_form(&mut rule);
        rule
    }

    // ---- sources ----

    fn source(&mut self, node: NodeRef<'_>) -> RuleSource {
        let names =
            ["context", "min", "max", "type", "element", "listMode", "variable", "condition", "check"];
        let fixed: Vec<&str> = names.into_iter().chain(["logMessage"]).collect();
        let default = node.children().find(|c| c.name().starts_with("defaultValue"));
        let mut known = fixed;
        known.extend(default.map(NodeRef::name));
        self.known(node, &known);
        RuleSource {
            context: self.need(node, "context"),
            path: self.path(node),
            ty: self.text(node, "type"),
            cardinality: self.cardinality(node),
            default: self.default(node, default),
            list_mode: self.code(node, "listMode", &SOURCE_MODES),
            variable: self.text(node, "variable"),
            condition: self.expression(node, "condition"),
            check: self.expression(node, "check"),
            log: self.expression(node, "logMessage"),
            place: place_of(node),
        }
    }

    fn path(&mut self, node: NodeRef<'_>) -> Vec<Name> {
        let Some(element) = self.text(node, "element") else { return vec![] };
        self.split(&element)
    }

    fn split(&mut self, name: &Name) -> Vec<Name> {
        let Some(names) = fragment::path(&name.text) else {
            let message = "names with points between them are expected";
            self.found.push(self.source.error(name.place, "path-syntax", message));
            return vec![];
        };
        names.into_iter().map(|n| Name { place: name.place, ..n }).collect()
    }

    fn cardinality(&mut self, node: NodeRef<'_>) -> Option<(u32, Option<u32>)> {
        let (min, max) = (self.text(node, "min"), self.text(node, "max"));
        let mut number = |name: Option<Name>, none: Option<u32>| match name {
            None => none,
            Some(name) => {
                let found = name.text.parse().ok();
                if found.is_none() {
                    let message = "a whole number is expected, or `*` as `max`";
                    self.found.push(self.source.error(name.place, "not-a-number", message));
                }
                found
            }
        };
        if min.is_none() && max.is_none() {
            return None;
        }
        let max = max.filter(|m| m.text != "*");
        Some((number(min, Some(0)).unwrap_or(0), number(max, None)))
    }

    /// A constant of R4, an expression of R5, or that in R4's extension.
    fn default(&mut self, node: NodeRef<'_>, value: Option<NodeRef<'_>>) -> Option<Expression> {
        let Some(value) = value else {
            let found = extension(node, DEFAULT)?;
            return self.expression(found, "valueString");
        };
        let place = place_of(value);
        let Some(text) = value.text().filter(|t| !t.is_empty()) else {
            let remedy = "create the value in a rule of its own";
            self.error(value, "unsupported", "a default that is no simple value", Some(remedy));
            return None;
        };
        let text = match value.name().strip_prefix("defaultValue").unwrap_or_default() {
            "" => return self.expression_of(Name { text: text.to_string(), place }),
            "Boolean" | "Integer" | "Decimal" | "PositiveInt" | "UnsignedInt" => text.to_string(),
            "Date" | "DateTime" | "Instant" => format!("@{text}"),
            "Time" => format!("@T{text}"),
            _ => quote(text, '\''),
        };
        self.expression_of(Name { text, place })
    }

    // ---- targets ----

    fn target(&mut self, node: NodeRef<'_>) -> RuleTarget {
        let names = ["context", "contextType", "element", "variable", "listMode", "listRuleId"];
        let all: Vec<&str> = names.into_iter().chain(["transform", "parameter"]).collect();
        self.known(node, &all);
        if let Some(ty) = node.child("contextType").filter(|t| t.text() != Some("variable")) {
            let remedy = "give the group an input for it";
            self.error(ty, "unsupported", "a target that is named by its type", Some(remedy));
        }
        let context = self.text(node, "context");
        let path = self.path(node);
        if context.is_none() && !path.is_empty() {
            self.error(node, "missing", "`context` is missing", None);
        }
        let transform = self.transform(node);
        if context.is_none() && transform.is_none() {
            self.error(node, "missing", "a target needs a `context` or a `transform`", None);
        }
        RuleTarget {
            context,
            path,
            transform,
            variable: self.text(node, "variable"),
            list_mode: self.target_mode(node),
            place: place_of(node),
        }
    }

    fn target_mode(&mut self, node: NodeRef<'_>) -> Option<TargetMode> {
        let id = self.text(node, "listRuleId");
        match (self.code(node, "listMode", &TARGET_MODES), id) {
            (Some(TargetMode::Share(_)), id) => Some(TargetMode::Share(id)),
            (mode, None) => mode,
            (mode, Some(id)) => {
                let message = "`listRuleId` goes with the list mode `share` only";
                self.found.push(self.source.error(id.place, "unsupported", message));
                mode
            }
        }
    }

    fn transform(&mut self, node: NodeRef<'_>) -> Option<Transform> {
        let Some(name) = self.text(node, "transform") else {
            if let Some(parameter) = node.child("parameter") {
                self.error(parameter, "missing", "`transform` is missing", None);
            }
            return None;
        };
        let last = node.all("parameter").count().saturating_sub(1);
        let mut parameters = Vec::new();
        for (i, item) in node.all("parameter").enumerate() {
            // `evaluate` is given its expression as a text.
            let value = item.child("valueString");
            match value.and_then(|v| v.text().map(|t| (t, place_of(v)))) {
                Some((text, place)) if name.text == "evaluate" && i == last => {
                    let written = Name { text: text.to_string(), place };
                    parameters.extend(self.expression_of(written).map(Parameter::Expression));
                }
                _ => parameters.extend(self.parameter(item)),
            }
        }
        if let ("copy", [Parameter::Variable(path)]) = (name.text.as_str(), parameters.as_slice()) {
            let path = path.clone();
            return Some(Transform::Copy(self.split(&path)));
        }
        if name.text == "evaluate" && parameters.len() != 1 {
            match parameters.as_mut_slice() {
                [Parameter::Variable(_), Parameter::Expression(second)] => {
                    if !lex::is_text(&second.text) {
                        second.text = fragment::bare(&second.text);
                    }
                }
                _ => self.error(
                    node,
                    "wrong-parameters",
                    "`evaluate` takes a variable and an expression",
                    None,
                ),
            }
        }
        Some(plain_call(name, parameters))
    }

    /// `value[x]` of a transform's parameter, or of a dependent's in R5.
    fn parameter(&mut self, item: NodeRef<'_>) -> Option<Parameter> {
        let Some(value) = item.children().find(|c| c.name().starts_with("value")) else {
            self.error(item, "missing", "`value[x]` is missing", None);
            return None;
        };
        self.known(item, &[value.name()]);
        let place = place_of(value);
        if let Some(text) = own_text(value, "map-text") {
            return self.written(text, value);
        }
        let suffix = value.name().strip_prefix("value").unwrap_or_default();
        if !["Id", "String", "Boolean", "Integer", "Decimal", "Date", "DateTime", "Time"].contains(&suffix) {
            let remedy = "use valueId, valueString, valueBoolean, valueInteger or valueDecimal";
            self.error(value, "unsupported", "a parameter of this type", Some(remedy));
            return None;
        }
        let Some(text) = value.text().map(str::to_string) else {
            self.error(value, "no-value", "the parameter needs a value", None);
            return None;
        };
        let written = match suffix {
            "Id" => return Some(Parameter::Variable(Name { text, place })),
            "String" => {
                return Some(Parameter::Literal(Literal { kind: LiteralKind::Text, text, place }));
            }
            "Boolean" | "Integer" | "Decimal" => text,
            "Time" => format!("@T{text}"),
            _ => format!("@{text}"),
        };
        let fits = |kind| match suffix {
            "Boolean" => kind == LiteralKind::Boolean,
            "Integer" | "Decimal" => matches!(kind, LiteralKind::Integer | LiteralKind::Decimal),
            _ => kind == LiteralKind::Moment,
        };
        match fragment::parameter(&written) {
            Some(Parameter::Literal(literal)) if fits(literal.kind) => {
                Some(Parameter::Literal(Literal { place, ..literal }))
            }
            _ => {
                self.error(value, "parameter-syntax", "the value is none of its type", None);
                None
            }
        }
    }

    /// A parameter as the text form writes it.
    fn written(&mut self, text: &str, node: NodeRef<'_>) -> Option<Parameter> {
        let place = place_of(node);
        let found = match fragment::parameter(text) {
            Some(Parameter::Variable(name)) => Parameter::Variable(Name { place, ..name }),
            Some(Parameter::Literal(literal)) => Parameter::Literal(Literal { place, ..literal }),
            Some(Parameter::Expression(inner)) => Parameter::Expression(Expression { place, ..inner }),
            None => {
                self.error(node, "parameter-syntax", "the text is no parameter", None);
                return None;
            }
        };
        Some(found)
    }

    // ---- dependents ----

    fn dependent(&mut self, node: NodeRef<'_>) -> Invocation {
        self.known(node, &["name", "variable", "parameter"]);
        let mut parameters = Vec::new();
        for value in node.all("variable") {
            let text = value.text().unwrap_or_default();
            let plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
            if plain && !matches!(text, "true" | "false") {
                parameters.push(Parameter::Variable(Name { text: text.to_string(), place: place_of(value) }));
            } else {
                parameters.extend(self.written(text, value));
            }
        }
        for item in node.all("parameter") {
            parameters.extend(self.parameter(item));
        }
        Invocation { name: self.need(node, "name"), parameters }
    }
}

/// `a.x -> b.y` is stored with made-up variables and a bare `create`.
fn short_form(rule: &mut Rule) {
    let ([source], [target]) = (rule.sources.as_mut_slice(), rule.targets.as_mut_slice()) else { return };
    let bare = matches!(&target.transform,
        Some(Transform::Call { name, parameters }) if name.text == "create" && parameters.is_empty());
    let made_up = |name: &Option<Name>| name.as_ref().is_some_and(|n| n.text == SHORT_FORM);
    let more = rule.block || !rule.dependents.is_empty() || source.path.is_empty() || target.path.is_empty();
    if !bare || !made_up(&target.variable) || more || source.variable.is_none() {
        return;
    }
    target.transform = None;
    target.variable = None;
    let mentions = |e: &Option<Expression>| {
        e.as_ref().is_some_and(|e| {
            let tokens = lex::lex(&e.text).tokens;
            tokens.iter().any(|t| e.text.get(t.start..t.end) == Some(SHORT_FORM))
        })
    };
    let used = [&source.condition, &source.check, &source.log].into_iter().any(mentions);
    if made_up(&source.variable) && !used {
        source.variable = None;
    }
}
