//! Cipher suites by number (`bearssl_ssl.h`): those of TLS 1.2 that this build can run, and the fallback signal.

use crate::error::codes;

codes! { u16;
    BR_TLS_RSA_WITH_AES_128_GCM_SHA256 = 0x009C, "RSA key exchange, AES-128-GCM (no forward secrecy).";
    BR_TLS_RSA_WITH_AES_256_GCM_SHA384 = 0x009D, "RSA key exchange, AES-256-GCM (no forward secrecy).";
    BR_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256 = 0xC02B, "ECDHE, ECDSA certificate, AES-128-GCM.";
    BR_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384 = 0xC02C, "ECDHE, ECDSA certificate, AES-256-GCM.";
    BR_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 = 0xC02F, "ECDHE, RSA certificate, AES-128-GCM.";
    BR_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384 = 0xC030, "ECDHE, RSA certificate, AES-256-GCM.";
    BR_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256 = 0xCCA8, "ECDHE, RSA certificate, ChaCha20-Poly1305.";
    BR_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256 = 0xCCA9, "ECDHE, ECDSA certificate, ChaCha20-Poly1305.";
    BR_TLS_FALLBACK_SCSV = 0x5600, "Not a suite: tells the server that the client fell back to an older version.";
}
