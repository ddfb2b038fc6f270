//! The demo's folder: certificates, configuration and simulated receivers.

use super::{
    Stop,
    script::{Actors, Journey},
};
use crate::{
    cli::Exit,
    conformance::{receiver::Receiver, sender::Sender},
    model::HsaId,
    pki::{self, Existing, Made, Party, TlsFiles},
    rulebook::example_agreement,
};
use jiff::Timestamp;
use std::{
    fmt::Write,
    net::TcpListener,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// The parties: name, HSA-id, kind, format.
pub const REGION: &str = "SE2321009900-REG1";
/// Granvik's social board.
pub const GRANVIK: &str = "SE2120009903-SOC1";
/// Sjöby's social board.
pub const SJOBY: &str = "SE2120009911-SOC1";
const PARTIES: [(&str, &str, &str, &str, &str); 3] = [
    ("region", "Region Almlund", REGION, "region", "fhir-r4-json"),
    ("granvik", "Granviks kommun", GRANVIK, "municipality", "case-json"),
    ("sjoby", "Sjöby kommun", SJOBY, "municipality", "case-json"),
];

/// A demo on disk, with its receivers running.
pub struct Site {
    /// `sluss.toml`.
    pub config: PathBuf,
    dir: PathBuf,
    made: Made,
    receivers: Vec<Arc<Receiver>>,
}

impl Site {
    /// Makes or reuses the folder and starts the receivers. Must be called inside a tokio runtime.
    pub fn make(dir: &Path, port: u16) -> Result<Site, Stop> {
        let now = Timestamp::now();
        let disk = |e: std::io::Error| Stop::Words(format!("{}: {e}", dir.display()), Exit::Configuration);
        for sub in ["", "partners", "agreements"] {
            std::fs::create_dir_all(dir.join(sub)).map_err(disk)?;
        }
        let parties: Vec<Party> = PARTIES
            .iter()
            .filter_map(|(stem, name, id, ..)| {
                Some(Party { name: (*name).into(), hsa_id: HsaId::parse(id)?, file_stem: (*stem).into() })
            })
            .collect();
        let made = pki::make(&dir.join("pki"), &parties, now, Existing::Keep)
            .map_err(|e| Stop::Words(e.to_string(), Exit::Configuration))?;
        let mut receivers = Vec::new();
        for (index, (stem, name, id, kind, format)) in PARTIES.iter().enumerate() {
            let receiver = Receiver::start(&files(&made, index), 0, now)?;
            let text = format!(
                "name = \"{name}\"\nhsa_id = \"{id}\"\nkind = \"{kind}\"\nformat = \"{format}\"\nendpoint = \"{}\"\n\
                 idempotent = true # its inbox keeps delivery ids\nhandles_protected = true\n",
                receiver.endpoint
            );
            std::fs::write(dir.join(format!("partners/{stem}.toml")), text).map_err(disk)?;
            receivers.push(Arc::new(receiver));
        }
        std::fs::write(dir.join("agreements/lan.toml"), example_agreement()).map_err(disk)?;
        let config = dir.join("sluss.toml");
        std::fs::write(&config, site_config(free_port(port))).map_err(disk)?;
        std::fs::write(dir.join(".gitignore"), "*\n").map_err(disk)?;
        Ok(Site { config, dir: dir.into(), made, receivers })
    }

    /// Senders with their own certificates, and the receivers.
    pub fn actors(&self, base: &str) -> Result<Actors, Stop> {
        let now = Timestamp::now();
        let mut parties = Vec::new();
        for (index, (_, name, id, ..)) in PARTIES.iter().enumerate() {
            let sender = Sender::new(&files(&self.made, index), base, now)?;
            parties.push((*id, *name, sender, self.receivers[index].clone()));
        }
        Ok(Actors { parties, run: format!("{:x}", now.as_second()), last: Default::default() })
    }

    /// The first lines.
    pub fn greeting(&self, base: &str, ready: Duration) -> String {
        let mut text = format!(
            "Sluss demo · ready in {:.1} s · everything in {}\n",
            ready.as_secs_f64(),
            self.dir.display()
        );
        let _ = writeln!(text, "  gateway   {base}   mutual TLS, test personal numbers only");
        for (receiver, (_, name, id, _, format)) in self.receivers.iter().zip(PARTIES) {
            let _ = writeln!(text, "  partner   {}   {name}, {id}, {format}", receiver.endpoint);
        }
        text
    }

    /// What to try next.
    pub fn next(&self, base: &str, journeys: &[Journey]) -> String {
        let dir = self.dir.display();
        let id = journeys.iter().find_map(|j| j.id.as_deref()).unwrap_or("ID");
        format!(
            "\nThe gateway keeps running; Ctrl-C stops it. In another terminal:\n\
             \x20 sluss msg list --state-dir {dir}/state\n\
             \x20 sluss msg journey {id} --state-dir {dir}/state\n\
             \x20 sluss msg list --refused --state-dir {dir}/state\n\
             \x20 sluss explain SLUSS-PRM-001\n\
             \x20 curl --cacert {dir}/pki/ca.pem --cert {dir}/pki/region.pem --key {dir}/pki/region.key {base}/fhir/metadata\n\
             (`sluss` is the built binary, e.g. target/release/sluss)"
        )
    }

    /// Stops the receivers.
    pub async fn stop(&self) {
        for receiver in &self.receivers {
            receiver.stop().await;
        }
    }
}

fn files(made: &Made, index: usize) -> TlsFiles {
    let (_, files) = &made.parties[index];
    TlsFiles { certificate: files.certificate.clone(), key: files.key.clone(), ca: made.ca.clone() }
}

/// The asked port if it is free, else any: a second demo shall start too.
fn free_port(asked: u16) -> u16 {
    TcpListener::bind(("127.0.0.1", asked)).map_or(0, |_| asked)
}

fn site_config(port: u16) -> String {
    format!(
        "# Made by `sluss demo`. `sluss check --config` this file, change it, and `sluss serve --config` it.\n\
         mode = \"test\"\nhsa_id = \"{}\"\nname = \"Sluss demo\"\nstate = \"state\"\n\n\
         [listen]\naddress = \"127.0.0.1:{port}\"\n\n\
         [tls]\ncertificate = \"pki/server.pem\"\nkey = \"pki/server.key\"\nclient_ca = \"pki/ca.pem\"\n\n\
         [delivery]\nretry_first_ms = 500\n\n[store]\nmin_free_mib = 16\n",
        pki::GATEWAY_HSA_ID
    )
}
