//! The second model of exams, placements and questions of money.

use super::super::*;
use super::{Summary, World, Wrong};

impl<'w> World<'w> {
    fn answers(&self, asked: &Told, event: &str) -> Vec<&'w Told> {
        let of = |t: &&Told| t.answers.as_ref() == Some(&asked.id);
        self.all(&[event], true).into_iter().filter(of).collect()
    }

    fn handled(&self, t: &Told, after: &Told) -> bool {
        self.all(&["receipt"], false).iter().any(|r| {
            r.answers.as_ref() == Some(&t.id)
                && r.sender == t.receiver
                && r.detail(detail::STATUS) == Some("handled")
                && self.before(after, r)
                && self.before(t, r)
        })
    }

    /// The statement with which every part that was asked for is told of.
    fn whole(&self, asked: &Told) -> Option<&'w Told> {
        let statements = self.answers(asked, "exam-statement");
        statements.iter().copied().find(|last| {
            let until = statements.iter().filter(|s| !self.before(last, s));
            let told: Vec<&str> =
                until.flat_map(|s| s.codes(detail::DONE).chain(s.codes(detail::NOT_DONE))).collect();
            // A request that was annulled asks for no part.
            let all = !self.alive(asked) || asked.codes(detail::PARTS).all(|part| told.contains(&part));
            all || self.is(Wrong::OnePartIsAnAnswer) && !told.is_empty()
        })
    }

    pub(super) fn exams(&self, summary: &mut Summary) {
        for (event, kind) in
            [("health-exam-request", Kind::HealthExam), ("dental-exam-request", Kind::DentalExam)]
        {
            for (run, asked) in (1..).zip(self.all(&[event], false)) {
                let state = self.exam(asked, summary);
                summary.states.insert((kind, run), state);
            }
        }
    }

    /// Where the exam stands by what was told before a time, with what answered and what ended it.
    fn exam_by(&self, asked: &'w Told, until: Option<&Told>) -> (State, Option<&'w Told>, Option<&'w Told>) {
        let early = |t: &&Told| until.is_none_or(|until| self.before(t, until));
        let statuses: Vec<&Told> = self.answers(asked, "exam-status").into_iter().filter(early).collect();
        let statements: Vec<&Told> =
            self.answers(asked, "exam-statement").into_iter().filter(early).collect();
        let whole = self.whole(asked).filter(|t| early(t));
        let part = statements.iter().find(|s| s.codes(detail::DONE).next().is_some()).copied();
        let code = |t: &Told| t.detail(detail::STATUS).unwrap_or_default().to_string();
        let ends = |t: &&Told| ["unnecessary", "cannot-be-done"].contains(&code(t).as_str());
        // After a part is done an end is the answer; before, it is the end.
        let rest = statuses.iter().copied().find(|t| ends(t) && part.is_some_and(|p| self.before(p, t)));
        let answered = match (whole, rest) {
            (Some(a), Some(b)) => Some(if self.before(a, b) { a } else { b }),
            (a, b) => a.or(b),
        };
        let last = statuses.iter().copied().rfind(|t| part.is_none_or(|p| self.before(t, p)));
        let ended = last.filter(|t| ends(t) && part.is_none());
        let state = match (answered, part, last.map(code).as_deref()) {
            _ if !self.alive(asked) && statuses.is_empty() && statements.is_empty() => State::Annulled,
            (Some(_), ..) => State::Answered,
            (None, Some(_), _) => State::Done,
            (.., Some("unnecessary")) => State::Unnecessary,
            (.., Some("cannot-be-done")) => State::CannotBeDone,
            (.., Some("no-show")) => State::NoShow,
            (.., Some(_)) => State::Booked,
            _ if self.handled(asked, asked) && self.alive(asked) => State::Accepted,
            _ => State::Requested,
        };
        (state, answered, ended)
    }

    fn exam(&self, asked: &'w Told, summary: &mut Summary) -> State {
        let told = ["exam-status", "exam-statement"].map(|event| self.answers(asked, event)).concat();
        // The first receipt of an answer that ends it closes it; what is told after that moves nothing.
        let closing = self.all(&["receipt"], false).into_iter().find(|r| {
            let of = told.iter().any(|t| r.answers.as_ref() == Some(&t.id) && self.before(t, r));
            let by_board = r.sender == asked.sender && r.detail(detail::STATUS) == Some("handled");
            let (state, answered, ended) = self.exam_by(asked, Some(r));
            let ends = [State::Unnecessary, State::CannotBeDone].contains(&state) && ended.is_some();
            of && by_board && (answered.is_some() || ends)
        });
        let (state, answered, ended) = self.exam_by(asked, closing);
        let due = self.end_of_day(asked.sent, 28);
        let cancelled = ended.filter(|_| !self.is(Wrong::UnnecessaryOwesStatement));
        self.owe(summary, (Duty::GiveStatement, asked), due, (answered, cancelled));
        let first = self.told_first(&told);
        let start = asked.delivered.unwrap_or(asked.received);
        self.owe(summary, (Duty::TellExamStatus, asked), self.end_of_day(start, 14), (first, None));
        if closing.is_some() { State::Closed } else { state }
    }

    fn told_first(&self, told: &[&'w Told]) -> Option<&'w Told> {
        told.iter().copied().find(|t| told.iter().all(|o| !self.before(o, t)))
    }

    pub(super) fn placements(&self, summary: &mut Summary) {
        let events = ["placement-started", "placement-ended"];
        let steps = self.all(&events, true);
        if self.all(&events, false).is_empty() {
            return;
        }
        let ended = steps.iter().find(|t| t.event == "placement-ended");
        let state = match (ended, steps.first()) {
            (Some(_), _) => State::Ended,
            (None, Some(_)) => State::Started,
            _ => State::Annulled,
        };
        summary.states.insert((Kind::Placement, 1), state);
        let Some(started) = self.all(&["placement-started"], false).into_iter().next() else { return };
        let first = started.detail(detail::PLACED).map(|d| at(&format!("{d}T12:00:00+01:00"))).unwrap();
        let due = self.end_of_day(first, 7);
        let last = steps.iter().rfind(|t| t.event == "placement-ended");
        for (duty, event) in [
            (Duty::RequestHealthExam, "health-exam-request"),
            (Duty::RequestDentalExam, "dental-exam-request"),
        ] {
            let event = if self.is(Wrong::DentalByTheSameRequest) { "health-exam-request" } else { event };
            let asked = self.all(&[event], true).into_iter().find(|t| {
                World::day(t.occurred) >= World::day(first)
                    && last.is_none_or(|end| t.occurred <= end.occurred)
            });
            let over = last.filter(|end| end.occurred <= due).copied();
            self.owe(summary, (duty, started), due, (asked, over));
        }
    }

    pub(super) fn questions(&self, summary: &mut Summary) {
        for (run, asked) in (1..).zip(self.all(&["cofinancing-question"], false)) {
            let answers = self.answers(asked, "cofinancing-answer");
            let first = answers.first().copied();
            let start = asked.delivered.unwrap_or(asked.received);
            self.owe(summary, (Duty::AnswerCofinancing, asked), self.end_of_day(start, 14), (first, None));
            let state = match first {
                Some(first) if answers.iter().any(|a| self.handled(a, first)) => State::Closed,
                Some(_) => State::Answered,
                None if !self.alive(asked) => State::Annulled,
                None if self.handled(asked, asked) => State::Acknowledged,
                None => State::Asked,
            };
            summary.states.insert((Kind::Cofinancing, run), state);
        }
    }
}
