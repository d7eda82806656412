//! CRC-32 (IEEE 802.3, as in zlib), bit by bit: a table would take more flash than it saves time.

pub(crate) struct Crc32(u32);

impl Crc32 {
    pub const fn new() -> Self {
        Crc32(u32::MAX)
    }

    pub fn update(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.0 ^= u32::from(byte);
            for _ in 0..8 {
                let carry = self.0 & 1;
                self.0 = self.0 >> 1 ^ 0xedb8_8320 & carry.wrapping_neg();
            }
        }
    }

    pub const fn value(&self) -> u32 {
        !self.0
    }
}

#[cfg(test)]
mod tests {
    use super::Crc32;

    #[test]
    fn the_check_value_is_the_standard_one() {
        let mut crc = Crc32::new();
        crc.update(b"1234");
        crc.update(b"56789");
        assert_eq!(crc.value(), 0xcbf4_3926);
    }
}
