//! Every step put into its case, and every case brought to its state, in one walk in event order.
//!
//! Invariant: each message that is a step stands in exactly one case. An annulled step moves nothing; a
//! step that tells of a state already passed is overtaken and moves nothing.

use super::{
    admission, cofinancing, exam, placement, sip,
    story::Story,
    terms::Terms,
    told::{Told, detail},
    view::{Case, Kind, NoticeClock, State, Step, Validity, What},
};
use jiff::Timestamp;
use std::collections::{BTreeMap, HashMap};

/// A case under way.
pub(super) struct Run {
    /// What the view shows.
    pub case: Case,
    /// Its messages, in event order.
    pub members: Vec<usize>,
    /// The message that completed what was asked for.
    pub answered: Option<usize>,
    /// The message after which nothing more will come: unnecessary, cannot be done, redirected, ended.
    pub ended: Option<usize>,
}

impl Run {
    /// Goes to a state, at the time of a step.
    pub fn go(&mut self, state: State, at: Timestamp) {
        if self.case.state != state {
            (self.case.state, self.case.since) = (state, at);
        }
    }

    /// Keeps these details of a message as what holds now.
    pub fn keep(&mut self, told: &Told, names: &[&str]) {
        for name in names {
            if let Some(value) = told.detail(name) {
                self.case.facts.insert((*name).to_string(), value.to_string());
            }
        }
    }

    /// Its messages of an event that hold, in event order; those told anew among them.
    pub fn valid<'r>(&'r self, story: &'r Story<'_>, event: &'r str) -> impl Iterator<Item = usize> + 'r {
        let holds = move |i: &usize| story.annulled_by.get(*i).is_some_and(Option::is_none);
        let is = move |i: &usize| story.told.get(*i).is_some_and(|t| t.event == event);
        self.members.iter().copied().filter(is).filter(holds)
    }
}

/// One message met on the walk.
pub(super) struct Beat<'b, 'a> {
    /// Its place in the story.
    pub index: usize,
    /// The message.
    pub told: &'a Told,
    /// The story.
    pub story: &'b mut Story<'a>,
    /// The agreement's terms.
    pub terms: &'b Terms,
}

/// All cases, and which one each message is a step of.
pub(super) struct Runs<'a> {
    /// The cases, in the order in which they began.
    pub all: Vec<Run>,
    /// The case of each message.
    pub of: Vec<Option<usize>>,
    /// The cases of a machine under a case id, in the order in which they began.
    pub under: HashMap<(&'a str, Kind), Vec<usize>>,
}

impl<'a> Runs<'a> {
    /// Walks through the story.
    pub fn of(story: &mut Story<'a>, terms: &Terms) -> Runs<'a> {
        let mut runs = Runs { all: Vec::new(), of: vec![None; story.told.len()], under: HashMap::new() };
        for i in 0..story.told.len() {
            let Some(told) = story.told.get(i).copied() else { continue };
            match story.threads.get(i).copied().flatten() {
                Some(thread) => runs.step(story, terms, i, thread, told),
                None => runs.about(story, i, told),
            }
        }
        runs
    }

    /// The case of a message.
    pub fn run_of(&self, i: usize) -> Option<&Run> {
        self.all.get(self.of.get(i).copied().flatten()?)
    }

    /// The admission that a message of another machine under the same case id belongs to.
    pub fn admission_of(&self, story: &Story<'_>, i: usize) -> Option<usize> {
        let about = story.about.get(i).copied().flatten().and_then(|a| self.of.get(a).copied().flatten());
        let is = |r: &usize| self.all.get(*r).is_some_and(|run| run.case.kind == Kind::Admission);
        let case = story.told.get(i)?.case.as_str();
        let begun =
            |r: &&usize| self.all.get(**r).and_then(|run| run.members.first()).is_some_and(|m| *m < i);
        let under = self.under.get(&(case, Kind::Admission));
        let latest = || under?.iter().rev().find(begun).or(under?.first()).copied();
        about.filter(is).or_else(latest)
    }

    fn step(
        &mut self,
        story: &mut Story<'a>,
        terms: &Terms,
        i: usize,
        thread: (&'a str, Kind),
        told: &'a Told,
    ) {
        let reserved = self.of.get(i).copied().flatten();
        let place = reserved.unwrap_or_else(|| self.place(story, i, thread, told));
        self.of.get_mut(i).into_iter().for_each(|of| *of = Some(place));
        let Some(run) = self.all.get_mut(place) else { return };
        run.members.push(i);
        let annulled = story.validity(i) == Validity::Annulled;
        let mut beat = Beat { index: i, told, story, terms };
        let overtaken = match thread.1 {
            Kind::Admission if annulled => admission::annulled(run, &beat),
            _ if annulled => false,
            Kind::Admission => admission::tell(run, &mut beat),
            Kind::HealthExam | Kind::DentalExam | Kind::MedicalExam => exam::tell(run, &mut beat),
            Kind::Sip => sip::tell(run, &beat),
            Kind::Placement => placement::tell(run, &beat),
            Kind::Cofinancing => cofinancing::tell(run, &beat),
        };
        run.case.steps.push(step(told, overtaken));
        if overtaken {
            story.find(What::Overtaken, i, None);
        }
        if thread.1 == Kind::Sip && !annulled {
            let admission = self.admission_of(story, i).and_then(|r| self.all.get_mut(r));
            admission.into_iter().for_each(|run| admission::plan(run, told.occurred));
        }
    }

    /// The case that a message is a step of; a new one where it begins one.
    fn place(&mut self, story: &Story<'a>, i: usize, thread: (&'a str, Kind), told: &Told) -> usize {
        let target = |list: &[Option<usize>]| {
            let run = list.get(i).copied().flatten().and_then(|t| self.of.get(t).copied().flatten())?;
            self.all.get(run).is_some_and(|r| r.case.kind == thread.1).then_some(run)
        };
        let named = target(&story.answered).or_else(|| target(&story.about));
        let siblings = self.under.get(&thread).map(Vec::as_slice).unwrap_or_default();
        let latest = siblings.last().copied();
        let state = |run: usize| self.all.get(run).map(|r| r.case.state);
        let about = story.about.get(i).copied().flatten().and_then(|a| story.told.get(a));
        // The same event told anew stays where the first telling stands.
        let anew = named.filter(|_| about.is_some_and(|a| a.event == told.event && a.sender == told.sender));
        let found = match told.event.as_str() {
            "health-exam-request" | "dental-exam-request" | "medical-exam-order" | "cofinancing-question" => {
                anew
            }
            "admission-notice" if story.validity(i) == Validity::Annulled => anew.or(latest),
            "admission-notice" => anew.or(latest.filter(|run| state(*run) != Some(State::Discharged))),
            "sip-call" => anew.or(latest.filter(|run| state(*run) != Some(State::Closed))),
            "placement-started" => anew.or_else(|| {
                siblings.iter().rev().copied().find(|run| {
                    let known = self.all.get(*run).and_then(|r| r.case.facts.get(detail::PLACED));
                    state(*run) != Some(State::Ended)
                        && known.map(String::as_str) == told.detail(detail::PLACED)
                })
            }),
            _ if named.is_none() && self.awaits(story, i, thread) => None,
            _ => named.or_else(|| self.likely(story, siblings, told)),
        };
        if let Some(found) = found {
            return found;
        }
        let begun = self.begin(thread, told);
        // By its event time it comes before what it answers or corrects: that one's place is here. Of an
        // admission the event time alone decides.
        let lists = [&story.answered, &story.about];
        let later = lists.iter().find_map(|list| list.get(i).copied().flatten().filter(|target| *target > i));
        let same = |t: &usize| {
            let by_time = matches!(thread.1, Kind::Admission | Kind::Sip);
            story.threads.get(*t).copied().flatten() == Some(thread) && !by_time
        };
        if let Some(of) = later.filter(same).and_then(|t| self.of.get_mut(t)).filter(|of| of.is_none()) {
            *of = Some(begun);
        }
        begun
    }

    /// Without a reference: the newest case that stands and in which the sender was asked or takes part,
    /// else the newest that stands, else the newest.
    fn likely(&self, story: &Story<'_>, siblings: &[usize], told: &Told) -> Option<usize> {
        let stands = |run: &&usize| self.all.get(**run).is_some_and(|r| r.case.state != State::Annulled);
        let asked = |run: &&usize| {
            let first = self.all.get(**run).and_then(|r| r.members.first());
            let first = first.and_then(|m| story.told.get(*m));
            first.is_some_and(|f| f.receiver == told.sender || f.sender == told.sender)
        };
        let standing = || siblings.iter().rev().filter(stands);
        standing().find(asked).or(standing().next()).or(siblings.last()).copied()
    }

    /// Does it answer a request that comes later by event time, and that is a case of its own?
    fn awaits(&self, story: &Story<'a>, i: usize, thread: (&'a str, Kind)) -> bool {
        let own =
            matches!(thread.1, Kind::HealthExam | Kind::DentalExam | Kind::MedicalExam | Kind::Cofinancing);
        let target = story.answered.get(i).copied().flatten().filter(|target| *target > i);
        own && target.and_then(|t| self.of.get(t)).is_some_and(Option::is_none)
            && target.and_then(|t| story.threads.get(t)).copied().flatten() == Some(thread)
    }

    fn begin(&mut self, thread: (&'a str, Kind), told: &Told) -> usize {
        let siblings = self.under.entry(thread).or_default();
        let place = self.all.len();
        siblings.push(place);
        let case = Case {
            case: thread.0.to_string(),
            kind: thread.1,
            run: u32::try_from(siblings.len()).unwrap_or(u32::MAX),
            state: State::Annulled,
            since: told.occurred,
            steps: Vec::new(),
            facts: BTreeMap::new(),
            clocks: Vec::new(),
        };
        self.all.push(Run { case, members: Vec::new(), answered: None, ended: None });
        place
    }

    /// Receipts and misdirections move the case of what they are about, if it was for their sender.
    fn about(&mut self, story: &mut Story<'a>, i: usize, told: &'a Told) {
        let list = match told.event.as_str() {
            "receipt" => &story.answered,
            "misdirected" => &story.about,
            _ => return,
        };
        let Some(target) = list.get(i).copied().flatten() else { return };
        let Some(other) = story.told.get(target).copied() else { return };
        if other.receiver != told.sender {
            story.find(What::NotItsReceiver, i, Some(target));
            return;
        }
        if story.validity(target) == Validity::Annulled {
            return;
        }
        let Some(run) = self.of.get(target).copied().flatten().and_then(|r| self.all.get_mut(r)) else {
            return;
        };
        match run.case.kind {
            Kind::HealthExam | Kind::DentalExam | Kind::MedicalExam => exam::hear(run, i, told, other),
            Kind::Cofinancing => cofinancing::hear(run, told, other),
            Kind::Admission | Kind::Sip | Kind::Placement => {}
        }
    }
}

fn step(told: &Told, overtaken: bool) -> Step {
    Step {
        message: told.message.clone(),
        event: told.event.clone(),
        sender: told.sender.clone(),
        receiver: told.receiver.clone(),
        occurred: told.occurred,
        sent: told.sent,
        received: told.received,
        delivered: told.delivered,
        due: None,
        clock: notice_clock(told),
        late: None,
        validity: Validity::Valid,
        overtaken,
    }
}

fn notice_clock(told: &Told) -> Option<NoticeClock> {
    if told.event != "admission-notice" {
        return None;
    }
    Some(match told.moment(detail::ADMITTED_AT) {
        Some(admitted) if admitted >= told.occurred => NoticeClock::Admission,
        Some(_) => NoticeClock::Assessment,
        None => NoticeClock::Event,
    })
}
