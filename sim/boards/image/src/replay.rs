//! Replays the recording that the host hands over.

#![cfg_attr(
    any(feature = "ciphers", feature = "mqtt"),
    allow(dead_code, unused_imports)
)]

use core::fmt::Write;

use bearcub::tls::{Context, Session};
use bearcub_replay::machine::Host;
use bearcub_replay::{Machine, Place};

use crate::Board;
use crate::plan;

/// More than any recording has. It is not part of the device's memory.
const TAPE: usize = 128 << 10;

#[unsafe(link_section = ".tape")]
static TAPE_BYTES: Place<[u8; TAPE]> = Place::new([0; TAPE]);
static SCRATCH: Place<[u8; plan::SCRATCH]> = Place::new([0; plan::SCRATCH]);

pub fn run() -> ! {
    #[cfg(feature = "ciphers")]
    {
        bearcub_replay::ciphers::run::<Board>();
        let _ = writeln!(Host::<Board>::default(), r#"{{"event":"done"}}"#);
        Board::exit(true);
    }
    #[cfg(feature = "mqtt")]
    {
        bearcub_replay::mqtt::run::<Board>();
        let _ = writeln!(Host::<Board>::default(), r#"{{"event":"done"}}"#);
        Board::exit(true);
    }
    #[cfg(not(any(feature = "ciphers", feature = "mqtt")))]
    replay()
}

#[cfg(not(any(feature = "ciphers", feature = "mqtt")))]
fn replay() -> ! {
    let mut host = Host::<Board>::default();
    // SAFETY: this runs once.
    let (tape, scratch) = unsafe { (TAPE_BYTES.take(), SCRATCH.take()) };
    let len = Board::read_tape(tape);
    let _ = writeln!(
        host,
        r#"{{"event":"sizes","kept":{},"context":{},"scratch":{},"session":{},"structures":{:?}}}"#,
        plan::KEPT,
        size_of::<Context>(),
        plan::SCRATCH,
        size_of::<Session>(),
        bearcub_replay::structures::SIZES,
    );
    let tape = &tape[..len.min(TAPE)];
    let replayed = plan::with_config(|config| {
        bearcub_replay::run::<Board>(plan::parts(), scratch, config, tape)
    });
    if let Err(error) = replayed {
        let _ = writeln!(host, r#"{{"event":"error","code":{}}}"#, error.code());
    }
    Board::exit(true)
}
