//! Datagrams that answer an SNTP request, one after the other: the first eight bytes are the random number, then the elapsed
//! time, then datagrams of 48 bytes and a remainder.
//!
//! What holds: only what repeats the random number counts, once; what is accepted is within a day of what the server wrote,
//! and is a time that the library can hold.
#![no_main]

use std::time::Duration;

use bearcub::sntp::{Advice, PACKET_SIZE, Request, SntpError};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((nonce, rest)) = data.split_first_chunk::<8>() else {
        return;
    };
    let Some((elapsed, datagrams)) = rest.split_first_chunk::<4>() else {
        return;
    };
    let elapsed = match u32::from_le_bytes(*elapsed) {
        0 => None,
        1 => Some(Duration::MAX),
        milliseconds => Some(Duration::from_millis(milliseconds.into())),
    };
    let mut request = Request::new(u64::from_be_bytes(*nonce));
    assert_eq!(request.packet()[40..], *nonce);
    let mut answers = 0;
    for datagram in datagrams.chunks(PACKET_SIZE).take(8) {
        let repeats = datagram.get(24..32) == Some(nonce) && *nonce != [0; 8];
        match request.read(datagram, elapsed) {
            Ok(time) => {
                assert!(repeats && answers == 0, "a stranger was believed");
                answers += 1;
                assert!(time.nanoseconds < 1_000_000_000);
                let written = u32::from_be_bytes(datagram[40..44].try_into().expect("4 bytes"));
                let era = if written >> 31 == 1 { 0 } else { 1i64 << 32 };
                let written = i64::from(written) + era - 2_208_988_800;
                assert!(time.seconds >= written, "before it was sent");
                let way = elapsed.unwrap_or_default() / 2;
                assert!(
                    time.seconds as i128 <= i128::from(written) + i128::from(way.as_secs()) + 2,
                    "later than it can be"
                );
                if let Some(time) = time.time() {
                    let civil = time.civil();
                    let again = bearcub::clock::Time::from_civil(
                        civil.year,
                        civil.month,
                        civil.day,
                        civil.hour,
                        civil.minute,
                        civil.second,
                    );
                    assert_eq!(again, Some(time));
                }
            }
            Err(error) => {
                assert!(!error.to_string().is_empty());
                let is_final = !matches!(
                    error,
                    SntpError::TooShort(_)
                        | SntpError::Mode(_)
                        | SntpError::Version(_)
                        | SntpError::Forged
                        | SntpError::Replayed
                );
                // Whoever does not repeat the number cannot make a device give up.
                assert!(!is_final || repeats, "a stranger's refusal was believed");
                answers += usize::from(is_final);
                let _: Advice = error.advice();
            }
        }
        assert!(answers <= 1);
    }
});
