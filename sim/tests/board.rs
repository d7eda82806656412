//! Scenarios on the boards' own CPUs, and everything that can be in the way.

mod common;

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use bearcub_sim::board::run::{Event, image};
use bearcub_sim::board::{Board, measure, mqtt, tools};
use bearcub_sim::recording::Recording;
use bearcub_sim::sizes;
use common::{Ran, recording, text};

/// Runs the binary where only these programs are found, beside the Rust toolchain's if `with_rust` says so.
fn bearcub_with(programs: &[(&str, &str)], with_rust: bool, arguments: &[&str]) -> Ran {
    let folder = tempfile::tempdir().unwrap();
    for (name, script) in programs {
        program(folder.path(), name, script);
    }
    if with_rust {
        for name in ["rustc", "cargo"] {
            let script = format!("exec {} \"$@\"", find(name).display());
            program(folder.path(), name, &script);
        }
    }
    let output = Command::new(env!("CARGO_BIN_EXE_bearcub"))
        .args(arguments)
        .env("PATH", folder.path())
        .output()
        .unwrap();
    Ran {
        status: output.status.code().unwrap(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn program(folder: &Path, name: &str, script: &str) {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
}

fn find(name: &str) -> PathBuf {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path)
        .map(|folder| folder.join(name))
        .find(|path| path.is_file())
        .unwrap()
}

const GCC: &str = "echo 'gcc 12.2.0'";
const QEMU: &str = "echo 'QEMU emulator version 7.2.22'";

#[test]
fn a_tool_that_is_missing_or_too_old_is_named_with_what_installs_it() {
    const ESP8266: &str = "xtensa-lx106-elf-gcc";
    type Programs = &'static [(&'static str, &'static str)];
    let cases: [(Programs, &str, [&str; 2]); 9] = [
        (
            &[],
            "esp8266",
            ["xtensa-lx106-elf-gcc", "apt-get install gcc-xtensa-lx106"],
        ),
        (
            &[],
            "esp32c3",
            [
                "riscv64-unknown-elf-gcc",
                "apt-get install gcc-riscv64-unknown-elf",
            ],
        ),
        (
            &[(ESP8266, "exit 1")],
            "esp8266",
            ["xtensa-lx106-elf-gcc", "apt-get install"],
        ),
        (
            &[(ESP8266, "exec sleep 60")],
            "esp8266",
            ["does not tell its version", "apt-get install"],
        ),
        (
            &[(ESP8266, "echo 'gcc (Debian) 10.2.1 20210110'")],
            "esp8266",
            ["10.2.1", "12.0 is the oldest"],
        ),
        (
            &[
                (ESP8266, GCC),
                ("qemu-system-xtensa", QEMU),
                ("rustc", "echo 'rustc 1.89.0'"),
            ],
            "esp8266",
            ["1.89.0", "1.95 is the oldest"],
        ),
        (
            &[(ESP8266, GCC)],
            "esp8266",
            ["qemu-system-xtensa", "apt-get install qemu-system-misc"],
        ),
        (
            &[
                (ESP8266, GCC),
                ("qemu-system-xtensa", "echo 'QEMU emulator version 5.2.0'"),
            ],
            "esp8266",
            ["5.2.0", "7.0 is the oldest"],
        ),
        (
            &[(ESP8266, GCC), ("qemu-system-xtensa", QEMU)],
            "esp8266",
            ["rustc", "rustup"],
        ),
    ];
    for (programs, board, expected) in cases {
        let ran = bearcub_with(programs, false, &["board", board]);
        assert_eq!(ran.status, 1, "{}", ran.stderr);
        for part in expected {
            assert!(ran.stderr.contains(part), "{part}: {}", ran.stderr);
        }
        // What is modelled is shown instead.
        assert!(ran.stdout.contains("aws-ca"), "{}", ran.stdout);
    }
    let sysroot = "if [ \"$1\" = --print ]; then echo /nowhere; else echo 'rustc 1.95.0'; fi";
    let programs = [
        (ESP8266, GCC),
        ("qemu-system-xtensa", QEMU),
        ("rustc", sysroot),
    ];
    let ran = bearcub_with(&programs, false, &["board", "esp8266"]);
    assert!(
        ran.stderr.contains("rustup component add rust-src"),
        "{}",
        ran.stderr
    );
}

#[test]
fn without_tools_the_table_is_modelled_and_says_so() {
    let ran = bearcub_with(&[], false, &[]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("gcc-xtensa-lx106"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("gcc-riscv64-unknown-elf"),
        "{}",
        ran.stderr
    );
    assert!(ran.stdout.contains("~1,"), "{}", ran.stdout);
    let folder = tempfile::tempdir().unwrap();
    let page = folder.path().join("page.html");
    let ran = bearcub_with(&[], false, &["report", "--html", text(&page)]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(ran.stderr.contains("gcc-xtensa-lx106"), "{}", ran.stderr);
    let page = std::fs::read_to_string(&page).unwrap();
    assert!(page.contains("<td>~1,"), "modelled");
    for command in [&["readme", "--check"][..], &["check"]] {
        let ran = bearcub_with(&[], false, command);
        assert_eq!(ran.status, 1);
        assert!(ran.stderr.contains("apt-get install"), "{}", ran.stderr);
    }
}

#[test]
fn a_build_that_fails_says_what_the_compiler_said() {
    let programs = [
        (
            "xtensa-lx106-elf-gcc",
            "case \"$*\" in *--version*) echo 12.2;; *) echo 'no such option' >&2; exit 1;; esac",
        ),
        ("xtensa-lx106-elf-ar", "exit 1"),
        ("qemu-system-xtensa", QEMU),
    ];
    let target = tempfile::tempdir().unwrap();
    let folder = tempfile::tempdir().unwrap();
    for (name, script) in programs {
        program(folder.path(), name, script);
    }
    let path = std::env::var("PATH").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_bearcub"))
        .args(["board", "esp8266", "aws-ca"])
        .env("PATH", format!("{}:{path}", folder.path().display()))
        .env("CARGO_TARGET_DIR", target.path())
        .output()
        .unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr.contains("building the image failed"), "{stderr}");
}

/// What comes of an image for which the emulator prints and does this.
fn pretend(script: &str, limit: Duration) -> Result<Vec<Event>, String> {
    let folder = tempfile::tempdir().unwrap();
    program(folder.path(), "emulator", script);
    let emulator = folder.path().join("emulator");
    let result = image(
        Board::Esp32C3,
        emulator.as_os_str(),
        Path::new("image.elf"),
        b"tape",
        limit,
    );
    result.map_err(|failure| failure.to_string())
}

const SIZES: &str = r#"echo '{"event":"sizes","kept":1,"context":1,"scratch":1,"session":92,"structures":[1,1,1]}'"#;
const STAGE: &str = r#"echo '{"event":"stage","message":"Certificate","instructions":1,"longest":1,"curves":0,"stack":1}'"#;
const DONE: &str = r#"echo '{"event":"done"}'"#;

#[test]
fn an_image_that_fails_is_reported_with_the_last_stage_that_it_reached() {
    let long = Duration::from_secs(20);
    let lines = |lines: &[&str]| lines.join("\n");
    let loops = lines(&[SIZES, STAGE, "exec sleep 60"]);
    let cases = [
        (
            lines(&[SIZES, STAGE, "exit 1"]),
            long,
            ["after the stage Certificate", "ended in failure"],
        ),
        (
            lines(&[SIZES, STAGE]),
            long,
            ["after the stage Certificate", "cut short"],
        ),
        (
            loops,
            Duration::from_millis(300),
            ["after the stage Certificate", "within 0.3 s"],
        ),
        (
            lines(&["echo 'Guru Meditation'", DONE]),
            long,
            ["before the first stage", "Guru Meditation"],
        ),
        (
            lines(&["printf '\\377\\000'", DONE]),
            long,
            ["before the first stage", "no report"],
        ),
        (
            lines(&[SIZES, r#"echo '{"event":"error","code":62}'"#, DONE]),
            long,
            ["before the first stage", "error 62: "],
        ),
        (
            lines(&[
                SIZES,
                STAGE,
                r#"echo '{"event":"trouble","what":"exception 3 at 0x4"}'"#,
            ]),
            long,
            ["after the stage Certificate", "exception 3"],
        ),
        (
            lines(&[r#"echo '{"event":"sizes"}'"#]),
            long,
            ["before the first stage", "no report"],
        ),
    ];
    for (script, limit, expected) in cases {
        let said = pretend(&script, limit).unwrap_err();
        for part in expected {
            assert!(said.contains(part), "{part}: {said}");
        }
    }
    assert_eq!(
        pretend(&lines(&[SIZES, STAGE, DONE]), long).unwrap().len(),
        3
    );
    let nowhere = image(
        Board::Esp32C3,
        "/nowhere/emulator".as_ref(),
        Path::new("image.elf"),
        b"",
        long,
    );
    assert!(nowhere.unwrap_err().to_string().contains("failed"));
}

#[test]
fn output_without_an_end_is_cut_off() {
    let said = pretend("exec yes", Duration::from_secs(20)).unwrap_err();
    assert!(said.contains("no report"), "{said}");
}

#[test]
fn a_program_that_is_missing_shows_in_a_scenario_that_is_none() {
    let ran = common::bearcub(&["board", "esp8266", "nobody"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("selfsigned-ca"), "{}", ran.stderr);
    let ran = common::bearcub(&["board", "esp9000"]);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("esp8266 and esp32c3"), "{}", ran.stderr);
}

/// The tools, or a failure that names what to install.
fn tools_of(board: Board) -> tools::Tools {
    tools::find(board).unwrap_or_else(|failure| panic!("{failure}"))
}

#[test]
fn both_boards_measure_the_same_to_the_instruction_every_time() {
    let recording = Recording::load(&recording("letsencrypt-issuer")).unwrap();
    for board in Board::ALL {
        let tools = tools_of(board);
        let first = measure::afresh(board, &tools, &recording).unwrap();
        assert_eq!(first, measure::afresh(board, &tools, &recording).unwrap());
        assert_eq!(first, measure::measure(board, &tools, &recording).unwrap());
        assert_eq!(first.kept, 5656);
        assert_eq!(first.scratch, 3480);
        assert!((2000..8000).contains(&first.stack()), "{}", first.stack());
        let messages: Vec<_> = first
            .stages
            .iter()
            .map(|stage| &stage.message[..])
            .collect();
        let expected = ["ClientHello", "ServerHello", "Certificate"];
        assert_eq!(messages[..3], expected);
        assert_eq!(messages.last(), Some(&"Finished"));
        let rsa = first
            .operations
            .iter()
            .find(|(name, ..)| name == "rsa2048_public");
        let (_, count, instructions) = rsa.unwrap();
        assert_eq!(*count, 2);
        assert!(*instructions > first.instructions() / 2);
        let flash = first.flash.unwrap();
        assert!((40_000..150_000).contains(&flash.code), "{flash:?}");
        // An unused connection is all zero: a static one is no initialised data.
        assert!(flash.data < 64, "{flash:?}");
    }
}

#[test]
fn a_recording_that_does_not_fit_is_noticed_on_the_board() {
    let mut changed = Recording::load(&recording("letsencrypt-issuer")).unwrap();
    let segments = &mut changed.tape.segments;
    let last = segments[1].bytes.len() - 1;
    segments[1].bytes[last] ^= 1;
    let failure = measure::afresh(Board::Esp32C3, &tools_of(Board::Esp32C3), &changed).unwrap_err();
    assert!(
        failure.to_string().contains("the image for esp32c3 failed"),
        "{failure}"
    );
    let mut changed = Recording::load(&recording("letsencrypt-issuer")).unwrap();
    changed.tape.segments[0].bytes[20] ^= 1;
    let failure = measure::afresh(Board::Esp32C3, &tools_of(Board::Esp32C3), &changed).unwrap_err();
    assert!(failure.to_string().contains("Diverged(20)"), "{failure}");
}

#[test]
fn a_budget_that_is_exceeded_fails_the_check() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("budgets.toml");
    let known = std::fs::read_to_string(bearcub_sim::budgets::file()).unwrap();
    let start = known.find("[aws-ca.esp8266]").unwrap();
    let (before, rest) = known.split_at(start);
    let (line, _) = rest.split_once("stack = ").unwrap();
    let behind = rest[line.len()..].split_once('\n').unwrap().1;
    std::fs::write(&path, format!("{before}{line}stack = 100\n{behind}")).unwrap();
    let ran = common::bearcub(&["check", "--budgets", text(&path)]);
    assert_eq!(ran.status, 1, "{}", ran.stdout);
    assert!(
        ran.stderr.contains(" 1 of ") && ran.stderr.contains("figures exceed"),
        "{}",
        ran.stderr
    );
    assert!(ran.stdout.contains("aws-ca"), "{}", ran.stdout);
    std::fs::write(&path, "[nobody.esp8266]\nkept = 1\n").unwrap();
    let ran = common::bearcub(&["check", "--budgets", text(&path)]);
    assert_eq!(ran.status, 2);
}

/// The same public-key operations, BearSSL's structures: what was published in 2019 comes out, within 0.1 s and 10 %.
#[test]
fn what_was_published_is_reproduced() {
    use bearcub_sim::report::published::{self, Unit};
    use bearcub_sim::scenarios;
    let lines = published::compare(&tools_of(Board::Esp8266)).unwrap();
    let of = |unit| lines.iter().filter(move |line| line.unit == unit);
    assert_eq!(of(Unit::Milliseconds).count(), 8);
    assert_eq!(of(Unit::Bytes).count(), 4);
    assert_eq!(of(Unit::StackBytes).count(), 4);
    for line in &lines {
        assert!(line.is_reproduced(), "{line:?}");
    }
    for scenario in scenarios::every().filter(|scenario| scenario.same_work) {
        let recording = Recording::load(&recording(scenario.name)).unwrap();
        let tools = tools_of(Board::Esp8266);
        let measurement = measure::measure(Board::Esp8266, &tools, &recording).unwrap();
        assert!(measurement.kept <= scenario.published.unwrap().kept);
    }
}

#[test]
fn a_read_in_bytes_is_noticed_and_named() {
    use bearcub_sim::board::{build, loads, tape};
    let recording = Recording::load(&recording("letsencrypt-issuer")).unwrap();
    let (board, tape) = (Board::Esp8266, tape::of(&recording));
    let _lock = build::lock(board).unwrap();
    let plan = &recording.header.plan;
    let elf = build::image(board, &tools_of(board), build::Kind::Replay, plan).unwrap();
    let limit = Duration::from_secs(60);
    assert_eq!(loads::check(&elf, &tape, loads::FLASH, limit), Ok(()));
    // Data RAM is read in bytes all the time.
    let failure = loads::check(&elf, &tape, 0x3FFE_8000..0x3FFF_C000, limit).unwrap_err();
    let said = failure.to_string();
    assert!(
        said.contains("traps on the chip") && said.contains(" by _R"),
        "{said}"
    );
}

#[test]
fn the_ciphers_that_are_used_are_measured_beside_the_others() {
    for board in Board::ALL {
        let ran = common::bearcub(&["board", board.name(), "--ciphers", "--json"]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let report = ran.json();
        let of = |name: &str| {
            let ciphers = report["ciphers"].as_array().unwrap();
            let found = ciphers
                .iter()
                .find(|cipher| cipher["name"] == name)
                .unwrap();
            found["instructions"].as_u64().unwrap()
        };
        for name in [
            "aes_ct",
            "aes_small",
            "aes_big",
            "ghash_ctmul32",
            "chacha20_ct",
        ] {
            assert!(
                (10_000..2_000_000).contains(&of(name)),
                "{name}: {}",
                of(name)
            );
        }
    }
}

#[test]
fn a_session_of_mqtt_is_measured_the_same_every_time() {
    for board in Board::ALL {
        let took = || mqtt::afresh(board, &tools_of(board)).unwrap();
        let first = took();
        let publish = |qos| {
            let name = format!("publish 64 B with QoS {qos}");
            let step = first.steps.iter().find(|step| step.name == name);
            step.unwrap().instructions
        };
        assert!(publish(0) > 0 && publish(0) < publish(1) && publish(1) < publish(2));
        // Sealing 82 bytes and opening 4 takes several times what MQTT does.
        assert!(first.publish_with_tls > 3 * publish(1));
        assert!(first.sending.code > 0 && first.sending.code < first.all.code);
        // The sizes that are printed without a board are those of its CPU.
        let sizes = first.sizes;
        assert_eq!(
            [sizes.session, sizes.slot, sizes.subscription],
            [
                sizes::MQTT_SESSION,
                sizes::MQTT_SLOT,
                sizes::MQTT_SUBSCRIPTION
            ]
        );
        let again = took();
        assert_eq!(
            (again.figures(), again.steps),
            (first.figures(), first.steps)
        );
    }
}

/// A program in which nothing can panic has no use for a panic handler, and the linker leaves it out.
#[test]
fn no_panic_is_linked() {
    use bearcub_sim::board::build;
    use bearcub_sim::plan::TrustPlan;
    use object::{Object, ObjectSymbol};
    let plans = [
        "aws-ca",
        "letsencrypt-fingerprint",
        "letsencrypt-ecdsa-ca",
        "selfsigned-ca-resumed",
        "choice-chacha20",
        "choice-shared-buffer",
        "choice-client-rsa",
    ];
    let mut plans: Vec<_> = plans
        .iter()
        .map(|name| Recording::load(&recording(name)).unwrap().header.plan)
        .collect();
    let mut others = [plans[0].clone(), plans[0].clone()];
    others[0].trust = TrustPlan::Learn;
    let (TrustPlan::Anchors(anchors), TrustPlan::Pins(pins)) = (&plans[0].trust, &plans[1].trust)
    else {
        panic!("an authority and a pin");
    };
    others[1].trust = TrustPlan::AnchorsAndPins(anchors.clone(), pins.clone());
    plans.extend(others);
    for board in Board::ALL {
        let tools = tools_of(board);
        let _lock = build::lock(board).unwrap();
        let mut found = Vec::new();
        for (number, plan) in plans.iter().enumerate() {
            for kind in [build::Kind::Firmware, build::Kind::MqttFirmware] {
                if number > 0 && kind == build::Kind::MqttFirmware {
                    continue;
                }
                let elf = std::fs::read(build::image(board, &tools, kind, plan).unwrap()).unwrap();
                let file = object::File::parse(&*elf).unwrap();
                let symbols = file.symbols().filter_map(|symbol| symbol.name().ok());
                let ways = symbols.filter(|name| {
                    name.contains("panicking") || name.contains("rust_begin_unwind")
                });
                found.extend(ways.map(|name| format!("{board}, plan {number}: {name}")));
            }
        }
        assert!(found.is_empty(), "{}", found.join("\n"));
    }
}
