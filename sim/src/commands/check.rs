//! `cargo sim check`: every scenario keeps to its budget on every board.

use std::collections::BTreeMap;

use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{CellAlignment, Table};
use serde_json::json;

use super::arguments::CheckOptions;
use super::{print, print_json, tell};
use crate::board::{Board, mqtt, tools};
use crate::budgets::{self, Line};
use crate::failure::Failure;
use crate::output::replace;
use crate::report::{grouped, rows};
use crate::scenarios;

/// Measures everything that has a budget, and compares; or makes budgets of what was measured.
///
/// # Errors
/// For a file of budgets that is wrong, something that cannot be measured, or a budget that is exceeded.
pub fn run(options: &CheckOptions) -> Result<(), Failure> {
    let path = options.budgets.clone().unwrap_or_else(budgets::file);
    let names = Board::ALL.map(Board::name);
    // What is wrong with the file is told before anything takes its time.
    let known = if options.write {
        None
    } else {
        Some(budgets::load(&path, &names)?)
    };
    let measured = measure()?;
    let Some(known) = known else {
        let text = budgets::from_measured(&measured)?;
        replace(&path, &text)?;
        return print(&format!("{}: written\n", path.display()));
    };
    let lines = budgets::compare(&known, &measured)?;
    if options.json {
        let entry = |line: &Line| {
            json!({
                "scenario": line.scenario, "board": line.board, "figure": line.figure,
                "measured": line.measured, "budget": line.budget, "exceeded": line.is_excess(),
            })
        };
        print_json(&json!({ "figures": lines.iter().map(entry).collect::<Vec<_>>() }))?;
    } else {
        print(&table(&lines, options.all))?;
    }
    match lines.iter().filter(|line| line.is_excess()).count() {
        0 => Ok(()),
        excess => Err(Failure::Other(format!(
            "{excess} of {} figures exceed their budgets",
            lines.len()
        ))),
    }
}

fn measure() -> Result<budgets::Table, Failure> {
    let boards: Result<Vec<_>, Failure> = Board::ALL
        .into_iter()
        .map(|board| Ok((board, tools::find(board)?)))
        .collect();
    let boards = boards?;
    let mut table = budgets::Table::default();
    let mut failure = None;
    for row in rows(&scenarios::folder(), scenarios::every(), &boards) {
        if let Some(found) = row.result.as_ref().err().or(row.trouble.first()) {
            tell(found);
            failure.get_or_insert_with(|| found.clone());
        }
        let by_board: BTreeMap<_, _> = row
            .boards
            .iter()
            .map(|(board, measurement)| (board.name().to_owned(), measurement.figures()))
            .collect();
        let name = row.scenario.name.to_owned();
        table.scenarios.insert(name, by_board);
    }
    for (board, tools) in &boards {
        let figures = mqtt::measured(*board, tools)?.figures();
        table.mqtt.insert(board.name().to_owned(), figures);
    }
    failure.map_or(Ok(table), Err)
}

/// What exceeds its budget and what has come closest; or everything.
fn table(lines: &[Line], all: bool) -> String {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED);
    table.set_header([
        "scenario",
        "board",
        "figure",
        "measured",
        "budget",
        "difference",
    ]);
    for column in 3..6 {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    let mut shown: Vec<_> = lines.iter().collect();
    if !all {
        shown.sort_by(|a, b| b.difference().total_cmp(&a.difference()));
        let excess = shown.iter().filter(|line| line.is_excess()).count();
        shown.truncate(excess.max(10));
    }
    for line in &shown {
        table.add_row([
            line.scenario.clone(),
            line.board.clone(),
            line.figure.to_owned(),
            grouped(line.measured as usize),
            grouped(line.budget as usize),
            format!("{:+.2} %", line.difference()),
        ]);
    }
    let rest = lines.len() - shown.len();
    let more = if rest > 0 {
        format!("and {rest} more with more room (--all shows them)\n")
    } else {
        String::new()
    };
    format!("{table}\n{more}")
}
