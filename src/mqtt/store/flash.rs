//! A store in flash, which survives a loss of power at any moment.

use embedded_storage::nor_flash::NorFlash;

use super::{Key, Store};
use crate::crc::Crc32;
use crate::error::MqttResource;

/// The largest unit of reading or writing that is served.
const MAX_UNIT: usize = 32;

/// `BCQ1`, in the order of its bytes.
const MAGIC: u32 = u32::from_le_bytes(*b"BCQ1");

/// Bytes of a half's header: [`MAGIC`], a number that grows with every change of halves, CRC-32 of both.
const HALF_HEADER: usize = 12;

/// Bytes of a record's header: the key, whether it is a removal, the content's length, CRC-32 of all this and the content.
const HEADER: usize = 3 + 1 + 4 + 4;

/// Says of a record that it adds an item, or removes it.
const ADDED: u8 = 0x0a;
const REMOVED: u8 = 0x0d;

/// A store in two halves of a flash region.
///
/// One half is a log of what was added and removed; when it is full, what is left of it is copied to the other half, which
/// is erased before and counts once it is complete. Whatever write or erasure is cut off, the store holds what it held
/// before or after, and a record that is cut off in the middle does not count. A half is erased when the other is full: a
/// store several times as large as what waits in it at a time wears the flash that much less.
///
/// `F` is any flash with `embedded-storage`'s [`NorFlash`]; all of it is the store's (a partition, say), 2 erase sizes at
/// least. An item takes 12 bytes beside its content, and as much again when it is removed, each rounded up to the flash's
/// write size. Nothing is kept in memory but where the log begins and ends: looking something up reads the log.
///
/// Reading and writing the flash takes the time that it takes: an erasure stops an ESP8266 for 50 to 100 ms.
///
/// ```no_run
/// use bearcub::mqtt::store::Flash;
/// # fn example(partition: impl embedded_storage::nor_flash::NorFlash) -> Result<(), bearcub::error::MqttResource> {
/// let store = Flash::open(partition)?;
/// // bearcub::mqtt::Session::new(&options, &mut input, &mut output, store)
/// # Ok(()) }
/// ```
pub struct Flash<F> {
    flash: F,
    /// Where the half begins that counts.
    base: usize,
    /// Its number.
    number: u32,
    /// Where the next record goes, from the half's beginning.
    end: usize,
    /// Bytes behind the end are not erased: something was cut off there.
    is_torn: bool,
}

/// A record of the log, by where it is.
#[derive(Clone, Copy)]
struct Record {
    at: usize,
    key: Key,
    is_added: bool,
    length: usize,
}

impl<F: NorFlash> Flash<F> {
    /// Opens a store, with what it holds from before; erased or foreign flash becomes an empty one.
    ///
    /// # Errors
    /// `Store` if the flash fails, has fewer than 2 erase sizes, or a unit of reading or writing of more than 32 bytes.
    pub fn open(flash: F) -> Result<Self, MqttResource> {
        let mut store = Flash {
            flash,
            base: 0,
            number: 0,
            end: 0,
            is_torn: false,
        };
        let is_served = F::READ_SIZE <= MAX_UNIT
            && F::WRITE_SIZE <= MAX_UNIT
            && store.half() >= F::ERASE_SIZE
            && store.half() > HALF_HEADER + HEADER + 2 * MAX_UNIT;
        if !is_served {
            return Err(MqttResource::Store);
        }
        let first = store.half_number(0)?;
        let second = store.half_number(store.half())?;
        match (first, second) {
            (None, None) => {
                store.erase(0)?;
                store.finish_half(0, 1)?;
                store.number = 1;
            }
            // The numbers of two complete halves differ by one, also where they wrap.
            (Some(first), Some(second)) if second.wrapping_sub(first) as i32 > 0 => {
                (store.base, store.number) = (store.half(), second);
            }
            (Some(first), _) => store.number = first,
            (None, Some(second)) => (store.base, store.number) = (store.half(), second),
        }
        store.end = Self::padded(HALF_HEADER);
        while let Some(record) = store.record(store.end)? {
            store.end = Self::behind(record);
        }
        store.is_torn = !store.is_erased(store.end)?;
        Ok(store)
    }

    /// The flash.
    pub fn into_inner(self) -> F {
        self.flash
    }

    fn half(&self) -> usize {
        self.flash.capacity() / 2 / F::ERASE_SIZE * F::ERASE_SIZE
    }

    fn padded(length: usize) -> usize {
        length.next_multiple_of(F::WRITE_SIZE)
    }

    fn behind(record: Record) -> usize {
        record.at + Self::padded(HEADER + record.length)
    }

    /// The number of a half, if it is complete.
    fn half_number(&mut self, base: usize) -> Result<Option<u32>, MqttResource> {
        let mut header = [0; HALF_HEADER];
        self.load(base, &mut header)?;
        let [a, b, c, d, e, f, g, h, i, j, k, l] = header;
        let mut crc = Crc32::new();
        crc.update(&header[..8]);
        let is_complete = u32::from_le_bytes([a, b, c, d]) == MAGIC
            && u32::from_le_bytes([i, j, k, l]) == crc.value();
        Ok(is_complete.then_some(u32::from_le_bytes([e, f, g, h])))
    }

    /// Writes the header of a half, by which it counts.
    fn finish_half(&mut self, base: usize, number: u32) -> Result<(), MqttResource> {
        let mut header = [0; HALF_HEADER];
        header[..4].copy_from_slice(&MAGIC.to_le_bytes());
        header[4..8].copy_from_slice(&number.to_le_bytes());
        let mut crc = Crc32::new();
        crc.update(&header[..8]);
        header[8..].copy_from_slice(&crc.value().to_le_bytes());
        let mut writer = Writer::new(base);
        writer.put(&mut self.flash, &header)?;
        writer.finish(&mut self.flash)
    }

    fn erase(&mut self, base: usize) -> Result<(), MqttResource> {
        let range = base as u32..(base + self.half()) as u32;
        self.flash
            .erase(range.start, range.end)
            .map_err(|_| MqttResource::Store)
    }

    /// Reads bytes at any place, by whole units.
    fn load(&mut self, at: usize, into: &mut [u8]) -> Result<(), MqttResource> {
        let mut unit = [0; MAX_UNIT];
        let unit = &mut unit[..MAX_UNIT / F::READ_SIZE * F::READ_SIZE];
        let mut done = 0;
        while done < into.len() {
            let skipped = (at + done) % F::READ_SIZE;
            let start = at + done - skipped;
            let wanted = (skipped + into.len() - done).next_multiple_of(F::READ_SIZE);
            let length = wanted.min(unit.len());
            self.flash
                .read(start as u32, &mut unit[..length])
                .map_err(|_| MqttResource::Store)?;
            let read = &unit[skipped..length];
            let count = read.len().min(into.len() - done);
            into[done..done + count].copy_from_slice(&read[..count]);
            done += count;
        }
        Ok(())
    }

    /// The record at a place of the half that counts, if there is a whole one.
    fn record(&mut self, at: usize) -> Result<Option<Record>, MqttResource> {
        if at + HEADER > self.half() {
            return Ok(None);
        }
        let mut header = [0; HEADER];
        self.load(self.base + at, &mut header)?;
        let [kind, high, low, action, a, b, c, d, e, f, g, h] = header;
        let length = u32::from_le_bytes([a, b, c, d]) as usize;
        let is_added = action == ADDED;
        let key = match Key::from_bytes([kind, high, low]) {
            Some(key) if is_added || action == REMOVED => key,
            _ => return Ok(None),
        };
        if length > self.half() - at - HEADER {
            return Ok(None);
        }
        let mut crc = Crc32::new();
        crc.update(&header[..8]);
        let mut chunk = [0; MAX_UNIT];
        for start in (0..length).step_by(MAX_UNIT) {
            let chunk = &mut chunk[..MAX_UNIT.min(length - start)];
            self.load(self.base + at + HEADER + start, chunk)?;
            crc.update(chunk);
        }
        let record = Record {
            at,
            key,
            is_added,
            length,
        };
        Ok((crc.value() == u32::from_le_bytes([e, f, g, h])).then_some(record))
    }

    fn is_erased(&mut self, from: usize) -> Result<bool, MqttResource> {
        let mut chunk = [0; MAX_UNIT];
        for start in (from..self.half()).step_by(MAX_UNIT) {
            let chunk = &mut chunk[..MAX_UNIT.min(self.half() - start)];
            self.load(self.base + start, chunk)?;
            if chunk.iter().any(|byte| *byte != 0xff) {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The first item from a place on that has not been removed.
    fn item_from(&mut self, mut at: usize) -> Result<Option<Record>, MqttResource> {
        while at < self.end {
            let record = self.record(at)?.ok_or(MqttResource::Store)?;
            at = Self::behind(record);
            if record.is_added && !self.is_removed(record)? {
                return Ok(Some(record));
            }
        }
        Ok(None)
    }

    /// Whether a later record removes an item.
    fn is_removed(&mut self, item: Record) -> Result<bool, MqttResource> {
        let mut at = Self::behind(item);
        while at < self.end {
            let record = self.record(at)?.ok_or(MqttResource::Store)?;
            if record.key == item.key {
                return Ok(!record.is_added);
            }
            at = Self::behind(record);
        }
        Ok(false)
    }

    fn find(&mut self, key: Key) -> Result<Option<Record>, MqttResource> {
        let mut at = Self::padded(HALF_HEADER);
        while let Some(item) = self.item_from(at)? {
            if item.key == key {
                return Ok(Some(item));
            }
            at = Self::behind(item);
        }
        Ok(None)
    }

    /// Appends a record; first moves to the other half if there is no room.
    fn append(&mut self, key: Key, action: u8, content: &[&[u8]]) -> Result<(), MqttResource> {
        let length: usize = content.iter().map(|piece| piece.len()).sum();
        let size = Self::padded(HEADER + length);
        if self.is_torn || size > self.half() - self.end {
            if action == REMOVED {
                // The move itself does it.
                return self.change_halves(Some(key));
            }
            // An erasure that makes no room would only wear the flash.
            if size > self.half() - self.moved_end()? {
                return Err(MqttResource::StoreFull);
            }
            self.change_halves(None)?;
        }
        let mut header = [0; HEADER];
        header[..3].copy_from_slice(&key.to_bytes());
        header[3] = action;
        header[4..8].copy_from_slice(&(length as u32).to_le_bytes());
        let mut crc = Crc32::new();
        crc.update(&header[..8]);
        for piece in content {
            crc.update(piece);
        }
        header[8..].copy_from_slice(&crc.value().to_le_bytes());
        let mut writer = Writer::new(self.base + self.end);
        // Until it is whole, what is written does not count, and the place behind the end is not erased.
        self.is_torn = true;
        writer.put(&mut self.flash, &header)?;
        for piece in content {
            writer.put(&mut self.flash, piece)?;
        }
        writer.finish(&mut self.flash)?;
        self.is_torn = false;
        self.end += size;
        Ok(())
    }

    /// Where the log would end in the other half.
    fn moved_end(&mut self) -> Result<usize, MqttResource> {
        let mut end = Self::padded(HALF_HEADER);
        let mut at = end;
        while let Some(item) = self.item_from(at)? {
            at = Self::behind(item);
            end += at - item.at;
        }
        Ok(end)
    }

    /// Copies all items but one to the other half, which counts from then on.
    fn change_halves(&mut self, but: Option<Key>) -> Result<(), MqttResource> {
        let other = self.half() - self.base;
        self.erase(other)?;
        let mut end = Self::padded(HALF_HEADER);
        let mut at = Self::padded(HALF_HEADER);
        while let Some(item) = self.item_from(at)? {
            at = Self::behind(item);
            if Some(item.key) == but {
                continue;
            }
            let size = HEADER + item.length;
            let mut writer = Writer::new(other + end);
            let mut chunk = [0; MAX_UNIT];
            for start in (0..size).step_by(MAX_UNIT) {
                let chunk = &mut chunk[..MAX_UNIT.min(size - start)];
                self.load(self.base + item.at + start, chunk)?;
                writer.put(&mut self.flash, chunk)?;
            }
            writer.finish(&mut self.flash)?;
            end += Self::padded(size);
        }
        let number = self.number.wrapping_add(1);
        self.finish_half(other, number)?;
        (self.base, self.number, self.end) = (other, number, end);
        self.is_torn = false;
        Ok(())
    }
}

impl<F: NorFlash> Store for Flash<F> {
    fn insert(&mut self, key: Key, content: &[&[u8]]) -> Result<(), MqttResource> {
        self.append(key, ADDED, content)
    }

    fn remove(&mut self, key: Key) -> Result<(), MqttResource> {
        match self.find(key)? {
            Some(_) => self.append(key, REMOVED, &[]),
            None => Ok(()),
        }
    }

    fn next(&mut self, previous: Option<Key>) -> Result<Option<(Key, usize)>, MqttResource> {
        let at = match previous {
            None => Self::padded(HALF_HEADER),
            Some(key) => Self::behind(self.find(key)?.ok_or(MqttResource::Store)?),
        };
        let item = self.item_from(at)?;
        Ok(item.map(|item| (item.key, item.length)))
    }

    fn read(&mut self, key: Key, offset: usize, into: &mut [u8]) -> Result<usize, MqttResource> {
        let item = self.find(key)?.ok_or(MqttResource::Store)?;
        let length = item.length.saturating_sub(offset).min(into.len());
        self.load(self.base + item.at + HEADER + offset, &mut into[..length])?;
        Ok(length)
    }
}

/// Writes bytes of any number as whole units.
struct Writer {
    at: usize,
    unit: [u8; MAX_UNIT],
    filled: usize,
}

impl Writer {
    fn new(at: usize) -> Self {
        Writer {
            at,
            unit: [0xff; MAX_UNIT],
            filled: 0,
        }
    }

    fn put<F: NorFlash>(&mut self, flash: &mut F, mut bytes: &[u8]) -> Result<(), MqttResource> {
        let size = MAX_UNIT / F::WRITE_SIZE * F::WRITE_SIZE;
        while !bytes.is_empty() {
            let count = bytes.len().min(size - self.filled);
            self.unit[self.filled..self.filled + count].copy_from_slice(&bytes[..count]);
            self.filled += count;
            bytes = &bytes[count..];
            if self.filled == size {
                self.write(flash, size)?;
            }
        }
        Ok(())
    }

    /// Writes what is left, and 0xFF up to the unit's end.
    fn finish<F: NorFlash>(&mut self, flash: &mut F) -> Result<(), MqttResource> {
        self.write(flash, self.filled.next_multiple_of(F::WRITE_SIZE))
    }

    fn write<F: NorFlash>(&mut self, flash: &mut F, length: usize) -> Result<(), MqttResource> {
        if length > 0 {
            flash
                .write(self.at as u32, &self.unit[..length])
                .map_err(|_| MqttResource::Store)?;
        }
        self.at += length;
        self.unit = [0xff; MAX_UNIT];
        self.filled = 0;
        Ok(())
    }
}
