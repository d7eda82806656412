//! What the binary does. [`arguments`] says how it is called; every other module is one command.

pub mod anchors;
pub mod arguments;
pub mod board;
pub mod ca;
pub mod check;
pub mod connect;
pub mod doctor;
pub mod explain;
pub mod fingerprint;
pub mod help;
pub mod hints;
pub mod identity;
pub mod library;
pub mod manual;
pub mod options;
pub mod peers;
pub mod probe;
pub mod publish;
pub mod readme;
pub mod record;
pub mod replay;
pub mod report;
pub mod rules;
mod style;
pub mod subscribe;
pub mod table;

use std::process::ExitCode;

use clap::Parser;

use crate::failure::Failure;
use arguments::{Arguments, Command};

/// Reads the arguments, does what they ask for, and says how it went.
pub fn main() -> ExitCode {
    // `cargo sim` already ends in `--`; who writes another one means the same.
    let mut given: Vec<_> = std::env::args_os().collect();
    if given.get(1).is_some_and(|first| first == "--") {
        given.remove(1);
    }
    let arguments = Arguments::parse_from(given);
    let result = match arguments.command {
        None => table::run(&arguments.table),
        Some(Command::Table(options)) => table::run(&options),
        Some(Command::Replay(options)) => replay::run(&options),
        Some(Command::Record(options)) => record::run(&options),
        Some(Command::Connect(options)) => connect::run(&options),
        Some(Command::Check(options)) => check::run(&options),
        Some(Command::Board(options)) => board::run(&options),
        Some(Command::Peers(options)) => peers::run(&options),
        Some(Command::Report(options)) => report::run(&options),
        Some(Command::Readme(options)) => readme::run(&options),
        Some(Command::Publish(options)) => publish::run(&options),
        Some(Command::Subscribe(options)) => subscribe::run(&options),
        Some(Command::Rules(options)) => rules::run(&options),
        Some(Command::Fingerprint(options)) => fingerprint::run(&options),
        Some(Command::Probe(options)) => probe::run(&options),
        Some(Command::Identity(options)) => identity::run(&options),
        Some(Command::Library(options)) => library::run(&options),
        Some(Command::Anchors(options)) => anchors::run(&options),
        Some(Command::Ca(options)) => ca::run(&options),
        Some(Command::Doctor(options)) => doctor::run(&options),
        Some(Command::Explain(options)) => explain::run(&options),
        Some(Command::Completions(options)) => manual::completions(&options),
        Some(Command::Man(options)) => manual::man(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tell(&failure);
            ExitCode::from(failure.exit_status())
        }
    }
}

/// Says something on standard error, if anyone listens.
pub(crate) fn tell(what: &dyn std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(anstream::stderr(), "bearcub: {what}");
}

/// Prints to standard output. A reader that has read enough is no failure.
fn print(text: &str) -> Result<(), Failure> {
    use std::io::{ErrorKind, Write};
    // Colours reach terminals only, and none of those that say NO_COLOR.
    let mut stdout = anstream::stdout();
    match stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.flush())
    {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            Err(Failure::Other(format!("standard output: {error}")))
        }
        _ => Ok(()),
    }
}

fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::Other(format!("JSON: {error}")))?;
    print(&(text + "\n"))
}
