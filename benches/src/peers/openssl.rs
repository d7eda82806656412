//! OpenSSL, the system's library.

use std::ffi::{c_int, c_void};
use std::ptr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use foreign_types_shared::ForeignTypeRef as _;
use openssl::hash::MessageDigest;
use openssl::ssl::{
    HandshakeError, Ssl, SslContext, SslMethod, SslSession, SslSessionCacheMode, SslVerifyMode,
    SslVersion,
};
use openssl::stack::Stack;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::X509VerifyParam;
use openssl::x509::{X509, X509PurposeId, X509StoreContext};

use super::{Memory, Peer, Std, Talk, Target, Version, Visit, compare, repeat};
use crate::link::{Io, Link};
use crate::{Failure, Result};

pub struct Openssl<'a> {
    target: Target<'a>,
    context: SslContext,
    session: Arc<Mutex<Option<SslSession>>>,
}

// What openssl-sys does not have.
unsafe extern "C" {
    /// In `openssl/ssl.h`.
    fn SSL_set_tlsext_max_fragment_length(ssl: *mut openssl_sys::SSL, mode: u8) -> c_int;
    /// In `openssl/x509.h`.
    fn X509_get_X509_PUBKEY(certificate: *const openssl_sys::X509) -> *mut c_void;
    /// In `openssl/x509.h`.
    fn i2d_X509_PUBKEY(key: *const c_void, into: *mut *mut u8) -> c_int;
}

/// The SubjectPublicKeyInfo of a certificate, as it stands there: `X509::public_key` would make a key of it first.
fn key_of<'k>(certificate: &X509, place: &'k mut [u8]) -> Result<&'k [u8]> {
    // SAFETY: the certificate lives; what is returned belongs to it.
    let key = unsafe { X509_get_X509_PUBKEY(certificate.as_ptr()) };
    // SAFETY: the key lives as long as the certificate; without a place only the length is computed.
    let len = unsafe { i2d_X509_PUBKEY(key, ptr::null_mut()) };
    let place = usize::try_from(len)
        .ok()
        .and_then(|len| place.get_mut(..len));
    let place = place.ok_or("the key is too long")?;
    // SAFETY: the key lives, and there is room for it.
    unsafe { i2d_X509_PUBKEY(key, &mut place.as_mut_ptr()) };
    Ok(place)
}

impl<'a> Openssl<'a> {
    pub fn new(target: Target<'a>, version: Version) -> Result<Self> {
        let version = match version {
            Version::Tls12 => SslVersion::TLS1_2,
            Version::Tls13 => SslVersion::TLS1_3,
        };
        let session = Arc::new(Mutex::new(None));
        let mut builder = SslContext::builder(SslMethod::tls_client())?;
        builder.set_min_proto_version(Some(version))?;
        builder.set_max_proto_version(Some(version))?;
        builder.set_groups_list("P-256")?;
        builder.set_verify(SslVerifyMode::PEER);
        builder
            .cert_store_mut()
            .add_cert(X509::from_der(target.root)?)?;
        builder
            .set_session_cache_mode(SslSessionCacheMode::CLIENT | SslSessionCacheMode::NO_INTERNAL);
        let kept = session.clone();
        builder.set_new_session_callback(move |_, new| {
            if let Ok(mut kept) = kept.lock() {
                *kept = Some(new);
            }
        });
        Ok(Openssl {
            target,
            context: builder.build(),
            session,
        })
    }

    fn store(&self) -> Result<X509Store> {
        let mut store = X509StoreBuilder::new()?;
        store.add_cert(X509::from_der(self.target.root)?)?;
        let mut parameters = X509VerifyParam::new()?;
        parameters.set_host(&self.target.host.text)?;
        parameters.set_purpose(X509PurposeId::SSL_SERVER)?;
        store.set_param(&parameters)?;
        Ok(store.build())
    }
}

impl Peer for Openssl<'_> {
    fn connect(&mut self, link: &mut dyn Link, visit: Visit, talk: &mut Talk<'_>) -> Result<()> {
        let mut ssl = Ssl::new(&self.context)?;
        ssl.set_hostname(&self.target.host.text)?;
        ssl.param_mut().set_host(&self.target.host.text)?;
        if self.target.memory == Memory::Tight {
            // SAFETY: the pointer is that of a connection that lives; 2 stands for 1024 bytes (RFC 6066, section 4).
            let agreed = unsafe { SSL_set_tlsext_max_fragment_length(ssl.as_ptr(), 2) };
            if agreed != 1 {
                return Err("SSL_set_tlsext_max_fragment_length refuses".into());
            }
        }
        let kept = || self.session.lock().map_err(|_| "the session is lost");
        if visit == Visit::Resume {
            let session = kept()?.clone().ok_or("there is no session")?;
            // SAFETY: the session is one of this context's.
            unsafe { ssl.set_session(&session)? };
        }
        let mut stream = ssl.connect(Io(link)).map_err(why)?;
        talk(&mut Std(&mut stream))?;
        if visit == Visit::Fresh {
            *kept()? = None;
        }
        stream.shutdown()?;
        Ok(())
    }

    fn validate(&mut self, _: &Arc<rustls::ServerConfig>, times: u64) -> Result<Duration> {
        let store = self.store()?;
        let leaf = self.target.leaf()?;
        repeat(times, || {
            let leaf = X509::from_der(leaf)?;
            let mut others = Stack::new()?;
            for der in self.target.certificates.iter().skip(1) {
                others.push(X509::from_der(der)?)?;
            }
            let mut context = X509StoreContext::new()?;
            let (valid, why) = context.init(&store, &leaf, &others, |context| {
                Ok((context.verify_cert()?, context.error()))
            })?;
            if valid {
                Ok(())
            } else {
                Err(why.error_string().into())
            }
        })
    }

    fn fingerprint(&mut self, _: &Arc<rustls::ServerConfig>, times: u64) -> Result<Duration> {
        let leaf = self.target.leaf()?;
        let pin = super::pin(leaf)?;
        let mut place = [0; 1024];
        repeat(times, || {
            let certificate = X509::from_der(leaf)?;
            let key = key_of(&certificate, &mut place)?;
            compare(&openssl::hash::hash(MessageDigest::sha256(), key)?, &pin)
        })
    }
}

fn why(error: HandshakeError<Io<'_>>) -> Failure {
    match error {
        HandshakeError::SetupFailure(error) => error.into(),
        HandshakeError::Failure(stream) | HandshakeError::WouldBlock(stream) => {
            stream.error().to_string().into()
        }
    }
}
