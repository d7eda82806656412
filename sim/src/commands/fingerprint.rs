//! `bearcub fingerprint`: the fingerprints of a key, wherever it is.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bearcub::trust::Pin;
use clap::Args;
use serde::Serialize;

use super::options::seconds;
use super::style::{bold, good, warning};
use super::{print, print_json};
use crate::chain;
use crate::failure::Failure;
use crate::fingerprint::{Fingerprints, Relation, pasted_at};
use crate::live::Address;
use crate::material::passphrase::Passphrase;
use crate::material::{self, Content, Item};
use crate::peer::Seen;

/// Options of `fingerprint`.
#[derive(Args, Debug)]
pub struct FingerprintOptions {
    /// A server, or a file (`-`: standard input) with certificates, requests, public or private keys, PEM or DER
    #[arg(value_name = "HOST:PORT|FILE")]
    pub subject: String,
    /// Check that this is the pin: SHA-256 (hexadecimal or base64), or Tasmota's fingerprint. May be repeated; one must match
    #[arg(long, value_name = "PIN")]
    pub check: Vec<String>,
    /// The name that is sent to the server [default: HOST]
    #[arg(long, value_name = "NAME")]
    pub server_name: Option<String>,
    /// How long to wait for the server
    #[arg(long, value_name = "SECONDS", default_value = "10", allow_negative_numbers = true, value_parser = seconds)]
    pub timeout: Duration,
    /// Where the passphrase of an encrypted key comes from.
    #[command(flatten)]
    pub passphrase: Passphrase,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// One key, and where it was found.
#[derive(Serialize)]
struct Found {
    kind: &'static str,
    form: String,
    subject: Option<String>,
    #[serde(flatten)]
    fingerprints: Fingerprints,
    #[serde(skip)]
    spki: Vec<u8>,
    #[serde(skip)]
    certificate: Option<Vec<u8>>,
}

impl Found {
    fn of(item: Item) -> Found {
        let (subject, certificate) = match &item.content {
            Content::Certificate(der) => (Some(Seen::read(der).subject), Some(der.clone())),
            Content::Request(subject) => (Some(subject.clone()), None),
            Content::PublicKey | Content::PrivateKey(_) => (None, None),
        };
        Found {
            kind: item.kind(),
            fingerprints: Fingerprints::of(&item.spki),
            form: item.form,
            subject,
            spki: item.spki,
            certificate,
        }
    }

    fn relation(&self, pin: &Pin) -> Relation {
        Relation::find(pin, &self.spki, self.certificate.as_deref())
    }
}

#[derive(Serialize)]
struct Report<'a> {
    subject: &'a str,
    /// False for a server; for files the question does not arise.
    verified: Option<bool>,
    keys: &'a [Found],
    matches: Option<bool>,
    reason: Option<&'a str>,
}

/// Prints the fingerprints, and holds the pins against them.
///
/// # Errors
/// For a file or a server that cannot be read, or a pin that does not match.
pub fn run(options: &FingerprintOptions) -> Result<(), Failure> {
    let pins = options.check.iter();
    let pins: Vec<_> = pins
        .map(|text| pasted_at("--check", text))
        .collect::<Result<_, _>>()?;
    let (found, is_live) = find(options)?;
    let verdict = (!pins.is_empty()).then(|| check(&pins, &found, is_live));
    if options.json {
        print_json(&Report {
            subject: &options.subject,
            verified: is_live.then_some(false),
            keys: &found,
            matches: verdict.as_ref().map(Result::is_ok),
            reason: match &verdict {
                Some(Ok(text) | Err(text)) => Some(text),
                None => None,
            },
        })?;
    } else {
        print(&describe(&options.subject, &found, is_live))?;
    }
    match verdict {
        Some(Ok(text)) if !options.json => {
            print(&format!("\n{}: {text}\n", good("The pin matches")))
        }
        None | Some(Ok(_)) => Ok(()),
        Some(Err(text)) => Err(Failure::Refuted(format!(
            "{}: the pin does not match: {text}",
            options.subject
        ))),
    }
}

/// The keys, and whether they are a live server's.
fn find(options: &FingerprintOptions) -> Result<(Vec<Found>, bool), Failure> {
    let path = PathBuf::from(&options.subject);
    let is_file = options.subject == "-" || path.exists();
    match options.subject.parse::<Address>() {
        Ok(address) if !is_file => {
            let name = options.server_name.as_deref();
            let shown = chain::fetch(&address, name, options.timeout)?;
            let mut found = Vec::new();
            for (number, der) in shown.certificates.iter().enumerate() {
                let item = material::certificate(der)
                    .map_err(|failure| failure.at(format!("{address}, certificate {number}")))?;
                found.push(Found::of(item));
            }
            Ok((found, true))
        }
        Err(why) if !is_file && !looks_like_a_file(&path) => Err(Failure::Usage(format!(
            "`{}`: there is no such file, and {why}",
            options.subject
        ))),
        _ => {
            let items = material::read(&path, &options.passphrase)?;
            Ok((items.into_iter().map(Found::of).collect(), false))
        }
    }
}

fn looks_like_a_file(path: &Path) -> bool {
    let is_address = path.to_string_lossy().contains("://");
    !is_address && (path.extension().is_some() || path.components().count() > 1)
}

/// Why the pins are good, or why they are not.
fn check(pins: &[Pin], found: &[Found], is_live: bool) -> Result<String, String> {
    // A server proves that it has the key of its first certificate only.
    let counted = if is_live { &found[..1] } else { found };
    for (number, key) in counted.iter().enumerate() {
        if pins.iter().any(|pin| key.relation(pin) == Relation::Pin) {
            let place = if found.len() > 1 {
                format!("{} {}", key.kind, number + 1)
            } else {
                key.kind.to_owned()
            };
            return Ok(format!("it is that of the {place}"));
        }
    }
    let relations = || {
        let all = found.iter().enumerate();
        all.flat_map(|(number, key)| pins.iter().map(move |pin| (number, key.relation(pin))))
    };
    Err(
        match relations().find(|(_, relation)| *relation != Relation::None) {
            Some((number, Relation::Pin)) => format!(
                "it is the key of certificate {}, an authority of the server's; a server is pinned by its own key, the first",
                number + 1
            ),
            Some((_, relation)) => relation.why_not().to_owned(),
            None => Relation::None.why_not().to_owned(),
        },
    )
}

fn describe(subject: &str, found: &[Found], is_live: bool) -> String {
    let mut text = String::new();
    if is_live {
        text.push_str(&format!(
            "{}: {}. Whoever answered has these keys;\ncompare the pin with one that comes to you another way before you trust it.\n\n",
            bold(subject),
            warning("not verified")
        ));
    }
    for (number, key) in found.iter().enumerate() {
        let prints = &key.fingerprints;
        let title = match &key.subject {
            Some(subject) => format!("{} of {subject}", key.kind),
            None => key.kind.to_owned(),
        };
        let number = if found.len() > 1 {
            format!("{}. ", number + 1)
        } else {
            String::new()
        };
        text.push_str(&format!(
            "{}\n  key           {} ({})\n  SHA-256 pin   {}\n  the same      sha256//{}\n",
            bold(format_args!("{number}{title}")),
            prints.key,
            key.form,
            prints.sha256,
            prints.sha256_base64
        ));
        match (&prints.tasmota, &prints.sha1) {
            (Some(command), _) => {
                text.push_str(&format!("  Tasmota       {command}\n"));
                if prints.is_ec() {
                    text.push_str(
                        "                for Tasmota on an ESP32; its usual builds for the ESP8266 have no EC (USE_MQTT_TLS_FORCE_EC_CIPHER)\n\
                         \x20               and take a server with an RSA key only\n",
                    );
                }
            }
            (None, Some(sha1)) => text.push_str(&format!(
                "  SHA-1 pin     {sha1} (Tasmota has no keys of this kind)\n"
            )),
            (None, None) => {
                text.push_str("  Tasmota       has no fingerprint for keys of this kind\n")
            }
        }
        if let Some(old) = &prints.obsolete_v1 {
            text.push_str(&format!(
                "  Tasmota v1    {old} {}\n",
                warning("obsolete: a key for it can be forged, never trust it")
            ));
        }
    }
    text
}
