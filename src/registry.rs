//! Parties and agreements: an immutable snapshot, swapped whole.
//!
//! Invariant: look-ups only; a partner that is in the snapshot has a usable endpoint and format, and
//! an agreed event has a rule. Deliberately absent: any mutation.

use crate::{
    config::{Agreement, Config, EventRule},
    model::{HsaId, Partner},
};
use jiff::civil::Date;
use std::{collections::HashMap, sync::Arc};

/// The parties and what they have agreed.
#[derive(Debug)]
pub struct Registry {
    partners: HashMap<HsaId, Arc<Partner>>,
    agreements: Vec<Agreement>,
}

impl Registry {
    /// The snapshot of a checked configuration.
    pub fn new(config: &Config) -> Registry {
        Registry::of(config.partners.clone(), config.agreements.clone())
    }

    /// The snapshot of these parties and agreements.
    pub fn of(partners: Vec<Partner>, agreements: Vec<Agreement>) -> Registry {
        let partners = partners.into_iter().map(|p| (p.hsa_id.clone(), Arc::new(p))).collect();
        Registry { partners, agreements }
    }

    /// The party with this logical address.
    pub fn partner(&self, hsa_id: &HsaId) -> Option<&Arc<Partner>> {
        self.partners.get(hsa_id)
    }

    /// All parties.
    pub fn partners(&self) -> impl Iterator<Item = &Arc<Partner>> {
        self.partners.values()
    }

    /// Is the event code carried under any agreement?
    pub fn knows_event(&self, code: &str) -> bool {
        self.agreements.iter().any(|a| a.events.iter().any(|e| e.code == code))
    }

    /// The rule under which `from` may tell `to` this event on `day`, with its agreement.
    pub fn rule(
        &self,
        code: &str,
        from: &Partner,
        to: &Partner,
        day: Date,
    ) -> Option<(&Agreement, &EventRule)> {
        let in_force = |a: &&Agreement| a.valid_from <= day && a.valid_to.is_none_or(|end| day <= end);
        let member = |a: &Agreement, p: &Partner| a.parties.is_empty() || a.parties.contains(&p.hsa_id);
        self.agreements.iter().filter(in_force).filter(|a| member(a, from) && member(a, to)).find_map(|a| {
            let rule = a.events.iter().find(|e| e.code == code && e.from == from.kind && e.to == to.kind)?;
            Some((a, rule))
        })
    }
}
