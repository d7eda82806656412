//! The way to the server: the bytes of an ns16550, which the emulator passes on to a TCP connection and back.

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use bearcub_replay::Machine;
use embedded_io::{ErrorKind, ErrorType, Read, Write};

use crate::Board;

/// Where QEMU's machine `virt` has it.
const BASE: usize = 0x1000_0000;
/// Received bytes when read, bytes to send when written.
const DATA: usize = 0;
const FIFO_CONTROL: usize = 2;
const LINE_STATUS: usize = 5;

const FIFO_ENABLED: u8 = 0x01;
const RECEIVED: u8 = 0x01;
const MAY_SEND: u8 = 0x20;

/// So often it is looked for a byte before the server is given up: some ten seconds of the host's time.
const PATIENCE: u32 = 40_000_000;
/// So often it is looked for one more byte of what is coming in. A byte takes its time from the host's socket to here, and
/// the library is not to be called for every single one.
const LULL: u32 = 10_000;

/// Instructions that were spent here.
static SPENT: AtomicU32 = AtomicU32::new(0);

/// Instructions that were spent in transport, most of them waiting; the number wraps around.
pub(crate) fn spent() -> u32 {
    SPENT.load(Relaxed)
}

fn apart<R>(work: impl FnOnce() -> R) -> R {
    let start = Board::instructions();
    let result = work();
    let took = Board::instructions().wrapping_sub(start);
    // There is one thread, and this CPU has no atomic addition.
    SPENT.store(SPENT.load(Relaxed).wrapping_add(took), Relaxed);
    result
}

/// The transport of the one connection. The end of the server's stream is not seen here: it is silence.
pub struct Uart(());

impl Uart {
    pub(crate) fn new() -> Self {
        set(FIFO_CONTROL, FIFO_ENABLED);
        Uart(())
    }
}

fn get(register: usize) -> u8 {
    // SAFETY: the machine has the register there.
    unsafe { ((BASE + register) as *const u8).read_volatile() }
}

fn set(register: usize, value: u8) {
    // SAFETY: the machine has the register there, and it changes nothing but the UART.
    unsafe { ((BASE + register) as *mut u8).write_volatile(value) }
}

/// Whether the line has that status, at the latest after so many looks.
fn wait(status: u8, looks: u32) -> bool {
    (0..looks).any(|_| get(LINE_STATUS) & status != 0)
}

impl ErrorType for Uart {
    type Error = ErrorKind;
}

impl Read for Uart {
    fn read(&mut self, into: &mut [u8]) -> Result<usize, ErrorKind> {
        apart(|| {
            let mut length = 0;
            while length < into.len() {
                if !wait(RECEIVED, if length == 0 { PATIENCE } else { LULL }) {
                    break;
                }
                into[length] = get(DATA);
                length += 1;
            }
            if length == 0 && !into.is_empty() {
                return Err(ErrorKind::TimedOut);
            }
            Ok(length)
        })
    }
}

impl Write for Uart {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        apart(|| {
            for byte in bytes {
                if !wait(MAY_SEND, PATIENCE) {
                    return Err(ErrorKind::TimedOut);
                }
                set(DATA, *byte);
            }
            Ok(bytes.len())
        })
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}
