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
//!
//! and one for MQTT on each board, `[mqtt.esp8266]`, with the figures of [`MqttFigures`].

use std::collections::BTreeMap;
use std::path::Path;

use serde::de::{MapAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

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
        Figures {
            kept: margin(self.kept),
            handshake: margin(self.handshake),
            stack: margin(self.stack),
            flash: margin(self.flash),
            instructions: margin(self.instructions),
        }
    }
}

/// What of MQTT is held to a budget, all of it measured on a board's CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MqttFigures {
    /// Bytes of a session without slots and subscriptions, and without its buffers.
    pub session: u64,
    /// Bytes that each slot adds.
    pub slot: u64,
    /// Bytes that each subscription adds.
    pub subscription: u64,
    /// Bytes of code and constants of a program that publishes with QoS 0 alone.
    pub flash_sending: u64,
    /// The same with everything.
    pub flash: u64,
    /// Instructions of a message of 64 bytes with QoS 1, to its acknowledgement, without TLS.
    pub publish: u64,
    /// The same with TLS.
    pub publish_with_tls: u64,
}

impl MqttFigures {
    /// Each of them with its name.
    pub fn named(&self) -> [(&'static str, u64); 7] {
        [
            ("session", self.session),
            ("slot", self.slot),
            ("subscription", self.subscription),
            ("flash_sending", self.flash_sending),
            ("flash", self.flash),
            ("publish", self.publish),
            ("publish_with_tls", self.publish_with_tls),
        ]
    }

    fn with_margin(&self) -> MqttFigures {
        MqttFigures {
            session: margin(self.session),
            slot: margin(self.slot),
            subscription: margin(self.subscription),
            flash_sending: margin(self.flash_sending),
            flash: margin(self.flash),
            publish: margin(self.publish),
            publish_with_tls: margin(self.publish_with_tls),
        }
    }
}

/// 2 % more, rounded down.
fn margin(figure: u64) -> u64 {
    figure + figure / 50
}

/// Figures by scenario and board, and those of MQTT by board.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Table {
    /// MQTT.
    pub mqtt: BTreeMap<String, MqttFigures>,
    /// The scenarios.
    #[serde(flatten)]
    pub scenarios: BTreeMap<String, BTreeMap<String, Figures>>,
}

/// By hand, because `flatten` would forget where in the file a figure stands.
impl<'de> Deserialize<'de> for Table {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Rows;
        impl<'de> Visitor<'de> for Rows {
            type Value = Table;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a table of budgets")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Table, A::Error> {
                let mut table = Table::default();
                while let Some(name) = map.next_key::<String>()? {
                    if name == "mqtt" {
                        table.mqtt = map.next_value()?;
                    } else {
                        table.scenarios.insert(name, map.next_value()?);
                    }
                }
                Ok(table)
            }
        }
        deserializer.deserialize_map(Rows)
    }
}

/// A row of figures: what it is of, and on which board.
type Row<'a> = (&'a str, &'a str);

impl Table {
    /// Every figure.
    fn rows(&self) -> BTreeMap<Row<'_>, Vec<(&'static str, u64)>> {
        let mqtt = self.mqtt.iter();
        let mqtt = mqtt.map(|(board, figures)| (("mqtt", &board[..]), figures.named().to_vec()));
        let scenarios = self.scenarios.iter().flat_map(|(scenario, by_board)| {
            by_board.iter().map(move |(board, figures)| {
                ((&scenario[..], &board[..]), figures.named().to_vec())
            })
        });
        mqtt.chain(scenarios).collect()
    }
}

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
    for (name, by_board) in &table.scenarios {
        if !scenarios::every().any(|scenario| scenario.name == name) {
            return Err(wrong(&format!("there is no scenario `{name}`")));
        }
        known_boards(name, by_board.keys(), boards).map_err(|what| wrong(&what))?;
    }
    known_boards("mqtt", table.mqtt.keys(), boards).map_err(|what| wrong(&what))?;
    if let Some(board) = boards
        .iter()
        .find(|board| !table.mqtt.contains_key(**board))
    {
        return Err(wrong(&format!(
            "there is no budget for `mqtt` on `{board}`"
        )));
    }
    for scenario in scenarios::every() {
        for board in boards {
            if !table
                .scenarios
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

fn known_boards<'a>(
    name: &str,
    mut given: impl Iterator<Item = &'a String>,
    boards: &[&str],
) -> Result<(), String> {
    given
        .find(|board| !boards.contains(&&board[..]))
        .map_or(Ok(()), |board| {
            Err(format!(
                "`{name}`: there is no board `{board}`; there are: {}",
                boards.join(", ")
            ))
        })
}

/// Holds what was measured against the budgets. What has no budget, or was not measured, is an error.
///
/// # Errors
/// Which scenario on which board.
pub fn compare(budgets: &Table, measured: &Table) -> Result<Vec<Line>, Failure> {
    let (budgets, measured) = (budgets.rows(), measured.rows());
    if let Some((scenario, board)) = measured.keys().find(|row| !budgets.contains_key(*row)) {
        return Err(Failure::Other(format!(
            "there is no budget for `{scenario}` on `{board}`"
        )));
    }
    let mut lines = Vec::new();
    for (row, budget) in &budgets {
        let (scenario, board) = *row;
        let found = measured
            .get(row)
            .ok_or_else(|| Failure::Other(format!("`{scenario}` was not measured on `{board}`")))?;
        for ((figure, budget), (_, measured)) in budget.iter().zip(found) {
            lines.push(Line {
                scenario: scenario.to_owned(),
                board: board.to_owned(),
                figure,
                measured: *measured,
                budget: *budget,
            });
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
    let mqtt = measured.mqtt.iter();
    let scenarios = measured.scenarios.iter();
    let budgets = Table {
        mqtt: mqtt
            .map(|(board, figures)| (board.clone(), figures.with_margin()))
            .collect(),
        scenarios: scenarios
            .map(|(scenario, by_board)| (scenario.clone(), with_margin(by_board)))
            .collect(),
    };
    let text = toml::to_string(&budgets)
        .map_err(|error| Failure::Other(format!("the budgets: {error}")))?;
    Ok(format!(
        "# What every scenario may cost on each board: bytes, and instructions of the whole handshake; and what MQTT may.\n\
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
        let scenarios = scenarios::every().map(|scenario| {
            let by_board = BOARDS.map(|board| (board.to_owned(), figures));
            (scenario.name.to_owned(), by_board.into())
        });
        let mqtt = MqttFigures {
            session: 100,
            slot: 10,
            subscription: 16,
            flash_sending: 5000,
            flash: 6000,
            publish: 7000,
            publish_with_tls: 8000,
        };
        Table {
            mqtt: BOARDS.map(|board| (board.to_owned(), mqtt)).into(),
            scenarios: scenarios.collect(),
        }
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
        let figures = budgets.scenarios["aws-ca"]["esp8266"];
        assert_eq!((figures.kept, figures.handshake), (102, 255));
        assert_eq!((figures.stack, figures.instructions), (49, 1_020_000));
        let lines = compare(&budgets, &table()).unwrap();
        assert_eq!(lines.len(), scenarios::every().count() * 5 + 7);
        assert_eq!(budgets.mqtt["esp8266"].session, 102);
        assert!(!lines.iter().any(Line::is_excess));
    }

    #[test]
    fn one_byte_or_instruction_too_many_is_an_excess() {
        let budgets = table();
        let mut measured = table();
        let figures = measured
            .scenarios
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
        refused(&good.replacen("slot = 10\n", "", 1), "missing field `slot`");
        refused(
            &good.replace("[mqtt.esp8266]", "[mqtt.esp9000]"),
            "no board `esp9000`",
        );
        let last = "selfsigned-fingerprint-resumed";
        let (start, _) = good.split_once(&format!("[{last}.esp8266]")).unwrap();
        refused(start, &format!("no budget for `{last}` on `esp8266`"));
        assert!(load(Path::new("/nowhere/budgets.toml"), &BOARDS).is_err());
    }

    #[test]
    fn what_is_missing_on_either_side_is_an_error() {
        let (mut budgets, mut measured) = (table(), table());
        measured.scenarios.remove("aws-ca");
        let failure = compare(&budgets, &measured).unwrap_err();
        assert!(failure.to_string().contains("`aws-ca` was not measured"));
        budgets.scenarios.remove("aws-ca");
        let failure = compare(&budgets, &table()).unwrap_err();
        assert!(failure.to_string().contains("no budget for `aws-ca`"));
        let (mut budgets, mut measured) = (table(), table());
        measured.mqtt.clear();
        let failure = compare(&budgets, &measured).unwrap_err();
        assert!(failure.to_string().contains("`mqtt` was not measured"));
        budgets.mqtt.clear();
        let failure = compare(&budgets, &table()).unwrap_err();
        assert!(failure.to_string().contains("no budget for `mqtt`"));
    }
}
