use std::collections::{HashMap, HashSet};

use super::{code, prepare, rearrange, shorten};

/// A function of this text, as short as it gets.
fn short(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let literals = HashMap::from([
        ("L_f", "f"),
        ("L_ffff", "65535"),
        ("L_minus", "4294967295"),
        ("L_table", ".LJTI0_0"),
    ]);
    let literal = |label: &str| literals.get(label).copied();
    let mut body = code::read(&lines).unwrap();
    shorten::shorten(&mut body, &HashSet::from([".LBB9"]), &literal);
    let mut out = String::new();
    code::write(&body, &HashSet::from(["f"]), &mut out);
    out.split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
        .replace(", ", ",")
}

#[test]
fn what_is_called_by_an_address_from_a_literal_is_called_directly() {
    assert_eq!(short("\tl32r\ta8, L_f\n\tcallx0\ta8\n\tret"), "call0 f ret");
    // Also where the address was put into a register that calls keep, and is used in a loop.
    let twice =
        "\tl32r\ta12, L_f\n.LBB0:\n\tcallx0\ta12\n\tbnez\ta2, .LBB0\n\tl32i\ta12, a1, 0\n\tret";
    assert_eq!(
        short(twice),
        ".LBB0: call0 f bnez a2,.LBB0 l32i a12,a1,0 ret"
    );
}

#[test]
fn what_is_not_known_on_every_way_is_called_by_its_address() {
    let either =
        "\tl32r\ta8, L_f\n\tbeqz\ta2, .LBB0\n\tl32i\ta8, a2, 0\n.LBB0:\n\tcallx0\ta8\n\tret";
    assert_eq!(
        short(either),
        "l32r a8,L_f beqz a2,.LBB0 l32i a8,a2,0 .LBB0: callx0 a8 ret"
    );
    assert_eq!(
        short("\tl32r\ta8, L_table\n\tcallx0\ta8\n\tret"),
        "l32r a8,L_table callx0 a8 ret"
    );
}

#[test]
fn the_address_stays_where_it_counts_afterwards() {
    assert_eq!(
        short("\tl32r\ta12, L_f\n\tcallx0\ta12\n\tret"),
        "l32r a12,L_f call0 f ret"
    );
}

#[test]
fn what_is_elsewhere_may_be_too_far_for_a_direct_call() {
    let text = "\
\t.literal .LCPI0_0, memcpy
\t.literal .LCPI0_1, g
\t.section\t.text.g,\"ax\",@progbits
\t.type\tg,@function
g:
\tl32r\ta8, .LCPI0_0
\tcallx0\ta8
\tl32r\ta8, .LCPI0_1
\tcallx0\ta8
\tret
.Lfunc_end0:
";
    let expected = "\
\t.section\t.text.g,\"ax\",@progbits
\t.literal_position
\t.type\tg,@function
g:
\t.begin longcalls
\tcall0\tmemcpy
\t.end longcalls
\tcall0\tg
\tret
.Lfunc_end0:
";
    assert_eq!(prepare(text), expected);
}

#[test]
fn the_stack_pointer_is_moved_at_once() {
    let text = "\taddi\ta8, a1, -16\n\tor\ta1, a8, a8\n\ts32i\ta0, a1, 0\n\taddi\ta8, a1, 16\n\tor\ta1, a8, a8\n\tret";
    assert_eq!(short(text), "addi a1,a1,-16 s32i a0,a1,0 addi a1,a1,16 ret");
}

#[test]
fn masks_and_comparisons_need_no_register() {
    assert_eq!(
        short("\tl32r\ta9, L_ffff\n\tand\ta2, a2, a9\n\tret"),
        "extui a2,a2,0,16 ret"
    );
    assert_eq!(
        short("\tl8ui\ta8, a2, 0\n\tmovi\ta9, 255\n\tand\ta2, a8, a9\n\tret"),
        "l8ui a2,a2,0 ret"
    );
    assert_eq!(
        short(
            "\tmovi\ta8, 0\n\tbeq\ta8, a2, .LBB0\n\tmovi\ta8, 7\n\tbltu\ta8, a3, .LBB0\n\taddi\ta2, a2, 1\n.LBB0:\n\tret"
        ),
        "beqz a2,.LBB0 bgeui a3,8,.LBB0 addi a2,a2,1 .LBB0: ret"
    );
    // What has no short form stays.
    let text =
        "\tmovi\ta8, 9\n\tbeq\ta2, a8, .LBB0\n\tmovi\ta8, 240\n\tand\ta2, a2, a8\n.LBB0:\n\tret";
    assert_eq!(
        short(text),
        "movi a8,9 beq a2,a8,.LBB0 movi a8,240 and a2,a2,a8 .LBB0: ret"
    );
}

#[test]
fn branches_over_jumps_are_turned_round() {
    let text = "\tbeqz\ta2, .LBB0\n\tj\t.LBB1\n.LBB0:\n\taddi\ta2, a2, 1\n.LBB1:\n\tret";
    assert_eq!(short(text), "bnez a2,.LBB1 .LBB0: addi a2,a2,1 .LBB1: ret");
}

#[test]
fn a_function_with_anything_that_is_not_known_stays_as_it_is() {
    for line in ["\tmoveqz\ta2, a3, a4", "\t.byte 1", "\tj\telsewhere"] {
        let text = format!("\t.type\tg,@function\ng:\n\tor\ta9, a9, a9\n{line}\n.Lfunc_end0:\n");
        assert_eq!(prepare(&text), text, "{line}");
    }
    // Neither is there a function without an end.
    assert_eq!(prepare("\t.type\tg,@function\n"), "\t.type\tg,@function\n");
}

#[test]
fn every_string_gets_a_section_of_its_own() {
    let text = "\t.section\t.rodata.str1.1,\"aMS\",@progbits,1\na:\n\t.section\t.rodata.str1.1,\"aMS\",@progbits,1\nb:\n";
    let expected = "\t.section .rodata.shared0,\"a\",@progbits\na:\n\t.section .rodata.shared2,\"a\",@progbits\nb:\n";
    assert_eq!(rearrange(text), expected);
}

#[test]
fn tables_of_jumps_are_told_from_other_constants() {
    let text = "\t.section .rodata.f,\"a\"\n\t.p2align 2\n.LJTI0_0:\n\t.long .LBB0_1\n\t.section .rodata.g,\"a\"\ng:\n";
    let expected = "\t.section .words.jumps0,\"a\",@progbits\n\t.p2align 2\n.LJTI0_0:\n\t.long .LBB0_1\n\t.section .rodata.g,\"a\"\ng:\n";
    assert_eq!(rearrange(text), expected);
}

#[test]
fn literals_are_put_behind_the_section_that_uses_them() {
    let text = "\
\t.literal_position
\t.literal .LCPI0_0, a
\t.section .text.f
f:
\tl32r a2, .LCPI0_0
\t.section .text.f
\t.literal_position
\t.literal .LCPI1_0, b
\t.literal .LCPI1_1, c
\t.literal .LCPI1_2, unused
\t.section .text.g
g:
\tl32r a3, .LCPI1_1
\tl32r a3, .LCPI1_0
";
    let expected = "\
\t.section .text.f
\t.literal_position
\t.literal .LCPI0_0, a
f:
\tl32r a2, .LCPI0_0
\t.section .text.f
\t.section .text.g
\t.literal_position
\t.literal .LCPI1_0, b
\t.literal .LCPI1_1, c
g:
\tl32r a3, .LCPI1_1
\tl32r a3, .LCPI1_0
";
    assert_eq!(rearrange(text), expected);
}
