//! Error codes and alerts (`bearssl_ssl.h`, `bearssl_x509.h`).

use core::ffi::c_int;

/// Defines constants of one type, each with its line of documentation.
macro_rules! codes {
    ($type:ty; $($name:ident = $value:literal, $doc:literal;)*) => {
        $(#[doc = $doc] pub const $name: $type = $value;)*
    };
}
pub(crate) use codes;

codes! { c_int;
    BR_ERR_OK = 0, "No error, or closed in order.";
    BR_ERR_BAD_PARAM = 1, "The caller passed a bad parameter.";
    BR_ERR_BAD_STATE = 2, "The engine is in the wrong state for the call.";
    BR_ERR_UNSUPPORTED_VERSION = 3, "A record has an unsupported version.";
    BR_ERR_BAD_VERSION = 4, "A record's version differs from the negotiated one.";
    BR_ERR_BAD_LENGTH = 5, "A record or message has an impossible length.";
    BR_ERR_TOO_LARGE = 6, "A record does not fit the buffer.";
    BR_ERR_BAD_MAC = 7, "A record's authentication failed.";
    BR_ERR_NO_RANDOM = 8, "The generator has had no entropy.";
    BR_ERR_UNKNOWN_TYPE = 9, "A record has an unknown type.";
    BR_ERR_UNEXPECTED = 10, "A record or message came at the wrong time.";
    BR_ERR_BAD_CCS = 12, "A ChangeCipherSpec is malformed or misplaced.";
    BR_ERR_BAD_ALERT = 13, "An alert is malformed.";
    BR_ERR_BAD_HANDSHAKE = 14, "A handshake message is malformed.";
    BR_ERR_OVERSIZED_ID = 15, "A session identifier is longer than 32 bytes.";
    BR_ERR_BAD_CIPHER_SUITE = 16, "The server chose a cipher suite that was not offered, or none is in common.";
    BR_ERR_BAD_COMPRESSION = 17, "The server chose a compression that was not offered.";
    BR_ERR_BAD_FRAGLEN = 18, "The server answered with another maximum fragment length.";
    BR_ERR_BAD_SECRENEG = 19, "Secure renegotiation failed.";
    BR_ERR_EXTRA_EXTENSION = 20, "The server sent an extension that was not offered.";
    BR_ERR_BAD_SNI = 21, "The server's name extension is malformed.";
    BR_ERR_BAD_HELLO_DONE = 22, "A ServerHelloDone is malformed.";
    BR_ERR_LIMIT_EXCEEDED = 23, "The server's public key is too large.";
    BR_ERR_BAD_FINISHED = 24, "A Finished message does not match.";
    BR_ERR_RESUME_MISMATCH = 25, "A resumed session has another version or cipher suite.";
    BR_ERR_INVALID_ALGORITHM = 26, "A curve, hash or signature algorithm is not supported.";
    BR_ERR_BAD_SIGNATURE = 27, "The signature on the key exchange is wrong.";
    BR_ERR_WRONG_KEY_USAGE = 28, "The server's key may not be used this way.";
    BR_ERR_NO_CLIENT_AUTH = 29, "The client authentication is missing.";
    BR_ERR_IO = 31, "The transport failed.";
    BR_ERR_RECV_FATAL_ALERT = 256, "Base: this plus the alert that was received.";
    BR_ERR_SEND_FATAL_ALERT = 512, "Base: this plus the alert that was sent.";
    BR_ERR_X509_OK = 32, "Validation succeeded (inside the validator).";
    BR_ERR_X509_INVALID_VALUE = 33, "A value in the certificate is malformed.";
    BR_ERR_X509_TRUNCATED = 34, "The certificate is cut short.";
    BR_ERR_X509_EMPTY_CHAIN = 35, "The chain is empty.";
    BR_ERR_X509_INNER_TRUNC = 36, "An element reaches past its container.";
    BR_ERR_X509_BAD_TAG_CLASS = 37, "A tag has an unsupported class.";
    BR_ERR_X509_BAD_TAG_VALUE = 38, "A tag has an unsupported value.";
    BR_ERR_X509_INDEFINITE_LENGTH = 39, "A length is indefinite.";
    BR_ERR_X509_EXTRA_ELEMENT = 40, "There is an extra element.";
    BR_ERR_X509_UNEXPECTED = 41, "An element was not expected here.";
    BR_ERR_X509_NOT_CONSTRUCTED = 42, "An element is primitive and should be constructed.";
    BR_ERR_X509_NOT_PRIMITIVE = 43, "An element is constructed and should be primitive.";
    BR_ERR_X509_PARTIAL_BYTE = 44, "A bit string ends within a byte.";
    BR_ERR_X509_BAD_BOOLEAN = 45, "A boolean is malformed.";
    BR_ERR_X509_OVERFLOW = 46, "A value is too large.";
    BR_ERR_X509_BAD_DN = 47, "A distinguished name is malformed.";
    BR_ERR_X509_BAD_TIME = 48, "A date is malformed.";
    BR_ERR_X509_UNSUPPORTED = 49, "A feature is not supported.";
    BR_ERR_X509_LIMIT_EXCEEDED = 50, "A key or signature is too large.";
    BR_ERR_X509_WRONG_KEY_TYPE = 51, "The key does not fit the signature algorithm.";
    BR_ERR_X509_BAD_SIGNATURE = 52, "A certificate's signature is wrong.";
    BR_ERR_X509_TIME_UNKNOWN = 53, "The validator has not been told the time.";
    BR_ERR_X509_EXPIRED = 54, "A certificate is expired or not yet valid.";
    BR_ERR_X509_DN_MISMATCH = 55, "Issuer and subject of neighbours differ.";
    BR_ERR_X509_BAD_SERVER_NAME = 56, "The server's certificate is for another name.";
    BR_ERR_X509_CRITICAL_EXTENSION = 57, "A critical extension is unknown.";
    BR_ERR_X509_NOT_CA = 58, "An issuer is not an authority.";
    BR_ERR_X509_FORBIDDEN_KEY_USAGE = 59, "An issuer's key may not sign certificates.";
    BR_ERR_X509_WEAK_PUBLIC_KEY = 60, "An RSA key is too small.";
    BR_ERR_X509_NOT_TRUSTED = 62, "The chain ends at no trust anchor.";
}

codes! { u8;
    BR_ALERT_CLOSE_NOTIFY = 0, "Alert: the sender closes the connection.";
    BR_ALERT_UNEXPECTED_MESSAGE = 10, "Alert: unexpected_message.";
    BR_ALERT_BAD_RECORD_MAC = 20, "Alert: bad_record_mac.";
    BR_ALERT_RECORD_OVERFLOW = 22, "Alert: record_overflow.";
    BR_ALERT_DECOMPRESSION_FAILURE = 30, "Alert: decompression_failure.";
    BR_ALERT_HANDSHAKE_FAILURE = 40, "Alert: handshake_failure.";
    BR_ALERT_BAD_CERTIFICATE = 42, "Alert: bad_certificate.";
    BR_ALERT_UNSUPPORTED_CERTIFICATE = 43, "Alert: unsupported_certificate.";
    BR_ALERT_CERTIFICATE_REVOKED = 44, "Alert: certificate_revoked.";
    BR_ALERT_CERTIFICATE_EXPIRED = 45, "Alert: certificate_expired.";
    BR_ALERT_CERTIFICATE_UNKNOWN = 46, "Alert: certificate_unknown.";
    BR_ALERT_ILLEGAL_PARAMETER = 47, "Alert: illegal_parameter.";
    BR_ALERT_UNKNOWN_CA = 48, "Alert: unknown_ca.";
    BR_ALERT_ACCESS_DENIED = 49, "Alert: access_denied.";
    BR_ALERT_DECODE_ERROR = 50, "Alert: decode_error.";
    BR_ALERT_DECRYPT_ERROR = 51, "Alert: decrypt_error.";
    BR_ALERT_PROTOCOL_VERSION = 70, "Alert: protocol_version.";
    BR_ALERT_INSUFFICIENT_SECURITY = 71, "Alert: insufficient_security.";
    BR_ALERT_INTERNAL_ERROR = 80, "Alert: internal_error.";
    BR_ALERT_USER_CANCELED = 90, "Alert: user_canceled.";
    BR_ALERT_NO_RENEGOTIATION = 100, "Alert: no_renegotiation.";
    BR_ALERT_UNSUPPORTED_EXTENSION = 110, "Alert: unsupported_extension.";
    BR_ALERT_NO_APPLICATION_PROTOCOL = 120, "Alert: no_application_protocol.";
}
