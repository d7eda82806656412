//! The boards' own CPUs, emulated: the image of `sim/boards` is built for a plan, replays a recording, and reports.
//!
//! In reading order:
//!
//! - [`source`]: a plan as Rust source, [`tape`]: a recording as the image reads it
//! - [`tools`]: the compilers and the emulator, found or named with the command that installs them
//! - [`build`]: the image, with [`xtensa`] for what the ESP8266's assembler needs
//! - [`library`]: the library as firmware in C links it
//! - [`run`]: the emulator, with a limit on its time
//! - [`loads`]: whether the ESP8266's flash is read as the chip wants it
//! - [`measure`]: everything that is measured of a scenario, [`features`]: what each feature adds to the flash; [`cache`] keeps it while nothing changes

pub mod build;
pub mod cache;
pub mod features;
pub mod library;
pub mod loads;
pub mod measure;
pub mod mqtt;
pub mod run;
pub mod source;
pub mod tape;
pub mod tools;
pub mod xtensa;

/// A board.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Board {
    /// Its CPU is an Xtensa lx106.
    Esp8266,
    /// Its CPU is a RISC-V rv32imc.
    Esp32C3,
}

impl Board {
    /// All of them.
    pub const ALL: [Board; 2] = [Board::Esp8266, Board::Esp32C3];

    /// Its stable name.
    pub const fn name(self) -> &'static str {
        match self {
            Board::Esp8266 => "esp8266",
            Board::Esp32C3 => "esp32c3",
        }
    }

    /// Rust's name of the target.
    pub const fn target(self) -> &'static str {
        match self {
            Board::Esp8266 => "xtensa-lx106-none-elf",
            Board::Esp32C3 => "riscv32imc-unknown-none-elf",
        }
    }

    /// The prefix of its compiler's programs.
    pub const fn prefix(self) -> &'static str {
        match self {
            Board::Esp8266 => "xtensa-lx106-elf-",
            Board::Esp32C3 => "riscv64-unknown-elf-",
        }
    }
}

impl std::str::FromStr for Board {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let found = Board::ALL.into_iter().find(|board| board.name() == text);
        found.ok_or_else(|| format!("there are {}", Board::ALL.map(Board::name).join(" and ")))
    }
}

impl std::fmt::Display for Board {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
