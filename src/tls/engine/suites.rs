//! Cipher suites and groups as values: what a program does not name, nothing refers to, and the linker leaves it out.

use bearssl_sys as br;

use super::{primitives, symmetric};

/// A cipher suite of TLS 1.2.
///
/// The constants are all there is; each carries the code that it needs, so that only the suites that a program names end
/// up in its image.
#[derive(Clone, Copy)]
pub struct Suite {
    id: u16,
    install: unsafe fn(*mut br::br_ssl_client_context),
}

impl Suite {
    /// ECDHE, a server with an ECDSA certificate, AES-128-GCM (RFC 5289).
    pub const ECDHE_ECDSA_WITH_AES_128_GCM_SHA256: Suite = Suite {
        id: br::BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
        install: ecdhe_ecdsa_gcm,
    };
    /// ECDHE, a server with an RSA certificate, AES-128-GCM (RFC 5289).
    pub const ECDHE_RSA_WITH_AES_128_GCM_SHA256: Suite = Suite {
        id: br::BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        install: ecdhe_rsa_gcm,
    };
    /// ECDHE, a server with an ECDSA certificate, ChaCha20-Poly1305 (RFC 7905).
    pub const ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256: Suite = Suite {
        id: br::BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
        install: ecdhe_ecdsa_chacha,
    };
    /// ECDHE, a server with an RSA certificate, ChaCha20-Poly1305 (RFC 7905).
    pub const ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256: Suite = Suite {
        id: br::BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
        install: ecdhe_rsa_chacha,
    };
    /// RSA key exchange, AES-128-GCM (RFC 5288). The fastest, and **without forward secrecy**: who records the traffic and
    /// gets the server's key later reads everything. Never part of a default.
    pub const RSA_WITH_AES_128_GCM_SHA256: Suite = Suite {
        id: br::BR_TLS_RSA_WITH_AES_128_GCM_SHA256,
        install: rsa_gcm,
    };

    /// The number that TLS gives the suite.
    pub const fn id(self) -> u16 {
        self.id
    }

    /// The name that the TLS registry gives the suite with this number, if it is one of ours.
    pub const fn name_of(id: u16) -> Option<&'static str> {
        match id {
            br::BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 => {
                Some("TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256")
            }
            br::BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 => {
                Some("TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256")
            }
            br::BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 => {
                Some("TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256")
            }
            br::BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 => {
                Some("TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256")
            }
            br::BR_TLS_RSA_WITH_AES_128_GCM_SHA256 => Some("TLS_RSA_WITH_AES_128_GCM_SHA256"),
            _ => None,
        }
    }

    /// Whether its key exchange is over a group.
    pub(super) const fn needs_group(self) -> bool {
        self.id != br::BR_TLS_RSA_WITH_AES_128_GCM_SHA256
    }

    /// Puts the suite's code into a context.
    ///
    /// # Safety
    /// `client` must point to a zeroed context that is being set up.
    pub(super) unsafe fn install(self, client: *mut br::br_ssl_client_context) {
        // SAFETY: passed on to the caller.
        unsafe { (self.install)(client) }
    }
}

impl core::fmt::Debug for Suite {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(Suite::name_of(self.id).unwrap_or("Suite"))
    }
}

impl PartialEq for Suite {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Suite {}

/// The groups (RFC 8422) that are offered for the key exchange and for an ECDSA server's own key.
///
/// BearSSL 0.6 always lists secp256r1, secp384r1, x25519 in this order, and most servers take the first that they know: who
/// wants x25519 offers it alone.
#[derive(Clone, Copy)]
pub struct Groups(pub(super) &'static br::br_ec_impl);

impl Groups {
    /// No group: for programs that name no suite but the RSA key exchange. With any other it is a configuration error.
    pub const NONE: Groups = Groups(&primitives::NO_CURVES);
    /// secp256r1 alone.
    pub const P256: Groups = Groups(&primitives::P256);
    /// x25519 alone: less than half the work of secp256r1. For servers with an RSA certificate. Where the server's key or the
    /// client's is on secp256r1, that group is to be offered too: OpenSSL refuses a client certificate on a curve that the
    /// client did not offer (alert 47).
    pub const X25519: Groups = Groups(&primitives::X25519);
    /// x25519 and secp256r1.
    pub const X25519_P256: Groups = Groups(&primitives::X25519_P256);
    /// x25519, secp256r1 and secp384r1. P-384 is there for servers whose own key is on that curve.
    pub const X25519_P256_P384: Groups = Groups(&primitives::X25519_P256_P384);

    pub(super) const fn is_empty(self) -> bool {
        self.0.supported_curves == 0
    }

    /// The name of the group with this number in the TLS registry, if it is one of ours.
    pub const fn name_of(id: u16) -> Option<&'static str> {
        match id {
            23 => Some("secp256r1"),
            24 => Some("secp384r1"),
            29 => Some("x25519"),
            _ => None,
        }
    }
}

impl core::fmt::Debug for Groups {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let names = (0..32u16)
            .filter(|bit| self.0.supported_curves >> bit & 1 == 1)
            .filter_map(Groups::name_of);
        f.debug_list().entries(names).finish()
    }
}

/// What a connection may agree on: suites in order of preference, and groups.
#[derive(Clone, Copy, Debug)]
pub struct Algorithms<'a> {
    /// 1 to 8 suites, the preferred one first.
    pub suites: &'a [Suite],
    /// The groups for the key exchange.
    pub groups: Groups,
}

impl Algorithms<'static> {
    /// ECDHE with AES-128-GCM, for servers with ECDSA or RSA certificates, over x25519, P-256 or P-384.
    pub const DEFAULT: Algorithms<'static> = Algorithms {
        suites: &[
            Suite::ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
            Suite::ECDHE_RSA_WITH_AES_128_GCM_SHA256,
        ],
        groups: Groups::X25519_P256_P384,
    };
}

/// AES-128-GCM records.
unsafe fn gcm(client: *mut br::br_ssl_client_context) {
    // SAFETY: the caller hands in a context that is being set up; nobody else has a reference to it.
    let engine = unsafe { &mut (*client).eng };
    engine.iaes_ctr = symmetric::aes_ctr();
    engine.ighash = symmetric::GHASH;
    engine.igcm_in = &raw const br::br_sslrec_in_gcm_vtable;
    engine.igcm_out = &raw const br::br_sslrec_out_gcm_vtable;
}

/// ChaCha20-Poly1305 records.
unsafe fn chacha(client: *mut br::br_ssl_client_context) {
    // SAFETY: the caller hands in a context that is being set up; nobody else has a reference to it.
    let engine = unsafe { &mut (*client).eng };
    engine.ichacha = symmetric::CHACHA20;
    engine.ipoly = symmetric::POLY1305;
    engine.ichapol_in = &raw const br::br_sslrec_in_chapol_vtable;
    engine.ichapol_out = &raw const br::br_sslrec_out_chapol_vtable;
}

/// A server that signs its key exchange with RSA.
unsafe fn rsa_signed(client: *mut br::br_ssl_client_context) {
    // SAFETY: the caller hands in a context that is being set up.
    unsafe { (*client).eng.irsavrfy = Some(primitives::rsa_verify) };
}

/// A server that signs its key exchange with ECDSA.
unsafe fn ecdsa_signed(client: *mut br::br_ssl_client_context) {
    // SAFETY: the caller hands in a context that is being set up.
    unsafe { (*client).eng.iecdsa = Some(primitives::ecdsa_verify) };
}

macro_rules! suite {
    ($name:ident: $($part:expr),*) => {
        unsafe fn $name(client: *mut br::br_ssl_client_context) {
            $(
                // SAFETY: passed on to the caller.
                unsafe { $part(client) };
            )*
        }
    };
}

suite!(ecdhe_ecdsa_gcm: ecdsa_signed, gcm);
suite!(ecdhe_rsa_gcm: rsa_signed, gcm);
suite!(ecdhe_ecdsa_chacha: ecdsa_signed, chacha);
suite!(ecdhe_rsa_chacha: rsa_signed, chacha);
// Without `rsa_signed` the ClientHello would not list signature algorithms, and OpenSSL then assumes SHA-1 and refuses.
suite!(rsa_gcm: rsa_exchange, rsa_signed, gcm);

/// The pre-master secret encrypted to the server's RSA key.
unsafe fn rsa_exchange(client: *mut br::br_ssl_client_context) {
    // SAFETY: the caller hands in a context that is being set up.
    unsafe { (*client).irsapub = Some(primitives::rsa_encrypt) };
}
