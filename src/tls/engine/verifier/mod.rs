//! The server's certificates: BearSSL asks, the trust that the program chose answers.
//!
//! Two verifiers, both in the scratch. [`PinVerifier`] decodes the first certificate's key and judges that key alone.
//! [`ChainVerifier`] lets BearSSL's validator walk the chain and checks beside it what that leaves out: which side of the
//! validity the clock is on, the purpose of the certificate, IP addresses, and the trust anchors themselves (so that they
//! can be a table in flash in our own form, and bare keys too).

mod chain;
mod pin;

use bearssl_sys as br;
use core::ffi::c_uint;

use crate::error::{CertificateError, Error, PeerError};
use crate::trust::{
    Anchors, AnyoneAccepted, Curve, Fingerprints, Learn, Pin, PinnedAnchors, PublicKey, ServerName,
};

use chain::ChainVerifier;
use pin::PinVerifier;

/// Scratch for trust by fingerprint, for learning, and for accepting anyone.
pub(crate) const PINS_SCRATCH: usize = size_of::<PinVerifier>();
/// Scratch for trust by anchors, with or without a pin.
pub(crate) const ANCHORS_SCRATCH: usize = size_of::<ChainVerifier>();

/// Trust that a handshake can be made under; every policy of [`trust`](crate::trust) is.
///
/// Only the verifier of a policy that a program names is linked into it.
pub trait Verify: crate::trust::Policy + sealed::Sealed {
    /// Bytes of scratch that verifying takes.
    #[doc(hidden)]
    fn scratch(&self) -> usize;

    /// Builds the verifier at `place`.
    ///
    /// # Safety
    /// `place` must be aligned for pointers and have [`scratch`](Self::scratch) bytes; the policy and the name must outlive
    /// the verifier's use.
    #[doc(hidden)]
    unsafe fn install(&self, place: *mut u8, name: &ServerName<'_>) -> Result<*mut Head, Error>;
}

mod sealed {
    pub trait Sealed {}
}

/// What both verifiers start with. BearSSL sees the first field only.
#[repr(C)]
pub struct Head {
    pub(super) table: *const br::br_x509_class,
    /// Why the chain was refused, in our words.
    pub(super) failure: Option<Error>,
    /// The pin that a learning policy takes home.
    pub(super) learned: Option<Pin>,
}

/// A key of BearSSL's in our form; only curves and sizes that we accept.
fn public_key(key: &br::br_x509_pkey) -> Result<PublicKey<'_>, Error> {
    match i32::from(key.key_type) {
        br::BR_KEYTYPE_RSA => {
            // SAFETY: the type says which arm of the union holds the key.
            let rsa = unsafe { &key.key.rsa };
            // SAFETY: BearSSL's keys are a pointer and a length that belong together.
            let n = unsafe { core::slice::from_raw_parts(rsa.n, rsa.nlen) };
            // SAFETY: as above.
            let e = unsafe { core::slice::from_raw_parts(rsa.e, rsa.elen) };
            let key = PublicKey::Rsa { n, e };
            match key.bits() {
                0..2048 => Err(refused(CertificateError::WeakPublicKey)),
                2048..=br::BR_MAX_RSA_SIZE => Ok(key),
                _ => Err(refused(CertificateError::LimitExceeded)),
            }
        }
        br::BR_KEYTYPE_EC => {
            // SAFETY: the type says which arm of the union holds the key.
            let ec = unsafe { &key.key.ec };
            let curve = match ec.curve {
                br::BR_EC_secp256r1 => Curve::P256,
                br::BR_EC_secp384r1 => Curve::P384,
                _ => return Err(refused(CertificateError::Unsupported)),
            };
            // SAFETY: BearSSL's keys are a pointer and a length that belong together.
            let q = unsafe { core::slice::from_raw_parts(ec.q, ec.qlen) };
            if q.len() != curve.point_len() || q[0] != 4 {
                return Err(refused(CertificateError::InvalidValue));
            }
            Ok(PublicKey::Ec { curve, q })
        }
        _ => Err(refused(CertificateError::Unsupported)),
    }
}

fn refused(error: CertificateError) -> Error {
    PeerError::Certificate(error).into()
}

/// The number that BearSSL takes for "no" from a verifier; ours is in the head.
fn verdict(head: &Head) -> c_uint {
    if head.failure.is_some() {
        br::BR_ERR_X509_NOT_TRUSTED as c_uint
    } else {
        0
    }
}

/// The place of a field in a structure that is being built at `place`.
fn field<S, F>(place: *mut S, offset: usize) -> *mut F {
    place.wrapping_byte_add(offset).cast()
}

macro_rules! judged {
    ($($policy:ty),*) => {$(
        impl sealed::Sealed for $policy {}
        impl Verify for $policy {
            fn scratch(&self) -> usize {
                PINS_SCRATCH
            }
            unsafe fn install(&self, place: *mut u8, _: &ServerName<'_>) -> Result<*mut Head, Error> {
                // SAFETY: passed on to the caller.
                Ok(unsafe { PinVerifier::install(place, self) })
            }
        }
    )*};
}

judged!(Fingerprints<'_>, Learn, AnyoneAccepted);

impl sealed::Sealed for Anchors<'_> {}
impl Verify for Anchors<'_> {
    fn scratch(&self) -> usize {
        ANCHORS_SCRATCH
    }
    unsafe fn install(&self, place: *mut u8, name: &ServerName<'_>) -> Result<*mut Head, Error> {
        let now = self.now()?;
        // SAFETY: passed on to the caller.
        Ok(unsafe { ChainVerifier::install(place, self.anchors(), None, now, name) })
    }
}

impl sealed::Sealed for PinnedAnchors<'_> {}
impl Verify for PinnedAnchors<'_> {
    fn scratch(&self) -> usize {
        ANCHORS_SCRATCH
    }
    unsafe fn install(&self, place: *mut u8, name: &ServerName<'_>) -> Result<*mut Head, Error> {
        let anchors = self.anchors();
        let now = anchors.now()?;
        // SAFETY: passed on to the caller.
        Ok(unsafe {
            ChainVerifier::install(
                place,
                anchors.anchors(),
                Some(self.fingerprints()),
                now,
                name,
            )
        })
    }
}
