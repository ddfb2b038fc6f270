//! The evaluator: what an evaluation has with it, what it may spend, and the ways in and through.
//!
//! A node of the expression is asked in one of three ways: for its items one by one (`each`), for
//! all of them (`operand`), or for its truth (`test`, in `ask`). All three go by the same functions, and
//! whoever has heard enough stops the rest.
//!
//! Invariant: every item visited and every operation costs a step, what is kept costs room, and both
//! are limited. Nodes are asked inside each other to a fixed depth only; beyond it, chains to the left
//! are walked in a loop, so that stack use is bounded by what the parser allows to nest. Deliberately
//! absent: caches across evaluations.

use crate::ast::{Id, Node, Program};
use crate::error::{EvalError, Fail, Reason, Stop, ended, fail};
use crate::functions::{Call, Run, Source};
use crate::path::RUN;
use crate::scope::Scope;
use crate::value::{Coll, Item, Next, Sink, Value, weight};
use fhir::{Key, NodeId, NodeRef};
use smallvec::SmallVec;
use std::cell::{Cell, RefCell};
use std::ops::Deref;
use std::slice;

/// How many nodes may be asked inside each other before chains are walked in a loop.
const DEEPEST: u32 = 64;

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
    fn top(focus: &'f [Value<'t>]) -> Frame<'f, 't> {
        Frame { focus, index: None, total: &[] }
    }

    /// The frame for one item of a collection.
    pub(crate) fn item<'n>(&self, item: &'n Value<'t>, index: usize) -> Frame<'n, 't>
    where
        'f: 'n,
    {
        Frame { focus: slice::from_ref(item), index: Some(index), total: self.total }
    }
}

/// What stands before a node: items that are known, or an expression to ask for them.
#[derive(Clone, Copy)]
pub(crate) enum Input<'f, 't> {
    Items(&'f [Value<'t>]),
    Of(Id),
}

/// A whole collection: borrowed where it stands somewhere anyway.
pub(crate) enum Operand<'f, 't> {
    Slice(&'f [Value<'t>]),
    One(Value<'t>),
    Own(Coll<'t>),
}

impl<'t> Deref for Operand<'_, 't> {
    type Target = [Value<'t>];

    fn deref(&self) -> &[Value<'t>] {
        match self {
            Operand::Slice(items) => items,
            Operand::One(item) => slice::from_ref(item),
            Operand::Own(items) => items,
        }
    }
}

/// One evaluation.
pub(crate) struct Machine<'a, 't> {
    pub program: &'a Program,
    pub scope: &'a Scope<'t>,
    /// `%context`
    pub input: &'a [Value<'t>],
    steps: Cell<u64>,
    room: Cell<usize>,
    depth: Cell<u32>,
    /// Single elements of wide nodes, so that `%resource.type`, asked at each of a hundred thousand
    /// entries, is not looked for among them each time.
    pub single: RefCell<Vec<(NodeRef<'t>, Key, Option<NodeId>)>>,
}

/// Evaluates a whole program for its items.
pub(crate) fn collect<'t>(
    program: &Program,
    scope: &Scope<'t>,
    input: &[Value<'t>],
) -> Result<Vec<Value<'t>>, EvalError> {
    let machine = Machine::new(program, scope, input);
    let mut out = Vec::new();
    if let (Node::Path { from: None, names, typed, .. }, [first @ Value::Node(node)]) =
        (program.node(program.root), input)
        && names.len() <= RUN
        && !scope.bare_variables
    {
        // The most frequent expression, a path from a node, fills the result directly.
        let names = if *typed { machine.own_names(first, names) } else { names };
        out.reserve(8);
        let next = machine.descend(*node, names, &mut |found| {
            machine.take(size_of::<Value<'t>>())?;
            out.push(Value::Node(found));
            Ok(())
        });
        ended(next).map_err(|fail| *fail)?;
        return Ok(out);
    }
    let next = machine.each(program.root, &Frame::top(input), &mut |item| {
        // The usual few items in one go.
        if out.is_empty() {
            out.reserve(8);
        }
        out.push(machine.kept(item)?);
        Ok(())
    });
    ended(next).map_err(|fail| *fail)?;
    Ok(out)
}

/// Evaluates a whole program, item by item.
pub(crate) fn hand_out<'t>(
    program: &Program,
    scope: &Scope<'t>,
    input: &[Value<'t>],
    found: &mut dyn FnMut(Value<'t>),
) -> Result<(), EvalError> {
    let machine = Machine::new(program, scope, input);
    let next = machine.each(program.root, &Frame::top(input), &mut |item| {
        found(machine.kept(item)?);
        Ok(())
    });
    ended(next).map_err(|fail| *fail)
}

/// Evaluates a whole program for its truth.
pub(crate) fn truth<'t>(
    program: &Program,
    scope: &Scope<'t>,
    input: &[Value<'t>],
) -> Result<Option<bool>, EvalError> {
    let machine = Machine::new(program, scope, input);
    machine.test(program.root, &Frame::top(input)).map_err(|fail| *fail)
}

impl<'a, 't> Machine<'a, 't> {
    fn new(program: &'a Program, scope: &'a Scope<'t>, input: &'a [Value<'t>]) -> Machine<'a, 't> {
        let (steps, room) = (Cell::new(scope.step_limit), Cell::new(scope.memory_limit));
        let single = RefCell::new(Vec::new());
        Machine { program, scope, input, steps, room, depth: Cell::new(DEEPEST), single }
    }

    /// Pays for work about to be done.
    #[inline]
    pub(crate) fn step(&self, n: usize) -> Result<(), Fail> {
        match self.steps.get().checked_sub(n as u64) {
            Some(left) => {
                self.steps.set(left);
                Ok(())
            }
            None => Err(spent(Reason::Steps)),
        }
    }

    /// Pays for bytes about to be kept. Nothing is ever given back, so that the limit holds whatever
    /// is freed.
    #[inline]
    pub(crate) fn take(&self, bytes: usize) -> Result<(), Fail> {
        match self.room.get().checked_sub(bytes) {
            Some(left) => {
                self.room.set(left);
                Ok(())
            }
            None => Err(spent(Reason::Memory)),
        }
    }

    /// Pays for a text about to be built.
    pub(crate) fn build(&self, bytes: usize) -> Result<(), Fail> {
        self.step(bytes / 8)?;
        self.take(bytes)
    }

    /// An item to keep, paid for.
    #[inline]
    pub(crate) fn kept(&self, item: Item<'_, 't>) -> Result<Value<'t>, Fail> {
        self.take(size_of::<Value<'t>>())?;
        match item {
            Item::Owned(value) => Ok(value),
            Item::Borrowed(value) => {
                self.build(weight(value))?;
                Ok(value.clone())
            }
        }
    }

    /// Copies of many, paid for.
    pub(crate) fn copies(&self, values: &[Value<'t>]) -> Result<Coll<'t>, Fail> {
        self.step(values.len())?;
        values.iter().map(|value| self.kept(Item::Borrowed(value))).collect()
    }

    /// Tells a watcher, if there is one, of a node that was come to.
    #[inline]
    pub(crate) fn tell(&self, node: NodeRef<'t>) {
        if let Some(watcher) = &self.scope.watcher {
            watcher(node);
        }
    }

    /// Tells a watcher of the nodes among these.
    #[inline]
    pub(crate) fn tell_all<'v>(&self, items: &'v [Value<'t>]) -> &'v [Value<'t>] {
        if self.scope.watcher.is_some() {
            items.iter().filter_map(Value::node).for_each(|node| self.tell(node));
        }
        items
    }

    /// The simple value of an item; a complex node stays what it is.
    #[inline]
    pub(crate) fn simple<'v>(&self, value: &'v Value<'t>) -> Item<'v, 't> {
        self.scope.model.simple(value)
    }

    /// The only item of a collection, if there is one; several are an error.
    pub(crate) fn single<'v>(&self, items: &'v [Value<'t>]) -> Result<Option<Item<'v, 't>>, Fail> {
        match items {
            [] => Ok(None),
            [one] => Ok(Some(self.simple(one))),
            _ => Err(fail(Reason::Several)),
        }
    }

    /// An error of this node, unless it says already where it belongs.
    #[inline]
    pub(crate) fn placed<T>(&self, id: Id, result: Result<T, Fail>) -> Result<T, Fail> {
        result.map_err(|fail| self.at(id, fail))
    }

    #[cold]
    #[inline(never)]
    fn at(&self, id: Id, mut fail: Fail) -> Fail {
        fail.at(self.program.offset(id));
        fail
    }

    /// Does the work one level deeper; nothing where that is too deep.
    #[inline]
    pub(crate) fn deeper<R>(&self, work: impl FnOnce() -> R) -> Option<R> {
        let left = self.depth.get().checked_sub(1)?;
        self.depth.set(left);
        let done = work();
        self.depth.set(left + 1);
        Some(done)
    }

    /// What stands before the node within the frame.
    pub(crate) fn before<'f>(&self, id: Id, frame: &Frame<'f, 't>) -> Input<'f, 't> {
        left_of(self.program.node(id)).map_or(Input::Items(frame.focus), Input::Of)
    }

    /// Hands on the items of the expression `id`, in their order, until they are not wanted.
    #[inline]
    pub(crate) fn each(&self, id: Id, frame: &Frame<'_, 't>, sink: Sink<'_, 't>) -> Next {
        self.step(1)?;
        // The most frequent node by far; it asks no other.
        match self.program.node(id) {
            path @ Node::Path { from: None, .. } => self.start(path, frame.focus, sink),
            _ => self.each_other(id, frame, sink),
        }
    }

    #[inline(never)]
    fn each_other(&self, id: Id, frame: &Frame<'_, 't>, sink: Sink<'_, 't>) -> Next {
        match self.deeper(|| self.flow(id, self.before(id, frame), frame, sink)) {
            Some(next) => next,
            None => hand_on(Operand::Own(self.looped(id, frame)?), sink),
        }
    }

    /// Hands on the items of what stands before a node.
    pub(crate) fn each_of(&self, input: Input<'_, 't>, frame: &Frame<'_, 't>, sink: Sink<'_, 't>) -> Next {
        match input {
            Input::Items(items) => hand_on(Operand::Slice(items), sink),
            Input::Of(id) => self.each(id, frame, sink),
        }
    }

    /// All items of the expression.
    pub(crate) fn operand<'f>(&'f self, id: Id, frame: &Frame<'f, 't>) -> Result<Operand<'f, 't>, Fail> {
        match self.program.node(id) {
            Node::Literal(value) => return Ok(Operand::Slice(slice::from_ref(value))),
            Node::This => return Ok(Operand::Slice(self.tell_all(frame.focus))),
            Node::Total => return Ok(Operand::Slice(frame.total)),
            Node::Variable(name) => {
                if let Some(values) = self.scope.get(name) {
                    return Ok(Operand::Slice(self.tell_all(values)));
                }
            }
            path @ Node::Path { from: None, .. } => {
                let mut out = Coll::new();
                ended(self.start(path, frame.focus, &mut |item| {
                    out.push(self.kept(item)?);
                    Ok(())
                }))?;
                return Ok(Operand::Own(out));
            }
            _ => {}
        }
        self.operand_other(id, frame)
    }

    #[inline(never)]
    fn operand_other<'f>(&'f self, id: Id, frame: &Frame<'f, 't>) -> Result<Operand<'f, 't>, Fail> {
        self.step(1)?;
        let done = self.deeper(|| {
            let input = self.before(id, frame);
            if is_value(self.program.node(id)) {
                let value = self.value(id, input, frame)?;
                return Ok(value.map_or(Operand::Slice(&[]), Operand::One));
            }
            self.all(id, input, frame).map(Operand::Own)
        });
        done.unwrap_or_else(|| self.looped(id, frame).map(Operand::Own))
    }

    /// All items of what stands before a node.
    pub(crate) fn operand_of<'f>(
        &'f self,
        input: Input<'f, 't>,
        frame: &Frame<'f, 't>,
    ) -> Result<Operand<'f, 't>, Fail> {
        match input {
            Input::Items(items) => Ok(Operand::Slice(items)),
            Input::Of(id) => self.operand(id, frame),
        }
    }

    /// All items of one node.
    fn all(&self, id: Id, input: Input<'_, 't>, frame: &Frame<'_, 't>) -> Result<Coll<'t>, Fail> {
        if is_value(self.program.node(id)) {
            return Ok(self.value(id, input, frame)?.into_iter().collect());
        }
        let mut out = Coll::new();
        ended(self.flow(id, input, frame, &mut |item| {
            out.push(self.kept(item)?);
            Ok(())
        }))?;
        Ok(out)
    }

    /// The items of a node at the end of a long chain: from the left to it, one after the other.
    pub(crate) fn looped(&self, id: Id, frame: &Frame<'_, 't>) -> Result<Coll<'t>, Fail> {
        let mut spine: SmallVec<[Id; 8]> = SmallVec::new();
        let mut at = id;
        while let Some(left) = left_of(self.program.node(at)) {
            spine.push(at);
            at = left;
        }
        let mut found = self.all(at, Input::Items(frame.focus), frame)?;
        while let Some(id) = spine.pop() {
            self.step(1)?;
            found = self.all(id, Input::Items(&found), frame)?;
        }
        Ok(found)
    }

    /// The value of a node that has one at most ([`is_value`]).
    pub(crate) fn value(
        &self,
        id: Id,
        input: Input<'_, 't>,
        frame: &Frame<'_, 't>,
    ) -> Result<Option<Value<'t>>, Fail> {
        match self.program.node(id) {
            Node::Index => Ok(frame.index.map(|i| Value::Integer(i as i64))),
            Node::Sign { negative, of } => {
                let items = self.operand(*of, frame)?;
                self.placed(id, self.signed(*negative, &items))
            }
            Node::Call { function, args, .. } => match function.run {
                Run::One(run) => {
                    let input = self.operand_of(input, frame)?;
                    self.placed(id, run(self, Call { id, input: &input, args, frame }))
                }
                Run::Asks(run) => {
                    let answer = self.placed(id, run(self, Source { id, input, args, frame }))?;
                    Ok(answer.map(Value::Boolean))
                }
                Run::Folds(run) => self.placed(id, run(self, Source { id, input, args, frame })),
                Run::Whole(_) | Run::Passes(_) => Ok(None),
            },
            Node::Binary { op, right, .. } if op.is_truth() => {
                Ok(self.judge(id, *op, input, *right, frame)?.map(Value::Boolean))
            }
            Node::Binary { op, right, .. } => {
                let left = self.operand_of(input, frame)?;
                let right = self.operand(*right, frame)?;
                self.placed(id, self.calculate(*op, &left, &right))
            }
            Node::Test { ty, .. } => {
                let items = self.operand_of(input, frame)?;
                self.placed(id, self.is(&items, ty))
            }
            _ => Ok(None),
        }
    }
}

/// Out of the way of those who can pay.
#[cold]
#[inline(never)]
fn spent(reason: Reason) -> Fail {
    fail(reason)
}

/// Has the node one value at most, whatever its input?
pub(crate) fn is_value(node: &Node) -> bool {
    match node {
        Node::Index | Node::Sign { .. } => true,
        Node::Call { function, .. } => !matches!(function.run, Run::Whole(_) | Run::Passes(_)),
        Node::Binary { op, .. } => *op != crate::ast::Op::Union,
        Node::Test { cast, .. } => !cast,
        _ => false,
    }
}

/// Hands on items that are there already.
pub(crate) fn hand_on<'t>(items: Operand<'_, 't>, sink: Sink<'_, 't>) -> Next {
    match items {
        Operand::Slice(items) => items.iter().try_for_each(|item| sink(Item::Borrowed(item))),
        Operand::One(item) => sink(Item::Owned(item)),
        Operand::Own(items) => items.into_iter().try_for_each(|item| sink(Item::Owned(item))),
    }
}

/// Hands on an item that is the last one wanted.
pub(crate) fn last_of(next: Next, after: Next) -> Next {
    match next {
        Err(Stop::Failed(fail)) => Err(Stop::Failed(fail)),
        _ => after,
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
