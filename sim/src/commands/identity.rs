//! `bearcub identity`: a device's key and certificate in the forms that firmware wants.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use serde::Serialize;
use zeroize::Zeroizing;

use super::style::{bold, good, warning};
use super::{print, print_json, tell};
use crate::failure::Failure;
use crate::identity::{Device, image, source};
use crate::material;
use crate::material::passphrase::Passphrase;
use crate::material::private::describe;
use crate::output::{Access, Outputs};
use crate::peer::Seen;
use crate::report::grouped;

const OUTPUTS: &str = "Outputs (without one, everything is checked and nothing written)";

/// Options of `identity`.
#[derive(Args, Debug)]
pub struct IdentityOptions {
    /// The device's certificate, its own first, then its issuers if the server needs them: PEM or DER
    #[arg(long, value_name = "FILE")]
    pub cert: PathBuf,
    /// The private key: PKCS#8 (also encrypted), SEC1 or PKCS#1, PEM or DER [default: in the file of the certificate]
    #[arg(long, value_name = "FILE")]
    pub key: Option<PathBuf>,
    /// Write STEM-key.der, STEM-cert.der, and STEM-cert-2.der … for the issuers
    #[arg(long, value_name = "STEM", help_heading = OUTPUTS)]
    pub der: Option<PathBuf>,
    /// Write a Rust source file with statics; `-`: to standard output
    #[arg(long, value_name = "FILE", help_heading = OUTPUTS)]
    pub rust: Option<PathBuf>,
    /// Write an image for flash with a checksum, which `bearcub::identity::FlashImage` reads; `-`: to standard output
    #[arg(long, value_name = "FILE", help_heading = OUTPUTS)]
    pub image: Option<PathBuf>,
    /// Write the lines TLSKey1 and TLSKey2 for Tasmota's console; `-`: to standard output
    #[arg(long, value_name = "FILE", help_heading = OUTPUTS)]
    pub tasmota: Option<PathBuf>,
    /// Replace files that are there
    #[arg(long, help_heading = OUTPUTS)]
    pub force: bool,
    /// Print the private key even if standard output is a terminal, where it stays in the scrollback
    #[arg(long, help_heading = OUTPUTS)]
    pub print_private_key: bool,
    /// Where the passphrase of an encrypted key comes from.
    #[command(flatten)]
    pub passphrase: Passphrase,
    /// Print one JSON object, without the key
    #[arg(long)]
    pub json: bool,
}

/// Bytes that each thing takes.
#[derive(Serialize)]
struct Sizes {
    private_key: usize,
    certificates: usize,
    image: usize,
}

#[derive(Serialize)]
struct Report<'a> {
    key: String,
    form: &'a str,
    belongs_together: bool,
    certificates: &'a [Seen],
    bytes: Sizes,
    warnings: &'a [String],
    written: Vec<String>,
}

/// Checks the identity and writes what is asked for.
///
/// # Errors
/// For a file that is wrong, a key that does not belong to the certificate, or an output that cannot be written.
pub fn run(options: &IdentityOptions) -> Result<(), Failure> {
    check_standard_output(options)?;
    let device = read(options)?;
    let image = image::of(&device)?;
    let mut outputs = Outputs::new(options.force);
    let mut to_print = None;
    let mut add = |path: &Option<PathBuf>, content: Zeroizing<Vec<u8>>| match path {
        Some(path) if is_standard_output(path) => to_print = Some(content),
        Some(path) => outputs.add(path, content, Access::Secret),
        None => {}
    };
    add(&options.rust, secret(&source::of(&device)));
    add(&options.image, image.clone());
    if options.tasmota.is_some() {
        add(&options.tasmota, secret(&device.tasmota()?));
    }
    if let Some(stem) = &options.der {
        add_der(&mut outputs, stem, &device);
    }
    let mut warnings = device.warnings(now());
    if options.tasmota.is_some() && device.chain.len() > 1 {
        warnings.push("Tasmota takes one certificate: TLSKey2 has the first only".to_owned());
    }
    let written: Vec<_> = outputs
        .paths()
        .map(|path| path.display().to_string())
        .collect();
    outputs.write()?;
    let seen: Vec<_> = device.chain.iter().map(|der| Seen::read(der)).collect();
    let report = Report {
        key: describe(&device.key.spki),
        form: &device.form,
        belongs_together: true,
        certificates: &seen,
        bytes: Sizes {
            private_key: device.key.der.len(),
            certificates: device.chain.iter().map(Vec::len).sum(),
            image: image.len(),
        },
        warnings: &warnings,
        written,
    };
    match to_print {
        Some(content) => {
            warnings.iter().for_each(|text| tell(text));
            print_secret(&content)
        }
        None if options.json => print_json(&report),
        None => print(&describe_report(&report)),
    }
}

fn is_standard_output(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// At most one thing can go to standard output, and a private key not to a terminal.
fn check_standard_output(options: &IdentityOptions) -> Result<(), Failure> {
    let wanted = [&options.rust, &options.image, &options.tasmota]
        .into_iter()
        .flatten()
        .filter(|path| is_standard_output(path))
        .count();
    let refuse = |text: &str| Err(Failure::Usage(text.to_owned()));
    if wanted + usize::from(options.json) > 1 && wanted > 0 {
        return refuse("only one thing can go to standard output; give files for the others");
    }
    if wanted > 0 && !options.print_private_key && std::io::stdout().is_terminal() {
        return refuse(
            "this would print the private key on the terminal, where it stays in the scrollback; give a file, pipe it on, or say \
             --print-private-key",
        );
    }
    Ok(())
}

fn read(options: &IdentityOptions) -> Result<Device, Failure> {
    let mut items = material::read(&options.cert, &options.passphrase)?;
    let mut place = options.cert.display().to_string();
    if let Some(key) = &options.key {
        // A key beside the certificate is not the one that was asked for.
        items.retain(|item| !matches!(item.content, material::Content::PrivateKey(_)));
        let found = material::read(key, &options.passphrase)?;
        let is_key =
            |item: &material::Item| matches!(item.content, material::Content::PrivateKey(_));
        if !found.iter().any(is_key) {
            return Err(Failure::Usage(format!(
                "{}: it holds a {} and no private key; are --cert and --key the wrong way round?",
                key.display(),
                found[0].kind()
            )));
        }
        items.extend(found.into_iter().filter(is_key));
        place = format!("{place} and {}", key.display());
    }
    Device::new(items).map_err(|failure| failure.at(place))
}

fn add_der(outputs: &mut Outputs, stem: &Path, device: &Device) {
    let path = |end: &str| {
        let mut name = stem.as_os_str().to_owned();
        name.push(end);
        PathBuf::from(name)
    };
    outputs.add(&path("-key.der"), device.key.der.clone(), Access::Secret);
    for (number, der) in device.chain.iter().enumerate() {
        let name = match number {
            0 => "-cert.der".to_owned(),
            _ => format!("-cert-{}.der", number + 1),
        };
        outputs.add(&path(&name), Zeroizing::new(der.clone()), Access::Public);
    }
}

fn secret(text: &str) -> Zeroizing<Vec<u8>> {
    Zeroizing::new(text.as_bytes().to_vec())
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |time| i64::try_from(time.as_secs()).unwrap_or(i64::MAX))
}

fn print_secret(content: &[u8]) -> Result<(), Failure> {
    let mut stdout = std::io::stdout();
    stdout
        .write_all(content)
        .and_then(|()| stdout.flush())
        .map_err(|error| super::unprinted(&error))
}

fn describe_report(report: &Report<'_>) -> String {
    let bytes = &report.bytes;
    let mut text = format!(
        "{}: {} ({})\n",
        good("Key and certificate belong together"),
        report.key,
        report.form
    );
    for (number, seen) in report.certificates.iter().enumerate() {
        text.push_str(&format!(
            "  {}  {}\n     issued by {}, valid from {} to {}, {} B\n",
            number + 1,
            seen.subject,
            seen.issuer,
            seen.not_before,
            seen.not_after,
            grouped(seen.length)
        ));
    }
    text.push_str(&format!(
        "{}  private key {} B, certificates {} B, image for flash {} B\n",
        bold("Bytes"),
        grouped(bytes.private_key),
        grouped(bytes.certificates),
        grouped(bytes.image)
    ));
    for line in report.warnings {
        text.push_str(&format!("{} {line}\n", warning("Warning:")));
    }
    for path in &report.written {
        text.push_str(&format!("{path}: written\n"));
    }
    text
}
