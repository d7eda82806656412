//! The Rust that `probe` writes is compiled into a program, which connects with it to the servers that were probed.

mod common;

use std::net::SocketAddr;
use std::process::Stdio;

use bearcub_lab::pki::{self, KeyKind};
use bearcub_lab::server::{
    Mosquitto, MosquittoConfig, OpensslConfig, OpensslServer, RustlsConfig, RustlsServer,
};
use common::{bearcub_with, generated, limited, text};
use tempfile::TempDir;

/// Connects to four servers, each with the module that was written for it.
const PROGRAM: &str = r#"
mod both;
mod mutual;
mod pinned;
mod rsa;

use bearcub::clock::{Clock, Time};
use bearcub::identity::{EcKey, Identity, RsaKey};

/// The server whose port is the argument of that number.
fn tcp(number: usize) -> Tcp {
    let port: u16 = std::env::args().nth(number).unwrap().parse().unwrap();
    Tcp(std::net::TcpStream::connect(("127.0.0.1", port)).unwrap())
}

static EC_CERTIFICATE: &[u8] = include_bytes!("ec.crt");
static EC_KEY: &[u8] = include_bytes!("ec.key");
static RSA_CERTIFICATE: &[u8] = include_bytes!("rsa.crt");
static RSA_KEY: &[u8] = include_bytes!("rsa.key");

fn main() {
    let clock = Clock::at(Time::from_unix(1_780_272_000).unwrap());
    let rng = &mut getrandom::SysRng;

    let chain = [EC_CERTIFICATE];
    let identity = Identity::new(&chain, EcKey::from_der(EC_KEY).unwrap()).unwrap();
    let mut storage = mutual::Memory::new();
    let mut scratch = [0; mutual::SCRATCH];
    let stream = mutual::connect(tcp(1), &mut storage, &mut scratch, clock, &identity, rng).unwrap();
    println!("mutual {:?}", stream.connection().negotiated().fragment_length.map(|length| length.bytes()));

    let mut storage = pinned::Memory::new();
    let mut scratch = [0; pinned::SCRATCH];
    let stream = pinned::connect(tcp(2), &mut storage, &mut scratch, rng).unwrap();
    println!("pinned {:04x}", stream.connection().negotiated().suite);

    let mut storage = Box::new(both::Memory::new());
    let mut scratch = [0; both::SCRATCH];
    let stream = both::connect(tcp(3), &mut *storage, &mut scratch, clock, rng).unwrap();
    println!("both {:?}", stream.connection().negotiated().alpn);

    let chain = [RSA_CERTIFICATE];
    let identity = Identity::new(&chain, RsaKey::from_der(RSA_KEY).unwrap()).unwrap();
    let mut storage = rsa::Memory::new();
    let mut scratch = [0; rsa::SCRATCH];
    let stream = rsa::connect(tcp(4), &mut storage, &mut scratch, &identity, rng).unwrap();
    println!("rsa {}", stream.connection().negotiated().certificate_requested);
}
"#;

struct Package {
    folder: TempDir,
}

impl Package {
    fn at(&self, name: &str) -> String {
        text(&self.folder.path().join(name)).to_owned()
    }

    /// Probes, and has the Rust written to that module.
    fn probe(&self, address: SocketAddr, module: &str, further: &[&str]) {
        let (address, file) = (address.to_string(), self.at(&format!("src/{module}.rs")));
        let usual = [
            "probe",
            &address,
            "--server-name",
            "localhost",
            "--time",
            "2026-06-01T00:00:00Z",
            "--rust",
            &file,
        ];
        let ran = bearcub_with(&[&usual, further].concat(), &[], b"");
        assert_eq!(ran.status, 0, "{module}: {}\n{}", ran.stderr, ran.stdout);
        assert!(ran.stdout.contains(&format!("{file}: written")));
    }
}

#[test]
fn a_program_with_the_written_configurations_connects_to_the_probed_servers() {
    let package = Package {
        folder: tempfile::tempdir().unwrap(),
    };
    std::fs::create_dir(package.at("src")).unwrap();
    let (ec, rsa) = (pki::simple(KeyKind::P256), pki::simple(KeyKind::Rsa2048));
    let (device, rsa_device) = (pki::device(KeyKind::P256), pki::device(KeyKind::Rsa2048));
    for (name, chain) in [("ec", &device), ("rsa", &rsa_device)] {
        let key = chain.key.traditional_der();
        std::fs::write(package.at(&format!("src/{name}.crt")), chain.leaf()).unwrap();
        std::fs::write(package.at(&format!("src/{name}.key")), key).unwrap();
    }
    std::fs::write(package.at("ec-root.pem"), ec.root_pem()).unwrap();
    let root = package.at("ec-root.pem");

    let config = MosquittoConfig::tls(&ec).require_certificate(device.root());
    let broker = Mosquitto::start(&config).unwrap();
    let (cert, key) = (package.at("src/ec.crt"), package.at("src/ec.key"));
    let identity = ["--ca", &root, "--cert", &cert, "--key", &key];
    package.probe(broker.addr(), "mutual", &identity);

    let config = OpensslConfig::new(&rsa).ciphers("AES128-GCM-SHA256");
    let static_rsa = OpensslServer::start(&config).unwrap();
    package.probe(static_rsa.addr(), "pinned", &["--trust", "pin"]);

    let config = RustlsConfig::new(&ec).alpn(&["mqtt"]);
    let ignoring = RustlsServer::start(&config).unwrap();
    let both = ["--ca", &root, "--trust", "both", "--alpn", "mqtt"];
    package.probe(ignoring.addr(), "both", &both);

    let config = OpensslConfig::new(&rsa).require_certificate(rsa_device.root());
    let demanding = OpensslServer::start(&config).unwrap();
    let (cert, key) = (package.at("src/rsa.crt"), package.at("src/rsa.key"));
    let identity = ["--trust", "pin", "--cert", &cert, "--key", &key];
    package.probe(demanding.addr(), "rsa", &identity);

    let program = generated::compile(package.folder.path(), "probed", PROGRAM);
    let ports = [
        broker.addr(),
        static_rsa.addr(),
        ignoring.addr(),
        demanding.addr(),
    ];
    let output = limited(text(&program))
        .args(ports.map(|address| address.port().to_string()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}\n{}", broker.log());
    let shown = String::from_utf8(output.stdout).unwrap();
    assert_eq!(
        shown,
        "mutual Some(1024)\npinned 009c\nboth Some(0)\nrsa true\n"
    );
}
