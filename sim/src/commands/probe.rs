//! `bearcub probe`: what a server means for a small device.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::json;
use zeroize::Zeroizing;

use super::connect::error;
use super::options::{bytes_to_send, check, seconds};
use super::style::{bold, good, warning};
use super::{anchors, print, print_json, tell};
use crate::anchors::{Candidate, gather};
use crate::board::measure::{Measurement, measure};
use crate::board::{Board, tools};
use crate::failure::Failure;
use crate::files;
use crate::live::Address;
use crate::names;
use crate::output::{Access, Outputs};
use crate::plan::{Buffers, FragmentPlan, Plan, TrustPlan};
use crate::probe::certificates::Link;
use crate::probe::code;
use crate::probe::exchange::Asker;
use crate::probe::report::Probe;
use crate::probe::scan::{Questions, scan};
use crate::probe::text::{self, Style};
use crate::probe::verdict::{TrustBy, Verdict, Wishes, decide, fragments_of_data};
use crate::probe::warnings::{self, Subject};

/// Protocols that are asked about in any case.
const PROTOCOLS: [&str; 4] = ["mqtt", "x-amzn-mqtt-ca", "h2", "http/1.1"];

/// Options of `probe`.
#[derive(Args, Debug)]
pub struct ProbeOptions {
    /// The server, like mqtt.example.org:8883; the address of IPv6 stands in brackets
    #[arg(value_name = "HOST:PORT")]
    pub address: Address,
    /// The name that the certificate must have, and that is sent [default: HOST]
    #[arg(long, value_name = "NAME")]
    pub server_name: Option<String>,
    /// The authorities to choose from, PEM or DER [default: those that this machine trusts]
    #[arg(long, value_name = "FILE")]
    pub ca: Option<PathBuf>,
    /// How the device is to trust the server [default: anchors if an authority suffices, else pin]
    #[arg(long, value_name = "BY")]
    pub trust: Option<TrustBy>,
    /// The time for validating: `now`, or like 2026-06-01T12:00:00Z
    #[arg(long, value_name = "TIME", default_value = "now")]
    pub time: String,
    /// The device's certificates, PEM or DER
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// The device's private key, PEM or DER: EC P-256 or RSA
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// A protocol name to offer in everything. May be repeated
    #[arg(long, value_name = "NAME")]
    pub alpn: Vec<String>,
    /// Bytes of plaintext that the input buffer holds, 512 to 16384 [default: the fragment length that the server agrees to]
    #[arg(long, value_name = "BYTES")]
    pub input_buffer: Option<usize>,
    /// Bytes of plaintext that the output buffer holds, 512 to 16384
    #[arg(long, value_name = "BYTES", default_value_t = Buffers::DEFAULT.output)]
    pub output_buffer: usize,
    /// Send this text after the handshake, and look how large the answer's records are; \n, \r, \t, \\ and \xHH stand for bytes
    #[arg(long, value_name = "TEXT")]
    pub send: Option<String>,
    /// How long to wait for each answer; all questions together may take 12 times as long
    #[arg(long, value_name = "SECONDS", default_value = "10", allow_negative_numbers = true, value_parser = seconds)]
    pub timeout: Duration,
    /// Warn of certificates that end within this many days
    #[arg(long, value_name = "DAYS", default_value_t = 14)]
    pub warn_days: u32,
    /// Measure the configuration on this board's CPU in the emulator too, which takes a minute. May be repeated
    #[arg(long, value_name = "BOARD")]
    pub board: Vec<Board>,
    /// Agree that the private key given with --key is compiled into the image for --board, which stays in cargo's folder
    #[arg(long, requires = "key", requires = "board")]
    pub include_private_key: bool,
    /// Write the configuration as Rust to this file instead of printing it
    #[arg(long, value_name = "FILE")]
    pub rust: Option<PathBuf>,
    /// Replace the file
    #[arg(long)]
    pub force: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Probes, and prints everything.
///
/// # Errors
/// For wrong arguments; if the server cannot be reached, or the handshake fails (what was found until then has been printed);
/// if no configuration works with it.
pub fn run(options: &ProbeOptions) -> Result<(), Failure> {
    let now = files::time(&options.time)?
        .ok_or_else(|| Failure::Usage("--time unset: validating needs a time".to_owned()))?;
    let send = bytes_to_send(options.send.as_deref())?;
    let client = match (&options.cert, &options.key) {
        (Some(chain), Some(key)) => Some(files::client(chain, key)?),
        _ => None,
    };
    if client.is_some() && !options.board.is_empty() && !options.include_private_key {
        return Err(Failure::Usage(
            "measuring on a board compiles the device's private key into the board's image. If it is a test key, say so with \
             --include-private-key"
                .to_owned(),
        ));
    }
    for board in &options.board {
        tools::find(*board)?;
    }
    let candidates = candidates(options)?;
    let name = options.server_name.as_ref();
    let server_name = name.unwrap_or(&options.address.host).as_str();
    let wishes = Wishes {
        server_name,
        now,
        trust: options.trust,
        client: client.as_ref(),
        alpn: &options.alpn,
        input: options.input_buffer,
        output: options.output_buffer,
        send: send.as_deref(),
        candidates: &candidates,
    };
    // What is wrong with the arguments is said before the server is bothered.
    check(&plan(&wishes))?;
    outputs(options, "").check()?;
    probe(options, &wishes).map_err(|failure| failure.at(&options.address))
}

fn probe(options: &ProbeOptions, wishes: &Wishes<'_>) -> Result<(), Failure> {
    let mut protocols: Vec<_> = PROTOCOLS.map(str::to_owned).to_vec();
    let more = options
        .alpn
        .iter()
        .filter(|name| !PROTOCOLS.contains(&name.as_str()));
    protocols.extend(more.cloned());
    let questions = Questions {
        server_name: wishes.server_name,
        alpn: &options.alpn,
        protocols: &protocols,
    };
    let mut asker = Asker::new(&options.address, options.timeout);
    let mut findings = scan(&mut asker, questions).inspect_err(|failure| {
        if options.json {
            let _ = print_json(&json!({
                "server": options.address.to_string(),
                "server_name": wishes.server_name,
                "ok": false,
                "error": error(failure),
            }));
        }
    })?;
    fragments_of_data(&mut asker, &mut findings, wishes);
    let verdict = decide(&mut asker, &findings, wishes);
    let verdict = verdict.as_ref();
    let seen = findings.flight.certificates.iter();
    let seen: Vec<_> = seen.map(|der| Link::read(der, wishes.now)).collect();
    let (chain, leaf) = match verdict {
        Ok(verdict) => (&verdict.chain, Some(&verdict.leaf)),
        Err(_) => (&seen, findings.flight.certificates.first()),
    };
    let warnings = warnings::all(&Subject {
        findings: &findings,
        chain,
        leaf: leaf.map(Vec::as_slice),
        verdict: verdict.ok(),
        candidates: wishes.candidates,
        server_name: wishes.server_name,
        has_identity: wishes.client.is_some(),
        warn_days: options.warn_days,
        now: wishes.now,
    });
    let rust = rust(options, verdict.ok(), wishes)?;
    let (mut boards, mut trouble) = (Vec::new(), None);
    if let Ok(verdict) = verdict
        && verdict.failure().is_none()
    {
        for board in &options.board {
            match on_board(*board, verdict) {
                Ok(measurement) => boards.push((*board, measurement)),
                Err(failure) => trouble = Some(failure),
            }
        }
    }
    let probe = Probe {
        server: options.address.to_string(),
        server_name: wishes.server_name,
        connected: asker.connected,
        findings: &findings,
        chain,
        candidates: wishes.candidates,
        verdict,
        rust: rust.as_deref(),
        boards: &boards,
        warnings: &warnings,
        taken: &asker.taken,
    };
    finish(options, &probe)?;
    trouble.map_or(Ok(()), Err)
}

/// Prints and writes everything, and says how it went.
fn finish(options: &ProbeOptions, probe: &Probe<'_>) -> Result<(), Failure> {
    let good_enough = probe.works() || probe.lacks_identity();
    let rust = probe.rust.filter(|_| good_enough);
    if options.json {
        print_json(&probe.json())?;
    } else {
        let style = Style {
            heading: |text| bold(text),
            warning: |text| warning(text),
            good: |text| good(text),
        };
        print(&text::of(probe, &style))?;
        if let (Some(rust), None) = (rust, &options.rust) {
            print(&format!("\n{rust}"))?;
        }
    }
    if let (Some(rust), Some(path)) = (rust, &options.rust) {
        outputs(options, rust).write()?;
        if !options.json {
            print(&format!("{}: written\n", path.display()))?;
        }
    }
    match probe.failure() {
        Some(failure) if !good_enough => Err(failure.clone()),
        _ => Ok(()),
    }
}

fn rust(
    options: &ProbeOptions,
    verdict: Option<&Verdict>,
    wishes: &Wishes<'_>,
) -> Result<Option<String>, Failure> {
    let Some(verdict) = verdict else {
        return Ok(None);
    };
    let anchor = verdict
        .ending
        .chosen
        .and_then(|number| wishes.candidates.get(number));
    let needs_identity = wishes.client.is_some() || verdict.lacks_identity();
    let address = options.address.to_string();
    code::of(&address, verdict, anchor, needs_identity).map(Some)
}

fn on_board(board: Board, verdict: &Verdict) -> Result<Measurement, Failure> {
    let (recording, _) = verdict.trial.under(verdict.trial.plan.trust.clone())?;
    measure(board, &tools::find(board)?, &recording)
}

fn outputs(options: &ProbeOptions, text: &str) -> Outputs {
    let mut outputs = Outputs::new(options.force);
    if let Some(path) = &options.rust {
        let content = Zeroizing::new(text.as_bytes().to_vec());
        outputs.add(path, content, Access::Public);
    }
    outputs
}

/// What the arguments ask for, as far as it is known before there is a server.
fn plan(wishes: &Wishes<'_>) -> Plan {
    Plan {
        server_name: wishes.server_name.to_owned(),
        clock: Some(wishes.now),
        trust: TrustPlan::AnyoneAccepted,
        client: wishes.client.cloned(),
        suites: names::SUITES
            .map(|suite| names::of_suite(suite.id()))
            .to_vec(),
        groups: names::DEFAULT_GROUPS.to_owned(),
        alpn: wishes.alpn.to_vec(),
        fragment_length: FragmentPlan::FromBuffer,
        buffers: Buffers {
            input: wishes.input.unwrap_or(Buffers::DEFAULT.input),
            output: wishes.output,
            shared: false,
        },
        session: None,
        rsa_2048_only: false,
    }
}

/// The authorities to choose from. A machine without any is told, and does not keep a pin from being found.
fn candidates(options: &ProbeOptions) -> Result<Vec<Candidate>, Failure> {
    let found = match &options.ca {
        Some(path) => anchors::of_file(path)?,
        None => anchors::of_system().unwrap_or_else(|failure| {
            tell(&failure);
            Vec::new()
        }),
    };
    Ok(gather(found))
}
