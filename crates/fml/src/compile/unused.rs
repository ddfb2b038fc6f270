//! What a map declares and never uses: variables, imports, constants, concept maps.
//!
//! Only the map that is compiled is looked at; what an import offers need not be used. Invariant:
//! these are warnings, a map may run with all of them. Deliberately absent: `uses` lines, which also
//! tell a reader what the map is about.

use super::Compiler;
use super::expression::names;
use crate::ast::{Expression, Group, Name, Parameter, Rule, RuleSource, RuleTarget, Transform};

/// A variable in the scope of a rule.
struct Declared<'m> {
    name: &'m Name,
    /// Must it be there, used or not?
    asked_for: bool,
    used: bool,
}

impl<'l> Compiler<'l> {
    /// Called when everything that can be reached has been compiled.
    pub(super) fn check_unused(&mut self, map: usize) {
        self.map = map;
        let loaded = self.loaded();
        for group in &loaded.map.groups {
            self.unused_variables(group);
        }
        for constant in &loaded.map.constants {
            let known = self.constants.contains_key(&(map, constant.name.text.clone()));
            // What nobody reads is checked all the same.
            self.constant(&constant.name.text);
            if !known {
                let message = format!("nothing reads the constant `{}`", constant.name.text);
                self.warn(constant.name.place, "unused-constant", message, Some("take it out"));
            }
        }
        for concepts in &loaded.map.concept_maps {
            let address = format!("{}#{}", loaded.map.url.text, concepts.url.text.trim_start_matches('#'));
            let table = self.library.translator.tables.get(&address);
            if table.is_some_and(|table| !self.used_tables.contains(&table.url)) {
                let message = format!("no rule translates by the concept map `{}`", concepts.url.text);
                self.warn(concepts.url.place, "unused-concept-map", message, Some("take it out"));
            }
        }
        for import in &loaded.map.imports {
            let all = (0..self.library.maps.len()).filter(|&m| m != map);
            let imported = all.filter(|&m| self.imports(&import.url.text, m)).collect::<Vec<_>>();
            let mut reached = imported.iter().flat_map(|&m| self.visible(m).to_vec());
            if !imported.is_empty() && !reached.any(|m| self.used_maps.contains(&m)) {
                let message = "nothing that this import brings is used";
                self.warn(import.url.place, "unused-import", message, Some("take it out"));
            }
        }
    }

    fn unused_variables(&mut self, group: &'l Group) {
        let input = |i: &'l crate::ast::Input| Declared { name: &i.name, asked_for: true, used: false };
        let mut scope: Vec<Declared<'l>> = group.inputs.iter().map(input).collect();
        self.rules_use(&group.rules, &mut scope);
    }

    fn rules_use(&mut self, rules: &'l [Rule], scope: &mut Vec<Declared<'l>>) {
        for rule in rules {
            let mark = scope.len();
            for source in &rule.sources {
                source_uses(source, scope);
            }
            for target in &rule.targets {
                target_uses(target, scope);
            }
            for call in &rule.dependents {
                call.parameters.iter().for_each(|p| parameter_uses(p, scope));
            }
            self.rules_use(&rule.rules, scope);
            for variable in scope.drain(mark..).filter(|v| !v.used && !v.asked_for) {
                let message = format!("nothing reads or fills `{}`", variable.name.text);
                let remedy = format!("leave `as {}` out", variable.name.text);
                self.warn(variable.name.place, "unused-variable", message, Some(&remedy));
            }
        }
    }
}

fn used(name: &str, scope: &mut [Declared<'_>]) {
    if let Some(variable) = scope.iter_mut().rev().find(|v| v.name.text == name) {
        variable.used = true;
    }
}

fn expression_uses(expression: &Expression, scope: &mut [Declared<'_>]) {
    names(&expression.text).iter().for_each(|(name, _)| used(name, scope));
}

fn source_uses<'m>(source: &'m RuleSource, scope: &mut Vec<Declared<'m>>) {
    used(&source.context.text, scope);
    source.default.iter().for_each(|e| expression_uses(e, scope));
    let own = source.variable.as_ref();
    for expression in [&source.condition, &source.check, &source.log].into_iter().flatten() {
        expression_uses(expression, scope);
    }
    let told = [&source.condition, &source.check, &source.log].into_iter().flatten();
    let mentions =
        |name: &Name| told.into_iter().any(|e| names(&e.text).iter().any(|(n, _)| *n == name.text));
    if let Some(name) = own {
        // The language wants a variable wherever an element is named, needed or not.
        let asked_for = !source.path.is_empty();
        let used = mentions(name);
        scope.push(Declared { name, asked_for, used });
    }
}

fn target_uses<'m>(target: &'m RuleTarget, scope: &mut Vec<Declared<'m>>) {
    target.context.iter().for_each(|context| used(&context.text, scope));
    match &target.transform {
        Some(Transform::Copy(path)) => path.first().into_iter().for_each(|name| used(&name.text, scope)),
        Some(Transform::Evaluate(expression)) => expression_uses(expression, scope),
        Some(Transform::Call { parameters, .. }) => {
            parameters.iter().for_each(|p| parameter_uses(p, scope));
        }
        Some(Transform::Literal(_)) | None => {}
    }
    if let Some(name) = &target.variable {
        // A value was written; its name is no more than a name.
        let filled = target.context.is_some() && target.transform.is_some();
        scope.push(Declared { name, asked_for: filled, used: false });
    }
}

fn parameter_uses(parameter: &Parameter, scope: &mut [Declared<'_>]) {
    match parameter {
        Parameter::Variable(name) => used(&name.text, scope),
        Parameter::Expression(expression) => expression_uses(expression, scope),
        Parameter::Literal(_) => {}
    }
}
