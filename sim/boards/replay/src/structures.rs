//! Sizes of BearSSL's structures, to be held against what is published of others that use it.

/// The client's context, the certificate decoder, the validator: bytes.
pub const SIZES: [usize; 3] = [
    size_of::<bearssl_sys::br_ssl_client_context>(),
    size_of::<bearssl_sys::br_x509_decoder_context>(),
    size_of::<bearssl_sys::br_x509_minimal_context>(),
];
