//! What the SOAP door refuses, and what it shows: the official messages among it.

use super::world::{assert_fault, assert_result, call, confirmation, path, value, world};
use crate::{
    world::SJOBY,
    xsd::{limits, suite},
};
use sluss::{model::arrival::Operation, rulebook::Xsd};

const OPERATION: Operation = Operation::ProcessRequestConfirmation;

fn good() -> String {
    confirmation(
        SJOBY,
        "REG#c-1",
        "SE1#SAM-7/m1",
        "<s:status>no-show</s:status><s:reason>did-not-attend</s:reason>",
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_call_of_this_address_is_a_fault() {
    let world = world().await;
    let good = good();
    let body = good.split("<soap:Body>").nth(1).unwrap().split("</soap:Body>").next().unwrap().to_string();
    let header = format!("<LogicalAddress xmlns=\"{}\">{SJOBY}</LogicalAddress>", soap::REGISTRY);
    let understand = "<t:x xmlns:t='urn:t' soap:mustUnderstand='1'/></soap:Header>";
    let external = "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/hostname'>]>";
    let deep = "<a>".repeat(200);
    let cases: [(String, &str, &str); 14] = [
        (good.replace(SJOBY, "SE2120009999-NOBODY"), "Client", "SLUSS-SOP-003"),
        (good.replace(&header, ""), "Client", "SLUSS-SOP-003"),
        (good.replace(&format!(">{SJOBY}<"), ">1<"), "Client", "SLUSS-SOP-003"),
        (good.replace(&header, &format!("{header}{header}")), "Client", "SLUSS-SOP-001"),
        (good.replace(&body, &format!("{body}{body}")), "Client", "SLUSS-SOP-001"),
        (good.replace("<soap:Header>", "<soap:Header/><soap:Header>"), "Client", "SLUSS-SOP-001"),
        (
            good.replace("schemas.xmlsoap.org/soap/envelope/", "www.w3.org/2003/05/soap-envelope"),
            "VersionMismatch",
            "SLUSS-SOP-001",
        ),
        (good.replace("</soap:Header>", understand), "MustUnderstand", "SLUSS-SOP-001"),
        (good.replace("<soap:Envelope", &format!("{external}<soap:Envelope")), "Client", "SLUSS-IN-013"),
        (good.replace("Fri text.", "&b;"), "Client", "SLUSS-IN-013"),
        (good.replace(&body, &deep), "Client", "SLUSS-IN-003"),
        (good.replace("ProcessRequestConfirmation", "ProcessRequestOutcome"), "Client", "SLUSS-SOP-002"),
        (good.replace("<patient>", "<patient><x/>"), "Client", "SLUSS-VAL-002"),
        (body.clone(), "Client", "SLUSS-SOP-001"),
    ];
    for (text, kind, code) in cases {
        let reply = call(&world, OPERATION, &text).await;
        assert_fault(&reply, kind, code);
        assert!(!String::from_utf8_lossy(&reply.body).contains("hostname"));
    }
    // All findings at once, each with its line.
    let two =
        good.replace("'BEK'", "'HEJ'").replace("<requestVersionNumber>1<", "\n<requestVersionNumber>0<");
    let reply = call(&world, OPERATION, &two).await;
    assert_fault(&reply, "Client", "SLUSS-VAL-002");
    let text = String::from_utf8_lossy(&reply.body).into_owned();
    assert_eq!(text.matches("<finding ").count(), 2, "{text}");
    assert!(text.contains("line=\"1\"") && text.contains("line=\"2\""), "{text}");
    let region = world.as_region();
    let wrong = [("SOAPAction", "\"urn:riv:other\"")];
    let reply = region.soap(&path(OPERATION), &wrong, good.clone().into_bytes()).await.unwrap();
    assert_fault(&reply, "Client", "SLUSS-SOP-002");
    let json = region.post(&path(OPERATION), "application/json", b"{}".to_vec()).await.unwrap();
    assert_fault(&json, "Client", "SLUSS-IN-007");
    let latin =
        region.post(&path(OPERATION), "text/xml; charset=iso-8859-1", good.clone().into_bytes()).await;
    assert_fault(&latin.unwrap(), "Client", "SLUSS-IN-007");
    let stranger = world.as_stranger().soap(&path(OPERATION), &[], good.clone().into_bytes()).await.unwrap();
    assert_fault(&stranger, "Client", "SLUSS-IDN-002");
    // After all that the door still takes what is right, with empty quotes and with none.
    let reply = region.soap(&path(OPERATION), &[("SOAPAction", "\"\"")], good.into_bytes()).await.unwrap();
    assert_result(&reply, "INFO", "");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_contract_is_served_and_compiles() {
    let world = world().await;
    let region = world.as_region();
    let reply = region.get(&format!("{}?wsdl", path(OPERATION))).await.unwrap();
    assert_eq!(reply.status, 200, "redirected to where its imports are found");
    let wsdl = String::from_utf8(reply.body).unwrap();
    assert!(wsdl.contains(&OPERATION.action()), "{wsdl}");
    let mut files = Vec::new();
    for name in [
        "interactions/ProcessRequestConfirmationInteraction/ProcessRequestConfirmationResponder_1.0.xsd",
        "core_components/clinicalprocess_activity_request_1.0.xsd",
        "core_components/codes.xsd",
    ] {
        let reply = region.get(&format!("/rivta/schemas/{name}")).await.unwrap();
        assert_eq!(reply.status, 200, "{name}");
        files.push(sluss::rulebook::File { path: name.into(), text: String::from_utf8(reply.body).unwrap() });
    }
    // Our addition is passed over by who does not have its schema.
    let xsd = Xsd::compile(&files).unwrap_or_else(|p| panic!("{p:?}"));
    xsd.check_soap(good().as_bytes(), &limits()).unwrap();
    for gone in ["/rivta/schemas/../../Cargo.toml", "/rivta/schemas/none.xsd", "/rivta/GetRequestStatus?wsdl"]
    {
        assert_ne!(region.get(gone).await.unwrap().status, 200, "{gone}");
    }
    assert_fault(&region.get(&path(OPERATION)).await.unwrap(), "Client", "SLUSS-IN-011");
}

/// As they are, and with an address that is somebody's: which answer each of the 18 gets.
#[tokio::test(flavor = "multi_thread")]
async fn each_official_message_is_answered_as_the_contract_says() {
    let Some(folder) = suite() else { return };
    let world = world().await;
    let text = std::fs::read_to_string(folder.join("validity.json")).unwrap();
    let cases: Vec<serde_json::Value> = serde_json::from_str(&text).unwrap();
    let mut right = 0;
    for case in &cases {
        let name = case["file"].as_str().unwrap();
        let element = case["element"].as_str().unwrap();
        let body = std::fs::read_to_string(folder.join(name)).unwrap();
        let own = Operation::ALL.into_iter().find(|o| o.word() == element);
        let operation = own.unwrap_or(Operation::ProcessRequest);
        let reply = call(&world, operation, &body).await;
        // What is no request of ours: not this address's. Nobody is called `logicalAddress`.
        assert_fault(&reply, "Client", if own.is_some() { "SLUSS-SOP-003" } else { "SLUSS-SOP-002" });
        let addressed = body.replace(">logicalAddress<", &format!(">{SJOBY}<"));
        let reply = call(&world, operation, &addressed).await;
        match (own, case["valid"].as_bool()) {
            // Samples that break the contract's own schema are refused.
            (Some(_), Some(false)) => assert_fault(&reply, "Client", "SLUSS-VAL-002"),
            // A bare confirmation.
            (Some(_), _) => assert_result(&reply, "INFO", "SLUSS-IN-015"),
            (None, _) => assert_fault(&reply, "Client", "SLUSS-SOP-002"),
        }
        // The same repaired goes as far as the catalogue: a referral that asks for no examination of ours.
        if let (Some(operation), Some(false)) = (own, case["valid"].as_bool()) {
            let reply = call(&world, operation, &addressed.replace(">urn<", ">urn:a1:b<")).await;
            assert_result(&reply, "ERROR", "SLUSS-IN-009");
            assert!(value(&reply.body, &["result", "message"]).contains(" / "));
        }
        right += 1;
    }
    println!("suite rivta-activity-request: {right} of 18 (answered at the door; 0 listed exceptions)");
    assert_eq!(right, 18);
}
