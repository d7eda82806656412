//! What was measured, for people ([`human`], [`html`]), for the README ([`markdown`]) and for machines ([`json`]).
//! [`sheets`] are the small tables that all but the last of them show beside the one of the scenarios.

pub mod html;
pub mod human;
pub mod json;
pub mod markdown;
pub mod published;
pub mod sheet;
pub mod sheets;

use std::path::Path;

use bearcub::tls::meter::Operation;

use crate::board::Board;
use crate::board::measure::{Measurement, ciphers, measure};
use crate::board::mqtt::{self, Mqtt};
use crate::board::run::Cipher;
use crate::board::tools::{self, Tools};
use crate::commands::tell;
use crate::failure::Failure;
use crate::measure::{Measured, replay};
use crate::model;
use crate::recording::{Header, Recording};
use crate::scenarios::Scenario;

/// One scenario and what came of it.
pub struct Row {
    /// The scenario.
    pub scenario: &'static Scenario,
    /// Its recording's header and what its replay has cost, or why there is nothing to tell.
    pub result: Result<(Header, Measured), Failure>,
    /// What was measured on the boards' CPUs, where that was possible.
    pub boards: Vec<(Board, Measurement)>,
    /// What went wrong there.
    pub trouble: Vec<Failure>,
}

impl Row {
    /// What was measured on that board.
    pub fn on(&self, board: Board) -> Option<&Measurement> {
        let found = self.boards.iter().find(|(known, _)| *known == board);
        found.map(|(_, measurement)| measurement)
    }
}

/// The boards that can be measured here, with their tools; why the others cannot is told.
pub fn measurable() -> Vec<(Board, Tools)> {
    let mut found = Vec::new();
    for board in Board::ALL {
        match tools::find(board) {
            Ok(tools) => found.push((board, tools)),
            Err(failure) => tell(&failure),
        }
    }
    found
}

/// Replays scenarios from the recordings in that folder, here and on those boards.
pub fn rows(
    folder: &Path,
    scenarios: impl Iterator<Item = &'static Scenario>,
    boards: &[(Board, Tools)],
) -> Vec<Row> {
    let loaded = scenarios.map(|scenario| (scenario, load(scenario, folder)));
    let loaded: Vec<_> = loaded.collect();
    let mut measured = on_boards(&loaded, boards);
    let mut rows = Vec::new();
    for (number, (scenario, recording)) in loaded.into_iter().enumerate() {
        let result = recording.and_then(|recording| {
            let measured = replay(&recording).map_err(|failure| failure.at(scenario.name))?;
            Ok((recording.header, measured))
        });
        let mut row = Row {
            scenario,
            result,
            boards: Vec::new(),
            trouble: Vec::new(),
        };
        for (board, results) in &mut measured {
            match results.get_mut(number).and_then(Option::take) {
                Some(Ok(measurement)) => row.boards.push((*board, measurement)),
                Some(Err(failure)) => row.trouble.push(failure.at(scenario.name)),
                None => {}
            }
        }
        rows.push(row);
    }
    rows
}

/// What is measured beside the scenarios.
#[derive(Default)]
pub struct Beside {
    /// What MQTT takes, by board.
    pub mqtt: Vec<(Board, Mqtt)>,
    /// What the implementations of the ciphers take, by board.
    pub ciphers: Vec<(Board, Vec<Cipher>)>,
    /// What was published for an ESP8266, beside ours.
    pub published: Vec<published::Line>,
}

impl Beside {
    /// All of it on those boards.
    ///
    /// # Errors
    /// What cannot be built or run.
    pub fn measured(boards: &[(Board, Tools)]) -> Result<Beside, Failure> {
        let mut beside = Beside::default();
        for (board, tools) in boards {
            beside.mqtt.push((*board, mqtt::measured(*board, tools)?));
            beside.ciphers.push((*board, ciphers(*board, tools)?));
            if *board == Board::Esp8266 {
                beside.published = published::compare(tools)?;
            }
        }
        Ok(beside)
    }
}

fn is_main(row: &Row) -> bool {
    !row.scenario.resumed && !is_choice(row) && !is_records(row)
}

fn is_records(row: &Row) -> bool {
    row.scenario.name.starts_with("records-")
}

fn is_choice(row: &Row) -> bool {
    row.scenario.name.starts_with("choice-")
}

type Loaded = (&'static Scenario, Result<Recording, Failure>);
type OnBoard = Option<Result<Measurement, Failure>>;

/// Every board measures what was loaded, each in a thread of its own.
fn on_boards(loaded: &[Loaded], boards: &[(Board, Tools)]) -> Vec<(Board, Vec<OnBoard>)> {
    let measure_all = |board, tools| {
        let measure = |(_, recording): &Loaded| {
            let recording = recording.as_ref().ok()?;
            Some(measure(board, tools, recording))
        };
        loaded.iter().map(measure).collect()
    };
    std::thread::scope(|scope| {
        let running = boards.iter().map(|(board, tools)| {
            let (board, measure_all) = (*board, &measure_all);
            (board, scope.spawn(move || measure_all(board, tools)))
        });
        let running: Vec<_> = running.collect();
        let finished = running
            .into_iter()
            .map(|(board, thread)| match thread.join() {
                Ok(results) => (board, results),
                Err(panic) => std::panic::resume_unwind(panic),
            });
        finished.collect()
    })
}

fn load(scenario: &Scenario, folder: &Path) -> Result<Recording, Failure> {
    let path = scenario.recording(folder);
    let recording = Recording::load(&path)?;
    if recording.header.scenario != scenario.name {
        let text = format!("this is a recording of `{}`", recording.header.scenario);
        return Err(Failure::Recording(text).at(path.display()));
    }
    Ok(recording)
}

/// A clock that times are told for.
pub struct Clock {
    /// The chip's name.
    pub chip: &'static str,
    /// MHz.
    pub mhz: u32,
    /// The CPU whose instructions are counted.
    counted_on: Board,
}

/// All of them, the ESP8266's first.
pub const CLOCKS: [Clock; 4] = [
    Clock {
        chip: "ESP8266",
        mhz: 80,
        counted_on: Board::Esp8266,
    },
    Clock {
        chip: "ESP8266",
        mhz: 160,
        counted_on: Board::Esp8266,
    },
    Clock {
        chip: "ESP32-C3",
        mhz: 160,
        counted_on: Board::Esp32C3,
    },
    Clock {
        chip: "ESP32",
        mhz: 240,
        counted_on: Board::Esp32C3,
    },
];

impl Clock {
    /// Milliseconds of a connect, with a mark in front: none where the ESP8266's instructions were measured, `≈` where the
    /// measured ones of the ESP32-C3 are given the ESP8266's cycles per instruction, `~` where everything is modelled.
    pub fn time(&self, row: &Row, measured: &Measured) -> String {
        match (row.on(self.counted_on), self.counted_on) {
            (Some(measurement), board) => {
                let time = model::measured_milliseconds(measurement, self.mhz) as usize;
                let mark = if board == Board::Esp8266 { "" } else { "≈" };
                format!("{mark}{}", grouped(time))
            }
            (None, Board::Esp8266) => {
                let time = model::milliseconds(&measured.operations, self.mhz) as usize;
                format!("~{}", grouped(time))
            }
            (None, Board::Esp32C3) => String::new(),
        }
    }

    /// What was published for this clock.
    pub fn published(&self, scenario: &Scenario) -> Option<u32> {
        let place = model::CLOCKS.iter().position(|mhz| *mhz == self.mhz)?;
        let published = scenario.published.filter(|_| self.chip == "ESP8266")?;
        published.milliseconds.get(place).copied()
    }
}

/// Millions of instructions, where they were measured.
pub fn millions(instructions: u64) -> String {
    format!("{:.2}", instructions as f64 / 1e6)
}

/// Whether an operation is one on public keys, and so is listed by itself.
fn is_public_key(operation: Operation) -> bool {
    use Operation::*;
    !matches!(
        operation,
        Sha256Block | Sha384Block | AesBlock | GhashBlock | ChaCha20Block | Poly1305Block
    )
}

/// Digits in groups of three.
pub fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let mut out = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Counts of operations, as `2 p256_mulgen`, those on public keys or the others.
fn counts(measured: &Measured, public_key: bool) -> Vec<String> {
    let wanted = measured
        .operations()
        .filter(|(operation, _)| is_public_key(*operation) == public_key);
    wanted
        .map(|(operation, count)| format!("{count} {}", operation.name()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::grouped;

    #[test]
    fn digits_are_grouped_by_thousands() {
        assert_eq!(
            [0, 999, 1000, 1234567].map(grouped),
            ["0", "999", "1,000", "1,234,567"]
        );
    }
}
