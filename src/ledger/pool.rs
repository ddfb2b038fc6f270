//! The connections for questions: few, read-only, off the async threads.
//!
//! Invariant: a question never waits for the writer and sees only what is committed. A connection is
//! opened when first needed and put back after each question.

use super::{
    schema,
    sqlite::{Health, Reach, Trouble, open_reader},
};
use crate::model::Failure;
use rusqlite::Connection;
use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};
use tokio::sync::Semaphore;

pub(super) struct Pool {
    shelf: Arc<Shelf>,
    seats: Arc<Semaphore>,
}

struct Shelf {
    directory: PathBuf,
    idle: Mutex<Vec<Connection>>,
    health: Arc<Health>,
}

impl Pool {
    pub(super) fn new(directory: &Path, seats: usize, health: Arc<Health>) -> Pool {
        let shelf = Shelf { directory: directory.to_owned(), idle: Mutex::default(), health };
        Pool { shelf: Arc::new(shelf), seats: Arc::new(Semaphore::new(seats.max(1))) }
    }

    /// Is there a store that this program can read?
    pub(super) fn probe(&self) -> Result<(), Failure> {
        let tell =
            |error: rusqlite::Error| Failure::Store(format!("{}: {error}", self.shelf.directory.display()));
        let conn = open_reader(&self.shelf.directory).map_err(tell)?;
        schema::judge(schema::version(&conn).map_err(tell)?)?;
        self.shelf.put(conn);
        Ok(())
    }

    /// Asks one question on a thread that may block.
    pub(super) async fn ask<T: Send + 'static>(
        &self,
        question: impl FnOnce(&Connection) -> Result<T, Trouble> + Send + 'static,
    ) -> Result<T, Failure> {
        self.shelf.health.check()?;
        let closed = || Failure::Internal("ledger: the question was cut short".into());
        let seat = self.seats.clone().acquire_owned().await.map_err(|_| closed())?;
        let shelf = self.shelf.clone();
        let asked = tokio::task::spawn_blocking(move || {
            let _seat = seat;
            shelf.ask(question)
        });
        asked.await.map_err(|_| closed())?
    }
}

impl Shelf {
    fn ask<T>(&self, question: impl FnOnce(&Connection) -> Result<T, Trouble>) -> Result<T, Failure> {
        let answer = self.take().map_err(Trouble::from).and_then(|conn| {
            let answer = question(&conn);
            self.put(conn);
            answer
        });
        answer.map_err(|trouble| {
            if trouble.reach() == Reach::Ledger {
                self.health.die(trouble.failure().to_string());
            }
            trouble.failure()
        })
    }

    fn take(&self) -> rusqlite::Result<Connection> {
        match self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop() {
            Some(conn) => Ok(conn),
            None => open_reader(&self.directory),
        }
    }

    fn put(&self, conn: Connection) {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(conn);
    }
}
