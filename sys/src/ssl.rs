//! The TLS engine (`bearssl_ssl.h`): buffers, state, and the context under every connection.

use core::ffi::{c_char, c_int, c_uint, c_void};
use core::marker::{PhantomData, PhantomPinned};
use core::mem::ManuallyDrop;

use crate::block::*;
use crate::ec::{br_ec_impl, br_ecdsa_vrfy};
use crate::hash::{br_ghash, br_multihash_context};
use crate::mac::br_tls_prf_impl;
use crate::rand::br_hmac_drbg_context;
use crate::record::*;
use crate::rsa::br_rsa_pkcs1_vrfy;
use crate::x509::{br_t0_cpu, br_x509_certificate, br_x509_class};

/// Input buffer that takes every record: 16384 bytes and what encryption adds.
pub const BR_SSL_BUFSIZE_INPUT: usize = 16384 + 325;
/// Output buffer for the largest records: 16384 bytes and what encryption adds.
pub const BR_SSL_BUFSIZE_OUTPUT: usize = 16384 + 85;
/// One buffer for both directions in turns.
pub const BR_SSL_BUFSIZE_MONO: usize = BR_SSL_BUFSIZE_INPUT;
/// One buffer that is split for both directions at once.
pub const BR_SSL_BUFSIZE_BIDI: usize = BR_SSL_BUFSIZE_INPUT + BR_SSL_BUFSIZE_OUTPUT;

/// Protocol version: SSL 3.0 (not supported).
pub const BR_SSL30: c_uint = 0x0300;
/// Protocol version: TLS 1.0.
pub const BR_TLS10: c_uint = 0x0301;
/// Protocol version: TLS 1.1.
pub const BR_TLS11: c_uint = 0x0302;
/// Protocol version: TLS 1.2.
pub const BR_TLS12: c_uint = 0x0303;

/// State flag: the engine is closed, in order or by an error.
pub const BR_SSL_CLOSED: c_uint = 0x0001;
/// State flag: record bytes wait to be sent.
pub const BR_SSL_SENDREC: c_uint = 0x0002;
/// State flag: record bytes from the peer can be taken.
pub const BR_SSL_RECVREC: c_uint = 0x0004;
/// State flag: application data can be taken for sending.
pub const BR_SSL_SENDAPP: c_uint = 0x0008;
/// State flag: application data from the peer waits.
pub const BR_SSL_RECVAPP: c_uint = 0x0010;

/// Option flag: a server puts its own order of cipher suites first.
pub const BR_OPT_ENFORCE_SERVER_PREFERENCES: u32 = 1 << 0;
/// Option flag: refuse renegotiation.
pub const BR_OPT_NO_RENEGOTIATION: u32 = 1 << 1;
/// Option flag: a server accepts a client without a certificate.
pub const BR_OPT_TOLERATE_NO_CLIENT_AUTH: u32 = 1 << 2;
/// Option flag: fail unless an application protocol is agreed on.
pub const BR_OPT_FAIL_ON_ALPN_MISMATCH: u32 = 1 << 3;

/// Most cipher suites that a context can hold.
pub const BR_MAX_CIPHER_SUITES: usize = 48;

/// What a session needs to be resumed. Holds the master secret.
#[repr(C)]
#[derive(Clone)]
pub struct br_ssl_session_parameters {
    /// Session identifier.
    pub session_id: [u8; 32],
    /// Size of the identifier; 0 means that there is no session.
    pub session_id_len: u8,
    /// Protocol version.
    pub version: u16,
    /// Cipher suite.
    pub cipher_suite: u16,
    /// Master secret.
    pub master_secret: [u8; 48],
}

/// Record decryption inside the engine's context.
#[repr(C)]
pub union br_ssl_engine_in {
    /// Class of the record layer in use: the first field of every arm.
    pub vtable: *const br_sslrec_in_class,
    /// CBC.
    pub cbc: ManuallyDrop<br_sslrec_in_cbc_context>,
    /// GCM.
    pub gcm: ManuallyDrop<br_sslrec_gcm_context>,
    /// ChaCha20-Poly1305.
    pub chapol: ManuallyDrop<br_sslrec_chapol_context>,
    /// CCM.
    pub ccm: ManuallyDrop<br_sslrec_ccm_context>,
}

/// Record encryption inside the engine's context.
#[repr(C)]
pub union br_ssl_engine_out {
    /// Class of the record layer in use: the first field of every arm.
    pub vtable: *const br_sslrec_out_class,
    /// No encryption.
    pub clear: br_sslrec_out_clear_context,
    /// CBC.
    pub cbc: ManuallyDrop<br_sslrec_out_cbc_context>,
    /// GCM.
    pub gcm: ManuallyDrop<br_sslrec_gcm_context>,
    /// ChaCha20-Poly1305.
    pub chapol: ManuallyDrop<br_sslrec_chapol_context>,
    /// CCM.
    pub ccm: ManuallyDrop<br_sslrec_ccm_context>,
}

/// The engine's context: everything that client and server share. Must not move once initialised.
#[repr(C)]
pub struct br_ssl_engine_context {
    /// Error code, or 0.
    pub err: c_int,
    /// Input buffer.
    pub ibuf: *mut u8,
    /// Output buffer; the same as `ibuf` when one buffer serves both.
    pub obuf: *mut u8,
    /// Size of the input buffer.
    pub ibuf_len: usize,
    /// Size of the output buffer.
    pub obuf_len: usize,
    /// Largest plaintext of a record to send.
    pub max_frag_len: u16,
    /// Logarithm of the largest fragment that the buffers take.
    pub log_max_frag_len: u8,
    /// Logarithm of the fragment length agreed with the peer; 0 if none.
    pub peer_log_max_frag_len: u8,
    /// Input buffer: start of the application data or of the bytes received.
    pub ixa: usize,
    /// Input buffer: end of the application data or of the bytes received.
    pub ixb: usize,
    /// Input buffer: end of the record.
    pub ixc: usize,
    /// Output buffer: start of what is to be sent, or of the application data.
    pub oxa: usize,
    /// Output buffer: end of what is to be sent, or start of free room.
    pub oxb: usize,
    /// Output buffer: end of free room.
    pub oxc: usize,
    /// Which way the buffers are in use.
    pub iomode: u8,
    /// Whether input records are encrypted.
    pub incrypt: u8,
    /// Whether input is shut down.
    pub shutdown_recv: u8,
    /// Type of the current input record.
    pub record_type_in: u8,
    /// Type of the current output record.
    pub record_type_out: u8,
    /// Version of input records.
    pub version_in: u16,
    /// Version of output records.
    pub version_out: u16,
    /// Record decryption.
    pub in_: br_ssl_engine_in,
    /// Record encryption.
    pub out: br_ssl_engine_out,
    /// Whether application data may flow: 0 no, 1 yes, 2 closing.
    pub application_data: u8,
    /// Random generator.
    pub rng: br_hmac_drbg_context,
    /// 0: no generator; 1: generator without entropy; 2: seeded.
    pub rng_init_done: c_int,
    /// Whether the system was asked for entropy.
    pub rng_os_rand_done: c_int,
    /// Lowest version accepted.
    pub version_min: u16,
    /// Highest version accepted.
    pub version_max: u16,
    /// Cipher suites by preference.
    pub suites_buf: [u16; BR_MAX_CIPHER_SUITES],
    /// Number of cipher suites.
    pub suites_num: u8,
    /// Server name, NUL-terminated.
    pub server_name: [c_char; 256],
    /// Client random.
    pub client_random: [u8; 32],
    /// Server random.
    pub server_random: [u8; 32],
    /// Session parameters.
    pub session: br_ssl_session_parameters,
    /// Curve of the key exchange.
    pub ecdhe_curve: u8,
    /// Peer's point of the key exchange.
    pub ecdhe_point: [u8; 133],
    /// Size of that point.
    pub ecdhe_point_len: u8,
    /// Secure renegotiation: 0 unknown, 1 unsupported, 2 supported.
    pub reneg: u8,
    /// Finished messages that secure renegotiation refers to.
    pub saved_finished: [u8; 24],
    /// Options (`BR_OPT_*`).
    pub flags: u32,
    /// Registers of the handshake's interpreter.
    pub cpu: br_t0_cpu,
    /// Interpreter's data stack.
    pub dp_stack: [u32; 32],
    /// Interpreter's return stack.
    pub rp_stack: [u32; 32],
    /// Scratch of the handshake.
    pub pad: [u8; 512],
    /// Handshake: input bytes.
    pub hbuf_in: *mut u8,
    /// Handshake: output bytes.
    pub hbuf_out: *mut u8,
    /// Handshake: start of output bytes.
    pub saved_hbuf_out: *mut u8,
    /// Handshake: number of input bytes.
    pub hlen_in: usize,
    /// Handshake: room for output bytes.
    pub hlen_out: usize,
    /// Runs the handshake's interpreter.
    pub hsrun: Option<unsafe extern "C" fn(ctx: *mut c_void)>,
    /// What the handshake is asked to do: close or renegotiate.
    pub action: u8,
    /// Alert to send.
    pub alert: u8,
    /// Whether the peer closed.
    pub close_received: u8,
    /// Hash of the handshake messages.
    pub mhash: br_multihash_context,
    /// Validator of the peer's chain.
    pub x509ctx: *mut *const br_x509_class,
    /// Own chain.
    pub chain: *const br_x509_certificate,
    /// Certificates in the own chain that are yet to be sent.
    pub chain_len: usize,
    /// Where the certificate that is being sent goes on.
    pub cert_cur: *const u8,
    /// How much of it is left.
    pub cert_len: usize,
    /// Application protocols to offer, NUL-terminated.
    pub protocol_names: *mut *const c_char,
    /// Number of those.
    pub protocol_names_num: u16,
    /// The chosen protocol, counted from 1; 0 none, 0xFFFF no match.
    pub selected_protocol: u16,
    /// Pseudorandom function of TLS 1.0 and 1.1.
    pub prf10: br_tls_prf_impl,
    /// Pseudorandom function with SHA-256.
    pub prf_sha256: br_tls_prf_impl,
    /// Pseudorandom function with SHA-384.
    pub prf_sha384: br_tls_prf_impl,
    /// AES CBC encryption.
    pub iaes_cbcenc: *const br_block_cbcenc_class,
    /// AES CBC decryption.
    pub iaes_cbcdec: *const br_block_cbcdec_class,
    /// AES in counter mode.
    pub iaes_ctr: *const br_block_ctr_class,
    /// AES CTR + CBC-MAC.
    pub iaes_ctrcbc: *const br_block_ctrcbc_class,
    /// DES CBC encryption.
    pub ides_cbcenc: *const br_block_cbcenc_class,
    /// DES CBC decryption.
    pub ides_cbcdec: *const br_block_cbcdec_class,
    /// GHASH.
    pub ighash: br_ghash,
    /// ChaCha20.
    pub ichacha: br_chacha20_run,
    /// Poly1305.
    pub ipoly: br_poly1305_run,
    /// CBC decryption of records.
    pub icbc_in: *const br_sslrec_in_cbc_class,
    /// CBC encryption of records.
    pub icbc_out: *const br_sslrec_out_cbc_class,
    /// GCM decryption of records.
    pub igcm_in: *const br_sslrec_in_gcm_class,
    /// GCM encryption of records.
    pub igcm_out: *const br_sslrec_out_gcm_class,
    /// ChaCha20-Poly1305 decryption of records.
    pub ichapol_in: *const br_sslrec_in_chapol_class,
    /// ChaCha20-Poly1305 encryption of records.
    pub ichapol_out: *const br_sslrec_out_chapol_class,
    /// CCM decryption of records.
    pub iccm_in: *const br_sslrec_in_ccm_class,
    /// CCM encryption of records.
    pub iccm_out: *const br_sslrec_out_ccm_class,
    /// Elliptic curves.
    pub iec: *const br_ec_impl,
    /// RSA signature verification.
    pub irsavrfy: br_rsa_pkcs1_vrfy,
    /// ECDSA signature verification.
    pub iecdsa: br_ecdsa_vrfy,
    /// Takes no space; makes the context `!Unpin`.
    pub _pin: PhantomData<PhantomPinned>,
}

unsafe extern "C" {
    /// Sets the cipher suites to offer, by preference; they are copied. More than [`BR_MAX_CIPHER_SUITES`] is an error.
    pub fn br_ssl_engine_set_suites(
        cc: *mut br_ssl_engine_context,
        suites: *const u16,
        suites_num: usize,
    );
    /// Gives one buffer; with `bidi` not 0 it is split, so that both directions can be in use at once.
    pub fn br_ssl_engine_set_buffer(
        cc: *mut br_ssl_engine_context,
        iobuf: *mut c_void,
        iobuf_len: usize,
        bidi: c_int,
    );
    /// Gives a buffer for each direction; their sizes pick the maximum fragment length that is offered.
    pub fn br_ssl_engine_set_buffers_bidi(
        cc: *mut br_ssl_engine_context,
        ibuf: *mut c_void,
        ibuf_len: usize,
        obuf: *mut c_void,
        obuf_len: usize,
    );
    /// Seeds the random generator. Hash functions must be set before, and this must be called before a handshake.
    pub fn br_ssl_engine_inject_entropy(
        cc: *mut br_ssl_engine_context,
        data: *const c_void,
        len: usize,
    );
    /// Returns the state as flags (`BR_SSL_*`).
    pub fn br_ssl_engine_current_state(cc: *const br_ssl_engine_context) -> c_uint;

    /// Room for application data to send, or NULL.
    pub fn br_ssl_engine_sendapp_buf(cc: *const br_ssl_engine_context, len: *mut usize) -> *mut u8;
    /// Tells that `len` bytes of application data were written.
    pub fn br_ssl_engine_sendapp_ack(cc: *mut br_ssl_engine_context, len: usize);
    /// Application data from the peer, or NULL.
    pub fn br_ssl_engine_recvapp_buf(cc: *const br_ssl_engine_context, len: *mut usize) -> *mut u8;
    /// Tells that `len` bytes of application data were read.
    pub fn br_ssl_engine_recvapp_ack(cc: *mut br_ssl_engine_context, len: usize);
    /// Record bytes to send, or NULL.
    pub fn br_ssl_engine_sendrec_buf(cc: *const br_ssl_engine_context, len: *mut usize) -> *mut u8;
    /// Tells that `len` record bytes were sent.
    pub fn br_ssl_engine_sendrec_ack(cc: *mut br_ssl_engine_context, len: usize);
    /// Room for record bytes from the peer, or NULL.
    pub fn br_ssl_engine_recvrec_buf(cc: *const br_ssl_engine_context, len: *mut usize) -> *mut u8;
    /// Tells that `len` record bytes were received; this may run a step of the handshake.
    pub fn br_ssl_engine_recvrec_ack(cc: *mut br_ssl_engine_context, len: usize);

    /// Makes a record of the application data written so far; `force` makes an empty one too.
    pub fn br_ssl_engine_flush(cc: *mut br_ssl_engine_context, force: c_int);
    /// Starts an orderly close.
    pub fn br_ssl_engine_close(cc: *mut br_ssl_engine_context);
    /// Starts a renegotiation: 1, or 0 if it cannot be done.
    pub fn br_ssl_engine_renegotiate(cc: *mut br_ssl_engine_context) -> c_int;
    /// Derives key material from the session (RFC 5705): 1 on success. `context` may be NULL.
    pub fn br_ssl_key_export(
        cc: *mut br_ssl_engine_context,
        dst: *mut c_void,
        len: usize,
        label: *const c_char,
        context: *const c_void,
        context_len: usize,
    ) -> c_int;
}
