//! The ESP32-C3's CPU (rv32imc) in QEMU's machine `virt`: semihosting, and the counter of retired instructions.

use core::arch::{asm, global_asm};
use core::ops::Range;

use bearcub_replay::Machine;

pub struct Board;

global_asm!(
    ".section .start, \"ax\"",
    ".global _start",
    "_start:",
    "la sp, _stack_top",
    "la t0, exception",
    "csrw mtvec, t0",
    "la t0, _bss_start",
    "la t1, _bss_end",
    "1: bgeu t0, t1, 2f",
    "sw zero, 0(t0)",
    "addi t0, t0, 4",
    "j 1b",
    "2: la t0, _data_start",
    "la t1, _data_end",
    "la t2, _data_load",
    "3: bgeu t0, t1, 4f",
    "lw t3, 0(t2)",
    "sw t3, 0(t0)",
    "addi t0, t0, 4",
    "addi t2, t2, 4",
    "j 3b",
    "4: call rust_main",
    ".balign 4",
    "exception:",
    "la sp, _stack_top",
    "csrr a0, mcause",
    "csrr a1, mepc",
    "call on_exception",
);

unsafe extern "C" {
    static _stack_bottom: u8;
    static _stack_top: u8;
}

const OPEN: usize = 0x01;
const WRITE: usize = 0x05;
const READ: usize = 0x06;
const EXIT_EXTENDED: usize = 0x20;
const APPLICATION_EXIT: usize = 0x2_0026;

/// A semihosting call.
fn host(operation: usize, arguments: &[usize; 3]) -> usize {
    let result;
    // SAFETY: the sequence is the one that the emulator looks for; what it reads and writes is behind the arguments.
    unsafe {
        asm!(
            ".balign 16",
            ".option push",
            ".option norvc",
            "slli zero, zero, 0x1f",
            "ebreak",
            "srai zero, zero, 7",
            ".option pop",
            inlateout("a0") operation => result,
            in("a1") arguments.as_ptr(),
        );
    }
    result
}

fn open(name: &[u8], mode: usize) -> usize {
    host(OPEN, &[name.as_ptr() as usize, mode, name.len() - 1])
}

impl Machine for Board {
    fn instructions() -> u32 {
        let count: u32;
        // SAFETY: reading the counter changes nothing.
        unsafe { asm!("csrr {}, minstret", out(reg) count) };
        count
    }

    fn write(bytes: &[u8]) {
        let output = open(b":tt\0", 4);
        host(WRITE, &[output, bytes.as_ptr() as usize, bytes.len()]);
    }

    fn read_tape(into: &mut [u8]) -> usize {
        let tape = open(b"tape.bin\0", 1);
        let left = host(READ, &[tape, into.as_mut_ptr() as usize, into.len()]);
        into.len().saturating_sub(left)
    }

    fn stack() -> Range<usize> {
        // SAFETY: the linker script defines these; only their addresses are taken.
        unsafe { &raw const _stack_bottom as usize..&raw const _stack_top as usize }
    }

    fn exit(well: bool) -> ! {
        host(EXIT_EXTENDED, &[APPLICATION_EXIT, usize::from(!well), 0]);
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
