//! Trust anchors for flash: which ones, what each costs, and whether they suffice.
//!
//! [`gather`] makes [`Candidate`]s of certificates, [`smallest`] finds the set that suffices for servers, [`source`] writes
//! Rust and reads it back, [`offline`] validates a chain from a file.

pub mod offline;
pub mod source;

use std::fmt;

use bearcub::trust::{Curve, PublicKey, TrustAnchor};
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

use crate::chain::Presented;
use crate::failure::Failure;
use crate::hex::Hex;
use crate::peer::Seen;
use crate::plan::TrustPlan;
use crate::sizes;

/// An authority that may become an anchor.
#[derive(Clone)]
pub struct Candidate {
    /// Its certificate in DER.
    pub der: Vec<u8>,
    /// The certificate, for people.
    pub seen: Seen,
    /// Seconds since 1970 at which its certificate ends.
    pub not_after: i64,
    /// The number of the file's certificate, and the file.
    pub place: String,
    /// Whether it signed itself.
    pub is_root: bool,
    /// Bytes that the anchor takes in flash: name, key, and its entry in the table.
    pub bytes: usize,
    subject: Vec<u8>,
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Candidate({})", self.seen.subject)
    }
}

impl Candidate {
    /// Reads an authority's certificate.
    ///
    /// # Errors
    /// If it is none, or its key is of a kind that the library does not verify with.
    pub fn read(der: &[u8], place: String) -> Result<Candidate, Failure> {
        let anchor =
            TrustAnchor::from_certificate(der).map_err(|error| Failure::from(error).at(&place))?;
        if let PublicKey::Ec {
            curve: Curve::P521, ..
        } = anchor.key
        {
            return Err(Failure::Usage(format!(
                "{place}: its key is on P-521, with which the library does not verify"
            )));
        }
        let wrong = |error: x509_cert::der::Error| {
            Failure::Usage(format!("{place}: the certificate is damaged: {error}"))
        };
        let certificate = Certificate::from_der(der).map_err(wrong)?;
        let tbs = certificate.tbs_certificate();
        let issuer = tbs.issuer().to_der().map_err(wrong)?;
        let not_after = tbs.validity().not_after.to_unix_duration().as_secs();
        Ok(Candidate {
            der: der.to_vec(),
            seen: Seen::read(der),
            not_after: i64::try_from(not_after).unwrap_or(i64::MAX),
            is_root: issuer == anchor.subject,
            bytes: cost(&anchor),
            subject: anchor.subject.to_vec(),
            place,
        })
    }

    fn anchor(&self) -> Option<TrustAnchor<'_>> {
        TrustAnchor::from_certificate(&self.der).ok()
    }

    /// Days from that time until its certificate ends.
    pub fn days_left(&self, now: i64) -> i64 {
        (self.not_after - now).div_euclid(86_400)
    }
}

/// Bytes of flash.
fn cost(anchor: &TrustAnchor<'_>) -> usize {
    let key = match anchor.key {
        PublicKey::Rsa { n, e } => n.len() + e.len(),
        PublicKey::Ec { q, .. } => q.len(),
    };
    sizes::TRUST_ANCHOR + anchor.subject.len() + key
}

/// Candidates without doubles: the same name and key in several certificates (cross-signed ones) are one anchor, and of
/// those the root is kept.
pub fn gather(found: Vec<Candidate>) -> Vec<Candidate> {
    let mut kept: Vec<Candidate> = Vec::new();
    for candidate in found {
        match kept
            .iter_mut()
            .find(|other| other.anchor() == candidate.anchor())
        {
            Some(other) if candidate.is_root && !other.is_root => *other = candidate,
            Some(_) => {}
            None => kept.push(candidate),
        }
    }
    kept
}

/// Which candidates suffice for a server, each alone, as the library says; the numbers of those.
///
/// # Errors
/// If none does, with what the chain would need.
pub fn sufficient(
    candidates: &[Candidate],
    shown: &Presented,
    now: i64,
) -> Result<Vec<usize>, Failure> {
    let mut issuers = Vec::new();
    let mut last = String::new();
    for der in &shown.certificates {
        if let Ok(certificate) = Certificate::from_der(der) {
            let tbs = certificate.tbs_certificate();
            issuers.extend(tbs.issuer().to_der());
            last = crate::peer::printable(&tbs.issuer().to_string());
        }
    }
    let mut refusal = None;
    let mut good = Vec::new();
    for (number, candidate) in candidates.iter().enumerate() {
        if !issuers.contains(&candidate.subject) {
            continue;
        }
        let trust = TrustPlan::Anchors(vec![Hex(candidate.der.clone())]);
        match shown.judge(trust, now) {
            Ok(()) => good.push(number),
            Err(failure) => refusal = Some(failure.at(&candidate.seen.subject)),
        }
    }
    match (good.is_empty(), refusal) {
        (false, _) => Ok(good),
        (true, Some(failure)) => Err(Failure::Refuted(format!(
            "the chain is refused though an anchor fits its name: {failure}"
        ))),
        (true, None) => Err(Failure::Refuted(format!(
            "none of the authorities looked at ({}) issued the chain, which ends with the issuer {last}; give that authority's \
             certificate as FILE (for a private authority: its ca.pem)",
            candidates.len()
        ))),
    }
}

/// The smallest set that has one of every list: the fewest anchors, and of those the fewest bytes; roots before others.
pub fn smallest(candidates: &[Candidate], lists: &[Vec<usize>]) -> Vec<usize> {
    let mut best: Option<Vec<usize>> = None;
    let mut chosen = Vec::new();
    choose(candidates, lists, &mut chosen, &mut best);
    let mut best = best.unwrap_or_default();
    best.sort_unstable();
    best
}

fn choose(
    candidates: &[Candidate],
    lists: &[Vec<usize>],
    chosen: &mut Vec<usize>,
    best: &mut Option<Vec<usize>>,
) {
    let weight = |set: &[usize]| {
        let intermediates = set.iter().filter(|n| !candidates[**n].is_root).count();
        let bytes: usize = set.iter().map(|n| candidates[*n].bytes).sum();
        (set.len(), intermediates, bytes)
    };
    if best
        .as_ref()
        .is_some_and(|best| weight(chosen) >= weight(best))
    {
        return;
    }
    let Some((first, rest)) = lists.split_first() else {
        *best = Some(chosen.clone());
        return;
    };
    if first.iter().any(|number| chosen.contains(number)) {
        return choose(candidates, rest, chosen, best);
    }
    for number in first {
        chosen.push(*number);
        choose(candidates, rest, chosen, best);
        chosen.pop();
    }
}
