//! Real functions for what BearSSL declares as `static inline`; `shim/shim.c` has their other half.
//!
//! Each is named like the original, with `bearcub_` for `br_`.

use core::ffi::{c_char, c_int, c_uint};

use crate::block::*;
use crate::client::*;
use crate::ec::*;
use crate::hash::*;
use crate::mac::*;
use crate::rand::*;
use crate::record::*;
use crate::rsa::*;
use crate::ssl::*;
use crate::x509::*;

unsafe extern "C" {
    /// Registers a hash function under its identifier (1 to 6); NULL removes it.
    pub fn bearcub_multihash_setimpl(
        ctx: *mut br_multihash_context,
        id: c_int,
        impl_: *const br_hash_class,
    );
    /// The hash function registered under an identifier (1 to 6), or NULL.
    pub fn bearcub_multihash_getimpl(
        ctx: *const br_multihash_context,
        id: c_int,
    ) -> *const br_hash_class;
    /// The hash function of an HMAC key.
    pub fn bearcub_hmac_key_get_digest(kc: *const br_hmac_key_context) -> *const br_hash_class;
    /// The output size of an HMAC computation.
    pub fn bearcub_hmac_size(ctx: *mut br_hmac_context) -> usize;
    /// The hash function of an HMAC computation.
    pub fn bearcub_hmac_get_digest(ctx: *const br_hmac_context) -> *const br_hash_class;
    /// The hash function of an HMAC_DRBG.
    pub fn bearcub_hmac_drbg_get_hash(ctx: *const br_hmac_drbg_context) -> *const br_hash_class;
    /// Sets a hash function for signatures, by its identifier (1 to 6).
    pub fn bearcub_x509_minimal_set_hash(
        ctx: *mut br_x509_minimal_context,
        id: c_int,
        impl_: *const br_hash_class,
    );
    /// Sets RSA signature verification.
    pub fn bearcub_x509_minimal_set_rsa(ctx: *mut br_x509_minimal_context, irsa: br_rsa_pkcs1_vrfy);
    /// Sets ECDSA signature verification and its curves.
    pub fn bearcub_x509_minimal_set_ecdsa(
        ctx: *mut br_x509_minimal_context,
        iec: *const br_ec_impl,
        iecdsa: br_ecdsa_vrfy,
    );
    /// Sets the time: days since 1 January of year 0 (1970-01-01 is 719528), and seconds of the day, UTC.
    pub fn bearcub_x509_minimal_set_time(
        ctx: *mut br_x509_minimal_context,
        days: u32,
        seconds: u32,
    );
    /// Sets the smallest RSA modulus accepted, in bytes (128 unless set).
    pub fn bearcub_x509_minimal_set_minrsa(ctx: *mut br_x509_minimal_context, byte_length: c_int);
    /// Sets name elements to copy out of the server's certificate.
    pub fn bearcub_x509_minimal_set_name_elements(
        ctx: *mut br_x509_minimal_context,
        elts: *mut br_name_element,
        num_elts: usize,
    );
    /// The certificate's public key, or NULL if it was not read to its end.
    pub fn bearcub_x509_decoder_get_pkey(ctx: *mut br_x509_decoder_context) -> *mut br_x509_pkey;
    /// 0, or why the certificate could not be read (`BR_ERR_X509_*`).
    pub fn bearcub_x509_decoder_last_error(ctx: *mut br_x509_decoder_context) -> c_int;
    /// 1 if basic constraints mark an authority.
    pub fn bearcub_x509_decoder_isCA(ctx: *mut br_x509_decoder_context) -> c_int;
    /// Type of the key that signed the certificate (`BR_KEYTYPE_*`), or 0.
    pub fn bearcub_x509_decoder_get_signer_key_type(ctx: *mut br_x509_decoder_context) -> c_int;
    /// Hash of the certificate's signature, or 0.
    pub fn bearcub_x509_decoder_get_signer_hash_id(ctx: *mut br_x509_decoder_context) -> c_int;
    /// The options (`BR_OPT_*`).
    pub fn bearcub_ssl_engine_get_flags(cc: *mut br_ssl_engine_context) -> u32;
    /// Replaces the options.
    pub fn bearcub_ssl_engine_set_all_flags(cc: *mut br_ssl_engine_context, flags: u32);
    /// Adds options.
    pub fn bearcub_ssl_engine_add_flags(cc: *mut br_ssl_engine_context, flags: u32);
    /// Removes options.
    pub fn bearcub_ssl_engine_remove_flags(cc: *mut br_ssl_engine_context, flags: u32);
    /// Sets the range of protocol versions: both `BR_TLS12` for this build.
    pub fn bearcub_ssl_engine_set_versions(
        cc: *mut br_ssl_engine_context,
        version_min: c_uint,
        version_max: c_uint,
    );
    /// Sets the validator of the peer's chain; it is not copied.
    pub fn bearcub_ssl_engine_set_x509(
        cc: *mut br_ssl_engine_context,
        x509ctx: *mut *const br_x509_class,
    );
    /// Sets the application protocols to offer (ALPN); they are not copied.
    pub fn bearcub_ssl_engine_set_protocol_names(
        cc: *mut br_ssl_engine_context,
        names: *mut *const c_char,
        num: usize,
    );
    /// The application protocol agreed on, or NULL.
    pub fn bearcub_ssl_engine_get_selected_protocol(
        cc: *mut br_ssl_engine_context,
    ) -> *const c_char;
    /// Sets a hash function by its identifier (1 to 6).
    pub fn bearcub_ssl_engine_set_hash(
        cc: *mut br_ssl_engine_context,
        id: c_int,
        impl_: *const br_hash_class,
    );
    /// The hash function under an identifier (1 to 6), or NULL.
    pub fn bearcub_ssl_engine_get_hash(
        cc: *mut br_ssl_engine_context,
        id: c_int,
    ) -> *const br_hash_class;
    /// Sets the pseudorandom function with SHA-256.
    pub fn bearcub_ssl_engine_set_prf_sha256(
        cc: *mut br_ssl_engine_context,
        impl_: br_tls_prf_impl,
    );
    /// Sets the pseudorandom function with SHA-384.
    pub fn bearcub_ssl_engine_set_prf_sha384(
        cc: *mut br_ssl_engine_context,
        impl_: br_tls_prf_impl,
    );
    /// Sets AES in counter mode, for GCM.
    pub fn bearcub_ssl_engine_set_aes_ctr(
        cc: *mut br_ssl_engine_context,
        impl_: *const br_block_ctr_class,
    );
    /// Sets GHASH, for GCM.
    pub fn bearcub_ssl_engine_set_ghash(cc: *mut br_ssl_engine_context, impl_: br_ghash);
    /// Sets ChaCha20.
    pub fn bearcub_ssl_engine_set_chacha20(cc: *mut br_ssl_engine_context, impl_: br_chacha20_run);
    /// Sets Poly1305.
    pub fn bearcub_ssl_engine_set_poly1305(cc: *mut br_ssl_engine_context, impl_: br_poly1305_run);
    /// Sets the record layers for GCM.
    pub fn bearcub_ssl_engine_set_gcm(
        cc: *mut br_ssl_engine_context,
        impl_in: *const br_sslrec_in_gcm_class,
        impl_out: *const br_sslrec_out_gcm_class,
    );
    /// Sets the record layers for ChaCha20-Poly1305.
    pub fn bearcub_ssl_engine_set_chapol(
        cc: *mut br_ssl_engine_context,
        impl_in: *const br_sslrec_in_chapol_class,
        impl_out: *const br_sslrec_out_chapol_class,
    );
    /// Sets the elliptic curves.
    pub fn bearcub_ssl_engine_set_ec(cc: *mut br_ssl_engine_context, impl_: *const br_ec_impl);
    /// The elliptic curves, or NULL.
    pub fn bearcub_ssl_engine_get_ec(cc: *mut br_ssl_engine_context) -> *const br_ec_impl;
    /// Sets RSA signature verification, for ECDHE_RSA.
    pub fn bearcub_ssl_engine_set_rsavrfy(cc: *mut br_ssl_engine_context, impl_: br_rsa_pkcs1_vrfy);
    /// RSA signature verification, or `None`.
    pub fn bearcub_ssl_engine_get_rsavrfy(cc: *mut br_ssl_engine_context) -> br_rsa_pkcs1_vrfy;
    /// Sets ECDSA signature verification, for ECDHE_ECDSA.
    pub fn bearcub_ssl_engine_set_ecdsa(cc: *mut br_ssl_engine_context, impl_: br_ecdsa_vrfy);
    /// ECDSA signature verification, or `None`.
    pub fn bearcub_ssl_engine_get_ecdsa(cc: *mut br_ssl_engine_context) -> br_ecdsa_vrfy;
    /// The server name, empty if there is none.
    pub fn bearcub_ssl_engine_get_server_name(cc: *const br_ssl_engine_context) -> *const c_char;
    /// The negotiated version, 0 before there is one.
    pub fn bearcub_ssl_engine_get_version(cc: *const br_ssl_engine_context) -> c_uint;
    /// Copies the session parameters out.
    pub fn bearcub_ssl_engine_get_session_parameters(
        cc: *const br_ssl_engine_context,
        pp: *mut br_ssl_session_parameters,
    );
    /// Copies session parameters in, to resume that session.
    pub fn bearcub_ssl_engine_set_session_parameters(
        cc: *mut br_ssl_engine_context,
        pp: *const br_ssl_session_parameters,
    );
    /// The curve of the key exchange, or 0.
    pub fn bearcub_ssl_engine_get_ecdhe_curve(cc: *mut br_ssl_engine_context) -> c_int;
    /// The error code, or 0 (`BR_ERR_*`).
    pub fn bearcub_ssl_engine_last_error(cc: *const br_ssl_engine_context) -> c_int;
    /// Hash and signature algorithms that the server accepts for a client certificate, as bits.
    pub fn bearcub_ssl_client_get_server_hashes(cc: *const br_ssl_client_context) -> u32;
    /// The curve of the server's key, or 0.
    pub fn bearcub_ssl_client_get_server_curve(cc: *const br_ssl_client_context) -> c_int;
    /// Sets the certificate handler; it is not copied. NULL for none.
    pub fn bearcub_ssl_client_set_client_certificate(
        cc: *mut br_ssl_client_context,
        pctx: *mut *const br_ssl_client_certificate_class,
    );
    /// Sets the RSA public operation, for RSA key exchange.
    pub fn bearcub_ssl_client_set_rsapub(cc: *mut br_ssl_client_context, irsapub: br_rsa_public);
    /// Pads ClientHello messages to at least this size.
    pub fn bearcub_ssl_client_set_min_clienthello_len(cc: *mut br_ssl_client_context, len: u16);
    /// Forgets the session, so that none is offered.
    pub fn bearcub_ssl_client_forget_session(cc: *mut br_ssl_client_context);
}
