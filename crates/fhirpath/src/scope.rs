//! What an expression is evaluated in: definitions, variables, host functions, the time, the limits.
//!
//! Invariant: evaluation reads nothing that is not in here or in the focus: no clock, no network,
//! no files, no globals. Deliberately absent: thread-local or default scopes.

use crate::error::EvalError;
use crate::model::Model;
use crate::moment::DateTime;
use crate::value::{Coll, Value};
use fhir::{Definitions, NodeRef};
use std::borrow::Cow;
use std::sync::Arc;

/// How many steps an evaluation may take unless the scope says otherwise. A step is roughly one
/// item visited or one operation; a large Bundle's invariants stay far below.
pub const DEFAULT_STEP_LIMIT: u64 = 20_000_000;

/// How many bytes an evaluation may take for the items and texts that it keeps on the way, all
/// together, unless the scope says otherwise.
pub const DEFAULT_MEMORY_LIMIT: usize = 256 << 20;

/// A call that a host function answers.
pub struct HostCall<'c, 't> {
    /// The name it was called by.
    pub name: &'c str,
    /// What stands before the dot.
    pub input: &'c [Value<'t>],
    /// The arguments, evaluated.
    pub args: &'c [Vec<Value<'t>>],
}

/// A function that the host adds to the language.
pub type HostFunction<'t> =
    Arc<dyn Fn(&HostCall<'_, 't>) -> Result<Vec<Value<'t>>, EvalError> + Send + Sync + 't>;

/// Someone who is told which nodes an evaluation comes to.
type Watcher<'t> = Arc<dyn Fn(NodeRef<'t>) + Send + Sync + 't>;

/// A variable's values.
#[derive(Clone)]
enum Held<'t> {
    Own(Coll<'t>),
    Shared(Arc<[Value<'t>]>),
}

/// The environment of evaluations. Make one per resource (or message) and use it for all of its
/// expressions.
#[derive(Clone)]
pub struct Scope<'t> {
    pub(crate) model: Model<'t>,
    pub(crate) resource: Option<NodeRef<'t>>,
    pub(crate) root_resource: Option<NodeRef<'t>>,
    pub(crate) clock: Option<DateTime>,
    variables: Vec<(Cow<'t, str>, Held<'t>)>,
    functions: Vec<(String, HostFunction<'t>)>,
    pub(crate) watcher: Option<Watcher<'t>>,
    /// May a bare name (`v.use`) be a variable's, as the mapping language writes them? A variable
    /// then hides an element of the same name.
    pub bare_variables: bool,
    /// Is `as()` on several items an error, as N1 says? By default it filters them, because
    /// invariants of R4 itself use it so (dom-3).
    pub single_as: bool,
    /// After how many steps an evaluation is given up.
    pub step_limit: u64,
    /// After how many bytes kept on the way an evaluation is given up.
    pub memory_limit: usize,
}

impl Default for Scope<'_> {
    fn default() -> Self {
        Scope::new(None)
    }
}

impl<'t> Scope<'t> {
    /// A scope with nothing but definitions. Without them, all nodes are untyped.
    pub fn new(definitions: Option<&'t Definitions>) -> Scope<'t> {
        Scope {
            model: Model::new(definitions),
            resource: None,
            root_resource: None,
            clock: None,
            variables: Vec::new(),
            functions: Vec::new(),
            watcher: None,
            bare_variables: false,
            single_as: false,
            step_limit: DEFAULT_STEP_LIMIT,
            memory_limit: DEFAULT_MEMORY_LIMIT,
        }
    }

    /// Sets `%resource`. Unset, it is the resource that the focus is part of.
    pub fn set_resource(&mut self, node: NodeRef<'t>) {
        self.resource = Some(node);
    }

    /// Sets `%rootResource`. Unset, it is the resource that contains `%resource`, or that itself.
    pub fn set_root_resource(&mut self, node: NodeRef<'t>) {
        self.root_resource = Some(node);
    }

    /// Sets the instant that `now()`, `today()` and `timeOfDay()` tell.
    pub fn set_clock(&mut self, now: DateTime) {
        self.clock = Some(now);
    }

    /// Sets a variable; an earlier one of the same name is hidden until a [`Scope::rewind`].
    pub fn set(&mut self, name: &str, values: Vec<Value<'t>>) {
        self.variables.push((name.to_string().into(), Held::Own(Coll::from_vec(values))));
    }

    /// As [`Scope::set`], with one value or none and a name that stays: nothing is allocated.
    pub fn set_one(&mut self, name: &'t str, value: Option<Value<'t>>) {
        self.variables.push((name.into(), Held::Own(value.into_iter().collect())));
    }

    /// As [`Scope::set`], with values that others hold too: nothing is copied.
    pub fn set_shared(&mut self, name: &'t str, values: Arc<[Value<'t>]>) {
        self.variables.push((name.into(), Held::Shared(values)));
    }

    /// A variable's values.
    pub fn get(&self, name: &str) -> Option<&[Value<'t>]> {
        let (_, held) = self.variables.iter().rev().find(|(n, _)| n == name)?;
        Some(match held {
            Held::Own(values) => values,
            Held::Shared(values) => values,
        })
    }

    /// How many variables have been set; for [`Scope::rewind`].
    pub fn mark(&self) -> usize {
        self.variables.len()
    }

    /// Forgets all variables set since the mark.
    pub fn rewind(&mut self, mark: usize) {
        self.variables.truncate(mark);
    }

    /// Adds a function, or answers one of those that the language leaves to the host: `memberOf`,
    /// `subsumes`, `subsumedBy`, `conformsTo`, `htmlChecks`, `resolve`, `elementDefinition`, `slice`,
    /// `trace`.
    pub fn register(
        &mut self,
        name: &str,
        function: impl Fn(&HostCall<'_, 't>) -> Result<Vec<Value<'t>>, EvalError> + Send + Sync + 't,
    ) {
        self.functions.retain(|(n, _)| n != name);
        self.functions.push((name.to_string(), Arc::new(function)));
    }

    /// Tells `watcher` each node that an expression comes to, on its way or as its result, in no
    /// particular order and perhaps several times: what was looked at, for a trace.
    pub fn watch(&mut self, watcher: impl Fn(NodeRef<'t>) + Send + Sync + 't) {
        self.watcher = Some(Arc::new(watcher));
    }

    pub(crate) fn function(&self, name: &str) -> Option<&HostFunction<'t>> {
        self.functions.iter().find(|(n, _)| n == name).map(|(_, f)| f)
    }
}
