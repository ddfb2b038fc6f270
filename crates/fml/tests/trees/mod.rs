//! What several tests do with trees: reading, running a plan with fixed ids and time, comparing.
//!
//! Invariant: nothing here depends on the clock or on chance. Deliberately absent: the cases.
#![allow(dead_code, clippy::unwrap_used)]

use fhir::json::{Form, Limits};
use fhir::{Definitions, Kind, NodeRef, Tree};
use fml::{Bounds, Inputs, Library, MapFault, Plan};
use std::cell::Cell;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// A folder of the corpora; nothing where there are none, which only CI may not accept.
pub fn suite(name: &str) -> Option<PathBuf> {
    let default = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpora");
    let root = std::env::var_os("SLUSS_CORPORA").map_or(default, PathBuf::from).join(name);
    if root.exists() {
        return Some(root);
    }
    assert!(std::env::var("CI").as_deref() != Ok("true"), "the corpora are missing at {}", root.display());
    println!("suite {name}: passed over, the corpora are not here");
    None
}

/// R4 and these logical models, whose types may need one another; a text may hold several in a Bundle.
pub fn definitions(models: &[String]) -> Definitions {
    let mut definitions = Definitions::r4().clone();
    let trees: Vec<Tree> = models.iter().flat_map(|model| resources(read(model, Form::Fhir, None))).collect();
    definitions.load_types(&trees.iter().collect::<Vec<_>>()).unwrap();
    definitions
}

fn resources(tree: Tree) -> Vec<Tree> {
    let root = tree.at(tree.root());
    if root.child_text("resourceType") != Some("Bundle") {
        return vec![tree];
    }
    let inner = root.all("entry").filter_map(|e| e.child("resource"));
    let alone = inner.map(|resource| {
        let mut own = Tree::new(resource.child_text("resourceType").unwrap());
        let root = own.root();
        own.copy_into(root, resource);
        own
    });
    alone.collect()
}

/// A library over R4 and these logical models.
pub fn library(models: &[String]) -> Library {
    Library::new(Arc::new(definitions(models)))
}

/// A tree; `ty` is given for a foreign document.
pub fn read(text: &str, form: Form, ty: Option<(&Definitions, &str)>) -> Tree {
    let mut tree = fhir::json::read(text.as_bytes(), form, &Limits::default()).unwrap();
    match ty {
        None => Definitions::r4().annotate(&mut tree),
        Some((definitions, name)) => definitions.annotate_as(&mut tree, definitions.type_id(name).unwrap()),
    }
    tree
}

/// Runs with ids that count and a fixed time; a traced run must come to the same.
pub fn run(plan: &Plan, source: &Tree) -> Result<Tree, MapFault> {
    let plain = once(plan, source, false);
    let traced = once(plan, source, true);
    let written = |tree: &Tree| fhir::json::write(tree, Form::Fhir);
    assert_eq!(plain.as_ref().map(written), traced.as_ref().map(written), "tracing changes the result");
    plain
}

/// What a trace calls unread makes no difference to a run: the result, or the fault, is the same
/// without it. Gives how much was left out.
pub fn unread_is_unread(plan: &Plan, source: &Tree) -> usize {
    let told = |result: Result<Tree, MapFault>| match result {
        Ok(tree) => fhir::json::write(&tree, Form::Fhir),
        Err(fault) => format!("{} {}", fault.code, fault.rule),
    };
    let (result, trace) = both(plan, source);
    let whole = told(result);
    // Repetitions that are not marked as a list share a path, so elements are told apart by their order.
    let mut order = Vec::new();
    let mut work = vec![source.root()];
    while let Some(node) = work.pop() {
        order.push(node);
        let first = work.len();
        let element = |c: &fhir::NodeId| source.name(*c) != "resourceType" && source.kind(*c) != Kind::Empty;
        work.extend(source.children(node).filter(element));
        work[first..].reverse();
    }
    assert_eq!(order.len(), trace.source.len());
    let unread = trace.unread();
    for (node, found) in order.into_iter().zip(&trace.source) {
        if !unread.iter().any(|u| std::ptr::eq(*u, found)) {
            continue;
        }
        // An element without a value is there for the sake of what is below it.
        let above = source.parent(node).filter(|&p| source.kind(p) == Kind::Null);
        if above.is_none_or(|p| source.children(p).count() > 1) {
            let mut less = source.clone();
            less.remove(node);
            assert_eq!(told(once(plan, &less, false)), whole, "without {}", found.place);
        }
    }
    unread.len()
}

fn both(plan: &Plan, source: &Tree) -> (Result<Tree, MapFault>, fml::Trace) {
    let mut trace = None;
    let result = with_inputs(|inputs| {
        let (result, told) = plan.trace(source.at(source.root()), inputs);
        trace = Some(told);
        result
    });
    (result, trace.unwrap())
}

fn once(plan: &Plan, source: &Tree, trace: bool) -> Result<Tree, MapFault> {
    if trace {
        both(plan, source).0
    } else {
        with_inputs(|inputs| plan.run(source.at(source.root()), inputs))
    }
}

fn with_inputs(run: impl FnOnce(&Inputs<'_>) -> Result<Tree, MapFault>) -> Result<Tree, MapFault> {
    let count = Cell::new(0u32);
    let ids = || {
        count.set(count.get() + 1);
        format!("00000000-0000-4000-8000-{:012}", count.get())
    };
    let parameters = [("receiver", "SE165565594230-1234")];
    let now = "2026-03-01T09:30:00+01:00";
    let inputs = Inputs { ids: &ids, now, parameters: &parameters, bounds: Bounds::default() };
    run(&inputs)
}

/// Equal, the order of differently named children aside.
pub fn same(a: NodeRef<'_>, b: NodeRef<'_>) -> bool {
    if a.text() != b.text() || a.kind() != b.kind() {
        return false;
    }
    let sorted = |n: NodeRef<'_>| {
        let mut all: Vec<_> = n.children().map(|c| (c.name().to_string(), c.id)).collect();
        all.sort_by(|x, y| x.0.cmp(&y.0));
        all
    };
    let (left, right) = (sorted(a), sorted(b));
    left.len() == right.len()
        && left.iter().zip(&right).all(|(x, y)| x.0 == y.0 && same(a.tree.at(x.1), b.tree.at(y.1)))
}
