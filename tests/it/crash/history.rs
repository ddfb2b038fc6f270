//! What the partners saw, and the judgement over it.
//!
//! Invariant: the history is kept outside the gateway, by those who sent and received; the judge is a
//! plain function over it and over what the gateway has on record, and says nothing good of a message
//! that it cannot account for. Deliberately absent: sockets, processes, time.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
};

/// Receiver and case: order is promised within it.
pub type Lane = (String, String);

/// Everything that senders and receivers saw in one run.
#[derive(Clone, Default, Debug)]
pub struct History {
    /// Lane of every message that was sent at least once, by the sender's id.
    pub sent: HashMap<String, Lane>,
    /// Ids of acknowledged messages, in the order of acknowledgement, each once.
    pub acked: Vec<String>,
    /// Effects in the order in which each receiver had them.
    pub effects: Vec<Effect>,
    /// Messages whose repeat was answered otherwise than the first time.
    pub changed_answers: Vec<String>,
    /// Answers that a well-formed message must never get.
    pub refusals: Vec<String>,
}

/// One effect at a receiver.
#[derive(Clone, Debug)]
pub struct Effect {
    /// Sender's id of the message, from the body.
    pub message: String,
    /// Who had it.
    pub receiver: String,
    /// Case, from the body.
    pub case: String,
}

/// How a message stands in the gateway's record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Standing {
    /// Its receiver has it.
    Delivered,
    /// It waits or needs a person: not over, so the promise stands.
    Open,
    /// It ended otherwise.
    Ended,
}

/// What the gateway has on record: each message's standings by the sender's id; more than one is a
/// message accepted twice.
pub type Record = HashMap<String, Vec<Standing>>;

/// The judgement. All lists hold the sender's ids.
#[derive(Clone, Default, Debug)]
pub struct Verdict {
    /// Messages sent at least once.
    pub sent: usize,
    /// Of these acknowledged.
    pub acked: usize,
    /// Effects at receivers.
    pub effects: usize,
    /// Never acknowledged, but with an effect: allowed.
    pub unacked_with_effect: usize,
    /// Acknowledged, without effect, and still owed according to the record: allowed until drained.
    pub open: Vec<String>,
    /// Acknowledged, without effect, and nobody will ever deliver it.
    pub lost: Vec<String>,
    /// Acknowledged, but not on record, whether it had its effect or not.
    pub forgotten: Vec<String>,
    /// More than one effect, or accepted twice.
    pub doubled: Vec<String>,
    /// Had its effect after one of the same lane that was acknowledged later.
    pub inverted: Vec<String>,
    /// An effect of what nobody sent, or at another receiver or case than it was sent to.
    pub stray: Vec<String>,
    /// A repeat was answered otherwise than the first time.
    pub changed_answers: Vec<String>,
    /// Refused although well formed.
    pub refused: Vec<String>,
}

impl Verdict {
    /// Is every promise kept? Messages that are still owed are no broken promise.
    pub fn is_clean(&self) -> bool {
        [
            &self.lost,
            &self.forgotten,
            &self.doubled,
            &self.inverted,
            &self.stray,
            &self.changed_answers,
            &self.refused,
        ]
        .iter()
        .all(|list| list.is_empty())
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} sent, {} acknowledged, {} effects ({} unacknowledged), {} still owed; ",
            self.sent,
            self.acked,
            self.effects,
            self.unacked_with_effect,
            self.open.len()
        )?;
        let lists = [
            ("lost", &self.lost),
            ("forgotten", &self.forgotten),
            ("doubled", &self.doubled),
            ("inverted", &self.inverted),
            ("stray", &self.stray),
            ("answers changed", &self.changed_answers),
            ("refused", &self.refused),
        ];
        for (index, (name, list)) in lists.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{} {name}", list.len())?;
            if !list.is_empty() {
                write!(f, " (e.g. {})", list[..list.len().min(5)].join(" "))?;
            }
        }
        Ok(())
    }
}

/// Judges a run.
pub fn judge(history: &History, record: &Record) -> Verdict {
    let mut verdict = Verdict {
        sent: history.sent.len(),
        acked: history.acked.len(),
        effects: history.effects.len(),
        changed_answers: history.changed_answers.clone(),
        refused: history.refusals.clone(),
        ..Verdict::default()
    };
    let place: HashMap<&str, usize> =
        history.acked.iter().enumerate().map(|(n, id)| (id.as_str(), n)).collect();
    let mut times: BTreeMap<&str, usize> = BTreeMap::new();
    let mut latest: HashMap<Lane, usize> = HashMap::new();
    for effect in &history.effects {
        let lane = (effect.receiver.clone(), effect.case.clone());
        if history.sent.get(&effect.message) != Some(&lane) {
            verdict.stray.push(effect.message.clone());
            continue;
        }
        let times = times.entry(&effect.message).or_default();
        *times += 1;
        if *times > 1 {
            continue;
        }
        let Some(&place) = place.get(effect.message.as_str()) else {
            verdict.unacked_with_effect += 1;
            continue;
        };
        match latest.get(&lane) {
            Some(&later) if later > place => verdict.inverted.push(effect.message.clone()),
            _ => drop(latest.insert(lane, place)),
        }
    }
    for id in &history.acked {
        let standings = record.get(id).map(Vec::as_slice).unwrap_or_default();
        if standings.is_empty() {
            verdict.forgotten.push(id.clone());
        }
        if !times.contains_key(id.as_str()) {
            let owed = standings.contains(&Standing::Open);
            if owed { &mut verdict.open } else { &mut verdict.lost }.push(id.clone());
        }
    }
    let twice = |id: &String| times.get(id.as_str()).is_some_and(|n| *n > 1);
    let accepted_twice = |id: &String| record.get(id).is_some_and(|s| s.len() > 1);
    verdict.doubled = history.sent.keys().filter(|id| twice(id) || accepted_twice(id)).cloned().collect();
    verdict
}

#[cfg(test)]
mod tests {
    use super::{Effect, History, Record, Standing, judge};

    /// Three messages of one case and one of another, all sent, acknowledged and delivered in order.
    fn good() -> (History, Record) {
        let mut history = History::default();
        let mut record = Record::new();
        for (id, case) in [("a1", "a"), ("b1", "b"), ("a2", "a"), ("a3", "a")] {
            history.sent.insert(id.into(), ("north".into(), case.into()));
            history.acked.push(id.into());
            history.effects.push(effect(id, case));
            record.insert(id.into(), vec![Standing::Delivered]);
        }
        (history, record)
    }

    fn effect(id: &str, case: &str) -> Effect {
        Effect { message: id.into(), receiver: "north".into(), case: case.into() }
    }

    #[test]
    fn a_good_run_is_clean() {
        let (history, record) = good();
        let verdict = judge(&history, &record);
        assert!(verdict.is_clean(), "{verdict}");
        assert_eq!((verdict.sent, verdict.acked, verdict.effects, verdict.open.len()), (4, 4, 4, 0));
    }

    #[test]
    fn a_loss_is_caught_whatever_the_record_says() {
        let (mut history, mut record) = good();
        history.effects.retain(|e| e.message != "a3");
        assert_eq!(judge(&history, &record).lost, ["a3"], "on record as delivered");
        record.insert("a3".into(), vec![Standing::Ended]);
        assert_eq!(judge(&history, &record).lost, ["a3"], "on record as ended");
        record.remove("a3");
        let verdict = judge(&history, &record);
        assert_eq!((verdict.lost, verdict.forgotten), (vec!["a3".into()], vec!["a3".into()]));
    }

    #[test]
    fn what_is_still_owed_is_not_lost() {
        let (mut history, mut record) = good();
        history.effects.retain(|e| e.message != "a3");
        record.insert("a3".into(), vec![Standing::Open]);
        let verdict = judge(&history, &record);
        assert!(verdict.is_clean() && verdict.open == ["a3"], "{verdict}");
    }

    #[test]
    fn an_acknowledged_message_without_a_record_is_caught_even_if_delivered() {
        let (history, mut record) = good();
        record.remove("b1");
        let verdict = judge(&history, &record);
        assert!(verdict.lost.is_empty() && verdict.forgotten == ["b1"] && !verdict.is_clean(), "{verdict}");
    }

    #[test]
    fn a_doubling_is_caught_acknowledged_or_not() {
        let (mut history, record) = good();
        history.effects.push(effect("a2", "a"));
        assert_eq!(judge(&history, &record).doubled, ["a2"]);
        history.acked.retain(|id| id != "a2");
        let verdict = judge(&history, &record);
        assert_eq!((verdict.doubled, verdict.unacked_with_effect), (vec!["a2".into()], 1));
    }

    #[test]
    fn a_message_accepted_twice_is_caught() {
        let (history, mut record) = good();
        record.insert("b1".into(), vec![Standing::Delivered, Standing::Open]);
        assert_eq!(judge(&history, &record).doubled, ["b1"]);
    }

    #[test]
    fn an_inversion_is_caught_within_a_lane_only() {
        let (mut history, record) = good();
        history.effects.swap(1, 2);
        assert!(judge(&history, &record).is_clean(), "b1 is of another case than a2");
        history.effects.swap(0, 1);
        assert_eq!(judge(&history, &record).inverted, ["a1"]);
        let (mut history, record) = good();
        history.effects.reverse();
        assert_eq!(judge(&history, &record).inverted, ["a2", "a1"]);
    }

    #[test]
    fn an_unacknowledged_message_may_have_none_or_one_effect() {
        let (mut history, mut record) = good();
        history.acked.pop();
        assert!(judge(&history, &record).is_clean());
        history.effects.pop();
        record.remove("a3");
        assert!(judge(&history, &record).is_clean());
    }

    #[test]
    fn a_stray_is_caught() {
        let (mut history, record) = good();
        history.effects.push(effect("x1", "a"));
        history.effects.push(effect("a1", "b"));
        history.effects.push(Effect { receiver: "south".into(), ..effect("b1", "b") });
        assert_eq!(judge(&history, &record).stray, ["x1", "a1", "b1"]);
    }

    #[test]
    fn changed_answers_and_refusals_are_caught() {
        let (mut history, record) = good();
        history.changed_answers.push("a1".into());
        assert!(!judge(&history, &record).is_clean());
        history.changed_answers.clear();
        history.refusals.push("a2: 422".into());
        assert!(!judge(&history, &record).is_clean());
    }
}
