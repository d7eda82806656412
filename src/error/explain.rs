//! The likely cause of every error, and what to do. Nothing else refers to these texts, so that a program that
//! never explains an error does not carry them.

use super::{
    CertificateError, ConfigError, Error, Fault, Input, Memory, NetworkError, PeerError,
    ProtocolError, ResourceError, alert,
};

/// Why an error most likely happened, and what to do about it.
///
/// ```
/// use bearcub::error::{ConfigError, Error};
///
/// let explanation = Error::from(ConfigError::ClockNotSet).explain();
/// println!("{} {}", explanation.cause, explanation.remedy);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
#[non_exhaustive]
pub struct Explanation {
    /// The likely cause: full sentences in English.
    pub cause: &'static str,
    /// What to do: full sentences in English.
    pub remedy: &'static str,
}

impl Error {
    /// The likely cause, and what to do.
    ///
    /// All the texts are linked into a program that calls this, and into no other.
    pub fn explain(&self) -> Explanation {
        match self {
            Self::Config(ConfigError::Malformed { input, fault, .. }) => malformed(*input, *fault),
            Self::Config(error) => config(error),
            Self::Peer(PeerError::AlertReceived(number)) => alert::explain_received(*number),
            Self::Peer(PeerError::AlertSent(number)) => alert::explain_sent(*number),
            Self::Peer(PeerError::Protocol(error)) => protocol(*error),
            Self::Peer(PeerError::Certificate(error)) => certificate(*error),
            Self::Peer(error) => peer(error),
            Self::Network(error) => network(error),
            Self::Resource(error) => resource(error),
        }
    }
}

fn text(cause: &'static str, remedy: &'static str) -> Explanation {
    Explanation { cause, remedy }
}

fn config(error: &ConfigError) -> Explanation {
    match error {
        ConfigError::MemoryTooSmall { memory, .. } => memory_too_small(*memory),
        // Explained by its parts.
        ConfigError::Malformed { input, fault, .. } => malformed(*input, *fault),
        ConfigError::NothingTrusted => text(
            "Trust was set to a list of pins or of trust anchors, and the list is empty: no server at all could be accepted.",
            "Give Trust at least one pin of the server's key, or one trust anchor of the CA that signs its certificates.",
        ),
        ConfigError::AnchorNotCa => text(
            "The certificate given as a trust anchor may not sign others: its basicConstraints do not say CA, or its keyUsage lacks keyCertSign. Often it is the server's own certificate.",
            "Give the certificate of the authority that signed the server's (a root or an intermediate), or pin the server's key instead.",
        ),
        ConfigError::CipherSuites => text(
            "The list of cipher suites is empty, has more than 8 entries, or names an ECDHE suite while no group is offered.",
            "Leave the default list, or name the one or two suites that the server prefers; offer no group only with RSA key exchange alone.",
        ),
        ConfigError::ChainLength => text(
            "The device's identity has no certificate, or more than 3.",
            "Give the device's own certificate first, then its intermediates; leave the root out, the server has it.",
        ),
        ConfigError::MissingCertificate => text(
            "The identity's source could not deliver a certificate of the chain: no such file, empty flash, or a failed read.",
            "Check that the device was provisioned, and that path or flash region of each certificate are right.",
        ),
        ConfigError::MissingPrivateKey => text(
            "The server asks for a client certificate and there is no private key, or its source could not deliver it.",
            "Set an identity, and check that the device was provisioned and that path or flash region of the key are right.",
        ),
        ConfigError::KeyMismatch => text(
            "The public key in the device's certificate is not the one of its private key: files of two devices were mixed, or the chain does not begin with the device's own certificate.",
            "Compare `openssl x509 -noout -pubkey` of the certificate with `openssl pkey -pubout` of the key, and put the device's certificate first.",
        ),
        ConfigError::Alpn => text(
            "There are more than 4 ALPN names, or one is empty or longer than 255 bytes.",
            "Name the one protocol that the server expects on this port, or none.",
        ),
        ConfigError::ClockNotSet => text(
            "The server's certificates are to be checked against a CA, which needs the date, and the board has not been told it yet.",
            "Set the clock before connecting (the sntp module reads it off the network), or trust a pin, which needs no date.",
        ),
        ConfigError::ClockBeforeFloor => text(
            "The clock shows a date before the floor (the build's date, or the last time stored): it started from zero, or someone turns it back to make old certificates valid.",
            "Set the clock again, from another time server if it repeats; check the backup battery and the stored time.",
        ),
        ConfigError::ForeignSession => text(
            "The stored session was made with another server name, or under another trust than the one configured now: pins or CAs have changed since.",
            "Drop the stored session and connect without one, once; keep one session per server.",
        ),
        ConfigError::BadState => text(
            "A method was called at a moment that does not allow it, such as sending before the handshake is complete or after closing.",
            "Look at the connection's state first; after an error or a close, start a new connection.",
        ),
        ConfigError::Mqtt(error) => error.explain(),
    }
}

fn memory_too_small(memory: Memory) -> Explanation {
    match memory {
        Memory::Input => text(
            "The buffer for incoming records is smaller than a record of the fragment length that is offered.",
            "Enlarge it to the size named, or offer a smaller maximum fragment length.",
        ),
        Memory::Output => text(
            "The buffer for outgoing records cannot hold a record and its overhead, or the message that is to go in one.",
            "Enlarge it to the size named.",
        ),
        Memory::Scratch => text(
            "The memory lent to the handshake cannot hold what validation with this trust needs.",
            "Lend the number of bytes named; they come back when the handshake is over.",
        ),
        Memory::Identity => text(
            "A certificate or key is larger than the memory that it is to be copied or decoded into.",
            "Enlarge it to the size named, use EC keys instead of RSA, or borrow the identity from flash.",
        ),
    }
}

fn malformed(input: Input, fault: Fault) -> Explanation {
    let cause = match fault {
        Fault::Truncated => {
            "The input ends before it is complete: cut off when it was copied, or a wrong length was given."
        }
        Fault::TrailingData => {
            "There is more behind the end of the input: padding, a line's end, or a second item in the same file."
        }
        Fault::TooLong => {
            "The input or a part of it is longer than anything that makes sense here."
        }
        Fault::Unexpected => {
            "At the offset named stands something that does not belong there: another format, or damage."
        }
        Fault::OtherKind => {
            "The text is whole, and holds a block of another kind: a key instead of a certificate, or the other way round."
        }
        Fault::Unsupported => {
            "The input is well formed, but of a kind that is not supported: another algorithm, another version, or encrypted."
        }
        Fault::OutOfRange => {
            "A number in the input is outside its range: a key too short or too long, or damage in storage."
        }
        Fault::BufferTooSmall => "The buffer to decode the input into is too small.",
    };
    let remedy = match (input, fault) {
        (Input::PrivateKey, Fault::Unsupported) => {
            "Use an unencrypted key on P-256, or of RSA with two primes: `openssl pkey -in key.pem -out plain.pem` removes a password."
        }
        (Input::PrivateKey, Fault::OutOfRange) => {
            "Check the key with `openssl pkey -check -noout`; RSA keys have 2048 to 4096 bits, and no more than 2048 without the feature `rsa-4096`."
        }
        (Input::PrivateKey, _) => {
            "Convert the key again with `openssl pkey -in key.pem -outform DER`, and pass exactly the bytes of that file; PEM goes through from_pem."
        }
        (Input::Pem, Fault::OtherKind) => {
            "Look at the line -----BEGIN …-----: a certificate says CERTIFICATE, a private key PRIVATE KEY, a public one PUBLIC KEY; two files may be swapped."
        }
        (Input::Pem, Fault::Unsupported) => {
            "The key has a password: remove it with `openssl pkey -in key.pem -out plain.pem`."
        }
        (Input::Pem, _) => {
            "Pass the whole text, from -----BEGIN to the end of the -----END line, with its line ends; check that it holds the kind of block asked for."
        }
        (Input::Certificate, _) => {
            "Convert the certificate again with `openssl x509 -in cert.pem -outform DER`, and pass exactly the bytes of that file."
        }
        (Input::PublicKey, _) => {
            "Use an RSA key or one on P-256 or P-384, as `openssl pkey -pubin -outform der` writes it."
        }
        (Input::Pin, _) => {
            "Write the pin as 20 bytes (SHA-1 key fingerprint) or 32 bytes (SHA-256 of the SubjectPublicKeyInfo) in hexadecimal."
        }
        (Input::Session, _) => {
            "Drop the stored session and connect without it; a new firmware need not read the sessions of an old one."
        }
        (Input::ServerName, _) => {
            "Give a host name of letters, digits, hyphens and dots, up to 253 bytes, without scheme, port or trailing blank."
        }
        (Input::Sntp, _) => "Wait for the true answer, or ask another time server.",
    };
    Explanation { cause, remedy }
}

fn peer(error: &PeerError) -> Explanation {
    match error {
        PeerError::FingerprintMismatch => text(
            "The server has a new key, another server answers at this address, or someone is in between.",
            "Find out whether the server's key was changed on purpose before pinning the new one; pin a second key before the next change.",
        ),
        PeerError::FragmentLengthIgnored { .. } => text(
            "The server acknowledged max_fragment_length and then did not keep to it; some brokers do that.",
            "Use an input buffer for 16 KB records with this server, or limit its record size there, and report it to its makers.",
        ),
        PeerError::RecordTooLarge { .. } => text(
            "The server sends larger records than the input buffer holds, and did not agree to a maximum fragment length.",
            "Enlarge the input buffer to the size named (16,709 bytes hold any record), or limit the record or packet size at the server.",
        ),
        PeerError::HandshakeTooLong => text(
            "The server sent far more handshake data than any sound handshake has: a faulty or hostile server.",
            "Check the address; if the server is yours, shorten the list of CAs it sends and its certificate chain.",
        ),
        PeerError::Refused(error) => error.explain(),
        PeerError::Mqtt(error) => error.explain(),
        // Explained before this function is asked.
        PeerError::Protocol(error) => protocol(*error),
        PeerError::Certificate(error) => certificate(*error),
        PeerError::AlertReceived(number) => alert::explain_received(*number),
        PeerError::AlertSent(number) => alert::explain_sent(*number),
    }
}

fn protocol(error: ProtocolError) -> Explanation {
    use ProtocolError as E;
    match error {
        E::BadParameter => text(
            "The library gave its engine a value that it does not take: a fault of this library, or corrupted memory.",
            "Check the stack's size; report it with the configuration if it repeats.",
        ),
        E::Unknown => text(
            "The engine reported a number that its documentation does not have: corrupted memory, or another engine version.",
            "Check the stack's size, and that the engine was built with this library.",
        ),
        E::BadState => text(
            "The engine was driven on in a state that does not allow it, often after an error that was not handled.",
            "Give up the connection after its first error, and start a new one.",
        ),
        E::UnsupportedVersion => text(
            "The server speaks TLS 1.1 or older, or TLS 1.3 only, or the port does not speak TLS.",
            "Allow TLS 1.2 at the server, and check the port: 8883 is MQTT over TLS, 1883 is without.",
        ),
        E::BadVersion => text(
            "A record carries another version than was negotiated; often the port does not speak TLS at all, or a proxy answered in plain text.",
            "Check port and proxy; look at the first bytes that the server sends.",
        ),
        E::BadLength => text(
            "A record announces a length that cannot be: the port does not speak TLS, or bytes were lost in the transport.",
            "Check the port, and that the transport below delivers every byte once and in order.",
        ),
        E::BadMac => text(
            "A record did not authenticate: bytes lost or altered by the transport, buffers overwritten, or an attack.",
            "Check that nothing else writes to the connection's buffers and that the transport loses nothing; then connect again.",
        ),
        E::UnknownType => text(
            "A record of an unknown type: the stream is out of step, or the port does not speak TLS.",
            "Check the port, and that the transport below delivers every byte once and in order.",
        ),
        E::Unexpected => text(
            "The server sent a message out of turn, or another program answers at this port.",
            "Check the port; capture the handshake, and compare the server with `openssl s_client -tls1_2`.",
        ),
        E::BadChangeCipherSpec => text(
            "The server's ChangeCipherSpec has wrong contents: a faulty or hostile server.",
            "Update the server's TLS library.",
        ),
        E::BadAlert => text(
            "The server sent an alert of a wrong length: a faulty server, or one that splits alerts over records.",
            "Update the server's TLS library; read its log for the alert that it meant.",
        ),
        E::BadHandshake => text(
            "A handshake message does not decode: a faulty server, or one that uses something newer than TLS 1.2.",
            "Compare with `openssl s_client -tls1_2`, and update the server's TLS library.",
        ),
        E::OversizedId => text(
            "The ServerHello has a session ID longer than TLS allows.",
            "Update the server's TLS library, or check what stands between.",
        ),
        E::BadCipherSuite => text(
            "The server chose a suite that was not offered, or the program offers one that was not compiled in.",
            "Compare the list of suites in the configuration with the server's.",
        ),
        E::BadCompression => text(
            "The server chose compression, which is never offered because it leaks secrets (CRIME).",
            "Switch compression off at the server.",
        ),
        E::BadFragmentLength => text(
            "The server's answer to max_fragment_length is not the value offered.",
            "Offer another fragment length or none, with buffers to match, and report it to the server's makers.",
        ),
        E::BadSecureRenegotiation => text(
            "The server's renegotiation_info does not fit: an outdated server, or an attempt to splice two connections.",
            "Update the server; if it is current, look for something that intercepts the connection.",
        ),
        E::ExtraExtension => text(
            "The ServerHello has an extension that was not asked for, or the same one twice.",
            "Update the server's TLS library, or check what stands between.",
        ),
        E::BadServerName => text(
            "The server's server_name extension has contents, where TLS wants it empty.",
            "Update the server's TLS library.",
        ),
        E::BadHelloDone => text(
            "The ServerHelloDone message is not empty: a faulty server.",
            "Update the server's TLS library.",
        ),
        E::LimitExceeded => text(
            "The server's public key is larger than 4096 bits of RSA, or than 2048 without the feature `rsa-4096`.",
            "Build with the feature `rsa-4096`, or give the server a smaller RSA key or an EC key.",
        ),
        E::BadFinished => text(
            "The two sides saw different handshakes: something altered it on the way, or memory is corrupted.",
            "Try again; if it stays so, look for something that intercepts the connection, and check the stack's size.",
        ),
        E::ResumeMismatch => text(
            "The server took the stored session up, but with another version or cipher suite: its configuration changed.",
            "Drop the stored session and connect without it.",
        ),
        E::InvalidAlgorithm => text(
            "The server chose a curve, signature or hash that is not supported or was not offered.",
            "Allow P-256 with SHA-256 at the server.",
        ),
        E::BadSignature => text(
            "The signature over the key exchange is not by the key in the certificate: an attacker, or a server whose key and certificate do not belong together.",
            "Check the server with `openssl s_client`; if that is content, look for something that intercepts the connection.",
        ),
        E::WrongKeyUsage => text(
            "The server's key is of a type that the chosen cipher suite cannot use.",
            "Offer ECDHE_ECDSA suites for a server with an EC key, and ECDHE_RSA for one with an RSA key.",
        ),
        E::NoClientAuthentication => text(
            "The server asks for a client certificate, and what the client has does not fit the request.",
            "Set an identity of a type that the server accepts (EC P-256, or RSA with SHA-256).",
        ),
    }
}

fn certificate(error: CertificateError) -> Explanation {
    use CertificateError as E;
    match error {
        E::InvalidValue => text(
            "A value in the server's certificate breaks the rules of X.509; some home-made CAs write such.",
            "Issue the certificate again with a current tool, or pin the server's key.",
        ),
        E::Truncated | E::InnerTruncated => text(
            "A certificate of the server ends before its own structure does: a damaged file at the server.",
            "Check the server's certificate file with `openssl x509 -text`, and install it again.",
        ),
        E::EmptyChain => text(
            "The server sent a Certificate message without a certificate.",
            "Configure the server with a certificate and its chain.",
        ),
        E::BadTagClass
        | E::BadTagValue
        | E::IndefiniteLength
        | E::ExtraElement
        | E::Unexpected
        | E::NotConstructed
        | E::NotPrimitive
        | E::PartialByte
        | E::BadBoolean => text(
            "A certificate of the server is not valid DER: damaged, or made by a tool that does not keep to the encoding.",
            "Check it with `openssl x509 -text`, issue it again with a current tool, or pin the server's key.",
        ),
        E::Overflow => text(
            "A number in a certificate is too large to be handled, such as a date far beyond reason.",
            "Issue the certificate again with usual values, or pin the server's key.",
        ),
        E::BadDistinguishedName => text(
            "The subject or issuer of a certificate cannot be read.",
            "Issue the certificate again with plain text in its names.",
        ),
        E::BadTime => text(
            "A date in a certificate cannot be read.",
            "Issue the certificate again with a current tool.",
        ),
        E::Unsupported => text(
            "A certificate uses an algorithm or feature that is not supported, such as RSA-PSS or Ed25519 signatures.",
            "Use certificates signed with RSA PKCS#1 or ECDSA, over SHA-256 or SHA-384, or pin the server's key.",
        ),
        E::LimitExceeded => text(
            "A key or signature in the chain is larger than P-384, than 4096 bits of RSA, or than 2048 without the feature `rsa-4096`.",
            "Build with the feature `rsa-4096`, use smaller keys in the chain, or pin the server's key.",
        ),
        E::WrongKeyType => text(
            "A certificate's signature is of another type than its issuer's key, or the server's key is not the type that the suite needs.",
            "Check the order of the chain at the server, and offer suites for both RSA and EC keys.",
        ),
        E::BadSignature => text(
            "A certificate in the chain is not signed by the key that it names: a forgery, or another CA of the same name (a root that was renewed).",
            "Check that the trust anchors are the CA's current ones, and the chain with `openssl verify`.",
        ),
        E::TimeUnknown => text(
            "Certificates are to be checked, and the engine was not told the time.",
            "Set the clock before connecting (the sntp module reads it off the network), or trust a pin.",
        ),
        E::Expired => text(
            "A certificate of the server has expired, or the clock is ahead.",
            "Check the board's clock first; then renew the server's certificate, or the trust anchor if that is what expired.",
        ),
        E::NotYetValid => text(
            "A certificate's validity has not begun: nearly always a clock that is behind.",
            "Set the board's clock (the sntp module reads the time off the network), and mind that certificates are in UTC.",
        ),
        E::DistinguishedNameMismatch => text(
            "The certificates that the server sends are not in order, or one is missing or foreign.",
            "Configure the server to send its own certificate first and then each issuer; check with `openssl s_client -showcerts`.",
        ),
        E::BadServerName => text(
            "The name that was connected to is not in the certificate; an IP address instead of a name has that effect too.",
            "Connect by a name from the certificate's subjectAltName, or add the name there; a wildcard stands for one label only.",
        ),
        E::CriticalExtension => text(
            "A certificate has an extension marked critical that is not understood here, such as name constraints.",
            "Issue the certificate without it, or pin the server's key.",
        ),
        E::NotCa => text(
            "A certificate that signed another one is not marked as a CA, or has a path length that is too short.",
            "Issue the CA's certificate with basicConstraints CA:TRUE and a sufficient path length.",
        ),
        E::ForbiddenKeyUsage => text(
            "The keyUsage extension forbids the use: a CA without keyCertSign, or a server without digitalSignature (ECDHE) or keyEncipherment (RSA).",
            "Issue the certificate again with the right keyUsage.",
        ),
        E::WrongExtendedKeyUsage => text(
            "The certificate's extKeyUsage does not have serverAuth: a client's certificate was installed in the server.",
            "Issue the server a certificate with serverAuth.",
        ),
        E::WeakPublicKey => text(
            "A key in the chain is too short to be trusted, such as RSA below 2048 bits.",
            "Give the server and its CA keys of at least 2048 bits of RSA, or P-256.",
        ),
        E::NotTrusted => text(
            "None of the trust anchors signed the chain: another CA than expected, an intermediate that the server does not send, or a CA that changed its root.",
            "See the issuer with `openssl s_client -showcerts`; add its root to the trust anchors, or let the server send the missing intermediate.",
        ),
    }
}

fn network(error: &NetworkError) -> Explanation {
    match error {
        NetworkError::Resolve => text(
            "The name is misspelt, or the board has no DNS server or no network yet.",
            "Wait until the network is up and has an address; check the name and the DNS server that DHCP gave.",
        ),
        NetworkError::Connect => text(
            "Nothing listens at this address and port, a firewall drops the connection, or the network is down.",
            "Check address and port from another machine in the same network; try again with a growing pause.",
        ),
        NetworkError::Timeout => text(
            "The server or the network is slow or gone, or the board's CPU is too slow for the deadline that was set.",
            "Try again with a growing pause; allow several seconds for a handshake on slow boards, and run the CPU at its full clock.",
        ),
        NetworkError::Transport(_) => text(
            "The transport below TLS reported an error: a reset connection, a lost link, or a driver's fault.",
            "Start a new connection with a growing pause; the kind named comes from the transport.",
        ),
        NetworkError::Truncated => text(
            "The TCP connection ended without TLS saying goodbye: the server crashed, was restarted, or someone cut the line.",
            "Take the last message for incomplete, and connect again.",
        ),
        NetworkError::Closed => text(
            "Something was to be sent or read on a connection that has been closed.",
            "Connect again; if the server closes often, check the keep-alive and whether two devices share a client identifier.",
        ),
        NetworkError::NoConnAck => text(
            "The connection was made, and the broker did not answer CONNECT in time: it is overloaded, the link is slow, or the port is not MQTT's.",
            "Check host and port, and allow more time on slow links.",
        ),
        NetworkError::NoPingResp => text(
            "The link is dead although nobody said so: Wi-Fi or a router lost it, or the broker hangs.",
            "Connect again. If it happens often, shorten the keep-alive below the idle limit of the routers in between.",
        ),
        NetworkError::ClosedBeforeConnAck => text(
            "The broker refuses this client without saying why. AWS IoT Core does so where the policy does not allow the client identifier; Mosquitto for malformed or unwanted connections.",
            "Look into the broker's log; on AWS, compare the policy with the client identifier.",
        ),
    }
}

fn resource(error: &ResourceError) -> Explanation {
    match error {
        ResourceError::OutOfMemory => text(
            "There is no room for what a connection needs.",
            "Use smaller buffers with a maximum fragment length, or fewer connections at the same time.",
        ),
        ResourceError::NoEntropy => text(
            "The board's random number generator reported a failure or delivered a constant: not clocked, not started, or a stub.",
            "Start the hardware generator first (on an ESP its quality needs the radio on), and never replace it with a fixed seed.",
        ),
        ResourceError::UnreadInput => text(
            "One buffer serves both directions, and it still holds input that the application has not read.",
            "Read what has arrived before sending, or give the connection two buffers.",
        ),
        ResourceError::Mqtt(error) => error.explain(),
    }
}
