//! The flash: the device's key and certificates in one partition, the last TLS session in another.

use core::cell::RefCell;

use bearcub::identity::{FlashImage, SourceError};
use esp_bootloader_esp_idf::partitions::{self, PARTITION_TABLE_MAX_LEN};
use esp_hal::peripherals::FLASH;
use esp_storage::{FlashStorage, FlashStorageError};

use crate::kept::Kept;

/// The flash chip, and where the partitions of `partitions.csv` are in it.
pub struct Flash {
    chip: RefCell<FlashStorage<'static>>,
    identity: Option<Place>,
    state: Option<Place>,
}

/// A partition: offset and length in bytes.
#[derive(Clone, Copy)]
struct Place {
    start: u32,
    length: u32,
}

/// The flash driver wants memory that is aligned.
#[repr(C, align(4))]
struct Aligned<const N: usize>([u8; N]);

/// Bytes of a stored session, and a multiple of the 4 that the flash is written in.
const STORED: usize = Kept::LEN.next_multiple_of(4);

impl Flash {
    /// Finds the partitions. Where the table has none of these names, nothing is read and nothing stored.
    pub fn new(flash: FLASH<'static>) -> Self {
        let mut chip = FlashStorage::new(flash);
        let mut memory = Aligned([0; PARTITION_TABLE_MAX_LEN]);
        let table = partitions::read_partition_table(&mut chip, &mut memory.0).ok();
        let place = |name: &str| {
            let mut entries = table.iter().flat_map(|table| table.iter());
            let entry = entries.find(|entry| entry.label_as_str() == name)?;
            Some(Place {
                start: entry.offset(),
                length: entry.len(),
            })
        };
        Flash {
            identity: place("identity"),
            state: place("state"),
            chip: RefCell::new(chip),
        }
    }

    /// The device's key and certificates, as `cargo sim identity --image` writes them. They are read when a handshake needs them.
    ///
    /// # Errors
    /// [`SourceError::Missing`] without such a partition, or if it is erased; `Read` if it is damaged.
    pub fn identity(&self) -> Result<FlashImage<impl Fn(usize) -> u32 + '_>, SourceError> {
        let Place { start, length } = self.identity.ok_or(SourceError::Missing)?;
        let word = move |index: usize| {
            let mut word = Aligned([0; 4]);
            let read = self
                .chip
                .borrow_mut()
                .read_nor(start + 4 * index as u32, &mut word.0);
            // As erased flash; the checksum tells.
            read.map_or(u32::MAX, |()| u32::from_le_bytes(word.0))
        };
        FlashImage::open(word, length as usize)
    }

    /// The session that was stored last.
    pub fn stored(&self, built: u64) -> Option<Kept> {
        let mut bytes = Aligned([0; STORED]);
        let read = self
            .chip
            .borrow_mut()
            .read_nor(self.state?.start, &mut bytes.0);
        Kept::from_bytes(bytes.0.first_chunk()?, built).filter(|_| read.is_ok())
    }

    /// Stores a session. A full handshake comes before that, so the flash outlives the device's use of it.
    ///
    /// # Errors
    /// Those of the flash; without a partition nothing is stored.
    pub fn store(&self, session: &[u8; Kept::LEN]) -> Result<(), Fault> {
        let Some(Place { start, length }) = self.state else {
            return Ok(());
        };
        let mut bytes = Aligned([0xff; STORED]);
        bytes.0[..session.len()].copy_from_slice(session);
        let mut chip = self.chip.borrow_mut();
        chip.erase(start, start + length).map_err(Fault)?;
        chip.write_nor(start, &bytes.0).map_err(Fault)
    }
}

/// What the flash driver reports.
pub struct Fault(FlashStorageError);

impl core::fmt::Display for Fault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:?}", self.0)
    }
}
