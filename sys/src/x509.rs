//! Certificates (`bearssl_x509.h`): the validation interface, the minimal validator and the certificate decoder.

use core::ffi::{c_char, c_int, c_uint, c_void};
use core::marker::{PhantomData, PhantomPinned};

use crate::ec::{br_ec_impl, br_ec_public_key, br_ecdsa_vrfy};
use crate::hash::{br_hash_class, br_hash_compat_context, br_multihash_context};
use crate::rsa::{br_rsa_pkcs1_vrfy, br_rsa_public_key};

/// Key type: RSA.
pub const BR_KEYTYPE_RSA: c_int = 1;
/// Key type: elliptic curve.
pub const BR_KEYTYPE_EC: c_int = 2;
/// Key usage flag: key exchange (RSA encryption or static ECDH).
pub const BR_KEYTYPE_KEYX: c_int = 0x10;
/// Key usage flag: signatures.
pub const BR_KEYTYPE_SIGN: c_int = 0x20;
/// Trust anchor flag: it may issue certificates, and is not just a certificate trusted by itself.
pub const BR_X509_TA_CA: c_uint = 0x0001;
/// Room for the largest public key: an RSA modulus ([`BR_MAX_RSA_SIZE`](crate::BR_MAX_RSA_SIZE)) and an 8-byte exponent.
pub const BR_X509_BUFSIZE_KEY: usize = BR_X509_BUFSIZE_SIG + 8;
/// Room for the largest signature: RSA's.
pub const BR_X509_BUFSIZE_SIG: usize = crate::BR_MAX_RSA_SIZE / 8;

/// A certificate in DER.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct br_x509_certificate {
    /// First byte.
    pub data: *mut u8,
    /// Number of bytes.
    pub data_len: usize,
}

/// A distinguished name in DER.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct br_x500_name {
    /// First byte.
    pub data: *mut u8,
    /// Number of bytes.
    pub len: usize,
}

/// The key inside [`br_x509_pkey`].
#[repr(C)]
#[derive(Clone, Copy)]
pub union br_x509_pkey_key {
    /// For [`BR_KEYTYPE_RSA`].
    pub rsa: br_rsa_public_key,
    /// For [`BR_KEYTYPE_EC`].
    pub ec: br_ec_public_key,
}

/// A public key of either type.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct br_x509_pkey {
    /// [`BR_KEYTYPE_RSA`] or [`BR_KEYTYPE_EC`].
    pub key_type: u8,
    /// The key.
    pub key: br_x509_pkey_key,
}

/// A trust anchor: a name and a key.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct br_x509_trust_anchor {
    /// Subject name.
    pub dn: br_x500_name,
    /// [`BR_X509_TA_CA`] or 0.
    pub flags: c_uint,
    /// Public key.
    pub pkey: br_x509_pkey,
}

/// How the engine has a chain validated, as a table. Called in the order of the fields, certificates as they arrive.
#[repr(C)]
pub struct br_x509_class {
    /// Size of the context that the functions work on.
    pub context_size: usize,
    /// A chain begins; `server_name` is the name to match, NUL-terminated, or NULL.
    pub start_chain:
        unsafe extern "C" fn(ctx: *mut *const br_x509_class, server_name: *const c_char),
    /// A certificate of `length` bytes begins; the first is the server's own.
    pub start_cert: unsafe extern "C" fn(ctx: *mut *const br_x509_class, length: u32),
    /// Bytes of the certificate.
    pub append: unsafe extern "C" fn(ctx: *mut *const br_x509_class, buf: *const u8, len: usize),
    /// The certificate ends.
    pub end_cert: unsafe extern "C" fn(ctx: *mut *const br_x509_class),
    /// The chain ends: 0 if it is accepted, else an error code (`BR_ERR_X509_*`).
    pub end_chain: unsafe extern "C" fn(ctx: *mut *const br_x509_class) -> c_uint,
    /// The server's public key, or NULL; `usages` (unless NULL) gets `BR_KEYTYPE_KEYX` and `BR_KEYTYPE_SIGN` flags.
    pub get_pkey: unsafe extern "C" fn(
        ctx: *const *const br_x509_class,
        usages: *mut c_uint,
    ) -> *const br_x509_pkey,
}

/// A "validator" that knows the server's key beforehand and ignores the certificates.
#[repr(C)]
pub struct br_x509_knownkey_context {
    /// Class of the validator.
    pub vtable: *const br_x509_class,
    /// The known key.
    pub pkey: br_x509_pkey,
    /// What it may be used for.
    pub usages: c_uint,
}

/// Registers of the interpreter that runs BearSSL's parsers.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct br_t0_cpu {
    /// Data stack pointer, into the context's `dp_stack`.
    pub dp: *mut u32,
    /// Return stack pointer, into the context's `rp_stack`.
    pub rp: *mut u32,
    /// Instruction pointer.
    pub ip: *const u8,
}

/// A name element that the minimal validator copies out of the server's certificate.
#[repr(C)]
pub struct br_name_element {
    /// Object identifier of the element, a length byte first; 0x00 0x00 and a byte picks a kind of alternative name.
    pub oid: *const u8,
    /// Where the value goes, with a NUL at its end.
    pub buf: *mut c_char,
    /// Size of `buf`.
    pub len: usize,
    /// 1: found; 0: not found; −1: found, but it did not fit or could not be decoded.
    pub status: c_int,
}

/// The minimal validator: follows a chain to a trust anchor, checks names, dates and signatures as bytes arrive.
///
/// Must not move once initialised.
#[repr(C)]
pub struct br_x509_minimal_context {
    /// Class of the validator.
    pub vtable: *const br_x509_class,
    /// The server's public key.
    pub pkey: br_x509_pkey,
    /// Interpreter's registers.
    pub cpu: br_t0_cpu,
    /// Interpreter's data stack.
    pub dp_stack: [u32; 32],
    /// Interpreter's return stack.
    pub rp_stack: [u32; 32],
    /// Error code, or 0.
    pub err: c_int,
    /// Name to match, or NULL.
    pub server_name: *const c_char,
    /// Usages of the server's key.
    pub key_usages: u8,
    /// Date: days since 1 January of year 0.
    pub days: u32,
    /// Time of day in seconds, UTC.
    pub seconds: u32,
    /// Bytes of the current certificate.
    pub cert_length: u32,
    /// Number of certificates seen.
    pub num_certs: u32,
    /// Bytes that wait for the parser.
    pub hbuf: *const u8,
    /// Number of those bytes.
    pub hlen: usize,
    /// Scratch of the parser.
    pub pad: [u8; 256],
    /// The server's key, of which `pkey` has the pointers.
    pub ee_pkey_data: [u8; BR_X509_BUFSIZE_KEY],
    /// Key of the current certificate.
    pub pkey_data: [u8; BR_X509_BUFSIZE_KEY],
    /// Type of the key that signed the current certificate.
    pub cert_signer_key_type: u8,
    /// Hash of the current certificate's signature.
    pub cert_sig_hash_oid: u16,
    /// Size of that hash.
    pub cert_sig_hash_len: u8,
    /// The current certificate's signature.
    pub cert_sig: [u8; BR_X509_BUFSIZE_SIG],
    /// Size of the signature.
    pub cert_sig_len: u16,
    /// Smallest RSA modulus accepted, in bytes, minus 128.
    pub min_rsa_size: i16,
    /// Trust anchors.
    pub trust_anchors: *const br_x509_trust_anchor,
    /// Number of trust anchors.
    pub trust_anchors_num: usize,
    /// Whether the bytes that pass are hashed for the signature.
    pub do_mhash: u8,
    /// Hash of the signed part of the current certificate.
    pub mhash: br_multihash_context,
    /// Result of that hash.
    pub tbs_hash: [u8; 64],
    /// Whether the bytes that pass belong to a name.
    pub do_dn_hash: u8,
    /// Hash function for names.
    pub dn_hash_impl: *const br_hash_class,
    /// Running hash of a name.
    pub dn_hash: br_hash_compat_context,
    /// Hash of the name just read.
    pub current_dn_hash: [u8; 64],
    /// Hash of the name that the next certificate must have.
    pub next_dn_hash: [u8; 64],
    /// Hash of the subject of the current certificate.
    pub saved_dn_hash: [u8; 64],
    /// Name elements to copy out.
    pub name_elts: *mut br_name_element,
    /// Number of name elements.
    pub num_name_elts: usize,
    /// RSA signature verification, or `None`.
    pub irsa: br_rsa_pkcs1_vrfy,
    /// ECDSA signature verification, or `None`.
    pub iecdsa: br_ecdsa_vrfy,
    /// Curves for ECDSA.
    pub iec: *const br_ec_impl,
    /// Takes no space; makes the context `!Unpin`.
    pub _pin: PhantomData<PhantomPinned>,
}

/// Receives bytes of a name from the certificate decoder.
pub type br_x509_append_dn =
    Option<unsafe extern "C" fn(ctx: *mut c_void, buf: *const c_void, len: usize)>;

/// The certificate decoder: reads one certificate and checks nothing.
///
/// Must not move once initialised.
#[repr(C)]
pub struct br_x509_decoder_context {
    /// The certificate's public key.
    pub pkey: br_x509_pkey,
    /// Interpreter's registers.
    pub cpu: br_t0_cpu,
    /// Interpreter's data stack.
    pub dp_stack: [u32; 32],
    /// Interpreter's return stack.
    pub rp_stack: [u32; 32],
    /// Error code, or 0.
    pub err: c_int,
    /// Scratch of the parser.
    pub pad: [u8; 256],
    /// 1 once the certificate was read to its end.
    pub decoded: u8,
    /// Start of validity: days since 1 January of year 0.
    pub notbefore_days: u32,
    /// Start of validity: time of day in seconds, UTC.
    pub notbefore_seconds: u32,
    /// End of validity: days since 1 January of year 0.
    pub notafter_days: u32,
    /// End of validity: time of day in seconds, UTC.
    pub notafter_seconds: u32,
    /// 1 if basic constraints mark an authority.
    pub isCA: u8,
    /// Whether the bytes that pass belong to the subject's name.
    pub copy_dn: u8,
    /// First argument of `append_dn`.
    pub append_dn_ctx: *mut c_void,
    /// Receives the subject's name, or `None`.
    pub append_dn: br_x509_append_dn,
    /// Bytes that wait for the parser.
    pub hbuf: *const u8,
    /// Number of those bytes.
    pub hlen: usize,
    /// The public key, of which `pkey` has the pointers.
    pub pkey_data: [u8; BR_X509_BUFSIZE_KEY],
    /// Type of the key that signed the certificate, or 0.
    pub signer_key_type: u8,
    /// Hash of that signature, or 0.
    pub signer_hash_id: u8,
    /// Takes no space; makes the context `!Unpin`.
    pub _pin: PhantomData<PhantomPinned>,
}

unsafe extern "C" {
    /// Class of the known-key validator.
    pub static br_x509_knownkey_vtable: br_x509_class;
    /// Class of the minimal validator.
    pub static br_x509_minimal_vtable: br_x509_class;

    /// Sets a known RSA key; its integers are not copied.
    pub fn br_x509_knownkey_init_rsa(
        ctx: *mut br_x509_knownkey_context,
        pk: *const br_rsa_public_key,
        usages: c_uint,
    );
    /// Sets a known elliptic-curve key; its point is not copied.
    pub fn br_x509_knownkey_init_ec(
        ctx: *mut br_x509_knownkey_context,
        pk: *const br_ec_public_key,
        usages: c_uint,
    );

    /// Clears the minimal validator and sets the hash for names and the trust anchors, which are not copied.
    ///
    /// Signature algorithms, hash functions and the time are set afterwards; without the time, every chain that
    /// carries dates fails with `BR_ERR_X509_TIME_UNKNOWN`.
    pub fn br_x509_minimal_init(
        ctx: *mut br_x509_minimal_context,
        dn_hash_impl: *const br_hash_class,
        trust_anchors: *const br_x509_trust_anchor,
        trust_anchors_num: usize,
    );

    /// Starts the decoder; `append_dn` gets the subject's name in pieces.
    pub fn br_x509_decoder_init(
        ctx: *mut br_x509_decoder_context,
        append_dn: br_x509_append_dn,
        append_dn_ctx: *mut c_void,
    );
    /// Decodes more bytes of the certificate.
    pub fn br_x509_decoder_push(ctx: *mut br_x509_decoder_context, data: *const c_void, len: usize);
}
