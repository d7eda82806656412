//! Secrets are overwritten when what held them is dropped: the memory is looked at afterwards.

mod support;

use std::mem::MaybeUninit;

use bearcub::entropy::Register;
use bearcub::identity::KeyBuffer;
use bearcub::tls::Session;
use rand_core::TryRng;

/// The bytes at a place, padding included.
fn bytes_at<T>(place: *const T) -> Vec<u8> {
    (0..size_of::<T>())
        // SAFETY: the caller's place has room for a `T`, all of which has been written at some time.
        .map(|at| unsafe { place.cast::<u8>().wrapping_add(at).read_volatile() })
        .collect()
}

/// The bytes of a value before and after it is dropped in its place.
fn before_and_after_drop<T>(value: T) -> (Vec<u8>, Vec<u8>) {
    let mut place = Box::new(MaybeUninit::<T>::zeroed());
    place.write(value);
    let before = bytes_at(place.as_ptr());
    // SAFETY: the value has been written, and is not used any more.
    unsafe { place.assume_init_drop() };
    (before, bytes_at(place.as_ptr()))
}

fn count(bytes: &[u8], secret: u8) -> usize {
    bytes.iter().filter(|&&byte| byte == secret).count()
}

#[test]
fn a_session_is_wiped() {
    let mut stored = [0; Session::LEN];
    stored[..4].copy_from_slice(&[1, 32, 0xC0, 0x2F]);
    stored[4..36].fill(0xA1);
    stored[36..84].fill(0xB2);
    stored[84..].fill(0xD3);
    let session = Session::from_bytes(&stored).unwrap();
    let (before, after) = before_and_after_drop(session.clone());
    for (secret, len) in [(0xA1, 32), (0xB2, 48), (0xD3, 8)] {
        assert_eq!(count(&before, secret), len);
        assert_eq!(count(&after, secret), 0, "{secret:#x}");
    }
    assert_eq!(session.to_bytes(), stored, "the original is still there");
}

#[test]
fn a_key_buffer_is_wiped() {
    let mut buffer = KeyBuffer::<256>::new();
    buffer.as_mut().fill(0xB2);
    let (before, after) = before_and_after_drop(buffer);
    assert_eq!(before, [0xB2; 256]);
    assert_eq!(after, [0; 256]);
}

#[test]
fn the_last_word_of_a_register_is_wiped() {
    let mut register = Register::new(|| 0xB2B2_B2B2);
    assert_eq!(register.try_next_u32(), Ok(0xB2B2_B2B2));
    let (before, after) = before_and_after_drop(register);
    assert_eq!(count(&before, 0xB2), 4);
    assert_eq!(count(&after, 0xB2), 0);
}

#[cfg(feature = "key-log")]
mod context {
    use super::bytes_at;
    use super::support::Seeded;
    use super::support::replay::{Playback, Recorded, talk};
    use bearcub::error::PeerError;
    use bearcub::tls::{self, Config, Context, Handshake, Parts, Scratch};
    use bearcub::trust::{Pin, PublicKey, Trust};
    use embedded_io::{Read, Write};

    /// More than the fields around BearSSL's state have, in which padding may be anything; less than any state of BearSSL's.
    const PADDING: usize = 200;

    /// A connection's memory, and what its state was before it was used.
    struct Memory {
        context: Box<Context>,
        fresh: Vec<u8>,
        input: [u8; 1058],
        output: [u8; 546],
    }

    impl Memory {
        fn new() -> Self {
            let context = Box::new(Context::new());
            Memory {
                fresh: bytes_at(&*context),
                context,
                input: [0; 1058],
                output: [0; 546],
            }
        }

        fn parts(&mut self) -> Parts<'_> {
            Parts::new(&mut self.context, &mut self.input, &mut self.output)
        }

        /// How many bytes are not what they were in an unused state.
        fn traces(&self) -> usize {
            let now = bytes_at(&*self.context);
            now.iter().zip(&self.fresh).filter(|(a, b)| a != b).count()
        }

        fn contains(&self, secret: &[u8]) -> bool {
            bytes_at(&*self.context)
                .windows(secret.len())
                .any(|window| window == secret)
        }
    }

    fn recorded() -> Recorded {
        let trust = Trust::learn();
        Recorded::new(Recorded::rsa_chain(), &Config::new("localhost", &trust))
    }

    /// What the recorded server is trusted by, without learning anything.
    fn pin(recorded: &Recorded) -> [Pin; 1] {
        let key = PublicKey::from_spki(recorded.chain.key.spki_der()).unwrap();
        [Pin::sha256_of(&key)]
    }

    #[test]
    fn the_master_secret_and_the_traffic_keys_go_with_the_connection() {
        let recorded = recorded();
        let pins = pin(&recorded);
        let trust = Trust::fingerprints(&pins);
        let config = Config::new("localhost", &trust);
        for closes in [false, true] {
            let mut memory = Memory::new();
            let place = (&raw const *memory.context).addr();
            let mut scratch = [0; Scratch::FINGERPRINTS];
            let playback = Playback::new(&recorded.server, &[usize::MAX]);
            let mut rng = Seeded(recorded.seed);
            let mut stream =
                tls::connect(playback, memory.parts(), &mut scratch, &config, &mut rng).unwrap();
            talk(&mut stream).unwrap();
            let (random, master) = stream.connection().secrets();
            let at = master.as_ptr().addr();
            assert!((place..place + size_of::<Context>()).contains(&at));
            let (random, master) = (*random, *master);
            if closes {
                drop(stream.close().unwrap());
            } else {
                drop(stream);
            }
            assert!(!memory.contains(&master[..8]), "closes: {closes}");
            assert!(!memory.contains(&random[..8]), "closes: {closes}");
            assert!(memory.traces() < PADDING, "closes: {closes}");
        }
    }

    #[test]
    fn a_handshake_that_is_given_up_leaves_nothing_in_the_context() {
        let recorded = recorded();
        let pins = pin(&recorded);
        let trust = Trust::fingerprints(&pins);
        let config = Config::new("localhost", &trust);
        for steps in [0, 1, 5, 20] {
            let mut memory = Memory::new();
            let mut scratch = [0; Scratch::FINGERPRINTS];
            let mut playback = Playback::new(&recorded.server, &[usize::MAX]);
            let mut rng = Seeded(recorded.seed);
            let mut handshake =
                Handshake::begin(memory.parts(), &mut scratch, &config, &mut rng).unwrap();
            let mut done = 0;
            while done < steps && !handshake.is_complete() {
                let mut wire = handshake.wire();
                if !wire.output().is_empty() {
                    let len = playback.write(wire.output()).unwrap();
                    wire.sent(len).unwrap();
                } else if wire.has_work() {
                    wire.step().unwrap();
                    done += 1;
                } else {
                    let len = playback.read(wire.input()).unwrap();
                    wire.received(len).unwrap();
                }
            }
            drop(handshake);
            assert!(memory.traces() < PADDING, "after {steps} steps");
        }
    }

    #[test]
    fn a_handshake_that_fails_leaves_nothing_in_the_context() {
        let recorded = recorded();
        let pins = [Pin::Sha256([7; 32])];
        let trust = Trust::fingerprints(&pins);
        let config = Config::new("localhost", &trust);
        let mut memory = Memory::new();
        let mut scratch = [0; Scratch::FINGERPRINTS];
        let playback = Playback::new(&recorded.server, &[usize::MAX]);
        let mut rng = Seeded(recorded.seed);
        let got = tls::connect(playback, memory.parts(), &mut scratch, &config, &mut rng);
        assert_eq!(got.err(), Some(PeerError::FingerprintMismatch.into()));
        assert!(memory.traces() < PADDING);
    }
}
