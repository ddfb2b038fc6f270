//! How fast the gateway takes and delivers messages, beside the floor that no gateway of this kind
//! can beat: the same TLS door with the same group commit and nothing else.
//!
//! Invariant: gateway and floor are processes of their own, measured in the same run by the same
//! client with the same bytes; an acknowledgement counts only with status 202, an effect only once
//! per delivery id; after each row the ledger must agree with both counts, else the run fails.
//! Deliberately absent: a verdict (the machine differs), and any network but loopback.
//!
//! `cargo bench --bench gateway -- --seconds 10 --rounds 2`

mod disk;
mod floor;
mod load;
mod receiver;
mod report;
mod site;

use clap::Parser;
use report::{Row, Who};
use std::{error::Error, path::PathBuf, process::ExitCode, time::Duration};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Whatever stops the bench.
type Fail = Box<dyn Error + Send + Sync>;

/// Options.
#[derive(Parser, Clone)]
#[command(about = "Durable messages per second, end to end, beside the floor")]
struct Args {
    /// Seconds that each row is measured.
    #[arg(long, default_value_t = 10.0)]
    seconds: f64,
    /// Seconds of load before each measurement.
    #[arg(long, default_value_t = 2.0)]
    warm_up: f64,
    /// Seconds that the gateway may take to deliver what is left, per row.
    #[arg(long, default_value_t = 60.0)]
    drain: f64,
    /// Connections, one row each.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 8, 64])]
    connections: Vec<usize>,
    /// Runs of each row; the best of gateway and floor each is shown.
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// Deliveries under way to the receiver at once.
    #[arg(long, default_value_t = 16)]
    in_flight: usize,
    /// Where state is kept while the bench runs: a real disk, not memory.
    #[arg(long, default_value = env!("CARGO_TARGET_TMPDIR"))]
    dir: PathBuf,
    /// Another gateway binary, e.g. an older one.
    #[arg(long, default_value = env!("CARGO_BIN_EXE_sluss"))]
    gateway: PathBuf,
    /// Leave out the floor.
    #[arg(long)]
    no_floor: bool,
    /// Serve as the floor for the site in this folder until standard input ends.
    #[arg(long, hide = true)]
    floor: Option<PathBuf>,
    /// With `--floor`: send each body on, too.
    #[arg(long, hide = true)]
    carries: bool,
    /// Given by `cargo bench`; `cargo test --all-targets` does not, and then nothing is measured.
    #[arg(long, hide = true)]
    bench: bool,
}

impl Args {
    fn window(&self) -> load::Window {
        load::Window {
            warm_up: Duration::from_secs_f64(self.warm_up),
            measured: Duration::from_secs_f64(self.seconds),
            drain: Duration::from_secs_f64(self.drain),
        }
    }
}

fn main() -> ExitCode {
    let args = Args::parse();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let ended = runtime.map_err(Fail::from).and_then(|runtime| {
        runtime.block_on(async {
            match &args.floor {
                Some(dir) => floor::serve(dir, args.carries).await,
                None if args.bench => run(&args).await,
                None => {
                    println!("nothing measured: run by `cargo bench`, or with --bench");
                    Ok(())
                }
            }
        })
    });
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(args: &Args) -> Result<(), Fail> {
    std::fs::create_dir_all(&args.dir)?;
    disk::must_be_real(&args.dir)?;
    let (message, hl7v2) = (load::Template::new()?, site::mllp_message()?);
    report::conditions(args, message.len());
    println!("disk before: {}", disk::rate(&args.dir)?);
    let mut rows = Vec::new();
    for &connections in &args.connections {
        let (mut floors, mut carriers): (Vec<Row>, Vec<Row>) = Default::default();
        let (mut gateways, mut by_mllp): (Vec<Row>, Vec<Row>) = Default::default();
        for round in 1..=args.rounds.max(1) {
            if !args.no_floor {
                floors.push(site::measure_floor(args, &message, connections, Who::Floor).await?);
                report::progress(round, floors.last());
                carriers.push(site::measure_floor(args, &message, connections, Who::Carrier).await?);
                report::progress(round, carriers.last());
            }
            gateways.push(site::measure_gateway(args, &message, connections, Who::Gateway).await?);
            report::progress(round, gateways.last());
            by_mllp.push(site::measure_gateway(args, &hl7v2, connections, Who::Mllp).await?);
            report::progress(round, by_mllp.last());
        }
        let floor = best(floors);
        rows.extend(floor.iter().map(|f| (f.clone(), None)));
        rows.extend([best(carriers), best(gateways), best(by_mllp)].into_iter().flatten().map(|row| {
            let ratio = floor.as_ref().map(|f| row.acknowledged / f.acknowledged);
            (row, ratio)
        }));
    }
    report::table(&rows);
    println!("disk after:  {}", disk::rate(&args.dir)?);
    println!("load after:  {}", report::machine_load());
    Ok(())
}

fn best(rows: Vec<Row>) -> Option<Row> {
    rows.into_iter().max_by(|a, b| a.acknowledged.total_cmp(&b.acknowledged))
}
