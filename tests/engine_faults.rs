//! What is known to be wrong in BearSSL 0.6, seen from outside: the table in `sys/README.md` names each test here.

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use bearcub::Error;
use bearcub::error::{CertificateError, PeerError, ProtocolError};
use bearcub::tls::{self, Config, Context, Parts, Scratch, Storage, Suite};
use bearcub::trust::{Trust, TrustAnchor};
use bearcub_lab::pki::{AltName, Authority, Chain, KeyKind, KeyPair, Name, Template};
use bearcub_lab::server::{OpensslConfig, OpensslServer, Service};
use embedded_io::{Read, Write};
use support::replay::{Playback, QUESTION, Recorded};
use support::{Device, Seeded, clock};

#[path = "../sys/build/files.rs"]
mod files;

/// The text of a file of this repository.
fn text(path: impl AsRef<Path>) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

#[test]
fn the_parts_with_known_faults_are_not_compiled() {
    for part in [
        "skey_decoder",
        "sysrng",
        "pss",
        "m62",
        "m64",
        "ecdh",
        "prf_md5sha1",
    ] {
        let found = files::FILES.iter().find(|file| file.contains(part));
        assert_eq!(found, None);
    }
    let unique: BTreeSet<_> = files::FILES.iter().collect();
    assert_eq!(unique.len(), files::FILES.len());
}

/// All Rust files below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn the_modulus_of_a_private_key_is_never_computed() {
    let mut files = Vec::new();
    sources(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("src"),
        &mut files,
    );
    assert!(files.len() > 30, "{} files", files.len());
    for file in files {
        assert!(
            !text(&file).contains("compute_modulus"),
            "{}",
            file.display()
        );
    }
}

#[test]
fn no_suite_is_static_ecdh() {
    for id in (0xC001..=0xC005).chain(0xC00B..=0xC00F).chain([
        0xC025, 0xC026, 0xC029, 0xC02A, 0xC02D, 0xC02E, 0xC031, 0xC032,
    ]) {
        assert_eq!(Suite::name_of(id), None, "{id:#x}");
    }
}

#[test]
fn a_server_that_chooses_an_older_version_is_refused() {
    for version in [0x0300u16, 0x0301, 0x0302] {
        let [major, minor] = version.to_be_bytes();
        // ServerHello: the version, a random, no session, ECDHE_RSA_WITH_AES_128_GCM_SHA256, no compression,
        // renegotiation_info.
        let rest = [0, 0xC0, 0x2F, 0, 0, 5, 0xFF, 1, 0, 1, 0];
        let hello = [&[major, minor][..], &[7; 32], &rest].concat();
        let message = [&[2, 0, 0, hello.len() as u8][..], &hello].concat();
        let record = [&[22, major, minor, 0, message.len() as u8][..], &message].concat();
        let trust = Trust::learn();
        let mut storage = Box::new(Storage::<1024, 512>::new());
        let mut scratch = [0; Scratch::FINGERPRINTS];
        let got = tls::connect(
            Playback::new(&record, &[usize::MAX]),
            &mut *storage,
            &mut scratch,
            &Config::new("localhost", &trust),
            &mut Seeded(1),
        );
        let expected = PeerError::Protocol(ProtocolError::UnsupportedVersion);
        assert_eq!(got.err(), Some(expected.into()), "{version:#x}");
    }
}

/// Reads one byte of the answer, and closes; what the client sent after its question, and what was left of the server's bytes.
fn close_with_unread_data<'s>(
    recorded: &Recorded,
    config: &Config<'_>,
    parts: impl Into<Parts<'s>>,
) -> (usize, usize) {
    let mut scratch = [0; Scratch::FINGERPRINTS];
    let playback = Playback::new(&recorded.server, &[usize::MAX]);
    let mut rng = Seeded(recorded.seed);
    let mut stream = tls::connect(playback, parts, &mut scratch, config, &mut rng).unwrap();
    stream.write_all(QUESTION).unwrap();
    stream.flush().unwrap();
    let before = stream.transport().client.len();
    assert_eq!(stream.read(&mut [0]), Ok(1));
    assert!(!stream.connection().readable().is_empty());
    let transport = stream.close().unwrap();
    let left = transport.server.len() - transport.at;
    (transport.client.len() - before, left)
}

#[test]
fn a_connection_with_unread_data_can_be_closed() {
    let trust = Trust::learn();
    let config = Config::new("localhost", &trust);
    let recorded = Recorded::new(Recorded::rsa_chain(), &config);
    // close_notify is sent, and the server's is received.
    let orderly = (2 + 29, 0);
    let mut storage = Box::new(Storage::<1024, 512>::new());
    let got = close_with_unread_data(&recorded, &config, &mut *storage);
    assert_eq!(got, orderly);

    let mut context = Context::new();
    let mut buffer = [0u8; 1058];
    let parts = Parts::shared(&mut context, &mut buffer);
    assert_eq!(close_with_unread_data(&recorded, &config, parts), orderly);
}

/// Connects to `localhost` with CA validation; the server's certificate has this subject and these names.
fn verdict_on(subject: Name, alt_names: &[AltName]) -> Option<Error> {
    let key = |name| KeyPair::shared(KeyKind::P256, name);
    let root = Authority::root(
        &Template::authority(Name::cn("Root"), None),
        key("names root"),
    );
    let leaf = Template::server(subject, alt_names);
    let chain = Chain {
        certificates: vec![root.issue(&leaf, &key("names leaf"))],
        key: key("names leaf"),
        roots: vec![root.certificate],
        host: "localhost".to_owned(),
    };
    let config = OpensslConfig::new(&chain).service(Service::ReverseLines);
    let server = OpensslServer::start(&config).unwrap();
    let anchors = [TrustAnchor::from_certificate(chain.root()).unwrap()];
    let trust = Trust::anchors(&anchors, clock());
    let mut device: Device = Device::new();
    let config = Config::new(&chain.host, &trust);
    device.connect(server.addr(), &config).err()
}

#[test]
fn a_name_that_bearssl_cannot_read_is_no_reason_to_refuse_and_matches_nothing() {
    // 0.6 takes U+FDF0 to U+FEDF for no characters. A server name is ASCII, so such a name is never the right one.
    let arabic = "\u{FDF2}\u{FE8E}";
    let dns = |name: &str| AltName::Dns(name.to_owned());
    let plain = || Name::cn("localhost");
    let wrong: Option<Error> = Some(PeerError::Certificate(CertificateError::BadServerName).into());

    // Beside the right name it is passed over.
    let organized = Name::new().organization(arabic).common_name("localhost");
    assert_eq!(verdict_on(organized, &[]), None);
    assert_eq!(verdict_on(Name::cn(arabic), &[dns("localhost")]), None);
    assert_eq!(verdict_on(plain(), &[dns(arabic), dns("localhost")]), None);
    assert_eq!(verdict_on(plain(), &[dns("localhost"), dns(arabic)]), None);

    // The right name with such characters around it is another name.
    for other in [format!("localhost{arabic}"), format!("{arabic}localhost")] {
        assert_eq!(verdict_on(Name::cn(&other), &[]), wrong, "{other:?}");
        assert_eq!(verdict_on(plain(), &[dns(&other)]), wrong, "{other:?}");
    }
}

#[test]
fn a_byte_order_mark_is_skipped_before_a_name_and_nowhere_else() {
    // No authority may sign such a name: a dNSName is ASCII (RFC 5280 section 4.2.1.6).
    let wrong: Option<Error> = Some(PeerError::Certificate(CertificateError::BadServerName).into());
    for (name, expected) in [
        ("\u{FEFF}localhost", None),
        ("local\u{FEFF}host", wrong),
        ("localhost\u{FEFF}", wrong),
    ] {
        assert_eq!(verdict_on(Name::cn(name), &[]), expected, "{name:?}");
        let names = [AltName::Dns(name.to_owned())];
        assert_eq!(
            verdict_on(Name::cn("other.test"), &names),
            expected,
            "{name:?}"
        );
    }
}

#[test]
fn a_name_with_a_zero_byte_is_not_the_name_before_it() {
    let wrong: Option<Error> = Some(PeerError::Certificate(CertificateError::BadServerName).into());
    let name = "localhost\0.example.org";
    assert_eq!(verdict_on(Name::cn(name), &[]), wrong);
    let names = [AltName::Dns(name.to_owned())];
    assert_eq!(verdict_on(Name::cn("localhost"), &names), wrong);
}

/// What stands between backquotes.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// Checks a table of a document whose last of four columns names tests; says how many it names.
fn named_tests(document: &str, header: &str) -> usize {
    let page = text(document);
    let (_, table) = page.split_once(header).unwrap();
    let rows = table
        .lines()
        .skip(2)
        .take_while(|line| line.starts_with('|'));
    let mut named = 0;
    for row in rows {
        let cells: Vec<_> = row.trim_matches('|').split('|').collect();
        assert_eq!(cells.len(), 4, "{row}");
        let mut source = None;
        for word in quoted(cells[3]) {
            if word.ends_with(".rs") {
                source = Some(text(word));
            } else {
                let test = format!("#[test]\nfn {word}()");
                let source = source.as_ref().expect("a file before its tests");
                // A test in a module within the file is indented.
                let source = source.replace("\n    ", "\n");
                let in_a_property = format!("fn {word}(");
                let is_there = source.contains(&test)
                    || (source.contains("proptest!") && source.contains(&in_a_property));
                assert!(is_there, "{document}: {word}");
                named += 1;
            }
        }
    }
    named
}

#[test]
fn every_test_that_a_table_names_exists() {
    let engine = named_tests("sys/README.md", "\n| What | Compiled in |");
    assert!(engine > 15, "{engine} tests");
    let clients = named_tests("docs/security.md", "\n| Failure | Where it was |");
    assert!(clients > 40, "{clients} tests");
}
