//! Where the passphrase of an encrypted key comes from.

use std::io::{IsTerminal, Read};
use std::path::PathBuf;

use clap::Args;
use zeroize::Zeroizing;

use crate::failure::Failure;

/// More than anyone types.
const LENGTH_MAX: u64 = 4096;

/// Where the passphrase comes from; asked for on the terminal if nothing is said. It is never an argument, which other
/// users of the machine could read.
#[derive(Args, Clone, Debug, Default)]
pub struct Passphrase {
    /// The file whose first line is the passphrase of an encrypted private key
    #[arg(
        long,
        value_name = "FILE",
        conflicts_with = "passphrase_env",
        help_heading = "Encrypted keys (a terminal is asked)"
    )]
    pub passphrase_file: Option<PathBuf>,
    /// The environment variable that holds it
    #[arg(
        long,
        value_name = "NAME",
        help_heading = "Encrypted keys (a terminal is asked)"
    )]
    pub passphrase_env: Option<String>,
}

impl Passphrase {
    /// The passphrase.
    ///
    /// # Errors
    /// If its source cannot be read, or there is none and no terminal to ask.
    pub fn get(&self) -> Result<Zeroizing<String>, Failure> {
        if let Some(path) = &self.passphrase_file {
            let wrong = |error: &dyn std::fmt::Display| {
                Failure::Usage(format!("--passphrase-file {}: {error}", path.display()))
            };
            let mut text = Zeroizing::new(String::new());
            std::fs::File::open(path)
                .and_then(|file| file.take(LENGTH_MAX).read_to_string(&mut text))
                .map_err(|error| {
                    Failure::unread(format_args!("--passphrase-file {}", path.display()), &error)
                })?;
            let line = text.split(['\n', '\r']).next().unwrap_or_default();
            if line.is_empty() {
                return Err(wrong(&"its first line is empty"));
            }
            return Ok(Zeroizing::new(line.to_owned()));
        }
        if let Some(name) = &self.passphrase_env {
            let value = std::env::var(name).ok().map(Zeroizing::new);
            return value.filter(|value| !value.is_empty()).ok_or_else(|| {
                Failure::Usage(format!(
                    "--passphrase-env {name}: there is no such variable, or it is empty"
                ))
            });
        }
        if !std::io::stdin().is_terminal() {
            return Err(Failure::Usage(
                "the private key is encrypted, and there is no terminal to ask for its passphrase; give \
                 --passphrase-file FILE or --passphrase-env NAME"
                    .to_owned(),
            ));
        }
        rpassword::prompt_password("Passphrase of the private key: ")
            .map(Zeroizing::new)
            .map_err(|error| Failure::Usage(format!("the passphrase cannot be read: {error}")))
    }
}
