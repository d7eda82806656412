//! What was measured, for people ([`human`], [`html`]), for the README ([`markdown`]) and for machines ([`json`]).

pub mod html;
pub mod human;
pub mod json;
pub mod markdown;

use std::path::Path;

use bearcub::tls::meter::Operation;

use crate::board::Board;
use crate::board::measure::{Measurement, measure};
use crate::board::mqtt::{self, Mqtt};
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

/// What MQTT takes on those boards.
///
/// # Errors
/// What cannot be built or run.
pub fn mqtt(boards: &[(Board, Tools)]) -> Result<Vec<(Board, Mqtt)>, Failure> {
    boards
        .iter()
        .map(|(board, tools)| Ok((*board, mqtt::measured(*board, tools)?)))
        .collect()
}

/// The columns of a table of what MQTT takes, behind the board.
const MQTT_COLUMNS: [&str; 6] = [
    "session B",
    "flash B, QoS 0 out",
    "flash B, every QoS both ways",
    "flash B, every option",
    "publish, QoS 1",
    "with TLS",
];

/// A line of it.
fn mqtt_line(mqtt: &Mqtt) -> [String; 6] {
    let sizes = mqtt.sizes;
    let number = |number: u64| grouped(number as usize);
    [
        format!(
            "{} + {} a slot + {} a subscription",
            sizes.session, sizes.slot, sizes.subscription
        ),
        number(mqtt.sending.total()),
        number(mqtt.all.total()),
        number(mqtt.every.total()),
        number(mqtt.publish()),
        number(mqtt.publish_with_tls),
    ]
}

/// What stands below it.
const MQTT_LEGEND: &str = "MQTT: bytes of a session without its buffers and its store; what MQTT adds to a program that \
    publishes with QoS 0, to one that publishes and subscribes with every QoS, and to one that also has messages in pieces, \
    manual acknowledgement, a store in flash, a broker's limits, a bounded queue, a last will, unsubscribing and reconnecting; \
    instructions of a message of 64 bytes, from \
    `publish` to the broker's acknowledgement, and the same with TLS (AES-128-GCM).";

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
