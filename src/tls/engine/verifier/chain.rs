//! Trust in whoever signed the server's certificate.

use bearssl_sys as br;
use core::ffi::{c_char, c_uint};
use core::mem::offset_of;
use core::net::IpAddr;

use crate::clock::Time;
use crate::error::{CertificateError, Error};
use crate::hash::Sha256;
use crate::trust::{CertificateScanner, Curve, Fingerprints, PublicKey, ServerName, TrustAnchor};

use super::super::{primitives, symmetric};
use super::pin::Judge;
use super::{Head, field, public_key, refused, verdict};

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
    /// Whether the server's name has two labels, which BearSSL lets `*.org` cover.
    has_two_labels: bool,
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
    pub(super) unsafe fn install(
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
        let has_two_labels = name
            .dns()
            .is_some_and(|name| name.bytes().filter(|byte| *byte == b'.').count() == 1);
        let slot = field(place, offset_of!(ChainVerifier, has_two_labels));
        // SAFETY: as above.
        unsafe { core::ptr::write(slot, has_two_labels) };
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
            let is_too_broad = self.has_two_labels && scanned.has_broad_wildcard;
            if is_too_broad || (self.address.is_some() && !scanned.has_address) {
                return Err(refused(CertificateError::BadServerName));
            }
        }
        Ok(())
    }

    /// Whether one of the trust anchors signed the certificate that just ended, or is the server's own key.
    fn is_anchored(&self) -> bool {
        // SAFETY: the anchors outlive the handshake.
        let anchors = unsafe { &*self.anchors };
        anchors.iter().any(|anchor| {
            if anchor.is_ca {
                is_name(anchor, &self.minimal.saved_dn_hash) && self.is_signed_by(&anchor.key)
            } else {
                self.certificates == 0
                    && is_name(anchor, &self.minimal.current_dn_hash)
                    && public_key(&self.minimal.pkey).is_ok_and(|key| key == anchor.key)
            }
        })
    }

    /// Whether the signature that BearSSL has read is one of this key.
    fn is_signed_by(&self, key: &PublicKey<'_>) -> bool {
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

/// Whether the anchor's name is the one with this hash; a bare key has no name and stands for any.
fn is_name(anchor: &TrustAnchor<'_>, hash: &[u8; 64]) -> bool {
    let mut hasher = Sha256::new();
    hasher.update(anchor.subject);
    anchor.subject.is_empty() || hasher.digest()[..] == hash[..32]
}
