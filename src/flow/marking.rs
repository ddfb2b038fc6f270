//! What a message makes of an earlier one, asked of the ledger before it is admitted.
//!
//! Invariant: the ledger looks again in the transaction of the admission. Deliberately absent: what marks what.

use super::{Gateway, Refusal};
use crate::{
    model::Marking,
    rulebook::Rulebook,
    stage::{mark, permit::Permitted},
};

impl Gateway {
    /// What the message makes of an earlier one that it names.
    pub(super) async fn marking(
        &self,
        permitted: &Permitted,
        rulebook: &Rulebook,
    ) -> Result<Option<Marking>, Refusal> {
        let Some(wish) = mark::wish(permitted, rulebook.marks()) else { return Ok(None) };
        let beside = wish.needs_newest().then(|| rulebook.marks().beside());
        let found = self.ledger.named(&wish.named, beside).await?;
        Ok(mark::judge(wish, found, rulebook.marks())?)
    }
}
