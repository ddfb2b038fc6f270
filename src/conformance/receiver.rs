//! A partner that receives: a real HTTPS server with its own certificate that remembers what came.
//!
//! Invariant: a delivery id has one effect, however often it comes; order of effects is kept.

use crate::{
    config::HsaFrom,
    listen::{
        door::{self, Limits, Stopper},
        tls::Gate,
    },
    model::{Finding, Peer, arrival::DOMAIN},
    pki::TlsFiles,
};
use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Bytes, Data},
};
use jiff::Timestamp;
use std::{
    collections::{HashSet, VecDeque},
    net::TcpListener,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// How the next delivery is treated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Conduct {
    /// Takes it and answers 200.
    Accept,
    /// Answers this status without effect.
    Status(u16),
    /// Takes it, then answers this status: the effect is there, the answer says otherwise.
    Mislead(u16),
    /// Takes it, then keeps the answer this long.
    Slow(Duration),
    /// Answers this status with this XML, without effect.
    Says(u16, &'static str),
}

/// One delivery that came in.
#[derive(Clone, Debug)]
pub struct Received {
    /// `X-Sluss-Delivery`.
    pub delivery: String,
    /// `X-Sluss-Message`.
    pub message: String,
    /// HSA-id of the certificate that it came with.
    pub from: String,
    /// Media type.
    pub content_type: String,
    /// `SOAPAction`, with its quotes; empty where it is no SOAP call.
    pub action: String,
    /// Body.
    pub body: Vec<u8>,
    /// Was it the first with its delivery id, and accepted?
    pub effect: bool,
}

#[derive(Default)]
struct Memory {
    received: Vec<Received>,
    effects: HashSet<String>,
    script: VecDeque<Conduct>,
    always: Option<Conduct>,
}

/// A receiving partner.
pub struct Receiver {
    /// Where it listens: `https://localhost:PORT/inbox`.
    pub endpoint: String,
    memory: Arc<Mutex<Memory>>,
    stopper: Stopper,
}

impl Receiver {
    /// Starts on `port` of loopback, 0 for any. Must be called inside a tokio runtime.
    pub fn start(files: &TlsFiles, port: u16, now: Timestamp) -> Result<Receiver, Vec<Finding>> {
        let fail = |e: std::io::Error| vec![Finding::error(crate::model::Code::Internal, e.to_string())];
        let gate = Arc::new(Gate::load(files, HsaFrom::SerialNumber, now)?);
        let listener = TcpListener::bind(("127.0.0.1", port)).map_err(fail)?;
        let memory: Arc<Mutex<Memory>> = Arc::default();
        let shared = memory.clone();
        let app = move || {
            let inbox = web::resource("/inbox")
                .app_data(web::PayloadConfig::new(16 << 20))
                .route(web::post().to(take));
            actix_web::App::new().app_data(Data::from(shared.clone())).service(inbox)
        };
        let limits = Limits { workers: 1, stop: Duration::from_secs(1), ..Limits::default() };
        let door = door::serve(listener, gate, &limits, Arc::new(|_| {}), app).map_err(fail)?;
        let endpoint = format!("https://localhost:{}/inbox", door.address().port());
        let stopper = door.stopper();
        tokio::spawn(door.run());
        Ok(Receiver { endpoint, memory, stopper })
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Treats the next deliveries so, one each; then accepts again.
    pub fn script(&self, conduct: impl IntoIterator<Item = Conduct>) {
        self.memory().script.extend(conduct);
    }

    /// Treats every delivery so until told otherwise.
    pub fn always(&self, conduct: Option<Conduct>) {
        self.memory().always = conduct;
    }

    /// Everything that came in, in order.
    pub fn received(&self) -> Vec<Received> {
        self.memory().received.clone()
    }

    /// What had an effect, in order.
    pub fn effects(&self) -> Vec<Received> {
        self.memory().received.iter().filter(|r| r.effect).cloned().collect()
    }

    /// Stops listening.
    pub async fn stop(&self) {
        self.stopper.stop().await;
    }
}

async fn take(request: HttpRequest, memory: Data<Mutex<Memory>>, body: Bytes) -> HttpResponse {
    let header = |name: &str| {
        request.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default().to_string()
    };
    let from = request.conn_data::<Peer>().and_then(|p| p.hsa_id.as_ref().map(|h| h.to_string()));
    let conduct = {
        let mut memory = memory.lock().unwrap_or_else(PoisonError::into_inner);
        let conduct = memory.script.pop_front().or(memory.always).unwrap_or(Conduct::Accept);
        let delivery = header("X-Sluss-Delivery");
        let takes = !matches!(conduct, Conduct::Status(_) | Conduct::Says(..));
        let effect = takes && memory.effects.insert(delivery.clone());
        memory.received.push(Received {
            delivery,
            message: header("X-Sluss-Message"),
            from: from.unwrap_or_default(),
            content_type: header("Content-Type"),
            action: header("SOAPAction"),
            body: body.to_vec(),
            effect,
        });
        conduct
    };
    let status = match conduct {
        Conduct::Accept => 200,
        Conduct::Status(status) | Conduct::Mislead(status) | Conduct::Says(status, _) => status,
        Conduct::Slow(time) => {
            tokio::time::sleep(time).await;
            200
        }
    };
    let status = actix_web::http::StatusCode::from_u16(status).unwrap_or_default();
    let mut response = HttpResponse::build(status);
    match conduct {
        Conduct::Says(_, text) => response.content_type(soap::MEDIA_TYPE).body(text),
        _ if status.is_success() && !header("SOAPAction").is_empty() => {
            response.content_type(soap::MEDIA_TYPE).body(taken(&body))
        }
        _ => response.finish(),
    }
}

/// The response of the e-referral contract to a call that was taken.
fn taken(call: &[u8]) -> String {
    let limits = fhir::json::Limits::default();
    let Ok(opened) = soap::open(call, &limits) else { return String::new() };
    let (name, namespace) = (opened.body.name, opened.body.namespace);
    let result = format!("<result><resultCode xmlns=\"{DOMAIN}:1\">OK</resultCode></result>");
    soap::wrap(None, &format!("<{name}Response xmlns=\"{namespace}\">{result}</{name}Response>"))
}
