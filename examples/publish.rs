//! Publishes one reading with QoS 1 over TLS, waits until it has arrived, and ends in order.
//!
//! ```console
//! $ cargo run --example publish -- localhost:8883 sha256//k8f0…= plant/7/temp 21.5
//! ```

mod support;

use bearcub::mqtt::blocking::Client;
use bearcub::mqtt::store::Ram;
use bearcub::mqtt::{Options, QoS, Session};
use bearcub::tls::{self, Config, Scratch, Storage};
use bearcub::trust::{Pin, Trust};
use support::{Tcp, uptime};

fn run([server, pin, topic, payload]: [&str; 4]) -> Result<(), Box<dyn std::error::Error>> {
    let pins = [Pin::parse(pin)?];
    let trust = Trust::fingerprints(&pins);
    let config = Config::new(support::host(server), &trust);

    let mut storage: Storage<1024, 512> = Storage::new();
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let tcp = Tcp::connect(server)?;
    let mut rng = getrandom::SysRng;
    let stream = tls::connect(tcp, &mut storage, &mut scratch, &config, &mut rng)?;

    let options = Options::new("bearcub-example-publish");
    let (mut input, mut output, mut memory) = ([0; 128], [0; 256], [0; 512]);
    let store = Ram::new(&mut memory);
    let mut session: Session<_, 2, 0> = Session::new(&options, &mut input, &mut output, store)?;
    let (mut mqtt, _) = Client::connect(stream, &mut session, uptime)?;
    mqtt.publish(topic, payload.as_bytes(), QoS::AtLeastOnce)?;
    let arrived = mqtt.settle(uptime().after(10_000), |event| println!("{event:?}"))?;
    // The broker hangs up on DISCONNECT, so the connection may be gone already.
    let _ = mqtt.disconnect()?.close();
    if !arrived {
        return Err("the broker did not acknowledge it in time".into());
    }
    Ok(())
}

fn main() -> std::process::ExitCode {
    support::main("HOST:PORT PIN TOPIC PAYLOAD", run)
}
