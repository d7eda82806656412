//! Every suite, every group, CA validation, and a client certificate with any key.

use bearcub::clock::{Clock, Time};
use bearcub::identity::{Identity, PrivateKey};
use bearcub::tls::{self, Algorithms, Config, Groups, Scratch, Storage, Suite};
use bearcub::trust::{Trust, TrustAnchor};
use linking::Nowhere;
use std::hint::black_box;

fn main() {
    let Ok(anchor) = TrustAnchor::from_certificate(black_box(&[])) else {
        return;
    };
    let Ok(key) = PrivateKey::from_der(black_box(&[])) else {
        return;
    };
    let certificates: [&[u8]; 1] = [black_box(&[])];
    let Ok(identity) = Identity::new(&certificates, key) else {
        return;
    };
    let anchors = [anchor];
    let trust = Trust::anchors(&anchors, Clock::at(Time::MIN));
    let suites = [
        Suite::ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        Suite::ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        Suite::ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        Suite::ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        Suite::RSA_WITH_AES_128_GCM_SHA256,
    ];
    let algorithms = Algorithms {
        suites: &suites,
        groups: Groups::X25519_P256_P384,
    };
    let config =
        Config::with_algorithms("mqtt.example.org", &trust, algorithms).identity(&identity);
    let mut storage: Storage<1024, 512> = Storage::new();
    let mut scratch = [0; Scratch::ANCHORS];
    let code = tls::connect(Nowhere, &mut storage, &mut scratch, &config, &mut Nowhere)
        .map_err(|error| error.code());
    let _ = black_box(code.is_ok());
}
