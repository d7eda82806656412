//! A plan as Rust source: what a firmware engineer would write for it, so that the linker keeps what it names and nothing else.

use std::fmt::Write;

use bearcub::tls::RECORD_OVERHEAD;
use bearcub::trust::Pin;

use crate::failure::Failure;
use crate::hex::Hex;
use crate::names;
use crate::plan::{FragmentPlan, Plan, TrustPlan};

/// The source of module `plan` in the image.
///
/// # Errors
/// If the plan has something that no image can be made for.
pub fn of(plan: &Plan) -> Result<String, Failure> {
    let mut text = String::from(
        "use bearcub::Error;\nuse bearcub::tls::*;\nuse bearcub::trust::*;\nuse bearcub_replay::Place;\n\n",
    );
    // The features are cargo's business; this fails if they are not the plan's.
    let bits = if plan.rsa_2048_only { 2048 } else { 4096 };
    line(
        &mut text,
        format!("const _: () = assert!(bearcub::identity::RsaKey::LARGEST_BITS == {bits});\n"),
    );
    memory(&mut text, plan);
    text.push_str(
        "pub fn with_config<T>(work: impl FnOnce(&Config<'_>) -> T) -> Result<T, Error> {\n",
    );
    trust(&mut text, plan)?;
    algorithms(&mut text, plan)?;
    options(&mut text, plan);
    client(&mut text, plan)?;
    text.push_str("    Ok(work(&config))\n}\n\n");
    text.push_str("#[allow(dead_code)]\npub fn afterwards(_connection: &Connection<'_>) {}\n");
    Ok(text)
}

fn memory(text: &mut String, plan: &Plan) {
    let buffers = plan.buffers;
    if buffers.shared {
        let buffer = buffers.input.max(buffers.output) + RECORD_OVERHEAD;
        line(
            text,
            format!(
                "static CONTEXT: Place<Context> = Place::new(Context::new());\nstatic BUFFER: Place<[u8; {buffer}]> = Place::new([0; {buffer}]);"
            ),
        );
        line(
            text,
            format!(
                "#[allow(dead_code)]\npub const KEPT: usize = size_of::<Context>() + {buffer};"
            ),
        );
        line(
            text,
            "pub fn parts() -> Parts<'static> {\n    // SAFETY: this is called once.\n    unsafe { Parts::shared(CONTEXT.take(), BUFFER.take()) }\n}",
        );
    } else {
        let memory = format!("Storage<{}, {}>", buffers.input, buffers.output);
        line(
            text,
            format!("static STORAGE: Place<{memory}> = Place::new(Storage::new());"),
        );
        line(
            text,
            format!("#[allow(dead_code)]\npub const KEPT: usize = size_of::<{memory}>();"),
        );
        line(
            text,
            "pub fn parts() -> Parts<'static> {\n    // SAFETY: this is called once.\n    unsafe { STORAGE.take() }.into()\n}",
        );
    }
    let scratch = if plan.trust.has_anchors() {
        "ANCHORS"
    } else {
        "FINGERPRINTS"
    };
    line(
        text,
        format!("pub const SCRATCH: usize = Scratch::{scratch};\n"),
    );
}

fn trust(text: &mut String, plan: &Plan) -> Result<(), Failure> {
    let clock = match plan.clock {
        Some(seconds) => format!(
            "bearcub::clock::Time::from_unix({seconds}).map_or(bearcub::clock::Clock::not_set(), bearcub::clock::Clock::at)"
        ),
        None => "bearcub::clock::Clock::not_set()".to_owned(),
    };
    match &plan.trust {
        TrustPlan::Pins(pins) => {
            pins_in(text, pins)?;
            line(text, "    let trust = Trust::fingerprints(&PINS);");
        }
        TrustPlan::Anchors(anchors) => {
            anchors_in(text, anchors);
            line(
                text,
                format!("    let trust = Trust::anchors(&anchors, {clock});"),
            );
        }
        TrustPlan::AnchorsAndPins(anchors, pins) => {
            anchors_in(text, anchors);
            pins_in(text, pins)?;
            line(
                text,
                format!("    let trust = Trust::anchors(&anchors, {clock}).and_pin(&PINS);"),
            );
        }
        TrustPlan::Learn => line(text, "    let trust = Trust::learn();"),
        TrustPlan::AnyoneAccepted => {
            line(text, "    let trust = Trust::accept_anyone_insecurely();")
        }
    }
    Ok(())
}

fn pins_in(text: &mut String, pins: &[String]) -> Result<(), Failure> {
    let mut all = String::new();
    for pin in pins {
        let (kind, bytes) = match Pin::parse(pin)? {
            Pin::Sha1(bytes) => ("Sha1", bytes.to_vec()),
            Pin::Sha256(bytes) => ("Sha256", bytes.to_vec()),
        };
        let _ = write!(all, "Pin::{kind}({bytes:?}), ");
    }
    line(
        text,
        format!("    static PINS: [Pin; {}] = [{all}];", pins.len()),
    );
    Ok(())
}

fn anchors_in(text: &mut String, anchors: &[Hex]) {
    let mut all = String::new();
    for (number, der) in anchors.iter().enumerate() {
        constant(text, &format!("ANCHOR_{number}"), &der.0);
        let kind = match bearcub::trust::TrustAnchor::from_public_key(&der.0) {
            Ok(_) => "public_key",
            Err(_) => "certificate",
        };
        let _ = write!(all, "TrustAnchor::from_{kind}(&ANCHOR_{number})?, ");
    }
    line(text, format!("    let anchors = [{all}];"));
}

fn algorithms(text: &mut String, plan: &Plan) -> Result<(), Failure> {
    let mut suites = String::new();
    for name in &plan.suites {
        let name = names::of_suite(names::suite(name)?.id());
        let _ = write!(suites, "Suite::{}, ", name.trim_start_matches("TLS_"));
    }
    names::groups(&plan.groups)?;
    let groups = plan.groups.to_uppercase().replace('-', "_");
    line(
        text,
        format!(
            "    let algorithms = Algorithms {{ suites: &[{suites}], groups: Groups::{groups} }};"
        ),
    );
    line(
        text,
        format!(
            "    let config = Config::with_algorithms({:?}, &trust, algorithms);",
            plan.server_name
        ),
    );
    Ok(())
}

fn options(text: &mut String, plan: &Plan) {
    if !plan.alpn.is_empty() {
        let names: Vec<_> = plan.alpn.iter().map(|name| format!("c{name:?}")).collect();
        line(
            text,
            format!("    let config = config.alpn(&[{}]);", names.join(", ")),
        );
    }
    let length = match plan.fragment_length {
        FragmentPlan::FromBuffer => None,
        FragmentPlan::NotOffered => Some("None".to_owned()),
        FragmentPlan::Bytes(bytes) => {
            Some(format!("Some(bearcub::buffer::FragmentLength::B{bytes})"))
        }
    };
    if let Some(length) = length {
        line(
            text,
            format!("    let config = config.fragment_length({length});"),
        );
    }
    if let Some(session) = &plan.session {
        constant(text, "SESSION", &session.0);
        line(
            text,
            "    let session = Session::from_bytes(&SESSION)?;\n    let config = config.resume(Some(&session));",
        );
    }
}

fn client(text: &mut String, plan: &Plan) -> Result<(), Failure> {
    let Some(client) = &plan.client else {
        return Ok(());
    };
    let mut all = String::new();
    for (number, der) in client.certificates.iter().enumerate() {
        constant(text, &format!("CERTIFICATE_{number}"), &der.0);
        let _ = write!(all, "&CERTIFICATE_{number}, ");
    }
    constant(text, "KEY", &client.test_only_private_key.0);
    let kind = match bearcub::identity::PrivateKey::from_der(&client.test_only_private_key.0)? {
        bearcub::identity::PrivateKey::Rsa(_) => "RsaKey",
        _ => "EcKey",
    };
    line(
        text,
        format!(
            "    let chain: [&[u8]; {}] = [{all}];",
            client.certificates.len()
        ),
    );
    line(
        text,
        format!("    let key = bearcub::identity::{kind}::from_der(&KEY)?;"),
    );
    line(
        text,
        "    let identity = bearcub::identity::Identity::new(&chain, key)?;\n    let config = config.identity(&identity);",
    );
    Ok(())
}

fn constant(text: &mut String, name: &str, bytes: &[u8]) {
    line(
        text,
        format!("    static {name}: [u8; {}] = {bytes:?};", bytes.len()),
    );
}

fn line(text: &mut String, line: impl AsRef<str>) {
    text.push_str(line.as_ref());
    text.push('\n');
}
