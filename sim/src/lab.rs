//! Records the scenarios against the lab's servers.
//!
//! The client's side is the same every time: its randomness comes from the scenario's name, its clock stands still. The
//! server's randomness, and the keys of the chain, are new in every recording.

use std::time::{Duration, Instant};

use bearcub::trust::{Pin, PublicKey};
use bearcub_lab::pki::{self, Chain, KeyKind};
use bearcub_lab::server::{Mosquitto, MosquittoConfig, OpensslConfig, OpensslServer};

use crate::client::{Outcome, Run, Script, Turn};
use crate::failure::Failure;
use crate::hex::Hex;
use crate::live::{Address, Live};
use crate::plan::{ClientPlan, Plan, TrustPlan};
use crate::recording::{self, Agreed, FORMAT, Header, Recording};
use crate::scenarios::{Client, Scenario, Server, TrustBy};
use crate::tape::Recorder;

/// Long enough for a machine that is busy with other things.
const PATIENCE: Duration = Duration::from_secs(20);
/// The port of MQTT over TLS, which Wireshark knows.
const MQTT: u16 = 8883;
/// The port that `openssl s_server` has by default.
const S_SERVER: u16 = 4433;

/// A server that is running, until it is dropped.
enum Running {
    Mosquitto(Mosquitto),
    Openssl(OpensslServer),
}

impl Running {
    fn address(&self) -> Address {
        let addr = match self {
            Running::Mosquitto(server) => server.addr(),
            Running::Openssl(server) => server.addr(),
        };
        Address {
            host: addr.ip().to_string(),
            port: addr.port(),
        }
    }

    fn log(&self) -> String {
        match self {
            Running::Mosquitto(server) => server.log(),
            Running::Openssl(server) => server.log(),
        }
    }
}

fn failed(error: bearcub_lab::Error) -> Failure {
    Failure::Other(error.to_string())
}

impl Server {
    fn chain(self) -> std::sync::Arc<Chain> {
        match self {
            Server::Aws | Server::Lines | Server::Publishing => pki::aws(),
            Server::LetsEncryptRsa => pki::letsencrypt_rsa(),
            // Two certificates under an RSA-2048 root: the start of the chain that AWS sends.
            Server::LetsEncrypt2019 => {
                let mut chain = (*pki::aws()).clone();
                chain.certificates.truncate(2);
                std::sync::Arc::new(chain)
            }
            Server::LetsEncryptEcdsa => pki::letsencrypt_ecdsa(),
            Server::SelfSigned => pki::selfsigned(KeyKind::P256),
        }
    }

    /// Whether it can ask for a client certificate.
    fn is_mutual(self) -> bool {
        matches!(self, Server::Aws | Server::SelfSigned)
    }

    fn suite_and_groups(self) -> (&'static str, &'static str) {
        match self {
            Server::Aws | Server::Lines | Server::Publishing => {
                ("ECDHE_RSA_WITH_AES_128_GCM_SHA256", "p256")
            }
            Server::LetsEncryptRsa | Server::LetsEncrypt2019 => {
                ("RSA_WITH_AES_128_GCM_SHA256", "none")
            }
            Server::LetsEncryptEcdsa | Server::SelfSigned => {
                ("ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", "x25519-p256")
            }
        }
    }

    /// Started; asking for a certificate of that device, if there is one.
    fn start(self, chain: &Chain, device: Option<&Chain>) -> Result<Running, Failure> {
        let broker = |config: &MosquittoConfig| {
            Mosquitto::start(config)
                .map(Running::Mosquitto)
                .map_err(failed)
        };
        match self {
            Server::Aws | Server::Lines => {
                // The client offers one of the suites; of the groups that it offers, the faster one is taken.
                let mut config = OpensslConfig::new(chain)
                    .ciphers(
                        "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-CHACHA20-POLY1305:AES128-GCM-SHA256",
                    )
                    .groups("X25519:P-256")
                    .argument("-serverpref");
                if let Some(device) = device {
                    config = config.require_certificate(device.root());
                }
                OpensslServer::start(&config)
                    .map(Running::Openssl)
                    .map_err(failed)
            }
            Server::LetsEncryptRsa | Server::LetsEncrypt2019 => {
                broker(&MosquittoConfig::tls(chain).ciphers("AES128-GCM-SHA256"))
            }
            Server::LetsEncryptEcdsa | Server::Publishing => broker(&MosquittoConfig::tls(chain)),
            Server::SelfSigned => {
                let mut config = MosquittoConfig::tls(chain);
                if let Some(device) = device {
                    config = config.require_certificate(device.root());
                }
                broker(&config)
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Server::Aws | Server::Lines => "openssl s_server",
            _ => "Mosquitto",
        }
    }

    fn port(self) -> u16 {
        match self {
            Server::Aws | Server::Lines => S_SERVER,
            _ => MQTT,
        }
    }

    /// What the client says, and what is answered.
    fn turns(self) -> Vec<Turn> {
        let turn = |send: &[u8], receive: &[u8]| Turn {
            send: Hex(send.to_vec()),
            receive: Hex(receive.to_vec()),
        };
        // MQTT 3.1.1: CONNECT as "bearcub" with a clean session, and CONNACK.
        let connect = turn(
            b"\x10\x13\0\x04MQTT\x04\x02\0\x3c\0\x07bearcub",
            b"\x20\x02\0\0",
        );
        match self {
            // The line comes back reversed.
            Server::Aws => vec![turn(b"measured, not guessed\n", b"desseug ton ,derusaem\n")],
            Server::Lines => {
                let line = |len: usize| {
                    let text = b"measured, not guessed ".iter().copied().cycle();
                    let mut line: Vec<u8> = text.take(len - 1).collect();
                    let mut back = line.clone();
                    back.reverse();
                    line.push(b'\n');
                    back.push(b'\n');
                    turn(&line, &back)
                };
                vec![line(64), line(256), line(1024)]
            }
            // PUBLISH with QoS 1 of 64 bytes to plant/7/temp, and PUBACK.
            Server::Publishing => {
                let mut publish = b"\x32\x50\0\x0cplant/7/temp\0\x01".to_vec();
                publish.resize(82, b'm');
                vec![connect, turn(&publish, b"\x40\x02\0\x01")]
            }
            // PUBLISH of 21.5 with QoS 0 with PINGREQ behind it, and PINGRESP.
            _ => vec![
                connect,
                turn(b"\x30\x12\0\x0cplant/7/temp21.5\xc0\0", b"\xd0\0"),
            ],
        }
    }
}

impl Scenario {
    /// The device, if it has a certificate.
    fn device(&self) -> Option<std::sync::Arc<Chain>> {
        let kind = match self.terms.client {
            Client::None => return None,
            Client::Ec => KeyKind::P256,
            Client::Rsa => KeyKind::Rsa2048,
        };
        self.server.is_mutual().then(|| pki::device(kind))
    }

    /// What the connection is to be with that chain.
    fn plan(&self, chain: &Chain, device: Option<&Chain>) -> Result<Plan, Failure> {
        let (suite, groups) = self.server.suite_and_groups();
        let suite = self.terms.suite.unwrap_or(suite);
        let groups = self.terms.groups.unwrap_or(groups);
        let trust = match self.trust {
            TrustBy::Fingerprint => {
                let key = PublicKey::from_spki(chain.key.spki_der())?;
                TrustPlan::Pins(vec![Pin::sha256_of(&key).to_string()])
            }
            TrustBy::Root => TrustPlan::Anchors(vec![Hex(chain.root().to_vec())]),
            TrustBy::Issuer => TrustPlan::Anchors(vec![Hex(chain.certificates[1].clone())]),
        };
        let client = device.map(|device| ClientPlan {
            certificates: vec![Hex(device.leaf().to_vec())],
            test_only_private_key: Hex(device.key.traditional_der().to_vec()),
        });
        Ok(Plan {
            server_name: chain.host.clone(),
            clock: i64::try_from(pki::NOW.unix()).ok(),
            trust,
            client,
            suites: vec![suite.to_owned()],
            groups: groups.to_owned(),
            alpn: Vec::new(),
            fragment_length: self.terms.fragment_length,
            buffers: self.terms.buffers,
            session: None,
            rsa_2048_only: self.terms.rsa_2048_only,
        })
    }

    /// Starts the server and records the scenario.
    ///
    /// # Errors
    /// A program of the lab that is missing, or why the connection failed, with the server's log.
    pub fn record(&self) -> Result<Recording, Failure> {
        let chain = self.server.chain();
        let device = self.device();
        let mut plan = self.plan(&chain, device.as_deref())?;
        let server = self.server.start(&chain, device.as_deref())?;
        let turns = self.server.turns();
        let connect = |plan: &Plan, name| {
            let run = Run {
                plan,
                seed: seed(name),
                script: Script::Turns(&turns),
                measure_stack: false,
            };
            let live = Live::connect(&server.address(), PATIENCE)?;
            let mut link = Recorder::new(live, Instant::now());
            let outcome = run.connect(&mut link, &mut |_| {}).map_err(|failure| {
                Failure::Other(format!(
                    "{failure}\nthe server's log:\n{}",
                    server.log().trim_end()
                ))
            })?;
            Ok::<_, Failure>((outcome, link.tape().clone()))
        };
        if self.resumed {
            let (before, _) = connect(&plan, "the connection before")?;
            let session = before.session.ok_or_else(|| {
                Failure::Other("the server gives no session to resume".to_owned())
            })?;
            plan.session = Some(Hex(session.to_bytes().to_vec()));
        }
        let (outcome, tape) = connect(&plan, self.name)?;
        if self.resumed && !outcome.negotiated.resumed {
            return Err(Failure::Other(
                "the server has not resumed the session".to_owned(),
            ));
        }
        let origin = Origin {
            scenario: self.name,
            server: self.server.name(),
            port: self.server.port(),
        };
        Ok(origin.recording(&plan, seed(self.name), &outcome, tape))
    }
}

/// Where a recording is from.
pub struct Origin<'a> {
    /// The scenario, or the server's address.
    pub scenario: &'a str,
    /// What answered.
    pub server: &'a str,
    /// The port that the packets show.
    pub port: u16,
}

impl Origin<'_> {
    /// Puts a recording together.
    pub fn recording(
        &self,
        plan: &Plan,
        seed: [u8; 32],
        outcome: &Outcome,
        tape: crate::tape::Tape,
    ) -> Recording {
        Recording {
            header: Header {
                bearcub_recording: FORMAT,
                scenario: self.scenario.to_owned(),
                server: self.server.to_owned(),
                port: self.port,
                seed: Hex(seed.to_vec()),
                plan: plan.clone(),
                turns: outcome.turns.clone(),
                closed_by_both: outcome.closed_by_both,
                agreed: Agreed::from(&outcome.negotiated),
            },
            key_log: recording::key_log(outcome),
            tape,
        }
    }
}

/// The seed of a scenario: its name, repeated.
fn seed(name: &str) -> [u8; 32] {
    let mut bytes = name.bytes().chain([0]).cycle();
    std::array::from_fn(|_| bytes.next().unwrap_or_default())
}

/// The seed of a live connection.
///
/// # Errors
/// `NoEntropy` if the operating system has none.
pub fn fresh_seed() -> Result<[u8; 32], Failure> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(|_| bearcub::error::ResourceError::NoEntropy)?;
    Ok(seed)
}

/// A seed as it was given: 64 hexadecimal digits.
///
/// # Errors
/// If it is not that.
pub fn parse_seed(text: &str) -> Result<[u8; 32], Failure> {
    let wrong = || Failure::Usage(format!("the seed `{text}` is not 64 hexadecimal digits"));
    let bytes = base16ct::mixed::decode_vec(text).map_err(|_| wrong())?;
    bytes.try_into().map_err(|_| wrong())
}
