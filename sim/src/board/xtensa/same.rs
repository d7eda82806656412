//! The property of a shorter function: it does the same. Functions made by chance are interpreted, before and after.

use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::code::{AT_RETURN, CLOBBERED, Instruction, Kind, Line, Operand, labels, write};
use super::shorten::shorten;

/// The literals there are: a name, and what it holds.
const LITERALS: [(&str, &str); 6] = [
    ("L_f", "f"),
    ("L_g", "g"),
    ("L_ffff", "65535"),
    ("L_minus", "4294967295"),
    ("L_seven", "7"),
    ("L_much", "-150798332"),
];

const LABELS: [&str; 6] = [".L0", ".L1", ".L2", ".L3", ".L4", ".L5"];

fn literal(name: &str) -> Option<&'static str> {
    LITERALS
        .iter()
        .find(|(other, _)| *other == name)
        .map(|(_, value)| *value)
}

/// The number that is in a register for a literal: symbols have addresses.
fn value(text: &str) -> u32 {
    match text {
        "f" => 0x4020_1000,
        "g" => 0x4020_2000,
        _ => text.parse::<i64>().unwrap() as u32,
    }
}

/// Any number, the same for the same ones.
fn mix(one: u32, two: u32) -> u32 {
    (one ^ two.rotate_left(16))
        .wrapping_mul(0x9e37_79b1)
        .rotate_left(13)
        ^ two
}

/// What a function did that others can see.
#[derive(Debug, PartialEq, Eq)]
enum Effect {
    Stored {
        address: u32,
        bytes: u32,
        value: u32,
    },
    Called {
        address: u32,
        arguments: [u32; 7],
    },
    Returned([u32; 16]),
}

struct Machine {
    registers: [u32; 16],
    shift: u32,
    memory: HashMap<u32, u8>,
    effects: Vec<Effect>,
}

impl Machine {
    fn load(&self, address: u32, bytes: u32) -> u32 {
        (0..bytes).rev().fold(0, |all, index| {
            let at = address.wrapping_add(index);
            let byte = self.memory.get(&at).copied();
            all << 8 | u32::from(byte.unwrap_or(mix(at, 1) as u8))
        })
    }

    fn store(&mut self, address: u32, bytes: u32, value: u32) {
        let value = if bytes < 4 {
            value & ((1 << (8 * bytes)) - 1)
        } else {
            value
        };
        for index in 0..bytes {
            self.memory
                .insert(address.wrapping_add(index), (value >> (8 * index)) as u8);
        }
        self.effects.push(Effect::Stored {
            address,
            bytes,
            value,
        });
    }

    fn call(&mut self, address: u32) {
        let arguments = std::array::from_fn(|index| self.registers[index + 1]);
        self.effects.push(Effect::Called { address, arguments });
        let seed = mix(address, self.effects.len() as u32);
        for register in 0..16 {
            if CLOBBERED >> register & 1 == 1 {
                self.registers[register as usize] = mix(seed, register);
            }
        }
        self.shift = seed % 32;
    }

    /// Does it; whether a branch is taken.
    fn step(&mut self, one: &Instruction<'_>) -> bool {
        let source = |index: usize| match one.operands[index] {
            Operand::Register(register) => self.registers[usize::from(register)],
            Operand::Number(number) => number as u32,
            Operand::Name(name) => value(literal(name).unwrap_or(name)),
        };
        let signed = |index| source(index) as i32;
        let address = || source(1).wrapping_add(source(2));
        let result = match one.name {
            "or" => source(1) | source(2),
            "and" => source(1) & source(2),
            "xor" => source(1) ^ source(2),
            "add" | "addi" | "addmi" => source(1).wrapping_add(source(2)),
            "sub" => source(1).wrapping_sub(source(2)),
            "slli" => source(1) << source(2),
            "srli" => source(1) >> source(2),
            "srai" => (signed(1) >> source(2)) as u32,
            "extui" => source(1) >> source(2) & ((1 << source(3)) - 1),
            "sll" => (u64::from(source(1)) << self.shift) as u32,
            "movi" | "l32r" => source(1),
            "l8ui" => self.load(address(), 1),
            "l16ui" => self.load(address(), 2),
            "l32i" => self.load(address(), 4),
            "s8i" => return self.store_from(one, 1),
            "s32i" => return self.store_from(one, 4),
            "ssl" => {
                self.shift = source(0) % 32;
                return false;
            }
            "callx0" | "call0" => {
                let address = source(0);
                self.call(address);
                return false;
            }
            "beq" | "beqi" => return source(0) == source(1),
            "bne" | "bnei" => return source(0) != source(1),
            "blt" => return signed(0) < signed(1),
            "bge" => return signed(0) >= signed(1),
            "bltu" | "bltui" => return source(0) < source(1),
            "bgeu" | "bgeui" => return source(0) >= source(1),
            "beqz" => return source(0) == 0,
            "bnez" => return source(0) != 0,
            "j" => return true,
            "ret" => {
                let seen = |index: usize| match AT_RETURN >> index & 1 {
                    1 => self.registers[index],
                    _ => 0,
                };
                self.effects
                    .push(Effect::Returned(std::array::from_fn(seen)));
                return false;
            }
            other => panic!("{other} is not interpreted"),
        };
        self.registers[usize::from(one.result().unwrap())] = result;
        false
    }

    fn store_from(&mut self, one: &Instruction<'_>, bytes: u32) -> bool {
        let register = |index| self.registers[usize::from(one.register(index).unwrap())];
        let Operand::Number(offset) = one.operands[2] else {
            panic!("an offset is a number");
        };
        self.store(register(1).wrapping_add(offset as u32), bytes, register(0));
        false
    }
}

/// What the function does, up to its return; of one that does not end, the beginning.
fn effects(lines: &[Line<'_>], seed: u32) -> Vec<Effect> {
    let labels = labels(lines);
    let mut machine = Machine {
        registers: std::array::from_fn(|index| mix(seed, index as u32) % 300),
        shift: 0,
        memory: HashMap::new(),
        effects: Vec::new(),
    };
    let mut number = 0;
    for _ in 0..2000 {
        if let Line::Instruction(one) = &lines[number] {
            if machine.step(one) {
                number = labels[one.target().unwrap()];
                continue;
            }
            if one.kind() == Kind::Return {
                break;
            }
        }
        number += 1;
    }
    machine.effects
}

/// Whether one has returned.
fn has_returned(effects: &[Effect]) -> bool {
    matches!(effects.last(), Some(Effect::Returned(_)))
}

fn register() -> impl Strategy<Value = Operand<'static>> {
    prop::sample::select(vec![2u8, 3, 8, 9, 10, 12, 13]).prop_map(Operand::Register)
}

/// Also the stack pointer, which is changed seldom.
fn source() -> impl Strategy<Value = Operand<'static>> {
    prop_oneof![6 => register(), 1 => Just(Operand::Register(1))]
}

fn number() -> impl Strategy<Value = Operand<'static>> {
    let numbers = vec![
        -2048, -128, -1, 0, 1, 2, 3, 7, 8, 9, 15, 16, 127, 128, 240, 255, 256, 512, 2047,
    ];
    prop::sample::select(numbers).prop_map(Operand::Number)
}

fn label() -> impl Strategy<Value = Operand<'static>> {
    prop::sample::select(LABELS.to_vec()).prop_map(Operand::Name)
}

fn instruction() -> impl Strategy<Value = Line<'static>> {
    let values = vec!["or", "and", "and", "xor", "add", "sub"];
    let compared = vec!["beq", "bne", "blt", "bge", "bltu", "bgeu"];
    let literals: Vec<_> = LITERALS
        .iter()
        .map(|(name, _)| Operand::Name(name))
        .collect();
    let offset = || (0..4i32).prop_map(|index| Operand::Number(4 * index));
    let new = |name, operands: &[Operand<'static>]| Instruction::new(name, operands);
    prop_oneof![
        3 => (prop::sample::select(values), register(), source(), source())
            .prop_map(move |(name, to, one, two)| new(name, &[to, one, two])),
        3 => (register(), source()).prop_map(move |(to, from)| new("or", &[to, from, from])),
        4 => (register(), number()).prop_map(move |(to, number)| new("movi", &[to, number])),
        3 => (register(), prop::sample::select(literals))
            .prop_map(move |(to, literal)| new("l32r", &[to, literal])),
        1 => (register(), source(), -128..128i32)
            .prop_map(move |(to, from, more)| new("addi", &[to, from, Operand::Number(more)])),
        // The way the stack pointer is moved.
        1 => (-4..4i32, register()).prop_map(move |(more, by)| {
            new("addi", &[by, Operand::Register(1), Operand::Number(16 * more)])
        }),
        1 => register().prop_map(move |from| new("or", &[Operand::Register(1), from, from])),
        2 => (prop::sample::select(vec!["slli", "srli", "srai"]), register(), source(), 1..16i32)
            .prop_map(move |(name, to, from, by)| new(name, &[to, from, Operand::Number(by)])),
        1 => (register(), source(), 0..16i32, 1..17i32).prop_map(move |(to, from, by, bits)| {
            new("extui", &[to, from, Operand::Number(by), Operand::Number(bits)])
        }),
        1 => register().prop_map(move |by| new("ssl", &[by])),
        1 => (register(), source()).prop_map(move |(to, from)| new("sll", &[to, from])),
        2 => (prop::sample::select(vec!["l8ui", "l16ui", "l32i"]), register(), source(), offset())
            .prop_map(move |(name, to, at, offset)| new(name, &[to, at, offset])),
        2 => (prop::sample::select(vec!["s8i", "s32i"]), source(), source(), offset())
            .prop_map(move |(name, from, at, offset)| new(name, &[from, at, offset])),
        2 => register().prop_map(move |at| new("callx0", &[at])),
        3 => (prop::sample::select(compared), source(), source(), label())
            .prop_map(move |(name, one, two, label)| new(name, &[one, two, label])),
        2 => (prop::sample::select(vec!["beqz", "bnez"]), source(), label())
            .prop_map(move |(name, one, label)| new(name, &[one, label])),
        1 => label().prop_map(move |label| new("j", &[label])),
    ]
    .prop_map(Line::Instruction)
}

prop_compose! {
    /// Blocks with a label each, and a return at the end.
    fn function()(blocks in prop::collection::vec(prop::collection::vec(instruction(), 0..9), LABELS.len()))
        -> Vec<Line<'static>>
    {
        let blocks = LABELS.iter().zip(blocks);
        let mut lines: Vec<_> = blocks
            .flat_map(|(label, block)| std::iter::once(Line::Label(label)).chain(block))
            .collect();
        lines.push(Line::Instruction(Instruction::new("ret", &[])));
        lines
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    #[test]
    fn a_shorter_function_stores_calls_and_returns_the_same(lines in function(), seeds in any::<[u32; 4]>()) {
        let text = |lines: &[Line<'_>]| {
            let mut text = String::new();
            write(lines, &HashSet::new(), &mut text);
            text
        };
        let mut shorter = lines.clone();
        shorten(&mut shorter, &HashSet::new(), &literal);
        prop_assert!(shorter.len() <= lines.len());
        for seed in seeds {
            let (mut found, mut expected) = (effects(&shorter, seed), effects(&lines, seed));
            if !has_returned(&expected) {
                // The shorter one gets farther in as many steps.
                let length = found.len().min(expected.len());
                found.truncate(length);
                expected.truncate(length);
            }
            prop_assert_eq!(found, expected, "{}\nbecame\n{}", text(&lines), text(&shorter));
        }
    }
}
