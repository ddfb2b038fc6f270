//! `partners/*.toml`: one party each.

use super::read::Table;
use crate::model::{Format, HsaId, Partner, PartyKind, partner::MAILBOX};

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
    let endpoint =
        table.need("endpoint", "\"mailbox\", or an https address without user, query or fragment", |t| {
            if t == MAILBOX {
                return Some(t.to_string());
            }
            let rest = t.strip_prefix("https://")?;
            let host = rest.split('/').next().unwrap_or_default();
            (!host.is_empty() && !t.contains(['@', '?', '#', ' '])).then(|| t.to_string())
        });
    let idempotent = table.boolean("idempotent", false);
    let handles_protected = table.boolean("handles_protected", false);
    let timeout_s = table.number("timeout_s", 30, 1..=600) as u32;
    let in_flight = table.number("in_flight", 16, 1..=256) as u32;
    let translate = table.texts("translate");
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
    })
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
