//! One HL7 v2 message per delivery over MLLP and TLS, and what its acknowledgement means.
//!
//! Invariant: `NotSent` is said only while the frame's end has not left us (before it the receiver has no whole
//! message), or when the receiver says that the trouble is its own; `Delivered` only on `AA` or `CA` for the id
//! that was sent; everything between is `Unknown`. A connection that has given anything but the one answer
//! asked for is closed, and what came is on record. Deliberately absent: a second try, and any change to the
//! message but MSH-15 and MSH-16, which are agreed from door to door.

mod answer;
mod line;
mod outgoing;
mod rest;

use super::tls;
use crate::{
    model::{Code, Delivery, Fault, Finding, HsaId, Outcome, Partner},
    pki::TlsFiles,
    port::{Courier, Pending},
};
use answer::{Answer, Verdict};
use hl7v2::ack::AckCode;
use jiff::Timestamp;
use line::{Broken, Line};
use outgoing::Outgoing;
use rest::Resting;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::Semaphore,
    time::{Instant, timeout, timeout_at},
};

/// Longest time until a connection stands; less for partners with little time.
const CONNECT: Duration = Duration::from_secs(5);

/// How long an answer is waited for after the attempt is over: it cannot change the outcome, but whoever decides
/// about an unknown one wants to know of it.
const LATE: Duration = Duration::from_secs(60);

/// Connections that wait for a late answer at most: a receiver that answers nothing must not hold one per attempt.
const LATE_LINES: usize = 64;

/// What a receiver sent when nothing was asked of it any more.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unasked {
    /// Late, or of another message.
    pub code: Code,
    /// The gateway's id of the message whose attempt it came after.
    pub message: String,
    /// The gateway's id of the delivery.
    pub delivery: String,
    /// Who sent it.
    pub receiver: HsaId,
    /// Its acknowledgement code, if it is one that there is.
    pub acknowledgement: Option<&'static str>,
}

/// Who hears of what came unasked.
pub type Sink = Arc<dyn Fn(Unasked) + Send + Sync>;

/// Carries deliveries over MLLP with our certificate.
pub struct MllpCourier {
    tls: Arc<tls::ClientConfig>,
    resting: Resting,
    late: Arc<Semaphore>,
    sink: Sink,
}

impl MllpCourier {
    /// Reads certificate, key and the authorities that receivers' certificates must come from.
    pub fn load(files: &TlsFiles, now: Timestamp, sink: Sink) -> Result<MllpCourier, Vec<Finding>> {
        let mut tls = tls::load(files, now)?;
        // MLLP has no name among TLS's application protocols.
        tls.alpn_protocols = Vec::new();
        let late = Arc::new(Semaphore::new(LATE_LINES));
        Ok(MllpCourier { tls: Arc::new(tls), resting: Resting::default(), late, sink })
    }

    async fn attempt(&self, partner: &Partner, delivery: &Delivery) -> Outcome {
        let whole = Duration::from_secs(partner.timeout_s.max(1).into());
        let deadline = Instant::now() + whole;
        let Outgoing { frame, id } = match Outgoing::of(&delivery.body, partner.acknowledgement) {
            Ok(outgoing) => outgoing,
            Err(detail) => return Outcome::NotSent(Fault::of(Code::Internal, detail)),
        };
        let mut line = match self.line(partner, CONNECT.min(whole / 2)).await {
            Ok(line) => line,
            Err(fault) => return Outcome::NotSent(fault),
        };
        match timeout_at(deadline, line.begin(&frame)).await {
            Ok(Ok(())) => {}
            Ok(Err(broken)) => return Outcome::NotSent(unsent(&broken)),
            Err(_) => {
                let detail = "the receiver did not take the whole message within the time allowed";
                return Outcome::NotSent(Fault::of(Code::ReceiverUnreachable, detail));
            }
        }
        // From here on the receiver may have a whole message.
        let answer = match timeout_at(deadline, line.finish(&frame)).await {
            Ok(Ok(answer)) => Answer::read(&answer, &id),
            Ok(Err(broken)) => return unanswered(broken),
            Err(_) => {
                self.wait_on(line, partner, delivery, id);
                let detail = "sent, but no acknowledgement within the time allowed";
                return Outcome::Unknown(Fault::of(Code::ReceiverSlow, detail));
            }
        };
        let outcome = outcome(&answer);
        if answer.is_ours() {
            let unasked = self.unasked(partner, delivery, Code::ForeignAnswer);
            self.resting.keep(
                &partner.endpoint,
                line,
                partner.in_flight as usize,
                unasked,
                self.sink.clone(),
            );
        }
        outcome
    }

    /// A connection that rested, if there is a good one, or a new one.
    async fn line(&self, partner: &Partner, limit: Duration) -> Result<Line, Fault> {
        if let Some(line) = self.resting.take(&partner.endpoint).await {
            return Ok(line);
        }
        let fault = |code, detail: &str| Fault::of(code, detail);
        match timeout(limit, Line::open(&self.tls, &partner.endpoint)).await {
            Ok(opened) => opened,
            Err(_) => Err(fault(Code::ReceiverUnreachable, "no connection within the time allowed")),
        }
    }

    fn unasked(&self, partner: &Partner, delivery: &Delivery, code: Code) -> Unasked {
        Unasked {
            code,
            message: delivery.message.clone(),
            delivery: delivery.id.clone(),
            receiver: partner.hsa_id.clone(),
            acknowledgement: None,
        }
    }

    /// Waits for the answer that came too late for the attempt, tells of it, and closes; where too many wait already, the
    /// connection is closed at once.
    fn wait_on(&self, mut line: Line, partner: &Partner, delivery: &Delivery, id: Vec<u8>) {
        let (sink, mut unasked) = (self.sink.clone(), self.unasked(partner, delivery, Code::LateAnswer));
        let Ok(seat) = self.late.clone().try_acquire_owned() else { return };
        tokio::spawn(async move {
            let _seat = seat;
            let Ok(Ok(frame)) = timeout(LATE, line.answer()).await else { return };
            let answer = Answer::read(&frame, &id);
            if !answer.is_ours() {
                unasked.code = Code::ForeignAnswer;
            }
            unasked.acknowledgement = answer.code.map(AckCode::name);
            sink(unasked);
            line.close().await;
        });
    }
}

impl Courier for MllpCourier {
    fn deliver<'a>(&'a self, partner: &'a Partner, delivery: &'a Delivery) -> Pending<'a, Outcome> {
        Box::pin(self.attempt(partner, delivery))
    }
}

/// What an acknowledgement says of the attempt.
fn outcome(answer: &Answer) -> Outcome {
    let code = answer.code.map_or("nothing", AckCode::name);
    match answer.verdict {
        Verdict::Taken => Outcome::Delivered,
        Verdict::NotNow => {
            let detail = format!("acknowledged {code}, the trouble is the receiver's own (ERR-3 206 or 207)");
            Outcome::NotSent(Fault::of(Code::ReceiverBusy, detail))
        }
        Verdict::Refused => {
            let told: Vec<String> = answer.conditions.iter().map(u16::to_string).collect();
            let told = told.join(", ");
            let with = if told.is_empty() { String::new() } else { format!(" with ERR-3 {told}") };
            Outcome::Refused(Fault::of(Code::ReceiverRefused, format!("acknowledged {code}{with}")))
        }
        Verdict::Foreign => {
            let detail = "sent, but MSA-2 of the answer is not MSH-10 of what was sent";
            Outcome::Unknown(Fault::of(Code::ForeignAnswer, detail))
        }
        Verdict::NoAcknowledgement => {
            let detail = "sent, but the answer is no HL7 v2 acknowledgement";
            Outcome::Unknown(Fault::of(Code::ReceiverGarbage, detail))
        }
    }
}

/// The connection broke before the frame's end had left us.
fn unsent(broken: &Broken) -> Fault {
    match broken {
        Broken::Tls(detail) => Fault::of(Code::ReceiverTls, detail),
        Broken::Closed | Broken::Frame => {
            Fault::of(Code::ReceiverUnreachable, "the connection broke before the whole message had left")
        }
    }
}

/// It broke after that.
fn unanswered(broken: Broken) -> Outcome {
    match broken {
        // Said by the receiver's TLS, before its application got a byte.
        Broken::Tls(detail) => Outcome::NotSent(Fault::of(Code::ReceiverTls, detail)),
        Broken::Closed => {
            let detail = "sent, but the connection closed without an acknowledgement";
            Outcome::Unknown(Fault::of(Code::ReceiverGarbage, detail))
        }
        Broken::Frame => {
            let detail = "sent, but the answer is not one MLLP frame of at most 1 MiB";
            Outcome::Unknown(Fault::of(Code::ReceiverGarbage, detail))
        }
    }
}
