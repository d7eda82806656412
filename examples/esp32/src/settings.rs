//! What this device is to do.

use bearcub::clock::{Clock, Time};

/// Settings; what was not given is empty.
pub struct Settings {
    /// Name (SSID) of the network.
    pub wifi_name: &'static str,
    /// Its password; empty for an open network.
    pub wifi_password: &'static str,
    /// Name or address of the broker, as in its certificate.
    pub host: &'static str,
    /// Its port.
    pub port: u16,
    /// Fingerprints of the keys that the broker may have.
    pub pins: &'static [&'static str],
    /// Certificate of the authority that signs the broker's certificate, in DER.
    pub authority: &'static [u8],
    /// Name of the device, and its client identifier.
    pub name: &'static str,
    /// Certificate of the device, in DER; without one it comes from the flash.
    pub certificate: &'static [u8],
    /// Private key of the device, in DER.
    pub key: &'static [u8],
    /// User name, if the broker asks for one.
    pub user: Option<&'static str>,
    /// Password for it.
    pub password: Option<&'static str>,
    /// Topic for readings.
    pub reading: &'static str,
    /// Topic for commands.
    pub command: &'static str,
    /// Topic that says whether the device is there.
    pub state: &'static str,
    /// Name or address of a time server.
    pub time_server: &'static str,
    /// When this was built, in seconds since 1970: no clock that says less is believed.
    pub built: u64,
}

impl Settings {
    /// Whether everything is there that the device needs; else the name of the first setting that is not.
    pub fn check(&self) -> Result<(), &'static str> {
        let given = [
            ("wifi.name", !self.wifi_name.is_empty()),
            ("broker.host", !self.host.is_empty()),
            ("device.name", !self.name.is_empty()),
            ("topics.reading", !self.reading.is_empty()),
            ("topics.command", !self.command.is_empty()),
            ("topics.state", !self.state.is_empty()),
            (
                "broker.pins or broker.authority",
                !self.pins.is_empty() || !self.authority.is_empty(),
            ),
            (
                "time.server (broker.authority needs the time)",
                !self.time_server.is_empty() || self.authority.is_empty(),
            ),
            // Neither is fine: they are in the flash then.
            (
                "device.key",
                !self.key.is_empty() || self.certificate.is_empty(),
            ),
            (
                "device.certificate",
                !self.certificate.is_empty() || self.key.is_empty(),
            ),
        ];
        match given.iter().find(|(_, is_given)| !is_given) {
            Some((name, _)) => Err(name),
            None => Ok(()),
        }
    }

    /// Whether a connection cannot be made before the time is known.
    pub fn need_the_time(&self) -> bool {
        !self.authority.is_empty()
    }

    /// What is known about the time, if this is what the board's clock says.
    pub fn clock(&self, time: Option<Time>) -> Clock {
        let built = Time::from_unix(self.built as i64).unwrap_or(Time::MIN);
        time.map_or(Clock::not_set(), Clock::at).not_before(built)
    }
}
