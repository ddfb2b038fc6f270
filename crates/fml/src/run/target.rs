//! Writing: the element, its name, its form, its place.
//!
//! An element that can be there once is made once and then found again; a second value for it is a
//! fault, not a silent replacement. An empty text is no value, as in FHIR. Invariant: what is written has the form that the model gives.
//! Deliberately absent: how values come about (see `transform`).

use super::made::Made;
use super::{Bound, Frame, Run};
use crate::code::{Choice, ElementCode, ModeCode, Shape, TargetCode, ValueCode};
use crate::fault::Cause;
use crate::lexical::Form;
use crate::model::{self, Fit};
use crate::trace::Role;
use fhir::{Kind, NodeId, TypeId};

impl<'t> Run<'t, '_> {
    pub(super) fn begin_root(&mut self) {
        let root = self.tree.root();
        self.tree.set_type(root, self.plan.target);
        self.built.push((root, 0));
        if self.plan.definitions.is_resource(self.plan.target) {
            let name = self.plan.target_type();
            self.tree.add_text(root, "resourceType", false, name);
        }
    }

    /// `NOTED`: there is a record. Known when it was compiled, because this is where a run spends its
    /// time.
    pub(super) fn target<const NOTED: bool>(
        &mut self,
        target: &'t TargetCode,
        frame: &mut Frame<'t>,
    ) -> Result<(), Cause> {
        if let Some(bind) = target.bind {
            frame[bind] = Bound::Nothing;
        }
        let (Some(context), Some(element)) = (target.context, &target.element) else {
            return self.free::<NOTED>(target, frame);
        };
        let Bound::Target(mut parent) = frame[context] else {
            return Err(Cause::new(
                "variable-unset",
                "the target was not made by the rule that should make it",
            ));
        };
        if matches!(target.value, ValueCode::New) {
            for step in &target.path {
                parent = self.single(parent, step, 0)?;
            }
            let made = self.new_element(parent, element, target.mode)?;
            if NOTED {
                self.note_written(made);
            }
            if let Some(bind) = target.bind {
                frame[bind] = Bound::Target(made);
            }
            return Ok(());
        }
        if let ValueCode::Variable(slot) = &target.value {
            let value = match &frame[*slot] {
                Bound::Value(made) => made.clone(),
                Bound::Target(id) => Made::Target(*id),
                Bound::Nothing => return Ok(()),
            };
            for step in &target.path {
                parent = self.single(parent, step, 0)?;
            }
            return self.put::<NOTED>(parent, element, target, value, frame);
        }
        if NOTED {
            self.forget_looked();
        }
        let values = self.values(&target.value, frame)?;
        if values.is_empty() {
            if NOTED {
                self.note_looked(Role::Value);
            }
            return Ok(());
        }
        for step in &target.path {
            parent = self.single(parent, step, 0)?;
        }
        if values.len() > 1 && !element.list {
            return Err(Cause::new("several-values", format!("`{}` takes one value", element.name)));
        }
        values.into_iter().try_for_each(|value| self.put::<NOTED>(parent, element, target, value, frame))
    }

    /// Writes one value of a target, and binds what came of it. Part of its two callers: a call would
    /// move the value once more.
    #[inline(always)]
    fn put<const NOTED: bool>(
        &mut self,
        parent: NodeId,
        element: &'t ElementCode,
        target: &'t TargetCode,
        value: Made<'t>,
        frame: &mut Frame<'t>,
    ) -> Result<(), Cause> {
        if NOTED {
            self.note_origin(&target.value, &value, frame);
        }
        let made = self.write(parent, element, value, target.mode)?;
        if NOTED {
            self.note_value(made);
        }
        if let (Some(bind), Some(made)) = (target.bind, made) {
            frame[bind] = Bound::Target(made);
        }
        Ok(())
    }

    /// Only a variable is made.
    fn free<const NOTED: bool>(
        &mut self,
        target: &'t TargetCode,
        frame: &mut Frame<'t>,
    ) -> Result<(), Cause> {
        if NOTED {
            self.forget_looked();
        }
        let mut values = self.values(&target.value, frame)?;
        if values.len() > 1 {
            return Err(Cause::new("several-values", "a variable takes one value"));
        }
        if let (Some(bind), Some(value)) = (target.bind, values.pop()) {
            if NOTED {
                self.note_variable(&target.value, &value, frame, bind);
            }
            frame[bind] = Bound::Value(value);
        }
        Ok(())
    }

    // ---- elements ----

    /// A new element, or the one there is where there can be one only.
    fn new_element(
        &mut self,
        parent: NodeId,
        element: &'t ElementCode,
        mode: ModeCode,
    ) -> Result<NodeId, Cause> {
        let Some(choice) = element.choices.first() else {
            return Err(Cause::new("type-missing", format!("the type of `{}` is not known", element.name)));
        };
        if choice.key.name().is_empty() {
            return Ok(parent);
        }
        if !element.list {
            return self.single_as(parent, element, choice, class(mode));
        }
        match mode {
            ModeCode::Single => self.single_as(parent, element, choice, 1),
            ModeCode::Share(id) => {
                let same = |s: &&(NodeId, usize, NodeId)| s.0 == parent && s.1 == id;
                let known = self.shared.iter().filter(same).find(|s| self.tree.is_named(s.2, &choice.key));
                if let Some(&(_, _, made)) = known {
                    return Ok(made);
                }
                let made = self.add(parent, element, choice, 1)?;
                self.shared.push((parent, id, made));
                Ok(made)
            }
            ModeCode::First | ModeCode::Last => {
                self.only_at_end(parent, element, choice, mode)?;
                self.add(parent, element, choice, class(mode))
            }
            ModeCode::Next => self.add(parent, element, choice, 1),
        }
    }

    /// Two rules cannot both make the first, or the last.
    fn only_at_end(
        &self,
        parent: NodeId,
        element: &ElementCode,
        choice: &Choice,
        mode: ModeCode,
    ) -> Result<(), Cause> {
        let rank = rank(element, class(mode));
        let taken = self.tree.named(parent, &choice.key).any(|c| self.rank_of(c) == rank);
        match taken {
            true => {
                Err(Cause::new("list-end-taken", format!("`{}` already has its first or last", element.name)))
            }
            false => Ok(()),
        }
    }

    fn single(&mut self, parent: NodeId, element: &'t ElementCode, _: u32) -> Result<NodeId, Cause> {
        match element.choices.first() {
            Some(choice) => self.single_as(parent, element, choice, 1),
            None => Err(Cause::new("type-missing", format!("the type of `{}` is not known", element.name))),
        }
    }

    fn single_as(
        &mut self,
        parent: NodeId,
        element: &ElementCode,
        choice: &Choice,
        class: u32,
    ) -> Result<NodeId, Cause> {
        let found = self.tree.named(parent, &choice.key).next();
        if let Some(found) = found {
            let same = self.tree.type_of(found) == choice.ty;
            return match same {
                true => Ok(found),
                false => Err(self.full(element)),
            };
        }
        self.refuse_other_choice(parent, element)?;
        self.add(parent, element, choice, class)
    }

    /// `value[x]` can be there under one name only.
    fn refuse_other_choice(&self, parent: NodeId, element: &ElementCode) -> Result<(), Cause> {
        if !element.choice {
            return Ok(());
        }
        let whole = rank(element, 0);
        let is_other = |c: NodeId| self.rank_of(c) >> 2 == whole >> 2;
        match !element.list && self.tree.children(parent).any(is_other) {
            true => Err(self.full(element)),
            false => Ok(()),
        }
    }

    fn full(&self, element: &ElementCode) -> Cause {
        Cause::new("target-full", format!("`{}` takes one value, and a second one came", element.name))
    }

    fn add(
        &mut self,
        parent: NodeId,
        element: &ElementCode,
        choice: &Choice,
        class: u32,
    ) -> Result<NodeId, Cause> {
        if self.tree.len() >= self.inputs.bounds.nodes {
            return Err(Cause::new("too-large", "the result has too many elements"));
        }
        let made = self.tree.add(parent, choice.key.name(), element.list);
        self.tree.set_type(made, choice.ty);
        self.built.push((made, rank(element, class)));
        if let Shape::Resource(name) = &choice.shape {
            self.tree.add_text(made, "resourceType", false, name);
        }
        self.note_written(made);
        Ok(made)
    }

    /// Place among siblings; 0 for what was copied.
    pub(super) fn rank_of(&self, id: NodeId) -> u32 {
        let found = self.built.binary_search_by_key(&id, |b| b.0);
        found.map_or(0, |i| self.built[i].1)
    }

    // ---- values ----

    fn write(
        &mut self,
        parent: NodeId,
        element: &'t ElementCode,
        value: Made<'t>,
        mode: ModeCode,
    ) -> Result<Option<NodeId>, Cause> {
        let choice = self.choose_type(element, &value)?;
        let itself = choice.key.name().is_empty();
        match &choice.shape {
            Shape::Primitive(form) => {
                let Some(text) = self.text_of(&value) else {
                    return self.write_without_value(parent, element, choice, value, mode);
                };
                if text.is_empty() {
                    return Ok(None);
                }
                if !form.allows(&text) {
                    let wanted = self.plan.definitions.type_name(choice.ty);
                    return Err(Cause::new(
                        "value-form",
                        format!("the value for `{}` is no {wanted}", element.name),
                    ));
                }
                let node = if itself { parent } else { self.place_for(parent, element, choice, mode)? };
                self.set(node, *form, &text, element)?;
                self.copy_extensions(node, &value);
                Ok(Some(node))
            }
            Shape::Complex | Shape::Resource(_) | Shape::AnyResource => {
                let node = if itself { parent } else { self.place_for(parent, element, choice, mode)? };
                self.copy(node, &value, element)?;
                Ok(Some(node))
            }
        }
    }

    /// A fresh element for a value; the shared or single one only while it is empty.
    fn place_for(
        &mut self,
        parent: NodeId,
        element: &'t ElementCode,
        choice: &Choice,
        mode: ModeCode,
    ) -> Result<NodeId, Cause> {
        if element.list {
            if matches!(mode, ModeCode::First | ModeCode::Last) {
                self.only_at_end(parent, element, choice, mode)?;
            }
            return self.add(parent, element, choice, class(mode));
        }
        self.single_as(parent, element, choice, 1)
    }

    fn set(&mut self, node: NodeId, form: Form, text: &str, element: &ElementCode) -> Result<(), Cause> {
        match self.tree.text(node) {
            Some(has) if has == text => Ok(()),
            Some(_) => Err(self.full(element)),
            None => {
                self.tree.set(node, form.kind(), text);
                Ok(())
            }
        }
    }

    /// A primitive that has extensions but no value: kept where the target can hold them.
    fn write_without_value(
        &mut self,
        parent: NodeId,
        element: &'t ElementCode,
        choice: &Choice,
        value: Made<'t>,
        mode: ModeCode,
    ) -> Result<Option<NodeId>, Cause> {
        let Made::Node(node) = value else {
            let composed = match value {
                Made::Target(id) => self.tree.children(id).next().is_some(),
                other => matches!(other, Made::Parts(..)),
            };
            return match composed {
                true => Err(Cause::new("wrong-type", format!("`{}` takes a simple value", element.name))),
                false => Ok(None),
            };
        };
        if !self.plan.definitions.is_primitive(node.type_of()) && node.children().next().is_some() {
            return Err(Cause::new("wrong-type", format!("`{}` takes a simple value", element.name)));
        }
        if !self.holds_extensions() || node.children().next().is_none() {
            return Ok(None);
        }
        let made = self.place_for(parent, element, choice, mode)?;
        self.tree.set_kind(made, Kind::Null);
        self.copy_extensions(made, &Made::Node(node));
        Ok(Some(made))
    }

    /// Can the target hold extensions of primitives? Logical models cannot.
    pub(super) fn holds_extensions(&self) -> bool {
        self.plan.definitions.kind(self.plan.target) != Some(fhir::definitions::TypeKind::Logical)
    }

    fn copy_extensions(&mut self, to: NodeId, value: &Made<'t>) {
        let Made::Node(from) = value else { return };
        if from.children().next().is_none() {
            return;
        }
        if from.tree.child(from.id, "extension").is_none() && from.tree.child(from.id, "id").is_none() {
            return;
        }
        if !self.holds_extensions() || !self.plan.definitions.is_primitive(from.type_of()) {
            return;
        }
        for child in from.children() {
            let made = self.tree.add(to, child.name(), child.tree.is_list(child.id));
            self.tree.copy_into(made, child);
        }
    }

    fn copy(&mut self, to: NodeId, value: &Made<'t>, element: &ElementCode) -> Result<(), Cause> {
        if self.tree.children(to).any(|c| self.tree.name(c) != "resourceType") {
            return Err(self.full(element));
        }
        let resource = self.tree.child(to, "resourceType");
        if let Some(resource) = resource {
            self.tree.remove(resource);
        }
        let ty = self.tree.type_of(to);
        match value {
            Made::Node(from) => self.tree.copy_into(to, *from),
            Made::Parts(tree, _) => {
                let tree = tree.clone();
                self.tree.copy_into(to, tree.at(tree.root()));
                self.tree.set_type(to, ty);
            }
            Made::Target(from) => {
                let mut copy = fhir::Tree::new("");
                let root = copy.root();
                copy.copy_into(root, self.tree.at(*from));
                self.tree.copy_into(to, copy.at(root));
            }
            Made::Text(..) => {
                return Err(Cause::new("wrong-type", format!("`{}` takes no simple value", element.name)));
            }
        }
        match self.tree.len() > self.inputs.bounds.nodes {
            true => Err(Cause::new("too-large", "the result has too many elements")),
            false => Ok(()),
        }
    }

    pub(super) fn text_of(&self, value: &Made<'t>) -> Option<std::borrow::Cow<'t, str>> {
        match value {
            Made::Target(id) => self.tree.text(*id).map(|t| t.to_string().into()),
            other => other.text(),
        }
    }

    /// Which of the element's types the value takes. For one simple type, its text will be tested.
    fn choose_type(&self, element: &'t ElementCode, value: &Made<'t>) -> Result<&'t Choice, Cause> {
        if let ([only], true) = (element.choices.as_slice(), !matches!(value, Made::Parts(..)))
            && matches!(only.shape, Shape::Primitive(_))
        {
            return Ok(only);
        }
        let ty = self.type_of(value);
        let fit =
            if ty == TypeId::NONE { Fit::Open } else { model::fit(&self.plan.definitions, ty, element) };
        let found = match fit {
            Fit::As(index) => element.choices.get(index),
            Fit::Open if element.choices.len() == 1 => element.choices.first(),
            Fit::Open | Fit::Never => None,
        };
        found.ok_or_else(|| {
            Cause::new("wrong-type", format!("`{}` cannot hold a value of this type", element.name))
        })
    }
}

/// Model order first, then first, ordinary, last.
fn rank(element: &ElementCode, class: u32) -> u32 {
    (element.rank << 2) | class
}

fn class(mode: ModeCode) -> u32 {
    match mode {
        ModeCode::First => 0,
        ModeCode::Last => 2,
        ModeCode::Next | ModeCode::Single | ModeCode::Share(_) => 1,
    }
}
