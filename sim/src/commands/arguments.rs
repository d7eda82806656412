//! How the binary is called.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

use super::help;
use super::options::ConnectionOptions;
use crate::board::Board;
use crate::live::Address;

/// What a secure connection costs on a microcontroller, told before a board is flashed.
///
/// Without a command it replays all scenarios and prints what each costs.
#[derive(Debug, Parser)]
#[command(name = "bearcub", version, after_help = help::of("bearcub"))]
#[command(args_conflicts_with_subcommands = true)]
pub struct Arguments {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// What to print without a command.
    #[command(flatten)]
    pub table: TableOptions,
}

/// What to do.
#[derive(Debug, Subcommand)]
#[allow(clippy::large_enum_variant)]
pub enum Command {
    /// Replay all scenarios and print what each costs (the default)
    #[command(after_help = help::of("table"))]
    Table(TableOptions),
    /// Replay recordings, byte for byte, and print what they cost
    #[command(after_help = help::of("replay"))]
    Replay(ReplayOptions),
    /// Record a scenario against a server of the lab, or a connection to a live server
    #[command(after_help = help::of("record"))]
    Record(RecordOptions),
    /// Connect to a server; show each step, who the server is, what was agreed on, what it cost
    #[command(after_help = help::of("connect"))]
    Connect(ConnectOptions),
    /// Measure scenarios on a board's own CPU in the emulator
    #[command(after_help = help::of("board"))]
    Board(BoardOptions),
    /// Build the library for firmware in C: libbearcub.a for the board, and its header
    #[command(after_help = help::of("library"))]
    Library(super::library::LibraryOptions),
    /// Hold every scenario to its budget on every board
    #[command(after_help = help::of("check"))]
    Check(CheckOptions),
    /// Build the package in benches/, and compare the memory of a connection with other libraries
    #[command(after_help = help::of("peers"))]
    Peers(PeersOptions),
    /// Write one page with tables and pictures of everything that is measured
    #[command(after_help = help::of("report"))]
    Report(ReportOptions),
    /// Keep the table in the README current
    #[command(after_help = help::of("readme"))]
    Readme(ReadmeOptions),
    /// Publish messages to a broker, as mosquitto_pub does
    #[command(after_help = help::of("publish"))]
    Publish(super::publish::PublishOptions),
    /// Subscribe to topics of a broker and print what comes, as mosquitto_sub does
    #[command(after_help = help::of("subscribe"))]
    Subscribe(super::subscribe::SubscribeOptions),
    /// Apply a rule as those of AWS IoT to what a broker delivers, and republish the results: timestamps, fields, filters
    #[command(after_help = help::of("rules"))]
    Rules(super::rules::RulesOptions),
    /// The fingerprints of a server's key, a certificate, a request or a key; checks a pin against them
    #[command(after_help = help::of("fingerprint"))]
    Fingerprint(super::fingerprint::FingerprintOptions),
    /// What a server means for a small device: everything it can do, and the configuration that works with it
    #[command(after_help = help::of("probe"))]
    Probe(super::probe::ProbeOptions),
    /// A device's private key and certificate, checked, in the forms that firmware wants
    #[command(after_help = help::of("identity"))]
    Identity(super::identity::IdentityOptions),
    /// Certificates of authorities as a table for flash; finds the smallest that suffices for a server
    #[command(after_help = help::of("anchors"))]
    Anchors(super::anchors::AnchorsOptions),
    /// A private authority for a broker and its devices: keys, certificates, revocation, Mosquitto's configuration
    #[command(after_help = help::of("ca"))]
    Ca(super::ca::CaOptions),
    /// What would fail on a device that is set up like that, and why: everything is tried with the live server
    #[command(after_help = help::of("doctor"))]
    Doctor(super::doctor::DoctorOptions),
    /// What an error number, a TLS alert or a line of a log means, its likeliest causes, and what to do
    #[command(after_help = help::of("explain"))]
    Explain(super::explain::ExplainOptions),
    /// The script that makes a shell complete the arguments
    #[command(after_help = help::of("completions"))]
    Completions(super::manual::CompletionsOptions),
    /// The pages of the manual
    #[command(after_help = help::of("man"))]
    Man(super::manual::ManOptions),
}

/// Options of `table`.
#[derive(Args, Debug)]
pub struct TableOptions {
    /// Print one JSON object
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// Print the table as it stands in the README
    #[arg(long)]
    pub markdown: bool,
    /// Resumed sessions, and what each choice costs, too
    #[arg(long)]
    pub all: bool,
    /// Do not measure on the boards' CPUs, model
    #[arg(long)]
    pub modelled: bool,
    /// The folder with the scenarios' recordings, each NAME.pcapng [default: that of the source tree]
    #[arg(long, value_name = "FOLDER")]
    pub recordings: Option<PathBuf>,
}

/// Options of `replay`.
#[derive(Args, Debug)]
pub struct ReplayOptions {
    /// Recordings, as `record` makes them
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// What a scenario says itself.
const CONNECTION: [&str; 18] = [
    "fingerprint",
    "ca",
    "learn",
    "insecure_accept_anyone",
    "server_name",
    "time",
    "cert",
    "key",
    "fragment_length",
    "alpn",
    "suite",
    "group",
    "resume",
    "input_buffer",
    "output_buffer",
    "shared_buffer",
    "timeout",
    "send",
];

/// Options of `record`.
#[derive(Args, Debug)]
pub struct RecordOptions {
    /// The live server to record; needs --out
    #[arg(
        value_name = "HOST:PORT",
        required_unless_present = "scenario",
        conflicts_with = "scenario",
        requires = "out"
    )]
    pub address: Option<Address>,
    /// The scenario to record against a server of the lab
    #[arg(long, value_name = "NAME", conflicts_with_all = CONNECTION)]
    pub scenario: Option<String>,
    /// The file to write [default for a scenario: its place in the source tree]
    #[arg(long, value_name = "FILE")]
    pub out: Option<PathBuf>,
    /// Overwrite the file
    #[arg(long)]
    pub force: bool,
    /// 64 hexadecimal digits that all randomness of the client comes from; by default from the operating system
    #[arg(long, value_name = "DIGITS", conflicts_with = "scenario")]
    pub seed: Option<String>,
    /// Agree that the private key given with --key is stored in the file, where a replay needs it
    #[arg(long, requires = "key", conflicts_with = "scenario")]
    pub include_private_key: bool,
    /// What the connection is.
    #[command(flatten)]
    pub connection: ConnectionOptions,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Options of `connect`.
#[derive(Args, Debug)]
pub struct ConnectOptions {
    /// The server, like mqtt.example.org:8883; the address of IPv6 stands in brackets
    #[arg(value_name = "HOST:PORT")]
    pub address: Address,
    /// What the connection is.
    #[command(flatten)]
    pub connection: ConnectionOptions,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Options of `board`.
#[derive(Args, Debug)]
pub struct BoardOptions {
    /// The board: esp8266 or esp32c3
    #[arg(value_name = "BOARD")]
    pub board: Board,
    /// The scenarios [default: those of the table]
    #[arg(value_name = "SCENARIO")]
    pub scenarios: Vec<String>,
    /// Show every stage of the handshake, and what application data takes
    #[arg(long)]
    pub steps: bool,
    /// Show what each feature adds to a program's flash, instead
    #[arg(long, conflicts_with_all = ["steps", "scenarios"])]
    pub features: bool,
    /// Show what the implementations of the ciphers take that BearSSL has, instead
    #[arg(long, conflicts_with_all = ["steps", "scenarios", "features"])]
    pub ciphers: bool,
    /// Show what an MQTT session takes, instead
    #[arg(long, conflicts_with_all = ["steps", "scenarios", "features", "ciphers"])]
    pub mqtt: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// Options of `peers`.
#[derive(Args, Debug)]
pub struct PeersOptions {
    /// Print JSON
    #[arg(long)]
    pub json: bool,
}

/// Options of `check`.
#[derive(Args, Debug)]
pub struct CheckOptions {
    /// Make budgets of what is measured now, and 2 % more
    #[arg(long)]
    pub write: bool,
    /// Show every figure, not only those that come closest to their budgets
    #[arg(long, conflicts_with = "write")]
    pub all: bool,
    /// Print one JSON object with every figure
    #[arg(long, conflicts_with = "write")]
    pub json: bool,
    /// The file with the budgets [default: that of the source tree]
    #[arg(long, value_name = "FILE")]
    pub budgets: Option<PathBuf>,
}

/// Options of `report`.
#[derive(Args, Debug)]
pub struct ReportOptions {
    /// The page to write
    #[arg(long, value_name = "FILE")]
    pub html: PathBuf,
    /// Overwrite the file
    #[arg(long)]
    pub force: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// What to do with the README.
#[derive(Args, Debug)]
#[group(required = true, multiple = false)]
pub struct ReadmeAction {
    /// Fail if the table in the README is not the one that is printed today
    #[arg(long)]
    pub check: bool,
    /// Put the table into the README
    #[arg(long)]
    pub write: bool,
}

/// Options of `readme`.
#[derive(Args, Debug)]
pub struct ReadmeOptions {
    /// What to do with it.
    #[command(flatten)]
    pub action: ReadmeAction,
    /// The README [default: that of the source tree]
    #[arg(long, value_name = "FILE")]
    pub file: Option<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}
