//! `bearcub identity`: what is written, compared with openssl, and everything that is refused.

mod common;

use std::path::Path;

use base64ct::{Base64, Encoding};
use bearcub::identity::{EcKey, FlashImage, Identity, Pairing, PrivateKey};
use bearcub_lab::pki::{self, Chain, KeyKind};
use common::{bearcub, bearcub_on_terminal, bearcub_with, openssl, refused, text};
use tempfile::TempDir;

struct Bench {
    folder: TempDir,
    cert: String,
    key: String,
}

impl Bench {
    fn new(chain: &Chain) -> Bench {
        let folder = tempfile::tempdir().unwrap();
        let files = chain.write_to(folder.path(), "device-").unwrap();
        Bench {
            cert: text(&files.chain).to_owned(),
            key: text(&files.key).to_owned(),
            folder,
        }
    }

    fn at(&self, name: &str) -> String {
        text(&self.folder.path().join(name)).to_owned()
    }

    fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join(name)).unwrap()
    }

    fn arguments<'a>(&'a self, further: &[&'a str]) -> Vec<&'a str> {
        [
            &["identity", "--cert", &self.cert, "--key", &self.key],
            further,
        ]
        .concat()
    }

    fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }
}

fn mode(path: &str) -> u32 {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

#[test]
fn der_files_are_those_of_openssl_and_the_key_is_for_its_owner_alone() {
    for kind in [KeyKind::P256, KeyKind::Rsa2048] {
        let chain = pki::device(kind);
        let bench = Bench::new(&chain);
        let stem = bench.at("out");
        let ran = bearcub(&bench.arguments(&["--der", &stem]));
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let cert = openssl(&["x509", "-in", &bench.cert, "-outform", "DER"]);
        assert_eq!(bench.read("out-cert.der"), cert);
        let command = if kind.is_rsa() { "rsa" } else { "ec" };
        let mut arguments = vec![command, "-in", &bench.key, "-outform", "DER"];
        if kind.is_rsa() {
            arguments.push("-traditional");
        }
        assert_eq!(bench.read("out-key.der"), openssl(&arguments));
        assert_eq!(mode(&bench.at("out-key.der")), 0o600);
        assert_eq!(mode(&bench.at("out-cert.der")), 0o644);
    }
}

#[test]
fn every_form_of_the_key_gives_the_same_files() {
    let chain = pki::device(KeyKind::P256);
    let bench = Bench::new(&chain);
    let write = |name: &str, content: &[u8]| {
        std::fs::write(bench.at(name), content).unwrap();
        bench.at(name)
    };
    let locked = bench.at("locked.pem");
    openssl(&[
        "pkey",
        "-in",
        &bench.key,
        "-aes256",
        "-passout",
        "pass:s3cret",
        "-out",
        &locked,
    ]);
    let forms = [
        bench.key.clone(),
        write("a.der", chain.key.pkcs8_der()),
        write("b.pem", chain.key.traditional_pem().as_bytes()),
        write("c.der", chain.key.traditional_der()),
        locked,
        write(
            "both.pem",
            format!("{}{}", chain.leaf_pem(), chain.key_pem()).as_bytes(),
        ),
    ];
    let der = write("cert.der", chain.leaf());
    let mut images = Vec::new();
    for key in &forms {
        let arguments = [
            "identity",
            "--cert",
            &der,
            "--key",
            key,
            "--image",
            "-",
            "--passphrase-env",
            "PASS",
        ];
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_bearcub"));
        let output = command
            .args(arguments)
            .env("PASS", "s3cret")
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{key}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        images.push(output.stdout);
    }
    images.dedup();
    assert_eq!(images.len(), 1);
    let both = bench.at("both.pem");
    let ran = bearcub(&["identity", "--cert", &both]);
    assert_eq!(
        ran.status, 0,
        "the key beside the certificate: {}",
        ran.stderr
    );
}

#[test]
fn the_image_is_an_identity_for_firmware_that_reads_words() {
    for kind in [KeyKind::P256, KeyKind::Rsa2048] {
        let bench = Bench::new(&pki::device(kind));
        let ran = bearcub(&bench.arguments(&["--image", &bench.at("flash.bin"), "--json"]));
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let image = bench.read("flash.bin");
        assert_eq!(ran.json()["bytes"]["image"], image.len());
        assert_eq!(mode(&bench.at("flash.bin")), 0o600);
        let word = |index: usize| u32::from_le_bytes(image[4 * index..][..4].try_into().unwrap());
        let stored = FlashImage::open(word, image.len()).unwrap();
        let identity = Identity::<PrivateKey>::stored(&stored).unwrap();
        assert_eq!(identity.check(&mut [0; 4096]), Ok(Pairing::Matches));
    }
}

#[test]
fn tasmotas_lines_hold_the_scalar_and_the_certificate() {
    let chain = pki::device(KeyKind::P256);
    let bench = Bench::new(&chain);
    let ran = bearcub(&bench.arguments(&["--tasmota", "-"]));
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let lines: Vec<_> = ran.stdout.lines().collect();
    let [key, cert] = lines[..] else {
        panic!("{lines:?}")
    };
    let key = Base64::decode_vec(key.strip_prefix("TLSKey1 ").unwrap()).unwrap();
    assert_eq!(Some(&key[..]), chain.key.scalar());
    assert!(EcKey::from_scalar(&key).is_ok());
    let cert = Base64::decode_vec(cert.strip_prefix("TLSKey2 ").unwrap()).unwrap();
    assert_eq!(cert, chain.leaf());
    let rsa = Bench::new(&pki::device(KeyKind::Rsa2048));
    assert!(refused(&rsa.arguments(&["--tasmota", "-"])).contains("P-256 only"));
}

#[test]
fn a_terminal_is_not_shown_a_private_key_unless_told() {
    let bench = Bench::new(&pki::device(KeyKind::P256));
    let (status, shown) = bearcub_on_terminal(&bench.arguments(&["--tasmota", "-"]), &[]);
    assert_eq!(status, 2, "{shown}");
    assert!(
        shown.contains("--print-private-key") && !shown.contains("TLSKey"),
        "{shown}"
    );
    let arguments = bench.arguments(&["--tasmota", "-", "--print-private-key"]);
    let (status, shown) = bearcub_on_terminal(&arguments, &[]);
    assert!(status == 0 && shown.contains("TLSKey1 "), "{shown}");
    let (_, shown) = bearcub_on_terminal(&bench.arguments(&[]), &[]);
    assert!(
        shown.contains("\u{1b}[") && shown.contains("belong together"),
        "{shown}"
    );
    let (_, shown) = bearcub_on_terminal(&bench.arguments(&[]), &[("NO_COLOR", "1")]);
    assert!(
        !shown.contains("\u{1b}[") && shown.contains("belong together"),
        "{shown}"
    );
}

#[test]
fn nothing_is_replaced_without_force_and_all_is_written_or_nothing() {
    let bench = Bench::new(&pki::device(KeyKind::P256));
    let (image, rust) = (bench.at("flash.bin"), bench.at("identity.rs"));
    std::fs::write(&rust, "mine").unwrap();
    let before = bench.names();
    let both = ["--image", &image, "--rust", &rust];
    let said = refused(&bench.arguments(&both));
    assert!(
        said.contains("identity.rs") && said.contains("--force"),
        "{said}"
    );
    assert_eq!(bench.names(), before);
    let missing = bench.at("missing/flash.bin");
    let said = refused(&bench.arguments(&["--rust", &bench.at("new.rs"), "--image", &missing]));
    assert!(said.contains("nothing was written"), "{said}");
    assert_eq!(bench.names(), before);
    let same = ["--rust", &image, "--image", &image];
    assert!(refused(&bench.arguments(&same)).contains("two outputs"));
    let device = ["--rust", "/dev/null", "--force"];
    assert!(refused(&bench.arguments(&device)).contains("no regular file"));
    let ran = bearcub(&bench.arguments(&[&both[..], &["--force"]].concat()));
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(bench.read("identity.rs").starts_with(b"// "));
    assert_eq!(mode(&rust), 0o600);
    assert!(
        refused(&bench.arguments(&["--tasmota", "-", "--rust", "-"])).contains("only one thing")
    );
    assert!(refused(&bench.arguments(&["--tasmota", "-", "--json"])).contains("only one thing"));
}

#[test]
fn a_key_that_does_not_belong_to_the_certificate_is_refused_with_the_reason() {
    let (device, other) = (pki::device(KeyKind::P256), pki::simple(KeyKind::P256));
    let bench = Bench::new(&device);
    let foreign = bench.at("foreign.pem");
    std::fs::write(&foreign, other.key_pem()).unwrap();
    let out = bench.at("flash.bin");
    let with = |key: &str, expected: &[&str]| {
        let said = refused(&[
            "identity",
            "--cert",
            &bench.cert,
            "--key",
            key,
            "--image",
            &out,
        ]);
        for words in expected {
            assert!(said.contains(words), "{said}");
        }
        assert!(!Path::new(&out).exists());
    };
    with(&foreign, &["error -1112", "foreign.pem"]);
    with(&bench.cert, &["the wrong way round"]);
    // The right certificate is there, and not the first.
    let order = bench.at("order.pem");
    let root = pki::device(KeyKind::P256).root_pem();
    std::fs::write(&order, format!("{root}{}", device.leaf_pem())).unwrap();
    let said = refused(&["identity", "--cert", &order, "--key", &bench.key]);
    assert!(said.contains("certificate 2 is the key's"), "{said}");
    let said = refused(&["identity", "--cert", &bench.cert]);
    assert!(said.contains("--key"), "{said}");
    let said = refused(&["identity", "--cert", &bench.key]);
    assert!(said.contains("no certificate"), "{said}");
}

#[test]
fn keys_that_devices_cannot_use_are_refused() {
    for (kind, number) in [
        (KeyKind::P384, "error -1224"),
        (KeyKind::Rsa1024, "error -1225"),
    ] {
        let bench = Bench::new(&pki::simple(kind));
        let said = refused(&bench.arguments(&[]));
        assert!(said.contains(number), "{kind:?}: {said}");
    }
    let four = pki::simple(KeyKind::P256);
    let bench = Bench::new(&four);
    let long = bench.at("long.pem");
    std::fs::write(&long, four.leaf_pem().repeat(4)).unwrap();
    let said = refused(&["identity", "--cert", &long, "--key", &bench.key]);
    assert!(said.contains("error -1111"), "{said}");
}

#[test]
fn what_servers_would_object_to_is_warned_of() {
    use bearcub_lab::pki::{Purpose, Time, Validity, simple_with};
    let warned = |chain: &Chain, further: &str, expected: &str| {
        let bench = Bench::new(chain);
        let cert = bench.at("cert.pem");
        std::fs::write(&cert, format!("{}{further}", chain.leaf_pem())).unwrap();
        let ran = bearcub(&["identity", "--cert", &cert, "--key", &bench.key, "--json"]);
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        let warnings = ran.json()["warnings"].to_string();
        assert!(warnings.contains(expected), "{warnings}");
    };
    let server = |purposes: Vec<Purpose>, validity: Validity| {
        simple_with(KeyKind::P256, move |leaf| {
            leaf.purposes = purposes;
            leaf.validity = validity;
        })
    };
    let old = Validity::days_from(Time::utc(2020, 1, 1), 30);
    warned(&server(vec![Purpose::ClientAuth], old), "", "has expired");
    let good = Validity::DEFAULT;
    warned(&server(vec![Purpose::ServerAuth], good), "", "clientAuth");
    let device = pki::device(KeyKind::P256);
    warned(&device, &device.root_pem(), "is a root");
    warned(
        &device,
        &pki::simple(KeyKind::Rsa2048).root_pem(),
        "was not issued by",
    );
}

#[test]
fn no_secret_is_in_what_is_said() {
    let chain = pki::device(KeyKind::P256);
    let bench = Bench::new(&chain);
    let locked = bench.at("locked.pem");
    openssl(&[
        "pkey",
        "-in",
        &bench.key,
        "-aes256",
        "-passout",
        "pass:s3cret",
        "-out",
        &locked,
    ]);
    let secret = base16ct::lower::encode_string(chain.key.scalar().unwrap());
    let base64 = Base64::encode_string(chain.key.scalar().unwrap());
    let runs: [(&[&str], &str); 3] = [
        (&bench.arguments(&[]), "s3cret"),
        (&bench.arguments(&["--json"]), "s3cret"),
        (
            &[
                "identity",
                "--cert",
                &bench.cert,
                "--key",
                &locked,
                "--passphrase-env",
                "PASS",
            ],
            "wr0ng",
        ),
    ];
    for (arguments, passphrase) in runs {
        let ran = bearcub_with(arguments, &[("PASS", passphrase)], b"");
        let said = format!("{}{}", ran.stdout, ran.stderr).to_lowercase();
        for secret in [&secret, &base64.to_lowercase(), "s3cret", "wr0ng"] {
            assert!(!said.contains(secret), "{said}");
        }
    }
}
