//! `bearcub.h` says what the Rust side is: every function with its signature, every number, every structure.

use std::collections::BTreeMap;
use std::mem::{align_of, offset_of, size_of};
use std::path::Path;

use bearcub_c::backoff::Backoff;
use bearcub_c::types::{Bytes, Callbacks, MqttEvent, MqttOptions, NUMBERS, TlsConfig, TlsInfo};

const HEADER: &str = include_str!("../bearcub.h");

fn folder() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The header without comments, preprocessor lines and line breaks.
fn code() -> String {
    let mut text = String::new();
    let mut rest = HEADER;
    while let Some((before, comment)) = rest.split_once("/*") {
        text.push_str(before);
        rest = comment.split_once("*/").unwrap().1;
    }
    text.push_str(rest);
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.collect::<Vec<_>>().join(" ")
}

fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `name` to `result(arguments)`, types alone.
fn declared() -> BTreeMap<String, String> {
    let code = code();
    let statements = code.split(';').map(squeezed);
    let mut found = BTreeMap::new();
    for statement in statements {
        let statement = statement.trim_start_matches("extern \"C\" { ");
        let Some((head, arguments)) = statement.split_once('(') else {
            continue;
        };
        if head.contains("typedef") || head.contains('{') || arguments.contains('(') {
            continue;
        }
        let (result, name) = head.rsplit_once([' ', '*']).unwrap();
        let pointer = if head.contains('*') { " *" } else { "" };
        let arguments = arguments.trim_end_matches(')').split(',').map(|argument| {
            let argument = argument.trim();
            if argument == "void" {
                return String::new();
            }
            let end = argument.rfind([' ', '*']).unwrap() + 1;
            argument[..end].trim().to_owned()
        });
        let arguments: Vec<_> = arguments.collect();
        let result = result.trim_end_matches(['*', ' ']);
        found.insert(
            name.to_owned(),
            format!("{result}{pointer}({})", arguments.join(", ")),
        );
    }
    found
}

/// The same of the Rust side, in C's words.
fn exported() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let files = std::fs::read_dir(folder().join("src")).unwrap();
    for file in files {
        let path = file.unwrap().path();
        if path.ends_with("chip.rs") {
            continue;
        }
        let text = std::fs::read_to_string(path).unwrap();
        for part in text.split("extern \"C\" fn ").skip(1) {
            let (head, _) = part.split_once('{').unwrap();
            let Some((name, rest)) = head.split_once('(') else {
                continue;
            };
            let name = name.trim();
            // A type of a callback has no name; those of a macro are below.
            if !name.starts_with("bearcub_") {
                continue;
            }
            found.insert(name.to_owned(), signature(rest));
        }
        for line in text.lines().filter(|line| line.starts_with("identities!(")) {
            let names = line.split(['(', ')', ',']).map(str::trim);
            for name in names.filter(|name| name.starts_with("bearcub_")) {
                let signature = "int32_t(const bearcub_tls_config *, bearcub_chosen *)";
                found.insert(name.to_owned(), signature.to_owned());
            }
        }
    }
    found
}

/// What is behind a function's name, up to its body.
fn signature(text: &str) -> String {
    let (arguments, result) = text.rsplit_once(')').unwrap();
    let result = result.trim().trim_start_matches("->").trim();
    let arguments = squeezed(arguments);
    let arguments = arguments
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty());
    let arguments = arguments.map(|argument| in_c(argument.split_once(':').unwrap().1.trim()));
    format!(
        "{}({})",
        in_c(result),
        arguments.collect::<Vec<_>>().join(", ")
    )
}

fn in_c(rust: &str) -> String {
    if rust == "*const c_void" {
        // What the algorithms are is nobody's business; it is the one such result.
        return "const bearcub_algorithms *".to_owned();
    }
    if let Some(inner) = rust.strip_prefix("*mut ") {
        let inner = in_c(inner);
        return if inner.ends_with('*') {
            format!("{inner}*")
        } else {
            format!("{inner} *")
        };
    }
    if let Some(inner) = rust.strip_prefix("*const ") {
        return format!("const {} *", in_c(inner));
    }
    let known = [
        ("i32", "int32_t"),
        ("i64", "int64_t"),
        ("u8", "uint8_t"),
        ("u16", "uint16_t"),
        ("u32", "uint32_t"),
        ("u64", "uint64_t"),
        ("usize", "size_t"),
        ("c_char", "char"),
        ("c_void", "void"),
        ("Handle<Tls>", "bearcub_tls"),
        ("Handle<Mqtt>", "bearcub_mqtt"),
        ("Callbacks", "bearcub_board"),
        ("TlsConfig", "bearcub_tls_config"),
        ("TlsInfo", "bearcub_tls_info"),
        ("MqttOptions", "bearcub_mqtt_options"),
        ("MqttEvent", "bearcub_mqtt_event"),
        ("Backoff", "bearcub_backoff"),
        ("Attempt<'_>", "bearcub_attempt"),
        ("Chosen<'_>", "bearcub_chosen"),
    ];
    let found = known.iter().find(|(name, _)| *name == rust);
    found
        .unwrap_or_else(|| panic!("`{rust}` has no type in C"))
        .1
        .to_owned()
}

#[test]
fn every_function_is_declared_and_every_declaration_is_a_function() {
    let (declared, exported) = (declared(), exported());
    assert!(exported.len() >= 30, "{exported:#?}");
    assert_eq!(declared, exported);
}

#[test]
fn every_function_is_described() {
    for name in declared().keys() {
        let call = format!("{name}(");
        let is_described = HEADER.match_indices(&call).any(|(at, _)| {
            let line = HEADER[..at].rfind('\n').unwrap_or(0);
            HEADER[..line].trim_end().ends_with("*/")
        });
        assert!(is_described, "{name} has no comment");
    }
}

/// A program whose compilation fails if a structure or a number is another one in C.
fn assertions() -> String {
    let mut text = String::from("#include \"bearcub.h\"\n");
    let mut assert =
        |what: String| text.push_str(&format!("_Static_assert({what}, \"bearcub.h\");\n"));
    for (name, value) in NUMBERS {
        assert(format!("{name} == {value}"));
    }
    macro_rules! structure {
        ($rust:ty, $c:literal: $($field:ident),*) => {
            assert(format!("sizeof({}) == {}", $c, size_of::<$rust>()));
            assert(format!("_Alignof({}) == {}", $c, align_of::<$rust>()));
            $(assert(format!(
                "offsetof({}, {}) == {}", $c, stringify!($field), offset_of!($rust, $field)
            ));)*
        };
    }
    structure!(Bytes, "bearcub_bytes": data, length);
    structure!(Callbacks, "bearcub_board": user, read, write, uptime, entropy, time, step);
    structure!(TlsConfig, "bearcub_tls_config": server_name, algorithms, trust, pins, pin_count, anchors, anchor_count,
        not_before, identity, certificates, certificate_count, key, image, image_size, alpn, alpn_count, session, input,
        output, timeout_ms);
    structure!(TlsInfo, "bearcub_tls_info": suite, group, fragment_length, alpn, resumed, certificate_requested);
    structure!(MqttOptions, "bearcub_mqtt_options": client_id, user_name, password, will_topic, will_payload, will_qos,
        will_retain, persistent, aws_limits, overflow, keep_alive_s, response_timeout_ms, input, output, store);
    structure!(MqttEvent, "bearcub_mqtt_event": kind, id, qos, retain, duplicate, last, refused, topic, payload, length);
    assert(format!(
        "sizeof(bearcub_backoff) == {}",
        size_of::<Backoff>()
    ));
    text
}

#[test]
fn structures_and_numbers_are_the_same_in_c() {
    let folder = tempfile::tempdir().unwrap();
    let source = folder.path().join("assertions.c");
    std::fs::write(&source, assertions()).unwrap();
    let ran = std::process::Command::new("cc")
        .args([
            "-std=c11",
            "-Wall",
            "-Wextra",
            "-Werror",
            "-fsyntax-only",
            "-I",
        ])
        .arg(self::folder())
        .arg(source)
        .output()
        .unwrap();
    assert!(
        ran.status.success(),
        "{}",
        String::from_utf8_lossy(&ran.stderr)
    );
}

#[test]
fn every_number_of_the_header_is_one_of_rust() {
    let ours = HEADER
        .lines()
        .filter_map(|line| line.strip_prefix("#define "));
    // Macros with arguments and the guard are no numbers.
    let names = ours.map(|line| line.split([' ', '(']).next().unwrap());
    let is_macro = [
        "BEARCUB_H",
        "BEARCUB_TLS_SIZE",
        "BEARCUB_MQTT_SIZE",
        "BEARCUB_MEMORY",
    ];
    for name in names.filter(|name| !is_macro.contains(name)) {
        assert!(NUMBERS.iter().any(|(known, _)| *known == name), "{name}");
    }
}

#[test]
fn the_interfaces_own_errors_are_none_of_the_librarys() {
    for code in -1699..=-1600 {
        assert!(bearcub::Error::from_code(code).is_none(), "{code}");
    }
    let timeout = bearcub::Error::from(bearcub::error::NetworkError::Timeout);
    assert_eq!(timeout.code(), bearcub_c::error::TIMEOUT);
}
