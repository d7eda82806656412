//! Where messages wait until they are acknowledged: in RAM, or where a loss of power leaves them.
//!
//! A session keeps here what the standard says a client must keep (section 4.1): messages of QoS 1 and 2 that are not
//! acknowledged, and the identifiers of QoS 2 messages that are half done; and what was published while there is no
//! connection. [`Ram`] is for devices that stay on, [`NoStore`] for those that publish with QoS 0 only; [`Flash`]
//! survives a loss of power at any moment.

mod flash;
mod ram;

pub use flash::Flash;
pub use ram::Ram;

use super::packet::PacketId;
use crate::error::MqttResource;

/// What a stored item is, with its packet identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// A message to be sent.
    Message(PacketId),
    /// A message of QoS 2 that has arrived at the broker, whose PUBREL is to be sent.
    Release(PacketId),
    /// A message of QoS 2 that has been delivered here, whose PUBREL has not come.
    Received(PacketId),
}

impl Key {
    /// The key as three bytes: the kind (1, 2, 3), and the identifier.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 3] {
        let (kind, id) = match self {
            Key::Message(id) => (1, id),
            Key::Release(id) => (2, id),
            Key::Received(id) => (3, id),
        };
        let [high, low] = id.get().to_be_bytes();
        [kind, high, low]
    }

    /// Reads what [`to_bytes`](Self::to_bytes) made; `None` for anything else.
    #[must_use]
    pub const fn from_bytes([kind, high, low]: [u8; 3]) -> Option<Self> {
        let Some(id) = PacketId::new(u16::from_be_bytes([high, low])) else {
            return None;
        };
        Some(match kind {
            1 => Key::Message(id),
            2 => Key::Release(id),
            3 => Key::Received(id),
            _ => return None,
        })
    }
}

/// A place for messages.
///
/// The order of items is that of their insertion. What a method has done is done when it returns, and a loss of power while
/// it runs leaves the item either whole or absent.
pub trait Store {
    /// Adds an item: `content`, piece after piece. There is none with this key.
    ///
    /// # Errors
    /// `StoreFull` if there is no room, `Store` if the medium failed; nothing has changed then.
    fn insert(&mut self, key: Key, content: &[&[u8]]) -> Result<(), MqttResource>;

    /// Removes an item, if it is there.
    ///
    /// # Errors
    /// `Store` if the medium failed.
    fn remove(&mut self, key: Key) -> Result<(), MqttResource>;

    /// The item after `previous`, or the first, and the bytes it has.
    ///
    /// # Errors
    /// `Store` if the medium failed.
    fn next(&mut self, previous: Option<Key>) -> Result<Option<(Key, usize)>, MqttResource>;

    /// Copies bytes of an item from `offset` on; returns how many: as many as fit, or as there are.
    ///
    /// # Errors
    /// `Store` if there is no such item, or the medium failed.
    fn read(&mut self, key: Key, offset: usize, into: &mut [u8]) -> Result<usize, MqttResource>;

    /// Whether items outlive the session. Where they do not, only messages are stored: a session keeps the rest itself.
    fn is_durable(&self) -> bool {
        true
    }

    /// Bytes of an item.
    ///
    /// # Errors
    /// `Store` if there is no such item, or the medium failed.
    fn length(&mut self, key: Key) -> Result<usize, MqttResource> {
        let mut previous = None;
        while let Some((found, length)) = self.next(previous)? {
            if found == key {
                return Ok(length);
            }
            previous = Some(found);
        }
        Err(MqttResource::Store)
    }
}

impl<S: Store + ?Sized> Store for &mut S {
    fn insert(&mut self, key: Key, content: &[&[u8]]) -> Result<(), MqttResource> {
        S::insert(self, key, content)
    }

    fn remove(&mut self, key: Key) -> Result<(), MqttResource> {
        S::remove(self, key)
    }

    fn next(&mut self, previous: Option<Key>) -> Result<Option<(Key, usize)>, MqttResource> {
        S::next(self, previous)
    }

    fn read(&mut self, key: Key, offset: usize, into: &mut [u8]) -> Result<usize, MqttResource> {
        S::read(self, key, offset, into)
    }

    fn is_durable(&self) -> bool {
        S::is_durable(self)
    }

    fn length(&mut self, key: Key) -> Result<usize, MqttResource> {
        S::length(self, key)
    }
}

/// No store: for programs that publish with QoS 0 or in pieces.
///
/// Messages of QoS 1 and 2 are refused as `StoreFull`.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStore;

impl Store for NoStore {
    fn insert(&mut self, _: Key, _: &[&[u8]]) -> Result<(), MqttResource> {
        Err(MqttResource::StoreFull)
    }

    fn remove(&mut self, _: Key) -> Result<(), MqttResource> {
        Ok(())
    }

    fn next(&mut self, _: Option<Key>) -> Result<Option<(Key, usize)>, MqttResource> {
        Ok(None)
    }

    fn read(&mut self, _: Key, _: usize, _: &mut [u8]) -> Result<usize, MqttResource> {
        Err(MqttResource::Store)
    }

    fn is_durable(&self) -> bool {
        false
    }
}
