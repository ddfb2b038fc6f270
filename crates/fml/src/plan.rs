//! A compiled map, ready to run on any number of messages at once.
//!
//! Invariants: immutable, `Send` and `Sync`; the same source, ids, time and parameters give the same
//! result, byte for byte. Deliberately absent: clocks, random numbers, files, network.

use crate::code::Code;
use crate::diagnostic::Diagnostic;
use crate::fault::MapFault;
use crate::run;
use crate::trace::{RulePlace, Trace};
use fhir::{Definitions, NodeRef, Tree, TypeId};
use std::fmt;
use std::sync::Arc;

/// A compiled map.
pub struct Plan {
    pub(crate) url: String,
    pub(crate) definitions: Arc<Definitions>,
    pub(crate) code: Code,
    pub(crate) source: TypeId,
    pub(crate) target: TypeId,
    pub(crate) primitives: Primitives,
    warnings: Vec<Diagnostic>,
}

/// What a run may depend on besides its source.
pub struct Inputs<'a> {
    /// A new id at each call: what `uuid()` gives.
    pub ids: &'a dyn Fn() -> String,
    /// The time of the run, as a FHIR dateTime; empty means that maps may not ask for it.
    pub now: &'a str,
    /// Texts that expressions read as `%name`.
    pub parameters: &'a [(&'a str, &'a str)],
    /// Where a run is given up.
    pub bounds: Bounds,
}

/// Where a run is given up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Bounds {
    /// Applications of rules.
    pub steps: u64,
    /// Nodes of the result.
    pub nodes: usize,
    /// Sources of rules inside one another, through groups too.
    pub depth: usize,
}

impl Default for Bounds {
    /// A million steps and nodes, 96 levels.
    fn default() -> Bounds {
        Bounds { steps: 1_000_000, nodes: 1_000_000, depth: 96 }
    }
}

/// The primitive types that computed values have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Primitives {
    pub string: TypeId,
    pub boolean: TypeId,
    pub integer: TypeId,
    pub decimal: TypeId,
    pub date: TypeId,
    pub date_time: TypeId,
    pub time: TypeId,
}

impl Plan {
    pub(crate) fn new(
        url: &str,
        definitions: Arc<Definitions>,
        code: Code,
        source: TypeId,
        target: TypeId,
        warnings: Vec<Diagnostic>,
    ) -> Plan {
        let ty = |name: &str| definitions.type_id(name).unwrap_or(TypeId::NONE);
        let primitives = Primitives {
            string: ty("string"),
            boolean: ty("boolean"),
            integer: ty("integer"),
            decimal: ty("decimal"),
            date: ty("date"),
            date_time: ty("dateTime"),
            time: ty("time"),
        };
        Plan { url: url.to_string(), definitions, code, source, target, primitives, warnings }
    }

    /// The map's address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The name of the type it reads.
    pub fn source_type(&self) -> &str {
        self.definitions.type_name(self.source)
    }

    /// The name of the type it writes.
    pub fn target_type(&self) -> &str {
        self.definitions.type_name(self.target)
    }

    /// The parameters that its expressions ask for, in the order they were found.
    pub fn parameters(&self) -> &[String] {
        &self.code.parameters
    }

    /// What was found in the map that does not keep it from running.
    pub fn warnings(&self) -> &[Diagnostic] {
        &self.warnings
    }

    /// Maps a source: the whole result in its model's order, or a fault.
    pub fn run(&self, source: NodeRef<'_>, inputs: &Inputs<'_>) -> Result<Tree, MapFault> {
        run::run(self, source, inputs)
    }

    /// The same, and what each rule did.
    pub fn trace(&self, source: NodeRef<'_>, inputs: &Inputs<'_>) -> (Result<Tree, MapFault>, Trace) {
        run::trace(self, source, inputs)
    }

    /// The rules as they are written, those of imported maps that can be reached among them.
    pub fn rules(&self) -> &[RulePlace] {
        &self.code.rules
    }
}

impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Plan({})", self.url)
    }
}
