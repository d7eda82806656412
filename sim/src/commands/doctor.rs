//! `bearcub doctor`: whether a device that is set up like that would work.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::style::{bad, good, warning};
use super::{print, print_json};
use crate::doctor::memory::Needed;
use crate::doctor::setup::Setup;
use crate::doctor::{Finding, Level, examine};
use crate::failure::Failure;

/// Options of `doctor`.
#[derive(Args, Debug)]
pub struct DoctorOptions {
    /// How the device is set up, in TOML: sim/TOOLS.md has all keys
    #[arg(value_name = "FILE")]
    pub file: PathBuf,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Examines the set-up.
///
/// # Errors
/// If the file is not usable, or the device would not work.
pub fn run(options: &DoctorOptions) -> Result<(), Failure> {
    let setup = Setup::read(&options.file)?;
    let findings = examine(&setup)?;
    let failing = findings.count(Level::Fail);
    if options.json {
        print_json(&json!({
            "server": setup.address().to_string(),
            "works": failing == 0,
            "findings": findings.0,
            "memory": Needed::of(&setup)?,
        }))?;
    } else {
        let told: String = findings.0.iter().map(describe).collect();
        print(&told)?;
    }
    match failing {
        0 => Ok(()),
        1 => Err(Failure::Refuted(
            "the device would not work: one thing fails".to_owned(),
        )),
        _ => Err(Failure::Refuted(format!(
            "the device would not work: {failing} things fail"
        ))),
    }
}

fn describe(finding: &Finding) -> String {
    let level = match finding.level {
        Level::Ok => good("ok  "),
        Level::Warn => warning("warn"),
        Level::Fail => bad("FAIL"),
        Level::Skipped => "-   ".to_owned(),
    };
    let code = finding
        .code
        .map(|code| format!("error {code}: "))
        .unwrap_or_default();
    let mut text = format!("{level} {:<13}  {code}{}\n", finding.check, finding.message);
    for (word, sentence) in [("cause", &finding.cause), ("remedy", &finding.remedy)] {
        if let Some(sentence) = sentence {
            text.push_str(&format!("                      {word}: {sentence}\n"));
        }
    }
    text
}
