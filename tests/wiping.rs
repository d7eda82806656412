//! Secrets are overwritten when what holds them is dropped.
#![cfg(feature = "key-log")]

mod support;

use std::mem::MaybeUninit;

use bearcub::entropy::Register;
use bearcub::identity::KeyBuffer;
use bearcub::tls::{Config, Context, Handshake, Parts, Scratch, Session};
use bearcub::trust::Trust;
use support::Seeded;
use support::replay::Recorded;

/// Drops a value where it is, and hands out the bytes that it leaves there.
fn left_by<T>(value: T) -> Vec<u8> {
    let mut place = MaybeUninit::<T>::zeroed();
    place.write(value);
    // SAFETY: the value has just been written, and is not used afterwards.
    unsafe { place.assume_init_drop() };
    bytes_of(place.as_ptr())
}

/// The bytes of a place, whatever they mean.
fn bytes_of<T>(place: *const T) -> Vec<u8> {
    let bytes = place.cast::<u8>();
    // SAFETY: the place is one of a `T`; its padding was zeroed, or written, by the caller.
    (0..size_of::<T>())
        .map(|at| unsafe { bytes.add(at).read_volatile() })
        .collect()
}

fn holds(bytes: &[u8], secret: &[u8]) -> bool {
    bytes.windows(secret.len()).any(|window| window == secret)
}

#[test]
fn what_is_forgotten_instead_of_dropped_is_found() {
    let left = left_by(std::mem::ManuallyDrop::new([0xA7u8; 16]));
    assert!(holds(&left, &[0xA7; 16]));
}

#[test]
fn a_key_buffer_leaves_zeros() {
    let mut buffer = KeyBuffer::<64>::new();
    buffer.as_mut().fill(0xA7);
    assert_eq!(left_by(buffer), [0; 64]);
}

#[test]
fn a_session_leaves_no_secret() {
    let mut bytes = [0u8; Session::LEN];
    bytes[..4].copy_from_slice(&[1, 32, 0xC0, 0x2F]);
    bytes[4..].fill(0xA7);
    let session = Session::from_bytes(&bytes).unwrap();
    assert!(!holds(&left_by(session), &[0xA7; 4]));
}

#[test]
fn a_register_leaves_no_random_word() {
    use rand_core::TryRng;
    let mut word = 0xA700_0000u32;
    let mut register = Register::new(move || {
        word += 1;
        word
    });
    register.try_next_u32().unwrap();
    let left = left_by(register);
    // The closure, which is the program's, has the same word in it: once is not twice.
    let word = 0xA700_0001u32.to_ne_bytes();
    assert_eq!(left.windows(4).filter(|window| *window == word).count(), 1);
}

/// Neither master secret nor traffic keys: nothing of what a connection wrote stays in its context.
#[test]
fn a_connection_leaves_neither_master_secret_nor_keys() {
    let trust = Trust::learn();
    let config = Config::new("localhost", &trust);
    let recorded = Recorded::new(Recorded::rsa_chain(), &config);
    let mut context = Box::new(Context::new());
    let (mut input, mut output) = ([0u8; 1058], [0u8; 546]);
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let parts = Parts::new(&mut context, &mut input, &mut output);
    let mut rng = Seeded(recorded.seed);
    let mut handshake = Handshake::begin(parts, &mut scratch, &config, &mut rng).unwrap();
    let mut server = &recorded.server[..];
    while !handshake.is_complete() {
        let mut wire = handshake.wire();
        if !wire.output().is_empty() {
            let len = wire.output().len();
            wire.sent(len).unwrap();
        } else if wire.has_work() {
            wire.step().unwrap();
        } else {
            let len = server.len().min(wire.input().len());
            wire.input()[..len].copy_from_slice(&server[..len]);
            server = &server[len..];
            wire.received(len).unwrap();
        }
    }
    let connection = handshake.finish().unwrap();
    let master = *connection.secrets().1;
    assert!(master.iter().any(|byte| *byte != 0));
    let stored = connection.session();
    drop(connection);
    let left = bytes_of(&raw const *context);
    assert!(!holds(&left, &master[..16]));
    assert!(!holds(&left, &master[32..]));
    // Key material is random: of its 16-byte stretches none stays, for the whole context is zero again.
    let nonzero = left.iter().filter(|byte| **byte != 0).count();
    assert_eq!(nonzero, 0, "bytes of the context that are not zero");
    assert!(input.iter().chain(&output).all(|byte| *byte == 0));
    assert!(scratch.iter().all(|byte| *byte == 0));
    drop(stored);
}
