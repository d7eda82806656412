//! The alerts of TLS: their names, and what a received one means.

use super::Explanation;

/// The name of an alert (RFC 5246 section 7.2, RFC 6066 section 9, RFC 7301 section 3.2, RFC 8446 section 6).
pub(super) fn name(alert: u8) -> Option<&'static str> {
    Some(match alert {
        0 => "close_notify",
        10 => "unexpected_message",
        20 => "bad_record_mac",
        21 => "decryption_failed",
        22 => "record_overflow",
        30 => "decompression_failure",
        40 => "handshake_failure",
        41 => "no_certificate",
        42 => "bad_certificate",
        43 => "unsupported_certificate",
        44 => "certificate_revoked",
        45 => "certificate_expired",
        46 => "certificate_unknown",
        47 => "illegal_parameter",
        48 => "unknown_ca",
        49 => "access_denied",
        50 => "decode_error",
        51 => "decrypt_error",
        60 => "export_restriction",
        70 => "protocol_version",
        71 => "insufficient_security",
        80 => "internal_error",
        86 => "inappropriate_fallback",
        90 => "user_canceled",
        100 => "no_renegotiation",
        109 => "missing_extension",
        110 => "unsupported_extension",
        111 => "certificate_unobtainable",
        112 => "unrecognized_name",
        113 => "bad_certificate_status_response",
        114 => "bad_certificate_hash_value",
        115 => "unknown_psk_identity",
        116 => "certificate_required",
        120 => "no_application_protocol",
        _ => return None,
    })
}

/// What it means that the server sent this alert.
pub(super) fn explain_received(alert: u8) -> Explanation {
    let (cause, remedy) = match alert {
        0 => (
            "The server closed the connection in good order while more was expected of it.",
            "Connect again. If it comes right after connecting, the server refuses this client for reasons of its own: read its log.",
        ),
        10 | 47 | 50 => (
            "The server could not make sense of a message of ours, or something between us and the server altered it.",
            "Check that the port speaks TLS 1.2 and that no proxy is in between; capture the handshake and report it if both are so.",
        ),
        20 | 21 | 51 => (
            "The server could not verify something of ours: a record, the Finished message, or the signature made with the client's key.",
            "Check that private key and certificate of the client belong together, and that RAM is not corrupted (stack overflow, unstable supply).",
        ),
        22 => (
            "The server found a record of ours too large.",
            "Use an output buffer of at most 16 KB, and the size the server asks for if it limits records.",
        ),
        40 => (
            "Server and client have no cipher suite, curve or signature in common, or the server wants a client certificate and got none.",
            "Compare the suites of both sides: RSA key exchange fails with a server that has an EC certificate. If the server wants client certificates, set an identity.",
        ),
        41 | 116 => (
            "The server wants a client certificate and got none.",
            "Set an identity with certificate and private key in the configuration.",
        ),
        42 | 43 | 46 => (
            "The server does not accept the client's certificate: damaged, of an unsupported kind, or not registered there.",
            "Check that the certificate is registered and active at the server (AWS: attached to a policy), that the intermediate certificates are in the chain, and read the server's log.",
        ),
        44 => (
            "The client's certificate was revoked.",
            "Give the device a new certificate, and find out why the old one was revoked.",
        ),
        45 => (
            "The client's certificate has expired by the server's clock.",
            "Renew the device's certificate, and check the server's clock if the certificate is still valid.",
        ),
        48 => (
            "The server does not know the CA that signed the client's certificate, or we sent an incomplete chain.",
            "Add the device's CA to the server (Mosquitto: cafile), or the intermediate certificate to the identity's chain.",
        ),
        49 => (
            "The server accepted the certificate, but does not let this client in.",
            "Check the policy or access list for this client at the server.",
        ),
        70 => (
            "The server does not speak TLS 1.2.",
            "Allow TLS 1.2 at the server. A server with TLS 1.3 only cannot be reached with this library.",
        ),
        60 | 71 => (
            "The server asks for stronger cryptography than was offered.",
            "Offer ECDHE suites with AES-GCM, and use keys of at least 2048 bits (RSA) or P-256.",
        ),
        80 => (
            "The server failed internally.",
            "Read the server's log, and try again later with a growing pause.",
        ),
        86 => (
            "The server takes the connection for a fallback to an older version.",
            "Check for a proxy in between; this library makes no such fallback.",
        ),
        90 | 100 => (
            "The server broke the handshake off, or refused to renegotiate.",
            "Try again; if it stays so, read the server's log.",
        ),
        109..=111 | 113..=115 | 30 => (
            "The server objects to an extension or option of the handshake.",
            "Switch off what is optional (max_fragment_length, ALPN) one by one, and read the server's log.",
        ),
        112 => (
            "The server does not know the name that it was called by.",
            "Check the host name in the configuration: it is sent as the server name (SNI), and must be one that the server serves.",
        ),
        120 => (
            "The server supports none of the ALPN names offered.",
            "Check the ALPN name and the port: AWS wants x-amzn-mqtt-ca on port 443, and none on 8883.",
        ),
        _ => (
            "The server ended the connection with an alert that this library has no text for.",
            "Look the number up in IANA's list of TLS alerts, and read the server's log.",
        ),
    };
    Explanation { cause, remedy }
}

/// What it means that we sent this alert.
pub(super) fn explain_sent(alert: u8) -> Explanation {
    let (cause, remedy) = match alert {
        0 => (
            "This side closed the connection.",
            "Nothing, if that was intended; connect again to go on.",
        ),
        20 | 21 | 51 => (
            "What the server sent did not verify: damaged on the way, forged, or our own memory is corrupted.",
            "Try again; if it stays so, check the stack's size and whether something intercepts the connection.",
        ),
        40 | 70 | 71 => (
            "What the server chose or offered is not acceptable here: version, cipher suite or renegotiation.",
            "Compare version and cipher suites of both sides; TLS 1.2 is needed.",
        ),
        41..=46 | 48 | 49 | 112 => (
            "The server's certificate was not accepted.",
            "Check trust anchors or pins, host name and clock.",
        ),
        10 | 47 | 50 | 22 | 30 | 110 | 120 => (
            "The server sent a message that breaks the protocol.",
            "Check that the port speaks TLS and that no proxy is in between; capture the handshake.",
        ),
        80 => (
            "Something failed on this side in the middle of the connection.",
            "Look at the error reported before this one.",
        ),
        90 | 100 => (
            "This side broke off the handshake or refused to renegotiate.",
            "Switch off renegotiation at the server; it is not supported here.",
        ),
        _ => (
            "The connection was ended from this side with an alert that this library has no text for.",
            "Look the number up in IANA's list of TLS alerts.",
        ),
    };
    Explanation { cause, remedy }
}
