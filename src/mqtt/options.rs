//! What a session is to be, and what it sends: options, last will, messages, filters, and what a broker allows.

use core::fmt;

use crate::error::{Error, MqttMisuse};

use super::cause::Cause;
use super::packet::{QoS, topic};

/// What an MQTT session is to be.
///
/// ```
/// use bearcub::mqtt::{Broker, Options, Publish, QoS};
///
/// let options = Options::new("sensor-7")
///     .credentials("plant", b"a password")
///     .persistent()
///     .will(Publish::new("plant/7/state", b"gone").qos(QoS::AtLeastOnce).retained())
///     .keep_alive(120);
/// assert_eq!(options.check(), Ok(()));
/// assert!(options.broker(Broker::AWS_IOT).check().is_ok());
/// ```
///
/// The password is not printed by `Debug`.
#[derive(Clone, Copy)]
pub struct Options<'a> {
    pub(crate) client_id: &'a str,
    pub(crate) user_name: Option<&'a str>,
    pub(crate) password: Option<&'a [u8]>,
    pub(crate) will: Option<Publish<'a>>,
    pub(crate) broker: Broker,
    pub(crate) response_timeout: u32,
    pub(crate) keep_alive: u16,
    pub(crate) clean_session: bool,
    pub(crate) manual: bool,
    pub(crate) overflow: Overflow,
}

impl<'a> Options<'a> {
    /// A clean session, a keep-alive of 60 seconds, 10 seconds for every answer, and no limits of the broker's.
    ///
    /// `client_id` must be the device's own: a broker ends the connection of whoever had it before.
    #[must_use]
    #[inline]
    pub const fn new(client_id: &'a str) -> Self {
        Options {
            client_id,
            user_name: None,
            password: None,
            will: None,
            broker: Broker::OPEN,
            response_timeout: 10_000,
            keep_alive: 60,
            clean_session: true,
            manual: false,
            overflow: Overflow::Refuse,
        }
    }

    /// User name and password.
    #[must_use]
    #[inline]
    pub const fn credentials(self, user_name: &'a str, password: &'a [u8]) -> Self {
        self.user_name(Some(user_name)).password(Some(password))
    }

    /// A user name, also without a password.
    #[must_use]
    #[inline]
    pub const fn user_name(mut self, user_name: Option<&'a str>) -> Self {
        self.user_name = user_name;
        self
    }

    /// A password. The standard demands a user name with it.
    #[must_use]
    #[inline]
    pub const fn password(mut self, password: Option<&'a [u8]>) -> Self {
        self.password = password;
        self
    }

    /// The message that the broker publishes when the connection ends without [`disconnect`](super::Session::disconnect).
    #[must_use]
    #[inline]
    pub const fn will(mut self, will: Publish<'a>) -> Self {
        self.will = Some(will);
        self
    }

    /// The broker keeps the session while the device is away: subscriptions, and messages of QoS 1 and 2 for them.
    #[must_use]
    #[inline]
    pub const fn persistent(mut self) -> Self {
        self.clean_session = false;
        self
    }

    /// Seconds after which a silent connection is pinged, 1 to 65,535; 0 for never.
    ///
    /// A ping goes out when nothing was sent or nothing has come for three quarters of that time. Without pings a dead link
    /// is noticed only when something is sent.
    #[must_use]
    #[inline]
    pub const fn keep_alive(mut self, seconds: u16) -> Self {
        self.keep_alive = seconds;
        self
    }

    /// Milliseconds that the broker has to answer CONNECT and PINGREQ, and to take what is sent.
    #[must_use]
    #[inline]
    pub const fn response_timeout(mut self, milliseconds: u32) -> Self {
        self.response_timeout = milliseconds;
        self
    }

    /// Incoming messages of QoS 1 and 2 are acknowledged by the program (`acknowledge`), and not when the next event is
    /// asked for.
    #[must_use]
    #[inline]
    pub const fn acknowledge_manually(mut self) -> Self {
        self.manual = true;
        self
    }

    /// What happens to messages that are published while there is no room for them.
    #[must_use]
    #[inline]
    pub const fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// The limits of the broker, which are checked before anything is sent.
    #[must_use]
    #[inline]
    pub const fn broker(mut self, broker: Broker) -> Self {
        self.broker = broker;
        self
    }

    /// Whether MQTT and the broker allow these options.
    ///
    /// # Errors
    /// The rule that they violate: a password without a user name, no client identifier for a persistent session, strings
    /// that are too long or have a NUL, a topic of the will that is none, a limit of the broker.
    pub fn check(&self) -> Result<(), Error> {
        Ok(self.find_misuse()?)
    }

    pub(super) fn find_misuse(&self) -> Result<(), Cause> {
        topic::find_string_misuse(self.client_id)?;
        topic::find_string_misuse(self.user_name.unwrap_or_default())?;
        if self.password.unwrap_or_default().len() > usize::from(u16::MAX) {
            return Err(MqttMisuse::StringTooLong.into());
        }
        if self.password.is_some() && self.user_name.is_none() {
            return Err(MqttMisuse::PasswordAlone.into());
        }
        if self.client_id.is_empty() && !self.clean_session {
            return Err(MqttMisuse::EmptyClientId.into());
        }
        if let Some(will) = &self.will {
            if will.payload.len() > usize::from(u16::MAX) {
                return Err(MqttMisuse::StringTooLong.into());
            }
            self.broker
                .find_misuse(will.topic, will.payload.len(), will.qos)?;
        }
        if self.client_id.len() > usize::from(self.broker.client_id) {
            return Err(MqttMisuse::LimitClientId.into());
        }
        let (shortest, longest) = self.broker.keep_alive;
        if self.keep_alive < shortest || self.keep_alive > longest {
            return Err(MqttMisuse::LimitKeepAlive.into());
        }
        Ok(())
    }
}

impl fmt::Debug for Options<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Options")
            .field("client_id", &self.client_id)
            .field("user_name", &self.user_name)
            .field("password", &self.password.map(|_| "hidden"))
            .field("will", &self.will)
            .field("keep_alive", &self.keep_alive)
            .field("clean_session", &self.clean_session)
            .finish_non_exhaustive()
    }
}

/// A message to publish.
///
/// ```
/// use bearcub::mqtt::{Publish, QoS};
///
/// let message = Publish::new("plant/7/temp", b"21.5").qos(QoS::AtLeastOnce).retained();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Publish<'a> {
    pub(crate) topic: &'a str,
    pub(crate) payload: &'a [u8],
    pub(crate) qos: QoS,
    pub(crate) retain: bool,
}

impl<'a> Publish<'a> {
    /// A message of QoS 0 that the broker does not keep.
    #[must_use]
    #[inline]
    pub const fn new(topic: &'a str, payload: &'a [u8]) -> Self {
        Publish {
            topic,
            payload,
            qos: QoS::AtMostOnce,
            retain: false,
        }
    }

    /// Sets the QoS.
    #[must_use]
    #[inline]
    pub const fn qos(mut self, qos: QoS) -> Self {
        self.qos = qos;
        self
    }

    /// The broker keeps the message and hands it to whoever subscribes later; an empty payload makes it forget.
    #[must_use]
    #[inline]
    pub const fn retained(mut self) -> Self {
        self.retain = true;
        self
    }
}

/// A filter to subscribe with, and the QoS that is wanted.
///
/// ```
/// use bearcub::mqtt::{Filter, QoS};
///
/// let filters = [Filter::new("plant/7/cmd", QoS::ExactlyOnce), Filter::new("all/#", QoS::AtMostOnce)];
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filter<'a> {
    pub(crate) topic: &'a str,
    pub(crate) qos: QoS,
}

impl<'a> Filter<'a> {
    /// A filter; [`topic::check_filter`] has its form.
    #[must_use]
    #[inline]
    pub const fn new(topic: &'a str, qos: QoS) -> Self {
        Filter { topic, qos }
    }
}

/// What happens to a message that is published while all slots are taken or the store is full.
///
/// Only what has never been sent is dropped: what may have reached the broker is kept until it is acknowledged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// It is an error.
    Refuse,
    /// The oldest messages that have not been sent make room.
    DropOldest,
    /// The new message is dropped.
    DropNewest,
}

/// What a broker allows. One of its own limits begins with another: `let mut mine = Broker::OPEN; mine.payload = 1024;`.
///
/// ```
/// use bearcub::error::MqttMisuse;
/// use bearcub::mqtt::{Broker, Publish, QoS};
///
/// let message = Publish::new("a/b", b"").qos(QoS::ExactlyOnce);
/// assert_eq!(Broker::AWS_IOT.check_publish(&message), Err(MqttMisuse::LimitQoS.into()));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Broker {
    /// Bytes of a payload.
    pub payload: u32,
    /// Bytes of a client identifier.
    pub client_id: u16,
    /// Bytes of a topic or filter.
    pub topic: u16,
    /// Slashes in a topic or filter.
    pub slashes: u16,
    /// Filters in one SUBSCRIBE.
    pub filters: u16,
    /// Subscriptions of a connection.
    pub subscriptions: u16,
    /// Seconds of keep-alive, the fewest and the most.
    pub keep_alive: (u16, u16),
    /// The highest QoS.
    pub qos: QoS,
}

impl Broker {
    /// What the standard allows, which Mosquitto does if it is not told otherwise.
    pub const OPEN: Self = Broker {
        payload: u32::MAX,
        client_id: u16::MAX,
        topic: u16::MAX,
        slashes: u16::MAX,
        filters: u16::MAX,
        subscriptions: u16::MAX,
        keep_alive: (0, u16::MAX),
        qos: QoS::ExactlyOnce,
    };

    /// AWS IoT Core's message broker, by its published limits.
    pub const AWS_IOT: Self = Broker {
        payload: 128 * 1024,
        client_id: 128,
        topic: 256,
        slashes: 7,
        filters: 8,
        subscriptions: 50,
        keep_alive: (30, 1200),
        qos: QoS::AtLeastOnce,
    };

    /// Whether the broker takes a message, and the standard allows it.
    ///
    /// # Errors
    /// The rule or the limit.
    pub fn check_publish(&self, message: &Publish<'_>) -> Result<(), Error> {
        Ok(self.find_misuse(message.topic, message.payload.len(), message.qos)?)
    }

    /// Whether the broker takes a filter, and the standard allows it.
    ///
    /// # Errors
    /// The rule or the limit.
    pub fn check_filter(&self, filter: &Filter<'_>) -> Result<(), Error> {
        Ok(self.find_filter_misuse(filter)?)
    }

    pub(super) fn find_misuse(
        &self,
        name: &str,
        payload_length: usize,
        qos: QoS,
    ) -> Result<(), Cause> {
        topic::find_name_misuse(name)?;
        if payload_length > self.payload as usize {
            return Err(MqttMisuse::LimitPayload.into());
        }
        self.find_limit(name, qos)
    }

    pub(super) fn find_filter_misuse(&self, filter: &Filter<'_>) -> Result<(), Cause> {
        topic::find_filter_misuse(filter.topic)?;
        self.find_limit(filter.topic, filter.qos)
    }

    fn find_limit(&self, topic: &str, qos: QoS) -> Result<(), Cause> {
        if topic.len() > usize::from(self.topic) {
            return Err(MqttMisuse::LimitTopicLength.into());
        }
        let slashes = topic.bytes().filter(|&byte| byte == b'/').count();
        if slashes > usize::from(self.slashes) {
            return Err(MqttMisuse::LimitTopicLevels.into());
        }
        if qos > self.qos {
            return Err(MqttMisuse::LimitQoS.into());
        }
        Ok(())
    }
}
