//! Sources of rules: the way down the source's types, and the clauses.
//!
//! Invariant: each step is a known element of a known type, or the type is open and the step looks
//! at the instance. Deliberately absent: any reading of messages.

use super::Compiler;
use crate::ast::{Expression, InputMode, Name, RuleSource};
use crate::code::{Condition, ExpressionCode, SourceCode, Step};
use crate::lex::{self, Kind, Token};
use crate::lexical::Form;
use crate::model;
use fhir::{Key, TypeId};

/// Elements in one path; running recurses along them.
const LONGEST: usize = 32;

impl<'l> Compiler<'l> {
    pub(super) fn source(&mut self, source: &'l RuleSource) -> Option<SourceCode> {
        let filter = match &source.ty {
            Some(name) => Some(self.type_of(name)?),
            None => None,
        };
        let Some(context) = self.variable(&source.context.text) else {
            let names: Vec<String> = self.scope.iter().map(|v| v.name.clone()).collect();
            let message = format!("there is no variable `{}`", source.context.text);
            self.unknown(&source.context, "unknown-variable", message, &names);
            return None;
        };
        if source.path.len() > LONGEST {
            self.error(source.place, "too-long", "the path has too many elements", None);
            return None;
        }
        let result = context.result || context.mode == InputMode::Target;
        let (mut ty, mut types) = (context.ty, context.types.clone());
        let mut steps = Vec::new();
        let mut repeats = false;
        for (i, name) in source.path.iter().enumerate() {
            let filter = filter.filter(|_| i + 1 == source.path.len());
            let (step, next) = self.step(ty, name, filter)?;
            repeats |= ty == TypeId::NONE || self.repeats(ty, name);
            steps.push(step);
            ty = if let [only] = next.as_slice() { *only } else { TypeId::NONE };
            types = next;
        }
        if let Some(wanted) = filter {
            if ty != TypeId::NONE && !self.definitions.is_a(ty, wanted) && !self.definitions.is_a(wanted, ty)
            {
                let message = format!("this is {}, never {}", self.type_text(ty), self.type_text(wanted));
                self.error(source.place, "wrong-type", message, None);
                return None;
            }
            ty = if self.narrows(wanted, ty) { wanted } else { ty };
        }
        let default = source.default.as_ref().and_then(|e| self.expression(e, context.ty));
        let name = source.variable.as_ref().map_or("", |v| v.text.as_str());
        let bind = self.bind(name, InputMode::Source, ty);
        if let Some(bound) = self.scope.last_mut() {
            (bound.types, bound.result) = (types, result);
        }
        let over = |e: Option<ExpressionCode>| {
            e.map(|code| ExpressionCode { reads_target: code.reads_target || result, ..code })
        };
        let code = SourceCode {
            context: context.slot,
            steps,
            ty: filter,
            cardinality: source.cardinality,
            default,
            mode: source.list_mode,
            bind,
            condition: source.condition.as_ref().and_then(|e| self.condition(e, ty, name, result)),
            check: over(source.check.as_ref().and_then(|e| self.expression(e, ty))),
            log: over(source.log.as_ref().and_then(|e| self.expression(e, ty))),
            result,
            repeats,
        };
        self.check_source(source, &code);
        Some(code)
    }

    fn repeats(&self, ty: TypeId, name: &Name) -> bool {
        self.definitions.element(ty, &name.text).is_some_and(|element| element.repeats())
    }

    fn condition(
        &mut self,
        expression: &Expression,
        ty: TypeId,
        own: &str,
        result: bool,
    ) -> Option<Condition> {
        let mut code = self.expression(expression, ty)?;
        if result {
            code.reads_target = true;
            return Some(Condition::Expression(code));
        }
        let own = if own.is_empty() { None } else { Some(own) };
        Some(match self.equality(&expression.text, ty, own) {
            Some((key, text)) => Condition::Equals(key, text),
            None => Condition::Expression(code),
        })
    }

    /// Is it `element = 'text'` (or `own.element = 'text'`) over a single text element?
    fn equality(&self, text: &str, ty: TypeId, own: Option<&str>) -> Option<(Key, String)> {
        let tokens = lex::lex(text).tokens;
        let written = |t: &Token| text.get(t.start..t.end).unwrap_or_default();
        let (name, value) = match tokens.as_slice() {
            [name, sign, value, _] if sign.kind == Kind::Sign("=") => (name, value),
            [variable, dot, name, sign, value, _]
                if sign.kind == Kind::Sign("=")
                    && dot.kind == Kind::Sign(".")
                    && own == Some(written(variable)) =>
            {
                return self.text_member(ty, written(name), value, written(value));
            }
            _ => return None,
        };
        if self.variable(written(name)).is_some() || self.constant_named(written(name)) {
            return None;
        }
        self.text_member(ty, written(name), value, written(value))
    }

    fn text_member(&self, ty: TypeId, name: &str, value: &Token, written: &str) -> Option<(Key, String)> {
        let member = model::member(self.definitions, ty, name)?;
        let [only] = member.types.as_slice() else { return None };
        let form = Form::of(self.definitions.type_name(*only));
        let text = matches!(form, Form::Text | Form::Code | Form::Uri | Form::Id);
        let fine = value.kind == Kind::Text && text && self.definitions.is_primitive(*only) && !member.list;
        (fine && !member.choice).then(|| (Key::new(name), lex::unquote(written)))
    }

    /// One element down from `ty`, and the types there; none where nothing is known.
    fn step(&mut self, ty: TypeId, name: &Name, filter: Option<TypeId>) -> Option<(Step, Vec<TypeId>)> {
        if ty == TypeId::NONE {
            return Some((Step::Open(Key::new(&name.text)), vec![]));
        }
        if self.definitions.is_primitive(ty) && name.text == "value" {
            return Some((Step::Value, vec![ty]));
        }
        let Some(member) = model::member(self.definitions, ty, &name.text) else {
            self.no_member(ty, name);
            return None;
        };
        if !member.choice {
            return Some((Step::Named(Key::new(&member.name)), member.types));
        }
        if name.text != member.name {
            return Some((Step::Named(Key::new(&name.text)), member.types));
        }
        let fits = |t: &&TypeId| filter.is_none_or(|f| self.definitions.is_a(**t, f));
        let types: Vec<TypeId> = member.types.iter().filter(fits).copied().collect();
        if types.is_empty() {
            let wanted = self.type_text(filter.unwrap_or(TypeId::NONE));
            self.error(name.place, "wrong-type", format!("`{}` is never {wanted}", name.text), None);
            return None;
        }
        let key = |ty: &TypeId| Key::new(&model::choice_name(self.definitions, &member.name, *ty));
        Some((Step::Choice(types.iter().map(key).collect()), types))
    }

    pub(super) fn no_member(&mut self, ty: TypeId, name: &Name) {
        let names = model::member_names(self.definitions, ty);
        let message = format!("{} has no element `{}`", self.type_text(ty), name.text);
        if self.definitions.is_abstract(ty) && model::nearest(&name.text, &names).is_none() {
            let remedy = "say which type it is: `src.resource : Patient as p`";
            self.error(name.place, "unknown-element", message, Some(remedy));
            return;
        }
        self.unknown(name, "unknown-element", message, &names);
    }
}
