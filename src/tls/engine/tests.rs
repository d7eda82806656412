//! What stays of BearSSL's state: nothing.

use super::*;
use crate::tls::{Config, Handshake, Parts, Scratch};
use crate::trust::Trust;
use std::boxed::Box;

/// Counts up, which is good enough to look like entropy.
struct Counter(u8);

impl rand_core::TryRng for Counter {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        unreachable!()
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        unreachable!()
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Self::Error> {
        for byte in into {
            self.0 = self.0.wrapping_add(1);
            *byte = self.0;
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Counter {}

/// How many bytes of BearSSL's state are not zero.
fn traces(context: &Context) -> usize {
    let place = context.client.as_ptr().cast::<u8>();
    (0..size_of_val(&context.client))
        // SAFETY: all of the state was zeroed once, and is plain memory.
        .filter(|&at| unsafe { place.wrapping_add(at).read_volatile() } != 0)
        .count()
}

#[test]
fn a_context_is_all_zero_after_the_handshake_that_used_it() {
    let trust = Trust::learn();
    let config = Config::new("localhost", &trust);
    let mut context = Box::new(Context::new());
    assert_eq!(traces(&context), 0);
    let (mut input, mut output) = ([0u8; 1058], [0u8; 546]);
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let mut begin = |context: &mut Context, forget: bool| {
        let parts = Parts::new(context, &mut input, &mut output);
        let mut handshake =
            Handshake::begin(parts, &mut scratch, &config, &mut Counter(0)).unwrap();
        let hello = handshake.wire().output().to_vec();
        if forget {
            core::mem::forget(handshake);
        }
        hello
    };
    let hello = begin(&mut context, false);
    assert!(hello.len() > 100);
    assert_eq!(traces(&context), 0);

    // One that is forgotten stays as it is until the context is used again, and has no influence then.
    begin(&mut context, true);
    assert!(traces(&context) > 300);
    assert_eq!(begin(&mut context, false), hello);
    assert_eq!(traces(&context), 0);
}

#[test]
fn wiping_overwrites_every_byte_of_the_state_and_of_the_buffers() {
    let mut context = Box::new(Context::new());
    let (mut input, mut output) = ([0xA5u8; 600], [0xA5u8; 550]);
    let place = context.client.as_mut_ptr().cast::<u8>();
    // SAFETY: the state is plain memory of that size.
    unsafe { place.write_bytes(0xA5, size_of::<br::br_ssl_client_context>()) };
    let engine = context.engine_mut();
    (engine.ibuf, engine.ibuf_len) = (input.as_mut_ptr(), input.len());
    (engine.obuf, engine.obuf_len) = (output.as_mut_ptr(), output.len());
    context.wipe();
    assert_eq!(traces(&context), 0);
    assert_eq!((input, output), ([0; 600], [0; 550]));
}

#[test]
fn a_context_made_in_its_place_is_like_a_new_one_whatever_was_there() {
    let mut place = Box::new(MaybeUninit::<Context>::uninit());
    // SAFETY: the place is one of a context, and any byte may be there.
    unsafe { place.as_mut_ptr().write_bytes(0xA5, 1) };
    let context = Context::emplace(&mut place);
    assert_eq!(traces(context), 0);
    assert!(!context.is_open() && context.failure().is_none() && context.output().is_empty());
    assert!(context.learned().is_none() && !context.input_ended && !context.alert_tried);
    assert!(context.verifier.is_null() && context.auth.is_null() && context.staged_at.is_null());
    assert_eq!(
        (context.staged, context.sent, context.alert),
        (0, 0, (0, 0))
    );
}
