//! The machines, rule by rule, told as stories; and against a second model of them.
#![allow(clippy::unwrap_used, clippy::panic, clippy::cloned_ref_to_slice_refs)]

mod admission;
mod evidence;
mod exam;
mod model;
mod obligation;
mod other;
mod reference;

use super::*;
use crate::model::HsaId;
use jiff::SignedDuration;

pub(super) const REGION: &str = "SE2321009900-REG1";
pub(super) const OPEN_CARE: &str = "SE2321009900-BUPO";
pub(super) const BOARD: &str = "SE2120009903-SOC1";
pub(super) const OTHER_BOARD: &str = "SE2120009911-SOC1";

pub(super) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// A message that was sent a minute after what it tells, and delivered at once.
pub(super) fn told(id: &str, event: &str, sender: &str, receiver: &str, occurred: &str) -> Told {
    let occurred = at(occurred);
    Told {
        message: id.into(),
        id: id.into(),
        event: event.into(),
        case: "SAM-1".into(),
        sender: HsaId::parse(sender).unwrap(),
        receiver: HsaId::parse(receiver).unwrap(),
        occurred,
        sent: occurred,
        received: occurred,
        tried: None,
        delivered: None,
        answers: None,
        refers_to: None,
        annulled: false,
        details: Default::default(),
    }
    .sent(occurred + SignedDuration::from_mins(1))
}

/// From the region to the board.
pub(super) fn tells(id: &str, event: &str, occurred: &str) -> Told {
    told(id, event, REGION, BOARD, occurred)
}

/// From the board to the region.
pub(super) fn replies(id: &str, event: &str, occurred: &str) -> Told {
    told(id, event, BOARD, REGION, occurred)
}

impl Told {
    /// Sent then; received, tried and delivered a second later each.
    pub(super) fn sent(mut self, sent: Timestamp) -> Told {
        let after = |seconds| sent + SignedDuration::from_secs(seconds);
        (self.sent, self.received) = (sent, after(1));
        (self.tried, self.delivered) = (Some(after(2)), Some(after(3)));
        self
    }

    pub(super) fn sent_at(self, text: &str) -> Told {
        self.sent(at(text))
    }

    pub(super) fn delivered_at(mut self, text: &str) -> Told {
        self.delivered = Some(at(text));
        self
    }

    pub(super) fn undelivered(mut self) -> Told {
        self.delivered = None;
        self
    }

    pub(super) fn untried(mut self) -> Told {
        (self.tried, self.delivered) = (None, None);
        self
    }

    pub(super) fn answering(mut self, id: &str) -> Told {
        self.answers = Some(id.into());
        self
    }

    pub(super) fn about(mut self, id: &str) -> Told {
        self.refers_to = Some(id.into());
        self
    }

    pub(super) fn saying(mut self, name: &str, value: &str) -> Told {
        self.details.insert(name.into(), value.into());
        self
    }

    pub(super) fn in_case(mut self, case: &str) -> Told {
        self.case = case.into();
        self
    }
}

pub(super) fn view(told: &[Told], now: &str) -> View {
    play(told, &Terms::default(), at(now))
}

impl View {
    pub(super) fn of(&self, kind: Kind) -> Vec<&Case> {
        self.cases.iter().filter(|c| c.kind == kind).collect()
    }

    pub(super) fn state(&self, kind: Kind) -> State {
        let cases = self.of(kind);
        assert_eq!(cases.len(), 1, "one case of {kind:?}");
        cases[0].state
    }

    pub(super) fn owed(&self, duty: Duty) -> &Obligation {
        let all: Vec<&Obligation> = self.obligations.iter().filter(|o| o.duty == duty).collect();
        assert_eq!(all.len(), 1, "one obligation of {duty:?}");
        all[0]
    }

    pub(super) fn found(&self) -> Vec<(What, &str)> {
        self.findings.iter().map(|f| (f.what, f.message.as_str())).collect()
    }

    pub(super) fn word(&self, message: &str) -> Word {
        self.messages.iter().find(|m| m.message == message).unwrap().word
    }
}
