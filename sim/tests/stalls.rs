//! Servers that stall, leave or are slow in each step of a handshake, for every command that makes one: nobody waits for ever,
//! and everybody says which server it is.

mod common;

use std::fs;
use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::time::{Duration, Instant};

use bearcub_lab::pki::{self, KeyKind};
use bearcub_lab::proxy::{Direction, Proxy, ProxyConfig};
use bearcub_lab::server::{Mosquitto, MosquittoConfig};
use common::{Ran, bearcub_with, text};

/// What a command has to say about a server.
struct Command {
    name: &'static str,
    /// The arguments, with the file of the authority; `ADDRESS`, `HOST` and `PORT` stand for the server's, `FILE` for its set-up.
    arguments: &'static [&'static str],
    /// The exit status of a failure.
    failure: i32,
    /// Whether the chain is all it needs.
    needs_chain_only: bool,
}

const COMMANDS: [Command; 7] = [
    Command {
        name: "connect",
        arguments: &["connect", "ADDRESS", "--ca", "CA", "--timeout", "TIME"],
        failure: 1,
        needs_chain_only: false,
    },
    Command {
        name: "fingerprint",
        arguments: &["fingerprint", "ADDRESS", "--timeout", "TIME"],
        failure: 1,
        needs_chain_only: true,
    },
    Command {
        name: "anchors",
        arguments: &["anchors", "--for", "ADDRESS", "CA", "--timeout", "TIME"],
        failure: 1,
        needs_chain_only: true,
    },
    Command {
        name: "doctor",
        arguments: &["doctor", "FILE", "--timeout", "TIME"],
        failure: 3,
        needs_chain_only: false,
    },
    Command {
        name: "publish",
        arguments: &[
            "publish",
            "-h",
            "HOST",
            "-p",
            "PORT",
            "--cafile",
            "CA",
            "-t",
            "a",
            "-m",
            "b",
            "--timeout",
            "TIME",
        ],
        failure: 1,
        needs_chain_only: false,
    },
    Command {
        name: "subscribe",
        arguments: &[
            "subscribe",
            "-h",
            "HOST",
            "-p",
            "PORT",
            "--cafile",
            "CA",
            "-t",
            "a",
            "-E",
            "--timeout",
            "TIME",
        ],
        failure: 1,
        needs_chain_only: false,
    },
    Command {
        name: "rules",
        arguments: &[
            "rules",
            "-h",
            "HOST",
            "-p",
            "PORT",
            "-i",
            "rule",
            "--cafile",
            "CA",
            "--sql",
            "SELECT * FROM 'a'",
            "--republish",
            "b",
            "-W",
            "1",
            "--timeout",
            "TIME",
        ],
        failure: 1,
        needs_chain_only: false,
    },
];

impl Command {
    fn run(&self, address: SocketAddr, folder: &Path, timeout: &str) -> Ran {
        let authority = folder.join("ca.pem");
        let file = folder.join(format!("{}-{}.toml", self.name, address.port()));
        let setup = format!(
            "host = \"localhost\"\nport = {}\ntimeout = {timeout}\n[trust]\nca = \"ca.pem\"\n[mqtt]\nclient_id = \"{}\"\n",
            address.port(),
            address.port()
        );
        // A set-up has whole seconds.
        let setup = setup.replace("timeout = 0.3", "timeout = 1");
        fs::write(&file, setup).unwrap();
        let (place, port) = (
            format!("localhost:{}", address.port()),
            address.port().to_string(),
        );
        let mut all: Vec<&str> = Vec::new();
        for argument in self.arguments {
            all.push(match *argument {
                "ADDRESS" => &place,
                "HOST" => "localhost",
                "PORT" => &port,
                "CA" => text(&authority),
                "FILE" => text(&file),
                "TIME" => timeout,
                other => other,
            });
        }
        if self.name == "doctor" {
            all.truncate(2);
        }
        bearcub_with(&all, &[], b"")
    }

    /// What is said of a failure, on either stream: `doctor` prints what it finds.
    fn refused(&self, address: SocketAddr, folder: &Path, timeout: &str) -> String {
        let ran = self.run(address, folder, timeout);
        let said = format!("{}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.status, self.failure, "{}: {said}", self.name);
        let place = format!("localhost:{}", address.port());
        assert!(said.contains(&place), "{}: {said}", self.name);
        said
    }
}

/// A broker, and a folder with the file of its authority.
fn broker() -> (Mosquitto, tempfile::TempDir) {
    let chain = pki::simple(KeyKind::P256);
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ca.pem"), chain.root_pem()).unwrap();
    let broker = Mosquitto::start(&MosquittoConfig::tls(&chain)).unwrap();
    (broker, folder)
}

/// Where the server's records begin and end in its stream, up to the end of the handshake.
fn boundaries(stream: &[u8]) -> Vec<u64> {
    let (mut at, mut all, mut is_last) = (0, vec![0], false);
    while !is_last && at + 5 <= stream.len() {
        let length = usize::from(u16::from_be_bytes([stream[at + 3], stream[at + 4]]));
        // Behind ChangeCipherSpec comes Finished.
        is_last = all.len() > 1 && stream[all[all.len() - 2] as usize..][..1] == [20];
        at += 5 + length;
        all.push(at as u64);
    }
    all
}

#[test]
fn every_command_ends_when_the_server_stalls_or_leaves_in_any_step() {
    let (broker, folder) = broker();
    let proxy = Proxy::start(broker.addr(), &ProxyConfig::new()).unwrap();
    let ran = COMMANDS[0].run(proxy.addr(), folder.path(), "10");
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let ends = boundaries(&proxy.stream(0, Direction::ToClient));
    let whole = *ends.last().unwrap();
    assert!(ends.len() >= 4, "{ends:?}");
    // Before each record, in its header, in its middle; the Certificate is in one of the first.
    let steps = ends
        .windows(2)
        .flat_map(|pair| [pair[0], pair[0] + 3, pair[0].midpoint(pair[1])]);
    let steps: Vec<_> = steps.collect();
    std::thread::scope(|scope| {
        for command in &COMMANDS {
            let (steps, folder, broker) = (&steps, folder.path(), broker.addr());
            scope.spawn(move || {
                for (number, bytes) in steps.iter().enumerate() {
                    let held = number % 2 == 0;
                    let config = match held {
                        true => ProxyConfig::new().hold_after(Direction::ToClient, *bytes),
                        false => ProxyConfig::new().cut_after(Direction::ToClient, *bytes),
                    };
                    let proxy = Proxy::start(broker, &config).unwrap();
                    let case = format!("{} at {bytes} of {whole}", command.name);
                    let start = Instant::now();
                    let ran = command.run(proxy.addr(), folder, "0.3");
                    assert!(start.elapsed() < Duration::from_secs(20), "{case}");
                    let said = format!("{}{}", ran.stdout, ran.stderr);
                    if command.needs_chain_only && ran.status == 0 {
                        assert!(*bytes > 100, "{case}: {said}");
                        continue;
                    }
                    assert_eq!(ran.status, command.failure, "{case}: {said}");
                    let place = format!("localhost:{}", proxy.addr().port());
                    assert!(said.contains(&place), "{case}: {said}");
                    let words: &[&str] = match (held, bytes) {
                        (true, _) => &["-1005"],
                        (false, _) => &["-1400", "error 31"],
                    };
                    assert!(words.iter().any(|one| said.contains(one)), "{case}: {said}");
                }
            });
        }
    });
}

/// Answers whatever comes with these bytes, and leaves.
fn answering(answer: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { return };
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(answer);
            let _ = stream.shutdown(Shutdown::Both);
        }
    });
    address
}

#[test]
fn who_answers_without_tls_is_recognised_by_every_command() {
    let (_broker, folder) = broker();
    let plain = Mosquitto::start(&MosquittoConfig::plain()).unwrap();
    let web = answering(b"HTTP/1.1 400 Bad Request\r\nServer: x\r\n\r\n");
    let mqtt = answering(b"\x20\x02\x00\x05");
    for command in &COMMANDS {
        let said = command.refused(web, folder.path(), "5");
        for words in [
            "this is no TLS",
            "`HTTP/1.1 400 Bad Request`",
            "looks like HTTP",
        ] {
            assert!(said.contains(words), "{}: {said}", command.name);
        }
        let said = command.refused(mqtt, folder.path(), "5");
        assert!(said.contains("looks like MQTT without TLS"), "{said}");
        let said = command.refused(plain.addr(), folder.path(), "5");
        assert!(
            said.contains("at the first message of TLS") && said.contains("8883"),
            "{}: {said}",
            command.name
        );
    }
}

#[test]
fn without_tls_a_port_that_has_it_or_is_of_another_protocol_is_told() {
    let (broker, _folder) = broker();
    let web = answering(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    for (address, words) in [
        (broker.addr(), "the port may be one for TLS"),
        (
            web,
            "this is no MQTT: the server answers `HTTP/1.1 400 Bad Request`",
        ),
        (
            answering(b"\x15\x03\x01\x00\x02\x02\x46"),
            "the server speaks TLS",
        ),
    ] {
        let port = address.port().to_string();
        for command in ["publish", "subscribe"] {
            let usual = [command, "-h", "127.0.0.1", "-p", &port, "-t", "a"];
            let more: &[&str] = if command == "publish" {
                &["-n"]
            } else {
                &["-E"]
            };
            let ran = bearcub_with(&[&usual, more].concat(), &[], b"");
            assert_eq!(ran.status, 1, "{}", ran.stderr);
            let place = format!("127.0.0.1:{port}: error");
            assert!(ran.stderr.contains(words), "{}", ran.stderr);
            assert!(ran.stderr.contains(&place), "{}", ran.stderr);
        }
    }
}

/// Passes everything on, but nothing from the server before a while has gone by: a link over half the world.
fn far_away(target: SocketAddr) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut near) = stream else { return };
            let mut far = TcpStream::connect(target).unwrap();
            let (mut back, mut from) = (near.try_clone().unwrap(), far.try_clone().unwrap());
            std::thread::spawn(move || {
                let _ = std::io::copy(&mut near, &mut far);
                let _ = far.shutdown(Shutdown::Both);
            });
            std::thread::spawn(move || {
                let mut buffer = [0; 4096];
                while let Ok(length @ 1..) = from.read(&mut buffer) {
                    // Nothing comes here: it is the time that is wanted.
                    let (pause, _keep) = quiet();
                    let _ = (&pause).read(&mut [0; 1]);
                    if back.write_all(&buffer[..length]).is_err() {
                        return;
                    }
                }
                let _ = back.shutdown(Shutdown::Both);
            });
        }
    });
    address
}

/// A connection on which nothing comes, and reading from which takes 120 ms.
fn quiet() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let one = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    one.set_read_timeout(Some(Duration::from_millis(120)))
        .unwrap();
    (one, listener.accept().unwrap().0)
}

#[test]
fn a_broker_that_is_far_away_is_waited_for() {
    let (broker, folder) = broker();
    let far = far_away(broker.addr());
    for command in &COMMANDS {
        let ran = command.run(far, folder.path(), "10");
        assert_eq!(
            ran.status, 0,
            "{}: {}{}",
            command.name, ran.stdout, ran.stderr
        );
    }
}
