//! `cargo sim`: all scenarios, replayed.

use super::arguments::TableOptions;
use super::{print, print_json, tell};
use crate::failure::{Failure, sum_up};
use crate::report::json::Report;
use crate::report::{human, markdown, measurable, mqtt, rows};
use crate::scenarios;

/// Prints the table.
///
/// # Errors
/// If there is no such folder, it cannot be printed, or a replay was not exact.
pub fn run(options: &TableOptions) -> Result<(), Failure> {
    let folder = options.recordings.clone().unwrap_or_else(scenarios::folder);
    std::fs::read_dir(&folder)
        .map_err(|error| Failure::Usage(format!("{}: {error}", folder.display())))?;
    let boards = if options.modelled {
        Vec::new()
    } else {
        measurable()
    };
    let rows = if options.all {
        rows(&folder, scenarios::every(), &boards)
    } else {
        rows(&folder, scenarios::ALL.iter(), &boards)
    };
    let mut failures = Vec::new();
    let mqtt = mqtt(&boards).unwrap_or_else(|failure| {
        tell(&failure);
        failures.push(failure);
        Vec::new()
    });
    if options.json {
        print_json(&Report::of(&rows, &mqtt))?;
    } else if options.markdown {
        print(&markdown::table(&rows, &mqtt))?;
    } else {
        print(&human::table(&rows, &mqtt))?;
    }
    for row in &rows {
        row.trouble.iter().for_each(|failure| tell(failure));
        let first = row.result.as_ref().err().or(row.trouble.first());
        failures.extend(first.cloned());
    }
    sum_up(&failures, rows.len(), "scenarios")
}
