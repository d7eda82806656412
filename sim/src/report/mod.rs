//! What was measured, for people ([`human`]), for the README ([`markdown`]) and for machines ([`json`]).

pub mod human;
pub mod json;
pub mod markdown;

use std::path::Path;

use bearcub::tls::meter::Operation;

use crate::failure::Failure;
use crate::measure::{Measured, replay};
use crate::recording::{Header, Recording};
use crate::scenarios::Scenario;

/// One scenario and what came of it.
pub struct Row {
    /// The scenario.
    pub scenario: &'static Scenario,
    /// Its recording's header and what its replay has cost, or why there is nothing to tell.
    pub result: Result<(Header, Measured), Failure>,
}

/// Replays scenarios from the recordings in that folder.
pub fn rows(folder: &Path, scenarios: impl Iterator<Item = &'static Scenario>) -> Vec<Row> {
    let row = |scenario: &'static Scenario| Row {
        scenario,
        result: run(scenario, folder),
    };
    scenarios.map(row).collect()
}

fn run(scenario: &Scenario, folder: &Path) -> Result<(Header, Measured), Failure> {
    let path = scenario.recording(folder);
    let recording = Recording::load(&path)?;
    if recording.header.scenario != scenario.name {
        let text = format!("this is a recording of `{}`", recording.header.scenario);
        return Err(Failure::Recording(text).at(path.display()));
    }
    let measured = replay(&recording).map_err(|failure| failure.at(scenario.name))?;
    Ok((recording.header, measured))
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
