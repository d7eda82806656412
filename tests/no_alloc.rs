//! A connection from its first byte to its last allocates nothing.

mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use bearcub::identity::{EcKey, Identity};
use bearcub::tls::{self, Config, Scratch, Storage};
use bearcub::trust::Trust;
use bearcub_lab::pki::{self, KeyKind};
use support::replay::{Playback, Recorded, talk};
use support::{Seeded, anchor, clock};

/// The system's allocator, which ends the process when it is asked for memory at the wrong moment.
struct Guard;

thread_local! {
    static FORBIDDEN: Cell<bool> = const { Cell::new(false) };
}

fn check() {
    if FORBIDDEN.get() {
        FORBIDDEN.set(false);
        eprintln!("the library allocated");
        std::process::abort();
    }
}

// SAFETY: everything is passed on to the system's allocator.
unsafe impl GlobalAlloc for Guard {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        check();
        // SAFETY: the caller's contract is the system's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        check();
        // SAFETY: the caller's contract is the system's.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static GUARD: Guard = Guard;

#[test]
fn a_connection_with_ca_validation_and_a_client_certificate_allocates_nothing() {
    let owner = pki::device(KeyKind::P256);
    let chain = pki::aws();
    let certificates = [owner.leaf()];
    let identity = Identity::new(
        &certificates,
        EcKey::from_der(owner.key.pkcs8_der()).unwrap(),
    )
    .unwrap();
    let anchors = [anchor(&chain)];
    let trust = Trust::anchors(&anchors, clock());
    let config = Config::new(&chain.host, &trust).identity(&identity);
    let recorded = Recorded::with(chain.clone(), &config, |server| {
        server.require_certificate(owner.root())
    });

    let mut storage = Box::new(Storage::<1024, 512>::new());
    let mut scratch = [0; Scratch::ANCHORS];
    let playback = Playback::new(&recorded.server, &[1000]);
    FORBIDDEN.set(true);
    let mut stream = tls::connect(
        playback,
        &mut *storage,
        &mut scratch,
        &config,
        &mut Seeded(recorded.seed),
    )
    .unwrap();
    talk(&mut stream).unwrap();
    let closed = stream.close();
    FORBIDDEN.set(false);
    assert_eq!(closed.unwrap().client, recorded.client);
}

#[test]
fn an_exchange_over_mqtt_allocates_nothing() {
    use bearcub::clock::Instant;
    use bearcub::mqtt::store::Ram;
    use bearcub::mqtt::{Event, Filter, Options, Publish, QoS, Session};
    use bearcub::trust::Verified;

    let now = Instant::from_millis(0);
    let mut events = 0;
    FORBIDDEN.set(true);
    let will = Publish::new("state", b"gone");
    let options = Options::new("device")
        .credentials("name", b"password")
        .will(will);
    let (mut input, mut output, mut memory) = ([0; 64], [0; 64], [0; 128]);
    let store = Ram::new(&mut memory);
    let mut session: Session<'_, _, 4, 2> =
        Session::new(&options, &mut input, &mut output, store).unwrap();
    session
        .subscribe(&[Filter::new("a/#", QoS::ExactlyOnce)])
        .unwrap();
    session
        .connect(Verified::plain_text_to_whoever_answers(), now)
        .unwrap();
    let mut turn = |session: &mut Session<'_, Ram<'_>, 4, 2>, bytes: &[u8]| {
        session.input()[..bytes.len()].copy_from_slice(bytes);
        session.received(bytes.len(), now);
        loop {
            while let Some(event) = session.poll(now).unwrap() {
                events += 1;
                assert!(!matches!(event, Event::Begin(_)));
            }
            if session.output().is_empty() {
                break;
            }
            session.sent(session.output().len(), now);
        }
    };
    turn(&mut session, &[]);
    turn(&mut session, b"\x20\x02\x00\x00");
    turn(&mut session, b"\x90\x03\x00\x01\x02");
    session
        .publish(&Publish::new("a", b"one").qos(QoS::AtLeastOnce))
        .unwrap();
    session
        .publish(&Publish::new("a", b"two").qos(QoS::ExactlyOnce))
        .unwrap();
    turn(&mut session, &[]);
    turn(&mut session, b"\x40\x02\x00\x02\x50\x02\x00\x03");
    turn(&mut session, b"\x70\x02\x00\x03");
    turn(
        &mut session,
        b"\x34\x08\x00\x01a\x00\x09abc\x62\x02\x00\x09",
    );
    session.disconnect().unwrap();
    turn(&mut session, &[]);
    FORBIDDEN.set(false);
    assert_eq!(events, 5);
    assert!(session.is_offline());
}

#[test]
fn the_guard_sees_an_allocation() {
    let path = std::env::current_exe().unwrap();
    if std::env::var_os("ALLOCATE").is_some() {
        FORBIDDEN.set(true);
        std::hint::black_box(Box::new(1));
        unreachable!("the guard let an allocation pass");
    }
    let child = std::process::Command::new(path)
        .args(["--exact", "the_guard_sees_an_allocation", "--nocapture"])
        .env("ALLOCATE", "1")
        .output()
        .unwrap();
    assert!(!child.status.success());
    assert!(String::from_utf8_lossy(&child.stderr).contains("the library allocated"));
}
