//! The catalogue's HL7 v2 columns: how each code stands in an acknowledgement.
//!
//! Invariant: every code has both columns, because they follow from its issue type and from whether sending
//! the same again helps. `AE`: the content is at fault, or something of ours is (then ERR-3 is 207 and the
//! sender tries again); `AR`: the message is not taken whatever it holds (who sends, what is agreed, what is
//! supported). Never `AA`. Deliberately absent: the writing of segments (`stage::acknowledge`).

use super::{Code, Entry};

/// What a code is in an HL7 v2 acknowledgement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Columns {
    /// Is the whole message rejected (`AR`, `CR`), or is there an error in it or in us (`AE`, `CE`)?
    pub rejects: bool,
    /// ERR-3: code of HL7 table 0357.
    pub condition: u16,
}

/// The condition that says "not your message, us: send it again".
pub const INTERNAL: u16 = 207;

impl Entry {
    /// The HL7 v2 columns.
    pub fn hl7v2(&self) -> Columns {
        let condition = match (self.code, self.issue) {
            _ if self.retry => INTERNAL,
            (Code::UnknownEvent, _) => 201,
            (_, "structure") => 100,
            (_, "required") => 101,
            (_, "value") => 102,
            (_, "too-long") => 104,
            (_, "not-supported") => 200,
            (_, "not-found") => 204,
            (_, "conflict") => 205,
            _ => 199,
        };
        let content = ["structure", "required", "value", "too-long", "invariant", "processing"];
        Columns { rejects: !self.retry && !content.contains(&self.issue), condition }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{CATALOGUE, Code};
    use super::INTERNAL;

    #[test]
    fn each_code_has_its_columns() {
        for row in CATALOGUE {
            let columns = row.hl7v2();
            // Whether to send again is said in one way only.
            assert_eq!(columns.condition == INTERNAL, row.retry, "{}", row.id);
            assert!(!(row.retry && columns.rejects), "{}", row.id);
        }
    }

    #[test]
    fn the_kinds_are_told_apart() {
        let of = |code: Code| (code.entry().hl7v2().rejects, code.entry().hl7v2().condition);
        assert_eq!(of(Code::Profile), (false, 199));
        assert_eq!(of(Code::EnvelopeField), (false, 101));
        assert_eq!(of(Code::UnknownEvent), (true, 201));
        assert_eq!(of(Code::UnknownPartner), (true, 199));
        assert_eq!(of(Code::UnknownReceiver), (true, 204));
        assert_eq!(of(Code::IdConflict), (true, 205));
        assert_eq!(of(Code::StoreUnavailable), (false, 207));
        assert_eq!(of(Code::Overloaded), (false, 207));
    }
}
