//! The evaluator: one node of the expression at a time, on a collection.
//!
//! Invariant: every item visited and every operation costs a step, and steps are limited; chains to
//! the left are walked in a loop, so that stack use is bounded by what the parser allows to nest.
//! Deliberately absent: caches across evaluations.

use crate::ast::{Id, Node, Op, Program, TypeName};
use crate::error::{EvalError, Reason};
use crate::functions::Call;
use crate::path::RUN;
use crate::scope::{HostCall, Scope};
use crate::value::{Coll, Value, weight};
use fhir::Key;
use smallvec::{SmallVec, smallvec};
use std::borrow::Cow;
use std::cell::Cell;
use std::slice;

pub(crate) type Outcome<'t> = Result<Coll<'t>, EvalError>;

/// Where an expression is being evaluated.
#[derive(Clone, Copy)]
pub(crate) struct Frame<'f, 't> {
    /// `$this`
    pub focus: &'f [Value<'t>],
    /// `$index`
    pub index: Option<usize>,
    /// `$total`
    pub total: &'f [Value<'t>],
}

impl<'f, 't> Frame<'f, 't> {
    /// The frame for one item of a collection.
    pub(crate) fn item(self, item: &'f Value<'t>, index: usize) -> Frame<'f, 't> {
        Frame { focus: slice::from_ref(item), index: Some(index), total: self.total }
    }
}

/// One evaluation.
pub(crate) struct Machine<'a, 't> {
    pub program: &'a Program,
    pub scope: &'a Scope<'t>,
    /// `%context`
    pub input: &'a [Value<'t>],
    steps: Cell<u64>,
}

/// Evaluates a whole program for its items.
pub(crate) fn collect<'t>(
    program: &Program,
    scope: &Scope<'t>,
    input: &[Value<'t>],
) -> Result<Vec<Value<'t>>, EvalError> {
    match (program.node(program.root), input) {
        // The most frequent expression by far, a path from a node, fills the result directly.
        (Node::Path { from: None, names, head, .. }, [Value::Node(node)])
            if names.len() <= RUN && !scope.bare_variables && scope.watcher.is_none() =>
        {
            let machine = Machine { program, scope, input, steps: Cell::new(scope.step_limit) };
            let typed = *head && starts_type(&names[0]) && scope.model.is_named(*node, &names[0]);
            let names = if typed { &names[1..] } else { names };
            let mut out = Vec::with_capacity(8);
            machine.descend(*node, names, &mut |found| out.push(Value::Node(found)))?;
            Ok(out)
        }
        _ => run(program, scope, input).map(SmallVec::into_vec),
    }
}

/// Could the name be a type's?
fn starts_type(name: &Key) -> bool {
    name.name().as_bytes().first().is_some_and(u8::is_ascii_uppercase)
}

/// Evaluates a whole program.
pub(crate) fn run<'t>(program: &Program, scope: &Scope<'t>, input: &[Value<'t>]) -> Outcome<'t> {
    let machine = Machine { program, scope, input, steps: Cell::new(scope.step_limit) };
    machine.eval(program.root, Frame { focus: input, index: None, total: &[] })
}

impl<'a, 't> Machine<'a, 't> {
    /// Pays for work about to be done.
    #[inline]
    pub(crate) fn step(&self, n: usize) -> Result<(), EvalError> {
        match self.steps.get().checked_sub(n as u64) {
            Some(left) => {
                self.steps.set(left);
                Ok(())
            }
            None => Err(EvalError::new(Reason::Steps)),
        }
    }

    /// A copy, paid for.
    pub(crate) fn copy(&self, value: &Value<'t>) -> Result<Value<'t>, EvalError> {
        self.step(weight(value))?;
        Ok(value.clone())
    }

    /// Copies of many, paid for.
    pub(crate) fn copies(&self, values: &[Value<'t>]) -> Outcome<'t> {
        self.step(values.len())?;
        let mut out = Coll::with_capacity(values.len());
        for value in values {
            out.push(self.copy(value)?);
        }
        Ok(out)
    }

    /// The simple value of an item; a complex node stays what it is.
    pub(crate) fn simple<'v>(&self, value: &'v Value<'t>) -> Cow<'v, Value<'t>> {
        self.scope.model.simple(value)
    }

    /// The only item of a collection, if there is one; several are an error.
    pub(crate) fn single<'v>(&self, items: &'v [Value<'t>]) -> Result<Option<Cow<'v, Value<'t>>>, EvalError> {
        match items {
            [] => Ok(None),
            [one] => Ok(Some(self.simple(one))),
            _ => Err(EvalError::new(Reason::Several)),
        }
    }

    /// Evaluates the expression `id`.
    pub(crate) fn eval(&self, id: Id, frame: Frame<'_, 't>) -> Outcome<'t> {
        let mut spine: SmallVec<[Id; 8]> = SmallVec::new();
        let mut at = id;
        while let Some(left) = left_of(self.program.node(at)) {
            spine.push(at);
            at = left;
        }
        let place = |id: Id| move |e: EvalError| e.at(self.program.offset(id));
        let mut found = self.leaf(at, frame).map_err(place(at))?;
        self.tell(&found);
        while let Some(id) = spine.pop() {
            self.step(1)?;
            found = self.apply(id, found, frame).map_err(place(id))?;
            self.tell(&found);
        }
        Ok(found)
    }

    /// Tells a watcher, if there is one, what was come to.
    #[inline]
    pub(crate) fn tell(&self, found: &[Value<'t>]) {
        if let Some(watcher) = &self.scope.watcher {
            found.iter().filter_map(Value::node).for_each(|node| watcher(node));
        }
    }

    /// Evaluates the expression as a condition.
    pub(crate) fn test(&self, id: Id, frame: Frame<'_, 't>) -> Result<Option<bool>, EvalError> {
        let found = self.eval(id, frame)?;
        self.scope.model.truth(&found).map_err(|e| e.at(self.program.offset(id)))
    }

    /// A node that nothing stands before.
    fn leaf(&self, id: Id, frame: Frame<'_, 't>) -> Outcome<'t> {
        self.step(1)?;
        Ok(match self.program.node(id) {
            Node::Literal(value) => smallvec![self.copy(value)?],
            Node::This => self.copies(frame.focus)?,
            Node::Index => frame.index.iter().map(|&i| Value::Integer(i as i64)).collect(),
            Node::Total => self.copies(frame.total)?,
            Node::Variable(name) => self.variable(name)?,
            Node::Path { names, head, .. } => {
                let mut out = Coll::new();
                self.start(frame.focus, names, *head, &mut out)?;
                out
            }
            Node::Call { function, args, .. } => {
                return (function.run)(self, Call { id, input: frame.focus, args, frame });
            }
            Node::Host { name, args, .. } => return self.host(name, frame.focus, args, frame),
            Node::Sign { negative, of } => {
                let items = self.eval(*of, frame)?;
                return self.signed(*negative, &items);
            }
            _ => Coll::new(),
        })
    }

    /// A node applied to what stands before it.
    fn apply(&self, id: Id, input: Coll<'t>, frame: Frame<'_, 't>) -> Outcome<'t> {
        match self.program.node(id) {
            Node::Path { names, .. } => {
                let mut out = Coll::new();
                for item in &input {
                    self.walk(item, names, &mut out)?;
                }
                Ok(out)
            }
            Node::Call { function, args, .. } => {
                (function.run)(self, Call { id, input: &input, args, frame })
            }
            Node::Host { name, args, .. } => self.host(name, &input, args, frame),
            Node::Test { ty, cast, .. } => self.type_test(&input, ty, *cast),
            Node::At { index, .. } => {
                let index = self.eval(*index, frame)?;
                match self.single(&index)?.as_deref() {
                    None => Ok(Coll::new()),
                    Some(Value::Integer(n)) => {
                        let item = usize::try_from(*n).ok().and_then(|n| input.get(n));
                        Ok(item.cloned().into_iter().collect())
                    }
                    Some(_) => Err(EvalError::wrong("an index must be an Integer")),
                }
            }
            Node::Binary { op, right, .. } => self.binary(*op, &input, *right, frame),
            _ => Ok(input),
        }
    }

    fn binary(&self, op: Op, left: &[Value<'t>], right: Id, frame: Frame<'_, 't>) -> Outcome<'t> {
        if matches!(op, Op::And | Op::Or | Op::Xor | Op::Implies) {
            let left = self.scope.model.truth(left)?;
            let decided = match (op, left) {
                (Op::And, Some(false)) => Some(false),
                (Op::Or, Some(true)) | (Op::Implies, Some(false)) => Some(true),
                _ => None,
            };
            let result = match decided {
                Some(result) => Some(result),
                None => crate::operators::logic(op, left, self.test(right, frame)?),
            };
            return Ok(result.into_iter().map(Value::Boolean).collect());
        }
        // A literal needs no copy.
        if let Node::Literal(value) = self.program.node(right) {
            return self.operate(op, left, slice::from_ref(value));
        }
        let right = self.eval(right, frame)?;
        self.operate(op, left, &right)
    }

    fn start(
        &self,
        focus: &[Value<'t>],
        names: &[Key],
        head: bool,
        out: &mut Coll<'t>,
    ) -> Result<(), EvalError> {
        let Some((first, rest)) = names.split_first() else { return Ok(()) };
        if head
            && self.scope.bare_variables
            && let Some(values) = self.scope.get(first.name())
        {
            return values.iter().try_for_each(|value| self.walk(value, rest, out));
        }
        let typed = head && starts_type(first);
        for item in focus {
            match item {
                Value::Node(node) if typed && self.scope.model.is_named(*node, first) => {
                    self.walk(item, rest, out)?;
                }
                _ => self.walk(item, names, out)?,
            }
        }
        Ok(())
    }

    fn variable(&self, name: &str) -> Outcome<'t> {
        if let Some(values) = self.scope.get(name) {
            return self.copies(values);
        }
        let model = &self.scope.model;
        let resource = || {
            let focus = self.input.iter().find_map(Value::node);
            self.scope.resource.or_else(|| focus.map(|node| model.resource_of(node)))
        };
        let text = match name {
            "context" => return self.copies(self.input),
            "resource" => return Ok(resource().map(Value::Node).into_iter().collect()),
            "rootResource" => {
                let root = self.scope.root_resource.or_else(|| resource().map(|r| model.root_of(r)));
                return Ok(root.map(Value::Node).into_iter().collect());
            }
            "sct" => Cow::Borrowed("http://snomed.info/sct"),
            "loinc" => Cow::Borrowed("http://loinc.org"),
            "ucum" => Cow::Borrowed("http://unitsofmeasure.org"),
            _ => match (name.strip_prefix("vs-"), name.strip_prefix("ext-")) {
                (Some(set), _) => format!("http://hl7.org/fhir/ValueSet/{set}").into(),
                (_, Some(ext)) => format!("http://hl7.org/fhir/StructureDefinition/{ext}").into(),
                _ => return Err(EvalError::new(Reason::UnknownVariable(name.to_string()))),
            },
        };
        Ok(smallvec![Value::String(text)])
    }

    fn host(&self, name: &str, input: &[Value<'t>], args: &[Id], frame: Frame<'_, 't>) -> Outcome<'t> {
        let args: Result<Vec<Coll<'t>>, EvalError> = args.iter().map(|&a| self.eval(a, frame)).collect();
        match self.call_host(name, input, args?)? {
            Some(found) => Ok(found),
            None => Err(EvalError::new(Reason::UnknownFunction(name.to_string()))),
        }
    }

    /// Asks the host's function of this name, if there is one.
    pub(crate) fn call_host(
        &self,
        name: &str,
        input: &[Value<'t>],
        args: Vec<Coll<'t>>,
    ) -> Result<Option<Coll<'t>>, EvalError> {
        let Some(function) = self.scope.function(name) else { return Ok(None) };
        let args: Vec<Vec<Value<'t>>> = args.into_iter().map(SmallVec::into_vec).collect();
        let found = function(&HostCall { name, input, args: &args })?;
        self.step(found.len())?;
        Ok(Some(SmallVec::from_vec(found)))
    }

    /// `is` and `as` as operators. A cast filters, as R4's own search parameters expect of it.
    fn type_test(&self, input: &[Value<'t>], ty: &TypeName, cast: bool) -> Outcome<'t> {
        let mut out = Coll::new();
        if !cast && input.len() > 1 {
            return Err(EvalError::new(Reason::Several));
        }
        for item in input {
            self.step(1)?;
            let is = self.scope.model.is_type(item, ty, cast)?;
            match cast {
                true if is => out.push(item.clone()),
                true => {}
                false => out.push(Value::Boolean(is)),
            }
        }
        Ok(out)
    }
}

/// What stands before a node and is evaluated first.
pub(crate) fn left_of(node: &Node) -> Option<Id> {
    match node {
        Node::Path { from, .. } | Node::Call { from, .. } | Node::Host { from, .. } => *from,
        Node::Test { of, .. } => Some(*of),
        Node::At { from, .. } => Some(*from),
        Node::Binary { left, .. } => Some(*left),
        _ => None,
    }
}
