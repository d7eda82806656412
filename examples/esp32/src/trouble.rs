//! What can go wrong, and what to do about it.

use bearcub::Error;
use bearcub::error::{ConfigError, NetworkError};
use bearcub::identity::SourceError;

/// Why the device is not connected.
#[derive(Clone, Copy, Debug)]
pub enum Trouble {
    /// This setting is missing.
    Setting(&'static str),
    /// There is no key in the settings, and the flash has none that can be used.
    Identity(SourceError),
    /// The network gives no address: not joined, or no answer from DHCP.
    NoAddress,
    /// The time server does not answer, or not with the time.
    NoTime,
    /// The library's errors: from the broker's name to MQTT.
    Library(Error),
}

impl<E: Into<Error>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Trouble::Library(error.into())
    }
}

impl Trouble {
    /// Logs what happened, and what to do.
    pub fn report(&self) {
        match self {
            Trouble::Setting(name) => log::error!("the setting {name} is missing"),
            Trouble::Identity(error) => log::error!("the device has no key: {error}"),
            Trouble::NoAddress => log::error!("the network has given no address"),
            Trouble::NoTime => log::error!("the time is not known"),
            Trouble::Library(error) => log::error!("({}) {error}", error.code()),
        }
        let (cause, remedy) = self.explain();
        log::info!("{cause} {remedy}");
    }

    /// The likely cause, and what to do.
    pub fn explain(&self) -> (&'static str, &'static str) {
        match self {
            Trouble::Setting(_) => (
                "This firmware was built without cfg.toml, or the file is not complete.",
                "Copy cfg.example.toml to cfg.toml, fill it in, build and flash again.",
            ),
            Trouble::Identity(_) => (
                "cfg.toml names no device.key, and the flash partition `identity` holds no image, or a damaged one.",
                "Make one with `cargo sim identity --cert device.pem --key device.key --image id.bin` and write it with \
                 `espflash write-bin 0x200000 id.bin`; partitions.csv has the place.",
            ),
            Trouble::NoAddress => (
                "The access point is away, its password is another, or its DHCP server does not answer.",
                "The lines above say which. wifi.name and wifi.password in cfg.toml must be the network's, on 2.4 GHz.",
            ),
            Trouble::NoTime => (
                "The time server did not answer, and without the time no certificate can be checked.",
                "Let UDP port 123 through, or set time.server to one in your network. With broker.pins instead of \
                 broker.authority no time is needed.",
            ),
            Trouble::Library(error) => {
                let explanation = error.explain();
                (explanation.cause, explanation.remedy)
            }
        }
    }

    /// The library's error that is nearest, from which the back-off tells whether trying again may help by itself.
    pub fn nearest(&self) -> Error {
        match self {
            Trouble::Setting(_) => ConfigError::NothingTrusted.into(),
            Trouble::Identity(_) => ConfigError::MissingPrivateKey.into(),
            Trouble::NoAddress => NetworkError::Connect.into(),
            Trouble::NoTime => NetworkError::Timeout.into(),
            Trouble::Library(error) => *error,
        }
    }
}
