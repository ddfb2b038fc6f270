//! What was told, in event order, with what each message refers to and whether it still holds.
//!
//! Invariant: the order of arrival decides nothing but ties of event time. A message is annulled by its
//! own sender alone, and only while it is the newest step of its case (domain §2), or where it is annulled on
//! record; what else an annulment asks for is a finding. A correction is the same event told anew, with
//! reference to what it corrects.

use super::{
    told::{Told, detail},
    view::{Finding, Kind, Validity, What},
};
use std::collections::HashMap;

/// The messages of one subject.
pub(super) struct Story<'a> {
    /// In event order, each once.
    pub told: Vec<&'a Told>,
    /// What each is about.
    pub about: Vec<Option<usize>>,
    /// What each answers.
    pub answered: Vec<Option<usize>>,
    /// The case and machine that each is a step of.
    pub threads: Vec<Option<Thread<'a>>>,
    /// The annulment of each that is annulled.
    pub annulled_by: Vec<Option<usize>>,
    /// The newer telling of each that is superseded.
    pub superseded_by: Vec<Option<usize>>,
    /// What was found, by the message that shows it.
    pub findings: Vec<(usize, Finding)>,
}

/// A case id and a machine.
pub(super) type Thread<'a> = (&'a str, Kind);

/// Events of which a second telling with reference to the first corrects it. Of an estimate the newest
/// holds anyway; changes of a placement and of a plan are steps of their own.
const CORRECTABLE: [&str; 16] = [
    "health-exam-request",
    "dental-exam-request",
    "medical-exam-order",
    "exam-status",
    "exam-statement",
    "admission-notice",
    "admission-reply",
    "care-contact-appointed",
    "sip-call",
    "discharge-ready",
    "discharge-information",
    "discharged",
    "open-compulsory-care",
    "cofinancing-question",
    "cofinancing-answer",
    "placement-started",
];

impl<'a> Story<'a> {
    /// Orders, resolves and weighs what was told.
    pub fn of(told: &'a [Told]) -> Story<'a> {
        let mut told: Vec<&Told> = told.iter().collect();
        told.sort_by(|a, b| key(a).cmp(&key(b)));
        told.dedup_by(|a, b| a.message == b.message);
        let mut by_id: HashMap<&str, Vec<usize>> = HashMap::new();
        for (i, t) in told.iter().enumerate() {
            by_id.entry(t.id.as_str()).or_default().push(i);
        }
        let about = told.iter().map(|t| resolve(&told, &by_id, t, t.refers_to.as_deref(), own)).collect();
        let answered = told.iter().map(|t| resolve(&told, &by_id, t, t.answers.as_deref(), asked)).collect();
        let none = vec![None; told.len()];
        let mut story = Story {
            about,
            answered,
            threads: vec![None; told.len()],
            annulled_by: none.clone(),
            superseded_by: none,
            findings: Vec::new(),
            told,
        };
        story.thread();
        story.annul();
        story.supersede();
        story
    }

    /// Does the message still hold?
    pub fn validity(&self, i: usize) -> Validity {
        let of = |list: &[Option<usize>]| list.get(i).copied().flatten().is_some();
        match (of(&self.annulled_by), of(&self.superseded_by)) {
            (true, _) => Validity::Annulled,
            (false, true) => Validity::Superseded,
            (false, false) => Validity::Valid,
        }
    }

    /// The gateway's id of a message.
    pub fn name(&self, i: usize) -> String {
        self.told.get(i).map(|t| t.message.clone()).unwrap_or_default()
    }

    /// Puts a finding on record.
    pub fn find(&mut self, what: What, i: usize, about: Option<usize>) {
        let case = self.told.get(i).map(|t| t.case.clone()).unwrap_or_default();
        let about = about.map(|a| self.name(a));
        self.findings.push((i, Finding { what, message: self.name(i), about, case }));
    }

    fn thread(&mut self) {
        let mut requests: HashMap<&str, Vec<(&Told, Kind)>> = HashMap::new();
        for t in &self.told {
            if let Some(kind) = request(&t.event) {
                requests.entry(t.case.as_str()).or_default().push((t, kind));
            }
        }
        for i in 0..self.told.len() {
            let Some(t) = self.told.get(i).copied() else { continue };
            let target = self.answered.get(i).copied().flatten().and_then(|a| self.told.get(a).copied());
            let known = requests.get(t.case.as_str()).map(Vec::as_slice).unwrap_or_default();
            let Some(kind) = kind(t, target, known) else { continue };
            // An answer belongs to the case of what it answers, whatever case it names.
            let of_target = target.filter(|target| belongs(kind, &target.event)).map(|t| t.case.as_str());
            if let Some(thread) = self.threads.get_mut(i) {
                *thread = Some((of_target.unwrap_or(t.case.as_str()), kind));
            }
        }
    }

    fn annul(&mut self) {
        let mut newest: HashMap<Thread<'a>, Vec<usize>> = HashMap::new();
        for i in 0..self.told.len() {
            let Some(t) = self.told.get(i).copied() else { continue };
            if let Some(thread) = self.threads.get(i).copied().flatten().filter(|_| !t.annulled) {
                newest.entry(thread).or_default().push(i);
            }
            if t.event != "annulment" {
                continue;
            }
            let Some(target) = self.about.get(i).copied().flatten() else { continue };
            let own = self.told.get(target).is_some_and(|other| other.sender == t.sender);
            let steps = self.threads.get(target).copied().flatten().and_then(|th| newest.get_mut(&th));
            match steps {
                // The ledger has decided, when the annulment came: what has come since, of whatever time, changes nothing.
                _ if own && self.told.get(target).is_some_and(|other| other.annulled) => {
                    self.annulled_by.get_mut(target).into_iter().for_each(|by| *by = by.or(Some(i)));
                }
                Some(steps) if own && steps.last() == Some(&target) => {
                    steps.pop();
                    self.annulled_by.get_mut(target).into_iter().for_each(|by| *by = Some(i));
                }
                // A step that is annulled already is annulled: the same told twice is no finding.
                Some(_) if own && self.annulled_by.get(target).is_some_and(Option::is_some) => {}
                _ if own && self.threads.get(target).is_some_and(Option::is_some) => {
                    self.find(What::NotTheNewest, i, Some(target));
                }
                _ => self.find(What::NotItsOwn, i, Some(target)),
            }
        }
    }

    fn supersede(&mut self) {
        for i in 0..self.told.len() {
            if self.unresolved(i) {
                self.find(What::UnknownReference, i, None);
            }
            let t = self.told.get(i).copied();
            let (Some(t), Some(target)) = (t, self.about.get(i).copied().flatten()) else { continue };
            let same = |o: &&Told| o.event == t.event && o.sender == t.sender;
            let corrects = CORRECTABLE.contains(&t.event.as_str())
                && self.told.get(target).is_some_and(same)
                && [i, target].iter().all(|m| self.annulled_by.get(*m).is_some_and(Option::is_none));
            // Two messages that correct each other would both be gone: the later in event order stays.
            let mutual = self.superseded_by.get(i).copied().flatten() == Some(target);
            if corrects && (!mutual || target < i) {
                self.superseded_by.get_mut(target).into_iter().for_each(|by| *by = Some(i));
                if mutual {
                    self.superseded_by.get_mut(i).into_iter().for_each(|by| *by = None);
                }
            }
        }
    }

    fn unresolved(&self, i: usize) -> bool {
        let lost = |named: bool, list: &[Option<usize>]| named && list.get(i).is_some_and(Option::is_none);
        self.told.get(i).is_some_and(|t| {
            lost(t.refers_to.is_some(), &self.about) || lost(t.answers.is_some(), &self.answered)
        })
    }
}

fn key(t: &Told) -> (jiff::Timestamp, jiff::Timestamp, &str) {
    (t.occurred, t.received, &t.message)
}

/// How well does the candidate fit what a message of its own party refers to?
fn own(t: &Told, candidate: &Told) -> u8 {
    4 * u8::from(candidate.sender == t.sender)
        + 2 * u8::from(candidate.receiver == t.sender)
        + u8::from(candidate.case == t.case)
}

/// How well does the candidate fit what a message answers?
fn asked(t: &Told, candidate: &Told) -> u8 {
    4 * u8::from(candidate.receiver == t.sender)
        + 2 * u8::from(candidate.sender == t.receiver)
        + u8::from(candidate.case == t.case)
}

/// Ids are unique for a sender only: of several messages with the id the one that fits best, then the newest.
fn resolve(
    told: &[&Told],
    by_id: &HashMap<&str, Vec<usize>>,
    t: &Told,
    id: Option<&str>,
    fit: fn(&Told, &Told) -> u8,
) -> Option<usize> {
    let candidates = by_id.get(id?)?.iter().copied();
    let fits = candidates.filter_map(|i| told.get(i).map(|c| (fit(t, c), i, *c)));
    fits.filter(|(fit, _, c)| *fit > 0 && c.message != t.message)
        .max_by_key(|(fit, i, _)| (*fit, *i))
        .map(|f| f.1)
}

fn request(event: &str) -> Option<Kind> {
    Some(match event {
        "health-exam-request" => Kind::HealthExam,
        "dental-exam-request" => Kind::DentalExam,
        "medical-exam-order" => Kind::MedicalExam,
        _ => return None,
    })
}

/// The machine that a message is a step of; `None` for what is about other messages, and for events that
/// the catalogue does not have.
fn kind(t: &Told, answered: Option<&Told>, requests: &[(&Told, Kind)]) -> Option<Kind> {
    Some(match t.event.as_str() {
        "admission-notice"
        | "discharge-estimate-changed"
        | "admission-reply"
        | "care-contact-appointed"
        | "discharge-ready"
        | "discharge-ready-withdrawn"
        | "discharge-information"
        | "discharged"
        | "sis-patient-left"
        | "open-compulsory-care" => Kind::Admission,
        "sip-call" | "sip-plan" => Kind::Sip,
        "placement-started" | "placement-changed" | "placement-ended" => Kind::Placement,
        "cofinancing-question" | "cofinancing-answer" => Kind::Cofinancing,
        "exam-status" | "exam-statement" => {
            let told = t.detail(detail::EXAM).and_then(exam);
            let of_target = answered.and_then(|a| request(&a.event));
            of_target.or(told).unwrap_or_else(|| guess(t, requests))
        }
        event => request(event)?,
    })
}

fn exam(code: &str) -> Option<Kind> {
    Some(match code {
        "health-exam" => Kind::HealthExam,
        "dental-exam" => Kind::DentalExam,
        "medical-exam" => Kind::MedicalExam,
        _ => return None,
    })
}

/// A statement that does not say what it answers: the only kind asked of its sender in the case; among
/// several the dental one exactly if nothing but the mouth was examined.
fn guess(t: &Told, requests: &[(&Told, Kind)]) -> Kind {
    let to_sender = requests.iter().filter(|(r, _)| r.receiver == t.sender).map(|(_, kind)| *kind);
    let mut kinds: Vec<Kind> = to_sender.collect();
    kinds.sort_unstable();
    kinds.dedup();
    let oral = t.codes(detail::DONE).all(|part| part == "oral") && t.says(detail::DONE, "oral");
    match kinds.as_slice() {
        [only] => *only,
        _ if oral && (kinds.is_empty() || kinds.contains(&Kind::DentalExam)) => Kind::DentalExam,
        [first, ..] if *first != Kind::DentalExam => *first,
        _ => Kind::HealthExam,
    }
}

fn belongs(kind: Kind, event: &str) -> bool {
    match kind {
        Kind::Admission => event == "admission-notice",
        Kind::Cofinancing => event == "cofinancing-question",
        _ => request(event) == Some(kind),
    }
}
