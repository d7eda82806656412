//! A server's bytes into the client: recorded connections with their bytes changed, in every suite, trust and state that
//! there is a recording of.
//!
//! Whatever comes: the handshake is complete only if the server's messages were the recorded ones, byte for byte, and what
//! is released as plaintext is a beginning of what the server once sent.
#![no_main]

use bearcub_fuzz::client::{Buffers, Playback, connect};
use bearcub_fuzz::framing;
use bearcub_fuzz::random::Random;
use bearcub_fuzz::recordings::TRACKS;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

/// Bytes at a time, by the input's second byte.
const PIECES: [usize; 6] = [usize::MAX, 1, 7, 100, 517, 1460];

fuzz_target!(|data: &[u8]| {
    let [track, piece, bytes @ ..] = data else {
        return;
    };
    let track = &TRACKS[usize::from(*track) % TRACKS.len()];
    let plan = &track.recording.header.plan;
    let mut server = Playback {
        bytes,
        piece: PIECES[usize::from(*piece) % PIECES.len()],
    };
    let buffers = Buffers {
        input: if plan.buffers.shared {
            plan.buffers.input.max(plan.buffers.output)
        } else {
            plan.buffers.input
        },
        output: (!plan.buffers.shared).then_some(plan.buffers.output),
    };
    let ending = plan
        .with_config(|config| {
            Ok(connect(
                buffers,
                plan.scratch(),
                config,
                track.seed,
                &mut server,
                &track.questions,
            ))
        })
        .expect("the plan of a recording");
    if ending.negotiated.is_some() {
        let (records, _) = framing::records(bytes);
        assert!(
            framing::plain_handshake(&records) == track.handshake,
            "a handshake of other messages was completed"
        );
    }
    assert!(
        track.answers.starts_with(&ending.plaintext),
        "plaintext that the server never sent"
    );
    if bytes == track.server {
        assert!(ending.negotiated.is_some(), "{:?}", ending.failure);
        assert_eq!(ending.plaintext, track.answers, "{}", track.name);
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = Random::new(seed);
    if size < 2 || random.below(6) == 0 {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    }
    let mut mutated = data[..2].to_vec();
    mutated.extend(framing::mutate_stream(&data[2..size], &mut random));
    let len = mutated.len().min(max_size);
    data[..len].copy_from_slice(&mutated[..len]);
    len
});
