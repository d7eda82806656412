//! What the integration tests share: a transport, an entropy source, and a client that is told what to be.
#![allow(dead_code, reason = "each test uses its own part")]

pub mod faulty;
pub mod forger;
pub mod judged;
pub mod mqtt;
pub mod replay;
pub mod script;

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bearcub::Error;
use bearcub::clock::{Clock, Time};
use bearcub::tls::{self, Config, Scratch, Storage};
use bearcub::trust::TrustAnchor;
use bearcub_lab::pki::{self, Chain};

/// Every fixed clock shows this.
pub fn now() -> Time {
    Time::from_unix(pki::NOW.unix() as i64).unwrap()
}

/// The clock of most tests.
pub fn clock() -> Clock {
    Clock::at(now())
}

/// A TCP connection as the shells want it; a server that keeps silent fails the test instead of stopping it.
pub struct Tcp(pub TcpStream);

impl Tcp {
    pub fn connect(server: SocketAddr) -> Self {
        let stream = TcpStream::connect(server).unwrap();
        stream.set_nodelay(true).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        stream
            .set_write_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        Tcp(stream)
    }
}

impl embedded_io::ErrorType for Tcp {
    type Error = std::io::Error;
}

impl embedded_io::Read for Tcp {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.0.read(into)
    }
}

impl embedded_io::Write for Tcp {
    fn write(&mut self, data: &[u8]) -> std::io::Result<usize> {
        self.0.write(data)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.0.flush()
    }
}

/// A source that delivers the same bytes for the same seed.
pub struct Seeded(pub u64);

impl rand_core::TryRng for Seeded {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.try_next_u64().map(|word| word as u32)
    }

    /// SplitMix64: good enough to look like entropy, and the same everywhere.
    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut word = self.0;
        word = (word ^ (word >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        word = (word ^ (word >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Ok(word ^ (word >> 31))
    }

    fn try_fill_bytes(&mut self, into: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in into.chunks_mut(8) {
            let word = self.try_next_u64()?.to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

impl rand_core::TryCryptoRng for Seeded {}

/// The chain's own root as the device knows it.
pub fn anchor(chain: &Chain) -> TrustAnchor<'_> {
    TrustAnchor::from_certificate(chain.root()).unwrap()
}

/// Memory for one connection at a time, with full-size scratch.
pub struct Device<const IN: usize = 1024, const OUT: usize = 512> {
    pub storage: Box<Storage<IN, OUT>>,
    pub scratch: Vec<u8>,
    pub seed: u64,
}

impl<const IN: usize, const OUT: usize> Device<IN, OUT> {
    pub fn new() -> Self {
        Device {
            storage: Box::new(Storage::new()),
            scratch: vec![0; Scratch::ANCHORS + 3000],
            seed: 1,
        }
    }

    /// Connects, or says why not.
    pub fn connect(
        &mut self,
        server: SocketAddr,
        config: &Config<'_>,
    ) -> Result<tls::blocking::Stream<'_, Tcp>, Error> {
        self.seed += 1;
        tls::connect(
            Tcp::connect(server),
            &mut *self.storage,
            &mut self.scratch,
            config,
            &mut Seeded(self.seed),
        )
    }
}
