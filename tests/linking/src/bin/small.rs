//! One suite, one group, trust by fingerprint.

use bearcub::tls::{self, Algorithms, Config, Groups, Scratch, Storage, Suite};
use bearcub::trust::{Pin, Trust};
use linking::Nowhere;

fn main() {
    let pins = [Pin::Sha256([7; 32])];
    let trust = Trust::fingerprints(&pins);
    let suites = [Suite::ECDHE_RSA_WITH_AES_128_GCM_SHA256];
    let algorithms = Algorithms {
        suites: &suites,
        groups: Groups::P256,
    };
    let config = Config::with_algorithms("mqtt.example.org", &trust, algorithms);
    let mut storage: Storage<1024, 512> = Storage::new();
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let code = tls::connect(Nowhere, &mut storage, &mut scratch, &config, &mut Nowhere)
        .map_err(|error| error.code());
    let _ = std::hint::black_box(code.is_ok());
}
