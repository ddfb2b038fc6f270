//! Problems: what a person should see to, as a state that begins and ends.
//!
//! Invariant: a problem is open as long as its cause is there and nobody has closed it; however often the cause
//! shows itself, it is one problem. It names cases, messages, parties, codes and times, never a person.

use super::HsaId;
use jiff::Timestamp;

/// What kind of problem.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum ProblemKind {
    /// What is owed has not come, and its time is past.
    ObligationLate,
    /// The time of what is owed is near.
    LimitNear,
    /// A message was told after its time.
    MessageLate,
    /// Something shows that a message should be there that is not.
    MessageMissing,
    /// A case shows something that a person should look at.
    Finding,
    /// A delivery waits for a person or a decision.
    DeliveryHeld,
    /// A receiver refused a message.
    DeliveryRejected,
    /// A message was not delivered within its time.
    DeliveryExpired,
    /// A party has been silent for longer than is usual for it.
    PartnerSilent,
    /// The disk is nearly full.
    DiskLow,
}

impl ProblemKind {
    /// All kinds.
    pub const ALL: [ProblemKind; 10] = [
        ProblemKind::ObligationLate,
        ProblemKind::LimitNear,
        ProblemKind::MessageLate,
        ProblemKind::MessageMissing,
        ProblemKind::Finding,
        ProblemKind::DeliveryHeld,
        ProblemKind::DeliveryRejected,
        ProblemKind::DeliveryExpired,
        ProblemKind::PartnerSilent,
        ProblemKind::DiskLow,
    ];

    /// The word on record.
    pub fn word(self) -> &'static str {
        match self {
            ProblemKind::ObligationLate => "obligation-late",
            ProblemKind::LimitNear => "limit-near",
            ProblemKind::MessageLate => "message-late",
            ProblemKind::MessageMissing => "message-missing",
            ProblemKind::Finding => "finding",
            ProblemKind::DeliveryHeld => "delivery-held",
            ProblemKind::DeliveryRejected => "delivery-rejected",
            ProblemKind::DeliveryExpired => "delivery-expired",
            ProblemKind::PartnerSilent => "partner-silent",
            ProblemKind::DiskLow => "disk-low",
        }
    }

    /// Reads the word back.
    pub fn from_word(word: &str) -> Option<ProblemKind> {
        ProblemKind::ALL.into_iter().find(|kind| kind.word() == word)
    }

    /// In a few words, English and Swedish.
    pub fn title(self) -> (&'static str, &'static str) {
        match self {
            ProblemKind::ObligationLate => {
                ("what is owed has not come in time", "det som ska komma har inte kommit i tid")
            }
            ProblemKind::LimitNear => ("the time limit is near", "tidsgränsen är nära"),
            ProblemKind::MessageLate => {
                ("a message was sent or delivered late", "ett meddelande kom för sent")
            }
            ProblemKind::MessageMissing => ("an expected message is missing", "ett väntat meddelande saknas"),
            ProblemKind::Finding => ("a case needs a look", "ett ärende behöver ses över"),
            ProblemKind::DeliveryHeld => ("a delivery is held", "en leverans hålls kvar"),
            ProblemKind::DeliveryRejected => {
                ("the receiver refused a message", "mottagaren avvisade ett meddelande")
            }
            ProblemKind::DeliveryExpired => {
                ("a message was never delivered", "ett meddelande levererades aldrig")
            }
            ProblemKind::PartnerSilent => ("a party is unusually silent", "en part är ovanligt tyst"),
            ProblemKind::DiskLow => ("the gateway's disk is nearly full", "slussens disk är nästan full"),
        }
    }
}

/// Whose it is to see to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Owner {
    /// The party that sends, or should send.
    Sender,
    /// Those who run the gateway.
    Gateway,
    /// The party that receives, or should receive.
    Receiver,
}

impl Owner {
    /// The word on record.
    pub fn word(self) -> &'static str {
        match self {
            Owner::Sender => "sender",
            Owner::Gateway => "gateway",
            Owner::Receiver => "receiver",
        }
    }
}

/// Why there is a problem: while this is so, it is there.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Cause {
    /// Kind.
    pub kind: ProblemKind,
    /// What exactly: a duty, a finding, a fault code, an event code.
    pub what: String,
    /// The case id.
    pub case: Option<String>,
    /// The gateway's id of the message that shows it.
    pub message: Option<String>,
    /// The gateway's id of the delivery.
    pub delivery: Option<String>,
    /// Whose it is, as a role.
    pub owner: Owner,
    /// Which party that is; the gateway itself is none.
    pub party: Option<HsaId>,
    /// The time that was, or will be, passed.
    pub due: Option<Timestamp>,
}

impl Cause {
    /// What makes it the same cause at another look: all but by when, which may change. Another owner is another problem,
    /// and is told of it.
    pub fn key(&self) -> String {
        let part = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".into());
        let party = self.party.as_ref().map(HsaId::to_string);
        let (case, message, delivery) = (part(&self.case), part(&self.message), part(&self.delivery));
        [self.kind.word(), &self.what, &case, &message, &delivery, self.owner.word(), &part(&party)].join("|")
    }
}

/// Why a person closes a problem.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CloseReason {
    /// It was seen to.
    Handled,
    /// It was seen to by other means, such as the telephone.
    Elsewhere,
    /// The parties know of it, and nothing is to be done.
    Accepted,
    /// There is no such problem.
    Mistaken,
}

impl CloseReason {
    /// All reasons.
    pub const ALL: [CloseReason; 4] =
        [CloseReason::Handled, CloseReason::Elsewhere, CloseReason::Accepted, CloseReason::Mistaken];

    /// The code on record.
    pub fn word(self) -> &'static str {
        match self {
            CloseReason::Handled => "handled",
            CloseReason::Elsewhere => "handled-elsewhere",
            CloseReason::Accepted => "accepted",
            CloseReason::Mistaken => "mistaken",
        }
    }

    /// Reads the code.
    pub fn from_word(word: &str) -> Option<CloseReason> {
        CloseReason::ALL.into_iter().find(|reason| reason.word() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_lead_back_and_are_explained() {
        let page = include_str!("../../docs/problems.md");
        for kind in ProblemKind::ALL {
            assert!(page.contains(&format!("| `{}` |", kind.word())), "{}", kind.word());
            assert_eq!(ProblemKind::from_word(kind.word()), Some(kind));
        }
        for reason in CloseReason::ALL {
            assert!(page.contains(&format!("| `{}` |", reason.word())), "{}", reason.word());
            assert_eq!(CloseReason::from_word(reason.word()), Some(reason));
        }
    }
}
