//! Who gets a message that was sent to a routing address (domain §6).
//!
//! Invariant: the first rule that names a party decides; a rule that knows something and cannot name one party leaves it to
//! the desk, because what comes after it would be a guess. Nothing is refused for want of a receiver. Where a child stays
//! decides nothing. Deliberately absent: any reading of a message or of the record.

use crate::{
    config::{Area, Routing, postal_code},
    model::{Choice, HsaId, Residence, Rule, Step, Whereabouts},
    rulebook::{District, Routes},
};
use jiff::civil::Date;

/// What the rules are asked.
pub struct Question<'a> {
    /// The agreement's table.
    pub routing: &'a Routing,
    /// Municipalities and boards.
    pub routes: &'a Routes,
    /// Event code.
    pub event: &'a str,
    /// Today.
    pub day: Date,
    /// The message that it answers, changes or withdraws.
    pub names: Option<&'a str>,
    /// What the registered address says.
    pub residence: &'a Residence,
    /// What is on record.
    pub known: &'a Whereabouts,
    /// May the sender tell this party this event?
    pub agreed: &'a dyn Fn(&HsaId) -> bool,
}

/// What a rule says.
enum Said {
    /// This party.
    Party(HsaId),
    /// Nothing: the next rule is asked.
    Nothing(&'static str),
    /// What it knows names no one party that may be told: the desk decides.
    Stuck(&'static str, Option<HsaId>),
    /// It waits for the person that another one waits for.
    Held(&'static str),
}

/// Asks the rules in their order.
pub fn choose(question: &Question<'_>) -> Choice {
    let address = question.routing.address.clone();
    let mut asked = Vec::new();
    for (rule, ask) in RULES {
        let (outcome, to, ends) = match question.said(ask(question)) {
            Said::Party(to) => {
                asked.push(Step { rule, outcome: "chosen", to: Some(to.clone()) });
                return Choice { address, rule, to: Some(to), asked, instead_of: None };
            }
            Said::Nothing(why) => (why, None, false),
            Said::Stuck(why, to) => (why, to, true),
            Said::Held(outcome) => {
                asked.push(Step { rule, outcome, to: None });
                return Choice { address, rule, to: None, asked, instead_of: None };
            }
        };
        asked.push(Step { rule, outcome, to });
        if ends {
            break;
        }
    }
    let (outcome, to) = match &question.routing.desk {
        Some(desk) if question.has_refused(desk) => ("has-answered-no", None),
        Some(desk) if (question.agreed)(desk) => ("chosen", Some(desk.clone())),
        Some(_) => ("not-agreed", None),
        None => ("none-configured", None),
    };
    asked.push(Step { rule: Rule::Desk, outcome, to: to.clone() });
    Choice { address, rule: Rule::Desk, to, asked, instead_of: None }
}

type Ask = fn(&Question<'_>) -> Said;

/// The order of domain §6. Before it come the answer of the one who was wrong, and the message that this one is about, which
/// only its own receiver can act on. Where no placement is known, the messages of a case stay together.
const RULES: [(Rule, Ask); 5] = [
    (Rule::Answer, |q| q.known.right.clone().map_or(Said::Nothing("not-asked"), Said::Party)),
    (Rule::Named, |q| q.named()),
    (Rule::Placement, |q| q.placement()),
    (Rule::Case, |q| q.case()),
    (Rule::Registered, |q| q.registered()),
];

impl Question<'_> {
    /// A party that has answered that the message is not its own does not get it again, and one that may not be told not
    /// at all.
    fn said(&self, said: Said) -> Said {
        let Said::Party(to) = said else { return said };
        if self.has_refused(&to) {
            return Said::Nothing("has-answered-no");
        }
        if (self.agreed)(&to) { Said::Party(to) } else { Said::Stuck("not-agreed", Some(to)) }
    }

    fn has_refused(&self, party: &HsaId) -> bool {
        self.known.went.iter().any(|w| w.refused && w.receiver == *party)
    }

    /// Where the message went that this one is about. One that waits for a person is followed there.
    fn named(&self) -> Said {
        let named = |id: &str| self.known.went.iter().find(|w| w.id == id);
        match self.names.and_then(named) {
            None => Said::Nothing("names-none"),
            Some(went) if went.receiver == self.routing.address => Said::Held("that-one-waits"),
            Some(went) => Said::Party(went.receiver.clone()),
        }
    }

    /// The board that holds an open placement.
    fn placement(&self) -> Said {
        let mut boards: Vec<&HsaId> = self.known.placed.iter().map(|p| &p.board).collect();
        boards.sort_unstable();
        boards.dedup();
        match boards.as_slice() {
            [] => Said::Nothing("none-open"),
            [one] => Said::Party((*one).clone()),
            _ => Said::Stuck("several-boards", None),
        }
    }

    /// Where the newest message of the case went that was not refused there; or who has this event, where a place has
    /// different parties for different events.
    fn case(&self) -> Said {
        let own = |to: &HsaId| *to != self.routing.address;
        let Some(went) = self.known.went.iter().find(|w| !w.refused && own(&w.receiver)) else {
            return Said::Nothing("no-earlier-message");
        };
        let areas = || self.routing.areas.iter().filter(|area| area.party == went.receiver);
        if areas().next().is_none() {
            return Said::Party(went.receiver.clone());
        }
        let place = |a: &Area, b: &Area| a.municipality == b.municipality && a.district == b.district;
        let mut same = self.live();
        same.retain(|area| areas().any(|own| place(own, area)));
        match parties(same).as_slice() {
            [one] => Said::Party((*one).clone()),
            [] => Said::Stuck("no-party-for-municipality", None),
            _ => Said::Stuck("several-parties", None),
        }
    }

    /// The party of the registered municipality, or of its district.
    fn registered(&self) -> Said {
        if self.residence.hidden {
            return Said::Nothing("registered-address-not-real");
        }
        match area(self.residence, &self.live(), self.routes) {
            Ok(party) => Said::Party(party.clone()),
            Err(why) => Said::Nothing(why),
        }
    }

    fn live(&self) -> Vec<&Area> {
        self.routing.areas.iter().filter(|area| area.holds(self.event, self.day)).collect()
    }
}

/// The one party of the areas that the address lies in, or why there is none.
fn area<'a>(residence: &Residence, live: &[&'a Area], routes: &Routes) -> Result<&'a HsaId, &'static str> {
    let postal = residence.postal.as_deref().and_then(postal_code);
    let lies = |area: &Area| postal.is_some_and(|code| area.has(code));
    let (code, board) = match residence.district.as_deref().map(|text| routes.district(text)) {
        Some(District::Municipality(code)) => (Some(code), None),
        Some(District::Board(code, name)) => (Some(code), Some(name)),
        Some(District::Elsewhere) => return Err("unknown-municipality"),
        Some(District::Unknown) | None => (None, None),
    };
    let other = |area: &Area| {
        let municipality = code.as_ref().is_some_and(|code| *code != area.municipality);
        let district = board.is_some() && area.district.is_some() && area.district != board;
        municipality || district
    };
    if live.iter().any(|area| lies(area) && other(area)) {
        return Err("postal-code-says-otherwise");
    }
    // A district needs a sign of its own: that the municipality is right does not make it the right board.
    let fits = |area: &Area| match (&code, &area.district) {
        (None, _) => lies(area),
        (Some(_), None) => !other(area),
        (Some(_), Some(_)) => !other(area) && (board.is_some() || lies(area)),
    };
    let mut found: Vec<&'a Area> = live.iter().copied().filter(|area| fits(area)).collect();
    narrow(&mut found, |area| area.district.is_some());
    match (parties(found).as_slice(), &code) {
        ([one], _) => Ok(one),
        ([], Some(code)) if live.iter().any(|area| area.municipality == *code) => Err("district-not-known"),
        ([], Some(_)) => Err("no-party-for-municipality"),
        ([], None) if residence.district.is_none() && postal.is_none() => Err("no-registered-address"),
        ([], None) => Err("unknown-place"),
        _ => Err("several-parties"),
    }
}

/// The parties of these areas for an event that holds in them: what is said of some events goes before what is said of all.
fn parties(mut areas: Vec<&Area>) -> Vec<&HsaId> {
    narrow(&mut areas, |area| !area.events.is_empty());
    let mut parties: Vec<&HsaId> = areas.into_iter().map(|area| &area.party).collect();
    parties.sort_unstable();
    parties.dedup();
    parties
}

/// Keeps what is more exactly said, if anything is.
fn narrow(found: &mut Vec<&Area>, exact: impl Fn(&Area) -> bool) {
    if found.iter().any(|area| exact(area)) {
        found.retain(|area| exact(area));
    }
}
