//! What OpenSSL prints, which Mosquitto puts into its log.

use super::{Answer, Topic};

/// What stands before a reason, and is not one.
pub const INTRODUCTION: &str = "openssl error";

/// By the words in the line; the first phrase is the title.
pub static TOPICS: [Topic; 22] = [
    Topic {
        phrases: &["certificate verify failed"],
        happened: "One side checked the other's certificate and did not accept it; in Mosquitto's log it is the client's certificate, in a client's log the server's.",
        causes: [
            "The CA file of the side that prints this is not that of the other's authority.",
            "The certificate has run out or is not valid yet, or the clock of the side that prints this is wrong.",
            "An intermediate certificate is not sent, or the host name is not in the certificate.",
        ],
        remedy: &[
            "Look for the text in brackets behind it, or a line `verify error` before it, and explain that; `openssl verify -CAfile ca.pem cert.pem` repeats the check.",
        ],
    },
    Topic {
        phrases: &["peer did not return a certificate"],
        happened: "The server asked for a client certificate, and the client sent none.",
        causes: [
            "The device has no certificate and key configured (Tasmota: TLSKey1 and TLSKey2; here: `Config::identity`).",
            "The client has a certificate, and none of an authority that the server lists.",
            "A plain client or a health check connects to a port that demands certificates.",
        ],
        remedy: &[
            "Give the client certificate and key, or set `require_certificate false` if passwords are meant to do.",
        ],
    },
    Topic {
        phrases: &["no shared cipher"],
        happened: "Server and client have no cipher suite in common.",
        causes: [
            "The server's key does not fit the suites: ECDSA suites only and an RSA certificate, or RSA key exchange and an EC certificate.",
            "`ciphers` at the server allows none of the client's suites.",
            "The server's certificate or key could not be loaded, so that no suite is usable.",
        ],
        remedy: &[
            "Allow ECDHE with AES-128-GCM for the kind of key that the server's certificate has.",
        ],
    },
    Topic {
        phrases: &["wrong version number"],
        happened: "What came is no TLS record, or one of an unknown version.",
        causes: [
            "The port speaks plain MQTT or HTTP: 1883 instead of 8883.",
            "A client without TLS connects to a TLS port (then the server prints this).",
            "A proxy answers in plain text.",
        ],
        remedy: &["Check port and TLS on both sides: 8883 is MQTT over TLS, 1883 is without."],
    },
    Topic {
        phrases: &["unsupported protocol", "version too low"],
        happened: "The client's highest version of TLS is below the server's lowest.",
        causes: [
            "The server allows TLS 1.3 only (`tls_version tlsv1.3`).",
            "The client is old and has TLS 1.0 or 1.1 only.",
            "The system's security level forbids old versions.",
        ],
        remedy: &["Set `tls_version tlsv1.2` at the broker: it is the lowest version allowed."],
    },
    Topic {
        phrases: &["no protocols available"],
        happened: "The configuration leaves no version of TLS.",
        causes: [
            "Lowest and highest version contradict each other.",
            "The system's policy forbids what the program asks for.",
            "An option `no_tlsv1_2` or the like is set with no newer version.",
        ],
        remedy: &["Remove the options about versions one by one."],
    },
    Topic {
        phrases: &["http request"],
        happened: "A client spoke HTTP without TLS to a TLS port.",
        causes: [
            "A browser or a monitor opened http:// on the broker's port.",
            "A scanner from the internet.",
            "A WebSocket client that is not set to wss://.",
        ],
        remedy: &["Nothing if it is a scanner; otherwise correct the URL."],
    },
    Topic {
        phrases: &["unexpected eof while reading", "unexpected eof"],
        happened: "The other side closed the TCP connection without saying goodbye in TLS.",
        causes: [
            "The device lost its power or its radio, or was reset, often by the watchdog in the handshake.",
            "The client gave up: its deadline is too short for a slow board.",
            "A load balancer or scanner opened the port and left.",
        ],
        remedy: &[
            "If it is a device in the handshake: allow it several seconds, feed the watchdog between steps, look at its own log.",
        ],
    },
    Topic {
        phrases: &[
            "no suitable signature algorithm",
            "no shared signature algorithms",
        ],
        happened: "The server has no signature algorithm in common with the client for its key.",
        causes: [
            "The server's key is of a kind that the client does not take: Ed25519, RSA-PSS.",
            "The client offers ECDSA only and the server has an RSA key, or the other way round.",
            "The security level forbids what the client offers (SHA-1).",
        ],
        remedy: &["Give the server an RSA-2048 or P-256 key."],
    },
    Topic {
        phrases: &[
            "no suitable key share",
            "no shared groups",
            "no shared group",
        ],
        happened: "Server and client have no curve in common.",
        causes: [
            "The server is restricted to one curve that the client does not offer.",
            "The client offers X25519 only.",
            "The server's certificate is on a curve that the client does not offer.",
        ],
        remedy: &["Allow P-256 and X25519 on both sides."],
    },
    Topic {
        phrases: &["key values mismatch"],
        happened: "The private key is not that of the certificate.",
        causes: [
            "Files of two certificates were mixed.",
            "The certificate was issued for an earlier key, and the key was made again since.",
            "`certfile` begins with an issuer's certificate instead of the server's own.",
        ],
        remedy: &[
            "`bearcub fingerprint cert.pem` and `bearcub fingerprint key.pem` must print the same pin.",
        ],
    },
    Topic {
        phrases: &["no start line", "could not find a certificate"],
        happened: "A file that should be PEM has no line -----BEGIN …-----.",
        causes: [
            "The file is DER.",
            "It holds another thing: a key instead of a certificate.",
            "It is empty, or in UTF-16.",
        ],
        remedy: &[
            "`bearcub fingerprint FILE` says what it is; `openssl x509 -inform DER -in FILE -out FILE.pem` converts.",
        ],
    },
    Topic {
        phrases: &["bad decrypt", "bad password read", "maybe wrong password"],
        happened: "An encrypted private key could not be decrypted.",
        causes: [
            "The passphrase is wrong.",
            "The program cannot ask for one (a service), and was given none.",
            "The file is damaged.",
        ],
        remedy: &[
            "Try it with `openssl pkey -in key.pem -noout`; for a broker, store the key without a passphrase and with tight permissions.",
        ],
    },
    Topic {
        phrases: &["dh key too small"],
        happened: "The server's Diffie-Hellman parameters are too short.",
        causes: [
            "A server with 1024-bit parameters.",
            "An old broker's defaults.",
            "A policy that was tightened.",
        ],
        remedy: &["Use ECDHE suites."],
    },
    Topic {
        phrases: &["packet length too long", "record layer failure"],
        happened: "A record has a length that cannot be.",
        causes: [
            "The other side does not speak TLS at this port.",
            "The stream is out of step: bytes were lost below TLS.",
            "A proxy answered in plain text.",
        ],
        remedy: &["Check port and TLS on both sides."],
    },
    Topic {
        phrases: &["unsafe legacy renegotiation disabled"],
        happened: "The other side does not know secure renegotiation (RFC 5746).",
        causes: [
            "A very old server.",
            "A proxy or appliance in between.",
            "A device with an outdated TLS library.",
        ],
        remedy: &["Update the other side."],
    },
    Topic {
        phrases: &["decryption failed or bad record mac", "bad record mac"],
        happened: "A record did not authenticate.",
        causes: [
            "The other side's memory is corrupted: a stack that is too small on a device.",
            "Bytes were lost or altered by the transport, for example a faulty modem.",
            "Someone tampers with the connection.",
        ],
        remedy: &["Look at the device's stack and at its transport first."],
    },
    Topic {
        phrases: &[
            "ssl connect error on",
            "openssl error",
            "tls connection error",
        ],
        happened: "A line that only introduces the reason: the words or the number behind it say what it is.",
        causes: [
            "The certificate of one side was not accepted by the other.",
            "No version or cipher suite in common.",
            "The other side does not speak TLS.",
        ],
        remedy: &["Give the whole line, with its last words."],
    },
    Topic {
        phrases: &["unknown ca", "unknown certificate authority"],
        happened: "One side does not know the authority that issued the other's certificate.",
        causes: [
            "The CA file is that of another authority.",
            "An intermediate certificate is not sent.",
            "The authority was made anew.",
        ],
        remedy: &["Compare the issuer in the certificate with the CA file's subject."],
    },
    Topic {
        phrases: &["no peer certificate available"],
        happened: "The server has shown no certificate: the handshake ended before it.",
        causes: [
            "The server refused the ClientHello: no version or suite in common; an alert before it says so.",
            "The port does not speak TLS.",
            "The server needs the name (`-servername`) to choose a certificate.",
        ],
        remedy: &[
            "Look at the lines before it; `bearcub probe HOST:PORT` says what the server can do.",
        ],
    },
    Topic {
        phrases: &[
            "could not read private key",
            "unable to load private key",
            "could not find private key",
            "unable to load key",
            "could not open file or uri for loading",
            "can t open",
            "no such file or directory",
        ],
        happened: "A file cannot be opened or does not hold what is wanted.",
        causes: [
            "The path is misspelt, or relative to another folder.",
            "The file is of another kind: DER where PEM is wanted, a certificate where a key is.",
            "This user may not read it.",
        ],
        remedy: &["`bearcub fingerprint FILE` says what it is and whether it can be read."],
    },
    Topic {
        phrases: &["permission denied", "eacces"],
        happened: "This user may not read or write that file, or use that port.",
        causes: [
            "Keys are for their owner alone, and the program runs as another user (`mosquitto`).",
            "A folder above it cannot be entered.",
            "Ports below 1024 are for root.",
        ],
        remedy: &[
            "`sudo -u mosquitto cat FILE` must work for what the broker reads; copy keys for it with `install -o mosquitto -m 600`.",
        ],
    },
];

/// OpenSSL's reasons by number, for lines whose words are missing.
pub fn by_openssl_reason(reason: u32) -> Option<Answer> {
    let phrase = match reason {
        0x86 => "certificate verify failed",
        0xc7 => "peer did not return a certificate",
        0xc1 => "no shared cipher",
        0x10b => "wrong version number",
        0x102 => "unsupported protocol",
        0x18c => "version too low",
        0xbf => "no protocols available",
        0x9c => "http request",
        0x126 => "unexpected eof while reading",
        0x76 => "no suitable signature algorithm",
        0xc6 => "packet length too long",
        0x119 => "decryption failed or bad record mac",
        0x18a => "dh key too small",
        0x152 => "unsafe legacy renegotiation disabled",
        _ => return None,
    };
    let mut topics = TOPICS.iter();
    topics
        .find(|topic| topic.phrases.contains(&phrase))
        .map(Topic::answer)
}
