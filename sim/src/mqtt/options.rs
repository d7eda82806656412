//! The options that `publish` and `subscribe` have in common.

use std::path::PathBuf;
use std::time::Duration;

use bearcub::mqtt::{Options, Publish, QoS};
use clap::{ArgAction, Args, ValueEnum};

use crate::commands::options::seconds;
use crate::failure::Failure;
use crate::files;
use crate::fingerprint;
use crate::lab;
use crate::live::Address;
use crate::material::secret::Secret;
use crate::names;
use crate::plan::{Buffers, FragmentPlan, Plan, TrustPlan};

/// A broker, and how to reach it; the letters are those of mosquitto_pub and mosquitto_sub.
#[derive(Args, Debug)]
pub struct BrokerOptions {
    /// The broker: a name or an address
    #[arg(
        short = 'h',
        long,
        visible_alias = "hostname",
        value_name = "HOST",
        default_value = "localhost",
        value_parser = host
    )]
    pub host: String,
    /// The broker's port [default: 1883, with TLS 8883]
    #[arg(short = 'p', long, value_name = "PORT")]
    pub port: Option<u16>,
    /// The client identifier [default: bearcub- and random letters]
    #[arg(short = 'i', long, value_name = "ID")]
    pub id: Option<String>,
    /// The user name
    #[arg(short = 'u', long, value_name = "NAME")]
    pub username: Option<String>,
    /// The password; others on this machine can see it among the arguments
    #[arg(
        short = 'P',
        long = "pw",
        value_name = "PASSWORD",
        requires = "username"
    )]
    pub password: Option<Secret>,
    /// The file whose first line is the password
    #[arg(
        long,
        value_name = "FILE",
        requires = "username",
        conflicts_with = "password"
    )]
    pub pw_file: Option<PathBuf>,
    /// Seconds after which a silent connection is pinged
    #[arg(short = 'k', long, value_name = "SECONDS", default_value_t = 60)]
    pub keepalive: u16,
    /// How long to wait for the connection and for each answer
    #[arg(long, value_name = "SECONDS", default_value = "10", value_parser = seconds)]
    pub timeout: Duration,
    /// TLS: trust the authorities in this file, PEM or DER
    #[arg(long, value_name = "FILE", help_heading = "TLS", visible_alias = "ca")]
    pub cafile: Option<PathBuf>,
    /// TLS: trust the server's key by this pin. May be repeated
    #[arg(long, value_name = "PIN", help_heading = "TLS")]
    pub fingerprint: Vec<String>,
    /// TLS: print the pin of whoever answers, and end: nothing is told to a server that is not known
    #[arg(long, conflicts_with_all = ["fingerprint", "cafile"], help_heading = "TLS")]
    pub learn: bool,
    /// The name that the certificate must have, and that is sent [default: HOST]
    #[arg(long, value_name = "NAME", help_heading = "TLS")]
    pub server_name: Option<String>,
    /// The client's certificates, PEM or DER
    #[arg(long, value_name = "FILE", requires = "key", help_heading = "TLS")]
    pub cert: Option<PathBuf>,
    /// The client's private key, PEM or DER
    #[arg(long, value_name = "FILE", requires = "cert", help_heading = "TLS")]
    pub key: Option<PathBuf>,
    /// A protocol name to offer, like x-amzn-mqtt-ca on port 443
    #[arg(
        long,
        value_name = "NAME",
        help_heading = "TLS",
        visible_alias = "tls-alpn"
    )]
    pub alpn: Vec<String>,
    /// The limits that are checked before anything is sent
    #[arg(long = "broker", value_name = "BROKER", value_enum, default_value_t = Profile::Open)]
    pub profile: Profile,
    /// Print help (-h is the host, as Mosquitto's clients have it)
    #[arg(long, action = ArgAction::Help)]
    help: Option<bool>,
}

/// A connection of `publish` and `subscribe`.
#[derive(Args, Debug)]
pub struct MqttOptions {
    /// The broker
    #[command(flatten)]
    pub broker: BrokerOptions,
    /// The quality of service: 0, 1 or 2
    #[arg(short = 'q', long, value_name = "QOS", default_value_t = 0, value_parser = clap::value_parser!(u8).range(0..=2))]
    pub qos: u8,
    /// Keep the session when the connection ends; needs --id
    #[arg(short = 'c', long, requires = "id")]
    pub disable_clean_session: bool,
    /// The topic of the message that the broker publishes when the connection ends without a goodbye
    #[arg(long, value_name = "TOPIC")]
    pub will_topic: Option<String>,
    /// Its payload
    #[arg(long, value_name = "TEXT", requires = "will_topic")]
    pub will_payload: Option<String>,
    /// Its quality of service
    #[arg(long, value_name = "QOS", default_value_t = 0, requires = "will_topic", value_parser = clap::value_parser!(u8).range(0..=2))]
    pub will_qos: u8,
    /// The broker keeps it
    #[arg(long, requires = "will_topic")]
    pub will_retain: bool,
}

/// What a broker allows.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum Profile {
    /// What the standard allows
    Open,
    /// AWS IoT Core
    Aws,
}

/// The QoS of that number, which the arguments' parser has checked.
pub fn qos(number: u8) -> QoS {
    QoS::from_number(number).unwrap_or(QoS::AtMostOnce)
}

fn host(text: &str) -> Result<String, String> {
    match text.is_empty() || text.contains(['/', ' ']) {
        true => Err("not a host: give its name or address alone, and the port with -p".to_owned()),
        false => Ok(text.to_owned()),
    }
}

impl BrokerOptions {
    fn has_tls(&self) -> bool {
        self.cafile.is_some() || !self.fingerprint.is_empty() || self.learn
    }

    /// Where the broker is.
    pub fn address(&self) -> Address {
        let port = self
            .port
            .unwrap_or(if self.has_tls() { 8883 } else { 1883 });
        Address {
            host: self.host.clone(),
            port,
        }
    }

    /// The client identifier that is used if none is given, and the password.
    ///
    /// # Errors
    /// If there is no entropy, or the password's file cannot be read.
    pub fn own(&self) -> Result<Own, Failure> {
        let seed = lab::fresh_seed()?;
        let letters = seed[..8].iter().map(|byte| char::from(b'a' + byte % 26));
        let password = match (&self.password, &self.pw_file) {
            (Some(password), _) => Some(password.clone()),
            (None, Some(file)) => Some(Secret::first_line_of(file).map_err(|error| {
                Failure::unread(format_args!("--pw-file {}", file.display()), &error)
            })?),
            (None, None) => None,
        };
        Ok(Own {
            id: format!("bearcub-{}", letters.collect::<String>()),
            password,
        })
    }

    /// What the session is to be. Whoever adds to it checks it.
    pub fn mqtt<'a>(&'a self, own: &'a Own) -> Options<'a> {
        let id = self.id.as_deref().unwrap_or(&own.id);
        let timeout = u32::try_from(self.timeout.as_millis()).unwrap_or(u32::MAX);
        let options = Options::new(id)
            .user_name(self.username.as_deref())
            .password(own.password.as_ref().map(Secret::bytes))
            .keep_alive(self.keepalive)
            .response_timeout(timeout);
        match self.profile {
            Profile::Aws => options.broker(bearcub::mqtt::Broker::AWS_IOT),
            Profile::Open => options,
        }
    }

    /// What the TLS connection is to be, if there is to be one.
    ///
    /// # Errors
    /// If a file or a pin is wrong, or TLS is asked for without saying whom to trust.
    pub fn plan(&self, address: &Address) -> Result<Option<Plan>, Failure> {
        if !self.has_tls() {
            let wants_tls =
                self.cert.is_some() || !self.alpn.is_empty() || self.server_name.is_some();
            return if wants_tls {
                let needed = "TLS needs to know whom to trust: --cafile FILE or --fingerprint PIN (--learn prints it)";
                Err(Failure::Usage(needed.to_owned()))
            } else {
                Ok(None)
            };
        }
        let pins = fingerprint::all_pasted(&self.fingerprint, "--fingerprint")?;
        let trust = match self.cafile.as_deref().map(files::anchors).transpose()? {
            Some(anchors) if pins.is_empty() => TrustPlan::Anchors(anchors),
            Some(anchors) => TrustPlan::AnchorsAndPins(anchors, pins),
            None if self.learn => TrustPlan::Learn,
            None => TrustPlan::Pins(pins),
        };
        let client = match (&self.cert, &self.key) {
            (Some(chain), Some(key)) => Some(files::client(chain, key)?),
            _ => None,
        };
        Ok(Some(Plan {
            server_name: self
                .server_name
                .clone()
                .unwrap_or_else(|| address.host.clone()),
            clock: files::time("now")?,
            trust,
            client,
            suites: names::SUITES
                .iter()
                .filter(|suite| names::of_suite(suite.id()).contains("ECDHE"))
                .map(|suite| names::of_suite(suite.id()))
                .collect(),
            groups: names::DEFAULT_GROUPS.to_owned(),
            alpn: self.alpn.clone(),
            fragment_length: FragmentPlan::NotOffered,
            buffers: Buffers {
                input: 16_384,
                output: 16_384,
                shared: false,
            },
            session: None,
            rsa_2048_only: false,
        }))
    }
}

impl MqttOptions {
    /// What the session is to be.
    ///
    /// # Errors
    /// What MQTT or the broker's profile does not allow.
    pub fn mqtt<'a>(&'a self, own: &'a Own) -> Result<Options<'a>, Failure> {
        let mut options = self.broker.mqtt(own);
        if self.disable_clean_session {
            options = options.persistent();
        }
        if let Some(topic) = &self.will_topic {
            let payload = self.will_payload.as_deref().unwrap_or_default();
            let will = Publish::new(topic, payload.as_bytes()).qos(qos(self.will_qos));
            options = options.will(if self.will_retain {
                will.retained()
            } else {
                will
            });
        }
        options.check()?;
        Ok(options)
    }
}

/// What is not among the arguments.
pub struct Own {
    id: String,
    password: Option<Secret>,
}
