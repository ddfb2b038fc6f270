//! Where each message stands by what others say of it (domain §2).
//!
//! Invariant: the stronger word stays, whatever came after it; nothing deletes a message. Only the party
//! that a message was for can acknowledge, handle or reject it.

use super::{
    story::Story,
    told::{Told, detail},
    view::{Standing, Validity, What, Word},
};

/// The word for each message, in event order.
pub(super) fn all(story: &Story<'_>) -> Vec<Standing> {
    let word = |delivered: bool| if delivered { Word::Delivered } else { Word::Waiting };
    let mut words: Vec<(Word, Option<usize>)> =
        story.told.iter().map(|t| (word(t.delivered.is_some()), None)).collect();
    for i in 0..story.told.len() {
        let Some(said) = said(story, i) else { continue };
        let (target, said) = said;
        let Some(told) = story.told.get(target) else { continue };
        let own = story.told.get(i).is_some_and(|t| t.sender == told.receiver);
        if !own || story.validity(i) == Validity::Annulled {
            continue;
        }
        if let Some(word) = words.get_mut(target).filter(|(word, _)| *word < said) {
            *word = (said, Some(i));
        }
    }
    let stronger = |i: usize, (word, by): (Word, Option<usize>)| match story.validity(i) {
        Validity::Annulled => (Word::Annulled, story.annulled_by.get(i).copied().flatten()),
        Validity::Superseded => (Word::Superseded, story.superseded_by.get(i).copied().flatten()),
        Validity::Valid => (word, by),
    };
    let standing = |(i, word)| {
        let (word, by) = stronger(i, word);
        Standing { message: story.name(i), word, by: by.map(|by| story.name(by)) }
    };
    words.into_iter().enumerate().map(standing).collect()
}

/// What a message says of which other.
fn said(story: &Story<'_>, i: usize) -> Option<(usize, Word)> {
    let told = story.told.get(i)?;
    let answered = story.answered.get(i).copied().flatten();
    let about = story.about.get(i).copied().flatten();
    match told.event.as_str() {
        "receipt" => Some((
            answered?,
            match told.detail(detail::STATUS)? {
                // A machine's word, not a person's: it is there, and no more.
                "received" | "delivered" => Word::Delivered,
                "opened" => Word::Acknowledged,
                "handled" => Word::Handled,
                "rejected" => Word::Rejected,
                _ => return None,
            },
        )),
        "misdirected" => Some((about?, Word::Rejected)),
        "admission-reply" if told.detail(detail::REPLY) == Some("not-resident-here") => {
            Some((answered?, Word::Rejected))
        }
        _ => Some((answered?, Word::Acknowledged)),
    }
}

/// An answer from a party that was not asked.
pub(super) fn strangers(story: &mut Story<'_>) {
    for i in 0..story.told.len() {
        let (Some(t), Some(target)) = (story.told.get(i), story.answered.get(i).copied().flatten()) else {
            continue;
        };
        // Receipts are told where they meet the case. Who took over from the receiver may answer for it.
        let heir = |o: &&Told| {
            o.event == "receiver-changed" && o.detail(detail::RECEIVER) == Some(t.sender.as_str())
        };
        let asked = story.told.get(target).is_some_and(|asked| asked.receiver == t.sender);
        if t.event != "receipt" && !asked && !story.told.iter().any(heir) {
            story.find(What::NotItsReceiver, i, Some(target));
        }
    }
}
