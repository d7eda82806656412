//! Recordings: whatever the file, it is read or refused; what was read is written and read again as the same.
#![no_main]

use bearcub_sim::recording::Recording;
use libfuzzer_sys::fuzz_target;

fuzz_target!(init: bearcub_fuzz::seeds::write_if_wanted(), |data: &[u8]| {
    match Recording::parse(data) {
        Ok(recording) => {
            let Ok(bytes) = recording.to_bytes() else {
                return;
            };
            let again = Recording::parse(&bytes).expect("what we wrote");
            assert_eq!(again, recording);
        }
        Err(failure) => assert!(failure.to_string().starts_with("not a usable recording: ")),
    }
});
