//! Parties and agreements: an immutable snapshot, swapped whole.
//!
//! Invariant: look-ups only; a partner that is in the snapshot has a usable endpoint and format, and
//! an agreed event has a rule. Deliberately absent: any mutation.

use crate::{
    config::{Agreement, Config, EventRule},
    model::{Acknowledgement, Format, HsaId, Partner, PartyKind, partner::MAILBOX},
};
use jiff::civil::Date;
use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

/// The parties and what they have agreed.
#[derive(Debug)]
pub struct Registry {
    partners: HashMap<HsaId, Arc<Partner>>,
    agreements: Vec<Arc<Agreement>>,
    waiting: HashMap<HsaId, Arc<Partner>>,
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
        let agreements: Vec<Arc<Agreement>> = agreements.into_iter().map(Arc::new).collect();
        let addresses = agreements.iter().filter_map(|a| Some(a.routing.as_ref()?.address.clone()));
        let waiting = addresses.map(|address| (address.clone(), Arc::new(nobody(address)))).collect();
        Registry { partners, agreements, waiting }
    }

    /// The party with this logical address.
    pub fn partner(&self, hsa_id: &HsaId) -> Option<&Arc<Partner>> {
        self.partners.get(hsa_id)
    }

    /// Does any agreement have a routing address?
    pub fn routes(&self) -> bool {
        !self.waiting.is_empty()
    }

    /// Who stands in for the receiver at a routing address until one is chosen. It is no party: nothing is carried to it,
    /// and nobody calls as it.
    pub fn waiting(&self, address: &HsaId) -> Option<&Arc<Partner>> {
        self.waiting.get(address)
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
        let member = |a: &Agreement, p: &Partner| match self.waiting.contains_key(&p.hsa_id) {
            true => a.routing.as_ref().is_some_and(|r| r.address == p.hsa_id),
            false => a.parties.is_empty() || a.parties.contains(&p.hsa_id),
        };
        self.agreements.iter().filter(in_force).filter(|a| member(a, from) && member(a, to)).find_map(|a| {
            let event =
                a.events.iter().position(|e| e.code == code && e.from == from.kind && e.to == to.kind)?;
            Some(Agreed { agreement: a.clone(), event })
        })
    }
}

/// The stand-in at a routing address: a municipal party that nobody is.
fn nobody(address: HsaId) -> Partner {
    Partner {
        hsa_id: address,
        name: "the receiver that is to be chosen".into(),
        kind: PartyKind::Municipality,
        format: Format::FhirJson,
        endpoint: MAILBOX.into(),
        idempotent: false,
        handles_protected: false,
        timeout_s: 1,
        in_flight: 1,
        receipts: Vec::new(),
        translate: BTreeMap::new(),
        acknowledgement: Acknowledgement::Original,
        reuses_control_ids: false,
        hub: false,
    }
}
