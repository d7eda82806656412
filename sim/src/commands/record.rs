//! `cargo sim record`: makes recordings.

use std::path::Path;
use std::time::Instant;

use bearcub::trust::Pin;
use serde_json::json;

use super::arguments::RecordOptions;
use super::connect::{cost_of, exchange};
use super::options::{check, first_session, script};
use super::replay::cost;
use super::{print, print_json, tell};
use crate::client::Run;
use crate::failure::Failure;
use crate::lab::{self, Origin};
use crate::live::{Address, Live};
use crate::measure;
use crate::recording::{Recording, refuse_overwriting};
use crate::scenarios;
use crate::stranger;
use crate::tape::Recorder;

/// Makes a recording, replays it, and only then writes it.
///
/// # Errors
/// If the file is there, the connection fails, or its replay is not exact.
pub fn run(options: &RecordOptions) -> Result<(), Failure> {
    let scenario = options
        .scenario
        .as_deref()
        .map(scenarios::find)
        .transpose()?;
    let out = match (&options.out, scenario) {
        (Some(out), _) => out.clone(),
        (None, Some(scenario)) => scenario.recording(&scenarios::folder()),
        (None, None) => return Err(Failure::Usage("--out FILE is needed".to_owned())),
    };
    // Found again when the file is written; here it saves a connection in vain.
    if out.exists() && !options.force {
        return Err(refuse_overwriting(&out));
    }
    let result = match (scenario, &options.address) {
        (Some(scenario), _) => scenario.record().map(|recording| (recording, None)),
        (None, Some(address)) => {
            record_live(options, address).map_err(|failure| failure.at_server(address))
        }
        (None, None) => {
            return Err(Failure::Usage(
                "HOST:PORT or --scenario is needed".to_owned(),
            ));
        }
    };
    result
        .and_then(|(recording, learned)| write(&recording, learned, &out, options))
        .inspect_err(|_| tell(&format_args!("{} has not been written", out.display())))
}

fn write(
    recording: &Recording,
    learned: Option<Pin>,
    out: &Path,
    options: &RecordOptions,
) -> Result<(), Failure> {
    // What is written is what can be read, and what can be replayed.
    let again = Recording::parse(&recording.to_bytes()?)?;
    let measured = measure::replay(&again)?;
    recording.save(out, options.force)?;
    if options.json {
        return print_json(&json!({
            "file": out.display().to_string(),
            "exact": true,
            "learned": learned.map(|pin| pin.to_string()),
            "cost": cost_of(&measured),
        }));
    }
    print(&format!(
        "{}: recorded, and replayed exactly\n{}",
        out.display(),
        cost(&measured)
    ))
}

/// Records a live server; with the pin that was learned, if that was the trust.
fn record_live(
    options: &RecordOptions,
    address: &Address,
) -> Result<(Recording, Option<Pin>), Failure> {
    let mut plan = options.connection.plan(address)?;
    if plan.client.is_some() && !options.include_private_key {
        return Err(Failure::Usage(
            "a replay needs the client's private key, so that a recording holds it. If it is a test key, say so with \
             --include-private-key"
                .to_owned(),
        ));
    }
    let seed = match &options.seed {
        Some(text) => lab::parse_seed(text)?,
        None => lab::fresh_seed()?,
    };
    let send = options.connection.bytes_to_send()?;
    check(&plan)?;
    if options.connection.resume {
        plan.session = Some(first_session(&options.connection, address, &plan)?);
    }
    let run = Run {
        plan: &plan,
        seed,
        script: script(send.as_deref()),
        measure_stack: false,
    };
    let live = Live::connect(address, options.connection.timeout)?;
    let first = live.first();
    let mut link = Recorder::new(live, Instant::now());
    let result = run.connect(&mut link, &mut |_| {});
    let outcome = stranger::named(result, &first.bytes())?;
    for turn in outcome.turns.iter().filter(|_| !options.json) {
        print(&exchange(turn, outcome.silence))?;
    }
    if let Some(pin) = outcome.learned.filter(|_| !options.json) {
        print(&format!(
            "\nLearned: from now on, use --fingerprint {pin}\n"
        ))?;
    }
    let origin = Origin {
        scenario: &address.to_string(),
        server: "a live server",
        port: address.port,
    };
    let recording = origin.recording(&plan, seed, &outcome, link.tape().clone());
    Ok((recording, outcome.learned))
}
