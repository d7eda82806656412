//! `openssl s_server`.

use std::net::SocketAddr;
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::PATIENCE;
use super::process::Process;
use crate::pki::{Chain, certificates_pem};
use crate::{Error, Program};

/// What the server does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Sends every line back reversed, its `\n` at the end: `-rev`.
    ReverseLines,
    /// Answers an HTTP request with a page about the connection, then closes: `-www`.
    StatusPage,
    /// Prints to its log what it receives, and takes orders: [`OpensslServer::order`].
    Terminal,
}

/// How the server is set up.
#[derive(Clone, Debug)]
pub struct OpensslConfig {
    chain: Chain,
    service: Service,
    version: &'static str,
    ciphers: Option<String>,
    security_level: u8,
    groups: Option<String>,
    alpn: Option<String>,
    client_roots: Vec<Vec<u8>>,
    require_certificate: bool,
    arguments: Vec<String>,
}

impl OpensslConfig {
    /// A server with that chain: TLS 1.2 only, OpenSSL's cipher suites, lines reversed.
    pub fn new(chain: &Chain) -> Self {
        OpensslConfig {
            chain: chain.clone(),
            service: Service::ReverseLines,
            version: "-tls1_2",
            ciphers: None,
            security_level: 2,
            groups: None,
            alpn: None,
            client_roots: Vec::new(),
            require_certificate: false,
            arguments: Vec::new(),
        }
    }

    /// What is done with a connection.
    #[must_use]
    pub fn service(mut self, service: Service) -> Self {
        self.service = service;
        self
    }

    /// TLS 1.3 only.
    #[must_use]
    pub fn tls13_only(mut self) -> Self {
        self.version = "-tls1_3";
        self
    }

    /// One old version only: `-tls1` or `-tls1_1`. They need security level 0.
    #[must_use]
    pub fn old_version(mut self, flag: &'static str) -> Self {
        self.version = flag;
        self.security_level = 0;
        self
    }

    /// The cipher suites for TLS 1.2, in OpenSSL's words and in the server's order of preference.
    #[must_use]
    pub fn ciphers(mut self, list: &str) -> Self {
        self.ciphers = Some(list.to_owned());
        self
    }

    /// OpenSSL's security level: 2 as in Debian; 0 for RSA-1024 and SHA-1.
    #[must_use]
    pub fn security_level(mut self, level: u8) -> Self {
        self.security_level = level;
        self
    }

    /// The groups for key exchange: `P-256`, `X25519:P-384`.
    #[must_use]
    pub fn groups(mut self, list: &str) -> Self {
        self.groups = Some(list.to_owned());
        self
    }

    /// The protocols for ALPN, separated by commas.
    #[must_use]
    pub fn alpn(mut self, protocols: &str) -> Self {
        self.alpn = Some(protocols.to_owned());
        self
    }

    /// Asks for a client certificate under that root (DER), and ends the handshake without one.
    #[must_use]
    pub fn require_certificate(mut self, root: &[u8]) -> Self {
        self.client_roots.push(root.to_vec());
        self.require_certificate = true;
        self
    }

    /// Asks for a client certificate, and does without.
    #[must_use]
    pub fn request_certificate(mut self, root: &[u8]) -> Self {
        self.client_roots.push(root.to_vec());
        self
    }

    /// Adds an argument of `openssl s_server`: `-no_ticket`, `-no_cache`, `-msg`, …
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    fn command(&self, folder: &TempDir) -> Result<Command, Error> {
        let files = self.chain.write_to(folder.path(), "")?;
        let mut command = Command::new(Program::Openssl.find()?);
        command.env("OPENSSL_CONF", "/dev/null");
        // OpenSSL chooses the port itself, and prints it.
        command.args(["s_server", "-accept", "127.0.0.1:0", self.version]);
        command.args(["-no-CAfile", "-no-CApath", "-no-CAstore"]);
        command
            .arg("-cert")
            .arg(files.leaf)
            .arg("-key")
            .arg(files.key);
        if self.chain.certificates.len() > 1 {
            command.arg("-cert_chain").arg(files.intermediates);
        }
        let suites = self.ciphers.as_deref().unwrap_or("DEFAULT");
        command
            .arg("-cipher")
            .arg(format!("{suites}:@SECLEVEL={}", self.security_level));
        command.args(["-serverpref"]);
        for (option, value) in [("-groups", &self.groups), ("-alpn", &self.alpn)] {
            if let Some(value) = value {
                command.args([option, value]);
            }
        }
        if !self.client_roots.is_empty() {
            let file = folder.path().join("clients.pem");
            std::fs::write(&file, certificates_pem(&self.client_roots))?;
            command.arg("-verifyCAfile").arg(&file);
            // There is no option for the names that CertificateRequest lists.
            let lines = format!(
                "openssl_conf = lab\n[lab]\nssl_conf = contexts\n[contexts]\nserver = server\n\
                 [server]\nRequestCAFile = {}\n",
                file.display()
            );
            let configuration = folder.path().join("openssl.cnf");
            std::fs::write(&configuration, lines)?;
            command
                .env("OPENSSL_CONF", configuration)
                .args(["-ssl_config", "server"]);

            command.arg("-verify_return_error");
            let option = if self.require_certificate {
                "-Verify"
            } else {
                "-verify"
            };
            command.args([option, "5"]);
        }
        match self.service {
            Service::ReverseLines => drop(command.arg("-rev")),
            Service::StatusPage => drop(command.arg("-www")),
            Service::Terminal => {}
        }
        command.args(&self.arguments);
        Ok(command)
    }
}

/// A running `openssl s_server`. It serves one connection after the other. Dropping it ends it.
///
/// ```no_run
/// use bearcub_lab::pki;
/// use bearcub_lab::server::{OpensslConfig, OpensslServer};
///
/// let config = OpensslConfig::new(&pki::aws()).ciphers("AES128-GCM-SHA256");
/// let server = OpensslServer::start(&config)?;
/// println!("listening on {}", server.addr());
/// # Ok::<(), bearcub_lab::Error>(())
/// ```
pub struct OpensslServer {
    addr: SocketAddr,
    process: Process,
    _folder: TempDir,
}

impl OpensslServer {
    /// Starts the server and waits until it listens.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if `openssl` is not installed, [`Error::Failed`] with its output if it
    /// does not come up.
    pub fn start(config: &OpensslConfig) -> Result<OpensslServer, Error> {
        let folder = tempfile::tempdir()?;
        let process = Process::spawn(Program::Openssl, &mut config.command(&folder)?)?;
        let listening = |log: &str| {
            log.lines()
                .find_map(|line| line.strip_prefix("ACCEPT ")?.parse().ok())
        };
        let Some(addr) = process.wait(PATIENCE, listening) else {
            return Err(process.failed("it does not listen"));
        };
        Ok(OpensslServer {
            addr,
            process,
            _folder: folder,
        })
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What it has printed so far.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Waits until some text is in the log, and says whether it came.
    pub fn wait_for_log(&self, text: &str, timeout: Duration) -> bool {
        self.process
            .wait(timeout, |log| log.contains(text).then_some(()))
            .is_some()
    }

    /// Types a line, for [`Service::Terminal`]: it is sent to the client, except for the orders
    /// `R` (renegotiate, asking for a certificate), `r` (renegotiate), `q` (cut this connection,
    /// without close_notify), `Q` (and end the server), `P` (send plaintext into the encrypted
    /// stream).
    ///
    /// # Errors
    ///
    /// What the operating system says when the server is gone.
    pub fn order(&mut self, line: &str) -> std::io::Result<()> {
        self.process.write(format!("{line}\n").as_bytes())
    }
}
