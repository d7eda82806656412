//! `cargo sim replay`: any recordings.

use serde_json::json;

use super::arguments::ReplayOptions;
use super::connect::{cost_of, error};
use super::{print, print_json, tell};
use crate::failure::{Failure, sum_up};
use crate::measure::{Measured, replay};
use crate::model;
use crate::recording::Recording;

/// Replays every file.
///
/// # Errors
/// If one of them is no recording, or its replay is not exact; each is told when it is found.
pub fn run(options: &ReplayOptions) -> Result<(), Failure> {
    let (mut failures, mut entries) = (Vec::new(), Vec::new());
    for file in &options.files {
        let result = Recording::load(file)
            .and_then(|recording| replay(&recording).map_err(|failure| failure.at(file.display())));
        if options.json {
            let result = result.as_ref();
            entries.push(json!({
                "file": file.display().to_string(),
                "exact": result.is_ok(),
                "error": result.err().map(error),
                "cost": result.ok().map(cost_of),
            }));
        }
        match result {
            Ok(_) if options.json => {}
            Ok(measured) => print(&format!("{}: exact\n{}", file.display(), cost(&measured)))?,
            Err(failure) if options.files.len() == 1 && !options.json => return Err(failure),
            Err(failure) => {
                tell(&failure);
                failures.push(failure);
            }
        }
    }
    if options.json {
        print_json(&json!({ "recordings": entries }))?;
    }
    sum_up(&failures, options.files.len(), "recordings")
}

/// What a connection cost, line by line.
pub fn cost(measured: &Measured) -> String {
    let operations: Vec<_> = measured
        .operations()
        .map(|(operation, count)| format!("{count} {}", operation.name()))
        .collect();
    let mut text = format!(
        "  bytes       {} out, {} in\n  messages    {} out, {} in\n  kept        {} B on a 32-bit board \
         (context {}, input buffer {}, output buffer {})\n  handshake   {} B of scratch on a 32-bit board",
        measured.bytes[0],
        measured.bytes[1],
        measured.messages[0],
        measured.messages[1],
        measured.kept.total,
        measured.kept.context,
        measured.kept.input,
        measured.kept.output,
        measured.scratch,
    );
    if let Some(stack) = measured.stack {
        text.push_str(&format!(", {stack} B of stack on this machine"));
    }
    text.push_str(&format!("\n  operations  {}\n", operations.join(", ")));
    let mark = if model::is_estimated(&measured.operations) {
        "~"
    } else {
        ""
    };
    for mhz in model::CLOCKS {
        let time = model::milliseconds(&measured.operations, mhz);
        text.push_str(&format!(
            "  {:11} {mark}{time} ms at {mhz} MHz, modelled\n",
            model::BOARD
        ));
    }
    text
}
