//! Options that say what a connection is to be, for `connect` and `record`.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use crate::client::{Run, Script};
use crate::failure::Failure;
use crate::files;
use crate::fingerprint;
use crate::hex::Hex;
use crate::lab;
use crate::live::{Address, Live};
use crate::names;
use crate::plan::{Buffers, FragmentPlan, Plan, TrustPlan};
use crate::stranger;

/// What the connection is.
#[derive(Args, Debug)]
pub struct ConnectionOptions {
    /// Trust the server's key by this pin: SHA-256 (hexadecimal or base64) or Tasmota's fingerprint. May be repeated
    #[arg(long, value_name = "PIN", help_heading = TRUST)]
    pub fingerprint: Vec<String>,
    /// Trust the authorities in this file, certificates or bare keys, PEM or DER; with --fingerprint, both are demanded
    #[arg(long, value_name = "FILE", help_heading = TRUST)]
    pub ca: Option<PathBuf>,
    /// Trust whoever answers, this once, and print the pin to use from now on
    #[arg(long, conflicts_with_all = ["fingerprint", "ca"], help_heading = TRUST)]
    pub learn: bool,
    /// Trust whoever answers: anyone on the way can read and change everything
    #[arg(long, conflicts_with_all = ["fingerprint", "ca", "learn"], help_heading = TRUST)]
    pub insecure_accept_anyone: bool,
    /// The name that the certificate must have, and that is sent [default: HOST]
    #[arg(long, value_name = "NAME", help_heading = TRUST)]
    pub server_name: Option<String>,
    /// The time for validating certificates: `now`, `unset`, or like 2026-06-01T12:00:00Z
    #[arg(long, value_name = "TIME", default_value = "now", help_heading = TRUST)]
    pub time: String,
    /// The client's certificates, PEM or DER
    #[arg(long, value_name = "FILE", requires = "key")]
    pub cert: Option<PathBuf>,
    /// The client's private key, PEM or DER: EC P-256 or RSA
    #[arg(long, value_name = "FILE", requires = "cert")]
    pub key: Option<PathBuf>,
    /// The fragment length to offer: 512, 1024, 2048, 4096 or none [default: what fits into the input buffer]
    #[arg(long, value_name = "BYTES", value_parser = fragment_length)]
    pub fragment_length: Option<FragmentPlan>,
    /// A protocol name to offer. May be repeated
    #[arg(long, value_name = "NAME")]
    pub alpn: Vec<String>,
    /// A suite to offer, the preferred one first, of those listed below. May be repeated [default: the first two]
    #[arg(long, value_name = "NAME", value_parser = suite)]
    pub suite: Vec<String>,
    /// The groups to offer: none (for RSA key exchange), p256, x25519, x25519-p256 or x25519-p256-p384
    #[arg(long, value_name = "GROUPS", default_value = names::DEFAULT_GROUPS, value_parser = groups)]
    pub group: String,
    /// Connect twice: the second connection, which is the one that is shown, resumes the session of the first
    #[arg(long)]
    pub resume: bool,
    /// Bytes of plaintext that the input buffer holds, 512 to 16384 [default: 1024, or --fragment-length]
    #[arg(long, value_name = "BYTES")]
    pub input_buffer: Option<usize>,
    /// Bytes of plaintext that the output buffer holds, 512 to 16384
    #[arg(long, value_name = "BYTES", default_value_t = Buffers::DEFAULT.output)]
    pub output_buffer: usize,
    /// One buffer for both directions, of the larger of the two sizes
    #[arg(long)]
    pub shared_buffer: bool,
    /// How long to wait for the handshake, and then for each answer
    #[arg(long, value_name = "SECONDS", default_value = "10", allow_negative_numbers = true, value_parser = seconds)]
    pub timeout: Duration,
    /// Send this text after the handshake, and show the answer; \n, \r, \t, \\ and \xHH stand for bytes
    #[arg(long, value_name = "TEXT")]
    pub send: Option<String>,
}

/// Behind the help of the commands that have these options.
pub const SUITES: &str = "\
Suites:
  ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
  ECDHE_RSA_WITH_AES_128_GCM_SHA256
  ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256
  ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256
  RSA_WITH_AES_128_GCM_SHA256 (without forward secrecy)
";

const TRUST: &str = "Trust (one of the first four is needed)";

const TRUST_MISSING: &str = "\
whom to trust? There is no default. One of these is needed:
  --fingerprint PIN          the server's key has this pin (SHA-256, or Tasmota's fingerprint)
  --ca FILE                  the server's certificate is from an authority in this file, for the right name, valid now
  --learn                    whoever answers, this once; prints the pin to use from now on
  --insecure-accept-anyone   whoever answers; anyone on the way can read and change everything";

fn message(failure: Failure) -> String {
    failure.to_string()
}

fn suite(text: &str) -> Result<String, String> {
    let suite = names::suite(text).map_err(message)?;
    Ok(names::of_suite(suite.id()))
}

fn groups(text: &str) -> Result<String, String> {
    names::groups(text)
        .map(|_| text.to_owned())
        .map_err(message)
}

fn fragment_length(text: &str) -> Result<FragmentPlan, String> {
    let bytes = text
        .parse()
        .ok()
        .filter(|bytes| [512, 1024, 2048, 4096].contains(bytes));
    match bytes {
        Some(bytes) => Ok(FragmentPlan::Bytes(bytes)),
        None if text == "none" => Ok(FragmentPlan::NotOffered),
        None => Err("there are 512, 1024, 2048, 4096 and none".to_owned()),
    }
}

/// A time to wait.
pub fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text
        .parse::<f64>()
        .ok()
        .filter(|seconds| (0.001..=86_400.0).contains(seconds));
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| "not a number of seconds from 0.001 to 86400".to_owned())
}

impl ConnectionOptions {
    /// The plan for a connection to that server.
    ///
    /// # Errors
    /// If no trust is chosen, or a file is wrong.
    pub fn plan(&self, address: &Address) -> Result<Plan, Failure> {
        let client = match (&self.cert, &self.key) {
            (Some(chain), Some(key)) => Some(files::client(chain, key)?),
            _ => None,
        };
        let fragment_length = self.fragment_length.unwrap_or(FragmentPlan::FromBuffer);
        let input = self.input_buffer.unwrap_or(match fragment_length {
            FragmentPlan::Bytes(bytes) => bytes.max(Buffers::DEFAULT.input),
            _ => Buffers::DEFAULT.input,
        });
        let suites = if self.suite.is_empty() {
            bearcub::tls::Algorithms::DEFAULT
                .suites
                .iter()
                .map(|suite| names::of_suite(suite.id()))
                .collect()
        } else {
            self.suite.clone()
        };
        let plan = Plan {
            server_name: self
                .server_name
                .clone()
                .unwrap_or_else(|| address.host.clone()),
            clock: files::time(&self.time)?,
            trust: self.trust()?,
            client,
            suites,
            groups: self.group.clone(),
            alpn: self.alpn.clone(),
            fragment_length,
            buffers: Buffers {
                input,
                output: self.output_buffer,
                shared: self.shared_buffer,
            },
            session: None,
            rsa_2048_only: false,
        };
        Ok(plan)
    }

    fn trust(&self) -> Result<TrustPlan, Failure> {
        let pins = fingerprint::all_pasted(&self.fingerprint, "--fingerprint")?;
        let anchors = self.ca.as_deref().map(files::anchors).transpose()?;
        match (anchors, pins.is_empty()) {
            (Some(anchors), true) => Ok(TrustPlan::Anchors(anchors)),
            (Some(anchors), false) => Ok(TrustPlan::AnchorsAndPins(anchors, pins)),
            (None, false) => Ok(TrustPlan::Pins(pins)),
            (None, true) if self.learn => Ok(TrustPlan::Learn),
            (None, true) if self.insecure_accept_anyone => Ok(TrustPlan::AnyoneAccepted),
            (None, true) => Err(Failure::Usage(TRUST_MISSING.to_owned())),
        }
    }

    /// The bytes to send.
    ///
    /// # Errors
    /// For an escape that there is not.
    pub fn bytes_to_send(&self) -> Result<Option<Vec<u8>>, Failure> {
        bytes_to_send(self.send.as_deref())
    }
}

/// What `--send` stands for.
///
/// # Errors
/// For an escape that there is not.
pub fn bytes_to_send(text: Option<&str>) -> Result<Option<Vec<u8>>, Failure> {
    text.map(|text| {
        unescape(text).ok_or_else(|| {
            Failure::Usage(format!(
                "--send {text}: a backslash is followed by n, r, t, \\ or xHH"
            ))
        })
    })
    .transpose()
}

/// Finds what is wrong with a plan before the server is bothered.
///
/// # Errors
/// What is wrong.
pub fn check(plan: &Plan) -> Result<(), Failure> {
    quiet(plan)?.check()
}

/// Connects once and says goodbye, for the session.
///
/// # Errors
/// Why the connection failed, or that the server offers no session.
pub fn first_session(
    options: &ConnectionOptions,
    address: &Address,
    plan: &Plan,
) -> Result<Hex, Failure> {
    let mut link = Live::connect(address, options.timeout)?;
    let first = link.first();
    let result = quiet(plan)?.connect(&mut link, &mut |_| {});
    let outcome = stranger::named(result, &first.bytes())
        .map_err(|failure| failure.at(format_args!("{address}, the first of two connections")))?;
    let session = outcome.session.ok_or_else(|| {
        Failure::Other(format!(
            "{address}: --resume: the server gives no session identifier, so that there is nothing to resume"
        ))
    })?;
    Ok(Hex(session.to_bytes().to_vec()))
}

fn quiet(plan: &Plan) -> Result<Run<'_>, Failure> {
    Ok(Run {
        plan,
        seed: lab::fresh_seed()?,
        script: Script::Silence,
        measure_stack: false,
    })
}

/// What follows the handshake.
pub fn script(send: Option<&[u8]>) -> Script<'_> {
    send.map_or(Script::Silence, Script::Talk)
}

fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut characters = text.chars();
    while let Some(character) = characters.next() {
        if character != '\\' {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            continue;
        }
        out.push(match characters.next()? {
            'n' => b'\n',
            'r' => b'\r',
            't' => b'\t',
            '\\' => b'\\',
            'x' => {
                let digits: String = [characters.next()?, characters.next()?].iter().collect();
                *base16ct::mixed::decode_vec(digits).ok()?.first()?
            }
            _ => return None,
        });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::unescape;

    #[test]
    fn escapes_stand_for_bytes() {
        assert_eq!(unescape("a\\n\\x10\\\\é"), Some("a\n\x10\\é".into()));
        for wrong in ["\\", "\\q", "\\x1", "\\xzz"] {
            assert_eq!(unescape(wrong), None);
        }
    }
}
