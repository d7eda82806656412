//! `bearcub anchors`: CA certificates to a table for flash.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use serde::Serialize;
use zeroize::Zeroizing;

use super::options::seconds;
use super::style::{good, warning};
use super::{print, print_json, tell};
use crate::anchors::{Candidate, gather, offline, smallest, source, sufficient};
use crate::chain;
use crate::failure::Failure;
use crate::files;
use crate::hex::Hex;
use crate::live::Address;
use crate::material::passphrase::Passphrase;
use crate::material::{self, Content};
use crate::output::{Access, Outputs};
use crate::plan::TrustPlan;
use crate::report::grouped;
use crate::rust;

/// Options of `anchors`.
#[derive(Args, Debug)]
pub struct AnchorsOptions {
    /// Certificates of authorities, one or many in a file, PEM or DER; `-`: standard input
    #[arg(value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The authorities that this machine trusts; also what --for chooses from when no FILE is given
    #[arg(long)]
    pub system: bool,
    /// Keep the fewest and smallest with which this server's chain validates. May be repeated
    #[arg(long = "for", value_name = "HOST:PORT")]
    pub servers: Vec<Address>,
    /// Validate the chain in this file with what is written; a server's certificate first, then its issuers
    #[arg(long, value_name = "FILE", conflicts_with = "servers")]
    pub chain: Option<PathBuf>,
    /// The name that the server's certificate must have [default: HOST; with --chain, the first in the certificate]
    #[arg(long, value_name = "NAME")]
    pub server_name: Option<String>,
    /// Keep those whose name has this text in it. May be repeated
    #[arg(long, value_name = "TEXT")]
    pub subject: Vec<String>,
    /// The Rust source file to write; `-`: to standard output
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Replace the file
    #[arg(long)]
    pub force: bool,
    /// The name of the static
    #[arg(long, value_name = "NAME", default_value = "ANCHORS", value_parser = name)]
    pub name: String,
    /// Warn of certificates that end within this many days
    #[arg(long, value_name = "DAYS", default_value_t = 365)]
    pub warn_days: u32,
    /// The time for validating: `now`, or like 2026-06-01T12:00:00Z
    #[arg(long, value_name = "TIME", default_value = "now")]
    pub time: String,
    /// How long to wait for a server
    #[arg(long, value_name = "SECONDS", default_value = "10", allow_negative_numbers = true, value_parser = seconds)]
    pub timeout: Duration,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

fn name(text: &str) -> Result<String, String> {
    if rust::is_name(text) {
        Ok(text.to_owned())
    } else {
        Err(
            "a static's name has capital letters, digits and underscores, and begins with no digit"
                .to_owned(),
        )
    }
}

#[derive(Serialize)]
struct Entry<'a> {
    subject: &'a str,
    key: &'a str,
    not_before: &'a str,
    not_after: &'a str,
    days_left: i64,
    bytes: usize,
    is_root: bool,
    source: &'a str,
}

#[derive(Serialize)]
struct Server {
    server: String,
    /// Every authority that suffices alone, by name.
    sufficient: Vec<String>,
    validated: bool,
}

#[derive(Serialize)]
struct Report<'a> {
    anchors: Vec<Entry<'a>>,
    bytes: usize,
    servers: Vec<Server>,
    warnings: Vec<String>,
    written: Option<String>,
}

/// Finds the anchors, and writes them.
///
/// # Errors
/// For a file that is wrong, a server that cannot be reached, no anchor that suffices, or a file that cannot be written.
pub fn run(options: &AnchorsOptions) -> Result<(), Failure> {
    let now = files::time(&options.time)?
        .ok_or_else(|| Failure::Usage("--time unset: validating needs a time".to_owned()))?;
    let file = options.out.as_deref().filter(|path| !is_dash(path));
    let to_standard_output = options.out.is_some() && file.is_none();
    if to_standard_output && options.json {
        return Err(Failure::Usage(
            "only one thing can go to standard output; give --out a file".to_owned(),
        ));
    }
    // Found before servers are asked, and again when there is a content.
    outputs(options, file, "").check()?;
    let candidates = candidates(options)?;
    let (chosen, mut servers) = choose(options, &candidates, now)?;
    let text = source::of(&chosen, &options.name)?;
    if let Some(path) = &options.chain {
        let chain = of_chain(path)?;
        let name = options.server_name.as_deref();
        offline::validate(&chosen, &chain, name, now)
            .map_err(|failure| refused(path, name, failure))?;
        servers.push(Server {
            server: path.display().to_string(),
            sufficient: Vec::new(),
            validated: true,
        });
    }
    outputs(options, file, &text).write()?;
    let report = Report {
        anchors: chosen.iter().map(|one| entry(one, now)).collect(),
        bytes: chosen.iter().map(|one| one.bytes).sum(),
        servers,
        warnings: warnings(&chosen, options.warn_days, now),
        written: file.map(|path| path.display().to_string()),
    };
    if options.json {
        return print_json(&report);
    }
    if to_standard_output {
        report.warnings.iter().for_each(|text| tell(text));
        return print(&text);
    }
    print(&describe(&report))
}

/// Says that a chain is refused: the library's verdict, with its words, as the answer of a check.
fn refused(path: &Path, name: Option<&str>, failure: Failure) -> Failure {
    let name = name.map_or_else(String::new, |name| format!(" for {name}"));
    match failure.explained() {
        Some(explained) => Failure::Refuted(format!(
            "{}: the chain does not validate{name} with these authorities, and nothing was written: error {}: {}\n  cause:  {}\n  remedy: {}",
            path.display(),
            explained.code,
            explained.message,
            explained.cause,
            explained.remedy
        )),
        None => failure.at(path.display()),
    }
}

fn outputs(options: &AnchorsOptions, file: Option<&Path>, text: &str) -> Outputs {
    let mut outputs = Outputs::new(options.force);
    if let Some(path) = file {
        let content = Zeroizing::new(text.as_bytes().to_vec());
        outputs.add(path, content, Access::Public);
    }
    outputs
}

/// All candidates where no server is named; else the fewest that suffice for the servers, which they are then tried on
/// together.
fn choose<'a>(
    options: &AnchorsOptions,
    candidates: &'a [Candidate],
    now: i64,
) -> Result<(Vec<&'a Candidate>, Vec<Server>), Failure> {
    if options.servers.is_empty() {
        return Ok((candidates.iter().collect(), Vec::new()));
    }
    let (mut shown, mut lists) = (Vec::new(), Vec::new());
    for address in &options.servers {
        let one = chain::fetch(address, options.server_name.as_deref(), options.timeout)?;
        let list = sufficient(candidates, &one, now).map_err(|failure| failure.at(address))?;
        shown.push(one);
        lists.push(list);
    }
    let numbers = smallest(candidates, &lists);
    let chosen: Vec<_> = numbers.iter().map(|number| &candidates[*number]).collect();
    let all = TrustPlan::Anchors(chosen.iter().map(|one| Hex(one.der.clone())).collect());
    let mut servers = Vec::new();
    for ((address, shown), list) in options.servers.iter().zip(&shown).zip(&lists) {
        shown
            .judge(all.clone(), now)
            .map_err(|failure| failure.at(address))?;
        let name = |number: &usize| candidates[*number].seen.subject.clone();
        servers.push(Server {
            server: address.to_string(),
            sufficient: list.iter().map(name).collect(),
            validated: true,
        });
    }
    Ok((chosen, servers))
}

fn is_dash(path: &Path) -> bool {
    path.as_os_str() == "-"
}

fn entry(candidate: &Candidate, now: i64) -> Entry<'_> {
    Entry {
        subject: &candidate.seen.subject,
        key: &candidate.seen.key,
        not_before: &candidate.seen.not_before,
        not_after: &candidate.seen.not_after,
        days_left: candidate.days_left(now),
        bytes: candidate.bytes,
        is_root: candidate.is_root,
        source: &candidate.place,
    }
}

/// Everything to choose from.
fn candidates(options: &AnchorsOptions) -> Result<Vec<Candidate>, Failure> {
    let use_system = options.system || (options.files.is_empty() && !options.servers.is_empty());
    if options.files.is_empty() && !use_system {
        return Err(Failure::Usage(
            "which authorities? Give files with their certificates, --system, or --for HOST:PORT"
                .to_owned(),
        ));
    }
    let mut found = Vec::new();
    for path in &options.files {
        found.extend(of_file(path)?);
    }
    if use_system {
        found.extend(of_system()?);
    }
    let mut kept = gather(found);
    if !options.subject.is_empty() {
        let wanted: Vec<_> = options
            .subject
            .iter()
            .map(|text| text.to_lowercase())
            .collect();
        let all = kept.len();
        kept.retain(|one| {
            let name = one.seen.subject.to_lowercase();
            wanted.iter().any(|text| name.contains(text))
        });
        if kept.is_empty() {
            return Err(Failure::Usage(format!(
                "none of {all} authorities has `{}` in its name",
                options.subject.join("` or `")
            )));
        }
    }
    Ok(kept)
}

/// The certificates in a file, in their order.
fn of_chain(path: &Path) -> Result<Vec<Vec<u8>>, Failure> {
    let items = material::read(path, &Passphrase::default())?;
    let chain: Vec<_> = items
        .into_iter()
        .filter_map(|item| match item.content {
            Content::Certificate(der) => Some(der),
            _ => None,
        })
        .collect();
    if chain.is_empty() {
        return Err(Failure::Usage(format!(
            "{}: there is no certificate in it; a server's, and then its issuers', are needed",
            path.display()
        )));
    }
    Ok(chain)
}

/// Those of a file. Of several, those that cannot be used are left out, which is said.
pub(super) fn of_file(path: &Path) -> Result<Vec<Candidate>, Failure> {
    let items = material::read(path, &Passphrase::default())?;
    let (mut found, mut unusable) = (Vec::new(), Vec::new());
    for (number, item) in items.iter().enumerate() {
        let place = format!("{}: certificate {}", path.display(), number + 1);
        match &item.content {
            Content::Certificate(der) => match Candidate::read(der, place) {
                Ok(candidate) => found.push(candidate),
                Err(failure) => unusable.push(failure),
            },
            _ => unusable.push(Failure::Usage(format!(
                "{}: {} is a {}, and the certificate of an authority is needed",
                path.display(),
                number + 1,
                item.kind()
            ))),
        }
    }
    if found.is_empty() && !unusable.is_empty() {
        return Err(unusable.swap_remove(0));
    }
    for failure in unusable {
        tell(&format_args!("left out: {failure}"));
    }
    Ok(found)
}

/// Those that the system trusts and the library can use.
pub(super) fn of_system() -> Result<Vec<Candidate>, Failure> {
    let loaded = rustls_native_certs::load_native_certs();
    let found: Vec<_> = loaded
        .certs
        .iter()
        .filter_map(|der| Candidate::read(der, "the system's store".to_owned()).ok())
        .collect();
    if found.is_empty() {
        let why = loaded.errors.first().map_or_else(
            || "it has no certificate".to_owned(),
            |error| error.to_string(),
        );
        return Err(Failure::Usage(format!(
            "the system's store cannot be used: {why}; install its certificates (apt-get install ca-certificates), or give files"
        )));
    }
    Ok(found)
}

fn warnings(chosen: &[&Candidate], days: u32, now: i64) -> Vec<String> {
    let mut warnings = Vec::new();
    for one in chosen {
        let left = one.days_left(now);
        let (name, end) = (&one.seen.subject, &one.seen.not_after);
        if left < 0 {
            warnings.push(format!(
                "{name} ended on {end}: servers will have left it for another"
            ));
        } else if left < i64::from(days) {
            warnings.push(format!(
                "{name} ends in {left} days, on {end}: devices must have its successor before"
            ));
        }
        if !one.is_root {
            warnings.push(format!(
                "{name} is an intermediate: authorities change these without notice, their roots seldom"
            ));
        }
    }
    warnings
}

fn describe(report: &Report<'_>) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header(["authority", "key", "valid until", "days", "bytes"]);
    for column in 3..5 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    for one in &report.anchors {
        table.add_row([
            one.subject.to_owned(),
            one.key.to_owned(),
            one.not_after.to_owned(),
            one.days_left.to_string(),
            grouped(one.bytes),
        ]);
    }
    let mut text = format!(
        "{table}\n{} {}, {} bytes of flash: name, key and an entry in the table\n",
        report.anchors.len(),
        if report.anchors.len() == 1 {
            "anchor"
        } else {
            "anchors"
        },
        grouped(report.bytes)
    );
    for server in &report.servers {
        text.push_str(&format!(
            "{} the chain of {}\n",
            good("Validated:"),
            server.server
        ));
        if !server.sufficient.is_empty() {
            text.push_str("Each of these alone would do:\n");
        }
        for name in &server.sufficient {
            text.push_str(&format!("  {name}\n"));
        }
    }
    for line in &report.warnings {
        text.push_str(&format!("{} {line}\n", warning("Warning:")));
    }
    if let Some(path) = &report.written {
        text.push_str(&format!("{path}: written\n"));
    }
    text
}
