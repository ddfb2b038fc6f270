//! What one message costs on its way to the ledger: microseconds and allocations per stage.
//!
//! Invariant: the stages' own functions on the same message as in `gateway`; inputs are made outside
//! the time. The best of many rounds is printed, because other work on the machine only ever adds.
//! The allocator that counts is the system's, not the faster one of the binary, and counting costs some
//! nanoseconds per allocation: both are in the times. Deliberately absent: ledger, network, threads.
//!
//! `cargo bench --bench stages -- --seconds 1`; `--only WORD` for one stage, e.g. under a profiler.

use aws_lc_rs::digest;
use sluss::{
    config::Config,
    conformance::message::Fhir,
    ledger::NewDelivery,
    model::{Answer, Arrival, Channel, Code, Decision, Event, Fault, Format, HsaId, Message, Partner, Peer},
    pki::GATEWAY_HSA_ID,
    registry::Registry,
    rulebook::{Rulebook, Source, example_agreement},
    stage::{
        acknowledge::{self, Lang, Style, Syntax},
        decode::{self, Decoded},
        identify,
        permit::{self, Facts, Permitted},
        record, route, translate,
        validate::{self, Rules, Valid},
    },
};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use std::{
    alloc::System,
    error::Error,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const STYLE: Style = Style { channel: Channel::Fhir, lang: Lang::En, syntax: Syntax::Json, asked: None };
const MAX_BYTES: usize = 2 << 20;
const ROUND: usize = 32;
const PARTIES: [(&str, &str, &str, &str); 2] = [
    ("region", "SE2321009900-REG1", "region", "fhir-r4-json"),
    ("granvik", "SE2120009903-SOC1", "municipality", "case-json"),
];

/// Everything that a stage is handed.
struct World {
    config: Config,
    registry: Registry,
    rulebook: Rulebook,
    from: Arc<Partner>,
    arrival: Arrival,
}

impl World {
    fn new() -> Result<World, Box<dyn Error>> {
        let dir = tempfile::tempdir()?;
        let own = format!(
            "mode = \"test\"\nhsa_id = \"{GATEWAY_HSA_ID}\"\nname = \"bench\"\n\
             [tls]\ncertificate = \"a.pem\"\nkey = \"a.key\"\nclient_ca = \"ca.pem\"\n"
        );
        std::fs::write(dir.path().join("sluss.toml"), own)?;
        for sub in ["partners", "agreements"] {
            std::fs::create_dir(dir.path().join(sub))?;
        }
        std::fs::write(dir.path().join("agreements/lan.toml"), example_agreement())?;
        for (stem, id, kind, format) in PARTIES {
            let text = format!(
                "name = \"{stem}\"\nhsa_id = \"{id}\"\nkind = \"{kind}\"\nformat = \"{format}\"\n\
                 endpoint = \"https://localhost:9/inbox\"\nhandles_protected = true\n"
            );
            std::fs::write(dir.path().join(format!("partners/{stem}.toml")), text)?;
        }
        let config = Config::load(&dir.path().join("sluss.toml")).map_err(|p| format!("{p:?}"))?;
        let rulebook = Rulebook::load(&Source::Embedded).map_err(|p| format!("{p:?}"))?;
        let registry = Registry::new(&config);
        let at = jiff::Timestamp::now();
        let message = Fhir::fresh("admission-notice/valid-1-four-fields.json", "BENCH-000000000000", at);
        let bytes = message.case("CASE-000000000000").0.to_string().into_bytes();
        let peer = Peer { hsa_id: HsaId::parse(PARTIES[0].1), serial: "01".into() };
        let arrival = Arrival { bytes, channel: Channel::Fhir, format: Format::FhirJson, peer, at };
        let from = identify::caller(&arrival.peer, &registry).map_err(|f| format!("{f:?}"))?;
        Ok(World { config, registry, rulebook, from, arrival })
    }

    fn decode(&self) -> Result<Message, Fault> {
        match decode::message(&self.arrival, &self.from, &self.rulebook, MAX_BYTES)? {
            Decoded::Message(message) => Ok(*message),
            Decoded::Noted(_) => Err(Fault::of(Code::NotSentOn, "the message of a bench is carried")),
        }
    }

    fn validate(&self, message: Message) -> Result<Valid, Fault> {
        let rules = Rules {
            registry: &self.registry,
            rulebook: &self.rulebook,
            mode: self.config.mode,
            skew: jiff::SignedDuration::from_mins(self.config.clock_skew_minutes),
            now: self.arrival.at,
            known: &Default::default(),
        };
        validate::message(message, self.from.clone(), &self.arrival.bytes, &rules)
    }

    fn decide(&self, valid: &Valid) -> Decision {
        let facts = Facts::of(valid.envelope());
        permit::decide(&facts, valid.rule(), valid.from(), valid.to(), Ok(&[]), self.arrival.at)
    }

    fn permit(&self, valid: Valid) -> Result<Permitted, Fault> {
        let decision = self.decide(&valid);
        permit::apply(valid, decision)
    }

    fn render(&self, permitted: &Permitted) -> Result<translate::Rendered, Fault> {
        translate::render(permitted, &self.arrival.bytes, &self.rulebook)
    }

    /// Delivery, answer and events.
    fn wrap(
        &self,
        permitted: &Permitted,
        rendered: translate::Rendered,
    ) -> (NewDelivery, Answer, Vec<Event>) {
        let now = self.arrival.at;
        let hours = jiff::SignedDuration::from_hours(72);
        let delivery = route::delivery(permitted, rendered, uuid::Uuid::now_v7().to_string(), now, hours);
        let id = uuid::Uuid::now_v7().to_string();
        let notes = acknowledge::notes(permitted.valid().notes(), permitted.removed(), None);
        let envelope = permitted.valid().envelope();
        let answer = acknowledge::accepted(STYLE, &id, &envelope.id, envelope.reference.as_deref(), &notes);
        let events = record::accepted(&id, permitted, &delivery.id, None, now);
        (delivery, answer, events)
    }

    fn whole(&self) -> Result<(NewDelivery, Answer, Vec<Event>), Fault> {
        let message = self.decode()?;
        identify::agrees(&self.from, &message.envelope)?;
        black_box(self.hash());
        let permitted = self.permit(self.validate(message)?)?;
        let rendered = self.render(&permitted)?;
        Ok(self.wrap(&permitted, rendered))
    }

    fn hash(&self) -> digest::Digest {
        digest::digest(&digest::SHA256, &self.arrival.bytes)
    }
}

/// Prints a line per stage.
struct Watch {
    lasts: Duration,
    only: Option<String>,
}

impl Watch {
    fn stage<I, O>(&self, name: &str, make: impl Fn() -> I, work: impl Fn(I) -> O) {
        if self.only.as_deref().is_some_and(|only| !name.contains(only)) {
            return;
        }
        let began = Instant::now();
        let (mut best, mut spent) = (f64::INFINITY, Default::default());
        while began.elapsed() < self.lasts {
            let inputs: Vec<I> = (0..ROUND).map(|_| make()).collect();
            let mut outputs = Vec::with_capacity(ROUND);
            let region = Region::new(ALLOCATOR);
            let start = Instant::now();
            outputs.extend(inputs.into_iter().map(|i| black_box(work(black_box(i)))));
            let took = start.elapsed().as_nanos() as f64 / 1e3 / ROUND as f64;
            spent = region.change();
            best = best.min(took);
        }
        let each = |n: usize| n as f64 / ROUND as f64;
        let allocated = each(spent.allocations + spent.reallocations);
        println!("{name:<46} {best:>9.2} {allocated:>8.0} {:>10.0}", each(spent.bytes_allocated));
    }
}

fn option(name: &str) -> Option<String> {
    let mut args = std::env::args().skip_while(|a| a != name);
    args.nth(1)
}

fn main() -> Result<(), Box<dyn Error>> {
    let world = World::new()?;
    world.whole().map_err(|f| format!("{f:?}"))?;
    if !std::env::args().any(|a| a == "--bench") {
        println!("nothing measured: run by `cargo bench`, or with --bench");
        return Ok(());
    }
    let seconds = option("--seconds").and_then(|s| s.parse().ok()).unwrap_or(1.0);
    let watch = Watch { lasts: Duration::from_secs_f64(seconds), only: option("--only") };
    println!("one admission notice of {} bytes (JSON)\n", world.arrival.bytes.len());
    println!("{:<46} {:>9} {:>8} {:>10}", "stage", "µs", "allocs", "bytes");
    let (message, valid) = (|| world.decode(), || world.decode().and_then(|m| world.validate(m)));
    let permitted = || valid().and_then(|v| world.permit(v));
    watch.stage("decode: bytes to tree and envelope", || (), |()| world.decode());
    watch.stage("hash: SHA-256 of the bytes", || (), |()| world.hash());
    watch.stage("validate: all of it", message, |m| m.and_then(|m| world.validate(m)));
    watch.stage("  of which profile and invariants", message, |m| {
        m.map(|mut m| world.rulebook.check_profile(&mut m.tree, &m.envelope.event))
    });
    watch.stage("  of which a copy of the tree", message, |m| m.map(|m| (m.tree.clone(), m)));
    watch.stage("permit: decide, whitelist, protection", valid, |v| v.and_then(|v| world.permit(v)));
    watch.stage("  of which decide", valid, |v| v.map(|v| (world.decide(&v), v)));
    watch.stage("translate: map and write", permitted, |p| p.and_then(|p| Ok((world.render(&p)?, p))));
    let rendered = || permitted().and_then(|p| Ok((world.render(&p)?, p)));
    watch.stage("route, acknowledge, record", rendered, |r| r.map(|(r, p)| (world.wrap(&p, r), p)));
    watch.stage("whole: all stages, no ledger", || (), |()| world.whole());
    Ok(())
}
