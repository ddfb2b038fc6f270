//! What the run prints.
//!
//! Invariant: no figure without its conditions.

use super::Args;

/// Whose figures.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// The door and the group commit alone.
    Floor,
    /// The same, and each body sent on.
    Carrier,
    /// The gateway.
    Gateway,
    /// The same, asked by MLLP.
    Mllp,
}

/// One line of the table.
#[derive(Clone)]
pub struct Row {
    /// Whose.
    pub who: Who,
    /// Connections.
    pub connections: usize,
    /// Acknowledgements per second.
    pub acknowledged: f64,
    /// Median latency of the acknowledgement, milliseconds.
    pub p50: f64,
    /// 99th percentile.
    pub p99: f64,
    /// Effects at the receiver per second, over the measured time.
    pub delivered: Option<f64>,
    /// Messages per second from the first sent to the last delivered; absent if not all were.
    pub drained: Option<f64>,
    /// Messages not yet delivered when the load ended.
    pub backlog: Option<u64>,
    /// Accepted messages per synced commit.
    pub per_sync: f64,
    /// Commands of all kinds per synced commit.
    pub commands_per_sync: Option<f64>,
    /// Synced commits per second.
    pub syncs: f64,
    /// Processor time of the server per accepted message, microseconds.
    pub cpu: f64,
}

const HEAD: [&str; 13] = [
    "conns",
    "server",
    "ack/s",
    "p50 ms",
    "p99 ms",
    "deliv/s",
    "drained/s",
    "backlog",
    "msg/sync",
    "cmd/sync",
    "sync/s",
    "cpu µs/msg",
    "ratio",
];

fn cells(row: &Row, ratio: Option<f64>) -> [String; 13] {
    let whole = |n: Option<f64>| n.map_or("-".into(), |n| format!("{n:.0}"));
    [
        row.connections.to_string(),
        match row.who {
            Who::Floor => "floor",
            Who::Carrier => "carrying",
            Who::Gateway => "gateway",
            Who::Mllp => "MLLP",
        }
        .into(),
        format!("{:.0}", row.acknowledged),
        format!("{:.2}", row.p50),
        format!("{:.2}", row.p99),
        whole(row.delivered),
        whole(row.drained),
        row.backlog.map_or("-".into(), |n| n.to_string()),
        format!("{:.1}", row.per_sync),
        row.commands_per_sync.map_or("-".into(), |n| format!("{n:.1}")),
        format!("{:.0}", row.syncs),
        format!("{:.0}", row.cpu),
        ratio.map_or("-".into(), |r| format!("{r:.2}")),
    ]
}

fn line(cells: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let cells: Vec<String> = cells.into_iter().map(|c| format!("{:>10}", c.as_ref())).collect();
    format!("|{} |", cells.join(" |"))
}

/// The table: floor, then gateway, per number of connections.
pub fn table(rows: &[(Row, Option<f64>)]) {
    println!("\n{}", line(HEAD));
    println!("|{}", "----------:|".repeat(HEAD.len()));
    for (row, ratio) in rows {
        println!("{}", line(cells(row, *ratio)));
    }
    println!(
        "\nack/s: answers 202 per second, sent after the sync. deliv/s: effects at the receiver in the same seconds.\n\
         drained/s: messages per second from the first sent to the last delivered. msg/sync: accepted messages per\n\
         synced commit (commits of claims and outcomes counted too). ratio: acknowledged per second to the floor's.\n\
         MLLP: the gateway, the same notice as an HL7 v2 ADT^A01 over MLLP, answered AA after the sync.\n\
         carrying: the floor that also sends each body on by the gateway's courier and commits that it arrived.\n"
    );
}

/// One finished measurement, as it comes.
pub fn progress(round: usize, row: Option<&Row>) {
    if let Some(row) = row {
        eprintln!("round {round} {}", line(cells(row, None)));
    }
}

/// What the figures rest on.
pub fn conditions(args: &Args, bytes: usize) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!(
        "message:     {bytes} bytes of JSON, admission-notice Bundle, own id and own case each; delivered as a case message\n\
         durability:  SQLite {} WAL, synchronous=FULL, group commit; the answer leaves after the sync\n\
         transport:   mutual TLS 1.3 on loopback, keep-alive, one request under way per connection\n\
         processes:   server its own process, {cores} workers; client and receiver in one other process (client 1\n\
         \x20            thread, receiver 1 worker); all share {cores} cores\n\
         times:       {} s warm-up, {} s measured per row, fresh state per row, best of {} run(s)\n\
         receiver:    takes everything, at most {} deliveries under way\n\
         load before: {}",
        rusqlite::version(),
        args.warm_up,
        args.seconds,
        args.rounds.max(1),
        args.in_flight,
        machine_load(),
    );
}

/// The machine's load average.
pub fn machine_load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let figures: Vec<&str> = text.split_whitespace().take(3).collect();
    if figures.is_empty() { "unknown".into() } else { format!("{} (1, 5, 15 minutes)", figures.join(" ")) }
}
