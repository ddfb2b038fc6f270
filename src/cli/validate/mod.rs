//! `sluss validate FILE…`: what the gateway would say of messages, from the same rules, before they are sent.
//!
//! Invariant: the verdict is `rulebook::check`'s; a message's values are shown only with `--values`, on the
//! author's own terminal; exit 0 only if every file was read and is valid. Deliberately absent:
//! sending, repairing, and anything that needs a running gateway.

mod document;
mod excerpt;
mod files;
mod report;
mod words;

use super::{Exit, Out, check, progress::Progress};
use crate::{
    config::{Config, Mode, Problem},
    model::Lang,
    rulebook::{
        Rulebook, Source, Xsd,
        check::{Heading, Report, Wanted},
    },
};
use excerpt::Veiled;
use jiff::Timestamp;
use report::Teller;
use serde_json::{Value, json};
use std::{
    collections::HashSet,
    io::IsTerminal,
    path::{Path, PathBuf},
    time::Instant,
};

const EXAMPLES: &str = "Examples:
  sluss validate message.json                        its format and event are read from it
  sluss validate conformance/examples --json         all messages of a folder, as one document
  sluss validate - < message.xml                     from standard input
  sluss validate --as admission-notice message.json  as a message of this event
  sluss validate --profile Patient child.json        any FHIR resource against a type or profile
  sluss validate request.xml                         a SOAP envelope of the e-referral contract
  sluss validate --xsd schemas/ other.xml            a SOAP envelope against the schemas of another contract
  sluss validate --mode test message.json            also: only published test numbers
  sluss validate --config sluss.toml message.json    by a gateway's own rules, mode, limit and packages

Of a line of source every value is hidden: letters are x, digits 0. With --values it is shown as it is.
Without --mode or --config it is not judged whether a number is a test number.

Exit codes: 0 all valid, 1 findings of severity error, 2 usage or a file that is not read, 3 configuration";

/// Largest message where no configuration says otherwise: the default of `listen.max_body_bytes`.
const MOST_BYTES: usize = 2 << 20;

/// Arguments.
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Files, folders (their .json, .xml, .hl7 and .soap files), or - for standard input.
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Judge each file as a message of this event, whatever it says itself.
    #[arg(long = "as", value_name = "EVENT", conflicts_with = "profile")]
    event: Option<String>,
    /// Judge each file against this profile or FHIR type alone, by its address or name.
    #[arg(long, value_name = "URL")]
    profile: Option<String>,
    /// A FHIR package (.tgz) to load beside the rules; may be given several times.
    #[arg(long, value_name = "FILE.tgz")]
    package: Vec<PathBuf>,
    /// Folder with the XSDs, also in WSDLs, of what SOAP envelopes and other XML carry.
    #[arg(long, value_name = "DIR")]
    xsd: Option<PathBuf>,
    /// The configuration of a gateway, whose rules, packages, mode and limit are used.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Folder with `mappings/` and `conformance/` instead of the rules in the binary.
    #[arg(long, value_name = "DIR", conflicts_with = "config")]
    rules: Option<PathBuf>,
    /// Which numbers may be in a message: only published test numbers, or none of them.
    #[arg(long, value_enum)]
    mode: Option<ModeWord>,
    /// Show values in lines of source.
    #[arg(long)]
    values: bool,
    /// Language of the prose; without it, the locale's.
    #[arg(long, value_enum)]
    lang: Option<LangWord>,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum ModeWord {
    Test,
    Production,
}

#[derive(Clone, Copy, clap::ValueEnum)]
enum LangWord {
    En,
    Sv,
}

/// The rules, and what a configuration says besides.
struct Rules {
    rulebook: Rulebook,
    schemas: Option<Xsd>,
    mode: Option<Mode>,
    max_bytes: usize,
}

/// Runs the verb.
pub fn run(args: Args, out: Out) -> Exit {
    if let Some(missing) = args.package.iter().find(|p| !p.is_file()) {
        return usage(
            out,
            &format!("{}: there is no such file", missing.display()),
            "--package names a .tgz file",
        );
    }
    let rules = match load(&args) {
        Ok(rules) => rules,
        Err(problems) => {
            check::report(&problems, out, "validate");
            return Exit::Configuration;
        }
    };
    if let Some(event) = args.event.as_deref().filter(|event| !rules.rulebook.events().contains(event)) {
        let help = format!("one of {}", rules.rulebook.events().join(", "));
        return usage(out, &format!("there is no event `{event}`"), &help);
    }
    if let Some(url) = args.profile.as_deref().filter(|url| !rules.rulebook.knows_profile(url)) {
        let help = "give the address of a profile of the rules or of a --package, or the name of a FHIR type";
        return usage(out, &format!("the profile `{url}` is not loaded"), help);
    }
    Run::new(&args, &rules, out).all()
}

fn usage(out: Out, message: &str, help: &str) -> Exit {
    if out.is_json() {
        out.result("validate", json!({ "ok": false, "error": message, "help": help }), String::new);
    } else {
        eprintln!("error: {message}\n  = help: {help}");
    }
    Exit::Usage
}

fn load(args: &Args) -> Result<Rules, Vec<Problem>> {
    let config = args.config.as_deref().map(Config::load).transpose();
    let known = config.as_ref().ok().and_then(Option::as_ref);
    let folder = args.rules.as_ref().or(known.and_then(|c| c.rules.as_ref()));
    let extra = known.and_then(|c| c.extra_rules.as_deref());
    let source = Source::of(folder.map(PathBuf::as_path), extra);
    let packages: Vec<&Path> = known
        .and_then(|c| c.packages.as_deref())
        .into_iter()
        .chain(args.package.iter().map(PathBuf::as_path))
        .collect();
    let rulebook = Rulebook::load_from(&source, &packages);
    let rulebook = rulebook.and_then(|rules| match known.and_then(|c| c.contract.as_deref()) {
        Some(folder) => rules.with_contract(folder),
        None => Ok(rules),
    });
    let own = args.mode.map(|mode| match mode {
        ModeWord::Test => Mode::Test,
        ModeWord::Production => Mode::Production,
    });
    let schemas = args.xsd.as_deref().map(Xsd::load).transpose();
    match (config, rulebook, schemas) {
        (Ok(config), Ok(rulebook), Ok(schemas)) => Ok(Rules {
            rulebook,
            schemas,
            mode: own.or(config.as_ref().map(|c| c.mode)),
            max_bytes: config.map_or(MOST_BYTES, |c| c.listen.max_body_bytes),
        }),
        (config, rulebook, schemas) => {
            let mut problems = config.err().unwrap_or_default();
            problems.extend(rulebook.err().unwrap_or_default());
            problems.extend(schemas.err().unwrap_or_default());
            Err(problems)
        }
    }
}

/// Files of each verdict, and findings of all.
#[derive(Default)]
struct Sum {
    valid: usize,
    invalid: usize,
    unread: usize,
    errors: usize,
    warnings: usize,
    unsure: usize,
}

struct Run<'a> {
    args: &'a Args,
    rules: &'a Rules,
    out: Out,
    lang: Lang,
    names: Option<HashSet<String>>,
    documents: Vec<Value>,
    sum: Sum,
}

impl<'a> Run<'a> {
    fn new(args: &'a Args, rules: &'a Rules, out: Out) -> Run<'a> {
        let lang = match args.lang {
            Some(LangWord::En) => Lang::En,
            Some(LangWord::Sv) => Lang::Sv,
            None => locale(),
        };
        Run { args, rules, out, lang, names: None, documents: Vec::new(), sum: Sum::default() }
    }

    fn all(mut self) -> Exit {
        let began = Instant::now();
        let (files, unread) = files::expand(&self.args.files);
        unread.iter().for_each(|(path, error)| self.unreadable(path, error));
        let mut progress = Progress::new("validate", files.len());
        for (done, path) in files.iter().enumerate() {
            progress.tell(done, &path.display().to_string());
            match files::bytes(path, self.rules.max_bytes) {
                Err(error) => {
                    progress.clear();
                    self.unreadable(path, &error);
                }
                Ok(bytes) => {
                    let report = self.judge(&bytes);
                    if !self.out.is_json() {
                        progress.clear();
                    }
                    self.tell(path, &bytes, &report, files.len() == 1);
                }
            }
        }
        progress.clear();
        self.end(files.is_empty() && unread.is_empty(), began)
    }

    fn judge(&self, bytes: &[u8]) -> Report {
        let wanted = Wanted {
            event: self.args.event.as_deref(),
            profile: self.args.profile.as_deref(),
            mode: self.rules.mode,
            now: Timestamp::now(),
            max_bytes: self.rules.max_bytes,
            schemas: self.rules.schemas.as_ref(),
        };
        self.rules.rulebook.check(bytes, &wanted)
    }

    fn unreadable(&mut self, path: &Path, error: &std::io::Error) {
        self.sum.unread += 1;
        let name = path.display().to_string();
        if self.out.is_json() {
            self.documents.push(json!({ "file": name, "valid": false, "error": error.to_string() }));
        } else {
            eprintln!("error: {name}: {error}\n  = help: check path and permissions");
        }
    }

    fn tell(&mut self, path: &Path, bytes: &[u8], report: &Report, alone: bool) {
        match report.is_valid() {
            true => self.sum.valid += 1,
            false => self.sum.invalid += 1,
        }
        for heading in Heading::ALL {
            let (errors, warnings) = report::tally(report, heading);
            (self.sum.errors, self.sum.warnings) = (self.sum.errors + errors, self.sum.warnings + warnings);
        }
        self.sum.unsure += report.found.iter().filter(|f| f.not_checkable).count();
        let name = if files::is_input(path) { "<stdin>".into() } else { path.display().to_string() };
        if self.out.is_json() {
            self.documents.push(document::file(&name, report, self.lang));
            return;
        }
        let placed = report.found.iter().any(|f| !f.not_checkable && f.finding.place.span.is_some());
        let (rulebook, known, values) = (&self.rules.rulebook, &mut self.names, self.args.values);
        let veiled = placed.then(|| {
            let names = known.get_or_insert_with(|| rulebook.names());
            Veiled::new(bytes, report.kind.is_xml(), names, values)
        });
        let terminal = std::io::stdout().is_terminal();
        let teller = Teller { lang: self.lang, terminal, veiled, file: &name };
        let short = !alone && report.found.iter().all(|f| f.not_checkable);
        say(&if short { teller.head(report) } else { format!("{}\n", teller.tell(report)) });
    }

    fn end(self, nothing: bool, began: Instant) -> Exit {
        let Sum { valid, invalid, unread, errors, warnings, unsure } = self.sum;
        let summary = json!({
            "files": valid + invalid + unread, "valid": valid, "invalid": invalid, "unread": unread,
            "errors": errors, "warnings": warnings, "notCheckable": unsure,
            "ms": began.elapsed().as_millis() as u64,
        });
        if nothing {
            let none =
                "there is no file to judge; of a folder, files that end with .json, .xml, .hl7 or .soap are";
            return usage(self.out, none, "name a file");
        }
        let (rules, lang) = (self.rules, self.lang);
        let document = document::whole(&rules.rulebook, rules.mode, self.documents, summary);
        self.out.result("validate", document, || {
            let mut text = String::new();
            if valid > 0 {
                let unproved = words::UNPROVED.map(|(_, words)| format!("\n  {}", lang.pick(words)));
                text += &format!("{}{}\n\n", lang.pick(words::DOES_NOT_PROVE), unproved.concat());
            }
            text += &format!("{} {}", lang.pick(words::RULES), rules.rulebook.version());
            for e in rules.rulebook.editions() {
                text +=
                    &format!("\n{} {} {} sha256 {}", lang.pick(words::PACKAGE), e.name, e.version, e.sha256);
            }
            let found = words::errors(lang, errors, warnings);
            let found = if found.is_empty() { lang.pick(words::NOTHING_FOUND).to_string() } else { found };
            text + &format!(
                "\n{}: {valid} {}, {invalid} {}, {unread} {} · {found}, {unsure} {} · {} ms",
                words::files(lang, valid + invalid + unread),
                lang.pick(words::VALID),
                lang.pick(words::INVALID),
                lang.pick(words::UNREAD),
                lang.pick(words::UNSURE),
                began.elapsed().as_millis()
            )
        });
        match (unread, invalid) {
            (0, 0) => Exit::Done,
            (0, _) => Exit::Findings,
            _ => Exit::Usage,
        }
    }
}

fn locale() -> Lang {
    let set = |name: &&str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let first = ["LC_ALL", "LC_MESSAGES", "LANG"].iter().find_map(set);
    Lang::from_locale(&first.unwrap_or_default())
}

/// A closed pipe (`| head`) is no fault of ours.
fn say(text: &str) {
    use std::io::Write;
    let _ = writeln!(std::io::stdout(), "{text}");
}
