//! The county whose region speaks RIV-TA, and calls made of what a region's system would send.

use crate::world::{REGION, Setup, World};
use serde_json::{Value, json};
use sluss::{
    conformance::{message, sender::Reply},
    model::arrival::Operation,
};
use std::path::Path;

/// The region speaks RIV-TA; Granvik's certificate is a hub's too.
pub async fn world() -> World {
    World::with(Setup { speaks: &[("region", "rivta")], edit: Some(edit), ..Setup::default() }).await
}

fn edit(folder: &Path) {
    let add = |stem: &str, more: &str| {
        let path = folder.join(format!("partners/{stem}.toml"));
        let text = std::fs::read_to_string(&path).unwrap() + more;
        std::fs::write(path, text).unwrap();
    };
    add("region", "[translate]\nbasis = \"release-health\"\nbasisReason = \"Enligt avtalet.\"\n");
    add("granvik", "hub = true\n");
}

/// A case message of the examples, sent now by Sjöby.
pub fn case(path: &str, id: &str) -> Value {
    let now = message::instant(jiff::Timestamp::now());
    let mut message = message::example(path);
    message["id"] = json!(id);
    message["sentAt"] = json!(now);
    message["occurredAt"] = json!(now);
    message["sender"]["hsaId"] = json!(crate::world::SJOBY);
    message["receiver"]["hsaId"] = json!(REGION);
    message
}

/// Posts a call as the region's system does.
pub async fn call(world: &World, operation: Operation, body: &str) -> Reply {
    let action = format!("\"{}\"", operation.action());
    let headers = [("SOAPAction", action.as_str())];
    world.as_region().soap(&path(operation), &headers, body.as_bytes().to_vec()).await.unwrap()
}

pub fn path(operation: Operation) -> String {
    format!("/rivta/{}", operation.word())
}

const CORE: &str = "urn:riv:clinicalprocess:activity:request:1";
const OURS: &str = "https://sluss.example/rivta/1";

/// A confirmation of a referral, with the status in our addition.
pub fn confirmation(to: &str, id: &str, request: &str, status: &str) -> String {
    let own = match status {
        "" => String::new(),
        inner => format!("<s:status xmlns:s='{OURS}'><s:exam>health-exam</s:exam>{inner}</s:status>"),
    };
    let body = format!(
        "<x:ProcessRequestConfirmation xmlns:x='{}' xmlns='{CORE}'><requestConfirmation>\
         <requestId extension='{request}'/><requestConfirmationId extension='{id}'/><typeOfRequestConfirmation code='BEK'/>\
         <requestVersionNumber>1</requestVersionNumber><requestConfirmationTime value='20260105093000'/>\
         <patient><personId extension='201010132387' root='1.2.752.129.2.1.3.1'/><name>Proband, Mira</name></patient>\
         <confirmingOrganisation><careUnitId extension='SE2321009900-BARN'/><careUnitName>Barnmottagningen</careUnitName>\
         </confirmingOrganisation><author><healthcareProfessionalOrganisation><careUnitId extension='SE2321009900-BARN'/>\
         </healthcareProfessionalOrganisation></author><recipient><organisation><careUnitId extension='{to}'/></organisation>\
         </recipient><outcome><outcomeText>Fri text.</outcomeText></outcome>{own}</requestConfirmation>\
         </x:ProcessRequestConfirmation>",
        Operation::ProcessRequestConfirmation.namespace()
    );
    soap::wrap(Some(to), &body)
}

/// An outcome of a referral, with the statement in our addition.
pub fn outcome(to: &str, id: &str, request: &str) -> String {
    let domain = |part: &str, rest: &str| format!("<s:domains><s:domain>{part}</s:domain>{rest}</s:domains>");
    let domains = [
        domain(
            "physical",
            "<s:done>true</s:done><s:summary>Växer och mår bra.\nSer &lt;bra&gt;.</s:summary>",
        ),
        domain("mental", "<s:done>true</s:done>"),
        domain("oral", "<s:done>false</s:done><s:notDoneReason>done-elsewhere</s:notDoneReason>"),
    ];
    let body = format!(
        "<x:ProcessRequestOutcome xmlns:x='{}' xmlns='{CORE}'><requestOutcome><requestId extension='{request}'/>\
         <requestOutcomeId extension='{id}'/><typeOfRequestOutcome code='SVA'/><requestVersionNumber>1</requestVersionNumber>\
         <requestOutcomeTime value='202601051530'/><patient><personId extension='201010132387' root='1.2.752.129.2.1.3.1'/>\
         <name>Mira Proband</name><s:subject xmlns:s='{OURS}'>\
         <s:birthDate>2010-10-13</s:birthDate></s:subject></patient><respondingOrganisation><careUnitId extension='SE2321009900-BARN'/>\
         <careUnitName>Barnmottagningen</careUnitName></respondingOrganisation><author><healthcareProfessionalOrganisation>\
         <careUnitId extension='SE2321009900-BARN'/></healthcareProfessionalOrganisation></author><recipient><organisation>\
         <careUnitId extension='{to}'/></organisation></recipient><outcome><outcomeText>Hemlig fri text.</outcomeText></outcome>\
         <s:statement xmlns:s='{OURS}'><s:examinedOn>2026-01-04</s:examinedOn>{}<s:followUp>Återbesök.</s:followUp></s:statement>\
         </requestOutcome></x:ProcessRequestOutcome>",
        Operation::ProcessRequestOutcome.namespace(),
        domains.concat()
    );
    soap::wrap(Some(to), &body)
}

/// A value of an answer by the path below the body's element.
pub fn value(body: &[u8], path: &[&str]) -> String {
    soap::value(body, &crate::xsd::limits(), path).unwrap_or_default()
}

/// The answer is the contract's response with this result, and passes the contract's schema.
pub fn assert_result(reply: &Reply, code: &str, sub: &str) {
    let text = String::from_utf8_lossy(&reply.body);
    assert_eq!((reply.status, reply.content_type.as_str()), (200, "text/xml; charset=utf-8"), "{text}");
    assert_eq!(value(&reply.body, &["result", "resultCode"]), code, "{text}");
    assert_eq!(value(&reply.body, &["result", "subCode"]), sub, "{text}");
    super::form::rulebook().rivta().xsd().check_soap(&reply.body, &crate::xsd::limits()).unwrap();
}

/// The answer is a fault of this kind whose first finding has this code; English and Swedish, no value.
pub fn assert_fault(reply: &Reply, kind: &str, code: &str) {
    let text = String::from_utf8_lossy(&reply.body);
    assert_eq!((reply.status, reply.content_type.as_str()), (500, "text/xml; charset=utf-8"), "{text}");
    assert_eq!(value(&reply.body, &["faultcode"]), format!("soap:{kind}"), "{text}");
    assert!(value(&reply.body, &["faultstring"]).starts_with(code), "{text}");
    assert!(value(&reply.body, &["faultstring"]).contains(" / "), "{text}");
    assert!(text.contains(&format!("<finding code=\"{code}\"")), "{text}");
    assert!(!text.contains("201010132387") && !text.contains("Proband"), "{text}");
}
