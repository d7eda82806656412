//! The alert that tells the server why we stop; BearSSL itself stops without a word.

use bearssl_sys as br;

use crate::error::{CertificateError, Error, NetworkError, PeerError, ProtocolError};

use super::Context;

/// The alert description (RFC 5246 section 7.2) that answers an error; `None` where nothing is to be said.
fn description(error: &Error) -> Option<u8> {
    Some(match error {
        Error::Peer(peer) => match peer {
            PeerError::FingerprintMismatch => 42,
            PeerError::FragmentLengthIgnored { .. } | PeerError::RecordTooLarge { .. } => 22,
            PeerError::HandshakeTooLong => 40,
            PeerError::AlertReceived(_)
            | PeerError::AlertSent(_)
            | PeerError::Refused(_)
            | PeerError::Mqtt(_) => return None,
            PeerError::Certificate(certificate) => match certificate {
                CertificateError::Expired
                | CertificateError::NotYetValid
                | CertificateError::TimeUnknown => 45,
                CertificateError::NotTrusted => 48,
                CertificateError::Unsupported
                | CertificateError::WrongKeyType
                | CertificateError::LimitExceeded => 43,
                CertificateError::WeakPublicKey => 71,
                _ => 42,
            },
            PeerError::Protocol(protocol) => match protocol {
                ProtocolError::BadMac => 20,
                ProtocolError::Unexpected
                | ProtocolError::UnknownType
                | ProtocolError::BadChangeCipherSpec => 10,
                ProtocolError::UnsupportedVersion | ProtocolError::BadVersion => 70,
                ProtocolError::BadSignature | ProtocolError::BadFinished => 51,
                ProtocolError::ExtraExtension => 110,
                ProtocolError::BadSecureRenegotiation => 40,
                ProtocolError::BadParameter
                | ProtocolError::BadLength
                | ProtocolError::BadAlert
                | ProtocolError::BadHandshake
                | ProtocolError::OversizedId
                | ProtocolError::BadServerName
                | ProtocolError::BadHelloDone => 50,
                ProtocolError::BadCipherSuite
                | ProtocolError::BadCompression
                | ProtocolError::BadFragmentLength
                | ProtocolError::ResumeMismatch
                | ProtocolError::InvalidAlgorithm
                | ProtocolError::LimitExceeded => 47,
                ProtocolError::WrongKeyUsage => 43,
                _ => 80,
            },
        },
        Error::Network(NetworkError::Closed) => 90,
        Error::Network(_) => return None,
        Error::Config(_) | Error::Resource(_) => 80,
    })
}

/// Writes the alert record into the output buffer; its offset and length there.
///
/// Nothing is said while another record is on its way out, and nothing before the ClientHello.
pub(super) fn prepare(context: &mut Context, error: &Error) -> Option<(u16, u8)> {
    const FATAL: u8 = 2;
    const ALERT: i32 = 21;
    let description = description(error)?;
    let engine = context.engine_mut();
    if engine.oxc > engine.oxa || engine.version_in == 0 || engine.obuf.is_null() {
        return None;
    }
    let class = (&raw mut engine.out).cast::<*const br::br_sslrec_out_class>();
    let (mut start, mut end) = (5, engine.obuf_len);
    // SAFETY: every arm of the union starts with the pointer to its table.
    let table = unsafe { *class };
    // SAFETY: BearSSL's tables are immutable.
    let table = unsafe { &*table };
    // SAFETY: the context is the one that the table belongs to.
    unsafe { (table.max_plaintext)(class, &mut start, &mut end) };
    if end < start + 2 {
        return None;
    }
    let place = engine.obuf.wrapping_add(start);
    // SAFETY: the two bytes are within the output buffer, as just checked.
    unsafe { place.cast::<[u8; 2]>().write([FATAL, description]) };
    let mut len = 2;
    // SAFETY: the context is the table's, and room for the overhead is around the two bytes.
    let record = unsafe {
        (table.encrypt)(
            class,
            ALERT,
            u32::from(br::BR_TLS12 as u16),
            place.cast(),
            &mut len,
        )
    };
    let offset = record as usize - engine.obuf as usize;
    Some((u16::try_from(offset).ok()?, u8::try_from(len).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_of_the_server_has_its_alert_and_an_alert_is_not_answered() {
        for code in -2000..1100 {
            let Some(error) = Error::from_code(code) else {
                continue;
            };
            let silent = matches!(
                error,
                Error::Network(_)
                    | Error::Peer(PeerError::AlertReceived(_) | PeerError::AlertSent(_))
            ) && error != Error::Network(NetworkError::Closed);
            assert_eq!(description(&error).is_none(), silent, "{error:?}");
        }
    }
}
