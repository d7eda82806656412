//! embedded-tls, which speaks TLS 1.3 only, with its own verifier (feature `rustpki`).

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use embedded_tls::blocking::{TlsConfig, TlsConnection, TlsContext};
use embedded_tls::pki::CertVerifier;
use embedded_tls::{
    Aes128GcmSha256, Certificate, CertificateEntryRef, CertificateRef, CryptoProvider,
    CryptoRngCore, MaxFragmentLength, TLS_RECORD_OVERHEAD, TlsError, TlsVerifier,
};
use rand_core_06::OsRng;
use sha2::{Digest as _, Sha256};

use super::{Embedded, Memory, Peer, Talk, Target, Visit, repeat};
use crate::Result;
use crate::link::{Io, Link};

/// The client, with buffers for records of `N` bytes, and room for `C` bytes of certificates.
pub struct EmbeddedTls<'a, const N: usize, const C: usize> {
    target: Target<'a>,
    read: Vec<u8>,
    write: Vec<u8>,
}

impl<'a, const N: usize, const C: usize> EmbeddedTls<'a, N, C> {
    pub fn new(target: Target<'a>) -> Self {
        EmbeddedTls {
            target,
            read: vec![0; N + TLS_RECORD_OVERHEAD],
            write: vec![0; N + TLS_RECORD_OVERHEAD],
        }
    }
}

type Verifier<'a, const C: usize> = CertVerifier<'a, Aes128GcmSha256, SystemTime, C>;

struct Provider<'a, const C: usize>(Verifier<'a, C>);

impl<const C: usize> CryptoProvider for Provider<'_, C> {
    type CipherSuite = Aes128GcmSha256;
    type Signature = &'static [u8];

    fn rng(&mut self) -> impl CryptoRngCore {
        OsRng
    }

    fn verifier(
        &mut self,
    ) -> std::result::Result<&mut impl TlsVerifier<Aes128GcmSha256>, TlsError> {
        Ok(&mut self.0)
    }
}

impl<const N: usize, const C: usize> Peer for EmbeddedTls<'_, N, C> {
    fn connect(&mut self, link: &mut dyn Link, visit: Visit, talk: &mut Talk<'_>) -> Result<()> {
        if visit != Visit::Fresh {
            return Err("embedded-tls does not resume sessions".into());
        }
        let mut config = TlsConfig::new().with_server_name(&self.target.host.text);
        if self.target.memory == Memory::Tight {
            config = config.with_max_fragment_length(MaxFragmentLength::Bits10);
        }
        let provider = Provider::<C>(CertVerifier::new(Certificate::X509(self.target.root)));
        let mut connection: TlsConnection<'_, _, Aes128GcmSha256> =
            TlsConnection::new(Io(link), &mut self.read, &mut self.write);
        connection.open(TlsContext::new(&config, provider))?;
        talk(&mut Embedded(&mut connection))?;
        match connection.close() {
            Ok(_) => Ok(()),
            Err((_, error)) => Err(error.into()),
        }
    }

    fn validate(&mut self, _: &Arc<rustls::ServerConfig>, times: u64) -> Result<Duration> {
        let transcript = Sha256::new();
        repeat(times, || {
            let mut verifier = Verifier::<C>::new(Certificate::X509(self.target.root));
            TlsVerifier::set_hostname_verification(&mut verifier, &self.target.host.text)?;
            let mut chain = CertificateRef::with_context(&[]);
            for der in self.target.certificates {
                chain.add(CertificateEntryRef::X509(der))?;
            }
            Ok(verifier.verify_certificate(&transcript, chain)?)
        })
    }

    fn fingerprint(&mut self, _: &Arc<rustls::ServerConfig>, _: u64) -> Result<Duration> {
        Err("embedded-tls has no pins".into())
    }

    fn handed_in(&self) -> usize {
        self.read.len() + self.write.len()
    }
}
