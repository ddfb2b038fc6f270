//! Notices of problems by mail and by a call, to real servers over TLS on loopback.

use crate::world::{GRANVIK, World};
use jiff::Timestamp;
use rustls::ServerConfig;
use serde_json::Value;
use sluss::{
    conformance::{message::Fhir, receiver::Conduct},
    flow::operate::Request,
    ledger::ProblemFilter,
    pki::{Leaf, Validity},
};
use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufStream},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// A mail server that keeps what it is given.
#[derive(Clone, Default)]
struct MailServer {
    letters: Arc<Mutex<Vec<String>>>,
    /// So many letters are put off before one is taken.
    refuse: Arc<AtomicUsize>,
    port: u16,
}

impl MailServer {
    /// `host`: whose certificate it shows; `starttls`: TLS comes when it is asked for.
    async fn start(world: &World, host: &str, starttls: bool) -> MailServer {
        let validity = Validity::days(Timestamp::now(), 2);
        let leaf = Leaf { alt_names: vec![host.into()], ..Leaf::new("mail", "SE2321009900-MAIL", validity) };
        let issued = world.authority().issue(&leaf).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(issued.chain(), issued.key_der())
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = MailServer { port: listener.local_addr().unwrap().port(), ..MailServer::default() };
        let shared = server.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (server, acceptor) = (shared.clone(), acceptor.clone());
                tokio::spawn(async move { server.serve(stream, acceptor, starttls).await });
            }
        });
        server
    }

    async fn serve(&self, stream: TcpStream, acceptor: TlsAcceptor, starttls: bool) {
        let mut greeting = true;
        let stream = if starttls {
            greeting = false;
            let Some(stream) = self.talk(stream, true, true).await else { return };
            stream
        } else {
            stream
        };
        if let Ok(stream) = acceptor.accept(stream).await {
            self.talk(stream, greeting, false).await;
        }
    }

    /// Talks SMTP; the stream again if it shall become TLS.
    async fn talk<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: S,
        greets: bool,
        plain: bool,
    ) -> Option<S> {
        let mut stream = BufStream::new(stream);
        if greets {
            say(&mut stream, "220 localhost ESMTP").await?;
        }
        loop {
            let line = hear(&mut stream).await?;
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            match verb.as_str() {
                "EHLO" if plain => say(&mut stream, "250-localhost\r\n250 STARTTLS").await?,
                "EHLO" => say(&mut stream, "250-localhost\r\n250 8BITMIME").await?,
                "STARTTLS" if plain => {
                    say(&mut stream, "220 go ahead").await?;
                    return Some(stream.into_inner());
                }
                "MAIL" | "RCPT" if plain => say(&mut stream, "530 not in the open").await?,
                "DATA" if self.put_off() => say(&mut stream, "451 not now").await?,
                "DATA" => {
                    say(&mut stream, "354 go on").await?;
                    let mut letter = String::new();
                    loop {
                        match hear(&mut stream).await?.as_str() {
                            "." => break,
                            line => letter += &format!("{line}\n"),
                        }
                    }
                    self.letters.lock().unwrap().push(letter);
                    say(&mut stream, "250 taken").await?;
                }
                "QUIT" => {
                    say(&mut stream, "221 bye").await?;
                    return None;
                }
                _ => say(&mut stream, "250 ok").await?,
            }
        }
    }

    fn put_off(&self) -> bool {
        self.refuse.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1)).is_ok()
    }

    fn letters(&self) -> Vec<String> {
        self.letters.lock().unwrap().clone()
    }
}

async fn say<S: AsyncWrite + Unpin>(stream: &mut S, text: &str) -> Option<()> {
    stream.write_all(format!("{text}\r\n").as_bytes()).await.ok()?;
    stream.flush().await.ok()
}

async fn hear<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut BufStream<S>) -> Option<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line).await.ok()?;
    (read > 0).then(|| line.trim_end().to_string())
}

/// Starts the gateway anew with these lines more in its configuration.
async fn with_lines(world: &mut World, lines: &str) {
    world.stop().await;
    let file = world.state().parent().unwrap().join("sluss.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, format!("{text}\n{lines}")).unwrap();
    world.start().await;
}

fn mail_lines(server: &MailServer, tls: &str) -> String {
    let port = server.port;
    format!(
        "[notify]\npause_s = 0\n[notify.mail]\nserver = \"localhost\"\nport = {port}\ntls = \"{tls}\"\n\
         ca = \"pki/ca.pem\"\nfrom = \"sluss@region.example\"\nto = [\"drift@region.example\", \"soc@granvik.example\"]\n"
    )
}

/// Granvik refuses a notice: a problem begins.
async fn trouble(world: &World, id: &str) {
    world.granvik.always(Some(Conduct::Status(422)));
    let body = Fhir::fresh("admission-notice/valid-1-four-fields.json", id, Timestamp::now())
        .case("C-1")
        .to(GRANVIK)
        .0;
    assert_eq!(world.as_region().fhir(&body).await.unwrap().status, 202);
    world.until(id, "rejected").await;
}

/// The text of a letter, whatever its transfer encoding left readable of it.
fn reads(letter: &str, words: &[&str]) -> bool {
    let joined = letter.replace("=\n", "");
    words.iter().all(|word| joined.contains(word))
}

async fn until(what: &str, is_so: impl Fn() -> bool) {
    for _ in 0..300 {
        if is_so() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{what}: not within fifteen seconds");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_problem_is_told_once_when_it_begins_and_once_when_it_is_over() {
    let mut world = World::new().await;
    let mail = MailServer::start(&world, "localhost", false).await;
    let url = world.provider.endpoint.clone();
    let lines = format!("{}[notify.webhook]\nurl = \"{url}\"\n", mail_lines(&mail, "implicit"));
    with_lines(&mut world, &lines).await;
    trouble(&world, "m6").await;
    until("the first letter", || mail.letters().len() == 1 && world.provider.received().len() == 1).await;
    let letter = mail.letters()[0].clone();
    assert!(
        reads(
            &letter,
            &["delivery-rejected", "C-1", GRANVIK, "sluss problem show P-", "drift@region.example"]
        ),
        "{letter}"
    );
    assert!(!["201505202380", "Lindqvist", "Elsa"].iter().any(|word| letter.contains(word)), "{letter}");
    let call: Value = serde_json::from_slice(&world.provider.received()[0].body).unwrap();
    let notice = &call["notices"][0];
    assert_eq!((&notice["opened"], &notice["kind"]), (&Value::Bool(true), &Value::from("delivery-rejected")));
    let ledger = &world.gateway().gateway.ledger;
    let open = ledger.problems(&ProblemFilter { limit: 9, ..ProblemFilter::default() }).await.unwrap();
    assert_eq!(notice["problem"], open[0].id.as_str());
    let close = Request::CloseProblem { id: open[0].id.clone(), by: "anna".into(), reason: "handled".into() };
    assert!(world.gateway().gateway.operate(&close).await.unwrap().done);
    until("the second letter", || mail.letters().len() == 2 && world.provider.received().len() == 2).await;
    let call: Value = serde_json::from_slice(&world.provider.received()[1].body).unwrap();
    assert_eq!(
        (&call["notices"][0]["opened"], &call["notices"][0]["closed_by"]),
        (&Value::Bool(false), &Value::from("anna"))
    );
    // What was told is on record: a new start tells nothing of it again.
    world.stop().await;
    world.start().await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert_eq!((mail.letters().len(), world.provider.received().len()), (2, 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_letter_that_is_put_off_is_told_later_over_starttls() {
    let mut world = World::new().await;
    let mail = MailServer::start(&world, "localhost", true).await;
    mail.refuse.store(1, Ordering::Release);
    with_lines(&mut world, &mail_lines(&mail, "starttls")).await;
    trouble(&world, "m6").await;
    until("the letter", || mail.letters().len() == 1).await;
    assert_eq!(mail.refuse.load(Ordering::Acquire), 0, "it was put off first");
    assert!(reads(&mail.letters()[0], &["delivery-rejected"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_another_is_told_nothing_and_messages_pass_meanwhile() {
    let mut world = World::new().await;
    let mail = MailServer::start(&world, "mail.elsewhere.example", false).await;
    with_lines(&mut world, &mail_lines(&mail, "implicit")).await;
    trouble(&world, "m6").await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert!(mail.letters().is_empty());
    world.granvik.always(None);
    let body = Fhir::fresh("admission-notice/valid-1-four-fields.json", "m6b", Timestamp::now())
        .case("C-2")
        .to(GRANVIK)
        .0;
    assert_eq!(world.as_region().fhir(&body).await.unwrap().status, 202);
    world.until("m6b", "delivered").await;
}
