//! Questions of truth, without collecting what is only asked about.
//!
//! Invariant: the answer is that of the whole collection; where the left side decides, the right one
//! is not evaluated. Deliberately absent: the rules of comparison themselves (see `compare`).

use crate::ast::{Id, Node, Op};
use crate::error::{Reason, Stop, ended, fail};
use crate::eval::{Frame, Input, Machine, is_value};
use crate::functions::{Answer, Builtin, Run, Source};
use crate::operators::logic;
use crate::value::{Next, Sink, Value};

impl<'t> Machine<'_, 't> {
    /// Evaluates the expression as a condition.
    pub(crate) fn test(&self, id: Id, frame: &Frame<'_, 't>) -> Answer {
        self.step(1)?;
        match self.deeper(|| self.answer(id, frame)) {
            Some(answer) => answer,
            None => self.placed(id, self.scope.model.truth(&self.looped(id, frame)?)),
        }
    }

    #[inline]
    fn answer(&self, id: Id, frame: &Frame<'_, 't>) -> Answer {
        match self.program.node(id) {
            Node::Binary { op, left, right } if op.is_truth() => {
                self.judge(id, *op, Input::Of(*left), *right, frame)
            }
            Node::Call { function: Builtin { run: Run::Asks(run), .. }, from, args } => {
                let input = from.map_or(Input::Items(frame.focus), Input::Of);
                self.placed(id, run(self, Source { id, input, args, frame }))
            }
            _ => self.answer_other(id, frame),
        }
    }

    #[inline(never)]
    fn answer_other(&self, id: Id, frame: &Frame<'_, 't>) -> Answer {
        if is_value(self.program.node(id)) {
            return match self.value(id, self.before(id, frame), frame)? {
                None => Ok(None),
                Some(Value::Boolean(truth)) => Ok(Some(truth)),
                Some(other) => self.scope.model.truth(std::slice::from_ref(&other)),
            };
        }
        let items = self.operand(id, frame)?;
        self.placed(id, self.scope.model.truth(&items))
    }

    /// The truth of what stands before the node `id`.
    pub(crate) fn test_of(&self, id: Id, input: Input<'_, 't>, frame: &Frame<'_, 't>) -> Answer {
        match input {
            Input::Items(items) => self.placed(id, self.scope.model.truth(items)),
            Input::Of(id) => self.test(id, frame),
        }
    }

    /// The operators that give a Boolean.
    pub(crate) fn judge(
        &self,
        id: Id,
        op: Op,
        left: Input<'_, 't>,
        right: Id,
        frame: &Frame<'_, 't>,
    ) -> Answer {
        match op {
            Op::And | Op::Or | Op::Xor | Op::Implies => {
                let left = self.test_of(id, left, frame)?;
                match (op, left) {
                    (Op::And, Some(false)) => Ok(Some(false)),
                    (Op::Or, Some(true)) | (Op::Implies, Some(false)) => Ok(Some(true)),
                    _ => Ok(logic(op, left, self.test(right, frame)?)),
                }
            }
            Op::In => {
                let one = self.operand_of(left, frame)?;
                self.membership(id, &one, Input::Of(right), frame)
            }
            Op::Contains => {
                let one = self.operand(right, frame)?;
                self.membership(id, &one, left, frame)
            }
            Op::Equal | Op::NotEqual if self.is_asked(left) && self.is_asked(Input::Of(right)) => {
                let (left, right) = (self.test_of(id, left, frame)?, self.test(right, frame)?);
                Ok(left.zip(right).map(|(a, b)| (a == b) == (op == Op::Equal)))
            }
            Op::Equal | Op::NotEqual if let Node::Literal(one) = self.program.node(right) => {
                let equal = self.equals(left, one, frame)?;
                Ok(equal.map(|equal| equal == (op == Op::Equal)))
            }
            _ => {
                let left = self.operand_of(left, frame)?;
                let right = self.operand(right, frame)?;
                self.placed(id, self.compare(op, &left, &right))
            }
        }
    }

    /// Is there one item, equal to this one? Nothing where there is none.
    fn equals(&self, input: Input<'_, 't>, one: &Value<'t>, frame: &Frame<'_, 't>) -> Answer {
        let (mut equal, mut count) = (None, 0);
        ended(self.each_of(input, frame, &mut |item| {
            count += 1;
            if count > 1 {
                equal = Some(false);
                return Err(Stop::Enough);
            }
            equal = self.equal(&item, one)?;
            Ok(())
        }))?;
        Ok(equal)
    }

    /// Is it a question that only has yes, no or nothing for an answer?
    fn is_asked(&self, input: Input<'_, 't>) -> bool {
        match input {
            Input::Items(_) => false,
            Input::Of(id) => match self.program.node(id) {
                Node::Call { function, .. } => matches!(function.run, Run::Asks(_)),
                Node::Binary { op, .. } => op.is_truth(),
                _ => false,
            },
        }
    }

    fn membership(&self, id: Id, one: &[Value<'t>], items: Input<'_, 't>, frame: &Frame<'_, 't>) -> Answer {
        let one = match one {
            [] => return Ok(None),
            [one] => one,
            _ => return self.placed(id, Err(fail(Reason::Several))),
        };
        let mut found = false;
        ended(self.each_loosely(items, frame, &mut |item| {
            self.step(1)?;
            found = self.equal(&item, one)? == Some(true);
            if found { Err(Stop::Enough) } else { Ok(()) }
        }))?;
        Ok(Some(found))
    }

    /// Hands on items that may come more than once: the parts of a union need not be compared with
    /// each other where only one of them is looked for.
    pub(crate) fn each_loosely(
        &self,
        input: Input<'_, 't>,
        frame: &Frame<'_, 't>,
        sink: Sink<'_, 't>,
    ) -> Next {
        if let Input::Of(id) = input
            && let Node::Binary { op: Op::Union, left, right } = self.program.node(id)
        {
            let parts = self.deeper(|| {
                self.each_loosely(Input::Of(*left), frame, sink)?;
                self.each_loosely(Input::Of(*right), frame, sink)
            });
            return parts.unwrap_or_else(|| self.each(id, frame, sink));
        }
        self.each_of(input, frame, sink)
    }
}
