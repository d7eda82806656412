/*
 * void on_stack(void *top, void (*work)(void *), void *argument);
 *
 * Calls `work` on another stack, which ends below `top` (aligned to 16 bytes), and comes back on the old one: for Arduino's core,
 * whose loop has a stack of 4 KB.
 */
    .section .irom0.text, "ax"
    .global on_stack
    .type   on_stack, @function
    .align  4
on_stack:
    addi    a2, a2, -16
    s32i    a0, a2, 0
    s32i    a1, a2, 4
    mov     a1, a2
    mov     a2, a4
    callx0  a3
    l32i    a0, a1, 0
    l32i    a1, a1, 4
    ret
    .size   on_stack, . - on_stack
