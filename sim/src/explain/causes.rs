//! The three likeliest causes of every error of the library, the likeliest first.

use bearcub::Error;
use bearcub::error::{
    CertificateError, ConfigError, Fault, Input, Memory, NetworkError, PeerError, ProtocolError,
    ResourceError,
};

use super::{alerts, mqtt};

/// Of any error.
pub fn of(error: &Error) -> [&'static str; 3] {
    if let Some(causes) = mqtt::of(error) {
        return causes;
    }
    match error {
        Error::Config(ConfigError::Malformed { input, fault, .. }) => malformed(*input, *fault),
        Error::Config(error) => config(error),
        Error::Peer(PeerError::AlertReceived(alert)) => alerts::from_server(*alert),
        Error::Peer(PeerError::AlertSent(alert)) => alerts::from_client(*alert),
        Error::Peer(PeerError::Protocol(error)) => protocol(*error),
        Error::Peer(PeerError::Certificate(error)) => certificate(*error),
        Error::Peer(error) => peer(error),
        Error::Network(error) => network(error),
        Error::Resource(error) => resource(error),
        _ => UNKNOWN,
    }
}

/// Of an error that is not known here.
pub const UNKNOWN: [&str; 3] = [
    "The library is newer than this program.",
    "The number was damaged on its way here.",
    "Memory was corrupted before it was reported.",
];

fn config(error: &ConfigError) -> [&'static str; 3] {
    match error {
        ConfigError::MemoryTooSmall {
            memory: Memory::Input,
            ..
        } => [
            "The input buffer is below the fragment length that is offered and its overhead.",
            "A fragment length was set by hand that does not fit the buffer.",
            "One buffer serves both directions and was sized for one.",
        ],
        ConfigError::MemoryTooSmall {
            memory: Memory::Output,
            ..
        } => [
            "The output buffer is below the smallest record and its overhead.",
            "A message of the handshake (a client's certificate) is larger than it.",
            "Input and output were swapped.",
        ],
        ConfigError::MemoryTooSmall {
            memory: Memory::Scratch,
            ..
        } => [
            "The scratch was sized for fingerprints, and trust is by anchors: use Scratch::ANCHORS.",
            "An identity that is read from storage needs room beside it.",
            "A number was taken from another version of the library or another target.",
        ],
        ConfigError::MemoryTooSmall { .. } => [
            "An RSA key or certificate where room was made for EC.",
            "A chain of several certificates.",
            "PEM is decoded into a buffer that was sized for DER of another file.",
        ],
        ConfigError::NothingTrusted => [
            "The list of pins or anchors is empty: a setting that was never filled in.",
            "Settings were lost or could not be read from storage.",
            "Tasmota: no CA compiled in, and no fingerprint set.",
        ],
        ConfigError::AnchorNotCa => [
            "The server's own certificate was given instead of its authority's.",
            "The authority was made without basicConstraints CA:TRUE.",
            "The authority's keyUsage lacks keyCertSign.",
        ],
        ConfigError::CipherSuites => [
            "The list of suites is empty.",
            "An ECDHE suite is offered and no group.",
            "More than 8 suites.",
        ],
        ConfigError::ChainLength => [
            "The list of the device's certificates is empty.",
            "A whole bundle was given, with roots.",
            "The same certificate several times in one file.",
        ],
        ConfigError::MissingCertificate => [
            "The device was never provisioned.",
            "The path or flash region of the certificate is wrong.",
            "The storage cannot be read, or was erased by an update.",
        ],
        ConfigError::MissingPrivateKey => [
            "The server asks for a client certificate and no identity is set (Tasmota: TLSKey1 is missing).",
            "The device was never provisioned, or its settings were erased.",
            "The path or flash region of the key is wrong.",
        ],
        ConfigError::KeyMismatch => [
            "Files of two devices were mixed.",
            "The certificate was renewed with a new key, and the old key is still there.",
            "The chain does not begin with the device's own certificate.",
        ],
        ConfigError::Alpn => [
            "An empty name, as from a setting that was not filled in.",
            "More than 4 names.",
            "A name longer than 255 bytes.",
        ],
        ConfigError::ClockNotSet => [
            "The device connects before it has fetched the time.",
            "SNTP is blocked (UDP 123) or has no server.",
            "There is no clock on the board: trust a pin instead.",
        ],
        ConfigError::ClockBeforeFloor => [
            "The clock started from zero or from its build's date, and was not set.",
            "The battery of the clock is empty.",
            "Someone answers SNTP with old times.",
        ],
        ConfigError::ForeignSession => [
            "The pins or authorities were changed since the session was stored.",
            "One place stores the sessions of several servers.",
            "The server's name was changed.",
        ],
        ConfigError::BadState => [
            "Something was sent before the handshake was complete.",
            "The connection was used on after an error or after closing.",
            "Two tasks use one connection.",
        ],
        _ => UNKNOWN,
    }
}

fn malformed(input: Input, fault: Fault) -> [&'static str; 3] {
    match (input, fault) {
        (Input::PrivateKey | Input::Pem, Fault::Unsupported) => [
            "The key is encrypted with a passphrase.",
            "The key is on another curve than P-256, or of another kind (Ed25519, RSA-PSS).",
            "The RSA key has more than two primes, or the EC key writes its curve out.",
        ],
        (Input::PrivateKey, Fault::OutOfRange) => [
            "An RSA key below 2048 or above 4096 bits.",
            "Bytes of the key were changed in storage or in copying.",
            "The halves of two keys were put together.",
        ],
        (Input::Pin, _) => [
            "Digits were lost or added in copying: 40 or 64 hexadecimal digits, or 44 of base64, are needed.",
            "It is a fingerprint by another hash (MD5, SHA-512).",
            "It is all 00 or all FF, which is no fingerprint (in Tasmota: learn, accept anyone).",
        ],
        (Input::Session, _) => [
            "The stored session was written by another version.",
            "It was cut off or damaged in storage.",
            "Another thing is stored at its place.",
        ],
        (Input::ServerName, _) => [
            "A URL or HOST:PORT was given instead of the bare name.",
            "An empty name, or a blank or line end at its end.",
            "Characters that a host name cannot have.",
        ],
        (Input::Sntp, _) => [
            "An answer to an earlier question, or from another server.",
            "The time server is not in step itself and says so.",
            "Another program answers at this port, or someone forges answers.",
        ],
        (_, Fault::Truncated) => [
            "The file was cut off in copying or in flashing.",
            "A wrong length was handed over.",
            "PEM was pasted without its last line.",
        ],
        (_, Fault::TrailingData) => [
            "A line end or padding stands behind the DER.",
            "The whole flash region was handed over instead of the item's length.",
            "Two items are in one file.",
        ],
        (_, Fault::OtherKind) => [
            "Certificate and key files are swapped.",
            "A certificate request was given instead of a certificate.",
            "A bundle begins with something else.",
        ],
        (_, Fault::Unsupported) => [
            "A kind of key that is not supported, such as Ed25519 or P-521.",
            "Another version of the format.",
            "An algorithm or a hash that is not supported.",
        ],
        (_, Fault::BufferTooSmall | Fault::TooLong) => [
            "The buffer was sized for another, smaller item.",
            "A wrong file: a whole bundle, or no certificate at all.",
            "The length was read from damaged storage.",
        ],
        _ => [
            "PEM was given where DER is wanted, or the other way round.",
            "The file was changed by an editor or by a transfer in text mode.",
            "The storage is damaged or erased.",
        ],
    }
}

fn peer(error: &PeerError) -> [&'static str; 3] {
    match error {
        PeerError::FingerprintMismatch => [
            "The server has a new key: its certificate was renewed with a new one (Let's Encrypt does that unless told otherwise).",
            "The pin is over the certificate, not over the key, or belongs to another server or port.",
            "Someone is in between.",
        ],
        PeerError::FragmentLengthIgnored { .. } => [
            "The broker acknowledges the fragment length and does not keep to it (VerneMQ).",
            "A load balancer in front acknowledges, and the broker behind sends.",
            "A library on the server that knows the extension and not its meaning.",
        ],
        PeerError::RecordTooLarge { .. } => [
            "The server does not know max_fragment_length and sends records up to 16 KB (AWS, nginx).",
            "A large retained message or payload was published.",
            "The input buffer was made smaller than the records that this server sends.",
        ],
        PeerError::HandshakeTooLong => [
            "The server sends a whole bundle of certificates or a long list of client CAs.",
            "Another program answers at this port.",
            "A hostile server.",
        ],
        _ => UNKNOWN,
    }
}

fn protocol(error: ProtocolError) -> [&'static str; 3] {
    use ProtocolError as E;
    match error {
        E::UnsupportedVersion => [
            "The server speaks TLS 1.3 only, or TLS 1.1 and older only.",
            "The port does not speak TLS: 1883 instead of 8883.",
            "A proxy answers for the server.",
        ],
        E::BadVersion | E::BadLength | E::UnknownType => [
            "The port does not speak TLS: plain MQTT or HTTP answered.",
            "Bytes were lost by the transport, so that the stream is out of step.",
            "The connection's buffers were overwritten by something else.",
        ],
        E::BadMac => [
            "Memory of the connection was overwritten: a stack that is too small.",
            "The transport lost or altered bytes.",
            "Someone tampers with the connection.",
        ],
        E::BadCipherSuite | E::InvalidAlgorithm => [
            "The server has no suite, curve or signature in common, and chooses another.",
            "A suite was offered that is not compiled in.",
            "The server's certificate is of another kind than the suites that are offered.",
        ],
        E::BadFragmentLength => [
            "The server answers with another fragment length than was offered.",
            "A load balancer answers for it.",
            "A faulty TLS library on the server.",
        ],
        E::LimitExceeded => [
            "The server has an RSA key above 4096 bits.",
            "Its key is on P-521.",
            "A certificate of an unusual form.",
        ],
        E::BadFinished | E::BadSignature => [
            "Someone between the two altered the handshake.",
            "Memory was corrupted during the handshake: a stack that is too small.",
            "The server's certificate and key do not belong together.",
        ],
        E::ResumeMismatch => [
            "The server was configured anew since the session was stored.",
            "Several servers behind one name disagree.",
            "A faulty cache of sessions.",
        ],
        E::WrongKeyUsage => [
            "RSA key exchange with a server that has an EC key, or the other way round.",
            "The certificate's keyUsage forbids this exchange.",
            "Only one kind of suite is offered, and the server has the other kind of key.",
        ],
        E::NoClientAuthentication => [
            "The server asks for a certificate and the device has none.",
            "The device's key is of a kind that the server does not list (RSA, EC).",
            "The server wants a signature with another hash than SHA-256.",
        ],
        E::BadState | E::BadParameter | E::Unknown => [
            "A connection was used on after its first error.",
            "Memory was corrupted: a stack that is too small.",
            "A fault in this library: report it with the configuration.",
        ],
        E::Unexpected | E::BadHandshake => [
            "Another protocol than TLS 1.2 answers at this port.",
            "The server asked for a renegotiation or uses something newer than TLS 1.2.",
            "Bytes were lost by the transport.",
        ],
        _ => [
            "The server's TLS library is outdated or faulty.",
            "A proxy or appliance in between alters the handshake.",
            "Another program answers at this port.",
        ],
    }
}

fn certificate(error: CertificateError) -> [&'static str; 3] {
    use CertificateError as E;
    match error {
        E::EmptyChain => [
            "The server has no certificate configured for this name.",
            "A faulty or very restricted TLS server.",
            "Anonymous suites at the server.",
        ],
        E::Unsupported => [
            "A certificate is signed with RSA-PSS or Ed25519.",
            "A key on a curve that is not supported.",
            "A certificate is signed with SHA-1 or SHA-512.",
        ],
        E::LimitExceeded => [
            "An RSA key above 4096 bits in the chain.",
            "A key on P-521.",
            "A certificate of unusual size.",
        ],
        E::WrongKeyType => [
            "The certificates are not in order.",
            "The suites that are offered are for another kind of key than the server has.",
            "An authority changed from RSA to EC under the same name.",
        ],
        E::BadSignature => [
            "The authority was made anew under the same name, and the old one is still trusted.",
            "A certificate was damaged at the server.",
            "Someone forged the chain.",
        ],
        E::TimeUnknown => [
            "The device has not fetched the time yet.",
            "SNTP is blocked or has no server.",
            "The board has no clock: trust a pin.",
        ],
        E::Expired => [
            "The server's certificate was not renewed, or the server was not restarted after the renewal.",
            "The device's clock is wrong.",
            "The authority on the device has run out.",
        ],
        E::NotYetValid => [
            "The device's clock is behind: not set, or reset to its build's date.",
            "The certificate was just made on a machine whose clock is ahead.",
            "A time zone was taken for UTC.",
        ],
        E::DistinguishedNameMismatch => [
            "The server sends its certificates in the wrong order.",
            "The server sends an intermediate that is not its own.",
            "An intermediate is missing.",
        ],
        E::BadServerName => [
            "The device connects by IP address, and the certificate has a name only.",
            "The certificate was made for another name, or has it as CN only.",
            "Another server answers at this address.",
        ],
        E::CriticalExtension => [
            "An authority with name constraints that are critical.",
            "A private CA tool that marks its own extensions critical.",
            "A policy constraint.",
        ],
        E::NotCa => [
            "The authority's certificate lacks basicConstraints CA:TRUE.",
            "A server's certificate was used to sign another.",
            "The path length is too short for the intermediates.",
        ],
        E::ForbiddenKeyUsage => [
            "The server's certificate lacks digitalSignature (ECDHE) or keyEncipherment (RSA key exchange).",
            "The authority's certificate lacks keyCertSign.",
            "A certificate of another purpose was installed.",
        ],
        E::WrongExtendedKeyUsage => [
            "A device's certificate was installed in the server.",
            "The CA tool's profile for clients was used for the server.",
            "An intermediate is limited to other purposes.",
        ],
        E::WeakPublicKey => [
            "An RSA key of 1024 bits at the server.",
            "An old authority with a short key.",
            "A test certificate.",
        ],
        E::NotTrusted => [
            "The authority on the device is not the server's: another root, or the authority changed it.",
            "The server does not send its intermediate certificate.",
            "Someone is in between with a certificate of their own.",
        ],
        _ => [
            "The certificate was made by a tool that does not keep to DER.",
            "The file at the server is damaged.",
            "The transport lost bytes, or memory was corrupted.",
        ],
    }
}

fn network(error: &NetworkError) -> [&'static str; 3] {
    match error {
        NetworkError::Resolve => [
            "The name is misspelt.",
            "The device has no DNS server yet: it connects before the network is up.",
            "A name of the local network (.local) that DNS does not have.",
        ],
        NetworkError::Connect => [
            "Nothing listens there: the broker is down, or listens on another port or on 127.0.0.1 only.",
            "A firewall or security group rejects the connection.",
            "The device is in another network than it seems (guest WLAN, no route).",
        ],
        NetworkError::Timeout => [
            "The network drops packets: weak radio, firewall.",
            "The board is slow: a handshake takes seconds at 80 MHz, and the deadline is shorter.",
            "The server is overloaded or does not speak TLS at this port and waits for more.",
        ],
        NetworkError::Transport(_) => [
            "The server reset the connection: it was restarted, or refuses this client.",
            "The radio link was lost.",
            "A driver's fault.",
        ],
        NetworkError::Truncated => [
            "The server crashed or was restarted.",
            "A NAT or firewall cut an idle connection.",
            "The server closes without TLS's goodbye, as some do.",
        ],
        _ => [
            "The connection was closed earlier, and is used on.",
            "The broker dropped the client: keep-alive missed, or two clients with one identifier.",
            "The program closed it in another place.",
        ],
    }
}

fn resource(error: &ResourceError) -> [&'static str; 3] {
    match error {
        ResourceError::OutOfMemory => [
            "Another connection holds its buffers at the same time.",
            "The heap is fragmented: no piece is large enough.",
            "The buffers are for 16 KB records where smaller ones would do.",
        ],
        ResourceError::NoEntropy => [
            "The hardware generator is not started (on an ESP: the radio is off).",
            "A stub that delivers a constant stands for the generator.",
            "The generator reported a failure.",
        ],
        _ => [
            "Input was not read before something was sent.",
            "One buffer serves both directions, and the server sends at the same time.",
            "A message of the server was left half read.",
        ],
    }
}
