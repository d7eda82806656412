//! A TLS connection over `std::net`, as a program on a computer would make it.
//!
//! ```console
//! $ cargo run --example blocking -- localhost:8883 sha256//k8f0…=
//! $ cargo run --example blocking -- localhost:8883 ca.pem
//! ```

mod support;

use std::path::Path;

use bearcub::tls::{self, Config, Scratch, Storage, Suite, Verify};
use bearcub::trust::{Pin, Trust, TrustAnchor};
use support::Tcp;

fn connect(server: &str, trust: &dyn Verify) -> Result<(), Box<dyn std::error::Error>> {
    let config = Config::new(support::host(server), trust);
    let mut storage: Storage<1024, 512> = Storage::new(); // kept while connected
    let mut scratch = [0; Scratch::ANCHORS]; // only for the handshake
    let mut rng = getrandom::SysRng;
    let tcp = Tcp::connect(server)?;
    let stream = tls::connect(tcp, &mut storage, &mut scratch, &config, &mut rng)?;
    let agreed = stream.connection().negotiated();
    let suite = Suite::name_of(agreed.suite).unwrap_or("?");
    println!("connected: {suite}, {agreed:?}");
    // It reads and writes like any other stream of `embedded-io`.
    stream.close()?;
    Ok(())
}

fn run([server, trusted]: [&str; 2]) -> Result<(), Box<dyn std::error::Error>> {
    // What names no file must be a pin.
    if !Path::new(trusted).is_file() {
        let pin = Pin::parse(trusted)?;
        return connect(server, &Trust::fingerprints(&[pin]));
    }
    let mut der = vec![0; 8192];
    let anchor = TrustAnchor::from_certificate_pem(&std::fs::read(trusted)?, &mut der)?;
    connect(server, &Trust::anchors(&[anchor], support::now()))
}

fn main() -> std::process::ExitCode {
    support::main("HOST:PORT PIN-OR-CA.PEM", run)
}
