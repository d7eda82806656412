//! Mosquitto.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use tempfile::TempDir;

use super::PATIENCE;
use super::process::Process;
use crate::pki::{Chain, certificates_pem};
use crate::{Error, Program};

/// How a broker is set up. Start from [`tls`](Self::tls) or [`plain`](Self::plain).
#[derive(Clone, Debug)]
pub struct MosquittoConfig {
    chain: Option<Chain>,
    client_roots: Vec<Vec<u8>>,
    require_certificate: bool,
    identity_as_username: bool,
    users: Vec<(String, String)>,
    plain_listener: bool,
    persistence: bool,
    tls_version: &'static str,
    ciphers: Option<String>,
    security_level: u8,
    listener_lines: Vec<String>,
    lines: Vec<String>,
}

impl MosquittoConfig {
    /// A broker without TLS that lets everyone in.
    pub fn plain() -> Self {
        MosquittoConfig {
            chain: None,
            client_roots: Vec::new(),
            require_certificate: false,
            identity_as_username: false,
            users: Vec::new(),
            plain_listener: false,
            persistence: false,
            tls_version: "tlsv1.2",
            ciphers: None,
            security_level: 2,
            listener_lines: Vec::new(),
            lines: Vec::new(),
        }
    }

    /// A broker with TLS 1.2 or later and that chain; everyone is let in.
    pub fn tls(chain: &Chain) -> Self {
        MosquittoConfig {
            chain: Some(chain.clone()),
            ..Self::plain()
        }
    }

    /// Asks clients for a certificate under that root (DER) and lets nobody in without:
    /// `cafile`, `require_certificate true`. May be called for several roots.
    ///
    /// As OpenSSL does: where the server's chain is a leaf alone and its root is also in this
    /// `cafile`, the broker sends the root after the leaf.
    #[must_use]
    pub fn require_certificate(mut self, root: &[u8]) -> Self {
        self.client_roots.push(root.to_vec());
        self.require_certificate = true;
        self
    }

    /// Asks clients for a certificate, and lets them in without: `require_certificate false`.
    #[must_use]
    pub fn request_certificate(mut self, root: &[u8]) -> Self {
        self.client_roots.push(root.to_vec());
        self
    }

    /// Takes the user name from the certificate's common name, and lets nobody in anonymously.
    /// Needs [`require_certificate`](Self::require_certificate).
    #[must_use]
    pub fn identity_as_username(mut self) -> Self {
        self.identity_as_username = true;
        self
    }

    /// Adds a user with a password; nobody is let in anonymously then.
    #[must_use]
    pub fn user(mut self, name: &str, password: &str) -> Self {
        self.users.push((name.to_owned(), password.to_owned()));
        self
    }

    /// Opens a second listener without TLS: [`Mosquitto::plain_addr`].
    #[must_use]
    pub fn with_plain_listener(mut self) -> Self {
        self.plain_listener = true;
        self
    }

    /// Keeps sessions and messages over a restart, written to disk with every change.
    #[must_use]
    pub fn persistent(mut self) -> Self {
        self.persistence = true;
        self
    }

    /// The oldest TLS version: `tlsv1.2` (as is) or `tlsv1.3`.
    #[must_use]
    pub fn tls_version(mut self, version: &'static str) -> Self {
        self.tls_version = version;
        self
    }

    /// The cipher suites for TLS 1.2, in OpenSSL's words: `AES128-GCM-SHA256`.
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

    /// Adds a line to the main listener's part of `mosquitto.conf`.
    #[must_use]
    pub fn listener_line(mut self, line: &str) -> Self {
        self.listener_lines.push(line.to_owned());
        self
    }

    /// Adds a line to the global part of `mosquitto.conf`.
    #[must_use]
    pub fn line(mut self, line: &str) -> Self {
        self.lines.push(line.to_owned());
        self
    }

    /// Writes all files to the folder; `mosquitto.conf` is the one that names the others.
    fn write(&self, folder: &Path, port: u16, plain_port: u16) -> Result<(), Error> {
        let at = |name: &str| folder.join(name).display().to_string();
        let mut conf = String::new();
        let mut line = |text: &str| conf.push_str(&format!("{text}\n"));
        line("log_dest stderr");
        line("log_type all");
        line("log_timestamp false");
        line(&format!("persistence {}", self.persistence));
        if self.persistence {
            line(&format!("persistence_location {}/", folder.display()));
            line("autosave_on_changes true");
            line("autosave_interval 1");
        }
        // Started as root, it would become the user `mosquitto`, who cannot read these files.
        line("user root");
        let anonymous = !self.identity_as_username && self.users.is_empty();
        line(&format!("allow_anonymous {anonymous}"));
        if !self.users.is_empty() {
            line(&format!("password_file {}", at("users")));
        }
        self.lines.iter().for_each(|text| line(text));
        line(&format!("listener {port} 127.0.0.1"));
        if let Some(chain) = &self.chain {
            let files = chain.write_to(folder, "server-")?;
            line(&format!("certfile {}", files.chain.display()));
            line(&format!("keyfile {}", files.key.display()));
            line(&format!("tls_version {}", self.tls_version));
            let suites = self.ciphers.as_deref().unwrap_or("DEFAULT");
            line(&format!(
                "ciphers {suites}:@SECLEVEL={}",
                self.security_level
            ));
        }
        if !self.client_roots.is_empty() {
            std::fs::write(at("clients.pem"), certificates_pem(&self.client_roots))?;
            line(&format!("cafile {}", at("clients.pem")));
            line(&format!("require_certificate {}", self.require_certificate));
            line(&format!(
                "use_identity_as_username {}",
                self.identity_as_username
            ));
        }
        self.listener_lines.iter().for_each(|text| line(text));
        if self.plain_listener {
            line(&format!("listener {plain_port} 127.0.0.1"));
        }
        std::fs::write(at("mosquitto.conf"), conf)?;
        Ok(())
    }

    /// Writes the password file, hashed as the broker wants it.
    fn write_users(&self, folder: &Path) -> Result<(), Error> {
        if self.users.is_empty() {
            return Ok(());
        }
        let file = folder.join("users");
        let lines = self
            .users
            .iter()
            .map(|(name, password)| format!("{name}:{password}\n"));
        std::fs::write(&file, lines.collect::<String>())?;
        let program = Program::MosquittoPasswd;
        let output = Command::new(program.find()?)
            .arg("-U")
            .arg(&file)
            .output()?;
        if output.status.success() {
            return Ok(());
        }
        let log = String::from_utf8_lossy(&output.stderr).into_owned();
        Err(Error::Failed {
            program,
            reason: "no password file".to_owned(),
            log,
        })
    }
}

/// A running Mosquitto. Dropping it ends it.
///
/// ```no_run
/// use bearcub_lab::pki::{KeyKind, device, selfsigned};
/// use bearcub_lab::server::{Mosquitto, MosquittoConfig};
///
/// let (server, device) = (selfsigned(KeyKind::P256), device(KeyKind::P256));
/// let config = MosquittoConfig::tls(&server).require_certificate(device.root());
/// let broker = Mosquitto::start(&config.identity_as_username())?;
/// println!("mqtts://{}", broker.addr());
/// # Ok::<(), bearcub_lab::Error>(())
/// ```
pub struct Mosquitto {
    addr: SocketAddr,
    plain_addr: Option<SocketAddr>,
    process: Process,
    configuration: PathBuf,
    /// What was written for it.
    _folder: Option<TempDir>,
}

/// Why a broker is not there.
enum Refusal {
    /// Somebody else took the port between the choice and the start.
    PortTaken,
    Other(Error),
}

impl Refusal {
    fn into_error(self) -> Error {
        match self {
            Refusal::PortTaken => Error::PortTaken,
            Refusal::Other(error) => error,
        }
    }
}

impl<E: Into<Error>> From<E> for Refusal {
    fn from(error: E) -> Self {
        Refusal::Other(error.into())
    }
}

impl Mosquitto {
    /// Starts a broker and waits until it runs.
    ///
    /// # Errors
    ///
    /// [`Error::Missing`] if Mosquitto is not installed, [`Error::Failed`] with its log if it
    /// does not come up.
    pub fn start(config: &MosquittoConfig) -> Result<Mosquitto, Error> {
        let mut tries = 0;
        loop {
            tries += 1;
            match Self::try_start(config) {
                Ok(broker) => return Ok(broker),
                Err(Refusal::PortTaken) if tries < 10 => {}
                Err(Refusal::PortTaken) => {
                    return Err(Error::Config("no free port was left alone".to_owned()));
                }
                Err(Refusal::Other(error)) => return Err(error),
            }
        }
    }

    fn try_start(config: &MosquittoConfig) -> Result<Mosquitto, Refusal> {
        let program = Program::Mosquitto.find()?;
        let folder = tempfile::tempdir()?;
        let [port, plain_port] = free_ports()?;
        config.write(folder.path(), port, plain_port)?;
        config.write_users(folder.path())?;
        let configuration = folder.path().join("mosquitto.conf");
        let process = launch(&program, &configuration)?;
        Ok(Mosquitto {
            addr: loopback(port),
            plain_addr: config.plain_listener.then(|| loopback(plain_port)),
            process,
            configuration,
            _folder: Some(folder),
        })
    }

    /// Starts a broker with a configuration that somebody else wrote, as it is, and waits until it runs. [`addr`](Self::addr)
    /// is its first listener.
    ///
    /// # Errors
    ///
    /// [`Error::PortTaken`] if something listens there already, else as [`start`](Self::start).
    pub fn start_with(configuration: &Path) -> Result<Mosquitto, Error> {
        let text = std::fs::read_to_string(configuration)?;
        let port = text.lines().find_map(|line| {
            let mut words = line.strip_prefix("listener ")?.split_whitespace();
            words.next()?.parse().ok()
        });
        let port = port.ok_or_else(|| Error::Config("it names no listener".to_owned()))?;
        let process = launch(&Program::Mosquitto.find()?, configuration);
        Ok(Mosquitto {
            addr: loopback(port),
            plain_addr: None,
            process: process.map_err(Refusal::into_error)?,
            configuration: configuration.to_owned(),
            _folder: None,
        })
    }

    /// Makes the broker read its configuration, certificates and lists of revoked ones anew (SIGHUP). It has when
    /// `Reloading config` is in its log.
    ///
    /// # Errors
    ///
    /// If the signal cannot be sent.
    pub fn reload(&self) -> Result<(), Error> {
        Ok(self.process.signal("-HUP")?)
    }

    /// Ends the broker, politely (SIGTERM: it saves what it has) or not (SIGKILL), and starts it again with the same
    /// settings, on the same ports.
    ///
    /// # Errors
    ///
    /// As [`start`](Self::start), or if somebody else took a port in between.
    pub fn restart(&mut self, politely: bool) -> Result<(), Error> {
        self.process.end(politely)?;
        let program = Program::Mosquitto.find()?;
        self.process = launch(&program, &self.configuration).map_err(Refusal::into_error)?;
        Ok(())
    }

    /// Where the (first) listener is.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Where the second listener is, without TLS.
    ///
    /// # Panics
    ///
    /// If the broker was not asked for one.
    pub fn plain_addr(&self) -> SocketAddr {
        self.plain_addr
            .expect("`with_plain_listener` was not called")
    }

    /// What the broker has printed so far: every connection, packet and complaint.
    pub fn log(&self) -> String {
        self.process.log()
    }

    /// Waits until some text is in the log, and says whether it came.
    pub fn wait_for_log(&self, text: &str, timeout: Duration) -> bool {
        self.process
            .wait(timeout, |log| log.contains(text).then_some(()))
            .is_some()
    }
}

/// Starts the program with a configuration, and waits until it runs.
fn launch(program: &Path, configuration: &Path) -> Result<Process, Refusal> {
    let mut command = Command::new(program);
    command
        .arg("-c")
        .arg(configuration)
        .env("OPENSSL_CONF", "/dev/null");
    let process = Process::spawn(Program::Mosquitto, &mut command)?;
    let running = process.wait(PATIENCE, |log| {
        // There may be a time before it.
        let running = |line: &str| line.contains("mosquitto version") && line.ends_with("running");
        let line = log
            .lines()
            .find(|line| running(line) || line.contains("in use"))?;
        Some(running(line))
    });
    match running {
        Some(true) => Ok(process),
        Some(false) => Err(Refusal::PortTaken),
        None => Err(Refusal::Other(process.failed("it does not run"))),
    }
}

fn loopback(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

/// Two different ports that are free now.
fn free_ports() -> std::io::Result<[u16; 2]> {
    let first = TcpListener::bind(loopback(0))?;
    let second = TcpListener::bind(loopback(0))?;
    Ok([first.local_addr()?.port(), second.local_addr()?.port()])
}
