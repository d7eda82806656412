//! `cargo sim`: all scenarios, replayed.

use super::arguments::TableOptions;
use super::{print, print_json, tell};
use crate::failure::{Failure, sum_up};
use crate::report::json::Report;
use crate::report::{Beside, human, markdown, measurable, rows};
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
    } else if options.markdown {
        let shown = scenarios::ALL.iter().chain(&scenarios::CHOICES);
        rows(&folder, shown, &boards)
    } else {
        rows(&folder, scenarios::ALL.iter(), &boards)
    };
    let mut failures = Vec::new();
    let beside = Beside::measured(&boards).unwrap_or_else(|failure| {
        tell(&failure);
        failures.push(failure);
        Beside::default()
    });
    if options.json {
        print_json(&Report::of(&rows, &beside))?;
    } else if options.markdown {
        print(&markdown::table(&rows, &beside))?;
    } else {
        print(&human::table(&rows, &beside))?;
    }
    for row in &rows {
        row.trouble.iter().for_each(|failure| tell(failure));
        let first = row.result.as_ref().err().or(row.trouble.first());
        failures.extend(first.cloned());
    }
    sum_up(&failures, rows.len(), "scenarios")
}
