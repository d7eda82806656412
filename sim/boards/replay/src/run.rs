//! The connection, from its ClientHello to its closing, and what is measured on the way.

use core::fmt::Write;

use bearcub::Error;
use bearcub::tls::{Config, Connection, Handshake, Message, Parts, Wire};

use crate::machine::{Host, Machine};
use crate::stack;
use crate::tape::{Entropy, Player, Reader};

/// Why a replay ended early.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// The library's error.
    Tls(Error),
    /// The client sent another byte than in the recording, at this offset.
    Diverged(usize),
    /// The client waits where it sent something in the recording, at this offset.
    Waits(usize),
    /// The tape is not one.
    Tape,
    /// The server's answer is not what was recorded.
    Answer,
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Trouble::Tls(error)
    }
}

/// Counts the instructions of the library's calls.
struct Meter {
    instructions: u32,
    longest: u32,
}

impl Meter {
    const fn new() -> Self {
        Meter {
            instructions: 0,
            longest: 0,
        }
    }

    /// Runs `work`, and counts what it took.
    fn measure<M: Machine, T>(&mut self, work: impl FnOnce() -> T) -> T {
        let start = M::instructions();
        let result = work();
        let took = M::instructions().wrapping_sub(start);
        self.instructions = self.instructions.wrapping_add(took);
        self.longest = self.longest.max(took);
        result
    }
}

/// Replays the tape, and tells the host everything; says whether all went well.
pub fn run<M: Machine>(
    parts: Parts<'_>,
    scratch: &mut [u8],
    config: &Config<'_>,
    tape: &[u8],
) -> bool {
    let mut host = Host::<M>::default();
    let line = match converse::<M>(parts, scratch, config, tape) {
        Ok(()) => writeln!(host, r#"{{"event":"done"}}"#),
        Err(Trouble::Tls(error)) => {
            writeln!(host, r#"{{"event":"error","code":{}}}"#, error.code())
        }
        Err(trouble) => writeln!(host, r#"{{"event":"trouble","what":"{trouble:?}"}}"#),
    };
    line.is_ok_and(|()| true)
}

fn converse<M: Machine>(
    parts: Parts<'_>,
    scratch: &mut [u8],
    config: &Config<'_>,
    tape: &[u8],
) -> Result<(), Trouble> {
    let mut reader = Reader::new(tape);
    let entropy = reader.take(48)?;
    let turns = reader.number()?;
    let first_turn = reader;
    for _ in 0..turns {
        let sent = reader.number()?;
        reader.number()?;
        reader.take(sent)?;
    }
    let mut player = Player::new(reader);
    let mut connection = handshake::<M>(parts, scratch, config, entropy, &mut player)?;
    let mut reader = first_turn;
    for _ in 0..turns {
        let (sent, received) = (reader.number()?, reader.number()?);
        turn::<M>(&mut connection, &mut player, reader.take(sent)?, received)?;
    }
    close::<M>(&mut connection, &mut player)
}

fn handshake<'s, M: Machine>(
    parts: Parts<'s>,
    scratch: &mut [u8],
    config: &Config<'_>,
    entropy: &[u8],
    player: &mut Player<'_>,
) -> Result<Connection<'s>, Trouble> {
    let mut host = Host::<M>::default();
    let top = stack::address();
    #[cfg(feature = "meter")]
    {
        bearcub::tls::meter::set_clock(M::instructions);
        bearcub::tls::meter::reset();
    }
    stack::paint::<M>();
    let mut meter = Meter::new();
    let begun =
        meter.measure::<M, _>(|| Handshake::begin(parts, scratch, config, &mut Entropy(entropy)));
    let mut handshake = begun?;
    let mut message = handshake.next();
    let mut result = Ok(());
    let mut curves = 0;
    while result.is_ok() && !handshake.is_complete() {
        result = advance::<M>(&mut handshake.wire(), player, &mut meter);
        if handshake.next() != message || result.is_err() {
            let stack = top.saturating_sub(stack::lowest::<M>());
            let before = core::mem::replace(&mut curves, on_curves());
            let _ = writeln!(
                host,
                r#"{{"event":"stage","message":"{message:?}","instructions":{},"longest":{},"curves":{},"stack":{stack}}}"#,
                meter.instructions,
                meter.longest,
                curves.wrapping_sub(before),
            );
            message = handshake.next();
            meter = Meter::new();
            stack::paint::<M>();
        }
    }
    result?;
    let mut connection = meter.measure::<M, _>(|| handshake.finish())?;
    while !connection.wire().output().is_empty() {
        advance::<M>(&mut connection.wire(), player, &mut meter)?;
    }
    #[cfg(feature = "meter")]
    for operation in bearcub::tls::meter::Operation::ALL {
        let times = bearcub::tls::meter::read(operation);
        if times > 0 {
            let _ = writeln!(
                host,
                r#"{{"event":"operation","name":"{}","count":{times},"instructions":{}}}"#,
                operation.name(),
                bearcub::tls::meter::time(operation)
            );
        }
    }
    let agreed = connection.negotiated();
    let _ = writeln!(
        host,
        r#"{{"event":"agreed","suite":{},"group":{},"fragment_length":{},"resumed":{},"finishing":{}}}"#,
        agreed.suite,
        agreed.group.unwrap_or(0),
        agreed.fragment_length.map_or(0, |length| length.bytes()),
        agreed.resumed,
        meter.instructions
    );
    Ok(connection)
}

/// Instructions of arithmetic on curves so far.
#[cfg(feature = "meter")]
fn on_curves() -> u32 {
    use bearcub::tls::meter::{Operation, time};
    let curves = [
        Operation::P256Mul,
        Operation::P256MulGen,
        Operation::P256MulAdd,
        Operation::P384Mul,
        Operation::P384MulGen,
        Operation::P384MulAdd,
        Operation::X25519,
    ];
    curves.into_iter().map(time).fold(0, u32::wrapping_add)
}

/// They are not counted here.
#[cfg(not(feature = "meter"))]
fn on_curves() -> u32 {
    0
}

/// Does the next thing.
fn advance<M: Machine>(
    wire: &mut Wire<'_>,
    player: &mut Player<'_>,
    meter: &mut Meter,
) -> Result<(), Trouble> {
    if !wire.output().is_empty() {
        player.send(wire.output())?;
        let len = wire.output().len();
        meter.measure::<M, _>(|| wire.sent(len))?;
    } else if let Some(failure) = wire.failure() {
        return Err(failure.into());
    } else if wire.has_work() {
        // The failure is reported when the alert is out.
        let _ = meter.measure::<M, _>(|| wire.step());
    } else {
        let len = player.receive(wire.input())?;
        if len == 0 {
            meter.measure::<M, _>(|| wire.input_ended());
            if let Some(failure) = wire.failure() {
                return Err(failure.into());
            }
        }
        meter.measure::<M, _>(|| wire.received(len))?;
    }
    Ok(())
}

/// Sends, and receives the answer.
fn turn<M: Machine>(
    connection: &mut Connection<'_>,
    player: &mut Player<'_>,
    mut data: &[u8],
    expected: usize,
) -> Result<(), Trouble> {
    let (sent, mut sealing, mut opening) = (data.len(), Meter::new(), Meter::new());
    while !data.is_empty() {
        let taken = sealing.measure::<M, _>(|| connection.write(data))?;
        data = &data[taken..];
        if taken == 0 {
            advance::<M>(&mut connection.wire(), player, &mut sealing)?;
        }
    }
    sealing.measure::<M, _>(|| connection.flush());
    while !connection.wire().output().is_empty() {
        advance::<M>(&mut connection.wire(), player, &mut sealing)?;
    }
    let mut received = 0;
    while received < expected {
        let ready = connection.readable().len();
        if ready > 0 {
            received += ready;
            opening.measure::<M, _>(|| connection.consume(ready));
        } else if connection.is_read_closed() {
            return Err(Trouble::Answer);
        } else {
            advance::<M>(&mut connection.wire(), player, &mut opening)?;
        }
    }
    let _ = writeln!(
        Host::<M>::default(),
        r#"{{"event":"turn","sent":{sent},"sealing":{},"received":{received},"opening":{}}}"#,
        sealing.instructions,
        opening.instructions
    );
    Ok(())
}

fn close<M: Machine>(
    connection: &mut Connection<'_>,
    player: &mut Player<'_>,
) -> Result<(), Trouble> {
    let mut meter = Meter::new();
    connection.close();
    while !connection.is_closed() {
        advance::<M>(&mut connection.wire(), player, &mut meter)?;
    }
    while !connection.wire().output().is_empty() {
        advance::<M>(&mut connection.wire(), player, &mut meter)?;
    }
    Ok(())
}
