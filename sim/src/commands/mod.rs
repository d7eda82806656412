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
    explain::take_hexadecimal(&mut given);
    let result = Arguments::try_parse_from(given).map_or_else(asked_for, run);
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tell(&failure);
            ExitCode::from(failure.exit_status())
        }
    }
}

/// Help and the version are printed like everything else; what is wrong with the arguments is told by their parser, which
/// ends the program with status 2.
fn asked_for(parsed: clap::Error) -> Result<(), Failure> {
    match parsed.use_stderr() {
        true => parsed.exit(),
        false => print(&parsed.render().ansi().to_string()),
    }
}

fn run(arguments: Arguments) -> Result<(), Failure> {
    match arguments.command {
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
    }
}

/// Says something on standard error, if anyone listens.
pub(crate) fn tell(what: &dyn std::fmt::Display) {
    use std::io::Write;
    let _ = writeln!(anstream::stderr(), "bearcub: {what}");
}

/// Prints to standard output. A reader that has read enough is no failure.
fn print(text: &str) -> Result<(), Failure> {
    // Colours reach terminals only, and none of those that say NO_COLOR.
    print_to(anstream::stdout(), text.as_bytes())
}

/// The same of bytes that are no text of this program's.
fn print_bytes(bytes: &[u8]) -> Result<(), Failure> {
    print_to(std::io::stdout().lock(), bytes)
}

fn print_to(mut stdout: impl std::io::Write, bytes: &[u8]) -> Result<(), Failure> {
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(unprinted(&error)),
        _ => Ok(()),
    }
}

/// Standard output cannot be written: whatever it is connected to, that is no fault of the arguments.
fn unprinted(error: &std::io::Error) -> Failure {
    Failure::Other(format!(
        "standard output: {error}; is what it goes to full, or closed?"
    ))
}

fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::Other(format!("JSON: {error}")))?;
    print(&(text + "\n"))
}
