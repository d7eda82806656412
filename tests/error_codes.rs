//! Every error has one number, one sentence and one explanation.

use std::collections::{HashMap, HashSet};

use bearcub::error::{
    CertificateError, ConfigError, Error, Fault, Input, Memory, MqttMisuse, MqttResource,
    MqttViolation, NetworkError, PeerError, ProtocolError, Refusal, ResourceError, Who,
};
use embedded_io::{Error as _, ErrorKind};

const MEMORIES: [Memory; 4] = [
    Memory::Input,
    Memory::Output,
    Memory::Scratch,
    Memory::Identity,
];

const INPUTS: [Input; 8] = [
    Input::Pem,
    Input::Certificate,
    Input::PrivateKey,
    Input::PublicKey,
    Input::Pin,
    Input::Session,
    Input::ServerName,
    Input::Sntp,
];

const FAULTS: [Fault; 8] = [
    Fault::Truncated,
    Fault::TrailingData,
    Fault::TooLong,
    Fault::Unexpected,
    Fault::Unsupported,
    Fault::OutOfRange,
    Fault::BufferTooSmall,
    Fault::OtherKind,
];

/// Every error there is, with payloads of zero.
fn all() -> Vec<Error> {
    let mut all: Vec<Error> = vec![
        ConfigError::NothingTrusted.into(),
        ConfigError::CipherSuites.into(),
        ConfigError::ChainLength.into(),
        ConfigError::MissingCertificate.into(),
        ConfigError::AnchorNotCa.into(),
        ConfigError::MissingPrivateKey.into(),
        ConfigError::KeyMismatch.into(),
        ConfigError::Alpn.into(),
        ConfigError::ClockNotSet.into(),
        ConfigError::ClockBeforeFloor.into(),
        ConfigError::ForeignSession.into(),
        ConfigError::BadState.into(),
        PeerError::FingerprintMismatch.into(),
        PeerError::FragmentLengthIgnored {
            agreed: 0,
            received: 0,
        }
        .into(),
        PeerError::RecordTooLarge {
            record: 0,
            buffer: 0,
        }
        .into(),
        PeerError::HandshakeTooLong.into(),
        NetworkError::Resolve.into(),
        NetworkError::Connect.into(),
        NetworkError::Timeout.into(),
        NetworkError::Transport(ErrorKind::Other).into(),
        NetworkError::Truncated.into(),
        NetworkError::Closed.into(),
        NetworkError::NoConnAck.into(),
        NetworkError::NoPingResp.into(),
        NetworkError::ClosedBeforeConnAck.into(),
        ResourceError::OutOfMemory.into(),
        ResourceError::NoEntropy.into(),
        ResourceError::UnreadInput.into(),
    ];
    for memory in MEMORIES {
        all.push(
            ConfigError::MemoryTooSmall {
                memory,
                needed: 0,
                given: 0,
            }
            .into(),
        );
    }
    for input in INPUTS {
        for fault in FAULTS {
            all.push(
                ConfigError::Malformed {
                    input,
                    fault,
                    offset: 0,
                }
                .into(),
            );
        }
    }
    all.extend(ProtocolError::ALL.iter().map(|&error| Error::from(error)));
    all.extend(
        CertificateError::ALL
            .iter()
            .map(|&error| Error::from(error)),
    );
    all.extend(Refusal::ALL.iter().map(|&error| Error::from(error)));
    all.extend(MqttViolation::ALL.iter().map(|&error| Error::from(error)));
    all.extend(MqttMisuse::ALL.iter().map(|&error| Error::from(error)));
    all.extend(MqttResource::ALL.iter().map(|&error| Error::from(error)));
    for alert in 0..=255 {
        all.push(PeerError::AlertReceived(alert).into());
        all.push(PeerError::AlertSent(alert).into());
    }
    all
}

#[test]
fn every_number_leads_to_an_error_with_that_number_or_to_none() {
    let mut errors = HashSet::new();
    for code in -2500..=1100 {
        if let Some(error) = Error::from_code(code) {
            assert_eq!(error.code(), code, "{error:?}");
            errors.insert(code);
        }
    }
    let expected: HashSet<i32> = all().iter().map(Error::code).collect();
    assert_eq!(errors, expected);
    for code in [i32::MIN, -1_000_000, 1_000_000, i32::MAX] {
        assert_eq!(Error::from_code(code), None);
    }
}

#[test]
fn every_error_has_a_number_of_its_own_and_comes_back_from_it() {
    let mut seen = HashMap::new();
    for error in all() {
        if let Some(other) = seen.insert(error.code(), error) {
            panic!("{error:?} and {other:?} share the number {}", error.code());
        }
        assert_eq!(Error::from_code(error.code()), Some(error));
        assert_ne!(error.code(), 0);
        assert_ne!(error.code(), 32);
    }
}

#[test]
fn the_payload_is_no_part_of_the_number() {
    let with = Error::from(ConfigError::Malformed {
        input: Input::PrivateKey,
        fault: Fault::Truncated,
        offset: 99,
    });
    assert_eq!(with.code(), -1220);
    let kinds = [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe];
    for kind in kinds {
        assert_eq!(Error::from(NetworkError::Transport(kind)).code(), 31);
    }
}

/// FACTS.md section 2, which is what users find in forums.
#[test]
fn the_numbers_that_firmware_people_know_are_kept() {
    let known: &[(i32, Error)] = &[
        (-1000, ResourceError::OutOfMemory.into()),
        (-1001, NetworkError::Resolve.into()),
        (-1002, NetworkError::Connect.into()),
        (-1003, ConfigError::MissingPrivateKey.into()),
        (-1004, ConfigError::NothingTrusted.into()),
        (-1005, NetworkError::Timeout.into()),
        (1, PeerError::FingerprintMismatch.into()),
        (296, PeerError::AlertReceived(40).into()),
        (304, PeerError::AlertReceived(48).into()),
        (366, PeerError::AlertReceived(110).into()),
        (552, PeerError::AlertSent(40).into()),
    ];
    for (code, error) in known {
        assert_eq!(error.code(), *code);
    }
}

/// Every `BR_ERR_*` of bearssl_ssl.h and bearssl_x509.h but the two for success and the two bases.
const ENGINE: &[(i32, &str)] = &[
    (1, "BAD_PARAM"),
    (2, "BAD_STATE"),
    (3, "UNSUPPORTED_VERSION"),
    (4, "BAD_VERSION"),
    (5, "BAD_LENGTH"),
    (6, "TOO_LARGE"),
    (7, "BAD_MAC"),
    (8, "NO_RANDOM"),
    (9, "UNKNOWN_TYPE"),
    (10, "UNEXPECTED"),
    (12, "BAD_CCS"),
    (13, "BAD_ALERT"),
    (14, "BAD_HANDSHAKE"),
    (15, "OVERSIZED_ID"),
    (16, "BAD_CIPHER_SUITE"),
    (17, "BAD_COMPRESSION"),
    (18, "BAD_FRAGLEN"),
    (19, "BAD_SECRENEG"),
    (20, "EXTRA_EXTENSION"),
    (21, "BAD_SNI"),
    (22, "BAD_HELLO_DONE"),
    (23, "LIMIT_EXCEEDED"),
    (24, "BAD_FINISHED"),
    (25, "RESUME_MISMATCH"),
    (26, "INVALID_ALGORITHM"),
    (27, "BAD_SIGNATURE"),
    (28, "WRONG_KEY_USAGE"),
    (29, "NO_CLIENT_AUTH"),
    (31, "IO"),
    (33, "X509_INVALID_VALUE"),
    (34, "X509_TRUNCATED"),
    (35, "X509_EMPTY_CHAIN"),
    (36, "X509_INNER_TRUNC"),
    (37, "X509_BAD_TAG_CLASS"),
    (38, "X509_BAD_TAG_VALUE"),
    (39, "X509_INDEFINITE_LENGTH"),
    (40, "X509_EXTRA_ELEMENT"),
    (41, "X509_UNEXPECTED"),
    (42, "X509_NOT_CONSTRUCTED"),
    (43, "X509_NOT_PRIMITIVE"),
    (44, "X509_PARTIAL_BYTE"),
    (45, "X509_BAD_BOOLEAN"),
    (46, "X509_OVERFLOW"),
    (47, "X509_BAD_DN"),
    (48, "X509_BAD_TIME"),
    (49, "X509_UNSUPPORTED"),
    (50, "X509_LIMIT_EXCEEDED"),
    (51, "X509_WRONG_KEY_TYPE"),
    (52, "X509_BAD_SIGNATURE"),
    (53, "X509_TIME_UNKNOWN"),
    (54, "X509_EXPIRED"),
    (55, "X509_DN_MISMATCH"),
    (56, "X509_BAD_SERVER_NAME"),
    (57, "X509_CRITICAL_EXTENSION"),
    (58, "X509_NOT_CA"),
    (59, "X509_FORBIDDEN_KEY_USAGE"),
    (60, "X509_WEAK_PUBLIC_KEY"),
    (62, "X509_NOT_TRUSTED"),
];

#[test]
fn every_number_of_the_engine_keeps_its_number_but_one() {
    for &(code, name) in ENGINE {
        let error = Error::from_engine(code);
        assert_ne!(error, ProtocolError::Unknown.into(), "{name}");
        let expected = if code == 1 { -1300 } else { code };
        assert_eq!(error.code(), expected, "{name}");
    }
    for alert in 0..=255u8 {
        assert_eq!(
            Error::from_engine(256 + i32::from(alert)),
            PeerError::AlertReceived(alert).into()
        );
        assert_eq!(
            Error::from_engine(512 + i32::from(alert)),
            PeerError::AlertSent(alert).into()
        );
    }
}

#[test]
fn what_the_engine_never_reports_is_unknown() {
    let known: HashSet<i32> = ENGINE.iter().map(|(code, _)| *code).collect();
    for code in (-2500..256).chain(768..1100).chain([i32::MIN, i32::MAX]) {
        if !known.contains(&code) {
            assert_eq!(
                Error::from_engine(code),
                ProtocolError::Unknown.into(),
                "{code}"
            );
        }
    }
}

#[test]
fn each_error_says_something_else_in_one_sentence() {
    let mut seen = HashMap::new();
    for error in all() {
        let sentence = error.to_string();
        assert!(sentence.len() > 15, "{error:?}: {sentence}");
        assert!(!sentence.ends_with('.') && !sentence.contains('\n'));
        if let Some(other) = seen.insert(sentence.clone(), error) {
            panic!("{error:?} and {other:?} both say: {sentence}");
        }
    }
}

#[test]
fn sizes_offsets_and_alert_names_are_said() {
    let says = |error: Error, parts: &[&str]| {
        let sentence = error.to_string();
        for part in parts {
            assert!(sentence.contains(part), "{sentence}");
        }
    };
    says(
        ConfigError::MemoryTooSmall {
            memory: Memory::Scratch,
            needed: 1234,
            given: 567,
        }
        .into(),
        &["1234", "567"],
    );
    says(
        PeerError::RecordTooLarge {
            record: 4321,
            buffer: 1024,
        }
        .into(),
        &["4321", "1024"],
    );
    says(
        PeerError::FragmentLengthIgnored {
            agreed: 512,
            received: 2048,
        }
        .into(),
        &["512", "2048"],
    );
    says(
        ConfigError::Malformed {
            input: Input::Certificate,
            fault: Fault::Truncated,
            offset: 77,
        }
        .into(),
        &["certificate", "early", "77"],
    );
    says(
        PeerError::AlertReceived(48).into(),
        &["server", "48", "unknown_ca"],
    );
    says(
        PeerError::AlertSent(42).into(),
        &["this side", "42", "bad_certificate"],
    );
    says(PeerError::AlertReceived(200).into(), &["200"]);
    says(
        NetworkError::Transport(ErrorKind::ConnectionReset).into(),
        &["ConnectionReset"],
    );
}

#[test]
fn each_error_explains_itself_in_whole_sentences() {
    for error in all() {
        let explanation = error.explain();
        for text in [explanation.cause, explanation.remedy] {
            assert!(text.len() > 20, "{error:?}: {text}");
            assert!(text.ends_with('.'), "{error:?}: {text}");
            assert!(!text.contains("  "), "{error:?}: {text}");
            let first = text.chars().next().unwrap();
            assert!(first.is_uppercase(), "{error:?}: {text}");
        }
        assert_ne!(explanation.cause, explanation.remedy);
    }
}

/// The encoding faults of certificates share one explanation on purpose; apart from them, no two errors without
/// payload do.
#[test]
fn explanations_are_specific() {
    let encoding = 36..=44;
    let mut seen = HashMap::new();
    for error in all() {
        let code = error.code();
        if encoding.contains(&code) || (256..768).contains(&code) {
            continue;
        }
        let explanation = error.explain();
        if let Some(other) = seen.insert((explanation.cause, explanation.remedy), error) {
            panic!("{error:?} and {other:?} are explained alike");
        }
    }
    let alerts: HashSet<&str> = (0..=255)
        .map(|alert| Error::from(PeerError::AlertReceived(alert)).explain().cause)
        .collect();
    assert!(alerts.len() >= 20);
}

#[test]
fn who_must_act_follows_the_sort() {
    assert_eq!(Error::from(ConfigError::Alpn).who(), Who::Program);
    assert_eq!(Error::from(CertificateError::Expired).who(), Who::Server);
    assert_eq!(Error::from(NetworkError::Timeout).who(), Who::Network);
    assert_eq!(Error::from(ResourceError::NoEntropy).who(), Who::Device);
}

#[test]
fn generic_transports_see_a_kind() {
    let reset = NetworkError::Transport(ErrorKind::ConnectionReset);
    assert_eq!(Error::from(reset).kind(), ErrorKind::ConnectionReset);
    assert_eq!(
        Error::from(NetworkError::Timeout).kind(),
        ErrorKind::TimedOut
    );
    assert_eq!(
        Error::from(CertificateError::Expired).kind(),
        ErrorKind::PermissionDenied
    );
    fn is_error<E: std::error::Error>() {}
    is_error::<Error>();
    is_error::<ConfigError>();
    is_error::<PeerError>();
    is_error::<NetworkError>();
    is_error::<ResourceError>();
}
