//! `publish` and `subscribe` against a real broker, and against Mosquitto's own clients.

mod common;

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use bearcub_lab::pki::{self, KeyKind};
use bearcub_lab::server::{Mosquitto, MosquittoConfig};
use common::{Ran, bearcub, bearcub_with, text};

fn broker(config: &MosquittoConfig) -> Mosquitto {
    Mosquitto::start(config).unwrap()
}

fn port(broker: &Mosquitto) -> String {
    broker.addr().port().to_string()
}

/// A program that subscribes, once the broker has seen it do so.
fn subscriber(broker: &Mosquitto, program: &str, arguments: &[&str]) -> Child {
    let before = broker.log().matches("Sending SUBACK").count();
    // Killed (status 124) if it takes over a minute.
    let mut child = Command::new("timeout")
        .args(["60", program])
        .args(arguments)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("{program} (apt-get install mosquitto-clients): {error}"));
    for _ in 0..200 {
        if broker.log().matches("Sending SUBACK").count() > before {
            return child;
        }
        broker.wait_for_log("nothing says this", Duration::from_millis(50));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    panic!("{program} does not subscribe: {}", broker.log());
}

fn printed(child: Child) -> String {
    let output = child.wait_with_output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

const BEARCUB: &str = env!("CARGO_BIN_EXE_bearcub");

fn ok(ran: Ran) -> String {
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    ran.stdout
}

#[test]
fn each_client_understands_the_other() {
    let broker = broker(&MosquittoConfig::plain());
    let port = port(&broker);
    for qos in ["0", "1", "2"] {
        let theirs = subscriber(
            &broker,
            "mosquitto_sub",
            &["-p", &port, "-t", "a/#", "-q", qos, "-C", "2", "-v"],
        );
        ok(bearcub(&[
            "publish", "-p", &port, "-t", "a/b", "-q", qos, "-m", "21.5",
        ]));
        ok(bearcub(&[
            "publish", "-p", &port, "-t", "a", "-q", qos, "-n",
        ]));
        assert_eq!(printed(theirs), "a/b 21.5\na (null)\n");

        let ours = [
            "subscribe",
            "-p",
            &port,
            "-t",
            "a/#",
            "-q",
            qos,
            "-C",
            "2",
            "-v",
        ];
        let ours = subscriber(&broker, BEARCUB, &ours);
        for text in ["21.5", "ä"] {
            let status = Command::new("mosquitto_pub")
                .args(["-p", &port, "-t", "a/b", "-q", qos, "-m", text])
                .status();
            assert!(status.unwrap().success());
        }
        assert_eq!(printed(ours), "a/b 21.5\na/b ä\n");
    }
}

#[test]
fn messages_come_from_lines_files_and_standard_input_whatever_their_size() {
    let broker = broker(&MosquittoConfig::plain());
    let port = port(&broker);
    let ours = ["subscribe", "-p", &port, "-t", "l", "-C", "3"];
    let ours = subscriber(&broker, BEARCUB, &ours);
    ok(bearcub_with(
        &["publish", "-p", &port, "-t", "l", "-l", "-q", "1"],
        &[],
        b"one\ntwo\n",
    ));
    ok(bearcub_with(
        &["publish", "-p", &port, "-t", "l", "-s"],
        &[],
        b"three\nfour",
    ));
    assert_eq!(printed(ours), "one\ntwo\nthree\nfour\n");

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("large");
    let large: Vec<u8> = (0..3_000_000_u32)
        .map(|at| b'a' + (at % 23) as u8)
        .collect();
    std::fs::write(&file, &large).unwrap();
    for qos in ["0", "1", "2"] {
        let ours = [
            "subscribe",
            "-p",
            &port,
            "-t",
            "f",
            "-q",
            qos,
            "-C",
            "1",
            "-N",
        ];
        let ours = subscriber(&broker, BEARCUB, &ours);
        let file = file.to_str().unwrap();
        ok(bearcub(&[
            "publish", "-p", &port, "-t", "f", "-q", qos, "-f", file,
        ]));
        assert!(printed(ours).as_bytes() == large, "QoS {qos}");
    }
}

#[test]
fn what_is_kept_filtered_and_counted() {
    let broker = broker(&MosquittoConfig::plain());
    let port = port(&broker);
    let publish = |topic: &str, more: &[&str]| {
        let fixed = ["publish", "-p", &port, "-t", topic, "-m", topic];
        ok(bearcub(&[&fixed, more].concat()));
    };
    publish("keep/1", &["-r"]);
    publish("keep/2", &["-r", "-q", "1"]);
    let subscribe = |more: &[&str]| {
        let fixed = ["subscribe", "-p", &port, "-t", "keep/#", "-W", "1"];
        let mut lines: Vec<String> = ok(bearcub(&[&fixed, more].concat()))
            .lines()
            .map(str::to_owned)
            .collect();
        lines.sort();
        lines
    };
    assert_eq!(subscribe(&[]), ["keep/1", "keep/2"]);
    assert_eq!(subscribe(&["-C", "1"]).len(), 1);
    assert_eq!(subscribe(&["-T", "keep/1"]), ["keep/2"]);
    assert!(subscribe(&["-R"]).is_empty());
    let json = subscribe(&["--json", "-T", "keep/1"]);
    let value: serde_json::Value = serde_json::from_str(&json[0]).unwrap();
    assert_eq!(value["topic"], "keep/2");
    assert_eq!(
        (&value["payload"], &value["retain"]),
        (&"keep/2".into(), &true.into())
    );

    // A session of its own: what comes while nobody listens is kept.
    let persistent = [
        "subscribe",
        "-p",
        &port,
        "-i",
        "logger",
        "-c",
        "-q",
        "1",
        "-t",
        "log",
    ];
    ok(bearcub(&[&persistent[..], &["-E"]].concat()));
    publish("log", &["-q", "1", "--repeat", "2"]);
    let came = ok(bearcub(&[&persistent[..], &["-C", "2"]].concat()));
    assert_eq!(came, "log\nlog\n");
}

#[test]
fn over_tls_the_server_must_be_known() {
    let chain = pki::simple(KeyKind::P256);
    let owner = pki::device(KeyKind::P256);
    let config = MosquittoConfig::tls(&chain)
        .require_certificate(owner.root())
        .identity_as_username();
    let broker = broker(&config);
    let port = port(&broker);
    let folder = tempfile::tempdir().unwrap();
    let server = chain.write_to(folder.path(), "server-").unwrap();
    let device = owner.write_to(folder.path(), "device-").unwrap();
    let path = |path: &std::path::Path| path.display().to_string();
    let (ca, cert, key) = (path(&server.roots), path(&device.chain), path(&device.key));
    let base = [
        "publish", "-p", &port, "-t", "t", "-q", "1", "-m", "m", "--cert", &cert, "--key", &key,
    ];
    let with = |more: &[&str]| bearcub(&[&base[..], more].concat());
    // The lab's certificates are not of today; a pin does not look at dates.
    let learned = with(&["--learn"]);
    assert_eq!(learned.status, 2, "{}", learned.stderr);
    assert!(learned.stderr.contains("-2020"), "{}", learned.stderr);
    let pin = learned.stderr.split("--fingerprint ").nth(1).unwrap();
    let pin = pin.lines().next().unwrap().to_owned();
    assert!(broker.wait_for_log("closed its connection", Duration::from_secs(10)));
    assert!(!broker.log().contains("CONNACK"), "{}", broker.log());
    let told = with(&["--fingerprint", &pin, "--json"]).json();
    assert_eq!(
        (&told["topic"], &told["published"]),
        (&"t".into(), &1.into())
    );
    let wrong = with(&["--fingerprint", &"ab".repeat(32)]);
    assert_eq!(wrong.status, 1);
    assert!(
        wrong.stderr.contains("none of the pinned ones"),
        "{}",
        wrong.stderr
    );
    let unknown = with(&[]);
    assert_eq!(unknown.status, 2);
    assert!(unknown.stderr.contains("--cafile"), "{}", unknown.stderr);
    let missing = with(&["--cafile", "/nowhere/ca.pem"]);
    assert_eq!(missing.status, 2);
    assert!(
        missing.stderr.contains("/nowhere/ca.pem"),
        "{}",
        missing.stderr
    );
    let validated = with(&["--cafile", &ca, "--server-name", &chain.host]);
    // Whatever the date makes of the lab's certificates, it is the validator that says so.
    assert!(
        validated.status == 0 || validated.stderr.contains("certificate"),
        "{}",
        validated.stderr
    );
}

#[test]
fn wrong_arguments_and_brokers_are_told_with_a_remedy() {
    let secret = "hush-hush";
    let broker = broker(&MosquittoConfig::plain().user("plant", "right"));
    let port = port(&broker);
    let publish = |more: &[&str]| {
        let ran = bearcub(&[&["publish", "-p", &port, "-t", "t", "-m", "m"], more].concat());
        assert!(!ran.stderr.contains(secret), "{}", ran.stderr);
        (ran.status, ran.stderr)
    };
    let (status, text) = publish(&["-u", "plant", "-P", secret]);
    assert_eq!(status, 1);
    assert!(
        text.contains("-2005") && text.contains("password"),
        "{text}"
    );
    let (status, text) = publish(&["-q", "3"]);
    assert_eq!(status, 2, "{text}");
    let (status, _) = publish(&["-P", secret]);
    assert_eq!(status, 2, "a password needs a name");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("password");
    std::fs::write(&file, "right\n").unwrap();
    let (status, text) = publish(&["-u", "plant", "--pw-file", file.to_str().unwrap()]);
    assert_eq!(status, 0, "{text}");
    let (status, text) = publish(&["--pw-file", "/nowhere", "-u", "plant"]);
    assert_eq!(status, 2);
    assert!(text.contains("/nowhere"), "{text}");

    let topics = bearcub(&["publish", "-t", "a/#", "-m", "m"]);
    assert_eq!(topics.status, 2);
    assert!(topics.stderr.contains("MQTT-3.3.2-2"), "{}", topics.stderr);
    let filters = bearcub(&["subscribe", "-t", "a#"]);
    assert_eq!(filters.status, 2);
    assert!(
        filters.stderr.contains("MQTT-4.7.1-2"),
        "{}",
        filters.stderr
    );
    let aws = bearcub(&[
        "publish", "-p", &port, "-t", "t", "-m", "m", "-q", "2", "--broker", "aws",
    ]);
    assert_ne!(aws.status, 0);

    let nobody = bearcub(&["publish", "-p", "1", "-t", "t", "-m", "m"]);
    assert_eq!(nobody.status, 1);
    assert!(nobody.stderr.contains("-1002"), "{}", nobody.stderr);
    let http = bearcub(&["publish", "-h", "host.invalid", "-t", "t", "-m", "m"]);
    assert_eq!(http.status, 1);
    assert!(http.stderr.contains("-1001"), "{}", http.stderr);
}

#[test]
fn every_error_names_the_broker_that_it_is_about() {
    let chain = pki::simple(KeyKind::P256);
    let refusing = broker(&MosquittoConfig::plain().user("plant", "right"));
    let with_tls = broker(&MosquittoConfig::tls(&chain));
    let folder = tempfile::tempdir().unwrap();
    let other = folder.path().join("other.pem");
    std::fs::write(&other, pki::aws().root_pem()).unwrap();
    let pin = "aa".repeat(32);
    let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    // The last are the exit status and the number.
    let cases: [(u16, &[&str], i32, &str); 5] = [
        (
            refusing.addr().port(),
            &["-u", "plant", "-P", "wrong"],
            1,
            "-2005",
        ),
        (with_tls.addr().port(), &["--cafile", text(&other)], 1, "62"),
        (with_tls.addr().port(), &["--fingerprint", &pin], 1, "1"),
        (with_tls.addr().port(), &["--learn"], 2, "-2020"),
        (
            silent.local_addr().unwrap().port(),
            &["--timeout", "0.3"],
            1,
            "-2010",
        ),
    ];
    for (port, further, status, code) in cases {
        let place = format!("127.0.0.1:{port}: error {code}: ");
        let port = port.to_string();
        let commands: [&[&str]; 3] = [
            &["publish", "-t", "a", "-m", "b"],
            &["subscribe", "-t", "a", "-E"],
            &[
                "rules",
                "-i",
                "x",
                "--sql",
                "SELECT * FROM 'a'",
                "--republish",
                "b",
            ],
        ];
        for command in commands {
            let all = [command, &["-h", "127.0.0.1", "-p", &port], further].concat();
            let ran = bearcub_with(&all, &[], b"");
            assert_eq!(ran.status, status, "{all:?}: {}", ran.stderr);
            assert!(ran.stderr.contains(&place), "{all:?}: {}", ran.stderr);
            assert!(ran.stderr.contains("remedy: "), "{}", ran.stderr);
        }
    }
}
