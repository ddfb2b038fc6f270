//! What transforms do.
//!
//! A transform whose first argument is missing gives nothing; `append` joins what is there.
//! Invariant: no transform looks at anything but its arguments, the ids and the concept maps.
//! Deliberately absent: writing (see `target`).

use super::made::Made;
use super::{Bound, Few, Frame, Run, parts};
use crate::ast::LiteralKind;
use crate::code::{ArgumentCode, Function, ValueCode};
use crate::fault::Cause;
use crate::lexical::Form;
use fhir::{NodeId, Tree, TypeId};
use fhirpath::Value;
use smallvec::smallvec;
use std::rc::Rc;

type Values<'t> = Result<Few<Made<'t>>, Cause>;
type Argument<'t> = Option<Made<'t>>;

impl<'t> Run<'t, '_> {
    pub(super) fn values(&mut self, code: &'t ValueCode, frame: &mut Frame<'t>) -> Values<'t> {
        match code {
            ValueCode::New => Ok(smallvec![]),
            ValueCode::Literal(text, kind) => {
                Ok(smallvec![Made::Text(text.as_str().into(), self.literal_type(text, *kind))])
            }
            ValueCode::Variable(slot) => Ok(match &frame[*slot] {
                Bound::Value(made) => smallvec![made.clone()],
                Bound::Target(id) => smallvec![Made::Target(*id)],
                Bound::Nothing => smallvec![],
            }),
            ValueCode::Evaluate(focus, code) => {
                let focus = focus.and_then(|slot| match &frame[slot] {
                    Bound::Value(made) => Some(made.clone()),
                    Bound::Target(id) => Some(Made::Target(*id)),
                    Bound::Nothing => None,
                });
                let found = self.evaluate(code, focus.as_ref(), frame)?;
                Ok(found.into_iter().filter_map(|v| Made::of(v, &self.plan.primitives)).collect())
            }
            ValueCode::Cast(argument, ty, form) => {
                let value = self.argument(argument, frame)?;
                self.cast(value, *ty, *form)
            }
            ValueCode::Translate(code) => self.translate(code, frame),
            ValueCode::Call(function, arguments) => self.call_function(*function, arguments, frame),
        }
    }

    fn call_function(
        &mut self,
        function: Function,
        codes: &'t [ArgumentCode],
        frame: &Frame<'t>,
    ) -> Values<'t> {
        let mut arguments: Few<Argument<'t>> = Few::new();
        for code in codes {
            arguments.push(self.argument(code, frame)?);
        }
        if function == Function::Append {
            let texts: Vec<_> = arguments.iter().flatten().filter_map(|a| self.text_of(a)).collect();
            return Ok(if texts.is_empty() { smallvec![] } else { smallvec![self.string(texts.concat())] });
        }
        if function == Function::Uuid {
            return Ok(smallvec![self.string((self.inputs.ids)())]);
        }
        if arguments.first().is_none_or(Option::is_none) {
            return Ok(smallvec![]);
        }
        let made = match function {
            Function::Reference => self.reference(&arguments)?,
            Function::Truncate => self.truncate(&arguments)?,
            Function::Escape => self.escape(&arguments)?,
            Function::DateOp => self.date_op(&arguments)?,
            Function::Cc | Function::C | Function::Qty | Function::Id | Function::Cp => {
                self.data_type(function, &arguments)?
            }
            Function::Append | Function::Uuid => return Ok(smallvec![]),
        };
        Ok(smallvec![made])
    }

    fn string(&self, text: String) -> Made<'t> {
        Made::owned(text, self.plan.primitives.string)
    }

    pub(super) fn literal_type(&self, text: &str, kind: LiteralKind) -> TypeId {
        let types = &self.plan.primitives;
        match kind {
            LiteralKind::Text | LiteralKind::Markdown => types.string,
            LiteralKind::Integer => types.integer,
            LiteralKind::Decimal => types.decimal,
            LiteralKind::Boolean => types.boolean,
            LiteralKind::Moment if text.starts_with('T') => types.time,
            LiteralKind::Moment if text.contains('T') => types.date_time,
            LiteralKind::Moment => types.date,
        }
    }

    /// The text of an argument that must have one.
    fn text_argument(&self, arguments: &[Argument<'t>], index: usize) -> Result<String, Cause> {
        let text = arguments.get(index).and_then(Option::as_ref).and_then(|a| self.text_of(a));
        let missing = || {
            Cause::new("argument", format!("parameter {} of the transform has no simple value", index + 1))
        };
        text.map(|t| t.into_owned()).ok_or_else(missing)
    }

    fn optional_text(&self, arguments: &[Argument<'t>], index: usize) -> Option<String> {
        let text = arguments.get(index).and_then(Option::as_ref).and_then(|a| self.text_of(a));
        text.map(|t| t.into_owned())
    }

    fn cast(&self, value: Argument<'t>, ty: TypeId, form: Form) -> Values<'t> {
        let Some(text) = value.as_ref().and_then(|v| self.text_of(v)) else { return Ok(smallvec![]) };
        let text = match (form, text.split_once('T')) {
            (Form::Date, Some((date, _))) => date.to_string(),
            (Form::Text, _) => text.into_owned(),
            _ => text.trim().to_string(),
        };
        match form.allows(&text) {
            true => Ok(smallvec![Made::owned(text, ty)]),
            false => {
                let name = self.plan.definitions.type_name(ty);
                Err(Cause::new("cast-failed", format!("the value cannot be read as `{name}`")))
            }
        }
    }

    // ---- texts ----

    fn truncate(&self, arguments: &[Argument<'t>]) -> Result<Made<'t>, Cause> {
        let text = self.text_argument(arguments, 0)?;
        let length: usize = self
            .text_argument(arguments, 1)?
            .parse()
            .map_err(|_| Cause::new("argument", "`truncate` takes a whole number as length"))?;
        Ok(self.string(text.chars().take(length).collect()))
    }

    fn escape(&self, arguments: &[Argument<'t>]) -> Result<Made<'t>, Cause> {
        let text = self.text_argument(arguments, 0)?;
        let one = self.text_argument(arguments, 1)?;
        let (from, to) = match self.optional_text(arguments, 2) {
            Some(to) => (one, to),
            None => ("none".to_string(), one),
        };
        let unknown = || Cause::new("argument", "`escape` knows plain, xml, html, json, java, url and er7");
        let plain = crate::escape::undo(&text, &from).ok_or_else(unknown)?;
        crate::escape::escape(&plain, &to).map(|t| self.string(t)).ok_or_else(unknown)
    }

    fn date_op(&mut self, arguments: &[Argument<'t>]) -> Result<Made<'t>, Cause> {
        let text = self.text_argument(arguments, 0)?;
        let operation = self.text_argument(arguments, 1)?;
        let types = self.plan.primitives;
        let date = text.split('T').next().unwrap_or_default();
        let unusable = || {
            Cause::new(
                "argument",
                "`dateOp` takes year, month, date, or add and subtract with a number and a unit",
            )
        };
        let cut = |length: usize| {
            date.get(..length.min(date.len())).map(|d| Made::owned(d.to_string(), types.date))
        };
        let sign = match operation.as_str() {
            "year" => return cut(4).ok_or_else(unusable),
            "month" => return cut(7).ok_or_else(unusable),
            "date" => return cut(10).ok_or_else(unusable),
            "add" => '+',
            "subtract" => '-',
            _ => return Err(unusable()),
        };
        let amount: i32 = self.text_argument(arguments, 2)?.parse().map_err(|_| unusable())?;
        let unit = self.text_argument(arguments, 3)?;
        if !DATE_UNITS.contains(&unit.trim_end_matches('s')) {
            return Err(unusable());
        }
        let expression =
            fhirpath::parse(&format!("%value {sign} {amount} {unit}")).map_err(|_| unusable())?;
        let ty = if text.contains('T') { types.date_time } else { types.date };
        let value = Made::owned(text, ty).value(&types).ok_or_else(unusable)?;
        let mark = self.scope().mark();
        self.scope().set_one("value", Some(value));
        let found = expression.evaluate_on(self.scope(), &[]);
        self.scope().rewind(mark);
        let mut found = found.map_err(|e| Cause::new("expression", e.to_string()))?.into_iter();
        found.next().and_then(|v: Value<'t>| Made::of(v, &types)).ok_or_else(unusable)
    }

    // ---- references ----

    fn reference(&self, arguments: &[Argument<'t>]) -> Result<Made<'t>, Cause> {
        let text = match arguments.first().and_then(Option::as_ref) {
            Some(Made::Node(node)) => reference_to(node.tree, node.id),
            Some(Made::Target(id)) => reference_to(&self.tree, *id),
            _ => None,
        };
        let message = "what is referred to is no resource with an id or an address in its Bundle";
        text.map(|t| self.string(t)).ok_or_else(|| Cause::new("reference-without-id", message))
    }

    // ---- data types ----

    fn data_type(&self, function: Function, arguments: &[Argument<'t>]) -> Result<Made<'t>, Cause> {
        let first = self.text_argument(arguments, 0)?;
        let second = self.optional_text(arguments, 1);
        let third = self.optional_text(arguments, 2);
        let (name, tree) = match (function, second) {
            (Function::Cc, None) => ("CodeableConcept", parts::text_concept(&first)),
            (Function::Cc, Some(code)) => {
                let coding = parts::Coding { system: Some(first), code, display: third };
                ("CodeableConcept", parts::concept(&coding))
            }
            (Function::C, Some(code)) => {
                ("Coding", parts::coding(&parts::Coding { system: Some(first), code, display: third }))
            }
            (Function::Id, Some(value)) => {
                ("Identifier", parts::identifier(&first, &value, third.as_deref()))
            }
            (Function::Cp, None) => {
                ("ContactPoint", parts::contact_point(parts::contact_system(&first), &first))
            }
            (Function::Cp, Some(value)) => ("ContactPoint", parts::contact_point(&first, &value)),
            (Function::Qty, second) => {
                let code = self.optional_text(arguments, 3);
                let unusable = || Cause::new("value-form", "the value cannot be read as a quantity");
                let tree = match second {
                    None => parts::quantity_of(&first),
                    Some(unit) => parts::quantity(&first, Some(&unit), third.as_deref(), code.as_deref()),
                };
                ("Quantity", tree.ok_or_else(unusable)?)
            }
            _ => return Err(Cause::new("argument", "the transform lacks a value")),
        };
        Ok(Made::Parts(Rc::new(tree), self.plan.definitions.type_id(name).unwrap_or(TypeId::NONE)))
    }
}

/// Units that `dateOp` adds and subtracts; an `s` may follow.
pub(crate) const DATE_UNITS: [&str; 7] = ["year", "month", "week", "day", "hour", "minute", "second"];

/// How a resource is referred to: by its entry's address, as `#id` where it is contained, or as
/// `Type/id`.
fn reference_to(tree: &Tree, id: NodeId) -> Option<String> {
    let parent = tree.parent(id);
    if let Some(url) = parent.and_then(|p| tree.child_text(p, "fullUrl")) {
        return Some(url.to_string());
    }
    let own = tree.child_text(id, "id")?;
    if tree.name(id) == "contained" {
        return Some(format!("#{own}"));
    }
    Some(format!("{}/{own}", tree.child_text(id, "resourceType")?))
}
