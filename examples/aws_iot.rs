//! Publishes to AWS IoT Core with a device certificate, and checks the broker's limits before anything is sent.
//!
//! ```console
//! $ cargo run --example aws_iot -- xyz-ats.iot.eu-central-1.amazonaws.com:8883 AmazonRootCA1.pem cert.pem key.pem sensor-7
//! ```
//!
//! AWS hands out `cert.pem` and `key.pem` when the thing is made; its policy must allow `iot:Connect` for the client
//! identifier and `iot:Publish` for the topic. A device without a clock needs no timestamps of its own: with the rule
//!
//! ```sql
//! SELECT *, topic() as full_topic, timestamp() as received FROM 'rtjm/#'
//! ```
//!
//! and an action that republishes or stores, AWS adds to each JSON message where and when (milliseconds since 1970) it came.
//! Port 443 works too, with `.alpn(&[c"x-amzn-mqtt-ca"])`.

mod support;

use bearcub::identity::{Identity, PrivateKey};
use bearcub::mqtt::blocking::Client;
use bearcub::mqtt::store::Ram;
use bearcub::mqtt::{Broker, Options, QoS, Session};
use bearcub::pem;
use bearcub::tls::{self, Config, Scratch, Storage};
use bearcub::trust::{Trust, TrustAnchor};
use support::{Tcp, uptime};

fn run([server, ca, cert, key, id]: [&str; 5]) -> Result<(), Box<dyn std::error::Error>> {
    let [ca, cert, key] = [
        std::fs::read(ca)?,
        std::fs::read(cert)?,
        std::fs::read(key)?,
    ];
    let [mut ca_der, mut cert_der, mut key_der] = [const { [0; 4096] }; 3];
    let anchors = [TrustAnchor::from_certificate_pem(&ca, &mut ca_der)?];
    let trust = Trust::anchors(&anchors, support::now());
    let chain = [pem::decode(&cert, &[pem::CERTIFICATE], &mut cert_der)?.der];
    let identity = Identity::new(&chain, PrivateKey::from_pem(&key, &mut key_der)?)?;
    let config = Config::new(support::host(server), &trust).identity(&identity);

    let mut storage: Storage<1024, 1024> = Storage::new();
    let mut scratch = [0; Scratch::ANCHORS];
    let tcp = Tcp::connect(server)?;
    let mut rng = getrandom::SysRng;
    let stream = tls::connect(tcp, &mut storage, &mut scratch, &config, &mut rng)?;

    let options = Options::new(id).broker(Broker::AWS_IOT).keep_alive(300);
    let (mut input, mut output, mut memory) = ([0; 512], [0; 512], [0; 1024]);
    let store = Ram::new(&mut memory);
    let mut session: Session<_, 4, 1> = Session::new(&options, &mut input, &mut output, store)?;
    let (mut mqtt, _) = Client::connect(stream, &mut session, uptime)?;
    mqtt.publish("rtjm/plant", br#"{"temperature": 21.5}"#, QoS::AtLeastOnce)?;
    let settled = mqtt.settle(uptime().after(10_000), |event| println!("{event:?}"));
    println!("arrived: {}", settled?);
    // The broker hangs up on DISCONNECT, so the connection may be gone already.
    let _ = mqtt.disconnect()?.close();
    Ok(())
}

fn main() -> std::process::ExitCode {
    support::main("HOST:PORT CA.PEM CERT.PEM KEY.PEM CLIENT-ID", run)
}
