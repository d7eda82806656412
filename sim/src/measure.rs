//! One replay, and everything that is counted in it.

use std::sync::{Mutex, MutexGuard, PoisonError};

use bearcub::tls::meter::Operation;

use crate::client::{Outcome, Run, Script};
use crate::failure::Failure;
use crate::flow::Flow;
use crate::model::Counts;
use crate::plan::Plan;
use crate::recording::{Agreed, Recording, key_log};
use crate::sizes::{self, Kept};
use crate::tape::{Direction, Player, Tape};

/// What a connection cost.
#[derive(Clone, Debug)]
pub struct Measured {
    /// Bytes from the client and from the server, with all that is TLS and without what is below.
    pub bytes: [usize; 2],
    /// Handshake messages from the client and from the server.
    pub messages: [usize; 2],
    /// What it keeps on a 32-bit board.
    pub kept: Kept,
    /// What it lends to the handshake on a 32-bit board.
    pub scratch: usize,
    /// The handshake's stack on this machine, if it was measured.
    pub stack: Option<usize>,
    /// Operations of the handshake.
    pub operations: Counts,
}

impl Measured {
    /// Puts together what is known after a connection.
    pub fn of(plan: &Plan, outcome: &Outcome, tape: &Tape) -> Measured {
        let streams =
            [Direction::ToServer, Direction::ToClient].map(|direction| tape.stream(direction));
        Measured {
            bytes: [streams[0].len(), streams[1].len()],
            messages: [0, 1].map(|side| Flow::read(&streams[side]).handshake_messages()),
            kept: sizes::kept(plan),
            scratch: sizes::scratch(plan),
            stack: outcome.stack,
            operations: outcome.operations,
        }
    }

    /// Scratch, and the stack where it is known.
    pub fn handshake(&self) -> usize {
        self.scratch + self.stack.unwrap_or(0)
    }

    /// Operations that happened, by name.
    pub fn operations(&self) -> impl Iterator<Item = (Operation, u32)> {
        let all = Operation::ALL.into_iter().zip(self.operations);
        all.filter(|(_, count)| *count > 0)
    }
}

/// The library's counters are global: who reads them must be alone.
fn alone() -> MutexGuard<'static, ()> {
    static LOCK: Mutex<()> = Mutex::new(());
    LOCK.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Replays a recording: the same client, fed with the recorded bytes of the server, must send the recorded bytes of the
/// client, to the last one.
///
/// # Errors
/// Why the connection failed, or where it differs from the recording.
pub fn replay(recording: &Recording) -> Result<Measured, Failure> {
    let _alone = alone();
    let header = &recording.header;
    let mut player = Player::new(&recording.tape);
    let run = Run {
        plan: &header.plan,
        seed: recording.seed(),
        script: Script::Turns(&header.turns),
        measure_stack: true,
    };
    let outcome = run.connect(&mut player, &mut |_| {})?;
    player.finish()?;
    let differs = |what: &str| Failure::Diverged(format!("{what} is not what was recorded"));
    if Agreed::from(&outcome.negotiated) != header.agreed {
        return Err(differs("what was agreed on"));
    }
    if outcome.closed_by_both != header.closed_by_both {
        return Err(differs("the way it was closed"));
    }
    if key_log(&outcome) != recording.key_log {
        return Err(differs("the master secret"));
    }
    Ok(Measured::of(&header.plan, &outcome, &recording.tape))
}
