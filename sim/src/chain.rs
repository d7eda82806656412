//! The certificates that a live server shows, and what a trust would say to them.
//!
//! [`fetch`] connects once, trusting nobody in particular, and keeps the bytes. [`Presented::judge`] plays them to a client
//! with another trust: the library's own verdict on this chain, without bothering the server again.

use std::time::{Duration, Instant};

use bearcub::Error;
use bearcub::error::PeerError;

use crate::client::{Run, Script};
use crate::failure::Failure;
use crate::flow::Flow;
use crate::lab;
use crate::live::{Address, Live};
use crate::plan::{Plan, TrustPlan};
use crate::stranger;
use crate::tape::{Direction, Player, Recorder, Tape};

/// What a server showed.
pub struct Presented {
    /// Certificates in DER, in the order in which they were sent; at least one.
    pub certificates: Vec<Vec<u8>>,
    plan: Plan,
    seed: [u8; 32],
    tape: Tape,
    /// Why the handshake did not end well, if it did not: a client certificate is wanted, for example.
    pub failure: Option<Failure>,
}

/// Connects, accepts whoever answers, and takes down the chain.
///
/// # Errors
/// If the server cannot be reached, does not speak TLS 1.2, or shows no certificate.
pub fn fetch(
    address: &Address,
    server_name: Option<&str>,
    timeout: Duration,
) -> Result<Presented, Failure> {
    let server_name = server_name.unwrap_or(&address.host);
    let plan = Plan::unlimited(server_name, TrustPlan::AnyoneAccepted);
    let seed = lab::fresh_seed()?;
    run(&plan, seed)
        .check()
        .map_err(|failure| failure.at(address))?;
    let live = Live::connect(address, timeout).map_err(|failure| failure.at(address))?;
    let first = live.first();
    let mut link = Recorder::new(live, Instant::now());
    let result = run(&plan, seed).connect(&mut link, &mut |_| {});
    let result = stranger::named(result, &first.bytes());
    Presented::of(&plan, seed, link.tape(), result.map(|_| ()))
        .map_err(|failure| failure.at(address))
}

fn run(plan: &Plan, seed: [u8; 32]) -> Run<'_> {
    Run {
        plan,
        seed,
        script: Script::Silence,
        measure_stack: false,
    }
}

impl Presented {
    /// What was shown in a connection of that plan, whose randomness came from that seed.
    ///
    /// # Errors
    /// Why the connection failed, if no certificate came.
    pub fn of(
        plan: &Plan,
        seed: [u8; 32],
        tape: &Tape,
        result: Result<(), Failure>,
    ) -> Result<Presented, Failure> {
        let certificates = Flow::read(&tape.stream(Direction::ToClient)).certificates;
        match (certificates.is_empty(), result) {
            (true, Err(failure)) => Err(failure),
            (true, Ok(())) => Err(Failure::Other("the server shows no certificate".to_owned())),
            (false, result) => Ok(Presented {
                certificates,
                plan: plan.clone(),
                seed,
                tape: tape.clone(),
                failure: result.err(),
            }),
        }
    }

    /// What the library says to this chain at that time (seconds since 1970), with that trust.
    ///
    /// # Errors
    /// Why the chain is refused. What failed in the connection itself is no verdict on the chain.
    pub fn judge(&self, trust: TrustPlan, now: i64) -> Result<(), Failure> {
        let plan = Plan {
            trust,
            clock: Some(now),
            ..self.plan.clone()
        };
        match run(&plan, self.seed).connect(&mut Player::new(&self.tape), &mut |_| {}) {
            Ok(_) => Ok(()),
            // The same failure as without validation: the chain was accepted before it.
            Err(failure) if is_about_trust(&failure) => Err(failure),
            Err(_) if self.failure.is_some() => Ok(()),
            Err(failure) => Err(failure),
        }
    }
}

fn is_about_trust(failure: &Failure) -> bool {
    matches!(
        failure.tls(),
        Some(
            Error::Peer(PeerError::Certificate(_) | PeerError::FingerprintMismatch)
                | Error::Config(_)
        )
    )
}
