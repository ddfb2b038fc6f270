//! Where an extension may stand (FHIR R4 defining-extensions.html §2.5.1.1), as its definition says.
//!
//! Invariant: a context that is not understood is kept as such, so that nothing is allowed or refused
//! by it. Deliberately absent: the judgement, which validation makes.

use super::{Profile, Rule};
use crate::definitions::{Invariant, logical};
use crate::terms::unversioned;
use crate::tree::{NodeRef, TypeId};

/// One place where an extension may stand.
#[derive(Clone, Debug)]
pub(crate) enum Context {
    /// An element or type, by its path or name.
    Element(Box<str>),
    /// Another extension, by its URL.
    Extension(Box<str>),
    /// The elements that a FHIRPath expression selects from the resource: a rule that is true of them.
    Query(Box<Invariant>),
    /// A kind of context that is not known.
    Unknown,
}

impl Profile {
    /// A profile that is no extension.
    pub(super) fn plain(ty: TypeId, root: Rule) -> Profile {
        Profile { ty, root, contexts: Vec::new(), context_invariants: Vec::new(), modifier: false }
    }

    /// The profile that the StructureDefinition at `root` states, its rules being compiled.
    pub(super) fn of(root: NodeRef<'_>, ty: TypeId, rule: Rule) -> Profile {
        let first = logical::elements(root).into_iter().next();
        Profile {
            ty,
            root: rule,
            contexts: root.all("context").map(context).collect(),
            context_invariants: root.all("contextInvariant").filter_map(|i| i.text()).map(demanded).collect(),
            modifier: first.and_then(|e| e.child_text("isModifier")) == Some("true"),
        }
    }

    /// Ends the making: numbers the invariants and notes what is asked often.
    pub(super) fn seal(&mut self, number: &mut impl FnMut(&mut Invariant)) {
        self.root.seal(number);
        self.context_invariants.iter_mut().for_each(&mut *number);
        for context in &mut self.contexts {
            if let Context::Query(invariant) = context {
                number(invariant);
            }
        }
    }
}

fn context(node: NodeRef<'_>) -> Context {
    let Some(expression) = node.child_text("expression") else { return Context::Unknown };
    match node.child_text("type") {
        Some("element") => {
            // An element of a profile is the element, as far as that is known without the profile.
            let path = expression.split_once('#').map_or(expression, |(_, path)| path);
            let path = path.split(':').next().filter(|_| !path.contains("://")).unwrap_or(path);
            let path = path.strip_prefix("http://hl7.org/fhir/StructureDefinition/").unwrap_or(path);
            Context::Element(path.into())
        }
        Some("extension") => Context::Extension(unversioned(expression).into()),
        Some("fhirpath") => {
            let selected = format!("%resource.select({expression}) contains $this");
            Context::Query(Box::new(Invariant::new("context", true, &selected)))
        }
        _ => Context::Unknown,
    }
}

fn demanded(expression: &str) -> Invariant {
    Invariant::new("contextInvariant", true, expression)
}
