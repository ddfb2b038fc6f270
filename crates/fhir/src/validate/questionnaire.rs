//! A QuestionnaireResponse against the Questionnaire that it answers, and a Questionnaire's own
//! conditions (FHIR R4 questionnaireresponse.html §2.44.4, questionnaire.html).
//!
//! Known items, groups and nesting, how often, what must be answered, answers to what is not asked
//! (`enabled`), and the answers themselves (`answer`). Invariant: every item is looked at once, what the
//! questionnaire says of it is gathered once (`question`), a condition costs one look-up for each level
//! above it, and what a sender could multiply beyond that has a limit (`values`). Deliberately absent:
//! limits as regular expressions or FHIRPath (`regex`, `questionnaire-constraint`), which are told as not
//! checkable, and the wording of questions.

mod answer;
mod enabled;
mod question;
mod values;

use super::{DEEPEST, Run};
use crate::finding::Severity;
use crate::tree::{NodeId, NodeRef};
use enabled::Given;
use question::{Insides, Question};
use std::collections::{BTreeMap, HashMap, HashSet};

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
    insides: Insides<'a>,
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
        Some(id) => run.bundle(node).contained(node, id).map(|inner| run.tree.at(inner)),
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
    let mut answers = Answers {
        run,
        response: at,
        url,
        links,
        given: Given::of(at),
        insides: Insides::default(),
        complete,
    };
    answers.items(form, node, 0);
}

impl<'a> Answers<'_, 'a> {
    /// The items inside `container` against those that `form`, an item or the whole, has.
    fn items(&mut self, form: NodeRef<'a>, container: NodeId, depth: usize) {
        if depth > DEEPEST {
            return;
        }
        let inside = self.insides.of(form, self.complete);
        let mut given: BTreeMap<usize, Vec<NodeId>> = BTreeMap::new();
        let mut last = 0;
        for item in self.run.tree.at(container).all("item") {
            let link = item.child_text("linkId").unwrap_or_default();
            match inside.places.get(link) {
                Some(&i) => {
                    given.entry(i).or_default().push(item.id);
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
        if self.given.effort.spend(inside.watched.len()) {
            inside.watched.iter().for_each(|&i| _ = given.entry(i).or_default());
        } else {
            let what = "whether required items are missing here could not be checked: there are too many";
            self.run.unsure("questionnaire", container, what);
        }
        for (i, given) in given {
            if let Some(question) = inside.asked.get(i) {
                self.question(question, container, &given, depth);
            }
        }
    }

    /// One item of the questionnaire and all that is given for it inside `container`.
    fn question(&mut self, question: &Question<'a>, container: NodeId, given: &[NodeId], depth: usize) {
        let enabled = match question.expressed {
            true => *question.holds.get_or_init(|| self.holds(question.form)),
            false => self.given.enabled(question, container, given.first().copied()),
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
        let must = self.complete && enabled == Some(true) && question.required;
        let group = question.kind == Some("group");
        if given.is_empty() && must {
            let what = match group {
                true => "a required group of the questionnaire is missing here",
                false => "the answer to a required item of the questionnaire is missing here",
            };
            self.error(container, what.into());
        }
        if let Some(second) = given.get(1).filter(|_| !group || !question.repeats) {
            let what = match group {
                true => "the group stands here more than once, but does not repeat in the questionnaire",
                false => "the question stands here more than once; give all its answers in one item",
            };
            self.error(*second, what.into());
        }
        if group && !given.is_empty() {
            self.times(question, given[given.len() - 1], given.len());
        }
        for &item in given {
            match question.kind {
                Some("group") => self.group(question, item, must, depth),
                Some("display") => {
                    let at = self.run.tree.at(item);
                    if let Some(answer) = at.child("answer").or_else(|| at.child("item")) {
                        self.error(answer.id, "an item that is only displayed has no answers".into());
                    }
                }
                _ => self.answered(question, item, must, depth),
            }
        }
    }

    /// Does the item's condition in FHIRPath hold of the response?
    fn holds(&self, form: NodeRef<'a>) -> Option<bool> {
        let condition = self.run.own.condition(self.url, form)?;
        self.run.holds?(condition, self.response)
    }

    fn group(&mut self, question: &Question<'a>, item: NodeId, must: bool, depth: usize) {
        let at = self.run.tree.at(item);
        if let Some(answer) = at.child("answer") {
            self.error(answer.id, "a group has no answers of its own; put its items right inside it".into());
        }
        if must && at.child("item").is_none() {
            self.error(item, "the required group has nothing in it".into());
        }
        self.items(question.form, item, depth + 1);
    }

    fn answered(&mut self, question: &Question<'a>, item: NodeId, must: bool, depth: usize) {
        let at = self.run.tree.at(item);
        let answers: Vec<NodeId> = at.all("answer").map(|a| a.id).collect();
        if let Some(inner) = at.child("item") {
            self.error(inner.id, "items inside a question stand inside its answers".into());
        }
        if answers.is_empty() && must {
            self.error(item, "the required question has no answer".into());
        }
        if answers.len() > 1 && !question.repeats {
            let what = format!(
                "the question has {} answers, but does not repeat in the questionnaire",
                answers.len()
            );
            self.error(item, what);
        }
        self.times(question, item, answers.len());
        for answer in answers {
            self.answer(question, answer);
            self.items(question.form, answer, depth + 1);
        }
    }

    /// The limits of `questionnaire-minOccurs` and `questionnaire-maxOccurs`.
    fn times(&mut self, question: &Question<'a>, at: NodeId, n: usize) {
        let limit = |name: &str| question.setting(name)?.text()?.parse::<usize>().ok();
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

/// The value that an extension, an answer or an option holds, with the name of its type.
fn value_of<'a>(holder: NodeRef<'a>) -> Option<(&'a str, NodeRef<'a>)> {
    let typed = |c: NodeRef<'a>| {
        let name = c.name();
        let ty = name.strip_prefix("value").or_else(|| name.strip_prefix("answer"))?;
        (!ty.is_empty()).then_some((ty, c))
    };
    holder.children().find_map(typed)
}
