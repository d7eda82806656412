//! The client's certificate: BearSSL asks for a chain and for a signature, the identity gives both.
//!
//! A key that is stored elsewhere is read at the moment it signs, into the scratch, and wiped right after.

use bearssl_sys as br;
use core::ffi::c_int;

use crate::bytes;
use crate::error::{ConfigError, Error};
use crate::identity::{EcKey, Identity, Key, PrivateKey, RsaKey};

use super::{primitives, symmetric, wipe};

/// Longest chain of the client.
const CHAIN_MAX: usize = 3;

/// A private key that the engine can sign with; only the code for the type that a program names is linked.
pub trait ClientKey: sealed::Sealed {
    /// How TLS numbers the key's algorithm (RFC 5246 section 7.4.1.4.1): 1 RSA, 3 ECDSA.
    #[doc(hidden)]
    fn algorithm(&self) -> c_int;

    /// Signs a hash into `out`; the signature's length, `None` if that cannot be done.
    #[doc(hidden)]
    fn sign(&self, hash_id: c_int, hash: &[u8], out: &mut [u8]) -> Option<usize>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::EcKey<'_> {}
    impl Sealed for super::RsaKey<'_> {}
    impl Sealed for super::PrivateKey<'_> {}
}

impl ClientKey for EcKey<'_> {
    fn algorithm(&self) -> c_int {
        br::BR_AUTH_ECDSA
    }

    fn sign(&self, hash_id: c_int, hash: &[u8], out: &mut [u8]) -> Option<usize> {
        const LONGEST: usize = 72;
        let function = match hash_id {
            br::br_sha256_ID if hash.len() == 32 => symmetric::sha256(),
            br::br_sha384_ID if hash.len() == 48 => symmetric::sha384(),
            _ => return None,
        };
        if out.len() < LONGEST {
            return None;
        }
        let scalar = self.scalar();
        let key = br::br_ec_private_key {
            curve: br::BR_EC_secp256r1,
            x: scalar.as_ptr().cast_mut(),
            xlen: scalar.len(),
        };
        // SAFETY: the hash has its function's length, the key is read only, and there is room for the longest signature.
        let len = unsafe {
            primitives::sign_ecdsa(
                function,
                hash.as_ptr().cast(),
                &key,
                out.as_mut_ptr().cast(),
            )
        };
        (len > 0).then_some(len)
    }
}

impl ClientKey for RsaKey<'_> {
    fn algorithm(&self) -> c_int {
        br::BR_AUTH_RSA
    }

    fn sign(&self, hash_id: c_int, hash: &[u8], out: &mut [u8]) -> Option<usize> {
        let oid: &[u8] = match hash_id {
            br::br_sha256_ID if hash.len() == 32 => br::BR_HASH_OID_SHA256,
            br::br_sha384_ID if hash.len() == 48 => br::BR_HASH_OID_SHA384,
            _ => return None,
        };
        let len = self.n_bits().div_ceil(8);
        if out.len() < len || len > primitives::RSA_MAX {
            return None;
        }
        let part = |number: &[u8]| (number.as_ptr().cast_mut(), number.len());
        let ((p, plen), (q, qlen)) = (part(self.p()), part(self.q()));
        let ((dp, dplen), (dq, dqlen), (iq, iqlen)) =
            (part(self.dp()), part(self.dq()), part(self.iq()));
        let n_bitlen = self.n_bits() as u32;
        let key = br::br_rsa_private_key {
            n_bitlen,
            p,
            plen,
            q,
            qlen,
            dp,
            dplen,
            dq,
            dqlen,
            iq,
            iqlen,
        };
        // SAFETY: the key is read only, and there is room for a signature of the modulus' length.
        let done = unsafe {
            primitives::sign_rsa(
                oid.as_ptr(),
                hash.as_ptr(),
                hash.len(),
                &key,
                out.as_mut_ptr(),
            )
        };
        // A fault in one half of the computation would give the key away to whoever sees the signature.
        let ((n, nlen), (e, elen)) = (part(self.n()), part(self.e()));
        let public = br::br_rsa_public_key { n, nlen, e, elen };
        let mut again = [0u8; 64];
        // SAFETY: key and signature are read only, and there is room for the longest hash.
        let valid = unsafe {
            primitives::rsa_verify(
                out.as_ptr(),
                len,
                oid.as_ptr(),
                hash.len(),
                &public,
                again.as_mut_ptr(),
            )
        };
        let sound = done == 1 && valid == 1 && again[..hash.len()] == *hash;
        if !sound {
            wipe(out);
        }
        sound.then_some(len)
    }
}

impl ClientKey for PrivateKey<'_> {
    fn algorithm(&self) -> c_int {
        match self {
            PrivateKey::Ec(key) => key.algorithm(),
            PrivateKey::Rsa(key) => key.algorithm(),
        }
    }

    fn sign(&self, hash_id: c_int, hash: &[u8], out: &mut [u8]) -> Option<usize> {
        match self {
            PrivateKey::Ec(key) => key.sign(hash_id, hash, out),
            PrivateKey::Rsa(key) => key.sign(hash_id, hash, out),
        }
    }
}

/// An identity, whatever its key's type.
pub(crate) trait ClientIdentity {
    /// The certificates, written one after the other into `space` where they are not in memory already.
    fn chain(
        &self,
        space: &mut [u8],
        chain: &mut [br::br_x509_certificate; CHAIN_MAX],
    ) -> Result<usize, Error>;
    /// How TLS numbers the key's algorithm.
    fn algorithm(&self, space: &mut [u8]) -> Result<c_int, Error>;
    /// Signs `out[..len]`, which the signature overwrites.
    fn sign(
        &self,
        hash_id: c_int,
        len: usize,
        out: &mut [u8],
        space: &mut [u8],
    ) -> Result<usize, Error>;
}

impl<'a, K> ClientIdentity for Identity<'a, K>
where
    K: Key,
    for<'k> K::Borrowed<'k>: ClientKey,
{
    fn chain(
        &self,
        space: &mut [u8],
        chain: &mut [br::br_x509_certificate; CHAIN_MAX],
    ) -> Result<usize, Error> {
        let mut free = space;
        let count = self.certificates();
        for (index, slot) in chain.iter_mut().enumerate().take(count) {
            let (data, data_len) = {
                let certificate = self.certificate(index, free)?;
                (certificate.as_ptr().cast_mut(), certificate.len())
            };
            *slot = br::br_x509_certificate { data, data_len };
            if self.is_stored() {
                let behind = core::mem::take(&mut free).get_mut(data_len..);
                free = behind.unwrap_or_default();
            }
        }
        Ok(count)
    }

    fn algorithm(&self, space: &mut [u8]) -> Result<c_int, Error> {
        let algorithm = self.private_key(space).map(|key| key.algorithm());
        wipe(space);
        algorithm
    }

    fn sign(
        &self,
        hash_id: c_int,
        len: usize,
        out: &mut [u8],
        space: &mut [u8],
    ) -> Result<usize, Error> {
        let mut hash = [0u8; 64];
        let (Some(hash), Some(given)) = (hash.get_mut(..len), out.get(..len)) else {
            return Err(ConfigError::BadState.into());
        };
        bytes::copy(hash, given);
        let signed = self.private_key(space)?.sign(hash_id, hash, out);
        Ok(signed.ok_or(ConfigError::MissingPrivateKey)?)
    }
}

/// The handler in the scratch. BearSSL sees the first field only.
#[repr(C)]
pub(crate) struct Auth {
    table: *const br::br_ssl_client_certificate_class,
    pub(super) failure: Option<Error>,
    identity: *const dyn ClientIdentity,
    space: *mut [u8],
    chain: [br::br_x509_certificate; CHAIN_MAX],
}

static TABLE: br::br_ssl_client_certificate_class = br::br_ssl_client_certificate_class {
    context_size: size_of::<Auth>(),
    start_name_list: ignore,
    start_name: ignore_name,
    append_name: ignore_piece,
    end_name: ignore,
    end_name_list: ignore,
    choose,
    do_keyx: None,
    do_sign: Some(sign),
};

/// What BearSSL hands to every function of the table.
type Handle = *mut *const br::br_ssl_client_certificate_class;

impl Auth {
    /// Builds the handler at `place`.
    ///
    /// # Safety
    /// `place` must be valid for writes; identity and space must outlive the handler's use.
    pub(super) unsafe fn install(
        place: *mut Auth,
        identity: &dyn ClientIdentity,
        space: *mut [u8],
    ) -> *mut Auth {
        let identity = core::ptr::from_ref(identity);
        // SAFETY: only the lifetime changes, for a field that cannot name it.
        let identity = unsafe {
            core::mem::transmute::<
                *const (dyn ClientIdentity + '_),
                *const (dyn ClientIdentity + 'static),
            >(identity)
        };
        let none = br::br_x509_certificate {
            data: core::ptr::null_mut(),
            data_len: 0,
        };
        // SAFETY: the caller gives a valid place.
        unsafe {
            place.write(Auth {
                table: &TABLE,
                failure: None,
                identity,
                space,
                chain: [none; CHAIN_MAX],
            })
        };
        place
    }
}

unsafe extern "C" fn ignore(_: Handle) {}
unsafe extern "C" fn ignore_name(_: Handle, _: usize) {}
unsafe extern "C" fn ignore_piece(_: Handle, _: *const u8, _: usize) {}

/// Picks hash and algorithm out of what the server accepts; an empty chain when nothing fits.
unsafe extern "C" fn choose(
    handle: Handle,
    _: *const br::br_ssl_client_context,
    accepted: u32,
    choice: *mut br::br_ssl_client_certificate,
) {
    // SAFETY: BearSSL hands back what it was given; the table is the handler's first field.
    let auth = unsafe { &mut *handle.cast::<Auth>() };
    // SAFETY: the identity outlives the handshake.
    let identity = unsafe { &*auth.identity };
    // SAFETY: the space does too, and nobody else uses it.
    let space = unsafe { &mut *auth.space };
    let mut answer = br::br_ssl_client_certificate {
        auth_type: 0,
        hash_id: 0,
        chain: core::ptr::null(),
        chain_len: 0,
    };
    let chosen = identity.algorithm(space).and_then(|algorithm| {
        // Bits 0 to 7 are the hashes for RSA, 8 to 15 those for ECDSA.
        let shift = if algorithm == br::BR_AUTH_ECDSA { 8 } else { 0 };
        let hash = [br::br_sha256_ID, br::br_sha384_ID]
            .into_iter()
            .find(|id| accepted >> (shift + id) & 1 == 1);
        let Some(hash_id) = hash else { return Ok(None) };
        let count = identity.chain(space, &mut auth.chain)?;
        Ok(Some((algorithm, hash_id, count)))
    });
    match chosen {
        Ok(Some((algorithm, hash_id, count))) => {
            answer.auth_type = algorithm;
            answer.hash_id = hash_id;
            answer.chain = auth.chain.as_ptr();
            answer.chain_len = count;
        }
        Ok(None) => {}
        Err(error) => auth.failure = Some(error),
    }
    // SAFETY: BearSSL hands in a place for the answer.
    unsafe { choice.write(answer) };
}

/// Signs the hash in `data`, where the signature goes too.
unsafe extern "C" fn sign(
    handle: Handle,
    hash_id: c_int,
    hash_len: usize,
    data: *mut u8,
    len: usize,
) -> usize {
    // SAFETY: BearSSL hands back what it was given; the table is the handler's first field.
    let auth = unsafe { &mut *handle.cast::<Auth>() };
    // SAFETY: the identity outlives the handshake.
    let identity = unsafe { &*auth.identity };
    // SAFETY: the space does too; the certificates in it have been sent.
    let space = unsafe { &mut *auth.space };
    // SAFETY: BearSSL hands in its pad.
    let out = unsafe { core::slice::from_raw_parts_mut(data, len) };
    let signed = identity.sign(hash_id, hash_len.min(64), out, space);
    wipe(space);
    match signed {
        Ok(len) => len,
        Err(error) => {
            auth.failure = Some(error);
            0
        }
    }
}

#[cfg(test)]
mod tests;
