//! The two lists that BearSSL numbers: violations of the protocol, and faults of certificates.
//!
//! Each line is a variant, its number, and its sentence; enum, numbers and `Display` all come from that one line.

use core::fmt;

macro_rules! numbered {
    (
        $(#[$about:meta])*
        pub enum $name:ident {
            $( $(#[doc = $doc:literal])* $variant:ident = $code:literal, $sentence:literal; )*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[non_exhaustive]
        #[repr(i16)]
        pub enum $name {
            $( $(#[doc = $doc])* #[doc = concat!("\n\nNumber ", stringify!($code), ".")] $variant = $code, )*
        }

        impl $name {
            /// Every variant, in the order of the list.
            pub const ALL: &'static [Self] = &[$( Self::$variant, )*];

            pub(super) const fn code(self) -> i32 {
                self as i32
            }

            pub(super) const fn from_code(code: i32) -> Option<Self> {
                match code {
                    $( $code => Some(Self::$variant), )*
                    _ => None,
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $( Self::$variant => $sentence, )*
                })
            }
        }
    };
}

numbered! {
    /// TLS protocol violations; the names and numbers are BearSSL's (`BR_ERR_*`), but for those below zero.
    pub enum ProtocolError {
        /// The engine refused a parameter (`BR_ERR_BAD_PARAM`, there 1).
        BadParameter = -1300, "the TLS engine refused a parameter";
        /// The engine reported a number that is in no table.
        Unknown = -1303, "the TLS engine reported a number that nobody knows";
        /// The engine was asked for something that its state does not allow.
        BadState = 2, "the TLS engine cannot do that in its present state";
        /// The server speaks no version of TLS that we do.
        UnsupportedVersion = 3, "the server speaks no supported version of TLS";
        /// A record's version is not the negotiated one.
        BadVersion = 4, "a record has another version than the one negotiated";
        /// A record's length is impossible.
        BadLength = 5, "a record has an impossible length";
        /// Decryption found a wrong MAC, tag or padding.
        BadMac = 7, "a record was damaged or forged: its authentication failed";
        /// A record of a type that TLS does not know.
        UnknownType = 9, "a record has an unknown type";
        /// A record or message that has no place at this moment.
        Unexpected = 10, "a record or message came at the wrong moment";
        /// A ChangeCipherSpec message with wrong contents.
        BadChangeCipherSpec = 12, "the ChangeCipherSpec message is wrong";
        /// An alert of odd length.
        BadAlert = 13, "an alert of the server is malformed";
        /// A handshake message that cannot be decoded.
        BadHandshake = 14, "a handshake message is malformed";
        /// A session ID longer than 32 bytes.
        OversizedId = 15, "the session ID is longer than 32 bytes";
        /// A cipher suite that was not offered.
        BadCipherSuite = 16, "the server chose a cipher suite that was not offered";
        /// A compression method that was not offered.
        BadCompression = 17, "the server chose a compression that was not offered";
        /// An answer to max_fragment_length that is not what was offered.
        BadFragmentLength = 18, "the server answered with another maximum fragment length than the one offered";
        /// Secure renegotiation (RFC 5746) failed.
        BadSecureRenegotiation = 19, "the check for secure renegotiation failed";
        /// An extension that was not offered, or one that came twice.
        ExtraExtension = 20, "the server sent an extension that was not offered, or one twice";
        /// A server_name answer with contents.
        BadServerName = 21, "the server's answer to the server name is wrong";
        /// A ServerHelloDone message with contents.
        BadHelloDone = 22, "the ServerHelloDone message is not empty";
        /// Something is larger than the engine was built for, such as the server's public key.
        LimitExceeded = 23, "the server's public key is larger than the engine can take";
        /// The Finished message is not what it should be.
        BadFinished = 24, "the server's Finished message is wrong";
        /// A resumed session with another version or cipher suite.
        ResumeMismatch = 25, "the server resumed the session with another version or cipher suite";
        /// A curve, signature algorithm or hash function that is unsupported or was not offered.
        InvalidAlgorithm = 26, "the server chose an unsupported curve, signature or hash";
        /// The signature on the key exchange is wrong.
        BadSignature = 27, "the server's signature on the key exchange is wrong";
        /// The server's key cannot be used for this key exchange.
        WrongKeyUsage = 28, "the server's key does not fit the cipher suite";
        /// The server wants a certificate that there is none for.
        NoClientAuthentication = 29, "client authentication did not take place";
    }
}

numbered! {
    /// Certificate faults; the names and numbers are BearSSL's (`BR_ERR_X509_*`), but for those below zero.
    pub enum CertificateError {
        /// A value in an ASN.1 structure that cannot be.
        InvalidValue = 33, "a certificate holds an invalid value";
        /// A certificate that is cut short.
        Truncated = 34, "a certificate is cut short";
        /// No certificate at all.
        EmptyChain = 35, "the server sent no certificate";
        /// An element that reaches beyond the one around it.
        InnerTruncated = 36, "an element of a certificate reaches beyond the one around it";
        /// A tag of the application or private class.
        BadTagClass = 37, "a certificate has a tag of an unsupported class";
        /// A tag number that is not supported.
        BadTagValue = 38, "a certificate has an unsupported tag";
        /// An indefinite length, which DER forbids.
        IndefiniteLength = 39, "a certificate has an element of indefinite length";
        /// An element too many.
        ExtraElement = 40, "a certificate has an element too many";
        /// An element of the wrong type.
        Unexpected = 41, "a certificate has an unexpected element";
        /// A primitive element where a constructed one belongs.
        NotConstructed = 42, "a certificate has a primitive element where a constructed one belongs";
        /// A constructed element where a primitive one belongs.
        NotPrimitive = 43, "a certificate has a constructed element where a primitive one belongs";
        /// A BIT STRING that is not of whole bytes.
        PartialByte = 44, "a bit string in a certificate is not of whole bytes";
        /// A BOOLEAN of wrong length.
        BadBoolean = 45, "a boolean in a certificate has a wrong length";
        /// A value that is too large.
        Overflow = 46, "a value in a certificate is too large";
        /// A distinguished name that cannot be read.
        BadDistinguishedName = 47, "a distinguished name in a certificate is malformed";
        /// A date or time that cannot be read.
        BadTime = 48, "a date in a certificate is malformed";
        /// A feature that is not supported and cannot be ignored.
        Unsupported = 49, "a certificate uses a feature or algorithm that is not supported";
        /// A key or signature larger than what can be handled.
        LimitExceeded = 50, "a key or signature in the chain is larger than supported";
        /// A key of another type than expected.
        WrongKeyType = 51, "a key in the chain has another type than expected";
        /// A signature that does not verify.
        BadSignature = 52, "a signature in the certificate chain is wrong";
        /// The time is needed and not known.
        TimeUnknown = 53, "the time is unknown, so no certificate can be checked";
        /// The validity ended (BearSSL's 54 also says "not yet valid").
        Expired = 54, "a certificate has expired";
        /// A certificate whose issuer is not the subject of the next one.
        DistinguishedNameMismatch = 55, "the certificates do not form a chain: issuer and subject differ";
        /// The certificate is for another host.
        BadServerName = 56, "the certificate is for another host name";
        /// A critical extension that is not known.
        CriticalExtension = 57, "a certificate has an unknown critical extension";
        /// A certificate that signs others without being a CA, or a chain that is too long for it.
        NotCa = 58, "a certificate that signs another one is no CA, or its path is too long";
        /// KeyUsage forbids what the key is used for.
        ForbiddenKeyUsage = 59, "a certificate's key usage forbids its use here";
        /// A public key that is too small.
        WeakPublicKey = 60, "a public key in the chain is too small";
        /// The chain does not end at a trust anchor.
        NotTrusted = 62, "the chain does not lead to a trust anchor";
        /// The validity has not begun.
        NotYetValid = -1310, "a certificate is not valid yet";
        /// extKeyUsage does not allow the use as a server.
        WrongExtendedKeyUsage = -1311, "the certificate is not one for servers";
    }
}
