//! Drives the library's client over any link: a socket, or a recording.

use std::time::{Duration, Instant};

use bearcub::Error;
use bearcub::error::{ConfigError, NetworkError};
use bearcub::tls::meter::{self, Operation};
use bearcub::tls::{
    Config, Connection, Context, Handshake, Message, Negotiated, Parts, RECORD_OVERHEAD, Session,
    Wire,
};
use bearcub::trust::Pin;
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng;
use serde::{Deserialize, Serialize};

use crate::failure::Failure;
use crate::hex::Hex;
use crate::plan::Plan;
use crate::stack;

/// What is below TLS.
pub trait Link {
    /// Takes some bytes for the server, at least one.
    ///
    /// # Errors
    /// Why it cannot.
    fn send(&mut self, bytes: &[u8]) -> Result<usize, Failure>;

    /// Puts bytes from the server into `into`; 0 at the end of the connection.
    ///
    /// # Errors
    /// Why it cannot.
    fn receive(&mut self, into: &mut [u8]) -> Result<usize, Failure>;

    /// Something new begins; a deadline counts from here.
    fn begin_turn(&mut self) {}
}

/// One exchange of application data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Turn {
    /// What the client sends.
    pub send: Hex,
    /// What it then receives.
    pub receive: Hex,
}

/// What happens once the handshake is over.
#[derive(Clone, Debug)]
pub enum Script<'a> {
    /// This is sent, and nothing else than this may be answered.
    Turns(&'a [Turn]),
    /// This is sent, and whatever comes next is the answer; the answer may be nothing within that time.
    Talk(&'a [u8]),
    /// Nothing.
    Silence,
}

/// A stage of the handshake and the time it took.
#[derive(Clone, Copy, Debug)]
pub struct Stage {
    /// The message that was awaited, or that we sent.
    pub message: Message,
    /// When it was done, from the start of the handshake.
    pub at: Duration,
    /// Time spent computing in this stage.
    pub computing: Duration,
}

/// Why there was no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Silence {
    /// None came in time.
    TimedOut,
    /// The server sends no more.
    Closed,
}

/// What came of a connection.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was agreed on.
    pub negotiated: Negotiated,
    /// The client's random and the master secret, for the key log.
    pub secrets: ([u8; 32], [u8; 48]),
    /// The pin that was learned, if that was the trust.
    pub learned: Option<Pin>,
    /// Application data, as it went.
    pub turns: Vec<Turn>,
    /// Why there was no answer, where none came.
    pub silence: Option<Silence>,
    /// What it takes to resume the connection, if the server offers that.
    pub session: Option<Session>,
    /// Whether the server has said goodbye too.
    pub closed_by_both: bool,
    /// Operations of the handshake, in the order of [`Operation::ALL`].
    pub operations: [u32; Operation::ALL.len()],
    /// Stages of the handshake.
    pub stages: Vec<Stage>,
    /// The handshake's stack on this machine, if it was asked for.
    pub stack: Option<usize>,
}

/// How to run a connection.
#[derive(Clone, Debug)]
pub struct Run<'a> {
    /// What it is to be.
    pub plan: &'a Plan,
    /// What all its randomness comes from.
    pub seed: [u8; 32],
    /// What follows the handshake.
    pub script: Script<'a>,
    /// Whether to run the handshake on a painted stack.
    pub measure_stack: bool,
}

impl Run<'_> {
    /// Runs the connection from the ClientHello to the closing. `watch` is told of every stage as it ends.
    ///
    /// The library counts operations globally: one connection at a time.
    ///
    /// # Errors
    /// Why it failed; the server has been told, where there is an alert for it.
    pub fn connect(
        &self,
        link: &mut dyn Link,
        watch: &mut dyn FnMut(&Stage),
    ) -> Result<Outcome, Failure> {
        self.with_memory(|parts, scratch, config| {
            let mut stages = Vec::with_capacity(16);
            let mut note = |stage: Stage| {
                watch(&stage);
                stages.push(stage);
            };
            meter::reset();
            let shake = || handshake(parts, scratch, config, self.seed, link, &mut note);
            let (connection, stack) = if self.measure_stack {
                let (connection, bytes) = stack::measure(shake);
                (connection?, bytes)
            } else {
                (shake()?, None)
            };
            let operations = Operation::ALL.map(meter::read);
            self.converse(connection, link, |outcome| Outcome {
                operations,
                stages,
                stack,
                ..outcome
            })
        })
    }

    /// Finds what is wrong with the plan before there is a server to connect to.
    ///
    /// # Errors
    /// What [`connect`](Self::connect) would report before its first byte.
    pub fn check(&self) -> Result<(), Failure> {
        self.with_memory(|parts, scratch, config| {
            let mut rng = ChaCha20Rng::from_seed(self.seed);
            Handshake::begin(parts, scratch, config, &mut rng)?;
            Ok(())
        })
    }

    /// Lends `work` the memory that the plan asks for, and its configuration.
    ///
    /// # Errors
    /// If the plan cannot be, or what `work` reports.
    pub fn with_memory<T>(
        &self,
        work: impl FnOnce(Parts<'_>, &mut [u8], &Config<'_>) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let buffers = self.plan.buffers;
        let mut context = Box::new(Context::new());
        let larger = buffers
            .input
            .max(if buffers.shared { buffers.output } else { 0 });
        let mut input = vec![0; larger.min(16_384) + RECORD_OVERHEAD];
        let mut output = vec![0; buffers.output.min(16_384) + RECORD_OVERHEAD];
        let mut scratch = vec![0; self.plan.scratch()];
        let (mut input, mut output) = (&mut input[..], &mut output[..]);
        self.plan.with_config(|config| {
            let parts = if buffers.shared {
                Parts::shared(&mut context, &mut input)
            } else {
                Parts::new(&mut context, &mut input, &mut output)
            };
            work(parts, &mut scratch, config)
        })
    }

    /// Everything after the handshake.
    fn converse(
        &self,
        mut connection: Connection<'_>,
        link: &mut dyn Link,
        complete: impl FnOnce(Outcome) -> Outcome,
    ) -> Result<Outcome, Failure> {
        drain(&mut connection.wire(), link)?;
        let (random, master) = connection.secrets();
        let secrets = (*random, *master);
        let (mut turns, mut silence) = (Vec::new(), None);
        match &self.script {
            Script::Turns(known) => {
                for (number, expected) in known.iter().enumerate() {
                    let wanted = Await::Bytes(expected.receive.0.len());
                    let (turn, _) = talk(&mut connection, link, &expected.send.0, wanted)?;
                    check_answer(number, &turn.receive, &expected.receive)?;
                    turns.push(turn);
                }
            }
            Script::Talk(send) => {
                let (turn, why) = talk(&mut connection, link, send, Await::Anything)?;
                turns.push(turn);
                silence = why;
            }
            Script::Silence => {}
        }
        let negotiated = connection.negotiated();
        let learned = connection.learned();
        let session = connection.session();
        let closed_by_both = close(&mut connection, link)?;
        Ok(complete(Outcome {
            negotiated,
            secrets,
            learned,
            turns,
            silence,
            session,
            closed_by_both,
            operations: [0; Operation::ALL.len()],
            stages: Vec::new(),
            stack: None,
        }))
    }
}

/// The handshake, from its first byte to its last. This is what runs on the painted stack: nothing here but the library's
/// calls and the link's.
fn handshake<'s, 'h>(
    parts: Parts<'s>,
    scratch: &'h mut [u8],
    config: &Config<'h>,
    seed: [u8; 32],
    link: &mut dyn Link,
    note: &mut dyn FnMut(Stage),
) -> Result<Connection<'s>, Failure> {
    let start = Instant::now();
    let mut rng = ChaCha20Rng::from_seed(seed);
    let mut handshake = Handshake::begin(parts, scratch, config, &mut rng)?;
    let mut computing = start.elapsed();
    let mut message = handshake.next();
    while !handshake.is_complete() {
        computing += advance(&mut handshake.wire(), link)?;
        if handshake.next() != message {
            note(Stage {
                message,
                at: start.elapsed(),
                computing,
            });
            (message, computing) = (handshake.next(), Duration::ZERO);
        }
    }
    Ok(handshake.finish()?)
}

/// Does the next thing, and says how long it computed.
fn advance(wire: &mut Wire<'_>, link: &mut dyn Link) -> Result<Duration, Failure> {
    let result = advance_once(wire, link);
    if result.is_err() {
        // The alert that tells the server why; that it may not arrive changes nothing.
        while !wire.output().is_empty() {
            match link.send(wire.output()) {
                Ok(len) if wire.sent(len).is_ok() => {}
                _ => break,
            }
        }
    }
    result
}

fn advance_once(wire: &mut Wire<'_>, link: &mut dyn Link) -> Result<Duration, Failure> {
    if !wire.output().is_empty() {
        let len = link.send(wire.output())?;
        wire.sent(len)?;
    } else if let Some(failure) = wire.failure() {
        return Err(failure.into());
    } else if wire.has_work() {
        let start = Instant::now();
        wire.step()?;
        return Ok(start.elapsed());
    } else if wire.wants_input() {
        match link.receive(wire.input())? {
            0 => {
                wire.input_ended();
                if let Some(failure) = wire.failure() {
                    return Err(failure.into());
                }
            }
            len => wire.received(len)?,
        }
    } else {
        return Err(Error::from(ConfigError::BadState).into());
    }
    Ok(Duration::ZERO)
}

/// Sends what is in the output.
fn drain(wire: &mut Wire<'_>, link: &mut dyn Link) -> Result<(), Failure> {
    while !wire.output().is_empty() {
        advance(wire, link)?;
    }
    Ok(())
}

/// One exchange.
fn talk(
    connection: &mut Connection<'_>,
    link: &mut dyn Link,
    send: &[u8],
    what: Await,
) -> Result<(Turn, Option<Silence>), Failure> {
    link.begin_turn();
    say(connection, link, send)?;
    let (receive, silence) = hear(connection, link, what)?;
    let turn = Turn {
        send: Hex(send.to_vec()),
        receive: Hex(receive),
    };
    Ok((turn, silence))
}

fn check_answer(number: usize, got: &Hex, expected: &Hex) -> Result<(), Failure> {
    if got == expected {
        return Ok(());
    }
    Err(Failure::Diverged(format!(
        "answer {number} of the application data is `{}` instead of `{}`",
        crate::hex::encode(&got.0),
        crate::hex::encode(&expected.0)
    )))
}

fn say(
    connection: &mut Connection<'_>,
    link: &mut dyn Link,
    mut data: &[u8],
) -> Result<(), Failure> {
    while !data.is_empty() {
        let len = connection.write(data)?;
        data = &data[len..];
        if len == 0 {
            advance(&mut connection.wire(), link)?;
        }
    }
    connection.flush();
    drain(&mut connection.wire(), link)
}

/// How much is awaited.
#[derive(Clone, Copy)]
enum Await {
    Bytes(usize),
    Anything,
}

fn hear(
    connection: &mut Connection<'_>,
    link: &mut dyn Link,
    what: Await,
) -> Result<(Vec<u8>, Option<Silence>), Failure> {
    let mut heard = Vec::new();
    loop {
        let wanted = match what {
            Await::Bytes(len) => len - heard.len(),
            Await::Anything => usize::MAX,
        };
        let ready = connection.readable();
        let taken = ready.len().min(wanted);
        heard.extend_from_slice(&ready[..taken]);
        connection.consume(taken);
        let done = match what {
            Await::Bytes(len) => heard.len() == len,
            Await::Anything => !heard.is_empty(),
        };
        if done {
            return Ok((heard, None));
        }
        if connection.is_read_closed() {
            return Ok((heard, Some(Silence::Closed)));
        }
        match advance(&mut connection.wire(), link) {
            Err(Failure::Tls(Error::Network(NetworkError::Timeout)))
                if matches!(what, Await::Anything) =>
            {
                return Ok((heard, Some(Silence::TimedOut)));
            }
            result => result?,
        };
    }
}

/// Says goodbye, and awaits the server's; says whether it came.
fn close(connection: &mut Connection<'_>, link: &mut dyn Link) -> Result<bool, Failure> {
    link.begin_turn();
    connection.close();
    drain(&mut connection.wire(), link)?;
    while !connection.is_closed() {
        match advance(&mut connection.wire(), link) {
            Ok(_) => {}
            Err(Failure::Tls(Error::Network(_))) => return Ok(false),
            Err(other) => return Err(other),
        }
    }
    Ok(connection.wire().failure().is_none())
}
