//! Holds every bound struct, union and constant to what the C compiler makes of BearSSL's headers.
//!
//! The numbers come from Rust, and a C file of static assertions is checked with them: once for this machine, and once
//! for 32-bit targets with the numbers that `src/layout.rs` asserts when the crate is compiled for one.

use std::fmt::Write;
use std::mem::{offset_of, size_of};
use std::path::{Path, PathBuf};
use std::process::Command;

use bearssl_sys::*;

/// The type behind a C expression: the type's own name, or that of the anonymous member which it stands for.
fn c_type(name: &str, anonymous: Option<(&str, &str)>) -> String {
    match anonymous {
        Some((owner, member)) => format!("__typeof__((({owner} *)0)->{member})"),
        None => name.to_owned(),
    }
}

/// C's name for a field: names that are Rust keywords have an underscore appended.
fn c_field(name: &str) -> &str {
    name.trim_end_matches('_')
}

/// Lets a field's size be inferred from a projection to it.
fn field_size<T, F>(_: impl Fn(*const T) -> *const F) -> usize {
    size_of::<F>()
}

struct Type {
    name: &'static str,
    anonymous: Option<(&'static str, &'static str)>,
    size: usize,
    align: usize,
    /// Name, offset, size.
    fields: Vec<(&'static str, usize, usize)>,
}

macro_rules! types {
    ($($type:ident $(= $owner:ident . $member:ident)? { $($field:ident,)* })*) => {
        fn types() -> Vec<Type> {
            vec![$(Type {
                name: stringify!($type),
                anonymous: None$(.or(Some((stringify!($owner), c_field(stringify!($member))))))?,
                size: size_of::<$type>(),
                align: align_of::<$type>(),
                fields: vec![$((
                    stringify!($field),
                    offset_of!($type, $field),
                    // SAFETY: the closure is never called.
                    field_size(|p: *const $type| unsafe { &raw const (*p).$field }),
                )),*],
            }),*]
        }
    };
}

macro_rules! constants {
    ($($name:ident,)*) => {
        fn constants() -> Vec<(&'static str, i64)> {
            vec![$((stringify!($name), i64::try_from($name).unwrap())),*]
        }
    };
}

include!("layout/table.rs");

/// Name and size of a type, then name and offset of its fields.
type Ilp32 = (&'static str, usize, Vec<(&'static str, usize)>);

macro_rules! ilp32 {
    ($($type:ident: $size:tt { $($field:ident: $offset:expr,)* })*) => {
        fn ilp32_types() -> Vec<Ilp32> {
            vec![$((stringify!($type), $size, vec![$((stringify!($field), $offset)),*])),*]
        }
    };
}

include!("../src/ilp32.rs");

/// One static assertion, with a message that says what differs.
fn assertion(text: &mut String, expression: &str, value: impl Into<i128>, what: &str) {
    let value = value.into();
    writeln!(
        text,
        "_Static_assert({expression} == {value}, \"{what} is {value} in Rust\");"
    )
    .unwrap();
}

fn host_assertions() -> String {
    // With the limits that only BearSSL's own files see.
    let mut text = String::from("#include \"inner.h\"\n#include <stddef.h>\n");
    for ty in types() {
        let (c, name) = (c_type(ty.name, ty.anonymous), ty.name);
        assertion(
            &mut text,
            &format!("sizeof({c})"),
            ty.size as u64,
            &format!("size of {name}"),
        );
        assertion(
            &mut text,
            &format!("_Alignof({c})"),
            ty.align as u64,
            &format!("alignment of {name}"),
        );
        for (field, offset, size) in ty.fields {
            let member = c_field(field);
            assertion(
                &mut text,
                &format!("offsetof({c}, {member})"),
                offset as u64,
                &format!("offset of {name}.{field}"),
            );
            assertion(
                &mut text,
                &format!("sizeof((({c} *)0)->{member})"),
                size as u64,
                &format!("size of {name}.{field}"),
            );
        }
    }
    for (name, value) in constants() {
        assertion(&mut text, &format!("({name})"), value, name);
    }
    // The interpreter's registers are declared anew in every context that has them.
    for owner in ["br_x509_minimal_context", "br_x509_decoder_context"] {
        let c = format!("__typeof__((({owner} *)0)->cpu)");
        assertion(
            &mut text,
            &format!("sizeof({c})"),
            size_of::<br_t0_cpu>() as u64,
            "size of br_t0_cpu",
        );
        assertion(
            &mut text,
            &format!("offsetof({c}, ip)"),
            offset_of!(br_t0_cpu, ip) as u64,
            "offset of br_t0_cpu.ip",
        );
    }
    text
}

fn ilp32_assertions() -> String {
    let mut text = String::from("#include \"bearssl.h\"\n#include <stddef.h>\n");
    writeln!(text, "_Static_assert(sizeof(void *) == 4 && _Alignof(struct {{ uint64_t u; }}) == 8, \"the ABI\");").unwrap();
    let known = types();
    for (name, size, fields) in ilp32_types() {
        let anonymous = known.iter().find(|ty| ty.name == name).unwrap().anonymous;
        let c = c_type(name, anonymous);
        assertion(
            &mut text,
            &format!("sizeof({c})"),
            size as u64,
            &format!("size of {name}"),
        );
        for (field, offset) in fields {
            let member = c_field(field);
            assertion(
                &mut text,
                &format!("offsetof({c}, {member})"),
                offset as u64,
                &format!("offset of {name}.{field}"),
            );
        }
    }
    text
}

/// Checks a C text; returns what the compiler complains about.
fn check_c(mut compiler: Command, file: &str, text: &str) -> Result<(), String> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(file);
    std::fs::write(&path, text).unwrap();
    let output = compiler
        .arg("-fsyntax-only")
        .arg("-std=gnu11")
        .arg(concat!("-I", env!("BEARSSL_SYS_INCLUDE")))
        .arg(concat!("-I", env!("BEARSSL_SYS_SOURCE"), "/src"))
        .arg(&path)
        .output()
        .unwrap_or_else(|error| panic!("cannot run {compiler:?}: {error}"));
    if output.status.success() {
        Ok(())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

fn host_compiler() -> Command {
    let target = env!("BEARSSL_SYS_TARGET");
    cc::Build::new()
        .target(target)
        .host(target)
        .opt_level(0)
        .cargo_metadata(false)
        .get_compiler()
        .to_command()
}

/// The compilers for a 32-bit target that are here. The host's own will do: only headers that need no library are read.
fn ilp32_compilers() -> Vec<(&'static str, Command)> {
    let candidates: [(&str, &[&str]); 3] = [
        ("gcc", &["-m32", "-malign-double"]),
        (
            "riscv64-unknown-elf-gcc",
            &["-march=rv32imc", "-mabi=ilp32"],
        ),
        ("xtensa-lx106-elf-gcc", &[]),
    ];
    let include = Path::new(env!("CARGO_MANIFEST_DIR")).join("include");
    let mut found = Vec::new();
    for (program, flags) in candidates {
        let command = || {
            let mut command = Command::new(program);
            command
                .args(flags)
                .arg("-ffreestanding")
                .arg("-I")
                .arg(&include);
            command
        };
        let works = command()
            .arg("-fsyntax-only")
            .arg(include.join("string.h"))
            .output();
        if works.is_ok_and(|output| output.status.success()) {
            found.push((program, command()));
        }
    }
    found
}

#[test]
fn c_agrees_on_every_layout_and_constant() {
    if let Err(complaint) = check_c(host_compiler(), "layout.c", &host_assertions()) {
        panic!("Rust and C disagree:\n{complaint}");
    }
}

#[test]
fn c_agrees_on_every_layout_of_32_bit_targets() {
    let compilers = ilp32_compilers();
    if compilers.is_empty() {
        // Where everything has to be checked, that is a failure.
        assert!(
            std::env::var_os("CI").is_none(),
            "no compiler for a 32-bit target"
        );
        eprintln!("not checked: there is no compiler for a 32-bit target");
    }
    for (program, compiler) in compilers {
        if let Err(complaint) =
            check_c(compiler, &format!("ilp32-{program}.c"), &ilp32_assertions())
        {
            panic!("{program} disagrees with src/ilp32.rs:\n{complaint}");
        }
    }
}

#[test]
fn the_check_itself_notices_a_wrong_number() {
    let mut text = host_assertions();
    let offset = offset_of!(br_ssl_engine_context, mhash) as u64 + 1;
    assertion(
        &mut text,
        "offsetof(br_ssl_engine_context, mhash)",
        offset,
        "a wrong offset",
    );
    let complaint = check_c(host_compiler(), "wrong.c", &text).expect_err("a wrong number passed");
    assert!(complaint.contains("a wrong offset"), "{complaint}");
    assert_eq!(
        complaint.matches("static assertion failed").count(),
        1,
        "{complaint}"
    );
}

/// The text of all source files of the bindings.
fn source_text() -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    files
        .iter()
        .map(|file| std::fs::read_to_string(file).unwrap())
        .collect()
}

/// Every struct and union in the source with its public fields, except opaque types and the pin marker.
fn declared_types(source: &str) -> Vec<(String, Vec<String>)> {
    let mut declared: Vec<(String, Vec<String>)> = Vec::new();
    let mut inside = false;
    for line in source.lines() {
        if let Some(rest) = line
            .strip_prefix("pub struct ")
            .or_else(|| line.strip_prefix("pub union "))
        {
            declared.push((rest.trim_end_matches(" {").to_owned(), Vec::new()));
            inside = true;
        } else if line == "}" {
            inside = false;
        } else if let Some(field) = line.strip_prefix("    pub ").filter(|_| inside) {
            let name = field.split_once(':').unwrap().0;
            if name != "_pin" {
                declared.last_mut().unwrap().1.push(name.to_owned());
            }
        }
    }
    declared.retain(|(_, fields)| !fields.is_empty());
    declared.sort();
    declared
}

#[test]
fn no_type_and_no_field_escapes_the_check() {
    let declared = declared_types(&source_text());
    assert!(declared.len() > 50, "the source was not understood");
    let mut checked: Vec<(String, Vec<String>)> = types()
        .iter()
        .map(|ty| {
            (
                ty.name.to_owned(),
                ty.fields
                    .iter()
                    .map(|(name, ..)| (*name).to_owned())
                    .collect(),
            )
        })
        .collect();
    checked.sort();
    assert_eq!(declared, checked);
    let mut ilp32: Vec<(String, Vec<String>)> = ilp32_types()
        .iter()
        .map(|(name, _, fields)| {
            (
                (*name).to_owned(),
                fields.iter().map(|(name, _)| (*name).to_owned()).collect(),
            )
        })
        .collect();
    ilp32.sort();
    assert_eq!(declared, ilp32);
}

#[test]
fn no_constant_escapes_the_check() {
    let source = source_text();
    let plain = source
        .lines()
        .filter_map(|line| line.strip_prefix("pub const "))
        .filter_map(|line| line.split_once(':'));
    let plain = plain
        .map(|(name, _)| name)
        .filter(|name| !name.starts_with("BR_HASH_OID_"));
    let listed = source
        .lines()
        .filter_map(|line| line.strip_prefix("    BR_"))
        .filter_map(|line| line.split_once(" = "));
    let mut declared: Vec<String> = plain.map(str::to_owned).collect();
    declared.extend(listed.map(|(name, _)| format!("BR_{name}")));
    declared.sort();
    assert!(declared.len() > 100, "the source was not understood");
    let mut checked: Vec<String> = constants()
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .collect();
    checked.sort();
    assert_eq!(declared, checked);
}

#[test]
fn object_identifiers_are_those_of_the_header() {
    let header =
        std::fs::read_to_string(Path::new(env!("BEARSSL_SYS_SOURCE")).join("inc/bearssl_rsa.h"))
            .unwrap();
    let identifiers: [(&str, &[u8]); 5] = [
        ("SHA1", BR_HASH_OID_SHA1),
        ("SHA224", BR_HASH_OID_SHA224),
        ("SHA256", BR_HASH_OID_SHA256),
        ("SHA384", BR_HASH_OID_SHA384),
        ("SHA512", BR_HASH_OID_SHA512),
    ];
    for (name, bytes) in identifiers {
        let (_, after) = header
            .split_once(&format!("#define BR_HASH_OID_{name} "))
            .unwrap();
        let literal = after.split('"').nth(1).unwrap();
        let ours: String = bytes.iter().map(|byte| format!("\\x{byte:02X}")).collect();
        assert_eq!(literal, ours, "{name}");
    }
}
