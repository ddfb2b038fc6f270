//! A receiver that takes everything: a real mutual-TLS server that counts effects.
//!
//! Invariant: a delivery id has one effect, however often it comes. Deliberately absent: keeping
//! bodies, so that a long run does not measure memory.

use super::Fail;
use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Bytes, Data},
};
use sluss::{
    config::HsaFrom,
    listen::{
        door::{self, Limits, Stopper},
        tls::Gate,
    },
    pki::TlsFiles,
};
use std::{
    collections::HashSet,
    net::TcpListener,
    sync::{Arc, Mutex, PoisonError},
};

/// The receiving party.
pub struct Receiver {
    /// Where it takes deliveries.
    pub endpoint: String,
    taken: Arc<Mutex<HashSet<String>>>,
    stopper: Stopper,
}

impl Receiver {
    /// Starts on any free port of loopback. Must be called inside a tokio runtime.
    pub fn start(files: &TlsFiles) -> Result<Receiver, Fail> {
        let gate = Gate::load(files, HsaFrom::SerialNumber, jiff::Timestamp::now());
        let gate = Arc::new(gate.map_err(|f| format!("{f:?}"))?);
        let taken: Arc<Mutex<HashSet<String>>> = Arc::default();
        let shared = taken.clone();
        let app = move || {
            let inbox = web::resource("/inbox").route(web::post().to(take));
            actix_web::App::new().app_data(Data::from(shared.clone())).service(inbox)
        };
        let limits = Limits { workers: 1, ..Limits::default() };
        let listener = TcpListener::bind(("127.0.0.1", 0))?;
        let door = door::serve(listener, gate, &limits, Arc::new(|_| {}), app)?;
        let endpoint = format!("https://localhost:{}/inbox", door.address().port());
        let stopper = door.stopper();
        tokio::spawn(door.run());
        Ok(Receiver { endpoint, taken, stopper })
    }

    /// Effects so far.
    pub fn effects(&self) -> u64 {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).len() as u64
    }

    /// Stops listening.
    pub async fn stop(&self) {
        self.stopper.stop().await;
    }
}

async fn take(request: HttpRequest, taken: Data<Mutex<HashSet<String>>>, body: Bytes) -> HttpResponse {
    let id = request.headers().get("X-Sluss-Delivery").and_then(|v| v.to_str().ok());
    let Some(id) = id.filter(|_| !body.is_empty()) else {
        return HttpResponse::BadRequest().finish();
    };
    taken.lock().unwrap_or_else(PoisonError::into_inner).insert(id.to_string());
    HttpResponse::Ok().finish()
}
