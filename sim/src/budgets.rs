//! What every scenario may cost on each board, and whether it keeps to that.
//!
//! The file is TOML, one table for each scenario and board:
//!
//! ```toml
//! [aws-ca.esp8266]
//! kept = 5769
//! handshake = 8000
//! stack = 4528
//! flash = 60000
//! instructions = 76000000
//! ```

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::scenarios;

/// What is held to a budget, all of it measured on a board's CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Bytes that a connection keeps.
    pub kept: u64,
    /// Bytes that only the handshake takes: scratch and stack.
    pub handshake: u64,
    /// Of them, the stack's high-water mark.
    pub stack: u64,
    /// Bytes of code and constants.
    pub flash: u64,
    /// Instructions of the whole handshake.
    pub instructions: u64,
}

impl Figures {
    /// Each of them with its name.
    pub fn named(&self) -> [(&'static str, u64); 5] {
        [
            ("kept", self.kept),
            ("handshake", self.handshake),
            ("stack", self.stack),
            ("flash", self.flash),
            ("instructions", self.instructions),
        ]
    }

    /// A budget with room for small changes: 2 % more, rounded down.
    fn with_margin(&self) -> Figures {
        let more = |figure: u64| figure + figure / 50;
        Figures {
            kept: more(self.kept),
            handshake: more(self.handshake),
            stack: more(self.stack),
            flash: more(self.flash),
            instructions: more(self.instructions),
        }
    }
}

/// Figures by scenario and board.
pub type Table = BTreeMap<String, BTreeMap<String, Figures>>;

/// One figure and what it may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The scenario.
    pub scenario: String,
    /// The board.
    pub board: String,
    /// Which figure.
    pub figure: &'static str,
    /// What was measured.
    pub measured: u64,
    /// What it may be at most.
    pub budget: u64,
}

impl Line {
    /// Whether it is too much.
    pub fn is_excess(&self) -> bool {
        self.measured > self.budget
    }

    /// What the measured figure is beyond the budget, in percent of it; negative where there is room.
    pub fn difference(&self) -> f64 {
        let (measured, budget) = (self.measured as f64, self.budget.max(1) as f64);
        (measured - budget) / budget * 100.0
    }
}

/// The budgets of the source tree.
pub fn file() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("budgets.toml")
}

/// Reads a file of budgets for those boards.
///
/// # Errors
/// If it cannot be read, is not of that form, names a scenario or a board that there is not, or lacks one.
pub fn load(path: &Path, boards: &[&str]) -> Result<Table, Failure> {
    let wrong =
        |what: &dyn std::fmt::Display| Failure::Usage(format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(&error))?;
    let table: Table = toml::from_str(&text).map_err(|error| wrong(&error))?;
    for (name, by_board) in &table {
        let known = scenarios::ALL.iter().chain(&scenarios::RESUMED);
        if !known.into_iter().any(|scenario| scenario.name == name) {
            return Err(wrong(&format!("there is no scenario `{name}`")));
        }
        if let Some(board) = by_board.keys().find(|board| !boards.contains(&&board[..])) {
            return Err(wrong(&format!(
                "`{name}`: there is no board `{board}`; there are: {}",
                boards.join(", ")
            )));
        }
    }
    for scenario in scenarios::ALL.iter().chain(&scenarios::RESUMED) {
        for board in boards {
            if !table
                .get(scenario.name)
                .is_some_and(|by_board| by_board.contains_key(*board))
            {
                return Err(wrong(&format!(
                    "there is no budget for `{}` on `{board}`",
                    scenario.name
                )));
            }
        }
    }
    Ok(table)
}

/// Holds what was measured against the budgets. What has no budget, or was not measured, is an error.
///
/// # Errors
/// Which scenario on which board.
pub fn compare(budgets: &Table, measured: &Table) -> Result<Vec<Line>, Failure> {
    let mut lines = Vec::new();
    for (scenario, by_board) in budgets {
        for (board, budget) in by_board {
            let found = measured.get(scenario).and_then(|found| found.get(board));
            let found = found.ok_or_else(|| {
                Failure::Other(format!("`{scenario}` was not measured on `{board}`"))
            })?;
            for ((figure, budget), (_, measured)) in budget.named().into_iter().zip(found.named()) {
                lines.push(Line {
                    scenario: scenario.clone(),
                    board: board.clone(),
                    figure,
                    measured,
                    budget,
                });
            }
        }
    }
    for (scenario, by_board) in measured {
        for board in by_board.keys() {
            if !budgets
                .get(scenario)
                .is_some_and(|known| known.contains_key(board))
            {
                return Err(Failure::Other(format!(
                    "there is no budget for `{scenario}` on `{board}`"
                )));
            }
        }
    }
    Ok(lines)
}

/// The file that makes budgets of what was measured, with a margin of 2 %.
///
/// # Errors
/// If it cannot be put into the form.
pub fn from_measured(measured: &Table) -> Result<String, Failure> {
    let with_margin = |by_board: &BTreeMap<String, Figures>| -> BTreeMap<String, Figures> {
        let each = by_board.iter();
        each.map(|(board, figures)| (board.clone(), figures.with_margin()))
            .collect()
    };
    let budgets: Table = measured
        .iter()
        .map(|(scenario, by_board)| (scenario.clone(), with_margin(by_board)))
        .collect();
    let text = toml::to_string(&budgets)
        .map_err(|error| Failure::Other(format!("the budgets: {error}")))?;
    Ok(format!(
        "# What every scenario may cost on each board: bytes, and instructions of the whole handshake.\n\
         # Written by `cargo sim check --write` (measured + 2 %), held by `cargo sim check`.\n\n{text}"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOARDS: [&str; 1] = ["esp8266"];

    fn table() -> Table {
        let figures = Figures {
            kept: 100,
            handshake: 250,
            stack: 49,
            flash: 5000,
            instructions: 1_000_000,
        };
        let all = scenarios::ALL.iter().chain(&scenarios::RESUMED);
        all.map(|scenario| {
            let by_board = BOARDS.map(|board| (board.to_owned(), figures));
            (scenario.name.to_owned(), by_board.into())
        })
        .collect()
    }

    fn load_text(text: &str) -> Result<Table, Failure> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), text).unwrap();
        load(file.path(), &BOARDS)
    }

    fn refused(text: &str, expected: &str) {
        let failure = load_text(text).unwrap_err();
        assert_eq!(failure.exit_status(), 2);
        assert!(failure.to_string().contains(expected), "{failure}");
    }

    #[test]
    fn a_budget_is_what_was_measured_and_two_percent() {
        let budgets = load_text(&from_measured(&table()).unwrap()).unwrap();
        let figures = budgets["aws-ca"]["esp8266"];
        assert_eq!((figures.kept, figures.handshake), (102, 255));
        assert_eq!((figures.stack, figures.instructions), (49, 1_020_000));
        let lines = compare(&budgets, &table()).unwrap();
        assert_eq!(lines.len(), 16 * 5);
        assert!(!lines.iter().any(Line::is_excess));
    }

    #[test]
    fn one_byte_or_instruction_too_many_is_an_excess() {
        let budgets = table();
        let mut measured = table();
        let figures = measured
            .get_mut("aws-ca")
            .unwrap()
            .get_mut("esp8266")
            .unwrap();
        figures.instructions += 1;
        figures.stack -= 1;
        let lines = compare(&budgets, &measured).unwrap();
        let excess: Vec<_> = lines.iter().filter(|line| line.is_excess()).collect();
        assert_eq!(excess.len(), 1);
        assert_eq!(
            (&excess[0].scenario[..], excess[0].figure),
            ("aws-ca", "instructions")
        );
        assert!(excess[0].difference() > 0.0);
    }

    #[test]
    fn a_file_that_is_wrong_is_an_error_that_says_where() {
        let good = from_measured(&table()).unwrap();
        refused("kept = ", "TOML");
        refused(
            &good.replace("[aws-ca.esp8266]", "[aws-sea.esp8266]"),
            "no scenario `aws-sea`",
        );
        refused(
            &good.replace("[aws-ca.esp8266]", "[aws-ca.esp9000]"),
            "no board `esp9000`",
        );
        refused(
            &good.replacen("kept = 102\n", "", 1),
            "missing field `kept`",
        );
        refused(&good.replacen("kept = ", "cept = ", 1), "cept");
        refused(&good.replacen("kept = 102", "kept = -1", 1), "kept = -1");
        let last = "selfsigned-fingerprint-resumed";
        let (start, _) = good.split_once(&format!("[{last}.esp8266]")).unwrap();
        refused(start, &format!("no budget for `{last}` on `esp8266`"));
        assert!(load(Path::new("/nowhere/budgets.toml"), &BOARDS).is_err());
    }

    #[test]
    fn what_is_missing_on_either_side_is_an_error() {
        let (mut budgets, mut measured) = (table(), table());
        measured.remove("aws-ca");
        let failure = compare(&budgets, &measured).unwrap_err();
        assert!(failure.to_string().contains("`aws-ca` was not measured"));
        budgets.remove("aws-ca");
        let failure = compare(&budgets, &table()).unwrap_err();
        assert!(failure.to_string().contains("no budget for `aws-ca`"));
    }
}
