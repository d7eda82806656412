//! `bearcub ca`: a private authority for a broker and its devices.

use std::io::IsTerminal;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use comfy_table::Table;
use comfy_table::presets::NOTHING;
use serde::Serialize;
use serde_json::json;
use zeroize::Zeroizing;

use super::style::{bold, good, warning};
use super::{help, print, print_json};
use crate::ca::certificate::{entries, seconds, serial_text};
use crate::ca::change::{self, Renewal, Revocation, server_names};
use crate::ca::check::{self, State, Weight};
use crate::ca::disk::Disk;
use crate::ca::issue::{self, Init, New, Request, What};
use crate::ca::key::Kind;
use crate::ca::mosquitto::Broker;
use crate::ca::store::{CONFIGURATION, CRL, Entry, Holder, Issued, Store};
use crate::ca::{AUTHORITY_DAYS, DEVICE_DAYS, Place, SERVER_DAYS};
use crate::failure::Failure;
use crate::files;
use crate::material::passphrase::Passphrase;

/// What a passphrase has at least.
const PASSPHRASE_MIN: usize = 8;

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

/// Does it.
///
/// # Errors
/// What is wrong; nothing was changed then.
pub fn run(options: &CaOptions) -> Result<(), Failure> {
    let now = files::time(&options.time)?.ok_or_else(|| {
        Failure::Usage("--time unset: certificates need a time to be valid from".to_owned())
    })?;
    let disk = Disk::real();
    let place = Place {
        folder: &options.dir,
        now,
        disk: &disk,
    };
    let json = options.json;
    match &options.action {
        Action::Init(options) => init(&place, options, json),
        Action::Server(options) => server(&place, options, json),
        Action::Device(options) => device(&place, options, json),
        Action::Renew(options) => renew(&place, options, json),
        Action::Revoke(options) => revoke(&place, options, json),
        Action::List => list(&place, json),
        Action::Check(options) => check(&place, options, json),
    }
}

fn init(place: &Place<'_>, options: &InitOptions, json: bool) -> Result<(), Failure> {
    issue::may_init(place.folder)?;
    let name = match &options.name {
        Some(name) => name.clone(),
        // Devices tell authorities apart by name.
        None => {
            let number = crate::lab::fresh_seed()?;
            format!("Private authority {}", crate::hex::encode(&number[..4]))
        }
    };
    let passphrase = match options.insecure_unencrypted_key {
        true => None,
        false => Some(new_passphrase(&options.passphrase)?),
    };
    let ca = issue::init(
        place,
        &Init {
            name: &name,
            kind: options.key,
            days: options.days,
            passphrase: passphrase.as_ref().map(|text| text.as_str()),
        },
    )?;
    if json {
        return print_json(&json!({
            "folder": place.folder,
            "name": name,
            "encrypted": passphrase.is_some(),
            "authority": Row::new(&ca, None, State::Valid),
        }));
    }
    let key = match passphrase.is_some() {
        true => "its key is encrypted with the passphrase, without which nothing can be issued",
        false => "its key is NOT encrypted",
    };
    print(&format!(
        "{} {name}, in {}\n  valid until {}; {key}\n  keep a copy of the folder somewhere else\n",
        good("made"),
        place.folder.display(),
        end(&ca),
    ))
}

/// A passphrase that nobody knows yet: from where it is said to be, or typed twice.
fn new_passphrase(source: &Passphrase) -> Result<Zeroizing<String>, Failure> {
    let given = source.passphrase_file.is_some() || source.passphrase_env.is_some();
    let passphrase = if given {
        source.get()?
    } else if std::io::stdin().is_terminal() {
        let ask = |prompt: &str| {
            rpassword::prompt_password(prompt)
                .map(Zeroizing::new)
                .map_err(|error| Failure::Usage(format!("the passphrase cannot be read: {error}")))
        };
        let first = ask("Passphrase for the authority's key: ")?;
        if *ask("The same again: ")? != *first {
            return Err(Failure::Usage(
                "the two are not the same; nothing was made".to_owned(),
            ));
        }
        first
    } else {
        return Err(Failure::Usage(
            "the authority's key is to be encrypted, and there is no terminal to ask for a passphrase; give --passphrase-file FILE \
             or --passphrase-env NAME (or --insecure-unencrypted-key)"
                .to_owned(),
        ));
    };
    match passphrase.chars().count() < PASSPHRASE_MIN {
        true => Err(Failure::Usage(format!(
            "the passphrase has less than {PASSPHRASE_MIN} characters, and would be guessed; take a longer one"
        ))),
        false => Ok(passphrase),
    }
}

fn server(place: &Place<'_>, options: &ServerOptions, json: bool) -> Result<(), Failure> {
    let broker = Broker {
        port: options.port,
        bind: options.bind,
        install: options.install.clone(),
    };
    let request = Request {
        name: &options.name,
        days: options.days,
        what: What::Server {
            names: &options.dns,
            addresses: &options.ip,
            kind: options.key,
            broker: &broker,
        },
    };
    let new = issue::issue(place, &request, &options.passphrase)?;
    let configuration = new.folder.join(CONFIGURATION);
    if json {
        return issued_json(Holder::Server, &new, Some(&configuration));
    }
    issued(&new)?;
    match &options.install {
        Some(folder) => print(&format!(
            "  {} says what to copy to {}\n",
            configuration.display(),
            folder.display()
        )),
        None => print(&format!("  mosquitto -c {}\n", configuration.display())),
    }
}

fn device(place: &Place<'_>, options: &DeviceOptions, json: bool) -> Result<(), Failure> {
    let request = Request {
        name: &options.name,
        days: options.days,
        what: What::Device,
    };
    let new = issue::issue(place, &request, &options.passphrase)?;
    match json {
        true => issued_json(Holder::Device, &new, None),
        false => issued(&new),
    }
}

fn issued(new: &New) -> Result<(), Failure> {
    let mut text = format!(
        "{} {}: {}, {} B, valid until {}\n",
        good("made"),
        new.folder.display(),
        "key.pem and cert.pem",
        new.issued.der.len(),
        end(&new.issued)
    );
    if let Some(retired) = &new.retired {
        text.push_str(&format!(
            "  what was revoked is now in {}\n",
            retired.display()
        ));
    }
    print(&text)
}

fn issued_json(holder: Holder, new: &New, configuration: Option<&Path>) -> Result<(), Failure> {
    let name = new.folder.file_name().unwrap_or_default();
    let row = Row::new(
        &new.issued,
        Some((holder, &name.to_string_lossy())),
        State::Valid,
    );
    print_json(&json!({
        "certificate": row,
        "key": new.folder.join(crate::ca::store::KEY),
        "configuration": configuration,
        "retired": new.retired,
    }))
}

fn renew(place: &Place<'_>, options: &RenewOptions, json: bool) -> Result<(), Failure> {
    let what = match &options.name {
        Some(name) => Renewal::Name(name),
        None => Renewal::Authority,
    };
    let renewed = change::renew(place, what, options.days, &options.passphrase)?;
    if json {
        let holder = renewed.holder.map(|holder| {
            let name = options.name.as_deref().unwrap_or_default();
            (holder, name)
        });
        return print_json(&json!({
            "certificate": Row::new(&renewed.issued, holder, State::Valid),
        }));
    }
    let next = match renewed.holder {
        None => "brokers need the new ca.pem; devices that have its name and key do not",
        Some(Holder::Server) => "the broker reads it when it is reloaded (SIGHUP)",
        Some(Holder::Device) => "the device needs it; its key is the same",
    };
    print(&format!(
        "{} {}: valid until {}\n  {next}\n",
        good("renewed"),
        renewed.issued.file.display(),
        end(&renewed.issued)
    ))
}

fn revoke(place: &Place<'_>, options: &RevokeOptions, json: bool) -> Result<(), Failure> {
    let what = match (&options.name, &options.serial) {
        (Some(name), _) => Revocation::Name(name),
        (None, serial) => Revocation::Serial(serial.as_deref().unwrap_or_default()),
    };
    let revoked = change::revoke(place, what, &options.passphrase)?;
    if json {
        return print_json(&json!({ "serials": revoked.serials, "list": revoked.number }));
    }
    print(&format!(
        "{} {}\n  {} is list number {}; reload the broker (SIGHUP), so that it reads it: who is connected stays until it is started anew\n",
        good("revoked"),
        revoked.serials.join(", "),
        place.folder.join(CRL).display(),
        revoked.number
    ))
}

fn end(issued: &Issued) -> String {
    let validity = issued.certificate.tbs_certificate().validity();
    validity.not_after.to_string()
}

/// A certificate, as `--json` shows it.
#[derive(Serialize)]
struct Row {
    holder: Option<Holder>,
    name: Option<String>,
    names: Vec<String>,
    state: State,
    serial: String,
    not_before: String,
    not_after: String,
    bytes: usize,
    file: PathBuf,
}

impl Row {
    fn new(issued: &Issued, holder: Option<(Holder, &str)>, state: State) -> Row {
        let validity = issued.certificate.tbs_certificate().validity();
        let mut names = Vec::new();
        if let Some((Holder::Server, _)) = holder
            && let Ok((dns, addresses)) = server_names(issued)
        {
            names = dns;
            names.extend(addresses.iter().map(ToString::to_string));
        }
        Row {
            holder: holder.map(|(holder, _)| holder),
            name: holder.map(|(_, name)| name.to_owned()),
            names,
            state,
            serial: serial_text(issued.serial()),
            not_before: validity.not_before.to_string(),
            not_after: validity.not_after.to_string(),
            bytes: issued.der.len(),
            file: issued.file.clone(),
        }
    }

    fn of(store: &Store, entry: &Entry, issued: &Issued, now: i64) -> Row {
        let is_current = issued.der == entry.current.der;
        Row::new(
            issued,
            Some((entry.holder, &entry.name)),
            State::of(store, issued, is_current, now),
        )
    }
}

fn list(place: &Place<'_>, json: bool) -> Result<(), Failure> {
    let store = Store::open(place.folder)?;
    let (found, unreadable) = store.entries()?;
    let rows: Vec<_> = found
        .iter()
        .flat_map(|entry| {
            let row = |issued| Row::of(&store, entry, issued, place.now);
            entry.all().map(row).collect::<Vec<_>>()
        })
        .collect();
    let revoked = entries(&store.crl);
    let authority = Row::new(
        &store.ca,
        None,
        State::of(&store, &store.ca, true, place.now),
    );
    if json {
        let revoked: Vec<_> = revoked
            .iter()
            .map(|entry| {
                let serial = serial_text(&entry.serial_number);
                json!({ "serial": serial, "date": entry.revocation_date.to_string() })
            })
            .collect();
        let unreadable: Vec<_> = unreadable.iter().map(ToString::to_string).collect();
        return print_json(&json!({
            "folder": place.folder,
            "authority": authority,
            "certificates": rows,
            "revoked": revoked,
            "unreadable": unreadable,
        }));
    }
    let mut table = Table::new();
    table.load_style(NOTHING);
    table.set_header(["", "name", "state", "days", "bytes", "serial number"]);
    table.add_row(cells(&authority, &store.ca, "authority", place.now));
    for (row, issued) in rows.iter().zip(found.iter().flat_map(Entry::all)) {
        let holder = row.holder.map_or("", Holder::word);
        table.add_row(cells(row, issued, holder, place.now));
    }
    let trimmed: String = table
        .to_string()
        .lines()
        .map(|line| format!("{}\n", line.trim_end()))
        .collect();
    print(&trimmed)?;
    for failure in unreadable {
        print(&format!("{} {failure}\n", warning("not readable")))?;
    }
    Ok(())
}

fn cells(row: &Row, issued: &Issued, holder: &str, now: i64) -> Vec<String> {
    let not_after = issued.certificate.tbs_certificate().validity().not_after;
    let left = (seconds(&not_after) - now) / 86_400;
    vec![
        holder.to_owned(),
        row.name.clone().unwrap_or_else(|| {
            let subject = issued.certificate.tbs_certificate().subject();
            crate::peer::printable(&subject.to_string())
        }),
        row.state.word().to_owned(),
        left.to_string(),
        row.bytes.to_string(),
        row.serial.clone(),
    ]
}

fn check(place: &Place<'_>, options: &CheckOptions, json: bool) -> Result<(), Failure> {
    let source = &options.passphrase;
    let given = source.passphrase_file.is_some() || source.passphrase_env.is_some();
    let store = Store::open(place.folder)?;
    let findings = check::check(&store, place.now, given.then_some(source))?;
    let problems = findings
        .iter()
        .filter(|finding| finding.weight == Weight::Problem)
        .count();
    if json {
        print_json(&json!({ "ok": problems == 0, "findings": findings }))?;
    } else {
        for finding in &findings {
            let word = match finding.weight {
                Weight::Problem => bold("problem"),
                Weight::Warning => warning("warning"),
            };
            print(&format!("{word}  {}\n", finding.text))?;
        }
        if problems == 0 {
            print(&format!(
                "{} {}\n",
                good("in order"),
                place.folder.display()
            ))?;
        }
    }
    match problems {
        0 => Ok(()),
        1 => Err(Failure::Refuted("1 problem was found".to_owned())),
        more => Err(Failure::Refuted(format!("{more} problems were found"))),
    }
}
