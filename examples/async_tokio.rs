//! Publishes one reading, async, with tokio.
//!
//! ```console
//! $ cargo run --features async --example async_tokio -- localhost:8883 sha256//k8f0…= plant/7/temp 21.5
//! ```

mod support;

use std::time::Duration;

use bearcub::clock::Instant;
use bearcub::mqtt::asynch::{Client, Timer};
use bearcub::mqtt::store::Ram;
use bearcub::mqtt::{Options, QoS, Session};
use bearcub::tls::{self, Config, Scratch, Storage};
use bearcub::trust::{Pin, Trust};
use embedded_io_adapters::tokio_1::FromTokio;
use support::uptime;
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

/// MQTT's deadlines, by tokio's clock.
struct Ticks;

impl Timer for Ticks {
    fn now(&mut self) -> Instant {
        uptime()
    }

    async fn wait_until(&mut self, at: Instant) {
        sleep(Duration::from_millis(at.since(uptime()))).await;
    }
}

async fn publish(arguments: [&str; 4]) -> Result<(), Box<dyn std::error::Error>> {
    let [server, pin, topic, payload] = arguments;
    let tcp = TcpStream::connect(server).await?;
    tcp.set_nodelay(true)?;
    let pins = [Pin::parse(pin)?];
    let trust = Trust::fingerprints(&pins);
    let config = Config::new(support::host(server), &trust);
    let mut storage: Storage<1024, 512> = Storage::new();
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let (tcp, mut rng) = (FromTokio::new(tcp), getrandom::SysRng);
    // Dropping the future abandons the handshake, so any deadline will do.
    let handshake = tls::asynch::connect(tcp, &mut storage, &mut scratch, &config, &mut rng);
    let stream = timeout(Duration::from_secs(20), handshake).await??;

    let options = Options::new("bearcub-example-tokio");
    let (mut input, mut output, mut memory) = ([0; 128], [0; 256], [0; 512]);
    let store = Ram::new(&mut memory);
    let mut session: Session<_, 2, 0> = Session::new(&options, &mut input, &mut output, store)?;
    let (mut mqtt, _) = Client::connect(stream, &mut session, Ticks).await?;
    mqtt.publish(topic, payload.as_bytes(), QoS::AtLeastOnce)
        .await?;
    let settled = mqtt.settle(|event| println!("{event:?}"));
    timeout(Duration::from_secs(10), settled).await??;
    // The broker hangs up on DISCONNECT, so the connection may be gone already.
    let _ = mqtt.disconnect().await?.close().await;
    Ok(())
}

fn main() -> std::process::ExitCode {
    support::main("HOST:PORT PIN TOPIC PAYLOAD", |arguments| {
        let mut runtime = tokio::runtime::Builder::new_current_thread();
        runtime.enable_all().build()?.block_on(publish(arguments))
    })
}
