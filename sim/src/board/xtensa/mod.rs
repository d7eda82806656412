//! What the assembler of the ESP8266's CPU needs.
//!
//! LLVM's own assembler misplaces the literals of this CPU, so that its text goes to the GNU assembler. There LLVM puts a
//! function's literals before the directive that switches to the function's section. They belong behind it: where they
//! were, they would hold on to the section before, and the linker could drop nothing. For the same reason every string gets a
//! section of its own: LLVM puts all of a crate's into one. Tables of addresses to jump to go where the linker script keeps
//! what is read in words.

mod code;
mod flow;
mod shorten;

use std::collections::{HashMap, HashSet};

/// The same program for the GNU assembler: every function as short as is known here, every literal in the section that uses it,
/// and every string in a section of its own.
pub fn prepare(text: &str) -> String {
    rearrange(&shortened(text))
}

/// The same program with shorter functions.
fn shortened(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut literals = HashMap::new();
    let mut addressed = HashSet::new();
    let mut functions = HashSet::new();
    for line in &lines {
        let line = line.trim();
        if let Some(function) = function_type(line) {
            functions.insert(function);
        } else if let Some(rest) = line.strip_prefix(".literal ")
            && let Some((label, value)) = rest.split_once(',')
        {
            literals.insert(label.trim(), value.trim());
            addressed.insert(value.trim());
        } else if let Some(value) = line.strip_prefix(".long").or(line.strip_prefix(".word")) {
            addressed.insert(value.trim());
        }
    }
    let literal = |label: &str| literals.get(label).copied();
    let mut out = String::with_capacity(text.len());
    let mut rest = &lines[..];
    while let [line, behind @ ..] = rest {
        out.push_str(line);
        out.push('\n');
        rest = behind;
        if function_type(line).is_none() {
            continue;
        }
        let end = behind
            .iter()
            .position(|line| line.starts_with(".Lfunc_end"));
        let (body, behind) = behind.split_at(end.unwrap_or(0));
        if let Some(mut body) = code::read(body).filter(|body| !body.is_empty()) {
            shorten::shorten(&mut body, &addressed, &literal);
            code::write(&body, &functions, &mut out);
            rest = behind;
        }
    }
    out
}

/// The function that comes next, if the line says so.
fn function_type(line: &str) -> Option<&str> {
    let rest = line.trim().strip_prefix(".type")?;
    Some(rest.strip_suffix("@function")?.trim().trim_end_matches(','))
}

/// The same text with every literal in the section that uses it, and every string in a section of its own.
fn rearrange(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    let mut section = None;
    let mut definitions = HashMap::new();
    let mut uses = HashMap::new();
    let mut behind: HashMap<usize, Vec<usize>> = HashMap::new();
    for (number, line) in lines.iter().enumerate() {
        let line = line.trim();
        if let Some(rest) = line.strip_prefix(".literal ") {
            let label = rest.split(',').next().unwrap_or_default().trim();
            definitions.insert(label, number);
        } else if line.starts_with(".section") || line == ".text" {
            section = Some(number);
        } else if line == code::FAR
            && let Some(section) = section
        {
            // The assembler makes a literal of its own for it.
            behind.entry(section).or_default();
        } else if line.starts_with("l32r")
            && let Some((_, label)) = line.split_once(',')
            && let Some(section) = section
        {
            uses.entry(label.trim()).or_insert(section);
        }
    }
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
mod same;
#[cfg(test)]
mod tests;
