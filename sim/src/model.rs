//! How long a connection would take on a board.
//!
//! milliseconds = network share + instructions × cycles per instruction ÷ clock
//!
//! There are three parameters, the same for everything: 150 ms for the network, 1.35 cycles for an instruction, 2.03 in the
//! arithmetic of curves. With them the eight connect times that were published for an ESP8266 come out within 0.1 s where the
//! instructions were measured ([`measured_milliseconds`]; a test of the boards says so). Other CPUs are given the same cycles
//! per instruction, for nothing is published that they could be fitted to.
//!
//! Where nothing can be measured, the instructions are put together from counts of operations
//! ([`milliseconds`]): those of the ESP8266's CPU (lx106) running BearSSL's 15-bit multipliers. What was measured of single operations is in
//! [`cost`] as it was measured; what was not is derived by the rule beside it and marked as estimated. For
//! everything that is not counted (the engine's own steps, certificates passing through the decoder, the arithmetic of a
//! signature beside its multiplications) 6 % are added. The eight published connect times are met within 0.2 s; a test says so.

use bearcub::tls::meter::Operation;

use crate::board::Board;
use crate::board::measure::Measurement;

/// The board that is modelled.
pub const BOARD: &str = "esp8266";
/// Its clocks, in MHz.
pub const CLOCKS: [u32; 2] = [80, 160];
/// What the network takes of a connect, in seconds: the middle of the 0.1 to 0.2 s that fit the published times.
pub const NETWORK: f64 = 0.15;

/// Cycles per instruction by kind of code. Those of RSA and of the curves fit the published connect times; bulk code, whose
/// loops are as tight as RSA's and whose share is small, is given RSA's.
const CPI_RSA: f64 = 1.35;
const CPI_CURVE: f64 = 2.03;
const CPI_BULK: f64 = 1.35;

/// What is not counted is about this much beside what is, in the scenarios that were measured.
pub const UNCOUNTED: f64 = 1.06;

/// What an operation costs.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Instructions on the lx106.
    pub instructions: f64,
    /// Cycles per instruction.
    pub cpi: f64,
    /// Whether the number is derived, not measured.
    pub estimated: bool,
    /// Where it is from.
    pub rule: &'static str,
}

const M: f64 = 1e6;
/// Measured in the scenarios (`cargo sim board esp8266 --json`, `operations`), each once.
const P256_MUL: f64 = 14.92 * M;
const P256_MULGEN: f64 = 9.99 * M;
const P256_MULADD: f64 = 24.23 * M;
const P384_MULADD: f64 = 154.55 * M;
const X25519: f64 = 5.76 * M;
const RSA_2048: f64 = 11.06 * M;
const RSA_4096: f64 = 52.93 * M;
const RSA_2048_PRIVATE: f64 = 185.11 * M;
/// Measured per KB (`cargo sim board esp8266 --ciphers`), as instructions per block.
const SHA256_BLOCK: f64 = 64_000.0 / 16.0;
const AES_BLOCK: f64 = 221_000.0 / 64.0;
const GHASH_BLOCK: f64 = 132_000.0 / 64.0;

/// The cost of every operation.
pub fn cost(operation: Operation) -> Cost {
    use Operation::*;
    let measured = |instructions, cpi| Cost {
        instructions,
        cpi,
        estimated: false,
        rule: "measured",
    };
    let estimated = |instructions, cpi, rule| Cost {
        instructions,
        cpi,
        estimated: true,
        rule,
    };
    match operation {
        P256Mul => measured(P256_MUL, CPI_CURVE),
        P256MulGen => measured(P256_MULGEN, CPI_CURVE),
        P256MulAdd => measured(P256_MULADD, CPI_CURVE),
        P384Mul => estimated(P384_MULADD / 2.0, CPI_CURVE, "half of a P-384 muladd"),
        P384MulGen => estimated(
            P384_MULADD / 2.0,
            CPI_CURVE,
            "as P-384 mul: no table of multiples",
        ),
        P384MulAdd => measured(P384_MULADD, CPI_CURVE),
        X25519 => measured(self::X25519, CPI_CURVE),
        RsaPublic2048 => measured(RSA_2048, CPI_RSA),
        RsaPublic3072 => estimated(
            (RSA_2048 * RSA_4096).sqrt(),
            CPI_RSA,
            "between RSA-2048 and RSA-4096",
        ),
        RsaPublic4096 => measured(RSA_4096, CPI_RSA),
        RsaPrivate2048 => measured(RSA_2048_PRIVATE, CPI_RSA),
        RsaPrivate4096 => estimated(8.0 * RSA_2048_PRIVATE, CPI_RSA, "RSA-2048 private × 2³"),
        Sha256Block => measured(SHA256_BLOCK, CPI_BULK),
        Sha384Block => estimated(
            SHA256_BLOCK * 4.0,
            CPI_BULK,
            "SHA-256 × 80/64 rounds × about 3 for 64-bit words on 32 bits",
        ),
        AesBlock => measured(AES_BLOCK, CPI_BULK),
        GhashBlock => measured(GHASH_BLOCK, CPI_BULK),
        ChaCha20Block => measured(39.0 * 64.0, CPI_BULK),
        Poly1305Block => estimated(
            25.0 * 40.0,
            CPI_BULK,
            "25 products of 26-bit limbs × 40 instructions in constant time",
        ),
    }
}

/// Counts of operations, in the order of [`Operation::ALL`].
pub type Counts = [u32; Operation::ALL.len()];

/// Instructions of all that was counted.
pub fn instructions(counts: &Counts) -> f64 {
    sum(counts, |each| each.instructions)
}

/// Milliseconds of a connect at that clock.
pub fn milliseconds(counts: &Counts, mhz: u32) -> u32 {
    let cycles = sum(counts, |each| each.instructions * each.cpi);
    ((NETWORK + cycles / (f64::from(mhz) * M)) * 1000.0).round() as u32
}

/// The same on another CPU, which takes that many instructions for an operation.
pub fn milliseconds_on(counts: &Counts, mhz: u32, instructions: impl Fn(Operation) -> f64) -> u32 {
    let cycles = Operation::ALL.into_iter().zip(counts);
    let cycles = cycles
        .map(|(operation, count)| f64::from(*count) * instructions(operation) * cost(operation).cpi)
        .sum::<f64>()
        * UNCOUNTED;
    ((NETWORK + cycles / (f64::from(mhz) * M)) * 1000.0).round() as u32
}

/// Whether any operation that was counted has an estimated cost.
pub fn is_estimated(counts: &Counts) -> bool {
    let used = Operation::ALL
        .into_iter()
        .zip(counts)
        .filter(|(_, count)| **count > 0);
    used.map(|(operation, _)| cost(operation))
        .any(|each| each.estimated)
}

/// The clocks that a board runs at, in MHz.
pub const fn clocks(board: Board) -> &'static [u32] {
    match board {
        Board::Esp8266 => &[80, 160],
        Board::Esp32C3 => &[160],
    }
}

/// Milliseconds of a connect at that clock, from instructions that were measured.
pub fn measured_milliseconds(measurement: &Measurement, mhz: u32) -> u32 {
    let computing = computing(
        measurement.instructions(),
        measurement.curve_instructions(),
        mhz,
    );
    (NETWORK * 1000.0 + computing).round() as u32
}

/// Milliseconds of so many instructions at that clock, of which so many are arithmetic on curves.
pub fn computing(instructions: u64, curves: u64, mhz: u32) -> f64 {
    let (all, curves) = (instructions as f64, curves as f64);
    let cycles = curves * CPI_CURVE + (all - curves) * CPI_RSA;
    cycles / (f64::from(mhz) * M) * 1000.0
}

fn sum(counts: &Counts, part: impl Fn(Cost) -> f64) -> f64 {
    Operation::ALL
        .into_iter()
        .zip(counts)
        .map(|(operation, count)| f64::from(*count) * part(cost(operation)))
        .sum::<f64>()
        * UNCOUNTED
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(of: &[(Operation, u32)]) -> Counts {
        let count = |operation| {
            of.iter()
                .find(|(known, _)| *known == operation)
                .map_or(0, |(_, n)| *n)
        };
        Operation::ALL.map(count)
    }

    /// The published configuration of 2019: the model is held to the times that were published for it.
    #[test]
    fn the_published_times_are_met_within_a_fifth_of_a_second() {
        use Operation::*;
        let aws = counts(&[(P256Mul, 1), (P256MulGen, 2), (RsaPublic2048, 1)]);
        let aws_ca = counts(&[(P256Mul, 1), (P256MulGen, 2), (RsaPublic2048, 3)]);
        let rsa = counts(&[(RsaPublic2048, 1)]);
        let rsa_ca = counts(&[(RsaPublic2048, 3)]);
        let rows = [
            (aws, 1300, 700),
            (aws_ca, 1800, 1000),
            (rsa, 400, 300),
            (rsa_ca, 700, 400),
        ];
        for (counts, at_80, at_160) in rows {
            for (clock, published) in CLOCKS.into_iter().zip([at_80, at_160]) {
                let modelled = milliseconds(&counts, clock);
                assert!(
                    modelled.abs_diff(published) <= 200,
                    "{modelled} at {clock}: {published}"
                );
            }
        }
    }

    #[test]
    fn nothing_but_the_network_is_left_without_operations() {
        assert_eq!(milliseconds(&counts(&[]), 80), 150);
        assert!(!is_estimated(&counts(&[(Operation::X25519, 1)])));
        assert!(is_estimated(&counts(&[(Operation::RsaPublic3072, 1)])));
    }
}
