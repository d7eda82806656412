//! The peers on an ESP32-C3: its CPU in QEMU, connected to a real server by the board's UART.
//!
//! - [`Tools`]: what that takes, found or named
//! - [`Images`]: the packages in `benches/board`, built
//! - [`run()`]: the emulator
//! - [`markdown`]: the table

mod image;
mod run;
mod tools;

use std::fmt::Write as _;

use serde::Deserialize;

pub use image::Images;
pub use run::{End, Job, run};
pub use tools::{Missing, Tools};

use crate::peers::{Library, Who};
use crate::{Result, table};

/// What a connection takes at its peak, in bytes, and its handshake in instructions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct Figures {
    /// Buffers in static memory, which the program hands in.
    pub handed_in: usize,
    /// Allocated.
    pub heap: usize,
    /// The stack.
    pub stack: usize,
    /// Instructions of the handshake.
    pub handshake: u32,
}

impl Figures {
    /// All bytes.
    pub fn total(&self) -> usize {
        self.handed_in + self.heap + self.stack
    }
}

/// The peers that there is an image for.
pub fn peers() -> impl Iterator<Item = Who> {
    Who::ALL.iter().copied().filter(|who| match who.library {
        Library::Bearcub | Library::EmbeddedTls => true,
        #[cfg(feature = "mbedtls")]
        Library::Mbedtls => true,
        _ => false,
    })
}

/// Builds a peer's image and lets it connect.
///
/// # Errors
/// If the image cannot be built or run, or the library ends the connection.
pub fn measure(images: &Images, tools: &Tools, who: Who, job: Job<'_>) -> Result<Figures> {
    let elf = images.build(tools, who)?;
    match run(&elf, job)? {
        End::Done(figures) => Ok(figures),
        End::Failed { connected, what } => {
            let stage = if connected { "after" } else { "in" };
            Err(format!("it failed {stage} the handshake: {what}").into())
        }
    }
}

/// The table in Markdown; a peer that could not be measured says why.
pub fn markdown(rows: &[(Who, Result<Figures>)]) -> String {
    let mut text = String::from(
        "| peer on the ESP32-C3 | handed in | heap | stack | together | bearcub : peer | instructions of the handshake | bearcub : peer |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|\n",
    );
    let own = rows.iter().find(|(who, _)| *who == Who::BEARCUB);
    let own = own.and_then(|(_, figures)| figures.as_ref().ok());
    let ratio = |own: Option<f64>, other: f64| {
        own.map_or_else(|| "–".to_owned(), |own| format!("{:.2}", own / other))
    };
    for (who, figures) in rows {
        let _ = match figures {
            Ok(figures) => writeln!(
                text,
                "| {who} | {} | {} | {} | {} | {} | {} | {} |",
                figures.handed_in,
                figures.heap,
                figures.stack,
                figures.total(),
                ratio(own.map(|own| own.total() as f64), figures.total() as f64),
                table::instructions(figures.handshake.into()),
                ratio(
                    own.map(|own| own.handshake.into()),
                    figures.handshake.into()
                ),
            ),
            Err(why) => {
                let why = why.to_string().replace(['\n', '|'], " ");
                writeln!(text, "| {who} | not measured: {why} | | | | | | |")
            }
        };
    }
    text.push_str(
        "\nBytes at the peak of the first connection after a start, with CA validation and 64 bytes each way, on the emulated \
         CPU; records of 1024 bytes for all. The instructions leave out those of the transport.\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use super::{Figures, markdown};
    use crate::peers::Who;

    #[test]
    fn a_row_has_the_sum_and_what_bearcub_takes_of_it() {
        let own = Figures {
            handed_in: 100,
            heap: 0,
            stack: 50,
            handshake: 20_000_000,
        };
        let other = Figures {
            heap: 150,
            handshake: 40_000_000,
            ..own
        };
        let peer = Who::ALL[1];
        let text = markdown(&[(Who::BEARCUB, Ok(own)), (peer, Ok(other))]);
        let row = format!("| {peer} | 100 | 150 | 50 | 300 | 0.50 | 40.0M | 0.50 |\n");
        assert!(text.contains(&row), "{text}");
        let text = markdown(&[
            (Who::BEARCUB, Ok(own)),
            (peer, Err("it has\nno end".into())),
        ]);
        assert!(text.contains("| not measured: it has no end |"), "{text}");
    }
}
