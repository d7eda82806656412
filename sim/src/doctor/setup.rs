//! How a device is set up, as a file in TOML says it.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bearcub::mqtt::{Broker, Options, Publish, QoS};
use serde::Deserialize;

use crate::board::Board;
use crate::failure::Failure;
use crate::files;
use crate::fingerprint;
use crate::live::Address;
use crate::material::secret::Secret;
use crate::mqtt::{FILTERS, IN_FLIGHT};
use crate::names;
use crate::plan::{Buffers, ClientPlan, FragmentPlan, Plan, TrustPlan};

/// The file. `sim/TOOLS.md` describes it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Setup {
    /// The server's name or address.
    pub host: String,
    /// Its port.
    #[serde(default = "port")]
    pub port: u16,
    /// The name that the certificate must have, if it is not the host's.
    pub server_name: Option<String>,
    /// The board that times are predicted for.
    #[serde(default = "board")]
    pub board: String,
    /// `set`, `unset`, or a time.
    #[serde(default = "clock")]
    pub clock: String,
    /// Seconds that each step may take.
    #[serde(default = "timeout")]
    pub timeout: u16,
    /// Whom the device trusts.
    pub trust: Trust,
    /// Who it is.
    pub identity: Option<Identity>,
    /// What its TLS is like.
    #[serde(default)]
    pub tls: Tls,
    /// What its MQTT is like, if it speaks MQTT.
    pub mqtt: Option<Mqtt>,
    /// What it has memory for.
    #[serde(default)]
    pub budget: Budget,
    /// The folder that other files are named from.
    #[serde(skip)]
    folder: PathBuf,
}

fn port() -> u16 {
    8883
}

fn board() -> String {
    Board::Esp8266.name().to_owned()
}

fn clock() -> String {
    "set".to_owned()
}

fn timeout() -> u16 {
    10
}

/// Whom the device trusts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Trust {
    /// Keys.
    #[serde(default)]
    pub pins: Vec<String>,
    /// The file with authorities.
    pub ca: Option<PathBuf>,
    /// The first server that answers.
    #[serde(default)]
    pub learn: bool,
}

/// Who the device is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identity {
    /// The file with its certificates.
    pub cert: PathBuf,
    /// The file with its private key.
    pub key: PathBuf,
}

/// What the device's TLS is like.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Tls {
    /// Bytes of plaintext in the buffer for incoming records.
    pub input_buffer: usize,
    /// The same for outgoing ones.
    pub output_buffer: usize,
    /// Whether it is one buffer for both.
    pub shared_buffer: bool,
    /// `buffer`, `none`, or 512 to 4096.
    pub fragment_length: Fragment,
    /// Suites; those of the library's default if none is named.
    pub suites: Vec<String>,
    /// Groups.
    pub groups: String,
    /// Protocol names.
    pub alpn: Vec<String>,
    /// Whether the library is built with its feature `rsa-4096`.
    pub rsa_4096: bool,
}

impl Default for Tls {
    fn default() -> Self {
        Tls {
            input_buffer: Buffers::DEFAULT.input,
            output_buffer: Buffers::DEFAULT.output,
            shared_buffer: false,
            fragment_length: Fragment::Word("buffer".to_owned()),
            suites: Vec::new(),
            groups: names::DEFAULT_GROUPS.to_owned(),
            alpn: Vec::new(),
            rsa_4096: true,
        }
    }
}

/// A fragment length.
#[derive(Deserialize)]
#[serde(untagged)]
pub enum Fragment {
    /// In bytes.
    Bytes(usize),
    /// In a word.
    Word(String),
}

/// What the device's MQTT is like. Nothing shows the password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mqtt {
    /// The client identifier.
    pub client_id: String,
    /// The user name.
    pub username: Option<String>,
    /// The file whose first line is the password.
    pub password_file: Option<PathBuf>,
    /// Seconds.
    #[serde(default = "keep_alive")]
    pub keep_alive: u16,
    /// Whether the broker forgets the session at the end of a connection.
    #[serde(default = "yes")]
    pub clean_session: bool,
    /// `open` or `aws`.
    #[serde(default = "open")]
    pub broker: String,
    /// Bytes of the session's input buffer.
    #[serde(default = "mqtt_buffer")]
    pub input_buffer: usize,
    /// Bytes of its output buffer.
    #[serde(default = "mqtt_buffer")]
    pub output_buffer: usize,
    /// Bytes of its store.
    #[serde(default = "store")]
    pub store: usize,
    /// Messages under way in each direction.
    #[serde(default = "slots")]
    pub slots: usize,
    /// What it publishes.
    #[serde(default)]
    pub publish: Vec<Message>,
    /// The filters that it subscribes with.
    #[serde(default)]
    pub subscribe: Vec<String>,
    /// The password, once it is read.
    #[serde(skip)]
    password: Option<Secret>,
}

fn keep_alive() -> u16 {
    60
}

fn yes() -> bool {
    true
}

fn open() -> String {
    "open".to_owned()
}

fn mqtt_buffer() -> usize {
    256
}

fn store() -> usize {
    512
}

fn slots() -> usize {
    4
}

/// A message that the device publishes.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Message {
    /// Where.
    pub topic: String,
    /// Bytes of its payload, the most there can be.
    pub bytes: usize,
    /// Its quality of service.
    #[serde(default)]
    pub qos: u8,
}

/// What the device has memory for, in bytes.
#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// While it is connected.
    pub kept: Option<usize>,
    /// More than that in the handshake, its stack left out.
    pub scratch: Option<usize>,
}

impl Setup {
    /// Reads a file.
    ///
    /// # Errors
    /// What cannot be read, or means nothing, with its line.
    pub fn read(path: &Path) -> Result<Setup, Failure> {
        let text = files::text_at_most(path, files::TEXT_MAX)
            .map_err(|error| Failure::unread(path.display(), &error))?;
        let mut setup: Setup = toml::from_str(&text).map_err(|error| {
            let line = error.span().map(|span| {
                text.as_bytes()
                    .iter()
                    .take(span.start)
                    .filter(|byte| **byte == b'\n')
                    .count()
                    + 1
            });
            let place = line
                .map(|line| format!(", line {line}"))
                .unwrap_or_default();
            Failure::Usage(format!(
                "{}{place}: {}",
                path.display(),
                without_values(error.message())
            ))
        })?;
        setup.folder = path.parent().map(Path::to_owned).unwrap_or_default();
        setup
            .check()
            .map_err(|failure| failure.at(path.display()))?;
        Ok(setup)
    }

    fn check(&mut self) -> Result<(), Failure> {
        let usage = |text: String| Err(Failure::Usage(text));
        self.board
            .parse::<Board>()
            .map_err(|error| Failure::Usage(format!("board: {error}")))?;
        self.time().map_err(|failure| failure.at("clock"))?;
        let trust = &mut self.trust;
        if trust.pins.is_empty() && trust.ca.is_none() && !trust.learn {
            return usage("[trust] names nobody: pins, ca or learn = true".to_owned());
        }
        if trust.learn && (trust.ca.is_some() || !trust.pins.is_empty()) {
            return usage(
                "[trust]: learn is not for devices that know pins or authorities".to_owned(),
            );
        }
        trust.pins = fingerprint::all_pasted(&trust.pins, "[trust] pins,")?;
        let folder = self.folder.clone();
        let Some(mqtt) = &mut self.mqtt else {
            return Ok(());
        };
        if !["open", "aws"].contains(&&*mqtt.broker) {
            return usage(format!(
                "[mqtt] broker = \"{}\": there are open and aws",
                mqtt.broker
            ));
        }
        if !(1..=IN_FLIGHT).contains(&mqtt.slots) {
            return usage(format!(
                "[mqtt] slots = {}: there may be 1 to {IN_FLIGHT}",
                mqtt.slots
            ));
        }
        if mqtt.subscribe.len() > FILTERS {
            return usage(format!("[mqtt] subscribe: there may be {FILTERS} filters"));
        }
        for (name, size) in [
            ("input_buffer", mqtt.input_buffer),
            ("output_buffer", mqtt.output_buffer),
            ("store", mqtt.store),
        ] {
            if size > 1 << 20 {
                return usage(format!(
                    "[mqtt] {name} = {size}: no more than 1,048,576 bytes"
                ));
            }
        }
        for message in &mqtt.publish {
            if QoS::from_number(message.qos).is_none() || message.bytes > 1 << 28 {
                return usage(format!(
                    "[mqtt] publish, {}: qos is 0 to 2, bytes up to 268,435,456",
                    message.topic
                ));
            }
        }
        if let Some(file) = &mqtt.password_file {
            let file = folder.join(file);
            let password = Secret::first_line_of(&file)
                .map_err(|error| Failure::unread(file.display(), &error))?;
            mqtt.password = Some(password);
        }
        Ok(())
    }

    fn time(&self) -> Result<Option<i64>, Failure> {
        files::time(if self.clock == "set" {
            "now"
        } else {
            &self.clock
        })
    }

    /// Where the server is.
    pub fn address(&self) -> Address {
        Address {
            host: self.host.clone(),
            port: self.port,
        }
    }

    /// How long each step may take.
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(u64::from(self.timeout.max(1)))
    }

    /// The device's certificates and key.
    ///
    /// # Errors
    /// What is wrong with them.
    pub fn client(&self) -> Result<Option<ClientPlan>, Failure> {
        let Some(Identity { cert, key }) = &self.identity else {
            return Ok(None);
        };
        files::client(&self.folder.join(cert), &self.folder.join(key)).map(Some)
    }

    /// The device's TLS, with that identity.
    ///
    /// # Errors
    /// What is wrong with a file or a name.
    pub fn plan(&self, client: Option<ClientPlan>) -> Result<Plan, Failure> {
        let pins = self.trust.pins.clone();
        let anchors = self
            .trust
            .ca
            .as_ref()
            .map(|file| files::anchors(&self.folder.join(file)));
        let trust = match anchors.transpose()? {
            Some(anchors) if pins.is_empty() => TrustPlan::Anchors(anchors),
            Some(anchors) => TrustPlan::AnchorsAndPins(anchors, pins),
            None if self.trust.learn => TrustPlan::Learn,
            None => TrustPlan::Pins(pins),
        };
        let tls = &self.tls;
        let fragment_length = match &tls.fragment_length {
            Fragment::Bytes(bytes) => FragmentPlan::Bytes(*bytes),
            Fragment::Word(word) if word == "buffer" => FragmentPlan::FromBuffer,
            Fragment::Word(word) if word == "none" => FragmentPlan::NotOffered,
            Fragment::Word(word) => {
                return Err(Failure::Usage(format!(
                    "[tls] fragment_length = \"{word}\": there are \"buffer\", \"none\", 512, 1024, 2048 and 4096"
                )));
            }
        };
        let default = bearcub::tls::Algorithms::DEFAULT.suites.iter();
        let default = default.map(|suite| names::of_suite(suite.id()));
        let named = tls
            .suites
            .iter()
            .map(|name| names::suite(name).map(|suite| names::of_suite(suite.id())));
        let suites = match tls.suites.is_empty() {
            true => default.collect(),
            false => named
                .collect::<Result<_, _>>()
                .map_err(|failure| failure.at("[tls] suites"))?,
        };
        names::groups(&tls.groups).map_err(|failure| failure.at("[tls] groups"))?;
        Ok(Plan {
            server_name: self.server_name.as_ref().unwrap_or(&self.host).clone(),
            clock: self.time()?,
            trust,
            client,
            suites,
            groups: tls.groups.clone(),
            alpn: tls.alpn.clone(),
            fragment_length,
            buffers: Buffers {
                input: tls.input_buffer,
                output: tls.output_buffer,
                shared: tls.shared_buffer,
            },
            session: None,
            rsa_2048_only: !tls.rsa_4096,
        })
    }
}

impl Mqtt {
    /// The limits of the broker.
    pub fn limits(&self) -> Broker {
        match &*self.broker {
            "aws" => Broker::AWS_IOT,
            _ => Broker::OPEN,
        }
    }

    /// Whether it has a password.
    pub fn has_password(&self) -> bool {
        self.password.is_some()
    }

    /// The device's session. Messages are not acknowledged by themselves: they are the device's.
    pub fn options(&self, timeout: Duration) -> Options<'_> {
        let options = Options::new(&self.client_id)
            .user_name(self.username.as_deref())
            .password(self.password.as_ref().map(Secret::bytes))
            .keep_alive(self.keep_alive)
            .response_timeout(u32::try_from(timeout.as_millis()).unwrap_or(u32::MAX))
            .acknowledge_manually()
            .broker(self.limits());
        match self.clean_session {
            true => options,
            false => options.persistent(),
        }
    }
}

impl Message {
    /// The message, with any payload.
    pub fn publish<'a>(&'a self, payload: &'a [u8]) -> Publish<'a> {
        Publish::new(&self.topic, payload).qos(crate::mqtt::options::qos(self.qos))
    }
}

/// What a parser says, without the value that it found: that may be a secret.
fn without_values(message: &str) -> String {
    let is_about_value =
        message.starts_with("invalid type") || message.starts_with("invalid value");
    match message.rsplit_once("expected ") {
        Some((_, expected)) if is_about_value => {
            format!("the value has another type: expected {expected}")
        }
        _ => message.to_owned(),
    }
}
