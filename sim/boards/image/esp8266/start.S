/* Start-up of an lx106 in QEMU: the vectors, the memory, and what Rust cannot say. */

    .section .reset, "ax"
    .global _start
_start:
    j       1f
    .align  4
    .literal_position
1:  movi    a0, begin
    jx      a0

    /* Exceptions come here, at fixed offsets from 0x40000000. */
    .section .vectors, "ax"
    .org    0x30
    j       trap
    .org    0x50
    j       trap
    .org    0x70
    j       trap
    .align  4
    .literal_position
trap:
    movi    a1, _stack_top
    rsr     a2, exccause
    rsr     a3, epc1
    movi    a4, 0x20                /* Exceptions off; interrupts are off anyway. */
    wsr     a4, ps
    rsync
    movi    a0, on_exception
    callx0  a0

    .section .text.begin, "ax"
    .literal_position
    .align  4
begin:
    movi    a1, _stack_top
    movi    a2, 0x20
    wsr     a2, ps
    rsync
    movi    a2, _bss_start
    movi    a3, _bss_end
    movi    a4, 0
1:  bgeu    a2, a3, 2f
    s32i    a4, a2, 0
    addi    a2, a2, 4
    j       1b
2:  movi    a2, _data_start
    movi    a3, _data_end
    movi    a4, _data_load
3:  bgeu    a2, a3, 4f
    l32i    a5, a4, 0
    s32i    a5, a2, 0
    addi    a2, a2, 4
    addi    a4, a4, 4
    j       3b
4:  movi    a0, rust_main
    callx0  a0

    .section .text.simcall, "ax"
    .global simcall
    .type   simcall, @function
    .align  4
simcall:
    simcall
    ret

    .section .text.ccount, "ax"
    .global ccount
    .type   ccount, @function
    .align  4
ccount:
    rsr     a2, ccount
    ret
