//! What a server can do, asked one thing after the other.

use bearcub::buffer::FragmentLength;
use bearcub::trust::{Curve, PublicKey};
use serde::Serialize;

use super::exchange::{Answer, Asker, End, Until};
use super::hello::Hello;
use super::reader::{Flight, KeyExchange, Oddity};
use super::registry::{self, TLS10, TLS11, TLS12, TLS13};
use crate::failure::Failure;
use crate::stranger;

/// What is asked about.
#[derive(Clone, Copy, Debug)]
pub struct Questions<'a> {
    /// The name that is sent.
    pub server_name: &'a str,
    /// Protocols that are offered in everything.
    pub alpn: &'a [String],
    /// Protocols that are asked about one by one.
    pub protocols: &'a [String],
}

/// Whose order decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Order {
    /// The server's own.
    Server,
    /// The client's.
    Client,
}

/// What becomes of a fragment length that is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Fragment {
    /// Bytes that were offered.
    pub bytes: usize,
    /// Whether the server agreed.
    pub acknowledged: bool,
    /// Bytes of plaintext in its largest record: of the handshake, and of the answer to what was sent, if anything was.
    pub largest_record: usize,
    /// Whether it kept to it; none if nothing that it sent would have been larger.
    pub kept: Option<bool>,
}

/// What becomes of a protocol that is offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Protocol {
    /// It is taken.
    Accepted,
    /// The server goes on without.
    Ignored,
    /// The server ends the connection.
    Refused,
}

/// What was found out. What is none was not found out.
#[derive(Clone, Debug, Default)]
pub struct Findings {
    /// Versions and whether they are spoken, the oldest first.
    pub versions: Vec<(u16, Option<bool>)>,
    /// Suites of TLS 1.2, in the order in which they are chosen.
    pub suites: Vec<u16>,
    /// Whose order it is.
    pub order: Option<Order>,
    /// Groups of TLS 1.2, in the order in which they are chosen.
    pub groups: Vec<u16>,
    /// Whether there may be more groups, which the server's own key hides.
    pub groups_hidden: bool,
    /// Suite and group of TLS 1.3.
    pub tls13: Option<(u16, Option<u16>)>,
    /// Fragment lengths.
    pub fragments: Vec<Fragment>,
    /// Protocols.
    pub protocols: Vec<(String, Protocol)>,
    /// What the server says to what a device would offer, or else to everything.
    pub flight: Flight,
    /// Why not everything was asked.
    pub stopped: Option<Failure>,
}

impl Findings {
    /// Whether that version is spoken.
    pub fn speaks(&self, version: u16) -> bool {
        self.versions.contains(&(version, Some(true)))
    }

    /// Suites that the library has too, in its order.
    pub fn ours(&self) -> Vec<u16> {
        let known = crate::names::SUITES.iter().map(|suite| suite.id());
        known.filter(|id| self.suites.contains(id)).collect()
    }

    /// Of those, the ones to choose from: the first with each kind of server key, and the one without forward secrecy
    /// only if it is all there is.
    pub fn candidates(&self) -> Vec<u16> {
        let ours = self.ours();
        let signed = |is_ecdsa| {
            let mut those = ours.iter().copied();
            those.find(|id| registry::is_ecdhe(*id) && registry::is_ecdsa(*id) == is_ecdsa)
        };
        let candidates: Vec<_> = [signed(true), signed(false)]
            .into_iter()
            .flatten()
            .collect();
        if candidates.is_empty() {
            ours
        } else {
            candidates
        }
    }
}

/// Asks everything.
///
/// # Errors
/// If there is no server, or none that speaks TLS; what goes wrong later is in the findings.
pub fn scan(asker: &mut Asker<'_>, questions: Questions<'_>) -> Result<Findings, Failure> {
    let mut scan = Scan {
        asker,
        questions,
        findings: Findings::default(),
    };
    let (suites, groups) = (registry::suites(), registry::groups());
    let hello = scan.hello(TLS12, &suites, &groups);
    let first = scan.asker.ask("first contact", &hello, Until::Done)?;
    speaks_tls(&first)?;
    scan.findings.flight = first.flight.clone();
    if let Err(failure) = scan.everything(&first) {
        scan.findings.stopped = Some(failure);
    }
    Ok(scan.findings)
}

/// Whether the first answer is a TLS server's.
fn speaks_tls(answer: &Answer) -> Result<(), Failure> {
    let timeout = || Failure::from(bearcub::error::NetworkError::Timeout);
    match &answer.end {
        End::Enough | End::Refused(_) => Ok(()),
        _ if answer.flight.hello.is_some() => Ok(()),
        End::TimedOut => Err(timeout()),
        End::Closed => Err(stranger(&[])),
        End::Odd(Oddity::NotTls(bytes)) => Err(stranger(bytes)),
        End::Odd(Oddity::Broken(what)) => Err(Failure::Other(format!(
            "the server's first messages are not as TLS wants them: {what}"
        ))),
        End::Odd(Oddity::TooMuch) => Err(Failure::Other(format!(
            "the server sends over {} bytes before it awaits an answer",
            super::reader::BYTES_MAX
        ))),
    }
}

/// Who answers instead of a server of TLS, by its first bytes.
fn stranger(bytes: &[u8]) -> Failure {
    let (message, cause) = stranger::instead_of_tls(bytes).unwrap_or_else(|| {
        (
            "this is no TLS".to_owned(),
            "the record is of none of its types".to_owned(),
        )
    });
    Failure::Other(format!(
        "{message}\n  cause:  {cause}\n  remedy: {}",
        stranger::PORTS
    ))
}

/// Groups that a device can have, as BearSSL lists them.
const DEVICE_GROUPS: [u16; 3] = [23, 24, 29];

struct Scan<'s, 'a> {
    asker: &'s mut Asker<'a>,
    questions: Questions<'s>,
    findings: Findings,
}

impl<'s> Scan<'s, '_> {
    /// What is offered, unless something else is said.
    fn hello<'h>(&self, version: u16, suites: &'h [u16], groups: &'h [u16]) -> Hello<'h>
    where
        's: 'h,
    {
        Hello {
            version,
            suites,
            groups,
            server_name: self.questions.server_name,
            fragment_length: None,
            alpn: self.questions.alpn,
            with_key: false,
        }
    }

    fn everything(&mut self, first: &Answer) -> Result<(), Failure> {
        self.versions(first)?;
        if !self.findings.speaks(TLS12) {
            return Ok(());
        }
        self.suites()?;
        self.groups()?;
        let mut offered = self.findings.candidates();
        if offered.is_empty() {
            offered = self.findings.suites.clone();
        }
        self.chain(&offered)?;
        self.fragments(&offered)?;
        self.protocols(&offered)
    }

    fn versions(&mut self, first: &Answer) -> Result<(), Failure> {
        let (suites, groups) = (registry::suites(), registry::groups());
        let suites13 = registry::SUITES13.map(|(id, _)| id);
        for version in [TLS10, TLS11, TLS12, TLS13] {
            let suites = if version == TLS13 {
                &suites13[..]
            } else {
                &suites[..]
            };
            let answer = if version == TLS12 {
                first.clone()
            } else {
                let mut hello = self.hello(version, suites, &groups);
                let answer = self.asker.ask("versions", &hello, Until::ServerHello)?;
                hello.with_key =
                    version == TLS13 && matches!(answer.end, End::Refused(47 | 50 | 109));
                if hello.with_key {
                    // illegal_parameter, decode_error, missing_extension: it wants a key at once.
                    self.asker.ask("versions", &hello, Until::ServerHello)?
                } else {
                    answer
                }
            };
            let spoken = match (&answer.flight.hello, &answer.end) {
                (Some(hello), _) => Some(hello.version == version),
                (None, End::TimedOut) => None,
                (None, _) => Some(false),
            };
            self.findings.versions.push((version, spoken));
            if let Some(hello) = answer.flight.hello.filter(|hello| hello.version == TLS13) {
                self.findings.tls13 = Some((hello.suite, hello.group));
            }
        }
        Ok(())
    }

    /// Offers all, notes what is chosen, offers the others.
    fn suites(&mut self) -> Result<(), Failure> {
        let groups = registry::groups();
        let mut left = registry::suites();
        while !left.is_empty() {
            let Some(id) = self
                .suite_of(&left, &groups)?
                .filter(|id| left.contains(id))
            else {
                break;
            };
            self.findings.suites.push(id);
            left.retain(|other| *other != id);
        }
        if let [first, second, ..] = self.findings.suites[..] {
            self.findings.order = match self.suite_of(&[second, first], &groups)? {
                Some(id) if id == first => Some(Order::Server),
                Some(id) if id == second => Some(Order::Client),
                _ => None,
            };
        }
        Ok(())
    }

    /// The one that is chosen.
    fn suite_of(&mut self, suites: &[u16], groups: &[u16]) -> Result<Option<u16>, Failure> {
        let hello = self.hello(TLS12, suites, groups);
        let answer = self.asker.ask("suites", &hello, Until::ServerHello)?;
        let chosen = answer.flight.hello;
        Ok(chosen
            .filter(|hello| hello.version == TLS12)
            .map(|hello| hello.suite))
    }

    /// The same with groups. The curve of the server's own key stays in the offer, as the last: without it there would be
    /// no handshake (RFC 8422 section 5.1.1).
    fn groups(&mut self) -> Result<(), Failure> {
        let suites = self.findings.suites.iter().copied();
        let suites: Vec<_> = suites.filter(|id| registry::is_ecdhe(*id)).collect();
        let own = self.own_group();
        let mut left = registry::groups();
        while !left.is_empty() && !suites.is_empty() {
            let own = own.filter(|id| !left.contains(id));
            let offered: Vec<_> = left.iter().copied().chain(own).collect();
            let hello = self.hello(TLS12, &suites, &offered);
            let answer = self.asker.ask("groups", &hello, Until::Done)?;
            match answer.flight.key_exchange {
                Some(KeyExchange::Group(id)) if left.contains(&id) => {
                    self.findings.groups.push(id);
                    left.retain(|other| *other != id);
                }
                Some(KeyExchange::Group(id)) if own == Some(id) => {
                    self.findings.groups_hidden = true;
                    break;
                }
                _ => break,
            }
        }
        Ok(())
    }

    /// The group of the server's own key, if that is on a curve.
    fn own_group(&self) -> Option<u16> {
        let leaf = self.findings.flight.certificates.first()?;
        group_of_certificate(leaf)
    }

    fn chain(&mut self, suites: &[u16]) -> Result<(), Failure> {
        let groups = self.groups_to_offer();
        let hello = self.hello(TLS12, suites, &groups);
        let answer = self.asker.ask("chain", &hello, Until::Done)?;
        if answer.flight.hello.is_some() {
            self.findings.flight = answer.flight;
        }
        Ok(())
    }

    /// Those of a device, unless there is none of them.
    fn groups_to_offer(&self) -> Vec<u16> {
        let known = &self.findings.groups;
        if known.is_empty() || DEVICE_GROUPS.iter().any(|id| known.contains(id)) {
            DEVICE_GROUPS.to_vec()
        } else {
            registry::groups()
        }
    }

    fn fragments(&mut self, suites: &[u16]) -> Result<(), Failure> {
        let groups = self.groups_to_offer();
        for length in FragmentLength::ALL {
            let mut hello = self.hello(TLS12, suites, &groups);
            hello.fragment_length = Some(length.code());
            let answer = self.asker.ask("fragment lengths", &hello, Until::Done)?;
            let Some(chosen) = &answer.flight.hello else {
                continue;
            };
            let (bytes, flight) = (length.bytes(), &answer.flight);
            let acknowledged = chosen.fragment_length == Some(length.code());
            let would_be = self.findings.flight.largest_record;
            let is_put_to_the_test = acknowledged && would_be.max(flight.largest_record) > bytes;
            self.findings.fragments.push(Fragment {
                bytes,
                acknowledged,
                largest_record: flight.largest_record,
                kept: is_put_to_the_test.then_some(flight.largest_record <= bytes),
            });
        }
        Ok(())
    }

    fn protocols(&mut self, suites: &[u16]) -> Result<(), Failure> {
        let groups = self.groups_to_offer();
        for name in self.questions.protocols {
            let mut hello = self.hello(TLS12, suites, &groups);
            hello.alpn = std::slice::from_ref(name);
            let answer = self.asker.ask("ALPN", &hello, Until::ServerHello)?;
            let result = match answer.flight.hello.map(|hello| hello.alpn) {
                Some(Some(taken)) if taken == name.as_bytes() => Protocol::Accepted,
                Some(_) => Protocol::Ignored,
                None if answer.end == End::TimedOut => continue,
                None => Protocol::Refused,
            };
            self.findings.protocols.push((name.clone(), result));
        }
        Ok(())
    }
}

/// The group of the key in a certificate, if it is on a curve that has one.
pub fn group_of_certificate(der: &[u8]) -> Option<u16> {
    use x509_cert::der::{Decode, Encode};
    let certificate = x509_cert::Certificate::from_der(der).ok()?;
    let info = certificate.tbs_certificate().subject_public_key_info();
    match PublicKey::from_spki(&info.to_der().ok()?).ok()? {
        PublicKey::Ec { curve, .. } => Some(match curve {
            Curve::P256 => 23,
            Curve::P384 => 24,
            Curve::P521 => 25,
        }),
        PublicKey::Rsa { .. } => None,
    }
}
