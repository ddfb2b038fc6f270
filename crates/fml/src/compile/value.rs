//! Transforms: what is written, and of which type it is where that can be known.
//!
//! Invariant: a transform's number of parameters is checked here, so that running need not.
//! Deliberately absent: the transforms' work (see `run::transform`).

use super::Compiler;
use crate::ast::{Expression, InputMode, Literal, LiteralKind, Name, Parameter, Transform};
use crate::code::{ArgumentCode, ElementCode, Function, Slot, TranslateCode, ValueCode, Wanted};
use crate::escape;
use crate::lexical::Form;
use crate::run;
use crate::translate::{self, Table};
use fhir::TypeId;
use std::sync::Arc;

/// Name, fewest and most parameters, function, type of the result.
const FUNCTIONS: [(&str, usize, usize, Function, &str); 12] = [
    ("truncate", 2, 2, Function::Truncate, "string"),
    ("escape", 2, 3, Function::Escape, "string"),
    ("append", 1, usize::MAX, Function::Append, "string"),
    ("reference", 1, 1, Function::Reference, "string"),
    ("pointer", 1, 1, Function::Reference, "string"),
    ("dateOp", 2, 4, Function::DateOp, ""),
    ("uuid", 0, 0, Function::Uuid, "string"),
    ("cc", 1, 3, Function::Cc, "CodeableConcept"),
    ("c", 2, 3, Function::C, "Coding"),
    ("qty", 1, 4, Function::Qty, "Quantity"),
    ("id", 2, 3, Function::Id, "Identifier"),
    ("cp", 1, 2, Function::Cp, "ContactPoint"),
];

pub(super) fn is_transform(name: &str) -> bool {
    FUNCTIONS.iter().any(|f| f.0 == name)
        || ["copy", "evaluate", "cast", "translate", "create"].contains(&name)
}

impl<'l> Compiler<'l> {
    pub(super) fn value(
        &mut self,
        transform: &'l Transform,
        focus: Option<Slot>,
    ) -> Option<(ValueCode, TypeId)> {
        match transform {
            Transform::Literal(literal) => {
                let ty = self.literal_type(literal);
                Some((ValueCode::Literal(literal.text.clone(), literal.kind), ty))
            }
            Transform::Copy(path) => self.copy(path, focus),
            Transform::Evaluate(expression) => self.evaluation(expression, focus),
            Transform::Call { name, parameters } => self.call_transform(name, parameters, focus),
        }
    }

    fn copy(&mut self, path: &'l [Name], focus: Option<Slot>) -> Option<(ValueCode, TypeId)> {
        let first = path.first()?;
        let last = path.last()?;
        if let (Some(variable), true) = (self.variable(&first.text), path.len() == 1) {
            return Some((ValueCode::Variable(variable.slot), variable.ty));
        }
        let known = self.variable(&first.text).is_some() || self.constant(&first.text).is_some();
        if !known {
            let mut names: Vec<String> = self.scope.iter().map(|v| v.name.clone()).collect();
            names.retain(|n| !n.is_empty());
            let message = format!("there is no variable or constant `{}`", first.text);
            self.unknown(first, "unknown-variable", message, &names);
            return None;
        }
        let percent = if self.variable(&first.text).is_some() { "" } else { "%" };
        let names: Vec<String> = path.iter().map(|n| format!("`{}`", n.text)).collect();
        let place = crate::parse::place(first.place.start as usize, last.place.end as usize);
        let expression = Expression { text: format!("{percent}{}", names.join(".")), place };
        let code = self.expression(&expression, TypeId::NONE)?;
        Some((ValueCode::Evaluate(focus, code), TypeId::NONE))
    }

    pub(super) fn create(
        &mut self,
        parameters: &'l [Parameter],
        element: &mut ElementCode,
        name: &Name,
    ) -> Option<ValueCode> {
        match parameters {
            [] if element.choices.len() == 1 => {}
            [Parameter::Literal(Literal { kind: LiteralKind::Text, text, place })] => {
                self.create_type(&Name { text: text.clone(), place: *place }, element)?;
            }
            _ => {
                let message = "`create` takes the name of a type in quotes";
                self.error(name.place, "wrong-parameters", message, Some("write `create('Type')`"));
                return None;
            }
        }
        Some(ValueCode::New)
    }

    fn call_transform(
        &mut self,
        name: &'l Name,
        parameters: &'l [Parameter],
        focus: Option<Slot>,
    ) -> Option<(ValueCode, TypeId)> {
        match name.text.as_str() {
            "copy" => match (parameters, focus) {
                // Resources leave it out where the rule has one source.
                ([], Some(slot)) => {
                    let ty = self.scope.iter().rev().find(|v| v.slot == slot).map_or(TypeId::NONE, |v| v.ty);
                    Some((ValueCode::Variable(slot), ty))
                }
                _ => self.wrong_parameters(name, "one parameter"),
            },
            "evaluate" => self.evaluate(name, parameters),
            "cast" => self.cast(name, parameters),
            "translate" => self.translate(name, parameters),
            _ => self.function(name, parameters),
        }
    }

    fn function(&mut self, name: &Name, parameters: &'l [Parameter]) -> Option<(ValueCode, TypeId)> {
        let Some((_, min, max, function, ty)) = FUNCTIONS.iter().find(|f| f.0 == name.text) else {
            if self.group_named(&name.text) {
                let message = format!("`{}` is a group, and no transform", name.text);
                let remedy = "groups are called after `then`";
                self.error(name.place, "unknown-transform", message, Some(remedy));
                return None;
            }
            let mut all: Vec<String> = FUNCTIONS.iter().map(|f| f.0.to_string()).collect();
            all.extend(["copy", "evaluate", "cast", "translate", "create"].map(String::from));
            let message = format!("there is no transform `{}`", name.text);
            self.unknown(name, "unknown-transform", message, &all);
            return None;
        };
        if !(*min..=*max).contains(&parameters.len()) {
            let wanted = match (min, max) {
                (min, max) if min == max => format!("{min} parameters"),
                (min, &usize::MAX) => format!("at least {min} parameters"),
                (min, max) => format!("{min} to {max} parameters"),
            };
            return self.wrong_parameters(name, &wanted);
        }
        self.check_constants(name, *function, parameters)?;
        let arguments =
            parameters.iter().map(|p| self.argument(p).map(|a| a.0)).collect::<Option<Vec<_>>>()?;
        let ty = self.definitions.type_id(ty).unwrap_or(TypeId::NONE);
        Some((ValueCode::Call(*function, arguments), ty))
    }

    /// Constants that the transform can never take.
    fn check_constants(&mut self, name: &Name, function: Function, parameters: &[Parameter]) -> Option<()> {
        let constant = |i: usize| match parameters.get(i) {
            Some(Parameter::Literal(literal)) => Some(literal.text.as_str()),
            _ => None,
        };
        let number = |i: usize| constant(i).is_none_or(|t| t.parse::<i32>().is_ok());
        let known = |i: usize, words: &[&str]| constant(i).is_none_or(|t| words.contains(&t));
        let calculates = parameters.len() > 2;
        let units = run::DATE_UNITS.iter().flat_map(|u| [u.to_string(), format!("{u}s")]);
        let units: Vec<String> = units.collect();
        let units: Vec<&str> = units.iter().map(String::as_str).collect();
        let takes = match function {
            Function::Truncate if !(number(1) && constant(1).is_none_or(|t| !t.starts_with('-'))) => {
                "a value and a whole number"
            }
            Function::Escape if !(1..3).all(|i| known(i, &escape::FORMATS)) => {
                "a value and one or two of plain, xml, html, json, java, url and er7"
            }
            Function::DateOp if !calculates && !known(1, &["year", "month", "date"]) => {
                "a date and `year`, `month` or `date`"
            }
            Function::DateOp
                if calculates && !(known(1, &["add", "subtract"]) && number(2) && known(3, &units))
                    || parameters.len() == 3 =>
            {
                "a date, `add` or `subtract`, a whole number and a unit such as `days`"
            }
            _ => return Some(()),
        };
        self.wrong_parameters(name, takes)
    }

    fn wrong_parameters<T>(&mut self, name: &Name, wanted: &str) -> Option<T> {
        let message = format!("`{}` takes {wanted}", name.text);
        self.error(name.place, "wrong-parameters", message, None);
        None
    }

    /// `evaluate(context, expression)`.
    fn evaluate(&mut self, name: &'l Name, parameters: &'l [Parameter]) -> Option<(ValueCode, TypeId)> {
        let [Parameter::Variable(variable), Parameter::Expression(expression)] = parameters else {
            return self.wrong_parameters(name, "a variable and an expression");
        };
        let Some(context) = self.variable(&variable.text) else {
            let message = format!("there is no variable `{}`", variable.text);
            self.error(variable.place, "unknown-variable", message, None);
            return None;
        };
        self.evaluation(expression, Some(context.slot))
    }

    fn evaluation(&mut self, expression: &Expression, focus: Option<Slot>) -> Option<(ValueCode, TypeId)> {
        let bound = focus.and_then(|slot| self.scope.iter().rev().find(|v| v.slot == slot)).cloned();
        let mut code = self.expression(expression, bound.as_ref().map_or(TypeId::NONE, |v| v.ty))?;
        code.reads_target |= bound.is_some_and(|v| v.result || v.mode == InputMode::Target);
        Some((ValueCode::Evaluate(focus, code), TypeId::NONE))
    }

    fn cast(&mut self, name: &Name, parameters: &'l [Parameter]) -> Option<(ValueCode, TypeId)> {
        let (value, ty) = match parameters {
            [value, Parameter::Literal(Literal { kind: LiteralKind::Text, text, place })] => {
                (value, self.type_of(&Name { text: text.clone(), place: *place })?)
            }
            [_] => {
                let message = "the type to cast to is not known here";
                self.error(name.place, "type-missing", message, Some("write `cast(value, 'type')`"));
                return None;
            }
            _ => return self.wrong_parameters(name, "a value and the name of a type in quotes"),
        };
        self.cast_to(name, value, ty)
    }

    pub(super) fn cast_to(
        &mut self,
        name: &Name,
        value: &'l Parameter,
        ty: TypeId,
    ) -> Option<(ValueCode, TypeId)> {
        if !self.definitions.is_primitive(ty) {
            let message = format!("a value cannot be cast to {}", self.type_text(ty));
            self.error(name.place, "wrong-type", message, Some("`cast` makes primitive types"));
            return None;
        }
        let (value, _) = self.argument(value)?;
        Some((ValueCode::Cast(value, ty, Form::of(self.definitions.type_name(ty))), ty))
    }

    /// `translate(value, map, what, property, value, …)`.
    fn translate(&mut self, name: &Name, parameters: &'l [Parameter]) -> Option<(ValueCode, TypeId)> {
        let takes = "a value, a concept map's address, what is wanted, and pairs of property and value";
        let [value, Parameter::Literal(url), rest @ ..] = parameters else {
            return self.wrong_parameters(name, takes);
        };
        let (wanted, pairs) = match rest {
            [] => ("code", rest),
            [Parameter::Literal(wanted), pairs @ ..] => (wanted.text.as_str(), pairs),
            _ => return self.wrong_parameters(name, takes),
        };
        let (wanted, ty) = match wanted {
            "code" => (Wanted::Code, "code"),
            "system" => (Wanted::System, "uri"),
            "display" => (Wanted::Display, "string"),
            "Coding" | "coding" => (Wanted::Coding, "Coding"),
            "CodeableConcept" => (Wanted::CodeableConcept, "CodeableConcept"),
            other => match other.strip_prefix("product:") {
                Some(property) => (Wanted::Product(property.to_string()), "string"),
                None => {
                    let all = "`code`, `system`, `display`, `Coding`, `CodeableConcept` or `product:…`";
                    return self.wrong_parameters(name, all);
                }
            },
        };
        let (value, _) = self.argument(value)?;
        let table = self.table(url)?;
        let mut properties = Vec::new();
        for pair in pairs.chunks(2) {
            let [Parameter::Literal(property), given] = pair else {
                return self.wrong_parameters(name, takes);
            };
            properties.push((property.text.clone(), self.argument(given)?.0));
        }
        self.check_properties(name, url, &table, &wanted, &properties);
        let ty = self.definitions.type_id(ty).unwrap_or(TypeId::NONE);
        Some((ValueCode::Translate(Box::new(TranslateCode { value, table, wanted, properties })), ty))
    }

    /// A property that translations depend on and nobody gives; one that the concept map lacks.
    fn check_properties(
        &mut self,
        name: &Name,
        url: &Literal,
        table: &Table,
        wanted: &Wanted,
        given: &[(String, ArgumentCode)],
    ) {
        let missing = table.properties().find(|p| !given.iter().any(|(g, _)| g == p));
        if let Some(property) = missing {
            let message = format!("some translations depend on `{property}`, which is not given");
            let remedy = format!("add `, '{property}', value` after what is wanted");
            self.warn(name.place, "concept-depends", message, Some(&remedy));
        }
        let more = table.others().next().is_some();
        let unknown = given.iter().map(|(g, _)| g).find(|g| !table.properties().any(|p| p == g.as_str()));
        if let Some(property) = unknown.filter(|_| !more) {
            let message = format!("no translation of the concept map depends on `{property}`");
            self.error(url.place, "unknown-property", message, None);
        }
        if let Wanted::Product(property) = wanted
            && !more
            && !table.products().any(|p| p == property)
        {
            let message = format!("no translation of the concept map brings `{property}`");
            self.error(url.place, "unknown-property", message, None);
        }
    }

    /// The concept map at this address, with all it sends unmapped codes to.
    fn table(&mut self, url: &Literal) -> Option<Arc<Table>> {
        let tables = &self.library.translator.tables;
        let id = url.text.trim_start_matches('#');
        let embedded = |&map: &usize| {
            let found = tables.get(&format!("{}#{id}", self.library.maps[map].map.url.text))?;
            Some((Some(map), found))
        };
        let external = || tables.get(&url.text).map(|found| (None, found));
        let found = external().or_else(|| self.visible(self.map).iter().find_map(embedded));
        let Some((map, table)) = found.map(|(map, table)| (map, table.clone())) else {
            let message = format!("there is no concept map `{}`", url.text);
            self.error(url.place, "unknown-concept-map", message, Some("add it to the library, or embed it"));
            return None;
        };
        self.used_maps.extend(map);
        self.used_tables.insert(table.url.clone());
        self.gather(url, &table, &mut vec![table.url.clone()])?;
        Some(table)
    }

    /// Takes along the tables that this one sends unmapped codes to, and theirs.
    fn gather(&mut self, url: &Literal, table: &Table, way: &mut Vec<String>) -> Option<()> {
        for other in table.others().map(str::to_string).collect::<Vec<_>>() {
            if self.code.tables.contains_key(&other) {
                continue;
            }
            let Some(found) = self.library.translator.tables.get(&other).cloned() else {
                let message =
                    format!("the concept map sends unmapped codes to `{other}`, which is not there");
                self.error(url.place, "unknown-concept-map", message, Some("add it to the library"));
                return None;
            };
            if way.contains(&other) || way.len() > translate::FURTHEST {
                let message = "the concept maps send unmapped codes from one to another without end";
                self.error(url.place, "concept-map-circle", message, Some("let the last one end it"));
                return None;
            }
            self.used_tables.insert(found.url.clone());
            way.push(other.clone());
            self.gather(url, &found, way)?;
            way.pop();
            self.code.tables.insert(other, found);
        }
        Some(())
    }

    pub(super) fn argument(&mut self, parameter: &'l Parameter) -> Option<(ArgumentCode, TypeId)> {
        match parameter {
            Parameter::Literal(literal) => {
                let ty = self.literal_type(literal);
                Some((ArgumentCode::Literal(literal.text.clone(), literal.kind), ty))
            }
            Parameter::Expression(expression) => {
                Some((ArgumentCode::Expression(self.expression(expression, TypeId::NONE)?), TypeId::NONE))
            }
            Parameter::Variable(name) => match self.variable(&name.text) {
                Some(variable) => Some((ArgumentCode::Variable(variable.slot), variable.ty)),
                None => {
                    let (value, ty) = self.copy(std::slice::from_ref(name), None)?;
                    match value {
                        ValueCode::Evaluate(_, code) => Some((ArgumentCode::Expression(code), ty)),
                        _ => None,
                    }
                }
            },
        }
    }

    fn literal_type(&self, literal: &Literal) -> TypeId {
        let name = match literal.kind {
            LiteralKind::Text | LiteralKind::Markdown => "string",
            LiteralKind::Integer => "integer",
            LiteralKind::Decimal => "decimal",
            LiteralKind::Boolean => "boolean",
            LiteralKind::Moment if literal.text.starts_with('T') => "time",
            LiteralKind::Moment if literal.text.contains('T') => "dateTime",
            LiteralKind::Moment => "date",
        };
        self.definitions.type_id(name).unwrap_or(TypeId::NONE)
    }
}
