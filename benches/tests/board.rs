//! The peers on the emulated ESP32-C3: what they take is plausible, and whom they are not to trust they refuse.

use std::net::{SocketAddr, TcpListener};
use std::path::PathBuf;
use std::process::Command;
use std::sync::{Arc, LazyLock};

use bearcub_benches::board::{self, End, Figures, Images, Job, Tools, run};
use bearcub_benches::peers::{Library, Who};
use bearcub_benches::remote::Servers;
use bearcub_lab::Program;
use bearcub_lab::pki::{self, Chain, KeyKind, NOW, Time};

/// Every peer's image.
struct Built {
    images: Vec<(Who, PathBuf)>,
    /// Keeps them as they are.
    _folder: Images,
}

/// The images, built once.
fn images() -> &'static [(Who, PathBuf)] {
    static BUILT: LazyLock<Built> = LazyLock::new(|| {
        let tools = Tools::find().unwrap_or_else(|missing| panic!("{missing}"));
        let folder = Images::open().unwrap();
        let build = |who| (who, folder.build(&tools, who).unwrap());
        Built {
            images: board::peers().map(build).collect(),
            _folder: folder,
        }
    });
    &BUILT.images
}

/// The servers, and the chain that they present.
struct Setting {
    servers: Servers,
    chain: Arc<Chain>,
}

impl Setting {
    fn new() -> Setting {
        let chain = pki::simple(KeyKind::P256);
        Setting {
            servers: Servers::start(&chain).unwrap(),
            chain,
        }
    }

    /// How each peer ends, with its job changed.
    fn ends<'s>(&'s self, change: impl Fn(&mut Job<'s>)) -> Vec<(Who, End)> {
        let end = |(who, elf): &(Who, PathBuf)| {
            let mut job = Job {
                version: who.version,
                server: self.servers.addr(who.version),
                host: &self.chain.host,
                root: self.chain.root(),
                now: seconds(NOW),
            };
            change(&mut job);
            (*who, run(elf, job).unwrap())
        };
        images().iter().map(end).collect()
    }
}

fn seconds(time: Time) -> u32 {
    time.unix().try_into().unwrap()
}

#[test]
fn every_peer_connects_from_the_board_and_takes_plausible_memory_and_time() {
    let setting = Setting::new();
    for (who, end) in setting.ends(|_| ()) {
        let End::Done(figures) = end else {
            panic!("{who}: {end:?}");
        };
        let Figures {
            handed_in,
            heap,
            stack,
            handshake,
        } = figures;
        // Records of 1024 bytes each way go somewhere: into what is handed in, or onto the heap.
        assert!(
            (2048..40_000).contains(&(handed_in + heap)),
            "{who}: {figures:?}"
        );
        assert!((1024..100_000).contains(&stack), "{who}: {figures:?}");
        // Two multiplications on P-256 for the key exchange, two for each signature.
        assert!(
            (5_000_000..500_000_000).contains(&handshake),
            "{who}: {figures:?}"
        );
        let allocates = !matches!(who.library, Library::Bearcub | Library::EmbeddedTls);
        assert_eq!(heap > 0, allocates, "{who}: {figures:?}");
    }
}

/// What the library says of a certificate under another root, for another name, and at a time before it is valid.
fn refusals(library: Library) -> [&'static str; 3] {
    match library {
        Library::Bearcub => [
            "Peer(Certificate(NotTrusted))",
            "Peer(Certificate(BadServerName))",
            "Peer(Certificate(NotYetValid))",
        ],
        Library::EmbeddedTls => ["InvalidCertificate"; 3],
        // MBEDTLS_ERR_X509_CERT_VERIFY_FAILED.
        _ => ["MbedTls(MbedtlsError(-9984 / 0x2700))"; 3],
    }
}

#[test]
fn every_peer_on_the_board_refuses_another_root_another_name_and_a_certificate_that_is_not_yet_valid()
 {
    let setting = Setting::new();
    let other = pki::selfsigned(KeyKind::P256);
    let early = seconds(Time::utc(2001, 1, 1));
    let refused = [
        setting.ends(|job| job.root = other.root()),
        setting.ends(|job| job.host = "another.test"),
        setting.ends(|job| job.now = early),
    ];
    for (number, ends) in refused.into_iter().enumerate() {
        for (who, end) in ends {
            let expected = End::Failed {
                connected: false,
                what: refusals(who.library)[number].to_owned(),
            };
            assert_eq!(end, expected, "{who}");
        }
    }
}

#[test]
fn a_server_that_stays_silent_is_given_up() {
    let silent = TcpListener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).unwrap();
    let (who, elf) = &images()[0];
    let chain = pki::simple(KeyKind::P256);
    let job = Job {
        version: who.version,
        server: silent.local_addr().unwrap(),
        host: &chain.host,
        root: chain.root(),
        now: seconds(NOW),
    };
    let expected = End::Failed {
        connected: false,
        what: "Network(Timeout)".to_owned(),
    };
    assert_eq!(run(elf, job).unwrap(), expected);
}

#[test]
fn without_the_boards_tools_the_other_table_stands_and_the_package_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let openssl = Program::Openssl.find().unwrap();
    std::os::unix::fs::symlink(openssl, folder.path().join("openssl")).unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_peers"))
        .env("PATH", folder.path())
        .output()
        .unwrap();
    let printed = String::from_utf8(ran.stdout).unwrap();
    assert!(ran.status.success(), "{printed}");
    assert!(
        printed.contains("| bearcub | 1024 asked for |"),
        "{printed}"
    );
    assert!(
        printed.ends_with("it comes with: apt-get install gcc-riscv64-unknown-elf\n"),
        "{printed}"
    );
}
