//! `cargo sim report`: one page with everything that was measured.

use std::path::Path;

use serde_json::json;

use super::arguments::ReportOptions;
use super::{print, print_json};
use crate::board::features;
use crate::failure::Failure;
use crate::output::replace;
use crate::report::html::{Contents, page};
use crate::report::{Beside, measurable, rows};
use crate::scenarios;

/// Measures everything, and writes the page. Where a board's tools are missing that is told, and its figures are modelled or left out.
///
/// # Errors
/// If the file is there and is not to be overwritten, or something fails.
pub fn run(options: &ReportOptions) -> Result<(), Failure> {
    let out: &Path = &options.html;
    if out.exists() && !options.force {
        return Err(crate::recording::refuse_overwriting(out));
    }
    let boards = measurable();
    let rows = rows(&scenarios::folder(), scenarios::every(), &boards);
    for row in &rows {
        if let Some(failure) = row.result.as_ref().err().or(row.trouble.first()) {
            return Err(failure.clone());
        }
    }
    let features: Result<Vec<_>, Failure> = boards
        .iter()
        .map(|(board, tools)| Ok((*board, features::all(*board, tools)?)))
        .collect();
    let mut versions: Vec<String> = boards
        .iter()
        .flat_map(|(_, tools)| tools.versions.lines().map(str::to_owned))
        .collect();
    versions.sort();
    versions.dedup();
    let text = page(&Contents {
        rows: &rows,
        features: &features?,
        beside: &Beside::measured(&boards)?,
        versions: &versions,
    })?;
    replace(out, &text)?;
    if options.json {
        return print_json(&json!({
            "file": out.display().to_string(),
            "bytes": text.len(),
            "scenarios": rows.len(),
            "boards": boards.iter().map(|(board, _)| board.name()).collect::<Vec<_>>(),
        }));
    }
    print(&format!("{}: written\n", out.display()))
}
