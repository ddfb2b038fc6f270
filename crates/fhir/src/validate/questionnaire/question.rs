//! What a questionnaire says of an item and of the items inside one, gathered once.
//!
//! Invariant: however many answers there are, no list in the questionnaire is walked again for each of
//! them. Deliberately absent: any judgement.

use super::values::{Typed, Values, cost};
use super::{CORE, SDC, value_of};
use crate::profile::condition;
use crate::tree::{NodeId, NodeRef};
use std::cell::OnceCell;
use std::collections::HashMap;
use std::rc::Rc;

/// An item of the questionnaire.
pub(super) struct Question<'a> {
    pub(super) form: NodeRef<'a>,
    pub(super) kind: Option<&'a str>,
    pub(super) required: bool,
    pub(super) repeats: bool,
    pub(super) max_length: Option<usize>,
    pub(super) value_set: Option<&'a str>,
    /// Has it a condition in FHIRPath?
    pub(super) expressed: bool,
    /// Whether that holds of the response, once it has been asked.
    pub(super) holds: OnceCell<Option<bool>>,
    /// Do all conditions count, or any?
    pub(super) all: bool,
    /// `None`: one that lacks something.
    pub(super) conditions: Vec<Option<Condition<'a>>>,
    options: OnceCell<Values<'a>>,
    settings: HashMap<&'a str, Vec<Typed<'a>>>,
    /// What it costs to look through all settings.
    pub(super) weight: usize,
}

/// One `enableWhen`.
pub(super) struct Condition<'a> {
    pub(super) question: &'a str,
    pub(super) operator: &'a str,
    pub(super) expected: Typed<'a>,
}

impl<'a> Question<'a> {
    fn of(form: NodeRef<'a>) -> Question<'a> {
        let flag = |name: &str| form.child_text(name) == Some("true");
        let one = |when: NodeRef<'a>| {
            let (question, operator) = (when.child_text("question")?, when.child_text("operator")?);
            Some(Condition { question, operator, expected: value_of(when)? })
        };
        let mut settings: HashMap<&str, Vec<Typed<'a>>> = HashMap::new();
        let mut weight = 0;
        for extension in form.all("extension") {
            let url = extension.child_text("url").unwrap_or_default();
            let name = url.strip_prefix(CORE).or_else(|| url.strip_prefix(SDC));
            let Some((name, value)) = name.zip(value_of(extension)) else { continue };
            weight += cost(value.1);
            settings.entry(name).or_default().push(value);
        }
        Question {
            form,
            kind: form.child_text("type"),
            required: flag("required"),
            repeats: flag("repeats"),
            max_length: form.child_text("maxLength").and_then(|n| n.parse().ok()),
            value_set: form.child_text("answerValueSet"),
            expressed: condition(form).is_some(),
            holds: OnceCell::new(),
            all: form.child_text("enableBehavior") != Some("any"),
            conditions: form.all("enableWhen").map(one).collect(),
            options: OnceCell::new(),
            settings,
            weight,
        }
    }

    pub(super) fn options(&self) -> &Values<'a> {
        self.options.get_or_init(|| Values::of(self.form.all("answerOption").filter_map(value_of)))
    }

    /// The value of the item's first extension of this name.
    pub(super) fn setting(&self, name: &str) -> Option<NodeRef<'a>> {
        self.settings(name).first().map(|(_, value)| *value)
    }

    /// The values of all the item's extensions of this name, with the names of their types.
    pub(super) fn settings(&self, name: &str) -> &[Typed<'a>] {
        self.settings.get(name).map_or(&[], Vec::as_slice)
    }

    /// Must it be looked at where nothing is given for it?
    fn watched(&self, complete: bool) -> bool {
        self.expressed || !self.conditions.is_empty() || (complete && self.required)
    }
}

/// The items right inside an item of the questionnaire, or the whole.
pub(super) struct Inside<'a> {
    pub(super) asked: Vec<Question<'a>>,
    /// By linkId, their number.
    pub(super) places: HashMap<&'a str, usize>,
    /// The numbers of those to look at even where nothing is given.
    pub(super) watched: Vec<usize>,
}

/// All that was gathered, by the item of the questionnaire.
#[derive(Default)]
pub(super) struct Insides<'a>(HashMap<NodeId, Rc<Inside<'a>>>);

impl<'a> Insides<'a> {
    pub(super) fn of(&mut self, form: NodeRef<'a>, complete: bool) -> Rc<Inside<'a>> {
        let gather = || {
            let asked: Vec<Question<'a>> = form.all("item").map(Question::of).collect();
            let numbered = asked.iter().enumerate();
            let places = numbered.filter_map(|(i, q)| Some((q.form.child_text("linkId")?, i))).collect();
            let watched = (0..).zip(&asked).filter(|(_, q)| q.watched(complete)).map(|(i, _)| i).collect();
            Rc::new(Inside { asked, places, watched })
        };
        Rc::clone(self.0.entry(form.id).or_insert_with(gather))
    }
}
