//! The TLS client (`bearssl_ssl.h`): its context and its certificate.

use core::ffi::{c_char, c_int, c_uint};
use core::mem::ManuallyDrop;

use crate::ec::{br_ec_impl, br_ec_private_key, br_ecdsa_sign};
use crate::hash::br_multihash_context;
use crate::rsa::{br_rsa_pkcs1_sign, br_rsa_private_key, br_rsa_public};
use crate::ssl::br_ssl_engine_context;
use crate::x509::br_x509_certificate;

/// Client authentication: static ECDH.
pub const BR_AUTH_ECDH: c_int = 0;
/// Client authentication: RSA signature.
pub const BR_AUTH_RSA: c_int = 1;
/// Client authentication: ECDSA signature.
pub const BR_AUTH_ECDSA: c_int = 3;

/// What the client's certificate handler chose.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct br_ssl_client_certificate {
    /// `BR_AUTH_*`.
    pub auth_type: c_int,
    /// Hash for the signature, by its TLS number.
    pub hash_id: c_int,
    /// Chain, the client's own certificate first; NULL for none.
    pub chain: *const br_x509_certificate,
    /// Number of certificates.
    pub chain_len: usize,
}

/// How a client picks its certificate and signs, as a table. Called when the server asks for a certificate.
#[repr(C)]
pub struct br_ssl_client_certificate_class {
    /// Size of the context that the functions work on.
    pub context_size: usize,
    /// The server's list of authorities begins.
    pub start_name_list: unsafe extern "C" fn(pctx: *mut *const br_ssl_client_certificate_class),
    /// A name of `len` bytes begins.
    pub start_name:
        unsafe extern "C" fn(pctx: *mut *const br_ssl_client_certificate_class, len: usize),
    /// Bytes of the name.
    pub append_name: unsafe extern "C" fn(
        pctx: *mut *const br_ssl_client_certificate_class,
        data: *const u8,
        len: usize,
    ),
    /// The name ends.
    pub end_name: unsafe extern "C" fn(pctx: *mut *const br_ssl_client_certificate_class),
    /// The list ends.
    pub end_name_list: unsafe extern "C" fn(pctx: *mut *const br_ssl_client_certificate_class),
    /// Chooses; `auth_types` has bits for hash and signature algorithms that both sides support.
    pub choose: unsafe extern "C" fn(
        pctx: *mut *const br_ssl_client_certificate_class,
        cc: *const br_ssl_client_context,
        auth_types: u32,
        choices: *mut br_ssl_client_certificate,
    ),
    /// Static ECDH; only called if that was chosen, and may be `None` otherwise.
    pub do_keyx: Option<
        unsafe extern "C" fn(
            pctx: *mut *const br_ssl_client_certificate_class,
            data: *mut u8,
            len: *mut usize,
        ) -> u32,
    >,
    /// Signs the `hv_len` bytes of hash in `data`, which has room for `len` bytes of signature; returns its size or 0.
    /// Only called if a signature was chosen, and may be `None` otherwise.
    pub do_sign: Option<
        unsafe extern "C" fn(
            pctx: *mut *const br_ssl_client_certificate_class,
            hash_id: c_int,
            hv_len: usize,
            data: *mut u8,
            len: usize,
        ) -> usize,
    >,
}

/// Handler for one RSA key and its chain.
#[repr(C)]
pub struct br_ssl_client_certificate_rsa_context {
    /// Class of the handler.
    pub vtable: *const br_ssl_client_certificate_class,
    /// Chain.
    pub chain: *const br_x509_certificate,
    /// Number of certificates.
    pub chain_len: usize,
    /// Private key.
    pub sk: *const br_rsa_private_key,
    /// Signature function.
    pub irsasign: br_rsa_pkcs1_sign,
}

/// Handler for one elliptic-curve key and its chain.
#[repr(C)]
pub struct br_ssl_client_certificate_ec_context {
    /// Class of the handler.
    pub vtable: *const br_ssl_client_certificate_class,
    /// Chain.
    pub chain: *const br_x509_certificate,
    /// Number of certificates.
    pub chain_len: usize,
    /// Private key.
    pub sk: *const br_ec_private_key,
    /// `BR_KEYTYPE_KEYX` and `BR_KEYTYPE_SIGN` flags.
    pub allowed_usages: c_uint,
    /// Type of the key that issued the certificate (matters for static ECDH).
    pub issuer_key_type: c_uint,
    /// Hash functions.
    pub mhash: *const br_multihash_context,
    /// Curves.
    pub iec: *const br_ec_impl,
    /// Signature function.
    pub iecdsa: br_ecdsa_sign,
}

/// The certificate handlers that come with the client's context.
#[repr(C)]
pub union br_ssl_client_auth {
    /// Class of the handler in use: the first field of every arm.
    pub vtable: *const br_ssl_client_certificate_class,
    /// One RSA key.
    pub single_rsa: ManuallyDrop<br_ssl_client_certificate_rsa_context>,
    /// One elliptic-curve key.
    pub single_ec: ManuallyDrop<br_ssl_client_certificate_ec_context>,
}

/// The client's context. Must not move once initialised, and is `!Unpin` because the engine's context is.
#[repr(C)]
pub struct br_ssl_client_context {
    /// What client and server share; first, so that a pointer to one is a pointer to the other.
    pub eng: br_ssl_engine_context,
    /// ClientHello messages are padded to at least this size.
    pub min_clienthello_len: u16,
    /// Hash and signature algorithms that the server accepts.
    pub hashes: u32,
    /// Curve of the server's key, or 0.
    pub server_curve: c_int,
    /// Certificate handler, or NULL.
    pub client_auth_vtable: *mut *const br_ssl_client_certificate_class,
    /// Chosen authentication.
    pub auth_type: u8,
    /// Chosen hash.
    pub hash_id: u8,
    /// Handlers that come with the context.
    pub client_auth: br_ssl_client_auth,
    /// RSA public operation, for RSA key exchange.
    pub irsapub: br_rsa_public,
}

unsafe extern "C" {
    /// Clears the context: no algorithm is set. Everything that the client should support is set afterwards.
    pub fn br_ssl_client_zero(cc: *mut br_ssl_client_context);
    /// Prepares a connection: 1, or 0 with the engine's error set.
    ///
    /// `server_name` (NUL-terminated, below 256 bytes) goes into the ClientHello and is what the validator matches;
    /// with NULL neither happens. With `resume_session` not 0 the session parameters in the context are offered.
    pub fn br_ssl_client_reset(
        cc: *mut br_ssl_client_context,
        server_name: *const c_char,
        resume_session: c_int,
    ) -> c_int;
    /// Sets one RSA key and its chain as the client's certificate; neither is copied.
    pub fn br_ssl_client_set_single_rsa(
        cc: *mut br_ssl_client_context,
        chain: *const br_x509_certificate,
        chain_len: usize,
        sk: *const br_rsa_private_key,
        irsasign: br_rsa_pkcs1_sign,
    );
    /// Sets one elliptic-curve key and its chain as the client's certificate; neither is copied.
    ///
    /// Pass `BR_KEYTYPE_SIGN` alone as usage: static ECDH is not to be relied upon in this version.
    pub fn br_ssl_client_set_single_ec(
        cc: *mut br_ssl_client_context,
        chain: *const br_x509_certificate,
        chain_len: usize,
        sk: *const br_ec_private_key,
        allowed_usages: c_uint,
        cert_issuer_key_type: c_uint,
        iec: *const br_ec_impl,
        iecdsa: br_ecdsa_sign,
    );
}
