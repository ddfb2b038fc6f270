//! The desk: a socket in the state directory where those who run the gateway tell it something.
//!
//! One connection, one line of JSON each way. Invariant: only the user that owns the state directory can open it (folder
//! 0700, socket 0600); whoever dawdles is let go; nothing of a message passes here. Deliberately absent: questions, which
//! are asked of the ledger directly.

use crate::flow::{
    Gateway,
    operate::{Reply, Request},
};
use std::{
    fs::Permissions,
    io::{self, ErrorKind},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{UnixListener, UnixStream},
    sync::watch,
    time::timeout,
};

/// Longest line.
const LONGEST: u64 = 16 << 10;
/// Longest time for one side to say its line.
const PATIENCE: Duration = Duration::from_secs(10);

fn place(state: &Path) -> PathBuf {
    state.join("gateway.sock")
}

/// Opens the desk. What a gateway that died left there is put away: the ledger's lock says that none is running.
pub fn open(state: &Path) -> io::Result<UnixListener> {
    let path = place(state);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok(listener)
}

/// Serves the desk until told to stop, or nobody is left to tell.
pub async fn serve(listener: UnixListener, gateway: Arc<Gateway>, mut stop: watch::Receiver<bool>) {
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stop.changed() => break,
        };
        match stream {
            Ok((stream, _)) => {
                // One after another: those who run the gateway are few.
                let attended = tokio::select! {
                    attended = timeout(PATIENCE, attend(stream, &gateway)) => attended,
                    _ = stop.wait_for(|stop| *stop) => break,
                };
                if !matches!(attended, Ok(Ok(()))) {
                    tracing::warn!("a caller at the desk was let go");
                }
            }
            Err(error) => {
                tracing::warn!(%error, "the desk takes no caller");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
    let _ = std::fs::remove_file(place(&gateway.config.state));
}

async fn attend(stream: UnixStream, gateway: &Gateway) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let line = line(read).await?;
    let reply = match serde_json::from_str::<Request>(&line) {
        Ok(request) => gateway
            .operate(&request)
            .await
            .unwrap_or_else(|failure| Reply { done: false, words: format!("{}: {failure}", failure.code()) }),
        Err(_) => Reply { done: false, words: "not a request of this version".into() },
    };
    write.write_all(serde_json::to_string(&reply)?.as_bytes()).await?;
    write.write_all(b"\n").await
}

async fn line(read: impl tokio::io::AsyncRead + Unpin) -> io::Result<String> {
    let mut line = String::new();
    BufReader::new(read.take(LONGEST)).read_line(&mut line).await?;
    Ok(line)
}

/// Asks a running gateway. `None`: none is running here.
pub async fn ask(state: &Path, request: &Request) -> io::Result<Option<Reply>> {
    let stream = match UnixStream::connect(place(state)).await {
        Ok(stream) => stream,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::ConnectionRefused) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let (read, mut write) = stream.into_split();
    write.write_all(format!("{}\n", serde_json::to_string(request)?).as_bytes()).await?;
    let answer = timeout(PATIENCE * 2, line(read)).await??;
    Ok(Some(serde_json::from_str(&answer)?))
}
