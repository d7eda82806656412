//! The ESP8266's CPU (lx106) in QEMU's machine `sim`: simcalls, and the counter that ticks once in 25 instructions.

use core::ops::Range;

use bearcub_replay::Machine;

pub struct Board;

unsafe extern "C" {
    static _stack_bottom: u8;
    static _stack_top: u8;
    fn simcall(number: usize, a: usize, b: usize, c: usize) -> isize;
    fn ccount() -> u32;
}

const EXIT: usize = 1;
const READ: usize = 3;
const WRITE: usize = 4;
const OPEN: usize = 5;
const STANDARD_OUTPUT: usize = 1;
/// Instructions for each tick, with an instruction counted as a nanosecond and the CPU's clock at 40 MHz.
const TICK: u32 = 25;

fn host(number: usize, a: usize, b: usize, c: usize) -> isize {
    // SAFETY: the emulator reads and writes what the arguments point at, which the callers lend.
    unsafe { simcall(number, a, b, c) }
}

impl Machine for Board {
    fn instructions() -> u32 {
        // SAFETY: reading the counter changes nothing.
        unsafe { ccount() }.wrapping_mul(TICK)
    }

    fn write(bytes: &[u8]) {
        host(WRITE, STANDARD_OUTPUT, bytes.as_ptr() as usize, bytes.len());
    }

    fn read_tape(into: &mut [u8]) -> usize {
        let Ok(tape) = usize::try_from(host(OPEN, b"tape.bin\0".as_ptr() as usize, 0, 0)) else {
            return 0;
        };
        let mut len = 0;
        while let Some(rest) = into.get_mut(len..).filter(|rest| !rest.is_empty()) {
            match usize::try_from(host(READ, tape, rest.as_mut_ptr() as usize, rest.len())) {
                Ok(read) if read > 0 => len += read,
                _ => break,
            }
        }
        len
    }

    fn stack() -> Range<usize> {
        // SAFETY: the linker script defines these; only their addresses are taken.
        unsafe { &raw const _stack_bottom as usize..&raw const _stack_top as usize }
    }

    fn exit(well: bool) -> ! {
        host(EXIT, usize::from(!well), 0, 0);
        loop {}
    }
}

#[unsafe(no_mangle)]
extern "C" fn on_exception(cause: usize, at: usize) -> ! {
    #[cfg(not(any(feature = "firmware", feature = "firmware-plain")))]
    {
        use core::fmt::Write;
        let _ = writeln!(
            bearcub_replay::machine::Host::<Board>::default(),
            r#"{{"event":"trouble","what":"exception {cause} at 0x{at:08x}"}}"#
        );
    }
    let _ = (cause, at);
    Board::exit(false)
}

/// What the compiler's own library calls where it cannot go on.
#[unsafe(no_mangle)]
extern "C" fn abort() -> ! {
    Board::exit(false)
}

/// The compiler calls these for atomic loads of less than a word; on one core with interrupts off a load is one.
#[unsafe(no_mangle)]
unsafe extern "C" fn __atomic_load_1(from: *const u8, _order: i32) -> u8 {
    // SAFETY: the compiler hands in what it wants to load.
    unsafe { from.read_volatile() }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __atomic_load_2(from: *const u16, _order: i32) -> u16 {
    // SAFETY: as above.
    unsafe { from.read_volatile() }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __atomic_load_4(from: *const u32, _order: i32) -> u32 {
    // SAFETY: as above.
    unsafe { from.read_volatile() }
}

#[unsafe(no_mangle)]
unsafe extern "C" fn __atomic_store_4(to: *mut u32, value: u32, _order: i32) {
    // SAFETY: the compiler hands in where it wants to store.
    unsafe { to.write_volatile(value) }
}
