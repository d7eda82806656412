//! mbedTLS's numbers, which the ESP32's usual firmware prints as negative hexadecimal: `mbedtls_ssl_handshake returned -0x2700`.

use bearcub::Error;

use super::{Answer, Topic, answer, causes, lines};

/// Whose explanation a number shares.
enum Like {
    /// The library's error with this number.
    Error(i32),
    /// The line of OpenSSL with this phrase.
    Line(&'static str),
}
use Like::{Error as Code, Line};

/// Number (positive), name without `MBEDTLS_ERR_`, what happened, and whose causes it has.
static KNOWN: [(u32, &str, &str, Like); 50] = [
    (
        0x0010,
        "MPI_ALLOC_FAILED",
        "There is no memory for a number of the public-key arithmetic.",
        Code(-1000),
    ),
    (
        0x0034,
        "CTR_DRBG_ENTROPY_SOURCE_FAILED",
        "The random generator gets no entropy.",
        Code(8),
    ),
    (
        0x003c,
        "ENTROPY_SOURCE_FAILED",
        "The random generator gets no entropy.",
        Code(8),
    ),
    (
        0x0042,
        "NET_SOCKET_FAILED",
        "No socket could be opened.",
        Code(-1002),
    ),
    (
        0x0044,
        "NET_CONNECT_FAILED",
        "TCP could not be connected.",
        Code(-1002),
    ),
    (
        0x004c,
        "NET_RECV_FAILED",
        "Reading from the connection failed.",
        Code(31),
    ),
    (
        0x004e,
        "NET_SEND_FAILED",
        "Writing to the connection failed.",
        Code(31),
    ),
    (
        0x0050,
        "NET_CONN_RESET",
        "The other side reset the TCP connection.",
        Line("unexpected eof while reading"),
    ),
    (
        0x0052,
        "NET_UNKNOWN_HOST",
        "The host name could not be resolved.",
        Code(-1001),
    ),
    (
        0x1080,
        "PEM_NO_HEADER_FOOTER_PRESENT",
        "What was given as PEM has no line -----BEGIN …-----, or no end.",
        Line("no start line"),
    ),
    (
        0x1100,
        "PEM_INVALID_DATA",
        "What stands between the lines of a PEM is damaged.",
        Line("no start line"),
    ),
    (
        0x1300,
        "PEM_PASSWORD_REQUIRED",
        "The private key is encrypted, and no passphrase was given.",
        Line("bad decrypt"),
    ),
    (
        0x1380,
        "PEM_PASSWORD_MISMATCH",
        "The passphrase of the private key is wrong.",
        Line("bad decrypt"),
    ),
    (
        0x2080,
        "X509_FEATURE_UNAVAILABLE",
        "A certificate needs something that this build leaves out: a hash, a curve, RSA.",
        Code(49),
    ),
    (
        0x2180,
        "X509_INVALID_FORMAT",
        "A certificate is damaged, or no certificate.",
        Line("no start line"),
    ),
    (
        0x2300,
        "X509_INVALID_ALG",
        "A certificate names an algorithm that cannot be read.",
        Code(49),
    ),
    (
        0x2400,
        "X509_INVALID_DATE",
        "A date in a certificate cannot be read.",
        Code(48),
    ),
    (
        0x2500,
        "X509_INVALID_EXTENSIONS",
        "An extension of a certificate cannot be read.",
        Code(57),
    ),
    (
        0x2600,
        "X509_UNKNOWN_SIG_ALG",
        "A certificate is signed with an algorithm that this build leaves out.",
        Code(49),
    ),
    (
        0x2680,
        "X509_SIG_MISMATCH",
        "A certificate names two algorithms for its one signature.",
        Code(52),
    ),
    (
        0x2700,
        "X509_CERT_VERIFY_FAILED",
        "The server's certificate was checked and not accepted; a line with `flags` says why.",
        Code(62),
    ),
    (
        0x2780,
        "X509_CERT_UNKNOWN_FORMAT",
        "What was given as a certificate is neither DER nor PEM; of PEM the length must count the zero at its end.",
        Line("no start line"),
    ),
    (
        0x2880,
        "X509_ALLOC_FAILED",
        "There is no memory for a certificate.",
        Code(-1000),
    ),
    (
        0x3b80,
        "PK_PASSWORD_MISMATCH",
        "The passphrase of the private key is wrong.",
        Line("bad decrypt"),
    ),
    (
        0x3c00,
        "PK_PASSWORD_REQUIRED",
        "The private key is encrypted, and no passphrase was given.",
        Line("bad decrypt"),
    ),
    (
        0x3c80,
        "PK_UNKNOWN_PK_ALG",
        "A key is of a kind that this build leaves out.",
        Code(49),
    ),
    (
        0x3d00,
        "PK_KEY_INVALID_FORMAT",
        "What was given as a key cannot be read as one; of PEM the length must count the zero at its end.",
        Line("no start line"),
    ),
    (
        0x3f00,
        "PK_TYPE_MISMATCH",
        "Private key and certificate are of different kinds.",
        Line("key values mismatch"),
    ),
    (
        0x3f80,
        "PK_ALLOC_FAILED",
        "There is no memory for a key.",
        Code(-1000),
    ),
    (
        0x4380,
        "RSA_VERIFY_FAILED",
        "An RSA signature is wrong.",
        Code(27),
    ),
    (
        0x4e00,
        "ECP_VERIFY_FAILED",
        "An ECDSA signature is wrong.",
        Code(27),
    ),
    (
        0x6800,
        "SSL_TIMEOUT",
        "The other side did not answer in time.",
        Code(-1005),
    ),
    (
        0x6880,
        "SSL_WANT_WRITE",
        "No error: the connection takes no more bytes now, and the call is to be made again.",
        Code(-1005),
    ),
    (
        0x6900,
        "SSL_WANT_READ",
        "No error: more bytes are needed, and the call is to be made again.",
        Code(-1005),
    ),
    (
        0x6a00,
        "SSL_BUFFER_TOO_SMALL",
        "A message does not fit the buffer.",
        Code(6),
    ),
    (
        0x6c00,
        "SSL_INTERNAL_ERROR",
        "mbedTLS met something that its programmers did not expect.",
        Code(2),
    ),
    (
        0x6e00,
        "SSL_HANDSHAKE_FAILURE",
        "Both sides have no parameters in common (mbedTLS 3; in version 2 a bad session ticket).",
        Line("no shared cipher"),
    ),
    (
        0x6e80,
        "SSL_BAD_PROTOCOL_VERSION",
        "Both sides have no version of TLS in common.",
        Line("unsupported protocol"),
    ),
    (
        0x7100,
        "SSL_BAD_INPUT_DATA",
        "The program gave something that cannot be, a record that is too large for example.",
        Code(6),
    ),
    (
        0x7180,
        "SSL_INVALID_MAC",
        "A record did not authenticate.",
        Code(7),
    ),
    (
        0x7200,
        "SSL_INVALID_RECORD",
        "What came is no record of TLS, or one that is larger than the input buffer (MBEDTLS_SSL_IN_CONTENT_LEN).",
        Code(6),
    ),
    (
        0x7280,
        "SSL_CONN_EOF",
        "The other side closed the connection without saying goodbye.",
        Line("unexpected eof while reading"),
    ),
    (
        0x7380,
        "SSL_NO_CIPHER_CHOSEN",
        "Server and client have no cipher suite in common.",
        Line("no shared cipher"),
    ),
    (
        0x7600,
        "SSL_PRIVATE_KEY_REQUIRED",
        "A client certificate is wanted, and its private key is missing.",
        Code(-1003),
    ),
    (
        0x7680,
        "SSL_CA_CHAIN_REQUIRED",
        "No authority was given, and the server is to be verified.",
        Code(-1004),
    ),
    (
        0x7780,
        "SSL_FATAL_ALERT_MESSAGE",
        "The other side ended the connection with an alert; a line before says which.",
        Code(296),
    ),
    (
        0x7880,
        "SSL_PEER_CLOSE_NOTIFY",
        "The other side closed the connection in good order.",
        Code(0),
    ),
    (
        0x7980,
        "SSL_BAD_SERVER_HELLO",
        "The server's ServerHello is not as it should be (mbedTLS 2).",
        Line("wrong version number"),
    ),
    (
        0x7a00,
        "SSL_BAD_CERTIFICATE",
        "The certificate message of the other side cannot be read, or holds a key of another kind.",
        Code(33),
    ),
    (
        0x7f00,
        "SSL_ALLOC_FAILED",
        "There is no memory for the connection: about 40 KB are needed at once.",
        Code(-1000),
    ),
];

/// What the upper part of a number says when all of it is not known: the first number behind the module's, and its name.
const MODULES: [(u32, &str); 12] = [
    (
        0x0080,
        "a basic module (big numbers, ciphers, ASN.1, the network)",
    ),
    (0x1480, "PEM"),
    (0x2000, "PKCS#12"),
    (0x3000, "X.509: certificates"),
    (0x3400, "Diffie-Hellman, or X.509"),
    (0x4000, "keys (PK)"),
    (0x4500, "RSA"),
    (0x5000, "curves (ECP)"),
    (0x5200, "hashes (MD)"),
    (0x5f00, "a module of the chip or the platform"),
    (0x6500, "ciphers, or TLS"),
    (0x8000, "TLS (SSL)"),
];

/// The meaning of a number in a text, if there is a negative hexadecimal one, or one of mbedTLS's names.
pub fn in_text(text: &str) -> Option<Answer> {
    let is_separator = |c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    text.split(is_separator).find_map(|word| {
        let digits = word.to_ascii_lowercase();
        if let Some(digits) = digits.strip_prefix("-0x") {
            return u32::from_str_radix(digits, 16).ok().and_then(number);
        }
        let name = word.strip_prefix("MBEDTLS_ERR_")?;
        let (code, ..) = KNOWN.iter().find(|(_, known, ..)| *known == name)?;
        number(*code)
    })
}

/// The same number in decimal.
pub fn decimal(number: i32) -> Option<Answer> {
    let number = number.checked_neg().and_then(|n| u32::try_from(n).ok())?;
    // The small ones are everybody's.
    let is_known = number >= 0x1000 && KNOWN.iter().any(|(known, ..)| *known == number);
    is_known.then(|| self::number(number)).flatten()
}

/// The names that are known.
pub fn names() -> impl Iterator<Item = String> {
    KNOWN
        .iter()
        .map(|(_, name, ..)| format!("MBEDTLS_ERR_{name}"))
}

/// A number without its sign.
fn number(number: u32) -> Option<Answer> {
    if number == 0 || number >= 0x8000 {
        return None;
    }
    let known = |wanted: u32| KNOWN.iter().find(|(code, ..)| *code == wanted);
    // Of two numbers that are added, the lower one says what a module below has met.
    if let Some((_, name, happened, like)) = known(number).or_else(|| known(number & !0x7f)) {
        let title = format!("-0x{number:04x}: mbedTLS's MBEDTLS_ERR_{name}");
        return Some(match like {
            Code(0) => answer(
                title,
                *happened,
                [
                    "The server was restarted, or the device was idle for longer than the keep-alive.",
                    "Another client connected with the same client identifier, and the broker dropped this one.",
                    "The broker refused the client after the handshake: its log says why.",
                ],
                &["Look in the broker's log for why it closed the connection."],
            ),
            Code(code) => {
                let error = Error::from_code(*code)?;
                answer(
                    title,
                    *happened,
                    causes::of(&error),
                    &[error.explain().remedy],
                )
            }
            Line(phrase) => {
                let mut topics = lines::TOPICS.iter();
                let topic = topics.find(|topic| topic.phrases.contains(phrase))?;
                Answer {
                    title,
                    happened: (*happened).to_owned(),
                    ..Topic::answer(topic)
                }
            }
        });
    }
    let module = MODULES.iter().find(|(end, _)| number < *end);
    let module = module.map_or("a module that is not known here", |(_, name)| *name);
    Some(answer(
        format!("-0x{number:04x}: a number of mbedTLS"),
        format!(
            "mbedTLS (or ESP-IDF on top of it) prints its errors like this. This one is from {module}; what it means in particular \
             is not known here."
        ),
        [
            "The server's certificate or the device's own files are not as mbedTLS wants them.",
            "There is not enough memory for the handshake.",
            "The build leaves out what the server wants: a version, a suite, a curve.",
        ],
        &[
            "Look for a line before it that names the function which failed; mbedTLS's program `strerror` has a sentence for each \
             number.",
        ],
    ))
}
