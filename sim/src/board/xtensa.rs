//! What the assembler of the ESP8266's CPU needs.
//!
//! LLVM's own assembler misplaces the literals of this CPU, so that its text goes to the GNU assembler. There LLVM puts a
//! function's literals before the directive that switches to the function's section. They belong behind it: where they
//! were, they would hold on to the section before, and the linker could drop nothing. For the same reason every string gets a
//! section of its own: LLVM puts all of a crate's into one. Tables of addresses to jump to go where the linker script keeps
//! what is read in words.

use std::collections::HashMap;

/// The same text with every literal in the section that uses it, and every string in a section of its own.
pub fn rearrange(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut section = None;
    let mut definitions = HashMap::new();
    let mut uses = HashMap::new();
    for (number, line) in lines.iter().enumerate() {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix(".literal ") {
            let label = rest.split(',').next().unwrap_or_default().trim();
            definitions.insert(label, number);
        } else if line.starts_with(".section") || line == ".text" {
            section = Some(number);
        } else if line.starts_with("l32r")
            && let Some((_, label)) = line.split_once(',')
            && let Some(section) = section
        {
            uses.entry(label.trim()).or_insert(section);
        }
    }
    let mut behind: HashMap<usize, Vec<usize>> = HashMap::new();
    for (label, definition) in definitions {
        if let Some(section) = uses.get(label) {
            behind.entry(*section).or_default().push(definition);
        }
    }
    let mut out = String::with_capacity(text.len());
    for (number, line) in lines.iter().enumerate() {
        if line.trim().starts_with(".literal") {
            continue;
        }
        if is_jump_table(&lines[number..]) {
            out.push_str(&format!(
                "\t.section .words.jumps{number},\"a\",@progbits\n"
            ));
        } else if is_shared(line) {
            out.push_str(&format!(
                "\t.section .rodata.shared{number},\"a\",@progbits\n"
            ));
        } else {
            out.push_str(line);
            out.push('\n');
        }
        if let Some(literals) = behind.get_mut(&number) {
            literals.sort_unstable();
            out.push_str("\t.literal_position\n");
            for literal in literals {
                out.push_str(lines[*literal]);
                out.push('\n');
            }
        }
    }
    out
}

/// Whether the first line switches to a section of addresses to jump to.
fn is_jump_table(lines: &[&str]) -> bool {
    let [first, rest @ ..] = lines else {
        return false;
    };
    let is_constant = first
        .trim()
        .strip_prefix(".section")
        .is_some_and(|name| name.trim_start().starts_with(".rodata."));
    let mut rest = rest.iter().map(|line| line.trim());
    is_constant
        && rest
            .find(|line| !line.starts_with(".p2align"))
            .is_some_and(|line| line.starts_with(".LJTI"))
}

/// Whether the line switches to a section of strings or of numbers that the linker may merge.
fn is_shared(line: &str) -> bool {
    let name = line.trim().strip_prefix(".section");
    name.is_some_and(|name| {
        [".rodata.str", ".rodata.cst"]
            .iter()
            .any(|shared| name.trim_start().starts_with(shared))
    })
}

#[cfg(test)]
mod tests {
    use super::rearrange;

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
}
