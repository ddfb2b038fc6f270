//! FHIRPath inside maps: parsed, and its variables found.
//!
//! A bare name that is a variable's means the variable; so does `%name`. A `%name` that nobody
//! declares is a parameter of the run. Invariant: an expression's code lists every variable it can
//! read. Deliberately absent: evaluation.

use super::{Compiler, reach};
use crate::ast::{Constant, Expression, InputMode, Place};
use crate::code::ExpressionCode;
use crate::diagnostic::Severity;
use crate::lex::{self, Kind};
use crate::model;
use crate::parse::place;
use crate::run;
use fhir::TypeId;

/// Names with a percent sign that FHIRPath itself knows.
const ENVIRONMENT: [&str; 7] = ["context", "resource", "rootResource", "ucum", "sct", "loinc", "factory"];

/// Functions that the engine adds to FHIRPath (see `run::expression`).
const FUNCTIONS: [&str; 1] = ["conformsTo"];

/// Constants made from one another; compiling and running recurse along them.
const DEEPEST: usize = 32;

impl<'l> Compiler<'l> {
    /// `focus` is the type that the expression starts from, where it is known.
    pub(super) fn expression(&mut self, expression: &Expression, focus: TypeId) -> Option<ExpressionCode> {
        let mut parsed = match fhirpath::parse(&expression.text) {
            Ok(parsed) => parsed,
            Err(error) => {
                let at = self.place_in(expression, error.offset);
                self.error(at, "expression-syntax", error.message, None);
                return None;
            }
        };
        if let Some(shorter) = self.without_primitive_value(&expression.text, focus)
            && let Ok(better) = fhirpath::parse(&shorter)
        {
            parsed = better;
        }
        let mut code = ExpressionCode {
            expression: parsed,
            variables: Vec::new(),
            constants: Vec::new(),
            fixed: None,
            parameters: Vec::new(),
            reads_target: false,
        };
        for (name, percent) in names(&expression.text) {
            self.name(&name, percent, &mut code);
        }
        self.check_types(&code, focus, expression);
        self.check_functions(&code, expression);
        Some(code)
    }

    /// Reports what FHIRPath's own check finds with the types of the variables.
    fn check_types(&mut self, code: &ExpressionCode, focus: TypeId, expression: &Expression) {
        let variables: Vec<(&str, TypeId)> = code
            .variables
            .iter()
            .map(|(name, _)| (name.as_str(), self.variable(name).map_or(TypeId::NONE, |v| v.ty)))
            .chain(code.constants.iter().map(|(name, _)| (name.as_str(), TypeId::NONE)))
            .chain(code.parameters.iter().map(|name| (name.as_str(), TypeId::NONE)))
            .collect();
        for problem in code.expression.check(self.definitions, focus, &variables) {
            let same = code.expression.text() == expression.text;
            let at = if same { self.place_in(expression, problem.offset) } else { expression.place };
            // The check points at a path's beginning; its message begins with the element's name.
            let narrowed = self.is_narrowed_choice(&problem.message);
            let mut finding = self.loaded().source.error(at, "expression-type", problem.message);
            if narrowed {
                finding.severity = Severity::Warning;
            }
            self.push(finding);
        }
    }

    /// Functions that nobody knows would be faults when the map runs.
    fn check_functions(&mut self, code: &ExpressionCode, expression: &Expression) {
        let unknown = code.expression.host_functions().filter(|(name, _)| !FUNCTIONS.contains(name));
        for (name, offset) in unknown {
            let same = code.expression.text() == expression.text;
            let at = if same { self.place_in(expression, offset) } else { expression.place };
            let message = format!("there is no function `{name}()` in expressions");
            let transform = super::value::is_transform(name);
            let remedy = "a transform stands alone: `… -> transform(…) as v`";
            self.error(at, "unknown-function", message, transform.then_some(remedy));
        }
    }

    /// From an offset in the canonical text to the map's text: both have the same words and signs.
    fn place_in(&self, expression: &Expression, offset: usize) -> Place {
        let (start, end) = (expression.place.start as usize, expression.place.end as usize);
        let written = self.loaded().source.text.get(start..end).unwrap_or_default();
        let canonical = lex::lex(&expression.text).tokens;
        let index = canonical.iter().position(|t| t.end > offset).unwrap_or(canonical.len() - 1);
        let tokens = lex::lex(written).tokens;
        let begin = tokens.get(index).filter(|_| tokens.len() == canonical.len()).map_or(0, |t| t.start);
        place(start + begin, end.max(start + begin + 1))
    }

    /// Does the text begin with a choice's name for one type (`valueString`)? Maps write it, and it
    /// is found, though FHIRPath proper says `value`.
    fn is_narrowed_choice(&self, text: &str) -> bool {
        let end = text.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len());
        let known = |ty| self.definitions.element(ty, &text[..end]).is_some_and(|e| *e.name != text[..end]);
        self.definitions.types().any(known)
    }

    /// Maps write `linkId.value` for the value of a primitive; FHIRPath calls that `linkId`. The text
    /// without each such `.value`, where plain names lead to it from a known type.
    fn without_primitive_value(&self, text: &str, focus: TypeId) -> Option<String> {
        let tokens = lex::lex(text).tokens;
        let word = |i: usize| tokens.get(i).filter(|t| t.kind == Kind::Word).map(|t| &text[t.start..t.end]);
        let is_sign =
            |i: usize, sign: &'static str| tokens.get(i).is_some_and(|t| t.kind == Kind::Sign(sign));
        let mut out = String::new();
        let mut kept = 0;
        for start in 0..tokens.len() {
            if word(start).is_none() || start > 0 && is_sign(start - 1, ".") {
                continue;
            }
            let mut end = start;
            while is_sign(end + 1, ".") && word(end + 2).is_some() && !is_sign(end + 3, "(") {
                end += 2;
            }
            let names: Vec<&str> = (start..=end).step_by(2).filter_map(word).collect();
            if names.len() > 1 && names.last() == Some(&"value") && self.leads_to_primitive(&names, focus) {
                out.push_str(&text[kept..tokens[end - 1].start]);
                kept = tokens[end].end;
            }
        }
        out.push_str(&text[kept..]);
        (kept > 0).then_some(out)
    }

    /// Do the names but the last lead to a primitive?
    fn leads_to_primitive(&self, names: &[&str], focus: TypeId) -> bool {
        let (mut ty, rest) = match names.split_first().map(|(first, rest)| (self.variable(first), rest)) {
            Some((Some(variable), rest)) => (variable.ty, rest),
            _ => (focus, names),
        };
        for name in rest.iter().take(rest.len().saturating_sub(1)) {
            let next = model::member(self.definitions, ty, name).map(|m| m.types);
            match next.as_deref() {
                Some([only]) => ty = *only,
                _ => return false,
            }
        }
        self.definitions.is_primitive(ty)
    }

    fn name(&mut self, name: &str, percent: bool, code: &mut ExpressionCode) {
        if let Some(variable) = self.scope.iter().rev().find(|v| v.name == name) {
            code.reads_target |= variable.mode == InputMode::Target || variable.result;
            if !code.variables.iter().any(|(n, _)| n == name) {
                code.variables.push((name.to_string(), variable.slot));
            }
            return;
        }
        if let Some(index) = self.constant(name) {
            if !code.constants.iter().any(|(n, _)| n == name) {
                code.constants.push((name.to_string(), index));
            }
            return;
        }
        let environment = ENVIRONMENT.contains(&name) || name.starts_with("vs-") || name.starts_with("ext-");
        if percent && !environment && !code.parameters.iter().any(|n| n == name) {
            code.parameters.push(name.to_string());
            if !self.code.parameters.iter().any(|n| n == name) {
                self.code.parameters.push(name.to_string());
            }
        }
    }

    pub(super) fn constant_named(&self, name: &str) -> bool {
        let has = |map: usize| self.library.maps[map].map.constants.iter().any(|c| c.name.text == name);
        self.visible(self.map).iter().copied().any(has)
    }

    /// The index of a constant that the current map, or one it imports, declares.
    pub(super) fn constant(&mut self, name: &str) -> Option<usize> {
        let (map, constant) = self.visible(self.map).iter().find_map(|&map| {
            let constants = &self.library.maps[map].map.constants;
            constants.iter().find(|c| c.name.text == name).map(|c| (map, c))
        })?;
        let key = (map, name.to_string());
        self.used_maps.insert(map);
        match self.constants.get(&key) {
            Some(Some(index)) => return Some(*index),
            Some(None) => {
                let message = format!("the constant `{name}` is made from itself");
                self.error(constant.name.place, "constant-circle", message, None);
                return None;
            }
            None if self.constants.values().filter(|c| c.is_none()).count() >= DEEPEST => {
                let message = "constants are made from one another too deeply";
                self.error(constant.name.place, "constant-circle", message, None);
                return None;
            }
            None => {}
        }
        self.constants.insert(key.clone(), None);
        let index = self.constant_code(map, constant);
        match index {
            Some(index) => self.constants.insert(key, Some(index)),
            None => self.constants.remove(&key),
        };
        index
    }

    fn constant_code(&mut self, map: usize, constant: &'l Constant) -> Option<usize> {
        let here = std::mem::replace(&mut self.map, map);
        let scope = std::mem::take(&mut self.scope);
        let code = self.expression(&constant.value, TypeId::NONE);
        (self.map, self.scope) = (here, scope);
        let mut code = code?;
        if reach::is_constant(&constant.value.text) {
            let values = code.expression.evaluate_on(&run::constant_scope(), &[]);
            // What fails will fail when it is asked for.
            code.fixed = values.ok().map(Into::into);
        }
        self.code.constants.push(code);
        Some(self.code.constants.len() - 1)
    }
}

/// The words of an expression that could be variables, and whether a percent sign stands before.
pub(super) fn names(text: &str) -> Vec<(String, bool)> {
    let tokens = lex::lex(text).tokens;
    let mut out = Vec::new();
    for (i, token) in tokens.iter().enumerate() {
        let before = i.checked_sub(1).and_then(|b| tokens.get(b)).map(|t| t.kind);
        let percent = before == Some(Kind::Sign("%"));
        let written = text.get(token.start..token.end).unwrap_or_default();
        match token.kind {
            Kind::Word if before != Some(Kind::Sign(".")) => out.push((written.to_string(), percent)),
            Kind::Ticked if before != Some(Kind::Sign(".")) => out.push((lex::unquote(written), percent)),
            Kind::Text if percent => out.push((lex::unquote(written), percent)),
            _ => {}
        }
    }
    out
}
