use super::*;

fn accepted(chain: &Chain) {
    for root in &chain.roots {
        chain.verify_with_openssl(root, NOW).unwrap();
    }
}

#[test]
fn simple_chains_verify_for_every_strong_key() {
    for kind in [
        KeyKind::Rsa2048,
        KeyKind::Rsa4096,
        KeyKind::P256,
        KeyKind::P384,
    ] {
        let chain = simple(kind);
        for host in ["localhost", "broker.test", "a.wild.test", "127.0.0.1"] {
            accepted(&Chain {
                host: host.to_owned(),
                ..(*chain).clone()
            });
        }
    }
}

#[test]
fn the_weak_key_is_refused_for_its_weakness_only() {
    let chain = simple(KeyKind::Rsa1024);
    let error = chain
        .verify_with_openssl(chain.root(), NOW)
        .unwrap_err()
        .to_string();
    assert!(error.contains("key too weak"), "{error}");
}

#[test]
fn the_aws_chain_verifies_with_each_of_its_roots() {
    let chain = aws();
    assert_eq!((chain.certificates.len(), chain.roots.len()), (4, 3));
    accepted(&chain);
    // Four RSA-2048 certificates with the extensions of a public authority.
    assert!(
        (4_300..5_300).contains(&chain.message_len()),
        "{}",
        chain.message_len()
    );
}

#[test]
fn the_letsencrypt_chains_verify_with_each_of_their_roots() {
    let rsa = letsencrypt_rsa();
    assert_eq!((rsa.certificates.len(), rsa.roots.len()), (3, 2));
    accepted(&rsa);
    let ecdsa = letsencrypt_ecdsa();
    assert_eq!((ecdsa.certificates.len(), ecdsa.roots.len()), (4, 3));
    accepted(&ecdsa);
}

#[test]
fn private_servers_and_devices_verify_under_one_authority() {
    for kind in [KeyKind::P256, KeyKind::Rsa2048] {
        let (server, device) = (selfsigned(kind), device(kind));
        accepted(&server);
        accepted(&device);
        assert!(server.root() == device.root());
    }
}

#[test]
fn a_device_certificate_is_small() {
    let size = device(KeyKind::P256).leaf().len();
    assert!(size <= 800, "{size}");
}

#[test]
fn every_fault_is_refused_for_its_own_reason() {
    let mut wrong = Vec::new();
    for fault in Fault::ALL {
        let reason = match fault {
            // OpenSSL's command falls back to the common name; RFC 9525 forbids it.
            Fault::CommonNameOnly => {
                accepted(&faulty(fault, KeyKind::P256));
                continue;
            }
            Fault::Expired | Fault::ExpiredIntermediate => "has expired",
            Fault::NotYetValid => "not yet valid",
            Fault::WrongName
            | Fault::IpAddressOnly
            | Fault::WildcardTooDeep
            | Fault::WildcardApex => "hostname mismatch",
            Fault::UnknownAuthority | Fault::RenamedAuthority | Fault::MissingIntermediate => {
                "unable to get"
            }
            Fault::ImpostorAuthority
            | Fault::BadSignature
            | Fault::ForgedLeaf
            | Fault::ForgedIntermediate => "signature failure",
            Fault::IssuedByLeaf | Fault::IssuerWithoutBasicConstraints => "CA cert",
            Fault::PathLengthExceeded => "path length",
            Fault::MissingKeyCertSign => "does not include certificate signing",
            Fault::WeakKey => "key too weak",
            Fault::Sha1Signature => "too weak",
            Fault::ClientAuthOnly => "certificate purpose",
            Fault::UnknownCriticalExtension => "unhandled critical extension",
        };
        let chain = faulty(fault, KeyKind::P256);
        let answer = chain.verify_with_openssl(chain.root(), NOW);
        let error = answer.map_or_else(|error| error.to_string(), |()| "accepted".to_owned());
        if !error.contains(reason) {
            wrong.push(format!("{fault:?}: {error}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn faults_in_time_and_name_are_the_only_ones() {
    // Each of these chains is accepted once the one thing is put right.
    let at = |fault, time| {
        let chain = faulty(fault, KeyKind::P256);
        chain.verify_with_openssl(chain.root(), time).unwrap();
    };
    at(Fault::Expired, Time::utc(2025, 2, 1));
    at(Fault::ExpiredIntermediate, Time::utc(2025, 2, 1));
    at(Fault::NotYetValid, Time::utc(2034, 2, 1));
    let named = |fault, host: &str| {
        let chain = faulty(fault, KeyKind::P256);
        accepted(&Chain {
            host: host.to_owned(),
            ..(*chain).clone()
        });
    };
    named(Fault::WrongName, "other.test");
    named(Fault::WildcardTooDeep, "b.wild.test");
    named(Fault::IpAddressOnly, "127.0.0.1");
}

#[test]
fn the_validity_of_a_whole_shape_can_be_set() {
    let chain = Shape::Aws.build(Validity::days_from(Time::utc(2030, 1, 1), 60));
    chain
        .verify_with_openssl(chain.root(), Time::utc(2030, 2, 1))
        .unwrap();
    assert!(chain.verify_with_openssl(chain.root(), NOW).is_err());
}

#[test]
fn keys_come_in_the_encodings_that_firmware_asks_for() {
    let ec = KeyPair::shared(KeyKind::P256, "encodings");
    assert_eq!(ec.scalar().unwrap().len(), 32);
    assert_eq!((ec.public_key().len(), ec.public_key()[0]), (65, 4));
    assert!(
        ec.traditional_pem()
            .starts_with("-----BEGIN EC PRIVATE KEY-----\n")
    );
    assert!(ec.pkcs8_pem().starts_with("-----BEGIN PRIVATE KEY-----\n"));
    let again = KeyPair::from_pkcs8(KeyKind::P256, ec.pkcs8_der()).unwrap();
    assert_eq!(again.spki_der(), ec.spki_der());

    let rsa = KeyPair::shared(KeyKind::Rsa1024, "encodings");
    assert!(rsa.scalar().is_none());
    assert!(
        rsa.traditional_pem()
            .starts_with("-----BEGIN RSA PRIVATE KEY-----\n")
    );
    assert_eq!(rsa.sign(Hash::Sha256, b"message").len(), 128);
}
