//! Every piece of memory chosen by the program: record buffers that are `heapless` vectors, one of them for both directions, and
//! the handshake's scratch in the place where readings are gathered later.
//!
//! ```console
//! $ cargo run --example heapless_buffers -- localhost:8883 sha256//k8f0…= plant/7/temp
//! ```

mod support;

use bearcub::mqtt::blocking::Client;
use bearcub::mqtt::store::Ram;
use bearcub::mqtt::{Options, QoS, Session};
use bearcub::tls::{self, Config, Context, FragmentLength, Parts, RECORD_OVERHEAD, Scratch};
use bearcub::trust::{Pin, Trust};
use heapless::Vec;
use support::{Tcp, uptime};

/// A record of 512 bytes, the smallest that there is, and what encryption adds.
const RECORD: usize = 512 + RECORD_OVERHEAD;

fn run([server, pin, topic]: [&str; 3]) -> Result<(), Box<dyn std::error::Error>> {
    let pins: Vec<Pin, 2> = Vec::from_iter([Pin::parse(pin)?]);
    let trust = Trust::fingerprints(&pins);
    let config =
        Config::new(support::host(server), &trust).fragment_length(Some(FragmentLength::B512));

    // One buffer for both directions: half the memory, and one thing at a time.
    let (mut context, mut record) = (Context::new(), Vec::<u8, RECORD>::new());
    // What the handshake borrows is the program's again behind it.
    let mut readings: Vec<u8, { Scratch::FINGERPRINTS }> = Vec::new();
    readings
        .resize_default(Scratch::FINGERPRINTS)
        .expect("that is its size");
    let (tcp, mut rng) = (Tcp::connect(server)?, getrandom::SysRng);
    let memory = Parts::shared(&mut context, &mut record);
    let stream = tls::connect(tcp, memory, &mut readings, &config, &mut rng)?;
    println!(
        "fragment length: {:?}",
        stream.connection().negotiated().fragment_length
    );

    readings.clear();
    for reading in ["21.5", "21.6", "21.4"] {
        readings
            .extend_from_slice(reading.as_bytes())
            .expect("there is room for hundreds");
        readings.push(b'\n').expect("here, too");
    }
    let options = Options::new("bearcub-example-heapless");
    let (mut input, mut output, mut memory) = ([0; 64], [0; 64], Vec::<u8, 128>::new());
    memory.resize_default(128).expect("that is its size");
    let store = Ram::new(&mut memory);
    let mut session: Session<_, 1, 0> = Session::new(&options, &mut input, &mut output, store)?;
    let (mut mqtt, _) = Client::connect(stream, &mut session, uptime)?;
    mqtt.publish(topic, &readings, QoS::AtLeastOnce)?;
    let arrived = mqtt.settle(uptime().after(10_000), |_| {})?;
    println!("all arrived: {arrived}");
    // The broker hangs up on DISCONNECT, so the connection may be gone already.
    let _ = mqtt.disconnect()?.close();
    Ok(())
}

fn main() -> std::process::ExitCode {
    support::main("HOST:PORT PIN TOPIC", run)
}
