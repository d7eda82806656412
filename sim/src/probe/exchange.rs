//! One ClientHello, and what the server says to it; many of them within bounds.

use std::time::{Duration, Instant};

use bearcub::Error;
use bearcub::error::NetworkError;
use serde::Serialize;

use super::hello::Hello;
use super::reader::{Flight, Oddity, Reader};
use crate::client::Link;
use crate::failure::Failure;
use crate::lab::fresh_seed;
use crate::live::{Address, Live};
use crate::steps::milliseconds;

/// So many questions without an answer in time, and no more are asked.
const SILENCES: u32 = 5;
/// All questions together may take this many times as long as one.
const QUESTIONS: u32 = 12;
/// To be said before one leaves: user_canceled and close_notify (RFC 5246 section 7.2).
const GOODBYE: [u8; 14] = [21, 3, 3, 0, 2, 1, 90, 21, 3, 3, 0, 2, 1, 0];

/// How far a server is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// To its choice.
    ServerHello,
    /// To the moment at which it awaits an answer.
    Done,
}

/// How it ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// As much as was wanted has come.
    Enough,
    /// It refused, with this alert.
    Refused(u8),
    /// It closed the connection.
    Closed,
    /// It said nothing more in time.
    TimedOut,
    /// What it said is wrong.
    Odd(Oddity),
}

/// What came of a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// What the server said.
    pub flight: Flight,
    /// How it ended.
    pub end: End,
}

/// What a kind of question took.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Taken {
    /// What was asked.
    pub step: &'static str,
    /// Connections that were made for it.
    pub connections: u32,
    /// Milliseconds for all of them.
    pub milliseconds: f64,
}

/// Asks a server one question after the other, each over a connection of its own.
pub struct Asker<'a> {
    /// The server.
    pub address: &'a Address,
    /// How long each question may take.
    pub timeout: Duration,
    /// What everything took so far.
    pub taken: Vec<Taken>,
    /// Milliseconds until the first connection stood.
    pub connected: Option<f64>,
    deadline: Instant,
    silences: u32,
}

impl<'a> Asker<'a> {
    /// Its time begins.
    pub fn new(address: &'a Address, timeout: Duration) -> Self {
        Asker {
            address,
            timeout,
            taken: Vec::new(),
            connected: None,
            deadline: Instant::now() + timeout.saturating_mul(QUESTIONS),
            silences: 0,
        }
    }

    /// Asks.
    ///
    /// # Errors
    /// If the server cannot be reached, or if enough has been asked in vain.
    pub fn ask(
        &mut self,
        step: &'static str,
        hello: &Hello<'_>,
        until: Until,
    ) -> Result<Answer, Failure> {
        if self.silences >= SILENCES {
            return Err(Failure::Other(format!(
                "the server has left {SILENCES} questions without an answer; no more were asked"
            )));
        }
        let left = self.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(Failure::Other(format!(
                "the questions took over {} s, {QUESTIONS} times as long as --timeout; no more were asked",
                self.timeout.saturating_mul(QUESTIONS).as_secs_f64()
            )));
        }
        let start = Instant::now();
        let answer = self.once(hello, until, self.timeout.min(left));
        self.note(step, start.elapsed());
        let answer = answer?;
        if answer.end == End::TimedOut {
            self.silences += 1;
        }
        Ok(answer)
    }

    /// Adds to what a step took.
    pub fn note(&mut self, step: &'static str, took: Duration) {
        let took = milliseconds(took);
        match self.taken.iter_mut().find(|taken| taken.step == step) {
            Some(taken) => {
                taken.connections += 1;
                taken.milliseconds += took;
            }
            None => self.taken.push(Taken {
                step,
                connections: 1,
                milliseconds: took,
            }),
        }
    }

    fn once(
        &mut self,
        hello: &Hello<'_>,
        until: Until,
        limit: Duration,
    ) -> Result<Answer, Failure> {
        let start = Instant::now();
        let mut live = Live::connect(self.address, limit)?;
        self.connected.get_or_insert(milliseconds(start.elapsed()));
        let mut reader = Reader::default();
        let end = hear(&mut live, hello, until, &mut reader)?;
        if end == End::Enough {
            // That it may not arrive changes nothing.
            let _ = live.send(&GOODBYE);
        }
        Ok(Answer {
            flight: reader.flight,
            end,
        })
    }
}

fn hear(
    live: &mut Live,
    hello: &Hello<'_>,
    until: Until,
    reader: &mut Reader,
) -> Result<End, Failure> {
    let bytes = hello.to_bytes(fresh_seed()?);
    let mut rest = &bytes[..];
    while !rest.is_empty() {
        match live.send(rest) {
            Ok(len) => rest = &rest[len..],
            Err(failure) => return end_of(failure),
        }
    }
    let mut buffer = [0; 4096];
    loop {
        let len = match live.receive(&mut buffer) {
            Ok(0) => return Ok(End::Closed),
            Ok(len) => len,
            Err(failure) => return end_of(failure),
        };
        if let Err(oddity) = reader.push(&buffer[..len]) {
            return Ok(End::Odd(oddity));
        }
        let flight = &reader.flight;
        if let Some(alert) = flight.alert {
            return Ok(if alert == 0 {
                End::Closed
            } else {
                End::Refused(alert)
            });
        }
        if reader.is_over() || (until == Until::ServerHello && flight.hello.is_some()) {
            return Ok(End::Enough);
        }
    }
}

/// A network's failure is an end like others.
fn end_of(failure: Failure) -> Result<End, Failure> {
    match failure.tls() {
        Some(Error::Network(NetworkError::Timeout)) => Ok(End::TimedOut),
        Some(Error::Network(_)) => Ok(End::Closed),
        _ => Err(failure),
    }
}
