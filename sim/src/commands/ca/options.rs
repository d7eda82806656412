//! The arguments of `bearcub ca`.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::ca::key::Kind;
use crate::ca::{AUTHORITY_DAYS, DEVICE_DAYS, SERVER_DAYS};
use crate::commands::help;
use crate::material::passphrase::Passphrase;

/// Options of `ca`.
#[derive(Args, Debug)]
pub struct CaOptions {
    /// What to do with it.
    #[command(subcommand)]
    pub action: Action,
    /// The authority's folder
    #[arg(long, value_name = "FOLDER", default_value = "ca", global = true)]
    pub dir: PathBuf,
    /// The time that is taken for now, like 2026-06-01T12:00:00Z
    #[arg(long, value_name = "TIME", default_value = "now", global = true)]
    pub time: String,
    /// Print one JSON object
    #[arg(long, global = true)]
    pub json: bool,
}

/// What to do with the authority.
#[derive(Debug, Subcommand)]
pub enum Action {
    /// Make an authority: its key, which is encrypted, its certificate, and an empty list of revoked ones
    #[command(after_help = help::of("ca init"))]
    Init(InitOptions),
    /// Make a broker's key, certificate and Mosquitto configuration
    #[command(after_help = help::of("ca server"))]
    Server(ServerOptions),
    /// Make a device's key and certificate, 800 bytes or less
    #[command(after_help = help::of("ca device"))]
    Device(DeviceOptions),
    /// Make a new certificate for the same key; the old one stays valid
    #[command(after_help = help::of("ca renew"))]
    Renew(RenewOptions),
    /// Put the certificates of a server or device on the list of revoked ones, which the broker reads
    #[command(after_help = help::of("ca revoke"))]
    Revoke(RevokeOptions),
    /// Show every certificate
    #[command(after_help = help::of("ca list"))]
    List,
    /// Look for what is wrong: dates, signatures, keys, who may read what
    #[command(after_help = help::of("ca check"))]
    Check(CheckOptions),
}

/// Options of `ca init`.
#[derive(Args, Debug)]
pub struct InitOptions {
    /// The authority's name, which its certificate has [default: Private authority, and a number]
    #[arg(long, value_name = "TEXT")]
    pub name: Option<String>,
    /// The kind of its key
    #[arg(long, value_enum, default_value_t = Kind::Ec)]
    pub key: Kind,
    /// For how many days it is valid
    #[arg(long, value_name = "DAYS", default_value_t = AUTHORITY_DAYS, value_parser = days())]
    pub days: u32,
    /// Store the key as it is: whoever reads the file can make certificates
    #[arg(long, conflicts_with_all = ["passphrase_file", "passphrase_env"])]
    pub insecure_unencrypted_key: bool,
    /// What the key is encrypted with.
    #[command(flatten)]
    pub passphrase: Passphrase,
}

/// Options of `ca server`.
#[derive(Args, Debug)]
pub struct ServerOptions {
    /// The name that devices connect to, like broker.home.arpa
    pub name: String,
    /// A further name. May be repeated
    #[arg(long, value_name = "NAME")]
    pub dns: Vec<String>,
    /// An address that devices connect to. May be repeated
    #[arg(long, value_name = "ADDRESS")]
    pub ip: Vec<IpAddr>,
    /// The kind of its key
    #[arg(long, value_enum, default_value_t = Kind::Ec)]
    pub key: Kind,
    /// For how many days the certificate is valid
    #[arg(long, value_name = "DAYS", default_value_t = SERVER_DAYS, value_parser = days())]
    pub days: u32,
    /// The port in the configuration
    #[arg(long, default_value_t = 8883, value_parser = clap::value_parser!(u16).range(1..))]
    pub port: u16,
    /// The one address at which the broker listens [default: all]
    #[arg(long, value_name = "ADDRESS")]
    pub bind: Option<IpAddr>,
    /// The folder on the broker's machine to which the files will be copied [default: they stay where they are]
    #[arg(long, value_name = "FOLDER")]
    pub install: Option<PathBuf>,
    /// What the authority's key is encrypted with.
    #[command(flatten)]
    pub passphrase: Passphrase,
}

/// Options of `ca device`.
#[derive(Args, Debug)]
pub struct DeviceOptions {
    /// The device's name, which is its user name at the broker
    pub name: String,
    /// For how many days the certificate is valid
    #[arg(long, value_name = "DAYS", default_value_t = DEVICE_DAYS, value_parser = days())]
    pub days: u32,
    /// What the authority's key is encrypted with.
    #[command(flatten)]
    pub passphrase: Passphrase,
}

/// Options of `ca renew`.
#[derive(Args, Debug)]
pub struct RenewOptions {
    /// The server or device
    #[arg(required_unless_present = "authority", conflicts_with = "authority")]
    pub name: Option<String>,
    /// The authority itself
    #[arg(long)]
    pub authority: bool,
    /// For how many days the new certificate is valid [default: as if it were made anew]
    #[arg(long, value_name = "DAYS", value_parser = days())]
    pub days: Option<u32>,
    /// What the authority's key is encrypted with.
    #[command(flatten)]
    pub passphrase: Passphrase,
}

/// Options of `ca revoke`.
#[derive(Args, Debug)]
pub struct RevokeOptions {
    /// The server or device, all of whose certificates are revoked
    #[arg(required_unless_present = "serial", conflicts_with = "serial")]
    pub name: Option<String>,
    /// One certificate, by its serial number in hexadecimal
    #[arg(long, value_name = "NUMBER")]
    pub serial: Option<String>,
    /// What the authority's key is encrypted with.
    #[command(flatten)]
    pub passphrase: Passphrase,
}

/// Options of `ca check`.
#[derive(Args, Debug)]
pub struct CheckOptions {
    /// What the authority's key is encrypted with; without it, the key itself is not looked at.
    #[command(flatten)]
    pub passphrase: Passphrase,
}

fn days() -> clap::builder::RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..=36_500)
}
