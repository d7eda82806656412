//! A store in memory.

use super::{Key, Store};
use crate::error::MqttResource;
use crate::mqtt::queue::{Window, copy_start, move_to_start};

/// Bytes that an item takes beside its content: the key, and its length.
const OVERHEAD: usize = 3 + 4;

/// A store in the program's buffer; what it holds is lost with the power.
///
/// An item takes its content and 7 bytes; a message is its topic, its payload and 5 bytes more. Removing one moves those
/// behind it.
///
/// ```
/// use bearcub::mqtt::PacketId;
/// use bearcub::mqtt::store::{Key, Ram, Store};
///
/// let mut memory = [0; 64];
/// let mut store = Ram::new(&mut memory);
/// let key = Key::Message(PacketId::new(1).unwrap());
/// store.insert(key, &[b"plant", b"7"])?;
/// assert_eq!(store.next(None)?, Some((key, 6)));
/// # Ok::<(), bearcub::error::MqttResource>(())
/// ```
pub struct Ram<'b> {
    memory: &'b mut [u8],
    used: usize,
}

impl<'b> Ram<'b> {
    /// An empty store.
    pub fn new(memory: &'b mut [u8]) -> Self {
        Ram { memory, used: 0 }
    }

    /// Bytes that are taken.
    #[must_use]
    pub fn used(&self) -> usize {
        self.used
    }

    /// The item at an offset: its key, and where its content lies.
    fn item(&self, offset: usize) -> Option<(Key, usize, usize)> {
        let item = self.memory.get(offset..self.used)?;
        let &[kind, high, low, a, b, c, d, ..] = item else {
            return None;
        };
        let key = Key::from_bytes([kind, high, low])?;
        let start = offset + OVERHEAD;
        Some((
            key,
            start,
            start + u32::from_le_bytes([a, b, c, d]) as usize,
        ))
    }

    fn find(&self, key: Key) -> Option<(usize, usize)> {
        let mut offset = 0;
        while let Some((found, start, end)) = self.item(offset) {
            if found == key {
                return Some((start, end));
            }
            offset = end;
        }
        None
    }
}

impl Store for Ram<'_> {
    fn insert(&mut self, key: Key, content: &[&[u8]]) -> Result<(), MqttResource> {
        let length: usize = content.iter().map(|piece| piece.len()).sum();
        let room = self.memory.get_mut(self.used..).unwrap_or_default();
        let mut window = Window::new(0, room);
        let [kind, high, low] = key.to_bytes();
        let [a, b, c, d] = (length as u32).to_le_bytes();
        window.put(&[kind, high, low, a, b, c, d]);
        for piece in content {
            window.put(piece);
        }
        if window.beyond > 0 {
            return Err(MqttResource::StoreFull);
        }
        self.used += window.written;
        Ok(())
    }

    fn remove(&mut self, key: Key) -> Result<(), MqttResource> {
        if let Some((start, end)) = self.find(key) {
            let (item, used) = (start - OVERHEAD, self.used);
            let rest = self.memory.get_mut(item..used).unwrap_or_default();
            move_to_start(rest, end - item);
            self.used -= end - item;
        }
        Ok(())
    }

    fn next(&mut self, previous: Option<Key>) -> Result<Option<(Key, usize)>, MqttResource> {
        let offset = match previous {
            None => 0,
            Some(key) => self.find(key).ok_or(MqttResource::Store)?.1,
        };
        Ok(self
            .item(offset)
            .map(|(key, start, end)| (key, end - start)))
    }

    fn read(&mut self, key: Key, offset: usize, into: &mut [u8]) -> Result<usize, MqttResource> {
        let (start, end) = self.find(key).ok_or(MqttResource::Store)?;
        let content = self.memory.get(start..end);
        let content = content.and_then(|content| content.get(offset..));
        Ok(copy_start(content.unwrap_or_default(), into))
    }

    fn is_durable(&self) -> bool {
        false
    }

    fn length(&mut self, key: Key) -> Result<usize, MqttResource> {
        let (start, end) = self.find(key).ok_or(MqttResource::Store)?;
        Ok(end - start)
    }
}
