//! What a connection costs on each board where nothing was measured for it: put together from what was measured of single
//! operations, and of connections like it.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bearcub::tls::meter::Operation;
use serde::Serialize;

use super::registry;
use crate::board::Board;
use crate::budgets::Table;
use crate::measure::Measured;
use crate::model::{self, Counts};

const M: f64 = 1e6;

/// A chip that times are told for.
pub struct Chip {
    /// Its name.
    pub name: &'static str,
    /// Its clocks in MHz.
    pub clocks: &'static [u32],
    /// The boards whose CPUs stand for its own: instructions are those of the first, the stack is the largest of all.
    like: &'static [Board],
}

/// All of them. The ESP32's own CPU is not emulated: it is given the ESP32-C3's instructions, as in `table`.
pub const CHIPS: [Chip; 3] = [
    Chip {
        name: "ESP8266",
        clocks: &[80, 160],
        like: &[Board::Esp8266],
    },
    Chip {
        name: "ESP32-C3",
        clocks: &[160],
        like: &[Board::Esp32C3],
    },
    Chip {
        name: "ESP32",
        clocks: &[240],
        like: &[Board::Esp32C3, Board::Esp8266],
    },
];

/// A connection on one chip.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Modelled {
    /// The chip.
    pub chip: &'static str,
    /// Bytes that are kept while connected.
    pub kept: usize,
    /// Bytes that the handshake borrows: scratch and stack.
    pub borrowed: usize,
    /// Of them, the scratch.
    pub scratch: usize,
    /// Of them, the stack.
    pub stack: usize,
    /// Milliseconds of the connect, by the clock.
    pub milliseconds: BTreeMap<String, u32>,
    /// Nothing of the times and of the stack was measured in this very connection.
    pub measured: bool,
}

impl Modelled {
    /// Milliseconds at one of its clocks.
    pub fn at(&self, mhz: u32) -> u32 {
        let time = self.milliseconds.get(&format!("{mhz}mhz"));
        time.copied().unwrap_or_default()
    }
}

/// What a connection is, as far as its stack goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Kind {
    /// The suite.
    pub suite: u16,
    /// Whether authorities are trusted.
    pub has_anchors: bool,
    /// Whether it resumes a session.
    pub is_resumed: bool,
}

/// What a connection costs on every chip.
pub fn all(measured: &Measured, kind: Kind) -> Vec<Modelled> {
    let one = |chip: &Chip| {
        let stack = chip.like.iter().map(|board| stack(*board, measured, kind));
        let stack = stack.max().unwrap_or_default();
        let milliseconds = chip.clocks.iter().map(|mhz| {
            let time = milliseconds(chip, &measured.operations, *mhz);
            (format!("{mhz}mhz"), time)
        });
        Modelled {
            chip: chip.name,
            kept: measured.kept.total,
            borrowed: measured.scratch + stack,
            scratch: measured.scratch,
            stack,
            milliseconds: milliseconds.collect(),
            measured: false,
        }
    };
    CHIPS.iter().map(one).collect()
}

/// Milliseconds of a connect on a board, by the clock.
pub fn times(board: Board, counts: &Counts) -> Vec<(u32, u32)> {
    let chips = CHIPS.iter().filter(|chip| *chip.like == [board]);
    chips
        .flat_map(|chip| chip.clocks.iter().map(move |mhz| (chip, *mhz)))
        .map(|(chip, mhz)| (mhz, milliseconds(chip, counts, mhz)))
        .collect()
}

fn milliseconds(chip: &Chip, counts: &Counts, mhz: u32) -> u32 {
    match chip.like[0] {
        Board::Esp8266 => model::milliseconds(counts, mhz),
        Board::Esp32C3 => model::milliseconds_on(counts, mhz, instructions_esp32c3),
    }
}

/// Instructions of an operation on the ESP32-C3's CPU with BearSSL's 31-bit multipliers, measured as those of the ESP8266
/// (`cargo sim board esp32c3 --json`, `operations`; `--ciphers`). What was not is derived as there.
fn instructions_esp32c3(operation: Operation) -> f64 {
    use Operation::*;
    const P384_MULADD: f64 = 83.29 * M;
    const RSA_2048: f64 = 5.17 * M;
    const RSA_4096: f64 = 24.18 * M;
    const RSA_2048_PRIVATE: f64 = 92.76 * M;
    match operation {
        P256Mul => 9.40 * M,
        P256MulGen => 6.50 * M,
        P256MulAdd => 15.38 * M,
        P384Mul | P384MulGen => P384_MULADD / 2.0,
        P384MulAdd => P384_MULADD,
        X25519 => 3.15 * M,
        RsaPublic2048 => RSA_2048,
        RsaPublic3072 => (RSA_2048 * RSA_4096).sqrt(),
        RsaPublic4096 => RSA_4096,
        RsaPrivate2048 => RSA_2048_PRIVATE,
        RsaPrivate4096 => 8.0 * RSA_2048_PRIVATE,
        AesBlock => 184_589.0 / 64.0,
        GhashBlock => 73_408.0 / 64.0,
        ChaCha20Block => 41_225.0 / 16.0,
        // Not multiplications: as many as on the ESP8266.
        other => model::cost(other).instructions,
    }
}

/// The stack of the connection most like it among those that were measured, by their budgets.
fn stack(board: Board, measured: &Measured, kind: Kind) -> usize {
    let has_p384 = measured
        .operations()
        .any(|(operation, _)| operation == Operation::P384MulAdd);
    let (with_anchors, with_pin) = if kind.is_resumed {
        ("aws-ca-resumed", "aws-fingerprint-resumed")
    } else if has_p384 {
        ("letsencrypt-ecdsa-ca", "letsencrypt-ecdsa-ca")
    } else if registry::is_ecdsa(kind.suite) {
        ("selfsigned-ca", "selfsigned-fingerprint")
    } else if registry::is_ecdhe(kind.suite) {
        ("aws-ca", "aws-fingerprint")
    } else {
        ("letsencrypt-ca", "letsencrypt-fingerprint")
    };
    let name = match kind.has_anchors {
        true => with_anchors,
        false => with_pin,
    };
    let figures = budgets().scenarios.get(name);
    let figures = figures.and_then(|by_board| by_board.get(board.name()));
    figures.map_or(0, |figures| usize::try_from(figures.stack).unwrap_or(0))
}

/// What was measured when this program was built, and 2 %.
fn budgets() -> &'static Table {
    static BUDGETS: OnceLock<Table> = OnceLock::new();
    BUDGETS.get_or_init(|| toml::from_str(include_str!("../../budgets.toml")).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure;
    use crate::recording::Recording;
    use crate::scenarios;

    #[test]
    fn what_was_measured_on_the_esp32_c3_is_met_within_15_percent() {
        for scenario in &scenarios::ALL {
            let recording = Recording::load(&scenario.recording(&scenarios::folder())).unwrap();
            let counts = measure::replay(&recording).unwrap().operations;
            let measured = budgets().scenarios[scenario.name]["esp32c3"].instructions as f64 / 1.02;
            let all = Operation::ALL.into_iter().zip(counts);
            let modelled: f64 = all
                .map(|(operation, count)| f64::from(count) * instructions_esp32c3(operation))
                .sum::<f64>()
                * model::UNCOUNTED;
            let ratio = modelled / measured;
            assert!((0.85..1.15).contains(&ratio), "{}: {ratio}", scenario.name);
        }
    }

    #[test]
    fn every_kind_of_connection_has_a_stack_on_every_board() {
        let recording = scenarios::ALL[0].recording(&scenarios::folder());
        let measured = measure::replay(&Recording::load(&recording).unwrap()).unwrap();
        for suite in [0xc02b, 0xc02f, 0x009c] {
            for (has_anchors, is_resumed) in [(true, false), (false, false), (false, true)] {
                let kind = Kind {
                    suite,
                    has_anchors,
                    is_resumed,
                };
                for one in all(&measured, kind) {
                    assert!((2000..8000).contains(&one.stack), "{kind:?} {one:?}");
                    assert_eq!(one.borrowed, one.scratch + one.stack);
                }
            }
        }
    }
}
