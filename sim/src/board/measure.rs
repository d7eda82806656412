//! Everything that is measured of a scenario on a board.

use std::io::IsTerminal;
use std::path::Path;

use object::{Object, ObjectSection};
use serde::{Deserialize, Serialize};

use super::build::{self, Kind};
use super::run::{self, Cipher, Event, Stage, Turn};
use super::tools::Tools;
use super::{Board, cache, loads, tape};
use crate::budgets::Figures;
use crate::commands::tell;
use crate::failure::Failure;
use crate::names;
use crate::plan::Plan;
use crate::recording::{Agreed, Recording};
use crate::scenarios;

/// What was measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measurement {
    /// Bytes that a connection keeps.
    pub kept: usize,
    /// Of them, the connection's state.
    pub context: usize,
    /// Bytes that it lends to the handshake.
    pub scratch: usize,
    /// BearSSL's client context, certificate decoder and validator, which are in the two above.
    pub structures: [usize; 3],
    /// What was agreed on.
    pub agreed: Agreement,
    /// The stages of the handshake, each named after the message that the client awaited in it.
    pub stages: Vec<Stage>,
    /// Instructions behind the last stage.
    pub finishing: u64,
    /// Public-key operations: name, count, instructions.
    pub operations: Vec<(String, u32, u64)>,
    /// Application data.
    pub turns: Vec<Turn>,
    /// What TLS adds to a program, where that was looked at.
    pub flash: Option<Flash>,
}

/// What the client and the server agreed on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agreement {
    /// The suite's name.
    pub suite: String,
    /// The group's name; none with RSA key exchange or a resumed session.
    pub group: Option<String>,
    /// Bytes of a fragment; none if the server ignored the offer.
    pub fragment_length: Option<usize>,
    /// Whether a session was resumed.
    pub resumed: bool,
}

impl From<&Agreed> for Agreement {
    fn from(agreed: &Agreed) -> Self {
        Agreement {
            suite: agreed.suite.clone(),
            group: agreed.group.clone(),
            fragment_length: agreed.fragment_length,
            resumed: agreed.resumed,
        }
    }
}

/// What TLS adds to a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Flash {
    /// Bytes of code.
    pub code: u64,
    /// Bytes of constants.
    pub constants: u64,
    /// Of the constants, those that are copied to RAM, because they are not read in words.
    pub constants_in_ram: u64,
    /// Bytes of memory with a first value, which are in flash and in RAM.
    pub data: u64,
}

impl Measurement {
    /// Instructions of the whole handshake.
    pub fn instructions(&self) -> u64 {
        let stages = self.stages.iter().map(|stage| stage.instructions);
        stages.sum::<u64>() + self.finishing
    }

    /// The stack's high-water mark in the handshake.
    pub fn stack(&self) -> usize {
        self.stages
            .iter()
            .map(|stage| stage.stack)
            .max()
            .unwrap_or(0)
    }

    /// The longest call of the library, and the stage in which it is.
    pub fn longest(&self) -> Option<&Stage> {
        self.stages.iter().max_by_key(|stage| stage.longest)
    }

    /// Instructions of arithmetic on curves.
    pub fn curve_instructions(&self) -> u64 {
        self.stages.iter().map(|stage| stage.curves).sum()
    }

    /// What is held to a budget.
    pub fn figures(&self) -> Figures {
        let flash = self.flash.map_or(0, |flash| flash.total());
        Figures {
            kept: self.kept as u64,
            handshake: (self.scratch + self.stack()) as u64,
            stack: self.stack() as u64,
            flash,
            instructions: self.instructions(),
        }
    }
}

impl Flash {
    /// All that is in flash.
    pub fn total(&self) -> u64 {
        self.code + self.constants + self.data
    }

    /// What is in an image.
    ///
    /// # Errors
    /// If the file cannot be read, or is none.
    pub fn of(elf: &Path) -> Result<Flash, Failure> {
        let wrong =
            |what: &dyn std::fmt::Display| Failure::Other(format!("{}: {what}", elf.display()));
        let bytes = std::fs::read(elf).map_err(|error| wrong(&error))?;
        let file = object::File::parse(&*bytes).map_err(|error| wrong(&error))?;
        let size = |name: &str| {
            file.section_by_name(name)
                .map_or(0, |section| section.size())
        };
        // On the ESP8266 what is not in this section is copied.
        let words = size(".flash_constants");
        let others = size(".rodata");
        let copied = matches!(file.architecture(), object::Architecture::Xtensa);
        Ok(Flash {
            code: size(".text"),
            constants: words + others,
            constants_in_ram: if copied { others } else { 0 },
            data: size(".data"),
        })
    }

    /// What it has beyond another one.
    #[must_use]
    pub fn beyond(self, other: Flash) -> Flash {
        Flash {
            code: self.code.saturating_sub(other.code),
            constants: self.constants.saturating_sub(other.constants),
            constants_in_ram: self.constants_in_ram.saturating_sub(other.constants_in_ram),
            data: self.data.saturating_sub(other.data),
        }
    }
}

/// Measures a recording on a board, or remembers what was measured before anything changed.
///
/// # Errors
/// A program that is missing, or what went wrong in building or running.
pub fn measure(board: Board, tools: &Tools, recording: &Recording) -> Result<Measurement, Failure> {
    let tape = tape::of(recording);
    let place = cache::Place::of(board, tools, &recording.header.plan, &tape)?;
    if let Some(known) = place.read() {
        return Ok(known);
    }
    let lock = build::lock(board)?;
    // Another process may have measured it meanwhile.
    if let Some(known) = place.read() {
        return Ok(known);
    }
    drop(lock);
    let measurement = afresh(board, tools, recording)?;
    place.write(&measurement);
    Ok(measurement)
}

/// Measures a recording on a board, whatever is remembered.
///
/// # Errors
/// As [`measure`].
pub fn afresh(board: Board, tools: &Tools, recording: &Recording) -> Result<Measurement, Failure> {
    let _lock = build::lock(board)?;
    let tape = tape::of(recording);
    if std::io::stderr().is_terminal() {
        tell(&format_args!(
            "measuring {} on {board}",
            recording.header.scenario
        ));
    }
    let plan = &recording.header.plan;
    let replay = build::image(board, tools, Kind::Replay, plan)?;
    let mut measurement = put_together(run::image(
        board,
        board.emulator().as_ref(),
        &replay,
        &tape,
        run::LIMIT,
    )?)?;
    let recorded = Agreement::from(&recording.header.agreed);
    if measurement.agreed != recorded {
        return Err(Failure::Other(format!(
            "the image for {board} agreed on {:?}, and the recording on {recorded:?}",
            measurement.agreed
        )));
    }
    if board == Board::Esp8266 {
        loads::check(&replay, &tape, loads::FLASH, run::LIMIT)?;
    }
    let metered = build::image(board, tools, Kind::Metered, plan)?;
    let counted = put_together(run::image(
        board,
        board.emulator().as_ref(),
        &metered,
        &tape,
        run::LIMIT,
    )?)?;
    measurement.operations = counted.operations;
    let messages =
        |stages: &[Stage]| -> Vec<_> { stages.iter().map(|stage| stage.message.clone()).collect() };
    if messages(&measurement.stages) != messages(&counted.stages) {
        return Err(Failure::Other(format!(
            "the images for {board} that count operations and that do not went through other stages"
        )));
    }
    for (stage, counted) in measurement.stages.iter_mut().zip(&counted.stages) {
        stage.curves = counted.curves;
    }
    measurement.flash = Some(link(board, tools, plan)?);
    Ok(measurement)
}

/// What the implementations of the ciphers take, or remembers it.
///
/// # Errors
/// What went wrong in building or running.
pub fn ciphers(board: Board, tools: &Tools) -> Result<Vec<Cipher>, Failure> {
    // Any plan serves: the image is made for one.
    let recording = Recording::load(&scenarios::ALL[0].recording(&scenarios::folder()))?;
    let plan = &recording.header.plan;
    let place = cache::Place::of(board, tools, plan, b"ciphers")?;
    if let Some(known) = place.read() {
        return Ok(known);
    }
    let _lock = build::lock(board)?;
    let image = build::image(board, tools, Kind::Ciphers, plan)?;
    let events = run::image(board, board.emulator().as_ref(), &image, &[], run::LIMIT)?;
    let ciphers = events.into_iter().filter_map(|event| match event {
        Event::Cipher(cipher) => Some(cipher),
        _ => None,
    });
    let ciphers: Vec<_> = ciphers.collect();
    place.write(&ciphers);
    Ok(ciphers)
}

/// What TLS with that plan adds to a program, or remembers it.
///
/// # Errors
/// What went wrong in building.
pub fn flash(board: Board, tools: &Tools, plan: &Plan) -> Result<Flash, Failure> {
    let place = cache::Place::of(board, tools, plan, b"flash")?;
    if let Some(known) = place.read() {
        return Ok(known);
    }
    let _lock = build::lock(board)?;
    let flash = link(board, tools, plan)?;
    place.write(&flash);
    Ok(flash)
}

fn link(board: Board, tools: &Tools, plan: &Plan) -> Result<Flash, Failure> {
    let with = Flash::of(&build::image(board, tools, Kind::Firmware, plan)?)?;
    let without = Flash::of(&build::image(board, tools, Kind::Plain, plan)?)?;
    Ok(with.beyond(without))
}

fn put_together(events: Vec<Event>) -> Result<Measurement, Failure> {
    let mut measurement = Measurement {
        kept: 0,
        context: 0,
        scratch: 0,
        structures: [0; 3],
        agreed: Agreement::default(),
        stages: Vec::new(),
        finishing: 0,
        operations: Vec::new(),
        turns: Vec::new(),
        flash: None,
    };
    let (mut sizes, mut agreement) = (false, false);
    for event in events {
        match event {
            Event::Sizes {
                kept,
                context,
                scratch,
                structures,
                ..
            } => {
                measurement.structures = structures;
                (measurement.kept, measurement.context) = (kept, context);
                measurement.scratch = scratch;
                sizes = true;
            }
            Event::Stage(stage) => measurement.stages.push(stage),
            Event::Agreed {
                suite,
                group,
                fragment_length,
                resumed,
                finishing,
            } => {
                measurement.finishing = finishing;
                measurement.agreed = Agreement {
                    suite: names::of_suite(suite),
                    group: (group != 0).then(|| names::of_group(group)),
                    fragment_length: (fragment_length != 0).then_some(fragment_length),
                    resumed,
                };
                agreement = true;
            }
            Event::Operation {
                name,
                count,
                instructions,
            } => measurement.operations.push((name, count, instructions)),
            Event::Turn(turn) => measurement.turns.push(turn),
            Event::Cipher(_)
            | Event::Mqtt(_)
            | Event::MqttSizes(_)
            | Event::Firmware(_)
            | Event::Error { .. }
            | Event::Trouble { .. }
            | Event::Done => {}
        }
    }
    if !sizes || !agreement || measurement.stages.is_empty() {
        return Err(Failure::Other("the image's report lacks a part".to_owned()));
    }
    Ok(measurement)
}
