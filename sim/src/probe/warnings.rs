//! What a firmware engineer is to know about a server, in plain words.

use serde::Serialize;

use super::certificates::{Link, is_for, is_for_by_common_name};
use super::registry::{self, TLS10, TLS11, TLS12, TLS13};
use super::scan::Findings;
use super::verdict::{Resumption, Verdict};
use crate::anchors::Candidate;
use crate::report::grouped;

/// More bytes of certificates than the longest chain of the scenarios has, are many.
const MANY_BYTES: usize = 5000;

/// One of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Warning {
    /// Its stable name.
    pub id: &'static str,
    /// The words.
    pub text: String,
}

/// What the warnings are about.
pub struct Subject<'a> {
    /// What was found.
    pub findings: &'a Findings,
    /// The chain, as it was sent.
    pub chain: &'a [Link],
    /// The server's own certificate.
    pub leaf: Option<&'a [u8]>,
    /// What was decided, if anything could be.
    pub verdict: Option<&'a Verdict>,
    /// Authorities that were looked at.
    pub candidates: &'a [Candidate],
    /// The name that the server must have.
    pub server_name: &'a str,
    /// Whether the device's identity was given.
    pub has_identity: bool,
    /// Certificates that end within so many days are told.
    pub warn_days: u32,
    /// Seconds since 1970.
    pub now: i64,
}

/// All that there is to say.
pub fn all(subject: &Subject<'_>) -> Vec<Warning> {
    let mut list = List(Vec::new());
    protocol(subject, &mut list);
    fragments(subject, &mut list);
    for (number, link) in subject.chain.iter().enumerate() {
        dates(subject, number, link, &mut list);
        algorithms(number, link, &mut list);
    }
    names(subject, &mut list);
    order(subject, &mut list);
    size(subject, &mut list);
    identity(subject, &mut list);
    resumption(subject, &mut list);
    if subject
        .verdict
        .is_some_and(|verdict| verdict.ending.chosen.is_none())
    {
        list.add(
            "unverified",
            "no authority vouches for this server: the pin is that of whoever answered. Compare it with one that comes to you another way",
        );
    }
    list.0
}

struct List(Vec<Warning>);

impl List {
    fn add(&mut self, id: &'static str, text: impl Into<String>) {
        self.0.push(Warning {
            id,
            text: text.into(),
        });
    }
}

fn protocol(subject: &Subject<'_>, list: &mut List) {
    let findings = subject.findings;
    if !findings.speaks(TLS12) {
        if findings.speaks(TLS13) {
            list.add(
                "tls13-only",
                "TLS 1.3 only: the library speaks TLS 1.2. The server must be told to allow TLS 1.2 too",
            );
        } else {
            list.add(
                "no-tls12",
                "no TLS 1.2, which the library speaks: the server's software or its configuration is too old",
            );
        }
    } else if findings.ours().is_empty() {
        list.add(
            "no-common-suite",
            format!(
                "none of the server's suites is one of the library's; it needs one of these: {}",
                crate::names::SUITES
                    .map(|suite| registry::suite(suite.id()))
                    .join(", ")
            ),
        );
    }
    let old: Vec<_> = [TLS10, TLS11]
        .into_iter()
        .filter(|version| findings.speaks(*version))
        .map(registry::version)
        .collect();
    if !old.is_empty() {
        list.add(
            "old-versions",
            format!(
                "{} too, which RFC 8996 forbids; the library never speaks it",
                old.join(" and ")
            ),
        );
    }
    let any_secret = findings
        .suites
        .iter()
        .any(|id| registry::has_forward_secrecy(*id));
    if !findings.suites.is_empty() && !any_secret {
        list.add(
            "static-rsa-only",
            "RSA key exchange only: whoever records the traffic and gets the server's key later reads everything",
        );
    } else if let Some(verdict) = subject.verdict
        && !registry::has_forward_secrecy(verdict.suite)
    {
        list.add(
            "no-forward-secrecy",
            "no forward secrecy with the suites that the library has: whoever records the traffic and gets the server's key later reads everything",
        );
    }
    let broken = findings.suites.iter().copied();
    let broken = broken.filter(|id| registry::is_broken(*id));
    let broken: Vec<_> = broken.map(registry::suite).collect();
    if !broken.is_empty() {
        list.add(
            "broken-suites",
            format!(
                "the server accepts what nobody should any more (the library never offers it): {}",
                broken.join(", ")
            ),
        );
    }
}

fn fragments(subject: &Subject<'_>, list: &mut List) {
    let all = &subject.findings.fragments;
    if all.is_empty() {
        return;
    }
    let broken: Vec<_> = all.iter().filter(|one| one.kept == Some(false)).collect();
    for one in &broken {
        list.add(
            "fragment-length-broken",
            format!(
                "the server agrees to records of {} bytes and then sends {}: do not rely on its word",
                one.bytes, one.largest_record
            ),
        );
    }
    if all.iter().all(|one| !one.acknowledged) {
        list.add(
            "fragment-length-ignored",
            "fragment length ignored: the server may send records of 16,384 bytes, for which the input buffer must have room. A \
             smaller buffer (--input-buffer) serves as long as no message to the device is larger than it; the handshake passes \
             through it in any case",
        );
    } else if all.iter().any(|one| !one.acknowledged) {
        let sizes = |acknowledged| {
            let those = all.iter().filter(|one| one.acknowledged == acknowledged);
            let those: Vec<_> = those.map(|one| one.bytes.to_string()).collect();
            those.join(", ")
        };
        list.add(
            "fragment-length-partly",
            format!(
                "fragment lengths {} are agreed to, {} are not",
                sizes(true),
                sizes(false)
            ),
        );
    }
}

fn whose(number: usize) -> String {
    if number == 0 {
        "the server's certificate".to_owned()
    } else {
        format!("certificate {number} of the chain")
    }
}

fn dates(subject: &Subject<'_>, number: usize, link: &Link, list: &mut List) {
    let Some((start, end)) = link.valid else {
        list.add(
            "certificate-unreadable",
            format!("{} cannot be read: {}", whose(number), link.seen.subject),
        );
        return;
    };
    let days = |seconds: i64| seconds.div_euclid(86_400);
    let plural = |days: i64| {
        if days == 1 {
            "1 day".to_owned()
        } else {
            format!("{days} days")
        }
    };
    if subject.now < start {
        list.add(
            "not-yet-valid",
            format!(
                "{} is not yet valid: it begins on {}. Is the time right?",
                whose(number),
                link.seen.not_before
            ),
        );
    } else if subject.now > end {
        list.add(
            "expired",
            format!(
                "{} has expired {} ago, on {}",
                whose(number),
                plural(days(subject.now - end)),
                link.seen.not_after
            ),
        );
    } else if days(end - subject.now) < i64::from(subject.warn_days) {
        list.add(
            "expires-soon",
            format!(
                "{} expires in {}, on {}",
                whose(number),
                plural(days(end - subject.now)),
                link.seen.not_after
            ),
        );
    }
}

fn algorithms(number: usize, link: &Link, list: &mut List) {
    let whose = whose(number);
    let key = link.seen.key.as_str();
    match link.rsa_bits() {
        Some(bits) if bits > 4096 => list.add(
            "rsa-too-large",
            format!("{whose} has an RSA key of {bits} bits; the library has room for 4096"),
        ),
        Some(bits) if bits > 2048 => list.add(
            "rsa-4096",
            format!(
                "{whose} has a key of RSA-{bits}: the library's feature `rsa-4096` is needed (it is on unless switched off), and \
                 each signature of RSA-4096 takes five times as long as one of RSA-2048"
            ),
        ),
        Some(bits) if bits < 2048 => list.add(
            "rsa-weak",
            format!("{whose} has a key of RSA-{bits}, which is too short to be safe"),
        ),
        None if key == "EC P-384" => list.add(
            "p384",
            format!(
                "{whose} has a key on P-384: verifying one signature of it takes 0.15 billion instructions on an ESP8266, about \
                 four seconds at 80 MHz. A pin, or an anchor below it, avoids that"
            ),
        ),
        None if key != "EC P-256" && !key.is_empty() => list.add(
            "key-unsupported",
            format!("{whose} has a key of the kind {key}, with which the library does not verify"),
        ),
        _ => {}
    }
    if link.is_self_signed {
        return;
    }
    if link.signature.contains("SHA-1") || link.signature.contains("MD5") {
        list.add(
            "sha1",
            format!(
                "{whose} is signed by {}, which can be forged",
                link.signature
            ),
        );
    } else if ["SHA-512", "PSS", "Ed25519", "algorithm"]
        .iter()
        .any(|part| link.signature.contains(part))
    {
        list.add(
            "signature-unsupported",
            format!(
                "{whose} is signed by {}, which the library does not verify; pin the server's key instead",
                link.signature
            ),
        );
    }
}

fn names(subject: &Subject<'_>, list: &mut List) {
    let Some(leaf) = subject.leaf else {
        return;
    };
    if is_for(leaf, subject.server_name) == Some(false)
        && is_for_by_common_name(leaf, subject.server_name)
    {
        list.add(
            "name-in-common-name",
            "the server's certificate has its name in the common name alone: the library accepts that, others do not; issue it with \
             a subjectAltName"
                .to_owned(),
        );
    } else if is_for(leaf, subject.server_name) == Some(false) {
        let names = subject
            .chain
            .first()
            .map_or_else(String::new, |link| link.names.join(", "));
        let names = if names.is_empty() {
            "it has no name in subjectAltName".to_owned()
        } else {
            format!("it is for {names}")
        };
        list.add(
            "name-mismatch",
            format!(
                "the server's certificate is not for {}: {names}",
                subject.server_name
            ),
        );
    }
}

/// Whether the chain goes from one to the next, and where it ends.
fn order(subject: &Subject<'_>, list: &mut List) {
    let chain = subject.chain;
    for (number, pair) in chain.windows(2).enumerate() {
        if !pair[0].is_issued_by(&pair[1]) && pair[0].parties.is_some() {
            list.add(
                "chain-out-of-order",
                format!(
                    "certificate {} of the chain did not issue {}, as it must (RFC 5246 section 7.4.2): put the server's chain in order",
                    number + 1,
                    whose(number)
                ),
            );
        }
    }
    let Some(last) = chain.last() else {
        return;
    };
    if last.is_self_signed {
        if chain.len() > 1 {
            list.add(
                "root-sent",
                format!(
                    "the root is sent needlessly ({}): {} bytes in every handshake; whoever trusts it has it already. \
                     OpenSSL and Mosquitto add it from their `cafile` where the chain in `certfile` is not whole",
                    last.seen.subject,
                    grouped(last.seen.length)
                ),
            );
        }
        return;
    }
    let ends = subject
        .verdict
        .is_some_and(|verdict| !verdict.ending.by_name.is_empty());
    if ends || subject.verdict.is_none() {
        return;
    }
    let issuer = &last.seen.issuer;
    let looked_at = subject.candidates.len();
    if last.names_issuer_address {
        list.add(
            "chain-incomplete",
            format!(
                "the chain ends with the issuer {issuer}, which is none of the {looked_at} authorities looked at and says where its own \
                 certificate is to be had: the server leaves out an intermediate certificate (let it send the full chain)"
            ),
        );
    } else {
        list.add(
            "unknown-authority",
            format!(
                "the chain ends with the issuer {issuer}, which is none of the {looked_at} authorities looked at: a private authority, whose \
                 certificate --ca takes, or an intermediate that the server leaves out"
            ),
        );
    }
}

fn size(subject: &Subject<'_>, list: &mut List) {
    let bytes: usize = subject.chain.iter().map(|link| link.seen.length).sum();
    if bytes > MANY_BYTES {
        list.add(
            "many-bytes",
            format!(
                "{} certificates with {} bytes: they pass through the handshake's memory piece by piece, but take their time on a slow link",
                subject.chain.len(),
                grouped(bytes)
            ),
        );
    }
}

fn identity(subject: &Subject<'_>, list: &mut List) {
    let asks = subject.findings.flight.request.is_some();
    if subject.verdict.is_some_and(Verdict::lacks_identity) {
        list.add(
            "client-certificate-demanded",
            "the server demands a client certificate: give the device's with --cert and --key to have everything tried and counted",
        );
    } else if asks
        && !subject.has_identity
        && subject
            .verdict
            .is_some_and(|verdict| verdict.failure().is_none())
    {
        list.add(
            "client-certificate-optional",
            "the server asks for a client certificate, and lets the device connect without one; its broker may still refuse it later",
        );
    } else if !asks && subject.has_identity {
        list.add(
            "client-certificate-unused",
            "the server does not ask for a client certificate: the one that was given is not used, and proves nothing",
        );
    }
}

fn resumption(subject: &Subject<'_>, list: &mut List) {
    let Some(verdict) = subject.verdict else {
        return;
    };
    match verdict.resumption.0 {
        Resumption::NotOffered | Resumption::Forgotten => list.add(
            "no-resumption",
            "sessions are not resumed by identifier: every connect of the device is a full handshake",
        ),
        Resumption::Resumed | Resumption::NotTried(_) => {}
    }
}
