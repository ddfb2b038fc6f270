//! One SOAP call per delivery, over the same HTTPS as all others, and what its answer means.
//!
//! Invariant: `Delivered` only on the contract's own response with the result `OK` or `INFO`; `Refused` only
//! where the receiver says that it is the message, by the result `ERROR` or a fault of the client; a fault of
//! the server is `Unknown`, because it may come from what was already done. Deliberately absent: checking our
//! own body (it passed the contract's schema when it was written), and any word of the answer in what is
//! told.

use super::http::{HttpCourier, by_status};
use crate::model::{Code, Delivery, Fault, Outcome, Partner, arrival::Operation};
use fhir::json::Limits;
use reqwest::StatusCode;
use soap::FaultCode;
use std::time::Duration;

/// What of an answer is read: a response is small, and what is more is none.
const LIMITS: Limits = Limits { max_bytes: 256 * 1024, max_depth: 32, max_nodes: 10_000 };
/// Where the name of the operation stands in an address.
const PLACE: &str = "{operation}";

/// Calls the receiver's service.
pub(super) async fn attempt(http: &HttpCourier, partner: &Partner, delivery: &Delivery) -> Outcome {
    let limits = Limits { max_bytes: delivery.body.len(), ..Limits::default() };
    let opened = soap::open(&delivery.body, &limits).ok();
    let Some(operation) = opened.and_then(|o| Operation::of(&o.body.namespace, &o.body.name)) else {
        let what = "what is to be delivered is no call of the contract";
        return Outcome::Refused(Fault::of(Code::Untranslatable, what));
    };
    let address = partner.endpoint.replace(PLACE, operation.word());
    let headers = [
        ("SOAPAction", format!("\"{}\"", operation.action())),
        ("x-skltp-correlation-id", delivery.message.clone()),
    ];
    match http.send(partner, delivery, &address, &headers).await {
        Ok(answer) => {
            let status = answer.status();
            let left = Duration::from_secs(partner.timeout_s.max(1).into());
            match tokio::time::timeout(left, body(answer)).await {
                Ok(Some(bytes)) => judge(operation, status, &bytes),
                _ => by_status(status_alone(status)),
            }
        }
        Err(outcome) => outcome,
    }
}

/// The answer's body, if it ends within bounds.
async fn body(mut answer: reqwest::Response) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    while let Some(chunk) = answer.chunk().await.ok()? {
        if out.len() + chunk.len() > LIMITS.max_bytes {
            return None;
        }
        out.extend_from_slice(&chunk);
    }
    Some(out)
}

/// A success without the contract's response is none.
fn status_alone(status: StatusCode) -> StatusCode {
    if status.is_success() { StatusCode::BAD_GATEWAY } else { status }
}

fn judge(operation: Operation, status: StatusCode, bytes: &[u8]) -> Outcome {
    let garbage = |what: &str| Outcome::Unknown(Fault::of(Code::ReceiverGarbage, what));
    let Ok(opened) = soap::open(bytes, &LIMITS) else {
        return match status.is_success() {
            true => garbage("the answer is no SOAP envelope"),
            false => by_status(status),
        };
    };
    let text = |path: &[&str]| soap::value(bytes, &LIMITS, path).unwrap_or_default();
    if opened.body.is_fault() {
        let busy = matches!(status.as_u16(), 408 | 425 | 429 | 503);
        return match FaultCode::from_word(&text(&["faultcode"])) {
            _ if busy => by_status(status),
            Some(FaultCode::Server) => garbage("the receiver answers with a fault of its own (Server)"),
            Some(code) => {
                let what = format!("the receiver answers with the fault {}", code.word());
                Outcome::Refused(Fault::of(Code::ReceiverRefused, what))
            }
            None => garbage("the receiver answers with a fault whose code is unknown"),
        };
    }
    let own = opened.body.namespace == operation.namespace()
        && opened.body.name.strip_suffix("Response") == Some(operation.word());
    match text(&["result", "resultCode"]).as_str() {
        _ if !own || !status.is_success() => garbage("the answer is not the response of this call"),
        "OK" | "INFO" => Outcome::Delivered,
        "ERROR" => {
            let kind = match text(&["result", "errorCode"]).as_str() {
                "VALIDATION_ERROR" => " (VALIDATION_ERROR)",
                "APPLICATION_ERROR" => " (APPLICATION_ERROR)",
                _ => "",
            };
            let what = format!("the receiver's result is ERROR{kind}");
            Outcome::Refused(Fault::of(Code::ReceiverRefused, what))
        }
        _ => garbage("the response has no result that the contract knows"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test may stop")]

    use super::*;

    fn word(status: u16, body: &str) -> String {
        let status = StatusCode::from_u16(status).unwrap();
        let told = |name: &str, fault: &Fault| format!("{name} {}", fault.code());
        match judge(Operation::ProcessRequestOutcome, status, body.as_bytes()) {
            Outcome::Delivered => "delivered".into(),
            Outcome::NotSent(fault) => told("not sent", &fault),
            Outcome::Unknown(fault) => told("unknown", &fault),
            Outcome::Refused(fault) => told("refused", &fault),
        }
    }

    fn response(name: &str, result: &str) -> String {
        let namespace = Operation::ProcessRequestOutcome.namespace();
        soap::wrap(None, &format!("<{name} xmlns='{namespace}'><result>{result}</result></{name}>"))
    }

    #[test]
    fn only_the_contracts_own_answer_is_believed() {
        let ours = "ProcessRequestOutcomeResponse";
        let fault = |code: &str| {
            soap::wrap(
                None,
                &format!(
                    "<soap:Fault><faultcode>soap:{code}</faultcode><faultstring>x</faultstring></soap:Fault>"
                ),
            )
        };
        let unknown = "unknown SLUSS-DLV-003";
        for (status, body, expected) in [
            (200, response(ours, "<resultCode>OK</resultCode>"), "delivered"),
            (200, response(ours, "<resultCode> INFO </resultCode>"), "delivered"),
            (200, response(ours, "<resultCode>ERROR</resultCode>"), "refused SLUSS-DLV-002"),
            (200, response(ours, "<resultCode>MAYBE</resultCode>"), unknown),
            (200, response(ours, ""), unknown),
            (200, response("ProcessRequestResponse", "<resultCode>OK</resultCode>"), unknown),
            (500, response(ours, "<resultCode>OK</resultCode>"), unknown),
            (500, fault("Client"), "refused SLUSS-DLV-002"),
            (500, fault("MustUnderstand"), "refused SLUSS-DLV-002"),
            (500, fault("Server"), unknown),
            (200, fault("Server"), unknown),
            (500, fault("Other"), unknown),
            (503, fault("Server"), "not sent SLUSS-DLV-006"),
            (200, "<html/>".into(), unknown),
            (200, String::new(), unknown),
            (404, "<html/>".into(), "refused SLUSS-DLV-002"),
            (503, "busy".into(), "not sent SLUSS-DLV-006"),
            (504, String::new(), "unknown SLUSS-DLV-004"),
        ] {
            assert_eq!(word(status, &body), expected, "{status} {body}");
        }
    }
}
