use std::ffi::OsString;
use std::process::Command;
use std::time::Duration;

use super::process::Process;
use super::*;
use crate::Program;
use crate::pki::{self, Chain, ChainFiles, Fault, KeyKind, Shape};
use crate::proxy::{Direction, Proxy, ProxyConfig};

const SOON: Duration = PATIENCE;

/// `openssl s_client` with full validation, talking to one of our servers.
struct Client {
    process: Process,
    _folder: tempfile::TempDir,
}

impl Client {
    fn connect(addr: std::net::SocketAddr, chain: &Chain, arguments: &[&str]) -> Client {
        Self::connect_as(addr, chain, None, arguments)
    }

    fn connect_as(
        addr: std::net::SocketAddr,
        chain: &Chain,
        identity: Option<&Chain>,
        arguments: &[&str],
    ) -> Client {
        let folder = tempfile::tempdir().unwrap();
        let ChainFiles { roots, .. } = chain.write_to(folder.path(), "server-").unwrap();
        let mut command = Command::new(Program::Openssl.find().unwrap());
        command.env("OPENSSL_CONF", "/dev/null");
        command
            .args(["s_client", "-connect", &addr.to_string(), "-CAfile"])
            .arg(roots);
        command.args([
            "-no-CApath",
            "-no-CAstore",
            "-verify_return_error",
            "-ign_eof",
        ]);
        command.args(["-servername", &chain.host, "-verify_hostname", &chain.host]);
        if !arguments.contains(&"-tls1_3") {
            command.arg("-tls1_2");
        }
        command.args(arguments);
        if let Some(identity) = identity {
            let files = identity.write_to(folder.path(), "client-").unwrap();
            let options = [
                "-cert".into(),
                files.leaf.into(),
                "-key".into(),
                files.key.into(),
            ];
            command.args::<[OsString; 4], _>(options);
        }
        Client {
            process: Process::spawn(Program::Openssl, &mut command).unwrap(),
            _folder: folder,
        }
    }

    #[track_caller]
    fn sees(&self, text: &str) {
        let seen = self
            .process
            .wait(SOON, |log| log.contains(text).then_some(()));
        assert!(seen.is_some(), "no {text:?} in:\n{}", self.process.log());
    }

    #[track_caller]
    fn says(&mut self, line: &str, answer: &str) {
        self.sees("Verify return code: 0 (ok)");
        self.process.write(format!("{line}\n").as_bytes()).unwrap();
        self.sees(answer);
    }
}

#[test]
fn openssl_serves_every_shape() {
    let kinds = [KeyKind::Rsa2048, KeyKind::P256, KeyKind::P384];
    let shapes = kinds.map(Shape::Simple).into_iter().chain([
        Shape::Aws,
        Shape::LetsEncryptRsa,
        Shape::LetsEncryptEcdsa,
        Shape::SelfSigned(KeyKind::P256),
    ]);
    for shape in shapes {
        let chain = shape.chain();
        let server = OpensslServer::start(&OpensslConfig::new(&chain)).unwrap();
        let mut client = Client::connect(server.addr(), &chain, &["-showcerts"]);
        client.says("hello", "\nolleh\n");
        let sent = client.process.log().matches("BEGIN CERTIFICATE").count();
        assert_eq!(sent, chain.certificates.len(), "{shape:?}");
    }
}

#[test]
fn openssl_keeps_to_its_settings() {
    let chain = pki::aws();
    let config = OpensslConfig::new(&chain)
        .ciphers("AES128-GCM-SHA256")
        .alpn("x-amzn-mqtt-ca");
    let server = OpensslServer::start(&config).unwrap();
    let mut client = Client::connect(server.addr(), &chain, &["-alpn", "x-amzn-mqtt-ca"]);
    client.says("hello", "\nolleh\n");
    client.sees("Cipher is AES128-GCM-SHA256");
    client.sees("ALPN protocol: x-amzn-mqtt-ca");

    let server = OpensslServer::start(&OpensslConfig::new(&chain).groups("P-384")).unwrap();
    Client::connect(server.addr(), &chain, &[]).sees("Server Temp Key: ECDH, secp384r1");

    let server = OpensslServer::start(&OpensslConfig::new(&chain).tls13_only()).unwrap();
    Client::connect(server.addr(), &chain, &[]).sees("alert protocol version");
    Client::connect(server.addr(), &chain, &["-tls1_3"]).sees("Cipher is TLS_");
}

#[test]
fn openssl_wants_a_client_certificate_when_told() {
    let (chain, device) = (pki::selfsigned(KeyKind::P256), pki::device(KeyKind::P256));
    let config = OpensslConfig::new(&chain).require_certificate(device.root());
    let server = OpensslServer::start(&config).unwrap();
    Client::connect(server.addr(), &chain, &[]).sees("alert handshake failure");
    let mut client = Client::connect_as(server.addr(), &chain, Some(&device), &[]);
    client.says("hello", "\nolleh\n");
    client.sees("Acceptable client certificate CA names\nO = Home, CN = Home CA");
}

#[test]
fn openssl_obeys_orders_at_its_terminal() {
    let chain = pki::simple(KeyKind::P256);
    let config = OpensslConfig::new(&chain).service(Service::Terminal);
    let mut server = OpensslServer::start(&config).unwrap();
    let mut client = Client::connect(server.addr(), &chain, &[]);
    client.says("to the server", "");
    assert!(server.wait_for_log("to the server", SOON));
    server.order("to the client").unwrap();
    client.sees("to the client");
    server.order("r").unwrap();
    client.process.write(b"after\n").unwrap();
    assert!(server.wait_for_log("after", SOON));
    server.order("q").unwrap();
    client.process.wait(SOON, |_| None::<()>);
    assert!(
        !client.process.log().contains("\nclosed\n"),
        "no close_notify is sent"
    );
}

#[test]
fn servers_agree_to_a_fragment_length_or_ignore_it() {
    let chain = pki::simple(KeyKind::P256);
    let arguments = ["-maxfraglen", "512", "-tlsextdebug"];
    let agreed = "TLS server extension \"max fragment length\" (id=1)";

    let openssl = OpensslServer::start(&OpensslConfig::new(&chain)).unwrap();
    let mut client = Client::connect(openssl.addr(), &chain, &arguments);
    client.says("hello", "\nolleh\n");
    client.sees(agreed);

    let rustls = RustlsServer::start(&RustlsConfig::new(&chain)).unwrap();
    let mut client = Client::connect(rustls.addr(), &chain, &arguments);
    client.says("hello", "\nhello\n");
    assert!(!client.process.log().contains(agreed));
}

#[test]
fn weak_chains_are_served_at_security_level_0() {
    let weak = ["-cipher", "DEFAULT:@SECLEVEL=0"];
    for chain in [
        pki::simple(KeyKind::Rsa1024),
        pki::faulty(Fault::Sha1Signature, KeyKind::Rsa2048),
    ] {
        let config = OpensslConfig::new(&chain).security_level(0);
        let server = OpensslServer::start(&config).unwrap();
        Client::connect(server.addr(), &chain, &weak).says("hello", "\nolleh\n");
        let config = MosquittoConfig::tls(&chain).security_level(0);
        let broker = Mosquitto::start(&config).unwrap();
        Client::connect(broker.addr(), &chain, &weak).sees("Verify return code: 0 (ok)");
    }
    let refused = OpensslServer::start(&OpensslConfig::new(&pki::simple(KeyKind::Rsa1024)));
    let text = refused.err().expect("refused at level 2").to_string();
    assert!(text.contains("ee key too small"), "{text}");
}

#[test]
fn rustls_echoes_and_tells_what_it_saw() {
    let chain = pki::letsencrypt_ecdsa();
    let config = RustlsConfig::new(&chain).alpn(&["mqtt"]);
    let server = RustlsServer::start(&config).unwrap();
    let mut client = Client::connect(server.addr(), &chain, &["-alpn", "mqtt"]);
    client.says("hello", "\nhello\n");
    drop(client);
    let seen = &server.connections(1)[0];
    assert_eq!(seen.server_name.as_deref(), Some(pki::LETSENCRYPT_HOST));
    assert_eq!(seen.alpn.as_deref(), Some("mqtt"));
    assert_eq!((seen.received, &seen.end), (6, &End::ClientCut));
    assert!(!seen.resumed && seen.client_certificate.is_none());
}

#[test]
fn rustls_wants_a_client_certificate_when_told() {
    let (chain, device) = (
        pki::selfsigned(KeyKind::Rsa2048),
        pki::device(KeyKind::Rsa2048),
    );
    let config = RustlsConfig::new(&chain).require_certificate(device.root());
    let server = RustlsServer::start(&config).unwrap();
    Client::connect(server.addr(), &chain, &[]).sees("alert");
    assert!(matches!(server.connections(1)[0].end, End::Failed(_)));
    let mut client = Client::connect_as(server.addr(), &chain, Some(&device), &[]);
    client.says("hello", "\nhello\n");
    drop(client);
    assert_eq!(
        server.connections(2)[1].client_certificate.as_deref(),
        Some(device.leaf())
    );
}

#[test]
fn rustls_ends_connections_in_both_ways() {
    let chain = pki::simple(KeyKind::P256);
    for ending in [Ending::CloseNotify, Ending::Cut] {
        let config = RustlsConfig::new(&chain)
            .greeting(&[b'x'; 16_384])
            .end_after(0, ending);
        let server = RustlsServer::start(&config).unwrap();
        let client = Client::connect(server.addr(), &chain, &["-msg"]);
        assert_eq!(server.connections(1)[0].end, End::ServerEnded);
        client.process.wait(SOON, |_| None::<()>);
        let log = client.process.log();
        // Header, explicit nonce, one full fragment, tag.
        assert!(log.contains("xxxxxxxx"), "{log}");
        let closed = log.contains("warning close_notify") && log.contains("<<< TLS 1.2, Alert");
        assert_eq!(closed, ending == Ending::CloseNotify, "{log}");
    }
}

#[test]
fn rustls_resumes_sessions_unless_told_otherwise() {
    let chain = pki::simple(KeyKind::P256);
    for allowed in [true, false] {
        let config = RustlsConfig::new(&chain).resumption(allowed);
        let server = RustlsServer::start(&config).unwrap();
        // One handshake and five more with its session.
        let client = Client::connect(server.addr(), &chain, &["-reconnect"]);
        let seen = server.connections(5);
        drop(client);
        let resumed = seen.iter().filter(|seen| seen.resumed).count();
        assert!(
            if allowed { resumed >= 4 } else { resumed == 0 },
            "{seen:?}"
        );
    }
}

#[test]
fn rustls_keeps_to_its_record_size() {
    let chain = pki::simple(KeyKind::P256);
    for (limit, record) in [(None, 16_384), (Some(512), 512)] {
        let mut config = RustlsConfig::new(&chain)
            .greeting(&[b'x'; 16_384])
            .end_after(0, Ending::CloseNotify)
            .cipher_suites(&[rustls_suite()]);
        if let Some(bytes) = limit {
            config = config.max_fragment(bytes);
        }
        let server = RustlsServer::start(&config).unwrap();
        let proxy = Proxy::start(server.addr(), &ProxyConfig::new()).unwrap();
        let client = Client::connect(proxy.addr(), &chain, &[]);
        client.process.wait(SOON, |_| None::<()>);
        let stream = proxy.stream(0, Direction::ToClient);
        let mut rest = &stream[..];
        let mut longest = 0;
        while let [kind, _, _, high, low, tail @ ..] = rest {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            if *kind == 23 {
                longest = longest.max(length);
            }
            rest = &tail[length..];
        }
        // AES-GCM adds an explicit nonce of 8 bytes and a tag of 16.
        assert_eq!(longest, record + 24);
    }
}

fn rustls_suite() -> ::rustls::CipherSuite {
    ::rustls::CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256
}

#[test]
fn mosquitto_serves_tls_and_plain_side_by_side() {
    let chain = pki::letsencrypt_rsa();
    let config = MosquittoConfig::tls(&chain)
        .ciphers("AES128-GCM-SHA256")
        .with_plain_listener();
    let broker = Mosquitto::start(&config).unwrap();
    let client = Client::connect(
        broker.addr(),
        &chain,
        &["-maxfraglen", "1024", "-tlsextdebug"],
    );
    client.sees("Verify return code: 0 (ok)");
    client.sees("Cipher is AES128-GCM-SHA256");
    client.sees("\"max fragment length\"");
    assert_eq!(connack(broker.plain_addr(), None), Some(0));
    assert!(
        broker.wait_for_log("New client connected", SOON),
        "{}",
        broker.log()
    );
}

#[test]
fn mosquitto_knows_devices_by_their_certificates() {
    let (chain, device) = (pki::selfsigned(KeyKind::P256), pki::device(KeyKind::P256));
    let config = MosquittoConfig::tls(&chain)
        .require_certificate(device.root())
        .identity_as_username();
    let broker = Mosquitto::start(&config).unwrap();
    Client::connect(broker.addr(), &chain, &[]).sees("alert handshake failure");
    let mut client = Client::connect_as(broker.addr(), &chain, Some(&device), &["-showcerts"]);
    client.sees("Verify return code: 0 (ok)");
    let sent = client.process.log().matches("BEGIN CERTIFICATE").count();
    assert_eq!(sent, 2, "the leaf, and the root that is in the cafile");
    client.process.write(&connect_packet(None)).unwrap();
    assert!(broker.wait_for_log("u'device-1'", SOON), "{}", broker.log());
}

#[test]
fn mosquitto_checks_passwords() {
    let broker = Mosquitto::start(&MosquittoConfig::plain().user("ada", "secret")).unwrap();
    assert_eq!(connack(broker.addr(), Some(("ada", "secret"))), Some(0));
    assert_eq!(connack(broker.addr(), Some(("ada", "wrong"))), Some(5));
    assert_eq!(connack(broker.addr(), None), Some(5));
}

#[test]
fn a_broker_that_cannot_start_shows_its_log() {
    let config = MosquittoConfig::plain().line("no_such_option true");
    let error = Mosquitto::start(&config)
        .err()
        .expect("refused")
        .to_string();
    assert!(error.contains("no_such_option"), "{error}");
}

#[test]
fn dropping_a_server_ends_it() {
    let broker = Mosquitto::start(&MosquittoConfig::plain()).unwrap();
    let addr = broker.addr();
    drop(broker);
    assert!(std::net::TcpStream::connect(addr).is_err());
}

#[test]
fn a_missing_program_is_named_with_its_package() {
    let text = crate::Error::Missing(Program::MosquittoPasswd).to_string();
    assert!(text.contains("`mosquitto_passwd`"), "{text}");
    assert!(text.contains("apt-get install mosquitto "), "{text}");
}

/// An MQTT 3.1.1 CONNECT.
fn connect_packet(user: Option<(&str, &str)>) -> Vec<u8> {
    let string = |text: &str| [&(text.len() as u16).to_be_bytes()[..], text.as_bytes()].concat();
    let flags = if user.is_some() { 0xc2 } else { 0x02 };
    let mut body = [&string("MQTT")[..], &[4, flags, 0, 60], &string("lab")].concat();
    if let Some((name, password)) = user {
        body.extend([string(name), string(password)].concat());
    }
    [&[0x10, body.len() as u8][..], &body].concat()
}

/// The return code that the broker answers a CONNECT with.
fn connack(addr: std::net::SocketAddr, user: Option<(&str, &str)>) -> Option<u8> {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(addr).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    stream.write_all(&connect_packet(user)).unwrap();
    let mut answer = [0; 4];
    stream.read_exact(&mut answer).ok()?;
    (answer[..3] == [0x20, 2, 0]).then_some(answer[3])
}
