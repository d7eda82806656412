//! What a connection is to be, as data: made from a scenario or from arguments, stored in a recording.

use std::ffi::CString;

use bearcub::buffer::FragmentLength;
use bearcub::clock::{Clock, Time};
use bearcub::identity::{Identity, PrivateKey};
use bearcub::tls::{Algorithms, Config, Scratch, Session, Suite, Verify};
use bearcub::trust::{Pin, Trust, TrustAnchor};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::hex::Hex;
use crate::names;

/// Bytes of plaintext that a record buffer may have.
const BUFFERS: std::ops::RangeInclusive<usize> = 512..=16_384;

/// Everything that a [`Config`] and the memory beside it are made from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The name that the server must have, and that is sent to it.
    pub server_name: String,
    /// Seconds since 1970, or nothing if the clock is not set.
    pub clock: Option<i64>,
    /// Whom to trust.
    pub trust: TrustPlan,
    /// Who the client is.
    pub client: Option<ClientPlan>,
    /// Suites by name, the preferred one first.
    pub suites: Vec<String>,
    /// Groups by name: one of [`names::GROUPS`].
    pub groups: String,
    /// Protocol names to offer.
    pub alpn: Vec<String>,
    /// The fragment length to offer.
    pub fragment_length: FragmentPlan,
    /// The record buffers.
    pub buffers: Buffers,
    /// The session to resume, as the library stores it. It holds a master secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<Hex>,
    /// Whether the library is built without its feature `rsa-4096`. On this computer it never is.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub rsa_2048_only: bool,
}

/// Whom to trust.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrustPlan {
    /// These keys, in any form that [`Pin::parse`] reads.
    Pins(Vec<String>),
    /// These authorities, certificates or bare keys in DER.
    Anchors(Vec<Hex>),
    /// Both.
    AnchorsAndPins(Vec<Hex>, Vec<String>),
    /// Whoever answers, once.
    Learn,
    /// Whoever answers.
    AnyoneAccepted,
}

/// Who the client is. In a recording that is in a repository, the key is one that was made for tests only.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClientPlan {
    /// Certificates in DER, the client's own first.
    pub certificates: Vec<Hex>,
    /// The private key in DER: test-only in every recording of this project.
    pub test_only_private_key: Hex,
}

/// The fragment length to offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FragmentPlan {
    /// The largest that the input buffer has room for.
    FromBuffer,
    /// None.
    NotOffered,
    /// This many bytes.
    Bytes(usize),
}

/// Bytes of plaintext that the record buffers hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Buffers {
    /// For records from the server.
    pub input: usize,
    /// For records to it.
    pub output: usize,
    /// Whether it is one buffer for both, of the larger size.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub shared: bool,
}

impl Buffers {
    /// What the scenarios have.
    pub const DEFAULT: Buffers = Buffers {
        input: 1024,
        output: 1024,
        shared: false,
    };
}

/// A trust anchor from its DER: a bare key, or an authority's certificate.
///
/// # Errors
/// What is wrong with it, read as a certificate.
pub fn anchor(der: &[u8]) -> Result<TrustAnchor<'_>, bearcub::error::ConfigError> {
    TrustAnchor::from_public_key(der).or_else(|_| TrustAnchor::from_certificate(der))
}

impl TrustPlan {
    /// Whether certificates are validated, which takes more scratch.
    pub fn has_anchors(&self) -> bool {
        matches!(self, TrustPlan::Anchors(_) | TrustPlan::AnchorsAndPins(..))
    }

    fn anchors(&self) -> &[Hex] {
        match self {
            TrustPlan::Anchors(anchors) | TrustPlan::AnchorsAndPins(anchors, _) => anchors,
            _ => &[],
        }
    }

    fn pins(&self) -> &[String] {
        match self {
            TrustPlan::Pins(pins) | TrustPlan::AnchorsAndPins(_, pins) => pins,
            _ => &[],
        }
    }
}

impl Plan {
    /// A connection that takes every suite, and records of any size; without a clock and without a client certificate.
    pub fn unlimited(server_name: &str, trust: TrustPlan) -> Plan {
        Plan {
            server_name: server_name.to_owned(),
            clock: None,
            trust,
            client: None,
            suites: names::SUITES
                .map(|suite| names::of_suite(suite.id()))
                .to_vec(),
            groups: names::DEFAULT_GROUPS.to_owned(),
            alpn: Vec::new(),
            fragment_length: FragmentPlan::NotOffered,
            buffers: Buffers {
                input: 16_384,
                ..Buffers::DEFAULT
            },
            session: None,
            rsa_2048_only: false,
        }
    }

    /// Bytes of scratch on this machine.
    pub fn scratch(&self) -> usize {
        if self.trust.has_anchors() {
            Scratch::ANCHORS
        } else {
            Scratch::FINGERPRINTS
        }
    }

    /// Builds the configuration, and everything that it borrows, for as long as `work` runs.
    ///
    /// # Errors
    /// What is wrong with the plan, or what `work` reports.
    pub fn with_config<T>(
        &self,
        work: impl FnOnce(&Config<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        for (name, size) in [
            ("input", self.buffers.input),
            ("output", self.buffers.output),
        ] {
            if !BUFFERS.contains(&size) {
                let (least, most) = (BUFFERS.start(), BUFFERS.end());
                return Err(Failure::Usage(format!(
                    "the {name} buffer has {size} bytes; it must have {least} to {most}"
                )));
            }
        }
        let suites: Vec<Suite> = self
            .suites
            .iter()
            .map(|name| names::suite(name))
            .collect::<Result<_, _>>()?;
        let pins: Vec<Pin> = self
            .trust
            .pins()
            .iter()
            .map(|text| Pin::parse(text))
            .collect::<Result<_, _>>()?;
        let anchors: Vec<TrustAnchor<'_>> = self
            .trust
            .anchors()
            .iter()
            .map(|der| anchor(&der.0))
            .collect::<Result<_, _>>()?;
        let alpn: Vec<CString> = self
            .alpn
            .iter()
            .map(|name| CString::new(name.as_str()))
            .collect::<Result<_, _>>()
            .map_err(|_| Failure::Usage("an ALPN name has a NUL in it".to_owned()))?;
        let alpn: Vec<_> = alpn.iter().map(CString::as_c_str).collect();

        let fingerprints = Trust::fingerprints(&pins);
        let by_anchors = Trust::anchors(&anchors, self.clock()?);
        let by_both = by_anchors.and_pin(&pins);
        let (learn, anyone) = (Trust::learn(), Trust::accept_anyone_insecurely());
        let trust: &dyn Verify = match &self.trust {
            TrustPlan::Pins(_) => &fingerprints,
            TrustPlan::Anchors(_) => &by_anchors,
            TrustPlan::AnchorsAndPins(..) => &by_both,
            TrustPlan::Learn => &learn,
            TrustPlan::AnyoneAccepted => &anyone,
        };
        let algorithms = Algorithms {
            suites: &suites,
            groups: names::groups(&self.groups)?,
        };
        let mut config = Config::with_algorithms(&self.server_name, trust, algorithms).alpn(&alpn);
        match self.fragment_length {
            FragmentPlan::FromBuffer => {}
            FragmentPlan::NotOffered => config = config.fragment_length(None),
            FragmentPlan::Bytes(bytes) => {
                let length = FragmentLength::from_bytes(bytes).ok_or_else(|| {
                    Failure::Usage(format!("there is no fragment length of {bytes} bytes"))
                })?;
                config = config.fragment_length(Some(length));
            }
        }
        let session = self.session.as_ref();
        let session = session
            .map(|bytes| Session::from_bytes(&bytes.0))
            .transpose()?;
        let config = config.resume(session.as_ref());
        let Some(client) = &self.client else {
            return work(&config);
        };
        let chain: Vec<&[u8]> = client.certificates.iter().map(|der| &der.0[..]).collect();
        let key = PrivateKey::from_der(&client.test_only_private_key.0)?;
        let identity = Identity::new(&chain, key)?;
        work(&config.identity(&identity))
    }

    fn clock(&self) -> Result<Clock, Failure> {
        let Some(seconds) = self.clock else {
            return Ok(Clock::not_set());
        };
        Time::from_unix(seconds)
            .map(Clock::at)
            .ok_or_else(|| Failure::Usage(format!("there is no time {seconds} s after 1970")))
    }
}
