//! What the disk itself can do: 4 KiB written and synced, over and over.
//!
//! Invariant: sustained, because disks give bursts: three seconds in windows, and their median.

use super::Fail;
use std::{
    fmt,
    os::unix::fs::FileExt,
    path::Path,
    time::{Duration, Instant},
};

const LASTS: Duration = Duration::from_secs(3);
const WINDOW: Duration = Duration::from_millis(250);
const BLOCK: usize = 4096;
/// The file is laid out once and overwritten, as a log of SQLite is after its first turn.
const BLOCKS: u64 = 4096;
/// `statfs` of a file system in memory.
const TMPFS: i64 = 0x0102_1994;

/// Syncs per second.
pub struct Rate {
    median: f64,
    least: f64,
    most: f64,
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Rate { median, least, most } = self;
        write!(
            f,
            "{median:.0} fdatasync/s of 4 KiB, one writer, sustained {} s (median of {} ms windows; {least:.0} to {most:.0})",
            LASTS.as_secs(),
            WINDOW.as_millis()
        )
    }
}

/// Measures in a folder. Takes three seconds.
pub fn rate(dir: &Path) -> Result<Rate, Fail> {
    let file = tempfile::tempfile_in(dir)?;
    let block = vec![0x5a; BLOCK];
    for i in 0..BLOCKS {
        file.write_all_at(&block, i * BLOCK as u64)?;
    }
    file.sync_all()?;
    let mut windows = Vec::new();
    let (began, mut place) = (Instant::now(), 0);
    while began.elapsed() < LASTS {
        let (window, mut count) = (Instant::now(), 0);
        while window.elapsed() < WINDOW {
            file.write_all_at(&block, (place % BLOCKS) * BLOCK as u64)?;
            file.sync_data()?;
            place += 1;
            count += 1;
        }
        windows.push(f64::from(count) / window.elapsed().as_secs_f64());
    }
    windows.sort_by(f64::total_cmp);
    let (least, most) = (windows.first().copied(), windows.last().copied());
    Ok(Rate {
        median: windows.get(windows.len() / 2).copied().unwrap_or_default(),
        least: least.unwrap_or_default(),
        most: most.unwrap_or_default(),
    })
}

/// A folder in memory would measure nothing.
pub fn must_be_real(dir: &Path) -> Result<(), Fail> {
    if rustix::fs::statfs(dir)?.f_type == TMPFS {
        return Err("the folder for state is in memory; name one on a disk with --dir".into());
    }
    Ok(())
}
