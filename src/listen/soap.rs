//! The SOAP door: calls of RIV-TA's e-referral contract, and the contract for those who ask.
//!
//! Invariants: address, SOAPAction and body name one operation, or nothing is read further; the logical
//! address is a receiver that is known; who calls is what the certificate proves, except that a party
//! marked as a hub may name the original consumer, whom the call then counts as. Every answer is a SOAP
//! envelope. Deliberately absent: reading the message, and SOAP 1.2.

use super::http::{read, respond};
use crate::{
    flow::Gateway,
    model::{Arrival, Channel, Code, Fault, Finding, Format, HsaId, Peer, arrival::Operation},
    stage::acknowledge::{self, Lang, Style, Syntax},
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{self, Data, Payload},
};

/// Who called the hub.
const CONSUMER: &str = "x-rivta-original-serviceconsumer-hsaid";
/// What ties the calls of one errand together.
const CORRELATION: &str = "x-skltp-correlation-id";
/// Longest correlation id: a UUID has 36 characters.
const MOST_CORRELATION: usize = 64;

/// The routes of the door.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    for operation in Operation::ALL {
        let take = move |request: HttpRequest, gateway: Data<Gateway>, payload: Payload| {
            call(operation, request, gateway, payload)
        };
        let describe =
            move |request: HttpRequest, gateway: Data<Gateway>| describe(operation, request, gateway);
        config.service(
            web::resource(format!("/rivta/{}", operation.word()))
                .route(web::post().to(take))
                .route(web::get().to(describe))
                .default_service(web::to(move || wrong(operation, Code::MethodNotAllowed, "use POST"))),
        );
    }
    config.route("/rivta/schemas/{path:.*}", web::get().to(schema));
}

fn style(operation: Operation) -> Style<'static> {
    // A fault says all in both languages.
    Style { channel: Channel::Soap(operation), lang: Lang::En, syntax: Syntax::Xml, asked: None }
}

async fn wrong(operation: Operation, code: Code, detail: &'static str) -> HttpResponse {
    respond(acknowledge::refused(style(operation), &Fault::of(code, detail)), true)
}

/// The WSDL, under the address where what it imports is found.
async fn describe(operation: Operation, request: HttpRequest, gateway: Data<Gateway>) -> HttpResponse {
    let rulebook = gateway.rulebook.load_full();
    match rulebook.rivta().wsdl(operation.word()) {
        Some(path) if request.query_string().eq_ignore_ascii_case("wsdl") => {
            HttpResponse::Found().insert_header((header::LOCATION, format!("/rivta/schemas/{path}"))).finish()
        }
        Some(_) => wrong(operation, Code::MethodNotAllowed, "use POST, or GET with ?wsdl").await,
        None => {
            wrong(operation, Code::NotFound, "the contract that is used here has no WSDL of this call").await
        }
    }
}

async fn schema(path: web::Path<String>, gateway: Data<Gateway>) -> HttpResponse {
    match gateway.rulebook.load_full().rivta().file(&path) {
        Some(text) => HttpResponse::Ok().content_type(soap::MEDIA_TYPE).body(text.to_string()),
        None => wrong(Operation::ProcessRequest, Code::NotFound, "no such file of the contract").await,
    }
}

async fn call(
    operation: Operation,
    request: HttpRequest,
    gateway: Data<Gateway>,
    payload: Payload,
) -> HttpResponse {
    let style = style(operation);
    let peer = request.conn_data::<Peer>().cloned();
    let mut peer = peer.unwrap_or_else(|| Peer { hsa_id: None, serial: "none".into() });
    let caller = vouched(&request, &gateway, &peer);
    let correlation = caller.as_ref().ok().and_then(|c| c.correlation.clone());
    if let Ok(Caller { original: Some(original), .. }) = &caller {
        let hub = peer.hsa_id.as_ref().map(HsaId::to_string).unwrap_or_default();
        tracing::info!(hub, consumer = %original, correlation, "a hub calls for another party");
        peer = Peer { hsa_id: Some(original.clone()), serial: format!("{} (hub {hub})", peer.serial) };
    }
    let (bytes, format) = (Vec::new(), Format::RivTa);
    let mut arrival = Arrival { bytes, channel: style.channel, format, peer, at: gateway.clock.now() };
    let body = match caller.and_then(|_| media_type(&request)) {
        Ok(()) => read(&request, payload, &gateway).await,
        Err(fault) => Err(fault),
    };
    let (answer, close) = match body {
        Err(fault) => (gateway.refuse(&arrival, None, &fault, style).await, true),
        Ok(bytes) => {
            arrival.bytes = bytes;
            arrival.at = gateway.clock.now();
            match agrees(operation, &request, &arrival.bytes, &gateway) {
                Ok(()) => (gateway.admit(&arrival, style).await, false),
                Err(fault) => (gateway.refuse(&arrival, None, &fault, style).await, false),
            }
        }
    };
    let limits = soap_limits(answer.body.len());
    if let Err(found) = gateway.rulebook.load().rivta().xsd().check_soap(&answer.body, &limits) {
        let what = found.first().map_or("", |f| f.code);
        tracing::error!(code = %Code::Internal, "our answer breaks the contract's schema: {what}");
    }
    let mut response = respond(answer, close);
    let value = correlation.and_then(|c| header::HeaderValue::from_str(&c).ok());
    if let Some(value) = value {
        response.headers_mut().insert(header::HeaderName::from_static(CORRELATION), value);
    }
    response
}

/// What a call's headers say of who calls.
struct Caller {
    /// Whom a hub calls for.
    original: Option<HsaId>,
    /// The correlation id of a hub's call.
    correlation: Option<String>,
}

/// Reads the headers of a hub. From anybody else a named consumer is refused, and a correlation id passed over.
fn vouched(request: &HttpRequest, gateway: &Gateway, peer: &Peer) -> Result<Caller, Fault> {
    let registry = gateway.registry.load();
    let hub = peer.hsa_id.as_ref().and_then(|id| registry.partner(id)).is_some_and(|p| p.hub);
    let named: Vec<_> = request.headers().get_all(CONSUMER).collect();
    let correlation = request.headers().get(CORRELATION).and_then(|v| v.to_str().ok());
    let plain = |c: &&str| {
        let good = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
        !c.is_empty() && c.len() <= MOST_CORRELATION && c.bytes().all(good)
    };
    let correlation = correlation.filter(plain).filter(|_| hub).map(str::to_string);
    match named.as_slice() {
        [] => Ok(Caller { original: None, correlation }),
        [one] if hub => {
            let id = one.to_str().ok().and_then(|text| HsaId::parse(text.trim()));
            let id =
                id.ok_or_else(|| Fault::of(Code::NoHsaId, format!("the header {CONSUMER} holds no HSA-id")))?;
            Ok(Caller { original: Some(id), correlation })
        }
        _ if hub => {
            Err(Fault::of(Code::SenderMismatch, format!("the header {CONSUMER} is there more than once")))
        }
        _ => Err(Fault::of(Code::SenderMismatch, format!("the header {CONSUMER} is a hub's alone"))),
    }
}

fn media_type(request: &HttpRequest) -> Result<(), Fault> {
    let named = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let mut parts = named.split(';').map(|p| p.trim().to_ascii_lowercase());
    let xml = parts.next().as_deref() == Some("text/xml");
    let charset = parts.find_map(|p| Some(p.strip_prefix("charset=")?.trim_matches('"').to_string()));
    match xml && charset.is_none_or(|c| c == "utf-8") {
        true => Ok(()),
        false => Err(Fault::of(Code::MediaType, "SOAP 1.1 is text/xml, in UTF-8")),
    }
}

fn soap_limits(bytes: usize) -> fhir::json::Limits {
    fhir::json::Limits { max_bytes: bytes, max_depth: 64, max_nodes: 200_000 }
}

/// Do address, SOAPAction and body name the same operation, and is the receiver known? What is no envelope
/// the reader tells.
fn agrees(operation: Operation, request: &HttpRequest, bytes: &[u8], gateway: &Gateway) -> Result<(), Fault> {
    let Ok(opened) = soap::open(bytes, &soap_limits(gateway.config.listen.max_body_bytes)) else {
        return Ok(());
    };
    let mut findings = Vec::new();
    let mut wrong = |code, what: &str| findings.push(Finding::error(code, what));
    let action =
        request.headers().get("soapaction").map(|v| v.to_str().unwrap_or("?").trim().trim_matches('"'));
    // Empty quotes mean that the address says it all (SOAP 1.1 §6.1.1).
    if action.is_some_and(|a| !a.is_empty() && a != operation.action()) {
        wrong(Code::SoapAction, "SOAPAction names another operation than the address");
    }
    if Operation::of(&opened.body.namespace, &opened.body.name) != Some(operation) {
        wrong(Code::SoapAction, "the body holds another element than the request of this address");
    }
    let receiver = opened.address.as_ref().and_then(|(text, _)| HsaId::parse(text));
    match (&opened.address, receiver) {
        (None, _) => wrong(Code::LogicalAddress, "the header LogicalAddress is missing"),
        (Some(_), None) => wrong(Code::LogicalAddress, "the logical address is no HSA-id"),
        (Some(_), Some(id)) if gateway.registry.load().partner(&id).is_none() => {
            wrong(Code::LogicalAddress, "nobody known has this logical address");
        }
        _ => {}
    }
    if findings.is_empty() { Ok(()) } else { Err(Fault::from_errors(findings)) }
}
