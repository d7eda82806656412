//! The binary `bearcub`: see `bearcub --help`.

#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    bearcub_sim::commands::main()
}
