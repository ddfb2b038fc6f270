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
    agreements: Vec<Arc<Agreement>>,
}

/// The rule that covers an event between two parties, with the agreement that states it. Cheap to
/// clone and to keep: it shares the agreement.
#[derive(Clone, Debug)]
pub struct Agreed {
    agreement: Arc<Agreement>,
    event: usize,
}

impl Agreed {
    /// The agreement.
    pub fn agreement(&self) -> &Agreement {
        &self.agreement
    }

    /// Its rule for the event and direction.
    pub fn rule(&self) -> &EventRule {
        &self.agreement.events[self.event]
    }
}

impl Registry {
    /// The snapshot of a checked configuration.
    pub fn new(config: &Config) -> Registry {
        Registry::of(config.partners.clone(), config.agreements.clone())
    }

    /// The snapshot of these parties and agreements.
    pub fn of(partners: Vec<Partner>, agreements: Vec<Agreement>) -> Registry {
        let partners = partners.into_iter().map(|p| (p.hsa_id.clone(), Arc::new(p))).collect();
        Registry { partners, agreements: agreements.into_iter().map(Arc::new).collect() }
    }

    /// The party with this logical address.
    pub fn partner(&self, hsa_id: &HsaId) -> Option<&Arc<Partner>> {
        self.partners.get(hsa_id)
    }

    /// All parties.
    pub fn partners(&self) -> impl Iterator<Item = &Arc<Partner>> {
        self.partners.values()
    }

    /// The agreement of this name.
    pub fn agreement(&self, name: &str) -> Option<&Arc<Agreement>> {
        self.agreements.iter().find(|a| a.name == name)
    }

    /// Is the event code carried under any agreement?
    pub fn knows_event(&self, code: &str) -> bool {
        self.agreements.iter().any(|a| a.events.iter().any(|e| e.code == code))
    }

    /// The rule under which `from` may tell `to` this event on `day`.
    pub fn rule(&self, code: &str, from: &Partner, to: &Partner, day: Date) -> Option<Agreed> {
        let in_force = |a: &&Arc<Agreement>| a.valid_from <= day && a.valid_to.is_none_or(|end| day <= end);
        let member = |a: &Agreement, p: &Partner| a.parties.is_empty() || a.parties.contains(&p.hsa_id);
        self.agreements.iter().filter(in_force).filter(|a| member(a, from) && member(a, to)).find_map(|a| {
            let event =
                a.events.iter().position(|e| e.code == code && e.from == from.kind && e.to == to.kind)?;
            Some(Agreed { agreement: a.clone(), event })
        })
    }
}
