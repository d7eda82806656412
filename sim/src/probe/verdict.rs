//! The configuration that works: chosen from what was found, tried with the library's own handshake, and counted.

use std::time::Instant;

use bearcub::identity::PrivateKey;
use bearcub::trust::{Pin, PublicKey};
use serde::Serialize;
use x509_cert::Certificate;
use x509_cert::der::{Decode, Encode};

use super::boards::Kind;
use super::certificates::Link;
use super::exchange::Asker;
use super::registry::{self, TLS12, TLS13};
use super::scan::{Findings, group_of_certificate};
use super::trial::{self, Trial};
use crate::anchors::{Candidate, smallest, sufficient};
use crate::failure::Failure;
use crate::hex::Hex;
use crate::measure::Measured;
use crate::model;
use crate::names;
use crate::plan::{Buffers, ClientPlan, FragmentPlan, Plan, TrustPlan};

/// How a server is trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum TrustBy {
    /// By the SHA-256 pin of its key.
    Pin,
    /// By an authority that its chain ends with.
    Anchors,
    /// By both.
    Both,
}

/// What the user wants of the configuration.
pub struct Wishes<'a> {
    /// The name that the server must have.
    pub server_name: &'a str,
    /// Seconds since 1970.
    pub now: i64,
    /// The trust, if one is wanted in particular.
    pub trust: Option<TrustBy>,
    /// The device's identity.
    pub client: Option<&'a ClientPlan>,
    /// Protocols to offer.
    pub alpn: &'a [String],
    /// Bytes of the input buffer, if they are to be a certain number.
    pub input: Option<usize>,
    /// Bytes of the output buffer.
    pub output: usize,
    /// What is sent behind the handshake.
    pub send: Option<&'a [u8]>,
    /// Authorities to choose from.
    pub candidates: &'a [Candidate],
}

/// What the authorities say to the chain.
#[derive(Clone, Debug, Default)]
pub struct Ending {
    /// Those whose name is that of an issuer in the chain, by their numbers.
    pub by_name: Vec<usize>,
    /// Those that suffice alone, by the library's own verdict with name and time.
    pub sufficient: Vec<usize>,
    /// Of these, the smallest root.
    pub chosen: Option<usize>,
    /// Why none does.
    pub refusal: Option<Failure>,
}

/// Whether sessions are resumed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resumption {
    /// One was.
    Resumed,
    /// The server gave an identifier, and had forgotten it.
    Forgotten,
    /// It gives no identifier.
    NotOffered,
    /// That was not tried: why.
    NotTried(String),
}

/// What a connection costs with one kind of trust.
pub struct Cost {
    /// Which.
    pub by: TrustBy,
    /// What was counted; none if that trust refuses the server, or the handshake failed. Where a client certificate is demanded
    /// and there is none, it is what was counted up to there, and a device's signature.
    pub result: Result<Measured, Failure>,
}

/// The configuration, tried.
pub struct Verdict {
    /// The suite.
    pub suite: u16,
    /// How the server is trusted.
    pub trust: TrustBy,
    /// The handshake with all of it.
    pub trial: Trial,
    /// The chain, as it was sent in it.
    pub chain: Vec<Link>,
    /// The first certificate.
    pub leaf: Vec<u8>,
    /// Which authority ends the chain.
    pub ending: Ending,
    /// What it costs, with each trust that could be.
    pub costs: Vec<Cost>,
    /// Whether sessions are resumed, and what a resumed connection costs.
    pub resumption: (Resumption, Option<Measured>),
    /// The server's other kind of key, if it has one.
    pub passed_over: Option<PassedOver>,
}

/// A configuration that was tried and not taken.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PassedOver {
    /// Its suite.
    pub suite: String,
    /// Why another was taken.
    pub why: String,
}

impl Verdict {
    /// Why the configuration does not work, if it does not.
    pub fn failure(&self) -> Option<&Failure> {
        self.trial.result.as_ref().err()
    }

    /// Whether the server ended the handshake after it had asked for a client certificate and got none.
    pub fn lacks_identity(&self) -> bool {
        self.trial.lacks_identity()
    }

    /// What a connection with that trust is, as far as its stack goes.
    pub fn kind(&self, by: TrustBy, is_resumed: bool) -> Kind {
        Kind {
            suite: self.suite,
            has_anchors: by != TrustBy::Pin,
            is_resumed,
        }
    }

    /// What was counted with the chosen trust.
    pub fn cost(&self) -> Option<&Measured> {
        let mut costs = self.costs.iter();
        costs
            .find(|cost| cost.by == self.trust)?
            .result
            .as_ref()
            .ok()
    }
}

/// Whether the server keeps to its fragment lengths in an answer too, if something is sent to it: a connection for each
/// length, and one without. What cannot be tried leaves what is known of the handshakes.
pub fn fragments_of_data(asker: &mut Asker<'_>, findings: &mut Findings, wishes: &Wishes<'_>) {
    let (Some(send), Some(suite)) = (wishes.send, findings.candidates().first().copied()) else {
        return;
    };
    let usual = plan(findings, wishes, suite);
    let mut largest = |length| {
        let plan = Plan {
            fragment_length: length,
            buffers: Buffers {
                input: LARGEST,
                ..usual.buffers
            },
            ..usual.clone()
        };
        let start = Instant::now();
        let trial = trial::connect(asker.address, asker.timeout, &plan, Some(send));
        asker.note("answers in fragments", start.elapsed());
        trial.map_or(0, |trial| trial.largest_record())
    };
    if findings.fragments.iter().all(|one| !one.acknowledged) {
        return;
    }
    let without = largest(FragmentPlan::NotOffered);
    for one in findings.fragments.iter_mut().filter(|one| one.acknowledged) {
        one.largest_record = one
            .largest_record
            .max(largest(FragmentPlan::Bytes(one.bytes)));
        if one.largest_record > one.bytes {
            one.kept = Some(false);
        } else if without > one.bytes {
            one.kept = Some(true);
        }
    }
}

/// Chooses and tries. Where the server has keys of two kinds, each is tried: the one that an authority vouches for is taken,
/// and of two the one with the shorter connect.
///
/// # Errors
/// If there is nothing to choose, or the server cannot be reached any more.
pub fn decide(
    asker: &mut Asker<'_>,
    findings: &Findings,
    wishes: &Wishes<'_>,
) -> Result<Verdict, Failure> {
    let (mut tried, mut failed) = (Vec::new(), Vec::new());
    for suite in findings.candidates() {
        match one(asker, findings, wishes, suite) {
            Ok(verdict) => tried.push(verdict),
            Err(failure) => failed.push((suite, failure)),
        }
    }
    tried.sort_by_key(|verdict| rank(verdict, wishes));
    let mut tried = tried.into_iter();
    let Some(mut best) = tried.next() else {
        let last = failed.pop().map(|(_, failure)| failure);
        return Err(last.unwrap_or_else(|| nothing(findings)));
    };
    best.passed_over = match (tried.next(), failed.pop()) {
        (Some(other), _) => Some((other.suite, why_not(&other, &best, wishes))),
        (None, Some((suite, failure))) => Some((suite, failure.to_string())),
        (None, None) => None,
    }
    .map(|(suite, why)| PassedOver {
        suite: names::of_suite(suite),
        why: why.lines().next().unwrap_or_default().to_owned(),
    });
    Ok(best)
}

/// The best is the least: one that works, then one that an authority vouches for where it may, then the faster one.
fn rank(verdict: &Verdict, wishes: &Wishes<'_>) -> (bool, bool, u32) {
    (
        verdict.failure().is_some() && !verdict.lacks_identity(),
        wishes.trust.is_none() && verdict.trust == TrustBy::Pin,
        time(verdict),
    )
}

/// Why one was not taken.
fn why_not(verdict: &Verdict, best: &Verdict, wishes: &Wishes<'_>) -> String {
    let (other, best_rank) = (rank(verdict, wishes), rank(best, wishes));
    match (verdict.failure(), &verdict.ending.refusal) {
        (Some(failure), _) if other.0 != best_rank.0 => failure.to_string(),
        (_, Some(refusal)) if other.1 != best_rank.1 => refusal.to_string(),
        _ => "the connect takes longer with it".to_owned(),
    }
}

/// Why there is no suite to try.
fn nothing(findings: &Findings) -> Failure {
    if let Some(stopped) = &findings.stopped {
        return stopped.clone();
    }
    let why = match (findings.speaks(TLS12), findings.speaks(TLS13)) {
        (true, _) => "the server has none of the library's suites",
        (false, true) => "the server speaks TLS 1.3 only, and the library TLS 1.2",
        (false, false) => "the server does not speak TLS 1.2",
    };
    Failure::Refuted(format!("no configuration works: {why}"))
}

/// Milliseconds of the connect, or more than any for one that fails.
fn time(verdict: &Verdict) -> u32 {
    let measured = verdict.cost();
    measured.map_or(u32::MAX, |measured| {
        model::milliseconds(&measured.operations, model::CLOCKS[0])
    })
}

fn one(
    asker: &mut Asker<'_>,
    findings: &Findings,
    wishes: &Wishes<'_>,
    suite: u16,
) -> Result<Verdict, Failure> {
    let mut plan = plan(findings, wishes, suite);
    let mut shown = attempt(asker, &plan, None)?;
    if shown.result.is_err() && shown.certificates().is_empty() {
        // What was found may not be all that the server wants.
        plan.groups = names::DEFAULT_GROUPS.to_owned();
        shown = attempt(asker, &plan, None)?;
        // With two kinds of keys, the other one's certificate may have been seen so far.
        if let Some(leaf) = shown.certificates().first() {
            plan.groups = groups(findings, wishes, suite, Some(leaf)).to_owned();
        }
    }
    if agreed_group(&shown) == Some(23) && plan.groups == "x25519-p256" {
        plan.groups = "p256".to_owned();
    }
    let presented = shown.presented()?;
    let leaf = presented.certificates[0].clone();
    let ending = ending(wishes, &presented);
    let pin = pin_of(&leaf)?;
    let trust = wishes.trust.unwrap_or(if ending.chosen.is_some() {
        TrustBy::Anchors
    } else {
        TrustBy::Pin
    });
    let plan_of = |by| trust_plan(by, wishes, &ending, &pin);
    plan.trust = plan_of(trust).ok_or_else(|| {
        let none = Failure::Other("there is none to choose from".to_owned());
        let why = ending.refusal.clone().unwrap_or(none);
        Failure::Refuted(format!("no authority suffices for --trust: {why}"))
    })?;
    let trial = attempt(asker, &plan, wishes.send)?;
    let costs = [TrustBy::Pin, TrustBy::Anchors, TrustBy::Both]
        .into_iter()
        .filter_map(|by| {
            let plan = plan_of(by)?;
            let result = match trial.lacks_identity() {
                true => trial.with_identity(plan),
                false => trial.under(plan).map(|(_, measured)| measured),
            };
            Some(Cost { by, result })
        })
        .collect();
    let resumption = resume(asker, &trial);
    let chain = presented.certificates.iter();
    Ok(Verdict {
        suite,
        trust,
        chain: chain.map(|der| Link::read(der, wishes.now)).collect(),
        trial,
        leaf,
        ending,
        costs,
        resumption,
        passed_over: None,
    })
}

fn attempt(asker: &mut Asker<'_>, plan: &Plan, send: Option<&[u8]>) -> Result<Trial, Failure> {
    let start = Instant::now();
    let trial = trial::connect(asker.address, asker.timeout, plan, send);
    asker.note("the library's handshakes", start.elapsed());
    trial
}

fn agreed_group(trial: &Trial) -> Option<u16> {
    trial.result.as_ref().ok()?.negotiated.group
}

/// The connection that is tried first: whoever answers is accepted, to be judged later.
fn plan(findings: &Findings, wishes: &Wishes<'_>, suite: u16) -> Plan {
    let input = wishes.input.unwrap_or_else(|| input(findings));
    let leaf = findings.flight.certificates.first();
    Plan {
        server_name: wishes.server_name.to_owned(),
        clock: Some(wishes.now),
        trust: TrustPlan::AnyoneAccepted,
        client: wishes.client.cloned(),
        suites: vec![names::of_suite(suite)],
        groups: groups(findings, wishes, suite, leaf).to_owned(),
        alpn: wishes.alpn.to_vec(),
        fragment_length: FragmentPlan::FromBuffer,
        buffers: Buffers {
            input,
            output: wishes.output,
            shared: false,
        },
        session: None,
        rsa_2048_only: false,
    }
}

/// The buffer of the scenarios, if the server agrees to records that fit; a smaller or larger one if it agrees to that
/// instead; else one for all records that TLS allows. A server that broke its word once is not taken by it again.
fn input(findings: &Findings) -> usize {
    let all = &findings.fragments;
    let agreed = |bytes: &usize| {
        let mut those = all.iter().filter(|one| one.acknowledged);
        those.any(|one| one.bytes == *bytes)
    };
    if all.iter().any(|one| one.kept == Some(false)) {
        return LARGEST;
    }
    let usual = Buffers::DEFAULT.input;
    let mut sizes = [usual, 512, 2048, 4096].into_iter();
    sizes.find(agreed).unwrap_or(LARGEST)
}

/// Bytes of plaintext in the largest record of TLS.
const LARGEST: usize = 16_384;

/// The fewest that the server, its key and the device's key need.
fn groups(
    findings: &Findings,
    wishes: &Wishes<'_>,
    suite: u16,
    leaf: Option<&Vec<u8>>,
) -> &'static str {
    if !registry::is_ecdhe(suite) {
        return "none";
    }
    let own = leaf
        .filter(|_| registry::is_ecdsa(suite))
        .and_then(|der| group_of_certificate(der));
    let needed = [own, client_group(findings, wishes)];
    let (x25519, p256) = (findings.groups.contains(&29), findings.groups.contains(&23));
    if needed.contains(&Some(24)) {
        names::DEFAULT_GROUPS
    } else if needed.contains(&Some(23)) {
        if x25519 { "x25519-p256" } else { "p256" }
    } else if x25519 {
        "x25519"
    } else if p256 {
        "p256"
    } else {
        names::DEFAULT_GROUPS
    }
}

/// The curve of the device's own key; where that is not known, the one that devices have.
fn client_group(findings: &Findings, wishes: &Wishes<'_>) -> Option<u16> {
    match wishes.client {
        Some(client) => match PrivateKey::from_der(&client.test_only_private_key.0) {
            Ok(PrivateKey::Rsa(_)) => None,
            _ => Some(23),
        },
        None => findings.flight.request.is_some().then_some(23),
    }
}

fn pin_of(leaf: &[u8]) -> Result<String, Failure> {
    let unreadable = |error: x509_cert::der::Error| {
        Failure::Other(format!("the server's certificate cannot be read: {error}"))
    };
    let certificate = Certificate::from_der(leaf).map_err(unreadable)?;
    let info = certificate.tbs_certificate().subject_public_key_info();
    let spki = info.to_der().map_err(unreadable)?;
    let key = PublicKey::from_spki(&spki).map_err(|error| {
        Failure::Refuted(format!(
            "no configuration works: the library has no such keys as the server's own: {error}"
        ))
    })?;
    Ok(Pin::sha256_of(&key).to_string())
}

fn ending(wishes: &Wishes<'_>, presented: &crate::chain::Presented) -> Ending {
    let mut ending = Ending::default();
    let links = presented.certificates.iter();
    let links: Vec<_> = links.map(|der| Link::read(der, wishes.now)).collect();
    for (number, candidate) in wishes.candidates.iter().enumerate() {
        let authority = Link::read(&candidate.der, wishes.now);
        if links.iter().any(|link| link.is_issued_by(&authority)) {
            ending.by_name.push(number);
        }
    }
    match sufficient(wishes.candidates, presented, wishes.now) {
        Ok(numbers) => {
            ending.chosen = smallest(wishes.candidates, std::slice::from_ref(&numbers))
                .first()
                .copied();
            ending.sufficient = numbers;
        }
        Err(failure) => ending.refusal = Some(failure),
    }
    ending
}

fn trust_plan(by: TrustBy, wishes: &Wishes<'_>, ending: &Ending, pin: &str) -> Option<TrustPlan> {
    let pins = vec![pin.to_owned()];
    let anchors = || {
        let chosen = wishes.candidates.get(ending.chosen?)?;
        Some(vec![Hex(chosen.der.clone())])
    };
    Some(match by {
        TrustBy::Pin => TrustPlan::Pins(pins),
        TrustBy::Anchors => TrustPlan::Anchors(anchors()?),
        TrustBy::Both => TrustPlan::AnchorsAndPins(anchors()?, pins),
    })
}

fn resume(asker: &mut Asker<'_>, trial: &Trial) -> (Resumption, Option<Measured>) {
    let not_tried = |why: &str| (Resumption::NotTried(why.to_owned()), None);
    let Ok(outcome) = &trial.result else {
        return not_tried("the handshake before it failed");
    };
    let Some(session) = &outcome.session else {
        return (Resumption::NotOffered, None);
    };
    let plan = Plan {
        session: Some(Hex(session.to_bytes().to_vec())),
        ..trial.plan.clone()
    };
    let again = attempt(asker, &plan, None);
    let result = again.as_ref().map_err(Clone::clone);
    let result = result.and_then(|trial| Ok((trial, trial.result.as_ref().map_err(Clone::clone)?)));
    match result {
        Ok((trial, outcome)) if outcome.negotiated.resumed => (
            Resumption::Resumed,
            Some(Measured::of(&plan, outcome, &trial.tape)),
        ),
        Ok(_) => (Resumption::Forgotten, None),
        Err(failure) => not_tried(&format!("the second connection failed: {failure}")),
    }
}

#[cfg(test)]
mod tests;
