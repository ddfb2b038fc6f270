//! What a message makes of the earlier one that it names (domain §2): annulled, superseded, misdirected, opened, handled.
//!
//! Invariant: a message is marked only by its own sender, or by the receiver that it went to; nothing is deleted. What must
//! be on record and is not, and what is not the newest step of its case, is refused with its own code. Deliberately absent:
//! the ledger, which is asked by the spine; which event marks what, which is a table.

use crate::{
    model::{Code, Fault, Mark, Marking, Named, Referred},
    rulebook::{By, MarkRow, Marks, Whose},
    stage::permit::Permitted,
};

/// The message that is named, and what shall become of it.
#[derive(Debug)]
pub struct Wish<'a> {
    row: &'a MarkRow,
    case: String,
    /// Which message.
    pub named: Named,
}

impl Wish<'_> {
    /// Does it matter whether a later step is on record?
    pub fn needs_newest(&self) -> bool {
        self.row.becomes == Some(Mark::Annulled)
    }
}

/// What a permitted message asks for; `None`: nothing.
pub fn wish<'a>(permitted: &Permitted, marks: &'a Marks) -> Option<Wish<'a>> {
    let envelope = permitted.valid().envelope();
    let row = marks.of(&envelope.event, permitted.canonical())?;
    let id = match row.by {
        By::Answers => envelope.answers.clone(),
        By::RefersTo => envelope.refers_to.clone(),
    };
    let (sender, receiver) = match row.whose {
        Whose::Own => (envelope.sender.clone(), envelope.receiver.clone()),
        Whose::Received => (envelope.receiver.clone(), envelope.sender.clone()),
    };
    // Profile and schema ask for the reference where the row needs it; an empty id is nobody's.
    let named = Named { sender, id: id.unwrap_or_default(), receiver };
    Some(Wish { row, case: envelope.case.clone(), named })
}

/// What comes of it, with what the ledger found. Errors: `SLUSS-REF-001`, `SLUSS-REF-002`.
pub fn judge(wish: Wish<'_>, found: Option<Referred>, marks: &Marks) -> Result<Option<Marking>, Fault> {
    let Some(of) = found.filter(|of| marks.names(wish.row, &of.event)) else {
        return match wish.row.must {
            true => {
                Err(Fault::of(Code::NoSuchMessage, "no such message, or one that this event is not about"))
            }
            false => Ok(None),
        };
    };
    let Some(mark) = wish.row.becomes else { return Ok(None) };
    // Order holds within a case: from another the annulment could overtake what it annuls.
    if mark == Mark::Annulled && of.case != wish.case {
        return Err(Fault::of(Code::NoSuchMessage, "the message that is meant belongs to another case"));
    }
    if mark == Mark::Annulled && of.later {
        return Err(overtaken());
    }
    if mark == Mark::Annulled && of.mark == Some(Mark::Annulled) {
        return Err(Fault::of(Code::NotTheNewest, "it is annulled already"));
    }
    Ok(Some(Marking { of, mark }))
}

/// The fault of an annulment that comes too late.
pub fn overtaken() -> Fault {
    Fault::of(Code::NotTheNewest, "a later step of the case, or another annulment of it, is on record")
}
