//! What `anchors` and `identity` write is compiled into a program, which connects with it to real servers.

mod common;

use std::time::Duration;

use bearcub_lab::pki::{self, KeyKind};
use bearcub_lab::server::{Mosquitto, MosquittoConfig};
use common::{bearcub, generated, limited, text};

/// A device in small: once with everything in statics, once with the identity in flash.
const PROGRAM: &str = r#"
mod anchors;
mod identity;

use bearcub::clock::{Clock, Time};
use bearcub::identity::{EcKey, FlashImage, Identity};
use bearcub::tls::{self, Config, Scratch, Storage};
use bearcub::trust::Trust;

static FLASH: &[u8] = include_bytes!("flash.bin");

fn connect(port: u16, identity: &Identity<'_, EcKey<'_>>) {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = Time::from_unix(now.as_secs() as i64).unwrap();
    let trust = Trust::anchors(&anchors::LAB, Clock::at(now));
    let config = Config::new("localhost", &trust).identity(identity);
    let tcp = std::net::TcpStream::connect(("127.0.0.1", port)).unwrap();
    let mut storage: Storage<1024, 1024> = Storage::new();
    let mut scratch = [0; Scratch::ANCHORS + 2048];
    let rng = &mut getrandom::SysRng;
    let mut stream = tls::connect(Tcp(tcp), &mut storage, &mut scratch, &config, rng).unwrap();
    // MQTT 3.1.1: CONNECT with the client identifier `x`, then CONNACK.
    let connect = b"\x10\x0d\x00\x04MQTT\x04\x02\x00\x0a\x00\x01x";
    embedded_io::Write::write_all(&mut stream, connect).unwrap();
    embedded_io::Write::flush(&mut stream).unwrap();
    let mut answer = [0; 4];
    embedded_io::Read::read_exact(&mut stream, &mut answer).unwrap();
    assert_eq!(answer, [0x20, 2, 0, 0]);
}

fn main() {
    let port = std::env::args().nth(1).unwrap().parse().unwrap();
    let key = EcKey::from_der(&identity::PRIVATE_KEY).unwrap();
    connect(port, &Identity::new(&identity::CHAIN, key).unwrap());
    let word = |index: usize| u32::from_le_bytes(FLASH[4 * index..][..4].try_into().unwrap());
    let image = FlashImage::open(word, FLASH.len()).unwrap();
    connect(port, &Identity::stored(&image).unwrap());
    println!("connected twice");
}
"#;

#[test]
fn a_program_with_the_written_files_connects_to_a_broker_that_demands_a_certificate() {
    let (server, device) = (pki::selfsigned(KeyKind::P256), pki::device(KeyKind::P256));
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&folder.path().join(name)).to_owned();
    std::fs::create_dir(at("src")).unwrap();
    let files = device.write_to(folder.path(), "device-").unwrap();
    std::fs::write(at("ca.pem"), server.root_pem()).unwrap();
    let config = MosquittoConfig::tls(&server).require_certificate(device.root());
    let broker = Mosquitto::start(&config.identity_as_username()).unwrap();
    let port = broker.addr().port().to_string();

    let address = format!("localhost:{port}");
    let (anchors, identity, flash) = (
        at("src/anchors.rs"),
        at("src/identity.rs"),
        at("src/flash.bin"),
    );
    let ca = at("ca.pem");
    let ran = bearcub(&[
        "anchors", &ca, "--for", &address, "--name", "LAB", "--out", &anchors,
    ]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let (cert, key) = (text(&files.leaf), text(&files.key));
    let ran = bearcub(&[
        "identity", "--cert", cert, "--key", key, "--rust", &identity, "--image", &flash,
    ]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);

    let program = generated::compile(folder.path(), "generated", PROGRAM);
    let output = limited(text(&program)).arg(&port).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}\n{}", broker.log());
    assert_eq!(output.stdout, b"connected twice\n");
    assert!(broker.wait_for_log("u'device-1'", Duration::from_secs(10)));
}
