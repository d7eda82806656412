//! TLS alerts. Which way one went decides what it means: a server's alert is about the client, and the other way round.

use super::{Answer, answer};
use bearcub::error::{Error, PeerError};

/// Names as the RFCs have them (RFC 5246 section 7.2, RFC 6066, RFC 7301, RFC 8446).
const NAMES: [(u8, &str); 34] = [
    (0, "close_notify"),
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (21, "decryption_failed"),
    (22, "record_overflow"),
    (30, "decompression_failure"),
    (40, "handshake_failure"),
    (41, "no_certificate"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (60, "export_restriction"),
    (70, "protocol_version"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (90, "user_canceled"),
    (100, "no_renegotiation"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (111, "certificate_unobtainable"),
    (112, "unrecognized_name"),
    (113, "bad_certificate_status_response"),
    (114, "bad_certificate_hash_value"),
    (115, "unknown_psk_identity"),
    (116, "certificate_required"),
    (120, "no_application_protocol"),
];

/// All names.
pub fn names() -> impl Iterator<Item = String> {
    NAMES.iter().map(|(_, name)| (*name).to_owned())
}

/// The alert that a line names: `unknown_ca` alone, or `tlsv1 alert unknown ca` in a line of OpenSSL's.
pub fn in_line(words: &str) -> Option<u8> {
    let hits = NAMES.iter().filter(|(_, name)| {
        let name = name.replace('_', " ");
        words == name
            || super::has_words(words, &format!("alert {name}"))
            || super::has_words(words, &format!("tlsv1 {name}"))
    });
    hits.max_by_key(|(_, name)| name.len())
        .map(|(alert, _)| *alert)
}

/// What an alert means, sent by the server and sent by the client.
pub fn both(alert: u8) -> Option<Vec<Answer>> {
    let (_, name) = NAMES.iter().find(|(number, _)| *number == alert)?;
    let remedy = |error: PeerError| Error::from(error).explain().remedy;
    Some(vec![
        answer(
            format!(
                "alert {alert} ({name}) from the server (error {} in firmware)",
                256 + i32::from(alert)
            ),
            "The server ended the connection with this alert: read so in the log of a device or of mosquitto_pub.",
            from_server(alert),
            &[remedy(PeerError::AlertReceived(alert))],
        ),
        answer(
            format!(
                "alert {alert} ({name}) from the client (error {} in firmware)",
                512 + i32::from(alert)
            ),
            "The client ended the connection with this alert: read so in the log of Mosquitto or another server.",
            from_client(alert),
            &[remedy(PeerError::AlertSent(alert))],
        ),
    ])
}

/// Why a server sends it.
pub fn from_server(alert: u8) -> [&'static str; 3] {
    match alert {
        0 => [
            "The broker was restarted or shut down in good order.",
            "Another client connected with the same client identifier, and the broker dropped this one.",
            "The broker refuses this client after the handshake (policy, password), and closes instead of answering.",
        ],
        10 | 47 | 50 => [
            "A proxy or firewall between device and server alters TLS.",
            "The port belongs to another protocol over TLS, or to a server with a faulty TLS library.",
            "The device's buffers are overwritten while it sends: a stack that is too small.",
        ],
        20 | 21 | 51 => [
            "The private key is not that of the client's certificate: the signature does not verify.",
            "The device's memory is corrupted: a stack that is too small, or an unstable supply.",
            "Bytes were lost or altered by the transport below TLS.",
        ],
        22 => [
            "The device sends records larger than the fragment length that was agreed on.",
            "The server limits records to less than it agreed to.",
            "Bytes were lost by the transport, so that a length is read from the wrong place.",
        ],
        40 => [
            "The server wants a client certificate and got none (Mosquitto: `require_certificate true`).",
            "No cipher suite in common: the server allows TLS 1.3 suites only, or RSA key exchange is offered to a server with an EC certificate.",
            "No curve or signature algorithm in common: a server restricted to P-384 or X25519, or to RSA-PSS.",
        ],
        41 | 116 => [
            "No certificate and key are configured on the device.",
            "The device has them and cannot read them: not provisioned, or from a wrong place in flash.",
            "The server lists other authorities than the one that issued the device's certificate.",
        ],
        42 | 43 | 46 => [
            "The certificate is not registered or not active at the server (AWS IoT: activate it, attach a policy).",
            "An intermediate certificate is missing in what the device sends.",
            "The certificate has a purpose or a key of a kind that the server does not take: no clientAuth, an unusual curve.",
        ],
        44 => [
            "The certificate is on the authority's list of revoked ones (Mosquitto: `crlfile`).",
            "The device was replaced or reset, and its old certificate withdrawn.",
            "A whole authority was revoked at the server.",
        ],
        45 => [
            "The device's certificate has run out.",
            "The authority's certificate in the server's `cafile` has run out.",
            "The server's clock is wrong.",
        ],
        48 => [
            "The server's `cafile` is not the authority that issued the device's certificate.",
            "The device's certificate was issued by an intermediate that is neither sent nor in the server's `cafile`.",
            "The device has a certificate of another installation: a test broker's, an old authority's.",
        ],
        49 => [
            "The server accepted the certificate and its policy or access list refuses the client.",
            "A firewall or load balancer admits only some addresses.",
            "The account is disabled or over its limits.",
        ],
        70 => [
            "The server speaks TLS 1.3 only.",
            "The server is old and speaks TLS 1.0 or 1.1 only.",
            "The client's lowest version is above what the server allows.",
        ],
        60 | 71 => [
            "The server asks for stronger suites than were offered.",
            "The client's key or certificate is too weak for the server: RSA-1024, SHA-1.",
            "The server's policy was tightened.",
        ],
        80 => [
            "The server failed in itself: out of memory, or a key file that it cannot read any more.",
            "Its own certificate and key do not belong together.",
            "Too many connections at the same time.",
        ],
        86 => [
            "A proxy made the client look like one that falls back to an older version.",
            "The client retried with a lower version after a failure.",
            "The server's list of versions is wrong.",
        ],
        90 | 100 => [
            "One side refused to renegotiate, which is right.",
            "The server was being shut down during the handshake.",
            "The server gave up for a reason that only its log tells.",
        ],
        112 => [
            "The device connects by an address or another name than the server serves, and sends that as SNI.",
            "The name is misspelt.",
            "The server's virtual host for this name has no TLS.",
        ],
        120 => [
            "The ALPN name is wrong for this port (AWS: x-amzn-mqtt-ca on 443, none on 8883).",
            "The server was configured for other protocols: HTTP/2 only.",
            "A load balancer in front answers for the broker.",
        ],
        _ => [
            "The server objects to an extension of the handshake: fragment length, ALPN, status request.",
            "The server's TLS library is outdated or faulty.",
            "Something between the two alters the handshake.",
        ],
    }
}

/// Why a client sends it.
pub fn from_client(alert: u8) -> [&'static str; 3] {
    match alert {
        0 => [
            "The client was done, and closed in good order.",
            "The device restarts or goes to sleep, and closes before.",
            "A client that only tries whether the port answers: a monitor, `bearcub fingerprint`.",
        ],
        20 | 21 | 51 => [
            "The server's signature or a record did not verify: bytes were altered on the way.",
            "The device's memory is corrupted: a stack that is too small.",
            "Someone is between the two.",
        ],
        40 | 70 | 71 => [
            "The server chose a version or suite that the client does not take.",
            "The server asked for a renegotiation, which the client refuses.",
            "The server's key is too weak for the client.",
        ],
        45 => [
            "The server's certificate has run out and was not renewed, or the server was not restarted after the renewal.",
            "The client's clock is wrong: far ahead, or not set.",
            "The authority's certificate has run out.",
        ],
        48 => [
            "The client does not know the authority of the server's certificate: another CA file, or none.",
            "The server does not send its intermediate certificate (Mosquitto: put it behind the certificate in `certfile`).",
            "The authority or the server's certificate was made anew, and the client still has the old CA.",
        ],
        42 | 43 | 46 | 49 | 112 | 41 | 44 => [
            "The client does not accept the server's certificate: the host name is not in it (an IP address instead of a name), or the pin is another.",
            "The client does not know the authority, and says so with this alert.",
            "The certificate has run out, or the client's clock is not set.",
        ],
        80 => [
            "The client failed in itself, often out of memory.",
            "A record of the server did not fit the client's buffer.",
            "The client has no randomness.",
        ],
        90 | 100 => [
            "The client refuses to renegotiate, which is right.",
            "A person or a watchdog stopped the client.",
            "The client's deadline passed during the handshake.",
        ],
        _ => [
            "The server sent something that the client does not accept at this place.",
            "The port does not speak TLS as the client expects it, or a proxy is in between.",
            "The server sends larger records than were agreed on.",
        ],
    }
}
