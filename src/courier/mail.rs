//! Notices of problems by mail, over SMTP with TLS.
//!
//! Invariant: never without TLS (implicit, or STARTTLS that is required), host name verified against the authorities of
//! the configuration; the same notices have the same Message-ID, so that a letter told twice is one to whoever reads it.
//! Deliberately absent: retries, which the flow makes; plain SMTP; the system's root certificates.

use crate::{
    config::Mail as Settings,
    model::{Code, Finding, Notice, notice},
    pki::finding,
    port::{Pending, Teller},
};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, header::ContentType},
    transport::smtp::{
        authentication::Credentials,
        client::{Certificate, CertificateStore, Tls, TlsParameters, TlsVersion},
        extension::ClientId,
    },
};
use std::time::Duration;

/// How long one exchange with the server may take.
const WHOLE: Duration = Duration::from_secs(20);

/// Writes to the same persons each time.
pub struct Mail {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
    to: Vec<Mailbox>,
    host: String,
}

impl Mail {
    /// Reads authorities and password; all that is wrong at once.
    pub fn load(settings: &Settings) -> Result<Mail, Vec<Finding>> {
        let mut found = Vec::new();
        let mut address = |text: &String| match text.parse::<Mailbox>() {
            Ok(mailbox) => Some(mailbox),
            Err(_) => {
                let what = "an address of [notify.mail] is no mail address: write it as name@host";
                found.push(Finding::error(Code::ConfigValue, what));
                None
            }
        };
        let from = address(&settings.from);
        let to: Vec<Mailbox> = settings.to.iter().filter_map(&mut address).collect();
        let tls = parameters(settings).map_err(|finding| found.push(finding)).ok();
        let login = credentials(settings).map_err(|finding| found.push(finding)).ok();
        let (Some(from), Some(tls), Some(login), true) = (from, tls, login, found.is_empty()) else {
            return Err(found);
        };
        let tls = if settings.starttls { Tls::Required(tls) } else { Tls::Wrapper(tls) };
        let host = from.email.domain().to_string();
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&settings.server)
            .port(settings.port)
            .tls(tls)
            .hello_name(ClientId::Domain(host.clone()))
            .timeout(Some(WHOLE));
        if let Some(login) = login {
            transport = transport.credentials(login);
        }
        Ok(Mail { transport: transport.build(), from, to, host })
    }

    async fn send(&self, notices: &[Notice]) -> Result<(), String> {
        let (subject, text) = notice::letter(notices);
        let (first, last) = (notices.first().map_or(0, |n| n.event), notices.last().map_or(0, |n| n.event));
        let mut message = Message::builder().from(self.from.clone()).subject(subject);
        for to in &self.to {
            message = message.to(to.clone());
        }
        let message = message
            .message_id(Some(format!("<notices-{first}-{last}@{}>", self.host)))
            .header(ContentType::TEXT_PLAIN)
            .body(text)
            .map_err(|error| format!("the letter cannot be written: {error}"))?;
        self.transport
            .send(message)
            .await
            .map(drop)
            .map_err(|error| format!("the mail server did not take it: {error}"))
    }
}

/// TLS with the authorities of the configuration, and no others.
fn parameters(settings: &Settings) -> Result<TlsParameters, Finding> {
    let wrong = |what: String| finding(&settings.ca, &what);
    let pem = std::fs::read(&settings.ca)
        .map_err(|e| wrong(format!("cannot be read: {e}; check path and permissions")))?;
    let authorities = Certificate::from_pem(&pem).map_err(|e| wrong(format!("holds no certificate: {e}")))?;
    TlsParameters::builder(settings.server.clone())
        .certificate_store(CertificateStore::None)
        .add_root_certificate(authorities)
        .set_min_tls_version(TlsVersion::Tlsv12)
        .build_rustls()
        .map_err(|e| wrong(format!("cannot verify the mail server: {e}")))
}

fn credentials(settings: &Settings) -> Result<Option<Credentials>, Finding> {
    let Some((user, file)) = &settings.login else { return Ok(None) };
    let password = std::fs::read_to_string(file)
        .map_err(|e| finding(file, &format!("cannot be read: {e}; check path and permissions")))?;
    Ok(Some(Credentials::new(user.clone(), password.trim_end().to_string())))
}

impl Teller for Mail {
    fn name(&self) -> &'static str {
        "notify-mail"
    }

    fn tell<'a>(&'a self, notices: &'a [Notice]) -> Pending<'a, Result<(), String>> {
        Box::pin(self.send(notices))
    }
}
