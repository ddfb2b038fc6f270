//! Rules: sources, targets, and what follows with the variables they bind.
//!
//! Short forms are written out here: `a.x -> b.y` copies, or calls the group that is the default for
//! the two types. Invariant: variables of a rule are visible in it and below it, nowhere else.
//! Deliberately absent: sources and targets themselves (see their files).

use super::{Compiler, Given, Variable};
use crate::ast::{InputMode, Invocation, Name, Parameter, Rule, Transform};
use crate::code::{ArgumentCode, CallCode, RuleCode, Slot};
use crate::library::Loaded;
use crate::trace::RulePlace;
use fhir::TypeId;

impl<'l> Compiler<'l> {
    pub(super) fn rules(&mut self, rules: &'l [Rule]) -> Vec<RuleCode> {
        let codes: Vec<RuleCode> = rules.iter().map(|rule| self.rule(rule)).collect();
        self.check_rules(rules, &codes);
        codes
    }

    fn rule(&mut self, rule: &'l Rule) -> RuleCode {
        let mark = self.scope.len();
        let label = self.label(rule);
        let mut code =
            RuleCode { label, sources: vec![], targets: vec![], calls: vec![], rules: vec![], cases: vec![] };
        for source in &rule.sources {
            match self.source(source) {
                Some(source) => code.sources.push(source),
                // So that one finding does not lead to others.
                None => self.bind_anyway(source.variable.as_ref(), InputMode::Source),
            }
        }
        if let (true, Some(source)) = (is_copy(rule) && code.sources.len() == 1, self.scope.last().cloned()) {
            self.copy_rule(rule, &source, &mut code);
        } else {
            let focus = code.sources.first().map(|s| s.bind);
            for target in &rule.targets {
                match self.target(target, focus) {
                    Some(target) => code.targets.push(target),
                    None => self.bind_anyway(target.variable.as_ref(), InputMode::Target),
                }
            }
        }
        for call in &rule.dependents {
            code.calls.extend(self.call(call));
        }
        code.rules = self.rules(&rule.rules);
        self.scope.truncate(mark);
        code
    }

    fn bind_anyway(&mut self, name: Option<&Name>, mode: InputMode) {
        if let Some(name) = name
            && self.variable(&name.text).is_none()
        {
            self.bind(&name.text, mode, TypeId::NONE);
        }
    }

    /// The rule's number. A group that is compiled for several types has the same rules each time.
    fn label(&mut self, rule: &'l Rule) -> usize {
        let known = self.labels.get(&std::ptr::from_ref(rule)).copied();
        let label = known.unwrap_or_else(|| {
            let place = self.rule_place(rule);
            self.code.rules.push(place);
            self.labels.insert(rule, self.code.rules.len() - 1);
            self.code.rules.len() - 1
        });
        self.code.rules[label].called |= !self.uncalled;
        label
    }

    fn rule_place(&self, rule: &Rule) -> RulePlace {
        let Loaded { source, map } = self.loaded();
        let place = source.error(rule.place, "", "");
        let name = match &rule.name {
            Some(name) => format!("\"{}\"", name.text),
            None => format!("line {}", place.line()),
        };
        let written = source.text.get(place.span.clone()).unwrap_or_default();
        let first = written.lines().next().unwrap_or_default();
        RulePlace {
            map: map.url.text.as_str().into(),
            file: source.file.as_str().into(),
            line: place.line(),
            span: place.span.start..place.span.start + first.trim_end().len(),
            label: format!("{}/{name}", self.group),
            called: false,
        }
    }

    /// A new slot for a variable; a name hides an earlier one.
    pub(super) fn bind(&mut self, name: &str, mode: InputMode, ty: TypeId) -> Slot {
        let slot = self.slots;
        self.slots += 1;
        let name = name.to_string();
        self.scope.push(Variable { name, slot, mode, ty, types: vec![], result: false });
        slot
    }

    pub(super) fn variable(&self, name: &str) -> Option<Variable> {
        self.scope.iter().rev().find(|v| v.name == name).cloned()
    }

    fn call(&mut self, call: &'l Invocation) -> Option<CallCode> {
        let place = self.find_group(&call.name)?;
        let group = &self.library.maps[place.0].map.groups[place.1];
        if group.inputs.len() != call.parameters.len() {
            let (has, given) = (group.inputs.len(), call.parameters.len());
            let message = format!("the group `{}` has {has} inputs, {given} are given", call.name.text);
            self.error(call.name.place, "wrong-inputs", message, None);
            return None;
        }
        let mut arguments = Vec::new();
        let mut types = Vec::new();
        for (parameter, input) in call.parameters.iter().zip(&group.inputs) {
            let (argument, mode, given) = self.call_argument(parameter)?;
            let ty = given.ty;
            let here = std::mem::replace(&mut self.map, place.0);
            let declared = self.declared(input);
            self.map = here;
            let what = format!("the input `{}` of `{}`", input.name.text, call.name.text);
            // What is written may be read; what is read may not be written.
            if (mode, input.mode) == (InputMode::Source, InputMode::Target) {
                let message = format!("{what} is a target, but a source is given");
                self.error(call.name.place, "wrong-mode", message, None);
                return None;
            }
            let result = input.mode == InputMode::Source && (given.result || mode == InputMode::Target);
            if !self.may_be(ty, declared) {
                let message =
                    format!("{what} is {}, but {} is given", self.type_text(declared), self.type_text(ty));
                self.error(call.name.place, "wrong-type", message, None);
                return None;
            }
            types.push(Given { ty: if self.narrows(declared, ty) { declared } else { ty }, result });
            arguments.push(argument);
        }
        Some(CallCode { group: self.request(place, types), arguments })
    }

    fn call_argument(&mut self, parameter: &'l Parameter) -> Option<(ArgumentCode, InputMode, Given)> {
        if let Parameter::Variable(name) = parameter
            && let Some(variable) = self.variable(&name.text)
        {
            let given = Given { ty: variable.ty, result: variable.result };
            return Some((ArgumentCode::Variable(variable.slot), variable.mode, given));
        }
        let (argument, ty) = self.argument(parameter)?;
        Some((argument, InputMode::Source, Given { ty, result: false }))
    }

    /// Could something of type `ty` be of type `wanted`?
    pub(super) fn may_be(&self, ty: TypeId, wanted: TypeId) -> bool {
        ty == TypeId::NONE
            || wanted == TypeId::NONE
            || self.definitions.is_a(ty, wanted)
            || self.definitions.is_a(wanted, ty)
            || (self.definitions.is_primitive(ty) && self.definitions.is_primitive(wanted))
    }
}

/// Is it the short form, or that written out with a bare `create`?
fn is_copy(rule: &Rule) -> bool {
    let ([source], [target]) = (rule.sources.as_slice(), rule.targets.as_slice()) else { return false };
    let bare = matches!(&target.transform,
        Some(Transform::Call { name, parameters }) if name.text == "create" && parameters.is_empty());
    let named = source.variable.is_some() && target.variable.is_some() && !source.path.is_empty();
    let alone =
        rule.dependents.is_empty() && !rule.block && target.context.is_some() && !target.path.is_empty();
    rule.is_short() || bare && named && alone
}
