//! The HTTP doors: FHIR and case messages in, answers out.
//!
//! Invariant: every status on every route under `/fhir` is an OperationOutcome, everywhere else
//! `application/problem+json`; a body is read with a bound in size and time before anything looks at
//! it. Deliberately absent: any rule about messages.

use super::{mailbox, soap};
use crate::{
    flow::Gateway,
    model::{Answer, Arrival, Channel, Code, Fault, Format, Model, Peer},
    stage::acknowledge::{self, Lang, Style, Syntax},
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::{StatusCode, header},
    web::{self, Bytes, Data, Payload},
};
use futures_util::StreamExt;
use std::{sync::Arc, time::Duration};

/// The routes. `gateway` is shared by all workers.
pub fn routes(gateway: Arc<Gateway>) -> impl FnOnce(&mut web::ServiceConfig) {
    move |config| {
        config
            .app_data(Data::from(gateway))
            .route("/fhir/$process-message", web::post().to(process_message))
            .route("/fhir/Consent", web::post().to(consent))
            .route("/fhir/metadata", web::get().to(metadata))
            .route("/case/v1/messages", web::post().to(case_message))
            .configure(mailbox::routes)
            .configure(soap::routes)
            .route("/health", web::get().to(health))
            .default_service(web::to(nowhere));
    }
}

/// Paths that exist, with their method: tells 404 from 405.
const KNOWN: [(&str, &str); 7] = [
    ("/fhir/$process-message", "POST"),
    ("/fhir/Consent", "POST"),
    ("/fhir/metadata", "GET"),
    ("/case/v1/messages", "POST"),
    (mailbox::MAILBOX, "GET"),
    (mailbox::RECEIPTS, "POST"),
    ("/health", "GET"),
];

pub(super) fn style(request: &HttpRequest) -> Style<'static> {
    let fhir = request.path().starts_with("/fhir");
    let header = |name| request.headers().get(name).and_then(|v| v.to_str().ok());
    Style {
        channel: if fhir { Channel::Fhir } else { Channel::Case },
        lang: Lang::from_header(header(header::ACCEPT_LANGUAGE)),
        syntax: syntax(header(header::ACCEPT), header(header::CONTENT_TYPE)),
        asked: None,
    }
}

/// What a caller reads: what it accepts, else what it writes. Of several, the one it likes best (RFC 9110
/// 12.5.1); JSON where it does not mind.
fn syntax(accept: Option<&str>, content: Option<&str>) -> Syntax {
    let of = |range: &str| {
        let mut parts = range.split(';').map(str::trim);
        let syntax = match parts.next().unwrap_or_default() {
            "application/fhir+xml" | "application/xml" | "text/xml" => Syntax::Xml,
            "application/fhir+json" | "application/json" => Syntax::Json,
            _ => return None,
        };
        let weight = parts.find_map(|p| p.strip_prefix("q=")).map_or(Some(1.0), |q| q.parse::<f32>().ok())?;
        (weight > 0.0).then_some((weight, syntax))
    };
    let named: Vec<(f32, Syntax)> = accept.into_iter().flat_map(|a| a.split(',')).filter_map(of).collect();
    let best = named.iter().map(|(weight, _)| *weight).fold(0.0, f32::max);
    let liked = named.iter().find(|(weight, _)| *weight >= best).map(|(_, syntax)| *syntax);
    liked.or_else(|| of(content?).map(|(_, syntax)| syntax)).unwrap_or(Syntax::Json)
}

async fn process_message(request: HttpRequest, gateway: Data<Gateway>, payload: Payload) -> HttpResponse {
    take(request, gateway, payload, Channel::Fhir, true).await
}

async fn case_message(request: HttpRequest, gateway: Data<Gateway>, payload: Payload) -> HttpResponse {
    take(request, gateway, payload, Channel::Case, true).await
}

async fn consent(request: HttpRequest, gateway: Data<Gateway>, payload: Payload) -> HttpResponse {
    take(request, gateway, payload, Channel::Fhir, false).await
}

async fn take(
    request: HttpRequest,
    gateway: Data<Gateway>,
    payload: Payload,
    channel: Channel,
    is_message: bool,
) -> HttpResponse {
    let style = style(&request);
    let peer = request.conn_data::<Peer>().cloned();
    let peer = peer.unwrap_or_else(|| Peer { hsa_id: None, serial: "none".into() });
    let format = format(&request, channel, &peer, &gateway, is_message);
    // What has no format is refused before anything reads it in one.
    let (format, refused) = match format {
        Ok(format) => (format, None),
        Err(fault) => (usual(channel), Some(fault)),
    };
    let mut arrival = Arrival { bytes: Vec::new(), channel, format, peer, at: gateway.clock.now() };
    let body = match refused {
        None => read(&request, payload, &gateway).await,
        Some(fault) => Err(fault),
    };
    match body {
        Ok(bytes) => arrival.bytes = bytes,
        Err(fault) => {
            let answer = gateway.refuse(&arrival, None, &fault, style).await;
            // What is left of the body is not read: the connection ends with the answer.
            return respond(answer, true);
        }
    }
    arrival.at = gateway.clock.now();
    let answer = match is_message {
        true => gateway.admit(&arrival, style).await,
        false => gateway.register(arrival, style).await,
    };
    respond(answer, false)
}

/// What an arrival is written in: its media type says the syntax; where at the case door a party's own format is
/// a dialect, its JSON and XML are the dialect's.
fn format(
    request: &HttpRequest,
    channel: Channel,
    peer: &Peer,
    gateway: &Gateway,
    is_message: bool,
) -> Result<Format, Fault> {
    let named = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let named = named.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let registry = gateway.registry.load();
    let own = || peer.hsa_id.as_ref().and_then(|id| Some(registry.partner(id)?.format.model()));
    let format = match (channel, named.as_str()) {
        (Channel::Fhir, "application/fhir+json" | "application/json") => Some(Format::FhirJson),
        (Channel::Fhir, "application/fhir+xml" | "application/xml") if is_message => Some(Format::FhirXml),
        (Channel::Case, "application/json") => match own() {
            Some(Model::Dialect(word)) => Some(Format::DialectJson(word)),
            _ => Some(Format::CaseJson),
        },
        (Channel::Case, "application/xml" | "text/xml") => match own() {
            Some(Model::Dialect(word)) => Some(Format::DialectXml(word)),
            _ => Some(Format::CaseXml),
        },
        _ => None,
    };
    format.ok_or_else(|| Fault::of(Code::MediaType, "Content-Type is not one of this address"))
}

/// The format of a door, where the caller's own is not known.
fn usual(channel: Channel) -> Format {
    match channel {
        Channel::Fhir => Format::FhirJson,
        Channel::Case | Channel::Mllp => Format::CaseJson,
        Channel::Soap(_) => Format::RivTa,
    }
}

pub(super) async fn read(
    request: &HttpRequest,
    mut payload: Payload,
    gateway: &Gateway,
) -> Result<Vec<u8>, Fault> {
    let limit = gateway.config.listen.max_body_bytes;
    let too_large = || Fault::of(Code::TooLarge, format!("the limit is {limit} bytes"));
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse().ok());
    if announced.is_some_and(|n: usize| n > limit) {
        return Err(too_large());
    }
    let whole = async {
        let mut body = Vec::with_capacity(announced.unwrap_or(0).min(limit));
        while let Some(chunk) = payload.next().await {
            let chunk: Bytes = chunk.map_err(|_| Fault::of(Code::SlowBody, "the body broke off"))?;
            if body.len() + chunk.len() > limit {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    };
    let allowed = Duration::from_secs(gateway.config.listen.body_timeout_s);
    match tokio::time::timeout(allowed, whole).await {
        Ok(body) => body,
        Err(_) => Err(Fault::of(Code::SlowBody, format!("not complete after {} seconds", allowed.as_secs()))),
    }
}

pub(super) fn respond(answer: Answer, close: bool) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    response.insert_header((header::CONTENT_TYPE, answer.content_type));
    if matches!(answer.status, 429 | 503) {
        response.insert_header((header::RETRY_AFTER, "5"));
    }
    if close {
        response.force_close();
    }
    response.body(answer.body)
}

async fn nowhere(request: HttpRequest) -> HttpResponse {
    let known = KNOWN.iter().find(|(path, _)| *path == request.path());
    let fault = match known {
        Some((_, method)) => Fault::of(Code::MethodNotAllowed, format!("use {method}")),
        None => Fault::of(Code::NotFound, "no such address"),
    };
    let mut response = respond(acknowledge::refused(style(&request), &fault), true);
    if let Some(method) = known.and_then(|(_, m)| header::HeaderValue::from_str(m).ok()) {
        response.headers_mut().insert(header::ALLOW, method);
    }
    response
}

async fn metadata(request: HttpRequest, gateway: Data<Gateway>) -> HttpResponse {
    let body =
        acknowledge::capability(style(&request), &gateway.config.name, &gateway.clock.now().to_string());
    respond(body, false)
}

async fn health(gateway: Data<Gateway>) -> HttpResponse {
    let alive = gateway.ledger.failure().is_none();
    let body = serde_json::json!({
        "status": if alive { "ok" } else { "store-failed" },
        "rules": gateway.rulebook.load().version(),
    });
    let status = if alive { 200 } else { 503 };
    respond(
        Answer { status, content_type: "application/json".into(), body: body.to_string().into_bytes() },
        false,
    )
}
