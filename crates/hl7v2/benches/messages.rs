//! How long a message takes: to parse, to reach every field, to read every value, to answer, to frame.
//!
//! Invariant: `parse` leaves every field at the same distance, and finds parts below a field when asked; so it
//! stands beside a round that then asks for each field, and one that takes the text of every value. The best of
//! many rounds is printed, because other work on the machine only ever adds. Deliberately absent: statistics.
//!
//! `cargo bench -p sluss-hl7v2 --bench messages -- [--only WORD] [--json]`
#![allow(clippy::unwrap_used, clippy::panic, missing_docs)]

#[path = "../../../benches/watch.rs"]
mod watch;

use hl7v2::ack::{AckCode, Finding, Head, Reply, write};
use hl7v2::mllp::{Frames, frame};
use hl7v2::{Charset, Limits, Message, Path};
use std::hint::black_box;
use watch::Watch;

const HEAD: &str = "MSH|^~\\&|KLINIK^1.2.752.99.1^ISO|REGION NORR|SLUSS|NAMNDEN|20260301093000+0100||ADT^A01^ADT_A01|\
M-20260301-000017|P|2.5.1|||AL|NE|SWE|UNICODE UTF-8\r\
EVN||20260301093000|||ANNA01\r\
PID|1||201503122384^^^SKV&1.2.752.129.2.1.3.1&ISO^NNSE||Ek^Mio^Alva||20150312|F|||Lillgatan 3^^Storstad^^12345^SE\r\
PV1|1|I|BUP^12^2^NORR||||D17^Berg^Siv|||MED||||||||IP|V-889211\r";

const MIDDLE: &str = "PD1||||D17^Berg^Siv^^^Dr~D18^Lund^Ola\r\
NK1|1|Ek^Lo^^^^^L|MTH^mother^HL70063|Lillgatan 3^^Storstad^^12345^SE|070-1740605^PRN^CP||C|||||||||F|19810204\r\
NK1|2|Ek^Kim^^^^^L|FTH^father^HL70063|Storgatan 9^^Storstad^^12346^SE|070-1740606^PRN^CP~08-4651234^WPN^PH||E\r\
ROL|1|AD|CP^Consulting provider^HL70443|D17^Berg^Siv^^^Dr^^^&1.2.752.129.2.1.4.1&ISO|20260301093000\r\
PV2||^sova|||||||20260302|20260308||||||||||||N\r\
OBX|1|CE|46240-8^History of hospitalizations^LN||Y^ja^HL70136||||||F|||20260301\r\
AL1|1|DA^Drug allergy^HL70127|J01CE02^fenoximetylpenicillin^ATC|MO|utslag~klåda|20190611\r\
DG1|1||F432^Anpassningsstörning^ICD-10-SE||20260301|A|||||||||1|D17^Berg^Siv\r";

const OBX: &str = "OBX|2|TX|11488-4^Consultation note^LN|1|Samtal med barnet \\T\\ vårdnadshavare; sover bättre, äter som vanligt.\
|||||||F|||20260301101500+0100||D17^Berg^Siv\r\
NTE|1|L|Tid för uppföljning är bokad~Kallelse lämnas till handläggaren\r";

/// Of the three sizes that the goals are for.
fn sized(size: usize) -> String {
    let mut text = HEAD.to_owned();
    if size > 1000 {
        text.push_str(MIDDLE);
    }
    while text.len() + OBX.len() <= size {
        text.push_str(OBX);
    }
    text.push_str("ZSS|");
    while text.len() + 1 < size {
        text.push('x');
    }
    text.push('\r');
    text
}

fn main() {
    let Some(watch) = Watch::from_args(44) else { return };
    watch.head("HL7 v2 messages");
    for (size, goal) in [(358, 0.8), (1300, 2.0), (8800, 9.0)] {
        let text = sized(size);
        let input = text.as_bytes();
        let kind = format!("{} B", input.len());
        let rounds = 40_000 / size as u32 + 1;
        let parse = || Message::parse(black_box(input)).unwrap_or_else(|f| panic!("{f}"));
        watch.line(&format!("{kind}: parse"), Some(goal), rounds, || drop(black_box(parse())));
        watch.line(&format!("{kind}: parse, ask for every field"), Some(goal), rounds, || {
            let message = parse();
            for segment in message.segments() {
                for field in segment.fields() {
                    black_box(field.raw());
                }
            }
        });
        let path = Path::parse("PID-3.1").unwrap();
        watch.line(&format!("{kind}: parse, PID-3.1 by path"), None, rounds, || {
            drop(black_box(parse().get(&path).unwrap().text().map(|t| t.len())));
        });
        watch.line(&format!("{kind}: parse, text of every value"), None, rounds, || {
            let message = parse();
            for segment in message.segments() {
                for field in segment.fields() {
                    for repetition in field.repetitions() {
                        for component in repetition.components() {
                            for leaf in component.subcomponents() {
                                black_box(leaf.text().map_or(0, |text| text.len()));
                            }
                        }
                    }
                }
            }
        });
        watch.line(&format!("{kind}: parse, check"), None, rounds, || {
            drop(black_box(parse().check(100)));
        });
        let fault = Message::read(b"MSH|^~\\&|\rx", &Limits::default(), Charset::Utf8).unwrap_err();
        let findings: Vec<Finding> = fault.iter().map(Finding::from).collect();
        watch.line(&format!("{kind}: answer"), None, rounds, || {
            let reply =
                Reply { code: AckCode::AE, id: "A-1", at: "20260301093000+0100", findings: &findings };
            drop(black_box(write(&Head::read(input, Charset::Utf8), &reply)));
        });
        let framed = frame(input).unwrap();
        watch.line(&format!("{kind}: take out of its frame"), None, rounds, || {
            drop(black_box(Frames::new(1 << 20).take(&mut framed.as_slice())));
        });
    }
}
