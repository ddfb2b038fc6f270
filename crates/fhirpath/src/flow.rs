//! Items on their way: what each kind of node makes of the items that stand before it.
//!
//! Invariant: the order of the input is kept; an error says the place of the node that it belongs
//! to, not of one that it only passes through. Deliberately absent: nodes with one value at most
//! (`Machine::value`).

use crate::ast::{Id, Node, Op, TypeName};
use crate::error::{Fail, Reason, Stop, fail, wrong};
use crate::eval::{Frame, Input, Machine, Operand, hand_on, is_value, last_of};
use crate::functions::{Call, Run, Source};
use crate::scope::HostCall;
use crate::value::{Coll, Item, Next, Sink, Value};
use fhir::Key;
use smallvec::SmallVec;
use std::borrow::Cow;

impl<'t> Machine<'_, 't> {
    /// Hands on the items of a node, given what stands before it.
    pub(crate) fn flow(
        &self,
        id: Id,
        input: Input<'_, 't>,
        frame: &Frame<'_, 't>,
        sink: Sink<'_, 't>,
    ) -> Next {
        match self.program.node(id) {
            Node::Literal(value) => sink(Item::Borrowed(value)),
            Node::This => hand_on(Operand::Slice(self.tell_all(frame.focus)), sink),
            Node::Total => hand_on(Operand::Slice(frame.total), sink),
            Node::Variable(name) => self.variable(id, name, sink),
            Node::Path { from: Some(_), names, .. } => {
                self.each_of(input, frame, &mut |item| self.along(&item, names, sink))
            }
            Node::Call { function, args, .. } if !is_value(self.program.node(id)) => match function.run {
                Run::Passes(run) => run(self, Source { id, input, args, frame }, sink),
                Run::Whole(run) => {
                    let input = self.operand_of(input, frame)?;
                    let all = self.placed(id, run(self, Call { id, input: &input, args, frame }))?;
                    self.take(all.len() * size_of::<Value<'t>>())?;
                    hand_on(Operand::Own(all), sink)
                }
                _ => Ok(()),
            },
            Node::Host { name, args, .. } => {
                let input = self.operand_of(input, frame)?;
                hand_on(Operand::Own(self.host(id, name, &input, args, frame)?), sink)
            }
            Node::Test { ty, cast: true, .. } => self.each_of(input, frame, &mut |item| {
                self.step(1)?;
                match self.placed(id, self.scope.model.casts(&item, ty))? {
                    true => sink(item),
                    false => Ok(()),
                }
            }),
            Node::At { index, .. } => {
                let index = self.operand(*index, frame)?;
                match self.placed(id, self.index(&index))? {
                    Some(n) => self.nth(n, input, frame, sink),
                    None => Ok(()),
                }
            }
            Node::Binary { op: Op::Union, right, .. } => {
                let left = self.operand_of(input, frame)?;
                let right = self.operand(*right, frame)?;
                hand_on(Operand::Own(self.union(&left, &right)?), sink)
            }
            path @ Node::Path { .. } => self.start(path, frame.focus, sink),
            node if is_value(node) => match self.value(id, input, frame)? {
                Some(value) => sink(Item::Owned(value)),
                None => Ok(()),
            },
            _ => Ok(()),
        }
    }

    fn index(&self, items: &[Value<'t>]) -> Result<Option<usize>, Fail> {
        match self.single(items)?.as_deref() {
            None => Ok(None),
            Some(Value::Integer(n)) => Ok(usize::try_from(*n).ok()),
            Some(_) => Err(wrong("an index must be an Integer")),
        }
    }

    /// Hands on the item of this number.
    pub(crate) fn nth(
        &self,
        n: usize,
        input: Input<'_, 't>,
        frame: &Frame<'_, 't>,
        sink: Sink<'_, 't>,
    ) -> Next {
        let (mut left, mut after) = (n, Ok(()));
        let next = self.each_of(input, frame, &mut |item| {
            let Some(fewer) = left.checked_sub(1) else {
                after = sink(item);
                return Err(Stop::Enough);
            };
            left = fewer;
            Ok(())
        });
        last_of(next, after)
    }

    /// Hands on what a path with nothing before it leads to.
    pub(crate) fn start(&self, path: &Node, focus: &[Value<'t>], sink: Sink<'_, 't>) -> Next {
        let Node::Path { names, head, typed, .. } = path else { return Ok(()) };
        if *head
            && self.scope.bare_variables
            && let Some((first, rest)) = names.split_first()
            && let Some(values) = self.scope.get(first.name())
        {
            return values.iter().try_for_each(|value| self.along(value, rest, sink));
        }
        for item in focus {
            let names = if *typed { self.own_names(item, names) } else { names };
            self.along(item, names, sink)?;
        }
        Ok(())
    }

    /// The names without the first, where that only says what the item is (`Patient.name`).
    pub(crate) fn own_names<'n>(&self, item: &Value<'t>, names: &'n [Key]) -> &'n [Key] {
        match (item, names.split_first()) {
            (Value::Node(node), Some((first, rest))) if self.scope.model.is_named(*node, first) => rest,
            _ => names,
        }
    }

    fn variable(&self, id: Id, name: &str, sink: Sink<'_, 't>) -> Next {
        if let Some(values) = self.scope.get(name) {
            return hand_on(Operand::Slice(self.tell_all(values)), sink);
        }
        let model = &self.scope.model;
        let resource = || {
            let focus = self.input.iter().find_map(Value::node);
            self.scope.resource.or_else(|| focus.map(|node| model.resource_of(node)))
        };
        let node = match name {
            "context" => return hand_on(Operand::Slice(self.input), sink),
            "resource" => resource(),
            "rootResource" => self.scope.root_resource.or_else(|| resource().map(|r| model.root_of(r))),
            _ => {
                let text = constant(name).ok_or_else(|| fail(Reason::UnknownVariable(name.to_string())));
                return sink(Item::Owned(Value::String(self.placed(id, text)?)));
            }
        };
        let Some(node) = node else { return Ok(()) };
        self.tell(node);
        sink(Item::Owned(Value::Node(node)))
    }

    fn host(
        &self,
        id: Id,
        name: &str,
        input: &[Value<'t>],
        args: &[Id],
        frame: &Frame<'_, 't>,
    ) -> Result<Coll<'t>, Fail> {
        let args: Result<Vec<Operand<'_, 't>>, Fail> = args.iter().map(|&a| self.operand(a, frame)).collect();
        match self.placed(id, self.call_host(name, input, args?))? {
            Some(found) => Ok(found),
            None => self.placed(id, Err(fail(Reason::UnknownFunction(name.to_string())))),
        }
    }

    /// Asks the host's function of this name, if there is one.
    pub(crate) fn call_host(
        &self,
        name: &str,
        input: &[Value<'t>],
        args: Vec<Operand<'_, 't>>,
    ) -> Result<Option<Coll<'t>>, Fail> {
        let Some(function) = self.scope.function(name) else { return Ok(None) };
        let args: Vec<Vec<Value<'t>>> = args.into_iter().map(|a| a.to_vec()).collect();
        let found = function(&HostCall { name, input, args: &args })?;
        self.step(found.len())?;
        self.take(found.len() * size_of::<Value<'t>>())?;
        Ok(Some(SmallVec::from_vec(found)))
    }

    /// `is` as an operator.
    pub(crate) fn is(&self, items: &[Value<'t>], ty: &TypeName) -> Result<Option<Value<'t>>, Fail> {
        match items {
            [] => Ok(None),
            [one] => self.scope.model.is_type(one, ty, false).map(|is| Some(Value::Boolean(is))),
            _ => Err(fail(Reason::Several)),
        }
    }
}

/// The variables that are the same everywhere.
fn constant(name: &str) -> Option<Cow<'static, str>> {
    Some(match name {
        "sct" => "http://snomed.info/sct".into(),
        "loinc" => "http://loinc.org".into(),
        "ucum" => "http://unitsofmeasure.org".into(),
        _ => match (name.strip_prefix("vs-"), name.strip_prefix("ext-")) {
            (Some(set), _) => format!("http://hl7.org/fhir/ValueSet/{set}").into(),
            (_, Some(ext)) => format!("http://hl7.org/fhir/StructureDefinition/{ext}").into(),
            _ => return None,
        },
    })
}
