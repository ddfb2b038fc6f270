//! A caller that sends HL7 v2 without TLS: told so in its own protocol, and nothing taken.
//!
//! Invariant: the answer is `AR`, never an acceptance; what was sent is not looked at beyond its MSH and is
//! dropped; the caller's certificate is unknown, so it is nobody. Deliberately absent: waiting for the rest.

use super::REST;
use crate::{
    flow::Gateway,
    listen::tls,
    model::{Code, Fault},
    stage::acknowledge::{self, Asked},
};
use hl7v2::mllp::Frames;
use std::time::Duration;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

/// What is read of it, and for how long: enough for the answer to name the message.
const FIRST: (usize, Duration) = (4096, Duration::from_secs(2));

/// Does the caller begin an MLLP frame? (TLS begins with 16, in hexadecimal.)
pub async fn is(tcp: &TcpStream) -> bool {
    let mut first = [0];
    matches!(tcp.peek(&mut first).await, Ok(1)) && first == [0x0b]
}

/// Answers `AR` and closes.
pub async fn refuse(mut tcp: TcpStream, gateway: &Gateway) {
    let mut frames = Frames::new(FIRST.0);
    let mut whole = None;
    let reading = async {
        let mut buffer = [0; 1024];
        while let Ok(n) = tcp.read(&mut buffer).await {
            let mut piece = buffer.get(..n).unwrap_or_default();
            match frames.take(&mut piece) {
                Ok(None) if n > 0 => {}
                taken => {
                    whole = taken.ok().flatten();
                    break;
                }
            }
        }
    };
    let _ = timeout(FIRST.1, reading).await;
    let begun = whole.as_deref().unwrap_or(frames.begun());
    let asked = Asked::of(begun, &gateway.entropy.uuid(), gateway.clock.now());
    let fault = Fault::of(Code::PlainText, "nothing of it was taken");
    let answer = acknowledge::refused(asked.style(), &fault);
    let _ = timeout(FIRST.1, tcp.write_all(&answer.body)).await;
    tls::part(tcp, REST).await;
}
