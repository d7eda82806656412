//! Mbed TLS, by mbedtls-rs.

use std::mem::MaybeUninit;
use std::ptr;
use std::sync::{Arc, Once};
use std::time::Duration;

use getrandom::SysRng;
use mbedtls_rs::blocking::Session;
use mbedtls_rs::sys::hook::backend::std::{timer::StdTimer, wall_clock::StdWallClock};
use mbedtls_rs::sys::hook::{timer::hook_timer, wall_clock::hook_wall_clock};
use mbedtls_rs::sys::{self, MbedtlsError};
use mbedtls_rs::{
    Certificate, ClientSessionConfig, SavedSession, SessionConfig, Tls, TlsGroup, TlsVersion,
};
use rand_core::UnwrapErr;

use super::{Embedded, Peer, Talk, Target, Version, Visit, compare, repeat};
use crate::link::{Io, Link};
use crate::{Failure, Result};

pub struct Mbedtls<'a> {
    target: Target<'a>,
    tls: Tls<'static>,
    config: SessionConfig<'a>,
    session: Option<SavedSession>,
}

impl<'a> Mbedtls<'a> {
    pub fn new(target: Target<'a>, version: Version) -> Result<Self> {
        static HOOKS: Once = Once::new();
        HOOKS.call_once(|| {
            // SAFETY: nothing of Mbed TLS runs yet; the clock is a constant.
            unsafe { hook_timer(Some(&StdTimer)) };
            // SAFETY: as above.
            unsafe { hook_wall_clock(Some(&StdWallClock)) };
        });
        let version = match version {
            Version::Tls12 => TlsVersion::Tls1_2,
            Version::Tls13 => TlsVersion::Tls1_3,
        };
        // A source without a state: nothing is allocated for it.
        let rng = Box::leak(Box::new(UnwrapErr(SysRng)));
        let tls = Tls::new(rng).map_err(|error| format!("{error:?}"))?;
        // SAFETY: it can be called again, and before everything else.
        check(unsafe { sys::psa_crypto_init() })?;
        let config = ClientSessionConfig {
            ca_chain: Some(Certificate::new_no_copy(target.root)?),
            server_name: Some(&target.host.c),
            min_version: version,
            max_version: Some(version),
            key_exchange_groups: Some(&[TlsGroup::Secp256r1]),
            ..ClientSessionConfig::new()
        };
        Ok(Mbedtls {
            target,
            tls,
            config: SessionConfig::Client(config),
            session: None,
        })
    }
}

fn check(code: i32) -> Result<()> {
    if code < 0 {
        return Err(MbedtlsError::new(code).to_string().into());
    }
    Ok(())
}

impl Peer for Mbedtls<'_> {
    fn connect(&mut self, link: &mut dyn Link, visit: Visit, talk: &mut Talk<'_>) -> Result<()> {
        let mut session = Session::new(self.tls.reference(), Io(link), &self.config)?;
        if visit == Visit::Resume {
            session.connect_with_session(self.session.as_ref().ok_or("there is no session")?)?;
        } else {
            session.connect()?;
        }
        talk(&mut Embedded(&mut session))?;
        if visit != Visit::Fresh {
            self.session = Some(session.save()?);
        }
        session.close()?;
        Ok(())
    }

    fn validate(&mut self, _: &Arc<rustls::ServerConfig>, times: u64) -> Result<Duration> {
        let mut root = Chain::new();
        root.push(self.target.root)?;
        repeat(times, || {
            let mut chain = Chain::new();
            for der in self.target.certificates {
                chain.push(der)?;
            }
            let mut flags = 0;
            // SAFETY: both chains live and are not changed; the name is a C string; there is no list of revoked
            // certificates and no callback.
            let code = unsafe {
                sys::mbedtls_x509_crt_verify(
                    &mut *chain.0,
                    &mut *root.0,
                    ptr::null_mut(),
                    self.target.host.c.as_ptr(),
                    &mut flags,
                    None,
                    ptr::null_mut(),
                )
            };
            if flags != 0 {
                return Err(Failure::from(format!(
                    "verification failed: flags {flags:#x}"
                )));
            }
            check(code)
        })
    }

    fn fingerprint(&mut self, _: &Arc<rustls::ServerConfig>, times: u64) -> Result<Duration> {
        let leaf = self.target.leaf()?;
        let pin = super::pin(leaf)?;
        repeat(times, || {
            let mut chain = Chain::new();
            chain.push(leaf)?;
            let key = chain.0.pk_raw;
            let mut hash = [0; 32];
            // SAFETY: the key lies in the certificate, which lives; there is room for the hash.
            check(unsafe { sys::mbedtls_sha256(key.p, key.len, hash.as_mut_ptr(), 0) })?;
            compare(&hash, &pin)
        })
    }
}

/// Certificates, parsed.
struct Chain(Box<sys::mbedtls_x509_crt>);

impl Chain {
    fn new() -> Self {
        let mut chain = Box::new(MaybeUninit::uninit());
        // SAFETY: there is room for it.
        unsafe { sys::mbedtls_x509_crt_init(chain.as_mut_ptr()) };
        // SAFETY: it has been initialised.
        Chain(unsafe { chain.assume_init() })
    }

    fn push(&mut self, der: &[u8]) -> Result<()> {
        // SAFETY: the chain is initialised; the bytes are copied.
        check(unsafe { sys::mbedtls_x509_crt_parse_der(&mut *self.0, der.as_ptr(), der.len()) })
    }
}

impl Drop for Chain {
    fn drop(&mut self) {
        // SAFETY: the chain is initialised, and not used any more.
        unsafe { sys::mbedtls_x509_crt_free(&mut *self.0) }
    }
}
