//! What is known at each line of a function: the registers whose values count later, and the values that are known.

use std::collections::HashSet;

use super::code::{AT_RETURN, CLOBBERED, Instruction, Kind, Line, Operand, Registers, labels};

/// Everything counts: where the way on is not known.
const ALL: Registers = 0x1_ffff;

/// The lines that may follow each line.
pub struct Flow {
    next: Vec<Vec<usize>>,
}

impl Flow {
    /// `addressed` are the labels that are reached by their addresses. `None` if the way leads out of the function.
    pub fn of(lines: &[Line<'_>], addressed: &HashSet<&str>) -> Option<Flow> {
        let labels = labels(lines);
        let anywhere: Vec<usize> = labels
            .iter()
            .filter(|(label, _)| addressed.contains(*label))
            .map(|(_, &line)| line)
            .collect();
        let mut next = Vec::with_capacity(lines.len());
        for (number, line) in lines.iter().enumerate() {
            let behind = (number + 1 < lines.len()).then_some(number + 1);
            let Line::Instruction(instruction) = line else {
                next.push(behind.into_iter().collect());
                continue;
            };
            next.push(match (instruction.kind(), instruction.target()) {
                (Kind::Return, _) => Vec::new(),
                (Kind::Jump, Some(label)) => vec![*labels.get(label)?],
                (Kind::Jump, None) => anywhere.clone(),
                (Kind::Branch, Some(label)) => {
                    behind.into_iter().chain([*labels.get(label)?]).collect()
                }
                (Kind::Branch, None) => return None,
                _ => behind.into_iter().collect(),
            });
        }
        Some(Flow { next })
    }

    /// The registers that count after each line.
    pub fn live(&self, lines: &[Line<'_>]) -> Vec<Registers> {
        let mut before: Vec<Registers> = vec![0; lines.len()];
        let mut after = before.clone();
        loop {
            let mut is_done = true;
            for (number, line) in lines.iter().enumerate().rev() {
                let mut live = self.next[number]
                    .iter()
                    .fold(0, |all, &next| all | before[next]);
                if self.next[number].is_empty() {
                    let is_return =
                        matches!(line, Line::Instruction(one) if one.kind() == Kind::Return);
                    live = if is_return { AT_RETURN } else { ALL };
                }
                after[number] = live;
                if let Line::Instruction(instruction) = line {
                    live = live & !instruction.writes() | instruction.reads();
                }
                is_done &= before[number] == live;
                before[number] = live;
            }
            if is_done {
                return after;
            }
        }
    }

    /// What the registers are known to hold before each line; `None` for a line that is not reached.
    pub fn known<'t>(
        &self,
        lines: &[Line<'t>],
        literal: impl Fn(&str) -> Option<&'t str>,
    ) -> Vec<Option<Known<'t>>> {
        let mut before: Vec<Option<Known<'t>>> = vec![None; lines.len()];
        before[0] = Some(Known::default());
        let mut waiting = vec![0];
        while let Some(number) = waiting.pop() {
            let Some(mut known) = before[number].clone() else {
                continue;
            };
            if let Line::Instruction(instruction) = &lines[number] {
                known.after(instruction, &literal);
            }
            for &next in &self.next[number] {
                let met = match &before[next] {
                    None => known.clone(),
                    Some(other) => known.met(other),
                };
                if before[next].as_ref() != Some(&met) {
                    before[next] = Some(met);
                    waiting.push(next);
                }
            }
        }
        before
    }
}

/// What a register holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Value<'t> {
    Number(i32),
    /// The address of a symbol.
    Address(&'t str),
    /// A number that has so many bits at most.
    Bits(u32),
}

/// What the registers are known to hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known<'t>([Option<Value<'t>>; 16]);

impl<'t> Known<'t> {
    pub fn of(&self, register: u8) -> Option<Value<'t>> {
        self.0[usize::from(register)]
    }

    pub fn number(&self, register: u8) -> Option<i32> {
        match self.of(register) {
            Some(Value::Number(number)) => Some(number),
            _ => None,
        }
    }

    /// How many bits it has at most.
    pub fn bits(&self, register: u8) -> u32 {
        match self.of(register) {
            Some(Value::Number(number)) => bits(number),
            Some(Value::Bits(bits)) => bits,
            _ => 32,
        }
    }

    /// A register that holds this.
    pub fn holding(&self, value: Value<'t>) -> Option<u8> {
        (0..16).find(|&register| self.of(register) == Some(value))
    }

    /// What is known on both of two ways.
    fn met(&self, other: &Self) -> Self {
        let mut met = Known::default();
        for register in 0..16 {
            met.0[usize::from(register)] = match (self.of(register), other.of(register)) {
                (one, two) if one == two => one,
                (Some(_), Some(_)) => narrow(self.bits(register).max(other.bits(register))),
                _ => None,
            };
        }
        met
    }

    fn after(&mut self, instruction: &Instruction<'t>, literal: impl Fn(&str) -> Option<&'t str>) {
        let writes = instruction.writes();
        let value = self.result(instruction, literal);
        for register in 0..16 {
            if writes >> register & 1 == 1 {
                self.0[register] = None;
            }
        }
        if let Some(register) = instruction.result() {
            self.0[usize::from(register)] = value;
        }
        debug_assert!(instruction.kind() != Kind::Call || writes == CLOBBERED);
    }

    /// What an instruction puts into its first operand.
    pub fn result(
        &self,
        instruction: &Instruction<'t>,
        literal: impl Fn(&str) -> Option<&'t str>,
    ) -> Option<Value<'t>> {
        let source = |index| instruction.register(index).map_or(32, |one| self.bits(one));
        if let Some((from, _)) = instruction.copy() {
            return self.of(from);
        }
        match (instruction.name, &instruction.operands[..]) {
            ("movi", &[_, Operand::Number(number)]) => Some(Value::Number(number)),
            ("l32r", &[_, Operand::Name(name)]) => {
                let text = literal(name)?;
                Some(number_of(text).map_or(Value::Address(text), Value::Number))
            }
            ("l8ui", _) => narrow(8),
            ("l16ui", _) => narrow(16),
            ("extui", &[.., Operand::Number(count)]) => narrow(count.try_into().ok()?),
            ("srli", &[.., Operand::Number(count)]) => {
                narrow(source(1).saturating_sub(count.try_into().ok()?))
            }
            ("slli", &[.., Operand::Number(count)]) => {
                narrow(source(1) + u32::try_from(count).ok()?)
            }
            ("and", _) => narrow(source(1).min(source(2))),
            ("or" | "xor", _) => narrow(source(1).max(source(2))),
            _ => None,
        }
    }
}

/// A literal that is a number.
fn number_of(text: &str) -> Option<i32> {
    let number: i64 = text.parse().ok()?;
    i32::try_from(number)
        .ok()
        .or_else(|| Some(u32::try_from(number).ok()? as i32))
}

fn narrow<'t>(bits: u32) -> Option<Value<'t>> {
    (bits < 32).then_some(Value::Bits(bits))
}

/// The bits that a number has.
fn bits(number: i32) -> u32 {
    32 - (number as u32).leading_zeros()
}
