//! The text of a function, as instructions.

use std::collections::{HashMap, HashSet};
use std::fmt::Write;
use std::ops::Range;

/// A line of assembly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line<'t> {
    /// A place to jump to.
    Label(&'t str),
    Instruction(Instruction<'t>),
    /// Anything else: directives, comments, nothing.
    Other(&'t str),
}

/// An instruction that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction<'t> {
    pub name: &'t str,
    pub operands: Vec<Operand<'t>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operand<'t> {
    Register(u8),
    Number(i32),
    /// A label, or the name of a literal.
    Name(&'t str),
}

/// A set of the registers `a0` to `a15`, a bit for each, and the register of shift amounts.
pub type Registers = u32;

/// The register of shift amounts.
pub const SHIFT: Registers = 1 << 16;

/// Before a call of something that may lie too far away for a direct one: the assembler adds a literal with the address, and the
/// linker takes it away where that is not needed.
pub const FAR: &str = ".begin longcalls";

/// What a function may change without saving it: return address, arguments, temporary registers, shift amount.
pub const CLOBBERED: Registers = 0x0ffd | SHIFT;

/// What a call may read: arguments, and the stack.
const ARGUMENTS: Registers = 0x00fe;

/// What counts when a function returns: return address, stack, results, and what it must have kept.
pub const AT_RETURN: Registers = 0xf03f;

/// What an instruction does, by its name; `None` for one that is not known here.
fn kind(name: &str) -> Option<Kind> {
    Some(match name {
        "or" | "and" | "xor" | "add" | "addx2" | "addx4" | "addx8" | "sub" | "subx2" | "subx4"
        | "subx8" | "addi" | "addmi" | "neg" | "mull" | "slli" | "srli" | "srai" | "extui"
        | "movi" | "l32r" => Kind::Value,
        "sll" | "srl" | "sra" | "src" => Kind::Shift,
        "l32i" | "l16ui" | "l16si" | "l8ui" => Kind::Load,
        "s32i" | "s16i" | "s8i" | "memw" => Kind::Effect,
        "ssl" | "ssr" => Kind::SetShift,
        "beq" | "bne" | "blt" | "bltu" | "bge" | "bgeu" | "beqz" | "bnez" | "bltz" | "bgez"
        | "beqi" | "bnei" | "blti" | "bgei" | "bltui" | "bgeui" | "bbsi" | "bbci" => Kind::Branch,
        "j" | "jx" => Kind::Jump,
        "ret" => Kind::Return,
        "call0" | "callx0" => Kind::Call,
        _ => return None,
    })
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Puts a value into its first operand, and does nothing else.
    Value,
    /// The same, by the register of shift amounts.
    Shift,
    Load,
    SetShift,
    /// Writes to memory, or has another effect.
    Effect,
    Branch,
    Jump,
    Return,
    Call,
}

impl<'t> Instruction<'t> {
    pub fn new(name: &'t str, operands: &[Operand<'t>]) -> Self {
        Instruction {
            name,
            operands: operands.to_vec(),
        }
    }

    /// Reads one; `None` if it is not known.
    fn read(line: &'t str) -> Option<Self> {
        let (name, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
        kind(name)?;
        let rest = rest.trim();
        let operands = if rest.is_empty() {
            Vec::new()
        } else {
            rest.split(',')
                .map(|operand| Operand::read(operand.trim()))
                .collect::<Option<_>>()?
        };
        Some(Instruction { name, operands })
    }

    pub fn kind(&self) -> Kind {
        kind(self.name).unwrap_or(Kind::Effect)
    }

    /// The register in that place.
    pub fn register(&self, index: usize) -> Option<u8> {
        match self.operands.get(index) {
            Some(Operand::Register(register)) => Some(*register),
            _ => None,
        }
    }

    /// The label or the literal that it names.
    pub fn target(&self) -> Option<&'t str> {
        match self.operands.last() {
            Some(Operand::Name(name)) => Some(name),
            _ => None,
        }
    }

    /// From and to, if it copies a register.
    pub fn copy(&self) -> Option<(u8, u8)> {
        match (self.name, &self.operands[..]) {
            (
                "or",
                &[
                    Operand::Register(to),
                    Operand::Register(from),
                    Operand::Register(also),
                ],
            ) if from == also => Some((from, to)),
            _ => None,
        }
    }

    /// A copy of a register.
    pub fn copying(from: u8, to: u8) -> Self {
        let from = Operand::Register(from);
        Instruction::new("or", &[Operand::Register(to), from, from])
    }

    /// Whether its first operand is what it changes.
    fn has_result(&self) -> bool {
        matches!(self.kind(), Kind::Value | Kind::Shift | Kind::Load)
    }

    /// The register that it puts its result into.
    pub fn result(&self) -> Option<u8> {
        self.register(0).filter(|_| self.has_result())
    }

    /// What it changes.
    pub fn writes(&self) -> Registers {
        match self.kind() {
            Kind::Value | Kind::Shift | Kind::Load => self.register(0).map_or(0, |one| 1 << one),
            Kind::SetShift => SHIFT,
            Kind::Call => CLOBBERED,
            _ => 0,
        }
    }

    /// Where its operands are that it reads.
    pub fn sources(&self) -> Range<usize> {
        usize::from(self.has_result())..self.operands.len()
    }

    /// What it reads.
    pub fn reads(&self) -> Registers {
        let named = self.sources().filter_map(|index| self.register(index));
        let named = named.fold(0, |all, one| all | 1 << one);
        named
            | match self.kind() {
                Kind::Call => ARGUMENTS,
                Kind::Return => AT_RETURN,
                Kind::Shift => SHIFT,
                _ => 0,
            }
    }
}

impl<'t> Operand<'t> {
    fn read(text: &'t str) -> Option<Self> {
        let number = text
            .strip_prefix('a')
            .and_then(|digits| digits.parse().ok());
        if let Some(register @ 0..16) = number {
            return Some(Operand::Register(register));
        }
        if let Ok(number) = text.parse() {
            return Some(Operand::Number(number));
        }
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_.$".contains(&byte);
        text.bytes().all(is_name).then_some(Operand::Name(text))
    }
}

/// The lines of a function; `None` if anything in it is not understood.
pub fn read<'t>(lines: &[&'t str]) -> Option<Vec<Line<'t>>> {
    lines
        .iter()
        .map(|&line| {
            let text = line.trim();
            if let Some(label) = text.strip_suffix(':') {
                return Some(Line::Label(label));
            }
            let is_harmless =
                text.is_empty() || text.starts_with('#') || text.starts_with(".p2align");
            if is_harmless {
                return Some(Line::Other(line));
            }
            Instruction::read(text).map(Line::Instruction)
        })
        .collect()
}

/// The same as text. `near` are the functions of this program, which can be called directly.
pub fn write(lines: &[Line<'_>], near: &HashSet<&str>, out: &mut String) {
    for line in lines {
        let is_far = matches!(line, Line::Instruction(Instruction { name: "call0", operands })
            if !matches!(operands[..], [Operand::Name(name)] if near.contains(name)));
        if is_far {
            let _ = writeln!(out, "\t{FAR}");
        }
        match line {
            Line::Label(label) => {
                let _ = write!(out, "{label}:");
            }
            Line::Other(text) => out.push_str(text),
            Line::Instruction(Instruction { name, operands }) => {
                let _ = write!(out, "\t{name}");
                for (index, operand) in operands.iter().enumerate() {
                    out.push_str(if index == 0 { "\t" } else { ", " });
                    let _ = match operand {
                        Operand::Register(register) => write!(out, "a{register}"),
                        Operand::Number(number) => write!(out, "{number}"),
                        Operand::Name(name) => write!(out, "{name}"),
                    };
                }
            }
        }
        out.push('\n');
        if is_far {
            out.push_str("\t.end longcalls\n");
        }
    }
}

/// Where every label is.
pub fn labels<'t>(lines: &[Line<'t>]) -> HashMap<&'t str, usize> {
    let labels = lines.iter().enumerate();
    labels
        .filter_map(|(number, line)| match line {
            Line::Label(label) => Some((*label, number)),
            _ => None,
        })
        .collect()
}
