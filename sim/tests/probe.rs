//! `bearcub probe` against servers that are set up in many ways.

mod common;

use bearcub_lab::pki::{self, Chain, Fault, Hash, KeyKind, Time, Validity, faulty, simple_with};
use bearcub_lab::server::{
    Mosquitto, MosquittoConfig, OpensslConfig, OpensslServer, RustlsConfig, RustlsServer,
};
use bearcub_sim::board::{Board, tools};
use common::{Ran, bearcub_with, text};
use serde_json::{Value, json};
use tempfile::TempDir;

/// A time at which the lab's certificates are valid.
const NOW: &str = "2026-06-01T00:00:00Z";

/// Files of a chain for the client's side.
struct Files {
    folder: TempDir,
}

impl Files {
    fn of(chain: &Chain) -> Files {
        let folder = tempfile::tempdir().unwrap();
        chain.write_to(folder.path(), "").unwrap();
        Files { folder }
    }

    fn at(&self, name: &str) -> String {
        text(&self.folder.path().join(name)).to_owned()
    }

    fn ca(&self) -> String {
        self.at("roots.pem")
    }
}

/// Runs `probe` at that time, with a limit.
fn probe(address: std::net::SocketAddr, arguments: &[&str]) -> Ran {
    let address = address.to_string();
    let all = [&["probe", &address, "--time", NOW], arguments].concat();
    bearcub_with(&all, &[], b"")
}

/// The same, of a server with the lab's usual name, as JSON; with that exit status.
fn found(address: std::net::SocketAddr, status: i32, arguments: &[&str]) -> Value {
    let usual: &[&str] = if arguments.contains(&"--server-name") {
        &["--json"]
    } else {
        &["--json", "--server-name", "localhost"]
    };
    let ran = probe(address, &[usual, arguments].concat());
    assert_eq!(ran.status, status, "{}\n{}", ran.stderr, ran.stdout);
    ran.json()
}

fn openssl(config: &OpensslConfig) -> OpensslServer {
    OpensslServer::start(config).unwrap()
}

fn warnings(json: &Value) -> Vec<&str> {
    let all = json["warnings"].as_array().unwrap();
    all.iter().map(|one| one["id"].as_str().unwrap()).collect()
}

fn warning<'a>(json: &'a Value, id: &str) -> &'a str {
    let all = json["warnings"].as_array().unwrap();
    let found = all.iter().find(|one| one["id"] == id);
    found.unwrap_or_else(|| panic!("{id}: {all:?}"))["text"]
        .as_str()
        .unwrap()
}

fn suites(json: &Value) -> Vec<&str> {
    let all = json["suites"].as_array().unwrap();
    all.iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect()
}

#[test]
fn mosquitto_with_mutual_authentication_is_found_out_and_connected_to() {
    let (chain, device) = (pki::selfsigned(KeyKind::P256), pki::device(KeyKind::P256));
    let config = MosquittoConfig::tls(&chain).require_certificate(device.root());
    let broker = Mosquitto::start(&config).unwrap();
    let (server, client) = (Files::of(&chain), Files::of(&device));
    let (ca, cert, key) = (server.ca(), client.at("leaf.pem"), client.at("key.pem"));
    let identity = ["--ca", &ca, "--cert", &cert, "--key", &key];
    let json = found(broker.addr(), 0, &identity);

    assert_eq!(json["ok"], true);
    let versions = json!({ "TLS 1.0": false, "TLS 1.1": false, "TLS 1.2": true, "TLS 1.3": true });
    assert_eq!(json["versions"], versions);
    assert_eq!(json["tls13"]["group"], "x25519");
    assert_eq!(json["suites_order"], "server");
    assert!(suites(&json).contains(&"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"));
    assert_eq!(json["groups"][0], "x25519");
    let lengths = json["fragment_lengths"].as_array().unwrap();
    let sizes: Vec<_> = lengths
        .iter()
        .map(|one| one["bytes"].as_u64().unwrap())
        .collect();
    assert_eq!(sizes, [512, 1024, 2048, 4096]);
    assert!(lengths.iter().all(|one| one["acknowledged"] == true));
    // The certificate does not fit into 512 bytes, and comes in several records.
    assert_eq!(lengths[0]["kept"], true);
    assert_eq!(lengths[0]["largest_record"], 512);
    assert_eq!(lengths[3]["kept"], Value::Null);
    assert_eq!(json["client_certificate"]["asked"], true);
    assert_eq!(json["resumption"], "resumed");
    assert_eq!(
        json["authorities"]["chosen"]["subject"],
        "CN=Home CA,O=Home"
    );

    let verdict = &json["verdict"];
    assert_eq!(verdict["works"], true);
    assert_eq!(verdict["trust"], "anchors");
    assert_eq!(
        verdict["suites"],
        json!(["TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256"])
    );
    assert_eq!(verdict["groups"], "x25519-p256");
    assert_eq!(verdict["agreed"]["group"], "x25519");
    assert_eq!(verdict["agreed"]["fragment_length"], 1024);
    let costs = verdict["costs"].as_array().unwrap();
    let by: Vec<_> = costs
        .iter()
        .map(|cost| cost["trust"].as_str().unwrap())
        .collect();
    assert_eq!(by, ["pin", "anchors", "both"]);
    assert!(costs.iter().all(|cost| cost["kept"] == 5656));
    let ms = |cost: &Value| cost["milliseconds"]["80mhz"].as_u64().unwrap();
    // One signature more, with a CA; and next to nothing for a resumed session.
    assert!(ms(&costs[1]) > ms(&costs[0]) + 500, "{costs:?}");
    assert!(ms(&verdict["resumed"]) < 200);
    assert!(verdict["handshake"].as_array().unwrap().len() > 10);
    assert!(
        verdict["rust"]
            .as_str()
            .unwrap()
            .contains("identity: &Identity")
    );
    // The broker's authority is the devices' too, and so in the file that Mosquitto completes its chain from.
    assert_eq!(warnings(&json), ["root-sent"]);
}

#[test]
fn a_client_certificate_that_is_demanded_and_not_given_is_told() {
    let (chain, device) = (pki::selfsigned(KeyKind::P256), pki::device(KeyKind::P256));
    let config = MosquittoConfig::tls(&chain).require_certificate(device.root());
    let broker = Mosquitto::start(&config).unwrap();
    let files = Files::of(&chain);
    let json = found(broker.addr(), 0, &["--ca", &files.ca()]);
    assert_eq!(json["ok"], false);
    assert_eq!(json["error"]["code"], 296);
    assert_eq!(json["client_certificate"]["demanded"], true);
    warning(&json, "client-certificate-demanded");
    // What can be said without it is said.
    assert_eq!(json["verdict"]["trust"], "anchors");
    assert!(
        json["verdict"]["rust"]
            .as_str()
            .unwrap()
            .contains("identity: &Identity<'_, EcKey")
    );
    assert_eq!(json["verdict"]["resumed"], Value::Null);

    let chain = pki::simple(KeyKind::P256);
    let files = Files::of(&chain);
    let server = openssl(&OpensslConfig::new(&chain).request_certificate(device.root()));
    let json = found(server.addr(), 0, &["--ca", &files.ca()]);
    assert_eq!(json["ok"], true);
    assert_eq!(json["client_certificate"]["demanded"], false);
    assert_eq!(warnings(&json), ["client-certificate-optional"]);
}

#[test]
fn the_authorities_that_a_client_certificate_may_come_from_are_named() {
    let (chain, device) = (pki::simple(KeyKind::P256), pki::device(KeyKind::P256));
    let config = OpensslConfig::new(&chain).require_certificate(device.root());
    let json = found(openssl(&config).addr(), 0, &[]);
    let names = json["client_certificate"]["authorities"]
        .as_array()
        .unwrap();
    assert_eq!(names, &["CN=Home CA,O=Home"]);
}

#[test]
fn each_suite_of_the_library_is_found_where_it_is_the_only_one() {
    let (rsa, ec) = (pki::simple(KeyKind::Rsa2048), pki::simple(KeyKind::P256));
    for (cipher, name, chain) in [
        (
            "ECDHE-ECDSA-AES128-GCM-SHA256",
            "ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
            &ec,
        ),
        (
            "ECDHE-RSA-AES128-GCM-SHA256",
            "ECDHE_RSA_WITH_AES_128_GCM_SHA256",
            &rsa,
        ),
        (
            "ECDHE-ECDSA-CHACHA20-POLY1305",
            "ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
            &ec,
        ),
        (
            "ECDHE-RSA-CHACHA20-POLY1305",
            "ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256",
            &rsa,
        ),
        ("AES128-GCM-SHA256", "RSA_WITH_AES_128_GCM_SHA256", &rsa),
    ] {
        let server = openssl(&OpensslConfig::new(chain).ciphers(cipher));
        let files = Files::of(chain);
        let json = found(server.addr(), 0, &["--ca", &files.ca()]);
        assert_eq!(suites(&json), [format!("TLS_{name}")]);
        assert_eq!(json["suites_order"], Value::Null);
        let verdict = &json["verdict"];
        assert_eq!(verdict["agreed"]["suite"], format!("TLS_{name}"));
        assert!(
            verdict["rust"]
                .as_str()
                .unwrap()
                .contains(&format!("Suite::{name}"))
        );
        let is_static = name.starts_with("RSA");
        assert_eq!(warnings(&json).contains(&"static-rsa-only"), is_static);
        assert_eq!(json["groups"].as_array().unwrap().is_empty(), is_static);
        let groups = match name {
            _ if is_static => "none",
            _ if name.contains("ECDSA") => "x25519-p256",
            _ => "x25519",
        };
        assert_eq!(verdict["groups"], groups, "{name}");
    }
}

#[test]
fn suites_and_groups_are_listed_in_the_servers_order() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let config = OpensslConfig::new(&chain)
        .ciphers(
            "ECDHE-RSA-AES256-GCM-SHA384:AES128-GCM-SHA256:AES256-SHA:ECDHE-RSA-AES128-GCM-SHA256",
        )
        .groups("P-384:X25519:P-256");
    let server = openssl(&config);
    let files = Files::of(&chain);
    let json = found(server.addr(), 0, &["--ca", &files.ca()]);
    assert_eq!(
        suites(&json),
        [
            "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
            "TLS_RSA_WITH_AES_128_GCM_SHA256",
            "TLS_RSA_WITH_AES_256_CBC_SHA",
            "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
        ]
    );
    assert_eq!(json["suites_order"], "server");
    assert_eq!(json["groups"], json!(["secp384r1", "x25519", "secp256r1"]));
    assert_eq!(json["groups_hidden"], false);
    // The one with forward secrecy is taken, though the server prefers another one.
    assert_eq!(
        json["verdict"]["suites"],
        json!(["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"])
    );
    assert_eq!(json["verdict"]["groups"], "x25519");
    assert_eq!(json["verdict"]["rsa_2048_suffices"], true);
}

#[test]
fn rustls_follows_the_client_and_ignores_fragment_lengths() {
    let chain = pki::simple(KeyKind::P256);
    let server = RustlsServer::start(&RustlsConfig::new(&chain).alpn(&["mqtt"])).unwrap();
    let files = Files::of(&chain);
    let json = found(server.addr(), 0, &["--ca", &files.ca()]);
    assert_eq!(json["suites_order"], "client");
    let lengths = json["fragment_lengths"].as_array().unwrap();
    assert!(
        lengths
            .iter()
            .all(|one| one["acknowledged"] == false && one["kept"].is_null())
    );
    warning(&json, "fragment-length-ignored");
    assert_eq!(json["verdict"]["input_buffer"], 16_384);
    assert_eq!(json["verdict"]["agreed"]["fragment_length"], Value::Null);
    assert!(
        json["verdict"]["rust"]
            .as_str()
            .unwrap()
            .contains("Storage<16384, 1024>")
    );
    assert_eq!(json["resumption"], "resumed");
    let alpn = json!([
        { "protocol": "mqtt", "answer": "accepted" },
        { "protocol": "x-amzn-mqtt-ca", "answer": "refused" },
        { "protocol": "h2", "answer": "refused" },
        { "protocol": "http/1.1", "answer": "refused" },
    ]);
    assert_eq!(json["alpn"], alpn);
    // A smaller buffer is the user's own decision.
    let smaller = [
        "--ca",
        &files.ca(),
        "--input-buffer",
        "2048",
        "--alpn",
        "mqtt",
    ];
    let json = found(server.addr(), 0, &smaller);
    assert_eq!(json["verdict"]["input_buffer"], 2048);
    assert!(
        json["verdict"]["rust"]
            .as_str()
            .unwrap()
            .contains(".alpn(&[c\"mqtt\"])")
    );
    assert_eq!(json["verdict"]["agreed"]["alpn"], "mqtt");
}

#[test]
fn protocols_that_openssl_has_are_told_from_others() {
    let chain = pki::simple(KeyKind::P256);
    let server = openssl(&OpensslConfig::new(&chain).alpn("x-amzn-mqtt-ca"));
    let json = found(server.addr(), 0, &["--trust", "pin"]);
    let answer = |name: &str| {
        let all = json["alpn"].as_array().unwrap();
        let found = all.iter().find(|one| one["protocol"] == name);
        found.unwrap()["answer"].as_str().unwrap().to_owned()
    };
    assert_eq!(answer("x-amzn-mqtt-ca"), "accepted");
    assert_ne!(answer("mqtt"), "accepted");
}

#[test]
fn sessions_that_are_not_resumed_are_told() {
    let chain = pki::simple(KeyKind::P256);
    let server = openssl(&OpensslConfig::new(&chain).argument("-no_cache"));
    let json = found(server.addr(), 0, &[]);
    assert_eq!(json["resumption"], "not_offered");
    warning(&json, "no-resumption");
    let server = RustlsServer::start(&RustlsConfig::new(&chain).resumption(false)).unwrap();
    let json = found(server.addr(), 0, &[]);
    assert!(["not_offered", "forgotten"].contains(&json["resumption"].as_str().unwrap()));
    warning(&json, "no-resumption");
}

#[test]
fn servers_with_other_versions_are_refused_with_the_reason() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let server = openssl(&OpensslConfig::new(&chain).tls13_only());
    let rustls = RustlsServer::start(&RustlsConfig::new(&chain).tls13_only()).unwrap();
    for address in [server.addr(), rustls.addr()] {
        let json = found(address, 3, &[]);
        assert_eq!(json["versions"]["TLS 1.2"], false);
        assert_eq!(json["versions"]["TLS 1.3"], true);
        assert_eq!(warnings(&json), ["tls13-only"]);
        assert_eq!(json["verdict"], Value::Null);
        let message = json["error"]["message"].as_str().unwrap();
        assert!(message.contains("TLS 1.3 only"), "{message}");
    }
    let old = OpensslConfig::new(&chain).old_version("-tls1_1");
    let json = found(openssl(&old).addr(), 3, &[]);
    assert_eq!(json["versions"]["TLS 1.1"], true);
    assert_eq!(json["versions"]["TLS 1.2"], false);
    assert_eq!(warnings(&json), ["no-tls12", "old-versions"]);
    // The chain of an old server is readable all the same.
    assert_eq!(json["chain"][0]["subject"], "CN=localhost");
    let cbc = OpensslConfig::new(&chain).ciphers("AES256-SHA256:DHE-RSA-AES256-GCM-SHA384");
    let json = found(openssl(&cbc).addr(), 3, &[]);
    assert_eq!(suites(&json).len(), 2);
    warning(&json, "no-common-suite");
}

#[test]
fn a_name_in_the_common_name_alone_is_told_and_accepted() {
    let chain = faulty(Fault::CommonNameOnly, KeyKind::P256);
    let server = openssl(&OpensslConfig::new(&chain));
    let files = Files::of(&chain);
    let json = found(server.addr(), 0, &["--ca", &files.ca()]);
    warning(&json, "name-in-common-name");
    assert!(!warnings(&json).contains(&"name-mismatch"));
    assert_eq!(json["verdict"]["trust"], "anchors");
}

#[test]
fn a_certificate_for_another_name_leaves_the_pin() {
    let chain = faulty(Fault::WrongName, KeyKind::P256);
    let server = openssl(&OpensslConfig::new(&chain));
    let files = Files::of(&chain);
    let json = found(server.addr(), 0, &["--ca", &files.ca()]);
    assert!(warning(&json, "name-mismatch").contains("it is for other.test"));
    warning(&json, "unverified");
    assert_eq!(json["verdict"]["trust"], "pin");
    assert_eq!(json["authorities"]["chosen"], Value::Null);
    assert!(
        json["authorities"]["refusal"]
            .as_str()
            .unwrap()
            .contains("refused")
    );
    let arguments = ["--ca", &files.ca(), "--server-name", "other.test", "--json"];
    let ran = probe(server.addr(), &arguments);
    assert_eq!(ran.json()["verdict"]["trust"], "anchors", "{}", ran.stderr);
    let json = found(server.addr(), 3, &["--ca", &files.ca(), "--trust", "both"]);
    assert!(
        json["error"]["message"]
            .as_str()
            .unwrap()
            .contains("no authority suffices")
    );
}

#[test]
fn dates_are_held_against_the_time() {
    for (fault, id, words) in [
        (
            Fault::Expired,
            "expired",
            "the server's certificate has expired",
        ),
        (Fault::NotYetValid, "not-yet-valid", "begins on 2034-01-01"),
        (
            Fault::ExpiredIntermediate,
            "expired",
            "certificate 1 of the chain",
        ),
    ] {
        let chain = faulty(fault, KeyKind::P256);
        let server = openssl(&OpensslConfig::new(&chain));
        let files = Files::of(&chain);
        let json = found(server.addr(), 0, &["--ca", &files.ca()]);
        assert!(warning(&json, id).contains(words));
        assert_eq!(json["verdict"]["trust"], "pin");
    }
    let short = Validity::days_from(Time::utc(2026, 5, 1), 40);
    let chain = simple_with(KeyKind::P256, |leaf| leaf.validity = short);
    let server = openssl(&OpensslConfig::new(&chain));
    let files = Files::of(&chain);
    let json = found(server.addr(), 0, &["--ca", &files.ca()]);
    assert!(warning(&json, "expires-soon").contains("expires in 9 days"));
    let json = found(server.addr(), 0, &["--ca", &files.ca(), "--warn-days", "5"]);
    assert_eq!(warnings(&json), Vec::<&str>::new());
}

#[test]
fn chains_of_public_authorities_are_read_and_the_smallest_root_is_chosen() {
    let chain = pki::letsencrypt_rsa();
    let server = openssl(&OpensslConfig::new(&chain));
    let files = Files::of(&chain);
    let arguments = ["--ca", &files.ca(), "--server-name", &chain.host];
    let json = found(server.addr(), 0, &arguments);
    assert_eq!(json["chain"].as_array().unwrap().len(), 3);
    assert_eq!(json["chain"][2]["key"], "RSA-4096");
    assert_eq!(json["chain"][0]["signature"], "RSA with SHA-256");
    assert!(warning(&json, "rsa-4096").contains("certificate 2"));
    assert_eq!(json["verdict"]["rsa_2048_suffices"], false);
    assert_eq!(
        json["authorities"]["sufficient"].as_array().unwrap().len(),
        2
    );

    let chain = pki::letsencrypt_ecdsa();
    let server = openssl(&OpensslConfig::new(&chain));
    let files = Files::of(&chain);
    let arguments = ["--ca", &files.ca(), "--server-name", &chain.host];
    let json = found(server.addr(), 0, &arguments);
    warning(&json, "p384");
    // A root on P-384 is smaller than one of RSA-4096.
    assert_eq!(json["authorities"]["chosen"]["key"], "EC P-384");

    let chain = pki::aws();
    let server = openssl(&OpensslConfig::new(&chain));
    let files = Files::of(&chain);
    let arguments = ["--ca", &files.ca(), "--server-name", &chain.host];
    let json = found(server.addr(), 0, &arguments);
    assert_eq!(json["chain"].as_array().unwrap().len(), 4);
    let kept = json["fragment_lengths"].as_array().unwrap();
    assert!(kept.iter().all(|one| one["kept"] == true), "{kept:?}");
    assert!(json["largest_record"]["handshake"].as_u64().unwrap() > 4096);
    warning(&json, "many-bytes");
    assert_eq!(json["verdict"]["rsa_2048_suffices"], true);
}

#[test]
fn faults_of_chains_are_told() {
    let told = |chain: &Chain, level: u8| {
        let server = openssl(&OpensslConfig::new(chain).security_level(level));
        let files = Files::of(chain);
        let ran = probe(
            server.addr(),
            &["--json", "--server-name", "localhost", "--ca", &files.ca()],
        );
        assert!([0, 1].contains(&ran.status), "{}", ran.stderr);
        ran.json()
    };
    let json = told(&faulty(Fault::Sha1Signature, KeyKind::Rsa2048), 0);
    assert!(warning(&json, "sha1").contains("RSA with SHA-1"));
    let json = told(&faulty(Fault::WeakKey, KeyKind::Rsa2048), 0);
    assert!(warning(&json, "rsa-weak").contains("RSA-1024"));
    let json = told(&faulty(Fault::MissingIntermediate, KeyKind::P256), 2);
    assert!(warning(&json, "unknown-authority").contains("Fault Intermediate"));
    let sha512 = simple_with(KeyKind::Rsa2048, |leaf| leaf.hash = Some(Hash::Sha512));
    let json = told(&sha512, 2);
    warning(&json, "signature-unsupported");
    // As the guides' `cat leaf root > chain` does it.
    let mut chain = (*pki::simple(KeyKind::P256)).clone();
    chain.certificates.push(chain.roots[0].clone());
    let json = told(&chain, 2);
    assert!(warning(&json, "root-sent").contains("Lab Root"));
    // An intermediate in the wrong place.
    let mut chain = (*pki::letsencrypt_rsa()).clone();
    chain.certificates.swap(1, 2);
    let json = told(&chain, 2);
    warning(&json, "chain-out-of-order");
    // A public authority's leaf without what is between it and the root.
    let mut chain = (*pki::letsencrypt_rsa()).clone();
    chain.certificates.truncate(1);
    let json = told(&chain, 2);
    warning(&json, "chain-incomplete");
}

#[test]
fn an_answer_is_looked_at_for_the_size_of_its_records() {
    let chain = pki::simple(KeyKind::P256);
    let server = openssl(&OpensslConfig::new(&chain));
    let line = "x".repeat(6000) + "\\n";
    let arguments = [
        "--trust",
        "pin",
        "--send",
        &line,
        "--output-buffer",
        "16384",
    ];
    let json = found(server.addr(), 0, &arguments);
    let largest = json["largest_record"]["all"].as_u64().unwrap();
    assert!((1000..=1024).contains(&largest), "{largest}");
    // The certificate fits into one record of any size; the answer into none of them.
    for one in json["fragment_lengths"].as_array().unwrap() {
        assert_eq!(
            (&one["kept"], &one["largest_record"]),
            (&true.into(), &one["bytes"])
        );
    }
}

#[test]
fn a_record_that_is_larger_than_the_buffer_is_found_before_a_device_finds_it() {
    let chain = pki::simple(KeyKind::P256);
    let server = RustlsServer::start(&RustlsConfig::new(&chain).greeting(&[b'x'; 5000])).unwrap();
    let further = ["--trust", "pin", "--send", "x"];
    let json = found(server.addr(), 0, &further);
    assert_eq!(json["largest_record"]["all"], 5000);
    let smaller = [&further[..], &["--input-buffer", "1024"]].concat();
    let json = found(server.addr(), 1, &smaller);
    assert_eq!(json["verdict"]["works"], false);
    let message = json["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("5000") || message.contains("record"),
        "{message}"
    );
}

#[test]
fn without_a_file_the_machines_own_authorities_are_looked_at() {
    let (chain, other) = (pki::aws(), pki::letsencrypt_rsa());
    let server = openssl(&OpensslConfig::new(&chain));
    let (known, unknown) = (Files::of(&chain), Files::of(&other));
    let address = server.addr().to_string();
    let arguments = [
        "probe",
        &address,
        "--json",
        "--time",
        NOW,
        "--server-name",
        &chain.host,
    ];
    let of = |store: &str| {
        let ran = bearcub_with(
            &arguments,
            &[("SSL_CERT_FILE", store), ("SSL_CERT_DIR", "")],
            b"",
        );
        assert_eq!(ran.status, 0, "{}", ran.stderr);
        ran.json()
    };
    let json = of(&known.ca());
    assert_eq!(json["authorities"]["looked_at"], 3);
    let chosen = json["authorities"]["chosen"]["subject"].as_str().unwrap();
    assert!(chosen.contains("Amazon Root CA 1"), "{chosen}");
    assert_eq!(json["verdict"]["trust"], "anchors");
    let json = of(&unknown.ca());
    assert_eq!(json["authorities"]["chosen"], Value::Null);
    assert_eq!(json["verdict"]["trust"], "pin");
    // The last certificate says where its issuer's is: some public authority's, and not one that is known here.
    assert!(
        warnings(&json)
            .iter()
            .any(|id| ["chain-incomplete", "unknown-authority"].contains(id))
    );
    // No store at all leaves the pin.
    let json = of("/nowhere");
    assert_eq!(json["authorities"]["looked_at"], 0);
    assert_eq!(json["verdict"]["trust"], "pin");
}

#[test]
fn a_server_with_two_keys_is_met_with_the_faster_one() {
    let (ec, rsa) = (pki::simple(KeyKind::P256), pki::simple(KeyKind::Rsa2048));
    let files = Files::of(&rsa);
    let (cert, key) = (files.at("leaf.pem"), files.at("key.pem"));
    let config = OpensslConfig::new(&ec);
    let config = ["-dcert", &cert, "-dkey", &key]
        .iter()
        .fold(config, |config, word| config.argument(word));
    let json = found(openssl(&config).addr(), 0, &["--trust", "pin"]);
    let suites = suites(&json);
    assert!(suites.iter().any(|name| name.contains("ECDHE_ECDSA")));
    assert!(suites.iter().any(|name| name.contains("ECDHE_RSA")));
    // One RSA signature to verify is less work than one on P-256.
    assert_eq!(
        json["verdict"]["suites"],
        json!(["TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256"])
    );
    assert_eq!(json["chain"][0]["key"], "RSA-2048");
}

#[test]
fn the_configuration_is_measured_on_a_board() {
    if let Err(failure) = tools::find(Board::Esp32C3) {
        return common::not_checked(&failure.to_string());
    }
    let chain = pki::simple(KeyKind::P256);
    let server = openssl(&OpensslConfig::new(&chain));
    let json = found(server.addr(), 0, &["--trust", "pin", "--board", "esp32c3"]);
    let board = &json["verdict"]["boards"][0];
    assert_eq!(board["board"], "esp32c3");
    assert_eq!(board["kept"], json["verdict"]["costs"][0]["kept"]);
    let [borrowed, stack, flash] =
        ["borrowed", "stack", "flash"].map(|name| board[name].as_u64().unwrap());
    assert!(
        stack > 2000
            && borrowed == stack + json["verdict"]["costs"][0]["scratch"].as_u64().unwrap()
    );
    assert!(flash > 30_000);
    assert!((200..3000).contains(&board["milliseconds"]["160mhz"].as_u64().unwrap()));
}

#[test]
fn the_rust_goes_to_a_file_that_is_not_overwritten() {
    let chain = pki::simple(KeyKind::P256);
    let server = openssl(&OpensslConfig::new(&chain));
    let folder = tempfile::tempdir().unwrap();
    let file = text(&folder.path().join("server.rs")).to_owned();
    let arguments = ["--trust", "pin", "--rust", &file];
    let ran = probe(server.addr(), &arguments);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    assert!(!ran.stdout.contains("use bearcub::"));
    let written = std::fs::read_to_string(&file).unwrap();
    assert!(written.contains("whoever answered the probe"), "{written}");
    let ran = probe(server.addr(), &arguments);
    assert_eq!(ran.status, 2);
    assert!(ran.stderr.contains("--force"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
    let ran = probe(server.addr(), &[&arguments[..], &["--force"]].concat());
    assert_eq!(ran.status, 0, "{}", ran.stderr);
}

#[test]
fn arguments_that_are_wrong_are_told_before_the_server_is_asked() {
    let device = Files::of(&pki::device(KeyKind::P256));
    let (cert, key) = (device.at("leaf.pem"), device.at("key.pem"));
    let long = "a".repeat(300);
    for (arguments, words) in [
        (&["--time", "unset"][..], "validating needs a time"),
        (&["--send", "\\q"], "backslash"),
        (&["--trust", "hope"], "anchors"),
        (&["--ca", "/nowhere.pem"], "/nowhere.pem"),
        (&["--cert", "x"], "--key"),
        (&["--board", "arduino"], "esp32c3"),
        (&["--input-buffer", "100"], "512 to 16384"),
        (&["--timeout", "0"], "seconds"),
        (&["--server-name", &long], "error -1"),
        (&["--alpn", ""], "error -1"),
        (
            &["--cert", &cert, "--key", &key, "--board", "esp32c3"],
            "--include-private-key",
        ),
    ] {
        let all = [&["probe", "127.0.0.1:1"], arguments].concat();
        let said = common::refused(&all);
        assert!(said.contains(words), "{arguments:?}: {said}");
    }
}

#[test]
fn the_text_is_laid_out_like_this() {
    let chain = pki::simple(KeyKind::Rsa2048);
    let config = OpensslConfig::new(&chain)
        .ciphers("ECDHE-RSA-AES128-GCM-SHA256:AES256-SHA")
        .groups("X25519:P-256");
    let server = openssl(&config);
    let files = Files::of(&chain);
    let arguments = ["--ca", &files.ca(), "--server-name", "localhost"];
    let ran = probe(server.addr(), &arguments);
    assert_eq!(ran.status, 0, "{}", ran.stderr);
    let expected = include_str!("data/probe.txt");
    let shown = masked(&ran.stdout, &files.ca());
    assert_eq!(shown, expected, "shown:\n{shown}");
}

/// Without what changes from run to run: milliseconds, bytes, the port, keys, the steps of the handshake.
fn masked(text: &str, file: &str) -> String {
    let mut shown = String::new();
    for line in text.replace(file, "FILE").lines() {
        let left_out = ["  sent ", "  got  ", "0x", "SHA-256 pin", "fingerprint  "];
        // Lines of a table are as long as its numbers.
        if left_out.iter().any(|part| line.contains(part)) || line.starts_with(['┌', '╞', '└'])
        {
            continue;
        }
        let is_row = line.starts_with('│');
        let words: Vec<_> = line.split_whitespace().collect();
        let masked = words.iter().enumerate().map(|(number, word)| {
            let unit = words.get(number + 1).copied().unwrap_or_default();
            let is_size =
                is_row || unit == "ms" || unit.starts_with('B') || unit.starts_with("bytes");
            let is_number = word
                .trim_start_matches('~')
                .starts_with(|c: char| c.is_ascii_digit())
                && unit != "MHz";
            if word.starts_with("127.0.0.1:") || (is_size && is_number) {
                "#"
            } else {
                word
            }
        });
        // Columns are as wide as their numbers.
        let indent = line.len() - line.trim_start().len();
        shown.push_str(&" ".repeat(indent));
        shown.push_str(&masked.collect::<Vec<_>>().join(" "));
        shown.push('\n');
    }
    shown
}
