//! The same for machines. Names stay; later versions add to them.

use std::collections::BTreeMap;

use serde::Serialize;

use super::published::Line;
use super::{Beside, Row};
use crate::board::Board;
use crate::board::measure::Measurement;
use crate::board::mqtt::Mqtt;
use crate::board::run::Cipher;
use crate::measure::Measured;
use crate::model;
use crate::scenarios::Published;

/// Everything.
#[derive(Debug, Serialize)]
pub struct Report {
    /// One entry for each scenario and board.
    pub scenarios: Vec<Entry>,
    /// One entry for each board where MQTT was measured.
    pub mqtt: Vec<MqttEntry>,
    /// One entry for each board where the ciphers were measured.
    pub ciphers: Vec<CipherEntry>,
    /// What was published for an ESP8266 beside ours, where that was measured.
    pub published: Vec<Line>,
}

/// The implementations of the ciphers on one board.
#[derive(Debug, Serialize)]
pub struct CipherEntry {
    /// The board.
    pub board: &'static str,
    /// What each takes.
    pub implementations: Vec<Cipher>,
}

/// MQTT on one board.
#[derive(Debug, Serialize)]
pub struct MqttEntry {
    /// The board.
    pub board: &'static str,
    /// What was measured.
    #[serde(flatten)]
    pub measured: Mqtt,
}

/// One scenario on one board.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// The scenario's stable name.
    pub name: &'static str,
    /// The board that sizes and times are for.
    pub board: &'static str,
    /// The TLS engine.
    pub engine: &'static str,
    /// Whether the milliseconds were measured on the board's CPU; if not, they are modelled.
    pub measured: bool,
    /// Whether the replay was exact.
    pub ok: bool,
    /// Why it was not.
    pub error: Option<String>,
    /// Bytes of memory.
    pub ram: Ram,
    /// Counts, by the name of the operation.
    pub operations: BTreeMap<&'static str, u32>,
    /// A whole connect, by the clock.
    pub milliseconds: BTreeMap<String, u32>,
    /// What it is held against; empty where there is nothing.
    pub published: BTreeMap<&'static str, serde_json::Value>,
    /// Bytes that went over the network, TLS and what is in it.
    pub bytes: Ways,
    /// Messages of the handshake.
    pub messages: Ways,
    /// Whether a cost behind the milliseconds is estimated.
    pub estimated: bool,
    /// Instructions of the handshake, where they were measured.
    pub instructions: Option<u64>,
    /// Bytes that TLS adds to a program, where that was measured.
    pub flash: Option<u64>,
    /// Everything that was measured on the board's CPU.
    pub measurement: Option<Measurement>,
}

/// Bytes of memory.
#[derive(Debug, Default, Serialize)]
pub struct Ram {
    /// As long as the connection lives, on a 32-bit board.
    pub kept: usize,
    /// While the handshake runs: scratch and stack.
    pub handshake: usize,
    /// Of it, the stack's high-water mark.
    pub stack: usize,
    /// Where the stack was measured: a board, or `host`, the machine that ran this, with 64 bits.
    pub stack_on: &'static str,
    /// What the above is made of.
    pub parts: BTreeMap<&'static str, usize>,
}

/// A number for each direction.
#[derive(Debug, Default, Serialize)]
pub struct Ways {
    /// From the client.
    pub out: usize,
    /// From the server.
    pub r#in: usize,
}

impl From<[usize; 2]> for Ways {
    fn from([out, r#in]: [usize; 2]) -> Self {
        Ways { out, r#in }
    }
}

impl Ram {
    /// The memory of a connection.
    pub fn of(measured: &Measured) -> Self {
        let kept = measured.kept;
        Ram {
            kept: kept.total,
            handshake: measured.handshake(),
            stack: measured.stack.unwrap_or(0),
            stack_on: "host",
            parts: BTreeMap::from([
                ("context", kept.context),
                ("input_buffer", kept.input),
                ("output_buffer", kept.output),
                ("scratch", measured.scratch),
            ]),
        }
    }
}

/// Modelled times, by the clock.
pub fn milliseconds(measured: &Measured) -> BTreeMap<String, u32> {
    let time = |mhz| {
        (
            format!("{mhz}mhz"),
            model::milliseconds(&measured.operations, mhz),
        )
    };
    model::CLOCKS.map(time).into()
}

/// Counts, by name.
pub fn operations(measured: &Measured) -> BTreeMap<&'static str, u32> {
    measured
        .operations()
        .map(|(operation, count)| (operation.name(), count))
        .collect()
}

fn published(published: &Published) -> BTreeMap<&'static str, serde_json::Value> {
    let times: BTreeMap<_, _> = model::CLOCKS
        .into_iter()
        .zip(published.milliseconds)
        .map(|(mhz, time)| (format!("{mhz}mhz"), time))
        .collect();
    BTreeMap::from([
        ("source", "Tasmota's TLS page, 2019".into()),
        ("kept", published.kept.into()),
        ("handshake", published.handshake().into()),
        ("stack", published.stack.into()),
        ("scratch", published.scratch.into()),
        ("milliseconds", serde_json::json!(times)),
    ])
}

impl Report {
    /// The report on these rows, and on what is beside them.
    pub fn of(rows: &[Row], beside: &Beside) -> Report {
        let entry = |(board, mqtt): &(Board, Mqtt)| MqttEntry {
            board: board.name(),
            measured: mqtt.clone(),
        };
        let ciphers = |(board, ciphers): &(Board, Vec<Cipher>)| CipherEntry {
            board: board.name(),
            implementations: ciphers.clone(),
        };
        Report {
            scenarios: rows.iter().flat_map(entries).collect(),
            mqtt: beside.mqtt.iter().map(entry).collect(),
            ciphers: beside.ciphers.iter().map(ciphers).collect(),
            published: beside.published.clone(),
        }
    }
}

/// One for the ESP8266, measured or modelled, and one for every other board that was measured.
fn entries(row: &Row) -> Vec<Entry> {
    let mut entries = vec![entry(row)];
    for (board, measurement) in &row.boards {
        if *board == Board::Esp8266 {
            entries[0].replace_by(*board, measurement);
        } else {
            let mut other = entry(row);
            other.published.clear();
            other.replace_by(*board, measurement);
            entries.push(other);
        }
    }
    entries
}

impl Entry {
    /// Puts what was measured where something was modelled.
    fn replace_by(&mut self, board: Board, measurement: &Measurement) {
        self.board = board.name();
        self.measured = true;
        self.estimated = false;
        self.ram.kept = measurement.kept;
        self.ram.stack = measurement.stack();
        self.ram.handshake = measurement.scratch + measurement.stack();
        self.ram.stack_on = board.name();
        self.ram.parts.insert("context", measurement.context);
        self.ram.parts.insert("scratch", measurement.scratch);
        self.milliseconds = model::clocks(board)
            .iter()
            .map(|&mhz| {
                (
                    format!("{mhz}mhz"),
                    model::measured_milliseconds(measurement, mhz),
                )
            })
            .collect();
        self.instructions = Some(measurement.instructions());
        self.flash = measurement.flash.map(|flash| flash.total());
        self.measurement = Some(measurement.clone());
    }
}

fn entry(row: &Row) -> Entry {
    let measured = row.result.as_ref().ok().map(|(_, measured)| measured);
    Entry {
        name: row.scenario.name,
        board: model::BOARD,
        engine: "bearssl",
        measured: false,
        ok: measured.is_some(),
        error: row.result.as_ref().err().map(ToString::to_string),
        ram: measured.map(Ram::of).unwrap_or_default(),
        operations: measured.map(operations).unwrap_or_default(),
        milliseconds: measured.map(milliseconds).unwrap_or_default(),
        published: row.scenario.published.map(published).unwrap_or_default(),
        bytes: measured
            .map(|measured| measured.bytes.into())
            .unwrap_or_default(),
        messages: measured
            .map(|measured| measured.messages.into())
            .unwrap_or_default(),
        estimated: measured.is_some_and(|measured| model::is_estimated(&measured.operations)),
        instructions: None,
        flash: None,
        measurement: None,
    }
}
