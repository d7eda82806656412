//! A recording as an image reads it; the image's crate `bearcub-replay` says what is where.

use rand_chacha::ChaCha20Rng;
use rand_core::{Rng, SeedableRng};

use crate::recording::Recording;
use crate::tape::Direction;

/// The file `tape.bin`.
pub fn of(recording: &Recording) -> Vec<u8> {
    // What the client draws on the host, from the same generator.
    let mut entropy = [0; bearcub::entropy::SEED_SIZE];
    ChaCha20Rng::from_seed(recording.seed()).fill_bytes(&mut entropy);
    let mut bytes = entropy.to_vec();
    let number = |bytes: &mut Vec<u8>, number: usize| {
        bytes.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
    };
    number(&mut bytes, recording.header.turns.len());
    for turn in &recording.header.turns {
        number(&mut bytes, turn.send.0.len());
        number(&mut bytes, turn.receive.0.len());
        bytes.extend_from_slice(&turn.send.0);
    }
    for segment in &recording.tape.segments {
        bytes.push(match segment.direction {
            Direction::ToServer => 0,
            Direction::ToClient => 1,
        });
        number(&mut bytes, segment.bytes.len());
        bytes.extend_from_slice(&segment.bytes);
    }
    bytes
}
