//! Targets of rules: which element is written, and as what.
//!
//! Invariant: a target's element is known with its place, list mark and written form; only a choice
//! may be left to the value. Deliberately absent: the values (see `value`).

use super::{Compiler, Given, Variable};
use crate::ast::{InputMode, Name, Rule, RuleTarget, TargetMode, Transform};
use crate::code::{
    ArgumentCode, CallCode, CaseCode, Choice, ElementCode, ModeCode, RuleCode, Shape, Slot, TargetCode,
    ValueCode,
};
use crate::model::{self, Fit};
use fhir::{Key, TypeId};

impl<'l> Compiler<'l> {
    pub(super) fn target(&mut self, target: &'l RuleTarget, focus: Option<Slot>) -> Option<TargetCode> {
        let Some(context) = &target.context else {
            return self.free_target(target, focus);
        };
        let variable = self.target_variable(context)?;
        let mode = self.mode(target);
        if target.path.is_empty() {
            return self.target_itself(target, variable, focus);
        }
        let (path, mut element, place) = self.target_path(variable.ty, &target.path)?;
        let value = self.target_value(target.transform.as_ref(), &mut element, place, focus)?;
        let ty = if element.choices.len() == 1 { element.choices[0].ty } else { TypeId::NONE };
        let bind = target.variable.as_ref().map(|v| self.bind(&v.text, InputMode::Target, ty));
        Some(TargetCode { context: Some(variable.slot), path, element: Some(element), value, bind, mode })
    }

    /// A target without a context: only its variable matters, which is a value like a source's.
    fn free_target(&mut self, target: &'l RuleTarget, focus: Option<Slot>) -> Option<TargetCode> {
        if let Some(Transform::Call { name, .. }) = &target.transform
            && name.text == "create"
        {
            let message = "`create` needs an element to create in";
            self.error(
                target.place,
                "create-nowhere",
                message,
                Some("write `t.element = create('Type') as v`"),
            );
            return None;
        }
        let (value, ty) = self.value(target.transform.as_ref()?, focus)?;
        let name = target.variable.as_ref().map_or("", |v| v.text.as_str());
        let bind = Some(self.bind(name, InputMode::Source, ty));
        Some(TargetCode { context: None, path: vec![], element: None, value, bind, mode: ModeCode::Next })
    }

    /// `t as v` is a second name; `t = value` fills what is already there.
    fn target_itself(
        &mut self,
        target: &'l RuleTarget,
        variable: Variable,
        focus: Option<Slot>,
    ) -> Option<TargetCode> {
        if let Some(alias) = &target.variable {
            self.scope.push(Variable { name: alias.text.clone(), ..variable.clone() });
        }
        let transform = target.transform.as_ref()?;
        if variable.ty == TypeId::NONE {
            self.open_target(target.context.as_ref()?);
            return None;
        }
        let choice =
            Choice { key: Key::new(""), ty: variable.ty, shape: model::shape(self.definitions, variable.ty) };
        let mut element =
            ElementCode { name: String::new(), list: false, rank: 0, choice: false, choices: vec![choice] };
        let place = target.context.as_ref()?;
        let value = self.target_value(Some(transform), &mut element, place, focus)?;
        Some(TargetCode {
            context: Some(variable.slot),
            path: vec![],
            element: Some(element),
            value,
            bind: None,
            mode: ModeCode::Next,
        })
    }

    fn target_variable(&mut self, context: &Name) -> Option<Variable> {
        let Some(variable) = self.variable(&context.text) else {
            let names: Vec<String> = self.scope.iter().map(|v| v.name.clone()).collect();
            let message = format!("there is no variable `{}`", context.text);
            self.unknown(context, "unknown-variable", message, &names);
            return None;
        };
        if variable.mode == InputMode::Source {
            let message = format!("`{}` is a source; only a target can be written", context.text);
            self.error(context.place, "wrong-mode", message, None);
            return None;
        }
        Some(variable)
    }

    fn open_target(&mut self, name: &Name) {
        if !self.uncalled && !self.has_errors() {
            let message =
                format!("the type of `{}` is not known, so nothing can be written there", name.text);
            self.error(name.place, "target-type-open", message, Some("make it with `create('Type')`"));
        }
    }

    /// The elements on the way, and the last one.
    fn target_path<'n>(
        &mut self,
        ty: TypeId,
        path: &'n [Name],
    ) -> Option<(Vec<ElementCode>, ElementCode, &'n Name)> {
        let mut ty = ty;
        let mut way = Vec::new();
        for (i, name) in path.iter().enumerate() {
            let element = self.target_element(ty, name)?;
            if i + 1 == path.len() {
                return Some((way, element, name));
            }
            if element.choices.len() != 1 {
                self.open_target(name);
                return None;
            }
            ty = element.choices[0].ty;
            way.push(element);
        }
        None
    }

    fn target_element(&mut self, ty: TypeId, name: &Name) -> Option<ElementCode> {
        if ty == TypeId::NONE {
            self.open_target(name);
            return None;
        }
        if self.definitions.is_primitive(ty) && name.text == "value" {
            let choice = Choice { key: Key::new(""), ty, shape: model::shape(self.definitions, ty) };
            return Some(ElementCode {
                name: String::new(),
                list: false,
                rank: 0,
                choice: false,
                choices: vec![choice],
            });
        }
        let Some(member) = model::member(self.definitions, ty, &name.text) else {
            self.no_member(ty, name);
            return None;
        };
        Some(model::element_code(self.definitions, &member))
    }

    /// The value, with the element narrowed to the choice that the value becomes.
    fn target_value(
        &mut self,
        transform: Option<&'l Transform>,
        element: &mut ElementCode,
        name: &Name,
        focus: Option<Slot>,
    ) -> Option<ValueCode> {
        let Some(transform) = transform else {
            self.narrow_to_only(element, name)?;
            return Some(ValueCode::New);
        };
        if let Transform::Call { name: called, parameters } = transform
            && called.text == "create"
        {
            return self.create(parameters, element, name);
        }
        let (value, ty) = match (transform, element.choices.as_slice()) {
            // Where the element has one type, `cast` need not name it.
            (Transform::Call { name, parameters }, [only])
                if name.text == "cast" && parameters.len() == 1 =>
            {
                let ty = only.ty;
                self.cast_to(name, parameters.first()?, ty)?
            }
            _ => self.value(transform, focus)?,
        };
        self.narrow_to(element, ty, name)?;
        if let (ValueCode::Literal(text, _), [Choice { shape: Shape::Primitive(form), ty, .. }]) =
            (&value, element.choices.as_slice())
            && !form.allows(text)
        {
            let message = format!("`{text}` is no value of {}", self.type_text(*ty));
            self.error(name.place, "value-form", message, None);
            return None;
        }
        Some(value)
    }

    /// A value of this type is to be written: the element becomes that choice.
    pub(super) fn narrow_to(&mut self, element: &mut ElementCode, ty: TypeId, name: &Name) -> Option<()> {
        match model::fit(self.definitions, ty, element) {
            Fit::As(index) => element.choices = vec![element.choices.swap_remove(index)],
            Fit::Open => {}
            Fit::Never => {
                let types: Vec<String> = element.choices.iter().map(|c| self.type_text(c.ty)).collect();
                let wanted = match types.len() {
                    0..=3 => types.join(" or "),
                    n => format!("one of {n} types"),
                };
                let message = format!("`{}` is {wanted}; this value is {}", name.text, self.type_text(ty));
                let remedy = "convert it with `cast(value, 'type')`, or map it in a group";
                self.error(name.place, "wrong-type", message, Some(remedy));
                return None;
            }
        }
        Some(())
    }

    fn narrow_to_only(&mut self, element: &mut ElementCode, name: &Name) -> Option<()> {
        let open = element.choices.len() != 1 || matches!(element.choices[0].shape, Shape::AnyResource);
        if open {
            let message = format!("`{}` can be of several types", name.text);
            self.error(name.place, "type-missing", message, Some("say which: `= create('Type')`"));
            return None;
        }
        Some(())
    }

    pub(super) fn create_type(&mut self, name: &Name, element: &mut ElementCode) -> Option<()> {
        let ty = self.type_of(name)?;
        let fitting = element.choices.iter().position(|c| c.ty == ty).or_else(|| {
            let above = |c: &Choice| self.definitions.is_a(ty, c.ty);
            element.choices.iter().position(above)
        });
        let Some(index) = fitting else {
            let message = format!("{} cannot stand here", self.type_text(ty));
            self.error(name.place, "wrong-type", message, None);
            return None;
        };
        if self.definitions.is_abstract(ty) {
            let message = format!("{} is abstract", self.type_text(ty));
            self.error(name.place, "wrong-type", message, Some("name the type itself"));
            return None;
        }
        let key = element.choices[index].key.clone();
        element.choices = vec![Choice { key, ty, shape: model::shape(self.definitions, ty) }];
        Some(())
    }

    /// `a.x -> b.y`: by the default group for the two types, or as a copy. Where the source may be of
    /// several types, its own type decides when the map runs.
    pub(super) fn copy_rule(&mut self, rule: &'l Rule, source: &Variable, code: &mut RuleCode) -> Option<()> {
        let target = rule.targets.first()?;
        let variable = self.target_variable(target.context.as_ref()?)?;
        let (path, mut element, name) = self.target_path(variable.ty, &target.path)?;
        let mode = self.mode(target);
        let context = Some(variable.slot);
        let made = |element, value, bind| TargetCode {
            context,
            path: path.clone(),
            element: Some(element),
            value,
            bind,
            mode,
        };
        let open = source.ty == TypeId::NONE || self.definitions.is_abstract(source.ty);
        for ty in if open { self.default_types(source) } else { vec![source.ty] } {
            let Some((group, choice)) = self.default_for(ty, &element) else { continue };
            let bind = self.bind("", InputMode::Target, choice.ty);
            let given = vec![Given { ty, result: source.result }, Given { ty: choice.ty, result: false }];
            let group = self.request(group, given);
            let arguments = vec![ArgumentCode::Variable(source.slot), ArgumentCode::Variable(bind)];
            let element = ElementCode { choices: vec![choice], ..element.clone() };
            let target = made(element, ValueCode::New, Some(bind));
            let (targets, calls) = (vec![target], vec![CallCode { group, arguments }]);
            if !open {
                (code.targets, code.calls) = (targets, calls);
                return Some(());
            }
            code.cases.push(CaseCode { ty, targets, calls });
        }
        self.narrow_to(&mut element, source.ty, name)?;
        code.targets = vec![made(element, ValueCode::Variable(source.slot), None)];
        Some(())
    }

    fn mode(&mut self, target: &RuleTarget) -> ModeCode {
        match &target.list_mode {
            None => ModeCode::Next,
            Some(TargetMode::First) => ModeCode::First,
            Some(TargetMode::Last) => ModeCode::Last,
            Some(TargetMode::Single) => ModeCode::Single,
            Some(TargetMode::Share(id)) => {
                let id = id.as_ref().map_or("", |id| id.text.as_str());
                let known = self.shares.iter().position(|s| s == id);
                ModeCode::Share(known.unwrap_or_else(|| {
                    self.shares.push(id.to_string());
                    self.shares.len() - 1
                }))
            }
        }
    }
}
