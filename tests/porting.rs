//! What `docs/porting.md` says is enough for a new board: it is compiled for a CPU without an operating system, and it connects.

#[path = "porting/src/port.rs"]
mod port;
mod support;

use std::cell::{Cell, RefCell};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use bearcub::error::{Error, NetworkError, PeerError, ResourceError};
use bearcub::trust::{Pin, PublicKey};
use bearcub_lab::pki::{self, KeyKind};
use bearcub_lab::server::{Mosquitto, MosquittoConfig};
use port::{Board, Memory, report};
use rand_core::TryRng as _;

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The made-up board on the desk: its modem is a socket that does not wait.
struct Desk {
    modem: RefCell<Option<TcpStream>>,
    connected: Cell<bool>,
    noise: fn() -> u32,
    milliseconds: Cell<u32>,
    fed: Cell<u32>,
}

impl Desk {
    fn new(broker: Option<&Mosquitto>, noise: fn() -> u32) -> Self {
        let modem = broker.map(|broker| TcpStream::connect(broker.addr()).unwrap());
        if let Some(modem) = &modem {
            modem.set_nonblocking(true).unwrap();
            modem.set_nodelay(true).unwrap();
        }
        Desk {
            connected: Cell::new(true),
            modem: RefCell::new(modem),
            noise,
            // It begins anew with the first tick.
            milliseconds: Cell::new(u32::MAX),
            fed: Cell::new(0),
        }
    }
}

impl Board for Desk {
    fn send(&self, bytes: &[u8]) -> usize {
        let mut modem = self.modem.borrow_mut();
        modem
            .as_mut()
            .map_or(0, |modem| modem.write(bytes).unwrap_or(0))
    }
    fn receive(&self, into: &mut [u8]) -> usize {
        let mut modem = self.modem.borrow_mut();
        match modem.as_mut().map(|modem| modem.read(into)) {
            Some(Ok(0)) => {
                self.connected.set(false);
                0
            }
            Some(Ok(received)) => received,
            _ => 0,
        }
    }
    fn is_connected(&self) -> bool {
        self.connected.get()
    }
    fn noise(&self) -> u32 {
        (self.noise)()
    }
    fn milliseconds(&self) -> u32 {
        self.milliseconds.get()
    }
    /// A tick of the timer; where there is no modem, nobody waits for it.
    fn sleep(&self) {
        self.milliseconds
            .set(self.milliseconds.get().wrapping_add(1));
        if self.modem.borrow().is_some() {
            std::thread::yield_now();
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    fn feed_watchdog(&self) {
        self.fed.set(self.fed.get() + 1);
    }
}

fn noise() -> u32 {
    getrandom::SysRng.try_next_u32().unwrap()
}

#[test]
fn the_port_is_all_that_a_board_without_an_operating_system_needs() {
    let manifest = folder("tests/porting/Cargo.toml");
    let target = "riscv32imc-unknown-none-elf";
    let output = Command::new(env!("CARGO"))
        .args([
            "build",
            "--quiet",
            "--release",
            "--locked",
            "--target",
            target,
        ])
        .arg("--manifest-path")
        .arg(manifest)
        .arg("--target-dir")
        .arg(Path::new(env!("CARGO_TARGET_TMPDIR")).join("porting"))
        .env("CC_riscv32imc_unknown_none_elf", "riscv64-unknown-elf-gcc")
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    let hint = "the target comes by `rustup target add`, the compiler with gcc-riscv64-unknown-elf";
    assert!(output.status.success(), "{errors}\n{hint} ({target})");
}

#[test]
fn the_port_reports_to_a_broker_feeds_its_watchdog_and_survives_its_timer_s_turn() {
    let chain = pki::simple(KeyKind::P256);
    let broker = Mosquitto::start(&MosquittoConfig::tls(&chain)).unwrap();
    let key = PublicKey::from_spki(chain.key.spki_der()).unwrap();
    let pin = Pin::sha256_of(&key).to_string();
    let desk = Desk::new(Some(&broker), noise);
    let mut memory = Box::new(Memory::new());
    assert_eq!(report(&desk, &mut memory, &pin, b"21.5"), Ok(true));
    assert!(broker.wait_for_log("'made-up/reading'", Duration::from_secs(10)));
    assert!(desk.fed.get() > 10, "{}", desk.fed.get());
    assert!(
        desk.milliseconds() < u32::MAX / 2,
        "the timer has made no turn"
    );

    let stranger = Desk::new(Some(&broker), noise);
    let refused = report(&stranger, &mut memory, &"ab".repeat(32), b"21.5");
    assert_eq!(refused, Err(PeerError::FingerprintMismatch.into()));
}

#[test]
fn a_board_with_a_dead_generator_or_a_dead_line_is_told_so() {
    let (pin, mut memory) = ("ab".repeat(32), Box::new(Memory::default()));
    let dead = Desk::new(None, || 0);
    let expected = Err(Error::from(ResourceError::NoEntropy));
    assert_eq!(report(&dead, &mut memory, &pin, b""), expected);
    let deaf = Desk::new(None, noise);
    let expected = Err(Error::from(NetworkError::Timeout));
    assert_eq!(report(&deaf, &mut memory, &pin, b""), expected);
    assert!(deaf.fed.get() > 1_000, "the watchdog waited for the line");
}

#[test]
fn the_page_shows_the_port_as_it_is() {
    let page = std::fs::read_to_string(folder("docs/porting.md")).unwrap();
    let code = std::fs::read_to_string(folder("tests/porting/src/port.rs")).unwrap();
    let mut blocks = 0;
    for block in page.split("```rust\n").skip(1) {
        let block = block.split("```").next().unwrap();
        for piece in block.split("\n\n") {
            assert!(code.contains(piece.trim_end()), "not in the port:\n{piece}");
        }
        blocks += 1;
    }
    assert!(blocks >= 6, "{blocks} pieces of code");
}
