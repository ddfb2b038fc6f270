//! The mailbox's addresses: pages, one delivery, receipts, and the stream of server-sent events.
//!
//! Invariant: a call that waits or a stream holds a seat and no thread; it ends when the gateway
//! stops, and a stream also after a while, so that the party proves again who it is. Deliberately
//! absent: any rule about what is handed out.

use super::{
    http::{read, respond, style},
    tls::Gone,
};
use crate::{
    flow::{
        Gateway,
        mailbox::{Cut, Puller},
    },
    model::{Answer, Arrival, Channel, Code, Fault, Format, Peer},
    stage::{acknowledge, mailbox},
};
use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{self, Bytes, Data, Payload},
};
use futures_util::{Stream, StreamExt, stream};
use std::{
    convert::Infallible,
    time::{Duration, Instant},
};

/// Where a party fetches.
pub const MAILBOX: &str = "/case/v1/mailbox";
/// Where it sends its receipts.
pub const RECEIPTS: &str = "/case/v1/mailbox/ack";

/// Silence after which a stream shows that it lives, unless `wait` says another time.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How long a stream lives.
const LIFE: Duration = Duration::from_secs(600);

/// The routes.
pub fn routes(config: &mut web::ServiceConfig) {
    config
        .route(MAILBOX, web::get().to(fetch))
        .route(RECEIPTS, web::post().to(receipts))
        .route("/case/v1/mailbox/{delivery}", web::get().to(one));
}

/// What came, as far as the record needs it: nothing but who.
fn arrival(request: &HttpRequest, gateway: &Gateway) -> Arrival {
    let peer = request.conn_data::<Peer>().cloned();
    let peer = peer.unwrap_or_else(|| Peer { hsa_id: None, serial: "none".into() });
    let (channel, format) = (Channel::Case, Format::CaseJson);
    Arrival { bytes: Vec::new(), channel, format, peer, at: gateway.clock.now() }
}

async fn fetch(request: HttpRequest, gateway: Data<Gateway>) -> HttpResponse {
    let arrival = arrival(&request, &gateway);
    let text = |name| request.headers().get(name).and_then(|v| v.to_str().ok());
    let streams = text("accept").is_some_and(|accept| accept.contains("text/event-stream"));
    let last = text("last-event-id").filter(|_| streams);
    let asked = mailbox::ask(request.query_string(), last)
        .and_then(|ask| Ok((ask, gateway.puller(&arrival.peer, &ask)?)));
    let (ask, mut puller) = match asked {
        Ok(asked) => asked,
        Err(fault) => return refuse(&request, &gateway, &arrival, Cut::Fault(fault)).await,
    };
    if streams {
        let mut response = HttpResponse::Ok();
        response.insert_header((header::CONTENT_TYPE, "text/event-stream"));
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        let silence = if ask.wait.is_zero() { HEARTBEAT } else { ask.wait };
        return response.streaming(lines(gateway, puller, silence, gone(&request)));
    }
    let pulled = tokio::select! {
        pulled = gateway.pull(&mut puller, ask.wait) => pulled,
        // Nobody is there to read what would be handed out.
        () = gone(&request) => Err(Cut::Closing),
    };
    match pulled {
        Ok(lent) => private(respond(mailbox::page(&lent, ask.after), false)),
        Err(Cut::Closing) => private(respond(mailbox::page(&[], ask.after), true)),
        Err(cut) => refuse(&request, &gateway, &arrival, cut).await,
    }
}

/// Resolves when the caller sends no more.
fn gone(request: &HttpRequest) -> impl Future<Output = ()> + 'static {
    let gone = request.conn_data::<Gone>().cloned();
    async move {
        match gone {
            Some(mut gone) => gone.gone().await,
            None => std::future::pending().await,
        }
    }
}

/// A stream of events: what is due, and a comment when nothing is. It asks for more only when the
/// party has taken what there was.
fn lines(
    gateway: Data<Gateway>,
    puller: Puller,
    silence: Duration,
    gone: impl Future<Output = ()> + 'static,
) -> impl Stream<Item = Result<Bytes, Infallible>> {
    let opening = "retry: 3000\n: open\n\n".to_string();
    let until = Instant::now() + LIFE;
    let told = stream::unfold(Some((gateway, puller, Some(opening))), move |state| async move {
        let (gateway, mut puller, opening) = state?;
        if let Some(opening) = opening {
            return Some((Ok(Bytes::from(opening)), Some((gateway, puller, None))));
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return None;
        }
        match gateway.pull(&mut puller, silence.min(left)).await {
            Ok(lent) if lent.is_empty() => {
                Some((Ok(Bytes::from_static(b": nothing new\n\n")), Some((gateway, puller, None))))
            }
            Ok(lent) => Some((Ok(Bytes::from(mailbox::events(&lent))), Some((gateway, puller, None)))),
            Err(cut) => {
                let why = match cut {
                    Cut::Fault(fault) => fault.code().entry().id,
                    Cut::Failure(failure) => failure.code().entry().id,
                    Cut::Closing => "the gateway stops",
                };
                Some((Ok(Bytes::from(format!(": end, {why}\n\n"))), None))
            }
        }
    });
    told.take_until(gone)
}

async fn one(request: HttpRequest, gateway: Data<Gateway>, id: web::Path<String>) -> HttpResponse {
    let arrival = arrival(&request, &gateway);
    match gateway.fetch(&arrival.peer, &id).await {
        Ok(lent) => {
            let delivery = lent.delivery;
            let mut response = HttpResponse::Ok();
            response.insert_header((header::CONTENT_TYPE, delivery.format.media_type()));
            response.insert_header(("X-Sluss-Delivery", delivery.id));
            response.insert_header(("X-Sluss-Message", delivery.message));
            response.insert_header(("X-Sluss-Attempt", delivery.attempt));
            private(response.body(delivery.body))
        }
        Err(cut) => refuse(&request, &gateway, &arrival, cut).await,
    }
}

async fn receipts(request: HttpRequest, gateway: Data<Gateway>, payload: Payload) -> HttpResponse {
    let arrival = arrival(&request, &gateway);
    let named = request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
    let body = match named.split(';').next().map(str::trim) {
        Some("application/json") => read(&request, payload, &gateway).await,
        _ => Err(Fault::of(Code::MediaType, "receipts are application/json")),
    };
    let said = match body {
        Ok(bytes) => mailbox::receipts(&bytes, &arrival.peer, gateway.clock.now()),
        Err(fault) => {
            let mut response = refuse(&request, &gateway, &arrival, Cut::Fault(fault)).await;
            // What is left of the body is not read: the connection ends with the answer.
            response.head_mut().set_connection_type(actix_http::ConnectionType::Close);
            return response;
        }
    };
    let said = match said {
        Ok(said) => said,
        Err(fault) => return refuse(&request, &gateway, &arrival, Cut::Fault(fault)).await,
    };
    let ids: Vec<String> = said.iter().map(|receipt| receipt.delivery.clone()).collect();
    match gateway.receive(&arrival.peer, said).await {
        Ok(states) => private(respond(mailbox::received(&ids, &states), false)),
        Err(cut) => refuse(&request, &gateway, &arrival, cut).await,
    }
}

/// The answer to a call that gets nothing. It goes on record, but for a party that is only too eager.
async fn refuse(request: &HttpRequest, gateway: &Gateway, arrival: &Arrival, cut: Cut) -> HttpResponse {
    let style = style(request);
    let answer: Answer = match cut {
        Cut::Fault(fault) if fault.code() == Code::TooManyPulls => acknowledge::refused(style, &fault),
        Cut::Fault(fault) => gateway.refuse(arrival, None, &fault, style).await,
        Cut::Failure(failure) => acknowledge::failed(style, &failure),
        Cut::Closing => acknowledge::refused(style, &Fault::of(Code::Overloaded, "the gateway stops")),
    };
    respond(answer, false)
}

/// No copy of a message stays on the way.
fn private(mut response: HttpResponse) -> HttpResponse {
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response
}
