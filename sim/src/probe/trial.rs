//! Handshakes of the library itself: whether a configuration works, and what it costs.

use std::time::{Duration, Instant};

use bearcub::Error;
use bearcub::error::{NetworkError, PeerError};
use bearcub::tls::meter::{self, Operation};

use crate::chain::Presented;
use crate::client::{Outcome, Run, Script, Stage};
use crate::failure::Failure;
use crate::flow::Flow;
use crate::lab::{self, Origin};
use crate::live::{Address, Live};
use crate::measure::Measured;
use crate::plan::{Plan, TrustPlan};
use crate::recording::Recording;
use crate::sizes;
use crate::tape::{Direction, Player, Recorder, Tape};

/// A connection as far as it went.
pub struct Trial {
    /// What it was to be.
    pub plan: Plan,
    /// Its bytes.
    pub tape: Tape,
    /// The stages of its handshake.
    pub stages: Vec<Stage>,
    /// What came of it.
    pub result: Result<Outcome, Failure>,
    /// What it took, from the first byte of TCP on.
    pub took: Duration,
    seed: [u8; 32],
}

/// Connects with that plan; something may be sent then, whose answer is awaited.
///
/// # Errors
/// If the plan cannot be, or the server cannot be reached. That the handshake fails is a result.
pub fn connect(
    address: &Address,
    timeout: Duration,
    plan: &Plan,
    send: Option<&[u8]>,
) -> Result<Trial, Failure> {
    let seed = lab::fresh_seed()?;
    let run = Run {
        plan,
        seed,
        script: send.map_or(Script::Silence, Script::Talk),
        measure_stack: false,
    };
    run.check()?;
    let start = Instant::now();
    let live = Live::connect(address, timeout)?;
    let mut link = Recorder::new(live, start);
    let mut stages = Vec::new();
    let result = run.connect(&mut link, &mut |stage| stages.push(*stage));
    Ok(Trial {
        plan: plan.clone(),
        tape: link.tape().clone(),
        stages,
        result,
        took: start.elapsed(),
        seed,
    })
}

impl Trial {
    /// The certificates that the server has sent.
    pub fn certificates(&self) -> Vec<Vec<u8>> {
        Flow::read(&self.tape.stream(Direction::ToClient)).certificates
    }

    /// Whether the server has sent a CertificateRequest.
    pub fn was_asked_for_a_certificate(&self) -> bool {
        let messages = Flow::read(&self.tape.stream(Direction::ToClient)).messages;
        messages
            .iter()
            .any(|seen| seen.name == "CertificateRequest")
    }

    /// The chain, for others to judge.
    ///
    /// # Errors
    /// Why there is none.
    pub fn presented(&self) -> Result<Presented, Failure> {
        Presented::of(
            &self.plan,
            self.seed,
            &self.tape,
            self.result.as_ref().map(|_| ()).map_err(Clone::clone),
        )
    }

    /// The same connection once more from memory, with another trust: what it costs then.
    ///
    /// # Errors
    /// Why that trust refuses the server, or why the connection had failed.
    pub fn under(&self, trust: TrustPlan) -> Result<(Recording, Measured), Failure> {
        let plan = self.plan_with(trust);
        let outcome = self.replayed(&plan)?;
        let measured = Measured::of(&plan, &outcome, &self.tape);
        let origin = Origin {
            scenario: "the probed server",
            server: "a live server",
            port: 8883,
        };
        let recording = origin.recording(&plan, self.seed, &outcome, self.tape.clone());
        Ok((recording, measured))
    }

    /// What it would cost with that trust and a device's identity, if the server left for lack of one: what was counted up to
    /// there, and the signature of an EC P-256 key. What would have followed is a few blocks of hashing and decrypting.
    ///
    /// # Errors
    /// Why that trust refuses the server, or why the connection had failed.
    pub fn with_identity(&self, trust: TrustPlan) -> Result<Measured, Failure> {
        let plan = self.plan_with(trust);
        match self.replayed(&plan) {
            Err(failure) if !is_end_by_server(&failure) => return Err(failure),
            _ => {}
        }
        let mut operations = Operation::ALL.map(meter::read);
        let all = Operation::ALL.into_iter().zip(&mut operations);
        for (_, count) in all.filter(|(operation, _)| *operation == Operation::P256MulGen) {
            *count += 1;
        }
        let streams = [Direction::ToServer, Direction::ToClient].map(|way| self.tape.stream(way));
        Ok(Measured {
            bytes: [streams[0].len(), streams[1].len()],
            messages: [0, 1].map(|side| Flow::read(&streams[side]).handshake_messages()),
            kept: sizes::kept(&plan),
            scratch: sizes::scratch(&plan),
            stack: None,
            operations,
        })
    }

    fn plan_with(&self, trust: TrustPlan) -> Plan {
        Plan {
            trust,
            ..self.plan.clone()
        }
    }

    fn replayed(&self, plan: &Plan) -> Result<Outcome, Failure> {
        let turns = match &self.result {
            Ok(outcome) => outcome.turns.clone(),
            Err(_) => Vec::new(),
        };
        let run = Run {
            plan,
            seed: self.seed,
            script: Script::Turns(&turns),
            measure_stack: false,
        };
        run.connect(&mut Player::new(&self.tape), &mut |_| {})
    }

    /// Whether the server ended the handshake after it had asked for a client certificate and got none.
    pub fn lacks_identity(&self) -> bool {
        self.result.as_ref().is_err_and(is_end_by_server)
            && self.plan.client.is_none()
            && self.was_asked_for_a_certificate()
    }

    /// Bytes of plaintext in the largest record from the server.
    pub fn largest_record(&self) -> usize {
        let suite = match &self.result {
            Ok(outcome) => outcome.negotiated.suite,
            Err(_) => 0,
        };
        largest_record(&self.tape.stream(Direction::ToClient), suite)
    }
}

fn is_end_by_server(failure: &Failure) -> bool {
    matches!(
        failure.tls(),
        Some(
            Error::Peer(PeerError::AlertReceived(_))
                | Error::Network(NetworkError::Truncated | NetworkError::Transport(_))
        )
    )
}

/// Bytes of plaintext in the largest record of a stream.
pub fn largest_record(stream: &[u8], suite: u16) -> usize {
    // Behind ChangeCipherSpec come nonce and tag of GCM, or the tag of Poly1305.
    let sealed = match super::registry::suite(suite) {
        name if name.contains("CHACHA20") => 16,
        _ => 24,
    };
    let (mut largest, mut overhead, mut rest) = (0, 0, stream);
    while let Some((&[kind, _, _, high, low], behind)) = rest.split_first_chunk::<5>() {
        let len = usize::from(u16::from_be_bytes([high, low]));
        largest = largest.max(len.saturating_sub(overhead));
        if kind == 20 {
            overhead = sealed;
        }
        rest = behind.get(len..).unwrap_or_default();
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::largest_record;

    #[test]
    fn what_encryption_adds_is_no_plaintext() {
        let record = |kind, len: u8| {
            let mut record = vec![kind, 3, 3, 0, len];
            record.resize(5 + usize::from(len), 0);
            record
        };
        let stream = [
            record(22, 90),
            record(20, 1),
            record(22, 40),
            record(23, 124),
        ]
        .concat();
        assert_eq!(largest_record(&stream, 0xc02b), 100);
        assert_eq!(largest_record(&stream, 0xcca8), 108);
        assert_eq!(largest_record(&stream[..100], 0xc02b), 90);
        assert_eq!(largest_record(b"HTTP", 0), 0);
    }
}
