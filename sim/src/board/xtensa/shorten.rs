//! Shorter code for the same.
//!
//! LLVM's back end for this CPU calls every function by an address from a literal, masks with constants that it loads before,
//! and makes the stack's pointer in another register first. Each rule here replaces an instruction by one that does the same in
//! every case, as far as [`flow`](super::flow) proves it, and what no longer counts is left out.

use std::collections::HashSet;

use super::code::{AT_RETURN, Instruction, Kind, Line, Operand, Registers};
use super::flow::{Flow, Known, Value};

use Operand::{Name, Number, Register};

/// Rewrites a function. `addressed` are labels that are reached by their addresses, and `literal` tells what a literal is.
/// A function whose ways are not all known stays as it is.
pub fn shorten<'t>(
    lines: &mut Vec<Line<'t>>,
    addressed: &HashSet<&str>,
    literal: &impl Fn(&str) -> Option<&'t str>,
) {
    // Each pass makes it shorter or an instruction simpler; the bound is for an error here.
    for _ in 0..20 {
        let Some(flow) = Flow::of(lines, addressed) else {
            return;
        };
        let before = lines.clone();
        let known = flow.known(lines, literal);
        for (number, line) in lines.iter_mut().enumerate() {
            if let (Line::Instruction(instruction), Some(known)) = (line, &known[number])
                && let Some(simpler) = simpler(instruction, known, literal)
            {
                *instruction = simpler;
            }
        }
        let live = flow.live(lines);
        put_at_once(lines, &live);
        pass_copies_on(lines);
        let live = flow.live(lines);
        leave_out(lines, &live);
        turn_round(lines);
        if *lines == before {
            return;
        }
    }
}

/// An instruction that does the same in fewer bytes, or without a register.
fn simpler<'t>(
    instruction: &Instruction<'t>,
    known: &Known<'t>,
    literal: &impl Fn(&str) -> Option<&'t str>,
) -> Option<Instruction<'t>> {
    let number = |index| {
        instruction
            .register(index)
            .and_then(|one| known.number(one))
    };
    let new = |name, operands: &[Operand<'t>]| Some(Instruction::new(name, operands));
    match (instruction.name, &instruction.operands[..]) {
        ("callx0", &[Register(register)]) => match known.of(register) {
            Some(Value::Address(symbol)) if is_function(symbol) => new("call0", &[Name(symbol)]),
            _ => None,
        },
        ("movi" | "l32r", &[Register(to), _]) => {
            let value = known.result(instruction, literal)?;
            let is_short = matches!(value, Value::Number(-32..=95));
            if known.of(to) == Some(value) {
                return Some(Instruction::copying(to, to));
            }
            let from = known.holding(value).filter(|_| !is_short)?;
            Some(Instruction::copying(from, to))
        }
        ("and", &[to, Register(one), Register(two)]) => {
            let (from, mask) = match (number(1), number(2)) {
                (_, Some(mask)) => (one, mask),
                (Some(mask), _) => (two, mask),
                _ => return None,
            };
            let bits = mask.trailing_ones();
            if mask <= 0 || mask >> bits != 0 {
                return None;
            }
            if known.bits(from) <= bits {
                return new("or", &[to, Register(from), Register(from)]);
            }
            if bits > 16 {
                return None;
            }
            new(
                "extui",
                &[to, Register(from), Number(0), Number(bits as i32)],
            )
        }
        ("add", &[to, Register(one), Register(two)]) => {
            let (from, more) = match (number(1), number(2)) {
                (_, Some(more)) => (one, more),
                (Some(more), _) => (two, more),
                _ => return None,
            };
            match more {
                -128..=127 => new("addi", &[to, Register(from), Number(more)]),
                -32768..=32512 if more % 256 == 0 => {
                    new("addmi", &[to, Register(from), Number(more)])
                }
                _ => None,
            }
        }
        (name @ ("beq" | "bne"), &[Register(one), Register(two), label]) => {
            let (from, with) = match (number(1), number(0)) {
                (Some(with), _) => (one, with),
                (_, Some(with)) => (two, with),
                _ => return None,
            };
            match (name, with) {
                ("beq", 0) => new("beqz", &[Register(from), label]),
                ("bne", 0) => new("bnez", &[Register(from), label]),
                ("beq", _) if is_signed_constant(with) => {
                    new("beqi", &[Register(from), Number(with), label])
                }
                ("bne", _) if is_signed_constant(with) => {
                    new("bnei", &[Register(from), Number(with), label])
                }
                _ => None,
            }
        }
        (name @ ("bltu" | "bgeu"), &[Register(one), Register(two), label]) => {
            // `two` is compared with, or `one` is, and then the other way round.
            if let Some(with) = number(1).filter(|&with| is_unsigned_constant(with)) {
                let name = if name == "bltu" { "bltui" } else { "bgeui" };
                return new(name, &[Register(one), Number(with), label]);
            }
            let with = number(0)?
                .checked_add(1)
                .filter(|&with| is_unsigned_constant(with))?;
            let name = if name == "bltu" { "bgeui" } else { "bltui" };
            new(name, &[Register(two), Number(with), label])
        }
        _ => None,
    }
}

/// Whether a symbol may be called directly: the assembler's own labels are not functions.
fn is_function(symbol: &str) -> bool {
    !symbol.starts_with('.')
        && symbol
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"_$.".contains(&byte))
}

/// What `beqi` and `bnei` compare with.
fn is_signed_constant(number: i32) -> bool {
    matches!(number, -1 | 1..=8 | 10 | 12 | 16 | 32 | 64 | 128 | 256)
}

/// What `bltui` and `bgeui` compare with.
fn is_unsigned_constant(number: i32) -> bool {
    matches!(
        number,
        2..=8 | 10 | 12 | 16 | 32 | 64 | 128 | 256 | 32768 | 65536
    )
}

/// Reads the original where a copy of it is read, so that the copy may be left out.
fn pass_copies_on(lines: &mut [Line<'_>]) {
    // The register that each one is a copy of.
    let mut copies: [Option<u8>; 16] = [None; 16];
    for line in lines {
        let Line::Instruction(instruction) = line else {
            if matches!(line, Line::Label(_)) {
                copies = [None; 16];
            }
            continue;
        };
        for index in instruction.sources() {
            if let Some(Register(register)) = instruction.operands.get_mut(index)
                && let Some(original) = copies[usize::from(*register)]
            {
                *register = original;
            }
        }
        let writes = instruction.writes();
        let is_written = |register: u8| writes >> register & 1 == 1;
        for register in 0..16 {
            let copy = &mut copies[usize::from(register)];
            if is_written(register) || copy.is_some_and(is_written) {
                *copy = None;
            }
        }
        if let Some((from, to)) = instruction.copy()
            && from != to
        {
            copies[usize::from(to)] = Some(from);
        }
    }
}

/// Leaves out what has no effect.
fn leave_out(lines: &mut Vec<Line<'_>>, live: &[Registers]) {
    let mut number = 0;
    lines.retain(|line| {
        let live = live[number];
        number += 1;
        let Line::Instruction(instruction) = line else {
            return *line != Line::Other("");
        };
        let is_pure = matches!(
            instruction.kind(),
            Kind::Value | Kind::Shift | Kind::SetShift
        );
        let is_unread = is_pure && instruction.writes() & live == 0;
        let is_nothing = instruction.copy().is_some_and(|(from, to)| from == to);
        !is_unread && !is_nothing
    });
}

/// Leaves out jumps to what comes next, and those that a branch jumps over, which goes there itself then. Where that is too far
/// for a branch, the assembler puts the jump there again.
fn turn_round(lines: &mut Vec<Line<'_>>) {
    let mut number = 0;
    while number + 1 < lines.len() {
        let (before, behind) = lines.split_at_mut(number + 1);
        if let Some(Line::Instruction(one)) = before.last_mut()
            && let Some(label) = one.target()
        {
            if one.name == "j" && leads_to(behind, label) {
                lines.remove(number);
                continue;
            }
            if let [Line::Instruction(jump), behind @ ..] = behind
                && jump.name == "j"
                && let Some(opposite) = opposite(one.name)
                && leads_to(behind, label)
                && let (Some(to), Some(with)) = (one.operands.last_mut(), jump.operands.last())
            {
                (one.name, *to) = (opposite, *with);
                lines.remove(number + 1);
            }
        }
        number += 1;
    }
}

/// Whether that label comes before any instruction.
fn leads_to(lines: &[Line<'_>], label: &str) -> bool {
    let mut labels = lines
        .iter()
        .take_while(|line| !matches!(line, Line::Instruction(_)));
    labels.any(|line| *line == Line::Label(label))
}

/// The branch that goes where another one does not.
fn opposite(name: &str) -> Option<&'static str> {
    const PAIRS: [(&str, &str); 8] = [
        ("beq", "bne"),
        ("beqz", "bnez"),
        ("beqi", "bnei"),
        ("blt", "bge"),
        ("bltz", "bgez"),
        ("blti", "bgei"),
        ("bltu", "bgeu"),
        ("bltui", "bgeui"),
    ];
    PAIRS.iter().find_map(|&(one, other)| match name {
        _ if name == one => Some(other),
        _ if name == other => Some(one),
        _ => None,
    })
}

/// Puts a value at once where it is copied to afterwards.
fn put_at_once(lines: &mut [Line<'_>], live: &[Registers]) {
    let mut number = 0;
    while number < lines.len() {
        if let Some(made) = made_before(lines, live, number)
            && let Line::Instruction(copy) = &lines[number]
            && let Some((_, to)) = copy.copy()
            && let Line::Instruction(maker) = &mut lines[made]
        {
            maker.operands[0] = Register(to);
            lines[number] = Line::Other("");
        }
        number += 1;
    }
}

/// The line that makes what is copied in this one, if it may put it where the copy goes.
fn made_before(lines: &[Line<'_>], live: &[Registers], number: usize) -> Option<usize> {
    let Line::Instruction(copy) = &lines[number] else {
        return None;
    };
    let (from, to) = copy.copy()?;
    if live[number] >> from & 1 == 1 || from == to {
        return None;
    }
    let both = 1 << from | 1 << to;
    for earlier in (0..number).rev() {
        match &lines[earlier] {
            Line::Label(_) => return None,
            Line::Other(_) => {}
            Line::Instruction(one) => {
                let goes_on = matches!(
                    one.kind(),
                    Kind::Value | Kind::Shift | Kind::Load | Kind::SetShift | Kind::Effect
                );
                if one.result() == Some(from) {
                    return Some(earlier);
                }
                if !goes_on || (one.reads() | one.writes()) & both != 0 {
                    return None;
                }
            }
        }
    }
    None
}

const _: () = assert!(
    AT_RETURN >> 8 & 0xf == 0,
    "temporary registers do not count when a function returns"
);
