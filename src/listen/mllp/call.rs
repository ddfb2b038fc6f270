//! One connection: its frames one after another, each message answered before the next is looked at.
//!
//! Invariant: a message's answer leaves after its record; a frame that is none is answered where it can be, is on
//! record, and ends the connection, because what follows could be taken for another message. A frame has a
//! limited time however slowly it comes. What the gateway cannot take now ends the connection too, so that nothing sent
//! behind it overtakes it. Deliberately absent: messages of one connection side by side; their
//! order is the order of what happened.

use super::REST;
use crate::{
    config::Mllp,
    flow::Gateway,
    listen::tls::{self, Line},
    model::{Arrival, Channel, Code, Fault, Finding, Format},
    stage::acknowledge::Asked,
};
use hl7v2::{
    Batches, Limits,
    mllp::{FrameFault, Frames, Misframed},
};
use std::{sync::Arc, time::Duration};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    sync::watch,
    time::{Instant, timeout, timeout_at},
};

/// The connection is over.
struct Over;

/// A connection that is served.
pub struct Call {
    line: Line,
    gateway: Arc<Gateway>,
    frames: Frames,
    most: usize,
    idle: Duration,
    frame: Duration,
    /// When the frame that has begun must be whole.
    deadline: Option<Instant>,
}

/// What came next.
enum Came {
    Bytes(usize),
    Closed,
    Nothing,
    Stop,
}

impl Call {
    /// Of a caller who has proved who it is.
    pub fn new(line: Line, gateway: Arc<Gateway>, limits: &Mllp) -> Call {
        Call {
            line,
            gateway,
            frames: Frames::new(limits.max_frame_bytes),
            most: limits.max_frame_bytes,
            idle: Duration::from_secs(limits.idle_s),
            frame: Duration::from_secs(limits.frame_s),
            deadline: None,
        }
    }

    /// Serves it to its end.
    pub async fn run(mut self, mut stopping: watch::Receiver<bool>) {
        let mut buffer = vec![0; 16 * 1024];
        loop {
            let between = self.frames.is_between();
            let until = self.deadline.unwrap_or_else(|| Instant::now() + self.idle);
            let came = tokio::select! {
                read = timeout_at(until, self.line.read(&mut buffer)) => match read {
                    Ok(Ok(n)) if n > 0 => Came::Bytes(n),
                    Ok(_) => Came::Closed,
                    Err(_) => Came::Nothing,
                },
                _ = stopping.wait_for(|stop| *stop), if between => Came::Stop,
            };
            let went_on = match came {
                Came::Bytes(n) => self.take(buffer.get(..n).unwrap_or_default()).await,
                Came::Stop => Err(Over),
                Came::Closed | Came::Nothing if between => Err(Over),
                Came::Closed => self.refuse(half("the connection closed within a frame")).await,
                Came::Nothing => {
                    let detail = format!("not complete after {} seconds", self.frame.as_secs());
                    self.refuse(half(detail)).await
                }
            };
            if went_on.is_err() {
                return tls::part(self.line, REST).await;
            }
        }
    }

    /// Takes a piece of the stream: every whole message in it is answered.
    async fn take(&mut self, mut piece: &[u8]) -> Result<(), Over> {
        loop {
            match self.frames.take(&mut piece) {
                Ok(Some(message)) => {
                    self.answer(message).await?;
                    self.deadline = None;
                }
                Ok(None) if self.frames.is_between() => return Ok(()),
                Ok(None) => {
                    self.deadline.get_or_insert_with(|| Instant::now() + self.frame);
                    return Ok(());
                }
                Err(fault) => return self.refuse(misframed(fault)).await,
            }
        }
    }

    /// Answers a frame: one message, or the messages of a batch, each for itself.
    async fn answer(&mut self, frame: Vec<u8>) -> Result<(), Over> {
        if !(frame.starts_with(b"FHS") || frame.starts_with(b"BHS")) {
            return self.admit(frame).await;
        }
        let limits = Limits { bytes: self.most, ..Limits::default() };
        match Batches::read(&frame, &limits) {
            Ok(batches) if batches.is_whole() => {
                for message in batches.messages() {
                    self.admit(message.to_vec()).await?;
                }
                Ok(())
            }
            Ok(_) => {
                let detail = "BTS or FTS is missing at the end";
                self.say_no(frame, Fault::of(Code::BrokenBatch, detail)).await
            }
            Err(faults) => {
                let finding = |f: hl7v2::Fault| {
                    let detail = format!("{}: {}; {}", f.place, f.what, f.remedy);
                    Finding::error(Code::BrokenBatch, detail)
                };
                let fault = Fault::from_errors(faults.into_iter().map(finding).collect());
                self.say_no(frame, fault).await
            }
        }
    }

    /// One message through every stage.
    async fn admit(&mut self, message: Vec<u8>) -> Result<(), Over> {
        let arrival = self.arrival(message);
        let asked = self.asked(&arrival.bytes);
        let style = asked.style();
        let answer = self.gateway.admit(&arrival, style).await;
        self.send(&answer.body).await?;
        // What was not stored for our own sake comes again: what is behind it must not be taken before that.
        if answer.status >= 500 { Err(Over) } else { Ok(()) }
    }

    /// A fault of the stream: answered as far as can be, and the connection is over.
    async fn refuse(&mut self, fault: Fault) -> Result<(), Over> {
        let begun = self.frames.begun().to_vec();
        let _ = self.say_no(begun, fault).await;
        Err(Over)
    }

    /// Records a fault of a frame and answers with it. Only the head of what came is looked at.
    async fn say_no(&mut self, bytes: Vec<u8>, fault: Fault) -> Result<(), Over> {
        let arrival = self.arrival(bytes);
        let asked = self.asked(&arrival.bytes);
        let style = asked.style();
        let answer = self.gateway.refuse(&arrival, asked.control_id(), &fault, style).await;
        self.send(&answer.body).await
    }

    fn arrival(&self, bytes: Vec<u8>) -> Arrival {
        Arrival {
            bytes,
            channel: Channel::Mllp,
            format: Format::Hl7v2,
            peer: self.line.peer().clone(),
            at: self.gateway.clock.now(),
        }
    }

    fn asked<'a>(&self, bytes: &'a [u8]) -> Asked<'a> {
        Asked::of(bytes, &self.gateway.entropy.uuid(), self.gateway.clock.now())
    }

    /// Writes an answer; a caller that does not take it in time is gone, and asks again if it wants to know.
    async fn send(&mut self, bytes: &[u8]) -> Result<(), Over> {
        let sending = async {
            self.line.write_all(bytes).await?;
            self.line.flush().await
        };
        match timeout(self.frame, sending).await {
            Ok(Ok(())) => Ok(()),
            _ => Err(Over),
        }
    }
}

fn half(detail: impl Into<String>) -> Fault {
    Fault::of(Code::HalfFrame, detail)
}

fn misframed(fault: FrameFault) -> Fault {
    let code = match fault.kind {
        Misframed::Outside => Code::OutsideFrame,
        Misframed::Nested | Misframed::Unended => Code::BrokenFrame,
        Misframed::TooLong { .. } => Code::TooLarge,
        Misframed::Cut => Code::HalfFrame,
    };
    Fault::of(code, fault.to_string())
}
