//! The library in C on an emulated ESP8266, in the example's firmware, with a real Mosquitto at the other end of its wire.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::{Duration, Instant};

use bearcub::trust::{Pin, PublicKey};
use bearcub_lab::pki::{self, Chain, KeyKind};
use bearcub_lab::server::{Mosquitto, MosquittoConfig};
use bearcub_sim::board::build::{self, Kind};
use bearcub_sim::board::measure::Flash;
use bearcub_sim::board::run::{self, Event, FirmwareStep};
use bearcub_sim::board::tools::{self, Tools};
use bearcub_sim::board::{Board, library, loads, mqtt, tape};
use bearcub_sim::client::{Run, Script, Turn};
use bearcub_sim::hex::{self, Hex};
use bearcub_sim::lab::Origin;
use bearcub_sim::live::Live;
use bearcub_sim::plan::{Buffers, ClientPlan, FragmentPlan, Plan, TrustPlan};
use bearcub_sim::tape::Recorder;

static TOOLS: LazyLock<Tools> = LazyLock::new(|| tools::find(Board::Esp8266).unwrap());
/// The firmware, linked once.
static IMAGE: LazyLock<PathBuf> = LazyLock::new(|| library::example(&TOOLS).unwrap());

const LIMIT: Duration = Duration::from_secs(60);

/// What the firmware's connections have sent, one entry for each.
type Sent = Arc<Mutex<Vec<Vec<u8>>>>;

/// A broker, and everything that the firmware needs to know of it.
struct Bench {
    broker: Mosquitto,
    server: Arc<Chain>,
    device: Arc<Chain>,
    folder: tempfile::TempDir,
    sent: Sent,
    connections: usize,
}

impl Bench {
    fn new() -> Bench {
        Bench::with(|config| config)
    }

    fn with(change: impl FnOnce(MosquittoConfig) -> MosquittoConfig) -> Bench {
        let (server, device) = (pki::selfsigned(KeyKind::P256), pki::device(KeyKind::P256));
        let config = MosquittoConfig::tls(&server).require_certificate(device.root());
        let broker = Mosquitto::start(&change(config.with_plain_listener())).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let bench = Bench {
            broker,
            server,
            device,
            folder,
            sent: Sent::default(),
            connections: 0,
        };
        bench.program(&bench.device.clone());
        bench
    }

    /// Writes the image of a device's identity, which the firmware finds in its flash.
    fn program(&self, device: &Chain) {
        let path = |name: &str| self.folder.path().join(name);
        std::fs::write(path("device.pem"), device.leaf_pem() + &device.key_pem()).unwrap();
        let ran = Command::new(env!("CARGO_BIN_EXE_bearcub"))
            .args(["identity", "--force", "--cert"])
            .arg(path("device.pem"))
            .arg("--image")
            .arg(path("identity.bin"))
            .stdout(Stdio::null())
            .status();
        assert!(ran.unwrap().success());
    }

    fn pin(&self) -> String {
        pin_of(&self.server)
    }

    /// What every connection is told; later lines win over none, so that each name is there once.
    fn tape(&self, lines: &[(&str, &str)]) -> Vec<u8> {
        let folder = self.folder.path();
        let (wire, identity) = (folder.join("wire"), folder.join("identity.bin"));
        let (wire, identity) = (wire.display().to_string(), identity.display().to_string());
        let time = now().to_string();
        let usual = [
            ("wire", wire.as_str()),
            ("image", &identity),
            ("host", &self.server.host),
            ("client_id", "sensor-7"),
            ("rounds", "1"),
            ("attempts", "1"),
            ("time", &time),
            ("entropy", "1"),
        ];
        let kept = usual
            .iter()
            .filter(|(name, _)| lines.iter().all(|(other, _)| other != name));
        let all = kept.chain(lines).filter(|(_, value)| !value.is_empty());
        all.map(|(name, value)| format!("{name}={value}\n"))
            .collect::<String>()
            .into_bytes()
    }

    /// Makes a wire for so many connections, in their order.
    fn wires(&mut self, count: usize) {
        for number in 0..count {
            let end = |name: &str| self.folder.path().join(format!("wire.{number}.{name}"));
            let (up, down) = (end("up"), end("down"));
            let made = Command::new("mkfifo").args([&up, &down]).status().unwrap();
            assert!(made.success());
            let (to, sent) = (self.broker.addr(), Arc::clone(&self.sent));
            sent.lock().unwrap().push(Vec::new());
            std::thread::spawn(move || carry(&up, &down, to, &sent, number));
        }
        self.connections = count;
    }

    /// Hangs a command for the device up at the broker, which hands it to whoever subscribes.
    fn command(&self, text: &str) {
        let port = self.broker.plain_addr().port().to_string();
        let ran = Command::new("mosquitto_pub")
            .args(["-h", "127.0.0.1", "-p", &port, "-r", "-q", "1"])
            .args(["-t", "plant/7/cmd", "-m", text])
            .status();
        assert!(ran.unwrap().success());
    }

    /// Runs the firmware.
    fn run(&self, lines: &[(&str, &str)]) -> Vec<FirmwareStep> {
        let emulator = Board::Esp8266.emulator().as_ref();
        let events =
            run::image(Board::Esp8266, emulator, &IMAGE, &self.tape(lines), LIMIT).unwrap();
        steps(events)
    }
}

fn steps(events: Vec<Event>) -> Vec<FirmwareStep> {
    let steps = events.into_iter().filter_map(|event| match event {
        Event::Firmware(step) => Some(step),
        _ => None,
    });
    steps.collect()
}

fn names(steps: &[FirmwareStep]) -> Vec<&str> {
    steps.iter().map(|step| step.what.as_str()).collect()
}

fn step<'s>(steps: &'s [FirmwareStep], what: &str) -> &'s FirmwareStep {
    let found = steps.iter().find(|step| step.what == what);
    found.unwrap_or_else(|| panic!("no `{what}` in {:?}", names(steps)))
}

fn pin_of(chain: &Chain) -> String {
    let key = PublicKey::from_spki(chain.key.spki_der()).unwrap();
    hex::encode(Pin::sha256_of(&key).as_bytes())
}

fn now() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.unwrap().as_secs()
}

/// Carries one connection between the firmware's pipes and the broker; opening a pipe waits for the other end.
fn carry(up: &Path, down: &Path, to: SocketAddr, sent: &Sent, number: usize) {
    let mut up = File::open(up).unwrap();
    let mut down = OpenOptions::new().write(true).open(down).unwrap();
    let tcp = TcpStream::connect(to).unwrap();
    tcp.set_nodelay(true).unwrap();
    let mut from_broker = tcp.try_clone().unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok(length @ 1..) = from_broker.read(&mut buffer) {
            if down.write_all(&buffer[..length]).is_err() {
                break;
            }
        }
    });
    let mut buffer = [0; 4096];
    let mut to_broker = &tcp;
    while let Ok(length @ 1..) = up.read(&mut buffer) {
        sent.lock().unwrap()[number].extend_from_slice(&buffer[..length]);
        if to_broker.write_all(&buffer[..length]).is_err() {
            break;
        }
    }
    let _ = tcp.shutdown(Shutdown::Both);
}

/// How many records of application data are in what a client sent.
fn application_records(mut bytes: &[u8]) -> usize {
    let mut found = 0;
    while let [kind, _, _, high, low, rest @ ..] = bytes {
        found += usize::from(*kind == 23);
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        bytes = rest.get(length..).unwrap_or_default();
    }
    found
}

#[test]
fn the_firmware_publishes_obeys_and_resumes_its_session_after_a_deep_sleep() {
    let mut bench = Bench::new();
    bench.command("on");
    bench.wires(2);
    let steps = bench.run(&[("pin", &bench.pin()), ("rounds", "2")]);
    let names = names(&steps);
    let expected = ["secured", "connected", "end", "resumed", "connected", "end"];
    let mut rest = names.iter();
    for name in expected {
        assert!(rest.any(|found| *found == name), "{name}: {names:?}");
    }
    for name in ["command", "published"] {
        assert_eq!(
            names.iter().filter(|found| **found == name).count(),
            2,
            "{names:?}"
        );
    }
    // No public-key operation the second time.
    let full = step(&steps, "secured").instructions;
    assert!(step(&steps, "resumed").instructions < full / 10, "{full}");
    let log = bench.broker.log();
    assert!(
        log.contains(
            "Received PUBLISH from sensor-7 (d0, q1, r0, m2, 'plant/7/temp', ... (4 bytes))"
        ),
        "{log}"
    );
    assert_eq!(
        log.matches("Received DISCONNECT from sensor-7").count(),
        2,
        "{log}"
    );
}

#[test]
fn a_lost_network_is_told_waited_for_and_survived() {
    let mut bench = Bench::new();
    bench.command("on");
    bench.wires(3);
    let steps = bench.run(&[("pin", &bench.pin()), ("cuts", "2"), ("attempts", "9")]);
    let names = names(&steps);
    for (name, times) in [
        ("failed", 2),
        ("sleep", 2),
        ("connected", 3),
        ("command", 3),
        ("end", 1),
    ] {
        assert_eq!(
            names.iter().filter(|found| **found == name).count(),
            times,
            "{name}: {names:?}"
        );
    }
    let waits = steps.iter().filter(|step| step.what == "sleep");
    assert!(
        waits
            .map(|step| step.number)
            .all(|wait| (1000..=2000).contains(&wait))
    );
    assert!(
        steps
            .iter()
            .filter(|step| step.what == "failed")
            .all(|step| step.number == 31)
    );
}

#[test]
fn the_firmware_trusts_an_authority_if_it_knows_the_time() {
    let mut bench = Bench::new();
    bench.command("on");
    bench.wires(1);
    let anchor = hex::encode(bench.server.root());
    let steps = bench.run(&[("anchor", &anchor)]);
    assert!(names(&steps).contains(&"published"), "{:?}", names(&steps));

    let mut bench = Bench::new();
    bench.wires(2);
    let steps = bench.run(&[("anchor", &anchor), ("time", "0"), ("attempts", "2")]);
    let failed: Vec<_> = steps.iter().filter(|step| step.what == "failed").collect();
    assert_eq!(failed.len(), 2, "{:?}", names(&steps));
    assert!(failed.iter().all(|step| step.number == -1114));
    assert!(
        names(&steps)
            .iter()
            .any(|line| line.contains("time from SNTP"))
    );
    assert!(bench.sent.lock().unwrap().iter().all(Vec::is_empty));
}

#[test]
fn a_server_with_another_key_is_told_nothing() {
    let mut bench = Bench::new();
    bench.wires(2);
    let wrong = pin_of(&bench.device);
    let steps = bench.run(&[("pin", &wrong), ("attempts", "2")]);
    let failed: Vec<_> = steps.iter().filter(|step| step.what == "failed").collect();
    assert_eq!(failed.len(), 2);
    assert!(failed.iter().all(|step| step.number == 1), "{failed:?}");
    assert!(
        names(&steps)
            .iter()
            .any(|line| line.contains("none of the pinned ones"))
    );
    for sent in bench.sent.lock().unwrap().iter() {
        assert!(!sent.is_empty());
        assert_eq!(application_records(sent), 0);
    }
    assert!(!bench.broker.log().contains("New client connected"));
}

#[test]
fn settings_that_lack_something_are_named_and_nothing_is_dialled() {
    for (lines, expected) in [
        (&[("pin", "")][..], "neither a pin nor an authority"),
        (&[("host", ""), ("pin", "00")][..], "no host"),
        (&[("client_id", ""), ("pin", "00")][..], "no client_id"),
    ] {
        let bench = Bench::new();
        let steps = bench.run(lines);
        assert!(steps[0].what.contains(expected), "{:?}", names(&steps));
        assert!(!names(&steps).contains(&"dialling"));
    }
}

#[test]
fn what_hinders_a_connection_is_said_and_tried_again_and_never_waved_through() {
    // Nothing in flash where the identity should be; no entropy; a broker that is not there.
    let mut bench = Bench::new();
    bench.wires(2);
    let pin = bench.pin();
    for (lines, code, advice) in [
        (&[("image", "")][..], -1003, "bearcub identity --image"),
        (&[("entropy", "0")][..], 8, "Start Wi-Fi"),
    ] {
        let lines: Vec<_> = lines
            .iter()
            .copied()
            .chain([("pin", pin.as_str())])
            .collect();
        let steps = bench.run(&lines);
        assert_eq!(step(&steps, "failed").number, code, "{:?}", names(&steps));
        assert!(names(&steps).iter().any(|line| line.contains(advice)));
        bench = Bench::new();
        bench.wires(2);
    }
    let bench = Bench::new();
    let steps = bench.run(&[("pin", &bench.pin()), ("attempts", "3")]);
    let waits: Vec<_> = steps.iter().filter(|step| step.what == "sleep").collect();
    assert_eq!(waits.len(), 3);
    assert!(
        waits
            .iter()
            .all(|wait| (1000..=4000).contains(&wait.number)),
        "{waits:?}"
    );
    assert_eq!(step(&steps, "failed").number, -1002);
}

#[test]
fn a_certificate_that_the_broker_does_not_accept_and_a_full_broker_are_told() {
    let mut bench = Bench::new();
    bench.wires(1);
    bench.program(&pki::simple(KeyKind::P256));
    let steps = bench.run(&[("pin", &bench.pin())]);
    let failed = step(&steps, "failed");
    assert!((256..512).contains(&failed.number), "{failed:?}");
    assert!(
        names(&steps)
            .iter()
            .any(|line| line.contains("does not accept the device's certificate"))
    );

    let mut bench = Bench::with(|config| config.listener_line("max_connections 1"));
    let _somebody_else = TcpStream::connect(bench.broker.addr()).unwrap();
    assert!(
        bench
            .broker
            .wait_for_log("New connection", Duration::from_secs(10))
    );
    bench.wires(1);
    let steps = bench.run(&[("pin", &bench.pin())]);
    assert!(
        [31, -1400].contains(&step(&steps, "failed").number),
        "{:?}",
        names(&steps)
    );
    assert!(!names(&steps).contains(&"connected"));
}

#[test]
fn the_firmware_reads_its_flash_in_words_only() {
    for with_authority in [false, true] {
        let mut bench = Bench::new();
        bench.command("on");
        bench.wires(1);
        let (pin, anchor) = (bench.pin(), hex::encode(bench.server.root()));
        let trust = if with_authority {
            ("anchor", anchor.as_str())
        } else {
            ("pin", pin.as_str())
        };
        loads::check(&IMAGE, &bench.tape(&[trust]), loads::FLASH, LIMIT).unwrap();
        // That it came to the end, and was not spared the reads.
        assert!(bench.broker.log().contains("'plant/7/temp'"));
    }
}

/// The same connection as the simulator predicts it: the handshake replayed on the emulated CPU, the records, MQTT's steps.
fn predicted(bench: &Bench, trust: TrustPlan) -> u64 {
    let plan = Plan {
        server_name: bench.server.host.clone(),
        clock: Some(now() as i64),
        trust,
        client: Some(ClientPlan {
            certificates: vec![Hex(bench.device.leaf().to_vec())],
            test_only_private_key: Hex(bench.device.key.traditional_der().to_vec()),
        }),
        suites: ["ECDSA", "RSA"]
            .map(|key| format!("ECDHE_{key}_WITH_AES_128_GCM_SHA256"))
            .to_vec(),
        groups: "x25519-p256-p384".to_owned(),
        alpn: Vec::new(),
        fragment_length: FragmentPlan::FromBuffer,
        buffers: Buffers {
            input: 1024,
            output: 512,
            shared: false,
        },
        session: None,
        rsa_2048_only: false,
    };
    let turn = |send: &[u8], receive: &[u8]| Turn {
        send: Hex(send.to_vec()),
        receive: Hex(receive.to_vec()),
    };
    // To another filter of the same length: for that of the device there is a command, which would answer as well.
    let turns = [
        turn(
            b"\x10\x29\x00\x04MQTT\x04\x26\x00\x3c\x00\x08sensor-7\x00\x0dplant/7/state\x00\x04gone",
            b"\x20\x02\x00\x00",
        ),
        turn(b"\x82\x10\x00\x01\x00\x0bplant/7/cmx\x01", b"\x90\x03\x00\x01\x01"),
        turn(b"\x32\x14\x00\x0cplant/7/temp\x00\x0221.5", b"\x40\x02\x00\x02"),
    ];
    let run = Run {
        plan: &plan,
        seed: [7; 32],
        script: Script::Turns(&turns),
        measure_stack: false,
    };
    let address = bench.broker.addr().to_string().parse().unwrap();
    let live = Live::connect(&address, Duration::from_secs(20)).unwrap();
    let mut link = Recorder::new(live, Instant::now());
    let outcome = run.connect(&mut link, &mut |_| {}).unwrap();
    let origin = Origin {
        scenario: "esp8266",
        server: "Mosquitto",
        port: bench.broker.addr().port(),
    };
    let recording = origin.recording(&plan, [7; 32], &outcome, link.tape().clone());
    let board = Board::Esp8266;
    let events = {
        let _lock = build::lock(board).unwrap();
        let image = build::image(board, &TOOLS, Kind::Replay, &plan).unwrap();
        run::image(
            board,
            board.emulator().as_ref(),
            &image,
            &tape::of(&recording),
            LIMIT,
        )
        .unwrap()
    };
    let tls: u64 = events
        .iter()
        .map(|event| match event {
            Event::Stage(stage) => stage.instructions,
            Event::Agreed { finishing, .. } => *finishing,
            Event::Turn(turn) => turn.sealing + turn.opening,
            _ => 0,
        })
        .sum();
    let mqtt = mqtt::measured(board, &TOOLS).unwrap();
    let named = |step: &&run::MqttStep| {
        ["connect", "subscribe", "publish 64 B with QoS 1"].contains(&step.name.as_str())
    };
    tls + mqtt
        .steps
        .iter()
        .filter(named)
        .map(|step| step.instructions)
        .sum::<u64>()
}

#[test]
fn from_dialling_to_the_acknowledged_message_it_takes_what_the_simulator_predicts() {
    let readme = Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/esp8266/README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    let flash = Flash::of(&IMAGE).unwrap();
    let statics = bss(&IMAGE) + flash.constants_in_ram + flash.data;
    let mut rows = Vec::new();
    for with_authority in [false, true] {
        let mut bench = Bench::new();
        bench.command("on");
        bench.wires(1);
        let (pin, anchor) = (bench.pin(), hex::encode(bench.server.root()));
        let (name, line, trust) = if with_authority {
            let trust = TrustPlan::Anchors(vec![Hex(bench.server.root().to_vec())]);
            ("authority", ("anchor", anchor.as_str()), trust)
        } else {
            (
                "pin",
                ("pin", pin.as_str()),
                TrustPlan::Pins(vec![pin.clone()]),
            )
        };
        let steps = bench.run(&[line]);
        let took = step(&steps, "published").instructions;
        let stack = steps.iter().map(|step| step.stack).max().unwrap() as u64;
        let predicted = predicted(&bench, trust);
        let row = format!(
            "| {name} | {} | {} | {} | {} | {} |",
            grouped(statics),
            grouped(stack),
            grouped(flash.total()),
            millions(took),
            millions(predicted)
        );
        println!("{row}");
        let apart = took.abs_diff(predicted) as f64 / predicted as f64;
        assert!(apart < 0.05, "{row}");
        rows.push((name, [statics, stack, flash.total(), took, predicted]));
    }
    for (name, measured) in rows {
        check_row(&readme, name, &measured);
    }
}

/// Holds the README's row to what was measured: keys and signatures differ from run to run, hence 3 %.
fn check_row(readme: &str, name: &str, measured: &[u64]) {
    let start = format!("| {name} |");
    let row = readme
        .lines()
        .find(|line| line.starts_with(&start))
        .unwrap();
    let cells: Vec<_> = row[start.len()..]
        .split('|')
        .map(str::trim)
        .filter(|cell| !cell.is_empty())
        .collect();
    assert_eq!(cells.len(), measured.len(), "{row}");
    for (cell, &measured) in cells.iter().zip(measured) {
        let number: f64 = cell.replace(',', "").parse().unwrap();
        let told = if cell.contains('.') {
            number * 1e6
        } else {
            number
        };
        let apart = (told - measured as f64).abs() / measured as f64;
        assert!(
            apart < 0.03,
            "{row}: {cell} is told, {measured} was measured"
        );
    }
}

fn bss(elf: &Path) -> u64 {
    let ran = Command::new("xtensa-lx106-elf-size")
        .arg("-A")
        .arg(elf)
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    let text = String::from_utf8(ran.stdout).unwrap();
    let line = text.lines().find(|line| line.starts_with(".bss")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

fn grouped(number: u64) -> String {
    bearcub_sim::report::grouped(number as usize)
}

fn millions(number: u64) -> String {
    format!("{:.1}", number as f64 / 1e6)
}
