//! `bearcub anchors`: what is chosen and written, and what is refused.

mod common;

use std::path::Path;

use bearcub_lab::pki::{self, Chain, KeyKind, certificates_pem};
use bearcub_lab::server::{Mosquitto, MosquittoConfig, OpensslConfig, OpensslServer};
use common::{bearcub, bearcub_with, openssl, refused, text};
use tempfile::TempDir;

struct Bench(TempDir);

impl Bench {
    fn new() -> Bench {
        Bench(tempfile::tempdir().unwrap())
    }

    fn at(&self, name: &str) -> String {
        text(&self.0.path().join(name)).to_owned()
    }

    fn write(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        std::fs::write(self.at(name), content).unwrap();
        self.at(name)
    }
}

/// All the roots that the lab has.
fn store() -> String {
    let chains = [
        pki::aws(),
        pki::letsencrypt_rsa(),
        pki::letsencrypt_ecdsa(),
        pki::simple(KeyKind::P256),
        pki::selfsigned(KeyKind::Rsa2048),
    ];
    chains.iter().map(|chain| chain.roots_pem()).collect()
}

fn served(chain: &Chain) -> OpensslServer {
    OpensslServer::start(&OpensslConfig::new(chain)).unwrap()
}

#[test]
fn the_smallest_that_suffices_is_found_in_the_systems_store() {
    let bench = Bench::new();
    let bundle = bench.write("bundle.pem", store());
    for (chain, expected) in [
        (pki::letsencrypt_ecdsa(), "Root YE"),
        (pki::letsencrypt_rsa(), "Root YR"),
        (pki::aws(), "Amazon Root CA 1"),
    ] {
        let server = served(&chain);
        let address = server.addr().to_string();
        let arguments = ["anchors", "--for", &address, "--server-name", &chain.host];
        let arguments = [
            &arguments[..],
            &["--time", "2026-06-01T12:00:00Z", "--json"],
        ]
        .concat();
        let ran = bearcub_with(
            &arguments,
            &[("SSL_CERT_FILE", &bundle), ("SSL_CERT_DIR", "")],
            b"",
        );
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let json = ran.json();
        let anchors = json["anchors"].as_array().unwrap();
        assert_eq!(anchors.len(), 1, "{json}");
        let subject = anchors[0]["subject"].as_str().unwrap();
        assert!(
            subject.contains(expected),
            "{subject}, not {expected}: {json}"
        );
        assert_eq!(json["servers"][0]["validated"], true);
        // openssl agrees that it is enough.
        let numbers = chain
            .roots
            .iter()
            .filter(|root| chain.verify_with_openssl(root, pki::NOW).is_ok());
        let sufficient = json["servers"][0]["sufficient"].as_array().unwrap().len();
        assert!(sufficient >= 1 && sufficient <= numbers.count(), "{json}");
    }
}

#[test]
fn one_set_serves_several_servers() {
    let bench = Bench::new();
    let bundle = bench.write("bundle.pem", store());
    let first = Mosquitto::start(&MosquittoConfig::tls(&pki::simple(KeyKind::P256))).unwrap();
    let second = served(&pki::selfsigned(KeyKind::Rsa2048));
    let third = served(&pki::simple(KeyKind::P256));
    let addresses = [first.addr(), second.addr(), third.addr()];
    let addresses = addresses.map(|address| format!("localhost:{}", address.port()));
    let mut arguments = vec!["anchors", &bundle, "--json"];
    for address in &addresses {
        arguments.extend(["--for", address]);
    }
    let ran = bearcub(&arguments);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert_eq!(ran.json()["anchors"].as_array().unwrap().len(), 2);
}

#[test]
fn a_server_that_wants_a_client_certificate_is_validated_all_the_same() {
    let bench = Bench::new();
    let (server, device) = (pki::selfsigned(KeyKind::P256), pki::device(KeyKind::P256));
    let config = OpensslConfig::new(&server).require_certificate(device.root());
    let process = OpensslServer::start(&config).unwrap();
    let address = format!("localhost:{}", process.addr().port());
    let ca = bench.write("ca.pem", server.root_pem());
    let ran = bearcub(&["anchors", &ca, "--for", &address]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(
        ran.stdout.contains("Validated: the chain of localhost"),
        "{}",
        ran.stdout
    );
}

#[test]
fn no_authority_that_suffices_has_its_own_exit_status() {
    let bench = Bench::new();
    let chain = pki::simple(KeyKind::P256);
    let server = served(&chain);
    let address = format!("localhost:{}", server.addr().port());
    let out = bench.at("anchors.rs");
    let fails = |arguments: &[&str], expected: &str| {
        let arguments = [&["anchors", "--for", &address, "--out", &out], arguments].concat();
        let ran = bearcub(&arguments);
        assert_eq!((ran.status, ran.stdout.as_str()), (3, ""), "{}", ran.stderr);
        assert!(
            ran.stderr.contains(&address) && ran.stderr.contains(expected),
            "{}",
            ran.stderr
        );
        assert!(!Path::new(&out).exists());
    };
    let other = bench.write("other.pem", pki::aws().roots_pem());
    fails(&[&other], "CN=Lab Root");
    let right = bench.write("right.pem", chain.root_pem());
    fails(&[&right, "--time", "2099-01-01T00:00:00Z"], "error 54");
    fails(&[&right, "--server-name", "other.test"], "error 56");
    // An authority of the same name with another key.
    let name = pki::Name::new()
        .organization("Bearcub (lab)")
        .common_name("Lab Root");
    let key = std::sync::Arc::new(pki::KeyPair::generate(KeyKind::P256));
    let forged = pki::Authority::root(&pki::Template::authority(name, None), key);
    let forged = certificates_pem(&[forged.certificate]);
    let forged = bench.write("forged.pem", forged);
    fails(&[&forged], "refused though an anchor fits its name");
}

#[test]
fn a_chain_in_a_file_is_validated_with_what_is_written() {
    let bench = Bench::new();
    for chain in [pki::letsencrypt_ecdsa(), pki::letsencrypt_rsa(), pki::aws()] {
        let file = bench.write("chain.pem", chain.chain_pem());
        let roots = bench.write("roots.pem", chain.root_pem());
        let at = ["--time", "2026-06-01T12:00:00Z"];
        let arguments = [
            "anchors",
            &roots,
            "--chain",
            &file,
            "--server-name",
            &chain.host,
        ];
        let ran = bearcub(&[&arguments[..], &at].concat());
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        assert!(ran.stdout.contains("Validated:"), "{}", ran.stdout);
        let wrong = [
            "anchors",
            &roots,
            "--chain",
            &file,
            "--server-name",
            "other.test",
        ];
        let ran = bearcub(&[&wrong[..], &at].concat());
        assert_eq!((ran.status, ran.stdout.as_str()), (3, ""), "{}", ran.stderr);
        assert!(
            ran.stderr.contains("chain.pem") && ran.stderr.contains("other.test"),
            "{}",
            ran.stderr
        );
        let foreign = bench.write("foreign.pem", pki::simple(KeyKind::P256).root_pem());
        let out = bench.at("out.rs");
        let ran = bearcub(&["anchors", &foreign, "--chain", &file, "--out", &out]);
        assert_eq!(ran.status, 3, "{}", ran.stderr);
        assert!(!Path::new(&out).exists());
    }
    let key = bench.write("key.pem", pki::simple(KeyKind::P256).key_pem());
    let roots = bench.at("roots.pem");
    assert!(refused(&["anchors", &roots, "--chain", &key]).contains("no certificate"));
}

#[test]
fn servers_that_cannot_be_asked_leave_no_file() {
    let bench = Bench::new();
    let ca = bench.write("ca.pem", pki::simple(KeyKind::P256).root_pem());
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = listener.local_addr().unwrap().to_string();
    let out = bench.at("anchors.rs");
    for address in [silent.as_str(), "127.0.0.1:1"] {
        let arguments = [
            "anchors",
            &ca,
            "--for",
            address,
            "--timeout",
            "0.3",
            "--out",
            &out,
        ];
        let ran = bearcub(&arguments);
        assert_eq!(ran.status, 1, "{}", ran.stderr);
        assert!(
            ran.stderr.contains(address) && ran.stderr.contains("error -100"),
            "{}",
            ran.stderr
        );
        assert!(!Path::new(&out).exists());
    }
}

#[test]
fn what_each_costs_and_when_it_ends_is_told() {
    let bench = Bench::new();
    let chain = pki::letsencrypt_ecdsa();
    let bundle = bench.write("bundle.pem", certificates_pem(&chain.roots));
    let ran = bearcub(&["anchors", &bundle, "--json", "--subject", "x2"]);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let anchor = ran.json()["anchors"][0].clone();
    let der = &chain.roots[0];
    let read = bearcub::trust::TrustAnchor::from_certificate(der).unwrap();
    assert_eq!(anchor["bytes"], 28 + read.subject.len() + 97);
    let openssl_says = openssl(&[
        "x509", "-in", &bundle, "-noout", "-enddate", "-dateopt", "iso_8601",
    ]);
    let openssl_says = String::from_utf8(openssl_says).unwrap();
    let date = anchor["not_after"].as_str().unwrap();
    assert!(openssl_says.contains(&date[..10]), "{openssl_says} {date}");
    let warned = bearcub(&["anchors", &bundle, "--warn-days", "100000"]);
    assert!(warned.stdout.contains("ends in"), "{}", warned.stdout);
    let late = bearcub(&["anchors", &bundle, "--time", "2199-01-01T00:00:00Z"]);
    assert!(late.stdout.contains("ended on"), "{}", late.stdout);
    let intermediate = bench.write("i.pem", certificates_pem(&chain.certificates[1..2]));
    let ran = bearcub(&["anchors", &intermediate]);
    assert!(ran.stdout.contains("is an intermediate"), "{}", ran.stdout);
}

#[test]
fn the_same_authority_twice_is_one_anchor() {
    let bench = Bench::new();
    let chain = pki::letsencrypt_ecdsa();
    // A root and its cross-signed certificate.
    let both = [chain.certificates[3].clone(), chain.roots[0].clone()];
    let ran = bearcub(&[
        "anchors",
        &bench.write("both.pem", certificates_pem(&both)),
        "--json",
    ]);
    let anchors = ran.json()["anchors"].clone();
    assert_eq!(
        (anchors.as_array().unwrap().len(), &anchors[0]["is_root"]),
        (1, &true.into())
    );
}

#[test]
fn files_that_are_no_authorities_are_named() {
    let bench = Bench::new();
    let chain = pki::simple(KeyKind::P256);
    let files = chain.write_to(bench.0.path(), "").unwrap();
    let says = |path: &str, expected: &str| {
        let said = refused(&["anchors", path, "--out", &bench.at("out.rs")]);
        assert!(said.contains(path) && said.contains(expected), "{said}");
        assert!(!Path::new(&bench.at("out.rs")).exists());
    };
    says(text(&files.leaf), "error -1119");
    says(text(&files.key), "is a private key");
    says(&bench.write("empty", ""), "empty");
    let pem = chain.root_pem();
    says(&bench.write("cut.pem", &pem[..pem.len() - 40]), "cut short");
    let mixed = bench.write("mixed.pem", format!("{}{pem}", chain.leaf_pem()));
    let ran = bearcub(&["anchors", &mixed]);
    assert_eq!(ran.status, 0);
    assert!(
        ran.stderr.contains("left out:") && ran.stderr.contains("certificate 1"),
        "{}",
        ran.stderr
    );
    assert!(refused(&["anchors"]).contains("--for HOST:PORT"));
    let roots = text(&files.roots).to_owned();
    assert!(refused(&["anchors", &roots, "--subject", "nobody"]).contains("nobody"));
    assert!(refused(&["anchors", &roots, "--name", "x; evil"]).contains("capital letters"));
    let mine = bench.write("mine.rs", "mine");
    assert!(refused(&["anchors", &roots, "--out", &mine]).contains("--force"));
    assert_eq!(std::fs::read_to_string(&mine).unwrap(), "mine");
    let missing = bench.at("missing.pem");
    let ran = bearcub_with(
        &["anchors", "--system"],
        &[("SSL_CERT_FILE", &missing), ("SSL_CERT_DIR", "")],
        b"",
    );
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("the system's store"), "{}", ran.stderr);
}

#[test]
fn why_a_chain_in_a_file_is_refused_is_told_in_words_with_a_remedy() {
    let (bench, chain) = (Bench::new(), pki::simple(KeyKind::P256));
    let file = bench.write("chain.pem", chain.chain_pem());
    let own = bench.write("own.pem", chain.root_pem());
    let other = bench.write("other.pem", pki::simple(KeyKind::Rsa2048).root_pem());
    let nameless = bench.write("nameless.pem", chain.root_pem());
    for (roots, chain, time, words) in [
        (&other, &file, "2026-06-01T12:00:00Z", "error 62: "),
        (&own, &file, "2060-06-01T12:00:00Z", "error 54: "),
        (&own, &file, "2001-06-01T12:00:00Z", "error -1310: "),
        (&own, &nameless, "2026-06-01T12:00:00Z", "has no name that"),
    ] {
        let ran = bearcub(&["anchors", roots, "--chain", chain, "--time", time]);
        assert_eq!((ran.status, ran.stdout.as_str()), (3, ""), "{}", ran.stderr);
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
        let has_remedy = ran.stderr.contains("remedy: ") || ran.stderr.contains("subjectAltName");
        assert!(has_remedy, "{}", ran.stderr);
    }
}

/// As the library does: whoever is trusted may be the server, too.
#[test]
fn a_self_signed_certificate_that_is_trusted_itself_is_accepted() {
    let bench = Bench::new();
    for (name, is_authority) in [("authority", true), ("server", false)] {
        let (key, cert) = (bench.at("key.pem"), bench.at(&format!("{name}.pem")));
        let constraint = format!(
            "basicConstraints=critical,CA:{}",
            if is_authority { "TRUE" } else { "FALSE" }
        );
        openssl(&[
            "req",
            "-x509",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            &key,
            "-out",
            &cert,
            "-days",
            "30",
            "-subj",
            "/CN=broker.test",
            "-addext",
            "subjectAltName=DNS:broker.test",
            "-addext",
            &constraint,
        ]);
        let out = bench.at(&format!("{name}.rs"));
        let ran = bearcub(&["anchors", &cert, "--chain", &cert, "--out", &out]);
        if is_authority {
            assert_eq!(ran.status, 0, "{}", ran.stderr);
            assert!(ran.stdout.contains("Validated:") && Path::new(&out).exists());
            let other = ["--server-name", "other.test"];
            let ran = bearcub(&[&["anchors", &cert, "--chain", &cert], &other[..]].concat());
            assert_eq!(ran.status, 3);
            assert!(ran.stderr.contains("error 56"), "{}", ran.stderr);
        } else {
            // Nor does the library take that for an authority: its key is what to trust.
            assert_eq!(ran.status, 2);
            assert!(ran.stderr.contains("error -1119") && ran.stderr.contains("pin"));
        }
    }
}
