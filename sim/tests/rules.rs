//! `rules` against a real broker: what is republished, and that nothing is lost, whoever is ended in the middle.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use bearcub_lab::pki::{self, KeyKind};
use bearcub_lab::server::{Mosquitto, MosquittoConfig};
use common::{bearcub_with, limited, refused};
use serde_json::Value;

const BEARCUB: &str = env!("CARGO_BIN_EXE_bearcub");
const SEED: &str = "SELECT *, topic() as full_topic, timestamp() as received FROM 'rtjm/#'";
const PATIENCE: Duration = Duration::from_secs(60);

/// The tool at work, which is killed after two minutes.
struct Rule {
    child: Child,
    stdout: BufReader<ChildStdout>,
    /// Held for as long as this lives.
    _alive: Sender<()>,
}

impl Rule {
    fn start(port: &str, arguments: &[&str]) -> Rule {
        let mut child = Command::new(BEARCUB)
            .args(["rules", "-p", port])
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (alive, gone) = channel();
        let id = child.id().to_string();
        std::thread::spawn(move || {
            if gone.recv_timeout(2 * PATIENCE) == Err(RecvTimeoutError::Timeout) {
                let _ = Command::new("kill").args(["-KILL", &id]).status();
            }
        });
        Rule {
            child,
            stdout,
            _alive: alive,
        }
    }

    /// The next line that it prints.
    fn line(&mut self) -> String {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        line
    }

    /// SIGKILL.
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Waits for its end, and gives its exit status and what it still printed.
    fn end(mut self) -> (Option<i32>, String) {
        let mut rest = String::new();
        self.stdout.read_to_string(&mut rest).unwrap();
        (self.child.wait().unwrap().code(), rest)
    }
}

impl Drop for Rule {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn port(broker: &Mosquitto) -> String {
    broker.addr().port().to_string()
}

fn wait(broker: &Mosquitto, text: &str) {
    assert!(
        broker.wait_for_log(text, PATIENCE),
        "{text}: {}",
        broker.log()
    );
}

/// Waits until a session has subscribed.
fn subscribed(broker: &Mosquitto, id: &str) {
    wait(broker, &format!("Sending SUBACK to {id}"));
}

fn publish(port: &str, further: &[&str], payload: &[u8]) {
    let all = [&["publish", "-p", port], further].concat();
    let ran = bearcub_with(&all, &[], payload);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
}

/// A session that the broker keeps messages for, from now on.
fn collect_from_now_on(port: &str, filter: &str) {
    subscribe(port, &["-t", filter, "-E"]);
}

fn subscribe(port: &str, further: &[&str]) -> Vec<(String, String)> {
    let fixed = [
        "subscribe",
        "-p",
        port,
        "-i",
        "collector",
        "-c",
        "-q",
        "1",
        "--json",
    ];
    let ran = bearcub_with(&[&fixed, further].concat(), &[], b"");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let lines = ran
        .stdout
        .lines()
        .map(|line| -> Value { serde_json::from_str(line).unwrap() });
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    lines
        .map(|line| (text(&line["topic"]), text(&line["payload"])))
        .collect()
}

fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}

#[test]
fn devices_without_a_clock_get_timestamps() {
    let broker = Mosquitto::start(&MosquittoConfig::plain()).unwrap();
    let port = port(&broker);
    collect_from_now_on(&port, "stamped/#");
    // What the broker had kept is old.
    publish(&port, &["-t", "rtjm/kept", "-r", "-m", "{}"], b"");
    let rule = Rule::start(
        &port,
        &[
            "-i",
            "clock",
            "--sql",
            SEED,
            "--republish",
            "stamped/${topic()}",
            "-C",
            "5",
            "--json",
        ],
    );
    subscribed(&broker, "clock");
    let before = now();
    publish(
        &port,
        &["-t", "rtjm/a/b", "-m", r#"{"temp": 21.50}"#, "-q", "1"],
        b"",
    );
    publish(&port, &["-t", "rtjm/a/c", "-m", "21.5"], b"");
    publish(&port, &["-t", "rtjm/a/d", "-n"], b"");
    publish(&port, &["-t", "rtjm/a/e", "-s"], b"\xff\xfe");
    publish(&port, &["-t", "other/x", "-m", "{}"], b"");
    let (status, printed) = rule.end();
    assert_eq!(status, Some(0), "{printed}");
    assert!(printed.contains(r#""fate":"old""#), "{printed}");
    let got: BTreeMap<String, String> = subscribe(&port, &["-t", "stamped/#", "-C", "4"])
        .into_iter()
        .collect();
    for (name, start) in [
        ("a/b", r#"{"temp":21.50,"#),
        ("a/c", r#"{"payload":21.5,"#),
        ("a/d", "{"),
        ("a/e", r#"{"payload_base64":"//4=","#),
    ] {
        let payload = &got[&format!("stamped/rtjm/{name}")];
        let rest = format!(r#"{start}"full_topic":"rtjm/{name}","received":"#);
        let received = payload
            .strip_prefix(&rest)
            .unwrap_or_else(|| panic!("{payload}"));
        let received: u64 = received.trim_end_matches('}').parse().unwrap();
        assert!((before..=now()).contains(&received), "{payload}");
    }
}

#[test]
fn what_cannot_be_republished_goes_to_the_topic_for_errors() {
    let broker = Mosquitto::start(&MosquittoConfig::plain()).unwrap();
    let port = port(&broker);
    collect_from_now_on(&port, "out/#");
    let sql = "SELECT temp FROM 'in/+' WHERE temp > 20";
    let rule = Rule::start(
        &port,
        &[
            "-i",
            "hot",
            "--sql",
            sql,
            "--republish",
            "${place}",
            "--errors",
            "out/errors",
            "-C",
            "6",
            "-v",
        ],
    );
    subscribed(&broker, "hot");
    for payload in [
        r#"{"temp":21,"place":"out/hot"}"#,
        r#"{"temp":19,"place":"out/cold"}"#,
        r#"{"temp":22}"#,
        r#"{"temp":22,"place":"out/#"}"#,
        r#"{"temp":22,"place":"in/x"}"#,
        "22",
    ] {
        publish(&port, &["-t", "in/a", "-q", "1", "-m", payload], b"");
    }
    let (status, printed) = rule.end();
    assert_eq!(status, Some(0), "{printed}");
    assert_eq!(
        printed,
        "in/a published out/hot\nin/a left out\nin/a refused\nin/a refused out/#\nin/a refused in/x\nin/a refused\n"
    );
    let got = subscribe(&port, &["-t", "out/#", "-C", "5"]);
    assert_eq!(got[0], ("out/hot".to_owned(), r#"{"temp":21}"#.to_owned()));
    let errors: Vec<Value> = got[1..]
        .iter()
        .map(|(_, error)| serde_json::from_str(error).unwrap())
        .collect();
    let why: Vec<_> = errors
        .iter()
        .map(|error| error["failures"][0]["errorMessage"].as_str().unwrap())
        .collect();
    for (why, words) in why
        .iter()
        .zip(["no text", "wildcard", "own result", "no JSON object"])
    {
        assert!(why.contains(words), "{why}");
    }
    assert_eq!(errors[1]["failures"][0]["failedResource"], "out/#");
    assert_eq!(
        (&errors[3]["topic"], &errors[3]["base64OriginalPayload"]),
        (&"in/a".into(), &"MjI=".into())
    );
}

/// Messages with these numbers.
fn numbered(port: &str, numbers: std::ops::Range<u32>) {
    let lines: String = numbers
        .map(|number| format!("{{\"n\":{number}}}\n"))
        .collect();
    publish(
        port,
        &["-t", "rtjm/count", "-q", "1", "-l"],
        lines.as_bytes(),
    );
}

/// How often each number has arrived, once all have, and nothing more comes.
fn arrived(port: &str, all: u32) -> BTreeMap<u64, u32> {
    let mut seen = BTreeMap::new();
    let end = Instant::now() + PATIENCE;
    loop {
        let got = subscribe(port, &["-t", "stamped/#", "-W", "1"]);
        let is_quiet = got.is_empty();
        for (_, payload) in got {
            let payload: Value = serde_json::from_str(&payload).unwrap();
            *seen.entry(payload["n"].as_u64().unwrap()).or_insert(0) += 1;
        }
        if is_quiet && seen.len() >= all as usize {
            let expected: BTreeSet<u64> = (0..u64::from(all)).collect();
            assert_eq!(seen.keys().copied().collect::<BTreeSet<_>>(), expected);
            return seen;
        }
        assert!(Instant::now() < end, "{} of {all} arrived", seen.len());
    }
}

fn keeping_everything() -> MosquittoConfig {
    MosquittoConfig::plain()
        .persistent()
        .line("max_queued_messages 0")
}

const STAMP: [&str; 7] = [
    "-i",
    "clock",
    "--sql",
    SEED,
    "--republish",
    "stamped/${topic()}",
    "-v",
];

#[test]
fn nothing_is_lost_when_the_tool_is_killed_in_the_middle_again_and_again() {
    let broker = Mosquitto::start(&keeping_everything()).unwrap();
    let port = port(&broker);
    collect_from_now_on(&port, "stamped/#");
    let mut rule = Rule::start(&port, &STAMP);
    subscribed(&broker, "clock");
    // However fast it is, each of them has more to do than it is let do.
    for (round, lines) in [1, 37, 100].into_iter().enumerate() {
        let first = 150 * u32::try_from(round).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| numbered(&port, first..first + 150));
            for _ in 0..lines {
                assert!(rule.line().contains("published"));
            }
            rule.kill();
        });
        rule = Rule::start(&port, &STAMP);
    }
    // Some come twice: those that were published, and not yet acknowledged when it was killed.
    arrived(&port, 450);
    rule.kill();
}

#[test]
fn nothing_is_lost_when_the_broker_is_restarted() {
    let mut broker = Mosquitto::start(&keeping_everything()).unwrap();
    let port = port(&broker);
    collect_from_now_on(&port, "stamped/#");
    let mut rule = Rule::start(&port, &STAMP);
    subscribed(&broker, "clock");
    numbered(&port, 0..300);
    for _ in 0..20 {
        assert!(rule.line().contains("published"));
    }
    broker.restart(true).unwrap();
    numbered(&port, 300..400);
    arrived(&port, 400);
    rule.kill();
}

#[test]
fn what_came_while_the_tool_was_away_is_republished_later() {
    let broker = Mosquitto::start(&keeping_everything()).unwrap();
    let port = port(&broker);
    collect_from_now_on(&port, "stamped/#");
    let rule = Rule::start(&port, &[&STAMP[..], &["-W", "1"]].concat());
    assert_eq!(rule.end().0, Some(0));
    numbered(&port, 0..50);
    let rule = Rule::start(&port, &[&STAMP[..], &["-C", "50"]].concat());
    assert_eq!(rule.end().0, Some(0));
    let seen = arrived(&port, 50);
    assert!(seen.values().all(|count| *count == 1), "{seen:?}");
}

#[test]
fn payloads_larger_than_any_buffer_go_through() {
    let broker = Mosquitto::start(&MosquittoConfig::plain()).unwrap();
    let port = port(&broker);
    collect_from_now_on(&port, "stamped/#");
    let rule = Rule::start(
        &port,
        &[
            "-i",
            "large",
            "--sql",
            "SELECT * FROM 'rtjm/#'",
            "--republish",
            "stamped/x",
            "-C",
            "1",
        ],
    );
    subscribed(&broker, "large");
    let payload: String = (0..400_000_u32)
        .map(|number| format!("{number} "))
        .collect();
    assert!(payload.len() > 2_000_000);
    publish(
        &port,
        &["-t", "rtjm/large", "-q", "1", "-s"],
        payload.as_bytes(),
    );
    assert_eq!(rule.end().0, Some(0));
    let got = subscribe(&port, &["-t", "stamped/#", "-C", "1"]);
    assert!(got[0].1 == payload, "{} bytes", got[0].1.len());
}

#[test]
fn it_works_over_tls_with_a_client_certificate() {
    let (chain, device) = (pki::simple(KeyKind::P256), pki::device(KeyKind::P256));
    let config = MosquittoConfig::tls(&chain)
        .require_certificate(device.root())
        .identity_as_username();
    let broker = Mosquitto::start(&config).unwrap();
    let port = port(&broker);
    let folder = tempfile::tempdir().unwrap();
    let files = device.write_to(folder.path(), "device-").unwrap();
    let (cert, key) = (common::text(&files.chain), common::text(&files.key));
    let pin = bearcub_with(
        &[
            "publish", "-p", &port, "-t", "t", "-n", "--learn", "--cert", cert, "--key", key,
        ],
        &[],
        b"",
    );
    let pin = pin
        .stderr
        .split("--fingerprint ")
        .nth(1)
        .unwrap()
        .lines()
        .next()
        .unwrap()
        .to_owned();
    let tls = ["--fingerprint", &pin, "--cert", cert, "--key", key];
    let rule = Rule::start(&port, &[&STAMP[..], &["-C", "1"], &tls].concat());
    subscribed(&broker, "clock");
    publish(
        &port,
        &[&["-t", "rtjm/x", "-m", "{}"], &tls[..]].concat(),
        b"",
    );
    let (status, printed) = rule.end();
    assert_eq!(
        (status, &*printed),
        (Some(0), "rtjm/x published stamped/rtjm/x\n")
    );
}

#[test]
fn a_rule_can_be_tried_without_a_broker() {
    let try_it = |sql: &str, topic: &str, payload: &[u8]| {
        let arguments = [
            "rules",
            "--sql",
            sql,
            "--republish",
            "out/${topic(2)}",
            "--dry-run",
            topic,
        ];
        bearcub_with(&arguments, &[], payload)
    };
    let ran = try_it(
        "SELECT temp FROM 'plant/#'",
        "plant/7/x",
        br#"{"temp":21.5,"b":1}"#,
    );
    assert_eq!(
        (ran.status, &*ran.stdout),
        (0, "out/7 {\"temp\":21.5}\n"),
        "{}",
        ran.stderr
    );
    for (sql, topic, words) in [
        ("SELECT temp FROM 'plant/#'", "other", "does not match"),
        (
            "SELECT temp FROM 'plant/#' WHERE temp > 22",
            "plant/7",
            "WHERE leaves",
        ),
        ("SELECT temp FROM 'plant/#'", "plant", "no text"),
    ] {
        let ran = try_it(sql, topic, br#"{"temp":21.5}"#);
        assert_eq!(ran.status, 3, "{}", ran.stderr);
        assert!(ran.stderr.contains(words), "{}", ran.stderr);
    }
}

#[test]
fn wrong_rules_are_told_before_anybody_is_connected_to() {
    let told = |further: &[&str]| refused(&[&["rules", "-p", "1"], further].concat());
    let good = ["--sql", SEED, "--republish", "stamped/x"];
    assert!(told(&good).contains("--id"));
    assert!(told(&[&good[..], &["-i", "x", "--errors", "rtjm/x"]].concat()).contains("own errors"));
    assert!(told(&[&good[..], &["-i", "x", "--errors", "a/+"]].concat()).contains("MQTT-3.3.2-2"));
    assert!(told(&["-i", "x", "--sql", SEED, "--republish", "rtjm/out"]).contains("own results"));
    assert!(
        told(&["-i", "x", "--sql", "SELECT x", "--republish", "y"])
            .contains("character 9: expected FROM")
    );
    assert!(
        told(&["-i", "x", "--sql-file", "/nowhere.sql", "--republish", "y"])
            .contains("/nowhere.sql")
    );
    assert!(told(&["-i", "x", "--republish", "y"]).contains("--sql"));
    assert!(told(&[&good[..], &["-i", "x", "-q", "2"]].concat()).contains("0..=1"));
    let nobody = bearcub_with(
        &[&["rules", "-p", "1", "-i", "x"], &good[..]].concat(),
        &[],
        b"",
    );
    assert_eq!(nobody.status, 1);
    assert!(nobody.stderr.contains("-1002"), "{}", nobody.stderr);
}

#[test]
fn a_broker_that_refuses_the_filter_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let acl = folder.path().join("acl");
    std::fs::write(&acl, "topic readwrite other/#\n").unwrap();
    let config = MosquittoConfig::plain().line(&format!("acl_file {}", acl.display()));
    let broker = Mosquitto::start(&config).unwrap();
    let port = port(&broker);
    let output = limited(BEARCUB)
        .args([
            "rules",
            "-p",
            &port,
            "-i",
            "x",
            "--sql",
            SEED,
            "--republish",
            "stamped/x",
            "-W",
            "2",
        ])
        .output()
        .unwrap();
    // Mosquitto 2.0 grants what it will never deliver; 2.1 says so.
    let status = output.status.code().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(
        status == 0 || told.contains("refuses the filter rtjm/#"),
        "{status}: {told}"
    );
}

#[test]
fn a_topic_to_republish_to_that_can_be_none_is_refused_at_once() {
    for (target, words) in [
        ("stamped/+/x", "wildcard"),
        ("stamped/#", "wildcard"),
        ("stamped/${topic()}/+", "wildcard"),
        ("stamped/${color}/#", "wildcard"),
        ("stamped/${'#'}", "wildcard"),
        ("", "is empty"),
    ] {
        let sql = "SELECT * FROM 'rtjm/#'";
        // Nobody listens there, and nobody is asked.
        let ran = bearcub_with(
            &[
                "rules",
                "-p",
                "1",
                "-i",
                "x",
                "--sql",
                sql,
                "--republish",
                target,
            ],
            &[],
            b"",
        );
        assert_eq!(ran.status, 2, "{target}: {}", ran.stderr);
        assert!(ran.stderr.contains(words), "{target}: {}", ran.stderr);
        assert!(
            ran.stderr.contains("republish to one topic"),
            "{}",
            ran.stderr
        );
    }
}
