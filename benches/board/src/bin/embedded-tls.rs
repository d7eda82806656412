//! embedded-tls, TLS 1.3, with its own verifier (feature `rustpki`) and buffers for records of 1024 bytes. There is no
//! allocator in this image.

#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU32, Ordering::Relaxed};

use board::random::Random;
use board::uart::Uart;
use board::{Failed, Job, Place, Watch, exchange, run};
use embedded_tls::blocking::{TlsConfig, TlsConnection, TlsContext};
use embedded_tls::pki::CertVerifier;
use embedded_tls::{
    Aes128GcmSha256, Certificate, CryptoProvider, CryptoRngCore, MaxFragmentLength,
    TLS_RECORD_OVERHEAD, TlsClock, TlsError, TlsVerifier,
};

const BUFFER: usize = 1024 + TLS_RECORD_OVERHEAD;
/// Room for the server's certificates.
const CERTIFICATES: usize = 1024;

static READ: Place<[u8; BUFFER]> = Place::new([0; BUFFER]);
static WRITE: Place<[u8; BUFFER]> = Place::new([0; BUFFER]);
static NOW: AtomicU32 = AtomicU32::new(0);

#[unsafe(no_mangle)]
extern "C" fn rust_main() -> ! {
    run(2 * BUFFER, connect, || 0)
}

struct Fixed;

impl TlsClock for Fixed {
    fn now() -> Option<u64> {
        Some(NOW.load(Relaxed).into())
    }
}

struct Provider<'a> {
    random: &'a mut Random,
    verifier: CertVerifier<'a, Aes128GcmSha256, Fixed, CERTIFICATES>,
}

impl CryptoProvider for Provider<'_> {
    type CipherSuite = Aes128GcmSha256;
    type Signature = &'static [u8];

    fn rng(&mut self) -> impl CryptoRngCore {
        &mut *self.random
    }

    fn verifier(&mut self) -> Result<&mut impl TlsVerifier<Aes128GcmSha256>, TlsError> {
        Ok(&mut self.verifier)
    }
}

fn connect(mut job: Job, uart: Uart, watch: &mut Watch) -> Result<(), Failed> {
    NOW.store(job.now, Relaxed);
    // SAFETY: this runs once.
    let read = unsafe { READ.take() };
    // SAFETY: as above.
    let write = unsafe { WRITE.take() };
    let config = TlsConfig::new()
        .with_server_name(job.host_name()?)
        .with_max_fragment_length(MaxFragmentLength::Bits10);
    let provider = Provider {
        random: &mut job.random,
        verifier: CertVerifier::new(Certificate::X509(job.root)),
    };
    let mut connection: TlsConnection<'_, _, Aes128GcmSha256> =
        TlsConnection::new(uart, read, write);
    watch.handshake(|| Ok(connection.open(TlsContext::new(&config, provider))?))?;
    exchange(&mut connection)?;
    match connection.close() {
        Ok(_) => Ok(()),
        Err((_, error)) => Err(error.into()),
    }
}
