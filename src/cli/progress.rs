//! How far a long piece of work has come, on standard error.
//!
//! Invariant: one line that is rewritten on a terminal, one line each ten seconds elsewhere; nothing
//! for work that is done at once. Deliberately absent: guesses of the time left.

use std::{
    io::{IsTerminal, Write},
    time::{Duration, Instant},
};

const FIRST: Duration = Duration::from_millis(300);
const ON_A_TERMINAL: Duration = Duration::from_millis(100);
const ELSEWHERE: Duration = Duration::from_secs(10);

/// Work of so many parts.
pub struct Progress {
    verb: &'static str,
    total: usize,
    next: Instant,
    terminal: bool,
    shown: bool,
}

impl Progress {
    /// Begins.
    pub fn new(verb: &'static str, total: usize) -> Progress {
        let terminal = std::io::stderr().is_terminal();
        let wait = if terminal { FIRST } else { ELSEWHERE };
        Progress { verb, total, next: Instant::now() + wait, terminal, shown: false }
    }

    /// So many parts are done, and this one is next.
    pub fn tell(&mut self, done: usize, part: &str) {
        if Instant::now() < self.next {
            return;
        }
        let line = format!("{} {done} of {}: {part}", self.verb, self.total);
        let mut err = std::io::stderr();
        // Whoever does not listen misses nothing.
        let _ = match self.terminal {
            true => write!(err, "\r\x1B[K{line}"),
            false => writeln!(err, "{line}"),
        };
        let _ = err.flush();
        self.shown = self.terminal;
        self.next = Instant::now() + if self.terminal { ON_A_TERMINAL } else { ELSEWHERE };
    }

    /// Takes the line away, for other output or for good.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            let _ = write!(std::io::stderr(), "\r\x1B[K");
        }
    }
}
