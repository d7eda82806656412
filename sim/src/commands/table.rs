//! `cargo sim`: all scenarios, replayed.

use super::arguments::TableOptions;
use super::{print, print_json};
use crate::failure::Failure;
use crate::report::json::Report;
use crate::report::{human, markdown, rows};
use crate::scenarios;

/// Prints the table; says whether every replay was exact.
///
/// # Errors
/// If it cannot be printed.
pub fn run(options: &TableOptions) -> Result<bool, Failure> {
    let folder = options.recordings.clone().unwrap_or_else(scenarios::folder);
    let rows = rows(&folder);
    if options.json {
        print_json(&Report::of(&rows))?;
    } else if options.markdown {
        print(&markdown::table(&rows));
    } else {
        print(&human::table(&rows));
    }
    let failed = rows.iter().filter(|row| row.result.is_err()).count();
    if failed > 0 {
        eprintln!("bearcub: {failed} of {} scenarios failed", rows.len());
    }
    Ok(failed == 0)
}
