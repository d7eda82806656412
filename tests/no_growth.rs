//! Ten thousand connections in one process, whole ones, cut ones and spoiled ones: memory is the same afterwards.

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicIsize, Ordering};

use bearcub::tls::{Algorithms, Config, Groups, Scratch, Storage, Suite};
use bearcub::trust::{Pin, PublicKey, Trust};
use support::replay::{Playback, Recorded, play};

/// The system's allocator, which counts the bytes that are in use.
struct Counting;

static IN_USE: AtomicIsize = AtomicIsize::new(0);

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        IN_USE.fetch_add(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's contract is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        IN_USE.fetch_sub(layout.size() as isize, Ordering::Relaxed);
        // SAFETY: the caller's contract is the system's.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

/// Pages of this process that are in memory; C code allocates past Rust's allocator.
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
fn ten_thousand_connections_leave_no_memory_behind() {
    let chain = Recorded::rsa_chain();
    let pins = [Pin::sha256_of(
        &PublicKey::from_spki(chain.key.spki_der()).unwrap(),
    )];
    let trust = Trust::fingerprints(&pins);
    // RSA key exchange, for it is the quickest.
    let algorithms = Algorithms {
        suites: &[Suite::RSA_WITH_AES_128_GCM_SHA256],
        groups: Groups::NONE,
    };
    let config = Config::with_algorithms(&chain.host, &trust, algorithms);
    let recorded = Recorded::new(chain.clone(), &config);
    let mut storage = Box::new(Storage::<1024, 512>::new());
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let (mut whole, mut failed) = (0, 0);
    let mut before = (0, 0);
    for number in 0..10_000usize {
        if number == 500 {
            before = (IN_USE.load(Ordering::Relaxed), resident());
        }
        let mut server = recorded.server.clone();
        match number % 4 {
            0 => {}
            1 => server.truncate(number % server.len()),
            2 => server[number % recorded.handshake] ^= 1 << (number % 8),
            _ => server.insert(number % recorded.handshake, number as u8),
        }
        let playback = Playback::new(&server, &[997]);
        match play(
            playback,
            &mut *storage,
            &mut scratch,
            &config,
            recorded.seed,
        ) {
            Ok(_) => whole += 1,
            Err(_) => failed += 1,
        }
    }
    let after = (IN_USE.load(Ordering::Relaxed), resident());
    println!("{whole} whole, {failed} failed; bytes in use, resident pages: {before:?}, {after:?}");
    assert!(whole >= 2_500 && failed >= 5_000, "{whole} {failed}");
    assert_eq!(before.0, after.0);
    assert!(after.1 < before.1 + 64, "{before:?} {after:?}");
}
