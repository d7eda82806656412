//! A server that knows its secrets and misbehaves by a script, in every suite, with every trust, in full and resumed
//! handshakes, before and after everything is encrypted.
//!
//! Whatever it does: the handshake is complete only if its Finished was the right one and its key exchange was signed, and
//! what is released is a beginning of what it sent as data in records that are in order.
#![no_main]

use bearcub_fuzz::puppet::{Puppet, Setting, script};
use bearcub_fuzz::random::Random;
use libfuzzer_sys::{fuzz_mutator, fuzz_target};

fuzz_target!(|data: &[u8]| {
    let Some((setting, steps)) = data.split_first_chunk::<{ Setting::LEN }>() else {
        return;
    };
    let setting = Setting::new(*setting);
    let mut steps = script::read(steps);
    steps.truncate(64);
    let is_all_honest = steps == setting.honest();
    let mut puppet = Puppet::new(&setting, steps);
    let ending = setting.connect(&mut puppet);
    if let Some(negotiated) = ending.negotiated {
        assert!(
            puppet.has_finished,
            "complete without the server's Finished"
        );
        let is_signed = puppet.has_signed || negotiated.resumed || setting.is_rsa_exchange();
        assert!(is_signed, "complete without a signature");
        assert!(!negotiated.resumed || setting.session.is_some());
        assert_eq!(negotiated.suite, setting.suite.id());
    }
    assert!(
        puppet.data.starts_with(&ending.plaintext),
        "plaintext that is not authentic"
    );
    if is_all_honest {
        assert!(
            ending.negotiated.is_some() && puppet.is_honest,
            "{ending:?}"
        );
        assert_eq!(ending.plaintext, puppet.data);
        assert_eq!(puppet.heard, bearcub_fuzz::puppet::QUESTION);
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    let mut random = Random::new(seed);
    if size < Setting::LEN || random.below(8) == 0 {
        return libfuzzer_sys::fuzzer_mutate(data, size, max_size);
    }
    let mut mutated = data[..Setting::LEN].to_vec();
    if random.below(16) == 0 {
        mutated[random.below(Setting::LEN)] = random.byte();
    }
    mutated.extend(script::mutate(&data[Setting::LEN..size], &mut random));
    let len = mutated.len().min(max_size);
    data[..len].copy_from_slice(&mutated[..len]);
    len
});
