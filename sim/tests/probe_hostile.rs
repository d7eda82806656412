//! `bearcub probe` against what is no TLS server, or a bad one: it says so, and never waits for ever.

mod common;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use bearcub_lab::pki::{self, KeyKind};
use bearcub_lab::proxy::{Direction, Proxy, ProxyConfig};
use bearcub_lab::server::{OpensslConfig, OpensslServer};
use common::{Ran, bearcub_with};

/// Serves every connection with `serve`, which is told its number, for as long as the test runs.
fn server(serve: impl Fn(usize, TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = std::sync::Arc::new(serve);
    std::thread::spawn(move || {
        for (number, stream) in listener.incoming().enumerate() {
            let Ok(stream) = stream else { return };
            let serve = serve.clone();
            std::thread::spawn(move || serve(number, stream));
        }
    });
    address
}

/// Reads the ClientHello, or some of it.
fn hear(stream: &mut TcpStream) {
    let _ = stream.read(&mut [0; 4096]);
}

/// Keeps a connection open until the client leaves.
fn hold(mut stream: TcpStream) {
    let mut buffer = [0; 4096];
    while let Ok(1..) = stream.read(&mut buffer) {}
}

/// Ends with that status within the limit.
fn probe(address: SocketAddr, status: i32, timeout: &str, arguments: &[&str]) -> Ran {
    let address = address.to_string();
    let usual = ["probe", &address, "--timeout", timeout, "--trust", "pin"];
    let start = Instant::now();
    let ran = bearcub_with(&[&usual, arguments].concat(), &[], b"");
    assert_eq!(ran.status, status, "{}\n{}", ran.stderr, ran.stdout);
    // 12 times the time-out for questions, and a handful of handshakes; and a busy machine.
    let limit = 20.0 * timeout.parse::<f64>().unwrap() + 15.0;
    assert!(start.elapsed() < Duration::from_secs_f64(limit));
    ran
}

#[test]
fn nobody_who_listens_is_told_with_the_usual_error() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let ran = probe(address, 1, "5", &[]);
    assert!(ran.stderr.contains("error -1002"), "{}", ran.stderr);
    assert_eq!(ran.stdout, "");
}

#[test]
fn a_server_of_http_is_recognised() {
    let address = server(|_, mut stream| {
        hear(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    });
    let ran = probe(address, 1, "5", &[]);
    assert!(ran.stderr.contains("this is no TLS"), "{}", ran.stderr);
    assert!(
        ran.stderr.contains("HTTP/1.1 400 Bad Request"),
        "{}",
        ran.stderr
    );
}

#[test]
fn a_broker_without_tls_is_recognised_by_its_silence() {
    let config = bearcub_lab::server::MosquittoConfig::plain();
    let broker = bearcub_lab::server::Mosquitto::start(&config).unwrap();
    let ran = probe(broker.addr(), 1, "5", &[]);
    assert!(
        ran.stderr.contains("MQTT over TLS is on 8883"),
        "{}",
        ran.stderr
    );
}

#[test]
fn garbage_is_named_as_what_it_is() {
    for (answer, words) in [
        (&b"\x00\x01\x02garbage"[..], "this is no TLS"),
        (b"SSH-2.0-OpenSSH_9.2\r\n", "SSH-2.0-OpenSSH_9.2"),
        (b"\x1b[31mred\x07", "\\x1b[31mred\\x07"),
        (b"\x16\x03\x03\xff\xff", "larger than TLS allows"),
        (
            b"\x16\x03\x03\x00\x04\x0e\x00\x00\x00",
            "before ServerHello",
        ),
        (
            b"\x16\x03\x03\x00\x06\x02\x00\x00\x02\x03\x03",
            "ServerHello is malformed",
        ),
        (b"\x17\x03\x03\x00\x01x", "no place here"),
        (b"\x15\x03\x03\x00\x01\x02", "an alert"),
    ] {
        let address = server(move |_, mut stream| {
            hear(&mut stream);
            let _ = stream.write_all(answer);
            hold(stream);
        });
        let ran = probe(address, 1, "5", &[]);
        assert!(ran.stderr.contains(words), "{words}: {}", ran.stderr);
        assert!(
            !ran.stderr.contains('\u{1b}'),
            "nothing of it reaches a terminal"
        );
    }
}

#[test]
fn a_flood_ends_at_a_limit() {
    let address = server(|_, mut stream| {
        hear(&mut stream);
        // A message of 16 MB, which never ends.
        let mut record = vec![22, 3, 3, 0x40, 0];
        record.resize(5 + 0x4000, 0xff);
        while stream.write_all(&record).is_ok() {}
    });
    let ran = probe(address, 1, "5", &[]);
    assert!(
        ran.stderr.contains("bytes before it awaits"),
        "{}",
        ran.stderr
    );
}

#[test]
fn closing_and_resetting_at_once_are_no_hang() {
    let closing = server(|_, stream| drop(stream));
    let resetting = server(|_, mut stream| {
        // What is left unread makes the system reset the connection.
        let _ = stream.read(&mut [0; 1]);
        drop(stream);
    });
    let half = server(|_, mut stream| {
        hear(&mut stream);
        let _ = stream.write_all(&[22, 3, 3, 0]);
        let _ = stream.shutdown(Shutdown::Write);
        hold(stream);
    });
    for address in [closing, resetting, half] {
        let ran = probe(address, 1, "5", &[]);
        assert!(
            ran.stderr.contains("closes the connection"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn silence_and_single_bytes_end_with_the_time_out() {
    let silent = server(|_, stream| hold(stream));
    let dripping = server(|_, mut stream| {
        hear(&mut stream);
        let record = [&[22, 3, 3, 0x10, 0][..], &[0; 0x1000]].concat();
        let pause = Some(Duration::from_millis(20));
        stream.set_read_timeout(pause).unwrap();
        for byte in record {
            // Until the client leaves, or the pause is over.
            let has_left = stream.read(&mut [0; 64]).is_ok_and(|len| len == 0);
            if has_left || stream.write_all(&[byte]).is_err() {
                return;
            }
        }
    });
    for address in [silent, dripping] {
        let ran = probe(address, 1, "0.4", &[]);
        assert!(ran.stderr.contains("error -1005"), "{}", ran.stderr);
    }
}

/// A server that is well, and the connections to it.
fn well() -> (OpensslServer, std::sync::Arc<pki::Chain>) {
    let chain = pki::simple(KeyKind::P256);
    (
        OpensslServer::start(&OpensslConfig::new(&chain)).unwrap(),
        chain,
    )
}

/// How a server fails from some connection on.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Stalls,
    Closes,
    Garbage,
}

/// Passes the first connections on, then does something else.
fn failing_after(good: usize, fault: Fault, target: SocketAddr) -> SocketAddr {
    server(move |number, mut stream| {
        if number >= good {
            match fault {
                Fault::Stalls => hold(stream),
                Fault::Closes => drop(stream),
                Fault::Garbage => {
                    hear(&mut stream);
                    let _ = stream.write_all(b"garbage");
                }
            }
            return;
        }
        let Ok(mut to) = TcpStream::connect(target) else {
            return;
        };
        let (mut back, mut from) = (stream.try_clone().unwrap(), to.try_clone().unwrap());
        let thread = std::thread::spawn(move || {
            let _ = std::io::copy(&mut from, &mut back);
            let _ = back.shutdown(Shutdown::Both);
        });
        let _ = std::io::copy(&mut stream, &mut to);
        let _ = to.shutdown(Shutdown::Both);
        let _ = thread.join();
    })
}

/// The report on a server that fails after so many connections, and the exit status.
fn report(good: usize, fault: Fault, target: SocketAddr) -> (serde_json::Value, i32) {
    let address = failing_after(good, fault, target).to_string();
    let start = Instant::now();
    let arguments = ["probe", &address, "--timeout", "0.4", "--json"];
    let ran = bearcub_with(&arguments, &[], b"");
    assert!(
        start.elapsed() < Duration::from_secs(25),
        "{good} {fault:?}"
    );
    (ran.json(), ran.status)
}

#[test]
fn a_server_that_fails_in_the_middle_of_the_questions_leaves_what_was_found() {
    let (server, _) = well();
    let ran = bearcub_with(&["probe", &server.addr().to_string(), "--json"], &[], b"");
    let json = ran.json();
    let questions = json["questions"].as_array().unwrap();
    let connections = |one: &serde_json::Value| one["connections"].as_u64().unwrap();
    let all = questions.iter().map(connections).sum::<u64>() as usize;
    let handshakes = connections(questions.last().unwrap()) as usize;
    assert_eq!(handshakes, 3);
    // From each connection on up to the first of the library's two that matter.
    for good in 1..all - 1 {
        let fault = [Fault::Closes, Fault::Stalls, Fault::Garbage][good % 3];
        let (json, status) = report(good, fault, server.addr());
        let case = format!("{good} of {all} {fault:?}: {json}");
        assert!([1, 3].contains(&status), "{status} {case}");
        assert_eq!(json["ok"], false, "{case}");
        assert_eq!(json["chain"][0]["subject"], "CN=localhost", "{case}");
        assert!(json["error"]["message"].is_string(), "{case}");
        if good > 4 {
            assert_eq!(json["versions"]["TLS 1.2"], true, "{case}");
        }
    }
    // A session that cannot be resumed keeps nobody from connecting.
    let (json, status) = report(all - 1, Fault::Stalls, server.addr());
    assert_eq!((status, &json["ok"]), (0, &true.into()), "{json}");
    assert!(json["resumption"].is_null());
}

#[test]
fn a_link_that_is_cut_or_dies_at_any_byte_of_a_flight_is_no_hang() {
    let (server, _) = well();
    // ServerHello, Certificate, ServerKeyExchange: their beginnings, middles and ends.
    for bytes in [0, 3, 5, 40, 95, 101, 300, 600] {
        let cut = ProxyConfig::new().cut_after(Direction::ToClient, bytes);
        let held = ProxyConfig::new().hold_after(Direction::ToClient, bytes);
        for config in [cut, held] {
            let proxy = Proxy::start(server.addr(), &config).unwrap();
            let ran = probe(proxy.addr(), 1, "0.3", &[]);
            assert!(!ran.stderr.is_empty());
        }
    }
}

#[test]
fn any_flipped_byte_of_a_flight_ends_in_a_report_or_an_error() {
    let (server, _) = well();
    for offset in (0..420).step_by(35) {
        let config = ProxyConfig::new().flip(Direction::ToClient, offset);
        let proxy = Proxy::start(server.addr(), &config).unwrap();
        let address = proxy.addr().to_string();
        let start = Instant::now();
        let ran = bearcub_with(&["probe", &address, "--timeout", "0.3"], &[], b"");
        assert!([0, 1, 3].contains(&ran.status), "{offset}: {}", ran.stderr);
        assert!(start.elapsed() < Duration::from_secs(25), "{offset}");
    }
}

/// A ServerHello for TLS 1.2 that agrees to a fragment length, and a record that is larger.
fn lying_flight(hello: &[u8]) -> Vec<u8> {
    let mut body = vec![3, 3];
    body.extend([7; 32]);
    body.extend([0, 0xc0, 0x2b, 0]);
    // The offer as it came: extension 1, one byte.
    if let Some(at) = hello.windows(4).position(|window| window == [0, 1, 0, 1]) {
        body.extend([0, 5, 0, 1, 0, 1, hello[at + 4]]);
    }
    let framed = |kind: u8, body: &[u8]| {
        let len = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind, len[1], len[2], len[3]], body].concat()
    };
    let list = [&[0, 0x17, 0x70][..], &[5; 6000]].concat();
    let list = [&[0, 0x17, 0x73][..], &list].concat();
    let messages = [framed(2, &body), framed(11, &list), framed(14, &[])].concat();
    let len = u16::try_from(messages.len()).unwrap().to_be_bytes();
    [&[22, 3, 3, len[0], len[1]], &messages[..]].concat()
}

#[test]
fn a_fragment_length_that_is_agreed_to_and_broken_is_told() {
    let address = server(|_, mut stream| {
        let mut hello = [0; 4096];
        let len = stream.read(&mut hello).unwrap_or(0);
        let _ = stream.write_all(&lying_flight(&hello[..len]));
        hold(stream);
    });
    let address = address.to_string();
    let ran = bearcub_with(&["probe", &address, "--timeout", "1", "--json"], &[], b"");
    assert_eq!(ran.status, 1, "{}", ran.stderr);
    let json = ran.json();
    let lengths = json["fragment_lengths"].as_array().unwrap();
    assert_eq!(lengths.len(), 4, "{json}");
    for one in lengths {
        assert_eq!(
            (&one["acknowledged"], &one["kept"]),
            (&true.into(), &false.into())
        );
    }
    let warnings = json["warnings"].as_array().unwrap();
    let broken = warnings
        .iter()
        .filter(|one| one["id"] == "fragment-length-broken");
    assert_eq!(broken.count(), 4);
    // A certificate that is none is told, and nothing of it is taken for text.
    assert!(
        warnings
            .iter()
            .any(|one| one["id"] == "certificate-unreadable")
    );
}
