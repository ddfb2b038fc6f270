//! `partners/*.toml`: one party each.

use super::read::Table;
use crate::model::{Acknowledgement, Format, HsaId, Partner, PartyKind, partner::MAILBOX};

/// Reads one party.
pub fn read(table: &mut Table<'_>) -> Option<Partner> {
    let hsa_id = table.need("hsa_id", "an HSA-id", HsaId::parse);
    let name = table.need_text("name");
    let kind = table.need("kind", "\"region\", \"municipality\", \"private-provider\" or \"sis\"", kind);
    let format = table.need(
        "format",
        "\"fhir-r4-json\", \"fhir-r4-xml\", \"case-json\", \"case-xml\", \"rivta\" or \"<dialect>-json\", \"<dialect>-xml\"",
        Format::from_word,
    );
    let endpoint = table.need("endpoint", ENDPOINT, |t| endpoint(t).then(|| t.to_string()));
    let idempotent = table.boolean("idempotent", false);
    let handles_protected = table.boolean("handles_protected", false);
    let timeout_s = table.number("timeout_s", 30, 1..=600) as u32;
    let in_flight = table.number("in_flight", 16, 1..=256) as u32;
    let translate = table.texts("translate");
    let acknowledgement = table.parsed("acknowledgement", "\"original\" or \"enhanced\"", |t| match t {
        "original" => Some(Acknowledgement::Original),
        "enhanced" => Some(Acknowledgement::Enhanced),
        _ => None,
    });
    let reuses_control_ids = table.boolean("reuses_control_ids", false);
    Some(Partner {
        hsa_id: hsa_id?,
        name: name?,
        kind: kind?,
        format: format?,
        endpoint: endpoint?,
        idempotent,
        handles_protected,
        timeout_s,
        in_flight,
        translate,
        acknowledgement: acknowledgement.unwrap_or(Acknowledgement::Original),
        reuses_control_ids,
    })
}

const ENDPOINT: &str =
    "\"mailbox\", an https address without user, query or fragment, or \"mllps://host:port\" for HL7 v2";

/// May we call there, or be asked?
fn endpoint(text: &str) -> bool {
    let plain = !text.contains(['@', '?', '#', ' ']);
    let at = |scheme: &str| text.strip_prefix(scheme).filter(|_| plain);
    match (at("https://"), at("mllps://")) {
        (Some(rest), _) => rest.split('/').next().is_some_and(|host| !host.is_empty()),
        (_, Some(rest)) => rest.rsplit_once(':').is_some_and(|(host, port)| {
            !host.is_empty() && !rest.contains('/') && port.parse::<u16>().is_ok_and(|port| port > 0)
        }),
        _ => text == MAILBOX,
    }
}

/// Reads a party kind's word.
pub fn kind(text: &str) -> Option<PartyKind> {
    let kinds = [
        PartyKind::Region,
        PartyKind::Municipality,
        PartyKind::PrivateProvider,
        PartyKind::StateInstitutions,
    ];
    kinds.into_iter().find(|k| k.word() == text)
}
