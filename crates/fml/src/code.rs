//! A compiled map: names are keys, variables are slots, types are known where they can be.
//!
//! A group is compiled once per combination of input types, so that a target's element is always a
//! known element: its place in the model's order, its list mark and its written form are constants
//! here. Invariant: every index in here is valid in its own `Code`. Deliberately absent: source
//! text and diagnostics.

use crate::ast::{LiteralKind, SourceMode};
use crate::lexical::Form;
use crate::trace::RulePlace;
use crate::translate::Table;
use fhir::{Key, TypeId};
use fhirpath::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// A variable's place in its group's frame.
pub(crate) type Slot = usize;

/// A compiled map.
#[derive(Debug, Default)]
pub(crate) struct Code {
    pub groups: Vec<GroupCode>,
    /// The rules as they are written, for faults and traces.
    pub rules: Vec<RulePlace>,
    pub constants: Vec<ExpressionCode>,
    pub tables: BTreeMap<String, Arc<Table>>,
    /// Names of the inputs' parameters that expressions ask for.
    pub parameters: Vec<String>,
}

#[derive(Debug, Default)]
pub(crate) struct GroupCode {
    pub slots: usize,
    pub rules: Vec<RuleCode>,
}

#[derive(Debug)]
pub(crate) struct RuleCode {
    pub label: usize,
    pub sources: Vec<SourceCode>,
    pub targets: Vec<TargetCode>,
    pub calls: Vec<CallCode>,
    pub rules: Vec<RuleCode>,
    /// What stands for `targets` and `calls` where the source is of this type.
    pub cases: Vec<CaseCode>,
}

/// A default group chosen by the type that the source turns out to have.
#[derive(Debug)]
pub(crate) struct CaseCode {
    pub ty: TypeId,
    pub targets: Vec<TargetCode>,
    pub calls: Vec<CallCode>,
}

#[derive(Debug)]
pub(crate) struct SourceCode {
    pub context: Slot,
    pub steps: Vec<Step>,
    pub ty: Option<TypeId>,
    pub cardinality: Option<(u32, Option<u32>)>,
    pub default: Option<ExpressionCode>,
    pub mode: Option<SourceMode>,
    pub bind: Slot,
    pub condition: Option<Condition>,
    pub check: Option<ExpressionCode>,
    pub log: Option<ExpressionCode>,
    /// Does it read the result?
    pub result: bool,
    /// Can there be several of it below one context?
    pub repeats: bool,
}

/// A `where`.
#[derive(Debug)]
pub(crate) enum Condition {
    /// `element = 'text'`, the usual one: the only child of this name has this text.
    Equals(Key, String),
    Expression(ExpressionCode),
}

impl SourceCode {
    /// One element down and perhaps an equality: nothing that needs all repetitions at once.
    pub fn is_plain(&self) -> bool {
        matches!(self.steps.as_slice(), [Step::Named(_)])
            && !self.result
            && self.ty.is_none()
            && self.cardinality.is_none()
            && self.default.is_none()
            && matches!(self.mode, None | Some(SourceMode::First))
            && matches!(self.condition, None | Some(Condition::Equals(..)))
            && self.check.is_none()
            && self.log.is_none()
    }
}

/// One step down a source.
#[derive(Debug)]
pub(crate) enum Step {
    /// Children of this name.
    Named(Key),
    /// Children of one of these names: a choice of types.
    Choice(Vec<Key>),
    /// The type is known only while running: children of this name, or of it and a type's name.
    Open(Key),
    /// The value of a primitive, without its extensions.
    Value,
}

#[derive(Debug)]
pub(crate) struct TargetCode {
    /// The node written below, unless only a variable is made.
    pub context: Option<Slot>,
    /// Elements on the way, found or made.
    pub path: Vec<ElementCode>,
    /// The element made; none writes the context itself.
    pub element: Option<ElementCode>,
    pub value: ValueCode,
    pub bind: Option<Slot>,
    pub mode: ModeCode,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum ModeCode {
    Next,
    First,
    Last,
    Single,
    /// Shared under this number.
    Share(usize),
}

/// An element of a target.
#[derive(Clone, Debug)]
pub(crate) struct ElementCode {
    /// The element's name in the model, without `[x]`.
    pub name: String,
    pub list: bool,
    /// Place in the model's order, from 1.
    pub rank: u32,
    /// May it bear several names?
    pub choice: bool,
    /// What it can hold: one entry unless it is a choice that only the value decides.
    pub choices: Vec<Choice>,
}

/// A type that an element can hold, and the name it then bears.
#[derive(Clone, Debug)]
pub(crate) struct Choice {
    pub key: Key,
    pub ty: TypeId,
    pub shape: Shape,
}

#[derive(Clone, Debug)]
pub(crate) enum Shape {
    Primitive(Form),
    Complex,
    /// A resource: it begins with `resourceType` of this name.
    Resource(String),
    /// Any resource: what is copied there brings its own type.
    AnyResource,
}

#[derive(Debug)]
pub(crate) enum ValueCode {
    /// An empty element of the target's only choice.
    New,
    Literal(String, LiteralKind),
    Variable(Slot),
    Evaluate(Option<Slot>, ExpressionCode),
    Call(Function, Vec<ArgumentCode>),
    Cast(ArgumentCode, TypeId, Form),
    Translate(Box<TranslateCode>),
}

/// The transforms that are functions of their arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Function {
    Truncate,
    Escape,
    Append,
    Reference,
    DateOp,
    Uuid,
    Cc,
    C,
    Qty,
    Id,
    Cp,
}

/// A `translate`.
#[derive(Debug)]
pub(crate) struct TranslateCode {
    pub value: ArgumentCode,
    pub table: Arc<Table>,
    pub wanted: Wanted,
    /// Values that translations may depend on.
    pub properties: Vec<(String, ArgumentCode)>,
}

/// What `translate` gives back.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Wanted {
    Code,
    System,
    Display,
    Coding,
    CodeableConcept,
    /// The values that the translation brings for this property.
    Product(String),
}

#[derive(Debug)]
pub(crate) enum ArgumentCode {
    Literal(String, LiteralKind),
    Variable(Slot),
    Expression(ExpressionCode),
}

#[derive(Debug)]
pub(crate) struct CallCode {
    pub group: usize,
    pub arguments: Vec<ArgumentCode>,
}

/// An expression with the variables it mentions.
#[derive(Debug)]
pub(crate) struct ExpressionCode {
    pub expression: fhirpath::Expr,
    pub variables: Vec<(String, Slot)>,
    pub constants: Vec<(String, usize)>,
    /// Its values, where it reads nothing.
    pub fixed: Option<Arc<[Value<'static>]>>,
    pub parameters: Vec<String>,
    /// Does it read what has been written so far?
    pub reads_target: bool,
}
