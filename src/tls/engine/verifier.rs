//! The server's certificates: BearSSL asks, the trust that the program chose answers.
//!
//! Two verifiers, both in the scratch. [`PinVerifier`] decodes the first certificate's key and judges that key alone.
//! [`ChainVerifier`] lets BearSSL's validator walk the chain and checks beside it what that leaves out: which side of the
//! validity the clock is on, the purpose of the certificate, IP addresses, and the trust anchors themselves (so that they
//! can be a table in flash in our own form, and bare keys too).

use bearssl_sys as br;
use core::ffi::{c_char, c_uint, c_void};
use core::mem::offset_of;
use core::net::IpAddr;

use crate::clock::Time;
use crate::error::{CertificateError, Error, PeerError};
use crate::trust::{
    Anchors, AnyoneAccepted, CertificateScanner, Curve, Fingerprints, Learn, Pin, PinnedAnchors,
    PublicKey, ServerName, TrustAnchor,
};

use super::{primitives, symmetric};

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

/// What a policy says of the server's key; for the policies that look at nothing else.
trait Judge {
    fn judge(&self, key: &PublicKey<'_>) -> Result<Option<Pin>, Error>;
}

impl Judge for Fingerprints<'_> {
    fn judge(&self, key: &PublicKey<'_>) -> Result<Option<Pin>, Error> {
        if self.accepts(key) {
            Ok(None)
        } else {
            Err(PeerError::FingerprintMismatch.into())
        }
    }
}

impl Judge for Learn {
    fn judge(&self, key: &PublicKey<'_>) -> Result<Option<Pin>, Error> {
        Ok(Some(self.pin(key)))
    }
}

impl Judge for AnyoneAccepted {
    fn judge(&self, _: &PublicKey<'_>) -> Result<Option<Pin>, Error> {
        Ok(None)
    }
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
                2048..=4096 => Ok(key),
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

/// Judges the key of the first certificate; what else the server sends is skipped.
#[repr(C)]
pub(crate) struct PinVerifier {
    head: Head,
    /// The policy; it outlives the handshake.
    judge: *const dyn Judge,
    decoder: br::br_x509_decoder_context,
    certificates: u32,
}

static PIN_TABLE: br::br_x509_class = br::br_x509_class {
    context_size: size_of::<PinVerifier>(),
    start_chain: PinVerifier::start_chain,
    start_cert: PinVerifier::start_cert,
    append: PinVerifier::append,
    end_cert: PinVerifier::end_cert,
    end_chain: PinVerifier::end_chain,
    get_pkey: PinVerifier::get_pkey,
};

impl PinVerifier {
    /// # Safety
    /// As [`Verify::install`].
    unsafe fn install(place: *mut u8, judge: &dyn Judge) -> *mut Head {
        let place = place.cast::<PinVerifier>();
        // SAFETY: the caller gives room for the verifier, all of whose C part may be zero.
        unsafe { place.write_bytes(0, 1) };
        let head = Head {
            table: &PIN_TABLE,
            failure: None,
            learned: None,
        };
        // SAFETY: the head is within that room.
        unsafe { core::ptr::write(field(place, offset_of!(PinVerifier, head)), head) };
        // The caller keeps the policy alive as long as the verifier is used.
        let judge = core::ptr::from_ref(judge);
        // SAFETY: only the lifetime changes, for a field that cannot name it.
        let judge = unsafe {
            core::mem::transmute::<*const (dyn Judge + '_), *const (dyn Judge + 'static)>(judge)
        };
        // SAFETY: the field is within that room.
        unsafe { core::ptr::write(field(place, offset_of!(PinVerifier, judge)), judge) };
        place.cast()
    }

    /// # Safety
    /// `context` must come from [`install`](Self::install).
    unsafe fn of<'a>(context: *mut *const br::br_x509_class) -> &'a mut Self {
        // SAFETY: the table is the first field of the head, which is the first field of the verifier.
        unsafe { &mut *context.cast::<Self>() }
    }

    unsafe extern "C" fn start_chain(_: *mut *const br::br_x509_class, _: *const c_char) {}

    unsafe extern "C" fn start_cert(context: *mut *const br::br_x509_class, _: u32) {
        // SAFETY: BearSSL hands back what it was given.
        let verifier = unsafe { Self::of(context) };
        if verifier.certificates == 0 {
            // SAFETY: the decoder is ours, and initialised in place.
            unsafe { br::br_x509_decoder_init(&mut verifier.decoder, None, core::ptr::null_mut()) };
        }
    }

    unsafe extern "C" fn append(
        context: *mut *const br::br_x509_class,
        data: *const u8,
        len: usize,
    ) {
        // SAFETY: BearSSL hands back what it was given.
        let verifier = unsafe { Self::of(context) };
        if verifier.certificates == 0 {
            // SAFETY: the decoder has been initialised, and BearSSL hands in a piece of the certificate.
            unsafe { br::br_x509_decoder_push(&mut verifier.decoder, data.cast::<c_void>(), len) };
        }
    }

    unsafe extern "C" fn end_cert(context: *mut *const br::br_x509_class) {
        // SAFETY: BearSSL hands back what it was given.
        let verifier = unsafe { Self::of(context) };
        verifier.certificates += 1;
    }

    unsafe extern "C" fn end_chain(context: *mut *const br::br_x509_class) -> c_uint {
        // SAFETY: BearSSL hands back what it was given.
        let verifier = unsafe { Self::of(context) };
        match verifier.decide() {
            Ok(learned) => verifier.head.learned = learned,
            Err(error) => verifier.head.failure = Some(error),
        }
        verdict(&verifier.head)
    }

    fn decide(&self) -> Result<Option<Pin>, Error> {
        if self.certificates == 0 {
            return Err(refused(CertificateError::EmptyChain));
        }
        match self.decoder.err {
            0 if self.decoder.decoded == 0 => return Err(refused(CertificateError::Truncated)),
            0 => {}
            error => return Err(Error::from_engine(error)),
        }
        let key = public_key(&self.decoder.pkey)?;
        // SAFETY: the policy outlives the handshake.
        unsafe { &*self.judge }.judge(&key)
    }

    unsafe extern "C" fn get_pkey(
        context: *const *const br::br_x509_class,
        usages: *mut c_uint,
    ) -> *const br::br_x509_pkey {
        // SAFETY: BearSSL hands back what it was given.
        let verifier = unsafe { &*context.cast::<Self>() };
        // SAFETY: `usages` is null or valid.
        if let Some(usages) = unsafe { usages.as_mut() } {
            *usages = (br::BR_KEYTYPE_SIGN | br::BR_KEYTYPE_KEYX) as c_uint;
        }
        if verifier.head.failure.is_some() {
            core::ptr::null()
        } else {
            &raw const verifier.decoder.pkey
        }
    }
}

/// Validates the chain up to a trust anchor.
#[repr(C)]
pub(crate) struct ChainVerifier {
    head: Head,
    anchors: *const [TrustAnchor<'static>],
    /// The pins that the leaf's key must be among as well, if there are any.
    pins: Option<Fingerprints<'static>>,
    now: Time,
    minimal: br::br_x509_minimal_context,
    scanner: CertificateScanner,
    certificates: u32,
    address: Option<IpAddr>,
}

static CHAIN_TABLE: br::br_x509_class = br::br_x509_class {
    context_size: size_of::<ChainVerifier>(),
    start_chain: ChainVerifier::start_chain,
    start_cert: ChainVerifier::start_cert,
    append: ChainVerifier::append,
    end_cert: ChainVerifier::end_cert,
    end_chain: ChainVerifier::end_chain,
    get_pkey: ChainVerifier::get_pkey,
};

impl ChainVerifier {
    /// # Safety
    /// As [`Verify::install`].
    unsafe fn install(
        place: *mut u8,
        anchors: &[TrustAnchor<'_>],
        pins: Option<Fingerprints<'_>>,
        now: Time,
        name: &ServerName<'_>,
    ) -> *mut Head {
        let place = place.cast::<ChainVerifier>();
        // SAFETY: the caller gives room for the verifier, all of whose C part may be zero.
        unsafe { place.write_bytes(0, 1) };
        let address = name.ip();
        let minimal: *mut br::br_x509_minimal_context =
            field(place, offset_of!(ChainVerifier, minimal));
        // SAFETY: the C part is all zero, which is valid.
        let minimal = unsafe { &mut *minimal };
        // SAFETY: the validator is ours, and initialised in place.
        unsafe { br::br_x509_minimal_init(minimal, symmetric::sha256(), core::ptr::null(), 0) };
        minimal.irsa = Some(primitives::rsa_verify);
        minimal.iecdsa = Some(primitives::ecdsa_verify);
        minimal.iec = &primitives::P256_P384;
        minimal.mhash.impl_[br::br_sha256_ID as usize - 1] = symmetric::sha256();
        minimal.mhash.impl_[br::br_sha384_ID as usize - 1] = symmetric::sha384();
        // BearSSL counts from 128 bytes.
        minimal.min_rsa_size = (primitives::RSA_MIN - 128) as i16;
        minimal.days = now.days_since_year_zero();
        minimal.seconds = now.seconds_of_day();
        #[allow(clippy::unnecessary_cast, reason = "it changes the lifetime")]
        let anchors = core::ptr::from_ref(anchors) as *const [TrustAnchor<'static>];
        let head = Head {
            table: &CHAIN_TABLE,
            failure: None,
            learned: None,
        };
        // SAFETY: each field is within the room that the caller gives.
        unsafe { core::ptr::write(field(place, offset_of!(ChainVerifier, head)), head) };
        // SAFETY: as above.
        unsafe { core::ptr::write(field(place, offset_of!(ChainVerifier, anchors)), anchors) };
        // SAFETY: only the lifetime changes, for a field that cannot name it; the pins outlive the handshake.
        let pins = unsafe {
            core::mem::transmute::<Option<Fingerprints<'_>>, Option<Fingerprints<'static>>>(pins)
        };
        // SAFETY: the field is within the room that the caller gives.
        unsafe { core::ptr::write(field(place, offset_of!(ChainVerifier, pins)), pins) };
        // SAFETY: as above.
        unsafe { core::ptr::write(field(place, offset_of!(ChainVerifier, now)), now) };
        // SAFETY: as above.
        unsafe {
            core::ptr::write(
                field(place, offset_of!(ChainVerifier, scanner)),
                CertificateScanner::new(address),
            )
        };
        // SAFETY: as above.
        unsafe { core::ptr::write(field(place, offset_of!(ChainVerifier, address)), address) };
        place.cast()
    }

    /// # Safety
    /// `context` must come from [`install`](Self::install).
    unsafe fn of<'a>(context: *mut *const br::br_x509_class) -> &'a mut Self {
        // SAFETY: the table is the first field of the head, which is the first field of the verifier.
        unsafe { &mut *context.cast::<Self>() }
    }

    /// BearSSL's validator, as its own functions want it.
    fn inner(&mut self) -> *mut *const br::br_x509_class {
        (&raw mut self.minimal).cast()
    }

    /// BearSSL's validator's functions.
    fn table() -> &'static br::br_x509_class {
        // SAFETY: the table is immutable.
        unsafe { &br::br_x509_minimal_vtable }
    }

    unsafe extern "C" fn start_chain(context: *mut *const br::br_x509_class, name: *const c_char) {
        // SAFETY: BearSSL hands back what it was given.
        let verifier = unsafe { Self::of(context) };
        // The name is empty where the server is named by its address; the scanner looks for that.
        // SAFETY: the validator has been initialised; the name is the engine's copy.
        unsafe { (Self::table().start_chain)(verifier.inner(), name) };
    }

    unsafe extern "C" fn start_cert(context: *mut *const br::br_x509_class, len: u32) {
        // SAFETY: BearSSL hands back what it was given.
        let verifier = unsafe { Self::of(context) };
        let address = verifier.address;
        verifier.scanner = CertificateScanner::new(address);
        // SAFETY: the validator has been initialised.
        unsafe { (Self::table().start_cert)(verifier.inner(), len) };
    }

    unsafe extern "C" fn append(
        context: *mut *const br::br_x509_class,
        data: *const u8,
        len: usize,
    ) {
        // SAFETY: BearSSL hands back what it was given.
        let verifier = unsafe { Self::of(context) };
        // SAFETY: BearSSL hands in a piece of the certificate.
        verifier
            .scanner
            .push(unsafe { core::slice::from_raw_parts(data, len) });
        // SAFETY: the validator has been initialised.
        unsafe { (Self::table().append)(verifier.inner(), data, len) };
    }

    unsafe extern "C" fn end_cert(context: *mut *const br::br_x509_class) {
        // SAFETY: BearSSL hands back what it was given.
        let verifier = unsafe { Self::of(context) };
        // What comes after the anchor has been reached is of no interest.
        let trusted = verifier.minimal.err == br::BR_ERR_X509_OK;
        // SAFETY: the validator has been initialised.
        unsafe { (Self::table().end_cert)(verifier.inner()) };
        if !trusted && verifier.head.failure.is_none() {
            if let Err(error) = verifier.check_certificate() {
                verifier.head.failure = Some(error);
            } else if verifier.minimal.err == 0 && verifier.is_anchored() {
                verifier.minimal.err = br::BR_ERR_X509_OK;
            }
        }
        verifier.certificates += 1;
    }

    /// What BearSSL leaves open about the certificate that just ended.
    fn check_certificate(&mut self) -> Result<(), Error> {
        let scanned = self.scanner.finish();
        let error = self.minimal.err;
        if error != 0 && error != br::BR_ERR_X509_EXPIRED {
            return Err(Error::from_engine(error));
        }
        // Both look at the dates; the one that tells expired from not yet valid has the word.
        let scanned = scanned.map_err(refused)?;
        scanned.validity.check(self.now).map_err(refused)?;
        if error != 0 {
            return Err(Error::from_engine(error));
        }
        if self.certificates == 0 {
            scanned.server_usage.check().map_err(refused)?;
            if self.address.is_some() && !scanned.has_address {
                return Err(refused(CertificateError::BadServerName));
            }
        }
        Ok(())
    }

    /// Whether one of the trust anchors signed the certificate that just ended.
    fn is_anchored(&mut self) -> bool {
        // SAFETY: the anchors outlive the handshake.
        let anchors = unsafe { &*self.anchors };
        anchors
            .iter()
            .any(|anchor| self.is_issuer(anchor) && self.is_signed_by(&anchor.key))
    }

    /// Whether the anchor's name is the issuer's; a bare key has no name and signs for any.
    fn is_issuer(&self, anchor: &TrustAnchor<'_>) -> bool {
        let name = anchor.subject;
        if name.is_empty() {
            return true;
        }
        let hash: [u8; 32] = sha2::Digest::finalize(sha2::Digest::chain_update(
            <sha2::Sha256 as sha2::Digest>::new(),
            name,
        ))
        .into();
        hash == self.minimal.saved_dn_hash[..32]
    }

    /// Whether the signature that BearSSL has read is one of this key.
    fn is_signed_by(&mut self, key: &PublicKey<'_>) -> bool {
        let minimal = &self.minimal;
        let hash_len = usize::from(minimal.cert_sig_hash_len);
        let signature =
            &minimal.cert_sig[..usize::from(minimal.cert_sig_len).min(minimal.cert_sig.len())];
        match (i32::from(minimal.cert_signer_key_type), key) {
            (br::BR_KEYTYPE_RSA, PublicKey::Rsa { n, e }) => {
                let oid: &[u8] = match hash_len {
                    32 => br::BR_HASH_OID_SHA256,
                    48 => br::BR_HASH_OID_SHA384,
                    _ => return false,
                };
                let key = br::br_rsa_public_key {
                    n: n.as_ptr().cast_mut(),
                    nlen: n.len(),
                    e: e.as_ptr().cast_mut(),
                    elen: e.len(),
                };
                let mut hash = [0u8; 64];
                // SAFETY: BearSSL reads the key and the signature, and writes `hash_len` bytes of hash.
                let valid = unsafe {
                    primitives::rsa_verify(
                        signature.as_ptr(),
                        signature.len(),
                        oid.as_ptr(),
                        hash_len,
                        &key,
                        hash.as_mut_ptr(),
                    )
                };
                valid == 1 && hash[..hash_len] == minimal.tbs_hash[..hash_len]
            }
            (br::BR_KEYTYPE_EC, PublicKey::Ec { curve, q }) => {
                let key = br::br_ec_public_key {
                    curve: match curve {
                        Curve::P256 => br::BR_EC_secp256r1,
                        Curve::P384 => br::BR_EC_secp384r1,
                        _ => return false,
                    },
                    q: q.as_ptr().cast_mut(),
                    qlen: q.len(),
                };
                // SAFETY: BearSSL reads the key, the hash and the signature.
                let valid = unsafe {
                    primitives::ecdsa_verify(
                        &primitives::P256_P384,
                        minimal.tbs_hash.as_ptr().cast(),
                        hash_len.min(minimal.tbs_hash.len()),
                        &key,
                        signature.as_ptr().cast(),
                        signature.len(),
                    )
                };
                valid == 1
            }
            _ => false,
        }
    }

    unsafe extern "C" fn end_chain(context: *mut *const br::br_x509_class) -> c_uint {
        // SAFETY: BearSSL hands back what it was given.
        let verifier = unsafe { Self::of(context) };
        // SAFETY: the validator has been initialised.
        let error = unsafe { (Self::table().end_chain)(verifier.inner()) };
        if verifier.head.failure.is_none() {
            verifier.head.failure = if error != 0 {
                Some(Error::from_engine(error as i32))
            } else {
                public_key(&verifier.minimal.pkey)
                    .and_then(|key| verifier.pins.map_or(Ok(None), |pins| pins.judge(&key)))
                    .err()
            };
        }
        verdict(&verifier.head)
    }

    unsafe extern "C" fn get_pkey(
        context: *const *const br::br_x509_class,
        usages: *mut c_uint,
    ) -> *const br::br_x509_pkey {
        // SAFETY: BearSSL hands back what it was given.
        let verifier = unsafe { &*context.cast::<Self>() };
        if verifier.head.failure.is_some() {
            return core::ptr::null();
        }
        // SAFETY: the validator has been initialised.
        unsafe { (Self::table().get_pkey)((&raw const verifier.minimal).cast(), usages) }
    }
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
