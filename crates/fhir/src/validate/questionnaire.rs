//! A QuestionnaireResponse against the Questionnaire that it answers, and a Questionnaire's own
//! conditions (FHIR R4 questionnaireresponse.html §2.44.4, questionnaire.html).
//!
//! Known items, groups and nesting, how often, what must be answered, answers to what is not asked
//! (`enabled`), and the answers themselves (`answer`). Invariant: every item is looked at once, and a
//! condition costs one look-up for each level above it. Deliberately absent: limits as regular
//! expressions or FHIRPath (`regex`, `questionnaire-constraint`), which are told as not checkable, and the
//! wording of questions.

mod answer;
mod enabled;

use super::{DEEPEST, Run};
use crate::finding::Severity;
use crate::profile::condition;
use crate::tree::{NodeId, NodeRef};
use enabled::Given;
use std::collections::{HashMap, HashSet};

/// The extensions of a Questionnaire's item that the core package defines.
const CORE: &str = "http://hl7.org/fhir/StructureDefinition/";
/// Those of the guide on structured data capture.
const SDC: &str = "http://hl7.org/fhir/uv/sdc/StructureDefinition/";

/// The walk over the answers to one questionnaire.
struct Answers<'r, 'a> {
    run: &'r mut Run<'a>,
    response: NodeRef<'a>,
    /// Where contained value sets of the questionnaire are known: its URL.
    url: &'a str,
    /// Every linkId of the questionnaire.
    links: HashSet<&'a str>,
    given: Given<'a>,
    /// Must everything that is required be there? Only of answers that are said to be complete.
    complete: bool,
}

/// Checks the QuestionnaireResponse at `node`.
pub(super) fn response(run: &mut Run<'_>, node: NodeId) {
    let (own, at) = (run.own, run.tree.at(node));
    let Some(canonical) = at.child("questionnaire") else {
        return run.unsure("questionnaire", node, "names no questionnaire: its answers were not checked");
    };
    let text = canonical.text().unwrap_or_default();
    let form = match text.strip_prefix('#') {
        Some(id) => run.bundle.contained(node, id).map(|inner| run.tree.at(inner)),
        None => own.canonical("Questionnaire", text),
    };
    let Some(form) = form else {
        let what = "the questionnaire is not loaded here in this version: the answers were not checked";
        return run.unsure("questionnaire", canonical.id, what);
    };
    let mut links = HashSet::new();
    let mut work: Vec<NodeRef<'_>> = form.all("item").collect();
    while let Some(item) = work.pop() {
        links.extend(item.child_text("linkId"));
        work.extend(item.all("item"));
    }
    let complete = matches!(at.child_text("status"), Some("completed" | "amended"));
    let url = form.child_text("url").unwrap_or_default();
    let mut answers = Answers { run, response: at, url, links, given: Given::of(at), complete };
    answers.items(form, node, 0);
}

impl<'a> Answers<'_, 'a> {
    /// The items inside `container` against those that `form`, an item or the whole, has.
    fn items(&mut self, form: NodeRef<'a>, container: NodeId, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        let asked: Vec<NodeRef<'a>> = form.all("item").collect();
        let place: HashMap<&str, usize> =
            asked.iter().enumerate().filter_map(|(i, q)| Some((q.child_text("linkId")?, i))).collect();
        let mut given: Vec<Vec<NodeId>> = vec![Vec::new(); asked.len()];
        let mut last = 0;
        for item in self.run.tree.at(container).all("item") {
            let link = item.child_text("linkId").unwrap_or_default();
            match place.get(link).and_then(|&i| Some((i, given.get_mut(i)?))) {
                Some((i, all)) => {
                    all.push(item.id);
                    if i < last {
                        let what = "stands behind items that come after it in the questionnaire";
                        self.tell(Severity::Warning, item.id, what.into());
                    }
                    last = last.max(i);
                }
                None if self.links.contains(link) => {
                    self.error(item.id, "the questionnaire has this linkId under another item".into());
                }
                None => self.error(item.id, "the questionnaire has no item with this linkId".into()),
            }
        }
        for (question, given) in asked.into_iter().zip(given) {
            self.question(question, container, &given, depth);
        }
    }

    /// One item of the questionnaire and all that is given for it inside `container`.
    fn question(&mut self, form: NodeRef<'a>, container: NodeId, given: &[NodeId], depth: usize) {
        let enabled = match condition(form) {
            Some(_) => self.holds(form),
            None => self.given.enabled(form, container, given.first().copied()),
        };
        let says = |n: &&NodeId| {
            let at = self.run.tree.at(**n);
            at.child("answer").is_some() || at.child("item").is_some()
        };
        match (enabled, given.iter().find(says).copied()) {
            (Some(false), Some(answered)) => {
                let what = "is answered, though the questionnaire's condition for asking it does not hold";
                return self.error(answered, what.into());
            }
            (Some(false), None) => return,
            (None, _) => {
                let at = given.first().copied().unwrap_or(container);
                let what = "whether this item is to be asked (enableWhen) could not be decided here";
                self.run.unsure("questionnaire", at, what);
            }
            (Some(true), _) => {}
        }
        let must = self.complete && enabled == Some(true) && flag(form, "required");
        let group = form.child_text("type") == Some("group");
        if given.is_empty() && must {
            let what = match group {
                true => "a required group of the questionnaire is missing here",
                false => "the answer to a required item of the questionnaire is missing here",
            };
            self.error(container, what.into());
        }
        let repeats = flag(form, "repeats");
        if let Some(second) = given.get(1).filter(|_| !group || !repeats) {
            let what = match group {
                true => "the group stands here more than once, but does not repeat in the questionnaire",
                false => "the question stands here more than once; give all its answers in one item",
            };
            self.error(*second, what.into());
        }
        if group && !given.is_empty() {
            self.times(form, given[given.len() - 1], given.len());
        }
        for &item in given {
            match form.child_text("type") {
                Some("group") => self.group(form, item, must, depth),
                Some("display") => {
                    let at = self.run.tree.at(item);
                    if let Some(answer) = at.child("answer").or_else(|| at.child("item")) {
                        self.error(answer.id, "an item that is only displayed has no answers".into());
                    }
                }
                _ => self.answered(form, item, must, repeats, depth),
            }
        }
    }

    /// Does the item's condition in FHIRPath hold of the response?
    fn holds(&self, form: NodeRef<'a>) -> Option<bool> {
        let condition = self.run.own.condition(self.url, form)?;
        self.run.holds?(condition, self.response)
    }

    fn group(&mut self, form: NodeRef<'a>, item: NodeId, must: bool, depth: usize) {
        let at = self.run.tree.at(item);
        if let Some(answer) = at.child("answer") {
            self.error(answer.id, "a group has no answers of its own; put its items right inside it".into());
        }
        if must && at.child("item").is_none() {
            self.error(item, "the required group has nothing in it".into());
        }
        self.items(form, item, depth + 1);
    }

    fn answered(&mut self, form: NodeRef<'a>, item: NodeId, must: bool, repeats: bool, depth: usize) {
        let at = self.run.tree.at(item);
        let answers: Vec<NodeId> = at.all("answer").map(|a| a.id).collect();
        if let Some(inner) = at.child("item") {
            self.error(inner.id, "items inside a question stand inside its answers".into());
        }
        if answers.is_empty() && must {
            self.error(item, "the required question has no answer".into());
        }
        if answers.len() > 1 && !repeats {
            let what = format!(
                "the question has {} answers, but does not repeat in the questionnaire",
                answers.len()
            );
            self.error(item, what);
        }
        self.times(form, item, answers.len());
        for answer in answers {
            self.answer(form, answer);
            self.items(form, answer, depth + 1);
        }
    }

    /// The limits of `questionnaire-minOccurs` and `questionnaire-maxOccurs`.
    fn times(&mut self, form: NodeRef<'a>, at: NodeId, n: usize) {
        let limit = |name: &str| setting(form, name)?.text()?.parse::<usize>().ok();
        if let Some(least) = limit("questionnaire-minOccurs").filter(|&m| self.complete && n < m) {
            self.error(at, format!("given {n} times; the questionnaire asks for at least {least}"));
        }
        if let Some(most) = limit("questionnaire-maxOccurs").filter(|&m| n > m) {
            self.error(at, format!("given {n} times; the questionnaire allows at most {most}"));
        }
    }

    fn error(&mut self, node: NodeId, what: String) {
        self.tell(Severity::Error, node, what);
    }

    fn tell(&mut self, severity: Severity, node: NodeId, what: String) {
        self.run.tell("questionnaire", severity, node, what);
    }
}

/// Checks the conditions of the Questionnaire at `node`: each names a question that is there, and none
/// that exists only once the item itself is enabled.
pub(super) fn form(run: &mut Run<'_>, node: NodeId) {
    let at = run.tree.at(node);
    // In document order, each with where its own items end.
    let mut items: Vec<(NodeRef<'_>, usize)> = Vec::new();
    collect(at, &mut items, 0);
    let links: HashMap<&str, usize> =
        items.iter().enumerate().filter_map(|(i, (q, _))| Some((q.child_text("linkId")?, i))).collect();
    for (i, &(item, end)) in items.iter().enumerate() {
        for condition in item.all("enableWhen") {
            let Some(link) = condition.child_text("question") else { continue };
            match links.get(link) {
                None => run.tell(
                    "questionnaire",
                    Severity::Error,
                    condition.id,
                    "the condition names a linkId that this questionnaire does not have".into(),
                ),
                Some(&asked) if asked >= i && asked < end => run.tell(
                    "questionnaire",
                    Severity::Error,
                    condition.id,
                    "the condition names the item itself or one inside it, which is asked only once it holds"
                        .into(),
                ),
                Some(&asked) if asked > i => run.tell(
                    "questionnaire",
                    Severity::Warning,
                    condition.id,
                    "the condition names a question that comes after the item".into(),
                ),
                _ => {}
            }
        }
    }
}

fn collect<'a>(parent: NodeRef<'a>, out: &mut Vec<(NodeRef<'a>, usize)>, depth: usize) {
    for item in parent.all("item").filter(|_| depth <= DEEPEST) {
        let own = out.len();
        out.push((item, own));
        collect(item, out, depth + 1);
        out[own].1 = out.len();
    }
}

/// A boolean element that is absent where it is false.
fn flag(form: NodeRef<'_>, name: &str) -> bool {
    form.child_text(name) == Some("true")
}

/// The value of the item's first extension of this name.
fn setting<'a>(form: NodeRef<'a>, name: &str) -> Option<NodeRef<'a>> {
    settings(form, name).first().map(|(_, value)| *value)
}

/// The values of all the item's extensions of this name, with the names of their types.
fn settings<'a>(form: NodeRef<'a>, name: &str) -> Vec<(&'a str, NodeRef<'a>)> {
    let named = |e: &NodeRef<'a>| {
        let url = e.child_text("url").unwrap_or_default();
        url.strip_prefix(CORE).or_else(|| url.strip_prefix(SDC)) == Some(name)
    };
    form.all("extension").filter(named).filter_map(value_of).collect()
}

/// The value that an extension, an answer or an option holds, with the name of its type.
fn value_of<'a>(holder: NodeRef<'a>) -> Option<(&'a str, NodeRef<'a>)> {
    let typed = |c: NodeRef<'a>| {
        let name = c.name();
        let ty = name.strip_prefix("value").or_else(|| name.strip_prefix("answer"))?;
        (!ty.is_empty()).then_some((ty, c))
    };
    holder.children().find_map(typed)
}
