//! `partners/*.toml`: one party each.

use super::read::Table;
use crate::model::{
    Acknowledgement, Code, DeliveryState, Format, HsaId, Partner, PartyKind, partner::MAILBOX,
};

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
    if let (Some(format), Some(endpoint)) = (&format, &endpoint) {
        fits(table, *format, endpoint);
    }
    let idempotent = table.boolean("idempotent", false);
    let handles_protected = table.boolean("handles_protected", false);
    let timeout_s = table.number("timeout_s", 30, 1..=600) as u32;
    let in_flight = table.number("in_flight", 16, 1..=256) as u32;
    let receipts = table.list("receipts", "\"delivered\", \"rejected\" or \"expired\"", |word| {
        let known = [DeliveryState::Delivered, DeliveryState::Rejected, DeliveryState::Expired];
        known.into_iter().find(|state| state.word() == word)
    });
    let hub = table.boolean("hub", false);
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
        receipts: receipts.unwrap_or_default(),
        hub,
        translate,
        acknowledgement: acknowledgement.unwrap_or(Acknowledgement::Original),
        reuses_control_ids,
    })
}

/// HL7 v2 goes over MLLP and nothing else does; a mailbox takes any format.
fn fits(table: &mut Table<'_>, format: Format, endpoint: &str) {
    if endpoint != MAILBOX && (format == Format::Hl7v2) != endpoint.starts_with("mllps://") {
        let message = format!("`format` {} is not carried to this `endpoint`", format.word());
        let remedy = "HL7 v2 goes to \"mllps://host:port\", every other format to an https address";
        table.problem(None, Code::ConfigValue, message, remedy);
    }
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

#[cfg(test)]
mod tests {
    use super::super::read::text_of;
    use std::path::Path;

    fn problems(format: &str, endpoint: &str) -> Vec<String> {
        let text = format!(
            "hsa_id = \"SE2321009900-REG1\"\nname = \"R\"\nkind = \"region\"\nformat = \"{format}\"\n\
             endpoint = \"{endpoint}\"\n"
        );
        let mut problems = Vec::new();
        text_of(Path::new("r.toml"), &text, &mut problems, super::read);
        problems.into_iter().map(|p| p.message).collect()
    }

    #[test]
    fn an_endpoint_is_one_that_the_format_is_carried_to() {
        for (format, endpoint) in [
            ("hl7v2", "mllps://hl7.region.example:2575"),
            ("hl7v2", "mllps://[::1]:2575"),
            ("hl7v2", "mailbox"),
            ("case-json", "mailbox"),
            ("fhir-r4-json", "https://region.example/fhir"),
        ] {
            assert_eq!(problems(format, endpoint), [""; 0], "{format} {endpoint}");
        }
        for (format, endpoint) in [
            ("hl7v2", "https://region.example/hl7"),
            ("case-json", "mllps://region.example:2575"),
            ("hl7v2", "mllp://region.example:2575"),
            ("hl7v2", "mllps://region.example"),
            ("hl7v2", "mllps://region.example:0"),
            ("hl7v2", "mllps://:2575"),
            ("hl7v2", "mllps://region.example:2575/x"),
            ("hl7v2", "mllps://a@region.example:2575"),
        ] {
            assert_eq!(problems(format, endpoint).len(), 1, "{format} {endpoint}");
        }
    }
}
