//! A port, whole: `docs/porting.md` goes through it piece by piece.

use core::cell::Cell;

use bearcub::Error;
use bearcub::clock::Instant;
use bearcub::entropy::Register;
use bearcub::mqtt::blocking::Client;
use bearcub::mqtt::store::Ram;
use bearcub::mqtt::{Options, QoS, Session};
use bearcub::tls::{self, Config, Scratch, Storage};
use bearcub::trust::{Pin, Trust};
use embedded_io::{ErrorKind, ErrorType, Read, Write};

/// What the made-up board's own crate has: a modem with a TCP connection, and a few registers.
pub trait Board {
    /// Gives bytes to the modem: how many it took, 0 while it is busy.
    fn send(&self, bytes: &[u8]) -> usize;
    /// Takes bytes from it: how many there were.
    fn receive(&self, into: &mut [u8]) -> usize;
    /// Whether more bytes can come.
    fn is_connected(&self) -> bool;
    /// A word of noise.
    fn noise(&self) -> u32;
    /// Milliseconds since the start; after 49 days it begins anew.
    fn milliseconds(&self) -> u32;
    /// Sleeps until the next interrupt: of the modem, or of the timer.
    fn sleep(&self);
    /// Says that the program is alive.
    fn feed_watchdog(&self);
}

/// The way to wait.
fn wait(board: &dyn Board) {
    board.feed_watchdog();
    board.sleep();
}

/// The transport.
pub struct Line<'b> {
    board: &'b dyn Board,
    /// Milliseconds that a read waits.
    patience: u32,
}

impl ErrorType for Line<'_> {
    type Error = ErrorKind;
}

impl Read for Line<'_> {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, ErrorKind> {
        let start = self.board.milliseconds();
        loop {
            let received = self.board.receive(into);
            if received > 0 || !self.board.is_connected() {
                return Ok(received);
            }
            if self.board.milliseconds().wrapping_sub(start) > self.patience {
                return Err(ErrorKind::TimedOut);
            }
            wait(self.board);
        }
    }
}

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        let start = self.board.milliseconds();
        loop {
            match self.board.send(bytes) {
                0 if !self.board.is_connected() => return Err(ErrorKind::BrokenPipe),
                0 if self.board.milliseconds().wrapping_sub(start) > 10_000 => {
                    return Err(ErrorKind::TimedOut);
                }
                0 => wait(self.board),
                sent => return Ok(sent),
            }
        }
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(()) // The modem sends by itself.
    }
}

/// The time: a clock that runs forward, and does not begin anew.
pub struct Uptime<'b> {
    board: &'b dyn Board,
    total: Cell<u64>,
}

impl Uptime<'_> {
    /// Asked at least once in 49 days, it misses no turn.
    pub fn now(&self) -> Instant {
        let total = self.total.get();
        let passed = self.board.milliseconds().wrapping_sub(total as u32);
        self.total.set(total + u64::from(passed));
        Instant::from_millis(self.total.get())
    }
}

/// The memory, all of it; as a static it is zero at first, and takes no flash.
pub struct Memory {
    storage: Storage<1024, 512>,
    scratch: [u8; Scratch::FINGERPRINTS],
    input: [u8; 128],
    output: [u8; 128],
    messages: [u8; 256],
}

impl Memory {
    pub const fn new() -> Self {
        Memory {
            storage: Storage::new(),
            scratch: [0; Scratch::FINGERPRINTS],
            input: [0; 128],
            output: [0; 128],
            messages: [0; 256],
        }
    }
}

impl Default for Memory {
    fn default() -> Self {
        Memory::new()
    }
}

/// The program: one reading, and whether it has arrived.
pub fn report(
    board: &dyn Board,
    memory: &mut Memory,
    pin: &str,
    reading: &[u8],
) -> Result<bool, Error> {
    let pins = [Pin::parse(pin)?];
    let trust = Trust::fingerprints(&pins);
    let config = Config::new("mqtt.example.org", &trust);
    // The entropy: 48 bytes of it for a connection.
    let mut noise = Register::new(|| board.noise());
    let line = Line {
        board,
        patience: 10_000,
    };
    let mut stream = tls::connect_in_steps(
        line,
        &mut memory.storage,
        &mut memory.scratch,
        &config,
        &mut noise,
        || board.feed_watchdog(),
    )?;
    // From here on MQTT has deadlines of its own, and looks at them when a read ends.
    stream.transport().patience = 500;

    let options = Options::new("made-up-1");
    let store = Ram::new(&mut memory.messages);
    let mut session: Session<_, 2, 0> =
        Session::new(&options, &mut memory.input, &mut memory.output, store)?;
    let uptime = Uptime {
        board,
        total: Cell::new(0),
    };
    let clock = || uptime.now();
    let (mut mqtt, _) = Client::connect(stream, &mut session, clock)?;
    mqtt.publish("made-up/reading", reading, QoS::AtLeastOnce)?;
    let arrived = mqtt.settle(clock().after(10_000), |_| {})?;
    // The broker hangs up on DISCONNECT, so the connection may be gone already.
    let _ = mqtt.disconnect()?.close();
    Ok(arrived)
}
