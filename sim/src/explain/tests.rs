use super::*;

fn first(text: &str) -> Answer {
    match lookup(text) {
        Found::Known(answers, _) => answers.into_iter().next().expect("an answer"),
        Found::Unknown(nearest) => panic!("{text} is unknown, near {nearest:?}"),
    }
}

fn is_complete(answer: &Answer) -> bool {
    let mut texts: Vec<_> = answer.causes.clone();
    texts.sort();
    texts.dedup();
    texts.len() == 3 && !answer.happened.is_empty() && !answer.remedy.is_empty()
}

#[test]
fn every_number_of_the_library_is_explained_with_three_causes() {
    let mut known = 0;
    for number in -2000..1000 {
        let answers = numbers::answers(number);
        if bearcub::Error::from_code(number).is_some() {
            known += 1;
            assert!(!answers.is_empty(), "{number}");
            assert!(matches!(lookup(&number.to_string()), Found::Known(..)));
        }
        for answer in answers {
            assert!(is_complete(&answer), "{answer:?}");
            assert!(
                !answer.causes[0].contains("newer than this program"),
                "{number}"
            );
            assert!(!answer.happened.contains("(byte 0)"), "{answer:?}");
        }
    }
    assert!(known > 600, "{known}");
}

#[test]
fn every_alert_and_line_is_explained_with_three_causes_and_found_by_its_own_words() {
    for name in alerts::names() {
        assert!(first(&name).title.contains(&name), "{name}");
    }
    for alert in 0..=255 {
        for answer in alerts::both(alert).unwrap_or_default() {
            assert!(is_complete(&answer), "{answer:?}");
        }
    }
    for topic in topics() {
        assert!(is_complete(&topic.answer()), "{}", topic.phrases[0]);
        for phrase in topic.phrases {
            assert_eq!(*phrase, normalised(phrase));
            let found = match lookup(phrase) {
                Found::Known(answers, _) => answers,
                Found::Unknown(_) => Vec::new(),
            };
            let is_alert = alerts::in_line(phrase).is_some();
            assert!(
                is_alert || found.iter().any(|one| one.happened == topic.happened),
                "{phrase}: {found:?}"
            );
        }
    }
}

#[test]
fn lines_from_the_guides_are_understood() {
    for (line, expected) in [
        (
            "1732: OpenSSL Error[0]: error:0A000418:SSL routines::tlsv1 alert unknown ca",
            "alert 48 (unknown_ca)",
        ),
        (
            "error:14094410:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure",
            "alert 40 (handshake_failure)",
        ),
        (
            "OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed",
            "certificate verify failed",
        ),
        (
            "OpenSSL Error[0]: error:0A00045C:SSL routines::reason(1116)",
            "alert 116 (certificate_required)",
        ),
        (
            "OpenSSL Error[0]: error:0A0000C7:SSL routines::",
            "peer did not return a certificate",
        ),
        (
            "Connection Refused: not authorised.",
            "connection refused not authorised",
        ),
        (
            "Connection error: Connection Refused: not authorised.",
            "connection refused not authorised",
        ),
        (
            "Client sensor-7 disconnected: Protocol error.",
            "disconnected protocol error",
        ),
        (
            "verify error:num=20:unable to get local issuer certificate",
            "unable to get local issuer certificate",
        ),
        ("Verify return code: 21", "OpenSSL's verify error 21"),
        (
            "MQT: TLS connection error: 62",
            "62: BR_ERR_X509_NOT_TRUSTED",
        ),
        ("MQT: TLS connection error: 296", "296"),
        ("error -1004", "-1004"),
        (
            "MQT: Connect failed to 192.0.2.7:8883, rc 5. Retry in 10 sec",
            "MQTT return code 5",
        ),
        ("rc=-2", "MQTT return code -2"),
        ("alert 48", "alert 48 (unknown_ca) from the server"),
        ("SSL alert number 42", "alert 42"),
        ("BR_ERR_X509_EXPIRED", "54: BR_ERR_X509_EXPIRED"),
        ("tlsv1 unrecognized name", "alert 112"),
        ("SSL routines::wrong version number", "wrong version number"),
        (
            "Error: Problem setting TLS options: File not found.",
            "problem setting tls options",
        ),
        (
            "1700000000: Outgoing messages are being dropped for client plant-7.",
            "outgoing messages are being dropped",
        ),
        (
            "Error: Unknown configuration variable \"listner\".",
            "unknown configuration variable",
        ),
        (
            "1700000000: Starting in local only mode. Connections will only be possible from clients running on this machine.",
            "starting in local only mode",
        ),
        (
            "Denied PUBLISH from plant-7 (d0, q1, r0, m1, 'plant/8/temp', ... (4 bytes))",
            "denied publish",
        ),
        ("Verify return code: 0 (ok)", "status 0: ok"),
        (
            "Verify return code: 18 (self-signed certificate)",
            "(X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT)",
        ),
        (
            "X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
            "verify error 20 (",
        ),
        (
            "verify failed: permitted subtree violation",
            "verify error 47 (X509_V_ERR_PERMITTED_VIOLATION)",
        ),
        (
            "error 20 at 0 depth lookup: unable to get local issuer certificate",
            "verify error 20 (",
        ),
        ("write:errno=104", "connection reset by peer"),
        ("connect:errno=111", "connection refused"),
        (
            "mbedtls_ssl_handshake returned -0x2700",
            "MBEDTLS_ERR_X509_CERT_VERIFY_FAILED",
        ),
        ("-9984", "MBEDTLS_ERR_X509_CERT_VERIFY_FAILED"),
        ("E esp-tls: -0x7F00", "MBEDTLS_ERR_SSL_ALLOC_FAILED"),
        (
            "mbedtls_x509_crt_parse returned -0x21e2",
            "MBEDTLS_ERR_X509_INVALID_FORMAT",
        ),
        ("MBEDTLS_ERR_SSL_TIMEOUT", "-0x6800"),
        ("-0x7d00", "a number of mbedTLS"),
    ] {
        let answer = first(line);
        assert!(answer.title.contains(expected), "{line}: {}", answer.title);
    }
}

#[test]
fn every_status_of_openssl_is_known_by_number_name_and_text() {
    for (number, name, text, _) in statuses::ALL {
        let title = format!("OpenSSL's verify error {number} (X509_V_ERR_{name})");
        let by_number = first(&format!("verify error:num={number}"));
        assert!(by_number.title.starts_with(&title), "{}", by_number.title);
        assert!(is_complete(&by_number), "{number}");
        let by_name = first(&format!("error X509_V_ERR_{name}:"));
        assert_eq!(by_name, by_number);
        assert_eq!(text, normalised(text));
        // Those that are a TLS alert's, or everybody's words, are told as that first.
        let Found::Known(answers, _) = lookup(&format!("failed ({text})")) else {
            assert_eq!(number, 17, "{text}");
            continue;
        };
        let is_told = answers.iter().any(|one| one.happened == by_number.happened);
        assert!(is_told, "{number} {text}: {answers:?}");
    }
    assert!(matches!(lookup("verify error 95"), Found::Unknown(_)));
}

#[test]
fn numbers_of_mbedtls_are_told_by_their_module_at_least() {
    for number in 1..0x8000 {
        let answer = first(&format!("-0x{number:X}"));
        assert!(
            is_complete(&answer) && answer.title.contains("mbedTLS"),
            "{number:x}"
        );
    }
    for name in mbedtls::names() {
        assert!(first(&name).title.ends_with(&name), "{name}");
    }
    for text in ["-0x8000", "-0x", "-0x0", "-0xg"] {
        assert!(matches!(lookup(text), Found::Unknown(_)), "{text}");
    }
}

#[test]
fn numbers_that_projects_use_differently_have_both_meanings() {
    let titles = |text: &str| match lookup(text) {
        Found::Known(answers, also) => (answers.len(), also.len()),
        Found::Unknown(_) => (0, 0),
    };
    assert_eq!(
        titles("1"),
        (2, 2),
        "and OpenSSL's status, and MQTT's return code"
    );
    assert_eq!(titles("54"), (2, 1), "and OpenSSL's status");
    assert_eq!(titles("0").0, 1);
    let Found::Known(_, also) = lookup("48") else {
        panic!()
    };
    assert_eq!(
        also,
        [
            "bearcub explain alert 48",
            "bearcub explain verify error 48"
        ]
    );
}

#[test]
fn what_is_not_known_has_neighbours() {
    for (text, near) in [
        ("unknwon_ca", "unknown_ca"),
        ("handshake failur", "handshake_failure"),
    ] {
        let Found::Unknown(nearest) = lookup(text) else {
            panic!("{text}")
        };
        assert!(
            nearest
                .iter()
                .any(|name| name.replace('_', " ") == near.replace('_', " ")),
            "{nearest:?}"
        );
    }
    for text in [
        "12345",
        "",
        "   ",
        "::",
        "the cat sat",
        "é",
        "99999999999999",
    ] {
        assert!(matches!(lookup(text), Found::Unknown(_)), "{text}");
    }
}

#[test]
fn every_error_of_the_library_has_causes_of_its_own() {
    let mut known = 0;
    for number in -2400..=800 {
        if let Some(error) = bearcub::Error::from_code(number) {
            known += 1;
            assert_ne!(
                super::causes::of(&error),
                super::causes::UNKNOWN,
                "{number}"
            );
        }
    }
    assert!(known > 150, "{known}");
}
